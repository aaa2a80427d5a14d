package verify

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/pdf"
	"github.com/elicense/elicense/pki"
)

// isPDF tells a PDF by its header, which other octets may precede, but for the first ones of another kind of document.
func isPDF(head []byte) bool {
	at := bytes.Index(head, []byte("%PDF-"))
	return at == 0 || at > 0 && head[0] != '{' && head[0] != derSequence &&
		!bytes.HasPrefix(head, []byte(textHead)) && !bytes.HasPrefix(head, []byte(pemHead))
}

// judgePDF judges every signature of a PDF, the latest first: a document time-stamp proves the time of those that it
// covers.
func (j *judgement) judgePDF(d *Document) {
	j.report.Kind = KindPDF
	f, err := pdf.Open(d.Body, d.Size)
	if isCutPDF(d, err) {
		j.fail("pdf.text", FormatFailure, "ISO 32000-2:2020", mediumCut)
		return
	}
	if err != nil {
		j.refusePDF("pdf.text", FormatFailure, err)
		return
	}
	list, err := f.Signatures()
	if err != nil {
		j.refusePDF("pdf.text", FormatFailure, err)
		return
	}
	j.pass("pdf.text")
	for _, name := range f.Tolerances().Names() {
		j.tolerated("pdf: " + name)
	}
	if !slices.ContainsFunc(list, func(s *pdf.Signature) bool { return !isStampOf(s) }) {
		j.fail("pdf.signed", SignedDataNotFound, "at least one signature", "none")
		return
	}
	j.pass("pdf.signed")
	p := &pdfJudgement{f: f, store: pdfStore{help: j.help, beside: j.evidence}}
	j.readStore(f, &p.store, time.Time{})
	for i := len(list) - 1; i >= 0 && j.broken == nil && j.ctx.Err() == nil; i-- {
		j.part = strconv.Itoa(i + 1)
		j.judgePDFSignature(p, list[i])
	}
	j.part = ""
	j.expectAll(j.signerAnswers())
}

// pdfJudgement is a PDF under judgement.
type pdfJudgement struct {
	f      *pdf.File
	store  pdfStore
	within *standing // of the nearest later document time-stamp that counts
}

// isStampOf tells a document time-stamp from a signature: by what readers go by, its SubFilter.
func isStampOf(s *pdf.Signature) bool { return s.SubFilter == pdf.FilterTimestamp }

// refusePDF tells refusals of the file from errors of whoever reads it.
func (j *judgement) refusePDF(id string, sub SubIndication, err error) {
	var refusal *pdf.Error
	if !errors.As(err, &refusal) {
		j.broken = err
		return
	}
	j.fail(id, sub, "ISO 32000-2:2020", string(refusal.Reason))
}

// readStore takes the evidence of the document security store as it is in a revision, which existed by a time; zero:
// now. What cannot be read is evidence that is not there.
func (j *judgement) readStore(f *pdf.File, store *pdfStore, existed time.Time) {
	e, err := f.Evidence()
	if err != nil {
		j.tolerated("pdf: unreadable-evidence")
		return
	}
	within := *e
	within.CRLs = slices.DeleteFunc(slices.Clone(e.CRLs), func(raw []byte) bool { return !j.take(raw) })
	within.OCSPs = slices.DeleteFunc(slices.Clone(e.OCSPs), func(raw []byte) bool { return !j.take(raw) })
	store.take(&within, existed)
	j.help, j.evidence = store.certificates(), store.evidence()
}

// judgePDFSignature judges one signature: what it covers, what was changed since, and its value.
func (j *judgement) judgePDFSignature(p *pdfJudgement, s *pdf.Signature) {
	j.need("pdf.range", "pdf.changed", "pdf.permitted", "pdf.value")
	j.fact("field", s.Field)
	if err := s.CheckRange(); err != nil {
		j.refusePDF("pdf.range", SigConstraintsFailure, err)
		return
	}
	j.pass("pdf.range")
	j.judgeChanges(p.f, s)
	value, err := s.Value()
	if err != nil {
		j.refusePDF("pdf.value", FormatFailure, err)
		return
	}
	body, size := p.f.Covered(s)
	over := &content{body: body, size: size, claimed: s.Time, within: p.within}
	if isStampOf(s) {
		j.judgeDocumentStamp(p, s, value, over)
		return
	}
	j.judgePDFValue(s.SubFilter, value, over)
}

