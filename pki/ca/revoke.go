package ca

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/pki"
)

// Change takes a certificate out of use, or back into it.
type Change struct {
	ID CertificateID
	To State // StateHeld (挂起), StateValid (解除挂起), StateRevoked (吊销)
	// Cause of a revocation; zero otherwise.
	Cause pki.Cause
	// Invalid is the day from which the key is known or feared not to be the holder's; zero if unknown. Only for a
	// revocation.
	Invalid time.Time
	Note    string // why, in words
}

// transitions are the changes that are allowed. A revoked certificate is revoked for ever; it may only become known
// that its key was compromised, or was earlier than thought.
var transitions = map[State][]State{
	StateValid:   {StateHeld, StateRevoked},
	StateHeld:    {StateValid, StateRevoked},
	StateRevoked: {StateRevoked},
}

// Revoke takes a certificate out of use for ever, also after it has expired. With pki.CauseKeyCompromise its key is
// blocked too. The answer is the status as it is now durable; it reaches relying parties with the next CRLs and OCSP
// answers, which are due at once.
func (r *Register) Revoke(
	ctx context.Context, actor Actor, id CertificateID, cause pki.Cause, note string,
) (Status, error) {
	return r.change(ctx, actor, Change{ID: id, To: StateRevoked, Cause: cause, Note: note})
}

// Suspend puts a certificate on hold.
func (r *Register) Suspend(ctx context.Context, actor Actor, id CertificateID, note string) (Status, error) {
	return r.change(ctx, actor, Change{ID: id, To: StateHeld, Note: note})
}

// Resume ends a hold.
func (r *Register) Resume(ctx context.Context, actor Actor, id CertificateID, note string) (Status, error) {
	return r.change(ctx, actor, Change{ID: id, To: StateValid, Note: note})
}

func (r *Register) change(ctx context.Context, actor Actor, c Change) (Status, error) {
	outcomes := r.ChangeAll(ctx, actor, []Change{c})
	return outcomes[0].Status, outcomes[0].Err
}

// Outcome is what became of a change.
type Outcome struct {
	Status Status
	Err    error // a refusal of this change alone, or the failure of its transaction
}

const changeGroup = 256

// ChangeAll makes many changes. Each is one of its own, refused or made; some hundred share a transaction. Outcomes
// stand in the order of the changes.
func (r *Register) ChangeAll(ctx context.Context, actor Actor, changes []Change) []Outcome {
	outcomes := make([]Outcome, 0, len(changes))
	at := r.now()
	for group := range slices.Chunk(changes, changeGroup) {
		outcomes = append(outcomes, r.changeGroup(ctx, actor, at, group)...)
	}
	for i, c := range changes {
		if err := outcomes[i].Err; err != nil {
			outcomes[i] = Outcome{Err: r.refused(ctx, actor, actOf(c.To), c.ID.String(), err)}
		}
	}
	return outcomes
}

func actOf(to State) string {
	switch to {
	case StateHeld:
		return "suspend"
	case StateValid:
		return "resume"
	case StateRevoked:
		return "revoke"
	case StateNone:
	}
	return "change"
}

func (r *Register) changeGroup(ctx context.Context, actor Actor, at time.Time, changes []Change) []Outcome {
	pending, err := r.readChanges(ctx, actor, at, changes)
	if err == nil {
		err = r.cfg.Engine.Update(ctx, func(w engine.Writer) error { return writeChanges(w, actor.Name, at, pending) })
	}
	outcomes := make([]Outcome, 0, len(pending))
	for i := range pending {
		p := &pending[i]
		switch {
		case err == nil:
			outcomes = append(outcomes, Outcome{p.status, p.err})
		case errors.Is(err, engine.ErrAmbiguous):
			outcomes = append(outcomes, r.afterAmbiguousChange(ctx, p, err))
		default:
			outcomes = append(outcomes, Outcome{Err: err})
		}
	}
	return outcomes
}

// afterAmbiguousChange finds out what became of a change whose commit has an unknown outcome.
func (r *Register) afterAmbiguousChange(ctx context.Context, p *pendingChange, err error) Outcome {
	f, readErr := r.Certificate(ctx, p.ID)
	if readErr != nil || !p.is(f.Status) {
		return Outcome{Err: err}
	}
	return Outcome{Status: f.Status}
}

// pendingChange is a change with what was read for it before its transaction.
type pendingChange struct {
	Change
	keyDigest [32]byte // of the certificate's key, if it is to be blocked
	refusal   error    // found before the transaction

	status Status
	err    error
}

// is reports whether a status is what the change was to lead to.
func (p *pendingChange) is(s Status) bool {
	return p.refusal == nil && p.err == nil && s.Sequence != 0 && s.Sequence == p.status.Sequence && s.State == p.To
}

// readChanges checks what needs no state, and reads the certificates, which never change.
func (r *Register) readChanges(
	ctx context.Context, actor Actor, at time.Time, changes []Change,
) ([]pendingChange, error) {
	pending := make([]pendingChange, len(changes))
	denied := actor.check(RoleRevoke)
	err := r.cfg.Engine.View(ctx, func(rd engine.Reader) error {
		for i := range changes {
			p := &pending[i]
			*p = pendingChange{Change: changes[i], refusal: denied}
			if p.refusal == nil {
				p.refusal = p.check(at)
			}
			if p.refusal == nil {
				p.refusal = p.read(rd)
			}
			if p.refusal != nil && ReasonOf(p.refusal) == "" {
				return p.refusal
			}
		}
		return nil
	})
	return pending, err
}

