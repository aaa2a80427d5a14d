package server_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/server/identity"
)

// registration is one of the first department's system, with a certificate.
func (w *world) registration() api.Registration {
	w.t.Helper()
	province, err := fixtures.NewProvince(rand.Reader, func() time.Time { return w.now })
	require.NoError(w.t, err)
	_, chain, err := province.Enrol(ca.ProfileDepartment, fixtures.Departments()[0])
	require.NoError(w.t, err)
	return api.Registration{
		Caller: fixtures.Caller(0), Role: "department-system", Department: fixtures.Departments()[0].Code,
		Credentials: []api.Credential{{Kind: "signature", Certificate: chain[0].Raw}},
	}
}

// overseen is what an auditor reads of an act in the chain.
func (w *world) overseen(act string) []api.AuditEntry {
	w.t.Helper()
	r := w.call("auditor", http.MethodGet, "/audit-entries?limit=1000", nil)
	require.Equal(w.t, http.StatusOK, r.status, "%s", r.body)
	var out []api.AuditEntry
	for _, e := range into[api.AuditPage](w.t, r).Entries {
		if e.Act == act {
			out = append(out, e)
		}
	}
	return out
}

// watches are who is watched, as it is kept, and the alarms.
func (w *world) watches() map[string]string {
	w.t.Helper()
	out := map[string]string{}
	require.NoError(w.t, w.engines["alarms"].View(w.t.Context(), func(r engine.Reader) error {
		return r.Scan(engine.Range{}, func(k, v []byte) (bool, error) { out[string(k)] = string(v); return true, nil })
	}))
	return out
}

// TestOversightInChain: who registers a system, revokes it, or watches a person stands in the audit, with his clerk and
// his message, and an auditor reads it there; nobody's number does.
func TestOversightInChain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	reg, id := w.registration(), strings.Repeat("0a", 16)
	as := append(under(id), api.HeaderClerk, "clerk-7")
	firm := fixtures.FirmAt(7).Code
	revocation := "/registrations/market-1/revocation"
	standing := into[api.RegistrationStanding](t, w.call("operator", http.MethodPut, "/registrations/market-1", reg, as...))
	digest := standing.Certificates[0].Digest
	by := map[string]string{
		"register-system": "operator", "revoke-certificate": "operator", "revoke-system": "operator",
		"watch": "auditor", "unwatch": "auditor",
	}
	for _, r := range []reply{
		w.call("operator", http.MethodPost, revocation, api.RegistrationRevocation{Credential: digest}, as...),
		w.call("operator", http.MethodPost, revocation, api.RegistrationRevocation{}, as...),
		w.call("auditor", http.MethodPost, "/watches", api.Watch{Code: firm}, as...),
		w.call("auditor", http.MethodPost, "/watches", api.Watch{Code: firm, Ended: true}, as...),
	} {
		require.Less(t, r.status, http.StatusMultipleChoices, "%s", r.body)
	}
	changes := map[string]string{
		"register-system":    "caller " + fixtures.Caller(0) + "; role department-system; signature " + digest,
		"revoke-certificate": "caller " + fixtures.Caller(0) + "; certificate " + digest,
		"revoke-system":      "caller " + fixtures.Caller(0),
	}
	tokens := map[string]bool{}
	for act, caller := range by {
		entries := w.overseen(act)
		require.Len(t, entries, 1, act)
		e := entries[0]
		require.Equal(t, []string{caller, "clerk-7", id, "done", changes[act]},
			[]string{e.Caller, e.Clerk, e.Message, e.Result, e.Change}, act)
		require.NotEmpty(t, e.Purpose, act)
		require.NotContains(t, e.Object, firm)
		if changes[act] == "" {
			require.Regexp(t, "^watched [0-9a-f]{64}$", e.Object)
			tokens[e.Object] = true
			continue
		}
		require.Equal(t, "registration market-1", e.Object)
		require.Equal(t, fixtures.Departments()[0].Code, e.Issuer)
	}
	require.Len(t, tokens, 1, "both are about one")
}

