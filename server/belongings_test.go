package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
)

// belongings are one of everything that a department has at the service, by what stands for it in paths.
type belongings struct {
	licence, other  string // valid, and of which nothing else is known
	suspended       string
	reserved, void  string
	batch           string
	waiting         string // a batch that is not signed off
	file, spare     string
	job             string
	subscription    string
	verification    string
	dispute         string
	document        string
	registration    string
	authorisation   string
	secrets         []string // what nobody else may be told
	transfer        []byte
	content, ledger []byte
}

// settle makes the belongings of the first department.
func newBelongings(t *testing.T, w *world) *belongings {
	t.Helper()
	w.judging()
	w.newReceiver()
	me, b := fixtures.Caller(0), &belongings{}
	do := func(want int, r reply) reply {
		t.Helper()
		require.Equal(t, want, r.status, "%s", r.body)
		return r
	}
	post := func(path, key string, body any) reply {
		return w.call(me, http.MethodPost, path, body, api.HeaderIdempotencyKey, key)
	}
	b.licence, b.other, b.suspended = w.issue("one").Identifier, w.issue("two").Identifier, w.issue("three").Identifier
	do(http.StatusOK, w.act("/licences/"+b.suspended+"/suspensions", "s", api.ActRequest{Reason: "整改", Basis: "依据"}))
	b.reserved = into[api.Written](t, do(http.StatusCreated, post("/reservations", "r1", foodRequest(t)))).Identifier
	b.void = into[api.Written](t, do(http.StatusCreated, post("/reservations", "r2", foodRequest(t)))).Identifier
	b.ledger, b.content = ledger(t, 8, 0), w.bundle(b.licence)
	b.file, b.spare = w.upload(me, b.ledger), w.upload(me, []byte("spare"))
	q := api.ConversionRequest{Type: foodType(t), File: b.file, FileName: "台账.csv"}
	run := w.convert("c", q)
	w.work()
	b.batch = resultOf[api.Conversion](t, w.jobOf(run)).Batch
	b.waiting = b.batch
	b.job = w.jobOf(w.convert("c2", q)).ID
	hook := api.SubscriptionRequest{URL: w.hook.URL + "/hook"}
	b.subscription = into[api.Subscription](t, do(http.StatusCreated, post("/subscriptions", "w", hook))).ID
	judged := post("/verifications", "v", api.VerificationRequest{Documents: []api.Submitted{{Name: "a.json", Content: b.content}}})
	b.verification = into[api.Verification](t, do(http.StatusCreated, judged)).ID
	b.dispute = into[api.Dispute](t, do(http.StatusCreated, w.raise("firm-7", "d", dispute(own(), b.licence)))).ID
	moved := do(http.StatusOK, w.call(me, http.MethodPost, "/transfers", api.TransferRequest{Identifier: b.licence, From: 1}))
	b.transfer = into[api.Transfer](t, moved).Content
	consent := w.call("firm-7", http.MethodPost, "/authorisations", api.AuthorisationRequest{
		Asking: api.Asking{Purpose: "办理贷款"}, Department: fixtures.Departments()[0].Code, Until: "2026-12-31",
	}, api.HeaderIdempotencyKey, "a")
	b.authorisation = into[api.Authorisation](t, do(http.StatusCreated, consent)).ID
	b.document, b.registration = strings.Repeat("0", 64), "market-1"
	b.secrets = []string{
		b.licence, b.other, b.suspended, b.reserved, b.void, b.batch, b.file, b.spare, b.job, b.subscription, b.verification, b.dispute,
		b.authorisation, fixtures.FirmAt(7).Name, fixtures.FirmAt(7).Code,
	}
	return b
}

// attempt is a request to an operation, about the belongings.
type attempt struct {
	path    string // "": the operation's, with what it names put in
	kind    string // "": JSON
	body    any    // string: as it is
	headers []string
}

