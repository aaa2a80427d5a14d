package pki

import (
	"bytes"
	"time"
)

// ocspFindings is what the answers of one response say of a certificate, or why none of them counts.
func (j *judge) ocspFindings(p place, r *OCSPResponse, existedBy time.Time) []Finding {
	if r == nil {
		return nil
	}
	whole := Finding{Response: r, MadeAt: r.ProducedAt, ExistedBy: existedBy}
	if r.Status != OCSPSuccessful {
		whole.Refusal, whole.Detail = statusReasons[r.Status], string(r.Status)
		return []Finding{whole}
	}
	var out []Finding
	for i := range r.Answers {
		a := &r.Answers[i]
		if !a.ID.Matches(p.issuer(), p.cert.Serial) {
			continue
		}
		f := Finding{
			Response: r, MadeAt: a.ThisUpdate, NextUpdate: a.NextUpdate, ExistedBy: existedBy, Causes: AllReasons,
			forgetful: a.forgets(p.cert),
		}
		if f.Refusal, f.Detail = j.checkAnswer(p, r, a, existedBy); f.Refusal != "" {
			f.Causes = 0
		} else if a.Status == AnswerRevoked {
			f.Revocation = a.revocation()
		}
		out = append(out, f)
	}
	if out == nil {
		whole.Refusal, whole.Detail = r.mismatch(p)
		return []Finding{whole}
	}
	return out
}

// mismatch tells what keeps a response from speaking of a certificate.
func (r *OCSPResponse) mismatch(p place) (Reason, string) {
	for i := range r.Answers {
		id := &r.Answers[i].ID
		if id.Serial.Cmp(p.cert.Serial) != 0 {
			continue
		}
		want, err := NewCertID(id.Hash, p.issuer(), p.cert.Serial)
		switch {
		case err != nil:
			return ReasonAlgorithm, "hash " + id.Hash.String()
		case !bytes.Equal(id.IssuerName, want.IssuerName):
			return ReasonOtherIssuer, "hash of the issuer's name"
		default:
			return ReasonOtherIssuer, "hash of the issuer's key"
		}
	}
	return ReasonOtherSubject, ""
}

// checkAnswer tells why an answer about a certificate does not count.
func (j *judge) checkAnswer(p place, r *OCSPResponse, a *OCSPAnswer, existedBy time.Time) (Reason, string) {
	limit := existedBy.Add(j.options.Skew)
	switch {
	case r.unknown != "":
		return ReasonExtension, "critical extension " + r.unknown.String()
	case a.unknown != "":
		return ReasonExtension, "critical extension " + a.unknown.String()
	case a.ThisUpdate.After(limit) || r.ProducedAt.After(limit):
		return ReasonFromFuture, "made at " + a.ThisUpdate.Format(time.RFC3339)
	}
	if refusal, detail := j.checkResponder(p, r, existedBy); refusal != "" {
		return refusal, detail
	}
	if a.Status != AnswerGood && a.Status != AnswerRevoked {
		return ReasonAnswerUnknown, ""
	}
	return "", ""
}

func (a *OCSPAnswer) revocation() *Revocation {
	l := listing{revokedAt: a.RevokedAt, invalidFrom: a.InvalidFrom, cause: a.Cause}
	return l.revocation()
}

// forgets tells whether the responder may no longer know a certificate because it had expired (RFC 6960, 4.4.4).
func (a *OCSPAnswer) forgets(cert *Certificate) bool {
	return a.ThisUpdate.After(cert.NotAfter) && (a.ArchiveCutoff.IsZero() || a.ArchiveCutoff.After(cert.NotAfter))
}

// CheckAnswers checks that a response answers a request: every question, with the nonce that was sent. A responder
// that leaves out the nonce may have signed the answer before it was asked; if that will do, ask without. The error is
// a *RefusalError. Who signed the response is not looked at.
func (r *OCSPResponse) CheckAnswers(request OCSPRequest) error {
	if r.Status != OCSPSuccessful {
		return &RefusalError{Reason: statusReasons[r.Status], Detail: string(r.Status)}
	}
	if !bytes.Equal(request.Nonce, r.Nonce) && len(request.Nonce) > 0 {
		return &RefusalError{Reason: ReasonNonce, Detail: "not the nonce of the request"}
	}
	for _, id := range request.IDs {
		if !r.answers(id) {
			return &RefusalError{Reason: ReasonOtherSubject, Detail: "a question is not answered"}
		}
	}
	return nil
}

func (r *OCSPResponse) answers(id CertID) bool {
	for i := range r.Answers {
		if r.Answers[i].ID.Equal(id) {
			return true
		}
	}
	return false
}
