package client_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
)

// paging answers by what was asked, and refuses what it does not know.
type paging struct {
	answers map[string]any
	asked   []string
}

func (p *paging) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set(api.HeaderTrace, "made-up")
	asked := strings.TrimPrefix(r.URL.RequestURI(), api.Version)
	p.asked = append(p.asked, asked)
	answer, known := p.answers[asked]
	if !known {
		w.WriteHeader(http.StatusForbidden)
		answer = api.Problem{Status: http.StatusForbidden, Code: "unknown-page"}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func pagingClient(t *testing.T, answers map[string]any) (*paging, *client.Client) {
	t.Helper()
	p := &paging{answers: answers}
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	c, err := client.New(client.Config{URL: s.URL, Rand: rand.Reader, Now: time.Now})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return p, c
}

// TestPages: lists are walked page by page to their end, no further than they are wanted, and an error stands alone.
func TestPages(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	cert := strings.Repeat("0", 64)
	p, c := pagingClient(t, map[string]any{
		"/numbers?type=x":                      api.NumberList{Numbers: []api.NumberUse{{Number: "1"}, {Number: "2"}}, Next: "m"},
		"/numbers?after=m&type=x":              api.NumberList{Numbers: []api.NumberUse{{Number: "3"}}},
		"/callers":                             api.CallerList{Callers: []api.CallerStanding{{ID: "a"}}, Next: "a"},
		"/callers?after=a":                     api.CallerList{Callers: []api.CallerStanding{{ID: "b"}}, Next: "lost"},
		"/conversions":                         api.Batches{Items: []api.Batch{{ID: "x"}, {ID: "y"}}, Next: "y"},
		"/conversions?after=y":                 api.Batches{Items: []api.Batch{{ID: "z"}}},
		"/signed-versions?certificate=" + cert: api.SignedVersions{Next: "n"},
		"/signed-versions?after=n&certificate=" + cert: api.SignedVersions{
			Versions: []api.SignedVersion{{Identifier: "i"}},
		},
	})
	var got []string
	for n, err := range c.Numbers(ctx, "x") {
		require.NoError(t, err)
		got = append(got, n.Number)
	}
	require.Equal(t, []string{"1", "2", "3"}, got)
	asked := len(p.asked)
	for range c.Numbers(ctx, "x") {
		break
	}
	require.Len(t, p.asked, asked+1, "nobody wanted the second page")

	got = nil
	var failed error
	for x, err := range c.Callers(ctx) {
		if failed = err; err != nil {
			require.Nil(t, x)
			continue
		}
		got = append(got, x.ID)
	}
	require.Equal(t, []string{"a", "b"}, got)
	require.Equal(t, "unknown-page", client.CodeOf(failed))

	got = nil
	for b, err := range c.Conversions(ctx) {
		require.NoError(t, err)
		got = append(got, b.ID)
	}
	require.Equal(t, []string{"x", "y", "z"}, got)

	got = nil
	for v, err := range c.SignedVersions(ctx, cert) { // an empty page is not the last
		require.NoError(t, err)
		got = append(got, v.Identifier)
	}
	require.Equal(t, []string{"i"}, got)
}

// TestAuditPages: the audit is read to its end, which moves because it is read: a page that is not full is the last.
func TestAuditPages(t *testing.T) {
	t.Parallel()
	full := make([]api.AuditEntry, 1000)
	for i := range full {
		full[i].Number = i + 5
	}
	p, c := pagingClient(t, map[string]any{
		"/audit-entries?from=5&limit=1000":    api.AuditPage{Entries: full, Next: 1005},
		"/audit-entries?from=1005&limit=1000": api.AuditPage{Entries: []api.AuditEntry{{Number: 1005}}, Next: 1006},
		"/audit-entries?last=3&limit=1000":    api.AuditPage{Entries: full[:4], Next: 9},
	})
	next := 5
	for e, err := range c.AuditEntries(t.Context(), 5) {
		require.NoError(t, err)
		require.Equal(t, next, e.Number)
		next++
	}
	require.Equal(t, 1006, next)
	require.Len(t, p.asked, 2)
	seen := 0
	for _, err := range c.AuditEntries(t.Context(), -3) {
		require.NoError(t, err)
		seen++
	}
	require.Equal(t, 4, seen)
	require.Equal(t, fmt.Sprint([]string{"/audit-entries?last=3&limit=1000"}), fmt.Sprint(p.asked[2:]))
}
