package vault_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
)

// classified is what the sweep aims at: a type that is closed, and whatever of it the vault holds.
type classified struct {
	*world
	typ        string
	identifier string         // of a licence, issued before where the type was open
	ticket     string         // of a reservation
	replay     *vault.Request // the request that made the licence, or nil
	batch      string         // signed off before the type was closed, or ""
	waiting    string         // one that waits for its sign-off
	document   vault.Document
	handle     *vault.Batch    // opened before the type was closed, or nil
	spec       vault.BatchSpec // of handle
	dry        *vault.DryRun   // opened likewise
}

// sweep says how one method is tried against a closed type.
type sweep struct {
	// must give ErrSecret and change nothing; nil for a method that neither writes nor shows licences of one type.
	must func(context.Context, *classified) error
	// stored: the try needs something that the vault holds of the type, so a type closed from the start has none.
	stored bool
	// why there is no try, or why the outcome is another.
	why string
}

func err2[T any](_ T, err error) error { return err }

func actOf(
	c *classified,
	do func(context.Context, vault.Access, vault.Act) (*vault.Answer, error),
	kind record.Kind,
) error {
	return err2(do(c.t.Context(), department(0), vault.Act{
		Key: "secret " + string(kind), Identifier: c.identifier, Kind: kind, Basis: "依据", Reason: "理由",
		Paper: paperFor(kind),
	}))
}

func paperFor(kind record.Kind) string {
	if kind == record.EventReissued {
		return "新纸"
	}
	return ""
}

