package convert

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/emmansun/gmsm/sm3"
	"golang.org/x/sync/errgroup"

	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// runner is one conversion on its way.
type runner struct {
	cfg Config
	job Job

	o     *opened
	l     *layout
	spec  vault.BatchSpec
	batch *vault.Batch  // of a real run
	dry   *vault.DryRun // of a dry run, and of a file that was converted before
	done  int           // groups that an earlier run committed
	scans *scanIndex
	sink  *sink
	meter meter
	size  int   // rows of a group
	from  int64 // bytes read before the first row

	former *vault.BatchAccount // of a file that was converted before
	anew   bool                // it is known that it changes something now
	held   []*held             // its listings until then
}

func newRun(cfg Config, job Job) (*runner, error) {
	m := job.MaxReject
	switch {
	case cfg.Vault == nil || cfg.Now == nil || job.File.Reader == nil || job.Type == "":
		return nil, ErrConfig
	case job.DryRun && cfg.OpenDryRun == nil:
		return nil, fmt.Errorf("%w: no dry run", ErrConfig)
	case !(m.Share >= 0 && m.Share <= 1) || m.Count < 0 || m.MinRows < 0 || job.Expected < 0: // NaN is no share
		return nil, fmt.Errorf("%w: threshold", ErrConfig)
	}
	cfg.Workers = max(cfg.Workers, 1)
	if job.MaxReject.MinRows == 0 {
		job.MaxReject.MinRows = 100
	}
	r := &runner{cfg: cfg, job: job}
	r.meter = meter{now: cfg.Now, started: cfg.Now(), deadline: job.Deadline, visit: job.Progress}
	return r, nil
}

func (r *runner) run(ctx context.Context) (*Report, error) {
	t, err := r.cfg.Vault.Type(ctx, r.job.Type)
	if err != nil {
		return nil, err
	}
	if r.o, err = open(r.job.File, r.cfg.Temp, r.job.Mapping); err != nil {
		return nil, err
	}
	defer r.o.book.Close() //nolint:errcheck // read only
	if err := r.prepare(ctx, t); err != nil {
		return nil, err
	}
	defer r.sink.spool.close()
	defer r.dropHeld() //nolint:errcheck // they have been handed over
	err = r.work(ctx)
	if err != nil && !errors.Is(err, ErrThreshold) {
		return r.sink.report, errors.Join(err, r.sink.flush())
	}
	if err := r.finish(ctx, err != nil); err != nil {
		return r.sink.report, err
	}
	return r.sink.report, err
}

// prepare does everything that comes before the first row. Nothing is written before all of it is in order.
func (r *runner) prepare(ctx context.Context, t *vault.LicenceType) error {
	mapping, h, err := r.mapping(t)
	if err != nil {
		return err
	}
	set := setting{typ: t, today: record.DateOf(r.cfg.Now()), date1904: r.o.book.Info.Date1904,
		text: r.o.book.Info.Format == sheet.FormatCSV}
	if _, err := bind(mapping, h, set); err != nil {
		return err
	}
	if r.job.Scans != nil {
		if r.scans, err = indexScans(r.job.Scans); err != nil {
			return err
		}
	}
	if err := r.open(ctx, mapping); err != nil {
		return err
	}
	if r.dry != nil {
		set.typ, set.today, r.size = r.dry.Type(), r.dry.Today(), r.dry.GroupRows()
		set.issuer, set.issuerName = r.dry.Issuer()
	} else {
		set.typ, set.today, r.size = r.batch.Type(), r.batch.Today(), r.batch.GroupRows()
		set.issuer, set.issuerName = r.batch.Issuer()
		r.done = r.batch.Account().Groups
	}
	if r.l, err = bind(mapping, h, set); err != nil {
		return err
	}
	r.sink = newSink(r)
	return nil
}

// mapping finds the heading, and the mapping if none was given.
func (r *runner) mapping(t *vault.LicenceType) (*Mapping, head, error) {
	m := r.job.Mapping
	if m == nil {
		p, h, err := detect(r.o, t)
		if err != nil {
			return nil, head{}, err
		}
		if len(p.Problems) > 0 {
			return nil, head{}, &MappingError{Problems: p.Problems, heading: true}
		}
		return p.Mapping, h, nil
	}
	if r.o.encoding != m.Encoding && r.o.book.Info.Format == sheet.FormatCSV { // it names the batch, too
		stated := *m
		stated.Encoding = r.o.encoding
		m = &stated
	}
	h, err := r.o.head(m)
	return m, h, err
}

