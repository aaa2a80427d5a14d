package verify

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/vault/record"
)

// clockSkew is how far the clocks of vault and verifier may differ.
const clockSkew = 5 * time.Minute

// judgement is one call of Verify under way.
type judgement struct {
	ctx    context.Context
	v      *Verifier
	expect Expect
	now    time.Time
	report *Report

	part     string             // of the document that is being judged; empty: the whole
	evidence []pki.Evidence     // came with the document
	help     []*pki.Certificate // likewise; untrusted
	beside   []*pki.Certificate // those of help that lay beside it
	signers  []signerSeen       // of the document, in the order judged
	needs    []need
	marks    int   // judged so far
	broken   error // reading the document failed

	forCase, forPurpose string // what a receipt or a copy says that it is for

	shown map[shownOn]float64 // mm² that seals take of a page

	kept  kept // evidence that the document brought
	looks int  // at such evidence, see spend
}

// need is a check without which the document does not pass.
type need struct{ part, id string }

// usualChecks is how many checks one signature brings.
const usualChecks = 16

func newJudgement(ctx context.Context, v *Verifier, expect Expect) *judgement {
	now := v.config.Now()
	j := &judgement{ctx: ctx, v: v, expect: expect, now: now, report: &Report{
		Kind: KindUnknown, JudgedAt: now.UTC(), zone: v.config.Zone, Checks: make([]Check, 0, usualChecks),
	}, shown: map[shownOn]float64{}}
	j.moment("now", now)
	if !expect.At.IsZero() {
		j.moment("deciding", expect.At)
	}
	return j
}

func (j *judgement) add(c Check) {
	r := ruleOf(c.ID)
	c.Level, c.Clause, c.Part = r.level, r.clause, j.part
	j.report.Checks = append(j.report.Checks, c)
}

// cite names the clause of the check noted last, where the subject alone does not tell it.
func (j *judgement) cite(clause string) { j.report.Checks[len(j.report.Checks)-1].Clause = clause }

func (j *judgement) pass(id string) { j.add(Check{ID: id, Status: CheckPassed}) }

func (j *judgement) skip(id string) { j.add(Check{ID: id, Status: CheckSkipped}) }

// fail notes what is wrong; pair is what was expected and what was found, nothing personal in it.
func (j *judgement) fail(id string, sub SubIndication, pair ...string) {
	j.add(newCheck(id, CheckFailed, sub, pair))
}

// open notes what could not be decided.
func (j *judgement) open(id string, sub SubIndication, pair ...string) {
	j.add(newCheck(id, CheckIndeterminate, sub, pair))
}

func newCheck(id string, status CheckStatus, sub SubIndication, pair []string) Check {
	c := Check{ID: id, Status: status, Sub: sub}
	if len(pair) > 0 {
		c.Expected = pair[0]
	}
	if len(pair) > 1 {
		c.Found = pair[1]
	}
	return c
}

// need demands a check of the part that is being judged.
func (j *judgement) need(ids ...string) {
	for _, id := range ids {
		j.needs = append(j.needs, need{j.part, id})
	}
}

// partPassed tells whether these checks of one part were made, and passed each time.
func (j *judgement) partPassed(part string, ids ...string) bool {
	for _, id := range ids {
		found := false
		for i := range j.report.Checks {
			c := &j.report.Checks[i]
			if c.ID != id || c.Part != part {
				continue
			}
			if c.Status != CheckPassed {
				return false
			}
			found = true
		}
		if !found {
			return false
		}
	}
	return true
}

// passed tells whether all of these checks were made and passed.
func (j *judgement) passed(ids ...string) bool {
	for _, id := range ids {
		if c, ok := j.report.Check(id); !ok || c.Status != CheckPassed {
			return false
		}
	}
	return true
}

func (j *judgement) fact(id, value string) {
	if value != "" {
		j.report.Facts = append(j.report.Facts, Fact{ID: id, Part: j.part, Value: value})
	}
}

func (j *judgement) moment(id string, at time.Time) {
	if !at.IsZero() {
		m := Moment{ID: id, Part: j.part, Time: at.UTC().Format(time.RFC3339), at: at}
		j.report.Timeline = append(j.report.Timeline, m)
	}
}

// day adds a day of the legal calendar; the end of a validity counts to its last moment.
func (j *judgement) day(id string, d record.Date, atEnd bool) {
	if d.IsZero() {
		return
	}
	at := time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, j.v.config.Zone)
	if atEnd {
		at = at.AddDate(0, 0, 1).Add(-1)
	}
	j.report.Timeline = append(j.report.Timeline, Moment{ID: id, Time: d.String(), at: at})
}

// uncovered lists a part that no signature covers.
func (j *judgement) uncovered(part string) { j.report.Uncovered = append(j.report.Uncovered, part) }

// tolerated lists a departure from a standard that was let pass.
func (j *judgement) tolerated(what string) {
	j.report.Tolerances = append(j.report.Tolerances, Tolerance{Part: j.part, Name: what})
}

// clock refuses to judge what claims to be of the future.
func (j *judgement) clock(id string, at time.Time) bool {
	if at.After(j.now.Add(clockSkew)) {
		j.open(id, TryLater, "not after "+stamp(j.now), stamp(at))
		j.recheck(at)
		return false
	}
	j.pass(id)
	return true
}

// recheck keeps the latest time before which nothing more will be known.
func (j *judgement) recheck(at time.Time) {
	if at.After(j.report.RecheckAt) {
		j.report.RecheckAt = at.UTC()
	}
}

