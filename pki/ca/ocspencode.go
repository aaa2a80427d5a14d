package ca

import (
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// Responses are written by hand, not through a builder: encoding would be most of the work of an answer that was
// signed beforehand. Contents come first, into a buffer of their own, then their header and they.

const (
	tagContext0 = 0xa0 // [0], constructed
	tagContext1 = 0xa1
	tagContext2 = 0xa2

	nullContext0 = "\x80\x00" // [0] IMPLICIT NULL
	nullContext2 = "\x82\x00"

	derSM2WithSM3 = "\x30\x0c\x06\x08" + oid.SM2WithSM3 + "\x05\x00" // as addSignatureAlgorithm writes it
)

// response writes
//
//	OCSPResponse      ::= SEQUENCE { responseStatus ENUMERATED (0), responseBytes [0] EXPLICIT SEQUENCE {
//	                      responseType OBJECT IDENTIFIER (basic), response OCTET STRING } }
//	BasicOCSPResponse ::= SEQUENCE { tbsResponseData, signatureAlgorithm, signature BIT STRING, certs [0] EXPLICIT }
func (o *Responder) response(data, signature []byte) []byte {
	const success = "\x0a\x01\x00" // ENUMERATED 0
	const basic = "\x06\x09" + oid.OCSPBasic
	inner := len(data) + len(derSM2WithSM3) + elementSize(len(signature)+1) + len(o.certificates)
	octets := elementSize(inner)
	typed := len(basic) + elementSize(octets)
	whole := len(success) + elementSize(elementSize(typed))
	b := make([]byte, 0, elementSize(whole))
	b = append(appendHeader(b, tagSequence, whole), success...)
	b = appendHeader(b, tagContext0, elementSize(typed))
	b = append(appendHeader(b, tagSequence, typed), basic...)
	b = appendHeader(b, tagOctetString, octets)
	b = appendHeader(b, tagSequence, inner)
	b = append(append(b, data...), derSM2WithSM3...)
	b = append(appendHeader(b, tagBitString, len(signature)+1), 0)
	return append(append(b, signature...), o.certificates...)
}

// appendData writes
//
//	ResponseData ::= SEQUENCE { responderID, producedAt GeneralizedTime, responses SEQUENCE OF SingleResponse,
//	                 responseExtensions [1] EXPLICIT Extensions OPTIONAL }
func (o *Responder) appendData(b []byte, questions []question, nonce []byte, a *OCSPAnswer) []byte {
	var room [512]byte
	singles := room[:0]
	for i := range questions {
		singles = o.appendSingle(singles, &questions[i], a)
	}
	var more [192]byte
	extensions := more[:0]
	if nonce != nil {
		extensions = appendNonce(extensions, nonce)
	}
	n := len(o.responderID) + generalizedBytes + elementSize(len(singles)) + len(extensions)
	if b == nil {
		b = make([]byte, 0, elementSize(n))
	}
	b = append(appendHeader(b, tagSequence, n), o.responderID...)
	b = appendGeneralizedTime(b, a.ThisUpdate)
	b = append(appendHeader(b, tagSequence, len(singles)), singles...)
	return append(b, extensions...)
}

// appendNonce writes responseExtensions with the nonce alone (RFC 9654, 2.1).
func appendNonce(b, nonce []byte) []byte {
	octets := elementSize(len(nonce))
	extension := len("\x06\x09"+oid.OCSPNonce) + elementSize(octets)
	b = appendHeader(b, tagContext1, elementSize(elementSize(extension)))
	b = appendHeader(b, tagSequence, elementSize(extension))
	b = append(appendHeader(b, tagSequence, extension), "\x06\x09"+oid.OCSPNonce...)
	b = appendHeader(b, tagOctetString, octets)
	return append(appendHeader(b, tagOctetString, len(nonce)), nonce...)
}

// appendSingle writes
//
//	SingleResponse ::= SEQUENCE { certID CertID, certStatus, thisUpdate GeneralizedTime, nextUpdate [0] EXPLICIT,
//	                   singleExtensions [1] EXPLICIT Extensions OPTIONAL }
func (o *Responder) appendSingle(b []byte, q *question, a *OCSPAnswer) []byte {
	var room [320]byte
	s := appendCertID(room[:0], q.id)
	s = appendCertStatus(s, &q.state)
	s = appendGeneralizedTime(s, a.ThisUpdate)
	s = appendGeneralizedTime(appendHeader(s, tagContext0, generalizedBytes), a.NextUpdate)
	if q.state.State != StateNone {
		s = o.appendSingleExtensions(s, &q.state)
	}
	return append(appendHeader(b, tagSequence, len(s)), s...)
}

// appendSingleExtensions says that nothing is forgotten: what was issued is answered for long after it has expired
// (archiveCutoff, RFC 6960, 4.4.4); and since when a key is feared not to be its holder's.
func (o *Responder) appendSingleExtensions(b []byte, s *Status) []byte {
	var room [96]byte
	e := append(room[:0], o.archiveCutoff...)
	if !s.Invalid.IsZero() {
		var value [generalizedBytes]byte
		e = appendEntryExtension(e, oid.InvalidityDate, appendGeneralizedTime(value[:0], s.Invalid))
	}
	b = appendHeader(b, tagContext1, elementSize(len(e)))
	return append(appendHeader(b, tagSequence, len(e)), e...)
}

// appendCertID writes CertID ::= SEQUENCE { hashAlgorithm, issuerNameHash OCTET STRING, issuerKeyHash OCTET STRING,
// serialNumber INTEGER } as it was asked.
func appendCertID(b []byte, id *pki.CertID) []byte {
	var room [128]byte
	c := append(room[:0], tagSequence, short(len(id.Hash)+4), tagOID, short(len(id.Hash)))
	c = append(append(c, id.Hash...), 5, 0) // NULL
	c = append(appendHeader(c, tagOctetString, len(id.IssuerName)), id.IssuerName...)
	c = append(appendHeader(c, tagOctetString, len(id.IssuerKey)), id.IssuerKey...)
	c = appendInteger(c, id.Serial)
	return append(appendHeader(b, tagSequence, len(c)), c...)
}

// appendCertStatus writes
//
//	CertStatus ::= CHOICE { good [0] IMPLICIT NULL, unknown [2] IMPLICIT NULL, revoked [1] IMPLICIT SEQUENCE {
//	               revocationTime GeneralizedTime, revocationReason [0] EXPLICIT ENUMERATED OPTIONAL } }
//
// Good is a certificate that the register has issued and that is valid; nothing else is.
func appendCertStatus(b []byte, s *Status) []byte {
	switch s.State {
	case StateValid:
		return append(b, nullContext0...)
	case StateHeld, StateRevoked:
		if s.Cause == pki.CauseUnspecified {
			return appendGeneralizedTime(appendHeader(b, tagContext1, generalizedBytes), s.At)
		}
		b = appendGeneralizedTime(appendHeader(b, tagContext1, generalizedBytes+5), s.At)
		return append(b, tagContext0, 3, tagEnumerated, 1, byte(s.Cause))
	case StateNone:
	}
	return append(b, nullContext2...)
}
