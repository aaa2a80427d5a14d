package identity_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/server/identity"
)

// issuer publishes keys, and counts how often it is asked.
type issuer struct {
	t     *testing.T
	asked int
	text  string // what it publishes; "": it does not answer
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	i.asked++
	if i.text == "" {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	_, err := w.Write([]byte(i.text))
	require.NoError(i.t, err)
}

func (i *issuer) publish(keys ...*ecdsa.PrivateKey) {
	i.t.Helper()
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, k := range keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: k.Public(), Use: "sig"})
	}
	text, err := json.Marshal(set)
	require.NoError(i.t, err)
	i.text = string(text)
}

// sign makes a token.
func (i *issuer) sign(k *ecdsa.PrivateKey) string {
	i.t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: k}, nil)
	require.NoError(i.t, err)
	one, err := signer.Sign([]byte(`{}`))
	require.NoError(i.t, err)
	text, err := one.CompactSerialize()
	require.NoError(i.t, err)
	return text
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return k
}

// TestRemoteKeys: a new key is taken at once, one that the issuer withdrew no longer after some minutes; tokens of no
// key have it asked seldom; and without it nothing is taken for longer than an hour.
func TestRemoteKeys(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	i := &issuer{t: t}
	at := httptest.NewServer(i)
	t.Cleanup(at.Close)
	set := identity.RemoteKeys(at.Client(), at.URL, func() time.Time { return now })
	first, second, foreign := newKey(t), newKey(t), newKey(t)
	takes := func(k *ecdsa.PrivateKey) bool {
		_, err := set.VerifySignature(t.Context(), i.sign(k))
		return err == nil
	}
	for _, wrong := range []string{"", "{", `{}`, strings.Repeat(" ", 1<<20)} {
		i.text = wrong
		require.False(t, takes(first))
		now = now.Add(time.Minute)
	}
	i.publish(first)
	require.True(t, takes(first))
	asked := i.asked
	for range 5 {
		require.False(t, takes(foreign))
		require.True(t, takes(first))
	}
	require.Equal(t, asked, i.asked, "asked just now")
	now = now.Add(time.Minute)
	i.publish(first, second)
	require.True(t, takes(second), "at once")

	i.publish(second)
	require.True(t, takes(first), "not asked yet")
	now = now.Add(6 * time.Minute)
	require.False(t, takes(first), "withdrawn")
	require.True(t, takes(second))
	i.text = `{"keys":[{"kty":"oct","k":"AAAA"},{"kty":"unknown"},` + strings.TrimPrefix(i.text, `{"keys":[`)
	now = now.Add(6 * time.Minute)
	require.True(t, takes(second), "others are passed over")

	i.text = ""
	now = now.Add(30 * time.Minute)
	require.True(t, takes(second), "the issuer does not answer")
	now = now.Add(31 * time.Minute)
	require.False(t, takes(second), "for an hour")
	i.publish(second)
	require.False(t, takes(second), "asked just now")
	now = now.Add(time.Minute)
	require.True(t, takes(second))
	now = now.Add(-time.Hour)
	require.True(t, takes(second), "the clock was set back")
}
