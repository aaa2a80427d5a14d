package cms

import (
	"fmt"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

// Enveloped is what ParseEnveloped read: content under a key of its own, and that key once for every recipient. Its
// slices point into the input, which must not be changed afterwards.
//
//	EnvelopedData ::= SEQUENCE { version INTEGER, originatorInfo [0] OPTIONAL,
//	    recipientInfos SET OF RecipientInfo, encryptedContentInfo EncryptedContentInfo,
//	    unprotectedAttrs [1] IMPLICIT SET OF Attribute OPTIONAL }
//	AuthEnvelopedData ::= SEQUENCE { version INTEGER, originatorInfo [0] OPTIONAL,   -- RFC 5083
//	    recipientInfos SET OF RecipientInfo, authEncryptedContentInfo EncryptedContentInfo,
//	    authAttrs [1] IMPLICIT SET OF Attribute OPTIONAL, mac OCTET STRING,
//	    unauthAttrs [2] IMPLICIT SET OF Attribute OPTIONAL }
//	RecipientInfo ::= SEQUENCE { version INTEGER, issuerAndSerialNumber or [0] subjectKeyIdentifier,
//	    keyEncryptionAlgorithm AlgorithmIdentifier, encryptedKey OCTET STRING }
//	EncryptedContentInfo ::= SEQUENCE { contentType OBJECT IDENTIFIER,
//	    contentEncryptionAlgorithm AlgorithmIdentifier,
//	    encryptedContent [0] IMPLICIT OCTET STRING OPTIONAL,
//	    sharedInfo1 [1] IMPLICIT OCTET STRING OPTIONAL,                             -- GB/T 35275
//	    sharedInfo2 [2] IMPLICIT OCTET STRING OPTIONAL }
type Enveloped struct {
	OuterType   oid.ID // oid.GMEnvelopedData, oid.EnvelopedData or oid.AuthEnvelopedData
	Version     int
	Recipients  []Recipient
	ContentType oid.ID
	Algorithm   oid.ID // of the content; SM4CBC for a bare SM4
	Parameters  []byte // of the algorithm, as a whole DER element; nil if absent or NULL
	Nonce       []byte // IV of SM4-CBC, nonce of SM4-GCM; nil for other algorithms
	Detached    bool   // the ciphertext is elsewhere
	Ciphertext  []byte
	Tag         []byte // mac of AuthEnvelopedData; nil otherwise
	// Authenticated is what the tag covers beside the content: the attributes under the tag SET; nil if there are none.
	Authenticated []byte
	Tolerances    Tolerances
}

// Recipient is one recipient (接收者) that gets the key encrypted to his own.
type Recipient struct {
	Version      int
	Issuer       []byte // DER Name; nil if named by SubjectKeyID
	Serial       []byte // contents octets of the INTEGER
	SubjectKeyID []byte
	Algorithm    oid.ID
	EncryptedKey []byte
}

// IsSM2 tells whether the key is encrypted with SM2, in whatever arc.
func (r *Recipient) IsSM2() bool { return isSM2Encryption(r.Algorithm) }

// NamedBy tells whether the recipient is named by this DER issuer name and serial number.
func (r *Recipient) NamedBy(issuer []byte, serial *big.Int) bool {
	return namedBy(r.Issuer, r.Serial, issuer, serial)
}

var context2 = casn1.Tag(2).ContextSpecific().Constructed()

// ParseEnveloped reads one ContentInfo that holds EnvelopedData or AuthEnvelopedData and nothing after it.
func ParseEnveloped(der []byte) (*Enveloped, error) {
	if len(der) > MaxBytes {
		return nil, fmt.Errorf("%w: %d bytes", ErrLimit, len(der))
	}
	p := envelopeParser{e: new(Enveloped)}
	if err := p.contentInfo(der); err != nil {
		return nil, refusal(der, err)
	}
	p.e.Tolerances = p.noted
	return p.e, nil
}

type envelopeParser struct {
	reader

	e        *Enveloped
	tagBytes int // of GCM, 0 for other ciphers
}

func (p *envelopeParser) contentInfo(der []byte) error {
	input := cryptobyte.String(der)
	var info, explicit, body cryptobyte.String
	if !input.ReadASN1(&info, casn1.SEQUENCE) || !oid.Read(&info, &p.e.OuterType) {
		return malformed("ContentInfo")
	}
	if !input.Empty() {
		return malformed("bytes after ContentInfo")
	}
	switch p.e.OuterType {
	case oid.GMEnvelopedData:
	case oid.EnvelopedData, oid.AuthEnvelopedData:
		p.note(TolerantOuterType)
	default:
		return fmt.Errorf("%w: %s is not EnvelopedData", ErrType, p.e.OuterType)
	}
	if !info.ReadASN1(&explicit, context0) || !info.Empty() ||
		!explicit.ReadASN1(&body, casn1.SEQUENCE) || !explicit.Empty() {
		return malformed("content")
	}
	return p.envelopedData(body)
}

func (p *envelopeParser) envelopedData(body cryptobyte.String) error {
	if !p.version(&body, &p.e.Version) || !body.SkipOptionalASN1(context0) {
		return malformed("version")
	}
	if err := p.recipients(&body); err != nil {
		return err
	}
	if err := p.encryptedContent(&body); err != nil {
		return err
	}
	if p.e.OuterType == oid.AuthEnvelopedData {
		return p.authentication(body)
	}
	if !body.SkipOptionalASN1(context1) || !body.Empty() {
		return malformed("unprotectedAttrs")
	}
	return nil
}

func (p *envelopeParser) recipients(body *cryptobyte.String) error {
	var set cryptobyte.String
	if !body.ReadASN1(&set, casn1.SET) || set.Empty() {
		return malformed("recipientInfos")
	}
	for n := 0; !set.Empty(); n++ {
		if n == maxRecipients {
			return fmt.Errorf("%w: recipientInfos", ErrLimit)
		}
		if !set.PeekASN1Tag(casn1.SEQUENCE) { // kari [1], kekri [2], pwri [3], ori [4]
			var other cryptobyte.String
			var tag casn1.Tag
			if !set.ReadAnyASN1(&other, &tag) {
				return malformed("RecipientInfo")
			}
			p.note(TolerantRecipientKind)
			continue
		}
		r, ok := p.recipient(&set)
		if !ok {
			return malformed("RecipientInfo")
		}
		p.e.Recipients = append(p.e.Recipients, r)
	}
	return nil
}

func (p *envelopeParser) recipient(set *cryptobyte.String) (Recipient, bool) {
	var info, key cryptobyte.String
	var r Recipient
	var ok bool
	if !set.ReadASN1(&info, casn1.SEQUENCE) || !p.version(&info, &r.Version) ||
		!p.name(&info, &r.Issuer, &r.Serial, &r.SubjectKeyID) {
		return Recipient{}, false
	}
	if r.Algorithm, _, ok = p.algorithm(&info); !ok {
		return Recipient{}, false
	}
	if !info.ReadASN1(&key, casn1.OCTET_STRING) || len(key) == 0 || !info.Empty() {
		return Recipient{}, false
	}
	r.EncryptedKey = key
	switch {
	case !r.IsSM2():
		p.note(TolerantForeignAlgorithm)
	case r.Algorithm != oid.SM2Encrypt:
		p.note(TolerantKeyAlgorithm)
	}
	if r.IsSM2() && !isSequence(r.EncryptedKey) {
		p.note(TolerantRawKey)
	}
	return r, true
}

func (p *envelopeParser) encryptedContent(body *cryptobyte.String) error {
	var info cryptobyte.String
	if !body.ReadASN1(&info, casn1.SEQUENCE) || !oid.Read(&info, &p.e.ContentType) {
		return malformed("encryptedContentInfo")
	}
	if p.e.ContentType != oid.GMData {
		p.note(TolerantInnerType)
	}
	var plain reader // parameters are what every cipher here has
	var ok bool
	if p.e.Algorithm, p.e.Parameters, ok = plain.algorithm(&info); !ok {
		return malformed("contentEncryptionAlgorithm")
	}
	if err := p.cipher(); err != nil {
		return err
	}
	var ciphertext cryptobyte.String
	var present bool
	if !info.ReadOptionalASN1(&ciphertext, &present, keyIDTag) {
		return malformed("encryptedContent")
	}
	p.e.Ciphertext, p.e.Detached = ciphertext, !present
	for _, tag := range []uint8{1, 2} { // sharedInfo
		if p.e.OuterType == oid.GMEnvelopedData && !info.SkipOptionalASN1(casn1.Tag(tag).ContextSpecific()) {
			return malformed("sharedInfo")
		}
	}
	if !info.Empty() {
		return malformed("encryptedContentInfo")
	}
	return nil
}

// cipher reads the parameters of the ciphers that are known here.
//
//	SM4-CBC: IV OCTET STRING (SIZE (16))
//	SM4-GCM: GCMParameters ::= SEQUENCE { nonce OCTET STRING, icvlen INTEGER (12..16) DEFAULT 12 }      -- RFC 5084
func (p *envelopeParser) cipher() error {
	value := cryptobyte.String(p.e.Parameters)
	var ok bool
	switch p.e.Algorithm {
	case oid.SM4, oid.SM4CBC:
		if p.e.Algorithm == oid.SM4 {
			p.note(TolerantBareCipher)
			p.e.Algorithm = oid.SM4CBC
		}
		ok = p.vector(value)
	case oid.SM4GCM:
		ok = p.gcm(value)
	default:
		p.note(TolerantForeignAlgorithm)
		return nil
	}
	if !ok {
		return malformed("parameters of " + p.e.Algorithm.String())
	}
	return nil
}

func (p *envelopeParser) vector(value cryptobyte.String) bool {
	var iv cryptobyte.String
	ok := value.ReadASN1(&iv, casn1.OCTET_STRING) && len(iv) == cbcNonceBytes && value.Empty()
	p.e.Nonce = iv
	return ok
}

func (p *envelopeParser) gcm(value cryptobyte.String) bool {
	var body, nonce cryptobyte.String
	size := 12
	if !value.ReadASN1(&body, casn1.SEQUENCE) || !value.Empty() ||
		!body.ReadASN1(&nonce, casn1.OCTET_STRING) || len(nonce) == 0 || len(nonce) > maxSerialBytes {
		return false
	}
	if !body.Empty() && !body.ReadASN1Integer(&size) {
		return false
	}
	p.e.Nonce, p.tagBytes = nonce, size
	return body.Empty() && 12 <= size && size <= gcmTagBytes
}

func (p *envelopeParser) authentication(body cryptobyte.String) error {
	raw, _, err := p.attributes(&body, context1, "authAttrs")
	if err != nil {
		return err
	}
	if raw != nil {
		p.e.Authenticated = append([]byte{byte(casn1.SET)}, raw[1:]...)
	}
	var tag cryptobyte.String
	if !body.ReadASN1(&tag, casn1.OCTET_STRING) || len(tag) < 12 || len(tag) > maxDigestBytes ||
		!body.SkipOptionalASN1(context2) || !body.Empty() {
		return malformed("mac")
	}
	if p.tagBytes != 0 && p.tagBytes != len(tag) {
		return malformed("mac")
	}
	p.e.Tag = tag
	return nil
}

func isSequence(element cryptobyte.String) bool {
	return element.SkipASN1(casn1.SEQUENCE) && element.Empty()
}

func isSM2Encryption(id oid.ID) bool {
	switch id {
	case oid.SM2Encrypt, oid.SM2EncryptSM3, oid.SM2EncryptOld, oid.SM2, oid.SM2Old:
		return true
	default:
		return false
	}
}
