package pki

import (
	"slices"
	"time"

	"github.com/elicense/elicense/internal/oid"
)

// checkResponder looks for the signer of an OCSP response: the issuer of the certificate itself, or a responder to
// whose certificate the issuer's same key put its signature (RFC 6960, 4.2.2.2).
func (j *judge) checkResponder(p place, r *OCSPResponse, existedBy time.Time) (Reason, string) {
	nearest := near{reason: ReasonNoSigner}
	if r.namesSigner(p.issuer()) {
		nearest.note(j.checkIssuerAnswer(place{p.issuer(), p.above[1:]}, r, existedBy))
	}
	for _, candidate := range j.responders(r) {
		if nearest.found() {
			break
		}
		if r.namesSigner(candidate) && !candidate.Equal(p.issuer()) {
			nearest.note(j.checkDelegate(place{candidate, p.above}, r, existedBy))
		}
	}
	return nearest.result()
}

// responders are the certificates that came with a response, then those of the evidence.
func (j *judge) responders(r *OCSPResponse) []*Certificate {
	list := slices.Clone(r.Certificates)
	for _, e := range j.evidence {
		list = append(list, e.Certificates...)
	}
	return slices.DeleteFunc(list, func(c *Certificate) bool { return c == nil })
}

// namesSigner tells whether a response calls this certificate its signer's.
func (r *OCSPResponse) namesSigner(c *Certificate) bool {
	if r.ResponderKey != nil {
		return isKeyHash(r.ResponderKey, keyBits(c))
	}
	return !r.ResponderName.Empty() && r.ResponderName.Equal(c.SubjectName)
}

func (j *judge) checkIssuerAnswer(issuer place, r *OCSPResponse, existedBy time.Time) refusalStep {
	if reason, detail := j.checkValid(issuer, existedBy); reason != "" {
		return refusalStep{4, reason, detail}
	}
	if reason, detail := j.checkSignature(issuer.cert, r.SignatureAlgorithm, r.RawTBS, r.Signature); reason != "" {
		return refusalStep{5, reason, detail}
	}
	reason, detail := j.checkUnrevoked(issuer, existedBy)
	return refusalStep{6, reason, detail}
}

// checkDelegate checks a responder with a certificate of its own.
func (j *judge) checkDelegate(responder place, r *OCSPResponse, existedBy time.Time) refusalStep {
	cert, issuer := responder.cert, responder.issuer()
	switch {
	case !cert.IssuerName.Equal(issuer.SubjectName):
		return refusalStep{1, ReasonNoSigner, "the responder is not certified by the certificate's issuer"}
	case !slices.Contains(cert.ExtKeyUsage, oid.PurposeOCSPSigning):
		return refusalStep{2, ReasonPurpose, "the responder's certificate is not for signing OCSP responses"}
	case cert.HasKeyUsage && cert.KeyUsage&(UsageDigitalSignature|UsageNonRepudiation) == 0:
		return refusalStep{3, ReasonKeyUsage, "the responder may not sign"}
	}
	if reason, detail := j.checkValid(responder, existedBy); reason != "" {
		return refusalStep{4, reason, detail}
	}
	reason, detail := j.checkLink(cert, issuer)
	if reason != "" {
		return refusalStep{5, ReasonNoSigner, "not certified by the key of the certificate's issuer: " + detail}
	}
	if reason, detail = j.checkSignature(cert, r.SignatureAlgorithm, r.RawTBS, r.Signature); reason != "" {
		return refusalStep{6, reason, detail}
	}
	if reason, detail = j.checkUnrevoked(place{issuer, responder.above[1:]}, existedBy); reason != "" {
		return refusalStep{7, reason, detail}
	}
	reason, detail = j.checkResponderStatus(responder, existedBy)
	return refusalStep{8, reason, detail}
}

// checkResponderStatus looks whether the responder himself was revoked, unless his certificate says that nobody can
// tell (RFC 6960, 4.2.2.2.1).
func (j *judge) checkResponderStatus(responder place, existedBy time.Time) (Reason, string) {
	if responder.cert.OCSPNoCheck {
		return "", ""
	}
	reason, detail := j.checkUnrevoked(responder, existedBy)
	if j.options.UncheckedResponderUnsafe && (reason == ReasonSignerStatus || reason == ReasonCircular) {
		return "", ""
	}
	return reason, detail
}

// CheckSignature checks that the response calls a certificate its signer's and that its key signed it. It says nothing
// about whether that signer may answer for anything. The error is a *RefusalError.
func (r *OCSPResponse) CheckSignature(signer *Certificate) error {
	if signer == nil || !r.namesSigner(signer) {
		return &RefusalError{Reason: ReasonNoSigner, Detail: "not the certificate of the responder"}
	}
	j := judge{budget: 1, scope: new(Scope)}
	if reason, detail := j.checkSignature(signer, r.SignatureAlgorithm, r.RawTBS, r.Signature); reason != "" {
		return refuse(signer, reason, "%s", detail)
	}
	return nil
}
