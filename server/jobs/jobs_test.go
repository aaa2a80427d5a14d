package jobs_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/server/jobs"
)

var errPasses, errFails = errors.New("passes"), errors.New("fails")

type world struct {
	*jobs.Jobs
	now    time.Time
	engine engine.Engine
	config jobs.Config
}

func newWorld(t *testing.T, work jobs.Work) *world {
	t.Helper()
	w := &world{now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), engine: memory.New()}
	w.config = jobs.Config{
		Engine: w.engine, Space: 'j', Now: func() time.Time { return w.now }, Rand: rand.Reader,
		Kinds:   map[string]jobs.Work{"work": work},
		Explain: func(_ *jobs.Job, err error) json.RawMessage { b, _ := json.Marshal(err.Error()); return b },
		Passes:  func(err error) bool { return errors.Is(err, errPasses) },
	}
	w.reopen(t)
	return w
}

func (w *world) reopen(t *testing.T) {
	t.Helper()
	var err error
	w.Jobs, err = jobs.Open(w.config)
	require.NoError(t, err)
}

func (w *world) add(t *testing.T, key string) *jobs.Job {
	t.Helper()
	j, _, err := w.Add(t.Context(), jobs.Request{Kind: "work", Owner: "one", Key: key, Spec: map[string]string{"n": key}})
	require.NoError(t, err)
	return j
}

func (w *world) get(t *testing.T, id string) *jobs.Job {
	t.Helper()
	j, err := w.Get(t.Context(), "one", id)
	require.NoError(t, err)
	return j
}

func (w *world) step(t *testing.T) bool {
	t.Helper()
	did, err := w.Step(t.Context())
	require.NoError(t, err)
	return did
}

// TestOrder: jobs are done one after the other, and each shows its result and how far it came.
func TestOrder(t *testing.T) {
	var order []string
	w := newWorld(t, func(_ context.Context, j *jobs.Job, tell func(jobs.Progress)) (any, error) {
		var spec map[string]string
		require.NoError(t, json.Unmarshal(j.Spec, &spec))
		order = append(order, spec["n"])
		tell(jobs.Progress{Done: 3, Total: 3, Exact: true})
		return spec, nil
	})
	require.False(t, w.step(t))
	first := w.add(t, "1")
	w.now = w.now.Add(time.Second)
	second := w.add(t, "2")
	require.Equal(t, jobs.Waiting, first.State)
	require.True(t, w.step(t))
	require.True(t, w.step(t))
	require.False(t, w.step(t))
	require.Equal(t, []string{"1", "2"}, order)
	j := w.get(t, second.ID)
	require.Equal(t, jobs.Done, j.State)
	require.JSONEq(t, `{"n":"2"}`, string(j.Result))
	require.Equal(t, jobs.Progress{Done: 3, Total: 3, Exact: true}, j.Progress)
	list, err := w.List(t.Context(), "one", 10)
	require.NoError(t, err)
	require.Equal(t, []string{second.ID, first.ID}, []string{list[0].ID, list[1].ID})
}

// TestAgain: the same request under the same key is the same job; another request under it is refused, and another
// owner has keys of his own and sees nothing of the first.
func TestAgain(t *testing.T) {
	w := newWorld(t, func(context.Context, *jobs.Job, func(jobs.Progress)) (any, error) { return nil, nil })
	j := w.add(t, "k")
	again, replayed, err := w.Add(t.Context(), jobs.Request{Kind: "work", Owner: "one", Key: "k", Spec: map[string]string{"n": "k"}})
	require.NoError(t, err)
	require.True(t, replayed)
	require.Equal(t, j.ID, again.ID)
	_, _, err = w.Add(t.Context(), jobs.Request{Kind: "work", Owner: "one", Key: "k", Spec: 7})
	require.ErrorIs(t, err, jobs.ErrKeyReused)
	_, _, err = w.Add(t.Context(), jobs.Request{Kind: "work", Owner: "one", Key: "k", Spec: map[string]string{"n": "l", "m/": ""}})
	var reused *jobs.ReusedError
	require.ErrorAs(t, err, &reused)
	require.Equal(t, &jobs.ReusedError{Members: []string{"/m~1", "/n"}}, reused)
	other, replayed, err := w.Add(t.Context(), jobs.Request{Kind: "work", Owner: "two", Key: "k", Spec: 7})
	require.NoError(t, err)
	require.False(t, replayed)
	for _, id := range []string{other.ID, "", "xy", "00112233445566778899aabbccddeeff"} {
		_, err = w.Get(t.Context(), "one", id)
		require.ErrorIs(t, err, jobs.ErrNotFound)
		_, err = w.Cancel(t.Context(), "one", id)
		require.ErrorIs(t, err, jobs.ErrNotFound)
	}
}

