package server_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/server/limit"
)

// described is what the property test reads of the description.
type described struct {
	Paths      map[string]map[string]describedOperation `json:"paths"`
	Components struct {
		Schemas    map[string]*schema            `json:"schemas"`
		Parameters map[string]describedParameter `json:"parameters"`
	} `json:"components"`
}

type describedOperation struct {
	OperationID string               `json:"operationId"`
	Parameters  []describedParameter `json:"parameters"`
	RequestBody struct {
		Content map[string]struct {
			Schema *schema `json:"schema"`
		} `json:"content"`
	} `json:"requestBody"`
}

type describedParameter struct {
	Ref    string  `json:"$ref"`
	Name   string  `json:"name"`
	In     string  `json:"in"`
	Schema *schema `json:"schema"`
}

type schema struct {
	Ref        string             `json:"$ref"`
	Type       any                `json:"type"`
	Properties map[string]*schema `json:"properties"`
	Additional any                `json:"additionalProperties"`
	Items      *schema            `json:"items"`
	Enum       []any              `json:"enum"`
	Format     string             `json:"format"`
}

// maker makes requests that are nearly right: the deeper a request gets, the more of the service it tries.
type maker struct {
	doc    *described
	seen   []string            // identifiers, numbers, tokens and names that exist
	likely map[string][]string // what a member or parameter of a name would hold
	may    map[string][]string // callers that may, by operation
}

// text is something that may stand in any string: what exists, what nearly does, or anything.
func (m *maker) text(r *rapid.T) string {
	switch rapid.IntRange(0, 5).Draw(r, "kind") {
	case 0, 1, 2:
		return rapid.SampledFrom(m.seen).Draw(r, "known")
	case 3:
		s := rapid.SampledFrom(m.seen).Draw(r, "near")
		return strings.ToLower(s) + rapid.StringN(0, 2, -1).Draw(r, "tail")
	case 4:
		return rapid.StringN(0, 40, -1).Draw(r, "text")
	}
	return strings.Repeat("证", rapid.IntRange(0, 300).Draw(r, "long"))
}

// named is a text for a member or parameter of a name, most often one that would be there.
func (m *maker) named(r *rapid.T, name string) string {
	if list := m.likely[name]; list != nil && rapid.IntRange(0, 9).Draw(r, "likely") > 0 {
		return rapid.SampledFrom(list).Draw(r, name)
	}
	return m.text(r)
}

// value is a value for a schema, now and then one that does not fit.
func (m *maker) value(r *rapid.T, s *schema, name string, depth int) any {
	if s != nil && s.Ref != "" {
		s = m.doc.Components.Schemas[s.Ref[strings.LastIndex(s.Ref, "/")+1:]]
	}
	if s == nil || depth > 6 || rapid.IntRange(0, 59).Draw(r, "misfit") == 0 {
		return rapid.SampledFrom([]any{nil, true, -1, 1e300, "x", []any{}, map[string]any{"x": nil}}).Draw(r, "odd")
	}
	if len(s.Enum) > 0 && m.likely[name] == nil {
		return rapid.SampledFrom(s.Enum).Draw(r, "enum")
	}
	kind, _ := s.Type.(string)
	if list, ok := s.Type.([]any); ok && len(list) > 0 {
		kind, _ = list[0].(string)
	}
	switch kind {
	case "object":
		return m.object(r, s, depth)
	case "array":
		out := []any{}
		for range rapid.IntRange(0, 3).Draw(r, "items") {
			out = append(out, m.value(r, s.Items, name, depth+1))
		}
		return out
	case "integer", "number":
		return rapid.OneOf(rapid.Int64(), rapid.Int64Range(-2, 600)).Draw(r, "number")
	case "boolean":
		return rapid.Bool().Draw(r, "bool")
	}
	switch s.Format {
	case "date":
		return rapid.SampledFrom([]string{"2026-03-01", "2026-03-02", "2030-01-01", "0000-01-01", "2026-02-30"}).Draw(r, "date")
	case "date-time":
		return rapid.SampledFrom([]string{"2026-03-03T00:00:00Z", "0000-00-00T00:00:00Z", "9999-12-31T23:59:59Z"}).Draw(r, "time")
	}
	return m.named(r, name)
}

