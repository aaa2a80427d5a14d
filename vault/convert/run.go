package convert

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// runner is one conversion on its way.
type runner struct {
	cfg Config
	job Job

	o      *opened
	l      *layout
	spec   vault.BatchSpec
	batch  *vault.Batch  // of a real run
	dry    *vault.DryRun // of a dry run, and of a file that was converted before
	done   int           // groups that an earlier run committed
	scans  *scanIndex
	photos *scanIndex
	sink   *sink
	meter  meter
	size   int   // rows of a group
	from   int64 // bytes read before the first row

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
	if r.job.Photos != nil {
		if r.photos, err = indexScans(r.job.Photos); err != nil {
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
	return r.foreign(m, err)
}

// foreign tells a refusal of the vault where it stands, if it is that the mapping names another department.
func (r *runner) foreign(m *Mapping, err error) error {
	var refusal *vault.Refusal
	if !errors.As(err, &refusal) || !refusal.Has(vault.CodeNotIssuer) || r.spec.Department == "" {
		return err
	}
	p := MappingProblem{Code: CodeMappingDepartment, Path: "department", Found: r.spec.Department}
	if m.Department == "" {
		p.Path = "constant." + catalogue.MetaIssuerCode
	}
	return &MappingError{Problems: []MappingProblem{p.said()}, heading: true}
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
		rep.Account = r.former
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
