package vault_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/enginetest"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// writes are the keyed writes, each as a call that can be repeated and varied.
func writes(w *world) map[string]func(key string, other bool) (*vault.Answer, error) {
	text := func(other bool) string {
		if other {
			return "另一理由"
		}
		return "理由"
	}
	ctx := context.Background()
	fresh := func(n string) *vault.Answer { return w.issue("for "+n, n) }
	targets := map[string]*vault.Answer{
		"suspend": fresh("JY13501020000101"), "change": fresh("JY13501020000102"), "revoke": fresh("JY13501020000103"),
	}
	reserve := func(key string) *vault.Answer {
		req := w.complete(food(key, ""))
		req.Division = "350102"
		a, err := w.v.Reserve(ctx, department(0), req)
		require.NoError(w.t, err)
		return a
	}
	confirmed, voided := reserve("to confirm"), reserve("to void")
	return map[string]func(string, bool) (*vault.Answer, error){
		"issue": func(key string, other bool) (*vault.Answer, error) {
			req := w.complete(food(key, "JY13501020000111"))
			if other {
				req.Values["CZZT"] = "示例其他有限公司"
			}
			return w.v.Issue(ctx, department(0), req)
		},
		"issue without number": func(key string, other bool) (*vault.Answer, error) {
			req := w.complete(food(key, ""))
			req.Division, req.Paper = "350102", "纸甲"
			if other {
				req.Paper = "纸乙"
			}
			return w.v.Issue(ctx, department(0), req)
		},
		"reserve": func(key string, other bool) (*vault.Answer, error) {
			req := w.complete(food(key, ""))
			req.Division, req.Paper = "350102", ""
			if other {
				req.Division = "350103"
			}
			return w.v.Reserve(ctx, department(0), req)
		},
		"confirm": func(key string, other bool) (*vault.Answer, error) {
			return w.v.Confirm(ctx, department(0), vault.Confirmation{
				Key: key, Identifier: confirmed.Identifier, Paper: "纸" + text(other),
			})
		},
		"void": func(key string, other bool) (*vault.Answer, error) {
			return w.v.Void(ctx, department(0), key, voided.Identifier, text(other))
		},
		"suspend": func(key string, other bool) (*vault.Answer, error) {
			return w.v.Suspend(ctx, department(0), vault.Act{
				Key: key, Identifier: targets["suspend"].Identifier, Basis: "b", Reason: text(other),
			})
		},
		"change": func(key string, other bool) (*vault.Answer, error) {
			return w.v.Change(ctx, department(0), vault.Act{
				Key: key, Identifier: targets["change"].Identifier, Basis: "b", Reason: text(other),
			})
		},
		"revoke": func(key string, other bool) (*vault.Answer, error) {
			return w.v.Revoke(ctx, department(0), vault.Act{
				Key: key, Identifier: targets["revoke"].Identifier, Kind: record.EventRevoked, Basis: "b", Reason: text(other),
			})
		},
	}
}

// TestReplay_D1_1: the same key and body give the first answer, another body is refused, whatever the kind of write.
func TestReplay_D1_1(t *testing.T) {
	w := newWorld(t)
	for name, do := range writes(w) {
		key := strings.Repeat("k", 100) + name
		first, err := do(key, false)
		require.NoError(t, err, name, problemsOf(err))
		require.False(t, first.Replayed, name)
		before, audits := content(t, w.engine), w.audits()
		again, err := do(key, false)
		require.NoError(t, err, name)
		require.True(t, again.Replayed, name)
		again.Replayed = false
		require.Equal(t, first, again, name)
		require.Greater(t, w.audits(), audits, name)
		_, err = do(key, true)
		require.ErrorIs(t, err, vault.ErrKeyReused, name)
		require.Equal(t, before, content(t, w.engine), name)
	}
	CheckVault(t, w.v)
}

// TestKeyNeeded_D1_1: no write without a key, by which its retry is known.
func TestKeyNeeded_D1_1(t *testing.T) {
	w := newWorld(t)
	for name, do := range writes(w) {
		before := content(t, w.engine)
		for key, want := range map[string]vault.Code{
			"": vault.CodeKeyMissing, "a\nb": vault.CodeTextControl, strings.Repeat("k", 129): vault.CodeTextTooLong,
		} {
			_, err := do(key, false)
			require.ErrorIs(t, err, vault.ErrInvalid, name)
			require.Equal(t, []vault.Code{want}, codesOf(err), name)
			require.Equal(t, before, content(t, w.engine), name)
		}
	}
}

