package pki

import (
	"bytes"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

const (
	maxOCSPRequestBytes = 64 << 10
	maxOCSPQuestions    = 256
)

// OCSPRequest asks for the status of certificates (RFC 6960, 4.1.1).
type OCSPRequest struct {
	IDs   []CertID // one to 256
	Nonce []byte   // nil if absent, up to 128 bytes
	// Signed tells that a request as read carries a signature; it is not checked and not needed for an answer.
	Signed bool
	// Critical is a critical extension of a request as read that is not understood here; such a request must not be
	// answered as if it were. Empty if there is none.
	Critical oid.ID
}

// ParseOCSPRequest reads one DER request and nothing after it.
//
//	OCSPRequest ::= SEQUENCE { tbsRequest TBSRequest, optionalSignature [0] EXPLICIT Signature OPTIONAL }
func ParseOCSPRequest(der []byte) (*OCSPRequest, error) {
	if len(der) > maxOCSPRequestBytes {
		return nil, fmt.Errorf("%w: %d bytes", ErrOCSP, len(der))
	}
	input := cryptobyte.String(bytes.Clone(der))
	var body, tbs, signature cryptobyte.String
	r := new(OCSPRequest)
	if !input.ReadASN1(&body, casn1.SEQUENCE) || !input.Empty() || !body.ReadASN1(&tbs, casn1.SEQUENCE) ||
		!body.ReadOptionalASN1(&signature, &r.Signed, constructedTag(0)) || !body.Empty() {
		return nil, fmt.Errorf("%w: outer structure", ErrOCSP)
	}
	if field := r.readTBS(tbs); field != "" {
		return nil, fmt.Errorf("%w: %s", ErrOCSP, field)
	}
	return r, nil
}

// readTBS names the field that is wrong, or returns the empty string.
//
//	TBSRequest ::= SEQUENCE { version [0] EXPLICIT Version DEFAULT v1,
//	    requestorName [1] EXPLICIT GeneralName OPTIONAL, requestList SEQUENCE OF Request,
//	    requestExtensions [2] EXPLICIT Extensions OPTIONAL }
func (r *OCSPRequest) readTBS(tbs cryptobyte.String) string {
	var list, extensions cryptobyte.String
	var extended bool
	switch {
	case !readOCSPVersion(&tbs):
		return "version"
	case !tbs.SkipOptionalASN1(constructedTag(1)):
		return "requestorName"
	case !tbs.ReadASN1(&list, casn1.SEQUENCE) || list.Empty() || !r.readQuestions(list):
		return "requestList"
	case !tbs.ReadOptionalASN1(&extensions, &extended, constructedTag(2)) || !tbs.Empty():
		return "requestExtensions"
	case extended && !readExtensionList(extensions, r.readExtension):
		return "requestExtensions"
	}
	return ""
}

// readQuestions reads
//
//	Request ::= SEQUENCE { reqCert CertID, singleRequestExtensions [0] EXPLICIT Extensions OPTIONAL }
func (r *OCSPRequest) readQuestions(list cryptobyte.String) bool {
	for !list.Empty() {
		var question, extensions cryptobyte.String
		var extended bool
		var id CertID
		if len(r.IDs) == maxOCSPQuestions || !list.ReadASN1(&question, casn1.SEQUENCE) || !id.read(&question) ||
			!question.ReadOptionalASN1(&extensions, &extended, constructedTag(0)) || !question.Empty() {
			return false
		}
		if extended && !readExtensionList(extensions, r.noteCritical) {
			return false
		}
		r.IDs = append(r.IDs, id)
	}
	return true
}

func (r *OCSPRequest) readExtension(e extension) bool {
	switch oid.ID(e.id) {
	case oid.OCSPNonce:
		return readNonce(e.value, &r.Nonce)
	case oid.OCSPAcceptable, oid.OCSPPreferred:
		return true // wishes
	default:
		return r.noteCritical(e)
	}
}

// noteCritical also takes the service locator, which asks to pass the question on: nobody here does.
func (r *OCSPRequest) noteCritical(e extension) bool {
	if e.critical {
		r.Critical = oid.ID(e.id)
	}
	return true
}

// MarshalOCSPRequest writes an unsigned request. Whoever sends it keeps it for OCSPResponse.CheckAnswers.
func MarshalOCSPRequest(r OCSPRequest) ([]byte, error) {
	if len(r.IDs) == 0 || len(r.IDs) > maxOCSPQuestions || len(r.Nonce) > maxNonceBytes {
		return nil, fmt.Errorf("%w: %d questions, nonce of %d bytes", ErrOCSP, len(r.IDs), len(r.Nonce))
	}
	for _, id := range r.IDs {
		if id.Serial == nil || digest(id.Hash, nil) == nil {
			return nil, fmt.Errorf("%w: incomplete question", ErrOCSP)
		}
	}
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, r.addTBS)
	})
	der, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("writing OCSP request: %w", err)
	}
	return der, nil
}

func (r OCSPRequest) addTBS(b *cryptobyte.Builder) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, id := range r.IDs {
			b.AddASN1(casn1.SEQUENCE, id.add)
		}
	})
	if len(r.Nonce) == 0 {
		return
	}
	b.AddASN1(constructedTag(2), func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				oid.Add(b, oid.OCSPNonce)
				b.AddASN1(casn1.OCTET_STRING, func(b *cryptobyte.Builder) { b.AddASN1OctetString(r.Nonce) })
			})
		})
	})
}
