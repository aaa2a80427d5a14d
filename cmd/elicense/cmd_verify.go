package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/sm2note"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/verify"
)

// trust is what a verification rests on: roots and ledger keys from files, or those of a data directory.
type trust struct {
	anchors string
	keys    []string
	cross   bool
}

func (t *trust) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&t.anchors, "anchors", "", "信任的根证书 PEM（缺省用数据目录的）/ trusted roots")
	f.StringSliceVar(&t.keys, "ledger-key", nil, "账本公钥文本（缺省用数据目录的）/ ledger key")
	f.BoolVar(&t.cross, "cross-check", false, "两个独立的 SM2 实现都通过才算通过 / two unrelated implementations must agree")
}

// verifier makes a verifier; it opens no engine, so a running vault does not stand in its way.
func (c *cli) verifier(t *trust) (*verify.Verifier, error) {
	cfg := verify.Config{Now: c.now, CrossCheck: t.cross}
	path := t.anchors
	if path == "" {
		path = filepath.Join(c.dir, anchorsFile)
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if cfg.Trust, err = verify.ParseAnchors(pem); err != nil {
		return nil, err
	}
	if cfg.LedgerKeys, err = c.ledgerKeys(t); err != nil {
		return nil, err
	}
	return verify.New(cfg)
}

// ledgerKeys reads the keys that were given, or the one of the data directory's vault certificate.
func (c *cli) ledgerKeys(t *trust) ([]ledger.Verifier, error) {
	if len(t.keys) > 0 {
		var text bytes.Buffer
		for _, k := range t.keys {
			text.WriteString(k + "\n")
		}
		return verify.ParseLedgerKeys(text.String())
	}
	s, err := readSettings(c.dir)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(c.dir, vaultFile))
	if err != nil {
		return nil, err
	}
	certs, err := pki.ParseCertificatesPEM(text[max(0, bytes.Index(text, []byte("-----BEGIN CERTIFICATE-----"))):])
	if err != nil {
		return nil, err
	}
	point := certs[0].PublicKey.Point()
	key, err := sm2note.NewVerifier(s.Origin, point)
	if err != nil {
		return nil, err
	}
	return []ledger.Verifier{key}, nil
}

func (c *cli) verifyCommand() *cobra.Command {
	var t trust
	var expect verify.Expect
	cmd := &cobra.Command{
		Use:   "verify FILE",
		Short: "离线验证：证照、回执、批次证明、账本证明、证书 / verify anything signed, offline",
		Long: "第一行是结论，第二行是理由。退出码：0 通过，3 不通过，4 无法判定。\n" +
			"The first line is the decision, the second its reason. Exit: 0 passed, 3 not passed, 4 indeterminate.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			doc, err := readLimited(args[0])
			if err != nil {
				return err
			}
			v, err := c.verifier(&t)
			if err != nil {
				return err
			}
			report, err := v.Verify(cmd.Context(), doc, expect)
			if err != nil {
				return err
			}
			return c.showJudgement(report)
		},
	}
	t.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&expect.HolderCode, "holder-code", "", "应是此人：持证主体代码 / expected holder's code")
	f.StringVar(&expect.HolderName, "holder-name", "", "应是此人：持证主体名称 / expected holder's name")
	f.StringVar(&expect.Type, "type", "", "应是此类证照 / expected type")
	f.StringVar(&expect.Issuer, "issuer", "", "应由此机构颁发 / expected issuer")
	f.StringVar(&expect.Number, "number", "", "应是此编号 / expected number")
	return cmd
}

// maxDocument is the largest file that is read for verification.
const maxDocument = 64 << 20

func readLimited(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	doc, err := io.ReadAll(io.LimitReader(f, maxDocument+1))
	if err == nil && len(doc) > maxDocument {
		return nil, &usageError{"文件过大（上限 64 MiB）", "the file is too large (64 MiB at most)"}
	}
	return doc, err
}

