package record_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/vault/record"
)

type wrongValue struct{ name, sample, old, new string }

// Each line of a text with a value that its grammar does not have: old is replaced once.
func TestRefusesValues(t *testing.T) {
	for _, tt := range slices.Concat(wrongInRecord(), wrongDates(), wrongInOthers()) {
		t.Run(tt.name, func(t *testing.T) {
			s := sampleOf(t, tt.sample)
			raw := string(bytesOf(t, s.value))
			require.Contains(t, raw, tt.old)
			requireRefused(t, s, strings.Replace(raw, tt.old, tt.new, 1))
		})
	}
}

func wrongInRecord() []wrongValue {
	zero := strings.Repeat("A", 43)
	digest := sum("certificate").String()
	return []wrongValue{
		{"identifier with a space", "record-issued", "identifier 1", "identifier 1 1"},
		{"type without name", "record-issued", " 1 食品经营许可证", " 1"},
		{"type version 0", "record-issued", " 1 食品", " 0 食品"},
		{"type version with zero", "record-issued", " 1 食品", " 01 食品"},
		{"type version signed", "record-issued", " 1 食品", " +1 食品"},
		{"type version negative", "record-issued", " 1 食品", " -1 食品"},
		{"type version minus zero", "record-issued", " 1 食品", " -0 食品"},
		{"type version with point", "record-issued", " 1 食品", " 1.0 食品"},
		{"type version full width", "record-issued", " 1 食品", " １ 食品"},
		{"type version with underscore", "record-issued", " 1 食品", " 1_0 食品"},
		{"type version too big", "record-issued", " 1 食品", " 9007199254740992 食品"},
		{"type version beyond 64 bits", "record-issued", " 1 食品", " 99999999999999999999 食品"},
		{"issuer without name", "record-issued", " 示范县市场监督管理局", ""},
		{"holder kind of two words", "record-issued", "holder-kind 001", "holder-kind 001 2"},
		{"one day of validity", "record-issued", "valid 2024-02-29 2029-02-27", "valid 2024-02-29"},
		{"three days of validity", "record-issued", "valid 2024-02-29", "valid 2024-02-29 2024-02-29"},
		{"end before begin by year", "record-issued", "valid 2024-02-29 2029", "valid 2024-02-29 2023"},
		{"end before begin by month", "record-issued", "valid 2024-02-29 2029-02-27", "valid 2024-02-29 2024-01-30"},
		{"end before begin by day", "record-issued", "valid 2024-02-29 2029-02-27", "valid 2024-02-29 2024-02-28"},
		{"mode", "record-issued", "signer custody", "signer other"},
		{"no signer", "record-issued", digest, "-"},
		{"zero signer", "record-issued", digest, zero},
		{"origin", "record-issued", "origin issue", "origin other"},
		{"conversion without source", "record-issued", "origin issue", "origin convert"},
		{"source without conversion", "record-converted", "origin convert", "origin issue"},
		{"row 0", "record-converted", " 17 2024", " 0 2024"},
		{"zero scan", "record-converted", "scan " + sum("page 1").String(), "scan " + zero},
		{"absent scan", "record-converted", "scan " + sum("page 1").String(), "scan -"},
		{"zero file", "record-converted", sum("ledger.csv").String(), zero},
		{"derived of two words", "record-converted", "derived holder-code", "derived a b"},
		{"padded digest", "record-issued", digest, digest + "="},
		{"short digest", "record-issued", digest, digest[:42]},
		{"long digest", "record-issued", digest, digest + "A"},
		{"digest of the other alphabet", "record-issued", digest, "+" + digest[1:]},
		{"digest with a stray bit", "record-issued", digest, digest[:42] + strayBit(digest[42])},
		{"zero previous", "record-changed-remote", sum("version 1").String(), zero},
		{"field twice", "record-issued", "field scope", "field number"},
		{"field name with a point", "record-issued", "field scope", "field a.b"},
		{"field name in Chinese", "record-issued", "field scope", "field 字段"},
		{"field name too long", "record-issued", "field scope", "field " + strings.Repeat("a", 65)},
		{"zero field", "record-changed-remote", disclosureDigest(0), zero},
		{"field without digest", "record-changed-remote", " " + disclosureDigest(0), ""},
		{"field of three words", "record-changed-remote", "field number", "field number number"},
	}
}

