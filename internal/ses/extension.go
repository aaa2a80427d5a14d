package ses

import (
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

// Extension is what a maker added for its own ends (自定义数据). No standard gives any a meaning.
type Extension struct {
	ID       oid.ID
	Critical bool
	Value    []byte
}

// extensions reads
//
//	ExtensionDatas ::= SEQUENCE OF SEQUENCE { extnID OBJECT IDENTIFIER, critical BOOLEAN DEFAULT FALSE,
//	                   extnValue OCTET STRING }
func (r *reader) extensions(s *cryptobyte.String, field string) ([]Extension, error) {
	var list cryptobyte.String
	if !s.ReadASN1(&list, casn1.SEQUENCE) || list.Empty() {
		return nil, malformed(field)
	}
	var out []Extension
	for !list.Empty() {
		if len(out) == MaxExtensions {
			return nil, beyond(field)
		}
		e, err := r.extension(&list, field)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

func (r *reader) extension(list *cryptobyte.String, field string) (Extension, error) {
	var body cryptobyte.String
	var e Extension
	if !list.ReadASN1(&body, casn1.SEQUENCE) || !oid.Read(&body, &e.ID) {
		return Extension{}, malformed(field + ".extnID")
	}
	r.note(TolerantTextIdentifier, isText(e.ID))
	if body.PeekASN1Tag(casn1.BOOLEAN) {
		if !body.ReadASN1Boolean(&e.Critical) {
			return Extension{}, malformed(field + ".critical")
		}
		r.note(TolerantExplicitDefault, !e.Critical)
	}
	var err error
	if e.Value, err = readOctets(&body, maxExtensionBytes, field+".extnValue"); err != nil {
		return Extension{}, err
	}
	if !body.Empty() {
		return Extension{}, malformed(field)
	}
	return e, nil
}

// isText tells whether the contents of an identifier are a word of at least three letters, which no registered arc is.
func isText(id oid.ID) bool {
	if len(id) < 3 {
		return false
	}
	for _, c := range []byte(id) {
		if c|0x20 < 'a' || c|0x20 > 'z' {
			return false
		}
	}
	return true
}