// attempts are requests that their owner would have carried out, by operation.
func (b *belongings) attempts(t *testing.T) map[string]attempt {
	t.Helper()
	act := api.ActRequest{Reason: "理由", Basis: "依据"}
	changed, renewed, ended, reissued := act, act, act, act
	changed.Values, changed.Paper = map[string]string{"KZ_FDDBR": "李四"}, "P-11"
	renewed.Values, renewed.Paper = map[string]string{"ZZYXQQSRQ": "2026-03-02", "ZZYXQJZRQ": "2031-03-01"}, "P-12"
	ended.Kind, reissued.Paper = "cancelled", "P-13"
	asked := api.Asked{Purpose: "核对", Ground: "issuer"}
	issue, reserve := foodRequest(t), foodRequest(t)
	issue.Paper, reserve.Paper = "P-21", ""
	item := foodRequest(t)
	item.Paper = "P-22"
	q, err := json.Marshal(asked)
	require.NoError(t, err)
	rows := string(q) + "\n" + `{"ref":"1","identifier":"` + b.licence + `","claims":{"CZZT":"x"}}` + "\n"
	return map[string]attempt{
		"issueLicence":       {body: issue},
		"reserveLicence":     {body: reserve},
		"issueBatch":         {body: api.BatchRequest{Items: []api.BatchItem{{IssueRequest: item, Key: "b1"}}}},
		"confirmReservation": {body: api.Confirmation{Paper: "P-31"}},
		"cancelReservation":  {body: api.Cancellation{Reason: "卡纸"}},
		"changeLicence":      {body: changed},
		"renewLicence":       {body: renewed},
		"reissueLicence":     {body: reissued},
		"suspendLicence":     {body: act},
		"resumeLicence":      {path: "/licences/" + b.suspended + "/resumptions", body: act},
		"revokeLicence":      {body: ended},
		"attachDocument":     {kind: "application/ofd", body: "PK"},
		"makeCopy": {body: map[string]any{
			"purpose": "核对", "ground": "issuer", "for": "另一单位", "because": "办事", "until": "2026-04-01",
		}},
		"disclose": {body: map[string]any{"purpose": "核对", "ground": "issuer", "fields": []string{"CZZT"}}},
		"lookUp":   {body: api.LookupRequest{Asked: asked, Identifier: b.licence, Fields: []string{"CZZT"}}},
		"compare": {body: api.ComparisonRequest{Asked: asked, Comparison: api.Comparison{
			Identifier: b.licence, Claims: map[string]string{"CZZT": "x"},
		}}},
		"compareMany":        {kind: "application/x-ndjson", body: rows},
		"convert":            {body: api.ConversionRequest{Type: foodType(t), File: b.file, FileName: "另一台账.csv"}},
		"signOffConversion":  {body: api.SignOff{By: "核对人", Sampled: 8}},
		"undoConversion":     {body: api.UndoRequest{Reason: "用错了"}},
		"uploadFile":         {kind: octets, body: "another file"},
		"deleteFile":         {path: "/files/" + b.spare},
		"cancelJob":          {},
		"subscribe":          {body: api.SubscriptionRequest{URL: "https://elsewhere.example/"}},
		"replaySubscription": {body: api.Replay{From: 0}},
		"resumeSubscription": {},
		"unsubscribe":        {},
		"verify":             {body: api.VerificationRequest{Documents: []api.Submitted{{Name: "a", File: b.file}}}},
		"rejudge":            {},
		"verifyDigests": {body: api.DigestRequest{Asked: asked, Documents: []api.DigestOf{
			{Identifier: b.licence, SM3: strings.Repeat("0", 64)},
		}}},
		"transferLicence":       {body: api.TransferRequest{Identifier: b.licence, From: 1}},
		"importLicence":         {body: api.ImportRequest{Content: b.transfer}},
		"settleDispute":         {body: api.Settlement{Outcome: "rejected", Reason: "无误"}},
		"raiseDispute":          {body: dispute(own(), b.licence)},
		"authorise":             {body: map[string]any{"purpose": "x", "department": fixtures.Departments()[0].Code, "until": "2026-12-31"}},
		"withdrawAuthorisation": {body: map[string]any{"purpose": "x"}},
		"putLicenceType": {
			path: "/licence-types/" + fixtures.Departments()[0].Code + foodType(t)[18:], kind: "application/yaml",
			body: strings.ReplaceAll(string(definition(t)), foodType(t)[:18], fixtures.Departments()[0].Code),
		},
		"putRegistration":    {body: map[string]any{"caller": fixtures.Caller(0), "role": "department-system", "credentials": []any{}}},
		"revokeRegistration": {body: map[string]any{}},
		"certifyConformance": {body: map[string]any{}},
		"checkReceipt":       {body: map[string]any{"raw": "AA==", "signature": "AA=="}},
		"watch":              {body: map[string]any{"kind": "001", "code": fixtures.FirmAt(7).Code}},
		"challengeLogin":     {},
		"openLogin":          {body: map[string]any{"challenge": "x", "certificate": "AA==", "signature": "AA=="}},
		"endLogin":           {},
		"verifyPublicly":     {kind: octets, body: "x"},
		"putCaller":          {body: map[string]any{"name": "另一单位"}},
		"declareComplete":    {body: api.Completion{Issuer: fixtures.Departments()[0].Code}},
		"sampleConversion":   {body: api.SampleRequest{Number: 1}},
		"importContent":      {kind: octets, body: "another content"},
		"checkMessage":       {body: map[string]any{}},
	}
}

// walking goes through every operation of a service.
type walking struct {
	*world

	doc  described
	have *belongings
	// about is what paths name, by the resource that it stands behind.
	about map[string]string
}

func newWalk(t *testing.T) *walking {
	t.Helper()
	w := &walking{world: newWorld(t)}
	w.have = newBelongings(t, w.world)
	require.NoError(t, json.Unmarshal(w.call("", http.MethodGet, "/openapi.json", nil).body, &w.doc))
	b := w.have
	w.about = map[string]string{
		"licences": b.licence, "reservations": b.reserved, "conversions": b.batch, "files": b.file, "jobs": b.job,
		"subscriptions": b.subscription, "verifications": b.verification, "disputes": b.dispute, "documents": b.document,
		"registrations": b.registration, "authorisations": b.authorisation, "licence-types": foodType(t), "pages": "1",
		"public/licences": "token", "callers": "elsewhere", "messages": strings.Repeat("a", 32), "schemas": "lookup", "lookup": "1",
		"transfers": b.licence, "imports": b.licence, "scans": strings.Repeat("0", 64), "contents": b.document,
	}
	return w
}

