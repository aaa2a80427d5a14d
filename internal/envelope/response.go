package envelope

import (
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

const (
	maxResponseBytes     = 1 << 20
	maxResponseCertCount = 16
)

var (
	tagKey          = casn1.Tag(0).ContextSpecific().Constructed()
	tagCertificates = casn1.Tag(1).ContextSpecific().Constructed()
)

// Response is the answer to a certificate request (GM/T 0092-2020, 8):
//
//	CSRResponse ::= SEQUENCE {
//	  signCertificate     CertificateSet,
//	  encryptedPrivateKey [0] SM2EnvelopedKey OPTIONAL,
//	  encryptCertificate  [1] CertificateSet OPTIONAL }
//
//	CertificateSet ::= SET OF Certificate
//
// Certificates are DER and not looked into.
type Response struct {
	Signing    [][]byte
	Key        *Key     // nil for a signing certificate alone
	Encryption [][]byte // there if Key is
}

// ParseResponse reads one CSRResponse and nothing after it.
func ParseResponse(der []byte) (*Response, error) {
	if len(der) > maxResponseBytes {
		return nil, malformed("CSRResponse too long")
	}
	input := cryptobyte.String(der)
	var body, set, key, certificates cryptobyte.String
	var hasKey, hasCertificates bool
	if !input.ReadASN1(&body, casn1.SEQUENCE) || !input.Empty() || !body.ReadASN1(&set, casn1.SET) ||
		!body.ReadOptionalASN1(&key, &hasKey, tagKey) ||
		!body.ReadOptionalASN1(&certificates, &hasCertificates, tagCertificates) || !body.Empty() {
		return nil, malformed("CSRResponse")
	}
	if hasKey != hasCertificates {
		return nil, malformed("CSRResponse with half an encryption pair")
	}
	r := &Response{}
	var err error
	if r.Signing, err = readCertificates(set); err != nil || !hasKey {
		return orNothing(r, err)
	}
	if r.Encryption, err = readTaggedCertificates(certificates); err != nil {
		return nil, err
	}
	r.Key, err = readTaggedKey(key)
	return orNothing(r, err)
}

func orNothing(r *Response, err error) (*Response, error) {
	if err != nil {
		return nil, err
	}
	return r, nil
}

// readTaggedKey reads what stands in [0]: the SEQUENCE, or its contents if the tag took its place.
func readTaggedKey(content cryptobyte.String) (*Key, error) {
	if k, err := ParseKey(content); err == nil {
		return k, nil
	}
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(content) })
	der, err := b.Bytes()
	if err != nil {
		return nil, malformed("encryptedPrivateKey")
	}
	return ParseKey(der)
}

// readTaggedCertificates reads what stands in [1]: certificates, or a SET of them.
func readTaggedCertificates(content cryptobyte.String) ([][]byte, error) {
	if content.PeekASN1Tag(casn1.SET) {
		var set cryptobyte.String
		if !content.ReadASN1(&set, casn1.SET) || !content.Empty() {
			return nil, malformed("encryptCertificate")
		}
		content = set
	}
	return readCertificates(content)
}

func readCertificates(set cryptobyte.String) ([][]byte, error) {
	var out [][]byte
	for !set.Empty() {
		var c cryptobyte.String
		if len(out) == maxResponseCertCount || !set.ReadASN1Element(&c, casn1.SEQUENCE) {
			return nil, malformed("certificates of a CSRResponse")
		}
		out = append(out, append([]byte(nil), c...))
	}
	if len(out) == 0 {
		return nil, malformed("CSRResponse without a certificate")
	}
	return out, nil
}

// MarshalResponse writes the CSRResponse in DER, with [0] explicit and [1] implicit as readers in use expect. Each set
// holds exactly one certificate: DER orders a set by its bytes, and readers take the first for the holder's.
func MarshalResponse(r *Response) ([]byte, error) {
	if r == nil || len(r.Signing) != 1 || (r.Key != nil) != (len(r.Encryption) == 1) || len(r.Encryption) > 1 {
		return nil, malformed("CSRResponse")
	}
	for _, c := range append(r.Signing[:1:1], r.Encryption...) {
		if rest := cryptobyte.String(c); !rest.SkipASN1(casn1.SEQUENCE) || !rest.Empty() {
			return nil, malformed("certificate")
		}
	}
	var key []byte
	if r.Key != nil {
		var err error
		if key, err = MarshalKey(r.Key); err != nil {
			return nil, err
		}
	}
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) { b.AddBytes(r.Signing[0]) })
		if r.Key == nil {
			return
		}
		b.AddASN1(tagKey, func(b *cryptobyte.Builder) { b.AddBytes(key) })
		b.AddASN1(tagCertificates, func(b *cryptobyte.Builder) { b.AddBytes(r.Encryption[0]) })
	})
	return b.Bytes()
}