// TestClockSetBack: a job that waits for a time which the clock, set back, would reach in a year is begun at once.
func TestClockSetBack(t *testing.T) {
	result := errPasses
	w := newWorld(t, func(context.Context, *jobs.Job, func(jobs.Progress)) (any, error) { return nil, result })
	j := w.add(t, "k")
	require.True(t, w.step(t))
	require.False(t, w.step(t), "it waits")
	result = nil
	w.now = w.now.AddDate(-1, 0, 0)
	require.True(t, w.step(t))
	require.Equal(t, jobs.Done, w.get(t, j.ID).State)
}

// TestRefusals: what is not known or too much is refused before anything is written.
func TestRefusals(t *testing.T) {
	w := newWorld(t, func(context.Context, *jobs.Job, func(jobs.Progress)) (any, error) { return nil, nil })
	for _, req := range []jobs.Request{{Kind: "other", Owner: "one", Key: "k"}, {Kind: "work", Key: "k"}, {Kind: "work", Owner: "one"}} {
		_, _, err := w.Add(t.Context(), req)
		require.ErrorIs(t, err, jobs.ErrConfig)
	}
	_, _, err := w.Add(t.Context(), jobs.Request{Kind: "work", Owner: "one", Key: "k", Spec: make([]byte, 1<<20)})
	require.ErrorIs(t, err, engine.ErrTooLarge)
	w.config.MaxWaiting = 2
	w.reopen(t)
	w.add(t, "1")
	w.add(t, "2")
	_, _, err = w.Add(t.Context(), jobs.Request{Kind: "work", Owner: "one", Key: "3"})
	require.ErrorIs(t, err, jobs.ErrTooMany)
	_, _, err = w.Add(t.Context(), jobs.Request{Kind: "work", Owner: "two", Key: "3"})
	require.NoError(t, err)
	_, err = jobs.Open(jobs.Config{})
	require.ErrorIs(t, err, jobs.ErrConfig)
}

// TestEnds: trouble that passes puts a job off, longer each time; other trouble and a panic fail it.
func TestEnds(t *testing.T) {
	var result error
	w := newWorld(t, func(context.Context, *jobs.Job, func(jobs.Progress)) (any, error) {
		if result == nil {
			panic("a secret")
		}
		return nil, result
	})
	id := w.add(t, "1").ID
	result = errPasses
	for _, pause := range []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second} {
		require.True(t, w.step(t))
		require.Equal(t, jobs.Waiting, w.get(t, id).State)
		w.now = w.now.Add(pause - 1)
		require.False(t, w.step(t))
		w.now = w.now.Add(1)
	}
	result = errFails
	require.True(t, w.step(t))
	require.Equal(t, jobs.Failed, w.get(t, id).State)
	require.JSONEq(t, `"fails"`, string(w.get(t, id).Failure))
	_, err := w.Cancel(t.Context(), "one", id)
	require.ErrorIs(t, err, jobs.ErrEnded)
	result = nil
	id = w.add(t, "2").ID
	require.True(t, w.step(t))
	require.Equal(t, jobs.Failed, w.get(t, id).State)
	require.NotContains(t, string(w.get(t, id).Failure), "secret")
}

// TestCancel: a job that waits ends at once, one under way when its work notices; both stay ended.
func TestCancel(t *testing.T) {
	started := make(chan string, 1)
	w := newWorld(t, func(ctx context.Context, j *jobs.Job, tell func(jobs.Progress)) (any, error) {
		tell(jobs.Progress{Done: 1, Total: 9})
		started <- j.ID
		<-ctx.Done()
		return nil, ctx.Err()
	})
	waiting := w.add(t, "1")
	j, err := w.Cancel(t.Context(), "one", waiting.ID)
	require.NoError(t, err)
	require.Equal(t, jobs.Cancelled, j.State)
	require.False(t, w.step(t))
	running := w.add(t, "2")
	ended := make(chan error)
	go func() { _, err := w.Step(t.Context()); ended <- err }()
	<-started
	require.Equal(t, jobs.Progress{Done: 1, Total: 9}, w.get(t, running.ID).Progress)
	j, err = w.Cancel(t.Context(), "one", running.ID)
	require.NoError(t, err)
	require.True(t, j.Cancelling)
	require.NoError(t, <-ended)
	require.Equal(t, jobs.Cancelled, w.get(t, running.ID).State)
	_, err = w.Cancel(t.Context(), "one", running.ID)
	require.NoError(t, err)
}

