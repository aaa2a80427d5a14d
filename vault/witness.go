package vault

import (
	"context"
	"errors"
	"regexp"
)

// Witnessed is something that was done beside the vault on its account, as verifying a submission with the vault's
// evidence or registering a system. Act, Object and Change are stable names, never anything submitted: they stand in
// the audit as they are.
type Witnessed struct {
	Act        string // "verify" and the like: small letters and hyphens
	Object     string // what it was about, by a digest or number of the service's own; "" if it has none
	Licence    string // identifier; "" if it was about none
	Department string // credit code of whom it concerns; "" if it concerns none
	Change     string // what is other than before; "" for what changes nothing
	Result     string // stable name of the outcome; "": done
}

// ErrWitnessed is a Witnessed that cannot stand in the audit.
var ErrWitnessed = errors.New("vault: what was witnessed has no stable names")

var (
	witnessedWord   = regexp.MustCompile(`^[a-z][a-z-]{0,31}$`)
	witnessedObject = regexp.MustCompile(`^([a-z]+ [0-9a-zA-Z.-]{1,80})?$`)
	witnessedChange = regexp.MustCompile(`^([0-9a-zA-Z]([0-9a-zA-Z.; -]*[0-9a-zA-Z.-])?)?$`)
)

const maxWitnessedChange = 2 << 10

// stable reports whether all names may stand in the audit.
func (w *Witnessed) stable() bool {
	return witnessedWord.MatchString(w.Act) && witnessedObject.MatchString(w.Object) &&
		len(w.Change) <= maxWitnessedChange && witnessedChange.MatchString(w.Change) &&
		(w.Result == "" || witnessedWord.MatchString(w.Result))
}

// Witness writes the audit entry of something that is done beside the vault. It is durable before the answer, and
// before what is changed counts: what cannot be audited must not be. The right to do it is the service's to decide; the
// vault knows the caller, and whether it runs or oversees the vault if that is the ground.
func (v *Vault) Witness(ctx context.Context, a Access, w Witnessed) error {
	if !w.stable() {
		return ErrWitnessed
	}
	s, err := v.admit(ctx, a)
	if err != nil {
		return err
	}
	note := auditNote{act: w.Act, object: w.Object, issuer: w.Department, count: 1}.about(w.Licence)
	if err := s.standsOn(); err != nil {
		return v.denied(ctx, s, note, err)
	}
	note.change, note.result = w.Change, w.Result
	return v.audit(ctx, s, note)
}

// standsOn refuses a caller that says it runs or oversees the vault and does not.
func (s *session) standsOn() error {
	switch s.Ground { //nolint:exhaustive // the others are looked at where something is read by them
	case GroundOperator:
		return s.mustOperate()
	case GroundAudit:
		return s.mayAudit()
	}
	return nil
}
