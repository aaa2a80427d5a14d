package stepca

import (
	"context"
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/smallstep/certificates/authority/provisioner"
	"go.step.sm/crypto/jose"
)

const (
	maxTokenBytes = 16 << 10
	maxTokenID    = 200
)

// The acts that a token can be for: the last element of its audience.
const (
	actSign   = "sign"
	actRevoke = "revoke"
)

// claims are what this package reads in a token beside what smallstep does.
type claims struct {
	jose.Claims

	SANs         []string      `json:"sans,omitempty"`
	Confirmation *confirmation `json:"cnf,omitempty"`
	Profile      string        `json:"profile,omitempty"`
	Application  string        `json:"application,omitempty"`
}

// confirmation binds a token to one certificate request, by the SHA-256 digest of its DER.
type confirmation struct {
	Request string `json:"x5rt#S256,omitempty"`
}

// readToken checks the form of a token and reads its claims without verifying anything. It takes the compact form
// alone, in the one spelling it has: smallstep would also take JSON and blanks, and with them the same token twice.
func readToken(token string) (*jose.JSONWebToken, *claims, error) {
	switch {
	case token == "":
		return nil, nil, refuse(ReasonToken, "no token")
	case len(token) > maxTokenBytes:
		return nil, nil, refuse(ReasonToken, "token too long")
	case strings.ContainsFunc(token, outsideCompact), !isCanonical(token):
		return nil, nil, refuse(ReasonToken, "not a compact JWS")
	}
	parsed, err := jose.ParseSigned(token)
	if err != nil {
		return nil, nil, refuse(ReasonToken, "not a signed token")
	}
	c := new(claims)
	if err := parsed.UnsafeClaimsWithoutVerification(c); err != nil {
		return nil, nil, refuse(ReasonToken, "claims cannot be read")
	}
	return parsed, c, nil
}

func outsideCompact(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return false
	default:
		return r != '-' && r != '_' && r != '.'
	}
}

// isCanonical refuses the bits that the last character of a part has to spare: they would be other spellings.
func isCanonical(token string) bool {
	for part := range strings.SplitSeq(token, ".") {
		if _, err := base64.RawURLEncoding.Strict().DecodeString(part); err != nil {
			return false
		}
	}
	return true
}

// checkClaims demands what smallstep leaves open. Without an identifier the token's bytes would be its identity, and
// those can be respelled; without a beginning and an end nothing bounds how long a token works, and the check against
// tokens older than the process is skipped.
func (s *side) checkClaims(c *claims, now time.Time) (act string, err error) {
	switch {
	case c.ID == "" || len(c.ID) > maxTokenID:
		return "", refuse(ReasonToken, "no identifier (jti), or one too long")
	case c.Subject == "":
		return "", refuse(ReasonToken, "no subject (sub)")
	case c.IssuedAt == nil || c.Expiry == nil:
		return "", refuse(ReasonToken, "no time of issue (iat) or end (exp)")
	}
	begin, end := c.IssuedAt.Time(), c.Expiry.Time()
	switch {
	case end.Sub(begin) > s.tokenLifetime:
		return "", refuse(ReasonExpired, "valid for longer than tokens may be")
	case now.After(end.Add(tokenLeeway)):
		return "", refuse(ReasonExpired, "over")
	case now.Before(begin.Add(-tokenLeeway)):
		return "", refuse(ReasonExpired, "issued in the future")
	}
	return s.checkAudience(c.Audience)
}

const tokenLeeway = time.Minute // as smallstep's

// checkAudience wants exactly one audience: one address of this authority for one act. Smallstep would also take the
// name step-certificate-authority, which is the same at every authority in the world and the same for every act.
func (s *side) checkAudience(audience jose.Audience) (act string, err error) {
	if len(audience) != 1 {
		return "", refuse(ReasonAudience, "not exactly one audience")
	}
	u, err := url.Parse(audience[0])
	if err != nil || u.Scheme != "https" || u.User != nil || u.RawQuery != "" || !s.isName(u.Hostname()) {
		return "", refuse(ReasonAudience, "not an address of this authority")
	}
	act = strings.TrimPrefix(strings.TrimPrefix(u.Path, "/1.0"), "/")
	if act != actSign && act != actRevoke {
		return "", refuse(ReasonAudience, "not an act of this authority")
	}
	return act, nil
}

func (s *side) isName(host string) bool {
	return slices.ContainsFunc(s.names, func(name string) bool { return strings.EqualFold(name, host) })
}

// verifyToken verifies a token completely, signature included, without using it up.
func (s *side) verifyToken(token string) (*claims, error) {
	parsed, c, err := readToken(token)
	if err != nil {
		return nil, err
	}
	act, err := s.checkClaims(c, s.now())
	if err != nil {
		return nil, err
	}
	p, err := s.authority.LoadProvisionerByToken(parsed, &c.Claims)
	if err != nil {
		return nil, refuse(ReasonToken, "unknown provisioner")
	}
	if kind := p.GetType(); kind != provisioner.TypeJWK && kind != provisioner.TypeX5C {
		return nil, refuse(ReasonToken, "not a provisioner with tokens")
	}
	ctx := provisioner.NewContextWithMethod(context.Background(), provisioner.SignMethod)
	if act == actRevoke {
		err = p.AuthorizeRevoke(ctx, token)
	} else {
		_, err = p.AuthorizeSign(ctx, token)
	}
	if err != nil {
		return nil, tokenRefusal(err)
	}
	return c, nil
}

// tokenRefusal gives smallstep's refusal of a token a reason.
func tokenRefusal(err error) error {
	switch {
	case ReasonOf(err) != "":
		return err
	case errors.Is(err, jose.ErrExpired), errors.Is(err, jose.ErrNotValidYet),
		errors.Is(err, jose.ErrIssuedInTheFuture):
		return refuse(ReasonExpired, "outside its time")
	default:
		return refuse(ReasonForged, "not signed by its provisioner")
	}
}
