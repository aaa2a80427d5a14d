package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
)

// TestSyncCommand_A75: sync carries the licences of a department from one running service into another, goes on from
// its file, and ends with 4 where something must be settled.
func TestSyncCommand_A75(t *testing.T) {
	t.Parallel()
	k := newKilling(t, 1)
	k.withoutDocuments()
	city := k.copy()
	from, to := serve(t, city.path("data")), serve(t, k.path("data"))
	body, err := json.Marshal(firmRequest(t, 7))
	require.NoError(t, err)
	var written api.Written
	from.call(http.MethodPost, "/licences", bytes.NewReader(body), &written,
		"Content-Type", "application/json", api.HeaderIdempotencyKey, "1")
	bearer := func(k killing) string { return filepath.Join(k.path("data"), sandboxKeys, fixtures.Caller(0)) }
	r := &runner{t, t.TempDir()}
	order := []string{
		"sync", "--from", from.base[:len(from.base)-len(api.Version)], "--to", to.base[:len(to.base)-len(api.Version)],
		"--state", filepath.Join(t.TempDir(), "state.json"), "--from-bearer", bearer(city), "--to-bearer", bearer(k), "--json",
	}
	require.Contains(t, r.ok(order...), `"licences":1`)
	require.Contains(t, r.ok(order...), `"licences":0`)
	look, err := json.Marshal(api.LookupRequest{
		Asked: api.Asked{Purpose: "核对", Ground: "issuer"}, Identifier: written.Identifier,
	})
	require.NoError(t, err)
	var answer api.LookupAnswer
	to.call(http.MethodPost, "/lookups", bytes.NewReader(look), &answer, "Content-Type", "application/json")
	require.Len(t, answer.Licences, 1)
	require.Equal(t, written.Record, answer.Licences[0].Record)
}
