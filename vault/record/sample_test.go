package record_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/vault/record"
)

var update = flag.Bool("update", false, "write the golden files")

// text is any value of the package that has bytes.
type text interface {
	Append(b []byte) ([]byte, error)
}

// parsers by the kind of text; each hides that a nil pointer is not a nil interface.
var parsers = map[string]func([]byte) (text, error){
	"record":  wrap(record.Parse),
	"event":   wrap(record.ParseEvent),
	"receipt": wrap(record.ParseReceipt),
	"status":  wrap(record.ParseStatus),
	"batch":   wrap(record.ParseBatchCertificate),
	"audit":   wrap(record.ParseAuditEntry),
}

func wrap[T any, P interface {
	*T
	text
}](parse func([]byte) (*T, error)) func([]byte) (text, error) {
	return func(raw []byte) (text, error) {
		v, err := parse(raw)
		if v == nil {
			return nil, err
		}
		return P(v), err
	}
}

// sample is a valid text; its name starts with the kind.
type sample struct {
	name, kind string
	value      text
}

func samples() []sample {
	return []sample{
		{"record-issued", "record", issuedRecord()},
		{"record-converted", "record", convertedRecord()},
		{"record-changed-remote", "record", changedRecord()},
		{"event-reserved", "event", reservedEvent()},
		{"event-issued", "event", issuedEvent()},
		{"event-attached", "event", attachedEvent()},
		{"event-revoked", "event", revokedEvent()},
		{"receipt-lookup", "receipt", lookupReceipt()},
		{"receipt-compare", "receipt", compareReceipt()},
		{"receipt-nothing", "receipt", emptyReceipt()},
		{"status", "status", status()},
		{"batch", "batch", batchCertificate()},
		{"batch-empty", "batch", emptyBatch()},
		{"audit-first", "audit", firstEntry()},
		{"audit-lookup", "audit", lookupEntry()},
		{"audit-type", "audit", typeEntry()},
	}
}

func sampleOf(t testing.TB, name string) sample {
	t.Helper()
	for _, s := range samples() {
		if s.name == name {
			return s
		}
	}
	require.Fail(t, "no such sample", name)
	return sample{}
}

func bytesOf(t require.TestingT, v text) []byte {
	b, err := v.Append(nil)
	require.NoError(t, err)
	return b
}

