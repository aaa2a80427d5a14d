package verify

import (
	"slices"
	"time"

	"github.com/elicense/elicense/internal/pdf"
	"github.com/elicense/elicense/pki"
)

// pdfStore is the evidence in the document security store of a PDF, each piece with the time by which a time-stamp over
// the store proves that it existed. Evidence outlives the certificate of its signer only with such a proof.
type pdfStore struct {
	pieces []storePiece
	help   []*pki.Certificate // what lies beside the document: certificates,
	beside []pki.Evidence     // and what is known of revocations
}

// storePiece is one piece of evidence; one of the three is set.
type storePiece struct {
	raw         string
	certificate *pki.Certificate
	crl         *pki.CRL
	answer      *pki.OCSPResponse
	existed     time.Time // zero: now
}

// take takes in what a revision holds, which existed by a time. What cannot be read is evidence that is not there.
func (s *pdfStore) take(e *pdf.Evidence, existed time.Time) {
	for _, raw := range e.Certificates {
		s.put(raw, existed, func(p *storePiece) (err error) { p.certificate, err = pki.ParseTolerant(raw); return err })
	}
	for _, raw := range e.CRLs {
		s.put(raw, existed, func(p *storePiece) (err error) { p.crl, err = pki.ParseCRL(raw); return err })
	}
	for _, raw := range e.OCSPs {
		s.put(raw, existed, func(p *storePiece) (err error) { p.answer, err = pki.ParseOCSPResponse(raw); return err })
	}
}

// maxStored is how many pieces of evidence of a PDF are looked at.
const maxStored = 2*maxEmbedded + maxHelp

func (s *pdfStore) put(raw []byte, existed time.Time, parse func(*storePiece) error) {
	at := slices.IndexFunc(s.pieces, func(p storePiece) bool { return p.raw == string(raw) })
	if at >= 0 {
		s.pieces[at].existed = existed
		return
	}
	p := storePiece{raw: string(raw), existed: existed}
	if len(s.pieces) < maxStored && parse(&p) == nil {
		s.pieces = append(s.pieces, p)
	}
}

// certificates are those of the store, after those that lie beside the document. They are not trusted.
func (s *pdfStore) certificates() []*pki.Certificate {
	list := slices.Clone(s.help)
	for i := range s.pieces {
		if c := s.pieces[i].certificate; c != nil && len(list) < maxHelp {
			list = append(list, c)
		}
	}
	return list
}

// evidence is what lies beside the document, and the store as bundles, one for each time.
func (s *pdfStore) evidence() []pki.Evidence {
	var out []pki.Evidence
	for i := range s.pieces {
		p := &s.pieces[i]
		at := slices.IndexFunc(out, func(e pki.Evidence) bool { return e.ExistedBy.Equal(p.existed) })
		if at < 0 {
			at = len(out)
			out = append(out, pki.Evidence{ExistedBy: p.existed})
		}
		switch e := &out[at]; {
		case p.certificate != nil:
			e.Certificates = append(e.Certificates, p.certificate)
		case p.crl != nil:
			e.CRLs = append(e.CRLs, p.crl)
		case p.answer != nil:
			e.Responses = append(e.Responses, p.answer)
		}
	}
	return slices.Concat(s.beside, out)
}
