package vault_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// shown is what a look-up by law gives of a number: the holder's name and the state, or nothing.
func (w *world) shown(n int) (name string, state vault.State) {
	w.t.Helper()
	res, err := w.v.Lookup(w.t.Context(), byLaw(), vault.Query{Type: foodType, Number: number(n)})
	require.NoError(w.t, err)
	if len(res.Found) == 0 {
		return "", ""
	}
	require.Len(w.t, res.Found, 1)
	return res.Found[0].Value("CZZT"), res.Found[0].State
}

func (w *world) undo(batch string) map[int]string {
	w.t.Helper()
	results := map[int]string{}
	_, err := w.v.UndoBatch(w.t.Context(), department(0), batch, "用错台账", func(u vault.Undone) {
		results[u.Row] = u.Result
	})
	require.NoError(w.t, err)
	return results
}

// identify gives the identifier of what a batch made of a row.
func (w *world) identify(n int) string {
	w.t.Helper()
	id, err := w.v.IdentifierOf(w.t.Context(), foodType, fixtures.Departments()[0].Code, number(n))
	require.NoError(w.t, err)
	return id
}

func (w *world) suspend(n int) {
	w.t.Helper()
	w.now = w.now.Add(time.Minute)
	_, err := w.v.Suspend(w.t.Context(), department(0), vault.Act{
		Key: fmt.Sprint("suspend", n, w.now.Unix()), Identifier: w.identify(n), Basis: "依据", Reason: "理由",
	})
	require.NoError(w.t, err, problemsOf(err))
}

// TestUndoKeeps_A73: what an undo refuses, because the department has acted on it since, is in the vault for good and
// shown from the end of the undo on, also where the batch was never signed off. What it took back is not.
func TestUndoKeeps_A73(t *testing.T) {
	w := newWorld(t)
	_, first := w.work(t, "first", []line{{number: 1, text: 1}})
	w.signOff(first.ID)
	_, b := w.work(t, "second", []line{{number: 1, text: 2}, {number: 2, text: 2}, {number: 3, text: 2}})
	w.suspend(1) // updated by the batch
	w.suspend(2) // created by it
	name, state := w.shown(1)
	require.Equal(t, []any{"示例1号有限公司", vault.Suspended}, []any{name, state}, "the version before, until then")
	name, _ = w.shown(2)
	require.Empty(t, name, "it waits for its sign-off")
	require.Equal(t, map[int]string{1: "refused", 2: "refused", 3: "withdrawn"}, w.undo(b.ID))
	for n, want := range map[int]string{1: "示例2号有限公司", 2: "示例2号有限公司", 3: ""} {
		name, state := w.shown(n)
		require.Equal(t, want, name, n)
		if want != "" {
			require.Equal(t, vault.Suspended, state, n)
		}
	}
	id := w.identify(2)
	m, err := w.v.AsOf(t.Context(), byLaw(), id, record.DateOf(w.now), time.Time{})
	require.NoError(t, err)
	require.Equal(t, vault.Suspended, m.State)
	list, err := w.v.History(t.Context(), byLaw(), id)
	require.NoError(t, err)
	require.Len(t, list, 2)
	bundle, err := w.v.Bundle(t.Context(), byLaw(), id)
	require.NoError(t, err)
	require.NotEmpty(t, bundle.Proof)
	got, _ := w.work(t, "third", []line{{number: 3, text: 3}})
	require.Equal(t, "created; ", got)
	CheckVault(t, w.v)
}

// TestUndoneIsNotSampled: a batch that was taken back has nothing to inspect, and says so.
func TestUndoneIsNotSampled(t *testing.T) {
	w := newWorld(t)
	_, b := w.work(t, "one", []line{{number: 1}, {number: 2}})
	drawn, err := w.v.Sample(t.Context(), department(0), b.ID, 2, 7)
	require.NoError(t, err)
	require.Len(t, drawn, 2)
	w.undo(b.ID)
	drawn, err = w.v.Sample(t.Context(), department(0), b.ID, 2, 7)
	require.Equal(t, []vault.Code{vault.CodeBatchState}, codesOf(err))
	require.Empty(t, drawn)
}

