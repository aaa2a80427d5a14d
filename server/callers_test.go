package server_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
)

// callersByID are the callers as the operator sees them.
func (w *world) callersByID() map[string]api.CallerStanding {
	w.t.Helper()
	out := map[string]api.CallerStanding{}
	for _, x := range into[api.CallerList](w.t, w.call("operator", http.MethodGet, "/callers", nil)).Callers {
		out[x.ID] = x
	}
	return out
}

// TestCallers: the operator registers a caller while the service runs and changes it; what is wrong is told at once. No
// operator is made or changed so, whatever the request says.
func TestCallers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var ids []string
	for after := ""; ; {
		p := into[api.CallerList](t, w.call("operator", http.MethodGet, "/callers?limit=2&after="+after, nil))
		for _, x := range p.Callers {
			ids = append(ids, x.ID)
		}
		if after = p.Next; after == "" {
			break
		}
		require.Len(t, p.Callers, 2)
	}
	require.Len(t, ids, len(w.callersByID()))
	require.True(t, slices.IsSorted(ids))
	require.True(t, w.callersByID()[fixtures.Operator].Operator)
	require.True(t, w.callersByID()[fixtures.Auditor].Auditor)
	require.Equal(t, []string{fixtures.HallBasis}, w.callersByID()[fixtures.Hall].Bases)
	want := api.CallerRights{Name: "示例区政务服务中心", Bases: []string{"示例办法第九条"}, MaxLevel: "real-name"}
	for range 2 {
		r := w.call("operator", http.MethodPut, "/callers/hall-2", want)
		require.Equal(t, http.StatusOK, r.status, "%s", r.body)
	}
	require.Equal(t, api.CallerStanding{ID: "hall-2", CallerRights: want}, w.callersByID()["hall-2"])
	want.Bases, want.MaxLevel, want.Auditor = nil, "none", true
	require.Equal(t, http.StatusOK, w.call("operator", http.MethodPut, "/callers/hall-2", want).status)
	require.Equal(t, api.CallerStanding{ID: "hall-2", CallerRights: want}, w.callersByID()["hall-2"])

	r := w.call("operator", http.MethodPut, "/callers/bad", api.CallerRights{Department: "1", Issues: []string{"x"}})
	require.Equal(t, http.StatusUnprocessableEntity, r.status)
	require.Greater(t, len(into[api.Problem](t, r).Errors), 1, "everything at once")
	before := w.callersByID()
	refused(t, w.call("operator", http.MethodPut, "/callers/"+fixtures.Operator, api.CallerRights{Name: "x"}),
		http.StatusForbidden, "operator-elsewhere")
	refused(t, w.call("operator", http.MethodPut, "/callers/friend", map[string]any{"operator": true}),
		http.StatusUnprocessableEntity, "request-invalid")
	for _, key := range []string{fixtures.Caller(0), "reviewer", "auditor"} {
		refused(t, w.call(key, http.MethodPut, "/callers/friend", want), http.StatusForbidden, "role-forbids")
		refused(t, w.call(key, http.MethodGet, "/callers", nil), http.StatusForbidden, "role-forbids")
	}
	require.Equal(t, before, w.callersByID())
}

// TestDeclareComplete: a department declares its own stock converted, the operator that of all; from then on nothing found
// means that nothing was issued. To say it again changes nothing, and another department's is refused.
func TestDeclareComplete(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own, typ := fixtures.Departments()[0].Code, foodType(t)
	path := "/licence-types/" + typ + "/completions"
	absence := func(issuer string) string {
		return into[api.LookupAnswer](t, w.call("reviewer", http.MethodPost, "/lookups", api.LookupRequest{
			Asked: byLaw(), Type: typ, Number: "JY13501020000999", Issuer: issuer,
		})).Absence
	}
	require.NotEqual(t, "never-issued", absence(own))
	refused(t, w.call(fixtures.Caller(1), http.MethodPost, path, api.Completion{Issuer: own}), http.StatusForbidden, "not-issuer")
	refused(t, w.call(fixtures.Caller(0), http.MethodPost, path, api.Completion{Issuer: "*"}), http.StatusForbidden, "not-operator")
	refused(t, w.call("operator", http.MethodPost, path, api.Completion{Issuer: own}), http.StatusForbidden, "not-issuer")
	refused(t, w.call("narrow", http.MethodPost, path, api.Completion{Issuer: own}), http.StatusForbidden, "type-out-of-scope")
	refused(t, w.call("reviewer", http.MethodPost, path, api.Completion{Issuer: own}), http.StatusForbidden, "role-forbids")
	require.NotEqual(t, "never-issued", absence(own))
	for range 2 {
		r := w.call(fixtures.Caller(0), http.MethodPost, path, api.Completion{Issuer: own})
		require.Equal(t, http.StatusNoContent, r.status, "%s", r.body)
	}
	require.Equal(t, "never-issued", absence(own))
	require.NotEqual(t, "never-issued", absence(fixtures.Departments()[1].Code))
	require.Equal(t, http.StatusNoContent, w.call("operator", http.MethodPost, path, api.Completion{Issuer: "*"}).status)
	require.Equal(t, "never-issued", absence(fixtures.Departments()[1].Code))
}
