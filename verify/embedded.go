package verify

import (
	"slices"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// Limits of the evidence that one document brings, all its signatures together. What is beyond them is evidence that is
// not there: the document is not known to be good then.
const (
	maxEmbedded      = 256
	maxEmbeddedBytes = 32 << 20
)

// embedded is the evidence inside: that of the SignedData, and that among the attributes of the signer (RFC 5126,
// 6.3.4). What cannot be read is evidence that is not there.
func (j *judgement) embedded(s *signerInfo) pki.Evidence {
	e := pki.Evidence{Certificates: s.help}
	crls, answers := s.data.CRLs, s.data.OCSPResponses
	if kept, err := s.signer.Evidence(); err == nil {
		crls, answers = slices.Concat(crls, kept.CRLs), slices.Concat(answers, kept.OCSPResponses)
		for _, basic := range kept.BasicResponses {
			answers = append(answers, wrapAnswer(basic))
		}
	}
	j.appendEvidence(&e, crls, answers)
	return e
}

// piece is one CRL or answer where it lies in the document; several signatures may share it.
type piece struct {
	at   *byte
	size int
}

// kept is the evidence of the document that was looked at so far.
type kept struct {
	bytes   int
	pieces  map[piece]bool
	tooMuch bool // there was more
}

// appendEvidence adds what can be read, within the limits of the document.
func (j *judgement) appendEvidence(e *pki.Evidence, crls, answers [][]byte) {
	for _, raw := range crls {
		if !j.take(raw) {
			continue
		}
		if c, err := pki.ParseCRL(raw); err == nil {
			e.CRLs = append(e.CRLs, c)
		}
	}
	for _, raw := range answers {
		if !j.take(raw) {
			continue
		}
		if r, err := pki.ParseOCSPResponse(raw); err == nil {
			e.Responses = append(e.Responses, r)
		}
	}
}

// take counts a piece of evidence of the document, and tells whether it is still within the limits.
func (j *judgement) take(raw []byte) bool {
	if len(raw) == 0 {
		return false
	}
	k, p := &j.kept, piece{&raw[0], len(raw)}
	if k.pieces[p] {
		return true
	}
	if len(k.pieces) == maxEmbedded || len(raw) > maxEmbeddedBytes-k.bytes {
		if !k.tooMuch {
			j.tolerated("evidence: more than is looked at")
		}
		k.tooMuch = true
		return false
	}
	if k.pieces == nil {
		k.pieces = map[piece]bool{}
	}
	k.pieces[p] = true
	k.bytes += len(raw)
	return true
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
