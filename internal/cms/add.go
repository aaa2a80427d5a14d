package cms

import (
	"bytes"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

// Additions is what With adds to SignedData. Every element is whole DER.
type Additions struct {
	Signers      [][]byte         // SignerInfo with SM3, as Builder.SignerInfo writes it
	Certificates [][]byte         // those that are there already are left out
	CRLs         [][]byte         // likewise
	Unsigned     map[int][][]byte // Attributes to put beside the signature with that index
}

// With writes d again with something more. Content, certificates, signed attributes and signature values stay byte
// for byte as they were received, so that every signature goes on to verify; only lengths around them change. A set
// that was received in the order of DER stays in it, otherwise additions go to its end, so that signers may have
// another index afterwards. With no additions the result is what was parsed.
func (d *SignedData) With(a Additions) ([]byte, error) {
	raw := d.raw
	var err error
	if raw.certificates, err = d.addCertificates(a.Certificates); err != nil {
		return nil, err
	}
	if raw.crls, err = d.addCRLs(a.CRLs); err != nil {
		return nil, err
	}
	signers, err := d.addSigners(a)
	if err != nil {
		return nil, err
	}
	if len(a.Signers) > 0 && !slices.Contains(d.Digests, oid.SM3) {
		raw.digests = addToSet(raw.digests, [][]byte{encode(func(b *cryptobyte.Builder) { addAlgorithm(b, oid.SM3) })})
	}
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		oid.Add(b, d.OuterType)
		b.AddASN1(context0, func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				addAll(b, [][]byte{raw.version, raw.digests, raw.content, raw.certificates, raw.crls})
				b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) { addAll(b, signers) })
			})
		})
	})
	der, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrInput, err)
	}
	if len(der) > MaxBytes {
		return nil, fmt.Errorf("%w: %d bytes", ErrLimit, len(der))
	}
	if _, err := Parse(der); err != nil {
		return nil, fmt.Errorf("%w: what would not be read: %w", ErrInput, err)
	}
	return der, nil
}

func (d *SignedData) addCertificates(more [][]byte) ([]byte, error) {
	if err := checkCertificates(more); err != nil {
		return nil, err
	}
	more = missing(d.Certificates, more)
	switch {
	case len(more) == 0:
		return d.raw.certificates, nil
	case len(d.Certificates)+len(more) > maxCertificates:
		return nil, fmt.Errorf("%w: certificates", ErrLimit)
	case len(d.raw.certificates) == 0:
		return encodeCertificates(more), nil
	case d.Tolerances&TolerantCertificateTag != 0:
		return nil, fmt.Errorf("%w: the certificates field has a form that is only read", ErrInput)
	default:
		return addToSet(d.raw.certificates, more), nil
	}
}

func (d *SignedData) addCRLs(more [][]byte) ([]byte, error) {
	for _, c := range more {
		element := cryptobyte.String(c)
		if !element.SkipASN1(casn1.SEQUENCE) || !element.Empty() {
			return nil, fmt.Errorf("%w: CRL", ErrInput)
		}
	}
	more = missing(d.CRLs, more)
	switch {
	case len(more) == 0:
		return d.raw.crls, nil
	case len(d.CRLs)+len(d.OCSPResponses)+len(d.BasicResponses)+len(more) > maxCRLs:
		return nil, fmt.Errorf("%w: crls", ErrLimit)
	case len(d.raw.crls) == 0:
		return addToSet([]byte{byte(context1), 0}, more), nil
	default:
		return addToSet(d.raw.crls, more), nil
	}
}

// missing are the elements of more that have does not hold, each once.
func missing(have, more [][]byte) [][]byte {
	var out [][]byte
	for _, m := range more {
		same := func(x []byte) bool { return bytes.Equal(x, m) }
		if !slices.ContainsFunc(have, same) && !slices.ContainsFunc(out, same) {
			out = append(out, m)
		}
	}
	return out
}

func (d *SignedData) addSigners(a Additions) ([][]byte, error) {
	if len(d.Signers)+len(a.Signers) > maxSigners {
		return nil, fmt.Errorf("%w: signerInfos", ErrLimit)
	}
	for _, s := range a.Signers {
		if info, err := parseSigner(s); err != nil || !isSM3(info.DigestAlgorithm) {
			return nil, fmt.Errorf("%w: SignerInfo", ErrInput)
		}
	}
	for i := range a.Unsigned {
		if i < 0 || i >= len(d.Signers) {
			return nil, fmt.Errorf("%w: there is no signature %d", ErrInput, i)
		}
	}
	signers := make([][]byte, len(d.Signers))
	for i := range d.Signers {
		signers[i] = d.Signers[i].Raw
	}
	sorted := slices.IsSortedFunc(signers, bytes.Compare)
	for i := range signers {
		var err error
		if signers[i], err = d.Signers[i].withUnsigned(a.Unsigned[i]); err != nil {
			return nil, err
		}
	}
	signers = append(signers, a.Signers...)
	if sorted {
		slices.SortFunc(signers, bytes.Compare)
	}
	return signers, nil
}

// WithUnsigned writes a whole SignerInfo again with Attributes beside its signature.
func WithUnsigned(info []byte, attributes ...[]byte) ([]byte, error) {
	s, err := parseSigner(info)
	if err != nil {
		return nil, fmt.Errorf("%w: SignerInfo", ErrInput)
	}
	return s.withUnsigned(attributes)
}

// withUnsigned is the SignerInfo as received but for the field at its end.
func (s *SignerInfo) withUnsigned(more [][]byte) ([]byte, error) {
	if len(more) == 0 {
		return s.Raw, nil
	}
	if len(s.UnsignedAttributes)+len(more) > maxAttributes {
		return nil, fmt.Errorf("%w: unsigned attributes", ErrLimit)
	}
	counters := len(s.UnsignedValues(oid.Countersignature))
	for _, m := range more {
		a, ok := parseAttribute(m)
		if !ok {
			return nil, fmt.Errorf("%w: attribute", ErrInput)
		}
		counters += len(valuesOf([]Attribute{a}, oid.Countersignature))
	}
	if counters > maxSigners {
		return nil, fmt.Errorf("%w: countersignatures", ErrLimit)
	}
	whole := cryptobyte.String(s.Raw)
	var info cryptobyte.String
	if !whole.ReadASN1(&info, casn1.SEQUENCE) || len(info) < len(s.rawUnsigned) {
		return nil, fmt.Errorf("%w: SignerInfo", ErrInput)
	}
	unsigned := s.rawUnsigned
	if unsigned == nil {
		unsigned = []byte{byte(context1), 0}
	}
	return encode(func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(info[:len(info)-len(s.rawUnsigned)])
			b.AddBytes(addToSet(unsigned, more))
		})
	}), nil
}

// addToSet adds elements to a set of whole elements under whatever tag.
func addToSet(set []byte, more [][]byte) []byte {
	whole := cryptobyte.String(set)
	var body cryptobyte.String
	var tag casn1.Tag
	if !whole.ReadAnyASN1(&body, &tag) {
		return nil
	}
	var elements [][]byte
	for !body.Empty() {
		var element cryptobyte.String
		var any casn1.Tag
		if !body.ReadAnyASN1Element(&element, &any) {
			return nil
		}
		elements = append(elements, element)
	}
	sorted := slices.IsSortedFunc(elements, bytes.Compare)
	elements = append(elements, more...)
	if sorted {
		slices.SortFunc(elements, bytes.Compare)
	}
	return encode(func(b *cryptobyte.Builder) {
		b.AddASN1(tag, func(b *cryptobyte.Builder) { addAll(b, elements) })
	})
}
