// Package blobtest proves a store against the contract of package blob.
package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/blob"
)

// Open gives a test an empty store that takes its put times from now, and closes it when the test ends.
type Open func(t *testing.T, now func() time.Time) blob.Store

// clock is a settable time, and counts upwards by itself so that no two readings are the same.
type clock struct{ nanos atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.nanos.Store(time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) now() time.Time        { return time.Unix(0, c.nanos.Add(1)) }
func (c *clock) advanceHour()          { c.nanos.Add(int64(time.Hour)) }
func never(blob.Address) (bool, error) { return false, nil }
func fill(n int, seed byte) []byte     { return fillFrom(make([]byte, n), seed) }
func small(seed string) []byte         { return []byte("document " + seed) }
func fillFrom(b []byte, seed byte) []byte {
	for i := range b {
		b[i] = byte(i>>8) ^ byte(i) ^ seed
	}
	return b
}

// Run checks everything the contract says but durability.
func Run(t *testing.T, open Open) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(*testing.T, blob.Store, *clock)
	}{
		{"put and get", testPutGet},
		{"put all", testPutAll},
		{"limits", testLimits},
		{"sweep", testSweep},
		{"sweep fails", testSweepFails},
		{"put again", testPutAgain},
		{"cancelled", testCancelled},
		{"concurrent", testConcurrent},
		{"put during sweep", testPutDuringSweep},
	} {
		t.Run(c.name, func(t *testing.T) {
			clk := newClock()
			c.test(t, open(t, clk.now), clk)
		})
	}
}

// full is a writer that takes nothing.
type full struct{}

var errFull = errors.New("full")

func (full) Write([]byte) (int, error) { return 0, errFull }

func put(t *testing.T, s blob.Store, content []byte) blob.Address {
	t.Helper()
	a, err := s.Put(t.Context(), content)
	require.NoError(t, err)
	return a
}

func testPutGet(t *testing.T, s blob.Store, _ *clock) {
	seen := map[blob.Address]bool{}
	for i, n := range []int{1, 100, 20_000, 512 << 10, 512<<10 + 1, 1 << 20, 4 << 20, 4<<20 + 1, 9<<20 + 17} {
		content := fill(n, byte(i))
		a := put(t, s, content)
		require.Equal(t, a, put(t, s, content), "same content, same address")
		seen[a] = true
		got, err := s.Get(t.Context(), a)
		require.NoError(t, err)
		require.True(t, string(content) == string(got), "content of %d bytes", n)
		var copied bytes.Buffer
		require.NoError(t, s.Copy(t.Context(), a, &copied))
		require.True(t, bytes.Equal(content, copied.Bytes()), "copy of %d bytes", n)
		require.ErrorIs(t, s.Copy(t.Context(), a, full{}), errFull)
	}
	require.ErrorIs(t, s.Copy(t.Context(), blob.Address{1}, &bytes.Buffer{}), blob.ErrNotFound)
	require.Len(t, seen, 9)
	_, err := s.Get(t.Context(), blob.Address{1})
	require.ErrorIs(t, err, blob.ErrNotFound)
}

func testPutAll(t *testing.T, s blob.Store, clk *clock) {
	var contents [][]byte
	for i, n := range []int{1, 3 << 20, 2 << 20, 100, 4<<20 + 1, 9<<20 + 17, 4 << 20, 20_000, 1 << 20, 1} {
		contents = append(contents, fill(n, byte(i)))
	}
	contents[9] = contents[0]
	list, err := s.PutAll(t.Context(), contents)
	require.NoError(t, err)
	require.Len(t, list, len(contents))
	for i, a := range list {
		require.Equal(t, a, put(t, s, contents[i]), "as by Put")
		got, err := s.Get(t.Context(), a)
		require.NoError(t, err)
		require.True(t, bytes.Equal(contents[i], got), "content %d", i)
	}
	clk.advanceHour()
	limit := clk.now()
	_, err = s.PutAll(t.Context(), contents[:5])
	require.NoError(t, err)
	swept, err := s.Sweep(t.Context(), blob.Sweeping{OlderThan: limit, Referenced: never})
	require.NoError(t, err)
	require.Equal(t, 5, swept.Kept, "putting again renews the grace period")
	none, err := s.PutAll(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, none)
	for _, bad := range [][]byte{nil, make([]byte, blob.MaxBytes+1)} {
		fresh := small(fmt.Sprint("beside what is refused ", len(bad)))
		_, err = s.PutAll(t.Context(), [][]byte{fresh, bad})
		require.Error(t, err)
		all := blob.Sweeping{OlderThan: clk.now().Add(time.Hour), Referenced: never, DryRun: true}
		swept, err := s.Sweep(t.Context(), all)
		require.NoError(t, err)
		require.Equal(t, 5, swept.Removed, "nothing is written")
	}
}

func testLimits(t *testing.T, s blob.Store, _ *clock) {
	_, err := s.Put(t.Context(), nil)
	require.ErrorIs(t, err, blob.ErrEmpty)
	_, err = s.Put(t.Context(), make([]byte, blob.MaxBytes+1))
	require.ErrorIs(t, err, blob.ErrTooLarge)
	if testing.Short() {
		return
	}
	largest := fill(blob.MaxBytes, 1)
	got, err := s.Get(t.Context(), put(t, s, largest))
	require.NoError(t, err)
	require.True(t, string(largest) == string(got))
}

