package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/signing/impression"
)

// sealOrder is what the flags of seal make say.
type sealOrder struct {
	drawing

	name, org, usage, id string
	makerKey, makerCert  string
	signers              []string
	picture              string
	widthMM, heightMM    int
	drawn, vector        bool
	legacy, digest       bool
	from                 string
	years                int
	out                  string
}

func (c *program) sealMake() *cobra.Command {
	o := sealOrder{years: 3}
	cmd := &cobra.Command{
		Use: "make", Short: "制章：制章人签名，绑定名称、图片和签章人证书 / make a seal, signed by the seal maker", Args: cobra.NoArgs,
		Long: "制作电子印章（GB/T 38540-2020；--legacy 为 GM/T 0031-2014）。制章人证书须为制章人证书，印章名称须等于签章人证书中的机构名称加用途。\n" +
			"制章人私钥的口令来自 ELICENSE_PASSPHRASE_FILE 或 ELICENSE_PASSPHRASE。" + cli.Between +
			"Makes an electronic seal (GB/T 38540-2020; with --legacy GM/T 0031-2014). The maker's certificate must be a seal\n" +
			"maker's; the name must be the organisation in the signers' certificates, followed by the usage. The passphrase of\n" +
			"the maker's key comes from ELICENSE_PASSPHRASE_FILE or ELICENSE_PASSPHRASE.",
		Example: "  elicense seal make --id 35010000000001 --maker-key maker.key --maker-cert maker.pem --signer-cert seal.pem " +
			"--drawn -o seal.esl",
		RunE: func(cmd *cobra.Command, _ []string) error { return c.makeSeal(cmd.Context(), &o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.name, "name", "", "印章名称，缺省为机构名称加用途 / name of the seal; organisation and usage if not given")
	f.StringVar(&o.org, "org", "", "机构名称，须与证书一致 / organisation, as in the certificates")
	f.StringVar(&o.usage, "usage", "", "用途；证书为"+signing.ApprovalSeal+"时缺省即此 / usage; by the certificate if not given")
	f.StringVar(&o.id, "id", "", "印章编码：6 位区划 + 8 位顺序号 / seal code: division and serial, 14 digits")
	f.StringVar(&o.makerKey, "maker-key", "", "制章人私钥 PEM / the maker's key")
	f.StringVar(&o.makerCert, "maker-cert", "", "制章人证书及其上级 PEM / the maker's certificate and those above it")
	f.StringArrayVar(&o.signers, "signer-cert", nil, "签章人证书 PEM，可重复 / certificate that may use the seal; may be repeated")
	f.StringVar(&o.picture, "picture", "", "印章图片 png、gif、jpg、ofd / picture of the seal")
	f.IntVar(&o.widthMM, "width", 42, "图片宽，毫米 / its width in mm")
	f.IntVar(&o.heightMM, "height", 42, "图片高，毫米 / its height in mm")
	f.BoolVar(&o.drawn, "drawn", false, "自动绘制图片 / draw the picture")
	f.BoolVar(&o.vector, "vector", false, "绘制为 OFD 矢量图，缺省为 PNG / draw it as an OFD of outlines, not as a PNG")
	f.BoolVar(&o.legacy, "legacy", false, "按 GM/T 0031-2014 制作，供旧平台使用 / make it by GM/T 0031-2014, for old platforms")
	f.BoolVar(&o.digest, "by-digest", false, "列证书杂凑值而非证书 / list digests of certificates, not certificates")
	f.StringVar(&o.from, "from", "", "有效期起 YYYY-MM-DD，缺省即刻 / first day; now if not given")
	f.IntVar(&o.years, "years", o.years, "有效期年数 / years that it is valid")
	f.StringVarP(&o.out, "out", "o", "", "输出文件 / file to write")
	o.flags(cmd)
	cli.MustHave(cmd, "id", "maker-key", "maker-cert", "signer-cert", "out")
	return cmd
}

func (c *program) makeSeal(ctx context.Context, o *sealOrder) error {
	if err := c.checkCryptography(); err != nil {
		return err
	}
	spec, err := c.sealSpec(o)
	if err != nil {
		return err
	}
	maker, err := c.openMaker(o)
	if err != nil {
		return err
	}
	der, err := maker.Make(ctx, spec)
	if err != nil {
		return err
	}
	if err := writeFile(o.out, der); err != nil {
		return err
	}
	out := map[string]any{"file": o.out, "id": spec.ID, "name": spec.Name, "valid_until": spec.ValidUntil}
	return c.Emit(out, func() {
		c.Tell("印章已制成：%s  %s", "the seal is made: %s  %s", spec.Name, spec.ID)
		c.Tell("有效期至 %s", "valid until %s", c.When(spec.ValidUntil, nil))
		c.Fact("  %s seal show %s", c.Name, o.out)
	})
}

func (c *program) openMaker(o *sealOrder) (*signing.SealMaker, error) {
	key, chain, err := c.openKey(o.makerKey, o.makerCert)
	if err != nil {
		return nil, err
	}
	return signing.NewSealMaker(signing.SealMakerConfig{Key: key, Chain: chain, Rand: c.Rand, Now: c.Now})
}

// keyPassphraseOf is the passphrase of a key file that is named on the command line.
func (c *program) keyPassphraseOf(file string) (string, error) {
	if c.Env("ELICENSE_PASSPHRASE_FILE") == "" && c.Env("ELICENSE_PASSPHRASE") == "" {
		return "", cli.Usage(
			"需要私钥的口令：请设置 ELICENSE_PASSPHRASE_FILE 或 ELICENSE_PASSPHRASE："+file,
			"the passphrase of the key is needed: set ELICENSE_PASSPHRASE_FILE or ELICENSE_PASSPHRASE: "+file,
		)
	}
	return c.passphrase(presentKey)
}

func (c *program) sealSpec(o *sealOrder) (signing.SealSpec, error) {
	spec := signing.SealSpec{ID: o.id, Personal: o.personal, ByDigest: o.digest}
	if o.legacy {
		spec.Version = signing.SealV1
	}
	for _, file := range o.signers {
		certs, err := certificatesIn(file)
		if err != nil {
			return spec, err
		}
		spec.Signers = append(spec.Signers, certs[0])
	}
	if err := o.nameSeal(&spec); err != nil {
		return spec, err
	}
	spec.ValidFrom = c.Now().UTC().Truncate(time.Second)
	if o.from != "" {
		day, err := time.ParseInLocation(time.DateOnly, o.from, c.Now().Location())
		if err != nil {
			return spec, cli.Usage("--from 应为 YYYY-MM-DD："+o.from, "--from wants YYYY-MM-DD: "+o.from)
		}
		spec.ValidFrom = day
	}
	spec.ValidUntil = spec.ValidFrom.AddDate(o.years, 0, 0)
	var err error
	spec.Picture, err = o.pictureOf(&spec)
	return spec, err
}

// nameSeal fills in what the certificate says, and holds --org against it.
func (o *sealOrder) nameSeal(spec *signing.SealSpec) error {
	holder := &spec.Signers[0].Holder
	org := holder.Organization
	if o.personal {
		org = holder.Name
	}
	if o.org != "" && o.org != org {
		return cli.Usage("--org 与签章人证书中的名称不符", "--org is not the name in the signer's certificate")
	}
	o.org, spec.Usage = org, o.usage
	if o.usage == "" && slices.Contains(spec.Signers[0].ExtKeyUsage, oid.PurposeApprovalSeal) &&
		(o.name == "" || strings.HasSuffix(o.name, signing.ApprovalSeal)) {
		spec.Usage = signing.ApprovalSeal
	}
	if spec.Name = o.name; spec.Name == "" {
		spec.Name = org + spec.Usage
	}
	return nil
}

func (o *sealOrder) pictureOf(spec *signing.SealSpec) (signing.SealPicture, error) {
	switch {
	case o.drawn == (o.picture != ""):
		return signing.SealPicture{}, cli.Usage("请给出 --picture 或 --drawn 之一", "give either --picture or --drawn")
	case o.drawn:
		o.design.Name, o.design.Usage = o.org, spec.Usage
		if !o.personal {
			o.design.Code = spec.ID
		}
		i, err := o.draw()
		if err != nil {
			return signing.SealPicture{}, err
		}
		picture := signing.SealPicture{Type: "png", WidthMM: i.SizeMM(), HeightMM: i.SizeMM()}
		if o.vector {
			picture.Type = "ofd"
			picture.Data, err = i.OFD()
		} else {
			picture.Data, err = i.PNG(impression.DPI)
		}
		return picture, err
	default:
		data, err := os.ReadFile(o.picture)
		kind := strings.ToLower(strings.TrimPrefix(filepath.Ext(o.picture), "."))
		if kind == "jpeg" {
			kind = "jpg"
		}
		return signing.SealPicture{Type: kind, Data: data, WidthMM: o.widthMM, HeightMM: o.heightMM}, err
	}
}
