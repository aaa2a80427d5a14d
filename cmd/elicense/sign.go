package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/signing"
)

// signFlags are what a signature is made with.
type signFlags struct {
	key, cert, out         string
	arc                    string
	detached, attributes   bool
	binding                bool
	timestamp, request     string
	addTo, prepare, attach string
	value                  string
	countersign            int
	existing, content      []byte // read from the files named
}

func (c *program) signCommand() *cobra.Command {
	f := signFlags{countersign: -1}
	cmd := &cobra.Command{
		Use:   "sign [FILE]",
		Short: "签名：附签、分离、多人、会签、时间戳、两步签 / sign a file: alone, with others, over others, in two steps",
		Long: "给文件签名，写成 GB/T 35275 的 SignedData（--arc rfc 为 RFC 5652）。私钥口令取自 ELICENSE_KEY_PASSPHRASE_FILE 或 " +
			"ELICENSE_KEY_PASSPHRASE，从不写在命令行上。\n" +
			"私钥在别处（如 USB Key）时分两步：--prepare 给出要签的摘要，--attach 验证并装入签名值。" + cli.Between +
			"Signs a file as SignedData of GB/T 35275, or with --arc rfc of RFC 5652. The passphrase of the key is taken from\n" +
			"ELICENSE_KEY_PASSPHRASE_FILE or ELICENSE_KEY_PASSPHRASE, never from the command line.\n" +
			"A key that is elsewhere signs in two steps: --prepare gives the digest to be signed, --attach verifies the value " +
			"and\nputs it in its place.",
		Example: "  elicense sign 通知.pdf --key 部门.key --cert 部门.pem --detached --attributes\n" +
			"  elicense sign 通知.pdf --key 局长.key --cert 局长.pem --add-to 通知.pdf.p7s -o 两人.p7s\n" +
			"  elicense sign 通知.pdf --cert 部门.pem --prepare 待签 && elicense sign --cert 部门.pem --attach 待签 --value 签名值 -o 通知.p7s",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.sign(cmd.Context(), &f, args) },
	}
	f.flags(cmd)
	return cmd
}

func (f *signFlags) flags(cmd *cobra.Command) {
	s := cmd.Flags()
	s.StringVar(&f.key, "key", "", "私钥文件（加密的 PEM）/ key file, encrypted PEM")
	s.StringVar(&f.cert, "cert", "", "证书文件，签名证书在前、上级在后 / certificates, the signer's first")
	s.StringVarP(&f.out, "out", "o", "", "写到哪里（缺省为 FILE.p7s 或 FILE.p7m）/ where to write, FILE.p7s or FILE.p7m if not given")
	s.StringVar(&f.arc, "arc", "gm", "gm 为 GB/T 35275，rfc 为 RFC 5652 / gm for GB/T 35275, rfc for RFC 5652")
	s.BoolVar(&f.detached, "detached", false, "原文不放入签名 / leave the content out")
	s.BoolVar(&f.attributes, "attributes", false, "带签名属性与签名时间 / with signed attributes and signing time")
	s.BoolVar(&f.binding, "binding", false, "以属性绑定证书（CAdES）/ bind the certificate by an attribute, as CAdES does")
	s.StringVar(&f.timestamp, "timestamp", "", "时间戳服务网址，或已取得的令牌文件 / URL of a time-stamp service, or a token at hand")
	s.StringVar(&f.request, "timestamp-request", "", "只为 --add-to 的签名写出时间戳请求 / write a time-stamp request for the signature of --add-to")
	s.StringVar(&f.addTo, "add-to", "", "加到这份签名里 / add to this SignedData")
	s.IntVar(&f.countersign, "countersign", -1, "会签 --add-to 中第几个签名（从 0 起）/ countersign that signature of --add-to, from 0")
	s.StringVar(&f.prepare, "prepare", "", "第一步：待签状态写到此文件 / step one: write the draft here")
	s.StringVar(&f.attach, "attach", "", "第二步：待签状态文件 / step two: the draft")
	s.StringVar(&f.value, "value", "", "签名值文件：DER、64 字节或十六进制 / signature value: DER, 64 octets or hexadecimal")
}

