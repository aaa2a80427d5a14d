package vault_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/elicense/elicense/internal/engine/enginetest"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// model is what the vault should hold, kept by the simplest means.
type model struct {
	*world
	faults  *enginetest.Faulty
	key     int
	state   map[string]vault.State // by number
	ids     map[string]string      // number -> identifier of the first version
	version map[string]int
	waiting []string
	tickets []*vault.Answer
}

// newModel is of a vault of its own that begins as the settled one.
func newModel(settled *world) *model {
	f := enginetest.NewFaulty(memory.New(), nil)
	return &model{
		world: settled.copyOn(f), faults: f,
		state: map[string]vault.State{}, ids: map[string]string{}, version: map[string]int{},
	}
}

func (m *model) next() string {
	m.key++
	return fmt.Sprint("key", m.key)
}

// again repeats a write until its outcome is known: with the same key it happens once.
func (m *model) again(do func() (*vault.Answer, error)) (*vault.Answer, error) {
	for {
		a, err := do()
		if err == nil || len(codesOf(err)) > 0 {
			return a, err
		}
		require.ErrorIs(m.t, err, enginetest.ErrInjected)
	}
}

func (m *model) pick(r *rapid.T) string { return number(rapid.IntRange(0, 5).Draw(r, "number")) }

func (m *model) issue(r *rapid.T) {
	n := m.pick(r)
	req := m.complete(food(m.next(), n))
	req.Paper = "纸" + req.Key
	a, err := m.again(func() (*vault.Answer, error) { return m.v.Issue(m.t.Context(), department(0), req) })
	if m.state[n] == "" {
		require.NoError(m.t, err, problemsOf(err))
		m.state[n], m.ids[n], m.version[n] = vault.Valid, a.Identifier, 1
		return
	}
	require.Error(m.t, err)
	require.Contains(m.t, []vault.Code{vault.CodeNumberTaken}, codesOf(err)[0])
}

// kindsOfActs are the acts that a department chooses among.
var kindsOfActs = []record.Kind{
	record.EventChanged, record.EventRenewed, record.EventReissued, record.EventSuspended, record.EventResumed,
	record.EventCancelled, record.EventRevoked, record.EventAnnulled, record.EventSuperseded,
}

func (m *model) act(r *rapid.T) {
	n := m.pick(r)
	if m.ids[n] == "" {
		return
	}
	act := vault.Act{Key: m.next(), Identifier: m.ids[n], Basis: "b", Reason: "r"}
	act.Kind = rapid.SampledFrom(kindsOfActs).Draw(r, "kind")
	if act.Kind == record.EventReissued {
		act.Paper = "新纸" + act.Key
	}
	same := act.Kind == record.EventChanged && rapid.Bool().Draw(r, "same")
	if act.Kind == record.EventChanged && !same {
		act.Values = map[string]string{"CZZT": "示例改名" + act.Key + "有限公司"}
	}
	do := map[record.Kind]func() (*vault.Answer, error){
		record.EventChanged:   func() (*vault.Answer, error) { return m.v.Change(m.t.Context(), department(0), act) },
		record.EventRenewed:   func() (*vault.Answer, error) { return m.v.Renew(m.t.Context(), department(0), act) },
		record.EventReissued:  func() (*vault.Answer, error) { return m.v.Reissue(m.t.Context(), department(0), act) },
		record.EventSuspended: func() (*vault.Answer, error) { return m.v.Suspend(m.t.Context(), department(0), act) },
		record.EventResumed:   func() (*vault.Answer, error) { return m.v.Resume(m.t.Context(), department(0), act) },
	}[act.Kind]
	if do == nil {
		do = func() (*vault.Answer, error) { return m.v.Revoke(m.t.Context(), department(0), act) }
	}
	a, err := m.again(do)
	to, ok := allowed[m.state[n]][act.Kind]
	if !ok {
		require.ErrorIs(m.t, err, vault.ErrTransition)
		return
	}
	require.NoError(m.t, err, problemsOf(err))
	m.state[n] = to
	if act.Kind.MakesVersion() && !same {
		m.version[n]++
	}
	require.Equal(m.t, m.version[n], a.Version)
	require.Equal(m.t, same, a.Unchanged)
}

