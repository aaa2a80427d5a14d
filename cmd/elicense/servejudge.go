package main

import (
	"context"
	"sync"
	"time"

	"github.com/elicense/elicense/server"
	"github.com/elicense/elicense/verify"
)

// trustLook is how often a service reads anew whom it trusts and what was revoked.
const trustLook = time.Minute

// judge judges for the service by the folder of trust as it is: CRLs end, certificates are added. What can no longer be
// read is told in the log, and the former trust stays, whose CRLs end by themselves: nothing stale is ever taken for good.
type judge struct {
	c *program
	h *house

	mu      sync.Mutex
	present *verify.Verifier // guarded by mu, as what follows
	read    time.Time
}

var _ server.Judge = (*judge)(nil)

func (c *program) newJudge(ctx context.Context, h *house) (*judge, error) {
	j := &judge{c: c, h: h, read: c.Now()}
	var err error
	if j.present, err = j.readTrust(ctx); err != nil {
		return nil, err
	}
	return j, nil
}

// readTrust is a verifier by the folder of trust as it is now.
func (j *judge) readTrust(ctx context.Context) (*verify.Verifier, error) {
	j.c.keepRevocations(j.h)
	return j.c.verifierAsking(ctx, &trust{labels: declaredLabels(j.h.vault)}, server.CurrentStatus{Vault: j.h.vault})
}

// verifier is the judge by the trust of now.
func (j *judge) verifier(ctx context.Context) *verify.Verifier {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := j.c.Now()
	if age := now.Sub(j.read); age >= 0 && age < trustLook {
		return j.present
	}
	j.read = now
	v, err := j.readTrust(ctx)
	if err != nil {
		j.c.serviceLog().ErrorContext(ctx, "folder of trust not read", "error", err.Error())
		return j.present
	}
	j.present = v
	return v
}

// Verify implements server.Judge.
func (j *judge) Verify(ctx context.Context, content []byte, expect verify.Expect) (*verify.Report, error) {
	return j.verifier(ctx).Verify(ctx, content, expect)
}

// VerifyDocument implements server.Judge.
func (j *judge) VerifyDocument(ctx context.Context, doc verify.Document, expect verify.Expect) (*verify.Report, error) {
	return j.verifier(ctx).VerifyDocument(ctx, doc, expect)
}

// VerifyCase implements server.Judge.
func (j *judge) VerifyCase(ctx context.Context, docs []verify.Named, expect verify.Expect) (*verify.CaseReport, error) {
	return j.verifier(ctx).VerifyCase(ctx, docs, expect)
}
