package identity_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

const hallURL = "https://hall.province.example"

// hall is an identity provider with one key.
type hall struct {
	key    *ecdsa.PrivateKey
	tokens *identity.Tokens
}

func tokenTime() time.Time { return time.Date(2026, 3, 2, 1, 30, 0, 0, time.UTC) }

func newHall(t *testing.T, change func(*identity.Issuer)) *hall {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	issuer := identity.Issuer{
		URL: hallURL, Audience: "elicense", Keys: &oidc.StaticKeySet{PublicKeys: []crypto.PublicKey{key.Public()}},
		Caller: fixtures.Hall, MaxLevel: vault.LevelRealName, Roles: []identity.Role{identity.RoleReviewer},
		Departments: map[string]string{fixtures.Departments()[0].Code: fixtures.Caller(0)},
	}
	if change != nil {
		change(&issuer)
	}
	h := &hall{key: key}
	h.tokens, err = identity.NewTokens(identity.TokensConfig{Issuers: []identity.Issuer{issuer}, Now: tokenTime})
	require.NoError(t, err)
	return h
}

// token is one with sound claims, of which more take the place or (nil) are left out.
func (h *hall) token(t *testing.T, more map[string]any) string {
	t.Helper()
	c := map[string]any{
		"iss": hallURL, "aud": "elicense", "sub": "u-1", "iat": tokenTime().Unix(),
		"exp": tokenTime().Add(time.Hour).Unix(),
	}
	maps.Copy(c, more)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	payload, err := json.Marshal(c)
	require.NoError(t, err)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: h.key}, nil)
	require.NoError(t, err)
	signed, err := signer.Sign(payload)
	require.NoError(t, err)
	text, err := signed.CompactSerialize()
	require.NoError(t, err)
	return text
}

func bearer(token string) *http.Request {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/", http.NoBody)
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

// TestTokenHolder_A77: an applicant is whom the provider says, as strongly as the provider may say and no stronger.
func TestTokenHolder_A77(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		acr  any
		most vault.Level
		want vault.Level
	}{
		"none":       {nil, vault.LevelCertificate, vault.LevelNone},
		"unknown":    {"very strong", vault.LevelCertificate, vault.LevelNone},
		"registered": {"registered", vault.LevelCertificate, vault.LevelRegistered},
		"real name":  {"real-name", vault.LevelCertificate, vault.LevelRealName},
		"capped":     {"certificate", vault.LevelRealName, vault.LevelRealName},
		"certified":  {"certificate", vault.LevelCertificate, vault.LevelCertificate},
		"no trust":   {"certificate", vault.LevelNone, vault.LevelNone},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHall(t, func(i *identity.Issuer) { i.MaxLevel = c.most })
			got, err := h.tokens.Recognise(bearer(h.token(t, map[string]any{
				"acr": c.acr, "holder_kind": "111", "holder_code": "made-up",
			})))
			require.NoError(t, err)
			require.Equal(t, c.want, got.Level)
			require.Equal(t, identity.RoleHolder, got.Role)
			require.Equal(t, fixtures.Hall, got.ID)
			require.Equal(t, &identity.Subject{Kind: "111", Code: "made-up"}, got.Holder)
			require.Equal(t, tokenTime().Add(time.Hour), got.Expires.UTC())
		})
	}
	h := newHall(t, nil)
	got, err := h.tokens.Recognise(bearer(h.token(t, map[string]any{"role": "holder-agent"})))
	require.NoError(t, err)
	require.Equal(t, identity.RoleAgent, got.Role)
	require.NotNil(t, got.Holder, "an applicant who is not told is nobody, and not a system that vouches for others")
}

