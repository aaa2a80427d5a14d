package server_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/server"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/server/limit"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// from has addresses told by a header, so that one test has many.
func from(r *http.Request) string { return r.Header.Get("X-From") }

// limited gives the world a service with other limits.
func (w *world) limited(l server.Limits) {
	w.t.Helper()
	l.Address = from
	w.config.Limits = l
	w.restart()
}

// audited counts the entries of the audit.
func (w *world) audited() int {
	w.t.Helper()
	n := 0
	access := vault.Access{Caller: fixtures.Operator, Purpose: "复核", Ground: vault.GroundOperator}
	require.NoError(w.t, w.vault.AuditTrail(w.t.Context(), access, 0, func(*record.AuditEntry) bool {
		n++
		return true
	}))
	return n
}

// TestLimitCaller: who has used up its quota waits, is told how long, and leaves no trace in the vault; others are not
// touched, and time brings the quota back.
func TestLimitCaller(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.limited(server.Limits{PerCaller: limit.Rate{PerSecond: 1, Burst: 3}})
	ask := func(key string) reply {
		return w.call(key, http.MethodPost, "/lookups", api.LookupRequest{
			Asked: api.Asked{Purpose: "核对", Ground: "issuer"}, Type: foodRequest(t).Type, Number: "1",
		}, "X-From", "a")
	}
	for left := 2; left >= 0; left-- {
		r := ask(fixtures.Caller(0))
		require.Equal(t, http.StatusOK, r.status, "%s", r.body)
		require.Equal(t, `"caller";q=3;w=3`, r.header.Get("RateLimit-Policy"))
		require.Contains(t, r.header.Get("RateLimit"), `"caller";r=`+string(rune('0'+left)))
	}
	before := w.audited()
	r := ask(fixtures.Caller(0))
	refused(t, r, http.StatusTooManyRequests, "rate-limited")
	require.Equal(t, "1", r.header.Get("Retry-After"))
	require.True(t, into[api.Problem](t, r).Retryable)
	require.Equal(t, before+1, w.audited(), "one entry: that the audit was read before")
	require.Equal(t, http.StatusOK, ask(fixtures.Caller(1)).status)
	w.now = w.now.Add(time.Second)
	require.Equal(t, http.StatusOK, ask(fixtures.Caller(0)).status)
}

// TestLimitAddress: an address that calls too often is refused before anybody looks at who calls; credentials that do
// not hold cost it more.
func TestLimitAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.limited(server.Limits{PerAddress: limit.Rate{PerSecond: 1, Burst: 60}})
	types := func(key, address string) reply {
		return w.call(key, http.MethodGet, "/licence-types", nil, "X-From", address)
	}
	refused(t, types("guess", "a"), http.StatusUnauthorized, "credentials-unknown")
	refused(t, types("guess", "a"), http.StatusUnauthorized, "credentials-unknown")
	refused(t, types(fixtures.Caller(0), "a"), http.StatusTooManyRequests, "rate-limited")
	require.Equal(t, http.StatusOK, types(fixtures.Caller(0), "b").status)
	w.now = w.now.Add(time.Hour)
	require.Equal(t, http.StatusOK, types(fixtures.Caller(0), "a").status)
}

// TestLimitLogins: whoever guesses at a login, by certificate or by password, is as dear as one with a wrong key.
func TestLimitLogins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	status := http.StatusUnauthorized
	w.config.Provider = http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(status) })
	w.limited(server.Limits{PerAddress: limit.Rate{PerSecond: 1, Burst: 60}})
	for address, try := range map[string]func() reply{
		"a": func() reply {
			return w.call("", http.MethodPost, "/logins", api.LoginRequest{
				Challenge: "made up", Certificate: []byte{1}, Signature: []byte{1},
			}, "X-From", "a")
		},
		"b": func() reply { return w.sendTo("", http.MethodGet, server.ProviderPath+"/login", nil, "X-From", "b") },
	} {
		require.Equal(t, http.StatusUnauthorized, try().status, address)
		require.Equal(t, http.StatusUnauthorized, try().status, address)
		refused(t, try(), http.StatusTooManyRequests, "rate-limited")
	}
	status = http.StatusOK
	for range 20 {
		require.Equal(t, http.StatusOK, w.sendTo("", http.MethodGet, server.ProviderPath+"/login", nil, "X-From", "c").status)
	}
}

// TestLimitOwn: a registration's own quota takes the place of the service's.
func TestLimitOwn(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, func(keys *identity.Keys) {
		keys.Add("own", identity.Caller{
			ID: fixtures.Caller(0), Role: identity.RoleDepartmentSystem, Registration: "market-1",
			Quota: identity.Quota{PerSecond: 1, Burst: 1},
		})
	})
	types := func(key string) reply { return w.call(key, http.MethodGet, "/licence-types", nil) }
	require.Equal(t, http.StatusOK, types("own").status)
	refused(t, types("own"), http.StatusTooManyRequests, "rate-limited")
	require.Equal(t, http.StatusOK, types(fixtures.Caller(0)).status, "the same caller by another registration")
}
