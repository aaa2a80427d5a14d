// Package provider makes the service an OpenID Connect provider (身份提供方), so that departments' systems recognise
// the users of the hall (A59): authorisation code flow with PKCE, ID tokens, and access tokens that this service takes
// itself. Accounts come through an interface: the hall has them, and a sandbox has made-up ones.
//
// What the protocol says is zitadel/oidc's; here stand accounts, clients, and what a token may say. Logins that are
// under way lie in memory, bounded, and end with the process. There are no refresh tokens: a login lasts as long as its
// token.
package provider

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/elicense/elicense/server/limit"
	"github.com/elicense/elicense/vault"
)

// Errors.
var (
	// ErrConfig is a configuration that lacks a part or has a wrong one.
	ErrConfig = errors.New("provider: incomplete configuration")
	// ErrNoAccount is an account that does not exist, or a password that is not its own: which of them is not told.
	ErrNoAccount = errors.New("provider: no such account")
)

// Account is somebody who can log in.
type Account struct {
	ID    string // sub: stable, and tells nothing of the person
	Name  string
	Level vault.Level // how well the person is known
	Kind  string      // 持证主体代码类型代码; "" unless the person is known by number
	Code  string
}

// Accounts are those who can log in. It is safe for concurrent use. Names and passwords are kept by nobody else, and
// what it takes to check one does not depend on whether the account exists.
type Accounts interface {
	// Authenticate gives the account of a name if the password is its own, else an error that wraps ErrNoAccount.
	Authenticate(ctx context.Context, name, password string) (*Account, error)
	// Account gives an account by its ID, or an error that wraps ErrNoAccount.
	Account(ctx context.Context, id string) (*Account, error)
}

// Client is a system that may send its users here to log in.
type Client struct {
	ID        string
	Secret    []byte   // SM3 of the secret; nil: it has none and shows by PKCE alone that it asked
	Redirects []string // addresses to which users may come back, each as a whole
	// MayAsk lets the client ask for access tokens that this service takes, by the scope ScopeLicences.
	MayAsk bool
}

// ScopeLicences is the scope by which a client asks for an access token with which the user can be served here.
const ScopeLicences = "licences"

// Config is what a Provider is made of. Every field without a stated zero meaning must be set.
type Config struct {
	Issuer   string // iss: address at which the handler answers, without a slash at the end
	Audience string // aud of access tokens for this service
	Accounts Accounts
	Clients  []Client
	Keys     *Keys // for ES256
	Now      func() time.Time
	Rand     io.Reader     // cryptographic
	Lifetime time.Duration // of tokens; zero: an hour
	Plain    bool          // the issuer is on plain HTTP, on a loopback address
}

// Provider answers HTTP below the path of its issuer. It is safe for concurrent use.
type Provider struct {
	cfg      Config
	base     *url.URL
	storage  *storage
	guesses  *limit.Limiter
	protocol http.Handler
	mux      *http.ServeMux
}

const (
	defaultLifetime = time.Hour
	maxAccountNames = 100_000 // whose wrong passwords are counted
)

// guessing is how often a name may try a password: five at once, then one in ten seconds.
var guessing = limit.Rate{PerSecond: 0.1, Burst: 5}

// New makes a provider.
func New(cfg Config) (*Provider, error) {
	base, err := url.Parse(cfg.Issuer)
	if err != nil || base.Host == "" || cfg.Audience == "" || cfg.Accounts == nil || cfg.Keys == nil ||
		cfg.Now == nil || cfg.Rand == nil {
		return nil, ErrConfig
	}
	if cfg.Lifetime <= 0 {
		cfg.Lifetime = defaultLifetime
	}
	p := &Provider{cfg: cfg, base: base, mux: http.NewServeMux()}
	if p.guesses, err = limit.New(limit.Config{Now: cfg.Now, Rate: guessing, Max: maxAccountNames}); err != nil {
		return nil, err
	}
	if p.storage, err = newStorage(&p.cfg); err != nil {
		return nil, err
	}
	if err := p.openProtocol(); err != nil {
		return nil, err
	}
	p.mux.HandleFunc("GET "+base.Path+"/login", p.showLogin)
	p.mux.HandleFunc("POST "+base.Path+"/login", p.takeLogin)
	p.mux.Handle(base.Path+"/", http.StripPrefix(base.Path, p.protocol))
	return p, nil
}

// openProtocol makes zitadel's part. Its own key for opaque tokens is drawn anew each time, for none are used.
func (p *Provider) openProtocol() error {
	config := &op.Config{
		CodeMethodS256: true, GrantTypeRefreshToken: false, AuthMethodPost: false,
		SupportedScopes: []string{oidc.ScopeOpenID, oidc.ScopeProfile, ScopeLicences},
		SupportedClaims: []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "name"},
	}
	if _, err := io.ReadFull(p.cfg.Rand, config.CryptoKey[:]); err != nil {
		return err
	}
	options := []op.Option{op.WithLogger(slog.New(slog.DiscardHandler)), op.WithCORSOptions(nil)}
	if p.cfg.Plain {
		options = append(options, op.WithAllowInsecure())
	}
	provider, err := op.NewProvider(config, p.storage, op.StaticIssuer(p.cfg.Issuer), options...)
	if err != nil {
		return ErrConfig
	}
	p.protocol = p.onlyOpen(provider)
	return nil
}

// callbackPath is where a user who has logged in gets the code for his client.
const callbackPath = "/authorize/callback"

// open are the parts of the protocol that are offered; the library has more.
var open = map[string]bool{
	"/.well-known/openid-configuration": true, "/authorize": true, callbackPath: true, "/oauth/token": true,
	"/keys": true, "/userinfo": true,
}

func (p *Provider) onlyOpen(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !open[r.URL.Path]:
			http.NotFound(w, r)
			return
		case r.URL.Path == callbackPath && !p.sameBrowser(r):
			http.Error(w, "请在登录的浏览器中继续 / Go on in the browser of the login", http.StatusBadRequest)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		next.ServeHTTP(w, r)
	})
}

// ServeHTTP implements http.Handler.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	p.mux.ServeHTTP(w, r)
}
