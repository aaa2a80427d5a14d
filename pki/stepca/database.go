package stepca

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/smallstep/nosql/database"

	"github.com/elicense/elicense/internal/engine"
)

const maxBucketBytes = 255

// bucketed is smallstep's database (tables of pairs, compare-and-swap) on an engine of ours. Every call is one engine
// transaction, so CmpAndSwap is linearizable and Update is all or nothing. What it lays down, after the prefix:
//
//	t bucket                           "": the bucket exists
//	d length : bucket key              0x00 value, or 0x01 number of parts for a value longer than one of the engine's
//	p length : bucket length : key part
//
// with lengths and the number of a part in decimal digits.
// Absent and empty are the same to CmpAndSwap, as with all databases of smallstep.
type bucketed struct {
	engine engine.Engine
	prefix string
}

var _ database.DB = (*bucketed)(nil)

// Open is not how this database is opened: its engine is open already.
func (*bucketed) Open(string, ...database.Option) error { return database.ErrOpNotSupported }

// Close does nothing: the engine belongs to the caller.
func (*bucketed) Close() error { return nil }

// Get implements database.DB.
func (b *bucketed) Get(bucket, key []byte) (value []byte, err error) {
	k, err := b.key(bucket, key)
	if err != nil {
		return nil, err
	}
	err = b.view(func(r engine.Reader) error {
		value, err = k.get(r)
		return err
	})
	if err != nil {
		return nil, err
	}
	return value, nil
}

// Set implements database.DB.
func (b *bucketed) Set(bucket, key, value []byte) error {
	k, err := b.key(bucket, key)
	if err != nil {
		return err
	}
	return b.update(func(w engine.Writer) error { return k.put(w, value) })
}

