package server_test

import (
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/httpsig"
	"github.com/elicense/elicense/internal/trace"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/server"
	"github.com/elicense/elicense/server/identity"
)

// TestEventFeed_A75: a department reads what happened to its licences, the operator all of it without content, others
// nothing; a page goes on where the one before ended.
func TestEventFeed_A75(t *testing.T) {
	w := newWorld(t)
	first := w.issue("1")
	second := w.issue("2")
	get := func(key, query string) api.EventPage {
		r := w.call(key, http.MethodGet, "/events"+query, nil)
		require.Equal(t, http.StatusOK, r.status, "%s", r.body)
		return into[api.EventPage](t, r)
	}
	page := get(fixtures.Caller(0), "?limit=1&content=true&kinds=issued")
	require.Len(t, page.Events, 1)
	require.Equal(t, "issued", page.Events[0].Kind)
	require.NotEmpty(t, page.Events[0].Raw)
	require.Len(t, page.Events[0].Salt, 16)
	require.False(t, page.End)
	seen := []string{page.Events[0].Identifier}
	page = get(fixtures.Caller(0), "?kinds=issued&from="+strconv.FormatUint(page.Next, 10))
	require.Len(t, page.Events, 1)
	require.True(t, page.End)
	require.ElementsMatch(t, []string{first.Identifier, second.Identifier}, append(seen, page.Events[0].Identifier))
	require.Empty(t, get(fixtures.Caller(1), "").Events)
	all := get("operator", "")
	require.Len(t, all.Events, 4)
	require.Empty(t, all.Events[0].Raw)
	require.Empty(t, get("operator", "?kinds=revoked").Events)
	require.Len(t, get("operator", "?kinds=issued,revoked&types="+foodRequest(t).Type).Events, 2)
	refused(t, w.call("operator", http.MethodGet, "/events?kinds=isued", nil), http.StatusUnprocessableEntity, "no-such-event-kind")
	require.Equal(t, http.StatusForbidden, w.call("operator", http.MethodGet, "/events?content=true", nil).status)
	refused(t, w.call("reviewer", http.MethodGet, "/events", nil), http.StatusForbidden, "role-forbids")
}

