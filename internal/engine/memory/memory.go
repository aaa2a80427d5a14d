// Package memory is an engine that keeps everything in memory, for tests. It honours the whole contract of package
// engine but durability: what it holds ends with the process. One writer at a time changes a copy-on-write tree;
// readers keep the root they started with, so they never wait and never hold up the writer.
package memory

import (
	"bytes"
	"context"
	"sync/atomic"

	"github.com/elicense/elicense/internal/engine"
)

// Engine is an ordered map with serializable transactions.
type Engine struct {
	root   atomic.Pointer[node]
	turn   chan struct{} // holds one token; who has it is the writer
	closed atomic.Bool
}

var _ engine.Engine = (*Engine)(nil)

// New returns an empty engine.
func New() *Engine {
	e := &Engine{turn: make(chan struct{}, 1)}
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
	tx := &transaction{ctx: ctx, root: e.root.Load()}
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
	tx := &transaction{ctx: ctx, root: e.root.Load(), owner: &owner{}}
	defer tx.end()
	if err := fn(tx); err != nil {
		return err
	}
	e.root.Store(tx.root)
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
	root     *node
	owner    *owner
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
	value, found := t.root.get(key)
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
	step := func(key, value []byte) (bool, error) {
		if err := t.ctx.Err(); err != nil {
			return false, err
		}
		if r.KeysOnly {
			value = nil
		}
		return visit(key, value)
	}
	if err := t.ctx.Err(); err != nil {
		return err
	}
	b := boundsOf(r)
	if r.Reverse {
		_, err := t.root.descend(b, step)
		return err
	}
	_, err := t.root.ascend(b, step)
	return err
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
	t.root = put(t.root, t.owner, bytes.Clone(key), append([]byte{}, value...))
	return nil
}

// Create implements engine.Writer.
func (t *transaction) Create(key, value []byte) error {
	if err := engine.CheckKey(key); err != nil {
		return err
	}
	if _, found := t.root.get(key); found && !t.ended {
		return engine.ErrExists
	}
	return t.Put(key, value)
}

// Delete implements engine.Writer.
func (t *transaction) Delete(key []byte) error {
	if err := t.admit(key, nil); err != nil {
		return err
	}
	t.root = t.root.remove(t.owner, key)
	return nil
}
