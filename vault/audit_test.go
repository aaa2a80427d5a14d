package vault_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// newEntries are the audit entries that an act leaves.
func (w *world) newEntries(act func()) []*record.AuditEntry {
	w.t.Helper()
	before := w.audits()
	act()
	return w.auditEntries()[before:]
}

// TestReclassified_A69: every change of classification, up or down, states a reason and day of its own, and the audit
// names type, change and reason.
func TestReclassified_A69(t *testing.T) {
	w := newWorld(t)
	classify := func(level catalogue.Level, reason, decided string) error {
		_, err := w.redefine(foodType, func(def *catalogue.Type) {
			def.Classification = catalogue.Classification{Level: level, Reason: reason, Decided: decided}
		})
		return err
	}
	for _, c := range []struct {
		name            string
		level           catalogue.Level
		reason, decided string
		want            vault.Code
		change          string
	}{
		{"no reason", catalogue.LevelInternal, "", "2026-03-01", vault.CodeReclassified, ""},
		{"no day", catalogue.LevelInternal, "审查", "", vault.CodeReclassified, ""},
		{"closed", catalogue.LevelSecret, "保密审查", "2026-03-01", "", "classification public secret"},
		{"opened on the decision that closed it", catalogue.LevelPublic, "保密审查", "2026-03-01", vault.CodeReclassified, ""},
		{"opened without a word", catalogue.LevelPublic, "", "", vault.CodeReclassified, ""},
		{"opened", catalogue.LevelPublic, "解密审查", "2026-03-02", "", "classification secret public"},
	} {
		entries := w.newEntries(func() {
			err := classify(c.level, c.reason, c.decided)
			if c.want == "" {
				require.NoError(t, err, c.name)
				return
			}
			require.ErrorIs(t, err, vault.ErrInvalid, c.name)
			require.Equal(t, []vault.Code{c.want}, codesOf(err), c.name)
		})
		require.Len(t, entries, 1, c.name)
		e := entries[0]
		require.Equal(t, []string{"type", foodType, c.change}, []string{e.Act, e.Type, e.Change}, c.name)
		if c.want != "" {
			require.Equal(t, string(c.want), e.Result, c.name)
			continue
		}
		require.Equal(t, []string{"done", c.reason}, []string{e.Result, e.Reason}, c.name)
		require.Contains(t, e.Object, "version ")
	}
	same := w.newEntries(func() { require.NoError(t, classify(catalogue.LevelPublic, "解密审查", "2026-03-02")) })
	require.Equal(t, "unchanged", same[0].Result)
}

// TestAuditNamesWhat_A79: whatever is read or written, its entry says of which type, issuer, licence or thing.
func TestAuditNamesWhat_A79(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k", number(1))
	b := w.convert("file", number(2))
	undone := w.convert("another file", number(4))
	issuer := fixtures.Departments()[0].Code
	doc, err := w.v.Attach(t.Context(), department(0), a.Identifier, "ofd", []byte("document"))
	require.NoError(t, err)
	by := func(q vault.Query) func() error {
		return func() error { return err2(w.v.Lookup(t.Context(), byLaw(), q)) }
	}
	for name, c := range map[string]struct {
		do   func() error
		want record.AuditEntry
	}{
		"issue": {
			func() error { return err2(w.v.Issue(t.Context(), department(0), w.complete(food("i", number(3))))) },
			record.AuditEntry{Act: "issue", Type: foodType},
		},
		"by identifier": {by(vault.Query{Identifier: a.Identifier}),
			record.AuditEntry{Act: "lookup", Type: foodType, Licence: a.Identifier}},
		"by number": {by(vault.Query{Type: foodType, Number: number(1)}),
			record.AuditEntry{Act: "lookup", Type: foodType, Licence: a.Identifier}},
		"by issuer": {by(vault.Query{Type: foodType, Issuer: issuer}),
			record.AuditEntry{Act: "lookup", Type: foodType, Issuer: issuer}},
		"by batch": {by(vault.Query{Batch: b.ID}), record.AuditEntry{Act: "lookup", Type: foodType, Batch: b.ID}},
		"document": {
			func() error { return err2(w.v.Content(t.Context(), byLaw(), a.Identifier, *doc)) },
			record.AuditEntry{Act: "content", Type: foodType, Object: "document " + doc.Digest.String()},
		},
		"day": {
			func() error {
				return err2(w.v.AsOf(t.Context(), byLaw(), a.Identifier, day("2026-03-02"), time.Time{}))
			},
			record.AuditEntry{Act: "as-of", Type: foodType, Object: "day 2026-03-02"},
		},
		"caller": {
			func() error {
				return w.v.PutCaller(t.Context(), operator(), vault.Caller{ID: "new", Bases: []string{"示例法"}})
			},
			record.AuditEntry{Act: "caller", Object: "caller new", Change: "level none; issues 0 types; basis 示例法"},
		},
		"caller without a name": {
			func() error { require.Error(t, w.v.PutCaller(t.Context(), operator(), vault.Caller{})); return nil },
			record.AuditEntry{Act: "caller"},
		},
		"complete": {
			func() error { return w.v.DeclareComplete(t.Context(), department(0), foodType, issuer, "JY") },
			record.AuditEntry{Act: "declare-complete", Type: foodType, Issuer: issuer, Object: "series JY"},
		},
		"numbers": {
			func() error { return err2(w.v.Numbers(t.Context(), department(0), foodType)) },
			record.AuditEntry{Act: "numbers", Type: foodType, Issuer: issuer},
		},
		"sample": {
			func() error { return err2(w.v.Sample(t.Context(), department(0), b.ID, 1, 1)) },
			record.AuditEntry{Act: "sample", Type: foodType, Batch: b.ID},
		},
		"undo": {
			func() error {
				return err2(w.v.UndoBatch(t.Context(), department(0), undone.ID, "用错台账", func(vault.Undone) {}))
			},
			record.AuditEntry{Act: "undo", Type: foodType, Batch: undone.ID, Reason: "用错台账"},
		},
		"stolen key": {
			func() error {
				return w.v.SignedBy(t.Context(), operator(), [32]byte{1}, func(vault.SignedVersion) bool { return true })
			},
			record.AuditEntry{Act: "signed-by", Object: "certificate " + record.Digest{1}.String()},
		},
	} {
		entries := w.newEntries(func() { require.NoError(t, c.do(), name) })
		require.NotEmpty(t, entries, name)
		e := entries[0]
		require.Equal(t, c.want.Act, e.Act, name)
		for what, pair := range map[string][2]string{
			"type": {c.want.Type, e.Type}, "issuer": {c.want.Issuer, e.Issuer}, "licence": {c.want.Licence, e.Licence},
			"batch": {c.want.Batch, e.Batch}, "object": {c.want.Object, e.Object}, "change": {c.want.Change, e.Change},
			"reason": {c.want.Reason, e.Reason},
		} {
			if pair[0] != "" {
				require.Equal(t, pair[0], pair[1], "%s: %s", name, what)
			}
		}
	}
}