// sweeps has every exported method of the vault.
var sweeps = map[string]sweep{
	"Issue": {must: func(ctx context.Context, c *classified) error {
		return err2(c.v.Issue(ctx, department(0), c.request("s-issue", "JY13501020000901")))
	}},
	"IssueBatch": {must: func(ctx context.Context, c *classified) error {
		list := c.v.IssueBatch(ctx, department(0), []vault.Request{
			c.request("s-b1", "JY13501020000902"), c.request("s-b2", ""),
		})
		if !errors.Is(list[1].Err, vault.ErrSecret) {
			return list[1].Err
		}
		return list[0].Err
	}},
	"Reserve": {must: func(ctx context.Context, c *classified) error {
		return err2(c.v.Reserve(ctx, department(0), c.request("s-reserve", "")))
	}},
	"Validate": {must: func(ctx context.Context, c *classified) error {
		return err2(c.v.Validate(ctx, department(0), c.request("s-validate", "")))
	}},
	"Confirm": {must: func(ctx context.Context, c *classified) error {
		return err2(c.v.Confirm(ctx, department(0), vault.Confirmation{Key: "s-c", Identifier: c.ticket, Paper: "纸S"}))
	}},
	"Void": {must: func(ctx context.Context, c *classified) error {
		return err2(c.v.Void(ctx, department(0), "s-v", c.ticket, "理由"))
	}},
	"Change": {must: func(_ context.Context, c *classified) error { return actOf(c, c.v.Change, record.EventChanged) }},
	"Renew":  {must: func(_ context.Context, c *classified) error { return actOf(c, c.v.Renew, record.EventRenewed) }},
	"Reissue": {
		must: func(_ context.Context, c *classified) error { return actOf(c, c.v.Reissue, record.EventReissued) },
	},
	"ValidateAct": {must: func(ctx context.Context, c *classified) error {
		return err2(c.v.ValidateAct(ctx, department(0), vault.Act{
			Identifier: c.identifier, Kind: record.EventChanged, Basis: "依据", Reason: "理由",
		}))
	}},
	"ValidateConfirm": {must: func(ctx context.Context, c *classified) error {
		return c.v.ValidateConfirm(ctx, department(0), vault.Confirmation{Identifier: c.ticket, Paper: "纸S"})
	}},
	"ExportContent": {must: func(ctx context.Context, c *classified) error {
		return err2(c.v.ExportContent(ctx, department(0), c.identifier, 1, record.Sum([]byte("secret document"))))
	}},
	"KeepContent": {must: func(ctx context.Context, c *classified) error {
		return err2(c.v.KeepContent(ctx, department(0), c.identifier, []byte("secret document")))
	}},
	"Suspend": {
		must: func(_ context.Context, c *classified) error { return actOf(c, c.v.Suspend, record.EventSuspended) },
	},
	"Resume": {must: func(_ context.Context, c *classified) error { return actOf(c, c.v.Resume, record.EventResumed) }},
	"Revoke": {must: func(_ context.Context, c *classified) error { return actOf(c, c.v.Revoke, record.EventRevoked) }},
	"Attach": {must: func(ctx context.Context, c *classified) error {
		return err2(c.v.Attach(ctx, department(0), c.identifier, "ofd", []byte("secret document")))
	}},
	"Lookup": {must: func(ctx context.Context, c *classified) error {
		return c.everyQuery(func(a vault.Access, q vault.Query) error { return err2(c.v.Lookup(ctx, a, q)) })
	}},
	"Compare": {must: func(ctx context.Context, c *classified) error {
		return c.everyQuery(func(a vault.Access, q vault.Query) error {
			return err2(c.v.Compare(ctx, a, q, map[string]string{"CZZT": "示例食品有限公司"}))
		})
	}},
	"History": {must: func(ctx context.Context, c *classified) error {
		return c.everyAccess(func(a vault.Access) error { return err2(c.v.History(ctx, a, c.identifier)) })
	}},
	"AsOf": {must: func(ctx context.Context, c *classified) error {
		return c.everyAccess(func(a vault.Access) error {
			return err2(c.v.AsOf(ctx, a, c.identifier, record.DateOf(c.now), time.Time{}))
		})
	}},
	"Bundle": {must: func(ctx context.Context, c *classified) error {
		return c.everyAccess(func(a vault.Access) error { return err2(c.v.Bundle(ctx, a, c.identifier)) })
	}},
	"Drawable": {must: func(ctx context.Context, c *classified) error {
		return c.everyAccess(func(a vault.Access) error { return err2(c.v.Drawable(ctx, a, c.identifier)) })
	}},
	"Image": {must: func(ctx context.Context, c *classified) error {
		return c.everyAccess(func(a vault.Access) error { return err2(c.v.Image(ctx, a, c.identifier, "KZ_ZP")) })
	}},
	"Content": {must: func(ctx context.Context, c *classified) error {
		return c.everyAccess(func(a vault.Access) error { return err2(c.v.Content(ctx, a, c.identifier, c.document)) })
	}},
	"Export": {must: func(ctx context.Context, c *classified) error {
		return err2(c.v.Export(ctx, department(0), c.identifier, 1))
	}},
	"Import": {must: func(ctx context.Context, c *classified) error {
		return err2(c.v.Import(ctx, department(0), &vault.Transfer{Identifier: c.identifier, From: 1}))
	}},
	"Numbers": {must: func(ctx context.Context, c *classified) error {
		return err2(c.v.Numbers(ctx, department(0), c.typ))
	}},
	"NumberPage": {must: func(ctx context.Context, c *classified) error {
		return err2(c.v.NumberPage(ctx, department(0), vault.NumberQuery{Type: c.typ, Limit: 1}))
	}},
	"PaperScans": {must: func(ctx context.Context, c *classified) error {
		return c.everyAccess(func(a vault.Access) error { return err2(c.v.PaperScans(ctx, a, c.identifier)) })
	}},
	"DeclareComplete": {must: func(ctx context.Context, c *classified) error {
		return c.v.DeclareComplete(ctx, department(0), c.typ, fixtures.Departments()[0].Code, "")
	}},
	"OpenBatch": {must: func(ctx context.Context, c *classified) error {
		return err2(c.v.OpenBatch(ctx, department(0), vault.BatchSpec{Type: c.typ, File: record.Sum([]byte("file"))}))
	}},
	"FinishedBatch": {must: func(ctx context.Context, c *classified) error {
		return err2(c.v.FinishedBatch(ctx, department(0), vault.BatchSpec{Type: c.typ, File: record.Sum([]byte("file"))}))
	}},
	"OpenDryRun": {must: func(ctx context.Context, c *classified) error {
		return err2(c.v.OpenDryRun(ctx, department(0), vault.BatchSpec{Type: c.typ}, memory.New()))
	}},
	"Batch": {stored: true, must: func(ctx context.Context, c *classified) error {
		return err2(c.v.Batch(ctx, department(0), c.batch, func([]vault.RowResult) bool { return true }))
	}},
	"Sample": {stored: true, must: func(ctx context.Context, c *classified) error {
		return err2(c.v.Sample(ctx, department(0), c.batch, 3, 1))
	}},
	"SampledScan": {stored: true, must: func(ctx context.Context, c *classified) error {
		return err2(c.v.SampledScan(ctx, department(0), c.batch, record.Sum([]byte("scan"))))
	}},
	"SignOffBatch": {stored: true, must: func(ctx context.Context, c *classified) error {
		return err2(c.v.SignOffBatch(ctx, department(0), c.waiting, vault.SignOff{By: "科长", Sampled: 1}))
	}},
	"UndoBatch": {stored: true, must: func(ctx context.Context, c *classified) error {
		return err2(c.v.UndoBatch(ctx, department(0), c.batch, "误转换", func(vault.Undone) {}))
	}},

	"Accesses":         {why: "audit entries of closed types are left out"},
	"PublicState":      {why: "TestPublicState: a closed type is as if there were none"},
	"CurrentStatus":    {why: "TestPublicState: a closed type is as if there were none"},
	"NewestCheckpoint": {why: "salted leaves reveal nothing"},

	"Reconcile":  {why: "lists reservations of all types; those of closed ones are left out"},
	"SignedBy":   {why: "walks all types; licences of closed ones are left out"},
	"SignedPage": {why: "walks all types; licences of closed ones are left out"},
	"Batches":    {why: "lists batches of all types; those of closed ones are left out"},
	"PutType":    {why: "classification itself"}, "ValidateType": {why: "classification itself"}, "Type": {why: "definitions are public"},
	"TypeReport": {why: "lists closed types as such (A68)"},
	"PutCaller": {
		why: "no licences",
	}, "Callers": {why: "no licences"}, "Grant": {why: "a consent opens no closed type"},
	"Consents": {why: "consents, no licences"}, "Withdraw": {why: "closes, opens nothing"},
	"AuditTrail": {why: "audit, for the operator"}, "Trace": {why: "audit and events without content, for the auditor"},
	"IndexMessages": {why: "shows nothing"}, "Inspect": {why: "re-hashes, shows no licence"},
	"AcceptLoss": {why: "no licences"}, "CatchUp": {why: "no licences"}, "MarkRestored": {why: "no licences"}, "Name": {why: "no licences"},
	"Checkpoint": {why: "salted leaves reveal nothing"}, "Consistency": {why: "salted leaves reveal nothing"},
	"Growth":   {why: "salted leaves reveal nothing"},
	"Sequence": {why: "salted leaves reveal nothing"}, "Sweep": {why: "shows no document"},
	"Registration": {why: "no licences"}, "OnlyGround": {why: "no licences"}, "Ready": {why: "yes or no"}, "Zone": {why: "no licences"},
	"Witness":        {why: "an audit entry, shows nothing"},
	"Events":         {why: "lists what happened to licences of all types; those of closed ones are left out, TestEventsOfClosed_A69"},
	"FeedEnd":        {why: "a counter"},
	"PublicToken":    {why: "of a licence that was found"},
	"Announce":       {why: "shows nothing; of a closed type it is refused, TestNoticeRefused"},
	"UnknownCallers": {why: "a counter"}, "Pending": {why: "counts for the operator; batches of closed types are left out"},
}

