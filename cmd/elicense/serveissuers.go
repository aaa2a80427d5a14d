package main

import (
	"net/http"
	"net/url"
	"time"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

// issuerSettings is an identity provider whose tokens are taken (统一身份认证平台).
type issuerSettings struct {
	URL         string            `koanf:"url"`         // as its tokens have it
	Audience    string            `koanf:"audience"`    // by which it knows this service
	Keys        string            `koanf:"keys"`        // address of its keys (JWKS), https
	Caller      string            `koanf:"caller"`      // of the vault, that vouches for its applicants; "": it sends none
	MaxLevel    string            `koanf:"max_level"`   // strongest login that it may say: registered, real-name, certificate
	Roles       []string          `koanf:"roles"`       // that it may give to staff; none: it sends no staff
	Departments map[string]string `koanf:"departments"` // callers as which staff act, by the department's credit code
}

// keysTimeout bounds how long fetching an issuer's keys may take.
const keysTimeout = 10 * time.Second

// tokensOf takes the tokens of the issuers in the settings, and of our own.
func (c *program) tokensOf(s *serveSettings, own []identity.Issuer) (*identity.Tokens, error) {
	client := &http.Client{Timeout: keysTimeout}
	cfg := identity.TokensConfig{Now: c.Now, Issuers: own}
	for i := range s.Issuers {
		x := &s.Issuers[i]
		level, err := x.level()
		if err != nil {
			return nil, err
		}
		if u, err := url.Parse(x.Keys); err != nil || u.Scheme != "https" || u.Host == "" {
			return nil, badService("issuers 中 keys 应为 https 地址", "keys of issuers is an https address")
		}
		issuer := identity.Issuer{
			URL: x.URL, Audience: x.Audience, Keys: identity.RemoteKeys(client, x.Keys, c.Now), Caller: x.Caller, MaxLevel: level,
			Departments: x.Departments,
		}
		for _, r := range x.Roles {
			issuer.Roles = append(issuer.Roles, identity.Role(r))
		}
		cfg.Issuers = append(cfg.Issuers, issuer)
	}
	tokens, err := identity.NewTokens(cfg)
	if err != nil {
		return nil, badService("issuers 缺少 url、audience 或 keys，重复，或 roles 中有申请人的角色",
			"an issuer lacks url, audience or keys, stands there twice, or gives a role of applicants to staff")
	}
	return tokens, nil
}

func (x *issuerSettings) level() (vault.Level, error) {
	for _, l := range []vault.Level{vault.LevelRegistered, vault.LevelRealName, vault.LevelCertificate} {
		if x.MaxLevel == l.String() {
			return l, nil
		}
	}
	if x.MaxLevel == "" && x.Caller == "" {
		return vault.LevelNone, nil
	}
	return vault.LevelNone, badService("issuers 中 max_level 应为 registered、real-name 或 certificate",
		"max_level of issuers is registered, real-name or certificate")
}

// loginOf lets holders log in by certificate, if a caller vouches for them: in a sandbox that is the hall.
func (c *program) loginOf(h *house, s *serveSettings, trust identity.CertificateChecker) (*identity.Login, error) {
	caller := s.LoginCaller
	if caller == "" && h.settings.Sandbox {
		caller = fixtures.Hall
	}
	if caller == "" {
		return nil, nil //nolint:nilnil // holders do not log in here
	}
	return identity.NewLogin(identity.LoginConfig{
		Certificates: trust, Caller: caller, Origin: s.authorities()[0], Now: c.Now, Rand: c.Rand,
	})
}
