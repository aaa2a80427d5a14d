package server_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
)

// TestIssue_A71_A72_D1_1: a department issues through the interface; the same request again gives the same answer and
// says so, another request under the same key is refused.
func TestIssue_A71_A72_D1_1(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	req := foodRequest(t)
	first := w.call(fixtures.Caller(0), http.MethodPost, "/licences", req, api.HeaderIdempotencyKey, "one")
	require.Equal(t, http.StatusCreated, first.status, "%s", first.body)
	issued := into[api.Written](t, first)
	require.NotEmpty(t, issued.Identifier)
	require.Equal(t, 1, issued.Version)
	require.False(t, issued.Replayed)

	again := w.call(fixtures.Caller(0), http.MethodPost, "/licences", req, api.HeaderIdempotencyKey, "one")
	require.Equal(t, http.StatusOK, again.status)
	require.Equal(t, "true", again.header.Get(api.HeaderReplayed))
	want := issued
	want.Replayed = true
	require.Equal(t, want, into[api.Written](t, again))

	req.Paper = "P-0002"
	other := w.call(fixtures.Caller(0), http.MethodPost, "/licences", req, api.HeaderIdempotencyKey, "one")
	refused(t, other, http.StatusUnprocessableEntity, "idempotency-key-reused")
	require.Equal(t, "header.Idempotency-Key", into[api.Problem](t, other).Errors[0].Path)
}

// TestWriteNeedsKey: a write without an idempotency key is refused before anything is looked at.
func TestWriteNeedsKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	refused(t, w.call(fixtures.Caller(0), http.MethodPost, "/licences", foodRequest(t)),
		http.StatusUnprocessableEntity, "request-invalid")
}

// TestNobody: without credentials, or with ones that nobody knows, there is nothing to see.
func TestNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	refused(t, w.call("", http.MethodGet, "/licence-types", nil), http.StatusUnauthorized, "credentials-missing")
	refused(t, w.call("made-up", http.MethodGet, "/licence-types", nil), http.StatusUnauthorized, "credentials-unknown")
	refused(t, w.call("reviewer", http.MethodPost, "/licences", foodRequest(t),
		api.HeaderIdempotencyKey, "one"), http.StatusForbidden, "role-forbids")
}

// TestLookUpAndCompare_A78: what was issued is found by law, field by field, with a signed receipt.
func TestLookUpAndCompare_A78(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	req := foodRequest(t)
	issued := into[api.Written](t, w.call(fixtures.Caller(0), http.MethodPost, "/licences", req,
		api.HeaderIdempotencyKey, "one"))
	asked := api.Asked{
		Purpose: "办理设立登记", Case: "2026-0001", Item: "350000-0102", Ground: "law", Basis: fixtures.HallBasis,
	}
	found := into[api.LookupAnswer](t, w.call("reviewer", http.MethodPost, "/lookups", api.LookupRequest{
		Asked: asked, Identifier: issued.Identifier, Fields: []string{"CZZT"}, Receipt: true,
	}))
	require.Len(t, found.Licences, 1)
	require.Equal(t, map[string]string{"CZZT": req.Values["CZZT"]}, found.Licences[0].Values)
	require.NotEmpty(t, found.Receipt.Signature)

	judged := into[api.ComparisonAnswer](t, w.call("reviewer", http.MethodPost, "/comparisons", api.ComparisonRequest{
		Asked: asked,
		Comparison: api.Comparison{
			Identifier: issued.Identifier, Claims: map[string]string{"CZZT": req.Values["CZZT"] + "分店"},
		},
	}))
	require.Equal(t, "different", judged.Result)
	require.Equal(t, "不一致", judged.Fields[0].VerdictZh)
}
