package server_test

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/server/identity"
)

// TestAuditEntries_A79: an auditor and the operator read the audit page by page while the service runs, each by the
// right that is theirs; that they did is in it. Nobody else does, nor an auditor whom the vault does not know as one.
func TestAuditEntries_A79(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	issued := w.issue("one")
	found := w.call("reviewer", http.MethodPost, "/lookups", api.LookupRequest{Asked: byLaw(), Identifier: issued.Identifier})
	require.Equal(t, http.StatusOK, found.status)

	whole := into[api.AuditPage](t, w.call("auditor", http.MethodGet, "/audit-entries?limit=1000", nil))
	require.NotEmpty(t, whole.Entries)
	for i, e := range whole.Entries {
		require.Equal(t, i+1, e.Number)
	}
	last := whole.Entries[len(whole.Entries)-1]
	require.Equal(t, whole.Next, last.Number+1)
	require.Equal(t, "audit-trail", last.Act, "to read it is an entry")
	require.Equal(t, "audit", last.Ground)
	require.Equal(t, fixtures.Auditor, last.Caller)
	look := whole.Entries[len(whole.Entries)-2]
	require.Equal(t, "lookup", look.Act)
	require.Equal(t, "办理设立登记", look.Purpose)
	require.Equal(t, issued.Identifier, look.Licence)
	require.Empty(t, idPattern.FindAllString(fmt.Sprint(whole), -1), "no entry names a person")

	var paged []api.AuditEntry
	for from := 1; from <= last.Number; {
		p := into[api.AuditPage](t, w.call("operator", http.MethodGet, fmt.Sprintf("/audit-entries?from=%d&limit=7", from), nil))
		require.LessOrEqual(t, len(p.Entries), 7)
		require.Greater(t, p.Next, from)
		paged, from = append(paged, p.Entries...), p.Next
	}
	require.Equal(t, whole.Entries, paged[:len(whole.Entries)])
	require.Equal(t, "operator", paged[len(whole.Entries)].Ground)
	end := into[api.AuditPage](t, w.call("auditor", http.MethodGet, "/audit-entries?from=1000000", nil))
	require.Empty(t, end.Entries)
	require.Equal(t, 1000000, end.Next)

	tail := into[api.AuditPage](t, w.call("auditor", http.MethodGet, "/audit-entries?last=3", nil))
	require.Len(t, tail.Entries, 4, "the last three, and that they were read")
	require.Equal(t, tail.Next, tail.Entries[3].Number+1)
	require.Greater(t, tail.Entries[0].Number, last.Number)
	for _, key := range []string{fixtures.Caller(0), "reviewer", "firm-7"} {
		refused(t, w.call(key, http.MethodGet, "/audit-entries", nil), http.StatusForbidden, "role-forbids")
	}
	for _, role := range []identity.Role{identity.RoleAuditor, identity.RoleSupervisor} {
		refused(t, w.call(string(role)+"-of-all", http.MethodGet, "/audit-entries", nil), http.StatusForbidden, "not-auditor")
	}
}

// TestSignedVersions: when a key was stolen, the operator finds what it has signed.
func TestSignedVersions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ids := map[string]bool{w.issue("one").Identifier: true, w.issue("two").Identifier: true, w.issue("three").Identifier: true}
	certificate, _, err := w.province.Custody.SignerFor(fixtures.Departments()[0].Code, w.now)
	require.NoError(t, err)
	digest := hex.EncodeToString(certificate[:])
	seen := map[string]bool{}
	for after := ""; ; {
		p := into[api.SignedVersions](t, w.call("operator", http.MethodGet,
			"/signed-versions?limit=2&certificate="+digest+"&after="+after, nil))
		require.LessOrEqual(t, len(p.Versions), 2)
		for _, v := range p.Versions {
			require.True(t, v.InForce)
			seen[v.Identifier] = true
		}
		if after = p.Next; after == "" {
			break
		}
	}
	require.Equal(t, ids, seen)
	none := into[api.SignedVersions](t, w.call("operator", http.MethodGet,
		"/signed-versions?certificate="+strings.Repeat("0", 64), nil))
	require.Equal(t, api.SignedVersions{Versions: []api.SignedVersion{}}, none)
	r := w.call("operator", http.MethodGet, "/signed-versions?certificate="+digest+"&after=x", nil)
	refused(t, r, http.StatusUnprocessableEntity, "cursor-malformed")
	require.Equal(t, "query.after", into[api.Problem](t, r).Errors[0].Path)
	refused(t, w.call("auditor", http.MethodGet, "/signed-versions?certificate="+digest, nil), http.StatusForbidden, "role-forbids")
}

// TestNumbers: a department sees what became of its numbers, page by page.
func TestNumbers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var want []string
	for _, key := range []string{"a", "b", "c"} {
		want = append(want, w.issue(key).Number)
	}
	path := "/numbers?type=" + foodType(t)
	var got []string
	for after := ""; ; {
		p := into[api.NumberList](t, w.call(fixtures.Caller(0), http.MethodGet, path+"&limit=2&after="+after, nil))
		for _, n := range p.Numbers {
			require.Equal(t, "有效", n.StateZh)
			require.NotEmpty(t, n.Identifier)
			got = append(got, n.Number)
		}
		if after = p.Next; after == "" {
			break
		}
	}
	require.Equal(t, want, got)
	require.Empty(t, into[api.NumberList](t, w.call(fixtures.Caller(1), http.MethodGet, path, nil)).Numbers)
	refused(t, w.call("narrow", http.MethodGet, path, nil), http.StatusForbidden, "type-out-of-scope")
	r := w.call(fixtures.Caller(0), http.MethodGet, path+"&after=x", nil)
	refused(t, r, http.StatusUnprocessableEntity, "cursor-malformed")
	require.Equal(t, "query.after", into[api.Problem](t, r).Errors[0].Path)
}
