package vault_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/vault"
)

// TestOpenRefuses: a vault without one of its parts, or with a bar for logins that is none, is not opened.
func TestOpenRefuses(t *testing.T) {
	w := newWorld(t)
	for name, change := range map[string]func(*vault.Config){
		"no engine":          func(c *vault.Config) { c.Engine = nil },
		"no blobs":           func(c *vault.Config) { c.Blobs = nil },
		"no tokens":          func(c *vault.Config) { c.Tokens = nil },
		"no departments":     func(c *vault.Config) { c.Records = nil },
		"no signer":          func(c *vault.Config) { c.Signer = nil },
		"no clock":           func(c *vault.Config) { c.Now = nil },
		"no randomness":      func(c *vault.Config) { c.Rand = nil },
		"no zone":            func(c *vault.Config) { c.Zone = nil },
		"a level below all":  func(c *vault.Config) { c.StrongLevel = -1 },
		"a level above all":  func(c *vault.Config) { c.StrongLevel = vault.LevelCertificate + 1 },
		"an engine unsealed": func(c *vault.Config) { c.UnsealedUnsafe = false },
	} {
		cfg := w.config
		change(&cfg)
		v, err := vault.Open(t.Context(), cfg)
		require.ErrorIs(t, err, vault.ErrInvalid, name)
		require.Nil(t, v)
	}
	_, err := vault.Open(t.Context(), w.config)
	require.NoError(t, err)
}
