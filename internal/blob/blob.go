// Package blob is the contract of the content-addressed store for documents and scans, and its embedded default.
//
// A blob is written and durable before the engine transaction that refers to it begins; a crash in between leaves an
// orphan, which Sweep removes after a grace period. A blob that a committed transaction refers to is never removed.
package blob

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"time"
)

// MaxBytes is the largest blob; a larger one is refused with ErrTooLarge before anything is written.
const MaxBytes = 64 << 20

// Sentinels.
var (
	ErrNotFound = errors.New("blob: not found")
	ErrTooLarge = errors.New("blob: too large")
	ErrEmpty    = errors.New("blob: empty content")
	ErrCorrupt  = errors.New("blob: content does not match its address")
)

// Address names a blob by its content: HMAC-SM3 under the vault's address key, so that somebody who knows a document
// cannot test for its presence on the disk.
type Address [32]byte

// String is the address in lower-case hexadecimal.
func (a Address) String() string { return hex.EncodeToString(a[:]) }

// Store is safe for use by many goroutines at once.
type Store interface {
	// Put stores content and returns its address; durable when it returns nil. Storing the same content again is
	// cheap, and renews its grace period.
	Put(ctx context.Context, content []byte) (Address, error)

	// PutAll is Put of each, sharing transactions and syncs: all are durable when it returns nil, with their addresses
	// in order. One that Put would refuse refuses all before anything is written; after any other error some may be
	// stored.
	PutAll(ctx context.Context, contents [][]byte) ([]Address, error)

	// Get returns the content, checked against the address (ErrCorrupt), or ErrNotFound.
	Get(ctx context.Context, a Address) ([]byte, error)

	// Copy writes the content to w piece by piece, in memory that does not depend on its size. Only when it returns nil
	// is what was written the content: ErrCorrupt says at the end that it was not.
	Copy(ctx context.Context, a Address, w io.Writer) error

	// Sweep removes the blobs that a Sweeping describes, and reports how many were removed and kept. It runs beside Put
	// and Get: a Put that returned while Sweep runs keeps its blob.
	Sweep(ctx context.Context, what Sweeping) (Swept, error)
}

// Sweeping says what a sweep removes: blobs last put before OlderThan for which Referenced answers false.
type Sweeping struct {
	OlderThan  time.Time
	Referenced func(Address) (bool, error)
	DryRun     bool // remove nothing and report what would be
}

// Swept is the result of a sweep.
type Swept struct {
	Removed, Kept int
	RemovedBytes  int64
}
