package feed_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/server/feed"
)

var errRight = errors.New("no right")

// world is a feed that grows and a receiver whose answers a test chooses.
type world struct {
	t      *testing.T
	h      *feed.Webhooks
	now    time.Time
	config feed.Config
	length uint64 // of the feed
	source error
	got    []api.Webhook // what the receiver took
	tries  int
	answer func() (int, error)
	began  func(owner string) // a message is made for him; nil: nobody asks
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	w.answer = func() (int, error) { return http.StatusNoContent, nil }
	w.config = feed.Config{
		Engine: memory.New(), Space: 'w', Source: w, Now: func() time.Time { return w.now }, Rand: rand.Reader, Client: w,
		Allowed: func(url string) bool { return strings.HasPrefix(url, "https://receiver.example/") },
		Sign:    func(r *http.Request, _ []byte) error { r.Header.Set("Signature", "s"); return nil },
	}
	w.reopen()
	return w
}

func (w *world) reopen() {
	w.t.Helper()
	var err error
	w.h, err = feed.Open(w.config)
	require.NoError(w.t, err)
}

// Events gives the even numbers.
func (w *world) Events(_ context.Context, owner feed.Owner, q feed.Query) (*api.EventPage, error) {
	if w.source != nil {
		return nil, w.source
	}
	if w.began != nil {
		w.began(owner.ID)
	}
	p := &api.EventPage{Next: q.From}
	for ; p.Next < w.length && len(p.Events) < q.Limit; p.Next++ {
		if p.Next%2 == 0 {
			p.Events = append(p.Events, api.Event{Sequence: p.Next, Kind: "issued", Identifier: owner.ID})
		}
	}
	p.End = p.Next == w.length
	return p, nil
}

func (w *world) End(context.Context) (uint64, error) { return w.length, nil }

func (w *world) Refused(err error) bool { return errors.Is(err, errRight) }

// Do is the receiver.
func (w *world) Do(r *http.Request) (*http.Response, error) {
	w.tries++
	status, err := w.answer()
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(r.Body)
	require.NoError(w.t, err)
	require.Equal(w.t, "s", r.Header.Get("Signature"))
	if status < 300 {
		var m api.Webhook
		require.NoError(w.t, json.Unmarshal(body, &m))
		require.Equal(w.t, m.Subscription, r.Header.Get(feed.HeaderSubscription))
		w.got = append(w.got, m)
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader("ignored"))}, nil
}

func (w *world) subscribe() *feed.Subscription {
	w.t.Helper()
	s, _, err := w.h.Subscribe(w.t.Context(), feed.Request{
		Owner: feed.Owner{ID: "one"}, Key: "k", URL: "https://receiver.example/hook", From: new(uint64),
	})
	require.NoError(w.t, err)
	return s
}

func (w *world) get(id string) *feed.Subscription {
	w.t.Helper()
	s, err := w.h.Subscription(w.t.Context(), "one", id)
	require.NoError(w.t, err)
	return s
}

// run steps until nothing is to be done at this time.
func (w *world) run() {
	w.t.Helper()
	for {
		did, err := w.h.Step(w.t.Context())
		require.NoError(w.t, err)
		if !did {
			return
		}
	}
}

// sequences are those that the receiver took, message by message; the numbers must run on.
func (w *world) sequences() (list []uint64) {
	w.t.Helper()
	for i, m := range w.got {
		require.Equal(w.t, uint64(i+1), m.Number)
		for _, e := range m.Events {
			list = append(list, e.Sequence)
		}
	}
	return list
}

func evens(from, to uint64) (list []uint64) {
	for n := from + from%2; n < to; n += 2 {
		list = append(list, n)
	}
	return list
}

