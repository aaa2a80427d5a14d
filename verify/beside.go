package verify

import (
	"bytes"
	"encoding/pem"
	"fmt"

	"github.com/elicense/elicense/pki"
)

// ParseEvidence reads a file of certificates, a CRL or an OCSP answer, in DER or PEM, told apart by its content. It is
// for what lies beside documents: such files are no documents themselves, and nothing in them is trusted.
func ParseEvidence(raw []byte) (pki.Evidence, error) {
	var e pki.Evidence
	if bytes.HasPrefix(bytes.TrimLeft(raw, " \t\r\n"), []byte("-----BEGIN ")) {
		return parseEvidencePEM(raw)
	}
	if len(raw) == 0 || raw[0] != derSequence {
		return e, fmt.Errorf("%w: neither certificate, CRL nor OCSP answer", pki.ErrCertificate)
	}
	if c, err := pki.ParseCRL(raw); err == nil {
		e.CRLs = []*pki.CRL{c}
		return e, nil
	}
	if r, err := pki.ParseOCSPResponse(raw); err == nil {
		e.Responses = []*pki.OCSPResponse{r}
		return e, nil
	}
	c, err := pki.ParseTolerant(raw)
	if err != nil {
		return pki.Evidence{}, err
	}
	e.Certificates = []*pki.Certificate{c}
	return e, nil
}

func parseEvidencePEM(text []byte) (pki.Evidence, error) {
	if block, rest := pem.Decode(text); block != nil && block.Type == "X509 CRL" && len(bytes.TrimSpace(rest)) == 0 {
		c, err := pki.ParseCRL(block.Bytes)
		if err != nil {
			return pki.Evidence{}, err
		}
		return pki.Evidence{CRLs: []*pki.CRL{c}}, nil
	}
	list, err := pki.ParseTolerantPEM(bytes.TrimSpace(text))
	if err != nil {
		return pki.Evidence{}, err
	}
	return pki.Evidence{Certificates: list}, nil
}

// takeBeside takes in what lies beside the document: it helps to build chains and speaks of revocations once it is
// checked. When it was made nothing proves, whatever the caller says.
func (j *judgement) takeBeside(e pki.Evidence) {
	j.help = append(j.help, e.Certificates[:min(len(e.Certificates), maxHelp/2)]...)
	j.beside = e.Certificates
	if len(e.CRLs)+len(e.Responses) > 0 {
		j.evidence = append(j.evidence, pki.Evidence{
			CRLs: e.CRLs, Responses: e.Responses, Certificates: e.Certificates,
		})
	}
}
