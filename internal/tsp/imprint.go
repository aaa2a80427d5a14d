package tsp

import (
	"bytes"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/oid"
)

// Imprint is the messageImprint: what was stamped, as a digest.
type Imprint struct {
	Algorithm oid.ID // as received, see SM3
	Null      bool   // the algorithm has NULL parameters; both forms are in use
	Digest    []byte
}

// SM3 tells whether the digest is SM3, under whichever identifier: that of GM/T 0006, the one without key, or the arc
// of content types that a product writes in its place.
func (i Imprint) SM3() bool {
	switch i.Algorithm {
	case oid.SM3, oid.SM3NoKey, oid.GMContent:
		return true
	default:
		return false
	}
}

// Equal tells whether both are the same algorithm identifier and digest.
func (i Imprint) Equal(other Imprint) bool {
	return i.Algorithm == other.Algorithm && bytes.Equal(i.Digest, other.Digest)
}

// digestSize is the length of a digest by a known algorithm, 0 for others.
func digestSize(id oid.ID) int {
	if id == oid.GMContent {
		return 32
	}
	return cms.DigestSize(id)
}

func (i Imprint) wellFormed() bool {
	size := digestSize(i.Algorithm)
	return len(i.Digest) > 0 && len(i.Digest) <= maxDigestBytes && (size == 0 || size == len(i.Digest))
}

func (i Imprint) tolerances() Tolerances {
	if i.SM3() && i.Algorithm != oid.SM3 {
		return TolerantImprintAlgorithm
	}
	return 0
}

// readImprint reads MessageImprint. A digest whose length is not that of its algorithm is malformed.
func readImprint(s *cryptobyte.String, out *Imprint) bool {
	var body, algorithm, digest cryptobyte.String
	if !s.ReadASN1(&body, casn1.SEQUENCE) || !body.ReadASN1(&algorithm, casn1.SEQUENCE) ||
		!oid.Read(&algorithm, &out.Algorithm) || !emptyOrNull(algorithm) ||
		!body.ReadASN1(&digest, casn1.OCTET_STRING) || !body.Empty() {
		return false
	}
	out.Null, out.Digest = !algorithm.Empty(), digest
	return out.wellFormed()
}

func emptyOrNull(parameters cryptobyte.String) bool {
	return parameters.Empty() || bytes.Equal(parameters, []byte{5, 0})
}

func addImprint(b *cryptobyte.Builder, i Imprint) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			oid.Add(b, i.Algorithm)
			if i.Null {
				b.AddASN1NULL()
			}
		})
		b.AddASN1OctetString(i.Digest)
	})
}
