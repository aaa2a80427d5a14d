// Package engine is the contract of the transactional ordered key-value store that everything durable in this
// module rests on. It holds no implementation: engine/badger is the default, engine/memory serves tests, and
// engine/sealed lays encryption over another engine. Package enginetest proves an adapter against this text.
//
// # Transactions
//
// View runs its closure on one consistent snapshot that includes every Update that returned nil before View was
// called. Update runs its closure serializably: the outcome equals some order of all committed closures one after the
// other, ranges scanned and found empty included. A closure sees its own writes, in Get and in Scan.
//
// Closures are pure: they may run more than once and on another goroutine, and must change nothing but the
// transaction and variables that each run sets anew. They do not block, sleep, sign or start a transaction.
// The adapter retries what it must by itself; a caller never sees a conflict and need not retry.
// When a closure returns an error, nothing of it is kept and that same error is returned.
//
// # Durability
//
// When Update returns nil, its writes survive kill -9 and power loss. Several Updates may share one sync.
// When Update returns an error that wraps ErrAmbiguous, the writes may or may not survive; every other error means
// that nothing was written. A caller answers an ambiguous commit by reading, never by assuming, and therefore gives
// each write an identity (a licence version, an idempotency key) that it can look for.
//
// # Order
//
// Keys are ordered as unsigned bytes, shorter first. There are no other collations.
package engine

import (
	"context"
	"errors"
)

// Limits that every adapter enforces with ErrTooLarge before anything is written.
const (
	MaxKeyBytes   = 512     // length of a key; the empty key is refused as ErrInvalidKey
	MaxValueBytes = 1 << 20 // length of a value; an empty value is a value
	MaxTxBytes    = 8 << 20 // sum of keys and values that one closure writes
)

// Sentinels. Adapters convert their own errors to these and hide the originals.
var (
	ErrNotFound   = errors.New("engine: key not found")
	ErrExists     = errors.New("engine: key exists")
	ErrInvalidKey = errors.New("engine: invalid key")
	ErrTooLarge   = errors.New("engine: too large")
	ErrNoSpace    = errors.New("engine: free space below the reserve") // writes are refused, reads go on
	ErrLocked     = errors.New("engine: data directory is in use by another process")
	ErrClosed     = errors.New("engine: closed")
	ErrCorrupt    = errors.New("engine: stored data is damaged")
	ErrAmbiguous  = errors.New("engine: outcome of the commit is unknown")
	ErrMisuse     = errors.New("engine: write inside a scan, or use of a transaction after its closure")
)

// Engine is safe for use by many goroutines at once.
type Engine interface {
	// View runs fn on a snapshot and returns fn's error. The context is checked before fn runs and by Scan.
	View(ctx context.Context, fn func(Reader) error) error

	// Update runs fn and commits. A context that ends while the Update waits for its turn abandons it (nothing
	// written); once the commit has begun, Update waits for its end.
	Update(ctx context.Context, fn func(Writer) error) error
}

// Authenticating is an engine that answers with what was put under that very key or with ErrCorrupt, also when somebody
// has altered or moved what lies stored beneath it. An older value of the same key may still come back.
type Authenticating interface {
	Engine

	// AuthenticatesValues tells nothing but that it does.
	AuthenticatesValues()
}

// Reader reads inside a transaction, for one goroutine at a time; it is invalid once the closure has returned.
type Reader interface {
	// Get returns a copy of the value that the caller owns, or ErrNotFound.
	Get(key []byte) ([]byte, error)

	// Scan calls visit for each pair of r in order until visit returns false or an error, which Scan returns.
	// The slices given to visit are valid during that call only and must not be changed. Inside an Update, visit
	// must not write (ErrMisuse).
	Scan(r Range, visit func(key, value []byte) (bool, error)) error
}

// Writer reads and writes inside an Update. It copies nothing: slices passed in must stay unchanged
// until Update returns.
type Writer interface {
	Reader

	// Put sets the value of key, whether or not it exists.
	Put(key, value []byte) error

	// Create sets the value of a key that does not exist, else ErrExists.
	Create(key, value []byte) error

	// Delete removes key; removing a key that does not exist is not an error.
	Delete(key []byte) error
}

// Range selects keys that start with Prefix.
type Range struct {
	Prefix []byte
	// Start is the first key wanted, inclusive, in the direction of the scan; nil means from the respective end of
	// the prefix. A Start outside Prefix is legal and selects what lies beyond it inside Prefix.
	Start    []byte
	Reverse  bool
	KeysOnly bool // visit gets a nil value; cheaper
}
