package vault_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// between lets something else happen right before a transaction: what an act has read before may be untrue by then.
type between struct {
	engine.Engine
	pass int // transactions to let through before
	do   func()
}

func (b *between) Update(ctx context.Context, fn func(engine.Writer) error) error {
	if do := b.do; do != nil {
		if b.pass--; b.pass < 0 {
			b.do = nil
			do()
		}
	}
	return b.Engine.Update(ctx, fn)
}

// meanwhile is what another process does on the same engine.
type meanwhile func(*classified)

func classify(c *classified) { c.reclassify(foodType, catalogue.LevelSecret) }

func redefine(c *classified) {
	_, err := c.redefine(foodType, func(def *catalogue.Type) { def.Name = "示例许可证" })
	require.NoError(c.t, err, problemsOf(err))
}

func reinstate(c *classified) { require.NoError(c.t, c.v.MarkRestored(c.t.Context())) }

func suspend(c *classified) {
	_, err := c.v.Suspend(c.t.Context(), department(0), vault.Act{
		Key: "meanwhile", Identifier: c.identifier, Basis: "依据", Reason: "理由",
	})
	require.NoError(c.t, err, problemsOf(err))
}

func void(c *classified) {
	require.NoError(c.t, err2(c.v.Void(c.t.Context(), department(0), "meanwhile", c.ticket, "理由")))
}

func undo(id func(*classified) string) meanwhile {
	return func(c *classified) {
		_, err := c.v.UndoBatch(c.t.Context(), department(0), id(c), "理由", func(vault.Undone) {})
		require.NoError(c.t, err, problemsOf(err))
	}
}

func dismiss(c *classified) {
	d := fixtures.Departments()[0]
	require.NoError(c.t, c.v.PutCaller(c.t.Context(), operator(), vault.Caller{ID: fixtures.Caller(0), Name: d.Name, Department: d.Code}))
}

func number900(c *classified) vault.Request { return c.request("now", "JY13501020000999") }

