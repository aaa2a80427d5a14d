package identity_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/server/identity"
)

// roleColumns are the columns of roleTable.
var roleColumns = map[string]identity.Role{
	"system": identity.RoleDepartmentSystem, "clerk": identity.RoleDepartmentClerk, "review": identity.RoleReviewer,
	"window": identity.RoleWindowClerk, "batch": identity.RoleBatchOperator, "ca": identity.RoleCAOperator,
	"audit": identity.RoleAuditor, "superv": identity.RoleSupervisor, "holder": identity.RoleHolder,
	"agent": identity.RoleAgent, "operat": identity.RoleOperator,
}

// roleTable is who may what, written down a second time and by hand: x may, - may not.
const roleTable = `
                system clerk review window batch ca audit superv holder agent operat
types.read           x     x      x      x     x  x     x      x      x     x      x
types.write          x     x      -      -     -  -     -      -      -     -      -
licences.issue       x     x      -      -     -  -     -      -      -     -      -
licences.act         x     x      -      -     -  -     -      -      -     -      -
licences.read        x     x      x      x     -  -     -      -      x     x      -
lookups              x     x      x      x     -  -     -      -      x     x      -
comparisons          x     x      x      x     -  -     -      -      -     -      -
batches              x     -      -      -     x  -     -      -      -     -      -
batches.read         x     -      -      -     x  -     -      -      -     -      x
types.complete       x     x      -      -     -  -     -      -      -     -      x
authorisations       -     -      -      -     -  -     -      -      x     x      -
accesses.own         -     -      -      -     -  -     -      -      x     x      -
verifications        x     x      x      x     -  -     -      -      x     x      -
events               x     -      -      -     -  -     -      -      -     -      x
quality              x     x      -      -     -  -     -      x      -     -      x
audit                -     -      -      -     -  -     x      x      -     -      -
audit.trail          -     -      -      -     -  -     x      x      -     -      x
messages             -     -      -      -     -  -     x      x      -     -      x
operation            -     -      -      -     -  -     -      -      -     -      x
replication          x     -      -      -     -  -     -      -      -     -      -
jobs                 x     x      x      x     x  -     -      -      x     x      x
disputes.raise       -     -      x      x     -  -     -      -      x     x      -
disputes.settle      x     x      -      -     -  -     -      -      -     -      -
disputes.read        x     x      x      x     -  -     -      -      x     x      -
`

// TestPermissions_A79: every cell of the table is as it is written down here, and the table has every permission and
// every role. A role or permission that nobody knows has no cell at all.
func TestPermissions_A79(t *testing.T) {
	t.Parallel()
	lines := strings.Split(strings.TrimSpace(roleTable), "\n")
	columns := strings.Fields(lines[0])
	require.Len(t, columns, len(roleColumns))
	require.Len(t, lines[1:], len(identity.Permissions()), "every permission stands in the table")
	cells := 0
	for _, line := range lines[1:] {
		cell := strings.Fields(line)
		permission := identity.Permission(cell[0])
		require.Len(t, cell, len(columns)+1, permission)
		require.Contains(t, identity.Permissions(), permission)
		for i, name := range columns {
			role, ok := roleColumns[name]
			require.True(t, ok, name)
			require.Contains(t, "x-", cell[i+1])
			require.Equal(t, cell[i+1] == "x", (&identity.Caller{Role: role}).May(permission), "%s %s", role, permission)
			cells++
		}
		var nobody *identity.Caller
		require.False(t, nobody.May(permission))
		require.False(t, (&identity.Caller{}).May(permission))
		require.False(t, (&identity.Caller{Role: "root"}).May(permission))
	}
	require.Equal(t, len(columns)*len(identity.Permissions()), cells)
	for permission, roles := range identity.Permissions() {
		for _, role := range roles {
			require.True(t, isColumn(role), "%s of %s has no column", role, permission)
		}
	}
	require.False(t, (&identity.Caller{Role: identity.RoleOperator}).May("everything"))
	require.False(t, (&identity.Caller{Role: identity.RoleOperator}).May(""))
}

func isColumn(role identity.Role) bool {
	for _, r := range roleColumns {
		if r == role {
			return true
		}
	}
	return false
}

// TestPermissionsCopy: what is given out cannot change who may what.
func TestPermissionsCopy(t *testing.T) {
	t.Parallel()
	given := identity.Permissions()
	given[identity.MayAudit][0] = identity.RoleHolder
	given[identity.MayAudit] = append(given[identity.MayAudit], identity.RoleHolder)
	require.False(t, (&identity.Caller{Role: identity.RoleHolder}).May(identity.MayAudit))
	require.True(t, (&identity.Caller{Role: identity.RoleAuditor}).May(identity.MayAudit))
}

// TestCovers: a registration that names types covers these alone; one that names none leaves it to the vault.
func TestCovers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		caller *identity.Caller
		want   bool
	}{
		{nil, false}, {&identity.Caller{}, true}, {&identity.Caller{Types: []string{"a"}}, true},
		{&identity.Caller{Types: []string{"b"}}, false}, {&identity.Caller{Types: []string{}}, false},
	} {
		require.Equal(t, c.want, c.caller.Covers("a"), "%+v", c.caller)
	}
}