// TestWithdrawnStaysHidden: a licence that was withdrawn and converted anew shows nothing of the first conversion while
// the second waits for its sign-off, and nothing wrong of the days before.
func TestWithdrawnStaysHidden(t *testing.T) {
	w := newWorld(t)
	_, wrong := w.work(t, "wrong", []line{{number: 1, text: 1}})
	w.signOff(wrong.ID)
	name, _ := w.shown(1)
	require.Equal(t, "示例1号有限公司", name)
	id := w.identify(1)
	w.now = w.now.Add(time.Hour)
	before := w.now
	w.now = w.now.Add(time.Hour)
	w.undo(wrong.ID)
	_, right := w.work(t, "right", []line{{number: 1, text: 2}})
	name, _ = w.shown(1)
	require.Empty(t, name)
	for what, err := range map[string]error{
		"history": err2(w.v.History(t.Context(), byLaw(), id)),
		"bundle":  err2(w.v.Bundle(t.Context(), byLaw(), id)),
		"as of":   err2(w.v.AsOf(t.Context(), byLaw(), id, record.DateOf(w.now), time.Time{})),
		"content": err2(w.v.Content(t.Context(), byLaw(), id, vault.Document{Version: 1})),
	} {
		require.ErrorIs(t, err, vault.ErrNotFound, what)
	}
	w.signOff(right.ID)
	name, _ = w.shown(1)
	require.Equal(t, "示例2号有限公司", name)
	then, err := w.v.AsOf(t.Context(), byLaw(), id, record.DateOf(w.now), before)
	require.NoError(t, err)
	require.Equal(t, "示例1号有限公司", then.Version.Value("CZZT"), "what the vault knew then")
	CheckVault(t, w.v)
}

// convertDated converts one number with a text and a day of issue, and signs off.
func (w *world) convertDated(file string, n, text int, issued string) *vault.BatchAccount {
	w.t.Helper()
	lt, err := w.v.Type(w.t.Context(), foodType)
	require.NoError(w.t, err)
	values := food("", number(n)).Values
	w.fill(lt, values)
	values["CZZT"] = fmt.Sprintf("示例%d号有限公司", text)
	from, err := time.Parse(time.DateOnly, issued)
	require.NoError(w.t, err)
	values["ZZBFRQ"], values["ZZYXQQSRQ"] = issued, issued
	values["ZZYXQJZRQ"] = from.AddDate(5, 0, -1).Format(time.DateOnly)
	b := w.convertRows(file, []vault.BatchRow{{Row: 1, Draft: draft(w.t, lt, 1, values)}})
	w.signOff(b.ID)
	w.now = w.now.Add(time.Minute)
	return b
}

// TestUndoIsNoActOfLaw: what an undo took back was never so, on no day; on the axis of what the vault knew it was.
func TestUndoIsNoActOfLaw(t *testing.T) {
	w := newWorld(t)
	wrong := w.convertDated("wrong", 1, 1, "2026-02-01") // the paper says the 20th
	id := w.identify(1)
	before := w.now
	w.now = w.now.Add(time.Minute)
	w.undo(wrong.ID)
	m, err := w.v.AsOf(t.Context(), department(0), id, day("2026-02-10"), time.Time{})
	require.NoError(t, err)
	require.Equal(t, vault.Withdrawn, m.State, "to its issuer")
	require.Nil(t, m.Version)
	w.convertDated("right", 1, 2, "2026-02-20")
	_, err = w.v.AsOf(t.Context(), byLaw(), id, day("2026-02-10"), time.Time{})
	require.ErrorIs(t, err, vault.ErrNotFound, "not issued by then")
	m, err = w.v.AsOf(t.Context(), byLaw(), id, day("2026-02-10"), before)
	require.NoError(t, err)
	require.Equal(t, "示例1号有限公司", m.Version.Value("CZZT"))
	m, err = w.v.AsOf(t.Context(), byLaw(), id, day("2026-02-20"), time.Time{})
	require.NoError(t, err)
	require.Equal(t, "示例2号有限公司", m.Version.Value("CZZT"))
	_, err = w.v.Suspend(t.Context(), department(0), vault.Act{
		Key: "s", Identifier: id, Basis: "b", Reason: "r", Effective: day("2026-02-10"),
	})
	require.Contains(t, codesOf(err), vault.CodeEffectiveEarly, "what was withdrawn is no beginning")

	// An update that is undone leaves the former content in force from the day that it had.
	wrong = w.convertDated("wrong again", 1, 3, "2026-02-05")
	between := w.now
	w.now = w.now.Add(time.Minute)
	w.undo(wrong.ID)
	for _, c := range []struct {
		legal string
		known time.Time
		want  string
	}{
		{"2026-02-10", time.Time{}, ""}, {"2026-02-25", time.Time{}, "示例2号有限公司"},
		{"2026-02-10", between, "示例3号有限公司"}, {"2026-02-25", between, "示例3号有限公司"},
	} {
		m, err := w.v.AsOf(t.Context(), byLaw(), id, day(c.legal), c.known)
		if c.want == "" {
			require.ErrorIs(t, err, vault.ErrNotFound)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, c.want, m.Version.Value("CZZT"), c.legal)
	}
	CheckVault(t, w.v)
}

