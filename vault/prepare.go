package vault

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// Prepared is a group on its way to Commit.
type Prepared struct {
	group int
	rows  []BatchRow
	list  []verdict
}

// Prepare decides a group, makes its records and signs them. Groups may be prepared side by side and ahead of the
// commits before them; Commit decides anew what changed meanwhile.
func (b *Batch) Prepare(ctx context.Context, group int, rows []BatchRow) (*Prepared, error) {
	p := &Prepared{group: group, rows: rows}
	err := b.v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		var err error
		p.list, err = b.decideGroup(r, rows, b.id)
		return err
	})
	if err != nil {
		return nil, b.refused(ctx, err)
	}
	return p, b.refused(ctx, b.sign(ctx, p))
}

// storing is how many rows a worker has on their way where documents are made: one whose documents go to the disk does
// not hold up the drawing of the next.
const storing = 4

// sign builds and signs every version of a group that has none yet, on all workers, and makes their documents durable
// together.
func (b *Batch) sign(ctx context.Context, p *Prepared) error {
	documents := &shelf{put: func(contents [][]byte) ([]blob.Address, error) {
		return b.v.cfg.Blobs.PutAll(ctx, contents) // not of one document: of the whole group
	}}
	g, each := errgroup.WithContext(ctx)
	workers := b.v.cfg.Workers
	if b.v.cfg.Documents != nil {
		workers *= storing
	}
	for k := range workers {
		g.Go(func() error {
			for i := k; i < len(p.list); i += workers {
				if err := b.signRow(each, &p.list[i], documents); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := g.Wait() // an error of either keeps the group from being committed
	return errors.Join(err, documents.flush())
}

func (b *Batch) signRow(ctx context.Context, vd *verdict, documents *shelf) error {
	if !vd.changes() || vd.sv != nil {
		return nil
	}
	c := vd.row.Draft
	var err error
	if vd.sv, err = b.v.signDraft(ctx, c, plan{
		prior: vd.prior, origin: record.Converted, at: b.s.at, shelf: documents,
	}); err != nil {
		return err
	}
	vd.result.id, vd.result.Version = vd.sv.id, vd.sv.identifier.Version
	vd.result.Identifier = vd.sv.name
	vd.ev = happening{
		kind: record.EventConverted, effective: c.issued, batch: b.id, row: vd.row.Row,
	}
	vd.ev.salt, err = b.v.drawSalt()
	return err
}
