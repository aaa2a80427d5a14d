package vault_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/enginetest"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/ledger"
)

// reopen is another process on an engine.
func (w *world) reopen(e engine.Engine, published *ledger.Checkpoint) *world {
	w.t.Helper()
	c := *w
	c.engine, c.config.Engine, c.config.Published = e, e, published
	c.config.Now = func() time.Time { return c.now }
	var err error
	c.v, err = vault.Open(w.t.Context(), c.config)
	require.NoError(w.t, err)
	return &c
}

// published is the checkpoint of the moment.
func (w *world) published() ledger.Checkpoint {
	w.t.Helper()
	text, err := w.v.Checkpoint(w.t.Context())
	require.NoError(w.t, err)
	cp, err := ledger.ParseCheckpoint(text, w.ledgerKeys()...)
	require.NoError(w.t, err)
	return cp.Checkpoint
}

func (w *world) issueAuto(key string) (*vault.Answer, error) {
	req := w.complete(food(key, ""))
	req.Division, req.Paper = "350102", "纸"+key
	return w.v.Issue(w.t.Context(), department(0), req)
}

// disaster is a vault, a backup of it, and what it recorded and published after the backup.
type disaster struct {
	*world
	backup  engine.Engine
	last    ledger.Checkpoint // published
	numbers []string          // given after the backup
}

func newDisaster(t *testing.T) *disaster {
	t.Helper()
	w := newWorld(t)
	for i := range 3 {
		_, err := w.issueAuto(fmt.Sprint("before", i))
		require.NoError(t, err)
	}
	w.published()
	d := &disaster{world: w, backup: memory.New()}
	copyEngine(t, w.engine, d.backup)
	for i := range 4 {
		a, err := w.issueAuto(fmt.Sprint("after", i))
		require.NoError(t, err)
		d.numbers = append(d.numbers, a.Number)
	}
	req := w.complete(food("elsewhere", "")) // a series that the backup knows nothing of
	req.Division, req.Paper = "350103", "纸别处"
	a, err := w.v.Issue(t.Context(), department(0), req)
	require.NoError(t, err)
	d.numbers = append(d.numbers, a.Number)
	d.last = w.published()
	a, err = w.issueAuto("after the checkpoint")
	require.NoError(t, err)
	d.numbers = append(d.numbers, a.Number)
	return d
}

// TestRestoredStaysClosed: the mark outlives restarts, other processes see it in the transaction of every write, and an
// engine that was put back without it is noticed by the published checkpoint alone.
func TestRestoredStaysClosed(t *testing.T) {
	d := newDisaster(t)
	before := d.reopen(d.backup, nil) // a process that was there before the mark
	marks := d.reopen(d.backup, nil)
	require.NoError(t, marks.v.MarkRestored(t.Context()))
	for name, w := range map[string]*world{
		"the one that marked": marks, "restarted": d.reopen(d.backup, nil), "another process": before,
	} {
		_, err := w.issueAuto("x" + name)
		require.ErrorIs(t, err, vault.ErrRestored, name)
		_, err = w.v.Checkpoint(t.Context())
		require.ErrorIs(t, err, vault.ErrRestored, name)
		_, err = w.v.Lookup(t.Context(), byLaw(), vault.Query{Type: foodType, Number: d.numbers[0]})
		require.ErrorIs(t, err, vault.ErrRestored, name)
		_, err = w.v.Lookup(t.Context(), department(0), vault.Query{Type: foodType, Number: d.numbers[0]})
		require.NoError(t, err, "%s: a department reads its own", name)
	}
	p, err := before.v.Pending(t.Context(), operator())
	require.NoError(t, err)
	require.True(t, p.Restored)

	silent := memory.New() // a snapshot of a disk that nobody marked
	copyEngine(t, d.backup, silent)
	remove(t, silent, "R")
	w := d.reopen(silent, &d.last)
	_, err = w.issueAuto("silent")
	require.ErrorIs(t, err, vault.ErrRestored)
	w = d.reopen(silent, nil)
	_, err = w.issueAuto("silent")
	require.ErrorIs(t, err, vault.ErrRestored, "what was noticed once stays so")

	for name, change := range map[string]func(*ledger.Checkpoint){
		"another history": func(cp *ledger.Checkpoint) { cp.Root[0] ^= 1 },
		"another ledger":  func(cp *ledger.Checkpoint) { cp.Origin = "other.example" },
	} {
		e := memory.New()
		copyEngine(t, d.engine, e)
		cp := d.last
		change(&cp)
		_, err := d.reopen(e, &cp).issueAuto("changed")
		require.ErrorIs(t, err, vault.ErrRestored, name)
	}
	_, err = d.reopen(d.engine, &d.last).issueAuto("in order")
	require.NoError(t, err)
}

