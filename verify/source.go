package verify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
)

// Said is what a vault said of the state of a licence, so that it counts wherever the vault is known.
type Said struct {
	Statement []byte `json:"statement"` // docs/formats.md section 4.2
	Signature []byte `json:"signature"` // detached SignedData over it, with the certificates of its chain
	// Proof is the ledger proof of the version that the statement is about. nil: the statement counts only for whoever
	// believes one vault alone, or knows by the document in whose ledger it stands.
	Proof []byte `json:"proof,omitempty"`
}

// maxSaid is the largest statement with signature and proof, in bytes.
const maxSaid = 512 << 10

// parseSaid reads a statement in the form in which an evidence file keeps it: JSON in its one spelling.
func parseSaid(raw []byte) (*Said, error) {
	s := &Said{}
	if err := json.Unmarshal(raw, s); err != nil {
		return nil, errSaid
	}
	if again, err := json.Marshal(s); err != nil || !bytes.Equal(again, raw) || s.size() > maxSaid {
		return nil, errSaid
	}
	return s, nil
}

// NotHeldError says that a vault has no such licence. That leaves the state open, but for a licence that stands in the
// ledger of another: there its own vault's statement decides.
type NotHeldError struct {
	Vault string // by the name of its ledger
}

// Error says which vault has no such licence.
func (e *NotHeldError) Error() string { return "verify: no such licence in " + e.Vault }

var errSaid = errors.New("verify: no statement as evidence keeps it")

func (s *Said) size() int { return len(s.Statement) + len(s.Signature) + len(s.Proof) }

// CurrentStatus makes what was said the answer to the question for which it was kept.
func (s *Said) CurrentStatus(context.Context, string) (Status, error) { return Status{Said: s}, nil }

// refusing is a source that gave no answer then, for a reason, and gives none again.
type refusing struct{ because error }

// CurrentStatus gives no answer.
func (r refusing) CurrentStatus(context.Context, string) (Status, error) { return Status{}, r.because }

var (
	_ StatusSource = (*Said)(nil)
	_ StatusSource = refusing{}
)

// answer is what the status source told of one licence.
type answer struct {
	Status

	counts bool   // it is of now, and soundly signed if it is signed
	vault  string // that signed it; empty: the caller vouches for it
	err    error  // why there is none

	event  *record.Event // that brought the version, proven beside it; nil: not known
	proven ledger.Report // likewise
}

// ask asks the status source, if there is one. An answer that does not count is none: it leaves the state open, and
// does not make the document fail.
func (j *judgement) ask(identifier string) answer {
	if j.v.config.Status == nil {
		return answer{}
	}
	st, err := j.v.config.Status.CurrentStatus(j.ctx, identifier)
	switch {
	case err != nil:
		return answer{err: err}
	case st.Said != nil && st.Said.size() > maxSaid:
		return answer{err: errSaid}
	case st.Said != nil:
		from := len(j.report.Checks)
		a := j.judgeSaid(st.Said)
		j.leaveOpen(from)
		return a
	case st.Time.IsZero() || st.Time.Before(j.now.Add(-maxSourceAge)):
		return answer{err: errSaid}
	}
	j.pass("source.answer")
	j.fact("source.state", st.State)
	return answer{Status: st, counts: j.clock("source.clock", st.Time)}
}

// Unanswered is the check that kept the status source from being heard; empty: it was heard, or none was asked. Where
// the source is one's own vault, that is nobody's fault but the service's: its key has ended, or nothing signs.
func (r *Report) Unanswered() string {
	for i := range r.Checks {
		c := &r.Checks[i]
		subject, aspect, _ := strings.Cut(c.ID, ".")
		if subject == "source" && c.Status == CheckIndeterminate && ofSpeaker[aspect] {
			return c.ID
		}
	}
	return ""
}

// ofSpeaker are the checks of a status source that say nothing of the licence.
var ofSpeaker = map[string]bool{
	"answer": true, "text": true, "form": true, "clock": true, "chain": true, "carried": true, "revocation": true,
	"signature": true, "vault": true, "fresh": true,
}