// TestOversightUnaudited: where the audit cannot be written nobody is registered, revoked, watched or let go.
func TestOversightUnaudited(t *testing.T) {
	t.Parallel()
	disk := &full{Engine: memory.New()}
	w := newWorldOn(t, disk, nil)
	reg, firm := w.registration(), fixtures.FirmAt(7).Code
	changes := func() []reply {
		return []reply{
			w.call("operator", http.MethodPut, "/registrations/market-1", reg),
			w.call("operator", http.MethodPost, "/registrations/market-1/revocation", api.RegistrationRevocation{}),
			w.call("auditor", http.MethodPost, "/watches", api.Watch{Code: firm}),
			w.call("auditor", http.MethodPost, "/watches", api.Watch{Code: firm, Ended: true}),
		}
	}
	shown := func() []identity.Registration { return w.config.Registry.List("", 9) }
	require.Equal(t, http.StatusOK, w.call("operator", http.MethodPut, "/registrations/market-1", reg).status)
	require.Equal(t, http.StatusNoContent, w.call("auditor", http.MethodPost, "/watches", api.Watch{Code: firm}).status)
	before, kept := shown(), w.watches()
	disk.now.Store(true)
	reg.Role = "batch-operator"
	for i, r := range changes() {
		require.Equal(t, http.StatusInsufficientStorage, r.status, "%d: %s", i, r.body)
	}
	require.Empty(t, cmp.Diff(before, shown()))
	require.Equal(t, kept, w.watches())
	disk.now.Store(false)
	for i, r := range changes() {
		require.Less(t, r.status, http.StatusMultipleChoices, "%d: %s", i, r.body)
	}
	require.NotEmpty(t, cmp.Diff(before, shown()))
	require.NotEqual(t, kept, w.watches())
}

// TestOversightOfNone: a caller that does not oversee the vault, or run it, changes nothing by a role that says so.
func TestOversightOfNone(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, func(keys *identity.Keys) {
		keys.Add("inspector", identity.Caller{ID: fixtures.Hall, Role: identity.RoleAuditor})
		keys.Add("chief", identity.Caller{ID: fixtures.Hall, Role: identity.RoleOperator})
	})
	kept := w.watches()
	refused(t, w.call("inspector", http.MethodPost, "/watches", api.Watch{Code: fixtures.FirmAt(7).Code}),
		http.StatusForbidden, "not-auditor")
	refused(t, w.call("chief", http.MethodPut, "/registrations/market-1", w.registration()),
		http.StatusForbidden, "not-operator")
	require.Equal(t, kept, w.watches())
	require.Empty(t, w.config.Registry.List("", 9))
	require.Equal(t, "not-auditor", w.overseen("watch")[0].Result)
	require.Equal(t, "not-operator", w.overseen("register-system")[0].Result)
}

// enrolled are keys of two systems of the first department, which are registered.
func enrolled(t *testing.T) *world {
	t.Helper()
	return enrolledOn(t, memory.New())
}

func enrolledOn(t *testing.T, store engine.Engine) *world {
	t.Helper()
	w := newWorldOn(t, store, func(keys *identity.Keys) {
		for _, id := range []string{"market-1", "market-2"} {
			keys.Add(id, identity.Caller{
				ID: fixtures.Caller(0), Role: identity.RoleDepartmentSystem, Department: fixtures.Departments()[0].Code,
				Registration: id,
			})
		}
	})
	for _, id := range []string{"market-1", "market-2"} {
		r := w.call("operator", http.MethodPut, "/registrations/"+id, w.registration())
		require.Equal(t, http.StatusOK, r.status, "%s", r.body)
	}
	return w
}

// revoke ends a registration.
func (w *world) revoke(id string) {
	w.t.Helper()
	r := w.call("operator", http.MethodPost, "/registrations/"+id+"/revocation", api.RegistrationRevocation{})
	require.Equal(w.t, http.StatusOK, r.status, "%s", r.body)
}

// TestWebhooksOfRevoked: a caller is sent events while one of its systems is registered, and nothing once the last one is
// revoked; its subscription waits for whoever resumes it.
func TestWebhooksOfRevoked(t *testing.T) {
	t.Parallel()
	w := enrolled(t)
	r := w.newReceiver()
	made := w.call("market-1", http.MethodPost, "/subscriptions", api.SubscriptionRequest{URL: r.URL + "/hook"},
		api.HeaderIdempotencyKey, "s")
	path := "/subscriptions/" + into[api.Subscription](t, made).ID
	w.revoke("market-1")
	w.issue("one")
	w.deliver()
	require.Len(t, r.got, 1, "by the right of the other system")
	w.revoke("market-2")
	w.issue("two")
	w.deliver()
	require.Len(t, r.got, 1)
	state := into[api.Subscription](t, w.call(fixtures.Caller(0), http.MethodGet, path, nil))
	require.Equal(t, []string{"paused", "no-right"}, []string{state.State, state.Reason})
}

