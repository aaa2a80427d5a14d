package vault_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
)

// TestSignedBy: of a key that was stolen, exactly the versions that its certificate stands under are named, former ones
// too, and those of a type that was classified since are not (A69).
func TestSignedBy_A69(t *testing.T) {
	w := newWorld(t)
	issuer := fixtures.Departments()[0]
	certificate := func() [32]byte {
		digest, custody, err := w.province.Custody.SignerFor(issuer.Code, w.now)
		require.NoError(t, err)
		require.True(t, custody)
		return digest
	}
	first := certificate()
	a, b := w.issue("a", number(1)), w.issue("b", number(2))
	require.NoError(t, w.hire(issuer))
	second := certificate()
	require.NotEqual(t, first, second)
	c := w.issue("c", number(3))
	changed, err := w.v.Change(t.Context(), department(0), vault.Act{
		Key: "change", Identifier: a.Identifier, Basis: "依据", Reason: "理由",
		Values: map[string]string{"CZZT": "示例新名有限公司"},
	})
	require.NoError(t, err, problemsOf(err))
	signed := func(by [32]byte) map[string]bool {
		inForce := map[string]bool{}
		require.NoError(t, w.v.SignedBy(t.Context(), operator(), by, func(s vault.SignedVersion) bool {
			inForce[s.Identifier] = s.InForce
			require.Equal(t, foodType, s.Type)
			require.Equal(t, issuer.Code, s.Issuer)
			return true
		}))
		for _, q := range []vault.SignedQuery{{Limit: 1, Work: 100}, {Limit: 100, Work: 1}, {Limit: 2, Work: 3}} {
			require.Equal(t, inForce, w.signedBy(by, q), "page by page: %+v", q)
		}
		return inForce
	}
	require.Equal(t, map[string]bool{a.Identifier: false, b.Identifier: true}, signed(first))
	require.Equal(t, map[string]bool{c.Identifier: true, changed.Identifier: true}, signed(second))
	require.Empty(t, signed([32]byte{1}))
	w.reclassify(foodType, catalogue.LevelSecret)
	require.Empty(t, signed(first))
}

// signedBy goes through SignedPage to its end.
func (w *world) signedBy(by [32]byte, q vault.SignedQuery) map[string]bool {
	w.t.Helper()
	all := map[string]bool{}
	q.Certificate = by
	for {
		p, err := w.v.SignedPage(w.t.Context(), operator(), q)
		require.NoError(w.t, err)
		require.LessOrEqual(w.t, len(p.Versions), q.Limit)
		for _, s := range p.Versions {
			require.NotContains(w.t, all, s.Identifier)
			all[s.Identifier] = s.InForce
		}
		if p.Next == "" {
			return all
		}
		q.After = p.Next
	}
}

// TestSignedPageRefused: what is no mark of a page leads nowhere, and a page without bounds is none.
func TestSignedPageRefused(t *testing.T) {
	w := newWorld(t)
	for _, q := range []vault.SignedQuery{
		{After: "%", Limit: 1, Work: 1}, {After: "AAAA", Limit: 1, Work: 1},
		{After: "AAAAAAAAAAAAAAAAAAAAAAAA", Work: 1}, {After: "AAAAAAAAAAAAAAAAAAAAAAAA", Limit: 1},
		{Limit: 1}, {Work: 1},
	} {
		p, err := w.v.SignedPage(t.Context(), operator(), q)
		require.Equal(t, []vault.Code{vault.CodeCursor}, codesOf(err), "%+v", q)
		require.Nil(t, p)
	}
}
