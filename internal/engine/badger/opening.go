package badger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"
)

// openSound opens the database without losing anything over it: neither an empty log nor a manifest that was cut may
// make Badger remove what is needed.
func openSound(dir string, o badger.Options) (*badger.DB, error) {
	aside, err := setAside(dir, o)
	if err == nil {
		err = dropEmptyLogs(dir)
	}
	var db *badger.DB
	if err == nil {
		db, err = openManaged(o)
	}
	if err == nil {
		if err = settleUnlisted(db, aside); err != nil {
			err = errors.Join(err, db.Close())
		}
	}
	if err != nil {
		return nil, errors.Join(err, putBack(aside))
	}
	return db, nil
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
