package vault_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// TestGrounds_A77_A79: each right way in, and each wrong one with its reason.
func TestGrounds_A77_A79(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k", "JY13501020000011")
	strong := w.asHolder("001", firm(1), vault.LevelRealName)
	deps := fixtures.Departments()
	grant := func(department, caseNumber string, until time.Duration) string {
		id, err := idOf(w.v.Grant(t.Context(), strong, consentTo(department, caseNumber, w.now.Add(until))))
		require.NoError(t, err, problemsOf(err))
		return id
	}
	anyCase, oneCase := grant(deps[1].Code, "", time.Hour), grant(deps[1].Code, "2026-0002", time.Hour)
	elsewhere, short := grant(deps[2].Code, "", time.Hour), grant(deps[1].Code, "", time.Minute)
	w.now = w.now.Add(2 * time.Minute)

	consent := func(basis, caseNumber string) vault.Access {
		d := department(1)
		d.Ground, d.Basis, d.Case = vault.GroundConsent, basis, caseNumber
		return d
	}
	with := func(change func(*vault.Access)) vault.Access {
		x := w.asHolder("001", firm(1), vault.LevelRealName)
		change(&x)
		return x
	}
	law := func(change func(*vault.Access)) vault.Access {
		x := byLaw()
		change(&x)
		return x
	}
	for name, c := range map[string]struct {
		a    vault.Access
		is   error
		code vault.Code
	}{
		"issuer":         {department(0), nil, ""},
		"another issuer": {department(1), vault.ErrDenied, vault.CodeNotIssuer},
		"issuer of no department": {law(func(x *vault.Access) { x.Ground = vault.GroundIssuer }),
			vault.ErrDenied, vault.CodeNotIssuer},
		"law":                   {byLaw(), nil, ""},
		"law not granted":       {law(func(x *vault.Access) { x.Basis = "别的法" }), vault.ErrDenied, vault.CodeBasisNotGranted},
		"law unnamed":           {law(func(x *vault.Access) { x.Basis = "" }), vault.ErrDenied, vault.CodeBasisMissing},
		"operator":              {operator(), vault.ErrDenied, vault.CodeGroundUnknown},
		"no ground":             {law(func(x *vault.Access) { x.Ground = "" }), vault.ErrDenied, vault.CodeGroundUnknown},
		"made-up ground":        {law(func(x *vault.Access) { x.Ground = "x\ny" }), vault.ErrDenied, vault.CodeGroundUnknown},
		"no purpose":            {law(func(x *vault.Access) { x.Purpose = "" }), vault.ErrInvalid, vault.CodePurposeMissing},
		"malformed case":        {law(func(x *vault.Access) { x.Case = "a\nb" }), vault.ErrInvalid, vault.CodeTextControl},
		"nobody":                {law(func(x *vault.Access) { x.Caller = "nobody" }), vault.ErrUnknownCaller, vault.CodeCallerUnknown},
		"empty caller":          {law(func(x *vault.Access) { x.Caller = "" }), vault.ErrUnknownCaller, vault.CodeCallerUnknown},
		"endless caller":        {law(func(x *vault.Access) { x.Caller = strings.Repeat("c", 600) }), vault.ErrUnknownCaller, vault.CodeCallerUnknown},
		"holder":                {strongNow(w), nil, ""},
		"holder by certificate": {w.asHolder("001", firm(1), vault.LevelCertificate), nil, ""},
		"weak login (A77)":      {w.asHolder("001", firm(1), vault.LevelRegistered), vault.ErrLevel, vault.CodeLevelTooLow},
		"no login":              {with(func(x *vault.Access) { x.Holder = nil }), vault.ErrDenied, vault.CodeAssertionMissing},
		"nobody's login":        {with(func(x *vault.Access) { x.Holder.Code = "" }), vault.ErrDenied, vault.CodeAssertionMissing},
		"another case":          {with(func(x *vault.Access) { x.Holder.Case = "2026-0009" }), vault.ErrDenied, vault.CodeAssertionCase},
		"no case": {with(func(x *vault.Access) { x.Holder.Case, x.Case = "", "" }),
			vault.ErrDenied, vault.CodeAssertionCase},
		"expired":       {with(func(x *vault.Access) { x.Holder.Expires = w.now }), vault.ErrDenied, vault.CodeAssertionExpired},
		"never expires": {with(func(x *vault.Access) { x.Holder.Expires = time.Time{} }), vault.ErrDenied, vault.CodeAssertionExpired},
		"vouched by one who may not": {with(func(x *vault.Access) { x.Holder.By = fixtures.Caller(1) }),
			vault.ErrLevel, vault.CodeLevelTooLow},
		"vouched by nobody":          {with(func(x *vault.Access) { x.Holder.By = "nobody" }), vault.ErrLevel, vault.CodeLevelTooLow},
		"level below all":            {with(func(x *vault.Access) { x.Holder.Level = -5 }), vault.ErrLevel, vault.CodeLevelTooLow},
		"consent":                    {consent(anyCase, ""), nil, ""},
		"consent for its case":       {consent(oneCase, "2026-0002"), nil, ""},
		"consent of another case":    {consent(oneCase, "2026-0003"), vault.ErrDenied, vault.CodeConsentUnknown},
		"consent to another":         {consent(elsewhere, ""), vault.ErrDenied, vault.CodeConsentUnknown},
		"consent that ended":         {consent(short, ""), vault.ErrDenied, vault.CodeConsentUnknown},
		"consent that was not given": {consent("K00", ""), vault.ErrDenied, vault.CodeConsentUnknown},
		"no consent":                 {consent("", ""), vault.ErrDenied, vault.CodeConsentUnknown},
		"endless consent":            {consent(strings.Repeat("证", 200), ""), vault.ErrDenied, vault.CodeConsentUnknown},
	} {
		audits, unknown := w.audits(), w.v.UnknownCallers()
		before := content(t, w.engine)
		res, err := w.v.Lookup(t.Context(), c.a, vault.Query{Identifier: a.Identifier})
		require.Equal(t, before, content(t, w.engine), name)
		if c.is == nil {
			require.NoError(t, err, name)
			require.Len(t, res.Found, 1, name)
			continue
		}
		require.ErrorIs(t, err, c.is, name)
		require.Equal(t, []vault.Code{c.code}, codesOf(err), name)
		require.Nil(t, res, name)
		require.NotErrorIs(t, err, vault.ErrAudit, name)
		if c.is == vault.ErrUnknownCaller { //nolint:errorlint // a constant of the table
			require.Equal(t, audits, w.audits(), "unregistered callers are only counted")
			require.Equal(t, unknown+1, w.v.UnknownCallers())
			continue
		}
		entries := w.auditEntries()
		require.Len(t, entries, audits+1, name)
		require.Equal(t, string(c.code), entries[audits].Result, name)
	}
}