// showJudgement prints a report and ends with the code that says the same.
func (c *cli) showJudgement(r *verify.Report) error {
	var failed error
	err := c.emit(r, func() { failed = r.WriteText(c.out, c.lang) })
	switch {
	case err != nil || failed != nil:
		return firstError(err, failed)
	case r.Indication == verify.TotalPassed:
		return nil
	case r.Indication == verify.TotalFailed:
		return &exitError{exitNotPassed}
	}
	return &exitError{exitIndeterminate}
}

func firstError(list ...error) error {
	for _, err := range list {
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *cli) proofCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "proof", Short: "账本证明 / ledger proofs"}
	var t trust
	var event string
	check := &cobra.Command{
		Use: "verify PROOF", Short: "只凭证明、事件和账本公钥验证 / verify with proof, event and key alone", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return c.checkProof(&t, args[0], event) },
	}
	t.flags(check)
	check.Flags().StringVar(&event, "event", "", "事件文件（证明中不含事件时）/ file of the event, if the proof lacks it")
	cmd.AddCommand(check, c.proofGet(), c.checkpointCommand())
	return cmd
}

func (c *cli) checkProof(t *trust, path, eventPath string) error {
	text, err := readLimited(path)
	if err != nil {
		return err
	}
	keys, err := c.ledgerKeys(t)
	if err != nil {
		return err
	}
	var event []byte
	if eventPath != "" {
		if event, err = readLimited(eventPath); err != nil {
			return err
		}
	}
	p, err := ledger.ParseProof(text)
	var report ledger.Report
	if err == nil {
		report, err = ledger.VerifyProof(p, event, keys...)
	}
	if err != nil {
		c.printf("不通过：%v", "not passed: %v", err)
		return &exitError{exitNotPassed}
	}
	return c.emit(report, func() {
		c.printf("通过：账本 %s 共 %d 条，本事件是第 %d 条", "passed: ledger %s of %d leaves has this event at %d", report.Origin, report.Size, report.Index)
		if report.Event != nil {
			c.printf("%s", "%s", report.Event)
		}
	})
}

func (c *cli) proofGet() *cobra.Command {
	var number int
	cmd := &cobra.Command{
		Use: "get 标识", Short: "取证照事件的账本证明 / the proof of a licence's event", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withHouse(cmd.Context(), func(h *house) error {
				if _, err := h.vault.Checkpoint(cmd.Context()); err != nil {
					return err
				}
				list, err := h.vault.History(cmd.Context(), c.by(h, vault.GroundLaw, "取账本证明"), args[0])
				if err != nil {
					return err
				}
				if number == 0 {
					number = len(list)
				}
				if number < 1 || number > len(list) {
					return &usageError{"没有这个事件", "there is no such event"}
				}
				_, err = c.out.Write(list[number-1].Proof)
				return err
			})
		},
	}
	cmd.Flags().IntVar(&number, "event-number", 0, "第几个事件（缺省最后一个）/ which event; the last if not given")
	return cmd
}

func (c *cli) checkpointCommand() *cobra.Command {
	return &cobra.Command{
		Use: "checkpoint", Short: "签发并公布当前检查点 / sign and publish the present checkpoint", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withHouse(cmd.Context(), func(h *house) error {
				cp, err := h.vault.Checkpoint(cmd.Context())
				if err != nil {
					return err
				}
				if err := writeFile(filepath.Join(h.dir, publishFile), cp); err != nil {
					return err
				}
				_, err = c.out.Write(cp)
				return err
			})
		},
	}
}

// judge verifies with a house's own roots and key, as anybody could who has those two.
func (d *demo) judge(ctx context.Context, doc []byte) (*verify.Report, error) {
	keys, err := verify.ParseLedgerKeys(d.house.signer.NoteKey())
	if err != nil {
		return nil, err
	}
	v, err := verify.New(verify.Config{Trust: d.house.anchors, LedgerKeys: keys, Now: d.now, CrossCheck: true})
	if err != nil {
		return nil, err
	}
	return v.Verify(ctx, doc, verify.Expect{})
}
