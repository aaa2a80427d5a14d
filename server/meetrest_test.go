package server_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/httpsig"
	"github.com/elicense/elicense/server/identity"
)

// TestMeetActs: an act says on what law and why, and takes effect neither before its day nor after a gap.
func TestMeetActs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	issued := w.issue("i")
	act := func(kind string, q api.ActRequest) reply {
		return w.call(fixtures.Caller(0), http.MethodPost, "/licences/"+issued.Identifier+"/"+kind, q,
			api.HeaderIdempotencyKey, "k")
	}
	bare := act("suspensions", api.ActRequest{})
	require.Equal(t, "/basis", tells(t, bare, "act-basis-missing").Path)
	require.Equal(t, "/reason", tells(t, bare, "reason-missing").Path)
	later := act("suspensions", api.ActRequest{Reason: "核查", Basis: "依职权", Effective: "2099-01-01"})
	require.Equal(t, "/effective", tells(t, later, "effective-in-future").Path)
	require.True(t, into[api.Problem](t, later).Retryable, "the day comes")
	gap := act("renewals", api.ActRequest{
		Reason: "延续", Basis: "依申请", Paper: "P-gap",
		Values: map[string]string{"ZZYXQQSRQ": "2099-01-01", "ZZYXQJZRQ": "2103-12-31"},
	})
	tells(t, gap, "validity-gap")
	other := api.IssueRequest{Type: w.businessType(), Paper: "P-other", Values: map[string]string{
		"ZZBH": "A-1", "CZZT": "甲公司", "CZZTDM": fixtures.FirmAt(1).Code, "ZZBFRQ": "2009-03-01", "ZZBS": issued.Identifier,
	}}
	require.Equal(t, "/values/ZZBS", tells(t, w.call(fixtures.Caller(0), http.MethodPost, "/licences", other,
		api.HeaderIdempotencyKey, "o"), "identifier-other-licence").Path)
	other.Type = "nope"
	tells(t, w.call(fixtures.Caller(0), http.MethodPost, "/reservations", other, api.HeaderIdempotencyKey, "n"),
		"type-not-granted")
	tells(t, w.send(fixtures.Caller(0), http.MethodPost, "/files", strings.NewReader("x"), "Content-Type", octets),
		"idempotency-key-missing")
}

// TestMeetCallers: what an operator registers is told with everything that is wrong with it.
func TestMeetCallers(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, func(k *identity.Keys) {
		k.Add("fresh", identity.Caller{
			ID: "fresh", Role: identity.RoleDepartmentSystem, Department: fixtures.Authority().Code,
		})
	})
	food := foodType(t)
	put := func(id string, q api.CallerRights) reply {
		return w.call("operator", http.MethodPut, "/callers/"+id, q)
	}
	require.Equal(t, "path.id", tells(t, put("a%07b", api.CallerRights{}), "caller-id").Path)
	bad := put("x", api.CallerRights{Issues: []string{food, food}})
	require.Equal(t, "/department", tells(t, bad, "department-missing").Path)
	require.Equal(t, "/issues", tells(t, bad, "listed-twice").Path)
	long := put("x", api.CallerRights{Bases: []string{strings.Repeat("条", 201)}})
	require.Equal(t, "/bases", tells(t, long, "text-too-long").Path)
	id := w.issue("i").Identifier
	look := func(key string, q api.Asked) reply {
		return w.call(key, http.MethodPost, "/lookups", api.LookupRequest{Asked: q, Identifier: id})
	}
	tells(t, look("fresh", api.Asked{Purpose: "核对", Ground: "issuer"}), "caller-unknown")
	require.Equal(t, "/purpose",
		tells(t, look(fixtures.Caller(0), api.Asked{Purpose: "核\u0007对", Ground: "issuer"}), "text-control-character").Path)
	tells(t, look("reviewer", api.Asked{Purpose: "核对", Ground: "holder", Case: "1", Applicant: &api.Applicant{
		Kind: "001", Code: fixtures.FirmAt(7).Code, Level: "real-name", Expires: w.now.Add(-time.Hour),
	}}), "assertion-expired")
}

