package vault_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
)

// readFeed reads the feed to its end in pages of a size, and checks what every page must be.
func (w *world) readFeed(a vault.Access, q vault.FeedQuery) []vault.FeedItem {
	w.t.Helper()
	var list []vault.FeedItem
	for {
		page, err := w.v.Events(w.t.Context(), a, q)
		require.NoError(w.t, err, problemsOf(err))
		for _, item := range page.Items {
			require.GreaterOrEqual(w.t, item.Sequence, q.From)
			require.Less(w.t, item.Sequence, page.Next)
			if n := len(list); n > 0 {
				require.Greater(w.t, item.Sequence, list[n-1].Sequence)
			}
			list = append(list, item)
		}
		q.From = page.Next
		if page.End {
			return list
		}
	}
}

func kindsOf(list []vault.FeedItem) []record.Kind {
	out := make([]record.Kind, 0, len(list))
	for i := range list {
		out = append(out, list[i].Kind)
	}
	return out
}

// TestEvents_A75: everything that happened is in the feed, in order, however large the pages are, for whom it concerns.
func TestEvents_A75(t *testing.T) {
	w := newWorld(t)
	first := w.issue("1", number(1))
	w.now = w.now.Add(time.Second)
	_, err := w.v.Suspend(t.Context(), department(0), vault.Act{Key: "2", Identifier: first.Identifier, Basis: "b", Reason: "r"})
	require.NoError(t, err)
	w.now = w.now.Add(time.Second)
	other := w.complete(food("3", number(2)))
	_, err = w.v.Issue(t.Context(), department(1), other)
	require.NoError(t, err)
	w.now = w.now.Add(time.Second)
	_, err = w.v.Resume(t.Context(), department(0), vault.Act{Key: "4", Identifier: first.Identifier, Basis: "b", Reason: "r"})
	require.NoError(t, err)

	for limit := 1; limit < 6; limit++ {
		all := w.readFeed(operator(), vault.FeedQuery{Limit: limit})
		require.Equal(t, []record.Kind{
			record.EventIssued, record.EventSuspended, record.EventIssued, record.EventResumed,
		}, kindsOf(all))
		for i := range all {
			require.Equal(t, uint64(i), all[i].Sequence)
			require.Empty(t, all[i].Raw, "an operator sees no content")
		}
		own := w.readFeed(department(0), vault.FeedQuery{Limit: limit, Content: true})
		require.Equal(t, []uint64{0, 1, 3}, []uint64{own[0].Sequence, own[1].Sequence, own[2].Sequence})
		history, err := w.v.History(t.Context(), department(0), first.Identifier)
		require.NoError(t, err)
		for i := range own {
			require.Equal(t, history[i].Raw, own[i].Raw)
			require.Equal(t, ledger.Commit(history[i].Salt, history[i].Raw), ledger.Commit(own[i].Salt, own[i].Raw))
		}
	}
	require.Len(t, w.readFeed(department(1), vault.FeedQuery{}), 1)
	require.Empty(t, w.readFeed(department(2), vault.FeedQuery{}))
	require.Equal(t, []record.Kind{record.EventResumed},
		kindsOf(w.readFeed(operator(), vault.FeedQuery{Kinds: []record.Kind{record.EventResumed}})))
	require.Empty(t, w.readFeed(operator(), vault.FeedQuery{Types: []string{"other"}}))
	end, err := w.v.FeedEnd(t.Context())
	require.NoError(t, err)
	require.Equal(t, uint64(4), end)
	page, err := w.v.Events(t.Context(), operator(), vault.FeedQuery{From: 1 << 40})
	require.NoError(t, err)
	require.Equal(t, &vault.FeedPage{Next: 1 << 40, End: true}, page)
}

