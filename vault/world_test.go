package vault_test

import (
	"crypto/rand"
	"errors"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// foodType is the shipped type that most tests issue.
var foodType = shippedCode("food-business-licence")

func shippedCode(name string) string {
	data, err := catalogue.ShippedFile(name)
	if err != nil {
		panic(err)
	}
	t, err := catalogue.ParseType(data)
	if err != nil {
		panic(err)
	}
	return t.Code
}

// world is a vault of the made-up province with a clock that tests move.
type world struct {
	t        testing.TB
	v        *vault.Vault
	engine   engine.Engine
	keys     *sealed.Keyring
	province *fixtures.Province
	now      time.Time
	config   vault.Config
	blobs    engine.Engine      // below the blob store
	blobKeys []string           // as they were
	open     *vault.LicenceType // the food type as it was before it was classified
}

var zone = time.FixedZone("CST", 8*3600)

func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldOn(t, memory.New())
}

func newWorldOn(t testing.TB, inner engine.Engine) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 3, 2, 9, 30, 0, 0, zone)}
	clock := func() time.Time { return w.now }
	keys, err := sealed.CreateKeyring(t.Context(), memory.New(), sealed.Master{1}, rand.Reader)
	require.NoError(t, err)
	w.keys, w.engine, w.blobs = keys, inner, memory.New()
	blobs, err := blob.Open(blob.Config{Engine: w.blobs, Now: clock, Hash: keys.AddressHash})
	require.NoError(t, err)
	w.province, err = fixtures.NewProvince(rand.Reader, clock)
	require.NoError(t, err)
	w.config = vault.Config{
		Engine: inner, Blobs: blobs, Tokens: keys, Records: w.province.Custody, Signer: w.province.Vault,
		Now: clock, Rand: rand.Reader, Zone: zone, Workers: 2, UnsealedUnsafe: true,
	}
	w.v, err = vault.Open(t.Context(), w.config)
	require.NoError(t, err)
	require.NoError(t, fixtures.Settle(t.Context(), w.v))
	return w
}

// copyOn is the same vault, with a clock of its own, on another engine.
func (w *world) copyOn(e engine.Engine) *world {
	w.t.Helper()
	copyEngine(w.t, w.engine, e)
	c := *w
	c.engine, c.config.Engine = e, e
	c.config.Now = func() time.Time { return c.now }
	var err error
	c.v, err = vault.Open(w.t.Context(), c.config)
	require.NoError(w.t, err)
	return &c
}

// department is the access of the i-th department to its own licences.
func department(i int) vault.Access {
	return vault.Access{Caller: fixtures.Caller(i), Purpose: "核发证照", Item: "350100-0001", Ground: vault.GroundIssuer}
}

func operator() vault.Access {
	return vault.Access{Caller: fixtures.Operator, Purpose: "运行维护", Ground: vault.GroundOperator}
}

// byLaw is the hall asking about anybody on its legal basis.
func byLaw() vault.Access {
	return vault.Access{
		Caller: fixtures.Hall, Purpose: "办理设立登记", Item: "350000-0102", Case: "2026-0001",
		Ground: vault.GroundLaw, Basis: fixtures.HallBasis,
	}
}

// asHolder is the hall asking for an applicant who is logged in.
func (w *world) asHolder(kind, code string, level vault.Level) vault.Access {
	a := byLaw()
	a.Ground, a.Basis = vault.GroundHolder, ""
	a.Holder = &vault.Assertion{
		Kind: kind, Code: code, Level: level, By: fixtures.Hall, Case: a.Case, Expires: w.now.Add(time.Hour),
	}
	return a
}

// food is a request for a food licence of a made-up firm.
func food(key, number string) vault.Request {
	return vault.Request{
		Key: key, Type: foodType, Paper: "纸" + number, Values: map[string]string{
			"ZZBH": number, "CZZT": "示例食品有限公司", "CZZTDM": firm(1), "CZZTDMLXDM": "001",
			"ZZBFRQ": "2026年3月1日", "ZZYXQQSRQ": "2026-03-01", "ZZYXQJZRQ": "2031-02-28",
		},
	}
}

func firm(i int) string { return fixtures.FirmAt(uint64(i)).Code }

// complete adds whatever else the type requires.
func (w *world) complete(req vault.Request) vault.Request {
	lt, err := w.v.Type(w.t.Context(), req.Type)
	require.NoError(w.t, err)
	w.fill(lt, req.Values)
	return req
}

