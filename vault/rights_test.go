package vault_test

import (
	"context"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
)

// call is one method of the vault with everything but the access given.
type call func(context.Context, *classified, vault.Access) error

type actFunc func(*vault.Vault, context.Context, vault.Access, vault.Act) (*vault.Answer, error)

func acting(do actFunc, kind record.Kind) call {
	return func(ctx context.Context, c *classified, a vault.Access) error {
		return err2(do(c.v, ctx, a, vault.Act{
			Key: "right " + string(kind), Identifier: c.identifier, Kind: kind, Basis: "依据", Reason: "理由",
			Paper: paperFor(kind),
		}))
	}
}

// issuersOwn are for the department that issues, by its own right.
var issuersOwn = map[string]call{
	"Issue": func(ctx context.Context, c *classified, a vault.Access) error {
		return err2(c.v.Issue(ctx, a, c.request("r1", "JY13501020000960")))
	},
	"IssueBatch": func(ctx context.Context, c *classified, a vault.Access) error {
		return c.v.IssueBatch(ctx, a, []vault.Request{c.request("r2", "JY13501020000961")})[0].Err
	},
	"Reserve": func(ctx context.Context, c *classified, a vault.Access) error {
		return err2(c.v.Reserve(ctx, a, c.request("r3", "")))
	},
	"Validate": func(ctx context.Context, c *classified, a vault.Access) error {
		return err2(c.v.Validate(ctx, a, c.request("r4", "JY13501020000962")))
	},
	"Confirm": func(ctx context.Context, c *classified, a vault.Access) error {
		return err2(c.v.Confirm(ctx, a, vault.Confirmation{Key: "r5", Identifier: c.ticket, Paper: "纸权"}))
	},
	"Void": func(ctx context.Context, c *classified, a vault.Access) error {
		return err2(c.v.Void(ctx, a, "r6", c.ticket, "理由"))
	},
	"Attach": func(ctx context.Context, c *classified, a vault.Access) error {
		return err2(c.v.Attach(ctx, a, c.identifier, "ofd", []byte("not mine")))
	},
	"Export": func(ctx context.Context, c *classified, a vault.Access) error {
		return err2(c.v.Export(ctx, a, c.identifier, 1))
	},
	"Import": func(ctx context.Context, c *classified, a vault.Access) error {
		return err2(c.v.Import(ctx, a, &vault.Transfer{Identifier: c.identifier, From: 1}))
	},
	"ExportContent": func(ctx context.Context, c *classified, a vault.Access) error {
		return err2(c.v.ExportContent(ctx, a, c.identifier, 1, record.Sum([]byte("right"))))
	},
	"KeepContent": func(ctx context.Context, c *classified, a vault.Access) error {
		return err2(c.v.KeepContent(ctx, a, c.identifier, []byte("right")))
	},
	"Numbers": func(ctx context.Context, c *classified, a vault.Access) error {
		return err2(c.v.Numbers(ctx, a, c.typ))
	},
	"NumberPage": func(ctx context.Context, c *classified, a vault.Access) error {
		return err2(c.v.NumberPage(ctx, a, vault.NumberQuery{Type: c.typ, Limit: 1}))
	},
	"DeclareComplete": func(ctx context.Context, c *classified, a vault.Access) error {
		return c.v.DeclareComplete(ctx, a, c.typ, fixtures.Departments()[0].Code, "")
	},
	"OpenBatch": func(ctx context.Context, c *classified, a vault.Access) error {
		return err2(c.v.OpenBatch(ctx, a, vault.BatchSpec{Type: c.typ, File: record.Sum([]byte("right"))}))
	},
	"FinishedBatch": func(ctx context.Context, c *classified, a vault.Access) error {
		return err2(c.v.FinishedBatch(ctx, a, vault.BatchSpec{Type: c.typ, File: record.Sum([]byte("right"))}))
	},
	"OpenDryRun": func(ctx context.Context, c *classified, a vault.Access) error {
		return err2(c.v.OpenDryRun(ctx, a, vault.BatchSpec{Type: c.typ}, memory.New()))
	},
	"ValidateAct": func(ctx context.Context, c *classified, a vault.Access) error {
		return err2(c.v.ValidateAct(ctx, a, vault.Act{
			Key: "right validate", Identifier: c.identifier, Kind: record.EventChanged, Basis: "依据", Reason: "理由",
		}))
	},
	"ValidateConfirm": func(ctx context.Context, c *classified, a vault.Access) error {
		return c.v.ValidateConfirm(ctx, a, vault.Confirmation{Key: "right vc", Identifier: c.ticket, Paper: "纸R"})
	},
	"Change":  acting((*vault.Vault).Change, record.EventChanged),
	"Renew":   acting((*vault.Vault).Renew, record.EventRenewed),
	"Reissue": acting((*vault.Vault).Reissue, record.EventReissued),
	"Suspend": acting((*vault.Vault).Suspend, record.EventSuspended),
	"Resume":  acting((*vault.Vault).Resume, record.EventResumed),
	"Revoke":  acting((*vault.Vault).Revoke, record.EventRevoked),
}