// TestMeetSignatures: a signature that is not written as one, covers too little or is too old.
func TestMeetSignatures(t *testing.T) {
	t.Parallel()
	w := newSignedWorld(t)
	look := func(change func(*http.Request)) api.Defect {
		r := w.sign("/lookups", "", api.LookupRequest{Asked: api.Asked{Purpose: "核对", Ground: "issuer"}, Identifier: "x"})
		change(r)
		return into[api.Problem](t, w.send(r)).Errors[0]
	}
	input := func(change func(string) string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(httpsig.FieldInput, change(r.Header.Get(httpsig.FieldInput))) }
	}
	require.Equal(t, "signature-malformed", look(input(func(string) string { return "x" })).Code)
	bare := look(input(func(s string) string { return strings.Replace(s, ` "content-digest"`, "", 1) }))
	require.Equal(t, "signature-coverage", bare.Code)
	require.Equal(t, "header.Signature-Input content-digest", bare.Path)
	old := look(func(*http.Request) { w.now = w.now.Add(time.Hour) })
	require.Equal(t, "signature-outdated", old.Code)
	require.Equal(t, "header.Signature-Input created", old.Path)
}

// TestMeetGuessing: who is told too often that he is wrong about a subject is told no more that day.
func TestMeetGuessing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.issue("i").Identifier
	ask := func(claim string) reply {
		return w.call("reviewer", http.MethodPost, "/comparisons", api.ComparisonRequest{
			Asked: byLaw(), Comparison: api.Comparison{Identifier: id, Claims: map[string]string{"CZZT": claim}},
		})
	}
	r := w.until(http.StatusOK, func(key string) reply { return ask("某公司" + key) })
	tells(t, r, "guessing-limit")
	require.True(t, into[api.Problem](t, r).Retryable)
}

// TestMeetImports: part of a licence that does not begin where the other vault ends, one that was changed on its way, and
// a signature that is none.
func TestMeetImports(t *testing.T) {
	t.Parallel()
	city := newWorld(t)
	province := city.provincial()
	id := city.issue("1").Identifier
	r := city.call(fixtures.Caller(0), http.MethodPost, "/licences/"+id+"/suspensions",
		api.ActRequest{Reason: "核查", Basis: "依职权"}, api.HeaderIdempotencyKey, "s")
	require.Equal(t, http.StatusOK, r.status, "%s", r.body)
	transfer := func(id string, from int) []byte {
		r := city.call(fixtures.Caller(0), http.MethodPost, "/transfers", api.TransferRequest{Identifier: id, From: from})
		require.Equal(t, http.StatusOK, r.status, "%s", r.body)
		return into[api.Transfer](t, r).Content
	}
	send := func(content []byte) reply {
		return province.call(fixtures.Caller(0), http.MethodPost, "/imports", api.ImportRequest{Content: content},
			api.HeaderIdempotencyKey, "k")
	}
	tells(t, send(transfer(id, 2)), "import-gap")
	reserved := into[api.Written](t, city.call(fixtures.Caller(0), http.MethodPost, "/reservations", foodRequest(t),
		api.HeaderIdempotencyKey, "r")).Identifier
	tells(t, send(bytes.ReplaceAll(transfer(id, 1), []byte(id), []byte(reserved))), "import-invalid")
	tells(t, city.call(fixtures.Caller(0), http.MethodPost, "/reservations/"+reserved+"/confirmation",
		api.Confirmation{Paper: "P-r", Signature: []byte{0}}, api.HeaderIdempotencyKey, "c"), "signature-refused")
}

