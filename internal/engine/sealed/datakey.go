package sealed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/elicense/elicense/internal/engine"
)

// A data key is renewed in three steps, each of which can be broken off at any point: NewDataKey adds one, Rewrap moves
// the values over part by part, RetireDataKeys takes away those under which nothing lies any more. The engine answers
// all the while.

// Refusals of changes of data keys.
var (
	// ErrDataKeys is a keyring that has had all the data keys that values can name.
	ErrDataKeys = errors.New("sealed: no more data keys")
	// ErrDataKeyInUse is a data key under which a value lies.
	ErrDataKeyInUse = errors.New("sealed: data key in use")
)

// NewDataKey draws a data key and seals every later value under it. When it returns nil, no Update seals under a former
// one any more. master is the one that the keyring lies under.
func (e *Engine) NewDataKey(ctx context.Context, master Master) error {
	e.changing.Lock()
	defer e.changing.Unlock()
	var drawn [32]byte
	if _, err := io.ReadFull(e.random, drawn[:]); err != nil {
		return fmt.Errorf("drawing a data key: %w", err)
	}
	var added dataKey
	err := change(ctx, e.inner, [2]Master{master, master}, e.random, func(r *ring) error {
		last := r.data[len(r.data)-1].number
		if last == maxNumber {
			return ErrDataKeys
		}
		added = dataKey{number: last + 1, key: drawn}
		r.data = append(r.data, added)
		return nil
	})
	if err != nil {
		return err
	}
	present, err := newSession(&added, e.random)
	if err != nil {
		return err
	}
	data := append(slices.Clone(*e.keys.data.Load()), added)
	e.keys.data.Store(&data)
	e.updates.Lock()
	defer e.updates.Unlock()
	e.sealer.present.Store(present)
	return nil
}

// What one step of Rewrap reads and writes at most.
const (
	stepPairs = 4096
	stepMoves = 256
	stepBytes = engine.MaxTxBytes / 4
)

// Rewrap looks at the next part of the pairs, from a key on (nil: the first), and seals those values anew that lie
// under a former data key. It says where to go on; nil: it was the last part. Who calls it again and again, with as
// much rest in between as the others need, has every value under the newest key.
func (e *Engine) Rewrap(ctx context.Context, from []byte) (next []byte, moved int, err error) {
	newest := e.sealer.present.Load().number
	keys, next, err := e.stale(ctx, from, newest)
	if err != nil || len(keys) == 0 {
		return next, 0, err
	}
	e.updates.RLock()
	defer e.updates.RUnlock()
	s := e.borrow()
	defer e.giveBack(s)
	err = e.inner.Update(ctx, func(inner engine.Writer) error {
		moved = 0
		w := &writer{reader: reader{inner: inner, sealer: e.sealer, scratch: s}, inner: inner}
		defer w.end()
		for _, key := range keys {
			again, err := w.rewrap(key, newest)
			if err != nil {
				return err
			}
			moved += again
		}
		return nil
	})
	return next, moved, err
}

// stale finds the pairs of the next part whose value lies under a former data key.
func (e *Engine) stale(ctx context.Context, from []byte, newest byte) (keys [][]byte, next []byte, err error) {
	seen, size := 0, 0
	err = e.inner.View(ctx, func(r engine.Reader) error {
		return r.Scan(engine.Range{Start: from}, func(key, stored []byte) (bool, error) {
			if seen == stepPairs || len(keys) == stepMoves || size > stepBytes {
				next = bytes.Clone(key)
				return false, nil
			}
			seen++
			if checkKey(key) == nil && isStale(stored, newest) {
				keys = append(keys, bytes.Clone(key))
				size += len(key) + len(stored)
			}
			return true, nil
		})
	})
	return keys, next, err
}

func isStale(stored []byte, newest byte) bool { return len(stored) == 0 || stored[0] != newest }

// rewrap seals one value anew, unless it is gone or somebody has by now.
func (w *writer) rewrap(key []byte, newest byte) (moved int, err error) {
	stored, err := w.inner.Get(key)
	if errors.Is(err, engine.ErrNotFound) || err == nil && !isStale(stored, newest) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if len(stored) < Overhead {
		return 0, errValue
	}
	plain, err := w.sealer.open(stored[valueHead:valueHead], w.scratch.nonce[:], key, stored)
	if err != nil {
		return 0, err
	}
	return 1, w.Put(key, plain)
}

// RetireDataKeys takes every data key but the newest out of the keyring. It reads every value first and refuses with
// ErrDataKeyInUse if one lies under a former key; where it has returned nil, those keys are stored no more. Until the
// engine is closed it remembers them for Views that began before.
func (e *Engine) RetireDataKeys(ctx context.Context, master Master) error {
	e.changing.Lock()
	defer e.changing.Unlock()
	newest := e.sealer.present.Load().number
	err := e.inner.View(ctx, func(r engine.Reader) error {
		return r.Scan(engine.Range{}, func(key, stored []byte) (bool, error) {
			if checkKey(key) == nil && isStale(stored, newest) {
				return false, ErrDataKeyInUse
			}
			return true, nil
		})
	})
	if err != nil {
		return err
	}
	err = change(ctx, e.inner, [2]Master{master, master}, e.random, func(r *ring) error {
		r.data = slices.DeleteFunc(r.data, func(d dataKey) bool { return d.number < newest })
		return nil
	})
	if err != nil {
		return err
	}
	data := slices.Clone(*e.keys.data.Load())
	for i := range data {
		data[i].retired = data[i].number < newest
	}
	e.keys.data.Store(&data)
	return nil
}
