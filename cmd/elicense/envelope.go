package main

import (
	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/signing"
)

func (c *program) envelopeCommand() *cobra.Command {
	var to []string
	var out, arc string
	var cbc bool
	cmd := &cobra.Command{
		Use:   "envelope FILE",
		Short: "数字信封：加密给一张或多张加密证书，open 打开 / an envelope to encryption certificates; open opens one",
		Long: "把文件加密给加密证书的持有人。gm 写 GB/T 35275 的 EnvelopedData（SM4-CBC，只保密、不防改，宜先签名）；\n" +
			"rfc 写 RFC 5083 的 AuthEnvelopedData（SM4-GCM，改动即打不开）。" + cli.Between +
			"Encrypts a file to the holders of encryption certificates. gm writes EnvelopedData of GB/T 35275 (SM4-CBC, which " +
			"hides\nbut does not protect from changes: sign first); rfc writes AuthEnvelopedData of RFC 5083 (SM4-GCM, which " +
			"does not open\nonce it was changed).",
		Example: "  elicense envelope 材料.zip --to 部门加密.pem --to 存档加密.pem -o 材料.p7e\n" +
			"  elicense envelope open 材料.p7e --key 部门加密.key --cert 部门加密.pem -o 材料.zip",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			config := signing.EnvelopeConfig{Rand: c.Rand, CBC: cbc}
			switch arc {
			case "gm":
			case "rfc":
				config.Arc = signing.ArcRFC5652
			default:
				return cli.Usage("--arc 应为 gm 或 rfc", "--arc is gm or rfc")
			}
			return c.envelop(args[0], out, to, config)
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&to, "to", nil, "接收者的加密证书文件，可多个 / encryption certificate of a recipient, may be repeated")
	f.StringVarP(&out, "out", "o", "", "写到哪里 / where to write")
	f.StringVar(&arc, "arc", "gm", "gm 为 GB/T 35275，rfc 为 RFC 5652 / gm for GB/T 35275, rfc for RFC 5652")
	f.BoolVar(&cbc, "cbc", false, "rfc 也用 SM4-CBC，供只识此法的软件 / SM4-CBC with rfc too, for software that knows nothing else")
	cli.MustHave(cmd, "to", "out")
	cmd.AddCommand(c.envelopeOpen())
	return cmd
}

func (c *program) envelop(path, out string, to []string, config signing.EnvelopeConfig) error {
	if err := c.checkCryptography(); err != nil {
		return err
	}
	content, err := c.readLimited(path)
	if err != nil {
		return err
	}
	for _, name := range to {
		list, err := certificatesIn(name)
		if err != nil {
			return err
		}
		if now := c.Now(); now.Before(list[0].NotBefore) || now.After(list[0].NotAfter) {
			return cli.Usage("证书不在有效期内："+name, "the certificate is not valid now: "+name)
		}
		config.Recipients = append(config.Recipients, list[0])
	}
	if data, err := cms.Parse(content); err == nil {
		config.ContentType = data.OuterType
	}
	der, err := signing.Envelop(content, config)
	if err != nil {
		return err
	}
	if err := writeNew(out, der); err != nil {
		return err
	}
	return c.Emit(map[string]any{"file": out, "recipients": len(config.Recipients)}, func() {
		c.Tell("已加密：%s", "enveloped: %s", out)
		for _, r := range config.Recipients {
			c.Tell("接收者：%s", "recipient: %s", r.Subject)
		}
		if config.ContentType == "" && (config.Arc == signing.ArcGM || config.CBC) {
			c.Tell("内容没有签名：接收者看不出它是否被改动", "the content is not signed: a recipient cannot see whether it was changed")
		}
	})
}

func (c *program) envelopeOpen() *cobra.Command {
	var keyFile, cert, out string
	cmd := &cobra.Command{
		Use:   "open FILE",
		Short: "打开数字信封 / open an envelope",
		Long: "私钥口令取自 ELICENSE_KEY_PASSPHRASE_FILE 或 ELICENSE_KEY_PASSPHRASE。" + cli.Between +
			"The passphrase of the key is taken from ELICENSE_KEY_PASSPHRASE_FILE or ELICENSE_KEY_PASSPHRASE.",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return c.openEnvelope(args[0], keyFile, cert, out) },
	}
	f := cmd.Flags()
	f.StringVar(&keyFile, "key", "", "私钥文件（加密的 PEM）/ key file, encrypted PEM")
	f.StringVar(&cert, "cert", "", "加密证书文件 / encryption certificate")
	f.StringVarP(&out, "out", "o", "", "写到哪里 / where to write")
	cli.MustHave(cmd, "key", "cert", "out")
	return cmd
}

func (c *program) openEnvelope(path, keyFile, cert, out string) error {
	if err := c.checkCryptography(); err != nil {
		return err
	}
	der, err := c.readLimited(path)
	if err != nil {
		return err
	}
	list, err := certificatesIn(cert)
	if err != nil {
		return err
	}
	key, err := c.readKey(keyFile)
	if err != nil {
		return err
	}
	if !fits(key, list[0]) {
		return errKeyMismatch
	}
	opened, err := signing.OpenEnvelope(der, list[0], key)
	if err != nil {
		return err
	}
	if err := writeNew(out, opened.Content); err != nil {
		return err
	}
	signed := opened.ContentType == oid.SignedData || opened.ContentType == oid.GMSignedData
	return c.Emit(map[string]any{
		"file": out, "authenticated": opened.Authenticated, "signed": signed, "tolerances": opened.Tolerances,
	}, func() {
		c.Tell("已打开：%s", "opened: %s", out)
		switch {
		case signed:
			c.Tell("内容是签名数据，请再验证", "it holds signed data: verify it next")
		case opened.Authenticated:
			c.Tell("自加密以来未被改动；是谁加密的，信封不说明", "unchanged since it was made; the envelope does not say by whom")
		default:
			c.Tell("信封不防改动，内容也没有签名：不能据此采信", "the envelope does not protect from changes and nothing is signed: "+
				"do not rely on it")
		}
	})
}