func (w *world) fill(lt *vault.LicenceType, values map[string]string) {
	for _, f := range lt.Definition.Fields {
		if !f.Rules.Required || values[f.Name] != "" {
			continue
		}
		switch {
		case len(f.Rules.Enum) > 0:
			values[f.Name] = f.Rules.Enum[0]
		case f.Kind == catalogue.KindDate:
			values[f.Name] = "2020-01-01"
		case f.Kind == catalogue.KindDivision:
			values[f.Name] = "350102"
		default:
			values[f.Name] = "示例"
		}
	}
}

func (w *world) issue(key, number string) *vault.Answer {
	w.t.Helper()
	a, err := w.v.Issue(w.t.Context(), department(0), w.complete(food(key, number)))
	require.NoError(w.t, err, problemsOf(err))
	return a
}

func problemsOf(err error) string {
	var r *vault.Refusal
	if !errors.As(err, &r) {
		return ""
	}
	var b strings.Builder
	for _, p := range r.Problems {
		b.WriteString(string(p.Code) + " " + p.Field + " " + p.Found + " " + p.Zh + "\n")
	}
	return b.String()
}

// content is everything in an engine but the audit.
func content(t testing.TB, e engine.Engine) map[string]string {
	t.Helper()
	out := map[string]string{}
	require.NoError(t, e.View(t.Context(), func(r engine.Reader) error {
		return r.Scan(engine.Range{}, func(k, v []byte) (bool, error) {
			if k[0] != 'a' && k[0] != 'A' && k[0] != 'H' {
				out[string(k)] = string(v)
			}
			return true, nil
		})
	}))
	return out
}

func keysOf(t testing.TB, e engine.Engine) []string {
	t.Helper()
	var keys []string
	require.NoError(t, e.View(t.Context(), func(r engine.Reader) error {
		return r.Scan(engine.Range{KeysOnly: true}, func(k, _ []byte) (bool, error) {
			keys = append(keys, string(k))
			return true, nil
		})
	}))
	return keys
}

// auditEntries reads the audit below the vault.
func (w *world) auditEntries() []*record.AuditEntry {
	w.t.Helper()
	var list []*record.AuditEntry
	require.NoError(w.t, w.engine.View(w.t.Context(), func(r engine.Reader) error {
		return r.Scan(engine.Range{Prefix: []byte{'a'}}, func(_, v []byte) (bool, error) {
			e, err := record.ParseAuditEntry(append([]byte(nil), v...))
			list = append(list, e)
			return true, err
		})
	}))
	return list
}

func (w *world) audits() int { return len(w.auditEntries()) }

// hire gives a department a key in custody.
func (w *world) hire(d fixtures.Department) error {
	key, chain, err := w.province.Enrol(ca.ProfileDepartment, d)
	if err != nil {
		return err
	}
	signer, err := signing.NewSigner(signing.Config{Key: key, Chain: chain, Rand: rand.Reader})
	if err != nil {
		return err
	}
	return w.province.Custody.Register(d.Code, signer)
}

// declare is the access by which the authority maintains types.
func declare() vault.Access {
	return vault.Access{Caller: fixtures.Operator, Purpose: "登记证照目录", Ground: vault.GroundIssuer}
}

// redefine puts a changed definition of a type in force.
func (w *world) redefine(code string, change func(*catalogue.Type)) (*vault.LicenceType, error) {
	w.t.Helper()
	lt, err := w.v.Type(w.t.Context(), code)
	require.NoError(w.t, err)
	def := lt.Definition
	change(&def)
	yaml, err := def.Encode()
	require.NoError(w.t, err)
	return w.v.PutType(w.t.Context(), declare(), yaml)
}

func (w *world) reclassify(code string, level catalogue.Level) {
	w.t.Helper()
	_, err := w.redefine(code, func(def *catalogue.Type) {
		def.Classification = catalogue.Classification{
			Level: level, Reason: "保密审查：" + string(level), Decided: "2026-03-01",
		}
	})
	require.NoError(w.t, err, problemsOf(err))
}

