package badger

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/elicense/elicense/internal/engine"
)

// View implements engine.Engine.
func (e *Engine) View(ctx context.Context, fn func(engine.Reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	snap, err := e.snapshots.acquire()
	if err != nil {
		return err
	}
	defer e.snapshots.release(snap)
	v := &view{ctx: ctx, txn: e.db.NewTransactionAt(snap.ts, false), state: snap.ts, often: &e.often}
	defer v.end()
	return fn(v)
}

// view reads one snapshot.
type view struct {
	ctx   context.Context
	txn   *badger.Txn
	state uint64
	often *often
	buf   []byte // for stored keys
	ended bool
}

func (v *view) end() {
	v.ended = true
	v.txn.Discard()
}

// Get implements engine.Reader.
func (v *view) Get(key []byte) ([]byte, error) {
	if v.ended {
		return nil, engine.ErrMisuse
	}
	if err := engine.CheckKey(key); err != nil {
		return nil, err
	}
	v.buf = searchKey(v.buf, key)
	if value, ok := v.often.get(v.buf, v.state); ok {
		return value, nil
	}
	value, err := read(v.txn, v.buf)
	if err == nil {
		v.often.missed(v.buf, value, v.state)
	}
	return value, err
}

// read returns the value of a stored key. Collection may take away a value-log file between the two steps of a read;
// the value is then found in its new place by reading again.
func read(txn *badger.Txn, key []byte) ([]byte, error) {
	for range 3 {
		item, err := txn.Get(key)
		if err != nil {
			return nil, convert(err)
		}
		stored, err := item.ValueCopy(nil)
		if err != nil {
			return nil, convert(err)
		}
		if value, err := plain(stored); err == nil {
			return value, nil
		}
	}
	return nil, fmt.Errorf("%w: value of a key cannot be read", engine.ErrCorrupt)
}

// exists tells whether a stored key has a value.
func exists(txn *badger.Txn, key []byte) (bool, error) {
	_, err := txn.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return false, nil
	}
	return err == nil, convert(err)
}

// convert hides Badger's errors behind the contract's. What it cannot name is damage.
func convert(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, badger.ErrKeyNotFound):
		return engine.ErrNotFound
	case errors.Is(err, badger.ErrDBClosed), errors.Is(err, badger.ErrBlockedWrites):
		return engine.ErrClosed
	}
	return fmt.Errorf("%w: %v", engine.ErrCorrupt, err)
}

// Scan implements engine.Reader.
func (v *view) Scan(r engine.Range, visit func(key, value []byte) (bool, error)) error {
	if v.ended {
		return engine.ErrMisuse
	}
	if err := v.ctx.Err(); err != nil {
		return err
	}
	c := openCursor(v.txn, r)
	defer c.close()
	for ; c.valid(); c.next() {
		if err := v.ctx.Err(); err != nil {
			return err
		}
		more, err := c.visit(r, visit)
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// cursor walks over the committed pairs of a range.
type cursor struct {
	it    *badger.Iterator
	value []byte // memory reused from pair to pair
}

func openCursor(txn *badger.Txn, r engine.Range) *cursor {
	prefix := searchKey(nil, r.Prefix)
	it := txn.NewIterator(badger.IteratorOptions{Prefix: prefix, Reverse: r.Reverse})
	from := prefix
	switch start := searchKey(nil, r.Start); {
	case !r.Reverse:
		if r.Start != nil && bytes.Compare(start, prefix) > 0 {
			from = start
		}
	default:
		from = afterPrefix(prefix)
		if r.Start != nil && bytes.Compare(start, from) < 0 {
			from = start
		}
	}
	it.Seek(from)
	return &cursor{it: it}
}

func (c *cursor) close()      { c.it.Close() }
func (c *cursor) valid() bool { return c.it.Valid() }
func (c *cursor) next()       { c.it.Next() }

// key is the stored key, valid until next.
func (c *cursor) key() []byte { return c.it.Item().Key() }

func (c *cursor) visit(r engine.Range, visit func(key, value []byte) (bool, error)) (bool, error) {
	key := c.key()[1:]
	if r.KeysOnly {
		return visit(key, nil)
	}
	stored, err := c.it.Item().ValueCopy(c.value)
	if err != nil {
		return false, convert(err)
	}
	value, err := plain(stored)
	if err != nil {
		return false, err
	}
	c.value = stored
	return visit(key, value)
}
