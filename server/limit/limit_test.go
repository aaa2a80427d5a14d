package limit_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/elicense/elicense/server/limit"
)

type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func newLimiter(t *testing.T, names int) (*limit.Limiter, *clock) {
	t.Helper()
	c := &clock{time.Unix(1_700_000_000, 0)}
	l, err := limit.New(limit.Config{Now: c.Now, Rate: limit.Rate{PerSecond: 2, Burst: 4}, Max: names})
	require.NoError(t, err)
	return l, c
}

// TestTake: a burst passes, then what time brings; the refusal says when to come back, and then it is so.
func TestTake(t *testing.T) {
	t.Parallel()
	l, c := newLimiter(t, 10)
	for i := range 4 {
		s := l.Take("a", 1, limit.Rate{})
		require.True(t, s.Allowed)
		require.Equal(t, 3-i, s.Remaining)
	}
	s := l.Take("a", 1, limit.Rate{})
	require.Equal(t, limit.State{Limit: 4, Window: 2 * time.Second, Retry: time.Second}, s)
	require.True(t, l.Take("b", 1, limit.Rate{}).Allowed, "another name has its own")
	c.now = c.now.Add(s.Retry)
	require.True(t, l.Take("a", 1, limit.Rate{}).Allowed)
	c.now = c.now.Add(-time.Hour)
	require.True(t, l.Take("a", 1, limit.Rate{}).Allowed, "what is there stays")
	require.False(t, l.Take("a", 1, limit.Rate{}).Allowed, "a clock that is set back brings nothing")
}

// TestOwnRate: a caller with a rate of its own has that.
func TestOwnRate(t *testing.T) {
	t.Parallel()
	l, _ := newLimiter(t, 10)
	own := limit.Rate{PerSecond: 1, Burst: 1}
	require.True(t, l.Take("a", 1, own).Allowed)
	require.False(t, l.Take("a", 1, own).Allowed)
	wide := limit.Rate{PerSecond: 1, Burst: 100}
	require.Equal(t, 98, l.Take("a", 1, wide).Remaining, "what was used stays used")
}

// TestCharge: a debt delays, and has an end.
func TestCharge(t *testing.T) {
	t.Parallel()
	l, c := newLimiter(t, 10)
	for range 100 {
		l.Charge("a", 4)
	}
	require.False(t, l.Take("a", 1, limit.Rate{}).Allowed)
	c.now = c.now.Add(2500 * time.Millisecond)
	require.True(t, l.Take("a", 1, limit.Rate{}).Allowed)
}

// TestFlood: names without number neither take more memory than allowed nor get through freely, and those who are known
// keep what they have.
func TestFlood(t *testing.T) {
	t.Parallel()
	l, c := newLimiter(t, 3)
	require.True(t, l.Take("known", 1, limit.Rate{}).Allowed)
	passed := 0
	for i := range 1000 {
		if l.Take("x"+strconv.Itoa(i), 1, limit.Rate{}).Allowed {
			passed++
		}
	}
	require.Equal(t, 2+4, passed, "two have room, the rest one bucket together")
	require.True(t, l.Take("known", 1, limit.Rate{}).Allowed)
	c.now = c.now.Add(time.Minute)
	require.True(t, l.Take("new", 4, limit.Rate{}).Allowed, "full buckets make room")
	for i := range 3 {
		require.True(t, l.Take("y"+strconv.Itoa(i), 1, limit.Rate{}).Allowed || i == 2)
	}
	c.now = c.now.Add(time.Minute)
	require.True(t, l.Take("z", 1, limit.Rate{}).Allowed)
	c.now = c.now.AddDate(-1, 0, 0)
	l.Take("w", 4, limit.Rate{})
	l.Take("v", 4, limit.Rate{})
	c.now = c.now.Add(time.Minute)
	require.True(t, l.Take("u", 4, limit.Rate{}).Allowed, "also when the clock was set back")
	require.True(t, l.Take("t", 4, limit.Rate{}).Allowed, "and each has its own")
}

// TestNeverMore: in no stretch of time does a name get more than its burst and what the stretch brings.
func TestNeverMore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		l, c := newLimiter(t, 2)
		start, got := c.now, 0.0
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			c.now = c.now.Add(time.Duration(rapid.IntRange(0, 900).Draw(rt, "ms")) * time.Millisecond)
			cost := float64(rapid.IntRange(1, 3).Draw(rt, "cost"))
			if l.Take("a", cost, limit.Rate{}).Allowed {
				got += cost
			}
		}
		require.LessOrEqual(rt, got, 4+2*c.now.Sub(start).Seconds()+1e-6)
	})
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	now := func() time.Time { return time.Time{} }
	for _, cfg := range []limit.Config{
		{}, {Now: now, Max: 1}, {Now: now, Rate: limit.Rate{PerSecond: 1}, Max: 1}, {Now: now, Rate: limit.Rate{Burst: 1}, Max: 1},
		{Now: now, Rate: limit.Rate{PerSecond: 1, Burst: 1}}, {Rate: limit.Rate{PerSecond: 1, Burst: 1}, Max: 1},
	} {
		_, err := limit.New(cfg)
		require.ErrorIs(t, err, limit.ErrConfig)
	}
}
