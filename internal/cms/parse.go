package cms

import (
	"bytes"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/sm2sig"
)

var (
	context0 = casn1.Tag(0).ContextSpecific().Constructed()
	context1 = casn1.Tag(1).ContextSpecific().Constructed()
	keyIDTag = casn1.Tag(0).ContextSpecific()
)

// Parse reads one ContentInfo that holds SignedData and nothing after it.
func Parse(der []byte) (*SignedData, error) {
	if len(der) > MaxBytes {
		return nil, fmt.Errorf("%w: %d bytes", ErrLimit, len(der))
	}
	p := parser{data: new(SignedData)}
	if err := p.contentInfo(der); err != nil {
		return nil, err
	}
	return p.data, nil
}

// parser collects into data; it lives for one call.
type parser struct {
	data *SignedData
}

func (p *parser) note(t Tolerances) { p.data.Tolerances |= t }

func malformed(field string) error { return fmt.Errorf("%w: %s", ErrMalformed, field) }

func (p *parser) contentInfo(der []byte) error {
	input := cryptobyte.String(der)
	var info, explicit, body cryptobyte.String
	if !input.ReadASN1(&info, casn1.SEQUENCE) {
		return malformed("ContentInfo")
	}
	if !input.Empty() {
		return malformed("bytes after ContentInfo")
	}
	if !oid.Read(&info, &p.data.OuterType) {
		return malformed("contentType")
	}
	switch p.data.OuterType {
	case oid.GMSignedData:
	case oid.SignedData:
		p.note(TolerantOuterType)
	default:
		return malformed("contentType " + p.data.OuterType.String() + " is not SignedData")
	}
	if !info.ReadASN1(&explicit, context0) || !info.Empty() ||
		!explicit.ReadASN1(&body, casn1.SEQUENCE) || !explicit.Empty() {
		return malformed("content")
	}
	return p.signedData(body)
}

func (p *parser) signedData(body cryptobyte.String) error {
	if !p.version(&body, &p.data.Version) {
		return malformed("version")
	}
	var algorithms cryptobyte.String
	if !body.ReadASN1(&algorithms, casn1.SET) {
		return malformed("digestAlgorithms")
	}
	for n := 0; !algorithms.Empty(); n++ {
		if n == maxAlgorithms {
			return fmt.Errorf("%w: digestAlgorithms", ErrLimit)
		}
		id, _, ok := p.algorithm(&algorithms)
		if !ok {
			return malformed("digestAlgorithms")
		}
		p.noteDigest(id)
		p.data.Digests = append(p.data.Digests, id)
	}
	if err := p.content(&body); err != nil {
		return err
	}
	if err := p.certificates(&body); err != nil {
		return err
	}
	if err := p.crls(&body); err != nil {
		return err
	}
	return p.signers(body)
}

func (p *parser) version(s *cryptobyte.String, v *int) bool {
	if !s.ReadASN1Integer(v) || *v < 0 || *v > 5 {
		return false
	}
	if *v != 1 {
		p.note(TolerantVersion)
	}
	return true
}

// algorithm reads AlgorithmIdentifier ::= SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY OPTIONAL }. The
// parameters are nil if absent or NULL.
func (p *parser) algorithm(s *cryptobyte.String) (id oid.ID, parameters []byte, ok bool) {
	var body cryptobyte.String
	if !s.ReadASN1(&body, casn1.SEQUENCE) || !oid.Read(&body, &id) {
		return "", nil, false
	}
	if body.Empty() || bytes.Equal(body, []byte{5, 0}) {
		return id, nil, true
	}
	var rest cryptobyte.String
	var tag casn1.Tag
	if !body.ReadAnyASN1Element(&rest, &tag) || !body.Empty() {
		return "", nil, false
	}
	p.note(TolerantParameters)
	return id, rest, true
}

func (p *parser) content(s *cryptobyte.String) error {
	var info, explicit, octets cryptobyte.String
	if !s.ReadASN1(&info, casn1.SEQUENCE) || !oid.Read(&info, &p.data.ContentType) {
		return malformed("contentInfo")
	}
	if p.data.ContentType != oid.GMData {
		p.note(TolerantInnerType)
	}
	if info.Empty() {
		p.data.Detached = true
		return nil
	}
	if !info.ReadASN1(&explicit, context0) || !info.Empty() ||
		!explicit.ReadASN1(&octets, casn1.OCTET_STRING) || !explicit.Empty() {
		return malformed("contentInfo.content")
	}
	p.data.Content = octets
	return nil
}

