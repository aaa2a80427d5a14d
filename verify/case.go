package verify

import (
	"context"
	"time"
)

// scene is one judgement under way.
type scene struct {
	ctx    context.Context
	v      *Verifier
	expect Expect
	now    time.Time
	report *Report
}

func newCase(ctx context.Context, v *Verifier, expect Expect) *scene {
	now := v.config.Now()
	return &scene{ctx: ctx, v: v, expect: expect, now: now, report: &Report{Kind: KindUnknown, JudgedAt: now}}
}

func (c *scene) judge(_ []byte) {}

func (c *scene) finish() *Report { return c.report }
