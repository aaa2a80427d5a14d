package cms

import (
	"bytes"
	"fmt"
	"math/big"

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
	return d.SignedBytesOver(signer, digest(content))
}

// SignedBytesOver is SignedBytes and ForeignSignedBytes for a signer with signed attributes, by the digest of the
// content in the algorithm that the signer names. Whoever has hashed a long content once asks here for every
// signer; that the digest is of the content inside, where there is one, is the caller's word.
func (d *SignedData) SignedBytesOver(signer *SignerInfo, digest []byte) ([]byte, error) {
	if signer.rawAttributes == nil {
		return nil, fmt.Errorf("%w: there are none", ErrAttributes)
	}
	if err := d.checkContentType(signer); err != nil {
		return nil, err
	}
	return signer.message(digest)
}

// message is the signed attributes under the tag SET, once they hold the digest.
func (s *SignerInfo) message(digest []byte) ([]byte, error) {
	if err := s.checkDigest(digest); err != nil {
		return nil, err
	}
	if err := s.checkProtection(); err != nil {
		return nil, err
	}
	message := bytes.Clone(s.rawAttributes)
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
	return namedBy(s.Issuer, s.Serial, issuer, serial)
}

func namedBy(name, number, issuer []byte, serial *big.Int) bool {
	if name == nil || serial == nil || len(number) == 0 || number[0]&0x80 != 0 {
		return false
	}
	return bytes.Equal(name, issuer) && new(big.Int).SetBytes(number).Cmp(serial) == 0
}

// HasSignedAttributes tells whether the signature covers attributes in place of the content itself.
func (s *SignerInfo) HasSignedAttributes() bool { return s.rawAttributes != nil }

func (d *SignedData) checkContentType(signer *SignerInfo) error {
	value, ok := signer.single(oid.ContentType)
	if !ok {
		return fmt.Errorf("%w: content type must be there once", ErrAttributes)
	}
	if !isType(value, d.ContentType) && !isOtherDataType(value, d.ContentType) {
		return fmt.Errorf("%w: content type differs", ErrAttributes)
	}
	return nil
}

func (s *SignerInfo) checkDigest(want []byte) error {
	value, ok := s.single(oid.MessageDigest)
	var digest cryptobyte.String
	if !ok || !value.ReadASN1(&digest, casn1.OCTET_STRING) || !value.Empty() {
		return fmt.Errorf("%w: message digest must be there once", ErrAttributes)
	}
	if len(want) == 0 || !bytes.Equal(digest, want) {
		return ErrDigest
	}
	return nil
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