// unanswered notes that there is no answer; of a licence of another vault none is needed.
func (j *judgement) unanswered(a *answer, origin string) {
	var none *NotHeldError
	switch {
	case a.err == nil:
	case errors.As(a.err, &none) && origin != "" && origin != none.Vault:
		j.skip("source.answer")
	default:
		j.open("source.answer", TryLater, "an answer of now")
	}
}

// leaveOpen turns failures from there on into what is not known.
func (j *judgement) leaveOpen(from int) {
	for i := from; i < len(j.report.Checks); i++ {
		if c := &j.report.Checks[i]; c.Status == CheckFailed {
			c.Status = CheckIndeterminate
		}
	}
}

// judgeSaid judges what a vault signed, as the statement in a bundle is judged, and keeps it with the report; the proof
// only once it is used: it tells of the licence what its document may not.
func (j *judgement) judgeSaid(s *Said) answer {
	j.report.said = &Said{Statement: s.Statement, Signature: s.Signature}
	j.pass("source.answer")
	st, err := record.ParseStatus(s.Statement)
	if !j.statementText("source", err) {
		return answer{}
	}
	j.fact("source.vault", st.Vault)
	j.fact("source.state", st.State)
	j.moment("source", st.Time)
	by := signed{subject: "source", content: s.Statement, signature: s.Signature, at: st.Time}
	ok := j.judgeStatement(by, st.Vault)
	a := answer{Status: statusOf(st), vault: st.Vault}
	a.Said = s
	a.counts = j.ofNow(st) && j.ofOneVersion(st) && ok
	return a
}

// ofNow: the statement was made for now, and not long ago.
func (j *judgement) ofNow(st *record.Status) bool {
	const id = "source.fresh"
	end := st.Time.Add(maxSourceAge)
	if st.NextUpdate.Before(end) {
		end = st.NextUpdate
	}
	if j.now.After(end) {
		j.open(id, TryLater, "not after "+stamp(end), stamp(j.now))
		return false
	}
	j.pass(id)
	return true
}

// ofOneVersion: the identifier of a statement names the version that the statement names.
func (j *judgement) ofOneVersion(st *record.Status) bool {
	id, err := code.ParseIdentifier(st.Identifier)
	if err != nil || id.Version != st.Version {
		j.open("source.version", SigConstraintsFailure, st.Identifier)
		return false
	}
	return true
}

// ofItsLedger: a vault says what it likes of the licences of another. What it signed counts if the licence stands in
// its ledger, or if one vault alone is believed; a word that is worse than "valid" always counts. For what is not
// signed the caller vouches.
func (j *judgement) ofItsLedger(a *answer, origin string) bool {
	const id = "source.ledger"
	if a.vault == "" {
		return true
	}
	if sub, known := stateWord(a.State); known && sub != "" {
		return true
	}
	if origin != a.vault && !j.v.oneVault() && !j.recorded(a) {
		j.open(id, NoPOE, "a ledger proof", a.vault)
		return false
	}
	j.pass(id)
	return true
}

// recorded tells whether the proof beside a statement is of this version, in the ledger of the vault that signed it.
func (j *judgement) recorded(a *answer) bool {
	if a.event != nil {
		return true
	}
	// A statement always names a record, and only events that make a version do.
	j.report.said.Proof = a.Said.Proof
	p, err := ledger.ParseProof(a.Said.Proof)
	if err != nil {
		return false
	}
	report, err := ledger.VerifyProof(p, nil, j.v.config.LedgerKeys...)
	if err != nil || report.Event == nil || report.Origin != a.vault {
		return false
	}
	e, err := record.ParseEvent(report.Event)
	if err != nil || e.Record != a.Record || e.Identifier != a.Identifier || e.Recorded.After(j.now.Add(clockSkew)) {
		return false
	}
	for _, k := range report.Carried {
		j.uncovered("proof: cosignature of unknown key " + k.Name)
	}
	a.event, a.proven = e, report
	return true
}
