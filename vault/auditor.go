package vault

import (
	"context"
	"errors"
	"fmt"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// auditRequest is one audit entry to be written, and what became of it.
type auditRequest struct {
	s    *session
	note auditNote
	err  error
}

// audit makes the entry of a read durable before its answer is given; if it cannot, the act is refused. Readers that
// come at the same time share a transaction.
func (v *Vault) audit(ctx context.Context, s *session, n auditNote) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", ErrAudit, err)
	}
	r := &auditRequest{s: s, note: n, err: ErrAudit}
	v.audits.Do(ctx, r, v.auditAll)
	if r.err != nil {
		return fmt.Errorf("%w: %w", ErrAudit, r.err)
	}
	return nil
}

// auditAll writes entries in one transaction. An entry that cannot be written down fails alone, all else fails
// together.
func (v *Vault) auditAll(ctx context.Context, group []*auditRequest, worked func()) {
	err := v.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		c, err := openAuditChain(w)
		if err != nil {
			return err
		}
		for _, r := range group {
			r.err = c.append(w, r.s, r.note)
			if r.err != nil && !errors.Is(r.err, record.ErrFormat) {
				return r.err
			}
		}
		err = c.close(w)
		worked()
		return err
	})
	if err != nil {
		for _, r := range group {
			r.err = err
		}
	}
}
