package badger

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"

	"github.com/elicense/elicense/internal/engine"
)

var errFailed = fmt.Errorf("%w: an earlier commit ended in doubt; open the engine again", engine.ErrClosed)

// Update implements engine.Engine.
func (e *Engine) Update(ctx context.Context, fn func(engine.Writer) error) error {
	for {
		if err := e.takeTurn(ctx); err != nil {
			return err
		}
		f := e.fold
		if e.isFull(f) {
			e.releaseTurn()
			if err := await(ctx, f.taken); err != nil {
				return err
			}
			continue
		}
		return e.runAndWait(ctx, fn)
	}
}

// takeTurn returns with the turn held, or with an error.
func (e *Engine) takeTurn(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := await(ctx, e.turn); err != nil {
		return err
	}
	err := ctx.Err()
	switch {
	case err != nil:
	case e.snapshots.isClosed():
		err = engine.ErrClosed
	case e.failed.Load():
		err = errFailed
	case len(e.fold.writes) == 0:
		err = e.checkSpace()
	}
	if err != nil {
		e.releaseTurn()
	}
	return err
}

func (e *Engine) releaseTurn() { e.turn <- struct{}{} }

func await(ctx context.Context, c <-chan struct{}) error {
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (e *Engine) isFull(f *fold) bool {
	limit := e.limits()
	return f.closures >= e.cfg.FoldClosures || f.sizes.memory > foldMemory ||
		f.sizes.count > limit.count/2 || f.sizes.bytes > limit.bytes/2
}

// limits is what one Badger transaction may hold: less than 15 % of a memory table.
func (e *Engine) limits() sizes {
	return sizes{count: e.db.MaxBatchCount() - 8, bytes: e.db.MaxBatchSize() - 256}
}

func (l sizes) hold(s sizes) bool { return s.count <= l.count && s.bytes <= l.bytes }

// runAndWait runs the closure on the fold and returns when all it wrote and read is durable. The turn is held when it
// is called and released when it returns, also when the closure panics or ends its goroutine.
func (e *Engine) runAndWait(ctx context.Context, fn func(engine.Writer) error) error {
	held := true
	defer func() {
		if held {
			e.releaseTurn()
		}
	}()
	err := e.run(ctx, fn, e.limits())
	if errors.Is(err, errOversize) {
		return e.updateAlone(ctx, fn)
	}
	f, pending := e.fold, e.pending
	nothing := len(f.writes) == 0 && (pending == nil || isDone(pending))
	if nothing { // it wrote nothing and saw only what is durable
		if e.failed.Load() {
			return errFailed
		}
		return err
	}
	f.closures++
	e.signal()
	held = false
	e.releaseTurn()
	<-f.done
	if f.err != nil {
		return f.err
	}
	return err
}

func isDone(f *fold) bool {
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}

// signal tells the committer that there is work; a signal that waits already is enough.
func (e *Engine) signal() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// errOversize: with this closure the fold does not fit into a Badger transaction.
var errOversize = errors.New("badger: fold is too large")

// run runs the closure once. Unless it returns nil, the fold is as before.
func (e *Engine) run(ctx context.Context, fn func(engine.Writer) error, limit sizes) error {
	f := e.fold
	before := f.mark()
	t := &transaction{ctx: ctx, fold: f, pending: e.pending, txn: e.db.NewTransactionAt(e.base.ts, false)}
	kept := false
	defer func() {
		t.end()
		if !kept {
			f.rollback(before)
		}
	}()
	if err := fn(t); err != nil {
		return err
	}
	if !limit.hold(f.sizes) {
		return errOversize
	}
	kept = true
	return nil
}

// updateAlone runs a closure that is too large to share a commit: everything before it is made durable first, then
// it has a fold of its own. The turn is held throughout.
func (e *Engine) updateAlone(ctx context.Context, fn func(engine.Writer) error) error {
	if err := e.drain(); err != nil {
		return err
	}
	if err := e.run(ctx, fn, sizes{count: math.MaxInt64, bytes: math.MaxInt64}); err != nil {
		return err
	}
	return e.drain()
}

// drain makes everything written so far durable and brings base up to it. The turn is held.
func (e *Engine) drain() error {
	if e.pending != nil {
		<-e.pending.done
	}
	f := e.take()
	e.commitFold(f)
	e.rebase()
	return f.err
}

// take begins the commit of the fold and gives the next closures an empty one. The turn is held, and the fold in
// flight before is done.
func (e *Engine) take() *fold {
	e.rebase()
	f := e.fold
	e.pending, e.fold = f, newFold(e.seed, e.spare)
	e.spare = memory{}
	close(f.taken)
	return f
}

// rebase lays the writer upon the newest durable state, once no fold is in flight.
func (e *Engine) rebase() {
	base, err := e.snapshots.acquire()
	if err != nil {
		return // closed: nobody writes any more
	}
	e.snapshots.release(e.base)
	if e.pending != nil {
		e.spare = e.pending.cleared()
	}
	e.base, e.pending = base, nil
}

// commitFolds is the committer: it takes what has gathered while the last commit was under way.
func (e *Engine) commitFolds(ctx context.Context) {
	for {
		if await(ctx, e.wake) != nil {
			return
		}
		runtime.Gosched() // let those run who have just been answered, so that they share the next commit
		if await(ctx, e.turn) != nil {
			return
		}
		if e.fold.closures == 0 {
			e.releaseTurn()
			continue
		}
		f := e.take()
		e.releaseTurn()
		e.commitFold(f)
	}
}
