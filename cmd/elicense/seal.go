package main

import (
	"context"
	"crypto"
	"errors"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/signing"
)

// sealing is what the flags of seal apply say.
type sealing struct {
	seal, key, cert string
	at              []string
	keyword         string
	riding          bool
	close           bool
	leaveRoot       bool
	listFiles       bool
	document        int
	out             string
}

func (c *program) newSealApplyCommand() *cobra.Command {
	s := sealing{document: 1}
	cmd := &cobra.Command{
		Use: "apply FILE.ofd", Short: "签章：在 OFD 上盖章 / seal an OFD", Args: cobra.ExactArgs(1),
		Long: "在 OFD（GB/T 33190-2016）上盖章：指定位置（--at，可重复）、关键字处（--keyword）或骑缝（--riding），可同时使用，合为一次签章。\n" +
			"原有文件和签名保持不变；原有签名不能通过检查、或文档已锁定时拒绝。--close 再加一个锁定签名，此后不能再加签。\n" +
			"私钥的口令来自 ELICENSE_PASSPHRASE_FILE 或 ELICENSE_PASSPHRASE。" + cli.Between +
			"Seals an OFD (GB/T 33190-2016): at places (--at, may be repeated), over words (--keyword) or across the edges of\n" +
			"all pages (--riding); what is given together is one signature. Files and signatures that are there stay as they\n" +
			"are; a document whose signatures do not hold, or that is closed, is refused. --close adds a closing signature,\n" +
			"after which none can follow. The passphrase of the key comes from ELICENSE_PASSPHRASE_FILE or ELICENSE_PASSPHRASE.",
		Example: "  elicense seal apply licence.ofd --seal seal.esl --key seal.key --cert seal.pem --at 1,140,230 -o sealed.ofd\n" +
			"  elicense seal apply contract.ofd --seal seal.esl --key seal.key --cert seal.pem --riding --close -o sealed.ofd",
		RunE: func(cmd *cobra.Command, args []string) error { return c.applySeal(cmd.Context(), &s, args[0]) },
	}
	f := cmd.Flags()
	f.StringVar(&s.seal, "seal", "", "印章 / the seal")
	f.StringVar(&s.key, "key", "", "签章人私钥 PEM / the signer's key")
	f.StringVar(&s.cert, "cert", "", "签章人证书及其上级 PEM / the signer's certificate and those above it")
	f.StringArrayVar(&s.at, "at", nil, "页,左,上（毫米），可重复 / page,x,y in mm; may be repeated")
	f.StringVar(&s.keyword, "keyword", "", "盖在每处关键字上 / over every occurrence of a text")
	f.BoolVar(&s.riding, "riding", false, "骑缝章 / across the right edges of all pages")
	f.BoolVar(&s.close, "close", false, "盖章后锁定 / close the document afterwards")
	f.BoolVar(&s.leaveRoot, "leave-root-open", false,
		"不保护 OFD.xml，以便日后增加版本（加注件） / leave OFD.xml out, so that versions can be added later")
	f.BoolVar(&s.listFiles, "list-files", false,
		"写入 GM/T 0099 文件清单，防夹带；此后不能再加签 / write the list of files of GM/T 0099; no further signature can follow")
	f.IntVar(&s.document, "document", s.document, "包内第几个文档 / which document of the package")
	f.StringVarP(&s.out, "out", "o", "", "输出文件 / file to write")
	cli.MustHave(cmd, "seal", "key", "cert", "out")
	return cmd
}

