// Package tsp reads and writes the messages of the time-stamp protocol (时间戳): RFC 3161 with RFC 5816, the shape that
// GM/T 0033 takes over.
//
// It is a codec: bytes to values and back. It decides nothing about trust or time. Reading is strict DER; it is
// tolerant exactly where a product in use deviates, and each tolerance that was needed is reported by name. Every
// refusal leaves zero results. What was signed keeps its bytes. Writing is strict and has one form.
//
//	TimeStampReq   ::= SEQUENCE { version INTEGER { v1(1) }, messageImprint MessageImprint,
//	                   reqPolicy OBJECT IDENTIFIER OPTIONAL, nonce INTEGER OPTIONAL, certReq BOOLEAN DEFAULT FALSE,
//	                   extensions [0] IMPLICIT Extensions OPTIONAL }
//	TimeStampResp  ::= SEQUENCE { status PKIStatusInfo, timeStampToken ContentInfo OPTIONAL }
//	MessageImprint ::= SEQUENCE { hashAlgorithm AlgorithmIdentifier, hashedMessage OCTET STRING }
//
// A token is SignedData over a TSTInfo, see Info and Token.
package tsp

import (
	"errors"
	"fmt"
	"strings"
)

// Limits of what is read.
const (
	MaxRequestBytes  = 16 << 10
	MaxTokenBytes    = 1 << 20
	MaxResponseBytes = MaxTokenBytes + 64<<10
	maxDigestBytes   = 64
	maxIntegerBytes  = 64
	maxExtensions    = 16
	maxTexts         = 16
	maxTextBytes     = 4 << 10
)

var (
	// ErrMalformed is returned for bytes that are not the message in DER; the text names the field.
	ErrMalformed = errors.New("tsp: malformed message")
	// ErrLimit is returned for input beyond the limits of this package.
	ErrLimit = errors.New("tsp: limit exceeded")
	// ErrVersion is returned for a version other than 1.
	ErrVersion = errors.New("tsp: version is not 1")
	// ErrForm is returned for SignedData that is well-formed and no time-stamp token.
	ErrForm = errors.New("tsp: not a time-stamp token")
	// ErrInput is returned for values that cannot be written.
	ErrInput = errors.New("tsp: value cannot be written")
)

func malformed(field string) error { return fmt.Errorf("%w: %s", ErrMalformed, field) }

// Tolerances is the set of deviations from RFC 3161 with SM2 and SM3 that were met while reading.
type Tolerances uint32

// Each deviation that is accepted. The first five together are the shape of a time-stamp server in use in Fujian
// (FJCA, Kinsec); the others are forms of GB/T 35275 SignedData that makers of the same arc write.
const (
	// TolerantImprintAlgorithm is an SM3 imprint under an identifier other than 1.2.156.10197.1.401: 401.1, or
	// 1.2.156.10197.6.1.4.2, which is no algorithm at all.
	TolerantImprintAlgorithm Tolerances = 1 << iota
	// TolerantArc is an outer content type of GB/T 35275 in place of RFC 5652.
	TolerantArc
	// TolerantContentType is the GB/T 35275 data type in place of id-ct-TSTInfo.
	TolerantContentType
	// TolerantNoAttributes is a signature over the TSTInfo itself: nothing binds the certificate.
	TolerantNoAttributes
	// TolerantDigestAlgorithm is an SM3 identifier of the signer other than 1.2.156.10197.1.401.
	TolerantDigestAlgorithm
	// TolerantSignatureAlgorithm is an SM2 identifier other than the one of the arc.
	TolerantSignatureAlgorithm
	// TolerantCertificateTag is a certificates field with an inner or bare SET or SEQUENCE tag.
	TolerantCertificateTag
	// TolerantRawSignature is a signature value of 64 bytes r‖s in place of DER.
	TolerantRawSignature
	// TolerantAttributeOrder is signed attributes that are not in DER order.
	TolerantAttributeOrder

	endOfTolerances
)

var toleranceNames = [...]string{
	"imprint-algorithm", "gm-arc", "content-type", "no-signed-attributes", "digest-algorithm", "signature-algorithm",
	"certificate-tag", "raw-signature", "attribute-order",
}

// Names lists the deviations by name, in a fixed order.
func (t Tolerances) Names() []string {
	var names []string
	for i, name := range toleranceNames {
		if t&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// String is the names joined by commas.
func (t Tolerances) String() string { return strings.Join(t.Names(), ",") }
