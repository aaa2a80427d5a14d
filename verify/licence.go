package verify

import (
	"strconv"
	"strings"
	"time"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/vault/record"
)

// licence is a bundle being judged.
type licence struct {
	bundle *record.Bundle
	record *record.Record
	digest record.Digest
	event  *record.Event // that brought the version, proven by the ledger; nil if it is not
	origin string        // of that ledger
	sealed bool          // it lies in a sealed document, which was made before it was recorded
	asked  answer        // of the status source
}

// judgeLicence judges in the order: format, time, chain at that time, signature, the record's own rules, ledger,
// state, expectations. What is read first because others need it still stands in its place in the report.
func (j *judgement) judgeLicence(b *record.Bundle) { j.judgeBundle(b, false) }

func (j *judgement) judgeBundle(b *record.Bundle, sealed bool) {
	if j.report.Kind == KindRecord {
		j.uncovered("record alone: no ledger proof, no status statement")
	}
	rec, err := record.Parse(b.Record)
	if err != nil {
		j.fail("record.text", FormatFailure, "docs/formats.md section 2")
		return
	}
	j.pass("record.text")
	l := &licence{bundle: b, record: rec, digest: record.Sum(b.Record), sealed: sealed}
	j.recordFacts(l)
	l.asked = j.ask(rec.Identifier)
	j.judgeBrought(l)
	leaf := j.check(signed{
		subject: "record", content: b.Record, signature: b.Signature, certificates: b.Certificates, at: j.existence(l),
		foreign: true,
	})
	if leaf != nil {
		j.judgeSigner(rec, leaf)
	}
	j.judgeIdentifier(rec)
	opened := j.judgeDisclosures(l)
	j.judgeLicenceState(l)
	j.expectAll(licenceAnswers(rec, opened))
}

// existence is the time at which the record provably existed, or now.
func (j *judgement) existence(l *licence) time.Time {
	if l.event == nil {
		j.skip("record.existence")
		return j.now
	}
	j.pass("record.existence")
	return l.event.Recorded
}

// judgeSigner: the department named as issuer signed, with the certificate that the record names, and no vault did.
// Somebody who works there may hold a certificate with its code; he is not the department, nor is its seal.
func (j *judgement) judgeSigner(rec *record.Record, leaf *pki.Certificate) {
	if leaf.Digest != rec.Signer {
		j.fail("record.signer", SigConstraintsFailure, rec.Signer.String(), record.Digest(leaf.Digest).String())
	} else {
		j.pass("record.signer")
	}
	if j.v.pinned("", leaf.PublicKey) {
		j.fail("record.key", SigConstraintsFailure, "a department's key", "a vault's key")
	} else {
		j.pass("record.key")
	}
	if leaf.Holder.Kind != pki.HolderOrganization || leaf.Holder.USCC != rec.IssuerCode {
		j.fail("record.issuer", SigConstraintsFailure, rec.IssuerCode, leaf.Holder.USCC)
	} else {
		j.pass("record.issuer")
	}
}

// judgeIdentifier holds the identifier against the record (GB/T 36904-2018).
func (j *judgement) judgeIdentifier(rec *record.Record) {
	id, err := code.ParseIdentifier(rec.Identifier)
	if err != nil {
		j.fail("record.identifier", FormatFailure, "GB/T 36904-2018", rec.Identifier)
		return
	}
	switch {
	case id.Type != rec.TypeCode:
		j.fail("record.identifier", SigConstraintsFailure, rec.TypeCode, id.Type)
	case id.Issuer != rec.IssuerCode && !divisionOf(id.Issuer, rec.IssuerCode):
		j.fail("record.identifier", SigConstraintsFailure, rec.IssuerCode, id.Issuer)
	default:
		j.pass("record.identifier")
	}
	if code.CheckIdentifier(rec.Identifier) != nil {
		j.fail("record.check", FormatFailure, string(rune(id.ExpectedCheck())), string(rune(id.Check)))
	} else {
		j.pass("record.check")
	}
}

// divisionOf: old identifiers name the issuer by the division that its code holds.
func divisionOf(division, issuer string) bool {
	return len(division) == 6 && len(issuer) == 18 && issuer[2:8] == division
}

// judgeDisclosures gives the disclosed values by element, or none if any of them does not open the record.
func (j *judgement) judgeDisclosures(l *licence) map[string]string {
	list := l.bundle.Disclosures
	if len(list) > record.MaxFields || l.record.CheckDisclosures(list) != nil {
		j.fail("record.disclosures", HashFailure)
		return nil
	}
	j.pass("record.disclosures")
	values := make(map[string]string, len(list))
	for i := range list {
		values[list[i].Name] = list[i].Value
		j.elementFact("element.", l.record.TypeCode, list[i].Name, list[i].Value)
	}
	return values
}

func (j *judgement) recordFacts(l *licence) {
	r := l.record
	j.fact("identifier", r.Identifier)
	j.fact("type", r.TypeCode)
	j.fact("type-name", r.TypeName)
	j.fact("issuer", r.IssuerCode)
	j.fact("issuer-name", r.IssuerName)
	j.fact("issued", r.IssuedOn.String())
	j.fact("valid-from", r.ValidFrom.String())
	j.fact("valid-until", r.ValidUntil.String())
	j.fact("origin", string(r.Origin))
	j.fact("record", l.digest.String())
	j.day("issued", r.IssuedOn, false)
	j.day("valid-from", r.ValidFrom, false)
	j.day("valid-until", r.ValidUntil, true)
	if s := r.Source; s != nil {
		j.fact("source", strings.Join([]string{s.Batch, strconv.Itoa(s.Row)}, " "))
	}
}

// judgeValidity holds the days of the record against now and the deciding time.
func (j *judgement) judgeValidity(rec *record.Record) {
	for _, at := range []time.Time{j.now, j.deciding()} {
		day := record.DateOf(at.In(j.v.config.Zone))
		switch {
		case !rec.ValidUntil.IsZero() && rec.ValidUntil.Before(day):
			j.fail("record.validity", Expired, day.String(), "..."+rec.ValidUntil.String())
			return
		case day.Before(rec.ValidFrom):
			j.fail("record.validity", NotYetValid, day.String(), rec.ValidFrom.String()+"...")
			return
		}
	}
	j.pass("record.validity")
}

// deciding is the caller's deciding time, or now.
func (j *judgement) deciding() time.Time {
	if j.expect.At.IsZero() {
		return j.now
	}
	return j.expect.At
}
