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

// TestOnlyGround: a caller with one legal basis asks on that, a department without any about its own licences. Who has
// several, or nothing, or is not registered, is given no right.
func TestOnlyGround(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for id, bases := range map[string][]string{"several": {"示例法第一条", "示例法第二条"}, "nothing": nil} {
		require.NoError(t, w.v.PutCaller(t.Context(), operator(), vault.Caller{ID: id, Name: id, Bases: bases}))
	}
	before := len(w.auditEntries())
	for caller, want := range map[string][2]string{
		byLaw().Caller: {string(vault.GroundLaw), fixtures.HallBasis}, department(0).Caller: {string(vault.GroundIssuer)},
		"several": {string(vault.GroundLaw)}, "nothing": {string(vault.GroundLaw)}, "nobody": {string(vault.GroundLaw)},
		"": {string(vault.GroundLaw)},
	} {
		ground, basis := w.v.OnlyGround(t.Context(), caller)
		require.Equal(t, want, [2]string{string(ground), basis}, caller)
	}
	require.Len(t, w.auditEntries(), before, "it stands in the audit of what is then asked")
}