// TestKeyOfTwoForms_D1_1: a key under which the vault made the number cannot be used again with one.
func TestKeyOfTwoForms_D1_1(t *testing.T) {
	w := newWorld(t)
	req := w.complete(food("k", ""))
	req.Division = "350102"
	_, err := w.v.Issue(t.Context(), department(0), req)
	require.NoError(t, err)
	req.Values["ZZBH"] = "JY13501020000011"
	_, err = w.v.Issue(t.Context(), department(0), req)
	require.ErrorIs(t, err, vault.ErrKeyReused)
	_, err = w.v.Issue(t.Context(), department(0), w.complete(food("k reserve", "JY13501020000012")))
	require.NoError(t, err, "the vault's own keys are no caller's")
}

// TestKeyIsTheCallers_D1_1: two callers may use the same key.
func TestKeyIsTheCallers_D1_1(t *testing.T) {
	w := newWorld(t)
	w.issue("k", "JY13501020000011")
	req := w.complete(food("k", "JY13501020000011"))
	a, err := w.v.Issue(t.Context(), department(1), req)
	require.NoError(t, err, problemsOf(err))
	require.False(t, a.Replayed)
}

// TestReplayAtOnce_D1_1: the same request from many at the same time makes one licence, and all get its answer.
func TestReplayAtOnce_D1_1(t *testing.T) {
	w := newWorld(t)
	for name, do := range writes(w) {
		var wg sync.WaitGroup
		answers := make([]*vault.Answer, 8)
		errs := make([]error, len(answers))
		for i := range answers {
			wg.Go(func() { answers[i], errs[i] = do("once "+name, false) })
		}
		wg.Wait()
		firsts := 0
		for i := range answers {
			require.NoError(t, errs[i], name, problemsOf(errs[i]))
			if !answers[i].Replayed {
				firsts++
			}
			require.Equal(t, answers[0].Identifier, answers[i].Identifier)
			require.Equal(t, answers[0].Record, answers[i].Record)
		}
		require.Equal(t, 1, firsts, name)
	}
	CheckVault(t, w.v)
}

// TestFaults_A72: whatever fails at whichever step, before or after it took effect, a retry ends in exactly one
// licence, and paper and electronic licence are both issued or neither is.
func TestFaults_A72(t *testing.T) {
	flows := map[string]func(*world) (*vault.Answer, error){
		"issue": func(w *world) (*vault.Answer, error) {
			return w.v.Issue(t.Context(), department(0), w.complete(food("f", "JY13501020000011")))
		},
		"issue without number": func(w *world) (*vault.Answer, error) {
			req := w.complete(food("f", ""))
			req.Division, req.Paper = "350102", "纸一"
			return w.v.Issue(t.Context(), department(0), req)
		},
		"reserve and confirm": func(w *world) (*vault.Answer, error) {
			req := w.complete(food("f", ""))
			req.Division, req.Paper = "350102", ""
			ticket, err := w.v.Reserve(t.Context(), department(0), req)
			if err != nil {
				return nil, err
			}
			return w.v.Confirm(t.Context(), department(0), vault.Confirmation{
				Key: "fc", Identifier: ticket.Identifier, Paper: "纸一",
			})
		},
	}
	for name, flow := range flows {
		for _, fault := range []enginetest.Fault{enginetest.Before, enginetest.After, enginetest.Lost} {
			for n := range 10 {
				f := enginetest.NewFaulty(memory.New(), nil)
				w := newWorldOn(t, f)
				f.SetPlan(enginetest.At(n, fault))
				_, err := flow(w)
				reached := f.Updates() > n
				f.SetPlan(nil)
				if reached {
					require.ErrorIs(t, err, enginetest.ErrInjected, "%s %d", name, n)
				}
				w.bothOrNone(t)
				done, err := flow(w)
				require.NoError(t, err, "%s %d: %s", name, n, problemsOf(err))
				res, err := w.v.Lookup(t.Context(), byLaw(), vault.Query{HolderKind: "001", HolderCode: firm(1)})
				require.NoError(t, err)
				require.Len(t, res.Found, 1, "%s %d", name, n)
				require.Equal(t, done.Identifier, res.Found[0].Identifier)
				open, err := w.v.Reconcile(t.Context(), department(0))
				require.NoError(t, err)
				require.Empty(t, open)
				CheckVault(t, w.v)
				if !reached {
					break
				}
			}
		}
	}
}