// TestCaughtUp: caught up by one process, the vault is open to all.
func TestCaughtUp(t *testing.T) {
	d := newDisaster(t)
	same := memory.New()
	copyEngine(t, d.engine, same)
	one, two := d.reopen(same, nil), d.reopen(same, nil)
	require.NoError(t, one.v.MarkRestored(t.Context()))
	_, err := two.issueAuto("early")
	require.ErrorIs(t, err, vault.ErrRestored)
	ahead := d.last
	ahead.Size++
	refused := one.newEntries(func() {
		require.ErrorIs(t, one.v.CatchUp(t.Context(), operator(), ahead), vault.ErrRestored)
	})
	require.Len(t, refused, 1)
	require.Equal(t, string(vault.CodeCheckpoint), refused[0].Result)
	require.NoError(t, one.v.CatchUp(t.Context(), operator(), d.last))
	for i, w := range []*world{one, two, d.reopen(same, &d.last)} {
		_, err := w.issueAuto(fmt.Sprint("open", i))
		require.NoError(t, err)
	}
	_, err = one.v.Lookup(t.Context(), byLaw(), vault.Query{Type: foodType, Number: d.numbers[0]})
	require.NoError(t, err)
	CheckVault(t, one.v)
}

// TestRestoredTakesClassification_A69: a classification that the backup does not know can be put in force before the
// vault opens, and nothing else.
func TestRestoredTakesClassification_A69(t *testing.T) {
	d := newDisaster(t)
	w := d.reopen(d.backup, nil)
	require.NoError(t, w.v.MarkRestored(t.Context()))
	_, err := w.redefine(foodType, func(def *catalogue.Type) { def.Name = "示例" })
	require.ErrorIs(t, err, vault.ErrRestored)
	w.reclassify(foodType, catalogue.LevelSecret)
	_, err = w.redefine(foodType, func(def *catalogue.Type) {
		def.Classification = catalogue.Classification{Level: catalogue.LevelPublic, Reason: "解密", Decided: "2026-03-02"}
	})
	require.ErrorIs(t, err, vault.ErrRestored)
}

