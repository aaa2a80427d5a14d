package verify

import (
	"bytes"
	"errors"
	"slices"
	"strconv"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/pki"
)

// maxSigners is how many signatures of one SignedData are judged.
const maxSigners = 64

// judgeSignedData judges SignedData that stands for itself: a time-stamp token by its content type, else a signature.
func (j *judgement) judgeSignedData(doc []byte, d *Document) {
	j.report.Kind = KindCMS
	data, err := cms.Parse(doc)
	if err != nil {
		j.fail("cms.text", FormatFailure, "SignedData of GB/T 35275 or RFC 5652")
		return
	}
	if isToken(data) {
		j.judgeTimestamp(doc, d)
		return
	}
	j.pass("cms.text")
	j.cite(formClause(data.ContentType))
	for _, name := range data.Tolerances.Names() {
		j.tolerated("cms: " + name)
	}
	var over *content
	switch {
	case len(data.Signers) == 0:
		j.judgeSigners(data, nil)
		return
	case data.Detached && d.Content == nil:
		j.open("cms.content", SignedDataNotFound, "the content beside it", "none")
		return
	case data.Detached && d.ContentSize < 0:
		j.fail("cms.content", SigConstraintsFailure)
		return
	case data.Detached:
		over = &content{body: d.Content, size: d.ContentSize}
	case d.Content != nil:
		j.fail("cms.content", SigConstraintsFailure, "content inside or beside, not both")
		return
	}
	j.judgeSigners(data, over)
	j.crossRead(doc, data, over)
	j.judgeInner(data.Content, over)
	j.expectAll(j.signerAnswers())
}

// judgeSigners judges every signature; all of them must hold. One without any is what readers that count failures take
// for good.
func (j *judgement) judgeSigners(data *cms.SignedData, over *content) {
	whole := j.part
	switch {
	case len(data.Signers) == 0:
		j.fail("cms.signers", FormatFailure, "at least one signature", "none")
		return
	case len(data.Signers) > maxSigners:
		j.fail("cms.signers", FormatFailure, "at most 64 signatures")
		return
	}
	j.pass("cms.signers")
	j.cite(formClause(data.ContentType))
	help := j.readHelp(data)
	for i := range data.Signers {
		if j.ctx.Err() != nil {
			break
		}
		if len(data.Signers) > 1 {
			j.part = partOf(whole, strconv.Itoa(i+1))
		}
		j.judgeSignerInfo(&signerInfo{
			data: data, signer: &data.Signers[i], over: over, help: help, subject: subjectSignature,
		})
	}
	j.part = whole
}

// partOf names a part within a part.
func partOf(whole, part string) string {
	if whole == "" {
		return part
	}
	return whole + "/" + part
}

// signerInfo is one signer of SignedData under judgement.
type signerInfo struct {
	data    *cms.SignedData
	signer  *cms.SignerInfo
	over    *content        // detached content; nil: it is inside
	parent  *cms.SignerInfo // whose value a countersignature is over; nil: it is none
	help    []*pki.Certificate
	subject string
}

func (j *judgement) judgeSignerInfo(s *signerInfo) {
	m := &mark{
		subject: s.subject, help: s.help, value: s.signer.Signature, stamped: s.signer.Signature,
		algorithm: algorithmOf(s.signer), leaf: findSigner(s.signer, s.help, j.beside), evidence: j.embedded(s),
		tokens: s.signer.SignatureTimestamps(),
	}
	if s.over != nil {
		m.claimed, m.within = s.over.claimed, s.over.within
	}
	if at, ok, err := s.signer.SigningTime(); ok && err == nil {
		m.claimed = at
	}
	if m.algorithm.Key == pki.KeySM2 {
		if der, err := s.signer.SignatureDER(); err == nil {
			m.value = der
		}
	}
	j.need(s.subject + ".digest")
	var ok bool
	if m.message, ok = j.coveredBy(s, m); ok {
		j.judgeBinding(s, m.leaf)
	}
	j.judgeMark(m)
	j.judgeCountersignatures(s)
}

// algorithmOf is the algorithm that a signer names; without Key if it is not known.
func algorithmOf(s *cms.SignerInfo) pki.SignatureAlgorithm {
	a, err := pki.SignerAlgorithm(s.DigestAlgorithm, s.SignatureAlgorithm, s.Parameters)
	if err != nil {
		return pki.SignatureAlgorithm{ID: s.SignatureAlgorithm}
	}
	return a
}

