package ses

import (
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

// Signature is a signature made with a seal (电子签章数据). It says nothing about trust.
type Signature struct {
	Raw         []byte
	Version     Version
	Seal        *Seal
	Time        time.Time // as the signer says; zero if TimeToken is set
	TimeToken   []byte    // time-stamp token in place of Time, V1
	DataHash    []byte    // of the bytes that are sealed
	Property    string    // propertyInfo: which bytes those are, see PropertyPath
	Extensions  []Extension
	Certificate []byte     // DER certificate of the signer
	Algorithm   oid.ID     // of Value, see IsSM2
	Value       []byte     // signature value as received
	TimeStamp   []byte     // token over Value, V4 and V5; nil if absent
	Tolerances  Tolerances // what was met while reading, in the seal too

	toSign []byte // TBS_Sign as received
}

// SignedBytes is what the signature covers, as it was received: TBS_Sign. It is nil for one that was not parsed.
func (s *Signature) SignedBytes() []byte { return s.toSign }

// ParseSignature reads one SES_Signature and nothing after it. The result points into der.
func ParseSignature(der []byte) (*Signature, error) {
	if len(der) > MaxSignatureBytes {
		return nil, beyond("SES_Signature")
	}
	input := cryptobyte.String(der)
	var body, toSign cryptobyte.String
	if !input.ReadASN1(&body, casn1.SEQUENCE) {
		return nil, malformed("SES_Signature")
	}
	if !input.Empty() {
		return nil, malformed("bytes after SES_Signature")
	}
	if !body.ReadASN1Element(&toSign, casn1.SEQUENCE) {
		return nil, malformed("toSign")
	}
	s := &Signature{Raw: der, toSign: toSign}
	var r reader
	v1 := body.PeekASN1Tag(casn1.BIT_STRING)
	if err := r.toBeSigned(s, toSign, v1); err != nil {
		return nil, err
	}
	if err := r.signers(s, body, v1); err != nil {
		return nil, err
	}
	s.Tolerances = r.tolerances
	return s, nil
}

// signers reads what the signer added to TBS_Sign.
func (r *reader) signers(s *Signature, rest cryptobyte.String, v1 bool) error {
	var err error
	if !v1 {
		if err = r.signer(s, &rest); err != nil {
			return err
		}
	}
	if s.Value, err = readBits(&rest, maxValueBytes, "signature"); err != nil {
		return err
	}
	if !v1 {
		if s.TimeStamp, err = readToken(&rest, "timeStamp"); err != nil {
			return err
		}
	}
	if !rest.Empty() {
		return malformed("bytes after signature")
	}
	return nil
}

func (r *reader) signer(s *Signature, rest *cryptobyte.String) error {
	var err error
	if s.Certificate, err = readCertificate(rest, "cert"); err != nil {
		return err
	}
	s.Algorithm, err = r.algorithm(rest, "signatureAlgID")
	return err
}

// toBeSigned reads
//
//	TBS_Sign ::= SEQUENCE { version INTEGER, eseal SESeal, timeInfo GeneralizedTime, dataHash BIT STRING,
//	             propertyInfo IA5String, extDatas [0] EXPLICIT ExtensionDatas OPTIONAL }            -- V4, V5
//	TBS_Sign ::= SEQUENCE { version INTEGER, eseal SESeal, timeInfo BIT STRING, dataHash BIT STRING,
//	             propertyInfo IA5String, cert OCTET STRING, signatureAlgorithm OBJECT IDENTIFIER }  -- V1
func (r *reader) toBeSigned(s *Signature, element cryptobyte.String, v1 bool) error {
	var body cryptobyte.String
	var version int
	if !element.ReadASN1(&body, casn1.SEQUENCE) || !body.ReadASN1Integer(&version) {
		return malformed("toSign.version")
	}
	var err error
	if s.Seal, err = r.seal(&body); err != nil {
		return err
	}
	if v1 != (s.Seal.Version == V1) || !goesWith(s.Seal.Version, version) {
		return ErrVersion
	}
	s.Version = s.Seal.Version
	if err = r.time(s, &body, v1); err != nil {
		return err
	}
	if s.DataHash, err = r.bits(&body, v1, maxDigestBytes, "toSign.dataHash"); err != nil {
		return err
	}
	if s.Property, err = r.propertyInfo(&body); err != nil {
		return err
	}
	if v1 {
		err = r.signer(s, &body)
	} else {
		err = r.signatureExtensions(s, &body)
	}
	if err != nil {
		return err
	}
	if !body.Empty() {
		return malformed("bytes after toSign")
	}
	return nil
}

// goesWith tells whether a signature may carry the version number beside a seal of that version. V1 makers number
// freely from 1 to 3.
func goesWith(seal Version, number int) bool {
	if seal == V1 {
		return number >= 1 && number <= 3
	}
	return number == int(seal)
}

func (r *reader) signatureExtensions(s *Signature, body *cryptobyte.String) error {
	const field = "toSign.extDatas"
	var tagged cryptobyte.String
	var present bool
	if !body.ReadOptionalASN1(&tagged, &present, context0) {
		return malformed(field)
	}
	if !present {
		return nil
	}
	var err error
	if s.Extensions, err = r.extensions(&tagged, field); err != nil {
		return err
	}
	if !tagged.Empty() {
		return malformed(field)
	}
	return nil
}

// bits reads a BIT STRING; in V1 an OCTET STRING is met in its place.
func (r *reader) bits(s *cryptobyte.String, v1 bool, limit int, field string) ([]byte, error) {
	if !v1 || !s.PeekASN1Tag(casn1.OCTET_STRING) {
		return readBits(s, limit, field)
	}
	r.note(TolerantOctetString, true)
	body, err := readOctets(s, limit, field)
	if err == nil && len(body) == 0 {
		err = malformed(field)
	}
	return body, err
}

func (r *reader) propertyInfo(s *cryptobyte.String) (string, error) {
	const field = "toSign.propertyInfo"
	var body cryptobyte.String
	if !s.ReadASN1(&body, ia5String) || !utf8.Valid(body) {
		return "", malformed(field)
	}
	if len(body) > maxPropertyBytes {
		return "", beyond(field)
	}
	text := string(body)
	r.note(TolerantProperty, !strings.HasPrefix(text, "/"))
	r.note(TolerantPropertyText, strings.ContainsFunc(text, func(c rune) bool { return c > 0x7e }))
	return text, nil
}

// time reads the time of a signature. V1 has a BIT STRING that holds a time-stamp token, a UTCTime, or text.
func (r *reader) time(s *Signature, body *cryptobyte.String, v1 bool) error {
	const field = "toSign.timeInfo"
	var err error
	if !v1 {
		s.Time, err = r.instant(body, false, field)
		return err
	}
	content, err := r.bits(body, true, MaxTokenBytes, field)
	if err != nil {
		return err
	}
	if isSequence(content) {
		s.TimeToken = content
		return nil
	}
	inner := cryptobyte.String(content)
	if inner.PeekASN1Tag(casn1.UTCTime) || inner.PeekASN1Tag(casn1.GeneralizedTime) {
		s.Time, err = r.instant(&inner, true, field)
		if err == nil && !inner.Empty() {
			err = malformed(field)
		}
		return err
	}
	var ok bool
	if s.Time, ok = parseTimeText(string(content)); !ok {
		return malformed(field)
	}
	r.note(TolerantTimeText, true)
	return nil
}

// maxTimeText is the longest form of RFC 3339 with nanoseconds and offset.
const maxTimeText = len(time.RFC3339Nano)

// parseTimeText reads the texts that stand for a time: the contents of the two DER forms, and RFC 3339.
func parseTimeText(text string) (time.Time, bool) {
	for _, layout := range []string{generalLayout, utcLayout} {
		if t, ok := parseTime(layout, text); ok {
			return t, true
		}
	}
	if len(text) > maxTimeText {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || t.Year() < 1 {
		return time.Time{}, false
	}
	return t.UTC(), true
}