func strongNow(w *world) vault.Access { return w.asHolder("001", firm(1), vault.LevelRealName) }

// TestOthersLicences_A79: to an applicant, somebody else's licence looks exactly like one that does not exist: in the
// answer, its receipt and the audit.
func TestOthersLicences_A79(t *testing.T) {
	w := newWorld(t)
	theirs := w.issue("k", "JY13501020000011")
	missing, err := code.NewIdentifier(foodType, fixtures.Departments()[0].Code, "NONE", 1)
	require.NoError(t, err)
	me := w.asHolder("001", firm(9), vault.LevelCertificate)
	require.NoError(t, w.v.DeclareComplete(t.Context(), department(0), foodType, fixtures.Departments()[0].Code, ""))
	issuer := fixtures.Departments()[0].Code
	type trial struct{ existing, none vault.Query }
	for name, c := range map[string]trial{
		"identifier": {vault.Query{Identifier: theirs.Identifier, Receipt: true}, vault.Query{Identifier: missing.String(), Receipt: true}},
		"number": {vault.Query{Type: foodType, Number: "JY13501020000011", Receipt: true},
			vault.Query{Type: foodType, Number: "JY13501020000077", Receipt: true}},
		"number of an issuer": {vault.Query{Type: foodType, Number: "JY13501020000011", Issuer: issuer},
			vault.Query{Type: foodType, Number: "JY13501020000077", Issuer: issuer}},
	} {
		n := w.audits()
		res, err := w.v.Lookup(t.Context(), me, c.existing)
		none, noneErr := w.v.Lookup(t.Context(), me, c.none)
		require.NoError(t, err, name)
		require.NoError(t, noneErr, name)
		require.Empty(t, res.Found, name)
		require.Equal(t, none.Absence, res.Absence, name)
		require.NotEqual(t, vault.NeverIssued, res.Absence, "nothing is said of others' licences")
		entries := w.auditEntries()[n:]
		require.Equal(t, shape(entries[1]), shape(entries[0]), name)

		cmp, err := w.v.Compare(t.Context(), me, c.existing, map[string]string{"CZZT": "示例食品有限公司"})
		require.NoError(t, err, name)
		other, err := w.v.Compare(t.Context(), me, c.none, map[string]string{"CZZT": "示例食品有限公司"})
		require.NoError(t, err, name)
		require.Equal(t, other.Result, cmp.Result, name)
		require.Empty(t, cmp.Fields, name)
		require.Empty(t, cmp.Identifier, name)
	}
	for name, read := range map[string]func(string) error{
		"history": func(id string) error { return err2(w.v.History(t.Context(), me, id)) },
		"as of":   func(id string) error { return err2(w.v.AsOf(t.Context(), me, id, day("2026-03-02"), time.Time{})) },
		"bundle":  func(id string) error { return err2(w.v.Bundle(t.Context(), me, id)) },
		"draw":    func(id string) error { return err2(w.v.Drawable(t.Context(), me, id)) },
		"image":   func(id string) error { return err2(w.v.Image(t.Context(), me, id, "KZ_ZP")) },
		"content": func(id string) error { return err2(w.v.Content(t.Context(), me, id, vault.Document{})) },
		"scans":   func(id string) error { return err2(w.v.PaperScans(t.Context(), me, id)) },
	} {
		n := w.audits()
		err, noneErr := read(theirs.Identifier), read(missing.String())
		require.ErrorIs(t, err, vault.ErrNotFound, name)
		require.Equal(t, noneErr, err, name)
		entries := w.auditEntries()[n:]
		require.Equal(t, shape(entries[1]), shape(entries[0]), name)
	}
	_, err = w.v.Lookup(t.Context(), me, vault.Query{HolderKind: "001", HolderCode: firm(1)})
	require.Equal(t, []vault.Code{vault.CodeAssertionHolder}, codesOf(err))
	_, err = w.v.Lookup(t.Context(), me, vault.Query{HolderKind: "001", HolderCode: firm(77)})
	require.Equal(t, []vault.Code{vault.CodeAssertionHolder}, codesOf(err))

	// A department that asks by its own right learns nothing of another's either.
	for _, q := range []vault.Query{
		{Type: foodType, Number: "JY13501020000011", Issuer: issuer}, {Type: foodType, Number: "JY1", Issuer: issuer},
		{Type: foodType, Issuer: issuer}, {Identifier: theirs.Identifier}, {Identifier: missing.String()},
	} {
		_, err = w.v.Lookup(t.Context(), department(1), q)
		require.Equal(t, []vault.Code{vault.CodeNotIssuer}, codesOf(err))
	}
	res, err := w.v.Lookup(t.Context(), department(1), vault.Query{Type: foodType, Number: "JY13501020000011"})
	require.NoError(t, err)
	require.Empty(t, res.Found)
	require.NotEqual(t, vault.NeverIssued, res.Absence)
}

