package server_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/server"
	"github.com/elicense/elicense/vault"
)

// scan opens the page that a QR code leads to, as a phone does.
func (w *world) scan(token, accept string) reply {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.http.URL+server.PagePath+token, nil)
	require.NoError(w.t, err)
	req.Header.Set("Accept", accept)
	res, err := w.http.Client().Do(req)
	require.NoError(w.t, err)
	defer func() { require.NoError(w.t, res.Body.Close()) }()
	out, err := io.ReadAll(res.Body)
	require.NoError(w.t, err)
	return reply{res.StatusCode, res.Header, out}
}

const phone = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

// tokenOf is what the QR code on a licence holds.
func (w *world) tokenOf(identifier string) string {
	w.t.Helper()
	d, err := w.vault.Drawable(w.t.Context(), vault.Access{
		Caller: fixtures.Hall, Purpose: "x", Ground: vault.GroundLaw, Basis: fixtures.HallBasis,
	}, identifier)
	require.NoError(w.t, err)
	return d.Token
}

// TestPublicPage: a phone that scans a licence sees in Chinese and English whether it is in force, of which version and
// when, and nothing of anybody; the page may run nothing and load nothing.
func TestPublicPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	issued := w.issue("one")
	token := w.tokenOf(issued.Identifier)
	r := w.scan(token, phone)
	require.Equal(t, http.StatusOK, r.status, "%s", r.body)
	require.Equal(t, "text/html; charset=utf-8", r.header.Get("Content-Type"))
	page := string(r.body)
	for _, want := range []string{`class="verdict in-force"`, "有效", "In force", "2026-03-02 09:30:00", "<dd>1</dd>"} {
		require.Contains(t, page, want)
	}
	firm := fixtures.FirmAt(7)
	for _, never := range []string{firm.Name, firm.Code, issued.Number, issued.Identifier, "<script", "http", token} {
		require.NotContains(t, page, never)
	}
	policy := r.header.Get("Content-Security-Policy")
	require.True(t, strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-"), policy)
	require.NotContains(t, policy, "unsafe")
	require.Equal(t, "no-store", r.header.Get("Cache-Control"))

	state := into[api.PublicState](t, w.scan(token, "application/json"))
	require.Equal(t, "valid", state.State)
}

// TestPublicPageNotInForce: what is suspended, unknown or cannot be told now never looks like something in force.
func TestPublicPageNotInForce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	issued := w.issue("one")
	token := w.tokenOf(issued.Identifier)
	for _, bad := range []string{"x", strings.Repeat("A", 65), token[:len(token)-1] + "!"} {
		r := w.scan(bad, phone)
		require.Equal(t, http.StatusNotFound, r.status)
		require.Contains(t, string(r.body), `class="verdict unknown"`)
		require.Contains(t, string(r.body), "查无此证照")
		refused(t, w.scan(bad, "*/*"), http.StatusNotFound, "licence-unknown")
	}
	s := w.call(fixtures.Caller(0), http.MethodPost, "/licences/"+issued.Identifier+"/suspensions",
		api.ActRequest{Basis: "某法第一条", Reason: "x"}, api.HeaderIdempotencyKey, "k", "If-Match", `"1"`)
	require.Equal(t, http.StatusOK, s.status, "%s", s.body)
	r := w.scan(token, phone)
	require.Equal(t, http.StatusOK, r.status)
	require.Contains(t, string(r.body), `class="verdict not-in-force"`)
	require.Contains(t, string(r.body), "暂停")
	require.NotContains(t, string(r.body), "有效")
}