// batchesOwn are for the department whose batch it is; to another one there is no such batch.
var batchesOwn = map[string]call{
	"Batch": func(ctx context.Context, c *classified, a vault.Access) error {
		return err2(c.v.Batch(ctx, a, c.batch, func([]vault.RowResult) bool { return true }))
	},
	"Sample": func(ctx context.Context, c *classified, a vault.Access) error {
		return err2(c.v.Sample(ctx, a, c.batch, 3, 1))
	},
	"SampledScan": func(ctx context.Context, c *classified, a vault.Access) error {
		return err2(c.v.SampledScan(ctx, a, c.batch, record.Sum([]byte("scan"))))
	},
	"SignOffBatch": func(ctx context.Context, c *classified, a vault.Access) error {
		return err2(c.v.SignOffBatch(ctx, a, c.waiting, vault.SignOff{By: "科长", Sampled: 1}))
	},
	"UndoBatch": func(ctx context.Context, c *classified, a vault.Access) error {
		return err2(c.v.UndoBatch(ctx, a, c.batch, "理由", func(vault.Undone) {}))
	},
}

// departmentsOwn list what a department has.
var departmentsOwn = map[string]call{
	"Reconcile": func(ctx context.Context, c *classified, a vault.Access) error { return err2(c.v.Reconcile(ctx, a)) },
	"Batches":   func(ctx context.Context, c *classified, a vault.Access) error { return err2(c.v.Batches(ctx, a)) },
}

// operators are for whoever runs the vault, by that right.
var operators = map[string]call{
	"PutCaller": func(ctx context.Context, c *classified, a vault.Access) error {
		return c.v.PutCaller(ctx, a, vault.Caller{ID: "friend", Operator: true})
	},
	"Callers": func(ctx context.Context, c *classified, a vault.Access) error { return err2(c.v.Callers(ctx, a)) },
	"AuditTrail": func(ctx context.Context, c *classified, a vault.Access) error {
		return c.v.AuditTrail(ctx, a, 1, func(*record.AuditEntry) bool { c.t.Error("shown"); return false })
	},
	"SignedPage": func(ctx context.Context, c *classified, a vault.Access) error {
		return err2(c.v.SignedPage(ctx, a, vault.SignedQuery{Certificate: [32]byte{1}, Limit: 1, Work: 1}))
	},
	"Trace": func(ctx context.Context, c *classified, a vault.Access) error {
		return err2(c.v.Trace(ctx, a, "0af7651916cd43dd8448eb211c80319c"))
	},
	"Inspect": func(ctx context.Context, c *classified, a vault.Access) error { return err2(c.v.Inspect(ctx, a, nil)) },
	"Pending": func(ctx context.Context, c *classified, a vault.Access) error { return err2(c.v.Pending(ctx, a)) },
	"SignedBy": func(ctx context.Context, c *classified, a vault.Access) error {
		return c.v.SignedBy(ctx, a, [32]byte{1}, func(vault.SignedVersion) bool { return true })
	},
	"Sweep": func(ctx context.Context, c *classified, a vault.Access) error {
		return err2(c.v.Sweep(ctx, a, c.now, false))
	},
	"CatchUp": func(ctx context.Context, c *classified, a vault.Access) error {
		return c.v.CatchUp(ctx, a, ledger.Checkpoint{})
	},
	"AcceptLoss": func(ctx context.Context, c *classified, a vault.Access) error {
		return err2(c.v.AcceptLoss(ctx, a, vault.Loss{Reason: "理由"}))
	},
	"DeclareComplete": func(ctx context.Context, c *classified, a vault.Access) error {
		return c.v.DeclareComplete(ctx, a, c.typ, "*", "")
	},
}

func under(a vault.Access, g vault.Ground) vault.Access {
	a.Ground, a.Basis = g, fixtures.HallBasis
	return a
}

