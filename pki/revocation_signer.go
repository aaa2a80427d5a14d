package pki

import (
	"bytes"
	"slices"
	"time"

	"github.com/elicense/elicense/internal/oid"
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
			reason, detail := j.checkSignature(parent, candidate.SignatureAlgorithm, candidate.RawTBS, candidate.Signature)
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
	reason, detail := j.checkSignature(issuer, cert.SignatureAlgorithm, cert.RawTBS, cert.Signature)
	if reason != "" {
		return refusalStep{5, ReasonNoSigner, "the responder is not certified by the key of the certificate's issuer: " + detail}
	}
	if reason, detail = j.checkSignature(cert, r.SignatureAlgorithm, r.RawTBS, r.Signature); reason != "" {
		return refusalStep{6, reason, detail}
	}
	if reason, detail = j.checkUnrevoked(place{issuer, responder.above[1:]}, existedBy); reason == "" && !cert.OCSPNoCheck {
		reason, detail = j.checkResponderStatus(responder, existedBy)
	}
	return refusalStep{7, reason, detail}
}

func (j *judge) checkResponderStatus(responder place, existedBy time.Time) (Reason, string) {
	reason, detail := j.checkUnrevoked(responder, existedBy)
	if j.options.UncheckedResponderUnsafe && (reason == ReasonSignerStatus || reason == ReasonCircular) {
		return "", ""
	}
	return reason, detail
}

// mayUse tells whether a key usage is allowed; absent it allows nothing, unless the scope of the anchor says so.
func (j *judge) mayUse(c *Certificate, usage KeyUsage) bool {
	if !c.HasKeyUsage {
		return slices.Contains(j.scope.Exceptions, ExceptionNoKeyUsage)
	}
	return c.KeyUsage&usage == usage
}

// checkValid checks that the signer's certificate was valid, and that the anchor vouched, when the evidence is proven to
// have existed: once that is over nobody answers for what is signed with its key. The certificate may be younger than
// the evidence, for authorities renew theirs with the same key.
func (j *judge) checkValid(signer place, existedBy time.Time) (Reason, string) {
	c := signer.cert
	from, to := c.NotBefore, c.NotAfter
	if len(signer.above) == 0 && slices.Contains(j.scope.Exceptions, ExceptionAnchorValidity) {
		from, to = j.scope.NotBefore, j.scope.NotAfter
	}
	switch {
	case existedBy.Before(from) || existedBy.Before(j.scope.NotBefore):
		return ReasonNotYetValid, "the signer's certificate was not valid yet"
	case existedBy.After(to) || !j.scope.NotAfter.IsZero() && existedBy.After(j.scope.NotAfter):
		return ReasonExpired, "the signer's certificate had expired"
	case len(signer.above) == 0:
		return "", "" // whatever else there is to the anchor, its scope accepted it
	case len(c.unknownCritical) > 0:
		return ReasonExtension, "critical extension " + c.unknownCritical[0].String() + " of the signer"
	case !slices.Contains(j.scope.Algorithms, c.Key.Algorithm):
		return ReasonAlgorithm, "the signer's key is of a kind that the anchor may not vouch for"
	}
	for _, t := range c.Tolerances {
		if !slices.Contains(j.scope.Tolerances, t) {
			return ReasonEncoding, string(t) + " of the signer's certificate"
		}
	}
	return "", ""
}

// checkUnrevoked checks that a signer was not revoked when evidence signed by it is proven to have existed. For
// authorities of the chain it is enough that nothing shows a revocation: whether more is demanded of them is decided
// where they themselves are judged. Any other signer must be known to be good.
func (j *judge) checkUnrevoked(signer place, existedBy time.Time) (Reason, string) {
	if len(signer.above) == 0 {
		return "", "" // the anchor
	}
	if slices.Contains(j.open, signer.cert.Digest) {
		return ReasonCircular, ""
	}
	s := j.standing(signer).at(existedBy, j.options)
	switch {
	case s.Status == StatusRevoked || s.Status == StatusOnHold:
		return ReasonSignerRevoked, "since " + s.Revocation.From.Format(time.RFC3339)
	case s.Status != StatusGood && !slices.ContainsFunc(j.chain, signer.cert.Equal):
		return ReasonSignerStatus, string(s.Reason)
	}
	return "", ""
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

func (j *judge) checkSignature(signer *Certificate, a SignatureAlgorithm, message, signature []byte) (Reason, string) {
	if j.budget == 0 {
		return ReasonBudget, "too many signature checks"
	}
	j.budget--
	err := j.checkStrength(signer.Key, a)
	switch {
	case err != nil:
	case j.options.CrossCheck && signer.PublicKey != nil && a.Key == KeySM2:
		err = CrossCheck(signer.PublicKey, message, signature)
	default:
		err = signer.Key.verify(a, message, signature)
	}
	if err != nil {
		return signatureReason(err), err.Error()
	}
	return "", ""
}

// checkStrength refuses what is too weak, unless the scope of the anchor lets it pass. MD5 never does.
func (j *judge) checkStrength(key *Key, a SignatureAlgorithm) error {
	switch {
	case a.Hash == HashMD5, a.Hash == HashSHA1 && !slices.Contains(j.scope.Exceptions, ExceptionSHA1):
		return ErrWeakAlgorithm
	case key.rsa != nil && key.Bits < minRSABits && !slices.Contains(j.scope.Exceptions, ExceptionShortRSA):
		return ErrWeakKey
	default:
		return nil
	}
}

// refusalStep is how far a candidate got before it was refused; no reason means that it was not.
type refusalStep struct {
	step   int
	reason Reason
	detail string
}

// near keeps the refusal of the candidate that got farthest.
type near refusalStep

func (n *near) note(r refusalStep) {
	if n.found() {
		return
	}
	if r.reason == "" || r.step >= n.step {
		*n = near(r)
	}
}

func (n *near) found() bool { return n.reason == "" }

func (n *near) result() (Reason, string) { return n.reason, n.detail }

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
