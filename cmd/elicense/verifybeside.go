package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/verify"
)

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
	n, _ := io.ReadFull(f, head) // whoever judges the file reports what is wrong with it
	if n == 0 || !mayBeEvidence(head[:n]) {
		return nil, nil //nolint:nilnil // something else
	}
	rest, err := io.ReadAll(io.LimitReader(f, maxTrustFile))
	if err != nil {
		return nil, err
	}
	e, err := verify.ParseEvidence(append(head[:n], rest...))
	if err != nil {
		return nil, nil //nolint:nilnil // likewise
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

// addLicences gives each licence among the documents what the vault says of it. To a document that is alone it is given
// as it is: one of another licence is then found out.
func (c *program) addLicences(s *submitted, paths []string) error {
	bundles := make([][]byte, len(paths))
	for i, p := range paths {
		var err error
		if bundles[i], err = c.readLimited(p); err != nil {
			return err
		}
	}
	if len(s.docs) == 1 && len(bundles) == 1 {
		s.docs[0].Licence = bundles[0]
		return nil
	}
	idle := map[string]bool{}
	for i := range paths {
		idle[string(bundles[i])] = true
	}
	for i := range s.docs {
		d := &s.docs[i].Document
		if d.Licence = verify.LicenceFor(d, bundles...); d.Licence != nil {
			delete(idle, string(d.Licence))
		}
	}
	for i, p := range paths {
		if idle[string(bundles[i])] {
			return cli.Usage("--with 不属于其中任何证照："+p, "--with is of none of the licences: "+p)
		}
	}
	return nil
}