// shape is what of an audit entry may depend on the answer.
func shape(e *record.AuditEntry) record.AuditEntry {
	return record.AuditEntry{
		Act:     e.Act,
		Asked:   e.Asked,
		Subject: e.Subject,
		Batch:   e.Batch,
		Count:   e.Count,
		Result:  e.Result,
	}
}

// TestMalformedQueriesAreAudited: what cannot stand in an entry does not keep the refusal out of the audit.
func TestMalformedQueriesAreAudited(t *testing.T) {
	w := newWorld(t)
	for _, q := range []vault.Query{
		{Batch: "a\nb"}, {Batch: strings.Repeat("x", 5000)}, {}, {Identifier: "1.\n2"}, {Cursor: "x", Type: foodType, Issuer: "i"},
		{HolderCode: "x"}, {Type: "unheard of", Number: "1"},
	} {
		n := w.audits()
		_, err := w.v.Lookup(t.Context(), byLaw(), q)
		require.Error(t, err)
		require.NotErrorIs(t, err, vault.ErrAudit)
		require.NotEmpty(t, codesOf(err))
		require.Equal(t, n+1, w.audits())
	}
}

// TestCallers: only an operator registers, and only the very first registers itself.
func TestCallers(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		a  vault.Access
		c  vault.Caller
		is error
	}{
		"a department":                    {department(0), vault.Caller{ID: "x"}, vault.ErrDenied},
		"a second operator of its own":    {vault.Access{Caller: "me", Purpose: "p", Ground: vault.GroundOperator}, vault.Caller{ID: "me", Operator: true}, vault.ErrUnknownCaller},
		"an operator under another right": {byLaw(), vault.Caller{ID: "x"}, vault.ErrDenied},
		"no name":                         {operator(), vault.Caller{}, vault.ErrInvalid},
		"a bad name":                      {operator(), vault.Caller{ID: "a\nb"}, vault.ErrInvalid},
	} {
		before := content(t, w.engine)
		require.ErrorIs(t, w.v.PutCaller(t.Context(), c.a, c.c), c.is, name)
		require.Equal(t, before, content(t, w.engine), name)
	}
	_, err := w.v.Callers(t.Context(), department(0))
	require.ErrorIs(t, err, vault.ErrDenied)
	list, err := w.v.Callers(t.Context(), operator())
	require.NoError(t, err)
	require.NotEmpty(t, list)
	require.ErrorIs(t, w.v.AuditTrail(t.Context(), department(0), 1, nil), vault.ErrDenied)
	_, err = w.v.Inspect(t.Context(), department(0), nil)
	require.ErrorIs(t, err, vault.ErrDenied)
}