// TestEventsRefused: whoever neither issued a licence nor runs the vault follows nothing, and an operator gets no
// content. A refusal stands in the audit, and so does every page that tells something.
func TestEventsRefused(t *testing.T) {
	w := newWorld(t)
	w.issue("1", number(1))
	stranger := department(0)
	stranger.Caller = "nobody"
	posing := department(0)
	posing.Ground = vault.GroundOperator
	for name, c := range map[string]struct {
		a    vault.Access
		q    vault.FeedQuery
		want error
	}{
		"law":          {byLaw(), vault.FeedQuery{}, vault.ErrDenied},
		"holder":       {w.asHolder("001", firm(1), vault.LevelCertificate), vault.FeedQuery{}, vault.ErrDenied},
		"no operator":  {posing, vault.FeedQuery{}, vault.ErrDenied},
		"nobody":       {stranger, vault.FeedQuery{}, vault.ErrUnknownCaller},
		"content":      {operator(), vault.FeedQuery{Content: true}, vault.ErrDenied},
		"long page":    {operator(), vault.FeedQuery{Limit: vault.MaxFeedItems + 1}, vault.ErrInvalid},
		"back in time": {operator(), vault.FeedQuery{Limit: -1}, vault.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			page, err := w.v.Events(t.Context(), c.a, c.q)
			require.ErrorIs(t, err, c.want)
			require.Nil(t, page)
		})
	}
	w.readFeed(department(0), vault.FeedQuery{})
	var results []string
	require.NoError(t, w.v.AuditTrail(t.Context(), operator(), 1, func(e *record.AuditEntry) bool {
		if e.Act == "events" {
			results = append(results, fmt.Sprint(e.Asked.Caller, " ", e.Result, " ", e.Count))
		}
		return true
	}))
	require.Contains(t, results, "department-1 done 1")
	require.Contains(t, results, "hall not-issuer 0")
	require.Len(t, results, 7)
}

// TestEventsOfBatch_A73: what waits for its sign-off is told to its department alone. With the sign-off others learn
// that it is there, where they have passed it, under the numbers that it had from the beginning.
func TestEventsOfBatch_A73(t *testing.T) {
	w := newWorld(t)
	w.issue("1", number(9))
	w.now = w.now.Add(time.Second)
	_, b := w.work(t, "one", []line{{number: 1}, {number: 2}})
	waiting := w.readFeed(department(0), vault.FeedQuery{})
	require.Equal(t, []record.Kind{record.EventIssued, record.EventConverted, record.EventConverted}, kindsOf(waiting))
	require.Equal(t, waiting[:1], w.readFeed(operator(), vault.FeedQuery{}))
	w.signOff(b.ID)
	w.issue("2", number(8))

	for _, a := range []vault.Access{operator(), department(0)} {
		rest := w.readFeed(a, vault.FeedQuery{From: 3, Limit: 1})
		require.Equal(t, []record.Kind{vault.FeedOpened, record.EventIssued}, kindsOf(rest))
		require.Equal(t, b.ID, rest[0].Batch)
		require.Equal(t, uint64(4), rest[1].Sequence)
		require.LessOrEqual(t, rest[0].From, uint64(1))
		again := w.readFeed(a, vault.FeedQuery{From: rest[0].From})
		require.Equal(t, waiting[1:], again[len(again)-4:len(again)-2])
	}
	require.Equal(t, []record.Kind{record.EventIssued}, kindsOf(w.readFeed(operator(), vault.FeedQuery{From: 4})))
}

// TestEventsOfUndo: a conversion that nobody else saw and that was taken back stays untold; one that was open is told to
// be withdrawn.
func TestEventsOfUndo(t *testing.T) {
	w := newWorld(t)
	_, unseen := w.work(t, "one", []line{{number: 1}})
	w.undo(unseen.ID)
	require.Equal(t, []record.Kind{vault.FeedOpened}, kindsOf(w.readFeed(operator(), vault.FeedQuery{})))
	_, seen := w.work(t, "two", []line{{number: 2}})
	w.signOff(seen.ID)
	w.undo(seen.ID)
	require.Equal(t, []record.Kind{vault.FeedOpened, record.EventConverted, vault.FeedOpened, record.EventWithdrawn},
		kindsOf(w.readFeed(operator(), vault.FeedQuery{})))
}

