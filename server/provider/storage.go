package provider

import (
	"context"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// storage is what the library asks for: clients, keys, logins under way, and what tokens say.
type storage struct {
	cfg     *Config
	clients map[string]*client
	pending *pending
}

var (
	_ op.Storage                        = (*storage)(nil)
	_ op.CanGetPrivateClaimsFromRequest = (*storage)(nil)
)

// errNotOffered is a part of the protocol that is not offered.
var errNotOffered = errors.New("provider: not offered")

func newStorage(cfg *Config) (*storage, error) {
	s := &storage{cfg: cfg, clients: map[string]*client{}, pending: newPending(cfg.Now)}
	for i := range cfg.Clients {
		c := &cfg.Clients[i]
		if !c.sound() || s.clients[c.ID] != nil {
			return nil, ErrConfig
		}
		s.clients[c.ID] = &client{c, cfg}
	}
	return s, nil
}

// CreateAuthRequest begins a login. Only the code flow with PKCE (S256) is taken.
func (s *storage) CreateAuthRequest(_ context.Context, r *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	if r.CodeChallenge == "" || r.CodeChallengeMethod != oidc.CodeChallengeMethodS256 {
		return nil, oidc.ErrInvalidRequest().WithDescription("PKCE with S256 is required")
	}
	if slices.Contains(r.Prompt, oidc.PromptNone) {
		return nil, oidc.ErrLoginRequired()
	}
	var b [16]byte
	if _, err := io.ReadFull(s.cfg.Rand, b[:]); err != nil {
		return nil, err
	}
	one := &login{id: hex.EncodeToString(b[:]), request: *r, audience: []string{r.ClientID}}
	if slices.Contains(r.Scopes, ScopeLicences) {
		one.audience = append(one.audience, s.cfg.Audience)
	}
	if !s.pending.add(one) {
		return nil, oidc.ErrServerError().WithDescription("too many logins at once")
	}
	return one, nil
}

// AuthRequestByID gives a login under way.
func (s *storage) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	return s.found(s.pending.byID(id))
}

// AuthRequestByCode gives the login whose code is shown, once: a code that comes a second time is nobody's.
func (s *storage) AuthRequestByCode(_ context.Context, code string) (op.AuthRequest, error) {
	return s.found(s.pending.takeCode(code))
}

func (s *storage) found(one *login) (op.AuthRequest, error) {
	if one == nil {
		return nil, oidc.ErrInvalidGrant().WithDescription("unknown, used or expired")
	}
	return one, nil
}

// SaveAuthCode notes the code by which the client will ask.
func (s *storage) SaveAuthCode(_ context.Context, id, code string) error {
	if !s.pending.setCode(id, code) {
		return oidc.ErrInvalidRequest()
	}
	return nil
}

// DeleteAuthRequest ends a login.
func (s *storage) DeleteAuthRequest(_ context.Context, id string) error {
	s.pending.end(id)
	return nil
}

// CreateAccessToken gives a token its end.
func (s *storage) CreateAccessToken(context.Context, op.TokenRequest) (string, time.Time, error) {
	var b [16]byte
	if _, err := io.ReadFull(s.cfg.Rand, b[:]); err != nil {
		return "", time.Time{}, err
	}
	return hex.EncodeToString(b[:]), s.cfg.Now().Add(s.cfg.Lifetime), nil
}

// GetPrivateClaimsFromRequest is what an access token for this service says of its user.
func (s *storage) GetPrivateClaimsFromRequest(ctx context.Context, r op.TokenRequest, scopes []string) (
	map[string]any, error,
) {
	if !slices.Contains(scopes, ScopeLicences) {
		return nil, nil //nolint:nilnil // nothing beside what every token says
	}
	a, err := s.cfg.Accounts.Account(ctx, r.GetSubject())
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"acr": a.Level.String(), "holder_kind": a.Kind, "holder_code": a.Code, "name": a.Name, "role": "holder",
	}, nil
}

// SetUserinfoFromScopes has nothing to say: SetUserinfoFromToken and the ID token do.
func (s *storage) SetUserinfoFromScopes(context.Context, *oidc.UserInfo, string, string, []string) error {
	return nil
}

// SetUserinfoFromToken says the name of a user, and how well he is known; never a number.
func (s *storage) SetUserinfoFromToken(ctx context.Context, info *oidc.UserInfo, _, subject, _ string) error {
	a, err := s.cfg.Accounts.Account(ctx, subject)
	if err != nil {
		return err
	}
	info.Subject, info.Name = a.ID, a.Name
	info.AppendClaims("acr", a.Level.String())
	return nil
}

// GetClientByClientID gives a client.
func (s *storage) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	c := s.clients[id]
	if c == nil {
		return nil, oidc.ErrInvalidClient()
	}
	return c, nil
}

// AuthorizeClientIDSecret checks a client's secret.
func (s *storage) AuthorizeClientIDSecret(_ context.Context, id, secret string) error {
	c, digest := s.clients[id], sm3.Sum([]byte(secret))
	if c == nil || c.Secret == nil || subtle.ConstantTimeCompare(digest[:], c.Secret) != 1 {
		return oidc.ErrInvalidClient()
	}
	return nil
}

// signingKey is the key of tokens, private or public.
type signingKey struct {
	id  string
	key any
}

// SignatureAlgorithm implements op.SigningKey.
func (signingKey) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.ES256 }

// Algorithm implements op.Key.
func (signingKey) Algorithm() jose.SignatureAlgorithm { return jose.ES256 }

// Use implements op.Key.
func (signingKey) Use() string { return "sig" }

// Key implements both.
func (k signingKey) Key() any { return k.key }

// ID implements both.
func (k signingKey) ID() string { return k.id }

// SigningKey gives the key that signs.
func (s *storage) SigningKey(context.Context) (op.SigningKey, error) {
	key := s.cfg.Keys.signing()
	name, err := nameOf(&key.PublicKey)
	return signingKey{name, key}, err
}

// SignatureAlgorithms lists those in use.
func (s *storage) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.ES256}, nil
}

// KeySet gives the public keys of tokens that may be in use.
func (s *storage) KeySet(context.Context) ([]op.Key, error) {
	var list []op.Key
	for _, public := range s.cfg.Keys.verifying() {
		name, err := nameOf(public)
		if err != nil {
			return nil, err
		}
		list = append(list, signingKey{name, public})
	}
	return list, nil
}

// Health has nothing to wait for.
func (s *storage) Health(context.Context) error { return nil }
