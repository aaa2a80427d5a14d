// Package sealed lays encryption over an engine: values are sealed with SM4-GCM (GB/T 32907-2016) bound to their key,
// so that a value can be neither read, altered nor moved to another key. It also makes the searchable tokens that take
// the place of personal key parts. Keys are stored as they are: callers put tokens into them, not names or numbers.
//
// Not hidden are the number of pairs, their keys, sizes and times of change; not prevented is that somebody with write
// access to the disk puts an older sealed value of the same key back, or removes one. The ledger shows that.
package sealed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/elicense/elicense/internal/engine"
)

// Config says what to seal with which keys.
type Config struct {
	// Inner holds the sealed values. Whoever opens it closes it. Required.
	Inner engine.Engine
	// Keys is the keyring of Inner, see CreateKeyring and OpenKeyring. Required.
	Keys *Keyring
	// Rand gives the eight bytes that name this opening, and new data keys; it must be cryptographically random. Required.
	Rand io.Reader
}

// Engine is an engine whose values are sealed. There is one at a time over an inner engine: another would go on
// sealing under a data key that this one has given up. Its limits are the contract's less what sealing adds: a value has at
// most MaxValueBytes, and a closure's sum counts Overhead for each value.
type Engine struct {
	inner  engine.Engine
	keys   *Keyring
	sealer *sealer
	random io.Reader
	pool   sync.Pool // of *scratch

	changing sync.Mutex   // of data keys
	updates  sync.RWMutex // held by every Update, so that one can wait for those under way
}

var _ engine.Authenticating = (*Engine)(nil)

// AuthenticatesValues implements engine.Authenticating: every value is sealed with its key as associated data.
func (e *Engine) AuthenticatesValues() {}

// Open begins a new session.
func Open(cfg Config) (*Engine, error) {
	if cfg.Inner == nil || cfg.Keys == nil || cfg.Rand == nil {
		return nil, errors.New("sealed: Config.Inner, Keys and Rand are required")
	}
	s, err := newSealer(cfg.Keys, cfg.Rand)
	if err != nil {
		return nil, err
	}
	e := &Engine{inner: cfg.Inner, keys: cfg.Keys, sealer: s, random: cfg.Rand}
	e.pool.New = func() any { return &scratch{} }
	return e, nil
}

// Keys is the keyring the engine was opened with.
func (e *Engine) Keys() *Keyring { return e.keys }

// Token is Keyring.Token.
func (e *Engine) Token(domain string, parts ...[]byte) [32]byte {
	return e.keys.Token(domain, parts...)
}

// scratch is memory that one transaction after the other uses.
type scratch struct {
	nonce [nonceSize]byte
	arena []byte // sealed values of the running Update
	plain []byte // of the running Scan
}

const (
	arenaChunk = 16 << 10
	maxScratch = 2 << 20 // larger memory is not kept; a group of a conversion takes about one and a half
)

func (e *Engine) borrow() *scratch {
	s, _ := e.pool.Get().(*scratch)
	return s
}

func (e *Engine) giveBack(s *scratch) {
	if cap(s.arena) > maxScratch {
		s.arena = nil
	}
	if cap(s.plain) > maxScratch {
		s.plain = nil
	}
	s.arena = s.arena[:0]
	e.pool.Put(s)
}

// room returns an empty slice of the arena with capacity n.
func (s *scratch) room(n int) []byte {
	if cap(s.arena)-len(s.arena) < n {
		s.arena = make([]byte, 0, max(n, min(2*cap(s.arena), maxScratch), arenaChunk))
	}
	from := len(s.arena)
	s.arena = s.arena[:from+n]
	return s.arena[from : from : from+n]
}

// View implements engine.Engine.
func (e *Engine) View(ctx context.Context, fn func(engine.Reader) error) error {
	s := e.borrow()
	defer e.giveBack(s)
	return e.inner.View(ctx, func(inner engine.Reader) error {
		r := &reader{inner: inner, sealer: e.sealer, scratch: s}
		defer r.end()
		return fn(r)
	})
}

// Update implements engine.Engine.
func (e *Engine) Update(ctx context.Context, fn func(engine.Writer) error) error {
	e.updates.RLock()
	defer e.updates.RUnlock()
	s := e.borrow()
	defer e.giveBack(s) // only now are the slices given to inner free
	return e.inner.Update(ctx, func(inner engine.Writer) error {
		w := &writer{reader: reader{inner: inner, sealer: e.sealer, scratch: s}, inner: inner}
		defer w.end()
		return fn(w)
	})
}

type reader struct {
	inner   engine.Reader
	sealer  *sealer
	scratch *scratch
	depth   int // of scans inside scans
	ended   bool
}

// end keeps a closure that has kept its transaction from using scratch that belongs to another by now.
func (r *reader) end() { r.ended = true }

func (r *reader) check(key []byte) error {
	if r.ended {
		return engine.ErrMisuse
	}
	return checkKey(key)
}

func checkKey(key []byte) error {
	if bytes.HasPrefix(key, reservedPrefix) {
		return fmt.Errorf("%w: reserved", engine.ErrInvalidKey)
	}
	return nil
}

// Get implements engine.Reader. The value is opened in the memory that the inner engine gave away.
func (r *reader) Get(key []byte) ([]byte, error) {
	if err := r.check(key); err != nil {
		return nil, err
	}
	stored, err := r.inner.Get(key)
	if err != nil {
		return nil, err
	}
	if len(stored) < Overhead {
		return nil, errValue
	}
	return r.sealer.open(stored[valueHead:valueHead], r.scratch.nonce[:], key, stored)
}

// Scan implements engine.Reader.
func (r *reader) Scan(rg engine.Range, visit func(key, value []byte) (bool, error)) error {
	if r.ended {
		return engine.ErrMisuse
	}
	r.depth++
	defer func() { r.depth-- }()
	var own []byte // memory of a scan inside a scan
	return r.inner.Scan(rg, func(key, stored []byte) (bool, error) {
		if checkKey(key) != nil {
			return true, nil //nolint:nilerr // the engine's own keys are passed over
		}
		if rg.KeysOnly {
			return visit(key, nil)
		}
		buf := &own
		if r.depth == 1 {
			buf = &r.scratch.plain
		}
		plain, err := r.sealer.open((*buf)[:0], r.scratch.nonce[:], key, stored)
		if err != nil {
			return false, err
		}
		*buf = plain
		return visit(key, plain)
	})
}

type writer struct {
	reader
	inner engine.Writer
}

func (w *writer) seal(key, value []byte) ([]byte, error) {
	if err := w.check(key); err != nil {
		return nil, err
	}
	if len(value) > MaxValueBytes {
		return nil, engine.ErrTooLarge
	}
	return w.sealer.seal(w.scratch.room(len(value)+Overhead), w.scratch.nonce[:], key, value), nil
}

// Put implements engine.Writer.
func (w *writer) Put(key, value []byte) error {
	stored, err := w.seal(key, value)
	if err != nil {
		return err
	}
	return w.inner.Put(key, stored)
}

// Create implements engine.Writer.
func (w *writer) Create(key, value []byte) error {
	stored, err := w.seal(key, value)
	if err != nil {
		return err
	}
	return w.inner.Create(key, stored)
}

// Delete implements engine.Writer.
func (w *writer) Delete(key []byte) error {
	if err := w.check(key); err != nil {
		return err
	}
	return w.inner.Delete(key)
}
