package pki

import (
	"slices"
	"time"
)

// Limits of one judgement.
const (
	maxEvidence           = 256 // CRLs and responses
	maxEvidenceSignatures = 128 // signature checks
)

// judge weighs evidence; it lives for one call.
type judge struct {
	options  RevocationOptions
	evidence []Evidence
	budget   int // of signature checks
	known    map[[32]byte]*standing
	chain    []*Certificate
	scope    *Scope // of the anchor: what evidence for its chains may be like

	open [][32]byte // certificates that are being judged: evidence that hangs on one of them is circular
}

// place is a certificate with the chain above it: its issuer first, the anchor last.
type place struct {
	cert  *Certificate
	above []*Certificate
}

func (p place) issuer() *Certificate { return p.above[0] }

// standing is all that is known of the revocation of one certificate, for any time.
type standing struct {
	cert     *Certificate
	findings []Finding
}

// newJudge refuses calls that leave out what is required, and more evidence than is looked at.
func newJudge(chain *Chain, options RevocationOptions, evidence []Evidence) (*judge, Reason) {
	if options.Now.IsZero() {
		options.Now = options.At
	}
	if !chain.complete() || options.At.IsZero() || options.Now.Before(options.At) ||
		options.MaxAge < 0 || options.Delay < 0 || options.Skew < 0 {
		return nil, ReasonOptions
	}
	pieces := 0
	for _, e := range evidence {
		pieces += len(e.CRLs) + len(e.Responses) + len(e.Certificates)
	}
	if pieces > maxEvidence {
		return nil, ReasonBudget
	}
	return &judge{
		options: options, evidence: evidence, chain: chain.Certificates, scope: &chain.Anchor.Scope,
		budget: maxEvidenceSignatures, known: make(map[[32]byte]*standing),
	}, ""
}

// complete tells whether a chain has the parts that VerifyChain gives it: a leaf and, last, its anchor.
func (c *Chain) complete() bool {
	if c == nil || len(c.Certificates) < 2 || slices.Contains(c.Certificates, nil) || c.Anchor.Certificate == nil {
		return false
	}
	return c.Anchor.Certificate.Equal(c.Certificates[len(c.Certificates)-1])
}

// existedBy is when a bundle is proven to have existed.
func (j *judge) existedBy(e Evidence) time.Time {
	if e.ExistedBy.IsZero() || e.ExistedBy.After(j.options.Now) {
		return j.options.Now
	}
	return e.ExistedBy
}

// standing collects what the evidence says of a certificate.
func (j *judge) standing(p place) *standing {
	if s, ok := j.known[p.cert.Digest]; ok {
		return s
	}
	j.open = append(j.open, p.cert.Digest)
	s := &standing{cert: p.cert}
	for _, e := range j.evidence {
		for _, c := range e.CRLs {
			s.findings = append(s.findings, j.crlFindings(p, c, j.existedBy(e))...)
		}
		for _, r := range e.Responses {
			s.findings = append(s.findings, j.ocspFindings(p, r, j.existedBy(e))...)
		}
	}
	j.open = j.open[:len(j.open)-1]
	j.known[p.cert.Digest] = s
	return s
}

// at judges the certificate at one time.
func (s *standing) at(t time.Time, options RevocationOptions) CertificateStatus {
	out := CertificateStatus{Certificate: s.cert, Findings: slices.Clone(s.findings)}
	out.Revocation = s.revocation()
	if r := out.Revocation; r != nil && !r.From.After(t) {
		out.Status = StatusRevoked
		if r.OnHold() {
			out.Status = StatusOnHold
		}
		return out
	}
	var covered ReasonFlags
	for i := range out.Findings {
		f := &out.Findings[i]
		if f.Refusal != "" {
			continue
		}
		if f.Stale = s.staleAt(f, t, options); f.Stale == "" {
			covered |= f.Causes
		}
	}
	if covered == AllReasons {
		out.Status = StatusGood
		return out
	}
	out.Reason = unknownReason(out.Findings, covered)
	return out
}

// unknownReason picks, of all that is wrong, what came nearest to an answer: partial coverage, then evidence that is
// not fresh, then evidence that was about this certificate and failed.
func unknownReason(findings []Finding, covered ReasonFlags) Reason {
	if covered != 0 {
		return ReasonPartialReasons
	}
	reason := ReasonNoEvidence
	for _, f := range findings {
		switch {
		case f.Stale != "":
			return f.Stale
		case f.Refusal == "" || f.Refusal == ReasonOtherIssuer || f.Refusal == ReasonOtherSubject:
		case reason == ReasonNoEvidence || reason == ReasonDelta || reason == ReasonCRLScope:
			reason = f.Refusal
		}
	}
	return reason
}

// revocation puts together what the evidence says: the worst of it, since the earliest date that is given. A hold that
// newer evidence no longer shows is forgotten.
func (s *standing) revocation() *Revocation {
	var worst *Revocation
	for i := range s.findings {
		f := &s.findings[i]
		if f.Refusal != "" || f.Revocation == nil || f.Revocation.OnHold() && s.released(f) {
			continue
		}
		worst = merge(worst, f.Revocation)
	}
	return worst
}

// merge is the worse of two revocations since the earlier of both dates: when a hold becomes a revocation, it counts
// since the hold (RFC 5280, 5.3.1).
func merge(a, b *Revocation) *Revocation {
	if a == nil {
		out := *b
		return &out
	}
	out, other := *a, b
	if a.OnHold() && !b.OnHold() || a.OnHold() == b.OnHold() && b.From.Before(a.From) {
		out, other = *b, a
	}
	if other.From.Before(out.From) {
		out.From = other.From
	}
	return &out
}

// released tells whether evidence newer than hold, which would show a hold, shows none.
func (s *standing) released(hold *Finding) bool {
	return slices.ContainsFunc(s.findings, func(f Finding) bool {
		return f.Refusal == "" && f.Revocation == nil && f.Causes&holdFlag != 0 && f.newerThan(hold)
	})
}

// newerThan also orders a CRL before itself with a delta CRL added, which may bear the same date.
func (f *Finding) newerThan(other *Finding) bool {
	if f.CRL != nil && f.CRL == other.CRL && f.Delta != nil && other.Delta == nil {
		return true
	}
	return f.MadeAt.After(other.MadeAt)
}

// staleAt says why a finding that counts does not show the certificate to have been good at t. Empty if it does.
func (s *standing) staleAt(f *Finding, t time.Time, options RevocationOptions) Reason {
	switch {
	case f.Revocation == nil && f.forgetful:
		return ReasonForgotten
	case options.Delay > 0 && f.MadeAt.Before(t.Add(options.Delay)):
		return ReasonTooEarly
	case !f.MadeAt.Before(t):
		return ""
	}
	return f.agedAt(t, options)
}

// agedAt is the freshness check for evidence made before t.
func (f *Finding) agedAt(t time.Time, options RevocationOptions) Reason {
	limited := options.MaxAge > 0
	switch {
	case limited && t.Sub(f.MadeAt) > options.MaxAge:
		return ReasonStale
	case f.NextUpdate.IsZero() && !limited:
		return ReasonStale
	case f.NextUpdate.IsZero() || limited && options.MaxAgeAloneUnsafe:
		return ""
	case t.After(f.NextUpdate.Add(options.Skew)):
		return ReasonStale
	}
	return ""
}
