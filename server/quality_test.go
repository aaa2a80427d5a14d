package server_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/server"
)

// TestQuality_D1_9: a department sees how timely, complete and right its licences come, which calls were refused and
// which elements are the worst; it sees no other department, and counts outlive the service.
func TestQuality_D1_9(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.issue("one")
	again := foodRequest(t)
	again.Paper = "P-one"
	require.Equal(t, http.StatusOK, w.call(fixtures.Caller(0), http.MethodPost, "/licences", again,
		api.HeaderIdempotencyKey, "one").status, "a retry counts once")
	wrong := foodRequest(t)
	wrong.Values["CZZTDM"] = "91350100EX0000002K"
	for _, key := range []string{"a", "b"} {
		require.Equal(t, http.StatusUnprocessableEntity, w.call(fixtures.Caller(0), http.MethodPost, "/licences", wrong,
			api.HeaderIdempotencyKey, key).status)
	}
	onTime := foodRequest(t)
	onTime.Paper, onTime.Values["ZZBFRQ"] = "P-2", "2026-03-02"
	onTime.Values["ZZYXQQSRQ"], onTime.Values["ZZYXQJZRQ"] = "2026-03-02", "2031-03-01"
	batch := into[api.BatchAnswer](t, w.call(fixtures.Caller(0), http.MethodPost, "/batches",
		api.BatchRequest{Items: []api.BatchItem{{Key: "c", IssueRequest: onTime}}}))
	require.Equal(t, 1, batch.Done, "%+v", batch)
	identifier := batch.Items[0].Written.Identifier
	for _, name := range []string{onTime.Values["CZZT"], "别的名称"} {
		r := w.call("reviewer", http.MethodPost, "/comparisons", api.ComparisonRequest{Asked: byLaw(), Comparison: api.Comparison{
			Identifier: identifier, Claims: map[string]string{"CZZT": name},
		}})
		require.Equal(t, http.StatusOK, r.status, "%s", r.body)
	}

	const days = "/quality?from=2026-03-01&until=2026-03-31"
	ask := func() api.Quality {
		return into[api.Quality](t, w.call(fixtures.Caller(0), http.MethodGet, days, nil))
	}
	got := ask()
	require.Equal(t, []int{2, 1, 1}, []int{got.Issued, got.Late, got.LateDays})
	require.Equal(t, []int{2, 1}, []int{got.Compared, got.Differed})
	require.Positive(t, got.Filled)
	require.Less(t, got.Filled, got.Elements)
	require.Equal(t, []api.Count{{Name: "uscc_check", Count: 2}}, got.Refused)
	require.Equal(t, []api.Count{{Name: "CZZTDM", Count: 2}}, got.Fields)
	require.NotContains(t, got.Missing, foodType(t))
	require.Contains(t, got.Missing, shipped(t, "business-licence").Code)
	w.restart()
	require.Equal(t, got, ask())
	none := into[api.Quality](t, w.call(fixtures.Caller(0), http.MethodGet, "/quality?from=2026-04-01&until=2026-04-30", nil))
	require.Zero(t, none.Issued)
	require.Empty(t, none.Refused)

	whole := into[api.Quality](t, w.call("supervisor-of-all", http.MethodGet,
		days+"&department="+fixtures.Departments()[0].Code, nil))
	require.Equal(t, got.Refused, whole.Refused)
	require.Equal(t, "department-refused", codeIn(w.call(fixtures.Caller(1), http.MethodGet,
		days+"&department="+fixtures.Departments()[0].Code, nil)))
	sheet := w.call(fixtures.Caller(0), http.MethodGet, days+"&format=csv", nil)
	require.Contains(t, sheet.header.Get("Content-Type"), "text/csv")
	require.True(t, strings.HasPrefix(string(sheet.body), "\ufeff"))
	require.Contains(t, string(sheet.body), "退回 refused,uscc_check,2")
}

// TestTallyKept: counts become durable by themselves, also if nothing more is counted, and those of the last requests
// when the service settles.
func TestTallyKept(t *testing.T) {
	t.Parallel()
	require.NoError(t, server.Tally(t.Context(), memory.New(), fixtures.Departments()[0].Code, func(n uint64) bool {
		require.NoError(t, t.Context().Err())
		return n == 1
	}))
	w := newWorld(t)
	ended, stop := context.WithCancel(t.Context())
	stop()
	require.NoError(t, w.server.Run(ended), "what runs beside the requests ends before the last of them")
	w.issue("last")
	require.NoError(t, w.server.Settle(ended))
	w.restart()
	got := into[api.Quality](t, w.call(fixtures.Caller(0), http.MethodGet, "/quality?from=2026-03-01&until=2026-03-31", nil))
	require.Equal(t, 1, got.Issued)
}
