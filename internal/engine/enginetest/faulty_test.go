package enginetest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/enginetest"
	"github.com/elicense/elicense/internal/engine/memory"
)

func TestFaulty(t *testing.T) {
	put := func(w engine.Writer) error { return w.Put([]byte("k"), nil) }
	for _, c := range []struct {
		fault     enginetest.Fault
		written   bool
		ambiguous bool
	}{
		{enginetest.None, true, false},
		{enginetest.Before, false, false},
		{enginetest.After, true, true},
		{enginetest.Lost, false, true},
	} {
		inner := memory.New()
		e := enginetest.NewFaulty(inner, enginetest.At(1, c.fault))
		enginetest.Set(t, e, "other", "")
		err := e.Update(t.Context(), put)
		if c.fault == enginetest.None {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, enginetest.ErrInjected)
		}
		if c.ambiguous {
			require.ErrorIs(t, err, engine.ErrAmbiguous)
		} else {
			require.NotErrorIs(t, err, engine.ErrAmbiguous)
		}
		_, written := enginetest.Value(t, e, "k")
		require.Equal(t, c.written, written)
		require.Equal(t, 2, e.Updates())

		e.SetPlan(enginetest.At(0, c.fault))
		err = e.Update(t.Context(), func(engine.Writer) error { return engine.ErrExists })
		require.Equal(t, engine.ErrExists, err, "the closure's own error comes first")
	}
}

func TestSeededPlanIsReproducible(t *testing.T) {
	a, b := enginetest.Seeded(7, 0.5), enginetest.Seeded(7, 0.5)
	seen := map[enginetest.Fault]int{}
	for n := range 1000 {
		require.Equal(t, a(n), b(n))
		seen[a(n)]++
	}
	require.Len(t, seen, 4)
	require.InDelta(t, 500, seen[enginetest.None], 60)
}

func TestFaultlessFaultyIsAnEngine(t *testing.T) {
	enginetest.Run(t, func(t *testing.T) engine.Engine {
		t.Helper()
		return enginetest.NewFaulty(memory.New(), nil)
	})
}
