package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/pki"
)

// chainQuestion is what verify-chain is asked.
type chainQuestion struct {
	trust, help, crls, ocsp []string
	at                      string
	noRevocation            bool
	crossCheck              bool
}

func (c *program) verifyChainCommand() *cobra.Command {
	q := &chainQuestion{}
	cmd := &cobra.Command{
		Use: "verify-chain FILE", Args: cobra.ExactArgs(1),
		Short: "核验证书链与吊销状态（离线） / judge a certificate's chain and revocation, offline",
		Long: "第一行是结论。退出码：0 有效，3 无效，4 无法判断（例如缺少 CRL）。" + cli.Between +
			"The first line is the verdict. Exit codes: 0 valid, 3 not valid, 4 cannot be told (no CRL, for one).",
		RunE: func(_ *cobra.Command, args []string) error { return c.verifyChain(q, args[0]) },
	}
	f := cmd.Flags()
	f.StringArrayVar(&q.trust, "trust", nil, "信任的根证书 PEM 文件，必需 / PEM file of trusted roots, required")
	f.StringArrayVar(&q.help, "with", nil, "中间证书 PEM 文件 / PEM file of certificates in between")
	f.StringArrayVar(&q.crls, "crl", nil, "CRL 文件 / CRL file")
	f.StringArrayVar(&q.ocsp, "ocsp", nil, "OCSP 响应文件 / file with an OCSP response")
	f.StringVar(&q.at, "at", "", "判断的时刻，默认现在 / time of judgement, now by default (2026-01-31T08:00:00Z)")
	f.BoolVar(&q.noRevocation, "no-revocation-unsafe", false, "不看吊销 / do not look at revocation")
	f.BoolVar(&q.crossCheck, "cross-check", false, "由两套实现各自核验 / have two implementations agree")
	cobra.CheckErr(cmd.MarkFlagRequired("trust"))
	return cmd
}

func (c *program) verifyChain(q *chainQuestion, path string) error {
	leaf, issuers, err := readBundle(path)
	if err != nil {
		return err
	}
	options, err := q.options(c.Now())
	if err != nil {
		return err
	}
	options.Usage, options.Intermediates = leaf.KeyUsage, append(options.Intermediates, issuers...)
	chain, err := pki.VerifyChain(leaf, options)
	var refusal *pki.RefusalError
	if errors.As(err, &refusal) {
		return c.verdict(cli.ExitNotPassed, "无效", "NOT VALID", fmt.Sprintf("%s: %s (%s)", refusal.Subject, refusal.Reason, refusal.Detail))
	}
	if err != nil {
		return err
	}
	names := ""
	for _, x := range chain.Certificates {
		names += "\n  " + x.Subject
	}
	if q.noRevocation {
		return c.verdict(cli.ExitIndeterminate, "证书链有效，未看吊销", "CHAIN VALID, revocation not looked at", names)
	}
	return c.revocation(q, chain, options.At, names)
}

func (c *program) revocation(q *chainQuestion, chain *pki.Chain, at time.Time, names string) error {
	evidence, err := q.evidence()
	if err != nil {
		return err
	}
	report := pki.VerifyRevocation(chain, pki.RevocationOptions{At: at, Now: c.Now(), CrossCheck: q.crossCheck}, evidence)
	switch report.Status {
	case pki.StatusGood:
		return c.verdict(cli.ExitDone, "有效", "VALID", names)
	case pki.StatusRevoked, pki.StatusOnHold:
		return c.verdict(cli.ExitNotPassed, "已吊销或挂起", "REVOKED OR ON HOLD", fmt.Sprint(report.Status)+names)
	case pki.StatusUnknown:
	}
	return c.verdict(cli.ExitIndeterminate, "无法判断：没有可用的吊销证据", "CANNOT BE TOLD: no usable evidence of revocation", names)
}

// verdict tells the outcome and ends with its exit code.
func (c *program) verdict(code int, zh, en, detail string) error {
	err := c.Emit(map[string]any{"verdict": en, "detail": detail, "code": code}, func() {
		c.Tell("%s  %s", "%s  %s", c.Say(zh, en), detail)
	})
	if err == nil && code != cli.ExitDone {
		err = &cli.ExitError{Code: code}
	}
	return err
}

func (q *chainQuestion) options(now time.Time) (pki.ChainOptions, error) {
	o := pki.ChainOptions{At: now, CrossCheck: q.crossCheck}
	if q.at != "" {
		at, err := time.Parse(time.RFC3339, q.at)
		if err != nil {
			return o, &cli.UsageError{Zh: "--at 应为 2026-01-31T08:00:00Z 这样的时刻", En: "--at wants a time like 2026-01-31T08:00:00Z"}
		}
		o.At = at
	}
	roots, err := readChains(q.trust)
	if err != nil {
		return o, err
	}
	if o.Anchors, err = pki.NewAnchors(roots...); err != nil {
		return o, err
	}
	o.Intermediates, err = readChains(q.help)
	return o, err
}

func readChains(paths []string) ([]*pki.Certificate, error) {
	var list []*pki.Certificate
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("reading certificates: %w", err)
		}
		some, err := pki.ParseCertificatesPEM(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		list = append(list, some...)
	}
	return list, nil
}

func (q *chainQuestion) evidence() (pki.Evidence, error) {
	var e pki.Evidence
	for _, path := range q.crls {
		der, err := readDER(path, "X509 CRL")
		if err != nil {
			return e, err
		}
		crl, err := pki.ParseCRL(der)
		if err != nil {
			return e, fmt.Errorf("%s: %w", path, err)
		}
		e.CRLs = append(e.CRLs, crl)
	}
	for _, path := range q.ocsp {
		der, err := readDER(path, "OCSP RESPONSE")
		if err != nil {
			return e, err
		}
		response, err := pki.ParseOCSPResponse(der)
		if err != nil {
			return e, fmt.Errorf("%s: %w", path, err)
		}
		e.Responses = append(e.Responses, response)
	}
	return e, nil
}
