package server_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOpenAPI_A89: the description in the repository is that of the running service, and every operation has what a
// developer needs: a name, words in both languages, a tag, its success and its refusals.
func TestOpenAPI_A89(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.call("", http.MethodGet, "/openapi.json", nil)
	require.Equal(t, http.StatusOK, r.status)
	var indented bytes.Buffer
	require.NoError(t, json.Indent(&indented, r.body, "", " "))
	golden(t, "../docs/openapi.json", indented.String()+"\n")

	var doc struct {
		OpenAPI string `json:"openapi"`
		Paths   map[string]map[string]struct {
			OperationID string                     `json:"operationId"`
			Summary     string                     `json:"summary"`
			Tags        []string                   `json:"tags"`
			Responses   map[string]json.RawMessage `json:"responses"`
			Security    *[]any                     `json:"security"`
			Parameters  []struct {
				Ref string `json:"$ref"`
			} `json:"parameters"`
		} `json:"paths"`
		Components struct {
			Parameters map[string]struct {
				Name string `json:"name"`
				In   string `json:"in"`
			} `json:"parameters"`
		} `json:"components"`
	}
	require.NoError(t, json.Unmarshal(r.body, &doc))
	require.Equal(t, "3.1.0", doc.OpenAPI)
	require.Equal(t, "X-Clerk header", doc.Components.Parameters["clerk"].Name+" "+doc.Components.Parameters["clerk"].In)
	require.Equal(t, "traceparent header", doc.Components.Parameters["traceparent"].Name+" "+doc.Components.Parameters["traceparent"].In)
	described := map[string]bool{}
	for path, item := range doc.Paths {
		for method, op := range item {
			where := method + " " + path
			require.NotEmpty(t, op.OperationID, where)
			require.False(t, described[op.OperationID], "%s stands twice", op.OperationID)
			described[op.OperationID] = true
			require.Regexp(t, `^\p{Han}.* / .+`, op.Summary, where)
			require.Len(t, op.Tags, 1, where)
			require.Contains(t, op.Responses, "default", where)
			require.Greater(t, len(op.Responses), 1, where)
			require.NotNil(t, op.Security, where)
			refs := map[string]bool{}
			for _, p := range op.Parameters {
				refs[p.Ref] = true
			}
			require.True(t, refs["#/components/parameters/traceparent"], where)
			require.Equal(t, len(*op.Security) > 0, refs["#/components/parameters/clerk"], "%s: whoever is known may name a clerk", where)
		}
	}
}
