package verify

import (
	"strconv"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/vault/record"
)

// judgeStatement judges what the vault signed: form, clock, chain at that time, signature, and that the
// certificate holds the key of the vault that the text names.
func (j *judgement) judgeStatement(s signed, vault string) bool {
	s.said = true
	onTime := j.clock(s.subject+".clock", s.at)
	leaf := j.check(s)
	if leaf == nil {
		return false
	}
	id := s.subject + ".vault"
	switch {
	case len(j.v.pins) == 0:
		j.open(id, NoSigningCertificateFound, "a known key of "+vault, "none is configured")
	case !j.v.pinned(vault, leaf.PublicKey):
		j.fail(id, SigConstraintsFailure, "a known key of "+vault, "the key of "+leaf.Subject)
	default:
		j.pass(id)
	}
	return onTime && j.passed(s.subject+".form", s.subject+".chain", s.subject+".carried", s.subject+".signature", id)
}

// statementText notes whether a text could be read.
func (j *judgement) statementText(subject string, err error) bool {
	if err != nil {
		j.fail(subject+".text", FormatFailure, "docs/formats.md section 4")
		return false
	}
	j.pass(subject + ".text")
	return true
}

func (j *judgement) judgeReceipt(e *Envelope) {
	r, err := record.ParseReceipt(e.Raw)
	if !j.statementText("receipt", err) {
		return
	}
	j.receiptFacts(r)
	j.judgeStatement(signed{subject: "receipt", content: e.Raw, signature: e.Signature, at: r.Time}, r.Vault)
	opened := j.judgeClaims(r, e.Opens)
	j.judgeNamed("receipt", r.Vault, r.Checkpoint, e)
	j.judgeResult(r)
	j.judgeAnswered(r)
	j.forCase = r.Asked.Case
	a := answers{identifier: r.Identifier, values: opened}
	if id, err := code.ParseIdentifier(r.Identifier); err == nil {
		a.typ, a.issuer = id.Type, id.Issuer
	}
	j.expectAll(a)
}

// judgeClaims opens what was claimed and gives the values that the vault found equal.
func (j *judgement) judgeClaims(r *record.Receipt, opens []record.Disclosure) map[string]string {
	claims := make(map[string]*record.Claim, len(r.Claims))
	for i := range r.Claims {
		claims[r.Claims[i].Field] = &r.Claims[i]
	}
	if len(claims) != len(r.Claims) {
		j.fail("receipt.claims", SigConstraintsFailure, "each element once")
		return nil
	}
	values := make(map[string]string, len(opens))
	for i := range opens {
		c := claims[opens[i].Name]
		if c == nil || len(opens[i].Name) > 255 || c.Claimed != opens[i].Digest() {
			j.fail("receipt.claims", HashFailure)
			return nil
		}
		delete(claims, c.Field) // a second opening of one claim is refused
		j.elementFact("claimed.", typeOf(r.Identifier), c.Field, opens[i].Value)
		if c.Verdict == verdictEqual {
			values[c.Field] = opens[i].Value
		}
	}
	j.pass("receipt.claims")
	return values
}

const verdictEqual = "equal"

// judgeResult reads the answer: an authentic receipt that says no is a no.
func (j *judgement) judgeResult(r *record.Receipt) {
	const id = "receipt.result"
	for i := range r.Claims {
		c := &r.Claims[i]
		j.elementFact("verdict.", typeOf(r.Identifier), c.Field, c.Verdict)
		if r.Result == "matched" && c.Verdict != verdictEqual {
			j.fail(id, SigConstraintsFailure, "matched", c.Verdict)
			return
		}
	}
	switch sub, known := stateWord(r.State); {
	case r.Result == "never-issued":
		j.fail(id, NotIssued, "", r.Result)
	case r.Result == "different":
		j.fail(id, ComparisonDifferent, "matched", r.Result)
	case r.Result != "matched" && r.Result != "found", r.Identifier == "":
		j.open(id, TryLater, "matched, found", r.Result)
	case !known:
		j.open(id, TryLater, stateValid, r.State)
	case sub != "":
		j.fail(id, sub, stateValid, r.State)
	default:
		j.pass(id)
	}
}

