package pki

import (
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

func contextTag(n uint8) casn1.Tag { return casn1.Tag(n).ContextSpecific() }

func constructedTag(n uint8) casn1.Tag { return contextTag(n).Constructed() }

// sequence reads a SEQUENCE that is all of der.
func sequence(der []byte, field string) (cryptobyte.String, error) {
	input := cryptobyte.String(der)
	var body cryptobyte.String
	if !input.ReadASN1(&body, casn1.SEQUENCE) || !input.Empty() {
		return nil, malformed(field)
	}
	return body, nil
}

// integer reads an INTEGER of any size.
func (r *reader) integer(s *cryptobyte.String, tag casn1.Tag, field string) (*big.Int, error) {
	var body cryptobyte.String
	if !s.ReadASN1(&body, tag) || len(body) == 0 {
		return nil, malformed(field)
	}
	if len(body) > 1 && (body[0] == 0 && body[1]&0x80 == 0 || body[0] == 0xff && body[1]&0x80 != 0) {
		if err := r.allow(ToleranceInteger, field); err != nil {
			return nil, err
		}
	}
	n := new(big.Int).SetBytes(body)
	if body[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(len(body))*8))
	}
	return n, nil
}

// maxCount stands for every count beyond it: no chain is so long.
const maxCount = 1 << 20

// count reads an INTEGER from zero upward.
func (r *reader) count(s *cryptobyte.String, tag casn1.Tag, field string) (int, error) {
	n, err := r.integer(s, tag, field)
	if err != nil {
		return 0, err
	}
	if n.Sign() < 0 {
		return 0, malformed(field)
	}
	if !n.IsInt64() || n.Int64() > maxCount {
		return maxCount, nil
	}
	return int(n.Int64()), nil
}

// optionalTrue reads a BOOLEAN DEFAULT FALSE.
func (r *reader) optionalTrue(s *cryptobyte.String, field string) (bool, error) {
	if !s.PeekASN1Tag(casn1.BOOLEAN) {
		return false, nil
	}
	var body cryptobyte.String
	if !s.ReadASN1(&body, casn1.BOOLEAN) || len(body) != 1 {
		return false, malformed(field)
	}
	switch body[0] {
	case 0xff:
		return true, nil
	case 0:
		return false, r.allow(ToleranceDefault, field)
	default:
		return true, r.allow(ToleranceBoolean, field)
	}
}

// namedBits reads a BIT STRING of named bits; bit i of the result is the named bit i. Bits beyond the sixteenth are
// refused, for no list here has so many.
func (r *reader) namedBits(s *cryptobyte.String, tag casn1.Tag, field string) (uint16, error) {
	var body cryptobyte.String
	if !s.ReadASN1(&body, tag) || len(body) < 1 || len(body) > 3 || body[0] > 7 || len(body) == 1 && body[0] != 0 {
		return 0, malformed(field)
	}
	unused, octets := body[0], body[1:]
	var bits uint16
	for i := range len(octets) * 8 {
		if octets[i/8]&(0x80>>(i%8)) != 0 {
			bits |= 1 << i
		}
	}
	if len(octets) == 0 {
		return 0, nil
	}
	last := octets[len(octets)-1]
	if last&(1<<unused-1) != 0 || last&(1<<unused) == 0 {
		return bits, r.allow(ToleranceBitString, field)
	}
	return bits, nil
}

// octetBits reads a BIT STRING of whole octets. Unused bits, if they are let pass, stay where they are: what is made of
// the octets is no good then.
func (r *reader) octetBits(s *cryptobyte.String, field string) ([]byte, error) {
	var body cryptobyte.String
	if !s.ReadASN1(&body, casn1.BIT_STRING) || len(body) == 0 || body[0] > 7 {
		return nil, malformed(field)
	}
	if body[0] != 0 {
		return body[1:], r.allow(ToleranceBitString, field)
	}
	return body[1:], nil
}

// Layouts of the two times of RFC 5280, 4.1.2.5, and of forms that X.690 has but the profile forbids.
const (
	utcLayout     = "060102150405Z"
	generalLayout = "20060102150405Z"
)

var (
	looseUTC     = []string{"0601021504Z", "0601021504Z0700", "060102150405Z0700"}
	looseGeneral = []string{"200601021504Z", "20060102150405Z0700", "20060102150405.999999999Z0700", "20060102150405"}
)

// time reads a UTCTime or GeneralizedTime.
func (r *reader) time(s *cryptobyte.String, field string) (time.Time, error) {
	var body cryptobyte.String
	var tag casn1.Tag
	if !s.ReadAnyASN1(&body, &tag) {
		return time.Time{}, malformed(field)
	}
	layout, loose := utcLayout, looseUTC
	switch tag {
	case casn1.UTCTime:
	case casn1.GeneralizedTime:
		layout, loose = generalLayout, looseGeneral
	default:
		return time.Time{}, malformed(field)
	}
	text := string(body)
	// Formatting again shows what Parse reads generously, such as a fraction of a second.
	if t, err := time.Parse(layout, text); err == nil && t.Format(layout) == text {
		return century(t, tag), nil
	}
	for _, layout := range loose {
		if t, err := time.Parse(layout, text); err == nil {
			return century(t.UTC(), tag), r.allow(ToleranceTime, field)
		}
	}
	return time.Time{}, malformed(field)
}

// century puts the two digits of a UTCTime into 1950 to 2049; time.Parse puts them into 1969 to 2068.
func century(t time.Time, tag casn1.Tag) time.Time {
	if tag == casn1.UTCTime && t.Year() >= 2050 {
		return t.AddDate(-100, 0, 0)
	}
	return t
}
