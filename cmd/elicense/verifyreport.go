package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/verify"
	"github.com/elicense/elicense/verify/paper"
)

// reportOFD is the form of a report that is signed: one package for all files of a call.
const reportOFD = "ofd"

// reportOrder is what the flags of verify say of reports.
type reportOrder struct {
	report          string
	out             string
	caseNumber      string
	seal, key, cert string
	timestamp       string // of the closing signature of an evidence file
}

func (o *reportOrder) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.report, "report", "", "另存报告：ofd（签名）、html、json、text / write the report too; ofd is signed")
	f.StringVarP(&o.out, "out", "o", "", "报告的文件或目录 / file or folder of the report")
	f.StringVar(&o.caseNumber, "case", "", "办件编号，写入报告 / number of the case, for the report")
	f.StringVar(&o.key, "report-key", "",
		"签署 OFD 报告和证据包的私钥 PEM；OFD 报告缺省用证照库的 / key that signs OFD report and evidence; an OFD report else by the vault's")
	f.StringVar(&o.cert, "report-cert", "", "其证书及上级 PEM / its certificate and those above it")
	f.StringVar(&o.timestamp, "timestamp", "",
		"时间戳服务网址：证据包的收尾签名加盖时间戳 / URL of a time-stamp service, for the signature that closes the evidence")
	f.StringVar(&o.seal, "report-seal", "", "报告上加盖的印章，与 --report-key 同用 / seal to put on the report, with --report-key")
}

// maxCaseNumber is how long the number of a case may be, in bytes.
const maxCaseNumber = 200

// signsReport tells whether somebody signs what is written.
func (o *verifyOrder) signsReport() bool { return o.key != "" || o.report == reportOFD }

func (o *verifyOrder) checkReport() error {
	switch o.report {
	case "", "html", "json", "text", reportOFD:
	default:
		return cli.Usage("--report 应为 ofd、html、json 或 text", "--report is ofd, html, json or text")
	}
	signed := o.key != "" || o.cert != "" || o.seal != ""
	switch {
	case signed && o.report != reportOFD && o.evidence == "":
		return cli.Usage("--report-key、--report-cert 只与 --report ofd 或 --evidence 同用",
			"--report-key and --report-cert go with --report ofd or --evidence")
	case o.seal != "" && o.report != reportOFD:
		return cli.Usage("--report-seal 只与 --report ofd 同用", "--report-seal goes with --report ofd")
	case signed && (o.key == "" || o.cert == ""):
		return cli.Usage("--report-key 与 --report-cert 须同时给出", "--report-key and --report-cert go together")
	case len(o.caseNumber) > maxCaseNumber:
		return cli.Usage("--case 过长", "--case is too long")
	}
	return nil
}

// writeReports writes each report as a file of its own, beside what is shown.
func (c *program) writeReports(ctx context.Context, o *verifyOrder, report *verify.CaseReport) error {
	switch o.report {
	case "":
		return nil
	case reportOFD:
		return c.writeSignedReport(ctx, o, report)
	}
	for i, r := range report.Reports {
		path := o.out
		if path == "" || len(report.Reports) > 1 {
			path = filepath.Join(o.out, reportName(report.Names[i], o.report))
		}
		var b bytes.Buffer
		if err := writeReport(&b, r, namedForm{o.report, report.Names[i]}, c.Lang); err != nil {
			return err
		}
		if err := writeFile(path, b.Bytes()); err != nil {
			return err
		}
		c.Aside(c.Say("报告：", "report: ") + path + "\n")
	}
	return nil
}

// namedForm is the form of a report, and the name of the document that it is on.
type namedForm struct{ form, document string }

func writeReport(w io.Writer, r *verify.Report, as namedForm, lang string) error {
	switch as.form {
	case "html":
		return r.WriteHTML(w, as.document, lang)
	case "json":
		text, err := r.MarshalJSON()
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "%s\n", text)
		return err
	default:
		return r.WriteText(w, lang)
	}
}