func (c *program) applySeal(ctx context.Context, s *sealing, file string) error {
	if err := c.checkCryptography(); err != nil {
		return err
	}
	key, chain, err := c.openKey(s.key, s.cert)
	if err != nil {
		return err
	}
	der, err := os.ReadFile(s.seal)
	if err != nil {
		return err
	}
	sealer, err := signing.NewSealer(signing.SealerConfig{Key: key, Chain: chain, Rand: c.Rand, Now: c.Now, Seal: der})
	if err != nil {
		return err
	}
	source, err := os.Open(file)
	if err != nil {
		return err
	}
	defer source.Close() //nolint:errcheck // nothing was written
	o, err := c.openOFD(source, s.document)
	if err != nil {
		return err
	}
	stamps, err := s.stamps(o, sealer.Picture())
	if err != nil {
		return err
	}
	order := signing.SealOrder{Value: sealer, Stamps: stamps, LeaveRootOpen: s.leaveRoot}
	signer, err := signing.NewSigner(signing.Config{Key: key, Chain: chain, Rand: c.Rand, WithCertificates: true})
	if err != nil {
		return err
	}
	if err := s.sign(ctx, o, order, signer); err != nil {
		return err
	}
	if err := writeStream(s.out, o.Write); err != nil {
		return err
	}
	return c.tellSealed(s, len(stamps), o.Pages())
}

func (c *program) openOFD(source *os.File, document int) (*signing.OFD, error) {
	info, err := source.Stat()
	if err != nil {
		return nil, err
	}
	o, err := signing.OpenOFD(source, info.Size(), signing.OFDConfig{Document: document - 1, Now: c.Now})
	if errors.Is(err, signing.ErrConfig) {
		n := strconv.Itoa(document)
		return nil, cli.Usage("包内没有第 "+n+" 个文档", "there is no document "+n+" in the package")
	}
	return o, err
}

// sign seals and, if wanted, closes. The list of files comes with the last signature.
func (s *sealing) sign(ctx context.Context, o *signing.OFD, order signing.SealOrder, signer *signing.Signer) error {
	list := func(last bool) error {
		if !s.listFiles || !last {
			return nil
		}
		return o.ListFiles(signer)
	}
	if err := list(!s.close); err != nil {
		return err
	}
	if err := o.Seal(ctx, order); err != nil || !s.close {
		return err
	}
	if err := list(true); err != nil {
		return err
	}
	return o.SignClosing(ctx, signer)
}

func (c *program) tellSealed(s *sealing, stamps, pages int) error {
	return c.Emit(map[string]any{"file": s.out, "stamps": stamps, "pages": pages, "closed": s.close || s.listFiles}, func() {
		c.Tell("已盖章：%s", "sealed: %s", s.out)
		c.Tell("%d 页，盖章 %d 处", "pages: %d, stamps: %d", pages, stamps)
		if s.close || s.listFiles {
			c.Tell("已锁定，不能再加签", "closed: no further signature can be added")
		}
		c.Fact("  %s verify %s", c.Name, s.out)
	})
}

