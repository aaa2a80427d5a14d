package verify

import (
	"slices"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// maxEmbedded is how many CRLs and answers of one signature are looked at.
const maxEmbedded = 64

// embedded is the evidence inside: that of the SignedData, and that among the attributes of the signer (RFC 5126,
// 6.3.4). What cannot be read is evidence that is not there.
func embedded(s *signerInfo) pki.Evidence {
	e := pki.Evidence{Certificates: s.help}
	crls, answers := s.data.CRLs, s.data.OCSPResponses
	if kept, err := s.signer.Evidence(); err == nil {
		crls, answers = slices.Concat(crls, kept.CRLs), slices.Concat(answers, kept.OCSPResponses)
		for _, basic := range kept.BasicResponses {
			answers = append(answers, wrapAnswer(basic))
		}
	}
	appendEvidence(&e, crls, answers)
	return e
}

// appendEvidence adds what can be read.
func appendEvidence(e *pki.Evidence, crls, answers [][]byte) {
	for _, raw := range crls[:min(len(crls), maxEmbedded)] {
		if c, err := pki.ParseCRL(raw); err == nil {
			e.CRLs = append(e.CRLs, c)
		}
	}
	for _, raw := range answers[:min(len(answers), maxEmbedded)] {
		if r, err := pki.ParseOCSPResponse(raw); err == nil {
			e.Responses = append(e.Responses, r)
		}
	}
}

// wrapAnswer is a successful OCSPResponse around a BasicOCSPResponse (RFC 6960, 4.2.1).
func wrapAnswer(basic []byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Enum(0)
		b.AddASN1(casn1.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				oid.Add(b, oid.OCSPBasic)
				b.AddASN1OctetString(basic)
			})
		})
	})
	out, err := b.Bytes()
	if err != nil {
		return nil
	}
	return out
}
