package ca

import (
	"context"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// OCSPAnswer is a response and what may be done with it.
type OCSPAnswer struct {
	DER    []byte
	Status pki.OCSPStatus
	// ThisUpdate and NextUpdate are those of the answer; zero unless Status is successful.
	ThisUpdate, NextUpdate time.Time
	// Cacheable tells that the answer fits everybody who asks the same: there is no nonce in it.
	Cacheable bool
	// Err is why there is no answer although the request was sound, for a log.
	Err error
}

// Responses without an answer: OCSPResponse ::= SEQUENCE { responseStatus ENUMERATED }.
var ocspRefusals = map[pki.OCSPStatus][]byte{
	pki.OCSPMalformedRequest: {tagSequence, 3, tagEnumerated, 1, 1},
	pki.OCSPTryLater:         {tagSequence, 3, tagEnumerated, 1, 3},
	pki.OCSPUnauthorized:     {tagSequence, 3, tagEnumerated, 1, 6},
}

func refuseOCSP(status pki.OCSPStatus, err error) OCSPAnswer {
	return OCSPAnswer{DER: ocspRefusals[status], Status: status, Err: err}
}

// question is one certificate that is asked about.
type question struct {
	id    *pki.CertID
	known int    // index of the hash that names this issuer, -1 for another issuer
	value Serial // zero for a number that cannot be one
	state Status
}

// Answer answers a request in DER. Whatever is wrong, there is a response: malformedRequest for what cannot be read
// or is too much, unauthorized if no certificate of this issuer is asked about, tryLater if the register or the clock
// does not allow an answer now. A signature on the request is not looked at.
func (o *Responder) Answer(ctx context.Context, request []byte) OCSPAnswer {
	if len(request) > MaxOCSPRequestBytes {
		return refuseOCSP(pki.OCSPMalformedRequest, nil)
	}
	r, err := pki.ParseOCSPRequest(request)
	if err != nil || len(r.IDs) > MaxOCSPQuestions || r.Critical != "" {
		return refuseOCSP(pki.OCSPMalformedRequest, nil)
	}
	questions := make([]question, len(r.IDs))
	ours := false
	for i := range r.IDs {
		q := &questions[i]
		q.id, q.known = &r.IDs[i], o.knows(&r.IDs[i])
		if q.known >= 0 {
			q.value, _ = SerialOf(q.id.Serial)
			ours = true
		}
	}
	if !ours {
		return refuseOCSP(pki.OCSPUnauthorized, nil)
	}
	if o.cfg.Register.Behind() {
		return refuseOCSP(pki.OCSPTryLater, ErrRestored)
	}
	now, ok := o.now()
	if !ok {
		return refuseOCSP(pki.OCSPTryLater, ErrClock)
	}
	if r.Nonce == nil && len(questions) == 1 {
		if a, ok := o.stored(ctx, &questions[0], now); ok {
			return a
		}
	}
	return o.live(ctx, questions, r.Nonce, now)
}

// live signs an answer.
func (o *Responder) live(ctx context.Context, questions []question, nonce []byte, now time.Time) OCSPAnswer {
	err := o.cfg.Register.cfg.Engine.View(ctx, func(r engine.Reader) (err error) {
		for i := range questions {
			q := &questions[i]
			if q.known < 0 || q.value == (Serial{}) {
				continue
			}
			if q.state, err = o.lookUp(r, q.value); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return refuseOCSP(pki.OCSPTryLater, err)
	}
	a := OCSPAnswer{
		Status: pki.OCSPSuccessful, Cacheable: nonce == nil,
		ThisUpdate: now, NextUpdate: o.nextUpdate(now, o.cfg.LiveValid),
	}
	if a.DER, err = o.sign(questions, nonce, &a); err != nil {
		return refuseOCSP(pki.OCSPTryLater, err)
	}
	return a
}

// sign makes the response.
//
//	OCSPResponse      ::= SEQUENCE { responseStatus ENUMERATED (0), responseBytes [0] EXPLICIT SEQUENCE {
//	                      responseType OBJECT IDENTIFIER (basic), response OCTET STRING } }
//	BasicOCSPResponse ::= SEQUENCE { tbsResponseData, signatureAlgorithm, signature BIT STRING, certs [0] EXPLICIT }
func (o *Responder) sign(questions []question, nonce []byte, a *OCSPAnswer) ([]byte, error) {
	tbs, err := o.encodeData(questions, nonce, a)
	if err != nil {
		return nil, err
	}
	signature, err := o.public.Sign(o.cfg.Register.cfg.Rand, o.cfg.Key, tbs)
	if err != nil {
		return nil, err
	}
	b := cryptobyte.NewBuilder(make([]byte, 0, len(tbs)+len(o.certificates)+160))
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Enum(0)
		b.AddASN1(contextTag(0).Constructed(), func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				oid.Add(b, oid.OCSPBasic)
				b.AddASN1(casn1.OCTET_STRING, func(b *cryptobyte.Builder) {
					b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddBytes(tbs)
						addSignatureAlgorithm(b)
						b.AddASN1BitString(signature)
						b.AddBytes(o.certificates)
					})
				})
			})
		})
	})
	return b.Bytes()
}