// CmpAndSwap implements database.DB. The value returned is the one that stands there afterwards.
func (b *bucketed) CmpAndSwap(bucket, key, old, value []byte) (stands []byte, swapped bool, err error) {
	k, err := b.key(bucket, key)
	if err != nil {
		return nil, false, err
	}
	err = b.update(func(w engine.Writer) error {
		stands, swapped, err = k.swap(w, old, value)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	return stands, swapped, nil
}

// Del implements database.DB. Deleting what is not there is no error.
func (b *bucketed) Del(bucket, key []byte) error {
	k, err := b.key(bucket, key)
	if err != nil {
		return err
	}
	return b.update(k.remove)
}

// List implements database.DB: all pairs of a bucket in memory at once.
func (b *bucketed) List(bucket []byte) (entries []*database.Entry, err error) {
	if err := checkBucket(bucket); err != nil {
		return nil, err
	}
	err = b.view(func(r engine.Reader) error {
		entries, err = b.list(r, bucket)
		return err
	})
	if err != nil {
		return nil, err
	}
	return entries, nil
}

func (b *bucketed) list(r engine.Reader, bucket []byte) ([]*database.Entry, error) {
	if _, err := r.Get(b.table(bucket)); err != nil {
		return nil, err
	}
	var entries []*database.Entry
	err := r.Scan(engine.Range{Prefix: b.pairs(bucket)}, func(at, stored []byte) (bool, error) {
		key := bytes.Clone(at[len(b.pairs(bucket)):])
		k := pair{b, bytes.Clone(bucket), key}
		value, err := k.whole(r, stored)
		entries = append(entries, &database.Entry{Bucket: k.bucket, Key: key, Value: value})
		return true, err
	})
	return entries, err
}

// Update implements database.DB: the commands are one transaction. Comparing and rolling back is not supported, as with
// smallstep's own databases.
func (b *bucketed) Update(tx *database.Tx) error {
	return b.update(func(w engine.Writer) error {
		for _, q := range tx.Operations {
			q.Result, q.Swapped = nil, false // a closure may run again
			if err := b.run(w, q); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *bucketed) run(w engine.Writer, q *database.TxEntry) (err error) {
	var k pair
	if q.Cmd != database.CreateTable && q.Cmd != database.DeleteTable {
		if k, err = b.key(q.Bucket, q.Key); err != nil {
			return err
		}
	}
	switch q.Cmd {
	case database.CreateTable:
		err = b.createTable(w, q.Bucket)
	case database.DeleteTable:
		err = b.deleteTable(w, q.Bucket)
	case database.Get:
		q.Result, err = k.get(w)
	case database.Set:
		err = k.put(w, q.Value)
	case database.Delete:
		err = k.remove(w)
	case database.CmpAndSwap:
		q.Result, q.Swapped, err = k.swap(w, q.CmpValue, q.Value)
	case database.CmpOrRollback:
		err = database.ErrOpNotSupported
	default:
		err = database.ErrOpNotSupported
	}
	return err
}

// CreateTable implements database.DB; a table that exists is no error.
func (b *bucketed) CreateTable(bucket []byte) error {
	return b.update(func(w engine.Writer) error { return b.createTable(w, bucket) })
}

func (b *bucketed) createTable(w engine.Writer, bucket []byte) error {
	if err := checkBucket(bucket); err != nil {
		return err
	}
	return w.Put(b.table(bucket), nil)
}

// DeleteTable implements database.DB. It is one transaction, so a table of more keys than fit into one is refused.
func (b *bucketed) DeleteTable(bucket []byte) error {
	return b.update(func(w engine.Writer) error { return b.deleteTable(w, bucket) })
}

func (b *bucketed) deleteTable(w engine.Writer, bucket []byte) error {
	if err := checkBucket(bucket); err != nil {
		return err
	}
	if _, err := w.Get(b.table(bucket)); err != nil {
		return err
	}
	keys := [][]byte{b.table(bucket)}
	for _, prefix := range [][]byte{b.pairs(bucket), b.parts(bucket)} {
		err := w.Scan(engine.Range{Prefix: prefix, KeysOnly: true}, func(key, _ []byte) (bool, error) {
			keys = append(keys, bytes.Clone(key))
			return true, nil
		})
		if err != nil {
			return err
		}
	}
	for _, key := range keys {
		if err := w.Delete(key); err != nil {
			return err
		}
	}
	return nil
}

// view and update put the engine's errors into the words of smallstep. Its interface has no context to pass on.
func (b *bucketed) view(fn func(engine.Reader) error) error {
	return translate(b.engine.View(context.Background(), fn))
}

func (b *bucketed) update(fn func(engine.Writer) error) error {
	return translate(b.engine.Update(context.Background(), fn))
}

func translate(err error) error {
	if errors.Is(err, engine.ErrNotFound) {
		return database.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("stepca: database: %w", err)
	}
	return nil
}

func checkBucket(bucket []byte) error {
	switch {
	case len(bucket) == 0:
		return engine.ErrInvalidKey
	case len(bucket) > maxBucketBytes:
		return engine.ErrTooLarge
	}
	return nil
}

func (b *bucketed) table(bucket []byte) []byte {
	return append(append([]byte(b.prefix), 't'), bucket...)
}

func (b *bucketed) pairs(bucket []byte) []byte { return b.space('d', bucket) }

func (b *bucketed) parts(bucket []byte) []byte { return b.space('p', bucket) }

func (b *bucketed) space(kind byte, bucket []byte) []byte {
	return appendCounted(append([]byte(b.prefix), kind), bucket)
}

// appendCounted appends text with its length before it, so that it is clear where it ends.
func appendCounted(dst, text []byte) []byte {
	return append(append(strconv.AppendInt(dst, int64(len(text)), 10), ':'), text...)
}

func (b *bucketed) key(bucket, key []byte) (pair, error) {
	if err := checkBucket(bucket); err != nil {
		return pair{}, err
	}
	if len(key) == 0 {
		return pair{}, engine.ErrInvalidKey
	}
	return pair{b, bucket, key}, nil
}
