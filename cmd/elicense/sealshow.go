package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/moment"
	"github.com/elicense/elicense/internal/ses"
	"github.com/elicense/elicense/pki"
)

func (c *program) sealShow() *cobra.Command {
	var picture string
	cmd := &cobra.Command{
		Use: "show FILE", Short: "查看印章（.esl）或签章（SignedValue.dat）/ show a seal or a signature made with one",
		Args: cobra.ExactArgs(1),
		Long: "查看印章内容并验证制章人（和签章人）的签名值。证书是否可信、是否吊销，请用 elicense verify 验证整份文件。" + cli.Between +
			"Shows what a seal says and checks the maker's signature value (and the signer's). Whether the certificates are\n" +
			"trusted or revoked is for elicense verify to say, about the whole document.",
		Example: "  elicense seal show seal.esl --picture seal.png",
		RunE: func(_ *cobra.Command, args []string) error {
			if err := c.checkCryptography(); err != nil {
				return err
			}
			return c.showSeal(args[0], picture)
		},
	}
	cmd.Flags().StringVar(&picture, "picture", "", "将图片另存为 / write its picture to a file")
	return cmd
}

// sealView is a seal as --json shows it.
type sealView struct {
	Standard   string         `json:"standard"`
	Vendor     string         `json:"vendor"`
	ID         string         `json:"id"`
	Name       string         `json:"name"`
	Type       int            `json:"type"`
	Created    time.Time      `json:"created"`
	ValidFrom  time.Time      `json:"valid_from"`
	ValidUntil time.Time      `json:"valid_until"`
	Picture    string         `json:"picture"`
	Signers    []string       `json:"signers"`
	Maker      string         `json:"maker"`
	MakerOK    bool           `json:"maker_signature"`
	Signature  *signatureView `json:"signature,omitempty"`
	Tolerances []string       `json:"tolerances,omitempty"`
}

// signatureView is what a signature adds.
type signatureView struct {
	Time     time.Time `json:"time,omitzero"`
	Property string    `json:"property"`
	Digest   string    `json:"digest"`
	Signer   string    `json:"signer"`
	SignerOK bool      `json:"signature"`
	Listed   bool      `json:"listed"`
	Token    bool      `json:"timestamp"`
}

func (c *program) showSeal(file, picture string) error {
	der, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	seal, signature, err := parseSealFile(der)
	if err != nil {
		return err
	}
	view := viewOfSeal(seal)
	if signature != nil {
		view.Signature, view.Tolerances = viewOfSignature(signature), signature.Tolerances.Names()
	}
	if picture != "" {
		if err := writeFile(picture, seal.Picture.Data); err != nil {
			return err
		}
	}
	if err := c.Emit(view, func() { c.tellSeal(&view) }); err != nil {
		return err
	}
	if !view.MakerOK || signature != nil && (!view.Signature.SignerOK || !view.Signature.Listed) {
		return &cli.ExitError{Code: cli.ExitNotPassed}
	}
	return nil
}

// parseSealFile reads a seal, or a signature with its seal inside.
func parseSealFile(der []byte) (*ses.Seal, *ses.Signature, error) {
	if seal, err := ses.ParseSeal(der); err == nil {
		return seal, nil, nil
	}
	signature, err := ses.ParseSignature(der)
	if err != nil {
		return nil, nil, err
	}
	return signature.Seal, signature, nil
}

func viewOfSeal(s *ses.Seal) sealView {
	v := sealView{
		Standard: s.Version.String(), Vendor: s.Vendor, ID: s.ID, Name: s.Name, Type: s.Type, Created: s.Created,
		ValidFrom: s.ValidFrom, ValidUntil: s.ValidUntil, Tolerances: s.Tolerances.Names(), Signers: []string{},
		Picture: fmt.Sprintf("%s %d×%d mm %d B", s.Picture.Type, s.Picture.WidthMM, s.Picture.HeightMM, len(s.Picture.Data)),
	}
	for _, der := range s.Certificates {
		v.Signers = append(v.Signers, certificateLine(der))
	}
	for _, d := range s.Digests {
		v.Signers = append(v.Signers, fmt.Sprintf("%s %x", d.Type, d.Value))
	}
	v.Maker = certificateLine(s.Maker)
	v.MakerOK = ses.IsSM2(s.Algorithm) && holds(s.Maker, s.SignedBytes(), s.Signature)
	return v
}

