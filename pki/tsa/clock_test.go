package tsa_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/enginetest"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/pki/tsa"
)

// source is another clock that says what the test wants.
type source struct {
	mu     sync.Mutex
	name   string
	offset time.Duration
	delay  time.Duration
	err    error
	during func() // runs while it is asked
}

func (s *source) Name() string { return s.name }

func (s *source) Sample(context.Context) (tsa.Sample, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.during != nil {
		s.during()
	}
	return tsa.Sample{Offset: s.offset, Delay: s.delay}, s.err
}

// sourced is a clock with three sources.
func sourced(t *testing.T) (*world, *tsa.Clock, []*source) {
	t.Helper()
	w := &world{clocks: newClocks(), engine: memory.New()}
	list := []*source{{name: "a"}, {name: "b"}, {name: "c"}}
	config := w.clockConfig()
	config.MaxOffset, config.MaxAge = 200*time.Millisecond, time.Hour
	for _, s := range list {
		config.Sources = append(config.Sources, s)
	}
	clock, err := tsa.OpenClock(t.Context(), config)
	require.NoError(t, err)
	return w, clock, list
}

func events(t *testing.T, c *tsa.Clock) []tsa.ClockEvent {
	t.Helper()
	var list []tsa.ClockEvent
	require.NoError(t, c.Audit(t.Context(), func(e tsa.ClockEntry) bool {
		list = append(list, e.Event)
		return true
	}))
	return list
}

func trusted(t *testing.T, c *tsa.Clock) bool {
	t.Helper()
	at, err := c.Now(t.Context())
	if err != nil {
		require.ErrorIs(t, err, tsa.ErrClock)
		require.Zero(t, at)
	}
	return err == nil
}

func TestClockNeedsItsParts(t *testing.T) {
	w := &world{clocks: newClocks(), engine: memory.New()}
	for name, change := range map[string]func(*tsa.ClockConfig){
		"engine":  func(c *tsa.ClockConfig) { c.Engine = nil },
		"now":     func(c *tsa.ClockConfig) { c.Now = nil },
		"elapsed": func(c *tsa.ClockConfig) { c.Elapsed = nil },
		"step":    func(c *tsa.ClockConfig) { c.MaxStep = 0 },
		"offset":  func(c *tsa.ClockConfig) { c.Sources, c.MaxAge = []tsa.Source{&source{}}, 1 },
		"age":     func(c *tsa.ClockConfig) { c.Sources, c.MaxOffset = []tsa.Source{&source{}}, 1 },
		"too few that agree": func(c *tsa.ClockConfig) {
			c.Sources, c.MaxOffset, c.MaxAge, c.Agreeing = []tsa.Source{&source{}, &source{}, &source{}}, 1, 1, 1
		},
		"more that agree than there are": func(c *tsa.ClockConfig) {
			c.Sources, c.MaxOffset, c.MaxAge, c.Agreeing = []tsa.Source{&source{}}, 1, 1, 2
		},
		"agreeing without sources": func(c *tsa.ClockConfig) { c.Agreeing = 1 },
	} {
		config := w.clockConfig()
		change(&config)
		clock, err := tsa.OpenClock(t.Context(), config)
		require.ErrorIs(t, err, tsa.ErrConfig, name)
		require.Nil(t, clock, name)
	}
}

func TestClockThatJumpsIsNotTrusted(t *testing.T) {
	for name, by := range map[string]time.Duration{"ahead": 101 * time.Millisecond, "back": -101 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.clocks.pass(time.Hour)
			w.clocks.set(by / 2)
			require.True(t, trusted(t, w.clock), "half of what is allowed is a correction")
			w.clocks.set(by - by/2)
			require.False(t, trusted(t, w.clock))
			w.clocks.set(-by)
			require.False(t, trusted(t, w.clock), "setting it back makes nothing good")
			require.ErrorIs(t, w.clock.Trust(t.Context(), ""), tsa.ErrClock)
			require.False(t, trusted(t, w.clock))
			require.NoError(t, w.clock.Trust(t.Context(), "值班员甲"))
			require.True(t, trusted(t, w.clock))
			require.Equal(t, []tsa.ClockEvent{tsa.ClockStarted, tsa.ClockJumped, tsa.ClockSet}, events(t, w.clock))
		})
	}
}

