package server_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
)

// TestIssueBatch_D1_8: each item is answered as it would be alone, refused ones hold up none, and an item is the same
// request as a single one under its key.
func TestIssueBatch_D1_8(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	item := func(key, paper string) api.BatchItem {
		req := foodRequest(t)
		req.Paper = paper
		return api.BatchItem{Key: key, IssueRequest: req}
	}
	wrong := item("wrong", "P-9")
	delete(wrong.Values, "CZZT")
	wrong.Values["没有"] = "x"
	batch := api.BatchRequest{Items: []api.BatchItem{item("a", "P-1"), wrong, item("b", "P-2")}}
	valid := into[api.BatchAnswer](t, w.call(fixtures.Caller(0), http.MethodPost, "/batches?validate=only", batch))
	require.Equal(t, []int{2, 0, 1}, []int{valid.Done, valid.Replayed, valid.Refused})
	require.True(t, valid.Items[0].Validated.Valid)

	r := w.call(fixtures.Caller(0), http.MethodPost, "/batches", batch)
	require.Equal(t, http.StatusOK, r.status, "%s", r.body)
	done := into[api.BatchAnswer](t, r)
	require.Equal(t, []int{2, 0, 1}, []int{done.Done, done.Replayed, done.Refused})
	require.Equal(t, http.StatusCreated, done.Items[0].Status)
	require.Equal(t, http.StatusUnprocessableEntity, done.Items[1].Status)
	var paths []string
	for _, e := range done.Items[1].Problem.Errors {
		paths = append(paths, e.Path)
	}
	require.Contains(t, paths, "/items/1/values/没有")
	require.Len(t, paths, 2, "everything that is wrong, at once")

	again := into[api.BatchAnswer](t, w.call(fixtures.Caller(0), http.MethodPost, "/batches", batch))
	require.Equal(t, []int{0, 2, 1}, []int{again.Done, again.Replayed, again.Refused})
	require.Equal(t, done.Items[0].Written.Identifier, again.Items[0].Written.Identifier)
	single := w.call(fixtures.Caller(0), http.MethodPost, "/licences", batch.Items[0].IssueRequest,
		api.HeaderIdempotencyKey, "a")
	require.Equal(t, done.Items[0].Written.Identifier, into[api.Written](t, single).Identifier)
	require.Equal(t, "true", single.header.Get(api.HeaderReplayed))
}

// TestIssueBatchTwice: two items under one key are one write or one refusal, never two licences.
func TestIssueBatchTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one := api.BatchItem{Key: "k", IssueRequest: foodRequest(t)}
	other := api.BatchItem{Key: "k", IssueRequest: foodRequest(t)}
	other.Paper = "P-2"
	out := into[api.BatchAnswer](t, w.call(fixtures.Caller(0), http.MethodPost, "/batches",
		api.BatchRequest{Items: []api.BatchItem{one, one, other}}))
	require.Equal(t, []int{1, 1, 1}, []int{out.Done, out.Replayed, out.Refused}, "%+v", out)
	require.Equal(t, out.Items[0].Written.Identifier, out.Items[1].Written.Identifier)
	require.Equal(t, "idempotency-key-reused", out.Items[2].Problem.Code)
	require.Equal(t, "/items/2/key", out.Items[2].Problem.Errors[0].Path)
	narrow := into[api.BatchAnswer](t, w.call("narrow", http.MethodPost, "/batches",
		api.BatchRequest{Items: []api.BatchItem{one}}))
	require.Equal(t, "type-out-of-scope", narrow.Items[0].Problem.Code)
}
