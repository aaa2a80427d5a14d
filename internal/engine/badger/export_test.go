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
	digest := sm3.New()
	out := bufio.NewWriter(io.MultiWriter(w, digest))
	_, _ = out.WriteString(backupMagic)
	pairs, err := readBackup(r, func(key, value []byte) error { return writePair(out, key, value) })
	if err != nil {
		return 0, err
	}
	return pairs, writeTrailer(out, w, digest, pairs)
}
