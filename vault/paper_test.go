package vault_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
)

// A missing paper serial is told together with everything else that is wrong (D1.3).
func TestPaperWithTheRest_D1_3(t *testing.T) {
	w := newWorld(t)
	req := w.complete(food("k", "JY13501020000011"))
	req.Paper = ""
	req.Values["ZZBFRQ"] = "2026-02-30"
	req.Values["KZ_ZTYT"] = "没有这种业态"
	_, err := w.v.Issue(t.Context(), department(0), req)
	var r *vault.Refusal
	require.True(t, errors.As(err, &r))
	fields := map[string]bool{}
	for _, p := range r.Problems {
		fields[p.Field] = true
	}
	require.Equal(t, map[string]bool{"paper": true, "ZZBFRQ": true, "KZ_ZTYT": true}, fields)

	_, err = w.v.Issue(t.Context(), byLaw(), req)
	require.ErrorIs(t, err, vault.ErrDenied)
}

// A code that is not what its kind says is refused, also where the type knows codes without a check digit (A58).
func TestHolderCodeOfItsKind_A58(t *testing.T) {
	w := newWorld(t)
	for kind, holder := range map[string]string{"001": "123", "111": "110105194912310021"} {
		req := w.complete(food("k"+kind, "JY13501020000011"))
		req.Values["CZZTDM"], req.Values["CZZTDMLXDM"] = holder, kind
		_, err := w.v.Issue(t.Context(), department(0), req)
		require.ErrorIs(t, err, vault.ErrInvalid)
		require.Contains(t, problemsOf(err), "CZZTDM")
	}
}

// TestDates_D1_3: a licence is not issued in the future, and does not end before it begins.
func TestDates_D1_3(t *testing.T) {
	w := newWorld(t)
	before := content(t, w.engine)
	for name, c := range map[string]struct {
		field, value string
		want         vault.Code
	}{
		"issued tomorrow":      {"ZZBFRQ", "2026-03-03", vault.Code(catalogue.CodeValueFuture)},
		"ends before it began": {"ZZYXQJZRQ", "2026-02-28", vault.Code(catalogue.CodeValueOrder)},
	} {
		req := w.complete(food(name, number(1)))
		req.Values[c.field] = c.value
		_, err := w.v.Issue(t.Context(), department(0), req)
		require.ErrorIs(t, err, vault.ErrInvalid, name)
		require.Equal(t, []vault.Code{c.want}, codesOf(err), name)
		require.Equal(t, before, content(t, w.engine), name)
	}
}
