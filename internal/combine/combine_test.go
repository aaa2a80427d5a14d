package combine_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/combine"
)

type item struct{ n, done int }

func TestEachItemOnce(t *testing.T) {
	g := combine.Group[*item]{Limit: 7}
	var calls, largest atomic.Int64
	work := func(_ context.Context, items []*item, handOver func()) {
		calls.Add(1)
		largest.Store(max(largest.Load(), int64(len(items))))
		handOver()
		for _, i := range items {
			i.done++
		}
	}
	var wait sync.WaitGroup
	all := make([]item, 1000)
	for n := range all {
		wait.Go(func() {
			all[n].n = n
			g.Do(t.Context(), &all[n], work)
			require.Equal(t, 1, all[n].done)
		})
	}
	wait.Wait()
	require.LessOrEqual(t, largest.Load(), int64(7))
	require.GreaterOrEqual(t, calls.Load(), int64(len(all)/7))
}

// The work of those who gathered while one was at work is done together, and not before he handed over.
func TestGathers(t *testing.T) {
	var g combine.Group[int]
	started, release := make(chan bool), make(chan bool)
	var groups [][]int
	work := func(_ context.Context, items []int, _ func()) {
		groups = append(groups, items)
		if len(groups) == 1 {
			started <- true
			<-release
		}
	}
	var wait sync.WaitGroup
	wait.Go(func() { g.Do(t.Context(), 0, work) })
	<-started
	for n := 1; n <= 20; n++ {
		wait.Go(func() { g.Do(t.Context(), n, work) })
	}
	for combine.Waiting(&g) < 20 {
		continue
	}
	close(release)
	wait.Wait()
	require.Len(t, groups, 2)
	require.Len(t, groups[1], 20)
}

func TestEndedContextAndPanic(t *testing.T) {
	var g combine.Group[int]
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	g.Do(ctx, 1, func(ctx context.Context, _ []int, _ func()) { require.NoError(t, ctx.Err()) })
	require.Panics(t, func() { g.Do(ctx, 1, func(context.Context, []int, func()) { panic("x") }) })
	done := false
	g.Do(ctx, 2, func(context.Context, []int, func()) { done = true })
	require.True(t, done, "the place is free after a panic")
}
