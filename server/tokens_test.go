package server_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

// platform is a provider of tokens on an address of its own, which may be out of reach.
type platform struct {
	*httptest.Server

	key   *ecdsa.PrivateKey
	away  atomic.Bool
	asked atomic.Int32
}

func (w *world) newPlatform() *platform {
	w.t.Helper()
	p := &platform{key: newTokenKey(w.t)}
	p.Server = httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		p.asked.Add(1)
		if p.away.Load() {
			panic(http.ErrAbortHandler)
		}
		_ = json.NewEncoder(out).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
			{Key: p.key.Public(), KeyID: "key-1", Use: "sig"},
		}})
	}))
	w.t.Cleanup(p.Close)
	clock := func() time.Time { return w.now }
	tokens, err := identity.NewTokens(identity.TokensConfig{Now: clock, Issuers: []identity.Issuer{{
		URL: p.URL, Audience: "elicense", Keys: identity.RemoteKeys(p.Client(), p.URL+"/keys", clock),
		Caller: fixtures.Hall, MaxLevel: vault.LevelRealName, Roles: []identity.Role{identity.RoleReviewer},
		Departments: map[string]string{"": fixtures.Hall},
	}}})
	require.NoError(w.t, err)
	w.config.Callers = identity.Chain{tokens, w.config.Callers}
	w.restart()
	return p
}

func newTokenKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

// token is a reviewer's, signed with a key and naming it.
func (p *platform) token(w *world, key *ecdsa.PrivateKey, name string) string {
	w.t.Helper()
	payload, err := json.Marshal(map[string]any{
		"iss": p.URL, "aud": "elicense", "sub": "u-1", "role": "reviewer",
		"iat": w.now.Unix(), "exp": w.now.Add(2 * time.Hour).Unix(),
	})
	require.NoError(w.t, err)
	signer, err := jose.NewSigner(jose.SigningKey{
		Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: name},
	}, nil)
	require.NoError(w.t, err)
	signed, err := signer.Sign(payload)
	require.NoError(w.t, err)
	text, err := signed.CompactSerialize()
	require.NoError(w.t, err)
	return text
}

// TestTokenKeysUnavailable: while a provider of tokens cannot be reached, a token that may be good is to be sent again
// and costs nothing; one that is wrong in any case stays wrong; keys that were fetched go on holding for their hour; and
// the provider is asked once in ten seconds, however many tokens come.
func TestTokenKeysUnavailable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.newPlatform()
	good, forged := p.token(w, p.key, "key-1"), p.token(w, newTokenKey(t), "key-1")
	next := p.token(w, newTokenKey(t), "key-2") // with a key that the provider may have by now
	ask := func(token string) reply { return w.call(token, http.MethodGet, "/licence-types", nil) }
	away := func(token string) {
		t.Helper()
		r := ask(token)
		refused(t, r, http.StatusServiceUnavailable, "token-keys-unavailable")
		require.True(t, into[api.Problem](t, r).Retryable)
		require.Equal(t, "10", r.header.Get("Retry-After"))
		require.NotContains(t, string(r.body), p.Listener.Addr().String())
		require.Contains(t, w.log.String(), into[api.Problem](t, r).Trace)
	}
	p.away.Store(true)
	asked := p.asked.Load()
	for range 300 {
		away(good)
	}
	require.LessOrEqual(t, p.asked.Load()-asked, int32(2), "the client's own repetition of a broken connection apart")

	p.away.Store(false)
	away(good)
	w.now = w.now.Add(identity.KeysAgain)
	require.Equal(t, http.StatusOK, ask(good).status)
	refused(t, ask(forged), http.StatusUnauthorized, "credentials-invalid")
	refused(t, ask(next), http.StatusUnauthorized, "credentials-invalid")

	p.away.Store(true)
	w.now = w.now.Add(30 * time.Minute)
	require.Equal(t, http.StatusOK, ask(good).status)
	refused(t, ask(forged), http.StatusUnauthorized, "credentials-invalid")
	away(next)
	w.now = w.now.Add(31 * time.Minute)
	away(good)
	away(forged)
}
