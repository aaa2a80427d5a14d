// Package memory is an engine that keeps everything in memory, for tests. It honours the whole contract of package
// engine but durability: what it holds ends with the process. One writer at a time changes a copy of the map;
// readers keep the map they started with, so they never wait and never hold up the writer.
package memory

import (
	"bytes"
	"context"
	"sync/atomic"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/ordered"
)

// Engine is an ordered map with serializable transactions.
type Engine struct {
	state  atomic.Pointer[ordered.Map[[]byte]]
	turn   chan struct{} // holds one token; who has it is the writer
	closed atomic.Bool
}

var _ engine.Engine = (*Engine)(nil)

// New returns an empty engine.
func New() *Engine {
	e := &Engine{turn: make(chan struct{}, 1)}
	e.state.Store(&ordered.Map[[]byte]{})
	e.turn <- struct{}{}
	return e
}

// Close waits for the running Update; everything after it is answered with engine.ErrClosed. Closing twice is allowed.
func (e *Engine) Close() error {
	<-e.turn
	defer e.release()
	e.closed.Store(true)
	return nil
}

func (e *Engine) release() { e.turn <- struct{}{} }

// View implements engine.Engine.
func (e *Engine) View(ctx context.Context, fn func(engine.Reader) error) error {
	if err := e.ready(ctx); err != nil {
		return err
	}
	tx := &transaction{ctx: ctx, pairs: *e.state.Load()}
	defer tx.end()
	return fn(reader{tx})
}

// Update implements engine.Engine.
func (e *Engine) Update(ctx context.Context, fn func(engine.Writer) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-e.turn:
	}
	defer e.release()
	if err := e.ready(ctx); err != nil {
		return err
	}
	tx := &transaction{ctx: ctx, pairs: e.state.Load().Copy()}
	defer tx.end()
	if err := fn(tx); err != nil {
		return err
	}
	e.state.Store(&tx.pairs)
	return nil
}

func (e *Engine) ready(ctx context.Context) error {
	if e.closed.Load() {
		return engine.ErrClosed
	}
	return ctx.Err()
}

// reader hides the writing half, so that a closure cannot get at it by a type assertion.
type reader struct{ engine.Reader }

type transaction struct {
	ctx      context.Context
	pairs    ordered.Map[[]byte]
	budget   engine.Budget
	scanning int
	ended    bool
}

func (t *transaction) end() { t.ended = true }

// Get implements engine.Reader.
func (t *transaction) Get(key []byte) ([]byte, error) {
	if t.ended {
		return nil, engine.ErrMisuse
	}
	if err := engine.CheckKey(key); err != nil {
		return nil, err
	}
	value, found := t.pairs.Get(key)
	if !found {
		return nil, engine.ErrNotFound
	}
	return append([]byte{}, value...), nil
}

// Scan implements engine.Reader.
func (t *transaction) Scan(r engine.Range, visit func(key, value []byte) (bool, error)) error {
	if t.ended {
		return engine.ErrMisuse
	}
	t.scanning++
	defer func() { t.scanning-- }()
	if err := t.ctx.Err(); err != nil {
		return err
	}
	from, inclusive := r.First()
	for {
		key, value, found := t.step(r.Reverse, from, inclusive)
		if !found || !bytes.HasPrefix(key, r.Prefix) {
			return nil
		}
		if err := t.ctx.Err(); err != nil {
			return err
		}
		if r.KeysOnly {
			value = nil
		}
		if more, err := visit(key, value); err != nil || !more {
			return err
		}
		from, inclusive = key, false
	}
}

func (t *transaction) step(reverse bool, from []byte, inclusive bool) (key, value []byte, found bool) {
	if reverse {
		return t.pairs.Prev(from, inclusive)
	}
	return t.pairs.Next(from, inclusive)
}

func (t *transaction) admit(key, value []byte) error {
	if t.ended || t.scanning > 0 {
		return engine.ErrMisuse
	}
	return t.budget.Add(key, value)
}

// Put implements engine.Writer.
func (t *transaction) Put(key, value []byte) error {
	if err := t.admit(key, value); err != nil {
		return err
	}
	t.pairs.Put(bytes.Clone(key), append([]byte{}, value...))
	return nil
}

// Create implements engine.Writer.
func (t *transaction) Create(key, value []byte) error {
	if err := engine.CheckKey(key); err != nil {
		return err
	}
	if _, found := t.pairs.Get(key); found && !t.ended {
		return engine.ErrExists
	}
	return t.Put(key, value)
}

// Delete implements engine.Writer.
func (t *transaction) Delete(key []byte) error {
	if err := t.admit(key, nil); err != nil {
		return err
	}
	t.pairs.Delete(key)
	return nil
}