// TestInOrder: everything comes once, in order, in numbered messages, also across a restart.
func TestInOrder(t *testing.T) {
	w := newWorld(t)
	w.length = 450
	s := w.subscribe()
	w.run()
	require.Equal(t, evens(0, 450), w.sequences())
	require.Len(t, w.got, 3)
	w.reopen()
	w.length = 460
	w.run()
	require.Equal(t, evens(0, 460), w.sequences())
	require.Equal(t, uint64(460), w.get(s.ID).Next)
	log, err := w.h.Deliveries(t.Context(), "one", s.ID, 2)
	require.NoError(t, err)
	require.Equal(t, []uint64{4, 3}, []uint64{log[0].Number, log[1].Number})
	require.Equal(t, feed.Delivery{
		Number: 4, From: 450, Next: 460, Events: 5, Created: w.now, Taken: w.now, Attempts: 1, Status: 204, Last: w.now,
	}, log[0])
	w.length = 461 // an even one
	w.run()
	w.length = 462 // an odd one: nothing to send
	tries := w.tries
	w.run()
	require.Equal(t, tries, w.tries)
	require.Equal(t, uint64(462), w.get(s.ID).Next)
}

// TestDownForADay: a receiver that is down for a day is tried less and less, and gets everything once it is back, in
// order and under the same numbers; another's messages do not wait for it.
func TestDownForADay(t *testing.T) {
	w := newWorld(t)
	s := w.subscribe()
	down := w.now.Add(24 * time.Hour)
	w.answer = func() (int, error) {
		if w.now.Before(down) {
			return 0, errors.New("connection refused")
		}
		return http.StatusOK, nil
	}
	for w.now.Before(down) {
		w.length++
		w.run()
		w.now = w.now.Add(time.Minute)
	}
	require.Empty(t, w.got)
	require.Less(t, w.tries, 40)
	require.Greater(t, w.tries, 20)
	failing := w.get(s.ID)
	require.Equal(t, feed.Failing, failing.State)
	require.Equal(t, "connection", failing.Reason)
	require.Zero(t, failing.Number)
	w.now = w.now.Add(time.Hour)
	w.run()
	require.Equal(t, evens(0, w.length), w.sequences())
	require.Equal(t, feed.Active, w.get(s.ID).State)
	log, err := w.h.Deliveries(t.Context(), "one", s.ID, 100)
	require.NoError(t, err)
	require.Equal(t, w.tries-len(w.got)+1, log[len(log)-1].Attempts)
}

// TestClockJumps: a clock that is set back keeps nobody waiting for a year, and one that jumps ahead gives nobody up.
func TestClockJumps(t *testing.T) {
	w := newWorld(t)
	s := w.subscribe()
	w.length = 4
	w.answer = func() (int, error) { return http.StatusBadGateway, nil }
	w.run()
	start := w.now
	w.now = start.AddDate(1, 0, 0)
	w.run()
	require.Equal(t, feed.Failing, w.get(s.ID).State, "after two attempts")
	w.answer = func() (int, error) { return http.StatusOK, nil }
	w.now = start
	w.run()
	require.Equal(t, feed.Active, w.get(s.ID).State)
	require.Equal(t, evens(0, w.length), w.sequences())
}

// TestPaused: a receiver that is down for a week is not tried any more until its owner resumes it; then nothing is lost.
func TestPaused(t *testing.T) {
	w := newWorld(t)
	s := w.subscribe()
	w.length = 10
	w.answer = func() (int, error) { return http.StatusBadGateway, nil }
	for range 8 * 24 {
		w.run()
		w.now = w.now.Add(time.Hour)
	}
	require.Equal(t, feed.Paused, w.get(s.ID).State)
	tries := w.tries
	w.now = w.now.Add(30 * 24 * time.Hour)
	w.run()
	require.Equal(t, tries, w.tries)
	w.answer = func() (int, error) { return http.StatusOK, nil }
	_, err := w.h.Resume(t.Context(), "one", s.ID)
	require.NoError(t, err)
	w.run()
	require.Equal(t, evens(0, 10), w.sequences())
}

