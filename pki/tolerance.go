package pki

import (
	"errors"
	"slices"
)

// ErrCertificate is returned for bytes that are no certificate.
var ErrCertificate = errors.New("pki: malformed certificate")

// Tolerance names one departure from RFC 5280 or from DER that certificates in production are seen to have and that
// ParseTolerant lets pass. A certificate with any is refused in a chain unless the scope of its anchor names it too.
type Tolerance string

// Tolerances.
const (
	ToleranceNegativeSerial   Tolerance = "negative-serial"    // the serial number is below zero
	ToleranceZeroSerial       Tolerance = "zero-serial"        // the serial number is zero
	ToleranceLongSerial       Tolerance = "long-serial"        // the serial number has more than 20 octets
	ToleranceInteger          Tolerance = "integer-padding"    // an INTEGER is not in its shortest form
	ToleranceBoolean          Tolerance = "boolean-value"      // TRUE is not written as FF
	ToleranceDefault          Tolerance = "default-encoded"    // a member that has its default value is written
	ToleranceBitString        Tolerance = "bit-string-padding" // unused bits are set, or trailing zero bits are written
	ToleranceTime             Tolerance = "time-format"        // no seconds, fractions of seconds or an offset
	ToleranceUTF8String       Tolerance = "utf8-string"        // a UTF8String is not UTF-8
	TolerancePrintableString  Tolerance = "printable-string"   // a PrintableString has other characters
	ToleranceIA5String        Tolerance = "ia5-string"         // an IA5String has other than ASCII characters
	ToleranceWideString       Tolerance = "wide-string"        // a Teletex-, BMP- or UniversalString that is not one
	ToleranceEmptyIssuer      Tolerance = "empty-issuer"       // the issuer has no name
	ToleranceKeyParameters    Tolerance = "key-parameters"     // NULL missing or present beside a key or signature
	ToleranceExplicitCurve    Tolerance = "explicit-curve"     // a known curve is written out instead of named
	ToleranceIdentifier       Tolerance = "other-identifier"   // an algorithm is named in another way than it should
	ToleranceVersion          Tolerance = "version"            // members that the version does not have
	ToleranceGeneralName      Tolerance = "general-name"       // an alternative name is not what its form demands
	ToleranceSubtreeBounds    Tolerance = "subtree-bounds"     // a name constraint has a maximum; it refuses every name
	ToleranceEmptyExtension   Tolerance = "empty-extension"    // an extension holds a list without members
	ToleranceExtension        Tolerance = "extension-syntax"   // an extension that limits nothing cannot be read
	ToleranceDuplicatePolicy  Tolerance = "duplicate-policy"   // a policy is listed twice
	ToleranceExtensionPresent Tolerance = "no-extensions"      // a list of extensions that is present has no member
)

// MalformedError says which part of a certificate cannot be read. It wraps ErrCertificate.
type MalformedError struct {
	Field     string    // as RFC 5280 names it
	Tolerance Tolerance // the departure, if ParseTolerant would let it pass
}

// Error names the field, never its content.
func (e *MalformedError) Error() string {
	if e.Tolerance != "" {
		return ErrCertificate.Error() + ": " + e.Field + " (" + string(e.Tolerance) + ")"
	}
	return ErrCertificate.Error() + ": " + e.Field
}

// Unwrap is ErrCertificate.
func (e *MalformedError) Unwrap() error { return ErrCertificate }

// hasTolerance tells whether err is a departure that a tolerant reader lets pass.
func hasTolerance(err error) bool {
	var e *MalformedError
	return errors.As(err, &e) && e.Tolerance != ""
}

func malformed(field string) error { return &MalformedError{Field: field} }

// reader reads one structure; a tolerant one notes what it let pass. It lives for one call.
type reader struct {
	tolerant bool
	noted    []Tolerance
}

// allow notes a departure, or makes an error of it.
func (r *reader) allow(t Tolerance, field string) error {
	if !r.tolerant {
		return &MalformedError{Field: field, Tolerance: t}
	}
	if !slices.Contains(r.noted, t) {
		r.noted = append(r.noted, t)
	}
	return nil
}
