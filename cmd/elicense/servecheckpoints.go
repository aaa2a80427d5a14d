package main

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/elicense/elicense/vault"
)

// publishing signs a checkpoint of the ledger (检查点) again and again while the service answers, and once more when it
// ends: what has happened is bound soon, though nobody asks for a proof, and copies that others keep show it if the
// ledger is ever replaced by another. The newest is served at /checkpoints/latest and lies in the data directory.
// Failing is logged, and tried again with the next.
func (c *program) publishing(ctx context.Context, h *house, every time.Duration) {
	log := c.serviceLog()
	for going := true; going; {
		select {
		case <-ctx.Done():
			going = false
		case <-time.After(every):
		}
		if err := h.publish(context.WithoutCancel(ctx)); err != nil {
			log.ErrorContext(ctx, "checkpoint failed", "error", err.Error())
			continue
		}
		h.published.Store(c.Now().Unix())
	}
}

// publish signs the present checkpoint and puts it where it is published from. Without news it changes nothing; an empty
// ledger has none.
func (h *house) publish(ctx context.Context) error {
	cp, err := h.vault.Checkpoint(ctx)
	if errors.Is(err, vault.ErrNotFound) || errors.Is(err, vault.ErrRestored) {
		return nil
	}
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(h.dir, publishFile), cp)
}