func wrongDates() []wrongValue {
	return []wrongValue{
		{"no day of issue", "record-issued", "issued 2024-02-29", "issued -"},
		{"30 February", "record-issued", "issued 2024-02-29", "issued 2024-02-30"},
		{"29 February of no leap year", "record-issued", "issued 2024-02-29", "issued 2023-02-29"},
		{"29 February 1900", "record-issued", "issued 2024-02-29", "issued 1900-02-29"},
		{"31 April", "record-issued", "issued 2024-02-29", "issued 2024-04-31"},
		{"month 0", "record-issued", "issued 2024-02-29", "issued 2024-00-01"},
		{"month 13", "record-issued", "issued 2024-02-29", "issued 2024-13-01"},
		{"day 0", "record-issued", "issued 2024-02-29", "issued 2024-02-00"},
		{"day 32", "record-issued", "issued 2024-02-29", "issued 2024-01-32"},
		{"year 0", "record-issued", "issued 2024-02-29", "issued 0000-02-29"},
		{"short date", "record-issued", "issued 2024-02-29", "issued 2024-2-29"},
		{"date with slashes", "record-issued", "issued 2024-02-29", "issued 2024/02/29"},
		{"date in letters", "record-issued", "issued 2024-02-29", "issued 2o24-02-29"},
		{"signed year", "record-issued", "issued 2024-02-29", "issued +024-02-29"},
		{"year of five digits", "record-issued", "issued 2024-02-29", "issued 12024-02-29"},
	}
}

func wrongInOthers() []wrongValue {
	zero := strings.Repeat("A", 43)
	digest := sum("certificate").String()
	return []wrongValue{
		{"kind of event", "event-issued", "kind issued", "kind other"},
		{"event 0", "event-issued", "number 2", "number 0"},
		{"first event with a previous", "event-issued", "number 2", "number 1"},
		{"second event without previous", "event-reserved", "number 1", "number 2"},
		{"version without record", "event-issued", "record " + sum("version 1").String(), "record -"},
		{"version 0 with a record", "event-issued", "version 1", "version 0"},
		{"record without version", "event-reserved", "record -", "record " + digest},
		{"attached nothing", "event-attached", "document " + sum("document").String() + "\n", ""},
		{"absent document", "event-attached", "document " + sum("document").String(), "document -"},
		{"no effective day", "event-issued", "effective 2024-02-29", "effective -"},
		{"zone", "event-issued", "59.999999Z", "59.999999+00:00"},
		{"small z", "event-issued", "59.999999Z", "59.999999z"},
		{"no fraction", "event-issued", "59.999999Z", "59Z"},
		{"milliseconds", "event-issued", "59.999999Z", "59.999Z"},
		{"nanoseconds", "event-issued", "59.999999Z", "59.999999000Z"},
		{"comma", "event-issued", "59.999999Z", "59,999999Z"},
		{"leap second", "event-issued", "59.999999Z", "60.000000Z"},
		{"minute 60", "event-issued", "23:59:59", "23:60:59"},
		{"hour 24", "event-issued", "T23:59:59", "T24:00:00"},
		{"small t", "event-issued", "T23:59:59", "t23:59:59"},
		{"hour in letters", "event-issued", "T23:59:59", "T2x:59:59"},
		{"impossible day of a time", "event-issued", "2024-02-29T23", "2024-02-30T23"},
		{"zero time", "event-issued", "2024-02-29T23:59:59.999999Z", "0001-01-01T00:00:00.000000Z"},
		{"date for time", "event-issued", "2024-02-29T23:59:59.999999Z", "2024-02-29"},

		{"licence without state", "receipt-lookup", " 1 valid", " 1"},
		{"receipt's version", "receipt-lookup", " 1 valid", " -1 valid"},
		{"claim without digest", "receipt-compare", " " + sum("claim 2").String(), ""},
		{"claim with a zero digest", "receipt-compare", sum("claim 2").String(), zero},
		{"rule before its claim", "receipt-compare", "result different\n", "result different\nrule width\n"},
		{"checkpoint without root", "receipt-lookup", "checkpoint 5 " + sum("root").String(), "checkpoint 5 -"},
		{"checkpoint of nothing with a root", "receipt-lookup", "checkpoint 5 ", "checkpoint 0 "},
		{"checkpoint without size", "receipt-nothing", "checkpoint 0 -", "checkpoint -"},
		{"checkpoint with a zero root", "receipt-nothing", "checkpoint 0 -", "checkpoint 0 " + zero},
		{"purpose missing", "receipt-lookup", "purpose food licence renewal\n", ""},
		{"ground of two words", "receipt-lookup", "ground consent", "ground consent law"},

		{"status without record", "status", "record " + sum("version 1").String(), "record -"},
		{"next update before", "status", "next-update 2024-03-02", "next-update 2024-02-29"},

		{"counts do not add up", "batch", "rows 21", "rows 22"},
		{"span of five", "batch", " 8 2\n", " 8\n"},
		{"span of seven", "batch", " 8 2\n", " 8 2 2\n"},
		{"span's year", "batch", "span 2009", "span 02009"},
		{"batch without root", "batch", "checkpoint 11 " + sum("root").String(), "checkpoint 11 -"},

		{"entry 0", "audit-first", "number 1", "number 0"},
		{"first entry with a previous", "audit-lookup", "number 2", "number 1"},
		{"later entry without previous", "audit-first", "number 1", "number 2"},
		{"count", "audit-lookup", "count 3", "count 03"},
		{"act of two words", "audit-lookup", "act lookup", "act look up"},
	}
}