// TestReplay: the feed is sent again from any number on, in new messages.
func TestReplay(t *testing.T) {
	w := newWorld(t)
	s := w.subscribe()
	w.length = 10
	w.run()
	_, err := w.h.Replay(t.Context(), "one", s.ID, 4)
	require.NoError(t, err)
	w.run()
	require.Equal(t, append(evens(0, 10), evens(4, 10)...), w.sequences())
	_, err = w.h.Replay(t.Context(), "one", s.ID, 11)
	require.ErrorIs(t, err, feed.ErrFuture)

	// A replay that is asked for while a message is under way counts, whatever becomes of the message.
	w.length = 12
	w.answer = func() (int, error) {
		w.answer = func() (int, error) { return http.StatusOK, nil }
		_, err := w.h.Replay(t.Context(), "one", s.ID, 0)
		require.NoError(t, err)
		return http.StatusOK, nil
	}
	w.run()
	require.Equal(t, evens(0, 12), w.sequences()[len(w.sequences())-6:])
}

// TestOwnTrouble: trouble of the service leaves the receiver alone; a right that is gone pauses.
func TestOwnTrouble(t *testing.T) {
	w := newWorld(t)
	s := w.subscribe()
	w.length = 2
	w.source = engine.ErrNoSpace
	_, err := w.h.Step(t.Context())
	require.ErrorIs(t, err, engine.ErrNoSpace)
	require.Equal(t, feed.Active, w.get(s.ID).State)
	w.source = nil
	w.config.Sign = func(*http.Request, []byte) error { return errors.New("no key") }
	w.reopen()
	_, err = w.h.Step(t.Context())
	require.Error(t, err)
	require.Zero(t, w.tries)
	w.source = errRight
	w.run()
	require.Equal(t, feed.Paused, w.get(s.ID).State)
	require.Equal(t, "no-right", w.get(s.ID).Reason)
}

// TestAddress: an address that is not allowed is refused, and one that is not any more gets nothing.
func TestAddress(t *testing.T) {
	w := newWorld(t)
	_, _, err := w.h.Subscribe(t.Context(), feed.Request{Owner: feed.Owner{ID: "one"}, Key: "k", URL: "http://127.0.0.1/"})
	require.ErrorIs(t, err, feed.ErrURL)
	s := w.subscribe()
	w.length = 2
	w.config.Allowed = func(string) bool { return false }
	w.reopen()
	w.run()
	require.Zero(t, w.tries)
	require.Equal(t, "refused-address", w.get(s.ID).Reason)
	w.config.Allowed = func(string) bool { return true }
	w.reopen()
	w.answer = func() (int, error) { return 0, feed.ErrURL }
	w.now = w.now.Add(time.Hour)
	w.run()
	require.Equal(t, "refused-address", w.get(s.ID).Reason)
	w.answer = func() (int, error) { return 0, context.DeadlineExceeded }
	w.now = w.now.Add(time.Hour)
	w.run()
	require.Equal(t, "timeout", w.get(s.ID).Reason)
}

// TestSubscribe: the same request is the same subscription; keys and subscriptions of others are their own.
func TestSubscribe(t *testing.T) {
	w := newWorld(t)
	w.length = 7
	first := w.subscribe()
	require.Equal(t, first, w.subscribe())
	ask := func(q feed.Request) (*feed.Subscription, error) {
		s, _, err := w.h.Subscribe(t.Context(), q)
		return s, err
	}
	_, err := ask(feed.Request{Owner: feed.Owner{ID: "one"}, Key: "k", URL: "https://receiver.example/other"})
	require.ErrorIs(t, err, feed.ErrReused)
	from := uint64(8)
	_, err = ask(feed.Request{Owner: feed.Owner{ID: "one"}, Key: "f", URL: "https://receiver.example/", From: &from})
	require.ErrorIs(t, err, feed.ErrFuture)
	_, err = ask(feed.Request{Owner: feed.Owner{ID: "one"}, URL: "https://receiver.example/"})
	require.ErrorIs(t, err, feed.ErrConfig)
	other, err := ask(feed.Request{Owner: feed.Owner{ID: "two"}, Key: "k", URL: "https://receiver.example/"})
	require.NoError(t, err)
	require.Equal(t, uint64(7), other.Next)
	w.config.Max = 1
	w.reopen()
	_, err = ask(feed.Request{Owner: feed.Owner{ID: "one"}, Key: "l", URL: "https://receiver.example/"})
	require.ErrorIs(t, err, feed.ErrTooMany)
	for _, id := range []string{other.ID, "", "xy"} {
		_, err = w.h.Subscription(t.Context(), "one", id)
		require.ErrorIs(t, err, feed.ErrNotFound)
		require.ErrorIs(t, w.h.Cancel(t.Context(), "one", id), feed.ErrNotFound)
		_, err = w.h.Resume(t.Context(), "one", id)
		require.ErrorIs(t, err, feed.ErrNotFound)
		_, err = w.h.Deliveries(t.Context(), "one", id, 1)
		require.ErrorIs(t, err, feed.ErrNotFound)
	}
	list, err := w.h.Subscriptions(t.Context(), "one")
	require.NoError(t, err)
	require.Len(t, list, 1)
	w.run()
	require.NoError(t, w.h.Cancel(t.Context(), "one", first.ID))
	list, err = w.h.Subscriptions(t.Context(), "one")
	require.NoError(t, err)
	require.Empty(t, list)
	_, err = feed.Open(feed.Config{})
	require.ErrorIs(t, err, feed.ErrConfig)
}

