package pki

import (
	"crypto/rsa"

	"golang.org/x/crypto/cryptobyte"
)

// Agree is the rule of CrossCheck.
var Agree = agree

// Succeeds runs one test of the self-test.
var Succeeds = succeeds

// SM2Parameters are the numbers of the curve.
var SM2Parameters = sm2Parameters

// AllTolerances lists every tolerance there is.
var AllTolerances = []Tolerance{
	ToleranceNegativeSerial, ToleranceZeroSerial, ToleranceLongSerial, ToleranceInteger, ToleranceBoolean,
	ToleranceDefault, ToleranceBitString, ToleranceTime, ToleranceUTF8String, TolerancePrintableString,
	ToleranceIA5String, ToleranceWideString, ToleranceEmptyIssuer, ToleranceKeyParameters, ToleranceExplicitCurve,
	ToleranceIdentifier, ToleranceVersion, ToleranceGeneralName, ToleranceSubtreeBounds, ToleranceEmptyExtension,
	ToleranceExtension, ToleranceDuplicatePolicy, ToleranceExtensionPresent,
}

// LinksHeld counts what a cache holds.
func LinksHeld(l *LinkCache) int { return len(l.now) + len(l.old) }

// HolderOf reads a holder from extensions alone.
func HolderOf(extensions ...Extension) Holder { return holderOf(Name{}, extensions) }

// ReadName reads a name as a tolerant reader does.
func ReadName(der []byte) (Name, error) {
	s := cryptobyte.String(der)
	n, err := (&reader{tolerant: true}).name(&s, "name")
	if err == nil && !s.Empty() {
		return Name{}, malformed("name")
	}
	return n, err
}

// CheckNames holds the names of a certificate against the constraints of another.
func CheckNames(c, above *Certificate) error {
	s := newSearch(&ChainOptions{})
	if err := s.checkNames(above.NameConstraints, []*Certificate{c}); err != nil {
		return err
	}
	return nil
}

// KeyOfRSA is the key of a certificate with an RSA key.
func KeyOfRSA(key *rsa.PublicKey) *Key {
	return &Key{Algorithm: KeyRSA, Bits: key.N.BitLen(), rsa: key}
}