func (m *maker) object(r *rapid.T, s *schema, depth int) any {
	out := map[string]any{}
	names := make([]string, 0, len(s.Properties))
	for name := range s.Properties {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if rapid.IntRange(0, 19).Draw(r, "there") > 0 {
			out[name] = m.value(r, s.Properties[name], name, depth+1)
		}
	}
	if inner, ok := s.Additional.(map[string]any); ok && inner != nil {
		for range rapid.IntRange(0, 4).Draw(r, "members") {
			out[m.named(r, "element")] = m.named(r, "value")
		}
	}
	return out
}

// body is a body: JSON that nearly fits, JSON that was damaged, or anything.
func (m *maker) body(r *rapid.T, op *describedOperation) (content, contentType string) {
	contentType = "application/json"
	var s *schema
	for _, name := range sortedKeys(op.RequestBody.Content) {
		contentType, s = name, op.RequestBody.Content[name].Schema
	}
	if s == nil {
		return "", ""
	}
	b, err := json.Marshal(m.value(r, s, "", 0))
	require.NoError(r, err)
	content = string(b)
	if contentType == "application/x-ndjson" {
		row, err := json.Marshal(m.value(r, m.doc.Components.Schemas["ComparisonRow"], "", 0))
		require.NoError(r, err)
		asked, err := json.Marshal(m.value(r, m.doc.Components.Schemas["LookupRequest"], "", 0))
		require.NoError(r, err)
		content = `{"purpose":"x","ground":"law","basis":"` + fixtures.HallBasis + "\"}\n" + string(row) + "\n" + string(asked)
	}
	switch rapid.IntRange(0, 39).Draw(r, "damage") {
	case 17:
		content = content[:rapid.IntRange(0, len(content)).Draw(r, "cut")]
	case 18:
		content = rapid.StringN(0, 200, -1).Draw(r, "junk")
	case 19:
		content += content
	case 20:
		contentType = rapid.SampledFrom([]string{"", "text/plain", "application/xml", "a/b/c", "application/json; x=y"}).Draw(r, "type")
	}
	return content, contentType
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

// place is where an operation is.
type place struct{ method, path string }

// request fills an operation's path, query, headers and body.
func (m *maker) request(r *rapid.T, w *world, at place, op *describedOperation) reply {
	key, path := rapid.SampledFrom(m.may[op.OperationID]).Draw(r, "caller"), at.path
	query, headers := url.Values{}, []string{}
	for _, p := range op.Parameters {
		if p.Ref != "" {
			p = m.doc.Components.Parameters[p.Ref[strings.LastIndex(p.Ref, "/")+1:]]
		}
		text := m.named(r, p.Name)
		switch p.In {
		case "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(text))
		case "query":
			if rapid.IntRange(0, 3).Draw(r, "query") > 0 {
				query.Set(p.Name, text)
			}
		case "header":
			if clean := strings.Map(visible, text); p.Name != "Content-Type" && clean != "" {
				headers = append(headers, p.Name, clean)
			}
		}
	}
	content, contentType := m.body(r, op)
	if contentType != "" {
		headers = append(headers, "Content-Type", contentType)
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return w.send(key, at.method, strings.TrimPrefix(path, api.Version), strings.NewReader(content), headers...)
}

// visible keeps what a header may hold.
func visible(c rune) rune {
	if c < ' ' || c > '~' {
		return -1
	}
	return c
}

// TestBadInput: whatever is sent to whichever operation by whomever, the service answers with what was asked for or with
// a problem that says in both languages what is wrong and how to put it right; never with an error of its own.
func TestBadInput(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.drawn = true
	var doc described
	require.NoError(t, json.Unmarshal(w.call("", http.MethodGet, "/openapi.json", nil).body, &doc))
	w.config.Limits.PerAddress = limit.Rate{PerSecond: 1e9, Burst: 1e9}
	w.config.Limits.PerCaller = w.config.Limits.PerAddress
	w.restart()
	issued := w.issue("one")
	m := newMaker(t, w, &doc, issued)
	for _, path := range sortedKeys(doc.Paths) {
		for _, method := range sortedKeys(doc.Paths[path]) {
			op := doc.Paths[path][method]
			t.Run(op.OperationID, func(t *testing.T) {
				rapid.Check(t, func(r *rapid.T) {
					answered(r, m.request(r, w, place{strings.ToUpper(method), path}, &op))
				})
			})
		}
	}
}

func answered(r *rapid.T, got reply) {
	require.Less(r, got.status, http.StatusInternalServerError, "%s", got.body)
	if got.status < http.StatusBadRequest {
		return
	}
	var p api.Problem
	require.NoError(r, json.Unmarshal(got.body, &p), "%s", got.body)
	require.Equal(r, got.status, p.Status)
	require.NotEmpty(r, p.Code)
	require.NotEmpty(r, p.Trace)
	require.NotEmpty(r, p.Errors)
	for _, d := range p.Errors {
		require.Regexp(r, `\p{Han}`, d.Zh, d.Code)
		require.NotEmpty(r, d.En, d.Code)
		require.NotEmpty(r, d.FixZh, d.Code)
		require.NotEmpty(r, d.FixEn, d.Code)
	}
}

func newMaker(t *testing.T, w *world, doc *described, issued api.Written) *maker {
	t.Helper()
	reserved := into[api.Written](t, w.call(fixtures.Caller(0), http.MethodPost, "/reservations", foodRequest(t),
		api.HeaderIdempotencyKey, "r"))
	firm, type1 := fixtures.FirmAt(7), foodType(t)
	m := &maker{doc: doc, may: map[string][]string{}, seen: []string{
		issued.Identifier, issued.Number, type1, fixtures.Departments()[0].Code, firm.Code, firm.Name, "001", "CZZT", "ZZBH",
		"certificateHolderName", "持证主体", "P-1", "2026-0001", fixtures.HallBasis, `"1"`, "1", "png", "only",
	}}
	elements := []string{"持证主体", "certificateHolderCode"}
	values := []string{firm.Name, firm.Code, "2026-03-01"}
	for name, value := range foodRequest(t).Values {
		elements, values = append(elements, name), append(values, value)
	}
	m.likely = map[string][]string{
		"identifier": {issued.Identifier, issued.Identifier, reserved.Identifier}, "type": {type1}, "number": {issued.Number},
		"issuer": {fixtures.Departments()[0].Code}, "department": {fixtures.Departments()[1].Code}, "code": {firm.Code, type1},
		"kind": {"001", "ofd", "cancelled", "revoked"}, "purpose": {"x"}, "ground": {"law", "issuer", "holder", "consent"},
		"basis": {fixtures.HallBasis, "K1"}, "case": {"2026-0001"}, "item": {"350000-0102"}, "fields": elements,
		"element": elements, "value": values, "level": {"real-name", "certificate"}, "division": {"350102"},
		"paper": {"P-1", "P-2", "P-3"}, "page": {"1", "2"}, "format": {"svg", "png"}, "dpi": {"150"}, "day": {"2026-03-02"},
		"validate": {"only"}, "If-Match": {`"1"`, "*"}, "Idempotency-Key": {"a", "b", "c", "one"}, "key": {"a", "b", "c"},
		"onlyTypes": {type1}, "onlyCase": {"2026-0001"}, "since": {"1"}, "event": {"0", "1"}, "limit": {"5"}, "before": {"0", "3"},
		"known": {"2026-03-02T02:00:00Z"}, "reason": {"理由"}, "cursor": {"x"}, "receipts": {"true"}, "receipt": {"true"},
	}
	callers := []string{fixtures.Caller(0), fixtures.Caller(0), fixtures.Caller(1), "narrow", "reviewer", "firm-7", "firm-8"}
	table := cells(t)
	for _, op := range w.server.Described() {
		m.may[op.ID] = []string{"reviewer", "supervisor-of-all"}
		for _, key := range callers {
			role := identity.RoleDepartmentSystem
			switch {
			case key == "reviewer":
				role = identity.RoleReviewer
			case strings.HasPrefix(key, "firm"):
				role = identity.RoleHolder
			}
			if table[op.ID][role] != "." {
				m.may[op.ID] = append(m.may[op.ID], key, key)
			}
		}
	}
	return m
}
