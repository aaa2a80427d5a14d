package badger_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/internal/engine/enginetest"
)

func small(dir string) badger.Config {
	return badger.Config{Dir: dir, MemTableBytes: 4 << 20, ValueLogFileBytes: 16 << 20, ReserveBytes: 1}
}

func openSmall(t *testing.T, dir string) (engine.Engine, func()) {
	t.Helper()
	e, err := badger.Open(small(dir))
	require.NoError(t, err)
	return e, func() { require.NoError(t, e.Close()) }
}

func TestContract(t *testing.T) { enginetest.RunDurable(t, openSmall) }

func TestContractLargeTables(t *testing.T) {
	enginetest.Run(t, func(t *testing.T) engine.Engine {
		t.Helper()
		e, err := badger.Open(badger.Config{Dir: t.TempDir(), MemTableBytes: 64 << 20})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, e.Close()) })
		return e
	})
}
