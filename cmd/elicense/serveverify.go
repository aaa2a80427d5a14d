package main

import (
	"context"

	"github.com/elicense/elicense/server"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/verify"
)

// verifying judges with the trust of the data directory, and signs reports and evidence with the vault's key.
func (c *program) verifying(ctx context.Context, h *house) (*server.Verifying, error) {
	v, err := c.newJudge(ctx, h)
	if err != nil {
		return nil, err
	}
	return &server.Verifying{
		Verifier: v, AtOnce: workers(),
		Closing: func() (*verify.Closing, error) {
			config := c.reportKey(h)
			signer, err := signing.NewSigner(config)
			if err != nil {
				return nil, err
			}
			return &verify.Closing{Chain: config.Chain, Sign: signer.Detached}, nil
		},
		Paper: func(ctx context.Context, report *verify.CaseReport, _ string) ([]byte, error) {
			order, config := &verifyOrder{}, c.reportKey(h)
			drawing, err := c.drawReport(order, report, config)
			if err != nil {
				return nil, err
			}
			raw, err := drawing.OFD()
			if err != nil {
				return nil, err
			}
			return c.signReport(ctx, order, drawing, raw, config)
		},
	}, nil
}

// reportKey is the vault's key with its certificate of now, for reports and evidence.
func (c *program) reportKey(h *house) signing.Config {
	config := *h.service.Load()
	config.Rand, config.WithCertificates = c.Rand, true
	return config
}
