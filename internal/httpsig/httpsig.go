// Package httpsig reads and writes signatures on HTTP messages (RFC 9421) with SM2 over SM3, and the digest of the
// content that they cover (RFC 9530).
//
// It is a codec: it knows no key store, no clock and no policy. What must be covered, how old a signature may be and
// whether it was seen before is for the caller to decide; what it covers is kept as received and never written anew.
//
// Of RFC 9421 it takes what a request of this interface needs: fields by their whole value, and the components @method,
// @scheme, @authority, @target-uri, @path and @query. Components with parameters (sf, key, bs, req, tr, @query-param)
// and parameters of a signature that the RFC does not name are refused, for they would change what was signed.
//
// The algorithm is ours, as the registry of the RFC has none for SM2:
//
//	alg        "sm2-sm3"
//	keyid      SM3 of the DER certificate, 64 hexadecimal digits in lower case
//	signature  DER SM2 signature value (GB/T 35276-2017, 7.3) over the signature base, default signer identifier
//	digest     Content-Digest: sm3=:base64 of the SM3 of the content:
package httpsig

import (
	"errors"
	"time"
)

// Algorithm is the value of the parameter alg.
const Algorithm = "sm2-sm3"

// Names of the fields.
const (
	FieldInput     = "Signature-Input"
	FieldSignature = "Signature"
	FieldDigest    = "Content-Digest"
)

// Limits on what is read.
const (
	MaxFieldBytes = 8 << 10 // one field, its lines together
	MaxSignatures = 4       // signatures on a message
	MaxComponents = 32      // components that one signature covers
	maxString     = 512     // characters of a string
	maxValue      = 256     // bytes of a signature value or digest
)

// Sentinels. What was read never stands in an error.
var (
	// ErrSyntax is a field that is not what RFC 9421, RFC 9530 or RFC 9651 have it be.
	ErrSyntax = errors.New("httpsig: malformed")
	// ErrLimit is a field that is too large.
	ErrLimit = errors.New("httpsig: too large")
	// ErrUnsupported is a component or parameter that this package does not know.
	ErrUnsupported = errors.New("httpsig: not supported")
	// ErrMissing is a covered component that the message does not have.
	ErrMissing = errors.New("httpsig: covered component is missing")
	// ErrSignature is a signature that does not hold.
	ErrSignature = errors.New("httpsig: signature does not verify")
)

// Params say what a signature covers and when, by whom and how it was made (RFC 9421, 2.3).
type Params struct {
	Components []string  // identifiers: fields in lower case, derived ones with @
	Created    time.Time // to the second; zero: absent
	Expires    time.Time // likewise
	Nonce      string    // "": absent, likewise below
	Alg        string
	KeyID      string
	Tag        string
}

// Covers reports whether a component is covered.
func (p *Params) Covers(component string) bool {
	for _, c := range p.Components {
		if c == component {
			return true
		}
	}
	return false
}

// Signature is one signature of a message as received.
type Signature struct {
	Params
	Label string
	Input string // its member of Signature-Input: the list with its parameters
	Value []byte
}
