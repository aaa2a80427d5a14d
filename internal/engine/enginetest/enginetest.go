// Package enginetest proves an adapter against the contract of package engine, and supplies wrappers that make any
// engine misbehave within the contract: Faulty injects failures, Twice runs every closure once more than needed.
package enginetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
)

// Pair is a key and its value, as a scan shows them.
type Pair struct{ Key, Value string }

// Open gives a test an empty engine and closes it when the test ends.
type Open func(t *testing.T) engine.Engine

// Run checks everything the contract says but durability.
func Run(t *testing.T, open Open) {
	t.Helper()
	RunLess(t, 0, open)
}

// RunLess is Run for an engine that needs overhead bytes of each value for itself.
func RunLess(t *testing.T, overhead int, open Open) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(*testing.T, engine.Engine)
	}{
		{"get put delete", testBasics},
		{"own writes", testOwnWrites},
		{"scan", testScan},
		{"scan of uncommitted", testScanUncommitted},
		{"scan stops", testScanStops},
		{"scan against a model", testScanModel},
		{"limits", func(t *testing.T, e engine.Engine) { testLimits(t, e, overhead) }},
		{"failed closure", testFailedClosure},
		{"misuse", testMisuse},
		{"ownership", testOwnership},
		{"snapshot", testSnapshot},
		{"phantom", testPhantom},
		{"lost update", testLostUpdate},
		{"unequal neighbours", testNeighbours},
		{"context", testContext},
		{"panic", testPanic},
		{"large transactions", testLargeTransactions},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

// Set commits one value.
func Set(t testing.TB, e engine.Engine, key, value string) {
	t.Helper()
	require.NoError(t, e.Update(t.Context(), func(w engine.Writer) error { return w.Put([]byte(key), []byte(value)) }))
}

// Value reads one committed value; ok is false when the key does not exist.
func Value(t testing.TB, e engine.Engine, key string) (value string, ok bool) {
	t.Helper()
	err := e.View(t.Context(), func(r engine.Reader) error {
		v, err := r.Get([]byte(key))
		value, ok = string(v), err == nil
		if errors.Is(err, engine.ErrNotFound) {
			return nil
		}
		return err
	})
	require.NoError(t, err)
	return value, ok
}

// Pairs reads everything that r selects.
func Pairs(t testing.TB, e engine.Engine, r engine.Range) (pairs []Pair) {
	t.Helper()
	require.NoError(t, e.View(t.Context(), func(rd engine.Reader) error {
		pairs = collect(t, rd, r)
		return nil
	}))
	return pairs
}

func collect(t testing.TB, rd engine.Reader, r engine.Range) []Pair {
	t.Helper()
	pairs := []Pair{}
	require.NoError(t, rd.Scan(r, func(key, value []byte) (bool, error) {
		pairs = append(pairs, Pair{string(key), string(value)})
		return true, nil
	}))
	return pairs
}

func testBasics(t *testing.T, e engine.Engine) {
	_, ok := Value(t, e, "a")
	require.False(t, ok)
	Set(t, e, "a", "1")
	Set(t, e, "a", "2")
	Set(t, e, "empty", "")
	v, ok := Value(t, e, "a")
	require.True(t, ok)
	require.Equal(t, "2", v)
	_, ok = Value(t, e, "empty")
	require.True(t, ok, "an empty value is a value")
	err := e.Update(t.Context(), func(w engine.Writer) error { return w.Create([]byte("a"), []byte("3")) })
	require.ErrorIs(t, err, engine.ErrExists)
	require.NoError(t, e.Update(t.Context(), func(w engine.Writer) error {
		return errors.Join(w.Delete([]byte("a")), w.Delete([]byte("never there")))
	}))
	_, ok = Value(t, e, "a")
	require.False(t, ok)
	require.NoError(t, e.Update(t.Context(), func(w engine.Writer) error { return w.Create([]byte("a"), []byte("4")) }))
	v, _ = Value(t, e, "a")
	require.Equal(t, "4", v)
}

func testOwnWrites(t *testing.T, e engine.Engine) {
	Set(t, e, "old", "1")
	require.NoError(t, e.Update(t.Context(), func(w engine.Writer) error {
		require.NoError(t, w.Put([]byte("old"), []byte("2")))
		v, err := w.Get([]byte("old"))
		require.NoError(t, err)
		require.Equal(t, "2", string(v))
		require.NoError(t, w.Delete([]byte("old")))
		_, err = w.Get([]byte("old"))
		require.ErrorIs(t, err, engine.ErrNotFound)
		require.NoError(t, w.Create([]byte("old"), []byte("3")))
		require.ErrorIs(t, w.Create([]byte("old"), []byte("4")), engine.ErrExists)
		require.NoError(t, w.Create([]byte("new"), nil))
		v, err = w.Get([]byte("new"))
		require.NoError(t, err)
		require.NotNil(t, v)
		return w.Delete([]byte("new"))
	}))
	require.Equal(t, []Pair{{"old", "3"}}, Pairs(t, e, engine.Range{}))
}

func testScanStops(t *testing.T, e engine.Engine) {
	for i := range 5 {
		Set(t, e, fmt.Sprint("k", i), "v")
	}
	boom := errors.New("boom")
	require.NoError(t, e.View(t.Context(), func(r engine.Reader) error {
		seen := 0
		require.NoError(t, r.Scan(engine.Range{}, func(_, _ []byte) (bool, error) { seen++; return seen < 3, nil }))
		require.Equal(t, 3, seen)
		err := r.Scan(engine.Range{Reverse: true}, func(_, _ []byte) (bool, error) { seen++; return true, boom })
		require.ErrorIs(t, err, boom)
		require.Equal(t, 4, seen)
		return r.Scan(engine.Range{}, func(key, _ []byte) (bool, error) {
			_, err := r.Get(key) // reading inside a scan is allowed, a nested scan too
			require.NoError(t, err)
			return true, r.Scan(engine.Range{Prefix: key}, func(_, _ []byte) (bool, error) { return false, nil })
		})
	}))
}

func testLimits(t *testing.T, e engine.Engine, overhead int) {
	key := bytes.Repeat([]byte("k"), engine.MaxKeyBytes)
	value := make([]byte, engine.MaxValueBytes-overhead)
	write := func(key, value []byte) error {
		return e.Update(t.Context(), func(w engine.Writer) error { return w.Put(key, value) })
	}
	require.NoError(t, write(key, value))
	require.ErrorIs(t, write(nil, value), engine.ErrInvalidKey)
	require.ErrorIs(t, write(append(key, 'x'), nil), engine.ErrTooLarge)
	require.ErrorIs(t, write([]byte("k"), append(value, 0)), engine.ErrTooLarge)
	err := e.View(t.Context(), func(r engine.Reader) error { _, err := r.Get(nil); return err })
	require.ErrorIs(t, err, engine.ErrInvalidKey)
	err = e.Update(t.Context(), func(w engine.Writer) error { return w.Delete(nil) })
	require.ErrorIs(t, err, engine.ErrInvalidKey)
	err = e.Update(t.Context(), func(w engine.Writer) error { return w.Create(nil, nil) })
	require.ErrorIs(t, err, engine.ErrInvalidKey)

	fill := func(last int) error {
		return e.Update(t.Context(), func(w engine.Writer) error {
			for i := range 8 {
				n := len(value) - 1
				if i == 7 {
					n += last
				}
				if err := w.Put([]byte{byte('0' + i)}, value[:n]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, fill(0), "exactly MaxTxBytes")
	require.ErrorIs(t, fill(1), engine.ErrTooLarge)
}

func testFailedClosure(t *testing.T, e engine.Engine) {
	Set(t, e, "kept", "1")
	boom := errors.New("boom")
	err := e.Update(t.Context(), func(w engine.Writer) error {
		require.NoError(t, w.Put([]byte("kept"), []byte("2")))
		require.NoError(t, w.Put([]byte("gone"), []byte("3")))
		return boom
	})
	require.Equal(t, boom, err, "that same error")
	require.Equal(t, []Pair{{"kept", "1"}}, Pairs(t, e, engine.Range{}))
	err = e.View(t.Context(), func(engine.Reader) error { return boom })
	require.Equal(t, boom, err)
}

func testMisuse(t *testing.T, e engine.Engine) {
	Set(t, e, "a", "1")
	var kept engine.Writer
	require.NoError(t, e.Update(t.Context(), func(w engine.Writer) error {
		kept = w
		return w.Scan(engine.Range{}, func(key, _ []byte) (bool, error) {
			require.ErrorIs(t, w.Put(key, nil), engine.ErrMisuse)
			require.ErrorIs(t, w.Delete(key), engine.ErrMisuse)
			require.ErrorIs(t, w.Create([]byte("b"), nil), engine.ErrMisuse)
			return true, nil
		})
	}))
	_, err := kept.Get([]byte("a"))
	require.ErrorIs(t, err, engine.ErrMisuse)
	require.ErrorIs(t, kept.Put([]byte("a"), nil), engine.ErrMisuse)
	require.ErrorIs(t, kept.Scan(engine.Range{}, nil), engine.ErrMisuse)
	require.NoError(t, e.View(t.Context(), func(r engine.Reader) error {
		_, canWrite := r.(engine.Writer)
		require.False(t, canWrite, "a View offers no Writer")
		return nil
	}))
	require.Equal(t, []Pair{{"a", "1"}}, Pairs(t, e, engine.Range{}))
}

func testOwnership(t *testing.T, e engine.Engine) {
	key, value := []byte("key"), []byte("value")
	require.NoError(t, e.Update(t.Context(), func(w engine.Writer) error { return w.Put(key, value) }))
	key[0], value[0] = 'X', 'X' // the caller's again once Update has returned
	read := func(r engine.Reader) error {
		v, err := r.Get([]byte("key"))
		require.NoError(t, err)
		require.Equal(t, "value", string(v))
		v[0] = 'Y' // the caller owns what Get returned
		v, err = r.Get([]byte("key"))
		require.Equal(t, "value", string(v))
		return err
	}
	require.NoError(t, e.View(t.Context(), read))
	require.NoError(t, e.Update(t.Context(), func(w engine.Writer) error {
		require.NoError(t, read(w))
		require.NoError(t, w.Put([]byte("key"), []byte("value")))
		return read(w)
	}))
}

func testPanic(t *testing.T, e engine.Engine) {
	require.PanicsWithValue(t, "boom", func() {
		_ = e.Update(t.Context(), func(w engine.Writer) error {
			_ = w.Put([]byte("a"), nil)
			panic("boom")
		})
	})
	Set(t, e, "b", "1") // the engine lives on
	require.Equal(t, []Pair{{"b", "1"}}, Pairs(t, e, engine.Range{}))
}

func testContext(t *testing.T, e engine.Engine) {
	Set(t, e, "a", "1")
	ctx, cancel := context.WithCancel(t.Context())
	require.ErrorIs(t, e.View(ctx, func(r engine.Reader) error {
		cancel()
		return r.Scan(engine.Range{}, func(_, _ []byte) (bool, error) { return true, nil })
	}), context.Canceled)
	ran := false
	require.ErrorIs(t, e.View(ctx, func(engine.Reader) error { ran = true; return nil }), context.Canceled)
	err := e.Update(ctx, func(w engine.Writer) error { ran = true; return w.Put([]byte("b"), nil) })
	require.ErrorIs(t, err, context.Canceled)
	require.False(t, ran)

	// An Update that waits for its turn is abandoned when its context ends, long before the turn comes.
	inside, leave, left := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		first := true
		left <- e.Update(context.Background(), func(engine.Writer) error {
			if first {
				first = false
				close(inside)
			}
			<-leave
			return nil
		})
	}()
	<-inside
	waiting, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- e.Update(waiting, func(w engine.Writer) error { return w.Put([]byte("waited"), nil) })
	}()
	stop()
	require.ErrorIs(t, <-done, context.Canceled)
	close(leave)
	require.NoError(t, <-left)
	_, ok := Value(t, e, "waited")
	require.False(t, ok)
}
