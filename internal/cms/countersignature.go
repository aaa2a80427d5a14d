package cms

import (
	"fmt"
	"slices"

	"github.com/elicense/elicense/internal/oid"
)

// Countersignatures reads the signatures over this signature's value (会签), which stand in its unsigned attributes
// (RFC 5652, 11.4). A countersignature can itself be countersigned; whoever walks down sets a limit to the depth.
func (s *SignerInfo) Countersignatures() ([]SignerInfo, error) {
	values := s.UnsignedValues(oid.Countersignature)
	if len(values) > maxSigners {
		return nil, fmt.Errorf("%w: countersignatures", ErrLimit)
	}
	var list []SignerInfo
	for _, value := range values {
		counter, err := parseSigner(value)
		if err != nil {
			return nil, fmt.Errorf("countersignature: %w", err)
		}
		if hasType(&counter, oid.ContentType) {
			counter.Tolerances |= TolerantCounterType
		}
		list = append(list, counter)
	}
	return list, nil
}

func hasType(s *SignerInfo, id oid.ID) bool {
	return slices.ContainsFunc(s.Attributes, func(a Attribute) bool { return a.Type == id })
}

// CounterSignedBytes returns the message that a countersignature of s covers: the contents octets of the signature
// value of s, or the signed attributes that hold their digest. digest is the algorithm that the countersignature
// names; it may be nil for SM2 with SM3.
func (s *SignerInfo) CounterSignedBytes(counter *SignerInfo, digest func([]byte) []byte) ([]byte, error) {
	switch {
	case counter.IsSM2():
		digest = sumSM3
	case digest == nil || isSM3(counter.DigestAlgorithm) || isSM2(counter.SignatureAlgorithm):
		return nil, fmt.Errorf("%w: %s with %s", ErrAlgorithm, counter.SignatureAlgorithm, counter.DigestAlgorithm)
	}
	if len(s.Signature) == 0 {
		return nil, ErrContent
	}
	if counter.rawAttributes == nil {
		return s.Signature, nil
	}
	return counter.message(digest(s.Signature))
}