// TestSweepIsComplete_A69 fails for a method that nobody has thought about.
func TestSweepIsComplete_A69(t *testing.T) {
	typ := reflect.TypeFor[*vault.Vault]()
	var methods []string
	for i := range typ.NumMethod() {
		name := typ.Method(i).Name
		if slices.Contains([]string{"DecodeCursor", "MakeCursor", "AuditOnly", "FindOnly", "IdentifierOf"}, name) { // of the tests
			continue
		}
		methods = append(methods, name)
		s, ok := sweeps[name]
		require.True(t, ok, "say in sweeps how %s keeps classified licences secret", name)
		require.True(t, (s.must == nil) == (s.why != ""), name)
	}
	for name := range sweeps {
		require.Contains(t, methods, name)
	}
}

// TestSecretFromTheStart_A69: nothing of such a type gets in or out, whoever asks.
func TestSecretFromTheStart_A69(t *testing.T) {
	for _, level := range []catalogue.Level{catalogue.LevelSecret, catalogue.LevelSensitive} {
		w := newWorld(t)
		c := &classified{world: w, typ: w.declareClosed(level)}
		id, err := code.NewIdentifier(c.typ, fixtures.Departments()[0].Code, "SECRET", 1)
		require.NoError(t, err)
		c.identifier, c.ticket = id.String(), id.String()
		c.run(t)
	}
}

