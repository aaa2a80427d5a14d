package verify

import (
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// clauseOf is where the verification of a signature of this algorithm is laid down.
func clauseOf(a pki.SignatureAlgorithm) string {
	switch {
	case a.Key == pki.KeySM2:
		return "GB/T 32918.2-2016 7"
	case a.PSS || a.Key == pki.KeyRSAPSS:
		return "RFC 8017 8.1.2"
	case a.Key == pki.KeyRSA:
		return "RFC 8017 8.2.2"
	case a.Key == pki.KeyECDSA:
		return "FIPS 186-5 6.4.2"
	}
	return "RFC 5652 5.6"
}

// formClause is where the form of SignedData of this content type is laid down.
func formClause(contentType oid.ID) string {
	if contentType == oid.GMData || contentType == oid.GMSignedData {
		return "GB/T 35275-2017 8"
	}
	return "RFC 5652 5.1"
}
