package cms

import (
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

// SignedAttribute returns the value, a whole DER element, of the signed attribute of that type; nil if there is none.
// An attribute that is there twice or has not exactly one value is refused.
func (s *SignerInfo) SignedAttribute(id oid.ID) ([]byte, error) {
	value, ok := s.single(id)
	switch {
	case ok:
		return value, nil
	case slices.ContainsFunc(s.Attributes, func(a Attribute) bool { return a.Type == id }):
		return nil, fmt.Errorf("%w: %s must have one value", ErrAttributes, id)
	default:
		return nil, nil
	}
}

// SignedValues lists every value of every signed attribute of that type, for the types that may come more than once.
func (s *SignerInfo) SignedValues(id oid.ID) [][]byte { return valuesOf(s.Attributes, id) }

// UnsignedValues lists every value of every unsigned attribute of that type, as whole DER elements. Nothing protects
// them: whoever handed the signature over can have put them there.
func (s *SignerInfo) UnsignedValues(id oid.ID) [][]byte { return valuesOf(s.UnsignedAttributes, id) }

func valuesOf(list []Attribute, id oid.ID) [][]byte {
	var values [][]byte
	for _, a := range list {
		if a.Type == id {
			values = append(values, a.Values...)
		}
	}
	return values
}

// SignatureTimestamps lists the time-stamp tokens over the value of this signature, unverified.
func (s *SignerInfo) SignatureTimestamps() [][]byte { return s.UnsignedValues(oid.SignatureTimestamp) }

// SigningTime is when the signer says that he signed; ok is false if he does not say. It is no proof of anything.
//
//	SigningTime ::= CHOICE { utcTime UTCTime, generalTime GeneralizedTime }        -- RFC 5652, 11.3
func (s *SignerInfo) SigningTime() (at time.Time, ok bool, err error) {
	raw, err := s.SignedAttribute(oid.SigningTime)
	if raw == nil || err != nil {
		return time.Time{}, false, err
	}
	value := cryptobyte.String(raw)
	if value.PeekASN1Tag(casn1.UTCTime) {
		ok = value.ReadASN1UTCTime(&at)
	} else {
		ok = value.ReadASN1GeneralizedTime(&at)
	}
	if !ok || !value.Empty() {
		return time.Time{}, false, fmt.Errorf("%w: signing time", ErrAttributes)
	}
	return at, true, nil
}

// single returns the value of the attribute that must occur exactly once with exactly one value (RFC 5652, 11.1, 11.2).
func (s *SignerInfo) single(id oid.ID) (cryptobyte.String, bool) {
	var value cryptobyte.String
	found := 0
	for _, a := range s.Attributes {
		if a.Type != id {
			continue
		}
		found++
		if len(a.Values) != 1 {
			return nil, false
		}
		value = a.Values[0]
	}
	return value, found == 1
}