// judgeAnswered: a receipt tells what was so when it was given, and is taken for a day as the answer of a status source
// is. Of another deciding time it says nothing; where none is given that is now, so that nobody is told to accept what
// was so years ago.
func (j *judgement) judgeAnswered(r *record.Receipt) {
	const id = "receipt.deciding"
	at := j.deciding()
	switch {
	case at.Before(r.Time.Add(-clockSkew)), at.After(r.Time.Add(maxSourceAge)), at.After(j.now.Add(clockSkew)):
		j.open(id, TryLater, stamp(at), stamp(r.Time))
	default:
		j.pass(id)
	}
}

func (j *judgement) receiptFacts(r *record.Receipt) {
	j.fact("vault", r.Vault)
	j.fact("asked", r.Kind)
	j.fact("caller", r.Asked.Caller)
	j.fact("purpose", r.Asked.Purpose)
	j.fact("item", r.Asked.Item)
	j.fact("case", r.Asked.Case)
	j.fact("ground", r.Asked.Ground)
	j.fact("result", r.Result)
	j.fact("identifier", r.Identifier)
	j.fact("state", r.State)
	j.moment("statement", r.Time)
	j.moment("source", r.SourceTime)
}

// judgeStatus judges a status statement alone.
func (j *judgement) judgeStatus(e *Envelope) {
	st, ok := j.openStatus(e.Raw, e.Signature)
	if st == nil {
		return
	}
	if code.CheckIdentifier(st.Identifier) != nil {
		j.fail("status.identifier", FormatFailure, "GB/T 36904-2018", st.Identifier)
	} else {
		j.pass("status.identifier")
	}
	if len(e.Opens) > 0 {
		j.fail("status.text", FormatFailure, "nothing to open")
	}
	if j.fresh(st) {
		j.pass("status.fresh")
	} else {
		j.stale(st)
	}
	if ok {
		j.judgeState("status", statusOf(st))
	}
	a := answers{identifier: st.Identifier}
	if id, err := code.ParseIdentifier(st.Identifier); err == nil {
		a.typ, a.issuer = id.Type, id.Issuer
	}
	j.expectAll(a)
}

// openStatus reads a status statement and says whether its signature counts.
func (j *judgement) openStatus(raw, signature []byte) (*record.Status, bool) {
	st, err := record.ParseStatus(raw)
	if !j.statementText("status", err) {
		return nil, false
	}
	j.fact("status.vault", st.Vault)
	j.fact("status.identifier", st.Identifier)
	j.fact("status.state", st.State)
	j.fact("status.since", st.Since.String())
	j.moment("statement", st.Time)
	j.moment("status-until", st.NextUpdate)
	ok := j.judgeStatement(signed{subject: "status", content: raw, signature: signature, at: st.Time}, st.Vault)
	return st, ok
}

// fresh: the statement was made for now.
func (j *judgement) fresh(st *record.Status) bool { return !j.now.After(st.NextUpdate) }

func (j *judgement) stale(st *record.Status) {
	j.open("status.fresh", TryLater, "not after "+stamp(st.NextUpdate), stamp(j.now))
}

func (j *judgement) judgeBatch(e *Envelope) {
	b, err := record.ParseBatchCertificate(e.Raw)
	if !j.statementText("batch", err) {
		return
	}
	j.fact("vault", b.Vault)
	j.fact("batch", b.Batch)
	j.fact("type", b.TypeCode)
	j.fact("issuer", b.Issuer)
	j.fact("rows", strconv.Itoa(b.Counts.Rows))
	j.fact("rejected", strconv.Itoa(b.Counts.Rejected))
	j.fact("conflict", strconv.Itoa(b.Counts.Conflict))
	j.moment("statement", b.Finished)
	if len(e.Opens) > 0 {
		j.fail("batch.text", FormatFailure, "nothing to open")
	}
	j.judgeStatement(signed{subject: "batch", content: e.Raw, signature: e.Signature, at: b.Finished}, b.Vault)
	j.judgeNamed("batch", b.Vault, b.Checkpoint, e)
	j.expectAll(answers{typ: b.TypeCode, issuer: b.Issuer})
}
