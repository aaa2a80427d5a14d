package vault_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// TestNeverSuperseded_A70: while a licence changes, every look-up, whichever way it asks, gives a version at least as
// new as the last one that was answered to the department before it asked, and with that version's values.
func TestNeverSuperseded_A70(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k", number(1))
	var answered atomic.Int64
	answered.Store(1)
	queries := []vault.Query{
		{Identifier: a.Identifier}, {Type: foodType, Number: number(1)}, {HolderKind: "001", HolderCode: firm(1)},
		{Type: foodType, Issuer: fixtures.Departments()[0].Code},
	}
	name := func(version int) string { return fmt.Sprintf("示例第%d版有限公司", version) }
	done := make(chan struct{})
	var readers sync.WaitGroup
	for i := range queries {
		readers.Go(func() {
			for last := false; !last; {
				select {
				case <-done:
					last = true // once more, after the last change
				default:
				}
				least := answered.Load()
				res, err := w.v.Lookup(t.Context(), byLaw(), queries[i])
				if err != nil || len(res.Found) != 1 {
					t.Errorf("%v: %d found, %v", queries[i], len(res.Found), err)
					return
				}
				f := &res.Found[0]
				id, err := code.ParseIdentifier(f.Identifier)
				if err != nil || int64(id.Version) < least || id.Version > 1 && f.Value("CZZT") != name(id.Version) {
					t.Errorf("version %d with %q where %d was answered", id.Version, f.Value("CZZT"), least)
				}
			}
		})
	}
	for version := 2; version <= 20; version++ {
		ch, err := w.v.Change(t.Context(), department(0), vault.Act{
			Key: fmt.Sprint(version), Identifier: a.Identifier, Basis: "依据", Reason: "更正",
			Values: map[string]string{"CZZT": name(version)},
		})
		require.NoError(t, err, problemsOf(err))
		require.Equal(t, version, ch.Version, "each change carries its version number")
		answered.Store(int64(version))
	}
	close(done)
	readers.Wait()
}

// TestCompareStates_A78: the answer says what the licence is worth on that day, in the words of the field; the receipt
// says the same.
func TestCompareStates_A78(t *testing.T) {
	w := newWorld(t)
	claims := map[string]string{"CZZT": "示例食品有限公司"}
	compare := func(q vault.Query) *vault.Comparison {
		t.Helper()
		c, err := w.v.Compare(t.Context(), byLaw(), q, claims)
		require.NoError(t, err, problemsOf(err))
		r, err := record.ParseReceipt(c.Receipt.Raw)
		require.NoError(t, err)
		require.Equal(t, []string{c.Result, string(c.State)}, []string{r.Result, r.State})
		require.Equal(t, w.now.UTC().Truncate(time.Microsecond), r.Time, "when it was said")
		return c
	}
	end := func(number string, kind record.Kind, do actFunc) vault.Query {
		a := w.issue("of "+number, number)
		_, err := do(w.v, t.Context(), department(0), vault.Act{
			Key: "end " + number, Identifier: a.Identifier, Kind: kind, Basis: "依据", Reason: "理由",
		})
		require.NoError(t, err, problemsOf(err))
		return vault.Query{Identifier: a.Identifier}
	}
	valid := vault.Query{Identifier: w.issue("valid", number(1)).Identifier}
	issued := w.now.UTC().Truncate(time.Microsecond)
	later := w.complete(food("later", number(2)))
	later.Values["ZZYXQQSRQ"], later.Values["ZZYXQJZRQ"] = "2026-03-10", "2031-03-09"
	begins, err := w.v.Issue(t.Context(), department(0), later)
	require.NoError(t, err, problemsOf(err))
	for name, c := range map[string]struct {
		q     vault.Query
		state vault.State
	}{
		"有效":     {valid, vault.Valid},
		"未生效":    {vault.Query{Identifier: begins.Identifier}, vault.NotYetValid},
		"暂停":     {end(number(3), record.EventSuspended, (*vault.Vault).Suspend), vault.Suspended},
		"失效（注销）": {end(number(4), record.EventCancelled, (*vault.Vault).Revoke), vault.Cancelled},
		"失效（吊销）": {end(number(5), record.EventRevoked, (*vault.Vault).Revoke), vault.Revoked},
		"失效（撤销）": {end(number(6), record.EventAnnulled, (*vault.Vault).Revoke), vault.Annulled},
	} {
		got := compare(c.q)
		require.Equal(t, c.state, got.State, name)
		require.Equal(t, name, got.State.Chinese())
		require.Equal(t, "matched", got.Result, "the values are what they are")
	}
	w.now = w.now.AddDate(6, 0, 0)
	got := compare(valid)
	require.Equal(t, vault.Expired, got.State)
	require.Equal(t, "失效（过期）", got.State.Chinese())
	require.Equal(t, issued.Format(time.RFC3339), got.SourceTime, "the age of the source is told")

	none := compare(vault.Query{Type: foodType, Number: number(77)})
	require.Equal(t, string(vault.NotConverted), none.Result)
	require.Empty(t, none.Fields)
	silent := compare(vault.Query{Type: shippedCode("business-licence"), Number: number(77)})
	require.Equal(t, string(vault.SourceSilent), silent.Result)

	require.NoError(t, w.v.MarkRestored(t.Context())) // 暂不可用: an answer of an older state is none
	c, err := w.v.Compare(t.Context(), byLaw(), valid, claims)
	require.ErrorIs(t, err, vault.ErrRestored)
	require.Nil(t, c)
}