// TestRights: what is one party's is refused to every other and under every other ground, changes nothing, and the
// refusal is in the audit.
func TestRights(t *testing.T) {
	c := newStocked(t, memory.New())
	stranger := map[string]vault.Access{
		"by law": under(department(0), vault.GroundLaw), "as operator": under(department(0), vault.GroundOperator),
		"by consent": under(department(0), vault.GroundConsent), "for a holder": under(department(0), vault.GroundHolder),
		"on no ground": under(department(0), ""), "of no department": under(byLaw(), vault.GroundIssuer),
	}
	another := map[string]vault.Access{"another department": department(1)}
	acts := maps.Clone(issuersOwn)
	for _, name := range []string{
		"Issue", "IssueBatch", "Reserve", "Validate", "Numbers", "NumberPage", "OpenBatch", "OpenDryRun", "FinishedBatch",
	} {
		delete(acts, name) // of these each department has its own
	}
	for _, g := range []struct {
		calls map[string]call
		by    map[string]vault.Access
		is    error
	}{
		{issuersOwn, stranger, vault.ErrDenied}, {acts, another, vault.ErrDenied},
		{batchesOwn, stranger, vault.ErrDenied}, {batchesOwn, another, vault.ErrNotFound},
		{departmentsOwn, stranger, vault.ErrDenied},
		{operators, map[string]vault.Access{
			"a department": department(0), "one that is none": under(department(0), vault.GroundOperator),
			"the hall": byLaw(), "its owner's right": under(operator(), vault.GroundIssuer),
			"by law": under(operator(), vault.GroundLaw), "on no ground": under(operator(), ""),
		}, vault.ErrDenied},
	} {
		for name, do := range g.calls {
			for who, a := range g.by {
				before, audits := content(t, c.engine), c.audits()
				err := do(t.Context(), c, a)
				require.ErrorIs(t, err, g.is, "%s: %s", name, who)
				require.NotErrorIs(t, err, vault.ErrAudit, "%s: %s", name, who)
				require.Equal(t, before, content(t, c.engine), "%s: %s", name, who)
				entries := c.auditEntries()
				require.Len(t, entries, audits+1, "%s: %s", name, who)
				require.Equal(t, string(vault.CodeOf(err)), entries[audits].Result, "%s: %s", name, who)
			}
		}
	}
}

// TestRightsAreComplete: the methods that take an access and are in no table decide by the scope of a read.
func TestRightsAreComplete(t *testing.T) {
	elsewhere := map[string]string{
		"Lookup": "TestGrounds_A77_A79", "Compare": "TestOthersLicences_A79", "History": "TestOthersLicences_A79",
		"AsOf": "TestOthersLicences_A79", "Bundle": "TestOthersLicences_A79", "Content": "TestOthersLicences_A79",
		"Drawable": "TestOthersLicences_A79", "Image": "TestOthersLicences_A79", "PaperScans": "TestPaperScans",
		"Grant": "TestGrantRefusals", "Consents": "TestConsentRefusals", "Withdraw": "TestConsentRefusals",
		"PutType": "TestTypeOwner_A67", "ValidateType": "TestValidateType_D1_2", "Accesses": "TestAccesses_A79", "Registration": "TestRegistration",
		"Witness": "TestWitness", "Events": "TestEventsRefused",
	}
	for name, s := range sweeps {
		_, open := map[string]bool{ // no access is asked for
			"Type": true, "TypeReport": true, "MarkRestored": true, "Name": true, "Checkpoint": true, "Consistency": true,
			"Growth": true, "Sequence": true, "UnknownCallers": true, "NewestCheckpoint": true, "PublicState": true,
			"CurrentStatus": true, "Ready": true, "FeedEnd": true, "PublicToken": true, "Announce": true, "Zone": true,
			"IndexMessages": true, "OnlyGround": true,
		}[name]
		known := open || elsewhere[name] != ""
		for _, table := range []map[string]call{issuersOwn, batchesOwn, departmentsOwn, operators} {
			_, in := table[name]
			known = known || in
		}
		require.True(t, known, "say who may %s (%s)", name, s.why)
	}
}

