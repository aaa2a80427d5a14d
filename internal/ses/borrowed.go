package ses

import (
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// IsSigned tells what a signer's key signs with a seal (TBS_Sign; GB/T 38540-2020, 7.1): version, the seal, and what it
// is over. A signature over it as a file would be one with the seal too.
func IsSigned(content []byte) bool {
	input, body := cryptobyte.String(content), cryptobyte.String(nil)
	var version int
	var seal cryptobyte.String
	if !input.ReadASN1(&body, casn1.SEQUENCE) || !input.Empty() ||
		!body.ReadASN1Integer(&version) || !body.ReadASN1Element(&seal, casn1.SEQUENCE) {
		return false
	}
	_, err := ParseSeal(seal)
	return err == nil
}