func TestClockThatCannotBeSetMustNotRunBack(t *testing.T) {
	w := newWorld(t)
	w.clocks.pass(-time.Minute)
	require.False(t, trusted(t, w.clock))
}

func TestClockAsksItsSources(t *testing.T) {
	w, clock, list := sourced(t)
	require.False(t, trusted(t, clock), "nobody has been asked yet")
	require.ErrorIs(t, clock.Trust(t.Context(), "值班员甲"), tsa.ErrClock, "the sources decide")
	require.NoError(t, clock.Check(t.Context()))
	require.True(t, trusted(t, clock))

	list[0].offset = time.Hour // one liar
	require.NoError(t, clock.Check(t.Context()))
	list[0].err = errors.New("silent")
	require.NoError(t, clock.Check(t.Context()))
	require.True(t, trusted(t, clock))

	list[1].err = errors.New("silent") // no majority left: what was found holds for a while
	require.ErrorIs(t, clock.Check(t.Context()), tsa.ErrClock)
	require.True(t, trusted(t, clock))
	w.clocks.pass(time.Hour + 1)
	require.False(t, trusted(t, clock))

	list[1].err = nil
	require.NoError(t, clock.Check(t.Context()))
	require.True(t, trusted(t, clock))
	list[1].offset, list[2].offset = 201*time.Millisecond, 201*time.Millisecond
	require.ErrorIs(t, clock.Check(t.Context()), tsa.ErrClock)
	require.False(t, trusted(t, clock))
	require.Equal(t, []tsa.ClockEvent{
		tsa.ClockStarted, tsa.ClockChecked, tsa.ClockChecked, tsa.ClockChecked, tsa.ClockNoMajority, tsa.ClockStale,
		tsa.ClockChecked, tsa.ClockWrong,
	}, events(t, clock))
}

func TestClockWantsItsSourcesToAgree(t *testing.T) {
	_, clock, list := sourced(t)
	list[0].offset, list[2].offset = -time.Second, time.Second // the one in the middle is alone
	require.ErrorIs(t, clock.Check(t.Context()), tsa.ErrClock)
	require.False(t, trusted(t, clock))
	list[0].delay = 2 * time.Second // what it says is uncertain by a second
	require.NoError(t, clock.Check(t.Context()))
	require.True(t, trusted(t, clock))
}

// Who wants more than a majority to agree gets no trust from a majority.
func TestClockWantsAsManyToAgree(t *testing.T) {
	w, _, list := sourced(t)
	config := w.clockConfig()
	config.MaxOffset, config.MaxAge, config.Agreeing = time.Second, time.Hour, len(list)
	for _, s := range list {
		config.Sources = append(config.Sources, s)
	}
	clock, err := tsa.OpenClock(t.Context(), config)
	require.NoError(t, err)
	list[0].err = errors.New("silent")
	require.ErrorIs(t, clock.Check(t.Context()), tsa.ErrClock)
	require.False(t, trusted(t, clock))
	list[0].err = nil
	require.NoError(t, clock.Check(t.Context()))
	require.True(t, trusted(t, clock))
}

func TestClockBelievesNoJumpDuringACheck(t *testing.T) {
	w, clock, list := sourced(t)
	require.NoError(t, clock.Check(t.Context()))
	list[0].during = func() { w.clocks.set(time.Hour) } // after it was read, before it is believed
	require.NoError(t, clock.Check(t.Context()))
	require.False(t, trusted(t, clock))
}

