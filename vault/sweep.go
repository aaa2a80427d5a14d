package vault

import (
	"context"
	"fmt"
	"time"

	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/engine"
)

// sweepGrace is how long a document stays that nothing names: the act that will name it may be under way.
const sweepGrace = time.Hour

// Sweep removes documents and scans that nothing in the vault names: what acts that were broken off have left. Those
// stored again after olderThan, or within the last hour, are kept. A dry run removes nothing and tells what would be.
// It is for an operator, and takes no content into sight.
func (v *Vault) Sweep(ctx context.Context, a Access, olderThan time.Time, dryRun bool) (blob.Swept, error) {
	s, err := v.admit(ctx, a)
	if err != nil {
		return blob.Swept{}, err
	}
	note := auditNote{act: "sweep"}
	if dryRun {
		note.result = "dry-run"
	}
	if err = s.mustOperate(); err == nil {
		err = v.writable(ctx) // what a restored vault does not name yet, its next events may
	}
	if err != nil {
		return blob.Swept{}, v.denied(ctx, s, note, err)
	}
	if err := v.audit(ctx, s, note); err != nil { // before anything is gone
		return blob.Swept{}, err
	}
	if young := s.at.Add(-sweepGrace); olderThan.After(young) {
		olderThan = young
	}
	what := blob.Sweeping{OlderThan: olderThan, Referenced: v.referenced(ctx), DryRun: dryRun}
	swept, err := v.cfg.Blobs.Sweep(ctx, what)
	if err != nil {
		return swept, fmt.Errorf("vault: sweeping documents: %w", err)
	}
	return swept, nil
}

// referenced reports whether a blob is named by something in the vault.
func (v *Vault) referenced(ctx context.Context) func(blob.Address) (bool, error) {
	return func(a blob.Address) (bool, error) {
		found := false
		err := v.cfg.Engine.View(ctx, func(r engine.Reader) error {
			scan := engine.Range{Prefix: key(spaceBlob, a[:]), KeysOnly: true}
			return r.Scan(scan, func(_, _ []byte) (bool, error) {
				found = true
				return false, nil
			})
		})
		return found, err
	}
}