func disclosureDigest(i int) string {
	d := disclosures()[i].Digest()
	return d.String()
}

// strayBit is another character for the last of a digest that decodes to the same byte.
func strayBit(c byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, c)|1])
}

// Short names for the table.
type (
	licence     = record.Record
	event       = record.Event
	receipt     = record.Receipt
	certificate = record.BatchCertificate
	entry       = record.AuditEntry
)

// Append refuses what Parse would refuse: a wrong text is never signed.
func TestAppendRefuses(t *testing.T) {
	tables := []map[string]text{
		brokenRecords(), brokenEvents(), brokenStatements(), brokenBatches(), brokenEntries(),
	}
	for _, broken := range tables {
		for name, v := range broken {
			t.Run(name, func(t *testing.T) {
				raw, err := v.Append([]byte("kept"))
				require.ErrorIs(t, err, record.ErrFormat)
				require.Nil(t, raw)
			})
		}
	}
}

func brokenRecords() map[string]text {
	long := strings.Repeat("x", record.MaxLine+1)
	return map[string]text{
		"no identifier":              with(issuedRecord, func(r *licence) { r.Identifier = "" }),
		"identifier with a space":    with(issuedRecord, func(r *licence) { r.Identifier = "a b" }),
		"identifier with a line end": with(issuedRecord, func(r *licence) { r.Identifier = "a\nb" }),
		"no type name":               with(issuedRecord, func(r *licence) { r.TypeName = "" }),
		"long type name":             with(issuedRecord, func(r *licence) { r.TypeName = long }),
		"long type line":             with(issuedRecord, func(r *licence) { r.TypeName = long[:record.MaxLine-10] }),
		"spaces around a name":       with(issuedRecord, func(r *licence) { r.IssuerName = " x " }),
		"invalid UTF-8":              with(issuedRecord, func(r *licence) { r.IssuerName = "\xff" }),
		"C1 control":                 with(issuedRecord, func(r *licence) { r.IssuerName = "a\u0085b" }),
		"line separator":             with(issuedRecord, func(r *licence) { r.IssuerName = "a\u2028b" }),
		"byte order mark":            with(issuedRecord, func(r *licence) { r.IssuerName = "\ufeffb" }),
		"type version 0":             with(issuedRecord, func(r *licence) { r.TypeVersion = 0 }),
		"type version negative":      with(issuedRecord, func(r *licence) { r.TypeVersion = -1 }),
		"type version too big":       with(issuedRecord, func(r *licence) { r.TypeVersion = math.MaxInt }),
		"no day of issue":            with(issuedRecord, func(r *licence) { r.IssuedOn = record.Date{} }),
		"impossible day":             with(issuedRecord, func(r *licence) { r.IssuedOn.Day = 32 }),
		"year 12024":                 with(issuedRecord, func(r *licence) { r.IssuedOn.Year += 10000 }),
		"negative year":              with(issuedRecord, func(r *licence) { r.ValidFrom.Year = -1 }),
		"end before begin":           with(issuedRecord, func(r *licence) { r.ValidUntil = day("2024-02-28") }),
		"mode":                       with(issuedRecord, func(r *licence) { r.Mode = "" }),
		"signer":                     with(issuedRecord, func(r *licence) { r.Signer = record.Digest{} }),
		"origin":                     with(issuedRecord, func(r *licence) { r.Origin = "other" }),
		"source without conversion":  with(convertedRecord, func(r *licence) { r.Origin = record.Issued }),
		"conversion without source":  with(convertedRecord, func(r *licence) { r.Source = nil }),
		"row 0":                      with(convertedRecord, func(r *licence) { r.Source.Row = 0 }),
		"zero file":                  with(convertedRecord, func(r *licence) { r.Source.File = record.Digest{} }),
		"zero scan":                  with(convertedRecord, func(r *licence) { r.Source.Scans[0] = record.Digest{} }),
		"constant with a space":      with(convertedRecord, func(r *licence) { r.Source.Constant[0] = "a b" }),
		"no field":                   with(issuedRecord, func(r *licence) { r.Fields = nil }),
		"field twice":                with(issuedRecord, func(r *licence) { r.Fields[0].Name = r.Fields[1].Name }),
		"field without name":         with(issuedRecord, func(r *licence) { r.Fields[0].Name = "" }),
		"field with a line end":      with(issuedRecord, func(r *licence) { r.Fields[0].Name = "a\nb" }),
		"zero field":                 with(issuedRecord, func(r *licence) { r.Fields[0].Digest = record.Digest{} }),
		"too many fields":            with(issuedRecord, func(r *licence) { r.Fields = manyFields(257) }),
		"too long": with(convertedRecord, func(r *licence) {
			r.Source.Derived = strings.Split(strings.Repeat("abcdefgh,", 8000)+"z", ",")
		}),
	}
}

