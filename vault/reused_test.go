package vault_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/vault"
)

// TestReusedKey_D1_1: a key of another request is refused with what of the request is not as it was.
func TestReusedKey_D1_1(t *testing.T) {
	w := newWorld(t)
	one, two := w.issue("one", "JY13501020000121"), w.issue("two", "JY13501020000122")
	act := vault.Act{Key: "act", Identifier: one.Identifier, Basis: "b", Reason: "理由"}
	_, err := w.v.Suspend(t.Context(), department(0), act)
	require.NoError(t, err)
	differs := func(err error) string {
		t.Helper()
		require.ErrorIs(t, err, vault.ErrKeyReused)
		var r *vault.Refusal
		require.ErrorAs(t, err, &r)
		p := r.Problems[0]
		require.Equal(t, "key", p.Field)
		return p.Found
	}
	_, err = w.v.Resume(t.Context(), department(0), act)
	require.Equal(t, vault.DiffersOperation, differs(err))
	other := act
	other.Identifier = two.Identifier
	_, err = w.v.Suspend(t.Context(), department(0), other)
	require.Equal(t, vault.DiffersLicence, differs(err))
	other = act
	other.Reason = "别的理由"
	_, err = w.v.Suspend(t.Context(), department(0), other)
	require.Equal(t, vault.DiffersContent, differs(err))
	_, err = w.v.Issue(t.Context(), department(0), w.complete(food("act", "JY13501020000123")))
	require.Equal(t, vault.DiffersOperation, differs(err))
}

// TestKeptBeforeActs: of an answer that was kept before acts were, nothing is told but that it is another's.
func TestKeptBeforeActs(t *testing.T) {
	former := []byte(`{"identifier":"","number":"","version":1,"state":"valid","record":"","replayed":false}`)
	require.Empty(t, vault.Differs("change", "x", former))
	require.Equal(t, vault.DiffersOperation, vault.Differs("change", "x", []byte(`"consent"`)))
	require.Equal(t, vault.DiffersContent, vault.Differs("grant", "", []byte(`"consent"`)))
}
