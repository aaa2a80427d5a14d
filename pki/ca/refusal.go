package ca

import "errors"

// Sentinels of the register. A *RefusalError unwraps to one of these or to those of Authority.
var (
	ErrNotFound   = errors.New("ca: not in the register")
	ErrDenied     = errors.New("ca: no right to this act")
	ErrTransition = errors.New("ca: state does not allow this")
	ErrConflict   = errors.New("ca: changed meanwhile")
	ErrKey        = errors.New("ca: key refused")
	ErrClock      = errors.New("ca: clock is behind the register")
	ErrRestored   = errors.New("ca: register was restored and has not caught up")
	ErrPublished  = errors.New("ca: published CRL refused")
	ErrDamaged    = errors.New("ca: stored data is damaged")
)

// Reason says why something was refused; the same in every release.
type Reason string

// Reasons.
const (
	ReasonMalformed     Reason = "malformed"     // cannot be read, or a value that cannot be
	ReasonTooLarge      Reason = "too-large"     // over a limit
	ReasonAlgorithm     Reason = "algorithm"     // not SM2 with SM3
	ReasonBadProof      Reason = "bad-proof"     // the request is not signed by its own key
	ReasonWithoutZ      Reason = "without-z"     // signed over SM3 of the request alone
	ReasonEmptyID       Reason = "empty-id"      // signed with an empty signer identifier
	ReasonWeakKey       Reason = "weak-key"      // a key that others know
	ReasonDuplicateKey  Reason = "duplicate-key" // the key of somebody else, or one that was revoked
	ReasonProfile       Reason = "profile"       // unknown, or not issued this way
	ReasonIssuer        Reason = "issuer"        // unknown, or not one that may issue this
	ReasonLint          Reason = "lint"          // the certificate would break a rule
	ReasonRole          Reason = "role"          // the actor does not have the role
	ReasonSameActor     Reason = "same-actor"    // who applied or approved may not approve
	ReasonNotApproved   Reason = "not-approved"  // approvals are missing
	ReasonEvidence      Reason = "evidence"      // nobody says which document was seen
	ReasonStage         Reason = "stage"         // the application is past this, or not so far
	ReasonState         Reason = "state"         // the certificate's state does not allow it
	ReasonDate          Reason = "date"          // a date that cannot be
	ReasonReused        Reason = "reused"        // the identifier belongs to another application
	ReasonTooEarly      Reason = "too-early"     // renewal before its time
	ReasonUnknown       Reason = "unknown"       // no such certificate or application
	ReasonClock         Reason = "clock"         // time runs backwards
	ReasonBehind        Reason = "behind"        // behind what was published
	ReasonNumber        Reason = "number"        // a CRL number that does not go forward
	ReasonTwin          Reason = "twin"          // no encryption keys are to be had here
	ReasonMissingNote   Reason = "missing-note"  // the act needs a reason in words
	ReasonConfiguration Reason = "configuration" // the register was opened with less than it needs
	ReasonLost          Reason = "lost"          // certificates are missing from the issuance log
	ReasonBadSignature  Reason = "bad-signature" // not signed by the issuer
	ReasonChanged       Reason = "changed"       // somebody else was faster
)

// RefusalError is why an act was refused. Its text holds nothing that was submitted.
type RefusalError struct {
	Err    error // the sentinel
	Reason Reason
	Detail string
}

// Error is for a log; show a person the Reason in his language.
func (e *RefusalError) Error() string {
	return e.Err.Error() + " (" + string(e.Reason) + "): " + e.Detail
}

// Unwrap gives the sentinel.
func (e *RefusalError) Unwrap() error { return e.Err }

// ReasonOf is the reason of a refusal anywhere in err, or empty.
func ReasonOf(err error) Reason {
	var refusal *RefusalError
	if errors.As(err, &refusal) {
		return refusal.Reason
	}
	return ""
}

func refuse(sentinel error, reason Reason, detail string) error {
	return &RefusalError{sentinel, reason, detail}
}
