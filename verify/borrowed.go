package verify

import (
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/ses"
)

// What content was signed as, if not as a file. Nothing in a signature without attributes says what kind of thing it is
// over, so that the signature of one kind holds for another.
const (
	borrowedAttributes = "the attributes of another signature"
	borrowedSeal       = "what a seal was used for"
)

// borrowed tells content that somebody signed as something else: the attributes of SignedData (RFC 5652, 5.4), or the
// statement under a seal (GB/T 38540-2020, 7.1). Whoever has such a signature could set its content free as a file that
// the signer never saw.
func borrowed(content []byte) string {
	switch {
	case isAttributes(content):
		return borrowedAttributes
	case isSealed(content):
		return borrowedSeal
	}
	return ""
}

// isAttributes tells a SET of attributes among which is the digest of a message.
func isAttributes(content []byte) bool {
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

// isSealed tells what a signer's key signs with a seal: version, the seal, and what it is over.
func isSealed(content []byte) bool {
	input, body := cryptobyte.String(content), cryptobyte.String(nil)
	var version int
	var seal cryptobyte.String
	if !input.ReadASN1(&body, casn1.SEQUENCE) || !input.Empty() ||
		!body.ReadASN1Integer(&version) || !body.ReadASN1Element(&seal, casn1.SEQUENCE) {
		return false
	}
	_, err := ses.ParseSeal(seal)
	return err == nil
}
