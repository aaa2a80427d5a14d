package cms

import (
	"bytes"
	"fmt"
	"math/big"
	"slices"

	"github.com/emmansun/gmsm/sm3"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/sm2sig"
)

// SignedBytes returns the message that the signature of signer covers, to be verified as SM2 over SM3 with Z:
// the content itself if there are no signed attributes, else the attributes as received under the tag SET, after their
// message digest was compared with the content. content must be nil unless d is detached.
func (d *SignedData) SignedBytes(signer *SignerInfo, content []byte) ([]byte, error) {
	if !signer.IsSM2() {
		return nil, fmt.Errorf("%w: %s with %s", ErrAlgorithm, signer.SignatureAlgorithm, signer.DigestAlgorithm)
	}
	return d.signedBytes(signer, content, sumSM3)
}

// ForeignSignedBytes is SignedBytes for a signer outside the SM2 family (RFC 5652, 5.4). The caller decides which
// algorithms it accepts; digest is the one that the signer names.
func (d *SignedData) ForeignSignedBytes(
	signer *SignerInfo, content []byte, digest func([]byte) []byte,
) ([]byte, error) {
	if digest == nil || isSM3(signer.DigestAlgorithm) || isSM2(signer.SignatureAlgorithm) {
		return nil, fmt.Errorf("%w: expected a foreign one", ErrAlgorithm)
	}
	return d.signedBytes(signer, content, digest)
}

// IsSM2 tells whether signer names SM2 with SM3, in whatever arc.
func (s *SignerInfo) IsSM2() bool { return isSM3(s.DigestAlgorithm) && isSM2(s.SignatureAlgorithm) }

func sumSM3(message []byte) []byte {
	sum := sm3.Sum(message)
	return sum[:]
}

func (d *SignedData) signedBytes(signer *SignerInfo, content []byte, digest func([]byte) []byte) ([]byte, error) {
	if d.Detached == (content == nil) {
		return nil, ErrContent
	}
	if !d.Detached {
		content = d.Content
	}
	if signer.rawAttributes == nil {
		return content, nil
	}
	if err := d.checkAttributes(signer, content, digest); err != nil {
		return nil, err
	}
	message := bytes.Clone(signer.rawAttributes)
	message[0] = byte(casn1.SET)
	return message, nil
}

// SignatureDER returns the signature value in strict DER, converted if it was received as 64 bytes r‖s.
func (s *SignerInfo) SignatureDER() ([]byte, error) {
	err := sm2sig.CheckSignature(s.Signature)
	if err == nil {
		return s.Signature, nil
	}
	if len(s.Signature) != 64 {
		return nil, err
	}
	return sm2sig.AppendSignature(nil, [32]byte(s.Signature[:32]), [32]byte(s.Signature[32:]))
}

// NamedBy tells whether the signer is named by this DER issuer name and serial number.
func (s *SignerInfo) NamedBy(issuer []byte, serial *big.Int) bool {
	if s.Issuer == nil || serial == nil || len(s.Serial) == 0 || s.Serial[0]&0x80 != 0 {
		return false
	}
	return bytes.Equal(s.Issuer, issuer) && new(big.Int).SetBytes(s.Serial).Cmp(serial) == 0
}

// HasSignedAttributes tells whether the signature covers attributes in place of the content itself.
func (s *SignerInfo) HasSignedAttributes() bool { return s.rawAttributes != nil }

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

func (d *SignedData) checkAttributes(signer *SignerInfo, content []byte, sum func([]byte) []byte) error {
	value, ok := signer.single(oid.ContentType)
	if !ok {
		return fmt.Errorf("%w: content type must be there once", ErrAttributes)
	}
	if !isType(value, d.ContentType) && !isOtherDataType(value, d.ContentType) {
		return fmt.Errorf("%w: content type differs", ErrAttributes)
	}
	value, ok = signer.single(oid.MessageDigest)
	var digest cryptobyte.String
	if !ok || !value.ReadASN1(&digest, casn1.OCTET_STRING) || !value.Empty() {
		return fmt.Errorf("%w: message digest must be there once", ErrAttributes)
	}
	if !bytes.Equal(digest, sum(content)) {
		return ErrDigest
	}
	return signer.checkProtection()
}

// checkProtection holds the algorithms against the attribute that protects them, if there is one (RFC 6211):
//
//	CMSAlgorithmProtection ::= SEQUENCE { digestAlgorithm AlgorithmIdentifier,
//	                           signatureAlgorithm [1] IMPLICIT AlgorithmIdentifier OPTIONAL, macAlgorithm [2] … }
func (s *SignerInfo) checkProtection() error {
	value, err := s.SignedAttribute(oid.AlgorithmProtection)
	if value == nil || err != nil {
		return err
	}
	element := cryptobyte.String(value)
	var body, digest, signature cryptobyte.String
	var digestID, signatureID oid.ID
	if !element.ReadASN1(&body, casn1.SEQUENCE) || !element.Empty() ||
		!body.ReadASN1(&digest, casn1.SEQUENCE) || !oid.Read(&digest, &digestID) ||
		!body.ReadASN1(&signature, context1) || !oid.Read(&signature, &signatureID) || !body.Empty() {
		return fmt.Errorf("%w: algorithm protection", ErrAttributes)
	}
	if digestID != s.DigestAlgorithm || signatureID != s.SignatureAlgorithm {
		return fmt.Errorf("%w: protected algorithms differ", ErrAttributes)
	}
	return nil
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

func isType(value cryptobyte.String, id oid.ID) bool {
	var got oid.ID
	return oid.Read(&value, &got) && value.Empty() && got == id
}

// isOtherDataType tells whether value names the data type of the arc that contentType does not use: one maker (Yunnan)
// writes the PKCS#7 type inside and the GB/T 35275 type into the attribute.
func isOtherDataType(value cryptobyte.String, contentType oid.ID) bool {
	switch contentType {
	case oid.Data:
		return isType(value, oid.GMData)
	case oid.GMData:
		return isType(value, oid.Data)
	default:
		return false
	}
}
