package cms

import (
	"bytes"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
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
		return nil, refusal(der, err)
	}
	p.data.Tolerances |= p.noted
	return p.data, nil
}

// reader reads what several structures share and collects what had to be tolerated.
type reader struct{ noted Tolerances }

func (r *reader) note(t Tolerances) { r.noted |= t }

// parser collects into data; it lives for one call.
type parser struct {
	reader

	data *SignedData
}

// refusal names the one cause that a person can do something about: an encoding in BER.
func refusal(der []byte, err error) error {
	if errors.Is(err, ErrMalformed) && hasIndefinite(der) {
		return ErrIndefinite
	}
	return err
}

// hasIndefinite looks for a length octet 80 by one walk over all elements, into the constructed ones.
func hasIndefinite(der []byte) bool {
	for len(der) >= 2 {
		header, size := 2, int(der[1])
		if der[1] == 0x80 {
			return true
		}
		if der[1] > 0x80 {
			octets := int(der[1] & 0x7f)
			if octets > 4 || len(der) < 2+octets {
				return false
			}
			header, size = 2+octets, 0
			for _, b := range der[2:header] {
				size = size<<8 | int(b)
			}
		}
		if der[0]&0x1f == 0x1f { // no tag of several octets occurs here
			return false
		}
		if der[0]&0x20 == 0 {
			header += size
		}
		der = der[min(header, len(der)):]
	}
	return false
}

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
		return fmt.Errorf("%w: %s is not SignedData", ErrType, p.data.OuterType)
	}
	if !info.ReadASN1(&explicit, context0) || !info.Empty() ||
		!explicit.ReadASN1(&body, casn1.SEQUENCE) || !explicit.Empty() {
		return malformed("content")
	}
	return p.signedData(body)
}

func (p *parser) signedData(body cryptobyte.String) error {
	rest := body
	if !p.version(&body, &p.data.Version) {
		return malformed("version")
	}
	p.data.raw.version = taken(&rest, body)
	for _, field := range []struct {
		read func(*cryptobyte.String) error
		raw  *[]byte
	}{
		{p.digests, &p.data.raw.digests}, {p.content, &p.data.raw.content},
		{p.certificates, &p.data.raw.certificates}, {p.crls, &p.data.raw.crls},
	} {
		if err := field.read(&body); err != nil {
			return err
		}
		*field.raw = taken(&rest, body)
	}
	return p.signers(body)
}

// taken is what was read since the last call: before is moved up to after.
func taken(before *cryptobyte.String, after cryptobyte.String) []byte {
	n := len(*before) - len(after)
	raw := (*before)[:n:n]
	*before = after
	return raw
}

func (p *parser) digests(body *cryptobyte.String) error {
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
	return nil
}

func (r *reader) version(s *cryptobyte.String, v *int) bool {
	if !s.ReadASN1Integer(v) || *v < 0 || *v > 5 {
		return false
	}
	if *v != 1 {
		r.note(TolerantVersion)
	}
	return true
}

// algorithm reads AlgorithmIdentifier ::= SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY OPTIONAL }. The
// parameters are nil if absent or NULL.
func (r *reader) algorithm(s *cryptobyte.String) (id oid.ID, parameters []byte, ok bool) {
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
	r.note(TolerantParameters)
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
		switch tag {
		case casn1.SEQUENCE:
			p.data.CRLs = append(p.data.CRLs, element)
		case context1:
			p.otherRevocation(element)
		default:
			p.note(TolerantRevocationChoice)
		}
	}
	return nil
}

// otherRevocation reads other [1] IMPLICIT SEQUENCE { otherRevInfoFormat OBJECT IDENTIFIER, otherRevInfo ANY }, of
// which OCSP responses are known (RFC 5940, 2), and their inner part under its own name, as CAdES keeps it.
func (p *parser) otherRevocation(element cryptobyte.String) {
	var body, response cryptobyte.String
	var format oid.ID
	ok := element.ReadASN1(&body, context1) && oid.Read(&body, &format) &&
		body.ReadASN1Element(&response, casn1.SEQUENCE) && body.Empty()
	switch {
	case ok && format == oid.RevocationInfoOCSP:
		p.data.OCSPResponses = append(p.data.OCSPResponses, response)
	case ok && format == oid.OCSPBasic:
		p.data.BasicResponses = append(p.data.BasicResponses, response)
	default:
		p.note(TolerantRevocationChoice)
	}
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
		var element cryptobyte.String
		if !set.ReadASN1Element(&element, casn1.SEQUENCE) {
			return malformed("SignerInfo")
		}
		signer, err := parseSigner(element)
		if err != nil {
			return err
		}
		if a, ok := signer.single(oid.ContentType); ok && isOtherDataType(a, p.data.ContentType) {
			signer.Tolerances |= TolerantContentTypeAttribute
		}
		p.note(signer.Tolerances)
		p.data.Signers = append(p.data.Signers, signer)
	}
	return nil
}