// sign does the one thing that the flags ask for.
func (c *program) sign(ctx context.Context, f *signFlags, args []string) error {
	if err := c.checkCryptography(); err != nil {
		return err
	}
	if err := f.read(c, args); err != nil {
		return err
	}
	switch {
	case f.request != "":
		return c.writeTimestampRequest(f)
	case f.attach != "":
		return c.attachValue(ctx, f)
	case f.prepare != "":
		return c.prepareValue(f)
	case f.key == "" && f.addTo != "" && f.timestamp != "":
		return c.addToken(ctx, f)
	default:
		return c.signFile(ctx, f)
	}
}

// read checks the flags against each other and reads the files.
func (f *signFlags) read(c *program, args []string) error {
	if err := f.check(args); err != nil {
		return err
	}
	var err error
	if f.addTo != "" {
		if f.existing, err = c.readLimited(f.addTo); err != nil {
			return err
		}
	}
	if len(args) == 0 {
		return nil
	}
	if f.out == "" {
		f.out = args[0] + map[bool]string{true: ".p7s", false: ".p7m"}[f.detached]
	}
	f.content, err = c.readLimited(args[0])
	return err
}

func (f *signFlags) check(args []string) error {
	signs := f.attach == "" && (f.key != "" || f.prepare != "")
	switch {
	case f.arc != "gm" && f.arc != "rfc":
		return cli.Usage("--arc 应为 gm 或 rfc", "--arc is gm or rfc")
	case f.addTo == "" && (f.countersign >= 0 || f.request != ""):
		return cli.Usage("--countersign、--timestamp-request 须与 --add-to 同用",
			"--countersign and --timestamp-request go with --add-to")
	case len(args) > 0:
		return nil
	case f.addTo == "" && signs:
		return cli.Usage("缺少要签名的文件", "the file to sign is missing")
	case f.out+f.prepare+f.request == "":
		return cli.Usage("请用 -o 说明写到哪里", "say with -o where to write")
	default:
		return nil
	}
}

// signConfig is what the flags say of the signature.
func (c *program) signConfig(f *signFlags) (signing.Config, error) {
	if f.cert == "" {
		return signing.Config{}, cli.Usage("缺少 --cert", "--cert is missing")
	}
	chain, err := certificatesIn(f.cert)
	if err != nil {
		return signing.Config{}, err
	}
	if now := c.Now(); now.Before(chain[0].NotBefore) || now.After(chain[0].NotAfter) {
		return signing.Config{}, cli.Usage("证书不在有效期内："+f.cert, "the certificate is not valid now: "+f.cert)
	}
	config := signing.Config{
		Chain: chain, Rand: c.Rand, WithCertificates: true, WithAttributes: f.attributes || f.binding,
		WithBinding: f.binding, Now: c.Now,
	}
	if f.arc == "rfc" {
		config.Arc = signing.ArcRFC5652
	}
	if f.timestamp != "" {
		config.Timestamper = c.timestamper(f.timestamp)
	}
	return config, nil
}

func (c *program) signFile(ctx context.Context, f *signFlags) error {
	if f.key == "" {
		return cli.Usage("缺少 --key；私钥在别处时用 --prepare", "--key is missing; with a key elsewhere use --prepare")
	}
	config, err := c.signConfig(f)
	if err != nil {
		return err
	}
	if config.Key, err = c.readKey(f.key); err != nil {
		return err
	}
	if !fits(config.Key, config.Chain[0]) {
		return errKeyMismatch
	}
	s, err := signing.NewSigner(config)
	if err != nil {
		return err
	}
	var der []byte
	switch {
	case f.countersign >= 0:
		der, err = s.Countersign(ctx, f.existing, f.countersign)
	case f.addTo != "":
		der, err = s.AddTo(ctx, f.existing, f.content)
	case f.detached:
		der, err = s.Detached(ctx, f.content)
	default:
		der, err = s.Attached(ctx, f.content)
	}
	if err != nil {
		return err
	}
	return c.saveSigned(f.out, der)
}

