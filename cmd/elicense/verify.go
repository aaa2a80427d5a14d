package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/sm2note"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/verify"
)

// trust is what a verification rests on: a folder, or roots and ledger keys from files, or those of a data directory.
type trust struct {
	folder  string
	anchors string
	keys    []string
	at      string
	cross   bool
	foreign bool

	labels labeller // of the types of a vault; nil: of those that come with the program
}

func (t *trust) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&t.folder, "trust", "", "信任目录：根证书、中间证书、makers/ 制章人证书、CRL、ledger-keys.txt / folder of whom to trust")
	f.StringVar(&t.anchors, "anchors", "", "信任的根证书 PEM，缺省用数据目录的 / trusted roots; those of the data directory if not given")
	f.StringSliceVar(&t.keys, "ledger-key", nil, "账本公钥文本，缺省用数据目录的 / key of a ledger; that of the data directory if not given")
	f.StringVar(&t.at, "at", "", "按此时间核验（RFC 3339），缺省现在 / judge as of this time; now if not given")
	f.BoolVar(&t.cross, "cross-check", false, "两个独立的实现都通过才算通过 / two unrelated implementations must agree")
	f.BoolVar(&t.foreign, "foreign-forms", false, "接受其他软件的编码方式，报告中列出 / accept what other software writes differently")
}

// verifier makes a verifier; it opens no engine, so a running vault does not stand in its way.
func (c *program) verifier(ctx context.Context, t *trust) (*verify.Verifier, error) {
	return c.verifierAsking(ctx, t, nil)
}

// verifierAsking makes a verifier that asks status for the state of licences now; nil: their documents must bring it.
func (c *program) verifierAsking(
	ctx context.Context, t *trust, status verify.StatusSource,
) (*verify.Verifier, error) {
	if err := c.checkCryptography(); err != nil {
		return nil, err
	}
	cfg := verify.Config{Now: c.Now, Status: status, CrossCheck: t.cross, ForeignForms: t.foreign, Labels: t.labels}
	if t.at != "" {
		at, err := time.Parse(time.RFC3339, t.at)
		if err != nil {
			return nil, cli.Usage("--at 应为 2026-03-02T09:30:00+08:00 的形式", "--at is like 2026-03-02T09:30:00+08:00")
		}
		cfg.Now = func() time.Time { return at }
	}
	if err := c.whomToTrust(ctx, &cfg, t); err != nil {
		return nil, err
	}
	return verify.New(cfg)
}

// whomToTrust reads the folder that was named, or takes the trust of the service or the data directory. What is named
// stands in for that.
func (c *program) whomToTrust(ctx context.Context, cfg *verify.Config, t *trust) error {
	files, err := c.trustFiles(ctx, t)
	if err != nil {
		return err
	}
	f, err := verify.ParseTrustFolder(files)
	if err != nil {
		return err
	}
	cfg.Trust, cfg.Intermediates, cfg.SealMakers, cfg.LedgerKeys = f.Anchors, f.Intermediates, f.SealMakers, f.LedgerKeys
	cfg.Evidence = []pki.Evidence{f.Evidence}
	if cfg.Labels == nil {
		if cfg.Labels, err = folderLabels(f.Types); err != nil {
			return err
		}
	}
	if len(t.keys) > 0 {
		cfg.LedgerKeys, err = namedKeys(t.keys)
	}
	return err
}