// bothOrNone holds that a licence is found exactly where an issued event has its paper.
func (w *world) bothOrNone(t *testing.T) {
	t.Helper()
	res, err := w.v.Lookup(t.Context(), byLaw(), vault.Query{HolderKind: "001", HolderCode: firm(1)})
	require.NoError(t, err)
	papers := 0
	for k := range content(t, w.engine) {
		if k[0] == 'p' {
			papers++
		}
	}
	require.Equal(t, papers, len(res.Found))
	for _, f := range res.Found {
		h, err := w.v.History(t.Context(), department(0), f.Identifier)
		require.NoError(t, err)
		require.NotEmpty(t, h[len(h)-1].Event.Paper)
	}
}

// TestTwice: every closure is pure, so running it twice makes no difference.
func TestTwice(t *testing.T) {
	w := newWorldOn(t, enginetest.Twice{Inner: memory.New()})
	a := w.issue("k", "JY13501020000011")
	for name, do := range writes(w) {
		_, err := do("twice "+name, false)
		require.NoError(t, err, name)
	}
	b := w.convert("file", "JY13501020000201", "JY13501020000202")
	w.signOff(b.ID)
	_, err := w.v.UndoBatch(t.Context(), department(0), b.ID, "理由", func(u vault.Undone) {
		require.Equal(t, "withdrawn", u.Result)
	})
	require.NoError(t, err)
	_, err = w.v.Bundle(t.Context(), byLaw(), a.Identifier)
	require.NoError(t, err)
	CheckVault(t, w.v)
}

