package verify

import (
	"context"
	"slices"
	"time"

	"github.com/elicense/elicense/pki"
)

// RevocationSource brings CRLs and OCSP answers from elsewhere, such as the authority's servers. It is asked only for
// chains that lead to an anchor; what it answers is not trusted before it is checked.
type RevocationSource interface {
	// Evidence gives what can be had about the certificates of a chain, leaf first, anchor last. Nothing is an answer;
	// an error leaves the status to the evidence at hand.
	Evidence(ctx context.Context, chain []*pki.Certificate, at time.Time) (pki.Evidence, error)
}

func (j *judgement) revocationOptions(at time.Time) pki.RevocationOptions {
	if at.After(j.now) {
		at = j.now
	}
	return pki.RevocationOptions{
		At: at, Now: j.now, MaxAge: j.v.config.Requirements.RevocationMaxAge, Skew: clockSkew,
		CrossCheck: j.v.config.CrossCheck,
	}
}

// evidenceFor is everything that may speak of a chain: what came with the document, what this verifier was given, and
// what the source says.
func (j *judgement) evidenceFor(chain *pki.Chain, at time.Time) []pki.Evidence {
	list := make([]pki.Evidence, 0, len(j.v.config.Evidence)+len(j.evidence)+1)
	list = append(append(list, j.v.config.Evidence...), j.evidence...)
	if j.v.config.Revocation == nil {
		return list
	}
	fetched, err := j.v.config.Revocation.Evidence(j.ctx, chain.Certificates, at)
	if err != nil {
		return list
	}
	return append(list, fetched)
}

// judgeRevocation judges every certificate of the mark's chain at the time for which the mark counts.
func (j *judgement) judgeRevocation(m *mark, s standing) {
	id := m.subject + ".revocation"
	evidence := append(j.evidenceFor(s.chain, s.at), m.evidence)
	if !j.spend(evidence) {
		j.open(id, TryLater, "a CRL or OCSP answer", "budget")
		return
	}
	options := j.revocationOptions(s.at)
	if m.delayed {
		options.Delay = j.v.config.Requirements.RevocationDelay
	}
	report, evidence := j.revocationOf(s.chain, options, evidence, j.helpFor(m))
	j.report.Grounds.addStatus(&report, evidence)
	from, cause := revokedFrom(report)
	if !from.IsZero() {
		j.moment("revoked", from)
	}
	switch report.Status {
	case pki.StatusGood:
		j.pass(id)
	case pki.StatusOnHold:
		j.open(id, Suspended, "good", "on-hold "+stamp(from))
	case pki.StatusRevoked:
		if !s.stamped && m.claimed.Before(from) && !m.claimed.IsZero() {
			j.open(id, RevokedNoPOE, "good", cause+" "+stamp(from))
			return
		}
		j.fail(id, Revoked, "good", cause+" "+stamp(from))
	case pki.StatusUnknown:
		j.open(id, TryLater, "a CRL or OCSP answer", string(pki.ReasonOf(report.Err())))
		if s.stamped && options.Delay > 0 {
			j.recheck(s.at.Add(options.Delay))
		}
	}
}

// revocationOf judges a chain. An authority with a new key under its old name may list with it whom it certified with
// the old one, or may not: that such a list names somebody counts, that it does not says nothing.
func (j *judgement) revocationOf(
	chain *pki.Chain, options pki.RevocationOptions, evidence []pki.Evidence, help []*pki.Certificate,
) (pki.RevocationReport, []pki.Evidence) {
	report := pki.VerifyRevocation(chain, options, evidence...)
	others := j.otherKeys(chain, help)
	if len(others) == 0 || report.Status == pki.StatusRevoked {
		return report, evidence
	}
	wide := append(slices.Clip(evidence), pki.Evidence{Certificates: others})
	again := pki.VerifyRevocation(chain, options, wide...)
	if again.Status == pki.StatusRevoked || again.Status == pki.StatusOnHold || report.Status == pki.StatusGood {
		return again, wide
	}
	return report, evidence
}

// maxOtherKeys is how many certificates of other keys are looked at.
const maxOtherKeys = 8

// otherKeys are certificates that the authorities of a chain have under the same name with another key. Whether they
// are theirs is checked before anything that they signed counts.
func (j *judgement) otherKeys(chain *pki.Chain, help []*pki.Certificate) []*pki.Certificate {
	var out []*pki.Certificate
	for _, issuer := range chain.Certificates[1:] {
		for _, c := range slices.Concat(j.v.config.Intermediates.Named(issuer.SubjectName), help) {
			if len(out) < maxOtherKeys && c.SubjectName.Equal(issuer.SubjectName) &&
				!slices.ContainsFunc(chain.Certificates, c.Equal) && !slices.ContainsFunc(out, c.Equal) {
				out = append(out, c)
			}
		}
	}
	return out
}

// maxLooks is how many times a piece of evidence is held against a signature of one document; with it the work that a
// document can make with evidence that it brings ends within a second.
const maxLooks = 1 << 12

// spend counts the pieces that are about to be looked at, and tells whether that is still within bounds. What the
// deployment itself brought is not the document's doing and is not counted.
func (j *judgement) spend(evidence []pki.Evidence) bool {
	for i := len(j.v.config.Evidence); i < len(evidence); i++ {
		j.looks += len(evidence[i].CRLs) + len(evidence[i].Responses)
	}
	return j.looks <= maxLooks
}

// revokedFrom is the earliest revocation in the chain, now or then.
func revokedFrom(report pki.RevocationReport) (from time.Time, cause string) {
	for i := range report.Certificates {
		r := report.Certificates[i].Revocation
		if r != nil && (from.IsZero() || r.From.Before(from)) {
			from, cause = r.From, r.Cause.String()
		}
	}
	return from, cause
}
