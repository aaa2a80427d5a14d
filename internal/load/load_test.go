package load_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/load"
)

// TestClosedLoop: every connection has one request under way at a time, every request is sent once, and the figures are
// those of what happened.
func TestClosedLoop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var busy [4]atomic.Int32
		var mu sync.Mutex
		sent := map[int]int{}
		report, err := load.Run(t.Context(), load.Plan{
			Connections: 4, Requests: 100, Now: time.Now,
			Send: func(_ context.Context, c, n int) error {
				require.Equal(t, int32(1), busy[c].Add(1))
				defer busy[c].Add(-1)
				mu.Lock()
				sent[n]++
				mu.Unlock()
				if n == 99 {
					time.Sleep(time.Second)
					return errors.New("no")
				}
				time.Sleep(10 * time.Millisecond)
				return nil
			},
		})
		require.NoError(t, err)
		require.Len(t, sent, 100)
		require.Equal(t, 1, report.Failed)
		require.EqualError(t, report.First, "no")
		require.Equal(t, 10*time.Millisecond, report.Quantile(0.5))
		require.Equal(t, 10*time.Millisecond, report.Quantile(0.99))
		require.Equal(t, time.Second, report.Quantile(1))
		require.InDelta(t, 99/1.24, report.Rate(), 1)
	})
}

// TestOpenLoop: requests come when they are due; one that waits because the service stalls counts from when it was due.
func TestOpenLoop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		report, err := load.Run(t.Context(), load.Plan{
			Connections: 1, Requests: 20, Rate: 10, Now: time.Now,
			Send: func(_ context.Context, _, n int) error {
				require.GreaterOrEqual(t, time.Since(began), time.Duration(n)*100*time.Millisecond)
				if n == 0 {
					time.Sleep(time.Second)
				}
				return nil
			},
		})
		require.NoError(t, err)
		require.Equal(t, time.Second, report.Quantile(1))
		require.Equal(t, 900*time.Millisecond, report.Quantile(0.95))
		require.Zero(t, report.Quantile(0.4))
		require.Equal(t, 1900*time.Millisecond, report.Elapsed)
		require.NotZero(t, report.Late)
	})
}

// TestPlans: what cannot be measured is refused, and a run ends with its context.
func TestPlans(t *testing.T) {
	t.Parallel()
	send := func(context.Context, int, int) error { return nil }
	for _, p := range []load.Plan{
		{Requests: 1, Send: send, Now: time.Now}, {Connections: 1, Send: send, Now: time.Now},
		{Connections: 1, Requests: 1, Now: time.Now}, {Connections: 1, Requests: 1, Send: send},
		{Connections: 1, Requests: 1, Send: send, Now: time.Now, Rate: -1},
	} {
		_, err := load.Run(t.Context(), p)
		require.ErrorIs(t, err, load.ErrPlan)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := load.Run(ctx, load.Plan{Connections: 1, Requests: 9, Rate: 0.001, Send: send, Now: time.Now})
	require.ErrorIs(t, err, context.Canceled)
}
