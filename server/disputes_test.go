package server_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// own is what a holder asks by.
func own() api.Asked { return api.Asked{Purpose: "核对本人证照", Ground: "holder"} }

// dispute says that the name on a licence is not right.
func dispute(asked api.Asked, identifier string) api.DisputeRequest {
	return api.DisputeRequest{
		Asked: asked, Identifier: identifier, Reason: "名称有误",
		Elements: []api.Disputed{{Field: "certificateHolderName", Claimed: "另一名称"}},
	}
}

func (w *world) raise(key, idempotency string, r api.DisputeRequest) reply {
	return w.call(key, http.MethodPost, "/disputes", r, api.HeaderIdempotencyKey, idempotency)
}

func (w *world) settle(key, id string, by api.Settlement) reply {
	return w.call(key, http.MethodPost, "/disputes/"+id+"/settlement", by, api.HeaderIdempotencyKey, "settle")
}

func (w *world) disputes(key, query string) []api.Dispute {
	return into[api.Disputes](w.t, w.call(key, http.MethodGet, "/disputes"+query, nil)).Disputes
}

// TestDispute_D1_9: a holder disputes an element; the department that issued sees it, and nobody else does; it is
// settled as corrected only when it is, and the quality of the department's data counts it; all of it stands in the
// audit and outlives the service.
func TestDispute_D1_9(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	issued := w.issue("one")
	r := w.raise("firm-7", "k", dispute(own(), issued.Identifier))
	require.Equal(t, http.StatusCreated, r.status, "%s", r.body)
	raised := into[api.Dispute](t, r)
	require.Equal(t, "open", raised.State)
	require.Equal(t, []api.Disputed{{Field: "CZZT", Claimed: "另一名称"}}, raised.Elements)
	require.Equal(t, fixtures.Departments()[0].Code, raised.Issuer)
	again := w.raise("firm-7", "k", dispute(own(), issued.Identifier))
	require.Equal(t, []any{http.StatusOK, "true"}, []any{again.status, again.header.Get("X-Replayed")})
	require.Equal(t, raised, into[api.Dispute](t, again))

	w.restart()
	require.Equal(t, []api.Dispute{raised}, w.disputes("firm-7", ""))
	require.Equal(t, []api.Dispute{raised}, w.disputes(fixtures.Caller(0), ""))
	for _, other := range []string{"firm-8", "reviewer", fixtures.Caller(1), "narrow"} {
		require.Empty(t, w.disputes(other, ""), other)
		refused(t, w.call(other, http.MethodGet, "/disputes/"+raised.ID, nil), http.StatusNotFound, "no-such-dispute")
	}
	refused(t, w.settle(fixtures.Caller(1), raised.ID, api.Settlement{Outcome: "rejected", Reason: "x"}),
		http.StatusNotFound, "no-such-dispute")

	corrected := api.Settlement{Outcome: "corrected", Version: 2}
	refused(t, w.settle(fixtures.Caller(0), raised.ID, corrected), http.StatusConflict, "not-corrected")
	w.now = w.now.Add(36 * time.Hour)
	w.rename(issued.Identifier)
	corrected.Version = 3
	refused(t, w.settle(fixtures.Caller(0), raised.ID, corrected), http.StatusConflict, "not-corrected")
	corrected.Version = 2
	settled := into[api.Dispute](t, w.settle(fixtures.Caller(0), raised.ID, corrected))
	require.Equal(t, []any{"corrected", 2}, []any{settled.State, settled.CorrectedBy})
	require.Equal(t, "true", w.settle(fixtures.Caller(0), raised.ID, corrected).header.Get("X-Replayed"))
	refused(t, w.settle(fixtures.Caller(0), raised.ID, api.Settlement{Outcome: "rejected", Reason: "x"}),
		http.StatusConflict, "dispute-settled")
	require.Empty(t, w.disputes(fixtures.Caller(0), ""))
	require.Equal(t, []api.Dispute{settled}, w.disputes("firm-7", "?state=settled"))
	require.Equal(t, settled, into[api.Dispute](t, w.call("firm-7", http.MethodGet, "/disputes/"+raised.ID, nil)))

	q := into[api.Quality](t, w.call(fixtures.Caller(0), http.MethodGet, "/quality?from=2026-03-01&until=2026-03-31", nil))
	require.Equal(t, []any{0, 1, 1.5}, []any{q.Disputes, q.Settled, q.SettledDays})
	q = into[api.Quality](t, w.call(fixtures.Caller(0), http.MethodGet, "/quality?from=2026-03-01&until=2026-03-02", nil))
	require.Zero(t, q.Settled)
	require.Subset(t, w.acts("dispute "+raised.ID), []string{"raise-dispute", "settle-dispute corrected", "see-dispute"})
}

