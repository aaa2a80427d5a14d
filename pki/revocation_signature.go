package pki

import (
	"slices"
	"time"
)

// What CRLs and OCSP responses demand of their signers alike.

// mayUse tells whether a key usage is allowed; absent it allows nothing, unless the scope of the anchor says so.
func (j *judge) mayUse(c *Certificate, usage KeyUsage) bool {
	if !c.HasKeyUsage {
		return slices.Contains(j.scope.Exceptions, ExceptionNoKeyUsage)
	}
	return c.KeyUsage&usage == usage
}

// checkValid checks that the signer's certificate was valid, and that the anchor vouched, when the evidence is proven
// to have existed: once that is over nobody answers for what is signed with its key. The certificate may be younger
// than the evidence, for authorities renew theirs with the same key.
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
	options := j.options
	options.Delay = 0 // it is about the signature that is judged, not about evidence
	s := j.standing(signer).at(existedBy, options)
	switch {
	case s.Status == StatusRevoked || s.Status == StatusOnHold:
		return ReasonSignerRevoked, "since " + s.Revocation.From.Format(time.RFC3339)
	case s.Status != StatusGood && !slices.ContainsFunc(j.chain, signer.cert.Equal):
		return ReasonSignerStatus, string(s.Reason)
	}
	return "", ""
}

// checkLink checks that the key of an issuer signed a certificate.
func (j *judge) checkLink(child, issuer *Certificate) (Reason, string) {
	return j.checkSignature(issuer, child.SignatureAlgorithm, child.RawTBS, child.Signature)
}

// checkSignature spends one signature check of the budget.
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
