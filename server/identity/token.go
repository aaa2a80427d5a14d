package identity

import (
	"context"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"github.com/elicense/elicense/vault"
)

// Issuer is an identity provider whose tokens are taken (统一身份认证平台). It vouches for no more than stands here,
// whatever its tokens say.
type Issuer struct {
	URL      string // iss
	Audience string // aud: the name by which the provider knows this service
	Keys     oidc.KeySet

	// Caller is the caller of the vault that vouches for applicants who log in there; "": it sends no applicants.
	Caller   string
	MaxLevel vault.Level // strongest login that it may say of an applicant

	// Roles are those that it may give to staff; none: it sends no staff.
	Roles []Role
	// Departments are the callers of the vault as which staff of a department act, by USCC; "" is for staff of none.
	Departments map[string]string
}

// TokensConfig is what Tokens is made of. Both must be set.
type TokensConfig struct {
	Issuers []Issuer
	Now     func() time.Time
}

// Tokens recognises staff and applicants by OIDC tokens (RFC 7519, RFC 9068) that they send as bearers. A token is
// signed with one of tokenAlgorithms and says:
//
//	iss, aud, sub, iat, exp   as ever; a token lives twelve hours at most
//	acr                       how strongly an applicant logged in: registered, real-name or certificate
//	holder_kind, holder_code  the applicant (持证主体代码类型代码 of GB/T 36903 and the code); of staff, for alarms alone
//	role                      of staff, as in permission.go; "holder-agent" of an applicant who acts for the holder
//	department, types         of staff: USCC, and the only types they may touch
type Tokens struct {
	now     func() time.Time
	issuers map[string]*knownIssuer
}

type knownIssuer struct {
	Issuer

	verifier *oidc.IDTokenVerifier
}

var _ Recogniser = (*Tokens)(nil)

// Limits of a token.
const (
	maxTokenBytes    = 8 << 10
	maxTokenLifetime = 12 * time.Hour
	maxSubject       = 128
)

// tokenAlgorithms are those of keys that only the issuer has: none is shared with whoever verifies.
var tokenAlgorithms = []string{oidc.ES256, oidc.ES384, oidc.RS256, oidc.PS256, oidc.EdDSA}

// signedWith are tokenAlgorithms as the library of signatures names them.
var signedWith = []jose.SignatureAlgorithm{jose.ES256, jose.ES384, jose.RS256, jose.PS256, jose.EdDSA}

// KnownKeys are keys that are at hand.
func KnownKeys(keys ...crypto.PublicKey) oidc.KeySet { return &oidc.StaticKeySet{PublicKeys: keys} }

// NewTokens makes a recogniser. Keys are fetched, if they are, when the first token comes.
func NewTokens(cfg TokensConfig) (*Tokens, error) {
	if cfg.Now == nil {
		return nil, ErrConfig
	}
	t := &Tokens{now: cfg.Now, issuers: map[string]*knownIssuer{}}
	for _, i := range cfg.Issuers {
		if !i.sound() || t.issuers[i.URL] != nil {
			return nil, ErrConfig
		}
		t.issuers[i.URL] = &knownIssuer{i, oidc.NewVerifier(i.URL, tellingKeys{i.Keys}, &oidc.Config{
			ClientID: i.Audience, SupportedSigningAlgs: tokenAlgorithms, Now: cfg.Now,
		})}
	}
	return t, nil
}

func (i *Issuer) sound() bool {
	holders := slices.ContainsFunc(i.Roles, func(r Role) bool { return !slices.Contains(systemRoles, r) })
	return i.URL != "" && i.Audience != "" && i.Keys != nil && !holders
}

// claims are what a token says beside what every token does.
type claims struct {
	Level      string   `json:"acr"`
	Kind       string   `json:"holder_kind"`
	Code       string   `json:"holder_code"`
	Name       string   `json:"name"`
	Role       Role     `json:"role"`
	Department string   `json:"department"`
	Types      []string `json:"types"`
}