// TestMeetConflicts: rows of a ledger against what the vault has, and a batch that is no longer open.
func TestMeetConflicts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	row := func(number, name string, firm uint64) string {
		return number + "," + name + "," + fixtures.FirmAt(firm).Code + ",2009-03-01\n"
	}
	trial := func(rows string) string {
		return w.converts("a.csv", []byte(headings+"\n"+rows), func(q *api.ConversionRequest) { q.Mapping = columnsOf("") })
	}
	require.Contains(t, trial(row("A-1", "甲公司", 1)+row("A-1", "乙公司", 1)), `"code":"conflict-same-file"`)
	made := w.convert("c", api.ConversionRequest{
		Type: w.businessType(), Mapping: columnsOf(""), FileName: "a.csv",
		File: w.upload(fixtures.Caller(0), []byte(headings+"\n"+row("A-2", "甲公司", 1))),
	})
	w.work()
	require.Contains(t, trial(row("A-2", "丙公司", 2)), `"code":"conflict-other-holder"`)
	path := "/conversions/" + resultOf[api.Conversion](t, w.jobOf(made)).Batch
	post := func(key, path string, body any) reply {
		return w.call(fixtures.Caller(0), http.MethodPost, path, body, api.HeaderIdempotencyKey, key)
	}
	require.Equal(t, http.StatusAccepted, post("u", path+"/undo", api.UndoRequest{Reason: "用错了台账"}).status)
	w.work()
	require.Equal(t, "path.batch",
		tells(t, post("s", path+"/sign-off", api.SignOff{By: "核对人", Sampled: 1}), "batch-state").Path)

	r := post("i", "/licences", api.IssueRequest{Type: w.businessType(), Paper: "P-1", Values: map[string]string{
		"ZZBH": "A-3", "CZZT": "甲公司", "CZZTDM": fixtures.FirmAt(1).Code, "ZZBFRQ": "2009-03-01",
	}})
	require.Equal(t, http.StatusCreated, r.status, "%s", r.body)
	w.now = w.now.Add(time.Second)
	require.Contains(t, trial(row("A-3", "丁公司", 1)), `"code":"conflict-living-licence"`)
	r = post("r", "/licences/"+into[api.Written](t, r).Identifier+"/revocations",
		api.ActRequest{Kind: "revoked", Reason: "吊销", Basis: "依职权"})
	require.Equal(t, http.StatusOK, r.status, "%s", r.body)
	require.Contains(t, trial(row("A-3", "丁公司", 1)), `"code":"conflict-state"`)
}

// TestMeetMoreSheets: an empty file, one with a password, one with entities, and a mapping that is no text.
func TestMeetMoreSheets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := rowOf(1, strings.Split(headings, ",")...)
	locked := workbookOf(t, good)
	for mark, flags := range map[string]int{"PK\x01\x02": 8, "PK\x03\x04": 6} {
		for at := bytes.Index(locked, []byte(mark)); at >= 0; {
			locked[at+flags] |= 1
			next := bytes.Index(locked[at+4:], []byte(mark))
			if next < 0 {
				break
			}
			at += 4 + next
		}
	}
	for want, c := range map[string]struct {
		content []byte
		mapping string
	}{
		"SHEET_EMPTY":      {nil, columnsOf("")},
		"SHEET_ENCRYPTED":  {locked, columnsOf("")},
		"SHEET_DOCTYPE":    {workbookOf(t, `<!DOCTYPE x>`+good), columnsOf("")},
		"mapping_encoding": {locked, "\x00" + columnsOf("")},
	} {
		name := "a.xlsx"
		if !bytes.HasPrefix(c.content, []byte("PK")) {
			name = "a.csv"
		}
		got := w.converts(name, c.content, func(q *api.ConversionRequest) { q.Mapping = c.mapping })
		require.Contains(t, got, `"code":"`+want+`"`)
	}
	got := w.converts("a.xlsx", workbookOf(t, good), func(q *api.ConversionRequest) {
		q.Mapping, q.Sheet = columnsOf(""), "没有"
	})
	require.Contains(t, got, `"code":"heading_sheet"`)
}

