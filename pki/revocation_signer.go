package pki

import (
	"bytes"
	"slices"
	"time"
)

// checkCRLSigner looks for a certificate of the CRL's issuer that may sign CRLs, whose key signed this one and which
// was good when the CRL existed: in the chain above the certificate, and among the certificates of the evidence for
// authorities with several keys.
func (j *judge) checkCRLSigner(p place, c *CRL, existedBy time.Time) (Reason, string) {
	nearest := near{reason: ReasonNoSigner}
	for i, candidate := range p.above {
		if !nearest.found() && candidate.SubjectName.Equal(c.IssuerName) {
			nearest.note(j.checkCRLKey(place{candidate, p.above[i+1:]}, c, existedBy))
		}
	}
	for _, e := range j.evidence {
		for _, candidate := range e.Certificates {
			if nearest.found() {
				return "", ""
			}
			if candidate == nil || !candidate.SubjectName.Equal(c.IssuerName) ||
				slices.ContainsFunc(p.above, candidate.Equal) {
				continue
			}
			above, refusal := j.besideIssuer(p, candidate)
			if refusal.reason != "" {
				nearest.note(refusal)
				continue
			}
			nearest.note(j.checkCRLKey(place{candidate, above}, c, existedBy))
		}
	}
	return nearest.result()
}

// besideIssuer finds the chain above another certificate of the issuer. It must come from the issuer itself or from
// the authority that certified the issuer: any other authority below the anchor could otherwise give itself the
// issuer's name.
func (j *judge) besideIssuer(p place, candidate *Certificate) ([]*Certificate, refusalStep) {
	refusal := refusalStep{step: 1, reason: ReasonNoSigner, detail: "not certified by the issuer or its authority"}
	for i, parent := range p.above {
		if candidate.IssuerName.Equal(parent.SubjectName) {
			reason, detail := j.checkLink(candidate, parent)
			if reason == "" {
				return p.above[i:], refusalStep{}
			}
			refusal = refusalStep{step: 1, reason: reason, detail: detail}
		}
		if !parent.SubjectName.Equal(p.issuer().SubjectName) {
			break // this was the authority above the issuer
		}
	}
	return nil, refusal
}

// checkCRLKey checks one certificate as the signer of a CRL.
func (j *judge) checkCRLKey(signer place, c *CRL, existedBy time.Time) refusalStep {
	cert := signer.cert
	switch {
	case len(c.AuthorityKeyID) > 0 && len(cert.SubjectKeyID) > 0 && !bytes.Equal(c.AuthorityKeyID, cert.SubjectKeyID):
		return refusalStep{2, ReasonNoSigner, "no certificate with the key identifier of the CRL"}
	case !j.mayUse(cert, UsageCRLSign):
		return refusalStep{3, ReasonKeyUsage, "the signer may not sign CRLs"}
	}
	if reason, detail := j.checkValid(signer, existedBy); reason != "" {
		return refusalStep{4, reason, detail}
	}
	if reason, detail := j.checkCRLSignature(cert, c); reason != "" {
		return refusalStep{5, reason, detail}
	}
	reason, detail := j.checkUnrevoked(signer, existedBy)
	return refusalStep{6, reason, detail}
}

// checkCRLSignature remembers in the CRL the key that verified it: hashing a large one takes longer than all else.
func (j *judge) checkCRLSignature(signer *Certificate, c *CRL) (Reason, string) {
	if err := j.checkStrength(signer.Key, c.SignatureAlgorithm); err != nil {
		return signatureReason(err), err.Error()
	}
	if known := c.verified.Load(); known != nil && *known == signer.keyDigest && !j.options.CrossCheck {
		return "", ""
	}
	reason, detail := j.checkSignature(signer, c.SignatureAlgorithm, c.RawTBS, c.Signature)
	if reason == "" {
		c.verified.Store(&signer.keyDigest)
	}
	return reason, detail
}

// CheckSignature checks that a certificate of the CRL's issuer may sign CRLs and that its key signed this one. It says
// nothing about whether the certificate is to be trusted. The error is a *RefusalError.
func (c *CRL) CheckSignature(signer *Certificate) error {
	if signer == nil {
		return &RefusalError{Reason: ReasonNoSigner, Detail: "no certificate"}
	}
	j := judge{budget: 1, scope: new(Scope)}
	switch {
	case !signer.SubjectName.Equal(c.IssuerName):
		return refuse(signer, ReasonOtherIssuer, "the CRL is of %q", c.Issuer)
	case !j.mayUse(signer, UsageCRLSign):
		return refuse(signer, ReasonKeyUsage, "may not sign CRLs")
	}
	if reason, detail := j.checkCRLSignature(signer, c); reason != "" {
		return refuse(signer, reason, "%s", detail)
	}
	return nil
}
