package pki

import (
	"bytes"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

// What CRLs and OCSP messages have in common, read strictly and without taking memory: a CRL has these millions of
// times.

// maxListExtensions is how many extensions one list may have.
const maxListExtensions = 32

// extension is one Extension ::= SEQUENCE { extnID, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }.
type extension struct {
	id       []byte // contents of the OBJECT IDENTIFIER
	critical bool
	value    cryptobyte.String // contents of the OCTET STRING
}

// nextExtension takes one extension from list. FALSE written out is no DER and refused, as is a number that is not in
// its shortest form.
func nextExtension(list *cryptobyte.String) (extension, bool) {
	var e extension
	var body, id, flag cryptobyte.String
	var flagged bool
	if !list.ReadASN1(&body, casn1.SEQUENCE) || !body.ReadASN1(&id, casn1.OBJECT_IDENTIFIER) ||
		!body.ReadOptionalASN1(&flag, &flagged, casn1.BOOLEAN) ||
		flagged && (len(flag) != 1 || flag[0] != 0xff) ||
		!body.ReadASN1(&e.value, casn1.OCTET_STRING) || !body.Empty() || !oid.Valid(id) {
		return extension{}, false
	}
	e.id, e.critical = id, flagged
	return e, true
}

// seenExtensions finds an extension that stands in a list twice (RFC 5280, 4.2).
type seenExtensions struct {
	ids   [maxListExtensions][]byte
	count int
}

// add refuses what was added before, and more than maxListExtensions.
func (s *seenExtensions) add(id []byte) bool {
	for _, seen := range s.ids[:s.count] {
		if bytes.Equal(seen, id) {
			return false
		}
	}
	if s.count == len(s.ids) {
		return false
	}
	s.ids[s.count] = id
	s.count++
	return true
}

// readTime reads Time ::= CHOICE { UTCTime, GeneralizedTime } in the one form of RFC 5280, 4.1.2.5. A GeneralizedTime
// before 2050 is read too: what it says is plain.
func readTime(s *cryptobyte.String, out *time.Time) bool {
	if s.PeekASN1Tag(casn1.GeneralizedTime) {
		return readGeneralizedTime(s, out)
	}
	var text cryptobyte.String
	if !s.ReadASN1(&text, casn1.UTCTime) || len(text) != len("YYMMDDhhmmssZ") {
		return false
	}
	year, ok := digits(text[:2])
	if year < 50 {
		year += 100
	}
	return ok && text[12] == 'Z' && dateTime(1900+year, text[2:12], out)
}

func readOptionalTime(s *cryptobyte.String, out *time.Time) bool {
	if !s.PeekASN1Tag(casn1.UTCTime) && !s.PeekASN1Tag(casn1.GeneralizedTime) {
		return true
	}
	return readTime(s, out)
}

// readGeneralizedTime reads YYYYMMDDhhmmssZ. A fraction of a second in the form of DER is read too: RFC 5280 forbids
// it, but some responders write it.
func readGeneralizedTime(s *cryptobyte.String, out *time.Time) bool {
	var text cryptobyte.String
	if !s.ReadASN1(&text, casn1.GeneralizedTime) || len(text) < len("YYYYMMDDhhmmssZ") {
		return false
	}
	year, ok := digits(text[:4])
	fraction, fractionOK := nanoseconds(text[14 : len(text)-1])
	if !ok || !fractionOK || text[len(text)-1] != 'Z' || !dateTime(year, text[4:14], out) {
		return false
	}
	*out = out.Add(fraction)
	return true
}

// nanoseconds reads nothing, or a point and up to nine digits of which the last is not zero.
func nanoseconds(text []byte) (time.Duration, bool) {
	if len(text) == 0 {
		return 0, true
	}
	if len(text) < 2 || len(text) > 10 || text[0] != '.' || text[len(text)-1] == '0' {
		return 0, false
	}
	n, ok := digits(text[1:])
	for range 10 - len(text) {
		n *= 10
	}
	return time.Duration(n), ok
}

// dateTime reads MMDDhhmmss; a day that does not exist is refused.
func dateTime(year int, text []byte, out *time.Time) bool {
	var field [5]int
	for i := range field {
		var ok bool
		if field[i], ok = digits(text[2*i : 2*i+2]); !ok {
			return false
		}
	}
	month, day, hour, minute, second := field[0], field[1], field[2], field[3], field[4]
	if hour > 23 || minute > 59 || second > 59 {
		return false
	}
	*out = time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	return out.Month() == time.Month(month) && out.Day() == day
}

func digits(text []byte) (int, bool) {
	n := 0
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, true
}

// readIntegerBytes reads the contents of an INTEGER in its shortest form. Serial numbers are compared so: some
// authorities issue negative ones and ones of any length (RFC 5280, 4.1.2.2).
func readIntegerBytes(s *cryptobyte.String, out *cryptobyte.String) bool {
	if !s.ReadASN1(out, casn1.INTEGER) || len(*out) == 0 {
		return false
	}
	b := *out
	return len(b) == 1 || !(b[0] == 0 && b[1]&0x80 == 0 || b[0] == 0xff && b[1]&0x80 != 0)
}

// integerContents is the contents of a DER INTEGER: two's complement, shortest.
func integerContents(n *big.Int) []byte {
	magnitude, flip := n, byte(0)
	if n.Sign() < 0 {
		magnitude, flip = new(big.Int).Not(n), 0xff // the bits of a negative number are those of -n-1 turned over
	}
	b := magnitude.FillBytes(make([]byte, magnitude.BitLen()/8+1)) // with room for the bit of the sign
	for i := range b {
		b[i] ^= flip
	}
	return b
}

// integerValue is the value of the contents of a DER INTEGER.
func integerValue(contents []byte) *big.Int {
	n := new(big.Int).SetBytes(contents)
	if len(contents) > 0 && contents[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(contents))))
	}
	return n
}
