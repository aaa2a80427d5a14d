package vault_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// One call makes the electronic licence of a printed paper; the same call again gives the first answer (A72, D1.1).
func TestIssueOnce_A72(t *testing.T) {
	w := newWorld(t)
	first := w.issue("k1", "JY13501020000011")
	require.Equal(t, vault.Valid, first.State)
	require.False(t, first.Replayed)

	again, err := w.v.Issue(t.Context(), department(0), w.complete(food("k1", "JY13501020000011")))
	require.NoError(t, err)
	require.True(t, again.Replayed)
	again.Replayed = false
	require.Equal(t, first, again)

	other := w.complete(food("k1", "JY13501020000012"))
	_, err = w.v.Issue(t.Context(), department(0), other)
	require.ErrorIs(t, err, vault.ErrKeyReused)

	_, err = w.v.Issue(t.Context(), department(0), w.complete(food("k2", "JY13501020000011")))
	require.ErrorIs(t, err, vault.ErrExists)
}

// A licence is seen by a look-up at once, with its version, and compared field by field (A70, A78).
func TestLookupAndCompare_A70_A78(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k1", "JY13501020000011")
	res, err := w.v.Lookup(t.Context(), byLaw(), vault.Query{Identifier: a.Identifier, Receipt: true})
	require.NoError(t, err)
	require.Len(t, res.Found, 1)
	require.Equal(t, "JY13501020000011", res.Found[0].Value("ZZBH"))
	require.NotEmpty(t, res.Receipt.Signature)

	res, err = w.v.Lookup(t.Context(), byLaw(), vault.Query{HolderKind: "001", HolderCode: firm(1)})
	require.NoError(t, err)
	require.Len(t, res.Found, 1)

	res, err = w.v.Lookup(t.Context(), byLaw(), vault.Query{Type: foodType, Number: "JY13501020000011"})
	require.NoError(t, err)
	require.Len(t, res.Found, 1)

	c, err := w.v.Compare(t.Context(), byLaw(), vault.Query{Identifier: a.Identifier}, map[string]string{
		"CZZT": "示例食品有限公司 ", "ZZBFRQ": "2026.3.1", "KZ_ZS": "别处",
	})
	require.NoError(t, err, problemsOf(err))
	require.Equal(t, "different", c.Result)
	require.Len(t, c.Fields, 3)
}

// TestUsedPaperTakesNoNumber: a paper that is used already is refused before a number is taken, so nothing hangs.
func TestUsedPaperTakesNoNumber(t *testing.T) {
	w := newWorld(t)
	w.issue("k", "JY13501020000011")
	req := w.complete(food("auto", ""))
	req.Division, req.Paper = "350102", "纸JY13501020000011"
	_, err := w.v.Issue(t.Context(), department(0), req)
	require.ErrorIs(t, err, vault.ErrPaperUsed)
	open, err := w.v.Reconcile(t.Context(), department(0))
	require.NoError(t, err)
	require.Empty(t, open)
	uses, err := w.v.Numbers(t.Context(), department(0), foodType)
	require.NoError(t, err)
	require.Empty(t, uses)
	req.Paper = "P-2" // the same key: a refusal keeps no answer
	_, err = w.v.Issue(t.Context(), department(0), req)
	require.NoError(t, err, problemsOf(err))
	CheckVault(t, w.v)
}

func TestReserveConfirm_A72(t *testing.T) {
	w := newWorld(t)
	req := w.complete(food("r1", ""))
	req.Paper, req.Division = "", "350102"
	ticket, err := w.v.Reserve(t.Context(), department(0), req)
	require.NoError(t, err, problemsOf(err))
	require.Equal(t, vault.Reserved, ticket.State)
	require.NotEmpty(t, ticket.Number)
	open, err := w.v.Reconcile(t.Context(), department(0))
	require.NoError(t, err)
	require.Len(t, open, 1)
	res, err := w.v.Lookup(t.Context(), byLaw(), vault.Query{Identifier: ticket.Identifier})
	require.NoError(t, err)
	require.Empty(t, res.Found)

	done, err := w.v.Confirm(t.Context(), department(0), vault.Confirmation{
		Key: "c1", Identifier: ticket.Identifier, Paper: "P-1",
	})
	require.NoError(t, err, problemsOf(err))
	require.Equal(t, 1, done.Version)

	auto := w.complete(food("auto", ""))
	auto.Division = "350102"
	auto.Paper = "P-2"
	a, err := w.v.Issue(t.Context(), department(0), auto)
	require.NoError(t, err, problemsOf(err))
	require.NotEqual(t, ticket.Number, a.Number)
	again, err := w.v.Issue(t.Context(), department(0), auto)
	require.NoError(t, err)
	require.True(t, again.Replayed)
	uses, err := w.v.Numbers(t.Context(), department(0), foodType)
	require.NoError(t, err)
	require.Len(t, uses, 2)
	require.Equal(t, []string{ticket.Number, a.Number}, []string{uses[0].Number, uses[1].Number})

	more := w.complete(food("r2", ""))
	more.Paper, more.Division = "", "350102"
	hanging, err := w.v.Reserve(t.Context(), department(0), more)
	require.NoError(t, err, problemsOf(err))
	uses, err = w.v.Numbers(t.Context(), department(0), foodType)
	require.NoError(t, err)
	require.Equal(t, hanging.Number, uses[2].Number)
	_, err = w.v.Void(t.Context(), department(0), "v1", hanging.Identifier, "打印作废")
	require.NoError(t, err)
	uses, err = w.v.Numbers(t.Context(), department(0), foodType)
	require.NoError(t, err)
	require.Equal(t, vault.Voided, uses[2].State)
	require.Equal(t, "打印作废", uses[2].Reason)
}