// TestSecretLater_A69: what the vault holds of a type that is classified later is shut at once.
func TestSecretLater_A69(t *testing.T) {
	c := newClassified(t)
	c.run(t)

	for name, err := range map[string]error{
		"replay of an issue":   err2(c.v.Issue(t.Context(), department(0), *c.replay)),
		"Prepare":              err2(c.handle.Prepare(t.Context(), 0, c.rows("JY13501020000950"))),
		"Judge":                err2(c.dry.Judge(t.Context(), c.rows("JY13501020000951"))),
		"PutScan":              err2(c.handle.PutScan(t.Context(), []byte("a scan"))),
		"Finish":               err2(c.handle.Finish(t.Context(), nil)),
		"look-up by its batch": err2(c.v.Lookup(t.Context(), byLaw(), vault.Query{Batch: c.batch})),
	} {
		require.ErrorIs(t, err, vault.ErrSecret, name)
	}
	// Lists of several types skip it.
	for _, a := range []vault.Access{byLaw(), department(0), c.asHolder("001", firm(1), vault.LevelCertificate)} {
		res, err := c.v.Lookup(t.Context(), a, vault.Query{HolderKind: "001", HolderCode: firm(1)})
		require.NoError(t, err)
		require.Empty(t, res.Found)
	}
	open, err := c.v.Reconcile(t.Context(), department(0))
	require.NoError(t, err)
	require.Empty(t, open)
	for _, a := range []vault.Access{department(0), operator()} {
		batches, err := c.v.Batches(t.Context(), a)
		require.NoError(t, err)
		require.Empty(t, batches)
	}

	// The owner reads on; here it has issued nothing, so it sees nothing of others either.
	owner := operator()
	owner.Ground = vault.GroundIssuer
	_, err = c.v.Lookup(t.Context(), owner, vault.Query{Identifier: c.identifier})
	require.ErrorIs(t, err, vault.ErrDenied)
	_, err = c.v.Lookup(t.Context(), owner, vault.Query{Type: c.typ, Number: "JY13501020000900"})
	require.NoError(t, err)
}

