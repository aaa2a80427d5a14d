package verify

import (
	"bytes"
	"errors"
	"slices"
	"strconv"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/evidence"
	"github.com/elicense/elicense/pki"
)

// keptFile is an evidence file under judgement.
type keptFile struct {
	*evidence.File

	rest      Grounds // that lie in it
	expect    Expect  // of whoever had its documents judged
	documents []keptDocument
}

// keptDocument is one document of an evidence file with what belongs to it.
type keptDocument struct {
	Document

	name   string
	report []byte
	status *Said // what the status source said of it then
}

// judgeEvidence judges an evidence file: that it is whole and closed by who says so, that its documents judged anew as
// of then come to the reports in it, and what holds of them now. What is in it is never trusted; with nothing of it can
// a document pass that does not pass now.
func (j *judgement) judgeEvidence(d *Document) {
	j.report.Kind = KindEvidence
	if j.v.inside {
		j.fail("document.kind", FormatFailure, "a document", "an evidence file within another")
		return
	}
	f, err := evidence.Open(d.Body, d.Size)
	if err != nil {
		j.refuseEvidence(err)
		return
	}
	j.pass("evidence.text")
	if err := f.Check(); err != nil {
		j.refuseEvidence(err)
		return
	}
	k := &keptFile{File: f}
	if !j.readKept(k) {
		return
	}
	j.pass("evidence.parts")
	j.evidenceFacts(k)
	j.takeBeside(k.rest.evidence())
	if !j.judgeClosing(k) || !j.clock("evidence.clock", k.Judged) {
		return
	}
	then := &Grounds{}
	for i := range k.documents {
		if j.ctx.Err() != nil || j.broken != nil {
			return
		}
		j.part = k.partName(i)
		j.rejudge(k, &k.documents[i], d, then)
		j.part = ""
	}
	j.judgeNeeded(k, then)
	j.report.Grounds.add(then)
}

// partName names a document of a case; a document alone needs no name.
func (k *keptFile) partName(i int) string {
	if len(k.documents) == 1 {
		return ""
	}
	return strconv.Itoa(i+1) + " " + k.documents[i].name
}

// evidence is what of the grounds helps to judge again.
func (g *Grounds) evidence() pki.Evidence {
	return pki.Evidence{CRLs: g.CRLs, Responses: g.Responses, Certificates: g.Certificates}
}

// refuseEvidence tells refusals of the file from errors of whoever reads it.
func (j *judgement) refuseEvidence(err error) {
	var refusal *evidence.Error
	if !errors.As(err, &refusal) {
		j.broken = err
		return
	}
	switch refusal.Reason {
	case evidence.ReasonDigest:
		j.fail("evidence.parts", HashFailure, "", refusal.Detail)
	case evidence.ReasonMissing, evidence.ReasonExtra:
		j.fail("evidence.parts", FormatFailure, "", string(refusal.Reason)+": "+refusal.Detail)
	case evidence.ReasonHead, evidence.ReasonLine, evidence.ReasonOrder, evidence.ReasonLimit:
		j.fail("evidence.text", FormatFailure, "docs/formats.md section 9", string(refusal.Reason)+": "+refusal.Detail)
	}
}

// readKept reads the parts; one that is not what it is called makes the file fail.
func (j *judgement) readKept(k *keptFile) bool {
	for i := range k.Parts {
		p := &k.Parts[i]
		var err error
		switch p.Kind {
		case evidence.KindDocument:
			k.documents = append(k.documents, keptDocument{
				Document: Document{Body: k.Part(i), Size: p.Size}, name: p.Name,
			})
		case evidence.KindContent:
			d := &k.documents[p.Of-1]
			d.Content, d.ContentSize = k.Part(i), p.Size
		case evidence.KindLicence, evidence.KindStatus, evidence.KindReport, evidence.KindExpectation,
			evidence.KindCertificate, evidence.KindCRL, evidence.KindOCSP, evidence.KindTimestamp:
			var raw []byte
			if raw, err = k.ReadPart(i); err == nil && !k.take(p, raw) {
				j.fail("evidence.parts", FormatFailure, string(p.Kind), "part "+strconv.Itoa(i+1))
				return false
			}
		}
		if err != nil {
			j.broken = err
			return false
		}
	}
	return true
}

// take reads a part that is held in memory.
func (k *keptFile) take(p *evidence.Part, raw []byte) bool {
	var err error
	switch p.Kind {
	case evidence.KindLicence:
		k.documents[p.Of-1].Licence = raw
	case evidence.KindStatus:
		k.documents[p.Of-1].status, err = parseSaid(raw)
	case evidence.KindReport:
		k.documents[p.Of-1].report = raw
	case evidence.KindExpectation:
		var ok bool
		k.expect, ok = parseExpectation(raw)
		return ok
	case evidence.KindCertificate:
		var c *pki.Certificate
		c, err = pki.ParseTolerant(raw)
		k.rest.addCertificates(c)
	case evidence.KindCRL:
		var c *pki.CRL
		c, err = pki.ParseCRL(raw)
		k.rest.addCRL(c)
	case evidence.KindOCSP:
		var r *pki.OCSPResponse
		r, err = pki.ParseOCSPResponse(raw)
		k.rest.addResponse(r)
	case evidence.KindTimestamp:
		_, err = pki.ParseTimestamp(raw)
		k.rest.addTimestamp(raw)
	case evidence.KindDocument, evidence.KindContent:
	}
	return err == nil
}