// encodeData writes
//
//	ResponseData ::= SEQUENCE { responderID, producedAt GeneralizedTime, responses SEQUENCE OF SingleResponse,
//	                 responseExtensions [1] EXPLICIT Extensions OPTIONAL }
func (o *Responder) encodeData(questions []question, nonce []byte, a *OCSPAnswer) ([]byte, error) {
	b := cryptobyte.NewBuilder(make([]byte, 0, 128+256*len(questions)))
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(o.responderID)
		b.AddASN1GeneralizedTime(a.ThisUpdate)
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for i := range questions {
				o.addSingle(b, &questions[i], a)
			}
		})
		if nonce == nil {
			return
		}
		b.AddASN1(contextTag(1).Constructed(), func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				addExtension(b, oid.OCSPNonce, false, func(b *cryptobyte.Builder) { b.AddASN1OctetString(nonce) })
			})
		})
	})
	return b.Bytes()
}

// addSingle writes
//
//	SingleResponse ::= SEQUENCE { certID CertID, certStatus, thisUpdate GeneralizedTime, nextUpdate [0] EXPLICIT,
//	                   singleExtensions [1] EXPLICIT Extensions OPTIONAL }
func (o *Responder) addSingle(b *cryptobyte.Builder, q *question, a *OCSPAnswer) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		addCertID(b, q.id)
		addCertStatus(b, &q.state)
		b.AddASN1GeneralizedTime(a.ThisUpdate)
		b.AddASN1(contextTag(0).Constructed(), func(b *cryptobyte.Builder) { b.AddASN1GeneralizedTime(a.NextUpdate) })
		if q.state.State == StateNone {
			return
		}
		b.AddASN1(contextTag(1).Constructed(), func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				// Nothing is forgotten: what was issued is answered for long after it has expired (RFC 6960, 4.4.4).
				addExtension(b, oid.OCSPArchiveCutoff, false, func(b *cryptobyte.Builder) {
					b.AddASN1GeneralizedTime(o.authority.chain[0].NotBefore)
				})
				if !q.state.Invalid.IsZero() {
					addExtension(b, oid.InvalidityDate, false, func(b *cryptobyte.Builder) {
						b.AddASN1GeneralizedTime(q.state.Invalid)
					})
				}
			})
		})
	})
}

// addCertID writes CertID ::= SEQUENCE { hashAlgorithm, issuerNameHash, issuerKeyHash OCTET STRING, serialNumber
// INTEGER } as it was asked.
func addCertID(b *cryptobyte.Builder, id *pki.CertID) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			oid.Add(b, id.Hash)
			b.AddASN1NULL()
		})
		b.AddASN1OctetString(id.IssuerName)
		b.AddASN1OctetString(id.IssuerKey)
		b.AddASN1BigInt(id.Serial)
	})
}

// addCertStatus writes
//
//	CertStatus ::= CHOICE { good [0] IMPLICIT NULL, unknown [2] IMPLICIT NULL, revoked [1] IMPLICIT SEQUENCE {
//	               revocationTime GeneralizedTime, revocationReason [0] EXPLICIT ENUMERATED OPTIONAL } }
//
// Good is a certificate that the register has issued and that is valid; nothing else is.
func addCertStatus(b *cryptobyte.Builder, s *Status) {
	switch s.State {
	case StateValid:
		b.AddASN1(contextTag(0), func(*cryptobyte.Builder) {})
	case StateHeld, StateRevoked:
		b.AddASN1(contextTag(1).Constructed(), func(b *cryptobyte.Builder) {
			b.AddASN1GeneralizedTime(s.At)
			if s.Cause != pki.CauseUnspecified {
				b.AddASN1(contextTag(0).Constructed(), func(b *cryptobyte.Builder) { b.AddASN1Enum(int64(s.Cause)) })
			}
		})
	case StateNone:
		b.AddASN1(contextTag(2), func(*cryptobyte.Builder) {})
	}
}

// questionOf is the question about a certificate with one hash.
func (o *Responder) questionOf(serial Serial, known int, state Status) question {
	n := o.names[known]
	return question{
		id:    &pki.CertID{Hash: n.hash, IssuerName: n.name, IssuerKey: n.key, Serial: serial.Big()},
		known: known, value: serial, state: state,
	}
}
