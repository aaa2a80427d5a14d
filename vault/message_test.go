package vault_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

const (
	message = "0af7651916cd43dd8448eb211c80319c"
	another = "4bf92f3577b34da6a3ce929d0e0e4736"
)

// TestTrace_A91: the id of a message stands in the audit entries and in the events of what it asked for, and finds them,
// in this vault and in one that takes the licence over.
func TestTrace_A91(t *testing.T) {
	w := newWorld(t)
	a := department(0)
	a.Message = message
	issued, err := w.v.Issue(t.Context(), a, w.complete(food("traced", "JY13501020000777")))
	require.NoError(t, err)
	a.Message = another
	_, err = w.v.Lookup(t.Context(), a, vault.Query{Identifier: issued.Identifier})
	require.NoError(t, err)
	trail, err := w.v.Trace(t.Context(), operator(), message)
	require.NoError(t, err)
	require.False(t, trail.More)
	require.Len(t, trail.Entries, 1)
	require.Equal(t, "issue", trail.Entries[0].Act)
	require.Equal(t, issued.Identifier, trail.Entries[0].Licence)
	require.Len(t, trail.Events, 1)
	require.Equal(t, record.EventIssued, trail.Events[0].Kind)
	require.Equal(t, message, trail.Events[0].Message)
	trail, err = w.v.Trace(t.Context(), operator(), another)
	require.NoError(t, err)
	require.Len(t, trail.Entries, 1, "the look-up")
	require.Empty(t, trail.Events)
	CheckVault(t, w.v)

	there := w.newProvincial()
	_, err = there.v.Import(t.Context(), a, w.export(issued.Identifier, 1))
	require.NoError(t, err)
	trail, err = there.v.Trace(t.Context(), operator(), message)
	require.NoError(t, err)
	require.Empty(t, trail.Entries, "was asked for elsewhere")
	require.Len(t, trail.Events, 1)
	trail, err = there.v.Trace(t.Context(), operator(), another)
	require.NoError(t, err)
	require.Len(t, trail.Entries, 1, "the import")
	CheckVault(t, there.v)
}

// TestTraceRefused_A91: an id that is none is refused wherever it stands, and leaves nothing in the audit but that it was.
func TestTraceRefused_A91(t *testing.T) {
	w := newWorld(t)
	for _, bad := range []string{"x", strings.Repeat("0", 32), strings.ToUpper(message), message + "0", "11010519491231002X"} {
		a := department(0)
		a.Message = bad
		_, err := w.v.Issue(t.Context(), a, w.complete(food("bad", "JY13501020000778")))
		require.Equal(t, []vault.Code{vault.CodeMessage}, codesOf(err), bad)
		_, err = w.v.Trace(t.Context(), operator(), bad)
		require.Equal(t, []vault.Code{vault.CodeMessage}, codesOf(err), bad)
		require.NoError(t, w.v.AuditTrail(t.Context(), operator(), 1, func(e *record.AuditEntry) bool {
			require.Empty(t, e.Message)
			require.NotContains(t, e.Object, bad)
			return true
		}))
	}
	CheckVault(t, w.v)
}

// TestAuditor: who is registered to audit sees the audit and may do nothing else of an operator's.
func TestAuditor(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, w.v.PutCaller(t.Context(), operator(), vault.Caller{ID: "audit-office", Auditor: true}))
	a := operator()
	a.Caller, a.Ground = "audit-office", vault.GroundAudit
	_, err := w.v.Trace(t.Context(), a, message)
	require.NoError(t, err)
	require.NoError(t, w.v.AuditTrail(t.Context(), a, 1, func(*record.AuditEntry) bool { return true }))
	_, err = w.v.Callers(t.Context(), a)
	require.Equal(t, []vault.Code{vault.CodeNotOperator}, codesOf(err))
	for ground, want := range map[vault.Ground]vault.Code{
		vault.GroundIssuer: vault.CodeNotOperator, vault.GroundOperator: vault.CodeNotOperator, vault.GroundAudit: vault.CodeNotAuditor,
	} {
		pretending := department(0)
		pretending.Ground = ground
		_, err = w.v.Trace(t.Context(), pretending, message)
		require.Equal(t, []vault.Code{want}, codesOf(err))
	}
}
