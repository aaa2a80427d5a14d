package cms

import (
	"bytes"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/sm2sig"
)

// parseSigner reads one whole SignerInfo, of SignedData or of a countersignature.
func parseSigner(element cryptobyte.String) (SignerInfo, error) {
	var r reader
	s := SignerInfo{Raw: element}
	var info cryptobyte.String
	if !element.ReadASN1(&info, casn1.SEQUENCE) || !element.Empty() {
		return SignerInfo{}, malformed("SignerInfo")
	}
	if err := r.signer(&info, &s); err != nil {
		return SignerInfo{}, err
	}
	if !info.Empty() {
		return SignerInfo{}, malformed("bytes after SignerInfo")
	}
	r.noteAlgorithms(&s)
	s.Tolerances = r.noted
	return s, nil
}

func (r *reader) signer(info *cryptobyte.String, s *SignerInfo) error {
	var ok bool
	if !r.version(info, &s.Version) {
		return malformed("SignerInfo.version")
	}
	if !r.name(info, &s.Issuer, &s.Serial, &s.SubjectKeyID) {
		return malformed("SignerInfo.issuerAndSerialNumber")
	}
	if s.DigestAlgorithm, _, ok = r.algorithm(info); !ok {
		return malformed("SignerInfo.digestAlgorithm")
	}
	var err error
	if s.rawAttributes, s.Attributes, err = r.attributes(info, context0, "authenticatedAttributes"); err != nil {
		return err
	}
	if s.SignatureAlgorithm, s.Parameters, ok = r.algorithm(info); !ok {
		return malformed("SignerInfo.digestEncryptionAlgorithm")
	}
	var signature cryptobyte.String
	if !info.ReadASN1(&signature, casn1.OCTET_STRING) || len(signature) == 0 {
		return malformed("SignerInfo.encryptedDigest")
	}
	s.Signature = signature
	// The order of what is not signed matters to nobody.
	unsigned := new(reader)
	s.rawUnsigned, s.UnsignedAttributes, err = unsigned.attributes(info, context1, "unauthenticatedAttributes")
	return err
}

// name reads issuerAndSerialNumber SEQUENCE { issuer Name, serialNumber INTEGER } or subjectKeyIdentifier [0].
func (r *reader) name(info *cryptobyte.String, issuer, serial, keyID *[]byte) bool {
	var body, name, number cryptobyte.String
	if info.PeekASN1Tag(keyIDTag) {
		r.note(TolerantSubjectKeyID)
		ok := info.ReadASN1(&body, keyIDTag) && len(body) > 0 && len(body) <= maxSerialBytes
		*keyID = body
		return ok
	}
	if !info.ReadASN1(&body, casn1.SEQUENCE) ||
		!body.ReadASN1Element(&name, casn1.SEQUENCE) ||
		!body.ReadASN1(&number, casn1.INTEGER) || !body.Empty() {
		return false
	}
	*issuer, *serial = name, number
	return len(number) <= maxSerialBytes && shortestInteger(number)
}

func shortestInteger(b []byte) bool {
	if len(b) < 2 {
		return len(b) == 1
	}
	return !(b[0] == 0 && b[1]&0x80 == 0) && !(b[0] == 0xff && b[1]&0x80 != 0)
}

// attributes reads SET OF Attribute under an implicit tag, if it is there.
func (r *reader) attributes(info *cryptobyte.String, tag casn1.Tag, field string) ([]byte, []Attribute, error) {
	if !info.PeekASN1Tag(tag) {
		return nil, nil, nil
	}
	var raw, set cryptobyte.String
	if !info.ReadASN1Element(&raw, tag) {
		return nil, nil, malformed("SignerInfo." + field)
	}
	whole := raw
	if !whole.ReadASN1(&set, tag) || set.Empty() {
		return nil, nil, malformed("SignerInfo." + field)
	}
	var list []Attribute
	var previous []byte
	for !set.Empty() {
		if len(list) == maxAttributes {
			return nil, nil, fmt.Errorf("%w: %s", ErrLimit, field)
		}
		var element cryptobyte.String
		if !set.ReadASN1Element(&element, casn1.SEQUENCE) {
			return nil, nil, malformed("SignerInfo." + field)
		}
		if bytes.Compare(previous, element) > 0 {
			r.note(TolerantAttributeOrder)
		}
		previous = element
		a, ok := parseAttribute(element)
		if !ok {
			return nil, nil, malformed("Attribute")
		}
		list = append(list, a)
	}
	return raw, list, nil
}

// parseAttribute reads Attribute ::= SEQUENCE { attrType OBJECT IDENTIFIER, attrValues SET OF ANY }.
func parseAttribute(element cryptobyte.String) (Attribute, bool) {
	var body, values cryptobyte.String
	a := Attribute{Raw: element}
	if !element.ReadASN1(&body, casn1.SEQUENCE) || !element.Empty() || !oid.Read(&body, &a.Type) ||
		!body.ReadASN1(&values, casn1.SET) || !body.Empty() {
		return Attribute{}, false
	}
	for !values.Empty() {
		var value cryptobyte.String
		var tag casn1.Tag
		if len(a.Values) == maxAttributes || !values.ReadAnyASN1Element(&value, &tag) {
			return Attribute{}, false
		}
		a.Values = append(a.Values, value)
	}
	return a, true
}

func (r *reader) noteAlgorithms(s *SignerInfo) {
	r.noteDigest(s.DigestAlgorithm)
	switch {
	case !isSM2(s.SignatureAlgorithm):
		r.note(TolerantForeignAlgorithm)
		return
	case s.SignatureAlgorithm != oid.SM2Sign:
		r.note(TolerantSignatureAlgorithm)
	}
	if len(s.Signature) == 64 && sm2sig.CheckSignature(s.Signature) != nil {
		r.note(TolerantRawSignature)
	}
}

func (r *reader) noteDigest(id oid.ID) {
	switch {
	case !isSM3(id):
		r.note(TolerantForeignAlgorithm)
	case id != oid.SM3:
		r.note(TolerantDigestAlgorithm)
	}
}

func isSM3(id oid.ID) bool {
	switch id {
	case oid.SM3, oid.SM3NoKey, oid.SM3Keyed, oid.SM3Old:
		return true
	default:
		return false
	}
}

func isSM2(id oid.ID) bool {
	switch id {
	case oid.SM2, oid.SM2Sign, oid.SM2WithSM3, oid.SM2Old, oid.SM2SignOld, oid.SM2WithSM3Old:
		return true
	default:
		return false
	}
}