// receiver takes webhooks as a department's system would.
type receiver struct {
	*httptest.Server

	verify client.Webhooks
	down   bool
	got    []string
	bad    error

	messages []string // ids under which they came
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if r.down {
		http.Error(w, "down", http.StatusBadGateway)
		return
	}
	body, err := r.verify.Verify(req)
	if err != nil {
		r.bad = err
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	r.got = append(r.got, string(body))
	id, err := trace.Parse(req.Header.Values(trace.Field))
	r.messages, r.bad = append(r.messages, id), err
	w.WriteHeader(http.StatusNoContent)
}

// newReceiver sets the service up to send webhooks to it.
func (w *world) newReceiver() *receiver {
	w.t.Helper()
	clock := func() time.Time { return w.now }
	province, err := fixtures.NewProvince(rand.Reader, clock)
	require.NoError(w.t, err)
	key, chain, err := province.Enrol(ca.ProfileVault, fixtures.Authority())
	require.NoError(w.t, err)
	r := &receiver{verify: client.Webhooks{Certificates: []*pki.Certificate{chain[0]}, Now: clock}}
	r.Server = httptest.NewServer(r)
	w.t.Cleanup(r.Close)
	w.config.Webhooks = &server.Webhooks{
		Client:  r.Client(),
		Allowed: func(u string) bool { return strings.HasPrefix(u, r.URL) },
		Key:     func() httpsig.Key { return httpsig.Key{Certificate: chain[0].Raw, Signer: key, Rand: rand.Reader} },
	}
	w.restart()
	w.hook = r
	return r
}

// deliver makes the attempts that are due.
func (w *world) deliver() {
	w.t.Helper()
	for {
		did, err := w.server.Deliver(w.t.Context())
		require.NoError(w.t, err)
		if !did {
			return
		}
	}
}

// TestWebhooks: events come to a receiver signed by the service; one that was down gets them later; the log says how it
// went, and they can be sent again.
func TestWebhooks(t *testing.T) {
	w := newWorld(t)
	r := w.newReceiver()
	ask := api.SubscriptionRequest{URL: r.URL + "/hook?of=elicense", Kinds: []string{"issued"}}
	made := w.call(fixtures.Caller(0), http.MethodPost, "/subscriptions", ask, api.HeaderIdempotencyKey, "s")
	require.Equal(t, http.StatusCreated, made.status, "%s", made.body)
	again := w.call(fixtures.Caller(0), http.MethodPost, "/subscriptions", ask, api.HeaderIdempotencyKey, "s")
	require.Equal(t, "true", again.header.Get(api.HeaderReplayed))
	path := "/subscriptions/" + into[api.Subscription](t, made).ID
	r.down = true
	first := w.issue("1")
	w.deliver()
	state := into[api.Subscription](t, w.call(fixtures.Caller(0), http.MethodGet, path, nil))
	require.Equal(t, "failing", state.State)
	require.Equal(t, "status", state.Reason)
	r.down = false
	w.deliver()
	require.Empty(t, r.got)
	w.now = w.now.Add(time.Hour)
	w.deliver()
	require.NoError(t, r.bad)
	require.Len(t, r.got, 1)
	require.Contains(t, r.got[0], first.Identifier)
	require.Contains(t, r.got[0], `"number":1`)
	require.Contains(t, r.got[0], `"sandbox":true`)

	log := into[api.Deliveries](t, w.call(fixtures.Caller(0), http.MethodGet, path+"/deliveries", nil))
	require.Len(t, log.Items, 1)
	require.Equal(t, 2, log.Items[0].Attempts)
	require.Equal(t, http.StatusNoContent, log.Items[0].Status)
	key := []string{api.HeaderIdempotencyKey, "k"}
	replay := w.call(fixtures.Caller(0), http.MethodPost, path+"/replays", api.Replay{From: 0}, key...)
	require.Equal(t, http.StatusOK, replay.status, "%s", replay.body)
	w.deliver()
	require.Len(t, r.got, 2)
	require.Contains(t, r.got[1], `"number":2`)

	refused(t, w.call(fixtures.Caller(0), http.MethodPost, path+"/replays", api.Replay{From: 99}, key...),
		http.StatusUnprocessableEntity, "sequence-of-the-future")
	refused(t, w.call(fixtures.Caller(1), http.MethodGet, path, nil), http.StatusNotFound, "no-such-subscription")
	ask.URL = "https://elsewhere.example/"
	refused(t, w.call(fixtures.Caller(0), http.MethodPost, "/subscriptions", ask, api.HeaderIdempotencyKey, "x"),
		http.StatusUnprocessableEntity, "receiver-not-allowed")
	require.Equal(t, http.StatusOK, w.call(fixtures.Caller(0), http.MethodPost, path+"/resumption", nil, key...).status)
	require.Equal(t, http.StatusNoContent, w.call(fixtures.Caller(0), http.MethodDelete, path, nil, key...).status)
	require.Empty(t, into[api.Subscriptions](t, w.call(fixtures.Caller(0), http.MethodGet, "/subscriptions", nil)).Items)
}

// TestWebhookScope: a department is sent its own licences only, and one that lost its registration nothing.
func TestWebhookScope(t *testing.T) {
	w := newWorld(t)
	r := w.newReceiver()
	for _, key := range []string{fixtures.Caller(0), fixtures.Caller(1), "operator"} {
		ask := api.SubscriptionRequest{URL: r.URL + "/" + url.PathEscape(key)}
		require.Equal(t, http.StatusCreated,
			w.call(key, http.MethodPost, "/subscriptions", ask, api.HeaderIdempotencyKey, "s").status)
	}
	w.issue("1")
	w.deliver()
	require.NoError(t, r.bad)
	require.Len(t, r.got, 2) // the department's and the operator's
	require.Empty(t, idPattern.FindAllString(w.log.String(), -1))
}

// TestNoWebhooks: a service that sends none says so.
func TestNoWebhooks(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/subscriptions", "/subscriptions/x", "/subscriptions/x/deliveries"} {
		refused(t, w.call("operator", http.MethodGet, path, nil), http.StatusNotFound, "not-offered")
	}
}

// TestWebhookEmptyTypes: a list without any type is no way out of a registration: it is as good as none, and a caller
// that may touch no type follows nothing.
func TestWebhookEmptyTypes(t *testing.T) {
	w := newWorldWith(t, func(keys *identity.Keys) {
		keys.Add("none", identity.Caller{
			ID: fixtures.Caller(0), Role: identity.RoleDepartmentSystem, Department: fixtures.Departments()[0].Code,
			Types: []string{},
		})
	})
	r := w.newReceiver()
	w.issue("1")
	subscribe := func(key string) reply {
		return w.call(key, http.MethodPost, "/subscriptions", map[string]any{"url": r.URL, "from": 0, "types": []string{}},
			api.HeaderIdempotencyKey, key)
	}
	made := subscribe("narrow")
	require.Equal(t, http.StatusCreated, made.status, "%s", made.body)
	require.Equal(t, []string{businessType}, into[api.Subscription](t, made).Types)
	w.deliver()
	require.Empty(t, r.got, "a food licence for who may touch business licences")
	refused(t, subscribe("none"), http.StatusForbidden, "type-out-of-scope")
	refused(t, w.call("none", http.MethodGet, "/events", nil), http.StatusForbidden, "type-out-of-scope")
}