func (j *judgement) evidenceFacts(k *keptFile) {
	j.fact("evidence.documents", strconv.Itoa(len(k.documents)))
	j.fact("case", k.Case)
	j.fact("evidence.policy", k.Policy)
	for _, o := range k.Options {
		j.fact("evidence.option", o)
	}
	j.moment("judged", k.Judged)
}

// closingPart names the signature that closes an evidence file.
const closingPart = "closing"

// judgeClosing judges the closing signature like any other. A file without one is its finder's word: the report in it
// may be anybody's, and that it is the same again is all that is known. One that is wrong ends the judgement: what
// the manifest says is then nobody's word.
func (j *judgement) judgeClosing(k *keptFile) bool {
	const id = "evidence.closed"
	if !k.Closed {
		j.skip(id)
		j.uncovered("report, moment and expectation: no closing signature")
		return true
	}
	j.need(id)
	data := k.rest.closing(k.Raw, k.Signature)
	if data == nil {
		j.fail(id, FormatFailure, "detached SignedData over the manifest")
		return false
	}
	j.part = closingPart
	j.judgeSigners(data, &content{body: bytes.NewReader(k.Raw), size: int64(len(k.Raw))})
	j.part = ""
	worst := j.worstOf(closingPart)
	switch worst {
	case CheckPassed:
		j.pass(id)
	case CheckFailed:
		j.fail(id, SigConstraintsFailure)
	case CheckIndeterminate, CheckSkipped:
		j.open(id, TryLater)
	}
	return worst != CheckFailed
}

// closing reads the closing signature; nil: it is not in the one form that it may have (docs/formats.md section 5).
// What it carries of certificates lies among the parts, which it is over. Only time-stamps may be put beside it later.
func (g *Grounds) closing(manifest, signature []byte) *cms.SignedData {
	data, err := cms.Parse(signature)
	if err != nil || !data.Detached || len(data.Signers) != 1 ||
		slices.ContainsFunc(data.Certificates, func(c []byte) bool { return !g.seen[string(c)] }) {
		return nil
	}
	if len(data.Signers[0].SignatureTimestamps()) == 0 && !rewritten(data, manifest, signature) {
		return nil
	}
	return data
}

// worstOf is the outcome of the checks of one part; none is no pass.
func (j *judgement) worstOf(part string) CheckStatus {
	worst := CheckIndeterminate
	for i := range j.report.Checks {
		c := &j.report.Checks[i]
		switch {
		case c.Part != part && !within(c.Part, part):
		case c.Status == CheckFailed:
			return CheckFailed
		case c.Status == CheckIndeterminate:
			return CheckIndeterminate
		case c.Status == CheckPassed:
			worst = CheckPassed
		}
	}
	return worst
}

// within tells a part within another part.
func within(part, whole string) bool {
	return len(part) > len(whole) && part[:len(whole)] == whole && part[len(whole)] == '/'
}

// judgeNeeded: a file holds what its reports rest on, all of it and nothing else. Whoever trusts an issuing authority
// and not its root, or neither, does not see what the rest was needed for; for him it is named only.
func (j *judgement) judgeNeeded(k *keptFile, then *Grounds) {
	const id = "evidence.needed"
	j.need(id)
	idle, err := k.idle(then, &j.report.Grounds)
	if err != nil {
		j.broken = err
		return
	}
	idle = append(idle, k.unasked(j.report.Kept)...)
	missing := then.missing(&k.rest)
	switch {
	case len(idle)+len(missing) == 0:
		j.pass(id)
	case !then.rooted():
		j.pass(id)
		j.uncovered("not needed by this verifier: " + listed(slices.Concat(idle, missing)))
	case len(missing) > 0:
		j.open(id, SigConstraintsFailure, listed(missing), "none")
	default:
		j.open(id, SigConstraintsFailure, "", listed(idle))
	}
}

// idle names the parts that none of these grounds have.
func (k *keptFile) idle(used ...*Grounds) ([]string, error) {
	var idle []string
	for i := range k.Parts {
		p := &k.Parts[i]
		if !slices.Contains(groundKinds, p.Kind) {
			continue
		}
		raw, err := k.ReadPart(i)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(used, func(g *Grounds) bool { return g.seen[string(raw)] }) {
			idle = append(idle, string(p.Kind)+" "+strconv.Itoa(i+1))
		}
	}
	return idle, nil
}

// unasked names the statements of documents for whose judgement no state was asked.
func (k *keptFile) unasked(again []Rejudged) []string {
	var idle []string
	for i := range again {
		if k.documents[i].status != nil && again[i].Then.said == nil {
			idle = append(idle, string(evidence.KindStatus)+" of document "+strconv.Itoa(i+1))
		}
	}
	return idle
}

// groundKinds are the parts that reports rest on.
var groundKinds = []evidence.Kind{
	evidence.KindCertificate, evidence.KindCRL, evidence.KindOCSP, evidence.KindTimestamp,
}