// TestAcceptLoss_D1_4: what cannot be restored is given up with a reason: no number and no place is given twice, every
// gap is explained, nothing is said to have never been issued, and every checkpoint says what is lost.
func TestAcceptLoss_D1_4(t *testing.T) {
	d := newDisaster(t)
	w := d.reopen(d.backup, nil)
	issuer := fixtures.Departments()[0].Code
	require.NoError(t, w.v.DeclareComplete(t.Context(), department(0), foodType, issuer, ""))
	require.NoError(t, w.v.MarkRestored(t.Context()))
	require.ErrorIs(t, w.v.CatchUp(t.Context(), operator(), d.last), vault.ErrRestored)
	loss := vault.Loss{Published: d.last, Beyond: 10, Reason: "机房失火，此后的备份一并损毁"}
	entries := w.newEntries(func() {
		lost, err := w.v.AcceptLoss(t.Context(), operator(), loss)
		require.NoError(t, err, problemsOf(err))
		require.Equal(t, d.last.Size, lost.Published)
		require.Equal(t, d.last.Size+10, lost.To)
		require.Less(t, lost.From, d.last.Size)
		require.False(t, lost.Known.IsZero())
	})
	require.Len(t, entries, 2)
	for i, result := range []string{"begun", "opened"} {
		require.Equal(t, []string{"accept-loss", result, loss.Reason},
			[]string{entries[i].Act, entries[i].Result, entries[i].Reason})
	}
	w = d.reopen(d.backup, &d.last) // which is disowned, and no news any more

	given := map[string]bool{}
	for _, n := range d.numbers {
		given[n] = true
	}
	for i := range 3 {
		a, err := w.issueAuto(fmt.Sprint("anew", i))
		require.NoError(t, err, problemsOf(err))
		require.False(t, given[a.Number], "a number twice")
	}
	for i, division := range []string{"350103", "350104"} {
		req := w.complete(food(fmt.Sprint("division", i), ""))
		req.Division, req.Paper = division, fmt.Sprint("纸乙", i)
		a, err := w.v.Issue(t.Context(), department(0), req)
		require.NoError(t, err, problemsOf(err))
		require.False(t, given[a.Number], "a number twice, in a series that the backup had not")
	}
	uses, err := w.v.Numbers(t.Context(), department(0), foodType)
	require.NoError(t, err)
	require.Equal(t, uses, w.numbersBy(1), "runs too, page by page")
	require.Equal(t, uses, w.numbersBy(len(uses)))
	explained := map[string]map[uint64]bool{}
	runs := 0
	for _, u := range uses {
		if explained[u.Scope] == nil {
			explained[u.Scope] = map[uint64]bool{}
		}
		for n := u.Sequence; n <= max(u.Sequence, u.Through); n++ {
			require.False(t, explained[u.Scope][n], "explained twice")
			explained[u.Scope][n] = true
		}
		if u.Through > 0 {
			runs++
			require.Equal(t, loss.Reason, u.Reason)
		}
	}
	require.Equal(t, 3, runs)
	for scope, numbers := range explained {
		for n := range uint64(len(numbers)) {
			require.True(t, numbers[n+1], "%s: a gap without an explanation at %d", scope, n+1)
		}
	}

	res, err := w.v.Lookup(t.Context(), byLaw(), vault.Query{Type: foodType, Number: d.numbers[0], Issuer: issuer})
	require.NoError(t, err)
	require.Empty(t, res.Found)
	require.Equal(t, vault.NotConverted, res.Absence, "it was issued, and the vault has lost it")

	text, err := w.v.Checkpoint(t.Context())
	require.NoError(t, err)
	now, err := ledger.ParseCheckpoint(text, w.ledgerKeys()...)
	require.NoError(t, err)
	require.Greater(t, now.Size, d.last.Size)
	require.Equal(t, []string{ledger.LostLine(lostFrom(t, w), d.last.Size+10, d.last.Root)}, now.Extensions)
	_, err = w.v.Growth(t.Context(), d.last.Size)
	require.Equal(t, []vault.Code{vault.CodeLedgerLost}, codesOf(err))
	_, err = w.v.Growth(t.Context(), lostFrom(t, w))
	require.NoError(t, err, "what was before the loss stands")
	in := CheckVault(t, w.v)
	require.Equal(t, int(d.last.Size+10-lostFrom(t, w)), in.Void)
}

// lostFrom is where the ledger of the backup ended.
func lostFrom(t *testing.T, w *world) uint64 {
	t.Helper()
	for k := range content(t, w.engine) {
		if k[0] == 'L' {
			return uint64(k[8])
		}
	}
	return 0
}