// writeSignedReport lays the reports of a call out as one OFD and signs it.
func (c *program) writeSignedReport(ctx context.Context, o *verifyOrder, report *verify.CaseReport) error {
	config, err := c.reportSigner(ctx, &o.reportOrder)
	if err != nil {
		return err
	}
	drawing, err := c.drawReport(o, report, config)
	if err != nil {
		return err
	}
	raw, err := drawing.OFD()
	if err != nil {
		return err
	}
	signed, err := c.signReport(ctx, o, drawing, raw, config)
	if err != nil {
		return err
	}
	path := cmp.Or(o.out, reportName(report.Names[0], reportOFD))
	if isFolder(path) {
		path = filepath.Join(path, reportName(report.Names[0], reportOFD))
	}
	if err := writeFile(path, signed); err != nil {
		return err
	}
	c.Aside(c.Say("报告：", "report: ") + path + "\n")
	return nil
}

// reportSigner is who signs: the key that was named, or the vault's. A key file named on the command line needs no
// database, nor does the vault's where the master key is in a file.
func (c *program) reportSigner(ctx context.Context, o *reportOrder) (signing.Config, error) {
	if o.key != "" {
		key, chain, err := c.openKey(o.key, o.cert)
		return signing.Config{Key: key, Chain: chain, Rand: c.Rand, WithCertificates: true}, err
	}
	if c.service.url != "" {
		return signing.Config{}, cli.Usage("经服务核验时证照库的密钥不在本机；OFD 报告请用 --report-key 和 --report-cert 签署",
			"at a service the vault's key is not here; sign the OFD report with --report-key and --report-cert")
	}
	s, err := readSettings(c.dir)
	if err != nil {
		return signing.Config{}, err
	}
	h := &house{dir: c.dir, settings: s}
	if c.Env("ELICENSE_MASTER_FILE") == "" && !s.Sandbox {
		if h, err = c.openHouse(ctx, c.dir); err != nil {
			return signing.Config{}, err
		}
		defer h.close() //nolint:errcheck // nothing was written
	} else if h.master, err = c.readMaster(ctx, h); err != nil {
		return signing.Config{}, err
	}
	config, err := c.readSigner(h, vaultFile)
	config.WithCertificates = true
	return config, err
}

func (c *program) drawReport(o *verifyOrder, report *verify.CaseReport, s signing.Config) (*paper.Drawing, error) {
	fonts, err := c.findFonts()
	if err != nil {
		return nil, err
	}
	holder := s.Chain[0].Holder
	return paper.Draw(report, paper.Config{
		Fonts: fonts, Lang: c.Lang, Signer: cmp.Or(holder.Name, s.Chain[0].Subject), Seal: o.seal != "",
	})
}

// signReport puts the seal on a report, if there is one, and closes it: nothing can be added or changed afterwards.
func (c *program) signReport(
	ctx context.Context, o *verifyOrder, d *paper.Drawing, raw []byte, s signing.Config,
) ([]byte, error) {
	doc, err := signing.OpenOFD(bytes.NewReader(raw), int64(len(raw)), signing.OFDConfig{Now: c.Now})
	if err != nil {
		return nil, err
	}
	if o.seal != "" {
		der, err := os.ReadFile(o.seal)
		if err != nil {
			return nil, err
		}
		sealer, err := signing.NewSealer(signing.SealerConfig{
			Key: s.Key, Chain: s.Chain, Rand: c.Rand, Now: c.Now, Seal: der,
		})
		if err != nil {
			return nil, err
		}
		stamp := signing.Stamp{Page: d.SealPage + 1, Box: stampBox(d.SealBox, sealer.Picture())}
		order := signing.SealOrder{Value: sealer, Stamps: []signing.Stamp{stamp}}
		if err := doc.Seal(ctx, order); err != nil {
			return nil, err
		}
	}
	signer, err := signing.NewSigner(s)
	if err != nil {
		return nil, err
	}
	if err := doc.SignClosing(ctx, signer); err != nil {
		return nil, err
	}
	return written(doc, len(raw)+len(raw)/4)
}

// reportName is the file of a report: that of the document with another ending.
func reportName(document, form string) string {
	if document == "-" {
		document = "stdin"
	}
	ending := map[string]string{"text": "txt"}[form]
	if ending == "" {
		ending = form
	}
	return filepath.Base(document) + ".report." + ending
}
