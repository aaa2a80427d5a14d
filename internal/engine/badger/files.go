package badger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/elicense/elicense/internal/engine"
)

// lockName is the file by which an engine holds its directory.
const lockName = "ENGINE.lock"

// fileNames makes the directory entries of Badger's logs durable. Badger syncs the content of a new write-ahead or
// value log but not the directory that names it. Both are numbered upwards, so looking for the next numbers is enough.
type fileNames struct{ mem, vlog int }

func (n *fileNames) start(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("listing data directory: %w", err)
	}
	for _, entry := range entries {
		name, ext, _ := strings.Cut(entry.Name(), ".")
		number, err := strconv.Atoi(name)
		switch {
		case err != nil:
		case ext == "mem":
			n.mem = max(n.mem, number)
		case ext == "vlog":
			n.vlog = max(n.vlog, number)
		}
	}
	return syncDir(dir)
}

// sync syncs the directory when a log has appeared since the last time.
func (n *fileNames) sync(dir string) error {
	appeared := false
	for _, log := range []struct {
		number *int
		format string
	}{{&n.mem, "%05d.mem"}, {&n.vlog, "%06d.vlog"}} {
		for {
			_, err := os.Lstat(filepath.Join(dir, fmt.Sprintf(log.format, *log.number+1)))
			if errors.Is(err, fs.ErrNotExist) {
				break
			}
			if err != nil {
				return fmt.Errorf("looking for a new log: %w", err)
			}
			*log.number++
			appeared = true
		}
	}
	if !appeared {
		return nil
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("opening directory for sync: %w", err)
	}
	err = d.Sync()
	if closing := d.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("syncing directory: %w", err)
	}
	return nil
}

// checkSpace refuses writes below the reserve.
func (e *Engine) checkSpace() error {
	free, err := e.cfg.FreeSpace(e.cfg.Dir)
	if err != nil {
		return fmt.Errorf("reading free space: %w", err)
	}
	if free < e.cfg.ReserveBytes {
		return engine.ErrNoSpace
	}
	return nil
}
