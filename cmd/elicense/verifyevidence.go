package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/verify"
)

// evidenceOrder is what the flags of verify say of the evidence file.
type evidenceOrder struct {
	path, key, cert string
}

func (o *evidenceOrder) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.path, "evidence", "", "另存核验证据包：文件、证书、吊销、时间戳、报告，断网可再验 / keep all that the reports rest on in one file")
	f.StringVar(&o.key, "evidence-key", "", "给证据包收尾签名的私钥 / key that closes the evidence file")
	f.StringVar(&o.cert, "evidence-cert", "", "其证书，签名证书在前 / its certificates, the signer's first")
}

func (o *evidenceOrder) check() error {
	switch {
	case o.path == "" && o.key+o.cert != "":
		return cli.Usage("--evidence-key、--evidence-cert 须与 --evidence 同用", "--evidence-key and --evidence-cert go with --evidence")
	case (o.key == "") != (o.cert == ""):
		return cli.Usage("--evidence-key 与 --evidence-cert 须同时给出", "--evidence-key and --evidence-cert go together")
	case o.path == "":
		return nil
	}
	if _, err := os.Lstat(o.path); err == nil {
		return &os.PathError{Op: "create", Path: o.path, Err: os.ErrExist}
	}
	return nil
}

// closing is who signs the evidence file; nil: nobody.
func (c *program) closing(o *evidenceOrder) (*verify.Closing, error) {
	if o.key == "" {
		return nil, nil //nolint:nilnil // nobody is no mistake
	}
	config, err := c.signConfig(&signFlags{cert: o.cert, arc: "gm", attributes: true})
	if err != nil {
		return nil, err
	}
	if config.Key, err = c.readKey(o.key); err != nil {
		return nil, err
	}
	if !fits(config.Key, config.Chain[0]) {
		return nil, errKeyMismatch
	}
	s, err := signing.NewSigner(config)
	if err != nil {
		return nil, err
	}
	return &verify.Closing{Chain: config.Chain, Sign: s.Detached}, nil
}

// keepEvidence writes the evidence file of a case.
func (c *program) keepEvidence(ctx context.Context, o *evidenceOrder, report *verify.CaseReport) error {
	if o.path == "" {
		return nil
	}
	if slices.ContainsFunc(report.Reports, func(r *verify.Report) bool { return r.Kind == verify.KindEvidence }) {
		return cli.Usage("证据包不再装入另一个证据包", "an evidence file is not put into another")
	}
	closing, err := c.closing(o)
	if err != nil {
		return err
	}
	if err := writeStream(o.path, func(w io.Writer) error { return report.WriteEvidence(ctx, w, closing) }); err != nil {
		return err
	}
	c.Aside(c.Say("证据包：", "evidence: ") + o.path + "\n")
	if closing == nil {
		c.Aside(c.Say("   没有收尾签名：其中的报告和时间只是所称；用 --evidence-key、--evidence-cert 签名\n",
			"   nobody signed it: its reports and moment are only claimed; sign it with --evidence-key and --evidence-cert\n"))
	}
	return nil
}

// besideDocuments are the files of a call that are no documents: certificates, CRLs and OCSP answers.
type besideDocuments struct {
	evidence pki.Evidence
	names    []string
}

// splitBeside takes the files out that are there to help. Certificates alone are what is to be judged; a CRL is no
// document, but alone it is judged as one, so that whoever sent it is told.
func splitBeside(paths []string) ([]string, *besideDocuments, error) {
	var documents, certificates []string
	beside := &besideDocuments{}
	var found pki.Evidence
	for _, p := range paths {
		e, err := readBeside(p)
		if err != nil {
			return nil, nil, err
		}
		switch {
		case e == nil:
			documents = append(documents, p)
		case len(e.Certificates) > 0:
			certificates = append(certificates, p)
			found.Certificates = append(found.Certificates, e.Certificates...)
		default:
			beside.names = append(beside.names, p)
			found.CRLs, found.Responses = append(found.CRLs, e.CRLs...), append(found.Responses, e.Responses...)
		}
	}
	switch {
	case len(documents)+len(certificates) == 0:
		return paths, &besideDocuments{}, nil
	case len(documents) == 0:
		documents, found.Certificates = certificates, nil
	default:
		beside.names = append(beside.names, certificates...)
	}
	beside.evidence = found
	return documents, beside, nil
}

// readBeside reads a file if it is a certificate, a CRL or an OCSP answer; nil: it is something else.
func readBeside(path string) (*pki.Evidence, error) {
	if path == "-" {
		return nil, nil //nolint:nilnil // something else
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	head := make([]byte, 64)
	n, err := io.ReadFull(f, head)
	if n == 0 || !mayBeEvidence(head[:n]) {
		return nil, nil //nolint:nilerr,nilnil // whoever judges the file reports what is wrong with it
	}
	rest, err := io.ReadAll(io.LimitReader(f, maxTrustFile))
	if err != nil {
		return nil, err
	}
	e, err := verify.ParseEvidence(append(head[:n], rest...))
	if err != nil {
		return nil, nil //nolint:nilerr,nilnil // likewise
	}
	return &e, nil
}

// mayBeEvidence tells by the first bytes: DER that is no SignedData, or PEM of a certificate or CRL.
func mayBeEvidence(head []byte) bool {
	text := bytes.TrimLeft(head, " \t\r\n")
	if head[0] == 0x30 && len(head) > 1 {
		at := 2
		if head[1]&0x80 != 0 {
			at += int(head[1] & 0x7f)
		}
		return at < len(head) && head[at] != 0x06 // SignedData begins with its object identifier
	}
	return bytes.HasPrefix(text, []byte("-----BEGIN CERTIFICATE")) ||
		bytes.HasPrefix(text, []byte("-----BEGIN X509 CRL"))
}

// tellBeside says which files were used and not judged: nobody is to believe that they were found good.
func (c *program) tellBeside(b *besideDocuments) {
	if len(b.names) == 0 {
		return
	}
	names := make([]string, len(b.names))
	for i := range names {
		names[i] = filepath.Base(b.names[i])
	}
	c.Aside(c.Say("只作证据，不单独核验，不作信任根：", "used as evidence, not judged and not trusted: ") +
		strings.Join(names, c.Say("、", ", ")) + "\n")
}
