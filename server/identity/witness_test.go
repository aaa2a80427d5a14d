package identity_test

import (
	"context"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

// TestRegistryWitnessed: every change of registrations is written down before it counts, with whose rights go to which
// certificates; what cannot be written down changes nothing, neither now nor after a restart; what is refused is no
// change.
func TestRegistryWitnessed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	digest := w.cert.Digest
	name := hex.EncodeToString(digest[:])
	wider := w.registration()
	wider.Types, wider.UnsignedWritesUnsafe, wider.Role = nil, true, identity.RoleBatchOperator
	wider.Sharing = &identity.Sharing{Item: "1", Ground: "law", Basis: "of law"}
	var told []vault.Witnessed
	audit := errors.New("no audit")
	for _, change := range []func(identity.Witness) error{
		func(by identity.Witness) error { return w.registry.Put(t.Context(), "chief", wider, by) },
		func(by identity.Witness) error { return w.registry.Revoke(t.Context(), "chief", "market", &digest, by) },
		func(by identity.Witness) error { return w.registry.Revoke(t.Context(), "chief", "market", nil, by) },
	} {
		before := w.market(w.registry)
		require.ErrorIs(t, change(nil), identity.ErrConfig)
		require.ErrorIs(t, change(func(context.Context, vault.Witnessed) error { return audit }), audit)
		opened, err := identity.OpenRegistry(t.Context(), identity.RegistryConfig{Engine: w.engine, Now: w.clock})
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(before, w.market(opened)))
		require.NoError(t, change(func(_ context.Context, x vault.Witnessed) error {
			require.Empty(t, cmp.Diff(before, w.market(w.registry)), "nothing counts yet")
			told = append(told, x)
			return nil
		}))
		require.NotEmpty(t, cmp.Diff(before, w.market(w.registry)))
	}
	of := vault.Witnessed{Object: "registration market", Department: fixtures.Departments()[0].Code}
	want := []vault.Witnessed{of, of, of}
	want[0].Act, want[0].Change = "register-system",
		"caller "+fixtures.Caller(0)+"; role batch-operator; sharing by law; unsigned writes; signature "+name
	want[1].Act, want[1].Change = "revoke-certificate", "caller "+fixtures.Caller(0)+"; certificate "+name
	want[2].Act, want[2].Change = "revoke-system", "caller "+fixtures.Caller(0)
	require.Empty(t, cmp.Diff(want, told))

	never := func(context.Context, vault.Witnessed) error { require.Fail(t, "no change"); return nil }
	bad := w.registration()
	bad.Role = ""
	require.Error(t, w.registry.Put(t.Context(), "chief", bad, never))
	require.Error(t, w.registry.Revoke(t.Context(), "chief", "nobody", nil, never))
}

func (w *world) market(g *identity.Registry) identity.Registration {
	w.t.Helper()
	r, err := g.Get("market")
	require.NoError(w.t, err)
	return r
}