// check refuses what is wrong whatever the certificate.
func (p *pendingChange) check(at time.Time) error {
	if err := checkNote(p.Note); err != nil {
		return err
	}
	switch {
	case p.To != StateRevoked && (p.To != StateHeld && p.To != StateValid || p.Cause != 0 || !p.Invalid.IsZero()):
		return refuse(ErrRequest, ReasonMalformed, "only a revocation has a reason and an invalidity date")
	case !revokes(p.Cause):
		return refuse(ErrRequest, ReasonMalformed, "no reason to revoke")
	case p.Invalid.After(at):
		return refuse(ErrRequest, ReasonDate, "invalidity date is in the future")
	}
	return nil
}

// revokes tells whether a certificate can be revoked for a reason.
func revokes(c pki.Cause) bool {
	return knownCause(c) && c != pki.CauseCertificateHold && c != pki.CauseRemoveFromCRL && c != pki.CauseAACompromise
}

func (p *pendingChange) read(rd engine.Reader) error {
	issued, err := getIssued(rd, p.ID)
	if err != nil {
		return err
	}
	c, err := issued.Certificate()
	if err != nil || c.PublicKey == nil {
		return ErrDamaged
	}
	if p.Cause == pki.CauseCACompromise && !c.IsCA {
		return refuse(ErrRequest, ReasonMalformed, "cACompromise is for certificates of authorities")
	}
	if !p.Invalid.IsZero() && p.Invalid.Before(c.NotBefore) {
		return refuse(ErrRequest, ReasonDate, "invalidity date is before the certificate")
	}
	p.keyDigest = KeyDigest(c.PublicKey)
	return nil
}

// writeChanges makes a group of changes; one that is refused leaves nothing.
func writeChanges(w engine.Writer, actor string, at time.Time, pending []pendingChange) error {
	chain, err := openAuditChain(w)
	if err != nil {
		return err
	}
	for i := range pending {
		p := &pending[i]
		p.status, p.err = Status{}, p.refusal
		if p.err != nil {
			continue
		}
		if p.err = chain.admits(at); p.err != nil {
			continue
		}
		p.status, p.err = p.write(w, at)
		if p.err != nil && ReasonOf(p.err) == "" {
			return p.err
		}
		if p.err != nil {
			p.status = Status{}
			continue
		}
		e := AuditEntry{At: at, Actor: actor, Act: actOf(p.To), Object: p.ID.String(), Note: p.Note}
		if err := chain.add(w, e); err != nil {
			return err
		}
	}
	return chain.close(w)
}

// write makes one change. The four rows of a status stand or fall together: the status for OCSP, the shard's row for
// its CRL, the change for deltas, the sequence.
func (p *pendingChange) write(w engine.Writer, at time.Time) (Status, error) {
	before, err := getStatus(w, p.ID)
	if err != nil {
		return Status{}, err
	}
	after, err := p.next(before, at)
	if err != nil {
		return Status{}, err
	}
	last, err := lastSequence(w, p.ID.Issuer)
	if err != nil {
		return Status{}, err
	}
	after.Sequence = last + 1
	if err := putStatus(w, p.ID, after); err != nil {
		return Status{}, err
	}
	if p.Cause == pki.CauseKeyCompromise || p.Cause == pki.CauseCACompromise {
		return after, blockKey(w, p.keyDigest)
	}
	return after, nil
}

// putStatus writes a status that has the next sequence number of its issuer.
func putStatus(w engine.Writer, id CertificateID, s Status) error {
	row := s.append(nil)
	if err := w.Put(statusKey(id), row); err != nil {
		return err
	}
	var err error
	if s.State == StateValid {
		err = w.Delete(listedKey(id, s.Shard))
	} else {
		err = w.Put(listedKey(id, s.Shard), row)
	}
	if err != nil {
		return err
	}
	change := Revocation{id.Serial, s}
	if err := w.Create(changeKey(id.Issuer, s.Sequence), change.append(nil)); err != nil {
		return err
	}
	return w.Put(key(spaceSequence, id.Issuer[:]), be64(s.Sequence))
}

// next is the status after the change, without its sequence number.
func (p *pendingChange) next(before Status, at time.Time) (Status, error) {
	if !slices.Contains(transitions[before.State], p.To) || before.State == StateRevoked && !p.worse(before) {
		return Status{}, refuse(ErrTransition, ReasonState, "certificate is "+before.State.String())
	}
	if p.To == StateHeld && at.After(before.NotAfter) {
		return Status{}, refuse(ErrTransition, ReasonState, "certificate has expired")
	}
	after := Status{
		State: p.To, Cause: p.Cause, At: at, Invalid: p.Invalid, Shard: before.Shard, NotAfter: before.NotAfter,
	}
	if p.To == StateHeld {
		after.Cause = pki.CauseCertificateHold
	}
	if p.To == StateRevoked && before.State != StateValid {
		after.At = before.At // it has been out of use since then
	}
	if after.Invalid.IsZero() || !before.Invalid.IsZero() && before.Invalid.Before(after.Invalid) {
		after.Invalid = before.Invalid
	}
	return after, nil
}

// worse reports whether a second revocation says more than the first: that the key was compromised, or since when.
func (p *pendingChange) worse(before Status) bool {
	if p.Cause != pki.CauseKeyCompromise && p.Cause != pki.CauseCACompromise {
		return false
	}
	earlier := !p.Invalid.IsZero() && (before.Invalid.IsZero() || p.Invalid.Before(before.Invalid))
	return before.Cause != p.Cause && before.Cause != pki.CauseCACompromise || earlier
}