// TestUndoInTurn: conversions are taken back one after the other, the latest first.
func TestUndoInTurn(t *testing.T) {
	w := newWorld(t)
	var ids []string
	for i := range 3 {
		_, b := w.work(t, fmt.Sprint("file", i), []line{{number: 1, text: i}})
		w.signOff(b.ID)
		ids = append(ids, b.ID)
	}
	for i, want := range []string{"restored", "restored", "withdrawn"} {
		require.Equal(t, map[int]string{1: want}, w.undo(ids[2-i]))
		name, _ := w.shown(1)
		require.Equal(t, []string{"示例1号有限公司", "示例0号有限公司", ""}[i], name)
		CheckVault(t, w.v)
	}
}

// TestUndoUnderNewRules: the former content comes back under the definition that it was made under.
func TestUndoUnderNewRules(t *testing.T) {
	w := newWorld(t)
	_, first := w.work(t, "first", []line{{number: 1, text: 1}})
	w.signOff(first.ID)
	_, second := w.work(t, "second", []line{{number: 1, text: 2}})
	w.signOff(second.ID)
	_, err := w.redefine(foodType, func(def *catalogue.Type) {
		def.Fields = append(def.Fields, catalogue.Field{
			Name: "KZ_XZ", Label: "新增要素", Kind: catalogue.KindText, Rules: catalogue.Rules{Required: true},
		})
	})
	require.NoError(t, err, problemsOf(err))
	require.Equal(t, map[int]string{1: "restored"}, w.undo(second.ID))
	res, err := w.v.Lookup(t.Context(), byLaw(), vault.Query{Type: foodType, Number: number(1)})
	require.NoError(t, err)
	require.Equal(t, "示例1号有限公司", res.Found[0].Value("CZZT"))
	require.Equal(t, 1, res.Found[0].Record.TypeVersion)
	CheckVault(t, w.v)
}

// stack is what happened to a licence of the paper stock and was not taken back, the latest last.
type stack []happened

type happened struct {
	text  int
	batch int // from 1; 0: the department's own change
	state vault.State
}

func (s stack) top() happened {
	if len(s) == 0 {
		return happened{}
	}
	return s[len(s)-1]
}

// stocks is a model of converted licences: stacks, and which batches are settled.
type stocks struct {
	*world
	stacks  [4]stack
	batches []string
	settled []bool
	undone  []bool
	keys    int
	trace   []string // what was done, to be shown when the two disagree
}

func (m *stocks) did(format string, args ...any) {
	m.trace = append(m.trace, fmt.Sprintf(format, args...))
}

func (m *stocks) key() string {
	m.keys++
	return fmt.Sprint("key", m.keys)
}

func (m *stocks) convertOne(r *rapid.T) {
	n, text := rapid.IntRange(0, 3).Draw(r, "n"), rapid.IntRange(0, 2).Draw(r, "text")
	got, b := m.work(m.t, m.key(), []line{{number: n, text: text}})
	m.batches, m.settled, m.undone = append(m.batches, b.ID), append(m.settled, false), append(m.undone, false)
	top, want := m.stacks[n].top(), "updated; "
	switch {
	case len(m.stacks[n]) == 0:
		want = "created; "
	case top.text == text:
		want = "unchanged; "
	case top.state != vault.Valid:
		want = "conflict/conflict-state; "
	case m.stacks[n].changed():
		want = "conflict/conflict-living-licence; "
	}
	m.did("convert %d text %d: %s", n, text, want)
	require.Equal(m.t, want, got, m.trace)
	if want == "created; " || want == "updated; " {
		m.stacks[n] = append(m.stacks[n], happened{text, len(m.batches), vault.Valid})
	}
}