func testSweep(t *testing.T, s blob.Store, clk *clock) {
	referenced := put(t, s, small("referenced"))
	orphan := put(t, s, small("orphan"))
	largeOrphan := put(t, s, fill(5<<20, 1))
	clk.advanceHour()
	limit := clk.now()
	young := put(t, s, small("young"))
	asked := map[blob.Address]int{}
	what := blob.Sweeping{OlderThan: limit, DryRun: true, Referenced: func(a blob.Address) (bool, error) {
		asked[a]++
		return a == referenced, nil
	}}
	want := blob.Swept{Removed: 2, Kept: 2, RemovedBytes: int64(len(small("orphan"))) + 5<<20}
	swept, err := s.Sweep(t.Context(), what)
	require.NoError(t, err)
	require.Equal(t, want, swept)
	for _, a := range []blob.Address{referenced, orphan, largeOrphan, young} {
		_, err := s.Get(t.Context(), a)
		require.NoError(t, err, "a dry run removes nothing")
	}
	clear(asked)
	what.DryRun = false
	swept, err = s.Sweep(t.Context(), what)
	require.NoError(t, err)
	require.Equal(t, want, swept)
	require.Equal(t, map[blob.Address]int{referenced: 1, orphan: 1, largeOrphan: 1}, asked,
		"the young one is not asked for")
	for _, a := range []blob.Address{orphan, largeOrphan} {
		_, err := s.Get(t.Context(), a)
		require.ErrorIs(t, err, blob.ErrNotFound)
	}
	for _, a := range []blob.Address{referenced, young} {
		_, err := s.Get(t.Context(), a)
		require.NoError(t, err)
	}
	require.Equal(t, orphan, put(t, s, small("orphan")), "a removed blob can be put again")
	_, err = s.Get(t.Context(), orphan)
	require.NoError(t, err)
}

func testSweepFails(t *testing.T, s blob.Store, clk *clock) {
	a := put(t, s, small("a"))
	clk.advanceHour()
	boom := fmt.Errorf("boom: %w", context.DeadlineExceeded)
	_, err := s.Sweep(t.Context(), blob.Sweeping{
		OlderThan: clk.now(), Referenced: func(blob.Address) (bool, error) { return false, boom },
	})
	require.ErrorIs(t, err, boom)
	_, err = s.Get(t.Context(), a)
	require.NoError(t, err, "in doubt a blob is kept")
}

func testPutAgain(t *testing.T, s blob.Store, clk *clock) {
	a, large := put(t, s, small("a")), put(t, s, fill(5<<20, 1))
	clk.advanceHour()
	limit := clk.now()
	put(t, s, small("a"))
	put(t, s, fill(5<<20, 1))
	swept, err := s.Sweep(t.Context(), blob.Sweeping{OlderThan: limit, Referenced: never})
	require.NoError(t, err)
	require.Equal(t, blob.Swept{Kept: 2}, swept, "putting again renews the grace period")
	for _, a := range []blob.Address{a, large} {
		_, err := s.Get(t.Context(), a)
		require.NoError(t, err)
	}
}

func testCancelled(t *testing.T, s blob.Store, clk *clock) {
	a := put(t, s, small("a"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Put(ctx, small("b"))
	require.ErrorIs(t, err, context.Canceled)
	_, err = s.Get(ctx, a)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, s.Copy(ctx, a, &bytes.Buffer{}), context.Canceled)
	_, err = s.Sweep(ctx, blob.Sweeping{OlderThan: clk.now(), Referenced: never})
	require.ErrorIs(t, err, context.Canceled)
}

func testConcurrent(t *testing.T, s blob.Store, _ *clock) {
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 20 {
				content := small(fmt.Sprint(i, "/", g%3))
				if i == 7 {
					content = fill(5<<20, byte(g%3))
				}
				a, err := s.Put(t.Context(), content)
				if err != nil {
					t.Error(err)
					return
				}
				got, err := s.Get(t.Context(), a)
				if err != nil || string(got) != string(content) {
					t.Errorf("reading what was put: %v", err)
				}
			}
		})
	}
	wg.Wait()
}

// testPutDuringSweep: sweeps that keep nothing run against Puts of few contents. A Put that returned while a sweep
// ran is there after it, although the sweep's limit lies in the future.
func testPutDuringSweep(t *testing.T, s blob.Store, clk *clock) {
	var rounds sweepRounds
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				content := small(fmt.Sprint(i % 3))
				if g == 0 {
					content = fill(5<<20, byte(i%2))
				}
				putWhileSweeping(t, s, content, &rounds)
			}
		})
	}
	for r := range int64(60) {
		rounds.called.Store(r + 1)
		_, err := s.Sweep(t.Context(), blob.Sweeping{
			OlderThan: clk.now().Add(time.Hour),
			Referenced: func(blob.Address) (bool, error) {
				rounds.running.Store(r + 1)
				return false, nil
			},
		})
		if err != nil {
			t.Error(err)
		}
	}
	close(stop)
	wg.Wait()
}

// sweepRounds counts sweeps: the last one called, and the last one seen to run.
type sweepRounds struct{ called, running atomic.Int64 }

func putWhileSweeping(t *testing.T, s blob.Store, content []byte, rounds *sweepRounds) {
	t.Helper()
	before := rounds.running.Load()
	a, err := s.Put(t.Context(), content)
	if err != nil {
		t.Error(err)
		return
	}
	_, err = s.Get(t.Context(), a)
	if rounds.called.Load() == before && err != nil { // the sweep that ran when Put began is the last one called
		t.Errorf("a blob put during a sweep is gone: %v", err)
	}
}
