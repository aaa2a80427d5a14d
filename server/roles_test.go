package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/server/identity"
)

// everyRole are the roles, each with a key of its name.
var everyRole = []identity.Role{
	identity.RoleDepartmentSystem, identity.RoleDepartmentClerk, identity.RoleReviewer, identity.RoleWindowClerk,
	identity.RoleBatchOperator, identity.RoleCAOperator, identity.RoleAuditor, identity.RoleSupervisor,
	identity.RoleHolder, identity.RoleAgent, identity.RoleOperator,
}

// TestRolesAtTheDoor_A79: every operation lets in exactly the roles that have its permission, whatever the request
// says, and nobody who is unknown. What a role is let in with is empty, so nothing is done.
func TestRolesAtTheDoor_A79(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, func(keys *identity.Keys) {
		for _, role := range everyRole {
			c := identity.Caller{ID: fixtures.Caller(0), Role: role}
			if c.IsHolder() {
				c.Holder = &identity.Subject{}
			}
			keys.Add(string(role), c)
		}
		keys.Add("nobody", identity.Caller{ID: fixtures.Caller(0)})
		keys.Add("no holder", identity.Caller{ID: fixtures.Caller(0), Role: identity.RoleHolder})
	})
	operations := w.server.Described()
	require.NotEmpty(t, operations)
	for _, op := range operations {
		require.NotEmpty(t, op.May, op.ID)
		if op.May == identity.Anyone {
			continue
		}
		path := strings.TrimPrefix(op.Path, api.Version)
		if op.May == identity.Anyone {
			require.NotContains(t, []int{http.StatusUnauthorized, http.StatusForbidden},
				w.call("", op.Method, path, nil).status, op.ID)
			continue
		}
		for _, role := range everyRole {
			r := w.call(string(role), op.Method, path, nil)
			may := (&identity.Caller{Role: role}).May(op.May)
			require.Equal(t, !may, r.status == http.StatusForbidden && codeIn(r) == "role-forbids", "%s %s: %d %s",
				role, op.ID, r.status, r.body)
		}
		refused(t, w.call("no holder", op.Method, path, nil), http.StatusForbidden, "role-forbids")
		refused(t, w.call("nobody", op.Method, path, nil), http.StatusForbidden, "role-forbids")
		refused(t, w.call("", op.Method, path, nil), http.StatusUnauthorized, "credentials-missing")
		refused(t, w.call("guessed", op.Method, path, nil), http.StatusUnauthorized, "credentials-unknown")
	}
}

func codeIn(r reply) string {
	var p api.Problem
	if json.Unmarshal(r.body, &p) != nil {
		return ""
	}
	return p.Code
}

// TestTypeScope: a system that is registered for some types is refused all others, on every way to them.
func TestTypeScope(t *testing.T) {
	t.Parallel()
	request := foodRequest(t)
	w := newWorldWith(t, func(keys *identity.Keys) {
		keys.Add("other", identity.Caller{
			ID: fixtures.Caller(0), Role: identity.RoleDepartmentSystem, Types: []string{"11990000MB1E000137009"},
		})
	})
	issued := into[api.Written](t, w.call(fixtures.Caller(0), http.MethodPost, "/licences", request,
		api.HeaderIdempotencyKey, "one"))
	asked := api.Asked{Purpose: "核对", Ground: "issuer"}
	for name, r := range map[string]reply{
		"issue": w.call("other", http.MethodPost, "/licences", request, api.HeaderIdempotencyKey, "two"),
		"act": w.call("other", http.MethodPost, "/licences/"+issued.Identifier+"/suspensions",
			api.ActRequest{Reason: "整改"}, api.HeaderIdempotencyKey, "three"),
		"look up": w.call("other", http.MethodPost, "/lookups",
			api.LookupRequest{Asked: asked, Identifier: issued.Identifier}),
		"look up by type": w.call("other", http.MethodPost, "/lookups",
			api.LookupRequest{Asked: asked, Type: request.Type, Number: "1"}),
		"look up by no type": w.call("other", http.MethodPost, "/lookups",
			api.LookupRequest{Asked: asked, Holder: &api.Holder{Code: "1"}}),
		"compare": w.call("other", http.MethodPost, "/comparisons",
			api.ComparisonRequest{Asked: asked, Comparison: api.Comparison{
				Identifier: issued.Identifier, Claims: map[string]string{"CZZT": "x"},
			}}),
	} {
		require.Equal(t, http.StatusForbidden, r.status, "%s: %s", name, r.body)
		require.Equal(t, "type-out-of-scope", codeIn(r), name)
	}
}