// changed reports whether the latest version is the department's own.
func (s stack) changed() bool {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i].batch > 0 {
			return false
		}
		if i == 0 || s[i].text != s[i-1].text {
			return true
		}
	}
	return false
}

// act suspends, resumes or changes; a change brings a text that no conversion has.
func (m *stocks) act(r *rapid.T) {
	n := rapid.IntRange(0, 3).Draw(r, "n")
	if len(m.stacks[n]) == 0 {
		return
	}
	top := m.stacks[n].top()
	act := vault.Act{Key: m.key(), Identifier: m.identify(n), Basis: "依据", Reason: "理由"}
	var err error
	next := happened{text: top.text, state: vault.Valid}
	switch {
	case top.state == vault.Suspended:
		_, err = m.v.Resume(m.t.Context(), department(0), act)
	case rapid.Bool().Draw(r, "change"):
		next.text = 100 + m.keys
		act.Values = map[string]string{"CZZT": fmt.Sprintf("示例%d号有限公司", next.text)}
		_, err = m.v.Change(m.t.Context(), department(0), act)
	default:
		next.state = vault.Suspended
		_, err = m.v.Suspend(m.t.Context(), department(0), act)
	}
	m.did("act on %d: %+v", n, next)
	require.NoError(m.t, err, "%s %v", problemsOf(err), m.trace)
	m.stacks[n] = append(m.stacks[n], next)
}

func (m *stocks) settle(r *rapid.T) {
	if len(m.batches) == 0 {
		return
	}
	i := rapid.IntRange(0, len(m.batches)-1).Draw(r, "batch")
	if m.undone[i] {
		return
	}
	if !m.settled[i] && rapid.Bool().Draw(r, "sign off") {
		_, err := m.v.SignOffBatch(m.t.Context(), department(0), m.batches[i], vault.SignOff{By: "x", Sampled: 1})
		m.did("sign off %d", i+1)
		require.NoError(m.t, err, m.trace)
		m.settled[i] = true
		return
	}
	want := map[int]string{}
	for n := range m.stacks {
		for k, h := range m.stacks[n] {
			switch {
			case h.batch != i+1:
			case k < len(m.stacks[n])-1:
				want[1] = "refused"
			case k == 0:
				want[1], m.stacks[n] = "withdrawn", nil
			default:
				want[1], m.stacks[n] = "restored", m.stacks[n][:k]
			}
		}
	}
	m.did("undo %d: %v", i+1, want)
	require.Equal(m.t, want, m.undo(m.batches[i]), m.trace)
	m.settled[i], m.undone[i] = true, true
}

// look holds what outsiders see against the model: the latest text that counts, with the state of all that happened.
func (m *stocks) look(*rapid.T) {
	for n := range m.stacks {
		name, state := "", vault.State("")
		s := m.stacks[n]
		for k := len(s) - 1; k >= 0 && name == ""; k-- {
			own := s[k].batch == 0 && k > 0 && s[k].text != s[k-1].text
			if own || s[k].batch > 0 && m.settled[s[k].batch-1] {
				name, state = fmt.Sprintf("示例%d号有限公司", s[k].text), s.top().state
			}
		}
		gotName, gotState := m.shown(n)
		require.Equal(m.t, []any{name, state}, []any{gotName, gotState}, "number %d: %v", n, m.trace)
		if name == "" {
			continue
		}
		at, err := m.v.AsOf(m.t.Context(), byLaw(), m.identify(n), record.DateOf(m.now), time.Time{})
		require.NoError(m.t, err, m.trace)
		require.Equal(m.t, []any{name, state}, []any{at.Version.Value("CZZT"), at.State}, "number %d: %v", n, m.trace)
	}
}

// TestUndoMachine_A73 draws conversions, sign-offs, acts and undos in any order and holds what is shown against a model
// in which an undo simply forgets.
func TestUndoMachine_A73(t *testing.T) {
	settled := newWorld(t)
	rapid.Check(t, func(r *rapid.T) {
		m := &stocks{world: settled.copyOn(memory.New())}
		step := func(do func(*rapid.T)) func(*rapid.T) {
			return func(r *rapid.T) {
				m.now = m.now.Add(time.Second)
				do(r)
			}
		}
		r.Repeat(map[string]func(*rapid.T){
			"convert": step(m.convertOne), "act": step(m.act), "settle": step(m.settle), "": m.look,
		})
		CheckVault(t, m.v)
	})
}
