package vault_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// real gives the method that an act goes by.
func (w *world) real(kind record.Kind) func(context.Context, vault.Access, vault.Act) (*vault.Answer, error) {
	switch kind {
	case record.EventChanged:
		return w.v.Change
	case record.EventRenewed:
		return w.v.Renew
	case record.EventReissued:
		return w.v.Reissue
	case record.EventSuspended:
		return w.v.Suspend
	case record.EventResumed:
		return w.v.Resume
	}
	return w.v.Revoke
}

// TestValidateAct_D1_2: validating says what the act itself would say, and changes nothing but the audit.
func TestValidateAct_D1_2(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k", "JY13501020000011")
	act := func(kind record.Kind, change func(*vault.Act)) vault.Act {
		x := vault.Act{Key: "a " + string(kind), Identifier: a.Identifier, Kind: kind, Basis: "依据", Reason: "理由"}
		if change != nil {
			change(&x)
		}
		return x
	}
	renewed := map[string]string{"ZZYXQQSRQ": "2026-03-02", "ZZYXQJZRQ": "2031年3月1日"}
	for _, c := range []struct {
		name string
		act  vault.Act
		want vault.Code // "": it would be done, and is then
	}{
		{"no reason, no basis", act(record.EventChanged, func(x *vault.Act) { x.Reason, x.Basis = "", "" }), vault.CodeActBasisMissing},
		{"day to come", act(record.EventChanged, func(x *vault.Act) { x.Effective = day("2027-01-01") }), vault.CodeEffectiveFuture},
		{"before issue", act(record.EventChanged, func(x *vault.Act) { x.Effective = day("2020-01-01") }), vault.CodeEffectiveEarly},
		{"other version", act(record.EventChanged, func(x *vault.Act) { x.Version = 2 }), vault.CodeVersionChanged},
		{"unknown field", act(record.EventChanged, func(x *vault.Act) { x.Values = map[string]string{"KZ_NONE": "x"} }), vault.CodeFieldUnknown},
		{"values of no version", act(record.EventSuspended, func(x *vault.Act) { x.Values = map[string]string{"CZZT": "x"} }), vault.CodeFieldUnknown},
		{"no paper", act(record.EventReissued, nil), vault.CodePaperMissing},
		{"used paper", act(record.EventReissued, func(x *vault.Act) { x.Paper = "纸JY13501020000011" }), vault.CodePaperUsed},
		{"not suspended", act(record.EventResumed, nil), vault.CodeStateForbids},
		{"change", act(record.EventChanged, func(x *vault.Act) { x.Values = map[string]string{"CZZT": " 示例新有限公司"} }), ""},
		{"key of the change", act(record.EventChanged, func(x *vault.Act) { x.Reason = "别的理由" }), vault.CodeKeyReused},
		{"renew", act(record.EventRenewed, func(x *vault.Act) { x.Values = renewed }), ""},
		{"reissue", act(record.EventReissued, func(x *vault.Act) { x.Paper = "新纸" }), ""},
		{"renew from a later day", act(record.EventRenewed, func(x *vault.Act) {
			x.Key, x.Values = "later", map[string]string{"ZZYXQQSRQ": "2031-03-02", "ZZYXQJZRQ": "2036-03-01"}
		}), vault.CodeValidityGap},
		{"suspend", act(record.EventSuspended, nil), ""},
		{"change while suspended", act(record.EventChanged, func(x *vault.Act) { x.Key = "again" }), vault.CodeStateForbids},
		{"resume", act(record.EventResumed, nil), ""},
		{"cancel", act(record.EventCancelled, nil), ""},
		{"revoke what is cancelled", act(record.EventRevoked, nil), vault.CodeStateForbids},
	} {
		before, audits := content(t, w.engine), w.audits()
		notes, err := w.v.ValidateAct(t.Context(), department(0), c.act)
		require.Equal(t, before, content(t, w.engine), c.name)
		require.Equal(t, audits+1, w.audits(), c.name)
		answer, realErr := w.real(c.act.Kind)(t.Context(), department(0), c.act)
		require.Equal(t, codesOf(realErr), codesOf(err), c.name)
		if c.want == "" {
			require.NoError(t, err, c.name)
			require.NoError(t, realErr, c.name)
			require.Equal(t, answer.Notes, notes, c.name)
			again, err := w.v.ValidateAct(t.Context(), department(0), c.act)
			require.NoError(t, err, "%s: the answer is there already", c.name)
			require.Empty(t, again, c.name)
			continue
		}
		require.Nil(t, notes, c.name)
		require.Contains(t, codesOf(err), c.want, c.name)
		require.Equal(t, before, content(t, w.engine), c.name)
	}
}

// TestValidateActKinds: only what Change to Revoke and Void do can be validated.
func TestValidateActKinds(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k", "JY13501020000011")
	for _, kind := range []record.Kind{"", record.EventWithdrawn, record.EventIssued, "other"} {
		_, err := w.v.ValidateAct(t.Context(), department(0), vault.Act{
			Identifier: a.Identifier, Kind: kind, Basis: "依据", Reason: "理由",
		})
		require.ErrorIs(t, err, vault.ErrInvalid, kind)
	}
}
