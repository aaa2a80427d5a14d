package ca

import (
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// inspected is a TBSCertificate as the lint reads it: in strict DER and by code that the encoder does not share, so
// that a mistake of one is not repeated by the other.
type inspected struct {
	version    int
	serial     *big.Int
	algorithm  cryptobyte.String
	issuer     []byte
	subject    []byte
	notBefore  instant
	notAfter   instant
	key        cryptobyte.String
	extensions []extension
}

// instant is a time with the type it was written in.
type instant struct {
	time.Time
	general bool // GeneralizedTime
}

type extension struct {
	id       oid.ID
	critical bool
	value    cryptobyte.String
}

// attribute is one attribute of a name.
type attribute struct {
	id    oid.ID
	tag   casn1.Tag
	value string
}

// inspect reads a TBSCertificate and nothing after it.
func inspect(tbs []byte) (*inspected, bool) {
	input := cryptobyte.String(tbs)
	var body, list cryptobyte.String
	in := &inspected{serial: new(big.Int)}
	ok := input.ReadASN1(&body, casn1.SEQUENCE) && input.Empty() && in.readVersion(&body) &&
		body.ReadASN1Integer(in.serial) && body.ReadASN1Element(&in.algorithm, casn1.SEQUENCE) &&
		readElement(&body, &in.issuer) && in.readValidity(&body) && readElement(&body, &in.subject) &&
		body.ReadASN1Element(&in.key, casn1.SEQUENCE) &&
		body.ReadASN1(&list, contextTag(3).Constructed()) && body.Empty() && in.readExtensions(list)
	return in, ok
}

func (in *inspected) readVersion(body *cryptobyte.String) bool {
	var version cryptobyte.String
	return body.ReadASN1(&version, contextTag(0).Constructed()) && version.ReadASN1Integer(&in.version) &&
		version.Empty()
}

func (in *inspected) readValidity(body *cryptobyte.String) bool {
	var validity cryptobyte.String
	return body.ReadASN1(&validity, casn1.SEQUENCE) && readInstant(&validity, &in.notBefore) &&
		readInstant(&validity, &in.notAfter) && validity.Empty()
}

func readElement(s *cryptobyte.String, to *[]byte) bool {
	var element cryptobyte.String
	ok := s.ReadASN1Element(&element, casn1.SEQUENCE)
	*to = element
	return ok
}

// readInstant reads a time of RFC 5280, 4.1.2.5: with seconds, without fractions, in Zulu.
func readInstant(s *cryptobyte.String, to *instant) bool {
	if s.PeekASN1Tag(casn1.GeneralizedTime) {
		to.general = true
		return s.ReadASN1GeneralizedTime(&to.Time)
	}
	return s.ReadASN1UTCTime(&to.Time)
}

func (in *inspected) readExtensions(wrapped cryptobyte.String) bool {
	var list cryptobyte.String
	if !wrapped.ReadASN1(&list, casn1.SEQUENCE) || !wrapped.Empty() {
		return false
	}
	for !list.Empty() {
		var body cryptobyte.String
		var e extension
		if !list.ReadASN1(&body, casn1.SEQUENCE) || !oid.Read(&body, &e.id) {
			return false
		}
		if body.PeekASN1Tag(casn1.BOOLEAN) && (!body.ReadASN1Boolean(&e.critical) || !e.critical) {
			return false // a default that is written out is no DER
		}
		if !body.ReadASN1(&e.value, casn1.OCTET_STRING) || !body.Empty() {
			return false
		}
		in.extensions = append(in.extensions, e)
	}
	return true
}

// extension finds an extension; nil if there is none.
func (in *inspected) extension(id oid.ID) *extension {
	for i := range in.extensions {
		if in.extensions[i].id == id {
			return &in.extensions[i]
		}
	}
	return nil
}

// readName reads a Name of one attribute in each part.
func readName(der []byte) ([]attribute, bool) {
	input := cryptobyte.String(der)
	var rdns cryptobyte.String
	if !input.ReadASN1(&rdns, casn1.SEQUENCE) || !input.Empty() {
		return nil, false
	}
	var list []attribute
	for !rdns.Empty() {
		var rdn, pair, value cryptobyte.String
		var a attribute
		if !rdns.ReadASN1(&rdn, casn1.SET) || !rdn.ReadASN1(&pair, casn1.SEQUENCE) || !rdn.Empty() ||
			!oid.Read(&pair, &a.id) || !pair.ReadAnyASN1(&value, &a.tag) || !pair.Empty() {
			return nil, false
		}
		a.value = string(value)
		list = append(list, a)
	}
	return list, true
}

// basicConstraints reads the flag and the path length, -1 for none.
func (e *extension) basicConstraints() (isCA bool, pathLen int, ok bool) {
	value, pathLen := e.value, -1
	var body cryptobyte.String
	if !value.ReadASN1(&body, casn1.SEQUENCE) || !value.Empty() {
		return false, 0, false
	}
	if body.PeekASN1Tag(casn1.BOOLEAN) && (!body.ReadASN1Boolean(&isCA) || !isCA) {
		return false, 0, false
	}
	if !body.Empty() && (!isCA || !body.ReadASN1Integer(&pathLen) || pathLen < 0 || !body.Empty()) {
		return false, 0, false
	}
	return isCA, pathLen, true
}

// keyUsage reads the named bits; trailing zero bits are refused (X.690, 11.2.2).
func (e *extension) keyUsage() (pki.KeyUsage, bool) {
	value := e.value
	var body cryptobyte.String
	if !value.ReadASN1(&body, casn1.BIT_STRING) || !value.Empty() || len(body) < 2 || len(body) > 3 || body[0] > 7 {
		return 0, false
	}
	bits := body[1:]
	if last := bits[len(bits)-1]; last&(1<<body[0]) == 0 || last&(1<<body[0]-1) != 0 {
		return 0, false
	}
	var usage pki.KeyUsage
	for i := range 8 * len(bits) {
		if bits[i/8]&(0x80>>(i%8)) != 0 {
			usage |= 1 << i
		}
	}
	return usage, true
}

// ids reads SEQUENCE OF OBJECT IDENTIFIER.
func (e *extension) ids() ([]oid.ID, bool) {
	value := e.value
	var body cryptobyte.String
	if !value.ReadASN1(&body, casn1.SEQUENCE) || !value.Empty() {
		return nil, false
	}
	var list []oid.ID
	for !body.Empty() {
		var id oid.ID
		if !oid.Read(&body, &id) {
			return nil, false
		}
		list = append(list, id)
	}
	return list, true
}

// policy reads certificatePolicies of one policy without qualifiers.
func (e *extension) policy() (oid.ID, bool) {
	value := e.value
	var list, information cryptobyte.String
	var id oid.ID
	ok := value.ReadASN1(&list, casn1.SEQUENCE) && value.Empty() &&
		list.ReadASN1(&information, casn1.SEQUENCE) && list.Empty() &&
		oid.Read(&information, &id) && information.Empty()
	return id, ok
}

// keyIdentifier reads SubjectKeyIdentifier.
func (e *extension) keyIdentifier() ([]byte, bool) {
	value := e.value
	var id cryptobyte.String
	ok := value.ReadASN1(&id, casn1.OCTET_STRING) && value.Empty()
	return id, ok
}

// authorityKey reads AuthorityKeyIdentifier of a key identifier alone.
func (e *extension) authorityKey() ([]byte, bool) {
	value := e.value
	var body, id cryptobyte.String
	ok := value.ReadASN1(&body, casn1.SEQUENCE) && value.Empty() && body.ReadASN1(&id, contextTag(0)) && body.Empty()
	return id, ok
}

// hosts reads a subjectAltName of host names only.
func (e *extension) hosts() ([]string, bool) {
	value := e.value
	var body cryptobyte.String
	if !value.ReadASN1(&body, casn1.SEQUENCE) || !value.Empty() {
		return nil, false
	}
	var list []string
	for !body.Empty() {
		var name cryptobyte.String
		if !body.ReadASN1(&name, contextTag(2)) {
			return nil, false
		}
		list = append(list, string(name))
	}
	return list, true
}

// distributionPoint reads CRLDistributionPoints or FreshestCRL of one point of one address, without reasons and
// without another issuer.
func (e *extension) distributionPoint() (string, bool) {
	value := e.value
	var list, point, name, full, address cryptobyte.String
	ok := value.ReadASN1(&list, casn1.SEQUENCE) && value.Empty() &&
		list.ReadASN1(&point, casn1.SEQUENCE) && list.Empty() &&
		point.ReadASN1(&name, contextTag(0).Constructed()) && point.Empty() &&
		name.ReadASN1(&full, contextTag(0).Constructed()) && name.Empty() &&
		full.ReadASN1(&address, contextTag(6)) && full.Empty()
	return string(address), ok
}

// access reads authorityInfoAccess of the addresses of OCSP and of the issuer's certificate, in this order.
func (e *extension) access() (ocsp, issuer string, ok bool) {
	value := e.value
	var list cryptobyte.String
	if !value.ReadASN1(&list, casn1.SEQUENCE) || !value.Empty() {
		return "", "", false
	}
	if rest := list; readAccess(&rest, oid.AccessOCSP, &ocsp) {
		list = rest
	}
	ok = readAccess(&list, oid.AccessIssuers, &issuer) && list.Empty()
	return ocsp, issuer, ok
}

func readAccess(list *cryptobyte.String, method oid.ID, to *string) bool {
	var description, address cryptobyte.String
	var id oid.ID
	if !list.ReadASN1(&description, casn1.SEQUENCE) || !oid.Read(&description, &id) || id != method ||
		!description.ReadASN1(&address, contextTag(6)) || !description.Empty() {
		return false
	}
	*to = string(address)
	return true
}

// printable reads a PrintableString.
func (e *extension) printable() (string, bool) {
	value := e.value
	var s cryptobyte.String
	ok := value.ReadASN1(&s, casn1.PrintableString) && value.Empty() && isPrintableString(string(s))
	return string(s), ok
}

// personal reads IdentifyCode of a citizen number (tag 0) or of a passport (tag 2).
func (e *extension) personal() (tag uint8, number string, ok bool) {
	value := e.value
	if !value.PeekASN1Tag(contextTag(0).Constructed()) {
		tag = 2
	}
	var choice, s cryptobyte.String
	ok = value.ReadASN1(&choice, contextTag(tag).Constructed()) && value.Empty() &&
		choice.ReadASN1(&s, casn1.PrintableString) && choice.Empty() && isPrintableString(string(s))
	return tag, string(s), ok
}