// stamps gathers the places from all flags.
func (s *sealing) stamps(o *signing.OFD, picture signing.SealPicture) ([]signing.Stamp, error) {
	width, height := float64(picture.WidthMM), float64(picture.HeightMM)
	var out []signing.Stamp
	for _, text := range s.at {
		stamp, err := parsePlace(text)
		if err != nil {
			return nil, err
		}
		stamp.Box.W, stamp.Box.H = width, height
		out = append(out, stamp)
	}
	if s.keyword != "" {
		found, err := o.AtText(s.keyword, width, height)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	if s.riding {
		slices, err := o.RidingSeam(width, height, -1)
		if err != nil {
			return nil, err
		}
		out = append(out, slices...)
	}
	if len(out) == 0 {
		return nil, cli.Usage("请用 --at、--keyword 或 --riding 说明盖在何处", "say where, with --at, --keyword or --riding")
	}
	return out, nil
}

// parsePlace reads page,x,y.
func parsePlace(text string) (signing.Stamp, error) {
	wrong := cli.Usage("--at 应为 页,左,上（毫米）："+text, "--at wants page,x,y in mm: "+text)
	parts := strings.Split(text, ",")
	if len(parts) != 3 {
		return signing.Stamp{}, wrong
	}
	page, err1 := strconv.Atoi(strings.TrimSpace(parts[0]))
	x, err2 := strconv.ParseFloat(strings.TrimSpace(parts[1]), 64)
	y, err3 := strconv.ParseFloat(strings.TrimSpace(parts[2]), 64)
	if errors.Join(err1, err2, err3) != nil {
		return signing.Stamp{}, wrong
	}
	return signing.Stamp{Page: page, Box: signing.Box{X: x, Y: y}}, nil
}

// openKey reads a key, with the passphrase from the environment, and the certificates that belong to it.
func (c *program) openKey(keyFile, certFile string) (crypto.Signer, []*pki.Certificate, error) {
	passphrase, err := c.keyPassphraseOf(keyFile)
	if err != nil {
		return nil, nil, err
	}
	text, err := os.ReadFile(keyFile)
	if err != nil {
		return nil, nil, err
	}
	key, err := pki.ParseKey(text, []byte(passphrase))
	if errors.Is(err, pki.ErrPassphrase) {
		return nil, nil, cli.Usage("口令打不开私钥："+keyFile, "the passphrase does not open the key: "+keyFile)
	}
	if err != nil {
		return nil, nil, err
	}
	chain, err := certificatesIn(certFile)
	return key, chain, err
}

// ofdWords says why an OFD cannot be read, by the reason of the refusal.
var ofdWords = map[ofd.Reason][2]string{
	ofd.ReasonZip:       {"这不是 OFD（ZIP）文件，或已损坏", "this is no OFD (zip) file, or it is damaged"},
	ofd.ReasonHidden:    {"包内藏有目录之外的数据，不同软件会看到不同内容", "bytes lie in the package that its directory does not list: readers would differ"},
	ofd.ReasonMismatch:  {"包内文件头与目录不一致，不同软件会看到不同内容", "headers and directory of the package differ: readers would too"},
	ofd.ReasonDuplicate: {"有重复的文件或标识", "a file or identifier is there twice"},
	ofd.ReasonName:      {"文件名或路径不允许（指向包外、含控制字符或为链接）", "a name or path is not allowed: it leads out of the package, or holds what no name should"},
	ofd.ReasonEncrypted: {"包已加密，不能处理", "the package is encrypted"},
	ofd.ReasonMethod:    {"不支持的压缩方法", "a compression that is not supported"},
	ofd.ReasonLimit:     {"超出大小或数量限制", "too large, or too many"},
	ofd.ReasonBomb:      {"压缩比异常，疑为压缩炸弹", "it inflates to far too much"},
	ofd.ReasonChecksum:  {"文件校验和不符，已损坏", "a checksum is wrong: it is damaged"},
	ofd.ReasonMissing:   {"缺少被引用的文件", "a file that is named is not there"},
	ofd.ReasonXML:       {"XML 不合规范", "XML is not well formed"},
	ofd.ReasonDoctype:   {"XML 含有文档类型声明或实体，不允许", "XML holds a document type or an entity, which is not allowed"},
	ofd.ReasonStructure: {"结构不合 GB/T 33190-2016", "the structure is not that of GB/T 33190-2016"},
	ofd.ReasonInput:     {"含有不能写入的值", "a value cannot be written"},
}

// ofdTold is a refusal to read or seal an OFD in words; nil if err is none.
func ofdTold(err error) *cli.ToldError {
	for _, known := range []struct {
		err          error
		code, zh, en string
	}{
		{signing.ErrOFDClosed, "ofd-closed", "文档已锁定，不能再加签", "the document is closed: no signature can be added"},
		{
			signing.ErrOFDBroken, "ofd-broken", "文档已有的签名与内容不符或不能检查，拒绝加盖；请先验证",
			"a signature of the document does not hold or cannot be checked, so nothing is put on top of it; verify it first",
		},
		{
			signing.ErrPlace, "seal-place", "没有这个盖章位置：页码、坐标或关键字不对，或重复",
			"no such place for the seal: page, position or text is wrong, or given twice",
		},
	} {
		if errors.Is(err, known.err) {
			return &cli.ToldError{Err: err, Code: known.code, Zh: known.zh, En: known.en}
		}
	}
	var refusal *ofd.Error
	if !errors.As(err, &refusal) {
		return nil
	}
	words := ofdWords[refusal.Reason]
	return &cli.ToldError{
		Err: err, Code: "ofd-" + string(refusal.Reason), Zh: words[0] + "：" + refusal.Detail,
		En: words[1] + ": " + refusal.Detail,
	}
}