// certificates reads the field in the forms in use: [0] over the certificates, [0] over a SET or SEQUENCE of them, or
// the SET or SEQUENCE alone. A bare SET is told from signerInfos, the last field, by something following it.
func (p *parser) certificates(s *cryptobyte.String) error {
	var field cryptobyte.String
	switch {
	case s.PeekASN1Tag(context0):
		s.ReadASN1(&field, context0)
	case s.PeekASN1Tag(casn1.SEQUENCE):
		s.ReadASN1(&field, casn1.SEQUENCE)
		p.note(TolerantCertificateTag)
	case s.PeekASN1Tag(casn1.SET):
		rest := *s
		if !rest.ReadASN1(&field, casn1.SET) || rest.Empty() {
			return nil
		}
		*s = rest
		p.note(TolerantCertificateTag)
	default:
		return nil
	}
	if field == nil {
		return malformed("certificates")
	}
	return p.certificateSet(p.unwrapCertificates(field))
}

// unwrapCertificates removes one SET or SEQUENCE around the certificates.
func (p *parser) unwrapCertificates(field cryptobyte.String) cryptobyte.String {
	rest := field
	var inner cryptobyte.String
	var tag casn1.Tag
	if !rest.ReadAnyASN1(&inner, &tag) || !rest.Empty() {
		return field
	}
	if tag == casn1.SET || tag == casn1.SEQUENCE && isCertificate(inner) {
		p.note(TolerantCertificateTag)
		return inner
	}
	return field
}

// isCertificate tells whether s starts with a Certificate, and not with a TBSCertificate, whose first member is never a
// SEQUENCE.
func isCertificate(s cryptobyte.String) bool {
	var first cryptobyte.String
	return s.ReadASN1(&first, casn1.SEQUENCE) && first.PeekASN1Tag(casn1.SEQUENCE)
}

func (p *parser) certificateSet(set cryptobyte.String) error {
	for n := 0; !set.Empty(); n++ {
		if n == maxCertificates {
			return fmt.Errorf("%w: certificates", ErrLimit)
		}
		var element cryptobyte.String
		var tag casn1.Tag
		if !set.ReadAnyASN1Element(&element, &tag) {
			return malformed("certificates")
		}
		if tag != casn1.SEQUENCE {
			p.note(TolerantCertificateChoice)
			continue
		}
		p.data.Certificates = append(p.data.Certificates, element)
	}
	return nil
}

func (p *parser) crls(s *cryptobyte.String) error {
	var field cryptobyte.String
	var present bool
	if !s.ReadOptionalASN1(&field, &present, context1) {
		return malformed("crls")
	}
	for n := 0; !field.Empty(); n++ {
		if n == maxCRLs {
			return fmt.Errorf("%w: crls", ErrLimit)
		}
		var element cryptobyte.String
		var tag casn1.Tag
		if !field.ReadAnyASN1Element(&element, &tag) {
			return malformed("crls")
		}
		p.data.CRLs = append(p.data.CRLs, element)
	}
	return nil
}

func (p *parser) signers(body cryptobyte.String) error {
	var set cryptobyte.String
	if !body.ReadASN1(&set, casn1.SET) || !body.Empty() {
		return malformed("signerInfos")
	}
	for n := 0; !set.Empty(); n++ {
		if n == maxSigners {
			return fmt.Errorf("%w: signerInfos", ErrLimit)
		}
		var info cryptobyte.String
		if !set.ReadASN1(&info, casn1.SEQUENCE) {
			return malformed("SignerInfo")
		}
		signer, err := p.signer(info)
		if err != nil {
			return err
		}
		p.data.Signers = append(p.data.Signers, signer)
	}
	return nil
}

