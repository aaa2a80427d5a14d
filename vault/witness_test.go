package vault_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/vault"
)

// TestWitness: what was done beside the vault stands in the audit with who did it for what; what has no stable name, as
// anything submitted, does not get in, nor what nobody known did.
func TestWitness(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, w.v.Witness(t.Context(), byLaw(), vault.Witnessed{
		Act: "verify", Object: "verdict 0123456789abcdef", Result: "total-passed",
	}))
	list := w.auditEntries()
	e := list[len(list)-1]
	require.Equal(t, "verify", e.Act)
	require.Equal(t, "verdict 0123456789abcdef", e.Object)
	require.Equal(t, "total-passed", e.Result)
	require.Equal(t, byLaw().Case, e.Asked.Case)
	require.Equal(t, byLaw().Caller, e.Asked.Caller)

	require.NoError(t, w.v.Witness(t.Context(), operator(), vault.Witnessed{
		Act: "register-system", Object: "registration market-1.a", Department: fixtures.Departments()[0].Code,
		Change: "caller market; role reviewer; signature " + strings.Repeat("0a", 32) + " revoked",
	}))
	list = w.auditEntries()
	e = list[len(list)-1]
	require.Equal(t, "caller market; role reviewer; signature "+strings.Repeat("0a", 32)+" revoked", e.Change)
	require.Equal(t, fixtures.Departments()[0].Code, e.Issuer)
	require.Equal(t, "registration market-1.a", e.Object)
	require.Equal(t, "operator", e.Asked.Ground)

	for name, bad := range map[string]vault.Witnessed{
		"no act": {}, "capitals": {Act: "Verify"}, "sentence": {Act: "verify it"}, "line": {Act: "verify\nact admit"},
		"object": {Act: "verify", Object: "张示例"}, "object of one word": {Act: "verify", Object: "x"},
		"result": {Act: "verify", Result: "通过"}, "long": {Act: "verify", Object: "file " + string(make([]byte, 90))},
		"sentence as change": {Act: "verify", Change: "张示例"}, "line as change": {Act: "verify", Change: "a\nb"},
		"long change": {Act: "verify", Change: strings.Repeat("a", 2<<10+1)},
	} {
		require.ErrorIs(t, w.v.Witness(t.Context(), byLaw(), bad), vault.ErrWitnessed, name)
	}
	stranger := byLaw()
	stranger.Caller = "nobody"
	require.ErrorIs(t, w.v.Witness(t.Context(), stranger, vault.Witnessed{Act: "verify"}), vault.ErrUnknownCaller)
	require.Len(t, w.auditEntries(), len(list))

	for _, ground := range []vault.Ground{vault.GroundOperator, vault.GroundAudit} { // of one who runs and oversees nothing
		a := byLaw()
		a.Ground = ground
		err := w.v.Witness(t.Context(), a, vault.Witnessed{Act: "register-system", Change: "caller market"})
		require.ErrorIs(t, err, vault.ErrDenied, ground)
		all := w.auditEntries()
		e := all[len(all)-1]
		require.Equal(t, string(vault.CodeOf(err)), e.Result)
		require.Empty(t, e.Change, "which has not been")
	}
}
