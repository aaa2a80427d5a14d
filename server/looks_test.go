package server_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
)

// look is one operation that tells something of a person, as a clerk of the hall asks it.
type look struct {
	method, path string // {id} is the licence's identifier, {digest} that of its document
	body         any
	headers      []string
}

// looks are all operations that tell something of a person that the vault knows, by their names.
func looks(id string) map[string]look {
	asked := lawful("1")
	get := func(path string) look { return look{method: http.MethodGet, path: "/licences/{id}" + path} }
	post := func(path string, body any) look { return look{method: http.MethodPost, path: path, body: body} }
	lines := []string{"Content-Type", "application/x-ndjson"}
	return map[string]look{
		"getLicence": get(""), "getHistory": get("/history"), "getMoment": get("/as-of?day=2026-03-02"),
		"getDocument": get("/documents/{digest}"), "getPage": get("/pages/1"), "getBundle": get("/bundle"),
		"getProof": get("/proof"),
		"makeCopy": post("/licences/{id}/copies", api.CopyRequest{
			Asked: asked, For: "示例单位", Because: "x", Until: "2026-12-31",
		}),
		"disclose": post("/licences/{id}/disclosures", api.DisclosureRequest{Asked: asked, Fields: []string{"CZZT"}}),
		"lookUp":   post("/lookups", api.LookupRequest{Asked: asked, Identifier: id}),
		"compare": post("/comparisons", api.ComparisonRequest{
			Asked: asked, Comparison: api.Comparison{Identifier: id, Claims: map[string]string{"CZZT": "x"}},
		}),
		"compareMany": {http.MethodPost, "/comparisons/bulk", []any{
			asked, api.ComparisonRow{Comparison: api.Comparison{Identifier: id, Claims: map[string]string{"CZZT": "x"}}},
		}, lines},
		"raiseDispute": post("/disputes", dispute(asked, id)),
	}
}

// tellNothing are the operations that tell nothing of a person that the vault knows, each with the reason.
var tellNothing = map[string]string{
	"listLicenceTypes getLicenceType putLicenceType getGrounds getQuality": "types and figures",
	"getCheckpoint getGrowth":                    "salted leaves",
	"getPublicState verifyPublicly checkReceipt": "name nobody, or say what the asker has brought",
	"issueLicence reserveLicence confirmReservation cancelReservation issueBatch changeLicence renewLicence " +
		"reissueLicence suspendLicence resumeLicence revokeLicence attachDocument listReservations": "writes of the department",
	"listEvents subscribe listSubscriptions getSubscription unsubscribe resumeSubscription replaySubscription " +
		"listDeliveries": "that something happened, to its issuer's system",
	"transferLicence importLicence":                                                         "a department's system takes over what it issued",
	"authorise listAuthorisations withdrawAuthorisation listAccesses":                       "holders about themselves",
	"listDisputes getDispute settleDispute":                                                 "what was claimed, to who settles or claimed it",
	"verify rejudge getVerification":                                                        "what a submission says, and who judged it",
	"verifyDigests":                                                                         "that a digest is bound to a licence; the look-up behind it is seen as lookUp is",
	"uploadFile getFile deleteFile listFiles":                                               "one's own files",
	"listJobs getJob cancelJob":                                                             "one's own jobs",
	"convert undoConversion listConversions getConversion signOffConversion":                "what the department has brought",
	"listAlarms watch listRegistrations getRegistration putRegistration revokeRegistration": "of systems and clerks",
	"transferContent importContent":                                                         "a department's system takes over what it issued, file by file",
	"listScans getScan":                                                                     "papers, to the department that issued; the vault tells of them as of every reading",
	"sampleConversion getSampledScan declareComplete listNumbers":                           "what the department has brought and numbered",
	"listSchemas getSchema checkMessage getTrust":                                           "public, or of what the asker has brought",
	"listCallers putCaller listCertificates listSignedVersions listAuditEntries traceMessage": "to whoever runs or oversees the vault; " +
		"nobody is named in them by a number",
	"certifyConformance challengeLogin openLogin endLogin": "of callers",
}

// TestEveryLookIsSeen_A79: whatever tells a clerk something of a watched person raises the alarm, once for a request; an
// operation that nobody has thought about fails.
func TestEveryLookIsSeen_A79(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	issued := w.issue("one")
	digest := w.attached(issued.Identifier)
	require.NoError(t, w.config.Alarms.Watch(t.Context(), "auditor", fixtures.FirmAt(7).Code, true,
		func(context.Context, string, bool) error { return nil }))
	for name, l := range looks(issued.Identifier) {
		path := strings.NewReplacer("{id}", issued.Identifier, "{digest}", digest).Replace(l.path)
		if l.method == http.MethodGet {
			separator := "?"
			if strings.Contains(path, "?") {
				separator = "&"
			}
			path += separator + url.Values{
				"purpose": {"x"}, "ground": {"law"}, "case": {"1"}, "basis": {fixtures.HallBasis},
			}.Encode()
		}
		before := len(w.alarms())
		r := w.ask(path, &l)
		require.Less(t, r.status, http.StatusMultipleChoices, "%s: %s", name, r.body)
		require.Equal(t, []string{"watched clerk-7"}, w.alarms()[before:], name)
	}
}

// ask sends a look of a clerk of the hall, lists as lines.
func (w *world) ask(path string, l *look) reply {
	headers := append([]string{api.HeaderClerk, "clerk-7", api.HeaderIdempotencyKey, "k"}, l.headers...)
	if list, ok := l.body.([]any); ok {
		return w.send("reviewer", l.method, path, strings.NewReader(asLines(w.t, list)), headers...)
	}
	return w.call("reviewer", l.method, path, l.body, headers...)
}

// attached is the digest of a document that is bound to a licence.
func (w *world) attached(identifier string) string {
	w.t.Helper()
	r := w.send(fixtures.Caller(0), http.MethodPost, "/licences/"+identifier+"/documents?kind=other",
		strings.NewReader("a made-up document"), "Content-Type", "application/octet-stream")
	require.Equal(w.t, http.StatusCreated, r.status, "%s", r.body)
	return into[api.Attached](w.t, r).Digest
}

// TestLooksAreComplete fails for an operation of which nobody has said whether it tells something of a person.
func TestLooksAreComplete(t *testing.T) {
	t.Parallel()
	known := []string{}
	for name := range looks("x") {
		known = append(known, name)
	}
	for names := range tellNothing {
		known = append(known, strings.Fields(names)...)
	}
	is := []string{}
	for _, op := range newWorld(t).server.Described() {
		is = append(is, op.ID)
	}
	slices.Sort(known)
	slices.Sort(is)
	require.Equal(t, is, known)
}

// asLines writes values as lines of JSON.
func asLines(t testing.TB, list []any) string {
	t.Helper()
	var b strings.Builder
	for _, v := range list {
		require.NoError(t, json.NewEncoder(&b).Encode(v))
	}
	return b.String()
}