// TestAcceptLossRefusals: only with a reason, only by an operator, only where something is lost.
func TestAcceptLossRefusals(t *testing.T) {
	d := newDisaster(t)
	open := memory.New()
	copyEngine(t, d.backup, open)
	w := d.reopen(d.backup, nil)
	require.NoError(t, w.v.MarkRestored(t.Context()))
	good := vault.Loss{Published: d.last, Reason: "理由"}
	with := func(change func(*vault.Loss)) vault.Loss {
		l := good
		change(&l)
		return l
	}
	earlier, far := d.last, d.last
	earlier.Size, far.Size = 2, 1<<40
	before := content(t, d.backup)
	for name, c := range map[string]struct {
		v    *vault.Vault
		a    vault.Access
		loss vault.Loss
		want vault.Code
	}{
		"no operator":       {w.v, department(0), good, vault.CodeNotOperator},
		"no reason":         {w.v, operator(), with(func(l *vault.Loss) { l.Reason = "" }), vault.CodeReasonMissing},
		"a bad reason":      {w.v, operator(), with(func(l *vault.Loss) { l.Reason = "a\nb" }), vault.CodeReasonMissing},
		"no checkpoint":     {w.v, operator(), with(func(l *vault.Loss) { l.Published = ledger.Checkpoint{} }), vault.CodeCheckpoint},
		"of another ledger": {w.v, operator(), with(func(l *vault.Loss) { l.Published.Origin = "x" }), vault.CodeCheckpoint},
		"nothing is lost":   {w.v, operator(), with(func(l *vault.Loss) { l.Published = earlier }), vault.CodeCheckpoint},
		"too much":          {w.v, operator(), with(func(l *vault.Loss) { l.Beyond = 1 << 30 }), vault.CodeCheckpoint},
		"too far away":      {w.v, operator(), with(func(l *vault.Loss) { l.Published = far }), vault.CodeCheckpoint},
		"beyond counting":   {w.v, operator(), with(func(l *vault.Loss) { l.Beyond = 1<<64 - 1 }), vault.CodeCheckpoint},
		"not closed":        {d.reopen(open, nil).v, operator(), good, vault.CodeNotRestored},
	} {
		engineOf := d.backup
		if c.want == vault.CodeNotRestored {
			engineOf = open
		}
		asked := d.reopen(engineOf, nil)
		audits := asked.audits()
		lost, err := c.v.AcceptLoss(t.Context(), c.a, c.loss)
		require.Equal(t, []vault.Code{c.want}, codesOf(err), name)
		require.Nil(t, lost)
		entries := asked.auditEntries()
		require.Len(t, entries, audits+1, name)
		require.Equal(t, string(c.want), entries[audits].Result, name)
	}
	require.Equal(t, before, content(t, d.backup))
}

// TestAcceptLossFaults: broken off at any step it goes on, with the same loss alone, and ends the same.
func TestAcceptLossFaults(t *testing.T) {
	d := newDisaster(t)
	loss := vault.Loss{Published: d.last, Beyond: 3, Reason: "理由"}
	reached := false
	for _, fault := range []enginetest.Fault{enginetest.Before, enginetest.After, enginetest.Lost} {
		for n := range 7 {
			inner := memory.New()
			copyEngine(t, d.backup, inner)
			f := enginetest.NewFaulty(inner, nil)
			w := d.reopen(f, nil)
			require.NoError(t, w.v.MarkRestored(t.Context()))
			f.SetPlan(enginetest.At(n, fault))
			_, err := w.v.AcceptLoss(t.Context(), operator(), loss)
			reached = reached || err != nil && n == 5
			f.SetPlan(nil)
			w = d.reopen(f, nil)
			if err != nil {
				require.ErrorIs(t, err, enginetest.ErrInjected, "%v %d", fault, n)
				p, err := w.v.Pending(t.Context(), operator())
				require.NoError(t, err)
				if p.Restored {
					_, err = w.v.AcceptLoss(t.Context(), operator(), loss)
					require.NoError(t, err, "%v %d: %s", fault, n, problemsOf(err))
				}
			}
			a, err := w.issueAuto("anew")
			require.NoError(t, err, problemsOf(err))
			require.NotContains(t, d.numbers, a.Number)
			in := CheckVault(t, w.v)
			require.Equal(t, int(d.last.Size+3-lostFrom(t, w)), in.Void, "%v %d", fault, n)
		}
	}
	require.True(t, reached, "the last step met a fault too")
}

