package verify

import (
	"slices"
	"strings"
	"time"

	"github.com/elicense/elicense/pki"
)

// Rejudged is one document of an evidence file: the report that lies in the file beside what comes out anew.
type Rejudged struct {
	Name   string
	Stated Verdict // what the report in the file says
	// Then is the judgement as of then with what is in the file alone, and the trust of this verifier.
	Then *Report
	// Now is the judgement as of now, with all that this verifier knows.
	Now *Report
	// Differences are those between the report in the file and Then. None: it is the same to the byte.
	Differences []Difference
}

// Verdict is what a report comes to.
type Verdict struct {
	Indication    Indication    `json:"indication"`
	SubIndication SubIndication `json:"sub_indication,omitempty"`
	Headline      string        `json:"headline,omitempty"`
}

// Difference is one thing that a report in an evidence file says otherwise than the judgement anew.
type Difference struct {
	// What is "verdict", "check ID", "detail of ID", "fact ID", "proof of ID", or the name of a member of the report.
	What   string `json:"what"`
	Stated string `json:"stated,omitempty"` // in the file; values of facts are not repeated
	Again  string `json:"again,omitempty"`
}

func (r *Report) verdict() Verdict { return Verdict{r.Indication, r.SubIndication, r.Headline} }

// String is the indication with its reason.
func (v Verdict) String() string {
	return strings.Join(slices.DeleteFunc([]string{v.Indication.String(), string(v.SubIndication), v.Headline},
		func(s string) bool { return s == "" }), " ")
}

// rejudge judges one document of the file as of then and as of now.
func (j *judgement) rejudge(k *keptFile, d *keptDocument, outer *Document, grounds *Grounds) {
	j.need("evidence.report", "evidence.same", "evidence.then", "evidence.now")
	then, err := j.v.thenOf(k, d).VerifyDocument(j.ctx, j.v.keptFor(k, d), k.expect)
	if err != nil {
		j.broken = err
		return
	}
	doc := j.v.keptFor(k, d)
	if outer.Licence != nil && (len(k.documents) == 1 || LicenceFor(&doc, outer.Licence) != nil) {
		doc.Licence = outer.Licence
	}
	now, err := j.v.nowOf(k, d, j.now).VerifyDocument(j.ctx, doc, j.expect.over(k.expect))
	if err != nil {
		j.broken = err
		return
	}
	if _, judged := now.Check("licence.beside"); judged && outer.Licence != nil {
		j.pass("licence.beside")
	}
	if answered, asked := d.stated("source.answer"); asked && answered == CheckPassed && d.status == nil {
		j.uncovered("state then: the source's word was not signed")
	}
	grounds.add(&then.Grounds)
	r := Rejudged{Name: d.name, Then: then, Now: now}
	j.compareReport(k, d, &r)
	j.conclude("evidence.then", then)
	j.conclude("evidence.now", now)
	j.report.Kept = append(j.report.Kept, r)
}

// thenOf judges as of then, with nothing but what is in the file.
func (v *Verifier) thenOf(k *keptFile, d *keptDocument) *Verifier {
	then := v.asOf(k.Judged)
	then.inside = true
	then.config.Intermediates = pki.NewPool(k.rest.Certificates...)
	then.config.Status, then.config.Revocation, then.config.Evidence = d.source(), nil, nil
	if slices.Contains(k.Options, optionRevocation) || len(k.rest.CRLs)+len(k.rest.Responses) > 0 {
		then.config.Evidence = []pki.Evidence{k.rest.evidence()}
	}
	return then
}

// nowOf judges as of now, with what is in the file and all that this verifier knows.
func (v *Verifier) nowOf(k *keptFile, d *keptDocument, now time.Time) *Verifier {
	out := v.asOf(now)
	out.inside = true
	if out.config.Status == nil && d.status != nil { // as long as it is fresh
		out.config.Status = d.status
	}
	out.config.Intermediates = v.config.Intermediates.With(k.rest.Certificates...)
	if len(k.rest.CRLs)+len(k.rest.Responses) > 0 {
		out.config.Evidence = append(slices.Clone(v.config.Evidence), k.rest.evidence())
	}
	return out
}

// source answers as the status source did then, or is nil: what it said unsigned is anybody's word by now.
func (d *keptDocument) source() StatusSource {
	switch answered, asked := d.stated("source.answer"); {
	case d.status != nil:
		return d.status
	case asked && answered == CheckIndeterminate:
		return refusing{errSaid}
	case asked && answered == CheckSkipped:
		return refusing{&NotHeldError{}}
	}
	return nil
}

// stated is the outcome of a check in the report that lies in the file. It is a claim; nothing may pass by it.
func (d *keptDocument) stated(id string) (CheckStatus, bool) {
	s, ok := parseStated(d.report)
	if !ok {
		return CheckIndeterminate, false
	}
	for i := range s.Checks {
		if s.Checks[i].ID == id {
			return s.Checks[i].Status, true
		}
	}
	return CheckIndeterminate, false
}

// keptFor is a document as it is judged again: certificates that lay beside it then lie in the file now.
func (v *Verifier) keptFor(k *keptFile, d *keptDocument) Document {
	doc := d.Document
	doc.Evidence = pki.Evidence{Certificates: k.rest.Certificates}
	return doc
}

// conclude is the check that a document as a whole passes.
func (j *judgement) conclude(id string, r *Report) {
	found := r.Headline
	switch r.Indication {
	case TotalPassed:
		j.pass(id)
	case TotalFailed:
		j.fail(id, r.SubIndication, "", found)
	case Indeterminate:
		j.open(id, r.SubIndication, "", found)
		j.recheck(r.RecheckAt)
	}
}

// compareReport holds the report in the file against what comes out anew.
func (j *judgement) compareReport(k *keptFile, d *keptDocument, r *Rejudged) {
	stated, ok := parseStated(d.report)
	if !ok || !stated.JudgedAt.Equal(k.Judged) || stated.Policy != k.Policy {
		j.fail("evidence.report", FormatFailure, MediaType)
		return
	}
	j.pass("evidence.report")
	r.Stated = stated.verdict()
	again, err := r.Then.MarshalJSON()
	if err != nil {
		j.broken = err
		return
	}
	otherRules := k.Policy != PolicyVersion || !slices.Equal(told(k.Options), told(j.v.options()))
	r.Differences = differences(d.report, again)
	const id = "evidence.same"
	switch {
	case len(r.Differences) == 0:
		j.pass(id)
	case r.Stated == r.Then.verdict() && otherRules && !slices.ContainsFunc(r.Differences, Difference.ofSubstance):
		j.pass(id)
	case r.Stated.Indication == TotalPassed && r.Then.Indication == TotalFailed:
		j.fail(id, SigConstraintsFailure, r.Stated.String(), r.Then.verdict().String())
	case r.Stated == r.Then.verdict():
		j.open(id, SigConstraintsFailure, "", differing(r.Differences))
	default:
		j.open(id, SigConstraintsFailure, r.Stated.String(), r.Then.verdict().String())
	}
}

// told are the options that say how to judge; whether something is known of revocations, and a source was asked,
// follows from what is there.
func told(options []string) []string {
	known := []string{optionRevocation, optionStatus}
	return slices.DeleteFunc(slices.Clone(options), func(o string) bool { return slices.Contains(known, o) })
}

// differing names differences for one line of a report.
func differing(list []Difference) string {
	names := make([]string, len(list))
	for i := range list {
		names[i] = list[i].What
	}
	return listed(names)
}
