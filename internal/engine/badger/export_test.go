package badger

import (
	"bufio"
	"io"

	"github.com/emmansun/gmsm/sm3"
)

// WithSyncOff switches syncing off, to show that the proof of durability notices it.
func WithSyncOff(c Config) Config {
	c.syncOffUnsafe = true
	return c
}

// CopyBackup reads a backup stream and writes it again, record by record.
func CopyBackup(w io.Writer, r io.Reader) (uint64, error) {
	return rewrite(w, func(each func(key, value []byte) error) (uint64, error) { return readBackup(r, each) })
}

// WriteBackup writes a stream of one pair for each value.
func WriteBackup(w io.Writer, values ...string) error {
	_, err := rewrite(w, func(each func(key, value []byte) error) (uint64, error) {
		for i, v := range values {
			if err := each([]byte{byte(i)}, []byte(v)); err != nil {
				return 0, err
			}
		}
		return uint64(len(values)), nil
	})
	return err
}

func rewrite(w io.Writer, read func(each func(key, value []byte) error) (uint64, error)) (uint64, error) {
	digest := sm3.New()
	out := bufio.NewWriter(io.MultiWriter(w, digest))
	_, _ = out.WriteString(backupMagic)
	pairs, err := read(func(key, value []byte) error { return writePair(out, key, value) })
	if err != nil {
		return 0, err
	}
	return pairs, writeTrailer(out, w, digest, pairs)
}

// FailSync makes the adapter believe that Badger has logged a failed sync of the value log.
func (e *Engine) FailSync() { e.log.Errorf(syncFailure + ": test\n") }

// LeaveRedo makes the redo record of puts durable and applies so many of its transactions, as if the process had died
// then. Nothing else may be done with the engine but closing it.
func (e *Engine) LeaveRedo(puts map[string][]byte, transactions int) error {
	var writes []write
	for k, v := range puts {
		w := write{key: []byte("k" + k), deleted: v == nil}
		if v != nil {
			w.value = append(v, 0) //nolint:gocritic // a copy is wanted
		}
		writes = append(writes, w)
	}
	pieces := redoPieces(writes)
	if err := e.commitOne(pieces, nil); err != nil {
		return err
	}
	for range transactions {
		n := min(len(writes), 5)
		if err := e.commitOne(writes[:n], nil); err != nil {
			return err
		}
		writes = writes[n:]
	}
	return nil
}

// RedoRecord and ParseRedo show the format to the fuzz test.
func RedoRecord(key, value []byte) []byte {
	return redoPieces([]write{{key: key, value: value}, {key: key, deleted: true}})[0].value
}

// ParseRedo parses a record and writes it again.
func ParseRedo(record []byte) ([]byte, error) {
	writes, err := parseRedo(record)
	if err != nil {
		return nil, err
	}
	var again []byte
	for _, p := range redoPieces(writes) {
		again = append(again, p.value...)
	}
	return again, nil
}

// Flatten compacts all levels, so that the value log's garbage is known.
func (e *Engine) Flatten() error { return e.db.Flatten(1) }

// EachDeletion shows the parser to the fuzz test.
var EachDeletion = eachDeletion