// overtaken are acts with what may come between their reading and their transaction, and how they must end then.
var overtaken = map[string]struct {
	do   func(*classified) error
	pass int
	ends map[error]meanwhile
}{
	"issue": {
		do: func(c *classified) error { return err2(c.v.Issue(c.t.Context(), department(0), number900(c))) },
		ends: map[error]meanwhile{
			vault.ErrDenied: dismiss,
			vault.ErrSecret: classify, vault.ErrConflict: redefine, vault.ErrRestored: reinstate,
		},
	},
	"issue without a number": {
		do:   func(c *classified) error { return err2(c.v.Issue(c.t.Context(), department(0), c.request("now", ""))) },
		pass: 1, // the number is reserved
		ends: map[error]meanwhile{vault.ErrDenied: dismiss, vault.ErrSecret: classify, vault.ErrRestored: reinstate},
	},
	"reserve": {
		do: func(c *classified) error {
			return err2(c.v.Reserve(c.t.Context(), department(0), c.request("now", "")))
		},
		ends: map[error]meanwhile{
			vault.ErrDenied: dismiss,
			vault.ErrSecret: classify, vault.ErrConflict: redefine, vault.ErrRestored: reinstate,
		},
	},
	"confirm": {
		do: func(c *classified) error {
			cf := vault.Confirmation{Key: "now", Identifier: c.ticket, Paper: "纸今"}
			return err2(c.v.Confirm(c.t.Context(), department(0), cf))
		},
		ends: map[error]meanwhile{vault.ErrDenied: dismiss, vault.ErrSecret: classify, vault.ErrConflict: void, vault.ErrRestored: reinstate},
	},
	"void": {
		do: func(c *classified) error {
			return err2(c.v.Void(c.t.Context(), department(0), "now", c.ticket, "理由"))
		},
		ends: map[error]meanwhile{vault.ErrDenied: dismiss, vault.ErrSecret: classify, vault.ErrConflict: void, vault.ErrRestored: reinstate},
	},
	"change": {
		do: func(c *classified) error { return actOf(c, c.v.Change, record.EventChanged) },
		ends: map[error]meanwhile{
			vault.ErrDenied: dismiss,
			vault.ErrSecret: classify, vault.ErrConflict: suspend, vault.ErrRestored: reinstate,
		},
	},
	"change under another definition": {
		do:   func(c *classified) error { return actOf(c, c.v.Change, record.EventChanged) },
		ends: map[error]meanwhile{vault.ErrConflict: redefine},
	},
	"revoke": {
		do: func(c *classified) error { return actOf(c, c.v.Revoke, record.EventRevoked) },
		ends: map[error]meanwhile{
			vault.ErrDenied: dismiss,
			vault.ErrSecret: classify, vault.ErrConflict: suspend, vault.ErrRestored: reinstate,
		},
	},
	"attach": {
		do: func(c *classified) error {
			return err2(c.v.Attach(c.t.Context(), department(0), c.identifier, "ofd", []byte("now")))
		},
		ends: map[error]meanwhile{vault.ErrDenied: dismiss, vault.ErrSecret: classify, vault.ErrRestored: reinstate},
	},
	"open a batch": {
		do: func(c *classified) error {
			spec := vault.BatchSpec{Type: foodType, File: record.Sum([]byte("now"))}
			return err2(c.v.OpenBatch(c.t.Context(), department(0), spec))
		},
		ends: map[error]meanwhile{vault.ErrDenied: dismiss, vault.ErrSecret: classify, vault.ErrRestored: reinstate},
	},
	"a group": {
		do: func(c *classified) error {
			p, err := c.handle.Prepare(c.t.Context(), 0, c.rows("JY13501020000998"))
			require.NoError(c.t, err)
			return err2(c.handle.Commit(c.t.Context(), p))
		},
		ends: map[error]meanwhile{
			vault.ErrDenied: dismiss,
			vault.ErrSecret: classify, vault.ErrRestored: reinstate, vault.ErrConflict: redefine,
			vault.ErrBatch: undo(func(c *classified) string { return c.handle.ID() }),
		},
	},
	"a group that changes nothing": {
		do: func(c *classified) error {
			rows := []vault.BatchRow{{Row: 1, Rejected: "value_missing"}}
			p, err := c.handle.Prepare(c.t.Context(), 0, rows)
			require.NoError(c.t, err)
			return err2(c.handle.Commit(c.t.Context(), p))
		},
		ends: map[error]meanwhile{vault.ErrDenied: dismiss, vault.ErrSecret: classify, vault.ErrRestored: reinstate},
	},
	"finish while another goes on": {
		do:   func(c *classified) error { return err2(c.handle.Finish(c.t.Context(), nil)) },
		pass: 1,
		ends: map[error]meanwhile{vault.ErrBatch: func(c *classified) {
			b, err := c.v.OpenBatch(c.t.Context(), department(0), c.spec)
			require.NoError(c.t, err)
			p, err := b.Prepare(c.t.Context(), 0, c.rows("JY13501020000997"))
			require.NoError(c.t, err)
			require.NoError(c.t, err2(b.Commit(c.t.Context(), p)))
		}},
	},
	"finish": {
		do:   func(c *classified) error { return err2(c.handle.Finish(c.t.Context(), nil)) },
		pass: 1, // the checkpoint
		ends: map[error]meanwhile{
			vault.ErrDenied: dismiss,
			vault.ErrSecret: classify, vault.ErrRestored: reinstate,
			vault.ErrBatch: undo(func(c *classified) string { return c.handle.ID() }),
		},
	},
	"sign off": {
		do: func(c *classified) error {
			so := vault.SignOff{By: "科长", Sampled: 1}
			return err2(c.v.SignOffBatch(c.t.Context(), department(0), c.waiting, so))
		},
		ends: map[error]meanwhile{
			vault.ErrDenied: dismiss,
			vault.ErrSecret: classify, vault.ErrRestored: reinstate,
			vault.ErrBatch: undo(func(c *classified) string { return c.waiting }),
		},
	},
	"begin an undo": {
		do: func(c *classified) error {
			return err2(c.v.UndoBatch(c.t.Context(), department(0), c.waiting, "理由", func(vault.Undone) {}))
		},
		ends: map[error]meanwhile{
			vault.ErrDenied:   dismiss,
			vault.ErrRestored: reinstate, vault.ErrBatch: undo(func(c *classified) string { return c.waiting }),
		},
	},
	"a group of an undo": {
		do: func(c *classified) error {
			return err2(c.v.UndoBatch(c.t.Context(), department(0), c.batch, "理由", func(vault.Undone) {}))
		},
		pass: 1,
		ends: map[error]meanwhile{vault.ErrDenied: dismiss, vault.ErrRestored: reinstate},
	},
	"declare complete": {
		do: func(c *classified) error {
			return c.v.DeclareComplete(c.t.Context(), department(0), foodType, fixtures.Departments()[0].Code, "")
		},
		ends: map[error]meanwhile{vault.ErrDenied: dismiss, vault.ErrSecret: classify, vault.ErrRestored: reinstate},
	},
	"declare a type": {
		do:   func(c *classified) error { return c.rename("now") },
		ends: map[error]meanwhile{vault.ErrRestored: reinstate},
	},
	"consent": {
		do: func(c *classified) error {
			me := c.asHolder("001", firm(1), vault.LevelCertificate)
			return err2(c.v.Grant(c.t.Context(), me, consentTo("x", "", c.now.Add(time.Hour))))
		},
		ends: map[error]meanwhile{vault.ErrRestored: reinstate},
	},
}

