package pki

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

// Limits of OCSP messages.
const (
	maxOCSPBytes        = 1 << 20
	maxOCSPCertificates = 16
	maxNonceBytes       = 128 // RFC 9654, 2.1
)

// ErrOCSP is returned for bytes that are no OCSP message.
var ErrOCSP = errors.New("pki: malformed OCSP message")

// OCSPStatus is what a responder says of its answer as a whole (OCSPResponseStatus of RFC 6960, 4.2.1). All but
// OCSPSuccessful carry no answer. The zero value is no status.
type OCSPStatus string

// Statuses of a response.
const (
	OCSPSuccessful       OCSPStatus = "successful"
	OCSPMalformedRequest OCSPStatus = "malformedRequest"
	OCSPInternalError    OCSPStatus = "internalError"
	OCSPTryLater         OCSPStatus = "tryLater"
	OCSPSigRequired      OCSPStatus = "sigRequired"
	OCSPUnauthorized     OCSPStatus = "unauthorized"
)

// ocspStatuses is by the value of the ENUMERATED; 4 is not used.
var ocspStatuses = [...]OCSPStatus{
	OCSPSuccessful, OCSPMalformedRequest, OCSPInternalError, OCSPTryLater, "", OCSPSigRequired, OCSPUnauthorized,
}

// OCSPResponse is an OCSP response as read (RFC 6960, 4.2.1); it says nothing about trust. It is not to be changed.
type OCSPResponse struct {
	Raw    []byte
	Status OCSPStatus
	// All that follows is empty unless Status is OCSPSuccessful.

	RawTBS []byte // DER ResponseData
	// ResponderName is the name of the signer, empty if it is called by its key.
	ResponderName Name
	// ResponderKey is the hash of the signer's public key, or nil if it is called by its name.
	ResponderKey []byte
	ProducedAt   time.Time
	Answers      []OCSPAnswer
	Nonce        []byte // nil if absent
	// Certificates came with the response and are not trusted.
	Certificates []*Certificate

	SignatureAlgorithm SignatureAlgorithm
	Signature          []byte // contents of the BIT STRING

	unknown oid.ID // a critical extension that is not understood here
}

// OCSPAnswer is what a response says of one certificate (SingleResponse).
type OCSPAnswer struct {
	ID     CertID
	Status AnswerStatus
	// RevokedAt, InvalidFrom and Cause are as in CRLEntry; zero unless Status is AnswerRevoked.
	RevokedAt   time.Time
	InvalidFrom time.Time
	Cause       Cause
	ThisUpdate  time.Time
	NextUpdate  time.Time // zero if absent: newer information is available all the time
	// ArchiveCutoff is from when on the responder still knows expired certificates. Zero if absent.
	ArchiveCutoff time.Time

	unknown oid.ID
}

// AnswerStatus is CertStatus of RFC 6960. The zero value is none of them.
type AnswerStatus string

// Statuses of an answer. Good means no more than "not revoked": the certificate need not even exist.
const (
	AnswerGood    AnswerStatus = "good"
	AnswerRevoked AnswerStatus = "revoked"
	AnswerUnknown AnswerStatus = "unknown"
)

// ParseOCSPResponse reads one DER response and nothing after it. Whatever follows a status that is no success is left
// unread: nobody has signed the status, and it is a refusal anyway.
//
//	OCSPResponse ::= SEQUENCE { responseStatus ENUMERATED, responseBytes [0] EXPLICIT ResponseBytes OPTIONAL }
//	ResponseBytes ::= SEQUENCE { responseType OBJECT IDENTIFIER, response OCTET STRING }
func ParseOCSPResponse(der []byte) (*OCSPResponse, error) {
	if len(der) > maxOCSPBytes {
		return nil, fmt.Errorf("%w: %d bytes", ErrOCSP, len(der))
	}
	r := &OCSPResponse{Raw: bytes.Clone(der)}
	input := cryptobyte.String(r.Raw)
	var body, explicit cryptobyte.String
	var status int
	var present bool
	if !input.ReadASN1(&body, casn1.SEQUENCE) || !input.Empty() || !body.ReadASN1Enum(&status) ||
		!body.ReadOptionalASN1(&explicit, &present, constructedTag(0)) || !body.Empty() {
		return nil, fmt.Errorf("%w: outer structure", ErrOCSP)
	}
	if status < 0 || status >= len(ocspStatuses) || ocspStatuses[status] == "" {
		return nil, fmt.Errorf("%w: response status %d", ErrOCSP, status)
	}
	r.Status = ocspStatuses[status]
	if r.Status != OCSPSuccessful {
		return r, nil
	}
	if err := r.readBytes(explicit); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *OCSPResponse) readBytes(explicit cryptobyte.String) error {
	var body, basic cryptobyte.String
	var id oid.ID
	if !explicit.ReadASN1(&body, casn1.SEQUENCE) || !explicit.Empty() || !oid.Read(&body, &id) ||
		!body.ReadASN1(&basic, casn1.OCTET_STRING) || !body.Empty() {
		return fmt.Errorf("%w: responseBytes", ErrOCSP)
	}
	if id != oid.OCSPBasic {
		return fmt.Errorf("%w: response type %s", ErrOCSP, id)
	}
	return r.readBasic(basic)
}