// afterUpdate calls back once, after the next transaction.
type afterUpdate struct {
	engine.Engine

	call func()
}

func (a *afterUpdate) Update(ctx context.Context, f func(engine.Writer) error) error {
	err := a.Engine.Update(ctx, f)
	if call := a.call; call != nil {
		a.call = nil
		call()
	}
	return err
}

// TestCancelAsItBegins: a job that is cancelled after it was claimed and before its work is under way stops.
func TestCancelAsItBegins(t *testing.T) {
	w := newWorld(t, func(ctx context.Context, _ *jobs.Job, _ func(jobs.Progress)) (any, error) {
		return nil, context.Cause(ctx)
	})
	between := &afterUpdate{Engine: w.engine}
	w.config.Engine = between
	w.reopen(t)
	j := w.add(t, "1")
	between.call = func() {
		got, err := w.Cancel(t.Context(), "one", j.ID)
		require.NoError(t, err)
		require.Equal(t, jobs.Running, got.State)
	}
	require.True(t, w.step(t))
	require.Equal(t, jobs.Cancelled, w.get(t, j.ID).State)
}

// TestStop: when the process stops, a job under way goes back into the queue and is done after the next start.
func TestStop(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	first := true
	w := newWorld(t, func(ctx context.Context, _ *jobs.Job, _ func(jobs.Progress)) (any, error) {
		if first {
			first = false
			stop()
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return "done", nil
	})
	id := w.add(t, "1").ID
	require.NoError(t, w.Run(ctx))
	require.Equal(t, jobs.Waiting, w.get(t, id).State)
	w.reopen(t)
	require.True(t, w.step(t))
	require.Equal(t, jobs.Done, w.get(t, id).State)
}

// TestCrash: a job in the middle of which the process ended is begun again, unless it was to be cancelled, and not for
// ever.
func TestCrash(t *testing.T) {
	w := newWorld(t, func(context.Context, *jobs.Job, func(jobs.Progress)) (any, error) { return nil, nil })
	id := w.add(t, "1").ID
	crash := func() {
		require.NoError(t, w.Claim(t.Context(), id)) // and the process is gone
		w.reopen(t)
		require.NoError(t, w.Recover(t.Context()))
	}
	for range 4 {
		crash()
		require.Equal(t, jobs.Waiting, w.get(t, id).State)
	}
	crash()
	require.Equal(t, jobs.Failed, w.get(t, id).State)
	id = w.add(t, "2").ID
	require.NoError(t, w.Claim(t.Context(), id))
	_, err := w.Cancel(t.Context(), "one", id)
	require.NoError(t, err)
	w.reopen(t)
	require.NoError(t, w.Recover(t.Context()))
	require.Equal(t, jobs.Cancelled, w.get(t, id).State)
}

// TestSweep: a job goes when its time is over, with the key of its request; one that has not ended stays.
func TestSweep(t *testing.T) {
	w := newWorld(t, func(context.Context, *jobs.Job, func(jobs.Progress)) (any, error) { return nil, nil })
	id := w.add(t, "1").ID
	w.now = w.now.Add(31 * 24 * time.Hour)
	require.NoError(t, w.Sweep(t.Context()))
	require.Equal(t, jobs.Waiting, w.get(t, id).State)
	require.True(t, w.step(t))
	require.NoError(t, w.Sweep(t.Context()))
	_, err := w.Get(t.Context(), "one", id)
	require.ErrorIs(t, err, jobs.ErrNotFound)
	require.NoError(t, w.engine.View(t.Context(), func(r engine.Reader) error {
		return r.Scan(engine.Range{}, func(k, _ []byte) (bool, error) { require.Empty(t, k); return true, nil })
	}))
}

// TestDamaged: what cannot be read is said to be damaged, never begun.
func TestDamaged(t *testing.T) {
	w := newWorld(t, func(context.Context, *jobs.Job, func(jobs.Progress)) (any, error) { return nil, nil })
	id := w.add(t, "1").ID
	require.NoError(t, w.engine.Update(t.Context(), func(e engine.Writer) error {
		return e.Put(w.JobKey(id), []byte(`{"id":"other"}`))
	}))
	_, err := w.Get(t.Context(), "one", id)
	require.ErrorIs(t, err, jobs.ErrDamaged)
	_, err = w.Step(t.Context())
	require.ErrorIs(t, err, jobs.ErrDamaged)
}