// TestUnknownLicence: of a licence that does not exist nothing can be done, and its issuer is told so.
func TestUnknownLicence(t *testing.T) {
	c := newStocked(t, memory.New())
	id, err := code.NewIdentifier(foodType, fixtures.Departments()[0].Code, "NEVER", 1)
	require.NoError(t, err)
	c.identifier, c.ticket = id.String(), id.String()
	for _, name := range []string{
		"Change", "Renew", "Reissue", "Suspend", "Resume", "Revoke", "Confirm", "Void", "Attach", "ValidateAct",
		"ValidateConfirm",
	} {
		before := content(t, c.engine)
		require.ErrorIs(t, issuersOwn[name](t.Context(), c, department(0)), vault.ErrNotFound, name)
		require.Equal(t, before, content(t, c.engine), name)
	}
}

// TestReservedIsNoLicence_A72: what is reserved is not issued: nobody finds it, and its own department gets no proof of
// it.
func TestReservedIsNoLicence_A72(t *testing.T) {
	c := newStocked(t, memory.New())
	for _, a := range []vault.Access{department(0), byLaw()} {
		_, err := c.v.Bundle(t.Context(), a, c.ticket)
		require.ErrorIs(t, err, vault.ErrNotFound)
		res, err := c.v.Lookup(t.Context(), a, vault.Query{Identifier: c.ticket})
		require.NoError(t, err)
		require.Empty(t, res.Found)
	}
	for name, kind := range map[string]record.Kind{
		"Change": record.EventChanged, "Suspend": record.EventSuspended, "Revoke": record.EventRevoked,
	} {
		c.identifier = c.ticket
		require.ErrorIs(t, issuersOwn[name](t.Context(), c, department(0)), vault.ErrTransition, kind)
	}
}

// TestHolderOfType: a holder's licences of one type are found without those of others.
func TestHolderOfType(t *testing.T) {
	w := newWorld(t)
	w.issue("k", number(1))
	res, err := w.v.Lookup(t.Context(), byLaw(), vault.Query{HolderKind: "001", HolderCode: firm(1), Type: foodType})
	require.NoError(t, err)
	require.Len(t, res.Found, 1)
	other := shippedCode("business-licence")
	require.NotEqual(t, foodType, other)
	res, err = w.v.Lookup(t.Context(), byLaw(), vault.Query{HolderKind: "001", HolderCode: firm(1), Type: other})
	require.NoError(t, err)
	require.Empty(t, res.Found)
	require.NotEmpty(t, res.Absence)
}

// TestDamagedConsent: a consent that does not say whose licences it opens opens none.
func TestDamagedConsent(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k", number(1))
	me := w.asHolder("001", firm(1), vault.LevelCertificate)
	id, err := idOf(w.v.Grant(t.Context(), me, consentTo(fixtures.Departments()[1].Code, "", w.now.Add(time.Hour))))
	require.NoError(t, err)
	d := under(department(1), vault.GroundConsent)
	d.Basis = id
	_, err = w.v.Lookup(t.Context(), d, vault.Query{Identifier: a.Identifier})
	require.NoError(t, err)
	for _, holder := range []string{`""`, `"AAAA"`, "null"} {
		text := `{"id":"` + id + `","department":"` + fixtures.Departments()[1].Code + `","holder":` + holder +
			`,"case":"","granted":"2026-03-02T01:30:00Z","expires":"2026-03-02T02:30:00Z"}`
		put(t, w.engine, "o"+id, []byte(text))
		res, err := w.v.Lookup(t.Context(), d, vault.Query{Identifier: a.Identifier})
		require.Equal(t, []vault.Code{vault.CodeConsentUnknown}, codesOf(err), holder)
		require.Nil(t, res)
	}
}

// TestPendingOfClassified_A69: the operator is not told of conversions of a type that is classified by now.
func TestPendingOfClassified_A69(t *testing.T) {
	c := newStocked(t, memory.New())
	p, err := c.v.Pending(t.Context(), operator())
	require.NoError(t, err)
	require.Len(t, p.Unfinished, 1)
	require.Len(t, p.Waiting, 1)
	c.reclassify(foodType, catalogue.LevelSensitive)
	p, err = c.v.Pending(t.Context(), operator())
	require.NoError(t, err)
	require.Empty(t, p.Unfinished)
	require.Empty(t, p.Waiting)
}

// TestReconcileIsOwn_A72: each department has its own list of what hangs.
func TestReconcileIsOwn_A72(t *testing.T) {
	c := newStocked(t, memory.New())
	list, err := c.v.Reconcile(t.Context(), department(0))
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, c.ticket, list[0].Identifier)
	list, err = c.v.Reconcile(t.Context(), department(1))
	require.NoError(t, err)
	require.Empty(t, list)
}