// readBasic reads
//
//	BasicOCSPResponse ::= SEQUENCE { tbsResponseData ResponseData, signatureAlgorithm AlgorithmIdentifier,
//	    signature BIT STRING, certs [0] EXPLICIT SEQUENCE OF Certificate OPTIONAL }
func (r *OCSPResponse) readBasic(input cryptobyte.String) error {
	var body, tbs, certificates cryptobyte.String
	var present bool
	if !input.ReadASN1(&body, casn1.SEQUENCE) || !input.Empty() ||
		!body.ReadASN1Element(&tbs, casn1.SEQUENCE) || !readAlgorithm(&body, &r.SignatureAlgorithm) ||
		!body.ReadASN1BitStringAsBytes(&r.Signature) ||
		!body.ReadOptionalASN1(&certificates, &present, constructedTag(0)) || !body.Empty() {
		return fmt.Errorf("%w: BasicOCSPResponse", ErrOCSP)
	}
	r.RawTBS = tbs
	if field := r.readData(tbs); field != "" {
		return fmt.Errorf("%w: %s", ErrOCSP, field)
	}
	if !present {
		return nil
	}
	var err error
	r.Certificates, err = readOCSPCertificates(certificates)
	return err
}

func readOCSPCertificates(explicit cryptobyte.String) ([]*Certificate, error) {
	var list cryptobyte.String
	if !explicit.ReadASN1(&list, casn1.SEQUENCE) || !explicit.Empty() {
		return nil, fmt.Errorf("%w: certs", ErrOCSP)
	}
	var out []*Certificate
	for !list.Empty() {
		var der cryptobyte.String
		if len(out) == maxOCSPCertificates || !list.ReadASN1Element(&der, casn1.SEQUENCE) {
			return nil, fmt.Errorf("%w: certs", ErrOCSP)
		}
		c, err := ParseTolerant(der)
		if err != nil {
			return nil, fmt.Errorf("%w: certs: %v", ErrOCSP, err)
		}
		out = append(out, c)
	}
	return out, nil
}

// readData names the field that is wrong, or returns the empty string.
//
//	ResponseData ::= SEQUENCE { version [0] EXPLICIT Version DEFAULT v1, responderID ResponderID,
//	    producedAt GeneralizedTime, responses SEQUENCE OF SingleResponse,
//	    responseExtensions [1] EXPLICIT Extensions OPTIONAL }
func (r *OCSPResponse) readData(element cryptobyte.String) string {
	var data, responses, extensions cryptobyte.String
	var extended bool
	switch {
	case !element.ReadASN1(&data, casn1.SEQUENCE):
		return "tbsResponseData"
	case !readOCSPVersion(&data):
		return "version"
	case !r.readResponder(&data):
		return "responderID"
	case !readGeneralizedTime(&data, &r.ProducedAt):
		return "producedAt"
	case !data.ReadASN1(&responses, casn1.SEQUENCE) || responses.Empty() || !r.readAnswers(responses):
		return "responses"
	case !data.ReadOptionalASN1(&extensions, &extended, constructedTag(1)) || !data.Empty():
		return "responseExtensions"
	case extended && !readExtensionList(extensions, r.readExtension):
		return "responseExtensions"
	}
	return ""
}

// readOCSPVersion reads a version, which can only be v1. Written out it is no DER, but some clients do.
func readOCSPVersion(s *cryptobyte.String) bool {
	var explicit cryptobyte.String
	var present bool
	var version int
	if !s.ReadOptionalASN1(&explicit, &present, constructedTag(0)) {
		return false
	}
	return !present || explicit.ReadASN1Integer(&version) && version == 0 && explicit.Empty()
}

// readResponder reads ResponderID ::= CHOICE { byName [1] EXPLICIT Name, byKey [2] EXPLICIT OCTET STRING }.
func (r *OCSPResponse) readResponder(s *cryptobyte.String) bool {
	var explicit, value cryptobyte.String
	if s.PeekASN1Tag(constructedTag(1)) {
		return s.ReadASN1(&explicit, constructedTag(1)) && readName(&explicit, &r.ResponderName) && explicit.Empty() &&
			!r.ResponderName.Empty()
	}
	if !s.ReadASN1(&explicit, constructedTag(2)) || !explicit.ReadASN1(&value, casn1.OCTET_STRING) ||
		!explicit.Empty() || len(value) == 0 {
		return false
	}
	r.ResponderKey = value
	return true
}

func (r *OCSPResponse) readExtension(e extension) bool {
	switch oid.ID(e.id) {
	case oid.OCSPNonce:
		return readNonce(e.value, &r.Nonce)
	case oid.OCSPExtendedRevoke:
		return true // a certificate that was never issued is answered as revoked: no reason to trust it more
	default:
		if e.critical {
			r.unknown = oid.ID(e.id)
		}
		return true
	}
}

// readNonce reads Nonce ::= OCTET STRING (RFC 9654, 2.1).
func readNonce(value cryptobyte.String, out *[]byte) bool {
	var nonce cryptobyte.String
	if !value.ReadASN1(&nonce, casn1.OCTET_STRING) || !value.Empty() ||
		len(nonce) == 0 || len(nonce) > maxNonceBytes {
		return false
	}
	*out = nonce
	return true
}

// readExtensionList reads Extensions ::= SEQUENCE SIZE (1..MAX) OF Extension, which is all that explicit holds.
func readExtensionList(explicit cryptobyte.String, take func(extension) bool) bool {
	var list cryptobyte.String
	if !explicit.ReadASN1(&list, casn1.SEQUENCE) || !explicit.Empty() || list.Empty() {
		return false
	}
	var seen seenExtensions
	for !list.Empty() {
		e, ok := nextExtension(&list)
		if !ok || !seen.add(e.id) || !take(e) {
			return false
		}
	}
	return true
}
