package provider_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/server/provider"
	"github.com/elicense/elicense/vault"
)

// own takes the provider's tokens by its keys at hand, as the service does that is the provider.
func (w *world) own(keys *provider.Keys) *identity.Tokens {
	w.t.Helper()
	tokens, err := identity.NewTokens(identity.TokensConfig{Now: w.clock, Issuers: []identity.Issuer{{
		URL: w.issuer, Audience: audience, Keys: keys, Caller: "hall", MaxLevel: vault.LevelCertificate,
	}}})
	require.NoError(w.t, err)
	return tokens
}

// logIn logs a user in.
func (w *world) logIn() *oauth2.Token {
	w.t.Helper()
	c, verifier := w.config("department", provider.ScopeLicences), oauth2.GenerateVerifier()
	token, err := c.Exchange(w.t.Context(), w.code(c, "person-1", verifier), oauth2.VerifierOption(verifier))
	require.NoError(w.t, err)
	return token
}

// published is the number of keys that relying parties find.
func (w *world) published() int {
	w.t.Helper()
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	got := w.get(http.DefaultClient, w.issuer+"/keys")
	require.Equal(w.t, http.StatusOK, got.status)
	require.NoError(w.t, json.Unmarshal([]byte(got.body), &set))
	return len(set.Keys)
}

// TestRoll_A59: the key of tokens changes and nobody is logged out, here or at a department's system, also if the service
// starts anew; when the last token of the former key has ended, that key is gone.
func TestRoll_A59(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.logIn()
	require.NoError(t, w.keys.Roll(t.Context(), false))
	after := w.logIn()
	again, err := provider.OpenKeys(t.Context(), provider.KeysConfig{Engine: w.engine, Now: w.clock, Rand: rand.Reader})
	require.NoError(t, err)
	system := w.provider.Verifier(&oidc.Config{ClientID: "department", SupportedSigningAlgs: []string{oidc.ES256}})
	for _, token := range []*oauth2.Token{before, after} {
		for _, by := range []*identity.Tokens{w.own(w.keys), w.own(again), w.tokens()} {
			_, err := by.Recognise(bearer(token.AccessToken))
			require.NoError(t, err)
		}
		raw, _ := token.Extra("id_token").(string)
		_, err := system.Verify(t.Context(), raw)
		require.NoError(t, err)
		_, err = w.provider.UserInfo(t.Context(), oauth2.StaticTokenSource(token))
		require.NoError(t, err)
	}
	require.Equal(t, 2, w.published())
	w.later = time.Hour + 2*time.Minute
	require.Equal(t, 1, w.published())
	_, err = w.own(w.keys).Recognise(bearer(before.AccessToken))
	require.Error(t, err)
	require.NoError(t, w.keys.Roll(t.Context(), false))
	require.Equal(t, 2, w.published(), "of the three keys one has ended")
}

// TestRollStolen: what a key that others know has signed is void at once.
func TestRollStolen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.logIn()
	require.NoError(t, w.keys.Roll(t.Context(), false))
	second := w.logIn()
	require.NoError(t, w.keys.Roll(t.Context(), true))
	again, err := provider.OpenKeys(t.Context(), provider.KeysConfig{Engine: w.engine, Now: w.clock, Rand: rand.Reader})
	require.NoError(t, err)
	for _, token := range []*oauth2.Token{first, second} {
		for _, by := range []*identity.Tokens{w.own(w.keys), w.own(again), w.tokens()} {
			_, err := by.Recognise(bearer(token.AccessToken))
			require.Equal(t, identity.CodeInvalid, identity.CodeOf(err))
		}
	}
	_, err = w.own(again).Recognise(bearer(w.logIn().AccessToken))
	require.NoError(t, err)
}

// TestRollFails: a key that is not durable signs nothing.
func TestRollFails(t *testing.T) {
	t.Parallel()
	full := &fullEngine{Engine: memory.New()}
	keys, err := provider.OpenKeys(t.Context(), provider.KeysConfig{Engine: full, Now: time.Now, Rand: rand.Reader})
	require.NoError(t, err)
	before := provider.KidOf(keys)
	full.full = true
	require.ErrorIs(t, keys.Roll(t.Context(), false), engine.ErrNoSpace)
	require.Equal(t, before, provider.KidOf(keys))
}

type fullEngine struct {
	engine.Engine

	full bool
}

func (f *fullEngine) Update(ctx context.Context, fn func(engine.Writer) error) error {
	if f.full {
		return engine.ErrNoSpace
	}
	return f.Engine.Update(ctx, fn)
}

// TestOpenKeys: the key of tokens is made once and found again; what is damaged is not taken for none.
func TestOpenKeys(t *testing.T) {
	t.Parallel()
	cfg := provider.KeysConfig{Engine: memory.New(), Now: time.Now, Rand: rand.Reader}
	first, err := provider.OpenKeys(t.Context(), cfg)
	require.NoError(t, err)
	second, err := provider.OpenKeys(t.Context(), cfg)
	require.NoError(t, err)
	require.Equal(t, provider.KidOf(first), provider.KidOf(second))
	for _, change := range []func(*provider.KeysConfig){
		func(c *provider.KeysConfig) { c.Engine = nil }, func(c *provider.KeysConfig) { c.Now = nil },
		func(c *provider.KeysConfig) { c.Rand = nil },
	} {
		bad := cfg
		change(&bad)
		_, err := provider.OpenKeys(t.Context(), bad)
		require.ErrorIs(t, err, provider.ErrConfig)
	}
	for _, key := range []string{"of", "o"} {
		require.NoError(t, cfg.Engine.Update(t.Context(), func(w engine.Writer) error { return w.Put([]byte(key), []byte("x")) }))
		_, err = provider.OpenKeys(t.Context(), cfg)
		require.ErrorIs(t, err, engine.ErrCorrupt)
	}
}
