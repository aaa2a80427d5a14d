package alarm_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/server/alarm"
)

const planted = "planted-number-7"

// world is a watcher with a clock that tests move.
type world struct {
	t       *testing.T
	now     time.Time
	engine  engine.Engine
	watcher *alarm.Watcher
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 3, 2, 1, 30, 0, 0, time.UTC), engine: memory.New()}
	w.open()
	return w
}

func (w *world) open() {
	w.t.Helper()
	var err error
	w.watcher, err = alarm.Open(w.t.Context(), alarm.Config{
		Engine: w.engine, Now: func() time.Time { return w.now }, Rand: rand.Reader, Many: 3,
	})
	require.NoError(w.t, err)
}

// failing is an engine that keeps nothing for a while.
type failing struct {
	engine.Engine

	err error
}

func (f *failing) Update(ctx context.Context, do func(engine.Writer) error) error {
	if f.err != nil {
		return f.err
	}
	return f.Engine.Update(ctx, do)
}

// seen is an audit that takes every change.
func seen(context.Context, string, bool) error { return nil }

// TestNotKept: an alarm that could not be kept is raised when the look-up is tried again.
func TestNotKept(t *testing.T) {
	w := newWorld(t)
	e := &failing{Engine: w.engine}
	w.engine = e
	w.open()
	look := alarm.Look{Caller: "one", Clerk: true, NoCase: true, Of: []string{planted}}
	e.err = engine.ErrNoSpace
	require.ErrorIs(t, w.watcher.Observe(t.Context(), look), engine.ErrNoSpace)
	e.err = nil
	require.Equal(t, []alarm.Kind{alarm.KindNoCase}, w.raised(look))
	require.Empty(t, w.raised(look))
}

// raised looks, and gives the kinds of what that raised.
func (w *world) raised(l alarm.Look) []alarm.Kind {
	w.t.Helper()
	before := w.all()
	require.NoError(w.t, w.watcher.Observe(w.t.Context(), l))
	var kinds []alarm.Kind
	for _, a := range w.all()[len(before):] {
		kinds = append(kinds, a.Kind)
	}
	return kinds
}

func (w *world) all() []alarm.Alarm {
	w.t.Helper()
	list, err := w.watcher.List(w.t.Context(), 0, 1000)
	require.NoError(w.t, err)
	for i := range list {
		require.EqualValues(w.t, i+1, list[i].Number)
	}
	return list
}

// TestAlarms_A79: each kind of look-up that somebody should ask about raises its alarm, and ordinary ones raise none.
func TestAlarms_A79(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.Empty(t, w.raised(alarm.Look{Caller: "hall", Of: []string{planted}}))
	require.Equal(t, []alarm.Kind{alarm.KindNoCase}, w.raised(alarm.Look{Caller: "hall", NoCase: true, Trace: "trace-1"}))
	require.Empty(t, w.raised(alarm.Look{Caller: "hall", NoCase: true}), "once an hour")
	require.Equal(t, []alarm.Kind{alarm.KindNoCase}, w.raised(alarm.Look{Caller: "hall", Actor: "clerk-1", NoCase: true}))

	require.Equal(t, []alarm.Kind{alarm.KindSelf}, w.raised(alarm.Look{Caller: "hall", Self: "a", Of: []string{"b", "A "}}))
	require.Equal(t, []alarm.Kind{alarm.KindSelf}, w.raised(alarm.Look{Caller: "hall", Self: "a", Of: []string{"a"}}),
		"each time")
	require.Empty(t, w.raised(alarm.Look{Caller: "hall", Self: "a", Of: []string{"b"}}))
	require.Empty(t, w.raised(alarm.Look{Caller: "hall", Of: []string{""}}))

	w.now = w.now.Add(time.Hour)
	require.Equal(t, []alarm.Kind{alarm.KindNoCase}, w.raised(alarm.Look{Caller: "hall", NoCase: true}))
	first := w.all()[0]
	require.Equal(t, "hall", first.Caller)
	require.Equal(t, "trace-1", first.Trace)
}

// TestMany: one clerk who looks at many persons in an hour, not one who looks at the same often, and no system.
func TestMany(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	look := func(actor string, n int, clerk bool) []alarm.Kind {
		return w.raised(alarm.Look{Caller: "hall", Actor: actor, Clerk: clerk, Of: []string{fmt.Sprint("person-", n)}})
	}
	for range 5 {
		require.Empty(t, look("clerk-1", 0, true))
	}
	for n := range 9 {
		require.Empty(t, look("", n, false))
		require.Empty(t, look(fmt.Sprint("clerk-1", n), n, true), "each of another clerk")
	}
	require.Empty(t, look("clerk-1", 1, true))
	require.Empty(t, look("clerk-1", 2, true))
	require.Equal(t, []alarm.Kind{alarm.KindMany}, look("clerk-1", 3, true))
	require.Equal(t, 4, w.all()[0].Count)
	require.Empty(t, look("clerk-1", 4, true), "once an hour")
	w.now = w.now.Add(time.Hour)
	require.Empty(t, look("clerk-1", 5, true))
}