func brokenEvents() map[string]text {
	long := strings.Repeat("x", record.MaxLine+1)
	return map[string]text{
		"kind of event":        with(issuedEvent, func(e *event) { e.Kind = "other" }),
		"event 0":              with(issuedEvent, func(e *event) { e.Number = 0 }),
		"event without before": with(issuedEvent, func(e *event) { e.Previous = record.Digest{} }),
		"first with a before":  with(reservedEvent, func(e *event) { e.Previous = sum("x") }),
		"event's version":      with(issuedEvent, func(e *event) { e.Version = -1 }),
		"version 0":            with(issuedEvent, func(e *event) { e.Version = 0 }),
		"no record":            with(issuedEvent, func(e *event) { e.Record = record.Digest{} }),
		"record unasked":       with(attachedEvent, func(e *event) { e.Record = sum("x") }),
		"no document":          with(attachedEvent, func(e *event) { e.Document = record.Digest{} }),
		"no time":              with(issuedEvent, func(e *event) { e.Recorded = time.Time{} }),
		"time of year 10000":   with(issuedEvent, func(e *event) { e.Recorded = e.Recorded.AddDate(8000, 0, 0) }),
		"time before year 1":   with(issuedEvent, func(e *event) { e.Recorded = e.Recorded.AddDate(-2030, 0, 0) }),
		"no effective day":     with(issuedEvent, func(e *event) { e.Effective = record.Date{} }),
		"no actor":             with(issuedEvent, func(e *event) { e.Actor = "" }),
		"reason of two lines":  with(revokedEvent, func(e *event) { e.Reason = "a\nb" }),
		"long reason":          with(revokedEvent, func(e *event) { e.Reason = long }),
		"message of zeros":     with(revokedEvent, func(e *event) { e.Message = strings.Repeat("0", 32) }),
		"short message":        with(revokedEvent, func(e *event) { e.Message = e.Message[1:] }),
		"message in capitals":  with(revokedEvent, func(e *event) { e.Message = strings.ToUpper(e.Message) }),
	}
}

func brokenStatements() map[string]text {
	return map[string]text{
		"licence of nothing":    with(lookupReceipt, func(r *receipt) { r.Identifier = "" }),
		"state of nothing":      with(emptyReceipt, func(r *receipt) { r.State = "valid" }),
		"age of nothing":        with(emptyReceipt, func(r *receipt) { r.SourceTime = r.Time }),
		"no source time":        with(lookupReceipt, func(r *receipt) { r.SourceTime = time.Time{} }),
		"receipt without time":  with(lookupReceipt, func(r *receipt) { r.Time = time.Time{} }),
		"receipt's version":     with(lookupReceipt, func(r *receipt) { r.Version = -1 }),
		"no root":               with(lookupReceipt, func(r *receipt) { r.Checkpoint.Root = record.Digest{} }),
		"root of nothing":       with(lookupReceipt, func(r *receipt) { r.Checkpoint.Size = 0 }),
		"negative checkpoint":   with(lookupReceipt, func(r *receipt) { r.Checkpoint.Size = -1 }),
		"no ground":             with(lookupReceipt, func(r *receipt) { r.Asked.Ground = "" }),
		"no level":              with(lookupReceipt, func(r *receipt) { r.Asked.Level = "" }),
		"zero claim":            with(compareReceipt, func(r *receipt) { r.Claims[0].Claimed = record.Digest{} }),
		"verdict with a space":  with(compareReceipt, func(r *receipt) { r.Claims[0].Verdict = "a b" }),
		"rule with a space":     with(compareReceipt, func(r *receipt) { r.Claims[0].Rules[0] = "a b" }),
		"too many claims":       with(compareReceipt, func(r *receipt) { r.Claims = manyClaims(record.MaxFields + 1) }),
		"status without record": with(status, func(s *record.Status) { s.Record = record.Digest{} }),
		"status in the past":    with(status, func(s *record.Status) { s.NextUpdate = s.Time.Add(-1000) }),
		"status without time":   with(status, func(s *record.Status) { s.Time = time.Time{} }),
		"status since no day":   with(status, func(s *record.Status) { s.Since.Month = 13 }),
	}
}

