package memory_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/enginetest"
	"github.com/elicense/elicense/internal/engine/memory"
)

func TestContract(t *testing.T) {
	enginetest.Run(t, func(t *testing.T) engine.Engine {
		t.Helper()
		return memory.New()
	})
}

func TestContractTwice(t *testing.T) {
	enginetest.Run(t, func(t *testing.T) engine.Engine {
		t.Helper()
		return enginetest.Twice{Inner: memory.New()}
	})
}

func TestClose(t *testing.T) {
	e := memory.New()
	require.NoError(t, e.Close())
	require.NoError(t, e.Close())
	require.ErrorIs(t, e.View(t.Context(), func(engine.Reader) error { return nil }), engine.ErrClosed)
	require.ErrorIs(t, e.Update(t.Context(), func(engine.Writer) error { return nil }), engine.ErrClosed)
}
