package vault

import (
	"context"
	"errors"
	"fmt"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// auditRequest is one audit entry to be written, what else its transaction does, and what became of both.
type auditRequest struct {
	s       *session
	note    auditNote
	also    func(engine.Writer) error // nil: nothing
	refusal error                     // by also
	err     error
}

// audit makes the entry of a read durable before its answer is given; if it cannot, the act is refused. Readers that
// come at the same time share a transaction.
func (v *Vault) audit(ctx context.Context, s *session, n auditNote) error {
	return v.auditWith(ctx, s, n, v.stillReads(s))
}

// stillReads asks again in the transaction of the entry, which is the last thing before the answer, for a right that
// somebody else may have taken back while it was read: a consent that was withdrawn, a legal basis that is the caller's
// no more. Nil: there is nothing to ask.
func (v *Vault) stillReads(s *session) func(engine.Writer) error {
	if s.Ground != GroundConsent && s.Ground != GroundLaw {
		return nil
	}
	return func(w engine.Writer) error {
		now, err := v.anew(w, s)
		if err == nil {
			_, err = v.mayRead(w, now)
		}
		return err
	}
}

// auditWith is audit for a read that changes something too, which also does in the transaction of the entry: both are
// kept or neither. It may refuse before it has written anything: then the entry is that of the refusal, which is given
// back.
func (v *Vault) auditWith(ctx context.Context, s *session, n auditNote, also func(engine.Writer) error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", ErrAudit, err)
	}
	r := &auditRequest{s: s, note: n, also: also, err: ErrAudit}
	v.audits.Do(ctx, r, v.auditAll)
	if r.err != nil {
		return fmt.Errorf("%w: %w", ErrAudit, r.err)
	}
	return r.refusal
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
			if err := r.write(w, c); err != nil {
				return err
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

// write does what else there is to do and appends the entry; its error is that of the whole group.
func (r *auditRequest) write(w engine.Writer, c *auditChain) error {
	note := r.note
	r.refusal = nil
	if r.also != nil {
		r.refusal = r.also(w)
	}
	if isRefusal(r.refusal) {
		note.result, note.count, note.holders = string(CodeOf(r.refusal)), 0, nil // nothing was shown
	} else if r.refusal != nil {
		return r.refusal
	}
	r.err = c.append(w, r.s, note)
	if errors.Is(r.err, record.ErrFormat) {
		return nil
	}
	return r.err
}
