package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/pdf"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/signing/impression"
)

// pdfSealing is what the flags of seal pdf say.
type pdfSealing struct {
	drawing
	lasting

	key, cert, picture, at  string
	drawn, certify          bool
	page, widthMM, heightMM int
	reason, location        string
	timestamp, out          string
}

func (c *program) sealPDF() *cobra.Command {
	s := pdfSealing{page: 1, widthMM: 42, heightMM: 42}
	cmd := &cobra.Command{
		Use: "pdf FILE.pdf", Short: "在 PDF 上签名盖章 / sign a PDF, with a stamp to be seen", Args: cobra.ExactArgs(1),
		Long: "以 SM2 数字签名签署 PDF（ISO 32000、ETSI EN 319 142-1），以增量更新写入，原有内容和签名保持不变。\n" +
			"--picture 或 --drawn 使印模显示在页面上；没有则签名不可见。加密、损坏、签名后被改动或已锁定的文件拒绝。\n" +
			"PDF 上的印模只是图片；要 GB/T 38540 电子签章，请用 OFD（seal apply）。\n" +
			"--evidence、--document-timestamp 使签名长期可验（见 seal extend）。\n" +
			"私钥的口令来自 ELICENSE_PASSPHRASE_FILE 或 ELICENSE_PASSPHRASE。" + cli.Between +
			"Signs a PDF with SM2 (ISO 32000, ETSI EN 319 142-1) in an incremental update: what is there, signatures too, stays as\n" +
			"it is. --picture or --drawn put a stamp on a page; without, the signature is not to be seen. A file that is encrypted,\n" +
			"damaged, changed after signing or certified against changes is refused. The stamp on a PDF is a picture; for a seal\n" +
			"of GB/T 38540 take an OFD (seal apply). --evidence and --document-timestamp have the signature outlive its certificate\n" +
			"(see seal extend). The passphrase of the key comes from ELICENSE_PASSPHRASE_FILE or\n" +
			"ELICENSE_PASSPHRASE.",
		Example: "  elicense seal pdf notice.pdf --key dept.key --cert dept.pem --picture seal.png --page 1 --at 140,230 -o signed.pdf",
		RunE:    func(cmd *cobra.Command, args []string) error { return c.signPDF(cmd.Context(), &s, args[0]) },
	}
	f := cmd.Flags()
	f.StringVar(&s.key, "key", "", "签名人私钥 PEM / the signer's key")
	f.StringVar(&s.cert, "cert", "", "签名人证书及其上级 PEM / the signer's certificate and those above it")
	f.StringVar(&s.picture, "picture", "", "印模图片 png、jpg、gif / picture of the stamp")
	f.BoolVar(&s.drawn, "drawn", false, "按证书中的名称自动绘制印模 / draw the stamp from the name in the certificate")
	s.drawing.flags(cmd)
	f.IntVar(&s.page, "page", s.page, "盖在第几页 / page of the stamp")
	f.StringVar(&s.at, "at", "", "左,上（毫米） / x,y in mm")
	f.IntVar(&s.widthMM, "width", s.widthMM, "图片宽（毫米） / width of the picture in mm")
	f.IntVar(&s.heightMM, "height", s.heightMM, "图片高（毫米） / height of the picture in mm")
	f.StringVar(&s.reason, "reason", "", "签名原因，显示在阅读器中 / reason, shown by readers")
	f.StringVar(&s.location, "location", "", "签名地点 / place, shown by readers")
	f.BoolVar(&s.certify, "certify", false, "锁定文件：此后不得再改动或加签；须为首个签名 / certify the file against any change; only the first signature can")
	f.StringVar(&s.timestamp, "timestamp", "", "时间戳服务网址 / URL of a time-stamp service")
	s.lasting.flags(cmd)
	f.StringVarP(&s.out, "out", "o", "", "输出文件 / file to write")
	cli.MustHave(cmd, "key", "cert", "out")
	return cmd
}

func (c *program) signPDF(ctx context.Context, s *pdfSealing, file string) error {
	if err := c.checkCryptography(); err != nil {
		return err
	}
	key, chain, err := c.openKey(s.key, s.cert)
	if err != nil {
		return err
	}
	order := signing.PDFOrder{
		Signer: signing.Config{Key: key, Chain: chain, Rand: c.Rand}, Now: c.Now, Reason: s.reason, Location: s.location,
		Certify: s.certify,
	}
	if s.timestamp != "" {
		order.Signer.Timestamper = c.timestamper(s.timestamp)
	}
	if order.Stamp, err = s.stamp(chain[0]); err != nil {
		return err
	}
	after, err := c.lastingSteps(ctx, &s.lasting)
	if err != nil {
		return err
	}
	sign := func(w io.Writer, r io.ReaderAt, size int64) error { return signing.SignPDF(ctx, w, r, size, order) }
	if err := updateFile(file, s.out, append([]step{sign}, after...)); err != nil {
		return err
	}
	return c.Emit(map[string]any{"file": s.out, "visible": order.Stamp != nil, "closed": s.certify}, func() {
		c.Tell("已签名：%s", "signed: %s", s.out)
		if s.certify {
			c.Tell("已锁定，不能再加签", "closed: no further signature can be added")
		}
		c.Fact("  %s verify %s", c.Name, s.out)
	})
}

