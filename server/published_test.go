package server_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
)

// conforms holds a message against a published form.
func (w *world) conforms(name string, message any) api.CheckedMessage {
	w.t.Helper()
	r := w.call("reviewer", http.MethodPost, "/schemas/"+name+"/1/checks", message)
	require.Equal(w.t, http.StatusOK, r.status, "%s", r.body)
	return into[api.CheckedMessage](w.t, r)
}

// TestSchemas_A89: every form is published by name and version, to everybody, complete in itself, and is the one in the
// repository: whoever changes it sees that he changes what others build upon.
func TestSchemas_A89(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	list := into[api.SchemaList](t, w.call("", http.MethodGet, "/schemas", nil))
	require.NotEmpty(t, list.Items)
	for _, e := range list.Items {
		r := w.call("", http.MethodGet, strings.TrimPrefix(e.Path, api.Version), nil)
		require.Equal(t, http.StatusOK, r.status, e.Name)
		require.Equal(t, "application/schema+json", r.header.Get("Content-Type"))
		var doc map[string]any
		require.NoError(t, json.Unmarshal(r.body, &doc))
		require.Equal(t, "https://json-schema.org/draft/2020-12/schema", doc["$schema"])
		require.Equal(t, e.Path, doc["$id"])
		require.Equal(t, false, doc["additionalProperties"], "%s: what is unknown is told", e.Name)
		requireWithin(t, doc, doc)
		var indented bytes.Buffer
		require.NoError(t, json.Indent(&indented, r.body, "", " "))
		golden(t, path.Join("../docs/schemas", e.Name+"-"+e.Version+".json"), indented.String()+"\n")
	}
	refused(t, w.call("", http.MethodGet, "/schemas/lookup/2", nil), http.StatusNotFound, "no-such-schema")
	refused(t, w.call("", http.MethodGet, "/schemas/nothing/1", nil), http.StatusNotFound, "no-such-schema")
}

// requireWithin follows every reference of a schema to its definition in the same document.
func requireWithin(t *testing.T, doc map[string]any, at any) {
	t.Helper()
	switch x := at.(type) {
	case map[string]any:
		if ref, ok := x["$ref"].(string); ok {
			name, ok := strings.CutPrefix(ref, "#/$defs/")
			require.True(t, ok, ref)
			require.Contains(t, doc["$defs"], name)
		}
		for _, v := range x {
			requireWithin(t, doc, v)
		}
	case []any:
		for _, v := range x {
			requireWithin(t, doc, v)
		}
	}
}

// TestConforming_A89: what the service itself reads and writes has the published form.
func TestConforming_A89(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.newReceiver()
	made := w.call(fixtures.Caller(0), http.MethodPost, "/subscriptions",
		api.SubscriptionRequest{URL: r.URL + "/hook"}, api.HeaderIdempotencyKey, "s")
	require.Equal(t, http.StatusCreated, made.status, "%s", made.body)
	request := foodRequest(t)
	request.Paper = "P-1"
	issued := w.call(fixtures.Caller(0), http.MethodPost, "/licences", request, api.HeaderIdempotencyKey, "1")
	id := into[api.Written](t, issued).Identifier
	w.deliver()
	require.Len(t, r.got, 1)
	lookup := api.LookupRequest{Asked: byLaw(), Identifier: id, Fields: []string{"CZZT"}, Receipt: true}
	compared := api.ComparisonRequest{Asked: byLaw()}
	compared.Identifier, compared.Claims = id, map[string]string{"CZZT": request.Values["CZZT"]}
	transfer := w.call(fixtures.Caller(0), http.MethodPost, "/transfers", api.TransferRequest{Identifier: id, From: 1})
	content := into[api.Transfer](t, transfer).Content
	for name, message := range map[string]any{
		"licence-issue": request, "licence-written": json.RawMessage(issued.body), "lookup": lookup,
		"lookup-answer": json.RawMessage(w.call("reviewer", http.MethodPost, "/lookups", lookup).body),
		"comparison":    compared,
		"comparison-answer": json.RawMessage(
			w.call("reviewer", http.MethodPost, "/comparisons", compared).body),
		"events":           json.RawMessage(w.call(fixtures.Caller(0), http.MethodGet, "/events", nil).body),
		"webhook":          json.RawMessage(r.got[0]),
		"transfer":         json.RawMessage(transfer.body),
		"transfer-content": json.RawMessage(content), "import": api.ImportRequest{Content: content},
		"problem": json.RawMessage(w.call("reviewer", http.MethodGet, "/nothing", nil).body),
		"sharing-query": json.RawMessage(ask(t, map[string]any{
			"certIdentifier": id, "useCause": "办理变更登记"})),
		"licence-act": api.ActRequest{Reason: "变更", Basis: "依申请"},
	} {
		checked := w.conforms(name, message)
		require.True(t, checked.Conforms, "%s: %+v", name, checked.Errors)
		require.Equal(t, name, checked.Schema)
	}
}

