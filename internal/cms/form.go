package cms

import (
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/emmansun/gmsm/sm3"
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
	if err := checkName(issuer, serial); err != nil {
		return nil, err
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
		addName(b, issuer, serial)
		addAlgorithm(b, oid.SM3)
	})
	b.certs = encodeCertificates(certificates)
	return b, nil
}

// FormOf is the form in which a signature can be added to d.
func FormOf(d *SignedData) Form {
	f := Form{Content: d.ContentType}
	if d.OuterType == oid.SignedData {
		f.Arc = ArcRFC5652
	}
	return f
}

func checkName(issuer []byte, serial *big.Int) error {
	name := cryptobyte.String(issuer)
	if !name.SkipASN1(casn1.SEQUENCE) || !name.Empty() || serial == nil || serial.Sign() <= 0 {
		return fmt.Errorf("%w: issuer and serial number", ErrInput)
	}
	return nil
}

// addName writes IssuerAndSerialNumber.
func addName(b *cryptobyte.Builder, issuer []byte, serial *big.Int) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(issuer)
		b.AddASN1BigInt(serial)
	})
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
		b.AddASN1(context0, func(b *cryptobyte.Builder) { addAll(b, slices.CompactFunc(sorted, slices.Equal)) })
	})
}

// SignedAttributes encodes content type, message digest, signing time unless at is zero, and those given, as the SET OF
// Attribute that is to be signed (RFC 5652, 5.4). Each of those given is one whole Attribute, see EncodeAttribute.
func (f Form) SignedAttributes(content []byte, at time.Time, more ...[]byte) ([]byte, error) {
	return f.SignedAttributesOver(sm3.Sum(content), at, more...)
}

// SignedAttributesOver is SignedAttributes for content of which the SM3 digest is known.
func (f Form) SignedAttributesOver(digest [32]byte, at time.Time, more ...[]byte) ([]byte, error) {
	contentType := EncodeAttribute(oid.ContentType, func(b *cryptobyte.Builder) { oid.Add(b, f.content()) })
	return encodeAttributes(digest, at, append([][]byte{contentType}, more...))
}

// CountersignedAttributes is SignedAttributes for a signature over another's value: there is no content type (RFC 5652,
// 11.4).
func CountersignedAttributes(value []byte, at time.Time, more ...[]byte) ([]byte, error) {
	return encodeAttributes(sm3.Sum(value), at, slices.Clone(more))
}

// encodeAttributes adds message digest and signing time and sorts as DER wants it.
func encodeAttributes(digest [32]byte, at time.Time, attributes [][]byte) ([]byte, error) {
	attributes = append(attributes,
		EncodeAttribute(oid.MessageDigest, func(b *cryptobyte.Builder) { b.AddASN1OctetString(digest[:]) }))
	if !at.IsZero() {
		at = at.UTC()
		if at.Year() < 1950 || at.Year() > 9999 {
			return nil, fmt.Errorf("%w: signing time", ErrInput)
		}
		signingTime := EncodeAttribute(oid.SigningTime, func(b *cryptobyte.Builder) { addTime(b, at) })
		attributes = append(attributes, signingTime)
	}
	return encodeSet(casn1.SET, attributes)
}

// encodeSet writes whole Attributes in the order of DER.
func encodeSet(tag casn1.Tag, attributes [][]byte) ([]byte, error) {
	for _, a := range attributes {
		if _, ok := parseAttribute(a); !ok {
			return nil, fmt.Errorf("%w: attribute", ErrInput)
		}
	}
	slices.SortFunc(attributes, slices.Compare)
	return encode(func(b *cryptobyte.Builder) {
		b.AddASN1(tag, func(b *cryptobyte.Builder) { addAll(b, attributes) })
	}), nil
}

func addAll(b *cryptobyte.Builder, elements [][]byte) {
	for _, e := range elements {
		b.AddBytes(e)
	}
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

// EncodeElement writes an Attribute whose one value is a whole DER element.
func EncodeElement(id oid.ID, element []byte) []byte {
	return EncodeAttribute(id, func(b *cryptobyte.Builder) { b.AddBytes(element) })
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