// rename puts a definition with another name in force.
func (w *world) rename(name string) error {
	return err2(w.redefine(foodType, func(def *catalogue.Type) { def.Name = name }))
}

// TestMeanwhile_A69_D1_4: what holds when an act begins is held again in its transaction: a type that was classified or
// redefined, a licence or batch that somebody else has changed, a vault that was restored. The act is then refused, the
// refusal is in the audit, and nothing of the act is kept.
func TestMeanwhile_A69_D1_4(t *testing.T) {
	for name, act := range overtaken {
		for want, happens := range act.ends {
			b := &between{Engine: memory.New()}
			c := newStocked(t, b)
			other := *c
			other.world = c.reopen(b.Engine, nil)
			var before map[string]string
			audits := 0
			b.pass, b.do = act.pass, func() {
				happens(&other)
				before, audits = content(t, b.Engine), c.audits()
			}
			err := act.do(c)
			require.Nil(t, b.do, "%s: nothing came between", name)
			require.ErrorIs(t, err, want, name)
			require.Equal(t, before, content(t, b.Engine), "%s: %v", name, want)
			entries := c.auditEntries()[audits:]
			require.NotEmpty(t, entries, "%s: %v is in no audit", name, want)
			require.Equal(t, string(vault.CodeOf(err)), entries[len(entries)-1].Result, name)
		}
	}
}

// TestFirstCallers: of two that register themselves as a vault's first operator at once, one alone becomes it.
func TestFirstCallers(t *testing.T) {
	w := newWorld(t)
	b := &between{Engine: memory.New()}
	fresh := w.reopen(b, nil)
	first := func(id string) error {
		a := vault.Access{Caller: id, Purpose: "初始化", Ground: vault.GroundOperator}
		return fresh.v.PutCaller(t.Context(), a, vault.Caller{ID: id, Operator: true})
	}
	b.do = func() { require.NoError(t, first("one")) }
	require.ErrorIs(t, first("two"), vault.ErrUnknownCaller)
	a := vault.Access{Caller: "one", Purpose: "检查", Ground: vault.GroundOperator}
	list, err := fresh.v.Callers(t.Context(), a)
	require.NoError(t, err)
	require.Len(t, list, 1)
}

// TestNoCheckpointMeanwhile_D1_4: a vault that was restored while its checkpoint is signed does not keep it and does not
// give it out.
func TestNoCheckpointMeanwhile_D1_4(t *testing.T) {
	b := &between{Engine: memory.New()}
	w := newWorldOn(t, b)
	other := w.reopen(b.Engine, nil)
	w.issue("k", number(1))
	b.pass, b.do = 1, func() { require.NoError(t, other.v.MarkRestored(t.Context())) }
	text, err := w.v.Checkpoint(t.Context())
	require.Nil(t, b.do, "nothing came between")
	require.ErrorIs(t, err, vault.ErrRestored)
	require.Nil(t, text)
	for k := range content(t, b.Engine) {
		require.NotContains(t, "CN", k[:1])
	}
}

