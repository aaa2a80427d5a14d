package stepca

import (
	"errors"
	"net/http"
)

// Reason says why a request was refused.
type Reason string

// Reasons.
const (
	ReasonToken      Reason = "token"       // none, malformed, incomplete, or of a provisioner that is not known here
	ReasonForged     Reason = "forged"      // not signed by the provisioner that it names
	ReasonExpired    Reason = "expired"     // outside its time, or valid for longer than tokens may be
	ReasonAudience   Reason = "audience"    // meant for another authority or another act
	ReasonReplayed   Reason = "replayed"    // used before
	ReasonRequest    Reason = "request"     // the certificate request cannot be read
	ReasonPossession Reason = "possession"  // the request is not signed by the key in it
	ReasonConstraint Reason = "constraint"  // names, times or policy do not allow this certificate
	ReasonNotIssued  Reason = "not-issued"  // the certificate was not issued here
	ReasonRevoked    Reason = "revoked"     // the certificate is revoked
	ReasonNotServed  Reason = "not-served"  // this authority does not do this
	ReasonUnverified Reason = "unverified"  // a client certificate that does not lead to this authority
	ReasonOther      Reason = "other-cause" // refused by smallstep in words that have no code
)

// RefusalError is a request that was refused. Nothing was issued or revoked; a token that got as far as being verified
// is used up, whatever the reason.
type RefusalError struct {
	Reason Reason
	Detail string
}

// Error is for a log; show a person the Reason in his language.
func (e *RefusalError) Error() string {
	text := "stepca: refused: " + string(e.Reason)
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	return text
}

// StatusCode is the HTTP status of the refusal.
func (e *RefusalError) StatusCode() int {
	switch e.Reason {
	case ReasonToken, ReasonForged, ReasonExpired, ReasonAudience, ReasonReplayed, ReasonRevoked, ReasonUnverified:
		return http.StatusUnauthorized
	case ReasonRequest, ReasonPossession:
		return http.StatusBadRequest
	case ReasonNotServed:
		return http.StatusNotFound
	case ReasonConstraint, ReasonNotIssued, ReasonOther:
		return http.StatusForbidden
	default:
		return http.StatusForbidden
	}
}

// ReasonOf is the reason of a refusal anywhere in err, or empty.
func ReasonOf(err error) Reason {
	var refusal *RefusalError
	if errors.As(err, &refusal) {
		return refusal.Reason
	}
	return ""
}

func refuse(reason Reason, detail string) error { return &RefusalError{reason, detail} }
