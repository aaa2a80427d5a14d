package server_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/server/alarm"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// lawful is what a hall asks by.
func lawful(number string) api.Asked {
	return api.Asked{
		Purpose: "审查", Item: "350000-0102", Case: number, Ground: string(vault.GroundLaw), Basis: fixtures.HallBasis,
	}
}

// clerks are who stands in the audit as the one who acted, by act, the last of each.
func (w *world) clerks() map[string]string {
	w.t.Helper()
	list := map[string]string{}
	access := vault.Access{Caller: fixtures.Operator, Purpose: "复核", Ground: vault.GroundOperator}
	require.NoError(w.t, w.vault.AuditTrail(w.t.Context(), access, 0, func(e *record.AuditEntry) bool {
		list[e.Act] = e.Clerk
		return true
	}))
	return list
}

// lastEntry is the newest entry of the audit before this look at it.
func (w *world) lastEntry() *record.AuditEntry {
	w.t.Helper()
	var last *record.AuditEntry
	access := vault.Access{Caller: fixtures.Operator, Purpose: "复核", Ground: vault.GroundOperator}
	require.NoError(w.t, w.vault.AuditTrail(w.t.Context(), access, 0, func(e *record.AuditEntry) bool {
		if e.Act != "audit-trail" {
			last = e
		}
		return true
	}))
	return last
}

// TestClerk_A79: the clerk whom a system names, and the one who has logged in himself, stand in the audit of what they
// do; a login name that is a citizen number stands there as a pseudonym.
func TestClerk_A79(t *testing.T) {
	t.Parallel()
	person := fixtures.PersonAt(7).Number
	w := newWorldWith(t, func(keys *identity.Keys) {
		for name, actor := range map[string]string{"logged-in": "u-77", "numbered": person} {
			keys.Add(name, identity.Caller{
				ID: fixtures.Hall, Role: identity.RoleReviewer, Actor: actor, Method: identity.MethodToken,
			})
		}
	})
	r := w.call(fixtures.Caller(0), http.MethodPost, "/licences", foodRequest(t), api.HeaderIdempotencyKey, "one",
		api.HeaderClerk, "staff-0042")
	require.Equal(t, http.StatusCreated, r.status, "%s", r.body)
	issued := into[api.Written](t, r)
	require.Equal(t, "staff-0042", w.clerks()["issue"])

	look := api.LookupRequest{Asked: lawful("1"), Identifier: issued.Identifier}
	for key, want := range map[string]string{"reviewer": "", "logged-in": "u-77"} {
		require.Equal(t, http.StatusOK, w.call(key, http.MethodPost, "/lookups", look).status)
		require.Equal(t, want, w.clerks()["lookup"])
	}
	numbered := w.call("numbered", http.MethodPost, "/lookups", look)
	require.Equal(t, http.StatusOK, numbered.status, "%s", numbered.body)
	first := w.clerks()["lookup"]
	require.Regexp(t, `^p-[a-p]{24}$`, first)
	w.restart()
	require.Equal(t, http.StatusOK, w.call("numbered", http.MethodPost, "/lookups", look).status)
	require.Equal(t, first, w.clerks()["lookup"], "always the same")
	require.NotContains(t, w.log.String(), person)

	// Whoever oversees the service by its interface reads the clerk too, and stands in the audit himself.
	page := w.call("auditor", http.MethodGet, "/audit-entries?limit=1000", nil, api.HeaderClerk, "inspector-3")
	named := map[string]api.AuditEntry{}
	for _, e := range into[api.AuditPage](t, page).Entries {
		named[e.Act] = e
	}
	require.Equal(t, "inspector-3", named["audit-trail"].Clerk)
	require.Equal(t, "staff-0042", named["issue"].Clerk)
	require.Equal(t, r.header.Get(api.HeaderTrace), named["issue"].Message)
	trail := into[api.MessageTrail](t, w.call("auditor", http.MethodGet, "/messages/"+named["issue"].Message, nil))
	require.Equal(t, "staff-0042", trail.Entries[0].Clerk)

	seen := w.call("firm-7", http.MethodGet, "/accesses?purpose=x", nil)
	require.Contains(t, string(seen.body), "示例省网上办事大厅")
	require.NotContains(t, string(seen.body), "u-77", "the department answers for its clerks")

	for name, x := range map[string]struct {
		key   string
		named []string
	}{
		"a citizen number": {"reviewer", []string{api.HeaderClerk, person}},
		"a mobile number":  {"reviewer", []string{api.HeaderClerk, "13800000000"}},
		"a name":           {"reviewer", []string{api.HeaderClerk, "Zhang San"}},
		"by a person":      {"logged-in", []string{api.HeaderClerk, "u-78"}},
		"by a holder":      {"firm-7", []string{api.HeaderClerk, "u-78"}},
	} {
		got := w.call(x.key, http.MethodPost, "/lookups", look, x.named...)
		refused(t, got, http.StatusUnprocessableEntity, "clerk-not-taken")
		require.NotContains(t, string(got.body), x.named[1], name)
	}
	refused(t, w.call("reviewer", http.MethodGet, "/quality?from=2026-03-01&until=2026-03-02", nil, api.HeaderClerk, "!"),
		http.StatusForbidden, "role-forbids")
}

// TestManyByOneClerk_A79: of two clerks behind one system, the one who looks at too many raises the alarm, under his name.
func TestManyByOneClerk_A79(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var err error
	w.config.Alarms, err = alarm.Open(t.Context(), alarm.Config{
		Engine: w.config.Engine, Now: w.config.Now, Rand: w.config.Rand, Many: 2,
	})
	require.NoError(t, err)
	w.restart()
	look := func(clerk string, index uint64) {
		q := api.LookupRequest{Asked: lawful("1"), Holder: &api.Holder{Kind: "001", Code: fixtures.FirmAt(index).Code}}
		r := w.call("reviewer", http.MethodPost, "/lookups", q, api.HeaderClerk, clerk)
		require.Equal(t, http.StatusOK, r.status, "%s", r.body)
	}
	for i := range uint64(4) {
		look(fmt.Sprint("a-", i%2), i)
	}
	require.Empty(t, w.alarms())
	look("a-1", 9)
	require.Equal(t, []string{"many a-1"}, w.alarms())
}

// alarms are the kinds of alarms with the clerk whom they name.
func (w *world) alarms() []string {
	w.t.Helper()
	list, err := w.config.Alarms.List(w.t.Context(), 0, 1000)
	require.NoError(w.t, err)
	var out []string
	for i := range list {
		out = append(out, string(list[i].Kind)+" "+list[i].Actor)
	}
	return out
}
