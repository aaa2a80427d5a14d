package vault_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/vault"
)

// TestUnsealedIsRefused: nobody runs a vault on an engine that lets itself be altered without having said so.
func TestUnsealedIsRefused(t *testing.T) {
	w := newWorld(t)
	cfg := w.config
	cfg.UnsealedUnsafe = false
	_, err := vault.Open(t.Context(), cfg)
	require.ErrorIs(t, err, vault.ErrInvalid)
	keys, err := sealed.CreateKeyring(t.Context(), memory.New(), sealed.Master{2}, rand.Reader)
	require.NoError(t, err)
	cfg.Engine, err = sealed.Open(sealed.Config{Inner: memory.New(), Keys: keys, Rand: rand.Reader})
	require.NoError(t, err)
	_, err = vault.Open(t.Context(), cfg)
	require.NoError(t, err)
}

// TestDamageIsNoAnswer: whichever byte of a stored version is altered, sealed or not, no read gives it out and no act
// builds on it. Not sealed, the signature is left to who verifies it.
func TestDamageIsNoAnswer(t *testing.T) {
	outer := memory.New()
	keys, err := sealed.CreateKeyring(t.Context(), memory.New(), sealed.Master{2}, rand.Reader)
	require.NoError(t, err)
	inner, err := sealed.Open(sealed.Config{Inner: outer, Keys: keys, Rand: rand.Reader})
	require.NoError(t, err)
	unsealed := memory.New()
	for name, c := range map[string]struct {
		w       *world
		beneath *memory.Engine
	}{"sealed": {newWorldOn(t, inner), outer}, "unsealed": {newWorldOn(t, unsealed), unsealed}} {
		w := c.w
		a := w.issue("k", number(1))
		w.now = w.now.AddDate(0, 0, 3)
		change := vault.Act{
			Key: "c", Identifier: a.Identifier, Basis: "b", Reason: "r", Values: map[string]string{"CZZT": "示例新名有限公司"},
		}
		_, err := w.v.Change(t.Context(), department(0), change)
		require.NoError(t, err, problemsOf(err))
		reads := map[byte]map[string]func() error{
			1: {"as of": func() error {
				return err2(w.v.AsOf(t.Context(), byLaw(), a.Identifier, day("2026-03-02"), time.Time{}))
			}},
			2: {
				"look-up": func() error {
					return err2(w.v.Lookup(t.Context(), byLaw(), vault.Query{Identifier: a.Identifier}))
				},
				"bundle": func() error { return err2(w.v.Bundle(t.Context(), byLaw(), a.Identifier)) },
				"change": func() error {
					change.Key = "on damage"
					return err2(w.v.Change(t.Context(), department(0), change))
				},
			},
		}
		versions := 0
		for k, v := range content(t, c.beneath) {
			if k[0] != 'v' {
				continue
			}
			versions++
			from, to := 0, 0 // the signature
			if name == "unsealed" {
				ver, err := vault.ParseStoredVersion([]byte(v))
				require.NoError(t, err)
				from = strings.Index(v, string(ver.Signature))
				to = from + len(ver.Signature)
			}
			for at := 0; at < len(v); at += 13 {
				if at >= from && at < to {
					continue
				}
				bad := []byte(v)
				bad[at] ^= 1
				put(t, c.beneath, k, bad)
				for what, read := range reads[k[len(k)-1]] {
					require.Error(t, read(), "%s: %s, byte %d", name, what, at)
				}
			}
			put(t, c.beneath, k, []byte(v))
		}
		require.Equal(t, 2, versions)
		CheckVault(t, w.v)
	}
}
