package verify

import (
	"errors"
	"strconv"

	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
)

// judgeBrought judges the proof that the ledger holds the event which brought this version.
func (j *judgement) judgeBrought(l *licence) {
	if len(l.bundle.Proof) == 0 && l.sealed {
		j.judgeRecorded(l)
		return
	}
	if len(l.bundle.Proof) == 0 {
		j.open("proof.inclusion", NoPOE, "a ledger proof")
		return
	}
	p, ok := j.parseProof(l.bundle.Proof)
	if !ok {
		return
	}
	report, ok := j.verifyProof(p)
	if !ok {
		return
	}
	event, err := record.ParseEvent(report.Event)
	if err != nil {
		j.fail("proof.event", FormatFailure, "docs/formats.md section 3")
		return
	}
	j.eventFacts(event)
	switch {
	case event.Record != l.digest:
		j.fail("proof.event", HashFailure, l.digest.String(), event.Record.String())
	case event.Identifier != l.record.Identifier || !event.Kind.MakesVersion():
		j.fail("proof.event", HashFailure, l.record.Identifier, event.Identifier+" "+string(event.Kind))
	default:
		j.pass("proof.event")
	}
	if j.clock("proof.clock", event.Recorded) && j.passed("proof.event") {
		l.event, l.origin = event, report.Origin
	}
}

// judgeRecorded: a sealed licence was made before it was recorded. What the vault says now tells that it was, and when:
// while the certificate of its signer was good.
func (j *judgement) judgeRecorded(l *licence) {
	a := &l.asked
	if !a.counts || a.vault == "" || a.Record != l.digest || a.Identifier != l.record.Identifier || !j.recorded(a) {
		j.skip("proof.inclusion")
		return
	}
	j.pass("proof.inclusion")
	j.ledgerFacts(ledgerFacts{a.proven.Origin, a.proven.Size, a.proven.Root})
	j.eventFacts(a.event)
	l.event, l.origin = a.event, a.proven.Origin
}

func (j *judgement) parseProof(raw []byte) (ledger.Proof, bool) {
	p, err := ledger.ParseProof(raw)
	if err != nil {
		j.fail("proof.text", FormatFailure, "docs/formats.md section 6.3")
		return ledger.Proof{}, false
	}
	j.pass("proof.text")
	return p, true
}

// verifyProof verifies a proof that shows its event.
func (j *judgement) verifyProof(p ledger.Proof) (ledger.Report, bool) {
	const id = "proof.inclusion"
	report, err := ledger.VerifyProof(p, nil, j.v.config.LedgerKeys...)
	if err != nil {
		j.refuseLedger(id, err)
		return ledger.Report{}, false
	}
	j.ledgerFacts(ledgerFacts{report.Origin, report.Size, report.Root})
	j.fact("ledger.index", strconv.FormatUint(report.Index, 10))
	for _, k := range report.Carried {
		j.uncovered("proof: cosignature of unknown key " + k.Name)
	}
	if report.Event == nil {
		j.open(id, SignedDataNotFound, "a proof with its event", "a bare commitment")
		return ledger.Report{}, false
	}
	j.pass(id)
	return report, true
}

func (j *judgement) refuseLedger(id string, err error) {
	switch {
	case errors.Is(err, ledger.ErrSignature) && len(j.v.config.LedgerKeys) == 0:
		j.open(id, NoPOE, "a known ledger key", "none is configured")
	case errors.Is(err, ledger.ErrSignature):
		j.fail(id, SigCryptoFailure, "signed by a known ledger key")
	case errors.Is(err, ledger.ErrEvent):
		j.open(id, SignedDataNotFound, "the event beside its salt")
	case errors.Is(err, ledger.ErrMismatch), errors.Is(err, ledger.ErrSize), errors.Is(err, ledger.ErrFork):
		j.fail(id, HashFailure)
	default:
		j.fail(id, FormatFailure)
	}
}

// judgeNamed holds the ledger files beside a statement against the checkpoint that it names. They need not be there:
// the statement is signed by itself, they show that the ledger which it speaks of is the published one.
func (j *judgement) judgeNamed(subject, vault string, named record.Checkpoint, e *Envelope) {
	j.fact("checkpoint.size", strconv.Itoa(named.Size))
	j.fact("checkpoint.root", named.Root.String())
	j.judgeNamedCheckpoint(subject+".checkpoint", vault, named, e.Checkpoint)
	j.judgeGrowth(subject+".consistency", vault, named, e.Consistency)
}

func (j *judgement) judgeNamedCheckpoint(id, vault string, named record.Checkpoint, signed []byte) {
	if len(signed) == 0 {
		j.skip(id)
		return
	}
	cp, err := ledger.ParseCheckpoint(signed, j.v.config.LedgerKeys...)
	switch {
	case err != nil:
		j.refuseLedger(id, err)
	case cp.Origin != vault || headOf(cp) != named:
		j.fail(id, HashFailure, stateOfLedger(vault, named), stateOfLedger(cp.Origin, headOf(cp)))
	default:
		for _, k := range cp.Carried {
			j.uncovered("checkpoint: cosignature of unknown key " + k.Name)
		}
		j.extensions(cp)
		j.pass(id)
	}
}

