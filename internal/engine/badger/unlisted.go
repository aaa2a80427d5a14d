package badger

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
	"github.com/dgraph-io/badger/v4/table"
	"github.com/dgraph-io/badger/v4/y"

	"github.com/elicense/elicense/internal/engine"
)

// settleUnlisted removes the tables that were set aside if the open database holds everything that is in them, and
// refuses the database otherwise. It runs before anything is written and before old versions may be dropped.
func settleUnlisted(db *badger.DB, aside []string) error {
	for _, name := range aside {
		if err := checkUnlisted(db, name); err != nil {
			return err
		}
	}
	for _, name := range aside {
		if err := os.Remove(name); err != nil {
			return fmt.Errorf("removing a table that is not needed: %w", err)
		}
	}
	return nil
}

// checkUnlisted compares a table with the database: of each key in it the database must have that version or a later
// one, be it that the key was deleted. A table that cannot be read was being written when the process was killed: what
// it was made from is there.
func checkUnlisted(db *badger.DB, name string) error {
	content, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("reading a table set aside: %w", err)
	}
	t := parseTable(content)
	if t == nil {
		return nil
	}
	txn := db.NewTransactionAt(math.MaxUint64, false)
	defer txn.Discard()
	it := t.NewIterator(0)
	defer it.Close() //nolint:errcheck // a table in memory
	for it.Rewind(); it.Valid(); it.Next() {
		key, version := y.ParseKey(it.Key()), y.ParseTs(it.Key())
		if bytes.HasPrefix(key, []byte(internalPrefix)) {
			continue
		}
		deleted := it.Value().Meta&bitDelete != 0
		held, err := holds(txn, key, version, deleted)
		if err != nil {
			return err
		}
		if !held {
			return fmt.Errorf("%w: the manifest has lost a table", engine.ErrCorrupt)
		}
	}
	return nil
}

// What Badger does not export: the prefix of its own keys, and the mark of a version that deletes.
const (
	internalPrefix = "!badger!"
	bitDelete      = 1
)

// parseTable gives nil for a table that is not whole. Badger panics on some that are not.
func parseTable(content []byte) (t *table.Table) {
	defer func() {
		if recover() != nil {
			t = nil
		}
	}()
	t, err := table.OpenInMemoryTable(content, 0, &table.Options{ChkMode: options.OnTableAndBlockRead})
	if err != nil || t.VerifyChecksum() != nil {
		return nil
	}
	return t
}

// holds reports whether the database has a version of a key, or a later one. A version that deletes is held too where
// nothing is left of the key.
func holds(txn *badger.Txn, key []byte, version uint64, deleted bool) (bool, error) {
	item, err := txn.Get(key)
	switch {
	case err == nil:
		return item.Version() >= version, nil
	case !errors.Is(err, badger.ErrKeyNotFound):
		return false, fmt.Errorf("%w: reading: %v", engine.ErrCorrupt, err)
	case deleted:
		return true, nil
	}
	it := txn.NewKeyIterator(key, badger.IteratorOptions{AllVersions: true})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		if it.Item().Version() >= version {
			return true, nil
		}
	}
	return false, nil
}