// TestJobsOfRevoked: a job that waits when the system is revoked that wanted it is refused at its start; another
// system's is done.
func TestJobsOfRevoked(t *testing.T) {
	t.Parallel()
	w := enrolled(t)
	file := w.upload(fixtures.Caller(0), ledger(t, 5, 0))
	q := api.ConversionRequest{Type: foodRequest(t).Type, File: file, FileName: "台账.csv"}
	asked := map[string]reply{}
	for _, system := range []string{"market-1", "market-2"} {
		asked[system] = w.call(system, http.MethodPost, "/conversions", q, api.HeaderIdempotencyKey, system)
		q.DryRun = true
	}
	w.revoke("market-1")
	w.work()
	job := w.jobOf(asked["market-1"])
	require.Equal(t, "failed", job.State)
	require.Equal(t, "credentials-revoked", job.Error.Code)
	require.Empty(t, into[api.Batches](t, w.call(fixtures.Caller(0), http.MethodGet, "/conversions", nil)).Items)
	require.Equal(t, 5, resultOf[api.Conversion](t, w.jobOf(asked["market-2"])).Counts.Rows)

	q.DryRun = false
	unnamed := w.convert("of no system", q)
	w.revoke("market-2")
	w.work()
	require.Equal(t, "credentials-revoked", w.jobOf(unnamed).Error.Code)
}

// trapped is an engine that calls before one of its next writes, and has that wait until nobody wants it any more.
type trapped struct {
	engine.Engine

	after int
	call  func()
	full  error // of every write
}

func (e *trapped) Update(ctx context.Context, do func(engine.Writer) error) error {
	if e.full != nil {
		return e.full
	}
	if call := e.call; call != nil {
		if e.after--; e.after < 0 {
			e.call = nil
			call()
			<-ctx.Done()
		}
	}
	return e.Engine.Update(ctx, do)
}

// TestJobsOfRevokedMeanwhile: a job under way ends when the system is revoked that wanted it; what was done stays done
// and is told, and another system of the department's goes on from there.
func TestJobsOfRevokedMeanwhile(t *testing.T) {
	t.Parallel()
	const rows = 520 // more than share a transaction
	store := &trapped{Engine: memory.New()}
	w := enrolledOn(t, store)
	file := w.upload(fixtures.Caller(0), ledger(t, rows, 0))
	q := api.ConversionRequest{Type: foodRequest(t).Type, File: file, FileName: "台账.csv"}
	done := func(r reply) api.Job {
		w.work()
		return w.jobOf(r)
	}
	made := resultOf[api.Conversion](t, done(w.call("market-1", http.MethodPost, "/conversions", q, api.HeaderIdempotencyKey, "a")))
	path := "/conversions/" + made.Batch + "/undo"
	undo := func(system string) api.Job {
		return done(w.call(system, http.MethodPost, path, api.UndoRequest{Reason: "用错了台账"}, api.HeaderIdempotencyKey, system))
	}
	store.after, store.call = 3, func() { w.revoke("market-1") }
	cut := undo("market-1")
	require.Equal(t, "failed", cut.State)
	require.Equal(t, "credentials-revoked", cut.Error.Code)
	require.NotNil(t, cut.Progress)
	require.Positive(t, cut.Progress.Done)
	require.Less(t, cut.Progress.Done, int64(made.Counts.Created))
	batch := into[api.Batch](t, w.call("market-2", http.MethodGet, "/conversions/"+made.Batch, nil))
	require.Equal(t, "undoing", batch.State)
	require.Equal(t, "done", undo("market-2").State)
}

