package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/sm2note"
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
	f.StringVar(&t.anchors, "anchors", "", "信任的根证书 PEM，缺省用数据目录的 / trusted roots; those of the data directory if not given")
	f.StringSliceVar(&t.keys, "ledger-key", nil, "账本公钥文本，缺省用数据目录的 / key of a ledger; that of the data directory if not given")
	f.BoolVar(&t.cross, "cross-check", false, "两个独立的 SM2 实现都通过才算通过 / two unrelated implementations must agree")
}

// verifier makes a verifier; it opens no engine, so a running vault does not stand in its way.
func (c *program) verifier(t *trust) (*verify.Verifier, error) {
	if err := c.checkCryptography(); err != nil {
		return nil, err
	}
	cfg := verify.Config{Now: c.Now, CrossCheck: t.cross}
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
func (c *program) ledgerKeys(t *trust) ([]ledger.Verifier, error) {
	if len(t.keys) > 0 {
		var text bytes.Buffer
		for _, k := range t.keys {
			text.WriteString(k + "\n")
		}
		keys, err := verify.ParseLedgerKeys(text.String())
		if err != nil {
			return nil, cli.Usage("--ledger-key 不是账本公钥（形如 名称+摘要+公钥，init 时打印）",
				"--ledger-key is no key of a ledger (NAME+HASH+KEY, as init prints it)")
		}
		return keys, nil
	}
	s, err := readSettings(c.dir)
	if err != nil {
		return nil, err
	}
	certs, err := certificatesIn(filepath.Join(c.dir, vaultFile))
	if err != nil {
		return nil, err
	}
	key, err := sm2note.NewVerifier(s.Origin, certs[0].PublicKey.Point())
	if err != nil {
		return nil, err
	}
	return []ledger.Verifier{key}, nil
}

func (c *program) verifyCommand() *cobra.Command {
	var t trust
	var expect verify.Expect
	cmd := &cobra.Command{
		Use:   "verify FILE",
		Short: "离线验证：证照、回执、批次证明、账本证明、证书 / verify anything signed, offline",
		Long: "第一行是结论，第二行是理由；不打开数据库，库正在运行也可以验证。FILE 为 - 时读标准输入。\n" +
			"退出码：0 通过，3 不通过，4 无法判定。" + cli.Between +
			"The first line is the decision, the second its reason. No database is opened, so a running vault does not " +
			"stand in\n" +
			"the way. FILE may be - for standard input. Exit: 0 passed, 3 not passed, 4 indeterminate.",
		Example: "  elicense verify 证照.json\n" +
			"  elicense verify 证照.json --anchors 根证书.pem --ledger-key vault.example+1a2b3c4d+Ae5…",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			doc, err := c.readLimited(args[0])
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

func (c *program) readLimited(path string) ([]byte, error) {
	in := c.In
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close() //nolint:errcheck // only read
		in = f
	}
	doc, err := io.ReadAll(io.LimitReader(in, maxDocument+1))
	if err == nil && len(doc) > maxDocument {
		return nil, cli.Usage("文件过大（上限 64 MiB）："+path, "the file is too large (64 MiB at most): "+path)
	}
	return doc, err
}

// showJudgement prints a report and ends with the code that says the same.
func (c *program) showJudgement(r *verify.Report) error {
	var failed error
	err := c.Emit(r, func() { failed = r.WriteText(c.Output(), c.Lang) })
	switch {
	case err != nil || failed != nil:
		return errors.Join(err, failed)
	case r.Indication == verify.TotalPassed:
		return nil
	case r.Indication == verify.TotalFailed:
		return &cli.ExitError{Code: cli.ExitNotPassed}
	}
	return &cli.ExitError{Code: cli.ExitIndeterminate}
}