// TestOvertakenRows_A73: a row is told what became of it by what the vault holds when its group is committed, also if
// nothing is written for it.
func TestOvertakenRows_A73(t *testing.T) {
	w := newWorld(t)
	_, stock := w.work(t, "stock", []line{{number: 1}, {number: 2}})
	w.signOff(stock.ID)
	lt, err := w.v.Type(t.Context(), foodType)
	require.NoError(t, err)
	act := func(n int, kind record.Kind, do actFunc) {
		id, err := w.v.IdentifierOf(t.Context(), foodType, fixtures.Departments()[0].Code, number(n))
		require.NoError(t, err)
		act := vault.Act{Key: string(kind), Identifier: id, Kind: kind, Basis: "依据", Reason: "理由"}
		if kind == record.EventChanged {
			act.Values = map[string]string{"CZZT": "示例新名有限公司"}
		}
		_, err = do(w.v, t.Context(), department(0), act)
		require.NoError(t, err, problemsOf(err))
	}
	act(2, record.EventSuspended, (*vault.Vault).Suspend)
	b, err := w.v.OpenBatch(t.Context(), department(0), vault.BatchSpec{Type: foodType, File: record.Sum([]byte("f"))})
	require.NoError(t, err)
	p, err := b.Prepare(t.Context(), 0, w.lines(lt, 0, line{number: 1}, line{number: 2, text: 5}))
	require.NoError(t, err)
	act(1, record.EventChanged, (*vault.Vault).Change)
	act(2, record.EventResumed, (*vault.Vault).Resume)
	list, err := b.Commit(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, "conflict/conflict-living-licence updated", outcomes(list))
	CheckVault(t, w.v)
}

// TestTakenBackMeanwhile_A79: whoever takes a consent back, or a legal basis, has the answer that nothing is shown by it
// any more: also what was being read at that moment is not, and the audit says so.
func TestTakenBackMeanwhile_A79(t *testing.T) {
	b := &between{Engine: memory.New()}
	c := newStocked(t, b)
	other := *c
	other.world = c.reopen(b.Engine, nil)
	me := c.asHolder("001", firm(1), vault.LevelCertificate)
	query := vault.Query{Identifier: c.identifier}
	reads := map[string]func(vault.Access) error{
		"look-up":  func(a vault.Access) error { return err2(c.v.Lookup(t.Context(), a, query)) },
		"history":  func(a vault.Access) error { return err2(c.v.History(t.Context(), a, c.identifier)) },
		"bundle":   func(a vault.Access) error { return err2(c.v.Bundle(t.Context(), a, c.identifier)) },
		"document": func(a vault.Access) error { return err2(c.v.Content(t.Context(), a, c.identifier, c.document)) },
		"comparison": func(a vault.Access) error {
			return err2(c.v.Compare(t.Context(), a, query, map[string]string{"CZZTDM": firm(1)}))
		},
	}
	for name, read := range reads {
		given, err := c.v.Grant(t.Context(), me, vault.ConsentRequest{
			Key: name, Department: fixtures.Departments()[1].Code, Until: c.now.Add(time.Hour),
		})
		require.NoError(t, err)
		consented := department(1)
		consented.Ground, consented.Basis = vault.GroundConsent, given.ID
		for ground, taken := range map[vault.Ground]struct {
			a    vault.Access
			do   func()
			code vault.Code
		}{
			vault.GroundConsent: {consented, func() { require.NoError(t, other.v.Withdraw(t.Context(), me, given.ID)) }, vault.CodeConsentUnknown},
			vault.GroundLaw: {byLaw(), func() {
				require.NoError(t, other.v.PutCaller(t.Context(), operator(), vault.Caller{
					ID: fixtures.Hall, Name: "大厅", MaxLevel: vault.LevelCertificate,
				}))
			}, vault.CodeBasisNotGranted},
		} {
			require.NoError(t, c.v.PutCaller(t.Context(), operator(), vault.Caller{
				ID: fixtures.Hall, Name: "大厅", Bases: []string{fixtures.HallBasis}, MaxLevel: vault.LevelCertificate,
			}))
			require.NoError(t, read(taken.a), name)
			b.pass, b.do = 0, taken.do
			err := read(taken.a)
			require.Nil(t, b.do, "%s: nothing came between", name)
			require.ErrorIs(t, err, vault.ErrDenied, "%s by %s", name, ground)
			require.Equal(t, taken.code, vault.CodeOf(err))
			entries := c.auditEntries()
			last := entries[len(entries)-1]
			require.Equal(t, string(taken.code), last.Result, name)
			require.Zero(t, last.Count)
		}
	}
}