// TestAuditHoldsNoNumberOfAPerson: what is asked for in the place of a type or issuer stands in the audit only if it is
// one.
func TestAuditHoldsNoNumberOfAPerson(t *testing.T) {
	w := newWorld(t)
	person := fixtures.PersonAt(1).Number
	for _, q := range []vault.Query{
		{Type: person + "001", Number: "1"}, {Type: foodType, Number: "1", Issuer: person}, {Batch: person},
		{Type: foodType, Number: person},
	} {
		for _, e := range w.newEntries(func() { _, _ = w.v.Lookup(t.Context(), byLaw(), q) }) {
			raw, err := e.Append(nil)
			require.NoError(t, err)
			require.NotContains(t, string(raw), person)
		}
	}
}

// TestAuditor_A79: an auditor reads the audit by a right of its own and leaves an entry; by that right nothing else is
// done, and nobody else has it.
func TestAuditor_A79(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k", number(1))
	audit := vault.Access{Caller: fixtures.Auditor, Purpose: "年度审计", Ground: vault.GroundAudit}
	seen := 0
	entries := w.newEntries(func() {
		require.NoError(t, w.v.AuditTrail(t.Context(), audit, 1, func(*record.AuditEntry) bool { seen++; return true }))
	})
	require.Len(t, entries, 1)
	require.Equal(t, "audit-trail", entries[0].Act)
	require.Equal(t, "audit", entries[0].Asked.Ground)
	require.Equal(t, fixtures.Auditor, entries[0].Asked.Caller)
	require.Positive(t, seen)
	for n, want := range map[int]int{2: 3, 1: 2, 1000: w.audits() + 1} { // and that it is read
		var last []int
		before := w.audits()
		require.NoError(t, w.v.AuditTrail(t.Context(), audit, -n, func(e *record.AuditEntry) bool {
			last = append(last, e.Number)
			return true
		}))
		require.GreaterOrEqual(t, len(last), want, n)
		require.Equal(t, max(before-n+1, 1), last[0], n)
		require.Equal(t, before+1, last[len(last)-1], n)
	}
	for name, err := range map[string]error{
		"look-up":   err2(w.v.Lookup(t.Context(), audit, vault.Query{Identifier: a.Identifier})),
		"callers":   err2(w.v.Callers(t.Context(), audit)),
		"register":  w.v.PutCaller(t.Context(), audit, vault.Caller{ID: "x"}),
		"inspect":   err2(w.v.Inspect(t.Context(), audit, nil)),
		"signed by": w.v.SignedBy(t.Context(), audit, [32]byte{1}, func(vault.SignedVersion) bool { return true }),
		"batches":   err2(w.v.Batches(t.Context(), audit)),
	} {
		require.ErrorIs(t, err, vault.ErrDenied, name)
	}
	for name, b := range map[string]vault.Access{
		"the operator": under(operator(), vault.GroundAudit), "a department": under(department(0), vault.GroundAudit),
		"the hall": under(byLaw(), vault.GroundAudit), "by another right": under(audit, vault.GroundOperator),
	} {
		err := w.v.AuditTrail(t.Context(), b, 1, func(*record.AuditEntry) bool { t.Error("shown"); return false })
		require.ErrorIs(t, err, vault.ErrDenied, name)
	}
}