// TestNumbersOnce_D1_4: no number is ever given twice, and every gap is explained.
func TestNumbersOnce_D1_4(t *testing.T) {
	w := newWorld(t)
	// The paper stock has a number of the series already.
	probe := w.complete(food("probe", ""))
	probe.Division = "350102"
	first, err := w.v.Reserve(t.Context(), department(0), probe)
	require.NoError(t, err)
	_, err = w.v.Void(t.Context(), department(0), "void", first.Identifier, "打印机卡纸")
	require.NoError(t, err)
	stock := w.complete(food("stock", nextNumber(first.Number)))
	_, stockErr := w.v.Issue(t.Context(), department(0), stock)

	const n = 32
	numbers := make([]string, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			req := w.complete(food(fmt.Sprint("many", i), ""))
			req.Division = "350102"
			req.Paper = fmt.Sprint("纸", i)
			if a, err := w.v.Issue(t.Context(), department(0), req); err == nil {
				numbers[i] = a.Number
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{first.Number: true}
	for _, number := range numbers {
		require.NotEmpty(t, number)
		require.False(t, seen[number])
		seen[number] = true
	}
	uses, err := w.v.Numbers(t.Context(), department(0), foodType)
	require.NoError(t, err)
	states := map[vault.State]int{}
	for i, u := range uses {
		require.Equal(t, uint64(i+1), u.Sequence, "no gap without an entry")
		states[u.State]++
		if u.State == vault.Voided {
			require.Equal(t, "打印机卡纸", u.Reason)
		}
	}
	require.Equal(t, 1, states[vault.Voided])
	if stockErr == nil {
		require.Equal(t, n+1, states[vault.Valid], "the number of the stock is explained by its licence")
	}
	_, err = w.v.Issue(t.Context(), department(0), w.complete(food("again", first.Number)))
	require.ErrorIs(t, err, vault.ErrExists, "a voided number is never used again")
	CheckVault(t, w.v)
}

// nextNumber adds one to the digits before the check digit of a food licence's number.
func nextNumber(number string) string {
	rule := []byte(number)
	for i := len(rule) - 2; i >= 0; i-- {
		if rule[i] != '9' {
			rule[i]++
			break
		}
		rule[i] = '0'
	}
	digits := string(rule[len(rule)-14 : len(rule)-1])
	p := 10
	for _, c := range digits { // ISO/IEC 7064 MOD 11,10
		if p = (p + int(c-'0')) % 10; p == 0 {
			p = 10
		}
		p = p * 2 % 11
	}
	rule[len(rule)-1] = byte('0' + (11-p)%10)
	return string(rule)
}

// TestReconcile_D1_4: what hangs is listed for its department and settled either way.
func TestReconcile_D1_4(t *testing.T) {
	w := newWorld(t)
	for i := range 3 {
		req := w.complete(food(fmt.Sprint(i), ""))
		req.Division = "350102"
		_, err := w.v.Reserve(t.Context(), department(0), req)
		require.NoError(t, err)
	}
	list, err := w.v.Reconcile(t.Context(), department(1))
	require.NoError(t, err)
	require.Empty(t, list)
	_, err = w.v.Reconcile(t.Context(), byLaw())
	require.ErrorIs(t, err, vault.ErrDenied)
	list, err = w.v.Reconcile(t.Context(), department(0))
	require.NoError(t, err)
	require.Len(t, list, 3)
	_, err = w.v.Void(t.Context(), department(0), "v", list[0].Identifier, "作废")
	require.NoError(t, err)
	_, err = w.v.Confirm(
		t.Context(),
		department(0),
		vault.Confirmation{Key: "v2", Identifier: list[0].Identifier, Paper: "p"},
	)
	require.ErrorIs(t, err, vault.ErrNotFound)
	_, err = w.v.Confirm(
		t.Context(),
		department(0),
		vault.Confirmation{Key: "c", Identifier: list[1].Identifier, Paper: "p"},
	)
	require.NoError(t, err)
	_, err = w.v.Void(t.Context(), department(0), "v3", list[1].Identifier, "作废")
	require.ErrorIs(t, err, vault.ErrTransition)
	_, err = w.v.Confirm(
		t.Context(),
		department(0),
		vault.Confirmation{Key: "c2", Identifier: list[2].Identifier, Paper: "p"},
	)
	require.ErrorIs(t, err, vault.ErrPaperUsed)
	_, err = w.v.Confirm(t.Context(), department(0), vault.Confirmation{Key: "c3", Identifier: list[2].Identifier})
	require.Contains(t, codesOf(err), vault.CodePaperMissing)
	list, err = w.v.Reconcile(t.Context(), department(0))
	require.NoError(t, err)
	require.Len(t, list, 1)
}

// TestValidate_D1_2: the whole path, nothing changed.
func TestValidate_D1_2(t *testing.T) {
	w := newWorld(t)
	w.issue("k", "JY13501020000011")
	good := w.complete(food("v", "JY13501020000012"))
	auto := w.complete(food("v2", ""))
	auto.Division, auto.Paper = "350102", ""
	taken := w.complete(food("v3", "JY13501020000011"))
	taken.Paper = "纸JY13501020000011"
	broken := w.complete(food("v4", "JY13501020000013"))
	broken.Values["ZZBFRQ"], broken.Values["CZZT"], broken.Paper = "2027-01-01", "", " x"
	noDivision := w.complete(food("v5", ""))
	reused := w.complete(food("k", "JY13501020000019"))
	for name, c := range map[string]struct {
		req   vault.Request
		is    error
		codes int
	}{
		"good": {good, nil, 0}, "number to be made": {auto, nil, 0}, "taken": {taken, vault.ErrExists, 2},
		"broken": {broken, vault.ErrInvalid, 3}, "no division": {noDivision, vault.ErrInvalid, 1},
		"key reused": {reused, vault.ErrKeyReused, 1},
		"again":      {w.complete(food("k", "JY13501020000011")), nil, 0},
	} {
		before := content(t, w.engine)
		notes, err := w.v.Validate(t.Context(), department(0), c.req)
		require.Equal(t, before, content(t, w.engine), name)
		if c.is == nil {
			require.NoError(t, err, name, problemsOf(err))
		} else {
			require.ErrorIs(t, err, c.is, name)
			require.Nil(t, notes)
			require.Len(t, problemsIn(err), c.codes, name, problemsOf(err))
		}
	}
	notes, err := w.v.Validate(t.Context(), department(0), good)
	require.NoError(t, err)
	a, err := w.v.Issue(t.Context(), department(0), good)
	require.NoError(t, err)
	require.Equal(t, a.Notes, notes)
	_, err = w.v.Validate(t.Context(), byLaw(), good)
	require.ErrorIs(t, err, vault.ErrDenied)
}

// TestEveryCodeIsExplained_D1_3: both languages, and what to do.
func TestEveryCodeIsExplained_D1_3(t *testing.T) {
	declared := declaredCodes(t)
	require.Greater(t, len(declared), 50)
	have := vault.Sentences()
	require.Len(t, have, len(declared))
	for name, c := range declared {
		zh, en := c.Sentence()
		require.NotEmpty(t, zh, name)
		require.NotEmpty(t, en, name)
		require.Contains(t, zh, "；", "%s does not say what to do", name)
		require.Regexp(t, "[;,]", en, "%s does not say what to do", name)
	}
}

// TestChange_D1_7: a change makes a new version; the old one is never current, and every index follows.
func TestChange_D1_7(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k", "JY13501020000011")
	ch, err := w.v.Change(t.Context(), department(0), vault.Act{
		Key: "c", Identifier: a.Identifier, Version: 1, Basis: "b", Reason: "r", Values: map[string]string{
			"CZZTDM": firm(2), "CZZT": "示例受让有限公司", "ZZBH": "JY13501020000099", "ZZYXQQSRQ": "2026-03-02",
			"ZZYXQJZRQ": "2031-03-01",
		},
	})
	require.NoError(t, err, problemsOf(err))
	require.Equal(t, 2, ch.Version)
	require.NotEqual(t, a.Identifier, ch.Identifier)
	issuer := fixtures.Departments()[0].Code
	for name, c := range map[string]struct {
		q    vault.Query
		want int
	}{
		"former holder":     {vault.Query{HolderKind: "001", HolderCode: firm(1)}, 0},
		"new holder":        {vault.Query{HolderKind: "001", HolderCode: firm(2)}, 1},
		"former identifier": {vault.Query{Identifier: a.Identifier}, 1},
		"new identifier":    {vault.Query{Identifier: ch.Identifier}, 1},
		"new number":        {vault.Query{Type: foodType, Number: "JY13501020000099"}, 1},
		"former number":     {vault.Query{Type: foodType, Number: "JY13501020000011", Issuer: issuer}, 1},
		"issuer":            {vault.Query{Type: foodType, Issuer: issuer}, 1},
	} {
		res, err := w.v.Lookup(t.Context(), byLaw(), c.q)
		require.NoError(t, err, name)
		require.Len(t, res.Found, c.want, name)
		for _, f := range res.Found {
			require.Equal(t, ch.Identifier, f.Identifier, name)
			require.Equal(t, "示例受让有限公司", f.Value("CZZT"), name)
		}
	}
	for _, number := range []string{"JY13501020000011", "JY13501020000099"} {
		_, err := w.v.Issue(t.Context(), department(0), w.complete(food("n"+number, number)))
		require.ErrorIs(t, err, vault.ErrExists, "neither number is given again")
	}
	CheckVault(t, w.v)
}

// TestBatchIssue: one that is refused holds up no other, and is in the audit by itself.
func TestBatchIssue(t *testing.T) {
	w := newWorld(t)
	reqs := []vault.Request{
		w.complete(food("1", "JY13501020000011")), w.complete(food("2", "JY13501020000012")),
		w.complete(food("3", "JY13501020000011")), w.complete(food("1", "JY13501020000011")),
		w.complete(food("5", "JY13501020000015")),
	}
	reqs[2].Paper, reqs[4].Values["CZZT"] = "另一张", ""
	before := w.audits()
	out := w.v.IssueBatch(t.Context(), department(0), reqs)
	require.NoError(t, out[0].Err)
	require.NoError(t, out[1].Err)
	require.ErrorIs(t, out[2].Err, vault.ErrExists)
	require.NoError(t, out[3].Err)
	require.True(t, out[3].Answer.Replayed)
	require.ErrorIs(t, out[4].Err, vault.ErrInvalid)
	results := map[string]int{}
	for _, e := range w.auditEntries()[before:] {
		results[e.Result]++
	}
	require.Equal(t, 1, results[string(vault.CodeNumberTaken)])
	CheckVault(t, w.v)
}

var _ engine.Engine = enginetest.Twice{}

// TestReplayByRightsOfNow: an answer is told again to who may write such a licence now: not to a department whose right
// was taken back since, whatever it wrote.
func TestReplayByRightsOfNow(t *testing.T) {
	t.Parallel()
	c := newStocked(t, memory.New())
	change := vault.Act{Key: "changed", Identifier: c.identifier, Basis: "依据", Reason: "理由"}
	asked := map[string]func() error{
		"issue":   func() error { return err2(c.v.Issue(t.Context(), department(0), *c.replay)) },
		"reserve": func() error { return err2(c.v.Reserve(t.Context(), department(0), c.request("before-r", ""))) },
		"suspend": func() error { return err2(c.v.Suspend(t.Context(), department(0), change)) },
	}
	for name, ask := range asked {
		require.NoError(t, ask(), name)
	}
	dismiss(c)
	for name, ask := range asked {
		err := ask()
		require.ErrorIs(t, err, vault.ErrDenied, name)
		require.Equal(t, vault.CodeTypeNotGranted, vault.CodeOf(err), name)
	}
}