// TestCompareVerdicts_A78: an element that the licence does not have is 缺失, whatever is claimed, and makes no match.
func TestCompareVerdicts_A78(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k", number(1))
	lt, err := w.v.Type(t.Context(), foodType)
	require.NoError(t, err)
	optional := ""
	for _, f := range lt.Definition.Fields {
		if !f.Rules.Required {
			optional = f.Name
			break
		}
	}
	require.NotEmpty(t, optional)
	c, err := w.v.Compare(t.Context(), byLaw(), vault.Query{Identifier: a.Identifier}, map[string]string{
		"CZZT": "示例食品有限公司", "ZZBFRQ": "2026-03-02", optional: "示例",
	})
	require.NoError(t, err, problemsOf(err))
	words := map[string]string{}
	for _, f := range c.Fields {
		words[f.Field] = f.Verdict.Chinese()
	}
	require.Equal(t, map[string]string{"CZZT": "一致", "ZZBFRQ": "不一致", optional: "缺失"}, words)
	require.Equal(t, "different", c.Result)
	c, err = w.v.Compare(t.Context(), byLaw(), vault.Query{Identifier: a.Identifier}, map[string]string{
		"CZZT": "示例食品有限公司", optional: "",
	})
	require.NoError(t, err, problemsOf(err))
	require.Equal(t, "missing", c.Result, "nothing claimed of nothing is no match")
}

// TestCorrection_D1_7: what is corrected once is corrected in every answer: values, comparison, proof, document and the
// lists of both holders; the version before stays what it was on its days and is current in none.
func TestCorrection_D1_7(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k", number(1))
	_, err := w.v.Attach(t.Context(), department(0), a.Identifier, "ofd", []byte("of the first version"))
	require.NoError(t, err)
	w.now = w.now.AddDate(0, 0, 3)
	ch, err := w.v.Change(t.Context(), department(0), vault.Act{
		Key: "c", Identifier: a.Identifier, Basis: "依据", Reason: "更正",
		Values: map[string]string{"CZZTDM": firm(2), "CZZT": "示例受让有限公司"},
	})
	require.NoError(t, err, problemsOf(err))
	former, now := map[string]string{"CZZT": "示例食品有限公司"}, map[string]string{"CZZT": "示例受让有限公司"}
	for _, identifier := range []string{a.Identifier, ch.Identifier} {
		q := vault.Query{Identifier: identifier}
		c, err := w.v.Compare(t.Context(), byLaw(), q, former)
		require.NoError(t, err)
		require.Equal(t, "different", c.Result)
		c, err = w.v.Compare(t.Context(), byLaw(), q, now)
		require.NoError(t, err)
		require.Equal(t, "matched", c.Result)
		require.Equal(t, ch.Identifier, c.Identifier)
		b, err := w.v.Bundle(t.Context(), byLaw(), identifier)
		require.NoError(t, err)
		require.Equal(t, ch.Record, record.Sum(b.Record))
		st, err := record.ParseStatus(b.Status)
		require.NoError(t, err)
		require.Equal(t, []any{ch.Identifier, 2, ch.Record}, []any{st.Identifier, st.Version, st.Record})
		res, err := w.v.Lookup(t.Context(), byLaw(), q)
		require.NoError(t, err)
		for _, doc := range res.Found[0].Documents {
			require.Equal(t, 1, doc.Version, "a document says of which version it is")
		}
	}
	for holder, want := range map[string]int{firm(1): 0, firm(2): 1} {
		res, err := w.v.Lookup(t.Context(), byLaw(), vault.Query{HolderKind: "001", HolderCode: holder})
		require.NoError(t, err)
		require.Len(t, res.Found, want)
	}
	for _, holder := range []string{firm(1), firm(2)} { // by their own login too
		me := w.asHolder("001", holder, vault.LevelCertificate)
		res, err := w.v.Lookup(t.Context(), me, vault.Query{Identifier: ch.Identifier})
		require.NoError(t, err)
		require.Equal(t, holder == firm(2), len(res.Found) == 1)
	}
	m, err := w.v.AsOf(t.Context(), byLaw(), a.Identifier, day("2026-03-03"), time.Time{})
	require.NoError(t, err)
	require.Equal(t, "示例食品有限公司", m.Version.Value("CZZT"), "on its days it was in force")
}