// Recognise reads the header Authorization.
func (t *Tokens) Recognise(r *http.Request) (*Caller, error) {
	scheme, raw, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || strings.Count(raw, ".") != 2 { // three parts: a token
		return nil, Nobody()
	}
	if len(raw) > maxTokenBytes {
		return nil, Refuse(CodeInvalid)
	}
	issuer := t.issuers[issuerIn(raw)]
	if issuer == nil {
		return nil, Refuse(CodeUnknown)
	}
	token, err := issuer.verify(r.Context(), raw)
	if err != nil {
		return nil, err
	}
	var c claims
	switch now := t.now(); {
	case token.Claims(&c) != nil, token.Subject == "", len(token.Subject) > maxSubject:
		return nil, Refuse(CodeInvalid)
	case token.Expiry.Sub(token.IssuedAt) > maxTokenLifetime, token.IssuedAt.After(now.Add(clockSkew)):
		return nil, Refuse(CodeInvalid)
	}
	return issuer.caller(token, &c)
}

// verify is a token that its issuer signed for this service and that is in its time.
func (i *knownIssuer) verify(ctx context.Context, raw string) (*oidc.IDToken, error) {
	var keys error
	token, err := i.verifier.Verify(context.WithValue(ctx, tellKey{}, &keys), raw)
	var expired *oidc.TokenExpiredError
	switch {
	case err == nil:
		return token, nil
	case errors.Is(keys, errAway):
		return nil, &Refusal{Code: CodeNoTokenKeys, Err: keys}
	case errors.As(err, &expired):
		return nil, Refuse(CodeExpired)
	}
	return nil, Refuse(CodeInvalid)
}

// tellingKeys leave their own error with whoever asked in between: the verifier passes on no more than its text.
type tellingKeys struct{ oidc.KeySet }

// tellKey is under which a context names where the error goes.
type tellKey struct{}

// VerifySignature implements oidc.KeySet.
func (k tellingKeys) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	payload, err := k.KeySet.VerifySignature(ctx, token)
	if told, ok := ctx.Value(tellKey{}).(*error); ok {
		*told = err
	}
	return payload, err
}

// issuerIn is whose token it claims to be; nothing of it is believed before it is verified.
func issuerIn(raw string) string {
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[1])
	var c struct {
		Issuer string `json:"iss"`
	}
	if err != nil || json.Unmarshal(payload, &c) != nil {
		return ""
	}
	return c.Issuer
}

// caller is what an issuer may make of somebody.
func (i *knownIssuer) caller(token *oidc.IDToken, c *claims) (*Caller, error) {
	out := &Caller{Method: MethodToken, Actor: token.Subject, Expires: token.Expiry}
	if c.Role == "" || c.Role == RoleHolder || c.Role == RoleAgent {
		return i.holder(out, c)
	}
	caller, known := i.Departments[c.Department]
	if !known || caller == "" || !slices.Contains(i.Roles, c.Role) {
		return nil, Refuse(CodeForbidden)
	}
	out.ID, out.Role, out.Department, out.Self = caller, c.Role, c.Department, c.Code
	out.Types = slices.Clone(c.Types) // an empty list is none at all, and none is all
	return out, nil
}

// holder is what an issuer may make of an applicant.
func (i *knownIssuer) holder(out *Caller, c *claims) (*Caller, error) {
	if i.Caller == "" {
		return nil, Refuse(CodeForbidden)
	}
	out.ID, out.Role, out.Level = i.Caller, RoleHolder, min(levelNamed(c.Level), i.MaxLevel)
	if c.Role == RoleAgent {
		out.Role = RoleAgent
	}
	// Always somebody: who is not told has no licences of his own, and vouches for nobody else.
	out.Holder = &Subject{Kind: c.Kind, Code: c.Code, Name: c.Name}
	return out, nil
}

// levelNamed is the level of an acr; none if it is absent or unknown.
func levelNamed(acr string) vault.Level {
	for _, l := range []vault.Level{vault.LevelRegistered, vault.LevelRealName, vault.LevelCertificate} {
		if acr == l.String() {
			return l
		}
	}
	return vault.LevelNone
}