// TestManyAfterRestart: a restart is no way to begin anew: what was counted and kept counts on, an alarm that was raised is
// not raised again in the hour, and nothing is left of former hours; what could not be kept is kept the next time.
func TestManyAfterRestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := &failing{Engine: w.engine}
	w.engine = e
	w.open()
	look := func(actor string, n int) []alarm.Kind {
		return w.raised(alarm.Look{Caller: "hall", Actor: actor, Clerk: true, Of: []string{fmt.Sprint(planted, n)}})
	}
	for n := range 2 {
		require.Empty(t, look("clerk-1", n))
	}
	e.err = engine.ErrNoSpace
	require.ErrorIs(t, w.watcher.Keep(t.Context()), engine.ErrNoSpace)
	e.err = nil
	require.NoError(t, w.watcher.Keep(t.Context()))
	w.now = w.now.Add(time.Minute)
	w.open()
	require.Empty(t, look("clerk-1", 0), "the same person")
	require.Empty(t, look("clerk-1", 2))
	require.Equal(t, []alarm.Kind{alarm.KindMany}, look("clerk-1", 3))
	require.NoError(t, w.watcher.Keep(t.Context()))
	w.open()
	require.Empty(t, look("clerk-1", 4), "once an hour")
	require.Empty(t, look("clerk-2", 4))
	require.NoError(t, w.watcher.Keep(t.Context()))

	hours := func() (n int) {
		require.NoError(t, w.engine.View(t.Context(), func(r engine.Reader) error {
			n = 0
			return r.Scan(engine.Range{Prefix: []byte("ah")}, func(_, value []byte) (bool, error) {
				require.NotContains(t, string(value), planted)
				n++
				return true, nil
			})
		}))
		return n
	}
	require.Equal(t, 2, hours())
	w.now = w.now.Add(time.Hour - time.Minute)
	w.open()
	require.Empty(t, look("clerk-1", 5))
	e.err = engine.ErrNoSpace
	require.ErrorIs(t, w.watcher.Keep(t.Context()), engine.ErrNoSpace)
	e.err = nil
	require.NoError(t, w.watcher.Keep(t.Context()))
	require.Equal(t, 1, hours())
	w.now = w.now.Add(time.Hour)
	require.Empty(t, look("clerk-3", 5))
	require.NoError(t, w.watcher.Keep(t.Context()))
	require.Equal(t, 1, hours())
}

// TestWatched: look-ups of a watched person raise an alarm, after a restart too, until nobody watches any more.
func TestWatched(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.watcher.Watch(t.Context(), "overseer", planted, true, seen))
	for range 2 {
		require.Equal(t, []alarm.Kind{alarm.KindWatched}, w.raised(alarm.Look{Caller: "hall", Of: []string{planted}}))
		require.Empty(t, w.raised(alarm.Look{Caller: "hall", Of: []string{"somebody else"}}))
		w.open()
	}
	require.NoError(t, w.watcher.Watch(t.Context(), "overseer", planted, false, seen))
	require.Empty(t, w.raised(alarm.Look{Caller: "hall", Of: []string{planted}}))
	w.open()
	require.Empty(t, w.raised(alarm.Look{Caller: "hall", Of: []string{planted}}))
}

// dying is an engine that keeps only so many writes more; then its process is gone.
type dying struct {
	engine.Engine

	left int // negative: it lives
}

var errGone = errors.New("the process is gone")

func (d *dying) Update(ctx context.Context, do func(engine.Writer) error) error {
	if d.left == 0 {
		return errGone
	}
	d.left--
	return d.Engine.Update(ctx, do)
}

// TestWatchBrokenOff: a process that ends at any step of a change of who is watched leaves nothing half: whoever opens
// the alarms next finishes it, with an entry of its own, by whom it was begun; and does it once.
func TestWatchBrokenOff(t *testing.T) {
	t.Parallel()
	look := alarm.Look{Caller: "hall", Of: []string{planted}}
	for name, left := range map[string]int{"before anything": 0, "before the audit": 1, "before the effect": 1, "not at all": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			e := &dying{w.engine, -1}
			w.engine = e
			w.open()
			var told []string
			e.left = left
			err := w.watcher.Watch(t.Context(), "overseer", planted, true, func(_ context.Context, token string, _ bool) error {
				if name == "before the audit" {
					return errGone
				}
				told = append(told, token)
				return nil
			})
			require.Equal(t, name == "not at all", err == nil, "%v", err)
			e.left = -1
			w.open()
			finished, err := w.watcher.Finish(t.Context(), func(_ context.Context, by, token string, on bool) error {
				require.Equal(t, "overseer", by)
				require.True(t, on)
				require.Empty(t, w.raised(look), "nothing counts yet")
				told = append(told, token)
				return nil
			})
			require.NoError(t, err)
			require.Equal(t, name == "before the audit" || name == "before the effect", finished)
			require.Len(t, w.raised(look), min(1, len(told)), "an effect and an entry go together")
			require.Equal(t, name == "before anything", len(told) == 0)
			w.open()
			require.Len(t, w.raised(look), min(1, len(told)))
			finished, err = w.watcher.Finish(t.Context(), nil)
			require.NoError(t, err)
			require.False(t, finished, "once")
		})
	}
}

