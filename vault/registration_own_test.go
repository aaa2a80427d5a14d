package vault_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/vault"
)

// TestRegistration: a caller sees its own registration and nobody else's; who is not registered sees none.
func TestRegistration(t *testing.T) {
	w := newWorld(t)
	r, err := w.v.Registration(t.Context(), byLaw())
	require.NoError(t, err)
	require.Equal(t, byLaw().Caller, r.ID)
	require.Contains(t, r.Bases, fixtures.HallBasis)
	entries := w.auditEntries()
	require.Equal(t, "registration", entries[len(entries)-1].Act)
	a := byLaw()
	a.Caller = "nobody"
	r, err = w.v.Registration(t.Context(), a)
	require.ErrorIs(t, err, vault.ErrUnknownCaller)
	require.Nil(t, r)
}
