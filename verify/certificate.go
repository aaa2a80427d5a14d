package verify

import (
	"bytes"
	"slices"

	"github.com/elicense/elicense/pki"
)

// judgeCertificate judges a certificate alone, with those above it if they follow in the PEM text. Nothing here
// tells whether it was revoked, so only a trust anchor of this verifier passes.
func (j *judgement) judgeCertificate(doc []byte) {
	j.report.Kind = KindCertificate
	list, ok := readCertificates(doc)
	if !ok {
		j.fail("certificate.text", FormatFailure, "X.509 in DER, or CERTIFICATE blocks")
		return
	}
	j.pass("certificate.text")
	leaf := list[0]
	j.fact("subject", leaf.Subject)
	j.fact("uscc", leaf.Holder.USCC)
	j.fact("certificate-issuer", leaf.Issuer)
	j.fact("serial", leaf.Serial.Text(16))
	j.moment("valid-from", leaf.NotBefore)
	j.moment("valid-until", leaf.NotAfter)
	usage := signingUsage
	if leaf.IsCA {
		usage = pki.UsageCertSign
	}
	if slices.ContainsFunc(j.v.config.Trust.Certificates(), leaf.Equal) {
		j.judgeAnchor(leaf)
		if len(list) > 1 {
			j.open("certificate.carried", ChainConstraintsFailure, "only the certificates of the chain")
		}
	} else {
		_, err := pki.VerifyChain(leaf, pki.ChainOptions{
			Anchors: j.v.config.Trust, Intermediates: list[1:], At: j.deciding(), Usage: usage,
			CrossCheck: j.v.config.CrossCheck,
		})
		if err != nil {
			j.refuseChain("certificate.chain", pki.ReasonOf(err), j.deciding())
		} else {
			j.pass("certificate.chain")
		}
		j.open("certificate.revocation", TryLater, "a CRL or OCSP answer", "none")
	}
	j.expectAll(answers{issuer: leaf.Holder.USCC, issuerName: leaf.Holder.Name})
}

// judgeAnchor: the caller trusts it already; its validity is left.
func (j *judgement) judgeAnchor(c *pki.Certificate) {
	switch at := j.deciding(); {
	case at.Before(c.NotBefore):
		j.refuseChain("certificate.chain", pki.ReasonNotYetValid, at)
	case at.After(c.NotAfter):
		j.refuseChain("certificate.chain", pki.ReasonExpired, at)
	default:
		j.pass("certificate.chain")
		j.pass("certificate.revocation")
	}
}

func readCertificates(doc []byte) ([]*pki.Certificate, bool) {
	if doc[0] == derSequence {
		c, err := pki.ParseCertificate(doc)
		return []*pki.Certificate{c}, err == nil
	}
	list, err := pki.ParseCertificatesPEM(bytes.TrimSpace(doc))
	return list, err == nil && len(list) <= maxCertificates
}

// maxCertificates is the most that a PEM text may hold.
const maxCertificates = 16