// trustFiles are the files that decide who is trusted.
func (c *program) trustFiles(ctx context.Context, t *trust) (map[string][]byte, error) {
	files, err := map[string][]byte{}, error(nil)
	switch {
	case t.folder != "":
		err = readFolder(files, t.folder)
	case t.anchors != "" && len(t.keys) > 0: // everything is named; what lies in a data directory may help
		if own := filepath.Join(c.dir, trustFolder); c.service.url == "" && isFolder(own) {
			err = readFolder(files, own)
		}
	default:
		if files, err = c.ownTrust(ctx); c.service.url == "" && errors.Is(err, fs.ErrNotExist) {
			return nil, c.nobodyTrusted(err)
		}
	}
	if err != nil || t.anchors == "" {
		return files, err
	}
	if t.folder == "" { // the roots that were named, and not the vault's
		maps.DeleteFunc(files, func(name string, _ []byte) bool {
			return !isEvidence(name) && name != ledgerKeysFile && !strings.HasPrefix(name, typesFolder)
		})
	}
	files[anchorsFile], err = os.ReadFile(t.anchors)
	return files, err
}

// nobodyTrusted says what trust is, how it is named and where to get it.
func (c *program) nobodyTrusted(err error) error {
	return &cli.ToldError{
		Err: err, Code: "trust-missing",
		Zh: "还没有指明信任谁：核验凭信任目录（根证书、账本公钥）判断谁的签名算数，" + c.dir + " 不是数据目录，命令中也没有给出。\n" +
			"用 --trust 目录 给出（或同时给出 --anchors 根证书.pem 和 --ledger-key 公钥）；有数据目录的用 -d，有服务的用 --server。\n" +
			"信任目录向运行证照库的机构索取：对方用 elicense certificate trust 目录 导出；请走可靠的渠道，不要用随文件一起送来的。",
		En: "nobody is trusted yet: whose signatures count is decided by a trust folder (roots, key of the ledger); " + c.dir +
			" is no data directory, and none is named.\n" +
			"Name one with --trust DIR (or both --anchors ROOT.pem and --ledger-key KEY); where there is a data directory use -d,\n" +
			"where there is a service --server.\n" +
			"The folder comes from the body that runs the vault, which writes it with elicense certificate trust DIR: get it by a\n" +
			"channel that can be relied on, and never take one that came with the file.",
	}
}

// trustFolder is the folder of a data directory that holds what a verifier needs beside roots and ledger keys.
const trustFolder = "trust"