func (m *model) reserveOne(*rapid.T) {
	req := m.complete(food(m.next(), ""))
	req.Division, req.Paper = "350103", ""
	a, err := m.again(func() (*vault.Answer, error) { return m.v.Reserve(m.t.Context(), department(0), req) })
	require.NoError(m.t, err, problemsOf(err))
	m.tickets = append(m.tickets, a)
}

func (m *model) settleOne(r *rapid.T) {
	if len(m.tickets) == 0 {
		return
	}
	a := m.tickets[0]
	m.tickets = m.tickets[1:]
	key := m.next()
	_, err := m.again(func() (*vault.Answer, error) {
		if rapid.Bool().Draw(r, "void") {
			return m.v.Void(m.t.Context(), department(0), key+"v", a.Identifier, "理由")
		}
		return m.v.Confirm(
			m.t.Context(),
			department(0),
			vault.Confirmation{Key: key, Identifier: a.Identifier, Paper: "纸" + key},
		)
	})
	if err != nil { // the other way took effect behind an ambiguous answer
		require.NotEmpty(m.t, codesOf(err))
	}
}

func (m *model) convertSome(r *rapid.T) {
	m.faults.SetPlan(nil)
	list := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) line {
		return line{number: rapid.IntRange(0, 8).Draw(r, "n"), text: rapid.IntRange(0, 2).Draw(r, "text")}
	}), 1, 4).Draw(r, "rows")
	_, b := m.work(m.t, m.next(), list)
	m.waiting = append(m.waiting, b.ID)
	for _, l := range list {
		if n := number(l.number); m.ids[n] == "" {
			m.state[n] = "converted" // of a batch: checked by Inspect, not by this model
		}
	}
}

func (m *model) settleBatch(r *rapid.T) {
	m.faults.SetPlan(nil)
	if len(m.waiting) == 0 {
		return
	}
	id := m.waiting[0]
	m.waiting = m.waiting[1:]
	if rapid.Bool().Draw(r, "open") {
		_, err := m.v.SignOffBatch(m.t.Context(), department(0), id, vault.SignOff{By: "x", Sampled: 4})
		require.NoError(m.t, err)
	}
	if rapid.Bool().Draw(r, "undo") {
		_, err := m.v.UndoBatch(m.t.Context(), department(0), id, "r", func(vault.Undone) {})
		require.NoError(m.t, err)
	}
}

func (m *model) lookAll(*rapid.T) {
	m.faults.SetPlan(nil)
	for n, id := range m.ids {
		res, err := m.v.Lookup(m.t.Context(), byLaw(), vault.Query{Identifier: id})
		require.NoError(m.t, err)
		require.Len(m.t, res.Found, 1)
		require.Equal(m.t, m.state[n], res.Found[0].State)
	}
}

// TestMachine draws acts of every kind, with faults among them, and holds the vault against a model and against itself.
func TestMachine(t *testing.T) {
	settled := newWorld(t)
	rapid.Check(t, func(r *rapid.T) {
		m := newModel(settled)
		w, f := m.world, m.faults
		plan := enginetest.Seeded(rapid.Uint64().Draw(r, "faults"), 0.1)
		step := func(do func(*rapid.T)) func(*rapid.T) {
			return func(r *rapid.T) {
				w.now = w.now.Add(time.Minute)
				f.SetPlan(plan)
				do(r)
				f.SetPlan(nil)
			}
		}
		r.Repeat(map[string]func(*rapid.T){
			"issue": step(m.issue), "act": step(m.act), "reserve": step(m.reserveOne), "settle": step(m.settleOne),
			"convert": step(m.convertSome), "settle batch": step(m.settleBatch), "look": step(m.lookAll),
			"ledger": func(*rapid.T) {
				if _, err := w.v.Checkpoint(t.Context()); err != nil {
					require.ErrorIs(t, err, vault.ErrNotFound)
				}
			},
		})
		CheckVault(t, w.v)
	})
}