// TestSweep: the log of what was sent long ago goes.
func TestSweep(t *testing.T) {
	w := newWorld(t)
	s := w.subscribe()
	w.length = 2
	w.run()
	w.now = w.now.Add(31 * 24 * time.Hour)
	w.length = 4
	w.run()
	require.NoError(t, w.h.Sweep(t.Context()))
	log, err := w.h.Deliveries(t.Context(), "one", s.ID, 10)
	require.NoError(t, err)
	require.Len(t, log, 1)
	require.Equal(t, uint64(2), log[0].Number)
}

// TestTurns: who has much to get does not keep the others waiting, and an owner whose receivers are slow leaves workers
// for others.
func TestTurns(t *testing.T) {
	w := newWorld(t)
	w.length = 2000
	var last string
	for _, owner := range []string{"one", "two"} {
		for _, key := range []string{"a", "b", "c"} {
			s, _, err := w.h.Subscribe(t.Context(), feed.Request{
				Owner: feed.Owner{ID: owner}, Key: key, URL: "https://receiver.example/hook", From: new(uint64),
			})
			require.NoError(t, err)
			last = s.ID
		}
	}
	step := func() { _, err := w.h.Step(t.Context()); require.NoError(t, err) }
	for range 6 {
		step()
	}
	seen := map[string]int{}
	for _, m := range w.got {
		seen[m.Subscription]++
	}
	require.Len(t, seen, 6, "each had its turn")
	require.NoError(t, w.h.Cancel(t.Context(), "two", last))

	var owners []string // whose receivers are called at the same time
	w.answer = func() (int, error) {
		if len(owners) < 4 {
			step()
		}
		return http.StatusOK, nil
	}
	w.source = nil
	w.began = func(owner string) { owners = append(owners, owner) }
	step()
	slices.Sort(owners)
	require.Equal(t, []string{"one", "one", "two", "two"}, owners)
}

// TestStop: Run ends with its context.
func TestStop(t *testing.T) {
	w := newWorld(t)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	require.NoError(t, w.h.Run(ctx))
}

// TestBacklog: the operator sees which receivers fail, since when, and how far the slowest is behind.
func TestBacklog(t *testing.T) {
	w := newWorld(t)
	w.subscribe()
	backlog := func() feed.Backlog {
		b, err := w.h.Backlog(t.Context())
		require.NoError(t, err)
		return b
	}
	require.Equal(t, feed.Backlog{Active: 1}, backlog())
	w.length = 3
	require.Equal(t, feed.Backlog{Active: 1, Behind: 3}, backlog())
	w.answer = func() (int, error) { return 0, context.DeadlineExceeded }
	since := w.now
	w.run()
	got := backlog()
	require.True(t, got.Since.Equal(since), got.Since)
	require.Positive(t, got.Failed)
	got.Since, got.Failed = time.Time{}, 0
	require.Equal(t, feed.Backlog{Failing: 1, Behind: 3}, got)
}
