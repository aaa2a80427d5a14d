package ca

import (
	"context"
	"time"

	"github.com/elicense/elicense/internal/engine"
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
	data := o.appendData(nil, questions, nonce, &a)
	signature, err := o.sign(data)
	if err != nil {
		return refuseOCSP(pki.OCSPTryLater, err)
	}
	a.DER = o.response(data, signature)
	return a
}

func (o *Responder) sign(data []byte) ([]byte, error) {
	return o.public.Sign(o.cfg.Register.cfg.Rand, o.cfg.Key, data)
}

// questionOf is the question about a certificate with one hash.
func (o *Responder) questionOf(serial Serial, known int, state Status) question {
	n := o.names[known]
	return question{
		id:    &pki.CertID{Hash: n.hash, IssuerName: n.name, IssuerKey: n.key, Serial: serial.Big()},
		known: known, value: serial, state: state,
	}
}