// TestOwnerReadsClassified_A69: the department that owns a type and issues it still sees its licences.
func TestOwnerReadsClassified_A69(t *testing.T) {
	w := newWorld(t)
	req := w.complete(food("k", "JY13501020000011"))
	owner := operator()
	owner.Ground = vault.GroundIssuer
	// The authority that owns the types has a signing certificate too.
	require.NoError(t, w.hire(fixtures.Authority()))
	a, err := w.v.Issue(t.Context(), owner, req)
	require.NoError(t, err, problemsOf(err))
	w.reclassify(foodType, catalogue.LevelSecret)
	res, err := w.v.Lookup(t.Context(), owner, vault.Query{Identifier: a.Identifier})
	require.NoError(t, err)
	require.Len(t, res.Found, 1)
	_, err = w.v.Lookup(t.Context(), byLaw(), vault.Query{Identifier: a.Identifier})
	require.ErrorIs(t, err, vault.ErrSecret)
	_, err = w.v.Suspend(t.Context(), owner, vault.Act{Key: "s", Identifier: a.Identifier, Basis: "b", Reason: "r"})
	require.ErrorIs(t, err, vault.ErrSecret, "nothing is written, not even by the owner")

	w.reclassify(foodType, catalogue.LevelPublic)
	res, err = w.v.Lookup(t.Context(), byLaw(), vault.Query{Identifier: a.Identifier})
	require.NoError(t, err)
	require.Len(t, res.Found, 1)
}

// TestOwnerVoidsClassified_A69: of a type that was classified since, reservations can be given up by its owner, whoever
// made them, and never be confirmed.
func TestOwnerVoidsClassified_A69(t *testing.T) {
	c := newClassified(t)
	owner := operator()
	owner.Ground = vault.GroundIssuer
	list, err := c.v.Reconcile(t.Context(), owner)
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, c.ticket, list[0].Identifier)
	for name, a := range map[string]vault.Access{"its maker": department(0), "another": department(1), "by law": byLaw()} {
		_, err = c.v.Void(t.Context(), a, "void "+name, c.ticket, "定密后作废")
		require.ErrorIs(t, err, vault.ErrSecret, name)
	}
	_, err = c.v.Confirm(t.Context(), owner, vault.Confirmation{Key: "confirm", Identifier: c.ticket, Paper: "纸S"})
	require.ErrorIs(t, err, vault.ErrDenied)
	_, err = c.v.Void(t.Context(), owner, "of a licence", c.identifier, "定密后作废")
	require.ErrorIs(t, err, vault.ErrTransition, "a licence is no reservation")
	a, err := c.v.Void(t.Context(), owner, "void", c.ticket, "定密后作废")
	require.NoError(t, err, problemsOf(err))
	require.Equal(t, vault.Voided, a.State)
	again, err := c.v.Void(t.Context(), owner, "void", c.ticket, "定密后作废")
	require.NoError(t, err)
	require.True(t, again.Replayed)
	list, err = c.v.Reconcile(t.Context(), owner)
	require.NoError(t, err)
	require.Empty(t, list)
	c.reclassify(c.typ, catalogue.LevelPublic)
	_, err = c.v.Confirm(t.Context(), department(0), vault.Confirmation{Key: "late", Identifier: c.ticket, Paper: "纸S"})
	require.ErrorIs(t, err, vault.ErrNotFound)
	_, err = c.v.Void(t.Context(), owner, "open again", c.ticket, "理由")
	require.ErrorIs(t, err, vault.ErrDenied, "of an open type they are their department's")
	CheckVault(t, c.v)
}

// run tries every method and holds the engine and the blobs against what they were.
func (c *classified) run(t *testing.T) {
	t.Helper()
	names := make([]string, 0, len(sweeps))
	for name := range sweeps {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		s := sweeps[name]
		if s.must == nil || s.stored && c.batch == "" {
			continue
		}
		before, audits := content(t, c.engine), c.audits()
		err := s.must(t.Context(), c)
		require.ErrorIs(t, err, vault.ErrSecret, name)
		require.NotErrorIs(t, err, vault.ErrAudit, name)
		require.Equal(t, before, content(t, c.engine), name)
		entries := c.auditEntries()
		require.Greater(t, len(entries), audits, "%s: the refusal is in the audit", name)
		for _, e := range entries[audits:] {
			require.Equal(t, c.typ, e.Type, "%s: the audit names the type", name)
		}
		require.Equal(t, c.blobKeys, keysOf(t, c.blobs), "%s left a blob", name)
	}
}