// head finds the heading that a mapping is for.
func (o *opened) head(m *Mapping) (head, error) {
	upTo := maxHeadingRows + maxHeadingDepth
	if m.Heading.None {
		upTo = 0
	}
	rows, err := readHead(o.book, o.index, max(upTo, m.Heading.Last))
	if err != nil {
		return head{}, wrapSheet(err)
	}
	h, ok := findHead(rows, m.Heading, m.score)
	if !ok {
		return head{}, &MappingError{heading: true,
			Problems: []MappingProblem{MappingProblem{Code: CodeHeadingNone}.said()}}
	}
	return h, nil
}

// score is how many of a mapping's columns a heading has.
func (m *Mapping) score(columns []heading) int {
	n := 0
	count := func(name string, weight int) {
		if _, letter := columnOf(name); !letter && len(find(columns, name)) > 0 {
			n += weight
		}
	}
	for i := range m.Columns {
		count(m.Columns[i].Heading, 3)
	}
	for i := range m.Derived {
		count(m.Derived[i].From, 3)
	}
	for _, name := range m.Ignore {
		count(name, 1)
	}
	return n
}

// open opens the batch or the dry run.
func (r *runner) open(ctx context.Context, m *Mapping) error {
	digest, err := digestOf(ctx, r.job.File)
	if err != nil {
		return err
	}
	r.spec = vault.BatchSpec{
		Type: r.job.Type, File: digest, FileName: fileName(r.job.File.Name), Mapping: m.Digest(),
		Expected: r.job.Expected, Department: m.Department,
	}
	for _, k := range m.Constants {
		if k.Element == catalogue.MetaIssuerCode && r.spec.Department == "" {
			r.spec.Department = k.Value
		}
	}
	if again, err := r.formerly(ctx); again || err != nil {
		return err
	}
	if r.job.DryRun {
		r.dry, err = r.cfg.OpenDryRun(ctx, r.spec)
	} else {
		r.batch, err = r.cfg.Vault.OpenBatch(ctx, r.cfg.Access, r.spec)
	}
	return err
}

// fileName is the last element of a path of any system.
func fileName(s string) string { return path.Base(strings.ReplaceAll(s, `\`, "/")) }

func digestOf(ctx context.Context, f File) (record.Digest, error) {
	h := sm3.New()
	b := make([]byte, 1<<20)
	for at := int64(0); at < f.SizeBytes; at += int64(len(b)) {
		if err := ctx.Err(); err != nil {
			return record.Digest{}, err
		}
		n, err := io.ReadFull(io.NewSectionReader(f.Reader, at, f.SizeBytes-at), b)
		h.Write(b[:n])
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return record.Digest{}, fmt.Errorf("convert: reading the file: %w", err)
		}
	}
	return record.Digest(h.Sum(nil)), nil
}

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
		if r.batch != nil {
			w.scanner.put = r.batch.PutScan
		}
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

// tell reports the progress.
func (r *runner) tell(done bool) {
	s := r.sink
	p := Progress{
		File: r.spec.FileName, Rows: s.report.Counts.Rows, Counts: s.report.Counts, Resumed: s.report.Resumed,
		Total: r.job.Expected, Exact: r.job.Expected > 0, Done: done, Batch: s.report.Batch,
	}
	if p.Total < p.Rows {
		p.Total, p.Exact = r.o.total(p.Rows, r.from, r.job.File.SizeBytes), false
	}
	r.meter.tell(p)
}

// finish writes and delivers the result, closes the batch with its certificate and completes the report. The result is
// delivered first: a crash between the two leaves a batch that the same file finishes.
func (r *runner) finish(ctx context.Context, stopped bool) error {
	rep := r.sink.report
	if err := r.sink.flush(); err != nil {
		return err
	}
	if r.job.Result != nil {
		if err := r.sink.result(r.o, r.job.Result); err != nil {
			return err
		}
	}
	if err := r.handOver(); err != nil {
		return err
	}
	if r.job.Deliver != nil {
		if err := r.job.Deliver(); err != nil {
			return err
		}
	}
	if r.batch != nil && !stopped {
		account, err := r.batch.Finish(ctx, rep.Reconcile.Spans)
		if err != nil && !r.finished(ctx, &account) {
			return err
		}
		rep.Account = account
	}
	if r.former != nil {
		rep.Account, rep.Again = r.former, true
	}
	rep.Elapsed = r.cfg.Now().Sub(r.meter.started)
	r.tell(!stopped)
	return nil
}

// finished reads whether a batch was closed although its closing ended in doubt. It asks more than once, because the
// same trouble may meet the question, and a batch taken for open would be converted all over.
func (r *runner) finished(ctx context.Context, to **vault.BatchAccount) bool {
	none := func([]vault.RowResult) bool { return false }
	for range 3 {
		account, err := r.cfg.Vault.Batch(ctx, r.cfg.Access, r.batch.ID(), none)
		if err != nil {
			continue
		}
		*to = account
		return account.State == vault.BatchWaiting && len(account.Certificate) > 0
	}
	return false
}