// TestTellsAllAtOnce: a conversion, a case of documents and a subscription are told everything that is wrong with them,
// each at its place.
func TestTellsAllAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.newReceiver()
	w.judging()
	told := func(r reply) (out [][2]string) {
		require.Equal(t, http.StatusUnprocessableEntity, r.status, "%s", r.body)
		p := into[api.Problem](t, r)
		require.False(t, p.Retryable)
		for _, d := range p.Errors {
			out = append(out, [2]string{d.Code, d.Path})
		}
		return out
	}
	require.Equal(t, [][2]string{
		{"type-unknown", "/type"}, {"mapping_format", "/mapping line 1 format"}, {"encoding-unknown", "/encoding"},
		{"no-such-file", "/file"}, {"no-such-file", "/scans"}, {"no-such-file", "/photos"},
	}, told(w.convert("k", api.ConversionRequest{
		Type: "nope", File: "f", Scans: "s", Photos: "p", FileName: "a.csv", Mapping: "format: x", Encoding: "koi",
	})))
	require.Equal(t, [][2]string{
		{"document-without-content", "/documents/0/content"}, {"document-with-two-contents", "/documents/1/file"},
		{"no-such-file", "/documents/2/file"},
	}, told(w.call("reviewer", http.MethodPost, "/verifications", api.VerificationRequest{Documents: []api.Submitted{
		{Name: "a"}, {Name: "b", Content: []byte("x"), File: "f"}, {Name: "c", File: "f"},
	}}, api.HeaderIdempotencyKey, "k")))
	require.Equal(t, [][2]string{
		{"no-such-event-kind", "/kinds"}, {"no-such-event-kind", "/kinds"}, {"receiver-not-allowed", "/url"},
	}, told(w.call(fixtures.Caller(0), http.MethodPost, "/subscriptions", api.SubscriptionRequest{
		URL: "http://elsewhere.example/", Kinds: []string{"x", "y"},
	}, api.HeaderIdempotencyKey, "k")))
}

// TestPlaces: what of a request is wrong is named where it stands: in the path, the query, a header or the body.
func TestPlaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.issue("i").Identifier
	for path, at := range map[string]string{
		"/licence-types/nope":                       "path.code",
		"/licences/nonsense?purpose=x":              "path.identifier",
		"/licences/" + id + "/proof?event=9":        "query.event",
		"/licences/" + id + "/as-of?day=0000-01-01": "query.day",
		"/conversions/none":                         "path.batch",
		"/conversions?after=none":                   "query.after",
		"/files/none":                               "path.id",
		"/jobs/none":                                "path.id",
		"/disputes/none":                            "path.id",
		"/verifications/none":                       "path.id",
		"/schemas/none/1":                           "path.name",
		"/events?kinds=none":                        "query.kinds",
		"/checkpoints/growth?since=99":              "query.since",
	} {
		if strings.HasPrefix(path, "/licences/"+id) {
			path += "&purpose=x"
		}
		r := w.call(fixtures.Caller(0), http.MethodGet, path, nil)
		require.Equal(t, at, into[api.Problem](t, r).Errors[0].Path, "%s: %s", path, r.body)
	}
	taken := api.IssueRequest{Type: w.businessType(), Paper: "P-1", Values: map[string]string{
		"注册号": "A-1", "CZZT": "甲公司", "CZZTDM": fixtures.FirmAt(1).Code, "ZZBFRQ": "2009-03-01",
	}}
	for _, paper := range []string{"P-1", "P-2"} {
		taken.Paper = paper
		r := w.call(fixtures.Caller(0), http.MethodPost, "/licences", taken, api.HeaderIdempotencyKey, paper)
		if paper == "P-2" {
			require.Equal(t, "/values/注册号", tells(t, r, "number-taken").Path)
		}
	}
}