// everyAccess tries a read under every ground and gives the first answer that is not the refusal.
func (c *classified) everyAccess(try func(vault.Access) error) error {
	var last error
	for _, a := range []vault.Access{department(0), byLaw(), c.asHolder("001", firm(1), vault.LevelCertificate)} {
		if last = try(a); !errors.Is(last, vault.ErrSecret) {
			return last
		}
	}
	return last
}

// everyQuery tries each form of a query that names the type.
func (c *classified) everyQuery(try func(vault.Access, vault.Query) error) error {
	issuer := fixtures.Departments()[0].Code
	return c.everyAccess(func(a vault.Access) error {
		var last error
		for _, q := range []vault.Query{
			{Identifier: c.identifier}, {Type: c.typ, Number: "JY13501020000900"},
			{Type: c.typ, Number: "JY13501020000900", Issuer: issuer}, {Type: c.typ, Issuer: issuer},
			{HolderKind: "001", HolderCode: firm(1), Type: c.typ}, {Identifier: c.identifier, Receipt: true},
		} {
			if last = try(a, q); !errors.Is(last, vault.ErrSecret) {
				return last
			}
		}
		return last
	})
}

func (c *classified) request(key, number string) vault.Request {
	req := food(key, number)
	req.Type, req.Division, req.Paper = c.typ, "350102", "纸"+key
	return c.complete(req)
}

func (c *classified) rows(numbers ...string) []vault.BatchRow {
	return c.batchRows(c.open, numbers...)
}

// newClassified is a stocked vault whose type is then classified.
func newClassified(t *testing.T) *classified {
	t.Helper()
	c := newStocked(t, memory.New())
	c.reclassify(foodType, catalogue.LevelSecret)
	c.blobKeys = keysOf(t, c.blobs)
	return c
}

// newStocked is a vault with a licence, a reservation, a document and conversions of a type that is open.
func newStocked(t *testing.T, inner engine.Engine) *classified {
	t.Helper()
	w := newWorldOn(t, inner)
	c := &classified{world: w, typ: foodType}
	lt, err := w.v.Type(t.Context(), foodType)
	require.NoError(t, err)
	w.open = lt
	req := c.request("before", "JY13501020000900")
	c.replay = &req
	a, err := w.v.Issue(t.Context(), department(0), req)
	require.NoError(t, err, problemsOf(err))
	c.identifier = a.Identifier
	doc, err := w.v.Attach(t.Context(), department(0), a.Identifier, "ofd", []byte("the document"))
	require.NoError(t, err)
	c.document = *doc
	ticket, err := w.v.Reserve(t.Context(), department(0), c.request("before-r", ""))
	require.NoError(t, err, problemsOf(err))
	c.ticket = ticket.Identifier
	c.batch = w.convert("signed off", "JY13501020000910", "JY13501020000911").ID
	w.signOff(c.batch)
	c.waiting = w.convert("waiting", "JY13501020000912").ID
	c.spec = vault.BatchSpec{Type: foodType, File: record.Sum([]byte("3"))}
	c.handle, err = w.v.OpenBatch(t.Context(), department(0), c.spec)
	require.NoError(t, err)
	c.dry, err = w.v.OpenDryRun(t.Context(), department(0), vault.BatchSpec{Type: foodType}, memory.New())
	require.NoError(t, err)
	_, err = w.v.Checkpoint(t.Context())
	require.NoError(t, err)
	return c
}

// TestSecretLeavesNoProof_A69: proofs that were handed out stay what they are, and reveal nothing by themselves.
func TestSecretLeavesNoProof_A69(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k", "JY13501020000011")
	b, err := w.v.Bundle(t.Context(), byLaw(), a.Identifier)
	require.NoError(t, err)
	p, err := ledger.ParseProof(b.Proof)
	require.NoError(t, err)
	require.False(t, strings.Contains(string(p.Checkpoint), "JY1350102"))
}
