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