func viewOfSignature(s *ses.Signature) *signatureView {
	v := &signatureView{
		Time: s.Time, Property: shown(s.Property), Digest: fmt.Sprintf("%x", s.DataHash),
		Signer: certificateLine(s.Certificate), Token: s.TimeStamp != nil || s.TimeToken != nil,
		Listed:   s.Seal.Lists(s.Certificate),
		SignerOK: ses.IsSM2(s.Algorithm) && holds(s.Certificate, s.SignedBytes(), s.Value),
	}
	return v
}

// shown is a text without what a terminal would act upon; makers put anything into a property.
func shown(text string) string {
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) {
			return ' '
		}
		return c
	}, text))
}

// certificateLine is a certificate on one line, without numbers that could identify a person.
func certificateLine(der []byte) string {
	x, err := pki.ParseTolerant(der)
	if err != nil {
		return strconv.Quote(err.Error())
	}
	return fmt.Sprintf("%v  %s–%s", x, moment.Day(x.NotBefore, nil), moment.Day(x.NotAfter, nil))
}

// holds tells whether a signature value is the certificate's over the message.
func holds(certificate, message, value []byte) bool {
	x, err := pki.ParseTolerant(certificate)
	return err == nil && pki.VerifySM2(x.PublicKey, message, value) == nil
}

func (c *program) tellSeal(v *sealView) {
	c.Tell("%s", "%s", v.Name)
	c.Tell("  标准　　　%s", "  standard     %s", v.Standard)
	c.Tell("  印章编码　%s", "  code         %s", v.ID)
	c.Tell("  印章类型　%s", "  type         %s", c.sealType(v.Type))
	c.Tell("  制章软件　%s", "  vendor       %s", v.Vendor)
	c.Tell("  制作时间　%s", "  made         %s", c.When(v.Created, nil))
	c.Tell("  有效期　　%s 至 %s", "  valid        %s to %s", c.When(v.ValidFrom, nil), c.When(v.ValidUntil, nil))
	c.Tell("  图片　　　%s", "  picture      %s", v.Picture)
	for _, s := range v.Signers {
		c.Tell("  可用章者　%s", "  may use it   %s", s)
	}
	if len(v.Signers) == 0 {
		c.Tell("  可用章者　无：此章不授权任何证书", "  may use it   nobody: no certificate is listed")
	}
	c.Tell("  制章人　　%s", "  maker        %s", v.Maker)
	c.Tell("  制章签名　%s", "  signature    %s", c.verdictOf(v.MakerOK))
	if s := v.Signature; s != nil {
		c.Tell("签章", "Signature")
		c.Tell("  签章时间　%s", "  time         %s", c.When(s.Time, nil))
		c.Tell("  签章人　　%s", "  signer       %s", s.Signer)
		c.Tell("  在章列表　%s", "  listed       %s", c.verdictOf(s.Listed))
		c.Tell("  签章签名　%s", "  signature    %s", c.verdictOf(s.SignerOK))
		c.Tell("  保护文件　%s", "  property     %s", s.Property)
		c.Tell("  原文杂凑　%s", "  digest       %s", s.Digest)
		c.Tell("  时间戳　　%s", "  timestamp    %s", c.presence(s.Token))
	}
	if len(v.Tolerances) > 0 {
		c.Tell("  与标准不同　%s", "  deviations   %s", strings.Join(v.Tolerances, " "))
	}
}

func (c *program) sealType(n int) string {
	switch n {
	case ses.TypeUnit:
		return c.Say("单位章", "of an organisation")
	case ses.TypePerson:
		return c.Say("个人章", "of a person")
	default:
		return c.Say("其他 ", "other ") + strconv.Itoa(n)
	}
}

func (c *program) verdictOf(ok bool) string {
	if ok {
		return c.Say("相符", "holds")
	}
	return c.Say("不符", "does not hold")
}

func (c *program) presence(there bool) string {
	if there {
		return c.Say("有", "there")
	}
	return c.Say("无", "none")
}
