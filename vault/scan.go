package vault

import (
	"context"
	"errors"
	"fmt"

	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// Scan is a stored scan of a paper licence (扫描件). Batch.PutScans makes it; Draft takes it.
type Scan struct {
	Digest  record.Digest
	address blob.Address
}

// PutScan stores the scan of a paper. It is durable when PutScan returns, and referred to by the transaction of the row
// whose draft holds it; a scan that no row refers to is swept later.
func (b *Batch) PutScan(ctx context.Context, content []byte) (Scan, error) {
	list, err := b.PutScans(ctx, [][]byte{content})
	if err != nil {
		return Scan{}, err
	}
	return list[0], nil
}

// PutScans is PutScan of each, sharing what it takes to make them durable.
func (b *Batch) PutScans(ctx context.Context, contents [][]byte) ([]Scan, error) {
	err := b.v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		_, err := openType(r, b.typ.Definition.Code)
		return err
	})
	if err != nil {
		return nil, b.refused(ctx, err)
	}
	list, err := b.v.cfg.Blobs.PutAll(ctx, contents)
	if err != nil {
		return nil, fmt.Errorf("vault: storing scans: %w", err)
	}
	out := make([]Scan, 0, len(contents))
	for i, content := range contents {
		out = append(out, Scan{Digest: record.Sum(content), address: list[i]})
	}
	return out, nil
}

func (v *Vault) scanKey(batch string, d record.Digest) []byte {
	t := v.token("scan", []byte(batch), d[:])
	return key(spaceScan, t[:])
}

// refer keeps scans from being swept and lets the batch find them by their digests.
func (b *Batch) refer(w engine.Writer, scans []Scan) error {
	for i := range scans {
		s := &scans[i]
		if err := w.Put(blobKey(s.address), s.Digest[:]); err != nil {
			return err
		}
		if err := w.Put(b.v.scanKey(b.id, s.Digest), s.address[:]); err != nil {
			return err
		}
	}
	return nil
}

// SampledScan gives the content of a scan that a sample of one of the department's batches named.
func (v *Vault) SampledScan(ctx context.Context, a Access, batch string, d record.Digest) ([]byte, error) {
	b, err := v.batch(ctx, a, batch, "scan")
	if err != nil {
		return nil, err
	}
	var address blob.Address
	err = v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		raw, err := r.Get(v.scanKey(batch, d))
		if err == nil && len(raw) != len(address) {
			return fmt.Errorf("%w: scan", ErrDamaged)
		}
		copy(address[:], raw)
		return err
	})
	note := b.about("scan")
	note.object = object("scan", d.String())
	if errors.Is(err, engine.ErrNotFound) {
		return nil, v.denied(ctx, b.s, note, refuse(ErrNotFound, CodeLicenceUnknown, "scan"))
	}
	if err != nil {
		return nil, err
	}
	if err := v.audit(ctx, b.s, note); err != nil {
		return nil, err
	}
	return v.content(ctx, Document{Digest: d, Address: address})
}
