package main

import (
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/verify"
)

// lasting is what makes signatures of a PDF last: evidence inside, and a time-stamp over everything.
type lasting struct {
	evidence, stamp string
}

func (l *lasting) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&l.evidence, "evidence", "", "验证证据目录：证书、CRL（.crl）、OCSP 答复（.ors），嵌入文件（LT） / folder of certificates, CRLs and OCSP answers to be embedded (LT)")
	f.StringVar(&l.stamp, "document-timestamp", "", "文档时间戳服务网址，覆盖签名和证据（LTA） / URL of a service for a time-stamp over signatures and evidence (LTA)")
}

// step is an incremental update of a PDF.
type step func(w io.Writer, r io.ReaderAt, size int64) error

// lastingSteps are the updates in their order: the time-stamp covers the evidence.
func (c *program) lastingSteps(ctx context.Context, l *lasting) ([]step, error) {
	var steps []step
	if l.evidence != "" {
		evidence, err := readEvidence(l.evidence)
		if err != nil {
			return nil, err
		}
		steps = append(steps, func(w io.Writer, r io.ReaderAt, size int64) error {
			return signing.AddPDFEvidence(w, r, size, evidence)
		})
	}
	if l.stamp != "" {
		steps = append(steps, func(w io.Writer, r io.ReaderAt, size int64) error {
			return signing.TimestampPDF(ctx, w, r, size, c.timestamper(l.stamp))
		})
	}
	return steps, nil
}

// readEvidence reads a folder as verify reads one of trust: what is in it proves, and is not trusted.
func readEvidence(dir string) (signing.PDFEvidence, error) {
	files := map[string][]byte{}
	if err := readFolder(files, dir); err != nil {
		return signing.PDFEvidence{}, err
	}
	folder, err := verify.ParseTrustFolder(files)
	if err != nil {
		return signing.PDFEvidence{}, err
	}
	e := signing.PDFEvidence{Singly: true}
	for _, crl := range folder.Evidence.CRLs {
		e.CRLs = append(e.CRLs, crl.Raw)
	}
	for _, answer := range folder.Evidence.Responses {
		e.OCSPs = append(e.OCSPs, answer.Raw)
	}
	if len(e.CRLs)+len(e.OCSPs) == 0 {
		return signing.PDFEvidence{}, &cli.ToldError{
			Err: os.ErrNotExist, Code: "evidence-missing", Zh: "目录中没有 CRL（.crl）或 OCSP 答复（.ors）：" + dir,
			En: "no CRL (.crl) and no OCSP answer (.ors) in the folder " + dir,
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if isEvidence(name) || strings.HasPrefix(name, "makers/") {
			continue
		}
		list, err := pki.ParseTolerantPEM(files[name])
		if err != nil { // one in DER, or the keys of ledgers, which are no evidence
			c, err := pki.ParseTolerant(files[name])
			if err != nil {
				continue
			}
			list = []*pki.Certificate{c}
		}
		for _, c := range list {
			e.Certificates = append(e.Certificates, c.Raw)
		}
	}
	return e, nil
}

func (c *program) sealExtend() *cobra.Command {
	var l lasting
	var out string
	cmd := &cobra.Command{
		Use: "extend FILE.pdf", Short: "为已签名的 PDF 加入验证证据和文档时间戳 / add evidence and a time-stamp to a signed PDF",
		Args: cobra.ExactArgs(1),
		Long: "签名证书会过期、会被吊销，吊销信息也会下线。--evidence 把证书、CRL、OCSP 答复嵌入文件（ETSI EN 319 142-1，LT），\n" +
			"--document-timestamp 再以时间戳覆盖签名和证据（LTA）。须在签名证书和前一个时间戳的证书过期前进行，可以多次。\n" +
			"以增量更新写入，原有签名不变，不需要签名私钥；文件在签名后被改动的拒绝。" + cli.Between +
			"Certificates expire or are revoked, and what tells of revocations goes offline. --evidence embeds certificates, CRLs and\n" +
			"OCSP answers (ETSI EN 319 142-1, LT), --document-timestamp puts a time-stamp over signatures and evidence (LTA): before\n" +
			"the certificates of the signer and of the last time-stamp expire, as often as needed. It is an incremental update that\n" +
			"leaves every signature as it is and needs no key. A file that was changed after it was signed is refused.",
		Example: "  elicense seal extend signed.pdf --evidence trust --document-timestamp http://tsa.example.gov.cn -o lasting.pdf",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.extendPDF(cmd.Context(), &l, args[0], out)
		},
	}
	l.flags(cmd)
	cmd.Flags().StringVarP(&out, "out", "o", "", "输出文件 / file to write")
	cli.MustHave(cmd, "out")
	return cmd
}

func (c *program) extendPDF(ctx context.Context, l *lasting, file, out string) error {
	steps, err := c.lastingSteps(ctx, l)
	if err != nil {
		return err
	}
	if len(steps) == 0 {
		return cli.Usage("请给出 --evidence 或 --document-timestamp", "give --evidence or --document-timestamp")
	}
	if err := updateFile(file, out, steps); err != nil {
		return err
	}
	return c.Emit(map[string]any{"file": out, "evidence": l.evidence != "", "stamped": l.stamp != ""}, func() {
		c.Tell("已加入验证证据或时间戳：%s", "extended: %s", out)
		c.Fact("  %s verify %s", c.Name, out)
	})
}

// updateFile writes a file with these updates, each of which needs what the one before wrote as a file. Those between
// are in a folder of their own, which is removed.
func updateFile(from, to string, steps []step) (err error) {
	dir, err := os.MkdirTemp("", "elicense-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // what is in it is removed
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	for i, s := range steps {
		if i == len(steps)-1 {
			return closing(source, writeStream(to, func(w io.Writer) error { return apply(s, w, source) }))
		}
		next, err := root.Create(string(rune('a' + i)))
		if err != nil {
			return closing(source, err)
		}
		if err := closing(source, apply(s, next, source)); err != nil {
			return closing(next, err)
		}
		source = next
	}
	return source.Close()
}

func closing(f *os.File, err error) error { return errors.Join(err, f.Close()) }

func apply(s step, w io.Writer, source *os.File) error {
	info, err := source.Stat()
	if err != nil {
		return err
	}
	return s(w, source, info.Size())
}