// coveredBy is the message that the signature covers, after the digest of the content was compared.
func (j *judgement) coveredBy(s *signerInfo, m *mark) ([]byte, bool) {
	id := s.subject + ".digest"
	message, err := s.message(m.algorithm)
	switch {
	case err == nil:
		j.pass(id)
		return message, true
	case errors.Is(err, cms.ErrDigest):
		j.fail(id, HashFailure)
		j.consultDigest(s, m)
	case errors.Is(err, errBorrowed):
		j.fail(id, SigConstraintsFailure, "a file", borrowed(message))
	case errors.Is(err, cms.ErrAttributes):
		j.fail(id, SigConstraintsFailure, "content type and digest, each once")
	case errors.Is(err, errContentSize):
		j.open(id, SignedDataNotFound, "at most 32 MiB without signed attributes")
	case errors.Is(err, cms.ErrAlgorithm), errors.Is(err, pki.ErrAlgorithm):
		j.fail(id, CryptoConstraintsFailure, "SM2 with SM3", m.algorithm.String())
	default:
		j.broken = err
	}
	return nil, false
}

// errBorrowed is for content that was signed as something else.
var errBorrowed = errors.New("verify: content was signed as something else")

// message is what the signature covers; it comes with errBorrowed too. Content beside is hashed as a stream where
// signed attributes hold its digest.
func (s *signerInfo) message(a pki.SignatureAlgorithm) ([]byte, error) {
	if a.Key == "" {
		return nil, pki.ErrAlgorithm
	}
	if s.parent != nil {
		return counterMessage(s.parent, s.signer, a)
	}
	if s.over != nil && s.signer.HasSignedAttributes() {
		sum, err := s.over.sum(a.Hash)
		if err != nil {
			return nil, err
		}
		return s.data.SignedBytesOver(s.signer, sum)
	}
	var inside []byte
	if s.over != nil {
		var err error
		if inside, err = s.over.bytes(); err != nil {
			return nil, err
		}
	}
	if covered := covering(s.data.Content, inside); !s.signer.HasSignedAttributes() && borrowed(covered) != "" {
		return covered, errBorrowed
	}
	if a.Key == pki.KeySM2 {
		return s.data.SignedBytes(s.signer, inside)
	}
	if _, err := a.Hash.New(); err != nil {
		return nil, err
	}
	return s.data.ForeignSignedBytes(s.signer, inside, summing(a.Hash))
}

// covering is the content, which is inside or beside.
func covering(inside, beside []byte) []byte {
	if beside != nil {
		return beside
	}
	return inside
}

// judgeBinding: a signed attribute that names the signer's certificate must name this one (RFC 5035), or another
// certificate of the same key could take its place.
func (j *judgement) judgeBinding(s *signerInfo, leaf *pki.Certificate) {
	named, err := pki.CheckSigningCertificate(s.signer, leaf)
	switch {
	case leaf == nil:
	case err != nil:
		j.fail(s.subject+".binding", SigConstraintsFailure, "the certificate that it names")
	case named:
		j.pass(s.subject + ".binding")
	default:
		j.skip(s.subject + ".binding")
	}
}

// readHelp reads the certificates inside; those that cannot be read are passed over and named.
func (j *judgement) readHelp(data *cms.SignedData) []*pki.Certificate {
	var list []*pki.Certificate
	for _, raw := range data.Certificates {
		c, err := j.v.read.parse(raw)
		if err != nil {
			j.tolerated("cms: unreadable-certificate")
			continue
		}
		if len(list) < maxHelp && !slices.ContainsFunc(list, c.Equal) {
			list = append(list, c)
		}
	}
	return list
}

// maxHelp is how many certificates beside a signature are looked at.
const maxHelp = 32

// findSigner finds the certificate that a signer names: in the SignedData, else beside the document.
func findSigner(signer *cms.SignerInfo, help, beside []*pki.Certificate) *pki.Certificate {
	for _, c := range slices.Concat(help, beside) {
		if signer.NamedBy(c.RawIssuer, c.Serial) ||
			len(signer.SubjectKeyID) > 0 && bytes.Equal(signer.SubjectKeyID, c.SubjectKeyID) {
			return c
		}
	}
	return nil
}
