package record

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"unicode/utf8"

	"github.com/emmansun/gmsm/sm3"
)

// MaxValue is the longest value of one element, in bytes.
const MaxValue = 64 << 10

// Salt makes equal values of different licences unlike; it is drawn anew for each element of each version.
type Salt [16]byte

// Disclosure is one element with the salt that opens its digest in the record.
type Disclosure struct {
	Name  string `json:"name"`
	Salt  Salt   `json:"salt"`
	Value string `json:"value"`
}

// fieldDomain keeps field digests apart from every other hash of this module: the ledger's start with 0x00 and 0x01,
// texts with a letter.
const fieldDomain = 0x02

// Digest is SM3(0x02 ‖ salt ‖ length of name (1 byte) ‖ name ‖ value): what the record holds for the element.
func (d *Disclosure) Digest() Digest {
	var short [192]byte
	b := append(short[:0], fieldDomain)
	b = append(b, d.Salt[:]...)
	b = append(b, byte(len(d.Name))) //nolint:gosec // Append and Parse bound a name to 64 bytes
	b = append(b, d.Name...)
	b = append(b, d.Value...)
	return sm3.Sum(b)
}

// AppendDisclosures appends, for each element: length of name (1 byte), name, salt (16 bytes), length of value
// (uvarint), value. A value is UTF-8, because its JSON form must open the same digest.
func AppendDisclosures(b []byte, list []Disclosure) ([]byte, error) {
	if len(list) > MaxFields {
		return nil, fmt.Errorf("%w: number of disclosures", ErrFormat)
	}
	for i := range list {
		d := &list[i]
		if !isFieldName(d.Name) || len(d.Value) > MaxValue || !utf8.ValidString(d.Value) {
			return nil, fmt.Errorf("%w: disclosure", ErrFormat)
		}
		b = append(b, byte(len(d.Name))) //nolint:gosec // isFieldName bounds it to 64 bytes
		b = append(b, d.Name...)
		b = append(b, d.Salt[:]...)
		b = binary.AppendUvarint(b, uint64(len(d.Value)))
		b = append(b, d.Value...)
	}
	return b, nil
}

// ParseDisclosures reads what AppendDisclosures wrote, to the last byte.
func ParseDisclosures(b []byte) ([]Disclosure, error) {
	text := string(b) // one copy that all names and values share
	list := make([]Disclosure, 0, 16)
	for pos := 0; pos < len(text); {
		d, n, ok := parseDisclosure(b[pos:], text[pos:])
		if !ok || len(list) == MaxFields {
			return nil, fmt.Errorf("%w: disclosure", ErrFormat)
		}
		list = append(list, d)
		pos += n
	}
	return list, nil
}

func parseDisclosure(b []byte, text string) (Disclosure, int, bool) {
	n := int(b[0])
	if len(b) < 1+n+16+1 || !isFieldName(text[1:1+n]) {
		return Disclosure{}, 0, false
	}
	d := Disclosure{Name: text[1 : 1+n]}
	pos := 1 + n + copy(d.Salt[:], b[1+n:])
	size, k := binary.Uvarint(b[pos:])
	pos += k
	if k <= 0 || size > MaxValue || uint64(len(b)-pos) < size || k > 1 && b[pos-1] == 0 { //nolint:gosec // not negative
		return Disclosure{}, 0, false
	}
	end := pos + int(size)
	d.Value = text[pos:end]
	return d, end, utf8.ValidString(d.Value)
}

// CheckDisclosures reports whether each of list opens a field of r; elements of r may be missing from list.
func (r *Record) CheckDisclosures(list []Disclosure) error {
	seen := make(map[string]bool, len(list))
	for i := range list {
		d := &list[i]
		want, ok := r.field(d.Name)
		if !ok || seen[d.Name] || want != d.Digest() {
			return fmt.Errorf("%w: disclosure of %s does not open the record", ErrFormat, d.Name)
		}
		seen[d.Name] = true
	}
	return nil
}

func (r *Record) field(name string) (Digest, bool) {
	for i := range r.Fields {
		if r.Fields[i].Name == name {
			return r.Fields[i].Digest, true
		}
	}
	return Digest{}, false
}

// MarshalText is the salt in lower-case hexadecimal.
func (s Salt) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, s[:]), nil }

// UnmarshalText reads the form of MarshalText.
func (s *Salt) UnmarshalText(b []byte) error {
	var v Salt
	if len(b) != 2*len(v) || bytes.ContainsAny(b, "ABCDEF") {
		return fmt.Errorf("%w: salt", ErrFormat)
	}
	if _, err := hex.Decode(v[:], b); err != nil {
		return fmt.Errorf("%w: salt", ErrFormat)
	}
	*s = v
	return nil
}