// followed is what somebody has learnt who reads the feed as it grows.
type followed struct {
	access vault.Access
	next   uint64
	seen   map[uint64]vault.FeedItem
}

// follow reads on from where the follower stopped, and again where a batch was opened.
func (f *followed) follow(w *world, limit int) {
	end, err := w.v.FeedEnd(w.t.Context())
	require.NoError(w.t, err)
	for f.next < end {
		page, err := w.v.Events(w.t.Context(), f.access, vault.FeedQuery{From: f.next, Limit: limit})
		require.NoError(w.t, err, problemsOf(err))
		f.next = page.Next
		for _, item := range page.Items {
			_, before := f.seen[item.Sequence]
			f.seen[item.Sequence] = item
			if item.Kind == vault.FeedOpened && !before {
				f.next = item.From
				break
			}
		}
	}
}

// TestFollowers: whatever happens between two pages, a follower who reads on learns of all that a reader from the
// beginning finds, under the same numbers.
func TestFollowers(t *testing.T) {
	settled := newWorld(t)
	rapid.Check(t, func(r *rapid.T) {
		m := newModel(settled)
		w := m.world
		followers := []*followed{
			{access: operator(), seen: map[uint64]vault.FeedItem{}},
			{access: department(0), seen: map[uint64]vault.FeedItem{}},
		}
		r.Repeat(map[string]func(*rapid.T){
			"issue": m.issue, "act": m.act, "reserve": m.reserveOne, "settle": m.settleOne,
			"convert": m.convertSome, "settle batch": m.settleBatch,
			"follow": func(r *rapid.T) {
				for _, f := range followers {
					f.follow(w, rapid.IntRange(1, 4).Draw(r, "limit"))
				}
			},
		})
		for _, f := range followers {
			f.follow(w, 3)
			for _, item := range w.readFeed(f.access, vault.FeedQuery{}) {
				require.Equal(t, item, f.seen[item.Sequence])
			}
		}
	})
}

// TestEventsOfClosed_A69: what happened to licences of a type that is classified later is in nobody's feed any more.
func TestEventsOfClosed_A69(t *testing.T) {
	c := newClassified(t)
	for name, a := range map[string]vault.Access{"issuer": department(0), "operator": operator()} {
		for q := (vault.FeedQuery{}); ; {
			page, err := c.v.Events(t.Context(), a, q)
			require.NoError(t, err, name)
			for _, item := range page.Items {
				require.NotContains(t, item.Identifier, c.typ, name)
				require.NotEqual(t, c.batch, item.Batch, name)
			}
			if q.From = page.Next; page.End {
				break
			}
		}
	}
}

// TestEventsOfOneInstant_A75: what happens to a licence within one microsecond, or by a clock that goes back, stands in the
// feed in the order in which it happened.
func TestEventsOfOneInstant_A75(t *testing.T) {
	w := newWorld(t)
	for i := range 40 {
		req := w.complete(food(fmt.Sprint(i), fmt.Sprint(i)))
		delete(req.Values, "ZZBH")
		req.Division = "350102"
		issued, err := w.v.Issue(t.Context(), department(0), req) // reserved and issued at one instant
		require.NoError(t, err, problemsOf(err))
		w.now = w.now.Add(-time.Millisecond)
		_, err = w.v.Suspend(t.Context(), department(0), vault.Act{
			Key: fmt.Sprintf("s%d", i), Identifier: issued.Identifier, Basis: "b", Reason: "r",
		})
		require.NoError(t, err, problemsOf(err))
	}
	next := map[string]int{}
	for _, item := range w.readFeed(department(0), vault.FeedQuery{Limit: 1000}) {
		next[item.Identifier]++
		require.Equal(t, next[item.Identifier], item.Number)
	}
	require.Len(t, next, 40)
}
