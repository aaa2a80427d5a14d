//go:build unix

package badger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/elicense/elicense/internal/engine"
)

// locksItself: the lock of lockDir is the only one. Badger's own ends when its handle is closed, and then lives on in a
// child process that is being started at that moment: the next opening would be refused.
const locksItself = true

// lockDir takes the directory for this engine alone; the lock ends with the process at the latest.
func lockDir(dir string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening lock file: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		closing := f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, engine.ErrLocked
		}
		return nil, errors.Join(fmt.Errorf("locking data directory: %w", err), closing)
	}
	return func() {
		_ = unix.Flock(int(f.Fd()), unix.LOCK_UN) // also for copies of the handle
		_ = f.Close()
	}, nil
}

// freeSpace is what an unprivileged process may still write to the file system of dir.
func freeSpace(dir string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return uint64(s.Bavail) * uint64(s.Bsize), nil //nolint:gosec,unconvert // types differ between systems
}