// TestTokenStaff: staff have the role that their provider may give, and act for a department that it may send.
func TestTokenStaff(t *testing.T) {
	t.Parallel()
	department := fixtures.Departments()[0].Code
	h := newHall(t, nil)
	got, err := h.tokens.Recognise(bearer(h.token(t, map[string]any{
		"role": "reviewer", "department": department, "types": []string{"a"}, "acr": "certificate", "holder_code": "x",
	})))
	require.NoError(t, err)
	require.Equal(t, fixtures.Caller(0), got.ID)
	require.Equal(t, identity.RoleReviewer, got.Role)
	require.Equal(t, "u-1", got.Actor)
	require.Nil(t, got.Holder)
	require.Zero(t, got.Level)
	require.Equal(t, []string{"a"}, got.Types)
	got, err = h.tokens.Recognise(bearer(h.token(t, map[string]any{
		"role": "reviewer", "department": department, "types": []string{},
	})))
	require.NoError(t, err)
	require.False(t, got.Covers("a"), "a list of no types is no list of all")

	for name, more := range map[string]map[string]any{
		"role not given":       {"role": "operator", "department": department},
		"role unknown":         {"role": "root", "department": department},
		"department not given": {"role": "reviewer", "department": fixtures.Departments()[1].Code},
		"no department":        {"role": "reviewer"},
	} {
		c, err := h.tokens.Recognise(bearer(h.token(t, more)))
		require.Equal(t, identity.CodeForbidden, identity.CodeOf(err), name)
		require.Nil(t, c)
	}
	h = newHall(t, func(i *identity.Issuer) { i.Caller = "" })
	c, err := h.tokens.Recognise(bearer(h.token(t, nil)))
	refused(t, identity.CodeForbidden, c, err)
}

func TestTokenRefuses(t *testing.T) {
	t.Parallel()
	h, other := newHall(t, nil), newHall(t, nil)
	long := make([]byte, 9000)
	for name, c := range map[string]struct {
		token string
		want  identity.Code
	}{
		"another key":       {other.token(t, nil), identity.CodeInvalid},
		"another issuer":    {h.token(t, map[string]any{"iss": "https://other.example"}), identity.CodeUnknown},
		"no issuer":         {h.token(t, map[string]any{"iss": nil}), identity.CodeUnknown},
		"another audience":  {h.token(t, map[string]any{"aud": "hall"}), identity.CodeInvalid},
		"no audience":       {h.token(t, map[string]any{"aud": nil}), identity.CodeInvalid},
		"nobody":            {h.token(t, map[string]any{"sub": nil}), identity.CodeInvalid},
		"long subject":      {h.token(t, map[string]any{"sub": string(long[:129])}), identity.CodeInvalid},
		"expired":           {h.token(t, map[string]any{"exp": tokenTime().Add(-time.Second).Unix()}), identity.CodeExpired},
		"no end":            {h.token(t, map[string]any{"exp": nil}), identity.CodeExpired},
		"not yet":           {h.token(t, map[string]any{"nbf": tokenTime().Add(time.Hour).Unix()}), identity.CodeInvalid},
		"from the future":   {h.token(t, map[string]any{"iat": tokenTime().Add(2 * time.Minute).Unix()}), identity.CodeInvalid},
		"a day long":        {h.token(t, map[string]any{"exp": tokenTime().Add(24 * time.Hour).Unix()}), identity.CodeInvalid},
		"no beginning":      {h.token(t, map[string]any{"iat": nil}), identity.CodeInvalid},
		"claims of no kind": {h.token(t, map[string]any{"role": 7}), identity.CodeInvalid},
		"unsigned":          {unsigned(h.token(t, nil)), identity.CodeInvalid},
		"nonsense":          {"a.b.c", identity.CodeUnknown},
		"long":              {h.token(t, map[string]any{"name": string(long)}), identity.CodeInvalid},
	} {
		got, err := h.tokens.Recognise(bearer(c.token))
		require.Equal(t, c.want, identity.CodeOf(err), name)
		require.Nil(t, got, name)
	}
	got, err := h.tokens.Recognise(bearer("sandbox-key"))
	refused(t, identity.CodeNobody, got, err)
	require.ErrorIs(t, err, identity.ErrNobody)
}

// unsigned is a token that says it needs no signature.
func unsigned(token string) string {
	head := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))
	return head + "." + strings.Split(token, ".")[1] + "."
}

func TestNewTokensRefuses(t *testing.T) {
	t.Parallel()
	good := identity.Issuer{URL: hallURL, Audience: "elicense", Keys: &oidc.StaticKeySet{}}
	for name, list := range map[string][]identity.Issuer{
		"no address":  {{Audience: "elicense", Keys: good.Keys}},
		"no audience": {{URL: hallURL, Keys: good.Keys}},
		"no keys":     {{URL: hallURL, Audience: "elicense"}},
		"twice":       {good, good},
		"holder as staff": {{
			URL: hallURL, Audience: "elicense", Keys: good.Keys, Roles: []identity.Role{identity.RoleHolder},
		}},
	} {
		_, err := identity.NewTokens(identity.TokensConfig{Issuers: list, Now: tokenTime})
		require.ErrorIs(t, err, identity.ErrConfig, name)
	}
	_, err := identity.NewTokens(identity.TokensConfig{})
	require.ErrorIs(t, err, identity.ErrConfig)
}
