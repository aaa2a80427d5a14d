package badger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/pb"
	"github.com/dgraph-io/badger/v4/table"
	"google.golang.org/protobuf/proto"

	"github.com/elicense/elicense/internal/engine"
)

// Badger's manifest is a log of the tables that were made and given up. When its end is lost, Badger takes the database
// for what it was before and removes every table that the rest does not list, without a word: commits are gone. So the
// tables that are not listed are set aside before Badger opens the directory, and removed only when everything in them
// is known to stand elsewhere too (unlisted.go).
//
// A table that is not listed is no fault by itself. A process may be killed between writing a table and listing it:
// then the log or the tables that it was made from are still there. And a table that was given up may be there still,
// because somebody was reading it: then the manifest says that it was given up, unless Badger has written the manifest
// anew since, which it does after ten thousand such tables.

const manifestHead = 8 // magic(4), the user's version(2), Badger's version(2)

// readManifest gives the tables that the manifest lists and those that it says were given up. Badger checks the form.
func readManifest(dir string, o badger.Options) (listed, gone map[uint64]bool, err error) {
	path := filepath.Join(dir, badger.ManifestFilename)
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, fmt.Errorf("%w: tables without a manifest", engine.ErrCorrupt)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("opening manifest: %w", err)
	}
	m, whole, err := badger.ReplayManifestFile(f, o.ExternalMagicVersion, o)
	if closeErr := f.Close(); closeErr != nil {
		return nil, nil, fmt.Errorf("closing manifest: %w", closeErr)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w: manifest", engine.ErrCorrupt)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("reading manifest: %w", err)
	}
	listed, gone = map[uint64]bool{}, map[uint64]bool{}
	for id := range m.Tables {
		listed[id] = true
	}
	return listed, gone, eachDeletion(text[manifestHead:whole], func(id uint64) { gone[id] = true })
}

// eachDeletion visits the tables that the records of a manifest give up. A record is its length(4), a checksum(4) and
// a ManifestChangeSet.
func eachDeletion(records []byte, visit func(id uint64)) error {
	for len(records) >= 8 {
		n := int(binary.BigEndian.Uint32(records))
		if n > len(records)-8 {
			break
		}
		var set pb.ManifestChangeSet
		if err := proto.Unmarshal(records[8:8+n], &set); err != nil {
			return fmt.Errorf("%w: manifest", engine.ErrCorrupt)
		}
		for _, change := range set.GetChanges() {
			if change.GetOp() == pb.ManifestChange_DELETE {
				visit(change.GetId())
			}
		}
		records = records[8+n:]
	}
	return nil
}

// asideEnding ends the names of tables that are set aside.
const asideEnding = ".unlisted"

// setAside renames the tables that the manifest does not list, so that Badger does not remove them. It returns the
// names of all that lie aside, also those that an opening which was broken off has left; tables that were given up in
// due form are removed.
func setAside(dir string, o badger.Options) ([]string, error) {
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil {
		return nil, err
	}
	aside, err := filepath.Glob(filepath.Join(dir, "*"+asideEnding))
	if err != nil || len(tables)+len(aside) == 0 {
		return nil, err
	}
	listed, gone, err := readManifest(dir, o)
	if err != nil {
		return nil, err
	}
	for _, name := range tables {
		id, ok := table.ParseFileID(name)
		if !ok || listed[id] || gone[id] {
			continue // Badger removes what was given up
		}
		to := freeAside(name)
		if err := os.Rename(name, to); err != nil {
			return aside, fmt.Errorf("setting a table aside: %w", err)
		}
		aside = append(aside, to)
	}
	return aside, nil
}

// freeAside is a name that no table set aside before has: numbers are given again after a manifest has lost them.
func freeAside(name string) string {
	for n := 0; ; n++ {
		to := fmt.Sprintf("%s.%d%s", name, n, asideEnding)
		if _, err := os.Lstat(to); err != nil {
			return to
		}
	}
}

// putBack gives tables their names again where those are free, for whoever wants to rescue what is in them.
func putBack(aside []string) error {
	var errs []error
	for _, from := range aside {
		to := from[:strings.Index(from, ".sst")+len(".sst")]
		if _, err := os.Lstat(to); errors.Is(err, os.ErrNotExist) {
			errs = append(errs, os.Rename(from, to))
		}
	}
	return errors.Join(errs...)
}
