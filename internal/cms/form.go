package cms

import (
	"fmt"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

// Arc is the family of identifiers that SignedData is written with.
type Arc uint8

// Arcs.
const (
	ArcGM      Arc = iota // GB/T 35275-2017: signed data, data and SM2 signature under 1.2.156.10197
	ArcRFC5652            // RFC 5652: the identifiers of PKCS#7, and SM2 with SM3 as stock tools know it
)

// Form is what a Builder writes beside the values. The zero value is data of GB/T 35275.
type Form struct {
	Arc     Arc
	Content oid.ID // type of the content; empty: the data type of the arc
}

func (f Form) outer() oid.ID {
	if f.Arc == ArcRFC5652 {
		return oid.SignedData
	}
	return oid.GMSignedData
}

func (f Form) content() oid.ID {
	switch {
	case f.Content != "":
		return f.Content
	case f.Arc == ArcRFC5652:
		return oid.Data
	default:
		return oid.GMData
	}
}

func (f Form) signature() oid.ID {
	if f.Arc == ArcRFC5652 {
		return oid.SM2WithSM3
	}
	return oid.SM2Sign
}

// version is that of SignedData: GB/T 35275 knows 1 alone, RFC 5652, 5.1 wants 3 for content that is not data.
func (f Form) version() int64 {
	if f.Arc == ArcRFC5652 && f.content() != oid.Data {
		return 3
	}
	return 1
}

// NewBuilder prepares for one signer, named by the DER Name and the serial number of its certificate. The certificates,
// if any, are written in the order of DER.
func (f Form) NewBuilder(issuer []byte, serial *big.Int, certificates [][]byte) (*Builder, error) {
	name := cryptobyte.String(issuer)
	if !name.SkipASN1(casn1.SEQUENCE) || !name.Empty() || serial == nil || serial.Sign() <= 0 {
		return nil, fmt.Errorf("%w: issuer and serial number", ErrInput)
	}
	if f.Arc > ArcRFC5652 {
		return nil, fmt.Errorf("%w: arc", ErrInput)
	}
	if err := checkCertificates(certificates); err != nil {
		return nil, err
	}
	b := &Builder{outer: encode(func(b *cryptobyte.Builder) { oid.Add(b, f.outer()) })}
	b.inner = encode(func(b *cryptobyte.Builder) { oid.Add(b, f.content()) })
	b.sigAlg = encode(func(b *cryptobyte.Builder) { addAlgorithm(b, f.signature()) })
	b.head = encode(func(b *cryptobyte.Builder) {
		b.AddASN1Int64(f.version())
		b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) { addAlgorithm(b, oid.SM3) })
	})
	b.signer = encode(func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(issuer)
			b.AddASN1BigInt(serial)
		})
		addAlgorithm(b, oid.SM3)
	})
	b.certs = encodeCertificates(certificates)
	return b, nil
}

func checkCertificates(certificates [][]byte) error {
	if len(certificates) > maxCertificates {
		return fmt.Errorf("%w: certificates", ErrLimit)
	}
	for _, c := range certificates {
		element := cryptobyte.String(c)
		if !element.SkipASN1(casn1.SEQUENCE) || !element.Empty() {
			return fmt.Errorf("%w: certificate", ErrInput)
		}
	}
	return nil
}

func encodeCertificates(certificates [][]byte) []byte {
	if len(certificates) == 0 {
		return nil
	}
	sorted := slices.SortedFunc(slices.Values(certificates), slices.Compare)
	return encode(func(b *cryptobyte.Builder) {
		b.AddASN1(context0, func(b *cryptobyte.Builder) {
			for _, c := range slices.CompactFunc(sorted, slices.Equal) {
				b.AddBytes(c)
			}
		})
	})
}

// SignedAttributes encodes content type, message digest, signing time unless at is zero, and those given, as the SET OF
// Attribute that is to be signed (RFC 5652, 5.4). Each of those given is one whole Attribute, see EncodeAttribute.
func (f Form) SignedAttributes(content []byte, at time.Time, more ...[]byte) ([]byte, error) {
	attributes := [][]byte{
		EncodeAttribute(oid.ContentType, func(b *cryptobyte.Builder) { oid.Add(b, f.content()) }),
		EncodeAttribute(oid.MessageDigest, func(b *cryptobyte.Builder) { b.AddASN1OctetString(sumSM3(content)) }),
	}
	if !at.IsZero() {
		at = at.UTC()
		if at.Year() < 1950 || at.Year() > 9999 {
			return nil, fmt.Errorf("%w: signing time", ErrInput)
		}
		signingTime := EncodeAttribute(oid.SigningTime, func(b *cryptobyte.Builder) { addTime(b, at) })
		attributes = append(attributes, signingTime)
	}
	for _, a := range more {
		if _, ok := parseAttribute(a); !ok {
			return nil, fmt.Errorf("%w: attribute", ErrInput)
		}
		attributes = append(attributes, a)
	}
	slices.SortFunc(attributes, slices.Compare)
	return encode(func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) {
			for _, a := range attributes {
				b.AddBytes(a)
			}
		})
	}), nil
}

// EncodeAttribute writes an Attribute with one value; nil if the value cannot be encoded.
func EncodeAttribute(id oid.ID, value cryptobyte.BuilderContinuation) []byte {
	return encode(func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			oid.Add(b, id)
			b.AddASN1(casn1.SET, value)
		})
	})
}

// AlgorithmProtection is the attribute that keeps the two algorithms from being exchanged (RFC 6211).
func (f Form) AlgorithmProtection() []byte {
	return EncodeAttribute(oid.AlgorithmProtection, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addAlgorithm(b, oid.SM3)
			b.AddASN1(context1, func(b *cryptobyte.Builder) { oid.Add(b, f.signature()) })
		})
	})
}