// rename changes the holder's name on a licence.
func (w *world) rename(identifier string) {
	w.t.Helper()
	r := w.call(fixtures.Caller(0), http.MethodPost, "/licences/"+identifier+"/changes", api.ActRequest{
		Values: map[string]string{"CZZT": "另一名称"}, Paper: "P-new", Basis: "申请", Reason: "更正",
	}, api.HeaderIdempotencyKey, "rename", "If-Match", `"1"`)
	require.Less(w.t, r.status, http.StatusBadRequest, "%s", r.body)
}

// acts are what the audit has about an object.
func (w *world) acts(object string) []string {
	w.t.Helper()
	var list []string
	access := vault.Access{Caller: fixtures.Operator, Purpose: "复核", Ground: vault.GroundOperator}
	require.NoError(w.t, w.vault.AuditTrail(w.t.Context(), access, 0, func(e *record.AuditEntry) bool {
		if e.Object == object {
			act := e.Act
			if e.Result != "" && e.Result != "done" {
				act += " " + e.Result
			}
			list = append(list, act)
		}
		return true
	}))
	return list
}

// TestDisputeRefused: what cannot be a dispute or its end is refused with all that is wrong.
func TestDisputeRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	issued := w.issue("one")
	stranger := w.raise("firm-8", "k", dispute(own(), issued.Identifier))
	require.NotEqual(t, http.StatusCreated, stranger.status, "a stranger's licence")
	wrong := dispute(own(), issued.Identifier)
	wrong.Elements = append(wrong.Elements, api.Disputed{Field: "没有"})
	r := w.raise("firm-7", "k", wrong)
	refused(t, r, http.StatusUnprocessableEntity, "field-unknown")
	require.Equal(t, "/elements/1/field", into[api.Problem](t, r).Errors[0].Path)
	found := w.raise("reviewer", "k", dispute(byLaw(), issued.Identifier))
	require.Equal(t, http.StatusCreated, found.status, "%s", found.body)
	id := into[api.Dispute](t, found).ID
	other := dispute(byLaw(), issued.Identifier)
	other.Reason = "另一理由"
	refused(t, w.raise("reviewer", "k", other), http.StatusUnprocessableEntity, "idempotency-key-of-another-request")
	for _, s := range []api.Settlement{
		{Outcome: "corrected"}, {Outcome: "rejected"}, {Outcome: "rejected", Reason: "x", Version: 2},
	} {
		refused(t, w.settle(fixtures.Caller(0), id, s), http.StatusUnprocessableEntity, "settlement-incomplete")
	}
	rejected := into[api.Dispute](t, w.settle(fixtures.Caller(0), id, api.Settlement{Outcome: "rejected", Reason: "与档案一致"}))
	require.Equal(t, []string{"rejected", "与档案一致"}, []string{rejected.State, rejected.Because})
	for i := range 100 {
		r := w.raise("firm-7", "n"+time.Duration(i).String(), dispute(own(), issued.Identifier))
		require.Equal(t, http.StatusCreated, r.status, "%s", r.body)
	}
	refused(t, w.raise("firm-7", "more", dispute(own(), issued.Identifier)), http.StatusConflict, "too-many-disputes")
}

// TestOwners: holders that log in at one place call by its name; what the service keeps for one of them no other sees,
// though he knows the id or uses the same key.
func TestOwners(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.upload("firm-7", []byte("mine"))
	require.Equal(t, http.StatusOK, w.call("firm-7", http.MethodGet, "/files/"+id, nil).status)
	refused(t, w.call("firm-8", http.MethodGet, "/files/"+id, nil), http.StatusNotFound, "no-such-file")
	refused(t, w.call("reviewer", http.MethodGet, "/files/"+id, nil), http.StatusNotFound, "no-such-file")
	require.NotEqual(t, id, w.upload("firm-8", []byte("mine")))
}

