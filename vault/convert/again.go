package convert

import (
	"context"
	"errors"
	"io"

	"github.com/elicense/elicense/vault"
)

// A file that was converted to its end is judged like a dry run when it is run again: what would change nothing writes
// nothing, no empty batch either, and the report names the batch that brought the file in. If a row would make a
// version now, as after an undo of another batch or with scans that came later, the file is converted anew.

// errAnew ends the judgement: a row would make something now.
var errAnew = errors.New("convert: a file that was converted before changes something now")

// formerly opens the judgement of a file that was converted before, and reports whether it was.
func (r *runner) formerly(ctx context.Context) (bool, error) {
	listed := r.job.Rows != nil || r.job.Errors != nil
	if r.anew || r.job.DryRun || r.cfg.OpenDryRun == nil || listed && r.cfg.Temp == nil {
		return false, nil
	}
	var err error
	if r.former, err = r.cfg.Vault.FinishedBatch(ctx, r.cfg.Access, r.spec); err != nil || r.former == nil {
		return false, err
	}
	if r.dry, err = r.cfg.OpenDryRun(ctx, r.spec); err != nil {
		return false, err
	}
	for _, w := range []*io.Writer{&r.job.Rows, &r.job.Errors} {
		if err := r.hold(w); err != nil {
			return false, err
		}
	}
	return true, nil
}

// held is a listing that is handed over when it is known that it stands.
type held struct {
	TempFile

	size int64
	to   io.Writer
}

func (h *held) Write(p []byte) (int, error) {
	n, err := h.TempFile.Write(p)
	h.size += int64(n)
	return n, err
}

func (r *runner) hold(w *io.Writer) error {
	if *w == nil {
		return nil
	}
	f, err := r.cfg.Temp()
	if err != nil {
		return err
	}
	h := &held{TempFile: f, to: *w}
	r.held = append(r.held, h)
	*w = h
	return nil
}

// handOver writes the listings that were held back.
func (r *runner) handOver() error {
	for _, h := range r.held {
		if _, err := io.Copy(h.to, io.NewSectionReader(h, 0, h.size)); err != nil {
			return err
		}
	}
	return nil
}

func (r *runner) dropHeld() error {
	var errs []error
	for _, h := range r.held {
		errs = append(errs, h.Close())
	}
	return errors.Join(errs...)
}

// makes reports whether a row of a group makes a version.
func makes(list []vault.RowResult) bool {
	for i := range list {
		if list[i].Outcome == vault.RowCreated || list[i].Outcome == vault.RowUpdated {
			return true
		}
	}
	return false
}
