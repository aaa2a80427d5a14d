package verify

import (
	"time"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/vault/record"
)

const stateValid = "valid"

// maxSourceAge is how old the answer of a status source may be.
const maxSourceAge = 24 * time.Hour

// stateWord gives the standard's or our word for a state; nothing for a valid licence, not known for a state of
// another vocabulary.
func stateWord(state string) (sub SubIndication, known bool) {
	switch state {
	case stateValid:
		return "", true
	case "not-yet-valid":
		return NotYetValid, true
	case "suspended":
		return Suspended, true
	case "cancelled":
		return Cancelled, true
	case "revoked":
		return Revoked, true
	case "annulled":
		return Annulled, true
	case "expired":
		return Expired, true
	case "superseded":
		return Superseded, true
	case "withdrawn":
		return Withdrawn, true
	case "reserved", "voided":
		return NotIssued, true
	}
	return "", false
}

func statusOf(st *record.Status) Status {
	return Status{Identifier: st.Identifier, Record: st.Record, State: st.State, Since: st.Since, Time: st.Time}
}

// judgeLicenceState wants one fresh answer about exactly this version: from the source, from the statement in the
// bundle, or from both, and then the worse one counts.
func (j *judgement) judgeLicenceState(l *licence) {
	bySource := j.judgeSource(l)
	byStatement := j.judgeBundled(l, bySource)
	switch {
	case bySource || byStatement:
		j.pass("state.now")
	default:
		j.open("state.now", TryLater, "a fresh status statement of the vault")
	}
	j.judgeValidity(l.record)
}

// judgeSource judges what the status source told; it reports whether that is about this version and counts.
func (j *judgement) judgeSource(l *licence) bool {
	a := &l.asked
	j.unanswered(a, l.origin)
	if !a.counts || !j.sameVersion("source", l, a.Status) || !j.ofItsLedger(a, l.origin) {
		return false
	}
	j.judgeState("source", a.Status)
	return true
}

// judgeBundled reads the statement in the bundle. Its signature must count even where the source has spoken;
// whether it is fresh and about this version then does not matter.
func (j *judgement) judgeBundled(l *licence, asked bool) bool {
	b := l.bundle
	if len(b.Status) == 0 && len(b.StatusSig) == 0 {
		return false
	}
	st, ok := j.openStatus(b.Status, b.StatusSig)
	if !ok {
		return false
	}
	switch {
	case !j.fresh(st) && asked:
		j.skip("status.fresh")
		return false
	case !j.fresh(st):
		j.stale(st)
		return false
	}
	j.pass("status.fresh")
	if l.origin != "" && st.Vault != l.origin {
		j.open("status.version", TryLater, l.origin, st.Vault)
		return false
	}
	if !j.sameVersion("status", l, statusOf(st)) || !j.ofItsVault(l, st) {
		return false
	}
	if id, err := code.ParseIdentifier(st.Identifier); err != nil || id.Version != st.Version {
		j.fail("status.version", SigConstraintsFailure, st.Identifier)
		return false
	}
	j.judgeState("status", statusOf(st))
	return true
}

// ofItsVault: a vault says what it likes of the licences of another. A proof binds the statement to the ledger in which
// the record stands; where there is none, it counts if one vault alone is believed. A word that is worse than "valid"
// always counts.
func (j *judgement) ofItsVault(l *licence, st *record.Status) bool {
	const id = "status.ledger"
	if sub, known := stateWord(st.State); known && sub != "" {
		return true
	}
	if l.origin == "" && !j.v.oneVault() {
		j.open(id, NoPOE, "a ledger proof", st.Vault)
		return false
	}
	j.pass(id)
	return true
}

// sameVersion: the answer is about the version that was shown. One about a later version says that this one is over,
// and waiting would change nothing; one about an earlier version comes from somebody who does not know this one yet.
func (j *judgement) sameVersion(subject string, l *licence, st Status) bool {
	id := subject + ".version"
	switch {
	case replaced(l.record.Identifier, st.Identifier):
		j.judgeReplaced(subject, l.record.Identifier, st)
		return false
	case st.Identifier != l.record.Identifier || st.Record != l.digest:
		j.open(id, TryLater, l.record.Identifier, st.Identifier)
		return false
	}
	j.pass(id)
	return true
}

// replaced tells whether what was said is of a later version of the same licence.
func replaced(shown, said string) bool {
	a, err := code.ParseIdentifier(shown)
	if err != nil {
		return false
	}
	b, err := code.ParseIdentifier(said)
	return err == nil && a.Type == b.Type && a.Issuer == b.Issuer && a.Serial == b.Serial && a.Version < b.Version
}

// judgeReplaced refuses a version after which there is a later one, first of all for what became of that.
func (j *judgement) judgeReplaced(subject, shown string, st Status) {
	if sub, known := stateWord(st.State); known && sub != "" {
		j.fail(subject+".state", sub, stateValid, st.State)
	}
	j.fail(subject+".version", Superseded, shown, st.Identifier)
}

// judgeState judges the state now and at the deciding time.
func (j *judgement) judgeState(subject string, st Status) {
	switch sub, known := stateWord(st.State); {
	case !known:
		j.open(subject+".state", TryLater, stateValid, st.State)
	case sub != "":
		j.fail(subject+".state", sub, stateValid, st.State)
	default:
		j.pass(subject + ".state")
	}
	at := j.deciding()
	day := record.DateOf(at.In(j.v.config.Zone))
	switch {
	case at.After(j.now.Add(clockSkew)):
		j.open(subject+".deciding", TryLater, "not after "+stamp(j.now), stamp(at))
		j.recheck(at)
	case at.Before(st.Time) && (st.Since.IsZero() || day.Before(st.Since)):
		j.open(subject+".deciding", TryLater, "the state on "+day.String(), "the state since "+st.Since.String())
	default:
		j.pass(subject + ".deciding")
	}
}