// TestRegistrationRefused: a registration is refused with everything that is wrong with it, and nothing is written.
func TestRegistrationRefused(t *testing.T) {
	w := newWorld(t)
	sound := vault.Caller{
		ID: "new", Name: "示例局", Department: fixtures.Departments()[0].Code, Issues: []string{foodType}, Bases: []string{"示例法第一条"},
		MaxLevel: vault.LevelCertificate,
	}
	for name, c := range map[string]struct {
		change func(*vault.Caller)
		want   []vault.Code
	}{
		"sound":            {func(*vault.Caller) {}, nil},
		"undeclared type":  {func(c *vault.Caller) { c.Issues = []string{foodType[:18] + "999"} }, nil},
		"an asker":         {func(c *vault.Caller) { *c = vault.Caller{ID: "asker", Bases: c.Bases} }, nil},
		"no id":            {func(c *vault.Caller) { c.ID = "" }, []vault.Code{vault.CodeCallerID}},
		"long id":          {func(c *vault.Caller) { c.ID = strings.Repeat("厅", 22) }, []vault.Code{vault.CodeCallerID}},
		"id with a line":   {func(c *vault.Caller) { c.ID = "a\nb" }, []vault.Code{vault.CodeCallerID}},
		"empty code":       {func(c *vault.Caller) { c.Department = "" }, []vault.Code{vault.CodeDepartmentMissing}},
		"unsound code":     {func(c *vault.Caller) { c.Department = foodType[:17] + "?" }, []vault.Code{vault.CodeDepartmentCode}},
		"no name":          {func(c *vault.Caller) { c.Name = "" }, []vault.Code{vault.CodeNameMissing}},
		"overlong name":    {func(c *vault.Caller) { c.Name = strings.Repeat("名", 201) }, []vault.Code{vault.CodeTextTooLong}},
		"name with a line": {func(c *vault.Caller) { c.Name = "示例\n局" }, []vault.Code{vault.CodeTextControl}},
		"level 4":          {func(c *vault.Caller) { c.MaxLevel = 4 }, []vault.Code{vault.CodeLevelUnknown}},
		"level -1":         {func(c *vault.Caller) { c.MaxLevel = -1 }, []vault.Code{vault.CodeLevelUnknown}},
		"a type's name":    {func(c *vault.Caller) { c.Issues = []string{"食品经营许可证"} }, []vault.Code{vault.CodeTypeCode}},
		"a type twice":     {func(c *vault.Caller) { c.Issues = []string{foodType, foodType} }, []vault.Code{vault.CodeListedTwice}},
		"endless types":    {func(c *vault.Caller) { c.Issues = make([]string, 1001) }, []vault.Code{vault.CodeListTooLong}},
		"an empty basis":   {func(c *vault.Caller) { c.Bases = []string{""} }, []vault.Code{vault.CodeBasisMissing}},
		"overlong basis":   {func(c *vault.Caller) { c.Bases = []string{strings.Repeat("法", 201)} }, []vault.Code{vault.CodeTextTooLong}},
		"everything": {
			func(c *vault.Caller) {
				*c = vault.Caller{Department: "1", MaxLevel: 9, Issues: []string{"1", foodType}, Bases: []string{"", "a\n"}}
			},
			[]vault.Code{
				vault.CodeCallerID, vault.CodeDepartmentCode, vault.CodeNameMissing, vault.CodeLevelUnknown, vault.CodeTypeCode,
				vault.CodeBasisMissing, vault.CodeTextControl,
			},
		},
	} {
		c1 := sound
		c.change(&c1)
		before := content(t, w.engine)
		err := w.v.PutCaller(t.Context(), operator(), c1)
		if c.want == nil {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorIs(t, err, vault.ErrInvalid, name)
		require.Equal(t, c.want, codesOf(err), name)
		require.Equal(t, before, content(t, w.engine), name)
	}
}

// TestGrantRefusals: a consent that could never be used is not written.
func TestGrantRefusals(t *testing.T) {
	w := newWorld(t)
	me := w.asHolder("001", firm(1), vault.LevelCertificate)
	before := content(t, w.engine)
	for _, c := range []struct {
		department, caseNumber string
		until                  time.Time
	}{{"", "", w.now.Add(time.Hour)}, {"x\n", "", w.now.Add(time.Hour)}, {"x", "a\n", w.now.Add(time.Hour)}, {"x", "", w.now}} {
		id, err := idOf(w.v.Grant(t.Context(), me, consentTo(c.department, c.caseNumber, c.until)))
		require.ErrorIs(t, err, vault.ErrInvalid)
		require.Empty(t, id)
	}
	_, err := w.v.Grant(t.Context(), w.asHolder("001", firm(1), vault.LevelRegistered), consentTo("x", "", w.now.Add(time.Hour)))
	require.ErrorIs(t, err, vault.ErrLevel)
	_, err = w.v.Grant(t.Context(), byLaw(), consentTo("x", "", w.now.Add(time.Hour)))
	require.ErrorIs(t, err, vault.ErrDenied)
	require.Equal(t, before, content(t, w.engine))
}

// failing refuses to write audit entries.
type failing struct {
	engine.Engine
	fail bool
}

func (f *failing) Update(ctx context.Context, fn func(engine.Writer) error) error {
	return f.Engine.Update(ctx, func(w engine.Writer) error { return fn(refusing{w, f.fail}) })
}

type refusing struct {
	engine.Writer
	fail bool
}

func (r refusing) Put(k, v []byte) error {
	if r.fail && (k[0] == 'a' || k[0] == 'A') {
		return engine.ErrNoSpace
	}
	return r.Writer.Put(k, v)
}

func (r refusing) Create(k, v []byte) error {
	if r.fail && (k[0] == 'a' || k[0] == 'A') {
		return engine.ErrNoSpace
	}
	return r.Writer.Create(k, v)
}

// TestNoAuditNoAnswer: an act whose audit entry cannot be written is refused, nothing is kept and nothing shown.
func TestNoAuditNoAnswer(t *testing.T) {
	f := &failing{Engine: memory.New()}
	w := newWorldOn(t, f)
	a := w.issue("k", "JY13501020000011")
	b := w.convert("file", "JY13501020000012")
	w.signOff(b.ID)
	doc, err := w.v.Attach(t.Context(), department(0), a.Identifier, "ofd", []byte("document"))
	require.NoError(t, err)
	scans := w.convertScan()
	req, act := w.complete(
		food("n", "JY13501020000013"),
	), vault.Act{
		Key:        "s",
		Identifier: a.Identifier,
		Basis:      "b",
		Reason:     "r",
	}
	_, err = w.v.Checkpoint(t.Context())
	require.NoError(t, err)
	consent, err := idOf(w.v.Grant(t.Context(), strongNow(w), consentTo("x", "", w.now.Add(time.Hour))))
	require.NoError(t, err)
	f.fail = true
	before := content(t, f.Engine)
	zero := func(v any, err error) error {
		require.Error(t, err)
		require.Zero(t, v)
		return err
	}
	for name, err := range map[string]error{
		"lookup":    zero(w.v.Lookup(t.Context(), byLaw(), vault.Query{Identifier: a.Identifier})),
		"compare":   zero(w.v.Compare(t.Context(), byLaw(), vault.Query{Identifier: a.Identifier}, map[string]string{"CZZT": "x"})),
		"history":   zero(w.v.History(t.Context(), byLaw(), a.Identifier)),
		"as of":     zero(w.v.AsOf(t.Context(), byLaw(), a.Identifier, day("2026-03-02"), time.Time{})),
		"bundle":    zero(w.v.Bundle(t.Context(), byLaw(), a.Identifier)),
		"draw":      zero(w.v.Drawable(t.Context(), byLaw(), a.Identifier)),
		"image":     zero(w.v.Image(t.Context(), byLaw(), a.Identifier, "KZ_ZP")),
		"issue":     zero(w.v.Issue(t.Context(), department(0), req)),
		"reserve":   zero(w.v.Reserve(t.Context(), department(0), req)),
		"suspend":   zero(w.v.Suspend(t.Context(), department(0), act)),
		"scans":     zero(w.v.PaperScans(t.Context(), byLaw(), a.Identifier)),
		"signed":    zero(w.v.SignedPage(t.Context(), operator(), vault.SignedQuery{Limit: 1, Work: 1})),
		"numbers":   zero(w.v.Numbers(t.Context(), department(0), foodType)),
		"reconcile": zero(w.v.Reconcile(t.Context(), department(0))),
		"batches":   zero(w.v.Batches(t.Context(), department(0))),
		"batch":     zero(w.v.Batch(t.Context(), department(0), b.ID, func([]vault.RowResult) bool { return true })),
		"sample":    zero(w.v.Sample(t.Context(), department(0), b.ID, 1, 1)),
		"callers":   zero(w.v.Callers(t.Context(), operator())),
		"inspect":   zero(w.v.Inspect(t.Context(), operator(), nil)),
		"replay":    zero(w.v.Issue(t.Context(), department(0), w.complete(food("k", "JY13501020000011")))),
		"validate":  zero(w.v.Validate(t.Context(), department(0), w.complete(food("v", "JY13501020000014")))),
		"trail":     zero(nil, w.v.AuditTrail(t.Context(), operator(), 1, func(*record.AuditEntry) bool { t.Error("shown"); return true })),
		"grant":     zero(w.v.Grant(t.Context(), w.asHolder("001", firm(1), vault.LevelCertificate), consentTo("x", "", w.now.Add(time.Hour)))),
		"consents":  zero(w.v.Consents(t.Context(), w.asHolder("001", firm(1), vault.LevelCertificate))),
		"withdraw":  zero(nil, w.v.Withdraw(t.Context(), w.asHolder("001", firm(1), vault.LevelCertificate), consent)),
		"content":   zero(w.v.Content(t.Context(), byLaw(), a.Identifier, *doc)),
		"scan":      zero(w.v.SampledScan(t.Context(), department(0), scans, record.Sum([]byte("a scan")))),
		"pending":   zero(w.v.Pending(t.Context(), operator())),
		"witness":   zero(nil, w.v.Witness(t.Context(), byLaw(), vault.Witnessed{Act: "verify"})),
		"complete":  zero(nil, w.v.DeclareComplete(t.Context(), operator(), foodType, "*", "")),
		"dry run":   zero(w.v.OpenDryRun(t.Context(), department(0), vault.BatchSpec{Type: foodType}, memory.New())),
		"open":      zero(w.v.OpenBatch(t.Context(), department(0), vault.BatchSpec{Type: foodType})),
		"signed by": zero(nil, w.v.SignedBy(t.Context(), operator(), [32]byte{1}, func(vault.SignedVersion) bool { return true })),
		"sweep":     zero(w.v.Sweep(t.Context(), operator(), w.now, false)),
		"denied":    zero(w.v.Lookup(t.Context(), department(1), vault.Query{Identifier: a.Identifier})),
	} {
		require.ErrorIs(t, err, engine.ErrNoSpace, name)
	}
	require.Equal(t, before, content(t, f.Engine))
}

// TestOwnTypesOnly: a department issues, converts and acts on the types that it is registered for, by its own right.
func TestOwnTypesOnly(t *testing.T) {
	c := newStocked(t, memory.New())
	w := c.world
	a := w.issue("k", number(1))
	callers, err := w.v.Callers(t.Context(), operator())
	require.NoError(t, err)
	for _, c := range callers {
		if c.ID == department(0).Caller {
			c.Issues = nil
			require.NoError(t, w.v.PutCaller(t.Context(), operator(), c))
		}
	}
	before := content(t, w.engine)
	for name, err := range map[string]error{
		"issue":   err2(w.v.Issue(t.Context(), department(0), w.complete(food("x", number(2))))),
		"reserve": err2(w.v.Reserve(t.Context(), department(0), w.complete(food("y", number(3))))),
		"convert": err2(w.v.OpenBatch(t.Context(), department(0), vault.BatchSpec{Type: foodType})),
		"suspend": err2(w.v.Suspend(t.Context(), department(0), vault.Act{
			Key: "s", Identifier: a.Identifier, Basis: "b", Reason: "r",
		})),
		"attach":  err2(w.v.Attach(t.Context(), department(0), a.Identifier, "ofd", []byte("x"))),
		"numbers": err2(w.v.Numbers(t.Context(), department(0), foodType)),
	} {
		require.Equal(t, []vault.Code{vault.CodeTypeNotGranted}, codesOf(err), name)
	}
	for name, do := range batchesOwn {
		require.Equal(t, []vault.Code{vault.CodeTypeNotGranted}, codesOf(do(t.Context(), c, department(0))), name)
	}
	require.Equal(t, before, content(t, w.engine))
}
