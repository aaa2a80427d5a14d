package pki

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/elicense/elicense/internal/oid"
)

// Tags of string types that cryptobyte has no name for.
const (
	tagNumericString   = casn1.Tag(18)
	tagUniversalString = casn1.Tag(28)
	tagBMPString       = casn1.Tag(30)
)

// text decodes a string element. ok is false for a value that is no string, or one that only a tolerance let pass
// and that gives no text.
func (r *reader) text(element cryptobyte.String, tag casn1.Tag, field string) (text string, ok bool, err error) {
	var body cryptobyte.String
	if !element.ReadASN1(&body, tag) {
		return "", false, malformed(field)
	}
	switch tag {
	case casn1.UTF8String:
		return r.plain(body, utf8.Valid(body), ToleranceUTF8String, field)
	case casn1.PrintableString, tagNumericString:
		return r.plain(body, !slices.ContainsFunc(body, notPrintable), TolerancePrintableString, field)
	case casn1.IA5String:
		return r.plain(body, isASCII(body), ToleranceIA5String, field)
	case casn1.T61String:
		return r.wide(latin1(body), isASCII(body), field)
	case tagBMPString:
		units := make([]uint16, len(body)/2)
		for i := range units {
			units[i] = binary.BigEndian.Uint16(body[2*i:])
		}
		text := string(utf16.Decode(units))
		return r.wide(text, len(body)%2 == 0 && !strings.ContainsRune(text, utf8.RuneError), field)
	case tagUniversalString:
		text := universal(body)
		return r.wide(text, len(body)%4 == 0 && !strings.ContainsRune(text, utf8.RuneError), field)
	default:
		return "", false, nil
	}
}

// plain takes octets that are UTF-8 or nothing.
func (r *reader) plain(body []byte, good bool, t Tolerance, field string) (string, bool, error) {
	if good {
		return string(body), true, nil
	}
	if err := r.allow(t, field); err != nil {
		return "", false, err
	}
	if !utf8.Valid(body) {
		return "", false, nil
	}
	return string(body), true, nil
}

func (r *reader) wide(text string, good bool, field string) (string, bool, error) {
	if good {
		return text, true, nil
	}
	return text, !strings.ContainsRune(text, utf8.RuneError), r.allow(ToleranceWideString, field)
}

func latin1(body []byte) string {
	runes := make([]rune, len(body))
	for i, c := range body {
		runes[i] = rune(c)
	}
	return string(runes)
}

func universal(body []byte) string {
	runes := make([]rune, len(body)/4)
	for i := range runes {
		runes[i] = utf8.RuneError
		if v := binary.BigEndian.Uint32(body[4*i:]); v <= unicode.MaxRune {
			runes[i] = rune(v)
		}
	}
	return string(runes)
}

func isASCII(b []byte) bool {
	return !slices.ContainsFunc(b, func(c byte) bool { return c >= utf8.RuneSelf })
}

// notPrintable tells octets that a PrintableString does not have. Asterisk and ampersand are let pass, as everybody
// does.
func notPrintable(c byte) bool {
	return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		bytes.IndexByte([]byte(" '()+,-./:=?*&"), c) >= 0)
}

// attributeKey is the form in which attributes are compared (RFC 4518, as far as RFC 5280, 7.1, needs it): text
// without regard to string type, letter case and repeated blanks; anything else by its encoding. Lengths keep two
// attributes from running into each other.
func attributeKey(id oid.ID, text string, isText bool, element []byte) string {
	value, kind := string(element), byte('r')
	if isText {
		value, kind = foldText(text), 't'
	}
	key := make([]byte, 0, len(id)+len(value)+8)
	key = binary.AppendUvarint(key, uint64(len(id)))
	key = append(key, id...)
	key = append(key, kind)
	key = binary.AppendUvarint(key, uint64(len(value)))
	return string(append(key, value...))
}

// foldText brings text that counts as equal to one form.
func foldText(s string) string {
	ascii := true
	for i := range len(s) {
		ascii = ascii && s[i] < utf8.RuneSelf
	}
	if ascii {
		s = strings.ToLower(s)
	} else {
		// Folding can undo the normal form, so that it is brought about again.
		s = norm.NFKC.String(cases.Fold().String(norm.NFKC.String(s)))
	}
	if !strings.ContainsFunc(s, unicode.IsSpace) {
		return s
	}
	return strings.Join(strings.Fields(s), " ")
}