// A clock whose audit cannot be written is not trusted.
func TestClockNeedsItsAudit(t *testing.T) {
	w, _, _ := sourced(t)
	faulty := enginetest.NewFaulty(w.engine, nil)
	config := w.clockConfig()
	config.Engine, config.MaxOffset, config.MaxAge = faulty, time.Second, time.Hour
	config.Sources = []tsa.Source{&source{name: "a"}}
	faulty.SetPlan(enginetest.At(0, enginetest.Before))
	_, err := tsa.OpenClock(t.Context(), config)
	require.ErrorIs(t, err, enginetest.ErrInjected)
	clock, err := tsa.OpenClock(t.Context(), config)
	require.NoError(t, err)
	for _, fault := range []enginetest.Fault{enginetest.Before, enginetest.Lost, enginetest.After} {
		require.NoError(t, clock.Check(t.Context()))
		require.True(t, trusted(t, clock))
		faulty.SetPlan(enginetest.At(0, fault))
		require.ErrorIs(t, clock.Check(t.Context()), enginetest.ErrInjected)
		require.False(t, trusted(t, clock))
	}
	require.NoError(t, clock.Check(t.Context()))
	require.True(t, trusted(t, clock))
	events(t, clock)

	faulty.SetPlan(enginetest.At(0, enginetest.Before))
	w.clocks.set(time.Hour)
	_, err = clock.Now(t.Context())
	require.ErrorIs(t, err, tsa.ErrClock)
	require.ErrorIs(t, err, enginetest.ErrInjected)
	require.False(t, trusted(t, clock))
}

func TestClockAuditGoesOn(t *testing.T) {
	w := newWorld(t)
	w.clocks.set(time.Hour)
	require.False(t, trusted(t, w.clock))
	again := w.openClock(t)
	require.Equal(t, []tsa.ClockEvent{tsa.ClockStarted, tsa.ClockJumped, tsa.ClockStarted}, events(t, again))
	var first tsa.ClockEntry
	require.NoError(t, again.Audit(t.Context(), func(e tsa.ClockEntry) bool {
		first = e
		return false
	}))
	require.Equal(t, tsa.ClockEntry{Event: tsa.ClockStarted, At: noon, Elapsed: time.Hour, Trusted: true}, first)
}

func TestClockAuditCannotBeChanged(t *testing.T) {
	entry := func(w *world, n byte) (key, value []byte) {
		key = append([]byte("tsa/clock/"), 0, 0, 0, 0, 0, 0, 0, n)
		require.NoError(t, w.engine.View(t.Context(), func(r engine.Reader) error {
			var err error
			value, err = r.Get(key)
			return err
		}))
		return key, value
	}
	for name, damage := range map[string]func(*world, engine.Writer) error{
		"changed": func(w *world, x engine.Writer) error {
			key, value := entry(w, 1)
			changed := bytes.Replace(value, []byte(`"trusted":true`), []byte(`"trusted":null`), 1)
			require.NotEqual(t, value, changed)
			return x.Put(key, changed)
		},
		"exchanged": func(w *world, x engine.Writer) error {
			_, value := entry(w, 0)
			key, _ := entry(w, 1)
			return x.Put(key, value)
		},
		"taken out": func(w *world, x engine.Writer) error {
			key, _ := entry(w, 1)
			return x.Delete(key)
		},
		"cut": func(w *world, x engine.Writer) error {
			key, value := entry(w, 1)
			return x.Put(key, value[:10])
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.openClock(t)
			clock := w.openClock(t)
			require.Len(t, events(t, clock), 3)
			require.NoError(t, w.engine.Update(t.Context(), func(x engine.Writer) error { return damage(w, x) }))
			err := clock.Audit(t.Context(), func(tsa.ClockEntry) bool { return true })
			require.ErrorIs(t, err, tsa.ErrAudit)
		})
	}
}

func TestClockRunChecksUntilItsEnd(t *testing.T) {
	_, clock, list := sourced(t)
	ctx, cancel := context.WithCancel(t.Context())
	list[0].err, list[1].err = errors.New("silent"), errors.New("silent")
	reports := 0
	err := clock.Run(ctx, time.Millisecond, func(err error) {
		require.ErrorIs(t, err, tsa.ErrClock)
		if reports++; reports == 3 {
			cancel()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	require.GreaterOrEqual(t, len(events(t, clock)), 4)
}
