package cms

import (
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

// IsAttributes tells a SET of attributes among which is the digest of a message: what a signature with attributes
// covers (RFC 5652, 5.4). A signature without attributes over it as its content would be one over that message too.
func IsAttributes(content []byte) bool {
	input, set := cryptobyte.String(content), cryptobyte.String(nil)
	if !input.ReadASN1(&set, casn1.SET) || !input.Empty() {
		return false
	}
	found := false
	for !set.Empty() {
		var attribute cryptobyte.String
		var id oid.ID
		if !set.ReadASN1(&attribute, casn1.SEQUENCE) || !oid.Read(&attribute, &id) {
			return false
		}
		found = found || id == oid.MessageDigest
	}
	return found
}
