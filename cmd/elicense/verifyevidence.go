package main

import (
	"context"
	"io"
	"os"
	"slices"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/verify"
)

// checkEvidence refuses before anything is judged what could not be kept afterwards.
func (o *verifyOrder) checkEvidence() error {
	if o.timestamp != "" && (o.evidence == "" || !o.signsReport()) {
		return cli.Usage("--timestamp 与 --evidence、--report-key 同用：加盖在证据包的收尾签名上",
			"--timestamp goes with --evidence and --report-key: it is put on the signature that closes the evidence")
	}
	if o.evidence == "" {
		return nil
	}
	if _, err := os.Lstat(o.evidence); err == nil {
		return &os.PathError{Op: "create", Path: o.evidence, Err: os.ErrExist}
	}
	return nil
}

// closing is who signs the evidence file: whoever signs the report; nil: nobody.
func (c *program) closing(ctx context.Context, o *verifyOrder) (*verify.Closing, error) {
	if !o.signsReport() {
		return nil, nil //nolint:nilnil // nobody is no mistake
	}
	config, err := c.reportSigner(ctx, &o.reportOrder)
	if err != nil {
		return nil, err
	}
	config.WithAttributes, config.Now = true, c.Now
	if o.timestamp != "" {
		config.Timestamper = c.timestamper(o.timestamp)
	}
	s, err := signing.NewSigner(config)
	if err != nil {
		return nil, err
	}
	return &verify.Closing{Chain: config.Chain, Sign: s.Detached}, nil
}

// keepEvidence writes the evidence file of a case.
func (c *program) keepEvidence(ctx context.Context, o *verifyOrder, report *verify.CaseReport) error {
	if o.evidence == "" {
		return nil
	}
	if slices.ContainsFunc(report.Reports, func(r *verify.Report) bool { return r.Kind == verify.KindEvidence }) {
		return cli.Usage("证据包不再装入另一个证据包", "an evidence file is not put into another")
	}
	closing, err := c.closing(ctx, o)
	if err != nil {
		return err
	}
	write := func(w io.Writer) error { return report.WriteEvidence(ctx, w, closing) }
	if err := writeStream(o.evidence, write); err != nil {
		return err
	}
	c.Aside(c.Say("证据包：", "evidence: ") + o.evidence + "\n")
	if closing == nil {
		c.Aside(c.Say("   没有收尾签名：其中的报告和时间只是所称；用 --report-key、--report-cert 签名\n",
			"   nobody signed it: its reports and moment are only claimed; sign it with --report-key and --report-cert\n"))
	}
	return nil
}
