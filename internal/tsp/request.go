package tsp

import (
	"bytes"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

var (
	context0 = casn1.Tag(0).ContextSpecific().Constructed()
	context1 = casn1.Tag(1).ContextSpecific().Constructed()
)

// Request is a TimeStampReq.
type Request struct {
	Imprint    Imprint
	Policy     oid.ID      // wanted policy, empty if none is
	Nonce      []byte      // contents octets of the INTEGER, nil if absent
	CertReq    bool        // the answer shall carry the certificate
	Extensions []Extension // of version 1 none is defined
	Tolerances Tolerances
}

// Extension is one extension of a message (RFC 5280, 4.2).
type Extension struct {
	ID       oid.ID
	Critical bool
	Value    []byte
}

// ParseRequest reads one TimeStampReq and nothing after it. The result points into der.
func ParseRequest(der []byte) (*Request, error) {
	if len(der) > MaxRequestBytes {
		return nil, fmt.Errorf("%w: %d bytes", ErrLimit, len(der))
	}
	input := cryptobyte.String(der)
	var body cryptobyte.String
	if !input.ReadASN1(&body, casn1.SEQUENCE) {
		return nil, malformed("TimeStampReq")
	}
	if !input.Empty() {
		return nil, malformed("bytes after TimeStampReq")
	}
	r := new(Request)
	if err := readVersion(&body); err != nil {
		return nil, err
	}
	if !readImprint(&body, &r.Imprint) {
		return nil, malformed("messageImprint")
	}
	r.Tolerances = r.Imprint.tolerances()
	if body.PeekASN1Tag(casn1.OBJECT_IDENTIFIER) && !oid.Read(&body, &r.Policy) {
		return nil, malformed("reqPolicy")
	}
	var ok bool
	if r.Nonce, ok = readOptionalInteger(&body); !ok {
		return nil, malformed("nonce")
	}
	if r.CertReq, ok = readDefaultFalse(&body); !ok {
		return nil, malformed("certReq")
	}
	if r.Extensions, ok = readExtensions(&body, context0); !ok {
		return nil, malformed("extensions")
	}
	if !body.Empty() {
		return nil, malformed("bytes after the fields of TimeStampReq")
	}
	return r, nil
}

// MarshalRequest writes a TimeStampReq.
func MarshalRequest(r *Request) ([]byte, error) {
	if !r.Imprint.wellFormed() || len(r.Extensions) > maxExtensions || r.Nonce != nil && !wellFormedInteger(r.Nonce) {
		return nil, ErrInput
	}
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		addImprint(b, r.Imprint)
		if r.Policy != "" {
			oid.Add(b, r.Policy)
		}
		addOptionalInteger(b, r.Nonce)
		addDefaultFalse(b, r.CertReq)
		addExtensions(b, context0, r.Extensions)
	})
	return written(&b)
}

// written is what b holds, within the limit of requests.
func written(b *cryptobyte.Builder) ([]byte, error) {
	der, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrInput, err)
	}
	return der, nil
}

func readVersion(s *cryptobyte.String) error {
	var v int64
	if !s.ReadASN1Integer(&v) {
		return malformed("version")
	}
	if v != 1 {
		return fmt.Errorf("%w: %d", ErrVersion, v)
	}
	return nil
}

// readOptionalInteger gives the contents octets of an INTEGER of any size and sign, nil if the next element is none.
func readOptionalInteger(s *cryptobyte.String) ([]byte, bool) {
	if !s.PeekASN1Tag(casn1.INTEGER) {
		return nil, true
	}
	var octets cryptobyte.String
	if !s.ReadASN1(&octets, casn1.INTEGER) || !wellFormedInteger(octets) {
		return nil, false
	}
	return octets, true
}

// wellFormedInteger wants the shortest form (X.690, 8.3.2) within the limit.
func wellFormedInteger(b []byte) bool {
	if len(b) == 0 || len(b) > maxIntegerBytes {
		return false
	}
	return len(b) == 1 || !(b[0] == 0 && b[1]&0x80 == 0) && !(b[0] == 0xff && b[1]&0x80 != 0)
}

func addOptionalInteger(b *cryptobyte.Builder, octets []byte) {
	if octets != nil {
		b.AddASN1(casn1.INTEGER, func(b *cryptobyte.Builder) { b.AddBytes(octets) })
	}
}

// readDefaultFalse reads BOOLEAN DEFAULT FALSE; DER leaves the default out and knows TRUE as FF alone.
func readDefaultFalse(s *cryptobyte.String) (value, ok bool) {
	if !s.PeekASN1Tag(casn1.BOOLEAN) {
		return false, true
	}
	var body cryptobyte.String
	ok = s.ReadASN1(&body, casn1.BOOLEAN) && bytes.Equal(body, []byte{0xff})
	return ok, ok
}

func addDefaultFalse(b *cryptobyte.Builder, value bool) {
	if value {
		b.AddASN1Boolean(true)
	}
}

// readExtensions reads Extensions ::= SEQUENCE SIZE (1..MAX) OF SEQUENCE { extnID, critical BOOLEAN DEFAULT FALSE,
// extnValue OCTET STRING } under an implicit tag, each identifier once.
func readExtensions(s *cryptobyte.String, tag casn1.Tag) ([]Extension, bool) {
	if !s.PeekASN1Tag(tag) {
		return nil, true
	}
	var list cryptobyte.String
	if !s.ReadASN1(&list, tag) || list.Empty() {
		return nil, false
	}
	var out []Extension
	for !list.Empty() {
		e, ok := readExtension(&list)
		if !ok || len(out) == maxExtensions {
			return nil, false
		}
		for _, before := range out {
			if before.ID == e.ID {
				return nil, false
			}
		}
		out = append(out, e)
	}
	return out, true
}

func readExtension(list *cryptobyte.String) (Extension, bool) {
	var body, value cryptobyte.String
	var e Extension
	if !list.ReadASN1(&body, casn1.SEQUENCE) || !oid.Read(&body, &e.ID) {
		return Extension{}, false
	}
	var ok bool
	if e.Critical, ok = readDefaultFalse(&body); !ok || !body.ReadASN1(&value, casn1.OCTET_STRING) || !body.Empty() {
		return Extension{}, false
	}
	e.Value = value
	return e, true
}

func addExtensions(b *cryptobyte.Builder, tag casn1.Tag, list []Extension) {
	if len(list) == 0 {
		return
	}
	b.AddASN1(tag, func(b *cryptobyte.Builder) {
		for _, e := range list {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				oid.Add(b, e.ID)
				addDefaultFalse(b, e.Critical)
				b.AddASN1OctetString(e.Value)
			})
		}
	})
}
