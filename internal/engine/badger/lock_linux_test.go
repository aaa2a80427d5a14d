package badger_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/badger"
)

// copyHandles copies every handle on dir and what is in it, as a child process has them until it runs its program.
func copyHandles(t *testing.T, dir string) {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	for _, entry := range list {
		target, err := os.Readlink(filepath.Join("/proc/self/fd", entry.Name()))
		if err != nil || !strings.HasPrefix(target, dir) {
			continue
		}
		fd, err := strconv.Atoi(entry.Name())
		require.NoError(t, err)
		again, err := unix.Dup(fd)
		require.NoError(t, err)
		t.Cleanup(func() { _ = unix.Close(again) })
	}
}

// A directory that was closed can be opened, whoever is started at that moment; one that is open cannot.
func TestLockEndsWithClose(t *testing.T) {
	dir := t.TempDir()
	e, err := badger.Open(badger.Config{Dir: dir})
	require.NoError(t, err)
	copyHandles(t, dir)
	_, err = badger.Open(badger.Config{Dir: dir})
	require.ErrorIs(t, err, engine.ErrLocked)
	require.NoError(t, e.Close())
	again, err := badger.Open(badger.Config{Dir: dir})
	require.NoError(t, err)
	require.NoError(t, again.Close())
}