// TestDisputesInFeed_D1_9: a dispute and its end come to the department by its feed and webhooks, in order with the
// events; what a crash or a vault that takes nothing has left untold comes later, and nothing comes twice.
func TestDisputesInFeed_D1_9(t *testing.T) {
	t.Parallel()
	store := memory.New()
	w := newWorldOn(t, store, nil)
	issued := w.issue("one")
	raised := into[api.Dispute](t, w.raise("firm-7", "k", dispute(own(), issued.Identifier)))
	w.raise("firm-7", "k", dispute(own(), issued.Identifier))
	w.rename(issued.Identifier)
	require.Equal(t, http.StatusOK, w.settle(fixtures.Caller(0), raised.ID, api.Settlement{Outcome: "corrected", Version: 2}).status)
	require.NoError(t, w.server.Tell(t.Context()))
	list := w.happened(fixtures.Caller(0), "")
	require.Equal(t, []string{"reserved", "issued", "dispute-raised", "changed", "dispute-settled"}, kindsIn(list))
	for i, e := range list {
		require.EqualValues(t, i, e.Sequence)
	}
	require.Equal(t, []string{raised.ID, raised.ID}, []string{list[2].Dispute, list[4].Dispute})
	require.Empty(t, w.happened(fixtures.Caller(1), ""))
	require.Equal(t, []string{"dispute-settled"}, kindsIn(w.happened(fixtures.Caller(0), "kinds=dispute-settled")))

	second := into[api.Dispute](t, w.raise("firm-7", "k2", dispute(own(), issued.Identifier)))
	require.NoError(t, w.vault.MarkRestored(t.Context())) // it takes nothing
	require.Equal(t, http.StatusOK, w.settle(fixtures.Caller(0), second.ID, api.Settlement{Outcome: "rejected", Reason: "x"}).status)
	require.ErrorIs(t, w.server.Tell(t.Context()), vault.ErrRestored)
	w.restart()
	require.NoError(t, store.Update(t.Context(), func(w engine.Writer) error { return w.Delete([]byte{'R'}) }))
	for range 2 {
		require.NoError(t, w.server.Tell(t.Context()))
		require.Equal(t, []string{"dispute-raised", "dispute-settled"}, kindsIn(w.happened(fixtures.Caller(0), "from=5")))
	}
}

// happened is what the feed has.
func (w *world) happened(key, more string) []api.Event {
	w.t.Helper()
	return into[api.EventPage](w.t, w.call(key, http.MethodGet, "/events?"+more, nil)).Events
}

func kindsIn(list []api.Event) []string {
	out := []string{}
	for i := range list {
		out = append(out, list[i].Kind)
	}
	return out
}

// TestDisputePages: a list of disputes is walked page by page, none twice and none left out, open and settled.
func TestDisputePages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	issued := w.issue("one")
	want := map[string]bool{}
	for _, key := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		if key != "c" { // two at one time
			w.now = w.now.Add(time.Second)
		}
		want[into[api.Dispute](t, w.raise("firm-7", key, dispute(own(), issued.Identifier))).ID] = true
	}
	walk := func(state string) map[string]bool {
		seen, after := map[string]bool{}, ""
		for range want {
			page := into[api.Disputes](t, w.call(fixtures.Caller(0), http.MethodGet,
				"/disputes?limit=2&state="+state+"&after="+after, nil))
			for _, d := range page.Disputes {
				require.False(t, seen[d.ID], "twice")
				seen[d.ID] = true
			}
			if after = page.Next; after == "" {
				require.False(t, page.More)
				return seen
			}
			require.True(t, page.More)
		}
		t.Fatal("there is no end")
		return nil
	}
	require.Equal(t, want, walk("open"))
	for id := range want {
		require.Equal(t, http.StatusOK, w.settle(fixtures.Caller(0), id, api.Settlement{Outcome: "rejected", Reason: "x"}).status)
	}
	require.Equal(t, want, walk("settled"))
	require.Empty(t, walk("open"))
	for _, bad := range []string{"x", "0123456789abcdef0123456789abcdef0123456789abcdeg", "00"} {
		refused(t, w.call(fixtures.Caller(0), http.MethodGet, "/disputes?after="+bad, nil), http.StatusUnprocessableEntity, "cursor-malformed")
	}
}