// isEvidence tells CRLs and OCSP answers, which nobody need trust.
func isEvidence(name string) bool {
	return strings.HasSuffix(name, ".crl") || strings.HasSuffix(name, ".ors")
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// ledgerKeys reads the keys that were given, or the vault's own.
func (c *program) ledgerKeys(ctx context.Context, t *trust) ([]ledger.Verifier, error) {
	if len(t.keys) > 0 {
		return namedKeys(t.keys)
	}
	if c.service.url != "" {
		files, err := c.serviceTrust(ctx)
		if err != nil {
			return nil, err
		}
		return verify.ParseLedgerKeys(string(files[ledgerKeysFile]))
	}
	key, err := ledgerKeyIn(c.dir)
	if err != nil {
		return nil, err
	}
	return []ledger.Verifier{key}, nil
}

func namedKeys(list []string) ([]ledger.Verifier, error) {
	keys, err := verify.ParseLedgerKeys(strings.Join(list, "\n") + "\n")
	if err != nil {
		return nil, cli.Usage("--ledger-key 不是账本公钥（形如 名称+摘要+公钥，init 时打印）",
			"--ledger-key is no key of a ledger (NAME+HASH+KEY, as init prints it)")
	}
	return keys, nil
}

// ledgerKeyIn is the key of a data directory's vault certificate.
func ledgerKeyIn(dir string) (*sm2note.Verifier, error) {
	s, err := readSettings(dir)
	if err != nil {
		return nil, err
	}
	certs, err := certificatesIn(filepath.Join(dir, vaultFile))
	if err != nil {
		return nil, err
	}
	return sm2note.NewVerifier(s.Origin, certs[0].PublicKey.Point())
}

// verifyOrder is what the flags of verify say.
type verifyOrder struct {
	trust
	reportOrder

	evidence string // file to keep evidence in
	expect   verify.Expect
	expects  []string // --expect, before they are read
	content  string
	with     []string
}

func (c *program) verifyCommand() *cobra.Command {
	var o verifyOrder
	cmd := &cobra.Command{
		Use:   "verify FILE…",
		Short: "离线验证：OFD、签名、时间戳、证照、回执、账本证明、证书 / verify anything signed, offline",
		Long: "第一行是结论，第二行是理由；不打开数据库，库正在运行也可以验证。FILE 为 - 时读标准输入；多个文件按一个办件核验，先总后分。\n" +
			"分离式签名 a.pdf.p7s 与 a.pdf 放在一起即可，否则用 --content。退出码：0 通过，3 不通过，4 无法判定。\n" +
			"加 --server 时仍在本机验证：未指明信任谁的，信任目录取自该服务；证照现在的状态凭调用方的身份向它查询。" + cli.Between +
			"The first line is the decision, the second its reason. No database is opened, so a running vault does not " +
			"stand in\n" +
			"the way. FILE may be - for standard input; several files are judged as one case. A detached signature finds its\n" +
			"content under the same name without .p7s, or by --content. Exit: 0 passed, 3 not passed, 4 indeterminate.\n" +
			"With --server it verifies here all the same: whom to trust, if it is not said, comes from the service, and so does\n" +
			"the state of licences now, asked for by the caller's right.",
		Example: "  elicense verify 证照.ofd --with 证照.json\n" +
			"  elicense verify 证照.ofd 申请书.pdf --with 证照.json --case 2026-000123 --report ofd -o 报告.ofd\n" +
			"  elicense verify 申请书.pdf.p7s 承诺书.ofd --trust 信任目录 --report html\n" +
			"  elicense verify 证照.ofd 申请书.pdf --with 证照.json --evidence 办件.evidence && elicense verify 办件.evidence\n" +
			"  elicense verify 证照.json --anchors 根证书.pem --ledger-key vault.example+1a2b3c4d+Ae5…",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.judgeFiles(cmd.Context(), &o, args) },
	}
	o.trust.flags(cmd)
	o.flags(cmd)
	o.reportOrder.flags(cmd)
	return cmd
}

func (o *verifyOrder) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.content, "content", "", "分离式签名所签的文件 / what a detached signature is over")
	f.StringArrayVar(&o.with, "with", nil,
		"证照库现在对证照的说明（elicense lookup --export），可多次给出，各归其证照 / what the vault says now of a licence")
	f.StringVar(&o.expect.HolderCode, "holder-code", "", "应是此人：持证主体代码 / expected holder's code")
	f.StringVar(&o.expect.HolderName, "holder-name", "", "应是此人：持证主体名称 / expected holder's name")
	f.StringVar(&o.expect.Type, "type", "", "应是此类证照 / expected type")
	f.StringVar(&o.expect.Issuer, "issuer", "", "应由此机构颁发 / expected issuer")
	f.BoolVar(&o.expect.NoLicenceUnsafe, "no-licence", false,
		"收件人声明：不是证照，而是函件、发票等 / the receiver's word that an OFD is no licence but a letter, an invoice…")
	f.StringVar(&o.expect.Number, "number", "", "应是此编号 / expected number")
	f.StringVar(&o.evidence, "evidence", "",
		"另存核验证据包：文件、证书、吊销、时间戳、账本证明、报告，断网可再验 / keep all that the reports rest on, to verify offline again")
	f.StringArrayVar(&o.expects, "expect", nil, "应当如此：case=办件编号,department=部门… / what must be so: case=…,department=…")
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
	return cmp.Or(errors.Join(err, failed), exitOf(r.Indication))
}

// exitOf is the exit code that says the same as an indication; nil for one that passed.
func exitOf(i verify.Indication) error {
	switch i {
	case verify.TotalPassed:
		return nil
	case verify.TotalFailed:
		return &cli.ExitError{Code: cli.ExitNotPassed}
	case verify.Indeterminate:
	}
	return &cli.ExitError{Code: cli.ExitIndeterminate}
}
