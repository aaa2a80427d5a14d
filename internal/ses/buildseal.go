package ses

import (
	"bytes"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

// SealDraft is a seal that wants its maker's signature. It is immutable.
type SealDraft struct {
	version  Version
	info     []byte // SES_SealInfo
	signInfo []byte // cert and algorithm
	toSign   []byte
}

// NewSealDraft encodes everything of a seal but the signature: Version (V1 or V4), Vendor, ID (14 digits), Type, Name,
// either Certificates or Digests (V4), the times (whole seconds), Picture, Extensions, and Maker. The algorithm is SM2
// with SM3. Extensions are written without a tag, as every product writes and reads them.
func NewSealDraft(s *Seal) (*SealDraft, error) {
	if err := checkSeal(s); err != nil {
		return nil, err
	}
	d := &SealDraft{version: s.Version, info: encode(func(b *cryptobyte.Builder) { addInfo(b, s) })}
	d.signInfo = encode(func(b *cryptobyte.Builder) {
		b.AddASN1OctetString(s.Maker)
		oid.Add(b, oid.SM2WithSM3)
	})
	d.toSign = d.info
	if s.Version == V1 {
		d.toSign = encode(func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddBytes(d.info)
				b.AddBytes(d.signInfo)
			})
		})
	}
	if d.info == nil || d.signInfo == nil || d.toSign == nil {
		return nil, unwritable("SESeal")
	}
	return d, nil
}

// ToSign is a copy of what the maker has to sign.
func (d *SealDraft) ToSign() []byte { return bytes.Clone(d.toSign) }

// Seal is the seal with its maker's signature value (DER).
func (d *SealDraft) Seal(value []byte) ([]byte, error) {
	if err := checkValue(value, "signedValue"); err != nil {
		return nil, err
	}
	signed := func(b *cryptobyte.Builder) {
		b.AddBytes(d.signInfo)
		b.AddASN1BitString(value)
	}
	der := encode(func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(d.info)
			if d.version == V1 {
				b.AddASN1(casn1.SEQUENCE, signed)
			} else {
				signed(b)
			}
		})
	})
	if der == nil || len(der) > MaxSealBytes {
		return nil, unwritable("SESeal")
	}
	return der, nil
}

func checkSeal(s *Seal) error {
	v1 := s.Version == V1
	if !v1 && s.Version != V4 {
		return ErrVersion
	}
	switch {
	case checkText(s.Vendor, true, "") != nil:
		return unwritable("header.Vid")
	case !isSealCode(s.ID):
		return unwritable("esID")
	case s.Type <= 0:
		return unwritable("property.type")
	case len(s.Picture.Data) == 0, len(s.Picture.Data) > MaxPictureBytes, !s.Picture.sized(),
		checkText(s.Picture.Type, true, "") != nil:
		return unwritable("picture")
	}
	if err := checkText(s.Name, false, "property.name"); err != nil {
		return err
	}
	if err := checkSigners(s); err != nil {
		return err
	}
	if err := checkValidity(s); err != nil {
		return err
	}
	if err := checkExtensions(s.Extensions, "extDatas"); err != nil {
		return err
	}
	return checkCertificate(s.Maker, "cert")
}

func checkValidity(s *Seal) error {
	v1 := s.Version == V1
	if err := checkTime(s.Created, v1, "property.createDate"); err != nil {
		return err
	}
	if err := checkTime(s.ValidFrom, v1, "property.validStart"); err != nil {
		return err
	}
	if err := checkTime(s.ValidUntil, v1, "property.validEnd"); err != nil {
		return err
	}
	if !s.ValidFrom.Before(s.ValidUntil) {
		return unwritable("property.validEnd")
	}
	return nil
}

// checkSigners wants one list, and everybody on it once.
func checkSigners(s *Seal) error {
	const field = "property.certList"
	count := len(s.Certificates) + len(s.Digests)
	if count == 0 || count > MaxCertificates || count > len(s.Certificates) && count > len(s.Digests) ||
		s.Version == V1 && len(s.Digests) > 0 {
		return unwritable(field)
	}
	seen := make(map[string]bool, count)
	for _, der := range s.Certificates {
		if checkCertificate(der, field) != nil || seen[string(der)] {
			return unwritable(field)
		}
		seen[string(der)] = true
	}
	for _, d := range s.Digests {
		if checkText(d.Type, true, field) != nil || len(d.Value) == 0 || len(d.Value) > maxDigestBytes ||
			seen[string(d.Value)] {
			return unwritable(field)
		}
		seen[string(d.Value)] = true
	}
	return nil
}

func addInfo(b *cryptobyte.Builder, s *Seal) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addString(b, ia5String, headerID)
			b.AddASN1Int64(int64(s.Version))
			addString(b, ia5String, s.Vendor)
		})
		addString(b, ia5String, s.ID)
		addProperty(b, s)
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addString(b, ia5String, s.Picture.Type)
			b.AddASN1OctetString(s.Picture.Data)
			b.AddASN1Int64(int64(s.Picture.WidthMM))
			b.AddASN1Int64(int64(s.Picture.HeightMM))
		})
		if len(s.Extensions) > 0 {
			addExtensions(b, s.Extensions)
		}
	})
}

func addProperty(b *cryptobyte.Builder, s *Seal) {
	v1 := s.Version == V1
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(int64(s.Type))
		addString(b, casn1.UTF8String, s.Name)
		if !v1 {
			listType := listOfCertificates
			if len(s.Digests) > 0 {
				listType = listOfDigests
			}
			b.AddASN1Int64(int64(listType))
		}
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { addSigners(b, s) })
		addTime(b, s.Created, v1)
		addTime(b, s.ValidFrom, v1)
		addTime(b, s.ValidUntil, v1)
	})
}

func addSigners(b *cryptobyte.Builder, s *Seal) {
	for _, der := range s.Certificates {
		b.AddASN1OctetString(der)
	}
	for _, d := range s.Digests {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addString(b, casn1.PrintableString, d.Type)
			b.AddASN1OctetString(d.Value)
		})
	}
}
