package ses

import (
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// headerID is the first word of every seal.
const headerID = "ES"

// sealCodeDigits is the length of a seal code: division and serial number.
const sealCodeDigits = 14

// info reads
//
//	SES_SealInfo ::= SEQUENCE { header SES_Header, esID IA5String, property SES_ESPropertyInfo,
//	                 picture SES_ESPictrueInfo, extDatas [0] EXPLICIT ExtensionDatas OPTIONAL }   -- V1: not tagged
func (r *reader) info(s *Seal, element cryptobyte.String, v1 bool) error {
	var body cryptobyte.String
	if !element.ReadASN1(&body, casn1.SEQUENCE) {
		return malformed("eSealInfo")
	}
	if err := readHeader(s, &body); err != nil {
		return err
	}
	var err error
	if s.ID, err = readText(&body, ia5String, "esID"); err != nil {
		return err
	}
	r.note(TolerantSealID, !isSealCode(s.ID))
	if err := r.property(s, &body, v1); err != nil {
		return err
	}
	if err := readPicture(s, &body); err != nil {
		return err
	}
	if body.Empty() {
		return nil
	}
	return r.sealExtensions(s, body, v1)
}

func (r *reader) sealExtensions(s *Seal, rest cryptobyte.String, v1 bool) error {
	const field = "eSealInfo.extDatas"
	list := rest
	if rest.PeekASN1Tag(casn1.SEQUENCE) {
		r.note(TolerantUntagged, !v1)
	} else if v1 || !rest.ReadASN1(&list, context0) || !rest.Empty() {
		return malformed(field)
	}
	var err error
	if s.Extensions, err = r.extensions(&list, field); err != nil {
		return err
	}
	if !list.Empty() {
		return malformed("bytes after " + field)
	}
	return nil
}

func isSealCode(id string) bool {
	if len(id) != sealCodeDigits {
		return false
	}
	for _, c := range []byte(id) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// readHeader reads
//
//	SES_Header ::= SEQUENCE { ID IA5String ("ES"), version INTEGER, Vid IA5String }
func readHeader(s *Seal, body *cryptobyte.String) error {
	var header cryptobyte.String
	if !body.ReadASN1(&header, casn1.SEQUENCE) {
		return malformed("header")
	}
	id, err := readText(&header, ia5String, "header.ID")
	if err != nil {
		return err
	}
	if id != headerID || !header.ReadASN1Integer(&s.headerVersion) {
		return malformed("header")
	}
	if s.Vendor, err = readText(&header, ia5String, "header.Vid"); err != nil {
		return err
	}
	if !header.Empty() {
		return malformed("header")
	}
	return nil
}

// property reads
//
//	SES_ESPropertyInfo ::= SEQUENCE { type INTEGER, name UTF8String, certListType INTEGER, certList SES_CertList,
//	                       createDate, validStart, validEnd GeneralizedTime }   -- V1: no certListType, UTCTime
func (r *reader) property(s *Seal, body *cryptobyte.String, v1 bool) error {
	var p cryptobyte.String
	if !body.ReadASN1(&p, casn1.SEQUENCE) || !p.ReadASN1Integer(&s.Type) {
		return malformed("property.type")
	}
	var err error
	if s.Name, err = readText(&p, casn1.UTF8String, "property.name"); err != nil {
		return err
	}
	listType := listOfCertificates
	if !v1 && !p.ReadASN1Integer(&listType) {
		return malformed("property.certListType")
	}
	if err := r.certList(s, &p, listType, v1); err != nil {
		return err
	}
	if s.Created, err = r.instant(&p, v1, "property.createDate"); err != nil {
		return err
	}
	if s.ValidFrom, err = r.instant(&p, v1, "property.validStart"); err != nil {
		return err
	}
	if s.ValidUntil, err = r.instant(&p, v1, "property.validEnd"); err != nil {
		return err
	}
	if !p.Empty() {
		return malformed("property")
	}
	return nil
}

// Values of certListType.
const (
	listOfCertificates = 1
	listOfDigests      = 2
)

// certList reads
//
//	SES_CertList   ::= CHOICE { certs SEQUENCE OF OCTET STRING, certDigestList SEQUENCE OF CertDigestObj }
//	CertDigestObj  ::= SEQUENCE { type PrintableString, value OCTET STRING }
func (r *reader) certList(s *Seal, p *cryptobyte.String, listType int, v1 bool) error {
	const field = "property.certList"
	var list cryptobyte.String
	if !p.ReadASN1(&list, casn1.SEQUENCE) {
		return malformed(field)
	}
	if v1 && list.PeekASN1Tag(ia5String) {
		r.note(TolerantCertificateList, true)
		return skipText(list, field)
	}
	if listType != listOfCertificates && listType != listOfDigests {
		return malformed("property.certListType")
	}
	for count := 0; !list.Empty(); count++ {
		if count == MaxCertificates {
			return beyond(field)
		}
		if err := readSigner(s, &list, listType, field); err != nil {
			return err
		}
	}
	return nil
}

func skipText(list cryptobyte.String, field string) error {
	for count := 0; !list.Empty(); count++ {
		if _, err := readText(&list, ia5String, field); err != nil {
			return err
		}
		if count == MaxCertificates {
			return beyond(field)
		}
	}
	return nil
}

// readSigner reads one entry of the list of those who may use the seal.
func readSigner(s *Seal, list *cryptobyte.String, listType int, field string) error {
	if listType == listOfCertificates {
		certificate, err := readCertificate(list, field)
		s.Certificates = append(s.Certificates, certificate)
		return err
	}
	var body cryptobyte.String
	if !list.ReadASN1(&body, casn1.SEQUENCE) {
		return malformed(field)
	}
	kind, err := readText(&body, casn1.PrintableString, field)
	if err != nil {
		return err
	}
	value, err := readOctets(&body, maxDigestBytes, field)
	if err != nil {
		return err
	}
	if len(value) == 0 || !body.Empty() {
		return malformed(field)
	}
	s.Digests = append(s.Digests, CertDigest{Type: kind, Value: value})
	return nil
}

// readPicture reads
//
//	SES_ESPictrueInfo ::= SEQUENCE { type IA5String, data OCTET STRING, width INTEGER, height INTEGER }   -- mm
func readPicture(s *Seal, body *cryptobyte.String) error {
	var p cryptobyte.String
	if !body.ReadASN1(&p, casn1.SEQUENCE) {
		return malformed("picture")
	}
	var err error
	if s.Picture.Type, err = readText(&p, ia5String, "picture.type"); err != nil {
		return err
	}
	if s.Picture.Data, err = readOctets(&p, MaxPictureBytes, "picture.data"); err != nil {
		return err
	}
	if len(s.Picture.Data) == 0 || !p.ReadASN1Integer(&s.Picture.WidthMM) ||
		!p.ReadASN1Integer(&s.Picture.HeightMM) || !p.Empty() {
		return malformed("picture")
	}
	if !s.Picture.sized() {
		return malformed("picture.size")
	}
	return nil
}

func (p *Picture) sized() bool {
	return p.WidthMM > 0 && p.WidthMM <= maxMillimetres && p.HeightMM > 0 && p.HeightMM <= maxMillimetres
}
