package ses

import (
	"bytes"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

// digestBytes is the length of an SM3 digest.
const digestBytes = 32

// SignatureDraft is a signature with a seal that wants its value. It is immutable.
type SignatureDraft struct {
	version     Version
	certificate []byte
	toSign      []byte // TBS_Sign
}

// NewSignatureDraft encodes everything of a signature but its value: Seal (as ParseSeal gave it, V1 or V4), Time (whole
// seconds), DataHash (SM3), Property (an absolute path), Extensions (V4) and Certificate. In V1 TimeToken may stand in
// place of Time. The algorithm is SM2 with SM3.
func NewSignatureDraft(s *Signature) (*SignatureDraft, error) {
	if err := checkSignature(s); err != nil {
		return nil, err
	}
	d := &SignatureDraft{version: s.Seal.Version, certificate: bytes.Clone(s.Certificate)}
	d.toSign = encode(func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { addToSign(b, s) })
	})
	if d.toSign == nil {
		return nil, unwritable("toSign")
	}
	return d, nil
}

// ToSign is a copy of what the signer has to sign.
func (d *SignatureDraft) ToSign() []byte { return bytes.Clone(d.toSign) }

// Signature is the whole with the signature value (DER) and, with V4 alone, a time-stamp token over it unless that is
// nil.
func (d *SignatureDraft) Signature(value, token []byte) ([]byte, error) {
	if err := checkValue(value, "signature"); err != nil {
		return nil, err
	}
	if token != nil && (d.version == V1 || len(token) > MaxTokenBytes || !isSequence(token)) {
		return nil, unwritable("timeStamp")
	}
	der := encode(func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(d.toSign)
			if d.version != V1 {
				b.AddASN1OctetString(d.certificate)
				oid.Add(b, oid.SM2WithSM3)
			}
			b.AddASN1BitString(value)
			if token != nil {
				b.AddASN1(context0, func(b *cryptobyte.Builder) { b.AddASN1BitString(token) })
			}
		})
	})
	if der == nil {
		return nil, unwritable("SES_Signature")
	}
	return der, nil
}

func checkSignature(s *Signature) error {
	if s.Seal == nil || s.Seal.Raw == nil || s.Seal.Version != V1 && s.Seal.Version != V4 {
		return ErrVersion
	}
	v1 := s.Seal.Version == V1
	switch {
	case len(s.DataHash) != digestBytes:
		return unwritable("toSign.dataHash")
	case !strings.HasPrefix(s.Property, "/"), len(s.Property) > maxPropertyBytes, !printable([]byte(s.Property)):
		return unwritable("toSign.propertyInfo")
	case v1 && len(s.Extensions) > 0:
		return unwritable("toSign.extDatas")
	}
	if err := checkSigningTime(s, v1); err != nil {
		return err
	}
	if err := checkExtensions(s.Extensions, "toSign.extDatas"); err != nil {
		return err
	}
	return checkCertificate(s.Certificate, "cert")
}

func checkSigningTime(s *Signature, v1 bool) error {
	const field = "toSign.timeInfo"
	if s.TimeToken == nil {
		return checkTime(s.Time, v1, field)
	}
	if !v1 || !s.Time.IsZero() || len(s.TimeToken) > MaxTokenBytes || !isSequence(s.TimeToken) {
		return unwritable(field)
	}
	return nil
}

func addToSign(b *cryptobyte.Builder, s *Signature) {
	v1 := s.Seal.Version == V1
	b.AddASN1Int64(int64(s.Seal.Version))
	b.AddBytes(s.Seal.Raw)
	switch {
	case s.TimeToken != nil:
		b.AddASN1BitString(s.TimeToken)
	case v1:
		b.AddASN1BitString(encode(func(b *cryptobyte.Builder) { addTime(b, s.Time, true) }))
	default:
		addTime(b, s.Time, false)
	}
	b.AddASN1BitString(s.DataHash)
	addString(b, ia5String, s.Property)
	switch {
	case v1:
		b.AddASN1OctetString(s.Certificate)
		oid.Add(b, oid.SM2WithSM3)
	case len(s.Extensions) > 0:
		b.AddASN1(context0, func(b *cryptobyte.Builder) { addExtensions(b, s.Extensions) })
	}
}