// judgeChanges: nothing but signatures and evidence may have been added since, and that only as the signer allows.
func (j *judgement) judgeChanges(f *pdf.File, s *pdf.Signature) {
	const id = "pdf.changed"
	changes, err := f.Changes(s)
	switch {
	case err != nil:
		j.refusePDF(id, SigConstraintsFailure, err)
		return
	case len(changes.Other) > 0:
		j.fail(id, HashFailure, "only signatures and evidence", listed(changes.Other))
	default:
		for _, s := range changes.Stamps {
			j.uncovered(fmt.Sprintf("signed later: stamp on page %d at %.0f,%.0f, %.0f × %.0f mm",
				s.Page, s.Left, s.Top, s.Width, s.Height))
		}
		if changes.Metadata {
			j.uncovered("signed later: metadata")
		}
		if changes.Filled > 0 {
			j.uncovered("signed later: form fields")
		}
		j.pass(id)
	}
	if len(changes.Forbidden) > 0 {
		j.fail("pdf.permitted", SigConstraintsFailure, "what the signer allows", listed(changes.Forbidden))
		return
	}
	j.pass("pdf.permitted")
}

// judgePDFValue judges a signature value by what the document says that it is.
func (j *judgement) judgePDFValue(form pdf.Name, value []byte, over *content) {
	const id = "pdf.value"
	if form != pdf.FilterDetached && form != pdf.FilterCAdES && form != pdf.FilterSHA1 {
		j.fail(id, FormatFailure, "adbe.pkcs7.detached, ETSI.CAdES.detached", shortName(form))
		return
	}
	data, err := cms.Parse(value)
	if err != nil {
		j.fail("cms.text", FormatFailure, "SignedData of GB/T 35275 or RFC 5652")
		return
	}
	j.pass("cms.text")
	for _, name := range data.Tolerances.Names() {
		j.tolerated("cms: " + name)
	}
	switch {
	case form == pdf.FilterSHA1:
		j.judgeSHA1Value(data, over)
		return
	case !data.Detached:
		j.fail("cms.content", SigConstraintsFailure, "content inside or beside, not both")
		return
	}
	j.pass(id)
	if form == pdf.FilterCAdES {
		j.need("signature.binding")
	}
	j.judgeSigners(data, over)
	j.crossRead(value, data, over)
}

// judgeSHA1Value judges the old form whose signed content is the SHA-1 of the document. Two documents can be made to
// have the same, so that the form counts for nothing, whatever else holds.
func (j *judgement) judgeSHA1Value(data *cms.SignedData, over *content) {
	sum, err := over.sum(pki.HashSHA1)
	switch {
	case err != nil:
		j.broken = err
		return
	case !bytes.Equal(data.Content, sum):
		j.fail("signature.bound", HashFailure)
	default:
		j.pass("signature.bound")
	}
	j.fail("pdf.value", CryptoConstraintsFailure, "adbe.pkcs7.detached, ETSI.CAdES.detached", string(pdf.FilterSHA1))
	if !data.Detached {
		j.judgeSigners(data, nil)
	}
}

// judgeDocumentStamp judges a time-stamp over the whole document up to it. If it counts, what it covers was there then,
// older time-stamps and evidence too: so each time-stamp of a chain carries the time of the one before it on.
func (j *judgement) judgeDocumentStamp(p *pdfJudgement, s *pdf.Signature, value []byte, over *content) {
	token, err := pki.ParseTimestamp(value)
	if err != nil {
		j.fail("timestamp.text", FormatFailure, "RFC 3161")
		return
	}
	j.pass("timestamp.text")
	j.pass("pdf.value")
	j.moment("stamped", token.GenTime)
	for _, t := range token.Tolerances {
		j.tolerated("timestamp: " + t)
	}
	digest, err := over.sum(token.Imprint)
	switch {
	case errors.Is(err, pki.ErrAlgorithm):
		j.overlook("timestamp.imprint", string(pki.TimestampOutdated))
		return
	case err != nil:
		j.broken = err
		return
	}
	at, ok := j.verifyToken(token, digest, j.help, j.provenBy(p.within))
	if !ok || !j.partPassed(j.part, "pdf.range", "pdf.changed", "pdf.permitted") {
		return
	}
	p.within = &standing{at: at, stamped: true}
	revision, err := p.f.Revision(s.End())
	if err != nil {
		j.refusePDF("pdf.range", SigConstraintsFailure, err)
		return
	}
	j.readStore(revision, &p.store, at)
}

// maxShownName is how much of a name that a document brings is shown.
const maxShownName = 64

func shortName(n pdf.Name) string { return string(n[:min(len(n), maxShownName)]) }