// TestAnotherLoss_D1_4: an acceptance that was broken off goes on with its own loss alone.
func TestAnotherLoss_D1_4(t *testing.T) {
	d := newDisaster(t)
	loss := vault.Loss{Published: d.last, Beyond: 3, Reason: "理由"}
	f := enginetest.NewFaulty(d.backup, nil)
	w := d.reopen(f, nil)
	require.NoError(t, w.v.MarkRestored(t.Context()))
	f.SetPlan(enginetest.At(2, enginetest.Before)) // the decision is written down
	_, err := w.v.AcceptLoss(t.Context(), operator(), loss)
	require.ErrorIs(t, err, enginetest.ErrInjected)
	f.SetPlan(nil)
	before := content(t, d.backup)
	for name, change := range map[string]func(*vault.Loss){
		"another reason":   func(l *vault.Loss) { l.Reason = "别的理由" },
		"less beyond":      func(l *vault.Loss) { l.Beyond = 0 },
		"another root":     func(l *vault.Loss) { l.Published.Root[0] ^= 1 },
		"a shorter ledger": func(l *vault.Loss) { l.Published.Size--; l.Beyond++ },
	} {
		other := loss
		change(&other)
		_, err = w.v.AcceptLoss(t.Context(), operator(), other)
		require.Equal(t, []vault.Code{vault.CodeCheckpoint}, codesOf(err), name)
		require.Equal(t, before, content(t, d.backup), name)
	}
	_, err = w.v.AcceptLoss(t.Context(), operator(), loss)
	require.NoError(t, err, problemsOf(err))
	CheckVault(t, w.v)
}

// TestLossAfterLoss: a backup that was taken right after a loss is restored in its turn.
func TestLossAfterLoss(t *testing.T) {
	d := newDisaster(t)
	w := d.reopen(d.backup, nil)
	require.NoError(t, w.v.MarkRestored(t.Context()))
	_, err := w.v.AcceptLoss(t.Context(), operator(), vault.Loss{Published: d.last, Reason: "第一次"})
	require.NoError(t, err)
	again := memory.New()
	copyEngine(t, d.backup, again)
	first, err := w.issueAuto("between")
	require.NoError(t, err)
	w.now = w.now.Add(time.Hour)
	published := w.published()
	w = w.reopen(again, &published)
	lost, err := w.v.AcceptLoss(t.Context(), operator(), vault.Loss{Published: published, Reason: "第二次"})
	require.NoError(t, err, problemsOf(err))
	require.Equal(t, d.last.Size, lost.From)
	second, err := w.issueAuto("anew")
	require.NoError(t, err)
	require.NotEqual(t, first.Number, second.Number)
	text, err := w.v.Checkpoint(t.Context())
	require.NoError(t, err)
	cp, err := ledger.ParseCheckpoint(text, w.ledgerKeys()...)
	require.NoError(t, err)
	require.Len(t, cp.Extensions, 2)
	CheckVault(t, w.v)
}

// TestSeriesOfLaterYears: a series that cannot have begun before the loss passes nothing over.
func TestSeriesOfLaterYears(t *testing.T) {
	d := newDisaster(t)
	w := d.reopen(d.backup, nil)
	require.NoError(t, w.v.MarkRestored(t.Context()))
	_, err := w.v.AcceptLoss(t.Context(), operator(), vault.Loss{Published: d.last, Beyond: 5, Reason: "理由"})
	require.NoError(t, err)
	lt, err := w.v.Type(t.Context(), foodType)
	require.NoError(t, err)
	w.now = w.now.AddDate(1, 0, 0)
	req := w.complete(food("later", ""))
	req.Division, req.Paper = "350105", "纸次年"
	req.Values["ZZBFRQ"], req.Values["ZZYXQQSRQ"], req.Values["ZZYXQJZRQ"] = "2027-03-01", "2027-03-01", "2032-02-29"
	a, err := w.v.Issue(t.Context(), department(0), req)
	require.NoError(t, err, problemsOf(err))
	in, err := lt.Definition.Numbering.Parse(a.Number)
	require.NoError(t, err)
	byYear := false
	for _, s := range lt.Definition.Numbering.Scope {
		byYear = byYear || s == "year"
	}
	require.Equal(t, byYear, in.Sequence == 1, "%v", lt.Definition.Numbering)
}
