package vault

import (
	"context"
	"errors"
	"regexp"
)

// Witnessed is something that was done beside the vault on its account, as verifying a submission with the vault's
// evidence. Act and Object are stable names, never anything submitted: they stand in the audit as they are.
type Witnessed struct {
	Act     string // "verify" and the like: small letters and hyphens
	Object  string // what it was about, by a digest or number of the service's own; "" if it has none
	Licence string // identifier; "" if it was about none
	Result  string // stable name of the outcome; "": done
}

// ErrWitnessed is a Witnessed that cannot stand in the audit.
var ErrWitnessed = errors.New("vault: what was witnessed has no stable names")

var (
	witnessedWord   = regexp.MustCompile(`^[a-z][a-z-]{0,31}$`)
	witnessedObject = regexp.MustCompile(`^([a-z]+ [0-9a-zA-Z-]{1,80})?$`)
)

// Witness writes the audit entry of something that was done beside the vault. It is durable before the answer: what
// cannot be audited must not be answered. The right to do it is the service's to decide; the vault knows the caller.
func (v *Vault) Witness(ctx context.Context, a Access, w Witnessed) error {
	if !witnessedWord.MatchString(w.Act) || !witnessedObject.MatchString(w.Object) ||
		w.Result != "" && !witnessedWord.MatchString(w.Result) {
		return ErrWitnessed
	}
	s, err := v.admit(ctx, a)
	if err != nil {
		return err
	}
	return v.audit(ctx, s, auditNote{act: w.Act, object: w.Object, result: w.Result, count: 1}.about(w.Licence))
}
