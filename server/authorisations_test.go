package server_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
)

func grant(to string, types ...string) api.AuthorisationRequest {
	return api.AuthorisationRequest{
		Asking: api.Asking{Purpose: "办理贷款"}, Department: to, OnlyTypes: types, Until: "2026-03-31",
	}
}

// TestAuthorisations_A79: a holder lets a department see, sees what was allowed and who looked, and takes it back; from
// then on nothing is shown.
func TestAuthorisations_A79(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	issued := w.issue("one")
	to := fixtures.Departments()[1]
	first := w.call("firm-7", http.MethodPost, "/authorisations", grant(to.Code), api.HeaderIdempotencyKey, "a")
	require.Equal(t, http.StatusCreated, first.status, "%s", first.body)
	given := into[api.Authorisation](t, first)
	require.Equal(t, "open", given.State)
	require.Equal(t, time.Date(2026, 4, 1, 0, 0, 0, 0, zone).UTC(), given.Expires.UTC(), "until the end of the last day")
	again := w.call("firm-7", http.MethodPost, "/authorisations", grant(to.Code), api.HeaderIdempotencyKey, "a")
	require.Equal(t, http.StatusOK, again.status)
	require.Equal(t, "true", again.header.Get(api.HeaderReplayed))
	require.Equal(t, given.ID, into[api.Authorisation](t, again).ID)

	look := func(basis string) reply {
		q := url.Values{"purpose": {"审查贷款"}, "ground": {"consent"}, "basis": {basis}}
		return w.call(fixtures.Caller(1), http.MethodGet, "/licences/"+issued.Identifier+"?"+q.Encode(), nil)
	}
	require.Equal(t, http.StatusOK, look(given.ID).status)
	seen := into[api.Accesses](t, w.call("firm-7", http.MethodGet, "/accesses?purpose=x", nil))
	require.Len(t, seen.Accesses, 1)
	require.Equal(t, to.Name, seen.Accesses[0].Name)
	require.Equal(t, "审查贷款", seen.Accesses[0].Purpose)
	require.Equal(t, given.ID, seen.Accesses[0].Basis)
	others := into[api.Accesses](t, w.call("firm-8", http.MethodGet, "/accesses?purpose=x", nil))
	require.Empty(t, others.Accesses)

	refused(t, w.call("firm-8", http.MethodPost, "/authorisations/"+given.ID+"/withdrawal", api.Asking{Purpose: "x"}),
		http.StatusNotFound, "consent-unknown")
	took := w.call("firm-7", http.MethodPost, "/authorisations/"+given.ID+"/withdrawal", api.Asking{Purpose: "x"})
	require.Equal(t, http.StatusNoContent, took.status, "%s", took.body)
	refused(t, look(given.ID), http.StatusForbidden, "consent-unknown")
	list := into[api.Authorisations](t, w.call("firm-7", http.MethodGet, "/authorisations?purpose=x", nil))
	require.Len(t, list.Authorisations, 1)
	require.Equal(t, "withdrawn", list.Authorisations[0].State)
}

// TestAuthorisationRefusals: what could never be used is not recorded, and a weak login gives nothing away.
func TestAuthorisationRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	to := fixtures.Departments()[1].Code
	post := func(key string, body any) reply {
		return w.call(key, http.MethodPost, "/authorisations", body, api.HeaderIdempotencyKey, "k"+key)
	}
	refused(t, post("firm-7-weak", grant(to)), http.StatusForbidden, "level-too-low")
	past := grant(to)
	past.Until = "2026-02-28"
	refused(t, post("firm-7", past), http.StatusUnprocessableEntity, "until-past")
	bad := post("firm-7", grant(to, "JY"))
	refused(t, bad, http.StatusUnprocessableEntity, "type-code")
	require.Equal(t, "/onlyTypes", into[api.Problem](t, bad).Errors[0].Path)
	refused(t, post(fixtures.Caller(0), grant(to)), http.StatusForbidden, "role-forbids")
}

// TestGrounds: a caller learns what it is registered for, within its own scope.
func TestGrounds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hall := into[api.Grounds](t, w.call("reviewer", http.MethodGet, "/grounds", nil))
	require.Equal(t, []string{fixtures.HallBasis}, hall.Bases)
	require.Equal(t, "certificate", hall.MaxLevel)
	narrow := into[api.Grounds](t, w.call("narrow", http.MethodGet, "/grounds", nil))
	require.Equal(t, []string{shipped(t, "business-licence").Code}, narrow.Issues)
}