// TestReadingsAudited: who reads registrations or alarms stands in the audit, before he sees anything; where that cannot
// be written nothing is shown.
func TestReadingsAudited(t *testing.T) {
	t.Parallel()
	store := &trapped{Engine: memory.New()}
	w := enrolledOn(t, store)
	readings := map[string][2]string{
		"/registrations":          {"operator", "registrations "},
		"/registrations/market-1": {"operator", "registrations registration market-1"},
		"/alarms?after=3":         {"auditor", "alarms alarm 4"},
	}
	for path, r := range readings {
		require.Equal(t, http.StatusOK, w.call(r[0], http.MethodGet, path, nil).status, path)
		last := into[api.AuditPage](t, w.call("operator", http.MethodGet, "/audit-entries?last=1", nil)).Entries[0]
		require.Equal(t, r[1], last.Act+" "+last.Object)
	}
	store.full = engine.ErrNoSpace
	for path, r := range readings {
		refused(t, w.call(r[0], http.MethodGet, path, nil), http.StatusInsufficientStorage, "no-space")
	}
}

// narrow keeps a system to these types from now on, or gives it another role.
func (w *world) narrow(id, role string, types ...string) {
	w.t.Helper()
	reg := w.registration()
	reg.Credentials = into[api.RegistrationStanding](w.t, w.call("operator", http.MethodGet, "/registrations/"+id, nil)).Credentials
	reg.Role, reg.Types = role, types
	r := w.call("operator", http.MethodPut, "/registrations/"+id, reg)
	require.Equal(w.t, http.StatusOK, r.status, "%s", r.body)
}

// TestWebhooksOfNarrowed: a subscription is sent what the systems of its owner may touch now, whatever they could when it
// was made; nothing when that is nothing.
func TestWebhooksOfNarrowed(t *testing.T) {
	t.Parallel()
	const system = string(identity.RoleDepartmentSystem)
	for name, x := range map[string]struct {
		role  string
		types []string
		sent  int
		state []string
	}{
		"to it":        {system, []string{foodType(t), businessType}, 1, []string{"active", ""}},
		"to another":   {system, []string{businessType}, 0, []string{"active", ""}},
		"another role": {string(identity.RoleBatchOperator), nil, 0, []string{"paused", "no-right"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := enrolled(t)
			r := w.newReceiver()
			made := w.call("market-1", http.MethodPost, "/subscriptions", api.SubscriptionRequest{URL: r.URL + "/hook"},
				api.HeaderIdempotencyKey, "s")
			w.narrow("market-1", x.role, x.types...)
			w.narrow("market-2", x.role, x.types...)
			w.issue("one")
			w.deliver()
			require.Len(t, r.got, x.sent)
			path := "/subscriptions/" + into[api.Subscription](t, made).ID
			state := into[api.Subscription](t, w.call(fixtures.Caller(0), http.MethodGet, path, nil))
			require.Equal(t, x.state, []string{state.State, state.Reason})
		})
	}
}

// TestJobsOfNarrowed: a job is refused at its start if the system that wanted it may not want it any more.
func TestJobsOfNarrowed(t *testing.T) {
	t.Parallel()
	w := enrolled(t)
	file := w.upload(fixtures.Caller(0), ledger(t, 5, 0))
	q := api.ConversionRequest{Type: foodRequest(t).Type, File: file, FileName: "台账.csv"}
	first := w.call("market-1", http.MethodPost, "/conversions", q, api.HeaderIdempotencyKey, "1")
	second := w.call("market-2", http.MethodPost, "/conversions", q, api.HeaderIdempotencyKey, "2")
	w.narrow("market-1", string(identity.RoleDepartmentSystem), businessType)
	w.narrow("market-2", string(identity.RoleReviewer))
	w.work()
	require.Equal(t, "type-out-of-scope", w.jobOf(first).Error.Code)
	require.Equal(t, "role-forbids", w.jobOf(second).Error.Code)
	require.Empty(t, into[api.Batches](t, w.call(fixtures.Caller(0), http.MethodGet, "/conversions", nil)).Items)
}

// TestRegistrationOfNoTypes: a registration that lists no type is refused: it would be kept as one for every type.
func TestRegistrationOfNoTypes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	text, err := json.Marshal(w.registration())
	require.NoError(t, err)
	for types, status := range map[string]int{`[]`: http.StatusUnprocessableEntity, `["` + businessType + `"]`: http.StatusOK} {
		body := strings.Replace(string(text), "{", `{"types":`+types+`,`, 1)
		r := w.send("operator", http.MethodPut, "/registrations/one", strings.NewReader(body), "Content-Type", "application/json")
		require.Equal(t, status, r.status, "%s", r.body)
	}
}
