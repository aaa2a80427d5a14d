package badger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"

	"github.com/elicense/elicense/internal/engine"
)

// maxUnlisted is how many tables may be there that the manifest does not list yet: what a killed process was writing.
const maxUnlisted = 32

// checkManifest refuses a directory whose manifest has lost its tables. Badger itself would take it for an empty
// database and remove the tables that the manifest does not list.
func checkManifest(dir string, o badger.Options) error {
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil || len(tables) == 0 {
		return err
	}
	f, err := os.Open(filepath.Join(dir, badger.ManifestFilename))
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w: tables without a manifest", engine.ErrCorrupt)
	}
	if err != nil {
		return fmt.Errorf("opening manifest: %w", err)
	}
	m, _, err := badger.ReplayManifestFile(f, o.ExternalMagicVersion, o)
	if closeErr := f.Close(); closeErr != nil {
		return fmt.Errorf("closing manifest: %w", closeErr)
	}
	if err != nil {
		return fmt.Errorf("%w: manifest", engine.ErrCorrupt)
	}
	if len(m.Tables) == 0 && !firstTable(dir, tables) || len(tables)-len(m.Tables) > maxUnlisted {
		return fmt.Errorf("%w: manifest lists %d of %d tables", engine.ErrCorrupt, len(m.Tables), len(tables))
	}
	return nil
}

// firstTable reports whether the one table there may be the first ever, written by a process that was killed before it
// was listed: the log that it was made from is still there then.
func firstTable(dir string, tables []string) bool {
	logs, err := filepath.Glob(filepath.Join(dir, "*.mem"))
	return err == nil && len(tables) == 1 && len(logs) > 0
}

// dropEmptyLogs removes logs of memory tables that a killed process had created and not yet given a length: they hold
// nothing, and Badger refuses to open beside them.
func dropEmptyLogs(dir string) error {
	logs, err := filepath.Glob(filepath.Join(dir, "*.mem"))
	if err != nil {
		return err
	}
	for _, name := range logs {
		info, err := os.Stat(name)
		if err != nil {
			return fmt.Errorf("looking at log: %w", err)
		}
		if info.Size() > 0 {
			continue
		}
		if err := os.Remove(name); err != nil {
			return fmt.Errorf("removing empty log: %w", err)
		}
	}
	return nil
}
