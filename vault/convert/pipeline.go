package convert

import (
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sync/errgroup"

	"github.com/elicense/elicense/vault"
)

// flight is a group on its way through the workers.
type flight struct {
	*group

	ready chan struct{} // closed when the group is prepared
}

// work runs the pipeline: one goroutine reads, some prepare groups ahead, one commits them in order, and this one takes
// the results. The number of groups on their way is bounded.
func (r *runner) work(ctx context.Context) error {
	ahead := 2*r.cfg.Workers + 2
	work, order := make(chan *flight, ahead), make(chan *flight, ahead)
	results := make(chan *group, ahead)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(work)
		defer close(order)
		return r.read(gctx, work, order)
	})
	for range r.cfg.Workers {
		g.Go(func() error { return r.prepareGroups(gctx, work) })
	}
	started := make(chan *group, 1)
	g.Go(func() error {
		defer close(started)
		return r.commitGroups(gctx, order, started)
	})
	g.Go(func() error {
		defer close(results)
		return awaitGroups(started, results)
	})
	var err error
	for group := range results {
		if err != nil {
			continue // nothing more can be written down; the others are about to end
		}
		if err = r.sink.take(group); err != nil {
			cancel()
			continue
		}
		r.tell(false)
	}
	werr := g.Wait()
	if err != nil {
		return err
	}
	return werr
}

func (r *runner) read(ctx context.Context, work, order chan<- *flight) error {
	rows, err := r.o.book.Rows(r.o.index)
	if err != nil {
		return wrapSheet(err)
	}
	merges, err := newMerged(r.o, r.l)
	if err != nil {
		return wrapSheet(err)
	}
	r.from = r.o.input.read.Load()
	c := &cutter{l: r.l, book: r.o.book, rows: rows, merges: merges, size: r.size}
	defer func() { r.sink.width, r.sink.report.Skipped = c.width, c.skipped }()
	for {
		g, err := c.next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return wrapSheet(err)
		}
		r.o.cut.Add(int64(len(g.rows)))
		f := &flight{group: g, ready: make(chan struct{})}
		for _, to := range []chan<- *flight{work, order} {
			select {
			case to <- f:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

// prepareGroups normalises, checks and signs groups, several side by side.
func (r *runner) prepareGroups(ctx context.Context, work <-chan *flight) error {
	w := &worker{l: r.l, keepNotes: r.job.Rows != nil, file: r.spec.File}
	if r.batch != nil {
		w.batch = r.batch.ID()
	}
	if r.scans != nil {
		w.scanner = &scanner{index: r.scans}
	}
	w.photos = r.photos
	if r.batch != nil {
		w.put = r.batch.PutScans
	}
	for f := range work {
		if err := r.prepareGroup(ctx, w, f.group); err != nil {
			return err
		}
		close(f.ready)
	}
	return nil
}

func (r *runner) prepareGroup(ctx context.Context, w *worker, g *group) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if g.n < r.done {
		list, done, err := r.batch.Done(ctx, g.n)
		if err != nil {
			return err
		}
		if !done || !fits(g, list) {
			return fmt.Errorf("%w: group %d", ErrResume, g.n)
		}
		g.done = list
	}
	if err := w.group(ctx, g); err != nil {
		return err
	}
	g.cells = nil
	if r.batch == nil || g.done != nil {
		return nil
	}
	var err error
	g.pre, err = r.batch.Prepare(ctx, g.n, g.out)
	return err
}

// fits reports whether results are those of a group's rows.
func fits(g *group, list []vault.RowResult) bool {
	if len(list) != len(g.rows) {
		return false
	}
	for i := range list {
		if list[i].Row != g.rows[i].number {
			return false
		}
	}
	return true
}

// commitGroups commits groups one after the other, unless too many rows were rejected. The next one is worked while
// the one before is made durable.
func (r *runner) commitGroups(ctx context.Context, order <-chan *flight, started chan<- *group) error {
	rows, rejected := 0, 0
	for f := range order {
		select {
		case <-f.ready:
		case <-ctx.Done():
			return ctx.Err()
		}
		g := f.group
		rows, rejected = rows+len(g.rows), rejected+g.rejected
		if r.sink.stopped == nil && r.tooMany(rows, rejected, g.last) {
			r.sink.stopped = &Stop{Row: g.rows[len(g.rows)-1].number, Rows: rows, Rejected: rejected}
		}
		if r.sink.stopped != nil && !r.job.DryRun && g.done == nil {
			// without results: its errors are listed, nothing of it is done
			return errors.Join(ErrThreshold, handOn(ctx, started, g))
		}
		if err := r.commit(ctx, g); err != nil {
			return err
		}
		if err := handOn(ctx, started, g); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func handOn(ctx context.Context, to chan<- *group, g *group) error {
	select {
	case to <- g:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// awaitGroups hands groups on once they are durable.
func awaitGroups(started <-chan *group, results chan<- *group) error {
	for g := range started {
		if g.committing != nil {
			var err error
			if g.results, err = g.committing.Wait(); err != nil {
				return err
			}
			g.committing = nil
		}
		results <- g
	}
	return nil
}

func (r *runner) commit(ctx context.Context, g *group) error {
	var err error
	switch {
	case g.done != nil:
		g.results = g.done
	case r.dry != nil:
		g.results, err = r.dry.Judge(ctx, g.out)
		if err == nil && r.former != nil && makes(g.results) {
			err = errAnew
		}
	default:
		g.committing, err = r.batch.Start(ctx, g.pre)
	}
	g.pre = nil
	return err
}

// tooMany judges the threshold: its share after some rows, and at the end in any case.
func (r *runner) tooMany(rows, rejected int, last bool) bool {
	m := r.job.MaxReject
	if m.Count > 0 && rejected > m.Count {
		return true
	}
	return m.Share > 0 && (rows >= m.MinRows || last) && float64(rejected) > m.Share*float64(rows)
}
