package badger

import (
	"bytes"
	"context"

	"github.com/dgraph-io/badger/v4"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/ordered"
)

// transaction is one run of a closure on the fold. Its reads see, in this order, the fold with the closure's own
// writes, the fold in flight, and the durable state under both.
type transaction struct {
	ctx      context.Context
	fold     *fold
	pending  *fold // may be nil
	txn      *badger.Txn
	budget   engine.Budget
	buf      []byte // for stored keys
	scanning int
	ended    bool
}

func (t *transaction) end() {
	t.ended = true
	t.txn.Discard()
}

// written returns the newest write of a stored key that is not durable yet.
func (t *transaction) written(key []byte) (write, bool) {
	if i := t.fold.find(key); i >= 0 {
		return t.fold.writes[i], true
	}
	if t.pending != nil {
		if i := t.pending.find(key); i >= 0 {
			return t.pending.writes[i], true
		}
	}
	return write{}, false
}

// Get implements engine.Reader.
func (t *transaction) Get(key []byte) ([]byte, error) {
	if t.ended {
		return nil, engine.ErrMisuse
	}
	if err := engine.CheckKey(key); err != nil {
		return nil, err
	}
	t.buf = searchKey(t.buf, key)
	w, found := t.written(t.buf)
	if !found {
		return read(t.txn, t.buf)
	}
	if w.deleted {
		return nil, engine.ErrNotFound
	}
	return append([]byte{}, w.value[:len(w.value)-1]...), nil
}

// Put implements engine.Writer.
func (t *transaction) Put(key, value []byte) error {
	if err := t.admit(key, value); err != nil {
		return err
	}
	w := write{key: t.fold.keep(keyMark, key), value: t.fold.keep(value, valueMark)}
	t.fold.set(w, cost(w))
	return nil
}

// Create implements engine.Writer.
func (t *transaction) Create(key, value []byte) error {
	if t.ended || t.scanning > 0 {
		return engine.ErrMisuse
	}
	if err := engine.CheckKey(key); err != nil {
		return err
	}
	t.buf = searchKey(t.buf, key)
	w, found := t.written(t.buf)
	taken := found && !w.deleted
	if !found {
		var err error
		if taken, err = exists(t.txn, t.buf); err != nil {
			return err
		}
	}
	if taken {
		return engine.ErrExists
	}
	return t.Put(key, value)
}

// Delete implements engine.Writer.
func (t *transaction) Delete(key []byte) error {
	if err := t.admit(key, nil); err != nil {
		return err
	}
	w := write{key: t.fold.keep(keyMark, key), deleted: true}
	t.fold.set(w, cost(w))
	return nil
}

func (t *transaction) admit(key, value []byte) error {
	if t.ended || t.scanning > 0 {
		return engine.ErrMisuse
	}
	return t.budget.Add(key, value)
}

// Scan implements engine.Reader.
func (t *transaction) Scan(r engine.Range, visit func(key, value []byte) (bool, error)) error {
	if t.ended {
		return engine.ErrMisuse
	}
	if err := t.ctx.Err(); err != nil {
		return err
	}
	t.scanning++
	defer func() { t.scanning-- }()
	m := t.openMerge(r)
	defer m.base.close()
	for {
		w, fresh, found := m.step()
		if !found {
			return nil
		}
		if err := t.ctx.Err(); err != nil {
			return err
		}
		more, err := true, error(nil)
		switch {
		case !fresh:
			more, err = m.base.visit(r, visit)
			m.base.next()
		case !w.deleted && r.KeysOnly:
			more, err = visit(w.key[1:], nil)
		case !w.deleted:
			more, err = visit(w.key[1:], w.value[:len(w.value)-1])
		}
		if err != nil || !more {
			return err
		}
	}
}

// layer walks over what one fold has written in a range.
type layer struct {
	fold  *fold
	pairs *ordered.Map[int32]
	at    int32 // index of the write, -1 at the end
}

// merge walks over the committed pairs and the folds together; of equal keys the newest layer's counts.
type merge struct {
	base    *cursor
	layers  []layer // newest first
	prefix  []byte  // stored
	reverse bool
}

func (t *transaction) openMerge(r engine.Range) *merge {
	m := &merge{base: openCursor(t.txn, r), prefix: searchKey(nil, r.Prefix), reverse: r.Reverse}
	stored := engine.Range{Prefix: m.prefix, Reverse: r.Reverse}
	if r.Start != nil {
		stored.Start = searchKey(nil, r.Start)
	}
	from, inclusive := stored.First()
	for _, f := range []*fold{t.fold, t.pending} {
		if f == nil || len(f.writes) == 0 {
			continue
		}
		l := layer{fold: f, pairs: f.order()}
		m.seek(&l, from, inclusive)
		m.layers = append(m.layers, l)
	}
	return m
}

func (m *merge) seek(l *layer, from []byte, inclusive bool) {
	move := l.pairs.Next
	if m.reverse {
		move = l.pairs.Prev
	}
	key, at, found := move(from, inclusive)
	if l.at = at; !found || !bytes.HasPrefix(key, m.prefix) {
		l.at = -1
	}
}

// step returns the next pair: a write not yet durable (fresh), or the one at the base cursor, which the caller
// moves on.
func (m *merge) step() (w write, fresh, found bool) {
	var least []byte
	if m.base.valid() {
		least = m.base.key()
	}
	for i := range m.layers {
		l := &m.layers[i]
		if l.at < 0 {
			continue
		}
		key := l.fold.writes[l.at].key
		order := bytes.Compare(key, least)
		if m.reverse {
			order = -order
		}
		if least == nil || order < 0 || order == 0 && !fresh {
			least, w, fresh = key, l.fold.writes[l.at], true
		}
	}
	if !fresh {
		return write{}, false, least != nil
	}
	for i := range m.layers {
		if l := &m.layers[i]; l.at >= 0 && bytes.Equal(l.fold.writes[l.at].key, w.key) {
			m.seek(l, w.key, false)
		}
	}
	if m.base.valid() && bytes.Equal(m.base.key(), w.key) {
		m.base.next()
	}
	return w, true, true
}