// TestWatchFinishRefused: what cannot be witnessed now stays for the next opening; what whoever began it may not do any
// more is taken back; what was witnessed and could not be kept is carried out before the next change.
func TestWatchFinishRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := &dying{w.engine, -1}
	w.engine = e
	w.open()
	e.left = 1
	require.ErrorIs(t, w.watcher.Watch(t.Context(), "overseer", planted, true, seen), errGone)
	e.left = -1
	for _, want := range []error{errGone, alarm.ErrRefused} {
		w.open()
		was, err := w.watcher.Finish(t.Context(), func(context.Context, string, string, bool) error { return want })
		require.ErrorIs(t, err, want)
		require.True(t, was)
	}
	w.open()
	was, err := w.watcher.Finish(t.Context(), nil)
	require.NoError(t, err)
	require.False(t, was)

	e.left = 1
	require.ErrorIs(t, w.watcher.Watch(t.Context(), "overseer", planted, true, seen), errGone)
	require.ErrorIs(t, w.watcher.Watch(t.Context(), "overseer", "somebody else", true, seen), errGone)
	e.left = -1
	require.NoError(t, w.watcher.Watch(t.Context(), "overseer", "somebody else", true, seen))
	require.Equal(t, []alarm.Kind{alarm.KindWatched}, w.raised(alarm.Look{Caller: "hall", Of: []string{planted}}))
}

// TestPrivate: who is watched and who was looked at stands in no key and no value.
func TestPrivate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.watcher.Watch(t.Context(), "overseer", planted, true, seen))
	require.NotEmpty(t, w.raised(alarm.Look{Caller: "hall", Self: planted, Of: []string{planted}, NoCase: true}))
	pairs := 0
	require.NoError(t, w.engine.View(t.Context(), func(r engine.Reader) error {
		return r.Scan(engine.Range{}, func(key, value []byte) (bool, error) {
			pairs++
			for _, b := range [][]byte{key, value} {
				require.NotContains(t, strings.ToLower(string(b)), planted)
			}
			return true, nil
		})
	}))
	require.GreaterOrEqual(t, pairs, 4)
}

// TestWatchWitnessed: who is watched is written down before it counts, by a token that is not his number; what cannot be
// written down changes nothing, neither now nor after a restart.
func TestWatchWitnessed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	look := alarm.Look{Caller: "hall", Of: []string{planted}}
	full := errors.New("no audit")
	var tokens []string
	for _, on := range []bool{true, false} {
		before := len(w.raised(look))
		require.ErrorIs(t, w.watcher.Watch(t.Context(), "overseer", planted, on, nil), alarm.ErrConfig)
		for _, err := range []error{full, nil} {
			require.ErrorIs(t, w.watcher.Watch(t.Context(), "overseer", planted, on, func(_ context.Context, token string, is bool) error {
				require.Equal(t, on, is)
				require.Len(t, w.raised(look), before, "nothing counts yet")
				tokens = append(tokens, token)
				return err
			}), err)
			if err != nil {
				w.open()
				require.Len(t, w.raised(look), before)
			}
		}
		require.Len(t, w.raised(look), 1-before)
	}
	for _, token := range tokens {
		require.Equal(t, tokens[0], token)
		require.Regexp(t, "^[0-9a-f]{64}$", token)
	}
}

// TestFails: an alarm that cannot be kept is an error, so that the look-up is not answered; damage closes it.
func TestFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, w.watcher.Observe(ended, alarm.Look{Caller: "hall", NoCase: true}), context.Canceled)
	require.ErrorIs(t, w.watcher.Watch(ended, "overseer", planted, true, seen), context.Canceled)
	require.Empty(t, w.raised(alarm.Look{Caller: "hall", Of: []string{planted}}))

	for key, value := range map[string]string{
		"ak": "short", "awshort": "x", "ahx": "{", "ahy": `{"began":"2026-03-02T01:00:00Z","persons":["eA=="]}`,
	} {
		e := memory.New()
		require.NoError(t, e.Update(t.Context(), func(tx engine.Writer) error { return tx.Put([]byte(key), []byte(value)) }))
		_, err := alarm.Open(t.Context(), alarm.Config{Engine: e, Now: func() time.Time { return w.now }, Rand: rand.Reader})
		require.ErrorIs(t, err, engine.ErrCorrupt, key)
	}
	_, err := alarm.Open(t.Context(), alarm.Config{})
	require.ErrorIs(t, err, alarm.ErrConfig)
}
