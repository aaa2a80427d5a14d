// Package dertest alters DER for tests: a checker that accepts a structure must refuse it with any field of it changed.
package dertest

import (
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Altered is a structure of which one primitive value differs.
type Altered struct {
	Path string // of the value: the indices from the outermost element down, then its tag, as "0.2.1 INTEGER"
	DER  []byte
}

// Primitives returns a copy of der for each primitive value in it, with one bit of that value flipped: the lowest of
// its last byte, or of its last digit for a time. A BOOLEAN becomes its opposite, a value that is empty gets another
// tag. An OCTET STRING or BIT STRING that holds exactly one SEQUENCE or SET is descended into.
func Primitives(der []byte) ([]Altered, error) {
	var out []Altered
	err := walk(der, 0, "", func(path string, tag casn1.Tag, header, from, to int) {
		changed := append([]byte(nil), der...)
		switch {
		case from == to:
			changed[header] ^= 0x10
		case tag == casn1.BOOLEAN:
			changed[to-1] ^= 0xff
		case tag == casn1.UTCTime || tag == casn1.GeneralizedTime:
			changed[max(to-2, from)] ^= 0x01
		default:
			changed[to-1] ^= 0x01
		}
		out = append(out, Altered{Path: fmt.Sprintf("%s %s", path, name(tag)), DER: changed})
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// walk visits every primitive value of a sequence of elements; header, from and to are offsets in the outermost bytes.
func walk(der []byte, offset int, path string, visit func(path string, tag casn1.Tag, header, from, to int)) error {
	rest := cryptobyte.String(der)
	for i := 0; !rest.Empty(); i++ {
		var element, body cryptobyte.String
		var tag casn1.Tag
		if !rest.ReadAnyASN1Element(&element, &tag) {
			return fmt.Errorf("dertest: malformed element at byte %d", offset)
		}
		whole := element
		if !whole.ReadAnyASN1(&body, &tag) {
			return fmt.Errorf("dertest: malformed element at byte %d", offset)
		}
		here := fmt.Sprintf("%s.%d", path, i)
		from := offset + len(element) - len(body)
		if inside, at := nested(tag, body); inside {
			if err := walk(body[at:], from+at, here, visit); err != nil {
				return err
			}
		} else {
			visit(here[1:], tag, offset, from, from+len(body))
		}
		offset += len(element)
	}
	return nil
}

// nested tells whether DER stands in the value, and from which byte on.
func nested(tag casn1.Tag, body []byte) (inside bool, from int) {
	switch {
	case tag&0x20 != 0:
		return true, 0
	case tag == casn1.BIT_STRING && len(body) > 0 && body[0] == 0:
		from = 1
	case tag != casn1.OCTET_STRING:
		return false, 0
	}
	rest := cryptobyte.String(body[from:])
	if !rest.PeekASN1Tag(casn1.SEQUENCE) && !rest.PeekASN1Tag(casn1.SET) {
		return false, 0
	}
	var element cryptobyte.String
	var inner casn1.Tag
	alone := rest.ReadAnyASN1Element(&element, &inner) && rest.Empty()
	return alone && walk(element, 0, "", func(string, casn1.Tag, int, int, int) {}) == nil, from
}

func name(tag casn1.Tag) string {
	switch tag {
	case casn1.BOOLEAN:
		return "BOOLEAN"
	case casn1.INTEGER:
		return "INTEGER"
	case casn1.BIT_STRING:
		return "BIT STRING"
	case casn1.OCTET_STRING:
		return "OCTET STRING"
	case casn1.NULL:
		return "NULL"
	case casn1.OBJECT_IDENTIFIER:
		return "OBJECT IDENTIFIER"
	case casn1.ENUM:
		return "ENUMERATED"
	case casn1.UTCTime:
		return "UTCTime"
	case casn1.GeneralizedTime:
		return "GeneralizedTime"
	default:
		return fmt.Sprintf("tag %#02x", uint8(tag))
	}
}
