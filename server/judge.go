package server

import (
	"context"

	"github.com/elicense/elicense/verify"
)

// Judge judges what is submitted: a *verify.Verifier, or whoever keeps one up to date. It is safe for concurrent use.
type Judge interface {
	Verify(ctx context.Context, content []byte, expect verify.Expect) (*verify.Report, error)
	VerifyDocument(ctx context.Context, doc verify.Document, expect verify.Expect) (*verify.Report, error)
	VerifyCase(ctx context.Context, docs []verify.Named, expect verify.Expect) (*verify.CaseReport, error)
}

var _ Judge = (*verify.Verifier)(nil)

// heeding tells the operator when a judge could not hear this very vault: licences that are in force then wait, and
// nobody who hands one in or judges it can do anything about it.
type heeding struct {
	Judge

	s *Server
}

// Verify implements Judge.
func (h heeding) Verify(ctx context.Context, content []byte, expect verify.Expect) (*verify.Report, error) {
	r, err := h.Judge.Verify(ctx, content, expect)
	h.heed(ctx, r)
	return r, err
}

// VerifyDocument implements Judge.
func (h heeding) VerifyDocument(ctx context.Context, d verify.Document, expect verify.Expect) (*verify.Report, error) {
	r, err := h.Judge.VerifyDocument(ctx, d, expect)
	h.heed(ctx, r)
	return r, err
}

// VerifyCase implements Judge.
func (h heeding) VerifyCase(
	ctx context.Context, docs []verify.Named, expect verify.Expect,
) (*verify.CaseReport, error) {
	c, err := h.Judge.VerifyCase(ctx, docs, expect)
	if c != nil {
		h.heed(ctx, c.Reports...)
	}
	return c, err
}

// heed counts licences whose state the vault could not say, and has the log name the check that failed of its word.
func (h heeding) heed(ctx context.Context, reports ...*verify.Report) {
	for _, r := range reports {
		if r == nil {
			continue
		}
		if check := r.Unanswered(); check != "" {
			h.s.metrics.unanswered.Inc()
			h.s.cfg.Log.ErrorContext(ctx, "state of a licence not said", "trace", traceOf(ctx), "check", check)
		}
	}
}

// heedJudges has the judges of the configuration heeded, and leaves that alone.
func (s *Server) heedJudges() {
	if s.cfg.Verifier != nil {
		s.cfg.Verifier = heeding{s.cfg.Verifier, s}
	}
	if s.cfg.Verifying != nil && s.cfg.Verifying.Verifier != nil {
		with := *s.cfg.Verifying
		with.Verifier = heeding{with.Verifier, s}
		s.cfg.Verifying = &with
	}
}