// judgeGrowth judges the proof that the ledger only grew since a statement was made.
func (j *judgement) judgeGrowth(id, vault string, named record.Checkpoint, file []byte) {
	if len(file) == 0 {
		j.skip(id)
		return
	}
	c, err := ledger.ParseConsistency(file)
	if err != nil {
		j.fail(id, FormatFailure, "docs/formats.md section 6.4")
		return
	}
	older := record.Checkpoint{Size: int(c.Older), Root: record.Digest(c.OlderRoot)} //nolint:gosec // below 2^62
	if older != named {
		j.fail(id, HashFailure, stateOfLedger(vault, named), stateOfLedger(vault, older))
		return
	}
	newer, err := ledger.VerifyGrowth(c, j.v.config.LedgerKeys...)
	switch {
	case err != nil:
		j.refuseLedger(id, err)
	case newer.Origin != vault:
		j.fail(id, HashFailure, vault, newer.Origin)
	default:
		j.ledgerFacts(ledgerFacts{newer.Origin, newer.Size, newer.Root})
		j.extensions(newer)
		j.pass(id)
	}
}

// extensions shows what a checkpoint says beside size and root: what of the ledger was lost in a restore.
func (j *judgement) extensions(cp ledger.SignedCheckpoint) {
	for _, line := range cp.Extensions {
		j.fact("ledger.extension", line)
	}
}

func headOf(cp ledger.SignedCheckpoint) record.Checkpoint {
	return record.Checkpoint{Size: int(cp.Size), Root: record.Digest(cp.Root)} //nolint:gosec // below 2^62
}

func stateOfLedger(origin string, c record.Checkpoint) string {
	return origin + " " + strconv.Itoa(c.Size) + " " + c.Root.String()
}

// ledgerFacts is what a tree head says.
type ledgerFacts struct {
	origin string
	size   uint64
	root   ledger.Hash
}

func (j *judgement) ledgerFacts(f ledgerFacts) {
	j.fact("ledger.origin", f.origin)
	j.fact("ledger.size", strconv.FormatUint(f.size, 10))
	j.fact("ledger.root", record.Digest(f.root).String())
}

func (j *judgement) eventFacts(e *record.Event) {
	j.fact("ledger.event", string(e.Kind))
	j.fact("ledger.effective", e.Effective.String())
	j.fact("ledger.recorded", stamp(e.Recorded))
	j.moment("recorded", e.Recorded)
}

// judgeProof judges a proof file alone. It shows that something happened, never what is in force now.
func (j *judgement) judgeProof(doc []byte) {
	j.report.Kind = KindProof
	p, ok := j.parseProof(doc)
	if !ok {
		return
	}
	report, ok := j.verifyProof(p)
	if !ok {
		return
	}
	event, err := record.ParseEvent(report.Event)
	if err != nil {
		j.fail("event.text", FormatFailure, "docs/formats.md section 3")
		return
	}
	j.pass("event.text")
	j.fact("ledger.identifier", event.Identifier)
	j.eventFacts(event)
	j.clock("event.clock", event.Recorded)
	if sub := eventWord(event.Kind); sub != "" {
		j.fail("event.kind", sub, "", string(event.Kind))
	} else {
		j.pass("event.kind")
	}
	j.expectAll(answers{identifier: event.Identifier})
}

// eventWord is the state that an event of this kind leads to, or nothing if the licence is in force after it.
func eventWord(k record.Kind) SubIndication {
	switch k {
	case record.EventSuspended:
		return Suspended
	case record.EventCancelled:
		return Cancelled
	case record.EventRevoked:
		return Revoked
	case record.EventAnnulled:
		return Annulled
	case record.EventSuperseded:
		return Superseded
	case record.EventWithdrawn:
		return Withdrawn
	case record.EventReserved, record.EventVoided:
		return NotIssued
	case record.EventIssued, record.EventConverted, record.EventChanged, record.EventRenewed, record.EventReissued,
		record.EventRestored, record.EventAttached, record.EventResumed:
	}
	return ""
}

func (j *judgement) judgeCheckpoint(doc []byte) {
	j.report.Kind = KindCheckpoint
	cp, err := ledger.ParseCheckpoint(doc, j.v.config.LedgerKeys...)
	if err != nil {
		j.refuseLedger("checkpoint.tree-head", err)
		return
	}
	j.ledgerFacts(ledgerFacts{cp.Origin, cp.Size, cp.Root})
	for _, k := range cp.Carried {
		j.uncovered("checkpoint: cosignature of unknown key " + k.Name)
	}
	j.extensions(cp)
	j.pass("checkpoint.tree-head")
	j.expectAll(answers{})
}
