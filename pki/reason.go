package pki

import (
	"errors"
	"fmt"
)

// Reason says why a certificate was refused.
type Reason string

// Reasons.
const (
	ReasonOptions         Reason = "options"          // no anchors, no time, no usage or no certificate was given
	ReasonExpired         Reason = "expired"          // the time is after notAfter
	ReasonNotYetValid     Reason = "not-yet-valid"    // the time is before notBefore
	ReasonUnknownIssuer   Reason = "unknown-issuer"   // no certificate of the issuer leads to an anchor
	ReasonLoop            Reason = "loop"             // the only way up comes back to where it was
	ReasonBadSignature    Reason = "bad-signature"    // the issuer's key did not sign it
	ReasonNotCA           Reason = "not-ca"           // the issuer's certificate is no CA certificate
	ReasonKeyUsage        Reason = "key-usage"        // the key may not be used so
	ReasonPurpose         Reason = "purpose"          // the extended key usage does not have the purpose
	ReasonPathLength      Reason = "path-length"      // more CAs below the issuer than it allows, or a chain too long
	ReasonNameConstraints Reason = "name-constraints" // a name outside of what an authority may name
	ReasonPolicy          Reason = "policy"           // no acceptable policy holds along the whole chain
	ReasonAlgorithm       Reason = "algorithm"        // a kind of key or signature that is not supported
	ReasonWeak            Reason = "weak-algorithm"   // a hash or key that no longer resists forgery
	ReasonExtension       Reason = "extension"        // a critical extension that is not understood here
	ReasonEncoding        Reason = "encoding"         // it needs a tolerance that the anchor's scope lacks
	ReasonScope           Reason = "anchor-scope"     // the anchor may not vouch for this
	ReasonHost            Reason = "host"             // it does not name the host
	ReasonRevocation      Reason = "revocation"       // the revocation checker refused without saying why
	ReasonBudget          Reason = "budget"           // too much work was needed
)

// RefusalError is the refusal of a certificate or chain.
type RefusalError struct {
	Reason  Reason
	Subject string // of the certificate at fault, without numbers that could identify a person
	Detail  string
}

// Error is for a log; show a person the Reason in his language.
func (e *RefusalError) Error() string {
	return fmt.Sprintf("pki: certificate refused (%s): %q: %s", e.Reason, e.Subject, e.Detail)
}

// ReasonOf is the reason of a refusal anywhere in err, or empty.
func ReasonOf(err error) Reason {
	var refusal *RefusalError
	if errors.As(err, &refusal) {
		return refusal.Reason
	}
	return ""
}

func refuse(c *Certificate, reason Reason, format string, args ...any) *RefusalError {
	detail := fmt.Sprintf(format, args...)
	return &RefusalError{Reason: reason, Subject: maskNumbers(c.Subject), Detail: maskNumbers(detail)}
}