// TestDeviating_A89: every deviation is told with its place, the rule and what to do, at once; the message is not
// carried out and its numbers are not repeated.
func TestDeviating_A89(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	checked := w.conforms("licence-issue", map[string]any{
		"type": 7, "values": map[string]any{"CZZT": true}, "papers": "P", "11010519491231002X": 1,
	})
	require.False(t, checked.Conforms)
	var paths []string
	for _, d := range checked.Errors {
		paths = append(paths, d.Path)
		require.NotEmpty(t, d.Keyword)
		require.NotEmpty(t, d.RuleZh)
		require.NotEmpty(t, d.Basis)
		require.Regexp(t, `\p{Han}`, d.FixZh)
	}
	require.Subset(t, paths, []string{"/type", "/values/CZZT", "/papers"})
	text, err := json.Marshal(checked)
	require.NoError(t, err)
	require.NotContains(t, string(text), "11010519491231002X")

	twice := w.send("reviewer", http.MethodPost, "/schemas/lookup/1/checks", strings.NewReader(`{"type":"a","type":"b"}`),
		"Content-Type", "application/json")
	require.Equal(t, "request-malformed", into[api.CheckedMessage](t, twice).Errors[0].Code)
	cut := w.send("reviewer", http.MethodPost, "/schemas/lookup/1/checks", strings.NewReader(`{"type":}`),
		"Content-Type", "application/json")
	require.Contains(t, into[api.CheckedMessage](t, cut).Errors[0].Zh, "行:列 1:")
	refused(t, w.call("", http.MethodPost, "/schemas/lookup/1/checks", map[string]any{}), http.StatusUnauthorized,
		"credentials-missing")
}

// TestUnknownMembers_A89: what is unknown is told with its place, on every way in.
func TestUnknownMembers_A89(t *testing.T) {
	t.Parallel()
	w, issued := newSharingWorld(t)
	r := w.call("reviewer", http.MethodPost, "/lookups", map[string]any{"purpose": "x", "certNo": "1"})
	refused(t, r, http.StatusUnprocessableEntity, "request-invalid")
	require.Contains(t, string(r.body), `"path":"/certNo"`)

	got := w.share("sharer", "GetCertificateDataByCertificateID", ask(t, map[string]any{
		"certIdentifier": issued.Identifier, "useCause": "x", "certNumber": "1", "qrcode": 5,
	}))
	require.Equal(t, api.SharingWrong, got.Head.Status)
	require.Contains(t, got.Head.Message, "data/certNumber")
	require.Contains(t, got.Head.Message, "data/qrcode")

	content := base64.StdEncoding.EncodeToString([]byte(`{"identifier":"x","from":1,"events":[],"other":1}`))
	r = w.call(fixtures.Caller(0), http.MethodPost, "/imports", map[string]any{"content": content},
		api.HeaderIdempotencyKey, "i")
	refused(t, r, http.StatusUnprocessableEntity, "transfer-malformed")
	require.Contains(t, string(r.body), `"path":"/content/other"`)
}
