package server_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/server/identity"
)

// TestAlarms_A79: a clerk who looks at himself, at a watched firm and without a case is answered, and the auditor sees it;
// the holder who looks at his own raises nothing.
func TestAlarms_A79(t *testing.T) {
	t.Parallel()
	firm := fixtures.FirmAt(7)
	w := newWorldWith(t, func(keys *identity.Keys) {
		keys.Add("clerk", identity.Caller{
			ID: fixtures.Hall, Role: identity.RoleReviewer, Actor: "u-1", Self: firm.Code,
		})
	})
	issued := into[api.Written](t, w.call(fixtures.Caller(0), http.MethodPost, "/licences", foodRequest(t),
		api.HeaderIdempotencyKey, "one"))
	r := w.call("auditor", http.MethodPost, "/watches", api.Watch{Code: firm.Code})
	require.Equal(t, http.StatusNoContent, r.status, "%s", r.body)

	asked := api.Asked{Purpose: "审查", Ground: "law", Basis: fixtures.HallBasis}
	r = w.call("clerk", http.MethodPost, "/lookups", api.LookupRequest{Asked: asked, Identifier: issued.Identifier})
	require.Equal(t, http.StatusOK, r.status, "%s", r.body)
	own := api.LookupRequest{
		Asked: api.Asked{Purpose: "本人办理", Ground: "holder"}, Holder: &api.Holder{Kind: "001", Code: firm.Code},
	}
	require.Equal(t, http.StatusOK, w.call("firm-7", http.MethodPost, "/lookups", own).status)

	list := into[api.AlarmList](t, w.call("auditor", http.MethodGet, "/alarms", nil))
	kinds := map[string]int{}
	for _, a := range list.Alarms {
		require.Equal(t, "u-1", a.Actor)
		require.Equal(t, r.header.Get(api.HeaderTrace), a.Trace)
		kinds[a.Kind]++
	}
	require.Equal(t, map[string]int{"no-case": 1, "self": 1, "watched": 1}, kinds)
	compared := w.call("clerk", http.MethodPost, "/comparisons", map[string]any{
		"purpose": "审查", "ground": "law", "basis": fixtures.HallBasis, "case": "2026-000187",
		"identifier": issued.Identifier, "claims": map[string]string{"CZZTDM": firm.Code},
	})
	require.Equal(t, http.StatusOK, compared.status, "%s", compared.body)
	list = into[api.AlarmList](t, w.call("auditor", http.MethodGet, "/alarms?after=3", nil))
	require.Len(t, list.Alarms, 2)
	compared = w.call("clerk", http.MethodPost, "/comparisons", map[string]any{
		"purpose": "审查", "ground": "law", "basis": fixtures.HallBasis, "case": "2026-000187",
		"type": foodRequest(t).Type, "number": "JY00000000000000", "claims": map[string]string{"certificateHolderCode": firm.Code},
	})
	require.Equal(t, http.StatusOK, compared.status, "%s", compared.body)
	list = into[api.AlarmList](t, w.call("auditor", http.MethodGet, "/alarms?after=5", nil))
	require.Len(t, list.Alarms, 2, "by whatever name he is asked about, and even if there is no licence")
	read := w.call("clerk", http.MethodGet, "/licences/"+issued.Identifier+"?purpose=review&ground=law&case=1&basis="+
		url.QueryEscape(fixtures.HallBasis), nil)
	require.Equal(t, http.StatusOK, read.status, "%s", read.body)
	require.Len(t, into[api.AlarmList](t, w.call("auditor", http.MethodGet, "/alarms?after=7", nil)).Alarms, 2)
	refused(t, w.call("clerk", http.MethodGet, "/alarms", nil), http.StatusForbidden, "role-forbids")
}