func (p *parser) signer(info cryptobyte.String) (SignerInfo, error) {
	var s SignerInfo
	var ok bool
	if !p.version(&info, &s.Version) {
		return SignerInfo{}, malformed("SignerInfo.version")
	}
	if !p.signerName(&info, &s) {
		return SignerInfo{}, malformed("SignerInfo.issuerAndSerialNumber")
	}
	if s.DigestAlgorithm, _, ok = p.algorithm(&info); !ok {
		return SignerInfo{}, malformed("SignerInfo.digestAlgorithm")
	}
	if err := p.attributes(&info, &s); err != nil {
		return SignerInfo{}, err
	}
	if s.SignatureAlgorithm, s.Parameters, ok = p.algorithm(&info); !ok {
		return SignerInfo{}, malformed("SignerInfo.digestEncryptionAlgorithm")
	}
	var signature cryptobyte.String
	if !info.ReadASN1(&signature, casn1.OCTET_STRING) || len(signature) == 0 {
		return SignerInfo{}, malformed("SignerInfo.encryptedDigest")
	}
	s.Signature = signature
	if info.PeekASN1Tag(context1) {
		var unsigned cryptobyte.String
		if !info.ReadASN1Element(&unsigned, context1) {
			return SignerInfo{}, malformed("SignerInfo.unauthenticatedAttributes")
		}
		s.UnsignedAttributes = unsigned
	}
	if !info.Empty() {
		return SignerInfo{}, malformed("bytes after SignerInfo")
	}
	p.noteAlgorithms(&s)
	return s, nil
}

// signerName reads issuerAndSerialNumber SEQUENCE { issuer Name, serialNumber INTEGER } or subjectKeyIdentifier [0].
func (p *parser) signerName(info *cryptobyte.String, s *SignerInfo) bool {
	var body, issuer, serial cryptobyte.String
	if info.PeekASN1Tag(keyIDTag) {
		p.note(TolerantSubjectKeyID)
		ok := info.ReadASN1(&body, keyIDTag) && len(body) > 0 && len(body) <= maxSerialBytes
		s.SubjectKeyID = body
		return ok
	}
	if !info.ReadASN1(&body, casn1.SEQUENCE) ||
		!body.ReadASN1Element(&issuer, casn1.SEQUENCE) ||
		!body.ReadASN1(&serial, casn1.INTEGER) || !body.Empty() {
		return false
	}
	s.Issuer, s.Serial = issuer, serial
	return len(serial) <= maxSerialBytes && shortestInteger(serial)
}

func shortestInteger(b []byte) bool {
	if len(b) < 2 {
		return len(b) == 1
	}
	return !(b[0] == 0 && b[1]&0x80 == 0) && !(b[0] == 0xff && b[1]&0x80 != 0)
}

func (p *parser) attributes(info *cryptobyte.String, s *SignerInfo) error {
	if !info.PeekASN1Tag(context0) {
		return nil
	}
	var raw, set cryptobyte.String
	if !info.ReadASN1Element(&raw, context0) {
		return malformed("SignerInfo.authenticatedAttributes")
	}
	s.rawAttributes = raw
	whole := raw
	if !whole.ReadASN1(&set, context0) || set.Empty() {
		return malformed("SignerInfo.authenticatedAttributes")
	}
	var previous []byte
	for n := 0; !set.Empty(); n++ {
		if n == maxAttributes {
			return fmt.Errorf("%w: authenticatedAttributes", ErrLimit)
		}
		var element cryptobyte.String
		if !set.ReadASN1Element(&element, casn1.SEQUENCE) {
			return malformed("SignerInfo.authenticatedAttributes")
		}
		if bytes.Compare(previous, element) > 0 {
			p.note(TolerantAttributeOrder)
		}
		previous = element
		a, ok := parseAttribute(element)
		if !ok {
			return malformed("Attribute")
		}
		s.Attributes = append(s.Attributes, a)
	}
	return nil
}

// parseAttribute reads Attribute ::= SEQUENCE { attrType OBJECT IDENTIFIER, attrValues SET OF ANY }.
func parseAttribute(element cryptobyte.String) (Attribute, bool) {
	var body, values cryptobyte.String
	var a Attribute
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

func (p *parser) noteAlgorithms(s *SignerInfo) {
	p.noteDigest(s.DigestAlgorithm)
	switch {
	case !isSM2(s.SignatureAlgorithm):
		p.note(TolerantForeignAlgorithm)
		return
	case s.SignatureAlgorithm != oid.SM2Sign:
		p.note(TolerantSignatureAlgorithm)
	}
	if len(s.Signature) == 64 && sm2sig.CheckSignature(s.Signature) != nil {
		p.note(TolerantRawSignature)
	}
	if a, ok := s.single(oid.ContentType); ok && isOtherDataType(a, p.data.ContentType) {
		p.note(TolerantContentTypeAttribute)
	}
}

func (p *parser) noteDigest(id oid.ID) {
	switch {
	case !isSM3(id):
		p.note(TolerantForeignAlgorithm)
	case id != oid.SM3:
		p.note(TolerantDigestAlgorithm)
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