// each calls do with every operation, in the order of their names.
func (w *walking) each(do func(at place, op *describedOperation)) {
	for _, path := range sortedKeys(w.doc.Paths) {
		for _, method := range sortedKeys(w.doc.Paths[path]) {
			op := w.doc.Paths[path][method]
			do(place{strings.ToUpper(method), strings.TrimPrefix(path, api.Version)}, &op)
		}
	}
}

// put names the belongings in a path.
func (w *walking) put(path string, about map[string]string) string {
	steps := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, step := range steps {
		if !strings.HasPrefix(step, "{") {
			continue
		}
		id, ok := about[steps[i-1]]
		require.True(w.t, ok, "say what %s of %s is about", step, path)
		steps[i] = id
	}
	return "/" + strings.Join(steps, "/")
}

// queryOf are the parameters without which an operation does nothing.
func queryOf(op *describedOperation) string {
	var query []string
	for _, p := range op.Parameters {
		if value, ok := map[string]string{
			"purpose": "x", "day": "2026-03-02", "event": "1", "since": "0", "kind": "ofd",
		}[p.Name]; ok && p.In == "query" {
			query = append(query, p.Name+"="+value)
		}
		if p.Name == "from" && op.OperationID == "getQuality" {
			query = append(query, "from=2026-03-01&until=2026-03-31")
		}
	}
	return strings.Join(query, "&")
}

// try sends what its owner would have carried out, as somebody.
func (w *walking) attempt(key string, at place, op *describedOperation, more string) reply {
	w.t.Helper()
	a, ok := w.have.attempts(w.t.(*testing.T))[op.OperationID]
	require.True(w.t, ok || at.method == http.MethodGet, "say what a request to %s is", op.OperationID)
	path := a.path
	if path == "" {
		path = w.put(at.path, w.about)
	}
	return w.sendTo(key, at.method, withQuery(path, queryOf(op), more), a)
}

func withQuery(path string, query ...string) string {
	mark := "?"
	for _, q := range query {
		if q != "" {
			path, mark = path+mark+q, "&"
		}
	}
	return path
}

func (w *walking) sendTo(key, method, path string, a attempt) reply {
	w.t.Helper()
	headers := append([]string{api.HeaderIdempotencyKey, "walk " + method + " " + strings.SplitN(path, "?", 2)[0]}, a.headers...)
	headers[1] = headers[1][:min(len(headers[1]), 120)]
	if text, ok := a.body.(string); ok {
		return w.send(key, method, path, strings.NewReader(text), append(headers, "Content-Type", a.kind)...)
	}
	return w.call(key, method, path, a.body, headers...)
}

// TestValidateChangesNothing_D1_2 walks through every operation that does something: with validate=only it changes no
// byte of anything that is kept, whether it walks the whole path or refuses to be tried out; and where it takes
// validate=only, the same request without it does change something.
func TestValidateChangesNothing_D1_2(t *testing.T) {
	t.Parallel()
	w := newWalk(t)
	before := w.everything()
	validated := map[string]place{}
	w.each(func(at place, op *describedOperation) {
		if at.method == http.MethodGet {
			return
		}
		takes := false
		for _, p := range op.Parameters {
			takes = takes || p.Name == "validate" && p.In == "query"
		}
		for _, key := range []string{fixtures.Caller(0), "firm-7", "operator", "supervisor-of-all"} {
			r := w.attempt(key, at, op, "validate=only")
			w.unchanged(before, "%s by %s", op.OperationID, key)
			switch {
			case takes && key == fixtures.Caller(0):
				require.Equal(t, http.StatusOK, r.status, "%s: %s", op.OperationID, r.body)
				require.Contains(t, string(r.body), `"valid":true`, op.OperationID)
			case !takes && r.status < http.StatusBadRequest:
				require.Fail(t, "something was done that was to be tried out", "%s by %s: %s", op.OperationID, key, r.body)
			}
		}
		if takes {
			validated[op.OperationID] = at
		}
	})
	require.Greater(t, len(validated), 8)
	w.each(func(at place, op *describedOperation) {
		if _, ok := validated[op.OperationID]; !ok || op.OperationID == "revokeLicence" {
			return
		}
		before := w.everything()
		r := w.attempt(fixtures.Caller(0), at, op, "")
		require.Less(t, r.status, 300, "%s: %s", op.OperationID, r.body)
		require.NotEqual(t, before, w.everything(), "%s does nothing: its walk proves nothing", op.OperationID)
		w.about["licences"] = w.have.other
		if op.OperationID == "cancelReservation" {
			req := foodRequest(t)
			req.Paper = ""
			again := w.call(fixtures.Caller(0), http.MethodPost, "/reservations", req, api.HeaderIdempotencyKey, "another")
			w.about["reservations"] = into[api.Written](t, again).Identifier
		}
		if op.OperationID == "suspendLicence" {
			w.about["licences"] = w.issue("four").Identifier
		}
	})
}
