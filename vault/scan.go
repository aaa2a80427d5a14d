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

// PaperScan is a scan of the paper that a version of a licence was converted from.
type PaperScan struct {
	Version int
	Batch   string // that brought the version
	Digest  record.Digest
}

// PaperScans lists the scans behind the versions of a licence that a conversion brought, as far as the session may see
// these versions. Their content is the department's own: SampledScan.
func (v *Vault) PaperScans(ctx context.Context, a Access, identifier string) ([]PaperScan, error) {
	var list []PaperScan
	note := auditNote{act: "scans"}
	err := v.withLicence(ctx, a, identifier, note, func(r engine.Reader, s *session, id licenceID, h *head) error {
		list = nil
		for version := 1; version <= h.version; version++ {
			from := h.batchOf(version)
			if from.batch == "" || from.undone {
				continue
			}
			if hidden, err := untold(r, h, version); err != nil {
				return err
			} else if hidden && !s.issued(h) {
				continue
			}
			ver, err := getVersion(r, id, version)
			if err != nil {
				return err
			}
			if ver.Record.Source == nil {
				continue
			}
			for _, d := range ver.Record.Source.Scans {
				list = append(list, PaperScan{Version: version, Batch: from.batch, Digest: d})
			}
		}
		return nil
	})
	return whole(list, err)
}
