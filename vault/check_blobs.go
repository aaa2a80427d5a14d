package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/engine"
)

// inspectBlobs re-hashes every document and scan that something in the vault names, each once, and lists those that
// nothing names. It takes no more memory for many or large ones.
func (v *Vault) inspectBlobs(ctx context.Context, s *session, in *Inspection) error {
	for start := []byte{spaceBlob}; start != nil; {
		page, next, err := v.usedBlobs(ctx, start)
		if err != nil {
			return err
		}
		for i := range page {
			if err := v.inspectBlob(ctx, &page[i], in); err != nil {
				return err
			}
		}
		start = next
	}
	return v.inspectOrphans(ctx, s, in)
}

// usedBlob is a blob that something names, with what its content must be.
type usedBlob struct {
	address blob.Address
	digest  []byte
}

// blobPage is how many blobs are listed at a time.
const blobPage = 1000

// usedBlobs lists blobs in use from a key on, and the key to go on from; nil at the end. What has not the form of one
// was found before.
func (v *Vault) usedBlobs(ctx context.Context, start []byte) (page []usedBlob, next []byte, err error) {
	err = v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		page, next = page[:0], nil
		return r.Scan(engine.Range{Prefix: []byte{spaceBlob}, Start: start}, func(k, value []byte) (bool, error) {
			if len(page) == blobPage {
				next = bytes.Clone(k)
				return false, nil
			}
			if len(k) == 1+len(blob.Address{}) {
				page = append(page, usedBlob{blob.Address(k[1:]), bytes.Clone(value)})
			}
			return true, nil
		})
	})
	return page, next, err
}

// inspectBlob holds one against its address and its digest. Only what keeps the inspection from going on is an error.
func (v *Vault) inspectBlob(ctx context.Context, b *usedBlob, in *Inspection) error {
	where := "document or scan " + b.address.String()
	h := &measured{Hash: sm3.New()}
	err := v.cfg.Blobs.Copy(ctx, b.address, h)
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("vault: inspecting documents: %w", ctx.Err())
	case errors.Is(err, blob.ErrNotFound):
		in.find(where, "is missing")
	case err != nil:
		in.find(where, "is damaged")
	case !bytes.Equal(h.Sum(nil), b.digest):
		in.find(where, "is not the content that its record or event names")
	default:
		in.Blobs++
		in.BlobBytes += h.n
	}
	return nil
}

// inspectOrphans lists the blobs that nothing names, but for those that an act under way may be about to name.
func (v *Vault) inspectOrphans(ctx context.Context, s *session, in *Inspection) error {
	named := v.referenced(ctx)
	_, err := v.cfg.Blobs.Sweep(ctx, blob.Sweeping{
		OlderThan: s.at.Add(-sweepGrace), DryRun: true,
		Referenced: func(a blob.Address) (bool, error) {
			yes, err := named(a)
			if err == nil && !yes {
				if in.OrphanCount++; len(in.Orphans) < maxFindings {
					in.Orphans = append(in.Orphans, a)
				}
			}
			return yes, err
		},
	})
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("vault: inspecting documents: %w", ctx.Err())
	case err != nil:
		in.find("documents", "cannot be listed")
	}
	return nil
}

// measured is a hash that knows how much it was given.
type measured struct {
	hash.Hash
	n int64
}

// Write implements io.Writer.
func (m *measured) Write(b []byte) (int, error) {
	m.n += int64(len(b))
	return m.Hash.Write(b)
}