// declareClosed declares a type that was never open, and lets department 0 issue it.
func (w *world) declareClosed(level catalogue.Level) string {
	w.t.Helper()
	lt, err := w.v.Type(w.t.Context(), foodType)
	require.NoError(w.t, err)
	def := lt.Definition
	def.Code, def.Version = def.Code[:18]+"987", 1
	def.Name = "示例涉密证照"
	def.Classification = catalogue.Classification{Level: level, Reason: "涉及国家秘密", Decided: "2016-05-31"}
	callers, err := w.v.Callers(w.t.Context(), operator())
	require.NoError(w.t, err)
	for _, c := range callers {
		if len(c.Issues) > 0 {
			c.Issues = append(append([]string(nil), c.Issues...), def.Code)
			require.NoError(w.t, w.v.PutCaller(w.t.Context(), operator(), c))
		}
	}
	yaml, err := def.Encode()
	require.NoError(w.t, err)
	_, err = w.v.PutType(w.t.Context(), declare(), yaml)
	require.NoError(w.t, err, problemsOf(err))
	return def.Code
}

// draft checks one row as a conversion does.
func draft(t testing.TB, lt *vault.LicenceType, row int, values map[string]string) *vault.Checked {
	t.Helper()
	return draftWith(t, lt, row, values)
}

func draftWith(
	t testing.TB,
	lt *vault.LicenceType,
	row int,
	values map[string]string,
	scans ...vault.Scan,
) *vault.Checked {
	t.Helper()
	source := &record.Source{File: record.Sum([]byte("file")), Row: row, Batch: "b"}
	for i := range scans {
		source.Scans = append(source.Scans, scans[i].Digest)
	}
	d := fixtures.Departments()[0]
	values["ZZMC"], values["ZZBFJG"], values["ZZBFJGDM"] = lt.Definition.Name, d.Name, d.Code
	today := record.Date{Year: 2026, Month: 3, Day: 2}
	r, _, problems := lt.Normalise(values, today)
	require.Empty(t, problems)
	c, problems := lt.Check(vault.Draft{
		Row: r, Issuer: d.Code, Source: source, Scans: scans,
	}, d.Name, today, true)
	require.Empty(t, problems)
	return c
}

// batchRows makes sound rows from the first on.
func (w *world) batchRows(lt *vault.LicenceType, numbers ...string) []vault.BatchRow {
	rows := make([]vault.BatchRow, len(numbers))
	for i, n := range numbers {
		values := food("", n).Values
		w.fill(lt, values)
		rows[i] = vault.BatchRow{Row: i + 1, Draft: draft(w.t, lt, i+1, values)}
	}
	return rows
}

// convert brings numbers in as one batch, which then waits for its sign-off.
func (w *world) convert(file string, numbers ...string) *vault.BatchAccount {
	w.t.Helper()
	lt, err := w.v.Type(w.t.Context(), foodType)
	require.NoError(w.t, err)
	return w.convertRows(file, w.batchRows(lt, numbers...))
}

func (w *world) convertRows(file string, groups ...[]vault.BatchRow) *vault.BatchAccount {
	w.t.Helper()
	b, err := w.v.OpenBatch(
		w.t.Context(),
		department(0),
		vault.BatchSpec{Type: foodType, File: record.Sum([]byte(file))},
	)
	require.NoError(w.t, err)
	for g, rows := range groups {
		p, err := b.Prepare(w.t.Context(), g, rows)
		require.NoError(w.t, err)
		_, err = b.Commit(w.t.Context(), p)
		require.NoError(w.t, err)
	}
	account, err := b.Finish(w.t.Context(), nil)
	require.NoError(w.t, err)
	return account
}

func (w *world) signOff(batch string) {
	w.t.Helper()
	_, err := w.v.SignOffBatch(w.t.Context(), department(0), batch, vault.SignOff{By: "科长", Sampled: 1})
	require.NoError(w.t, err, problemsOf(err))
}

// CheckVault fails unless the whole vault agrees with itself.
func CheckVault(t testing.TB, v *vault.Vault) *vault.Inspection {
	t.Helper()
	in, err := v.Inspect(t.Context(), operator(), nil)
	require.NoError(t, err)
	require.Empty(t, in.Findings)
	require.Equal(t, in.Versions, in.Signatures)
	require.Equal(t, in.Events, int(in.Leaves)-in.Void+in.Staged)
	return in
}

var consents atomic.Int64

// consentTo is what a holder lets a department do, under a key of its own.
func consentTo(department, caseNumber string, until time.Time) vault.ConsentRequest {
	return vault.ConsentRequest{
		Key: "consent-" + strconv.FormatInt(consents.Add(1), 10), Department: department, Case: caseNumber, Until: until,
	}
}

func idOf(c *vault.Consent, err error) (string, error) {
	if err != nil {
		return "", err
	}
	return c.ID, nil
}