// stamp is what is to be seen, nil for nothing.
func (s *pdfSealing) stamp(signer *pki.Certificate) (*signing.PDFStamp, error) {
	if s.picture == "" && !s.drawn {
		if s.at != "" {
			return nil, cli.Usage("--at 需要 --picture 或 --drawn", "--at needs --picture or --drawn")
		}
		return nil, nil
	}
	if s.picture != "" && s.drawn {
		return nil, cli.Usage("请给出 --picture 或 --drawn 之一", "give either --picture or --drawn")
	}
	x, y, ok := parsePoint(s.at)
	if !ok {
		return nil, cli.Usage("--at 应为 左,上（毫米）："+s.at, "--at wants x,y in mm: "+s.at)
	}
	picture, err := s.pictureOf(signer)
	return &signing.PDFStamp{Page: s.page, X: x, Y: y, Picture: picture}, err
}

func parsePoint(text string) (x, y float64, ok bool) {
	left, top, ok := strings.Cut(text, ",")
	x, err1 := strconv.ParseFloat(strings.TrimSpace(left), 64)
	y, err2 := strconv.ParseFloat(strings.TrimSpace(top), 64)
	return x, y, ok && err1 == nil && err2 == nil
}

func (s *pdfSealing) pictureOf(signer *pki.Certificate) (signing.SealPicture, error) {
	if s.drawn {
		s.design.Name = signer.Holder.Name
		i, err := s.draw()
		if err != nil {
			return signing.SealPicture{}, err
		}
		data, err := i.PNG(impression.DPI)
		return signing.SealPicture{Type: "png", Data: data, WidthMM: i.SizeMM(), HeightMM: i.SizeMM()}, err
	}
	data, err := os.ReadFile(s.picture)
	kind := strings.ToLower(strings.TrimPrefix(filepath.Ext(s.picture), "."))
	if kind == "jpeg" {
		kind = "jpg"
	}
	return signing.SealPicture{Type: kind, Data: data, WidthMM: s.widthMM, HeightMM: s.heightMM}, err
}

// pdfWords says why a PDF cannot be read, by the reason of the refusal.
var pdfWords = map[pdf.Reason][2]string{
	pdf.ReasonHeader:    {"这不是 PDF 文件", "this is no PDF"},
	pdf.ReasonXref:      {"交叉引用表损坏；请用制作软件重新导出", "the cross-reference is damaged: export the file anew"},
	pdf.ReasonSyntax:    {"文件损坏，有对象不能读取；请用制作软件重新导出", "an object cannot be read: export the file anew"},
	pdf.ReasonStream:    {"数据流损坏或压缩方法不支持；请用制作软件重新导出", "a stream is damaged, or compressed in a way that is not supported: export the file anew"},
	pdf.ReasonLimit:     {"超出大小或数量限制；请拆分或重新导出", "too large, or too many: split the file or export it anew"},
	pdf.ReasonEncrypted: {"文件已加密；请先解除加密", "the file is encrypted: decrypt it first"},
	pdf.ReasonStructure: {"结构不合 ISO 32000，或为 XFA 表单；请导出为普通 PDF", "the structure is not that of ISO 32000, or the form is in XFA: export it as a plain PDF"},
	pdf.ReasonSignature: {"原有签名不合规；请先验证，向签署人索取原件", "a signature that is there is malformed: verify the file, and ask its signer for the original"},
	pdf.ReasonRange:     {"原有签名没有覆盖整个文件；请先验证，向签署人索取原件", "a signature that is there does not cover the whole file: verify it, and ask its signer for the original"},
	pdf.ReasonPadding:   {"原有签名值后有多余内容；请先验证，向签署人索取原件", "something hides behind a signature value that is there: verify the file, and ask its signer for the original"},
	pdf.ReasonInput:     {"签名值放不下；请减少所附证书", "the signature value does not fit: bring fewer certificates"},
}

// pdfTold is a refusal to read or sign a PDF in words; nil if err is none.
func pdfTold(err error) *cli.ToldError {
	switch {
	case errors.Is(err, signing.ErrPDFClosed):
		return &cli.ToldError{
			Err: err, Code: "pdf-closed", Zh: "文件已锁定，或锁定签名不是首个签名",
			En: "the document is certified against changes, or a certifying signature would not be its first",
		}
	case errors.Is(err, signing.ErrPDFBroken):
		return &cli.ToldError{
			Err: err, Code: "pdf-broken", Zh: "文件在签名后被改动，或原有签名没有覆盖整个文件，拒绝加签；请先验证",
			En: "the document was changed after it was signed, so nothing is put on top of it; verify it first",
		}
	}
	var refusal *pdf.Error
	if !errors.As(err, &refusal) {
		return nil
	}
	words := pdfWords[refusal.Reason]
	return &cli.ToldError{Err: err, Code: "pdf-" + string(refusal.Reason), Zh: words[0], En: words[1]}
}