func golden(t testing.TB, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A made-up division and department.
var (
	issuer   = must(code.NewUSCC("11", "990100", "00000001"))
	typeCode = issuer + "001"
)

func identifier(version int) string {
	id := must(code.NewIdentifier(typeCode, issuer, "AB12CD34EF56GH78JK90", version))
	return id.String()
}

func sum(s string) record.Digest { return record.Sum([]byte(s)) }

func at(s string) time.Time { return must(time.Parse(time.RFC3339Nano, s)) }

func day(s string) record.Date { return must(record.ParseDate(s)) }

func disclosures() []record.Disclosure {
	return []record.Disclosure{
		{Name: "number", Salt: salt(1), Value: "示许字第990100号"},
		{Name: "holder-name", Salt: salt(2), Value: "示范县样例食品有限公司"},
		{Name: "holder-code", Salt: salt(3), Value: "91990100MA0000000A"},
		{Name: "scope", Salt: salt(4), Value: "预包装食品销售 散装食品销售\n热食类食品制售"},
	}
}

func salt(n byte) (s record.Salt) {
	for i := range s {
		s[i] = n<<4 | byte(i)
	}
	return s
}

func fields(list []record.Disclosure) []record.Field {
	out := make([]record.Field, len(list))
	for i := range list {
		out[i] = record.Field{Name: list[i].Name, Digest: list[i].Digest()}
	}
	return out
}

func issuedRecord() *record.Record {
	return &record.Record{
		Identifier: identifier(1), TypeCode: typeCode, TypeVersion: 1, TypeName: "食品经营许可证",
		IssuerCode: issuer, IssuerName: "示范县市场监督管理局", HolderKind: "001",
		IssuedOn: day("2024-02-29"), ValidFrom: day("2024-02-29"), ValidUntil: day("2029-02-27"),
		Mode: record.Custody, Signer: sum("certificate"), Origin: record.Issued, Fields: fields(disclosures()),
	}
}

func convertedRecord() *record.Record {
	r := issuedRecord()
	r.ValidFrom, r.ValidUntil = record.Date{}, record.Date{}
	r.TypeName = "Food licence (食品经营许可证)"
	r.Origin = record.Converted
	r.Source = &record.Source{
		File: sum("ledger.csv"), Row: 17, Batch: "20240301-0001", Scans: []record.Digest{sum("page 1"), sum("page 2")},
		Derived: []string{"holder-code"}, Constant: []string{"issuer", "scope"},
	}
	return r
}

func changedRecord() *record.Record {
	r := issuedRecord()
	r.Identifier, r.TypeVersion = identifier(2), 12
	r.Previous, r.Mode, r.Origin = sum("version 1"), record.Remote, record.Changed
	r.Fields = r.Fields[:1]
	return r
}

func reservedEvent() *record.Event {
	return &record.Event{
		Identifier: identifier(1), Number: 1, Kind: record.EventReserved, Recorded: at("2024-02-29T01:02:03.000004Z"),
		Effective: day("2024-02-29"), Actor: "示范县审批系统",
	}
}

func issuedEvent() *record.Event {
	return &record.Event{
		Identifier: identifier(1), Number: 2, Kind: record.EventIssued, Version: 1,
		Recorded: at("2024-02-29T23:59:59.999999Z"), Effective: day("2024-02-29"), Previous: sum("reserved"),
		Record: sum("version 1"), Actor: "example county hall", Batch: "group 7", Paper: "JY 0000123",
	}
}

func attachedEvent() *record.Event {
	e := issuedEvent()
	e.Kind, e.Number, e.Record, e.Batch, e.Paper = record.EventAttached, 3, record.Digest{}, "", ""
	e.Previous, e.Document = sum("issued"), sum("document")
	return e
}

func revokedEvent() *record.Event {
	e := attachedEvent()
	e.Kind, e.Number, e.Document = record.EventRevoked, 4, record.Digest{}
	e.Basis, e.Reason = "《食品安全法》第一百二十四条", "example reason with spaces"
	e.Message = "0af7651916cd43dd8448eb211c80319c"
	return e
}

func asked() record.Asked {
	return record.Asked{
		Caller: "示范县审批系统", Purpose: "food licence renewal", Item: "000131001000", Case: "CASE-2024-1",
		Ground: "consent", Basis: "consent 42", Level: "L3",
	}
}

func lookupReceipt() *record.Receipt {
	return &record.Receipt{
		Vault: "vault.example/licences", Kind: "lookup", Time: at("2024-03-01T08:00:00Z"), Asked: asked(),
		Identifier: identifier(1), Version: 1, Record: sum("version 1"), State: "valid",
		SourceTime: at("2024-02-29T23:59:59.999999Z"), Result: "found",
		Checkpoint: record.Checkpoint{Size: 5, Root: sum("root")},
	}
}

func compareReceipt() *record.Receipt {
	r := lookupReceipt()
	r.Kind, r.Result = "compare", "different"
	r.Claims = []record.Claim{
		{Field: "holder-name", Verdict: "equal", Rules: []string{"width", "brackets"}, Claimed: sum("claim 1")},
		{Field: "scope", Verdict: "different", Claimed: sum("claim 2")},
		{Field: "address", Verdict: "missing", Claimed: sum("claim 3")},
	}
	return r
}

func emptyReceipt() *record.Receipt {
	return &record.Receipt{
		Vault: "vault.example/licences", Kind: "lookup", Time: at("2024-03-01T08:00:00Z"), Result: "never-issued",
		Asked: record.Asked{Caller: "c", Purpose: "p", Ground: "law", Level: "none"},
	}
}

func status() *record.Status {
	return &record.Status{
		Vault: "vault.example/licences", Identifier: identifier(1), Version: 1, Record: sum("version 1"),
		State: "valid", Since: day("2024-02-29"), Time: at("2024-03-01T08:00:00Z"),
		NextUpdate: at("2024-03-02T08:00:00Z"),
	}
}

func batchCertificate() *record.BatchCertificate {
	return &record.BatchCertificate{
		Vault: "vault.example/licences", Batch: "20240301-0001", TypeCode: typeCode, Issuer: issuer,
		File: sum("ledger.csv"), Mapping: sum("mapping"), Finished: at("2024-03-01T09:30:00.5Z"),
		Counts: record.Counts{Rows: 21, Created: 6, Updated: 5, Unchanged: 4, Conflict: 3, Rejected: 3},
		Spans: []record.Span{
			{Year: 2009, Series: "示许字2009", First: "0001", Last: "0010", Seen: 8, Missing: 2},
			{Series: record.YearUnreadable, First: "-", Last: "-", Seen: 1},
		},
		Checkpoint: record.Checkpoint{Size: 11, Root: sum("root")},
	}
}

func emptyBatch() *record.BatchCertificate {
	c := batchCertificate()
	c.File, c.Mapping, c.Counts, c.Spans, c.Checkpoint =
		record.Digest{}, record.Digest{}, record.Counts{}, nil, record.Checkpoint{}
	return c
}

func firstEntry() *record.AuditEntry {
	a := asked()
	a.Item, a.Case, a.Basis = "", "", ""
	return &record.AuditEntry{
		Number: 1, Time: at("2024-03-01T08:00:00.000001Z"), Act: "audit-trail", Asked: a, Result: "denied",
	}
}

func lookupEntry() *record.AuditEntry {
	return &record.AuditEntry{
		Number: 2, Previous: sum("entry 1"), Time: at("2024-03-01T08:00:00.000002Z"), Act: "lookup", Asked: asked(),
		Subject: "00112233445566778899aabbccddeeff", Type: typeCode, Issuer: issuer, Licence: identifier(1),
		Batch: "20240301-0001", Count: 3, Result: "done",
	}
}

func typeEntry() *record.AuditEntry {
	e := lookupEntry()
	e.Previous = sum("entry 2")
	e.Number, e.Act, e.Subject, e.Issuer, e.Licence, e.Batch, e.Count = 3, "type", "", "", "", "", 0
	e.Object, e.Change, e.Reason = "version 2", "classification public secret", "示范县保密审查决定"
	e.Message = "0af7651916cd43dd8448eb211c80319c"
	return e
}
