package vault

import (
	"context"
	"errors"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// DryRun judges a file as a conversion would, without writing to the vault. What the rows before would have done is
// kept in a scratch engine, so that memory does not grow with the file.
type DryRun struct {
	b       *Batch
	scratch engine.Engine
	counts  record.Counts
}

// OpenDryRun starts a dry run. The scratch engine must be empty and is the caller's to remove.
func (v *Vault) OpenDryRun(ctx context.Context, a Access, spec BatchSpec, scratch engine.Engine) (*DryRun, error) {
	b, err := v.newBatch(ctx, a, spec)
	if err != nil {
		return nil, err
	}
	return whole(&DryRun{b: b, scratch: scratch}, v.audit(ctx, b.s, b.note("dry-run")))
}

// Type is the licence type that would be converted.
func (d *DryRun) Type() *LicenceType { return d.b.typ }

// GroupRows is how many rows make a group.
func (d *DryRun) GroupRows() int { return d.b.account.GroupRows }

// Issuer is the department whose licences would be converted.
func (d *DryRun) Issuer() (uscc, name string) { return d.b.Issuer() }

// Today is the day by which rows are judged.
func (d *DryRun) Today() record.Date { return d.b.Today() }

// Counts is what the groups judged so far add up to.
func (d *DryRun) Counts() record.Counts { return d.counts }

// Judge gives the results that Commit would give for a group. Groups are judged in order.
func (d *DryRun) Judge(ctx context.Context, rows []BatchRow) ([]RowResult, error) {
	var list []verdict
	err := d.b.v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		var err error
		list, err = d.b.decideGroup(r, rows, "")
		return err
	})
	if err != nil {
		return nil, d.b.refused(ctx, err)
	}
	if err := d.settle(ctx, list); err != nil {
		return nil, err
	}
	out := make([]RowResult, len(list))
	for i := range list {
		out[i] = list[i].result
		count(&d.counts, out[i].Outcome)
	}
	return out, nil
}

// settle holds a group against the groups before it and remembers what it would do.
func (d *DryRun) settle(ctx context.Context, list []verdict) error {
	return d.scratch.Update(ctx, func(w engine.Writer) error {
		for i := range list {
			vd := &list[i]
			if vd.row.Draft == nil {
				continue
			}
			if err := d.settleRow(w, vd); err != nil {
				return err
			}
		}
		return nil
	})
}

func (d *DryRun) settleRow(w engine.Writer, vd *verdict) error {
	c := vd.row.Draft
	keys := [][]byte{d.b.v.keyed(c)}
	if vd.result.id != (licenceID{}) {
		keys = append(keys, headKey(vd.result.id))
	}
	b, err := w.Get(keys[0])
	if errors.Is(err, engine.ErrNotFound) && len(keys) > 1 {
		b, err = w.Get(keys[1])
	}
	if errors.Is(err, engine.ErrNotFound) {
		if !vd.changes() && vd.result.Outcome != RowUnchanged {
			return nil
		}
		for _, k := range keys {
			if err := w.Put(k, append(c.content[:len(c.content):len(c.content)], be32(vd.row.Row)...)); err != nil {
				return err
			}
		}
		return nil
	}
	if err != nil {
		return err
	}
	dec := decoder{b: b}
	first := BatchRow{Draft: &Checked{}}
	dec.fixed(first.Draft.content[:])
	first.Row = int(be(dec.take(4))) //nolint:gosec // four bytes
	if err := dec.end(); err != nil || first.Row == vd.row.Row {
		return err
	}
	vd.settleAgainst(&first)
	return nil
}