// saveSigned writes SignedData and says who stands in it.
func (c *program) saveSigned(path string, der []byte) error {
	data, err := cms.Parse(der)
	if err != nil {
		return err
	}
	if err := writeNew(path, der); err != nil {
		return err
	}
	counters, stamps := 0, 0
	for i := range data.Signers {
		list, err := data.Signers[i].Countersignatures()
		if err != nil {
			return err
		}
		counters += len(list)
		stamps += len(data.Signers[i].SignatureTimestamps())
	}
	return c.Emit(map[string]any{
		"file": path, "signatures": len(data.Signers), "countersignatures": counters, "timestamps": stamps,
		"detached": data.Detached,
	}, func() {
		c.Tell("已签名：%s", "signed: %s", path)
		c.Tell("签名 %d 个，会签 %d 个，时间戳 %d 个", "%d signatures, %d countersignatures, %d time stamps",
			len(data.Signers), counters, stamps)
	})
}

func (c *program) prepareValue(f *signFlags) error {
	config, err := c.signConfig(f)
	if err != nil {
		return err
	}
	r, err := signing.NewRemote(config)
	if err != nil {
		return err
	}
	var draft *signing.Draft
	switch {
	case f.countersign >= 0:
		draft, err = r.PrepareCountersign(f.existing, f.countersign)
	case f.addTo != "":
		draft, err = r.PrepareAddTo(f.existing, f.content)
	case f.detached:
		draft, err = r.PrepareDetached(f.content)
	default:
		draft, err = r.PrepareAttached(f.content)
	}
	if err != nil {
		return err
	}
	if err := writeNew(f.prepare, draft.State); err != nil {
		return err
	}
	digest := hex.EncodeToString(draft.Digest[:])
	return c.Emit(map[string]any{"draft": f.prepare, "digest": digest}, func() {
		c.Tell("待签：%s", "prepared: %s", f.prepare)
		c.Tell("请签此摘要 e（SM3(Z‖M)，不再做杂凑）：%s", "to be signed, e = SM3(Z ‖ M), not to be hashed again: %s", digest)
	})
}

func (c *program) attachValue(ctx context.Context, f *signFlags) error {
	if f.value == "" {
		return cli.Usage("缺少 --value", "--value is missing")
	}
	config, err := c.signConfig(f)
	if err != nil {
		return err
	}
	r, err := signing.NewRemote(config)
	if err != nil {
		return err
	}
	state, err := os.ReadFile(f.attach)
	if err != nil {
		return err
	}
	value, err := c.readLimited(f.value)
	if err != nil {
		return err
	}
	if raw, err := hex.DecodeString(string(bytes.TrimSpace(value))); err == nil {
		value = raw
	}
	der, err := r.Attach(ctx, state, value)
	if err != nil {
		return err
	}
	return c.saveSigned(f.out, der)
}

// readKey opens an encrypted key file.
func (c *program) readKey(path string) (keyPair, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	passphrase, err := c.keySecret()
	if err != nil {
		return nil, err
	}
	key, err := pki.ParseKey(text, passphrase)
	switch {
	case errors.Is(err, pki.ErrPassphrase):
		return nil, cli.Usage("私钥口令不对，或文件已损坏："+filepath.Base(path),
			"the passphrase is wrong, or the key file is damaged: "+filepath.Base(path))
	case err != nil:
		return nil, err
	}
	pair, ok := key.(keyPair)
	if !ok {
		return nil, pki.ErrKey
	}
	return pair, nil
}