func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// required are the checks without which no document of a kind passes, whatever else was found.
var required = map[Kind][]string{
	KindUnknown: {"document.kind"},
	KindBundle: {"document.members", "record.text", "record.form", "record.chain", "record.carried", "record.signature",
		"record.signer", "record.key", "record.issuer", "record.identifier", "record.check", "record.disclosures",
		"proof.text", "proof.clock", "proof.inclusion", "proof.event", "record.validity", "state.now"},
	KindRecord:      {"proof.inclusion", "state.now"},
	KindReceipt:     append(statement("receipt"), "receipt.claims", "receipt.result"),
	KindStatus:      append(statement("status"), "status.fresh", "status.state", "status.identifier"),
	KindBatch:       statement("batch"),
	KindProof:       {"proof.text", "proof.inclusion", "event.text", "event.clock", "event.kind"},
	KindCheckpoint:  {"checkpoint.tree-head"},
	KindCertificate: {"certificate.text", "certificate.chain", "certificate.revocation"},
	KindCMS:         {"cms.text", "cms.signers"},
	KindOFD:         {"package.text", "package.documents", "package.signed"},
	KindPDF:         {"pdf.text", "pdf.signed"},
	KindEvidence: {"evidence.text", "evidence.parts", "evidence.clock", "evidence.report", "evidence.same",
		"evidence.then", "evidence.now"},
	KindTimestamp: {"timestamp.text", "timestamp.imprint", "timestamp.signature", "timestamp.chain",
		"timestamp.revocation"},
}

// statement are the checks that every statement of a vault must pass.
func statement(subject string) []string {
	out := []string{"document.members"}
	for _, aspect := range []string{"text", "form", "clock", "chain", "carried", "signature", "vault"} {
		out = append(out, subject+"."+aspect)
	}
	return out
}

// finish draws the conclusion: the worst finding is the headline, among equals the first in the order of the levels.
func (j *judgement) finish() *Report {
	r := j.report
	if missing := j.missing(); missing != "" {
		j.open("document.complete", TryLater, missing)
	}
	interrupted := j.ctx.Err() != nil || j.broken != nil
	if interrupted {
		j.open("document.complete", TryLater)
	}
	slices.SortStableFunc(r.Checks, func(a, b Check) int { return cmp.Compare(a.Level.rank(), b.Level.rank()) })
	slices.SortStableFunc(r.Timeline, func(a, b Moment) int { return a.at.Compare(b.at) })
	r.Indication, r.Authentic = TotalPassed, true
	last := LevelRules
	if r.Kind == KindProof || r.Kind == KindCheckpoint {
		last = LevelLedger // the ledger's key is all the signature they have
	}
	for i := range r.Checks {
		c := &r.Checks[i]
		if c.Status == CheckPassed || c.Status == CheckSkipped {
			continue
		}
		r.Authentic = r.Authentic && c.Level.rank() > last.rank()
		if outcome := c.outcome(); r.Indication == TotalPassed ||
			r.Indication == Indeterminate && outcome == TotalFailed {
			r.Indication, r.SubIndication, r.Headline = outcome, c.Sub, c.ID
		}
	}
	if interrupted {
		r.Indication, r.SubIndication, r.Headline, r.Authentic = Indeterminate, TryLater, "document.complete", false
	}
	if r.Indication != Indeterminate {
		r.RecheckAt = time.Time{}
	}
	j.prove()
	return r
}

func (c *Check) outcome() Indication {
	if c.Status == CheckFailed {
		return TotalFailed
	}
	return Indeterminate
}

// missing names a required check that was not made, if nothing else keeps the document from passing.
func (j *judgement) missing() string {
	for i := range j.report.Checks {
		if s := j.report.Checks[i].Status; s != CheckPassed && s != CheckSkipped {
			return ""
		}
	}
	list, known := required[j.report.Kind]
	if !known {
		return "document.kind"
	}
	for _, id := range list {
		if !j.passed(id) {
			return id
		}
	}
	for _, n := range j.needs {
		if !j.partPassed(n.part, n.id) {
			return n.id
		}
	}
	return ""
}

// prove marks the facts that something that counts covers.
func (j *judgement) prove() {
	ledger := j.passed("proof.inclusion") || j.passed("checkpoint.tree-head") || j.passed("receipt.consistency") ||
		j.passed("batch.consistency") || j.passed("receipt.checkpoint") || j.passed("batch.checkpoint")
	status := j.passed("status.signature", "status.vault", "status.chain")
	source := j.passed("source.signature", "source.vault", "source.chain")
	for i := range j.report.Facts {
		f := &j.report.Facts[i]
		switch {
		case strings.HasPrefix(f.ID, "ledger."):
			f.Proven = ledger
		case strings.HasPrefix(f.ID, "evidence."):
			f.Proven = j.passed("evidence.closed")
		case strings.HasPrefix(f.ID, "status."):
			f.Proven = status
		case strings.HasPrefix(f.ID, "source."):
			f.Proven = source
		default:
			f.Proven = j.report.Authentic
		}
	}
}

func (l Level) rank() int { return slices.Index(levels, l) }

var levels = []Level{
	LevelFormat, LevelTime, LevelChain, LevelRevocation, LevelDigest, LevelSignature, LevelSeal, LevelRules,
	LevelLedger, LevelState, LevelExpectation,
}