func brokenBatches() map[string]text {
	return map[string]text{
		"counts": with(batchCertificate, func(c *certificate) { c.Counts.Rows++ }),
		"negative count": with(batchCertificate,
			func(c *certificate) { c.Counts.Rows, c.Counts.Created = 14, -1 }),
		"negative seen":       with(batchCertificate, func(c *certificate) { c.Spans[0].Seen = -1 }),
		"series with a space": with(batchCertificate, func(c *certificate) { c.Spans[0].Series = "a b" }),
		"no first":            with(batchCertificate, func(c *certificate) { c.Spans[0].First = "" }),
		"batch without root":  with(batchCertificate, func(c *certificate) { c.Checkpoint.Root = record.Digest{} }),
		"not finished":        with(batchCertificate, func(c *certificate) { c.Finished = time.Time{} }),
	}
}

func brokenEntries() map[string]text {
	return map[string]text{
		"entry 0":              with(firstEntry, func(e *entry) { e.Number = 0 }),
		"entry without before": with(lookupEntry, func(e *entry) { e.Previous = record.Digest{} }),
		"first entry's before": with(firstEntry, func(e *entry) { e.Previous = sum("x") }),
		"entry without time":   with(firstEntry, func(e *entry) { e.Time = time.Time{} }),
		"negative entries":     with(firstEntry, func(e *entry) { e.Count = -1 }),
		"no result":            with(firstEntry, func(e *entry) { e.Result = "" }),
		"no caller":            with(firstEntry, func(e *entry) { e.Asked.Caller = "" }),
	}
}

func with[T any](make func() *T, change func(*T)) text {
	v := make()
	change(v)
	return any(v).(text)
}

func manyFields(n int) []record.Field {
	list := make([]record.Field, n)
	for i := range list {
		list[i] = record.Field{Name: fmt.Sprintf("f%d", i), Digest: sum("x")}
	}
	return list
}

func manyClaims(n int) []record.Claim {
	list := make([]record.Claim, n)
	for i := range list {
		list[i] = record.Claim{Field: fmt.Sprintf("f%d", i), Verdict: "equal", Claimed: sum("x")}
	}
	return list
}

// The limits themselves are still inside.
func TestLimits(t *testing.T) {
	r := issuedRecord()
	r.Fields = manyFields(record.MaxFields)
	r.TypeVersion = record.MaxNumber
	r.IssuerName = strings.Repeat("x", record.MaxLine-len(r.IssuerCode)-1)
	r.IssuedOn, r.ValidFrom, r.ValidUntil = day("0001-01-01"), day("9999-12-31"), day("9999-12-31")
	r.Fields[0].Name = strings.Repeat("-", 64)
	raw := bytesOf(t, r)
	got, err := record.Parse(raw)
	require.NoError(t, err)
	require.Equal(t, r, got)

	requireRefused(t, sample{kind: "record"}, string(raw)+"field g "+sum("x").String()+"\n")

	c := compareReceipt()
	c.Claims = manyClaims(record.MaxFields)
	raw = bytesOf(t, c)
	back, err := record.ParseReceipt(raw)
	require.NoError(t, err)
	require.Equal(t, c, back)
	more := strings.Replace(string(raw), "checkpoint 5", "claim z equal "+sum("x").String()+"\ncheckpoint 5", 1)
	requireRefused(t, sample{kind: "receipt"}, more)
}

// A text of exactly MaxBytes is read and written; one byte more is neither.
func TestMaxBytes(t *testing.T) {
	r := convertedRecord()
	derived := strings.Repeat("d", 64)
	for {
		r.Source.Derived = append(r.Source.Derived, derived)
		if room := record.MaxBytes - len(bytesOf(t, r)); room < 200 {
			r.Source.Derived = append(r.Source.Derived, strings.Repeat("e", room-len("derived \n")))
			break
		}
	}
	raw := bytesOf(t, r)
	require.Len(t, raw, record.MaxBytes)
	_, err := record.Parse(raw)
	require.NoError(t, err)
	r.Source.Derived[0] += "x"
	_, err = r.Append(nil)
	require.ErrorIs(t, err, record.ErrFormat)
	longer := strings.Replace(string(raw), "derived holder-code", "derived holder-codes", 1)
	requireRefused(t, sample{kind: "record"}, longer)
}