func TestLife(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k1", "JY13501020000011")
	act := vault.Act{Key: "a1", Identifier: a.Identifier, Basis: "食品安全法第一百二十二条", Reason: "整改"}
	s, err := w.v.Suspend(t.Context(), department(0), act)
	require.NoError(t, err, problemsOf(err))
	require.Equal(t, vault.Suspended, s.State)
	act.Key = "a2"
	_, err = w.v.Resume(t.Context(), department(0), act)
	require.NoError(t, err)
	act.Key, act.Values = "a3", map[string]string{"KZ_ZS": "新址一号"}
	ch, err := w.v.Change(t.Context(), department(0), act)
	require.NoError(t, err, problemsOf(err))
	require.Equal(t, 2, ch.Version)
	act.Key, act.Values, act.Kind = "a4", nil, record.EventCancelled
	end, err := w.v.Revoke(t.Context(), department(0), act)
	require.NoError(t, err)
	require.Equal(t, vault.Cancelled, end.State)
	_, err = w.v.Checkpoint(t.Context())
	require.NoError(t, err)
	hist, err := w.v.History(t.Context(), department(0), a.Identifier)
	require.NoError(t, err)
	require.Len(t, hist, 5)
	require.NotEmpty(t, hist[4].Proof)
	b, err := w.v.Bundle(t.Context(), department(0), a.Identifier)
	require.NoError(t, err)
	require.NotEmpty(t, b.Proof)
}

// Readers in great number at once each have their audit entry, in one unbroken chain.
func TestAuditTogether(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k1", "JY13501020000011")
	before, err := w.v.Inspect(t.Context(), operator(), nil)
	require.NoError(t, err)
	const readers, each = 40, 25
	var all sync.WaitGroup
	for range readers {
		all.Go(func() {
			for range each {
				if _, err := w.v.Lookup(t.Context(), byLaw(), vault.Query{Identifier: a.Identifier}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	after, err := w.v.Inspect(t.Context(), operator(), nil)
	require.NoError(t, err)
	require.Empty(t, after.Findings)
	require.Equal(t, before.AuditEntries+readers*each+1, after.AuditEntries)
}

// TestHolderKindTold: a clerk need not say what a code's check digit says; what cannot be told is asked for, by Validate
// too.
func TestHolderKindTold(t *testing.T) {
	w := newWorld(t)
	req := w.complete(food("k", "JY13501020000011"))
	delete(req.Values, "CZZTDMLXDM")
	notes, err := w.v.Validate(t.Context(), department(0), req)
	require.NoError(t, err, problemsOf(err))
	require.Contains(t, notes, vault.Note{Field: "CZZTDMLXDM", Code: vault.CodeHolderKindTold, New: "001"})
	a, err := w.v.Issue(t.Context(), department(0), req)
	require.NoError(t, err, problemsOf(err))
	res, err := w.v.Lookup(t.Context(), byLaw(), vault.Query{Identifier: a.Identifier})
	require.NoError(t, err)
	require.Equal(t, "001", res.Found[0].Value("CZZTDMLXDM"))

	slip := w.complete(food("k2", "JY13501020000012"))
	delete(slip.Values, "CZZTDMLXDM")
	slip.Values["CZZTDM"] = firm(1)[:17] + "9" // no 其他法人 code, but a credit code with a slip
	_, err = w.v.Validate(t.Context(), department(0), slip)
	require.Equal(t, []vault.Code{"uscc_check"}, codesOf(err))
	_, err = w.v.Issue(t.Context(), department(0), slip)
	require.Equal(t, []vault.Code{"uscc_check"}, codesOf(err))
}

func TestHolderKindOf(t *testing.T) {
	for _, c := range []struct {
		code    string
		allowed []string
		want    string
	}{
		{firm(1), []string{"099", "001"}, "001"},
		{"11010519491231002X", []string{"001", "111"}, "111"},
		{firm(1) + "^x", []string{"001"}, "001"},
		{"闽字123", []string{"001", "099"}, "099"},
		{"E1234567", []string{"111", "414", "511"}, ""},
		{firm(1)[:17] + "9", []string{"001", "099"}, ""},
		{"110105194912310021", []string{"111", "999"}, ""},
		{"", []string{"001"}, ""},
	} {
		require.Equal(t, c.want, vault.HolderKindOf(c.code, c.allowed), c.code)
	}
}
