package pki

import (
	"fmt"
	"time"
)

// RevocationStatus is where a certificate stood at a time. The zero value is that it is not known, which is never as
// good as good.
type RevocationStatus uint8

// Statuses.
const (
	StatusUnknown RevocationStatus = iota
	StatusGood                     // not revoked, as far as evidence that covers every reason says
	StatusRevoked                  // 吊销: for ever
	StatusOnHold                   // 挂起: certificateHold; it may come back, or be revoked as of the day of the hold
)

var statusNames = [...]string{"unknown", "good", "revoked", "on-hold"}

// String is one word.
func (s RevocationStatus) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return statusNames[StatusUnknown]
}

// Evidence is a bundle of CRLs and OCSP responses. None of it is trusted before it is checked.
type Evidence struct {
	CRLs      []*CRL // full and delta
	Responses []*OCSPResponse
	// Certificates are of signers of CRLs and responses that are not in the chain, such as the CRL key of an authority
	// that has several. They are not trusted.
	Certificates []*Certificate
	// ExistedBy is a time at which all of the bundle is proven to have existed, such as that of a timestamp over it.
	// Zero means no proof: it exists at RevocationOptions.Now. Without proof, evidence loses its worth when the
	// certificate of its signer expires or is revoked, for then anybody may have made it.
	ExistedBy time.Time
}

// RevocationOptions says how revocation is judged. There are no defaults for the times.
type RevocationOptions struct {
	// At is the time at which the certificates must not have been revoked: that of a signature, say. Required.
	At time.Time
	// Now is the present. Evidence made between At and Now counts, and is better than older. Zero means that At is the
	// present, so that evidence made after it is refused.
	Now time.Time
	// MaxAge is how old evidence made before At may be at that time, beside its nextUpdate. Zero sets no limit;
	// evidence without nextUpdate then serves only if it was made at At or later.
	MaxAge time.Duration
	// Delay is how long after At evidence must have been made, so that a revocation that was asked for at once can
	// show in it (ETSI EN 319 102-1, 5.2.5). Zero lets older evidence serve within its nextUpdate and MaxAge.
	Delay time.Duration
	// Skew is how far the clocks of signers may be ahead.
	Skew time.Duration
	// CrossCheck has each SM2 signature checked by two implementations.
	CrossCheck bool

	// MaxAgeAloneUnsafe lets evidence serve beyond its nextUpdate as long as MaxAge allows.
	MaxAgeAloneUnsafe bool
	// LeafOnlyUnsafe demands evidence for the leaf alone. Authorities that are known to be revoked are refused as ever.
	LeafOnlyUnsafe bool
	// UncheckedResponderUnsafe trusts an OCSP responder about whose own revocation nothing is known and whose
	// certificate does not have ocsp-nocheck (RFC 6960, 4.2.2.2.1, leaves that to the relying party).
	UncheckedResponderUnsafe bool
}

// RevocationReport says where each certificate of a chain stood.
type RevocationReport struct {
	// Status is StatusGood only if every certificate is good, or StatusUnknown where evidence was not demanded.
	Status       RevocationStatus
	At           time.Time
	Certificates []CertificateStatus // as in the chain, leaf first, without the anchor

	refusal  Reason // nothing was judged
	leafOnly bool
}

// CertificateStatus says where one certificate stood at the time of the report.
type CertificateStatus struct {
	Certificate *Certificate
	Status      RevocationStatus
	// Revocation is what made it revoked or on hold. With StatusGood it is a revocation after the time of the report,
	// if one is known; with StatusUnknown likewise.
	Revocation *Revocation
	// Reason is why the status is unknown: that of the evidence that came nearest. Empty otherwise.
	Reason Reason
	// Findings are what each piece of evidence says, or why it was not used.
	Findings []Finding
}

// Revocation is the revocation of a certificate or its suspension.
type Revocation struct {
	// From is since when the certificate must not be relied on: the earliest date that any of the evidence gives.
	From        time.Time
	RevokedAt   time.Time // revocationDate
	InvalidFrom time.Time // invalidityDate, zero if not given
	Cause       Cause
}

// OnHold tells whether it may be taken back.
func (r *Revocation) OnHold() bool { return r.Cause == CauseCertificateHold }

// Finding is what one piece of evidence says of one certificate.
type Finding struct {
	// CRL is a full CRL and Delta a delta CRL that adds to it; a Delta without CRL can show a revocation but not that
	// there is none. Response is an OCSP response. One of them is set.
	CRL      *CRL
	Delta    *CRL
	Response *OCSPResponse

	MadeAt     time.Time // thisUpdate
	NextUpdate time.Time // zero if absent
	ExistedBy  time.Time // proven, or the present
	// Causes are the reasons of revocation that would show in it.
	Causes ReasonFlags
	// Revocation is nil if the certificate is not listed.
	Revocation *Revocation

	// Refusal is why the evidence does not count for this certificate at all. Empty if it does; whether it is fresh
	// enough is another question, which Stale answers.
	Refusal Reason
	Detail  string
	// Stale is why evidence that counts does not show the certificate to be good at the time of the report: too old,
	// too early or made when the certificate had expired. Empty if it does.
	Stale Reason

	forgetful bool // made when the certificate had expired, after which it may have been dropped
}

// VerifyRevocation judges every certificate of a verified chain but its anchor (RFC 5280, 6.3; RFC 6960), from the top
// down: evidence signed by an authority counts only if that authority was not revoked when the evidence is proven to
// have existed.
//
//   - A revocation counts from the earlier of revocationDate and invalidityDate, whatever the age of the evidence.
//   - A hold counts until newer evidence no longer shows it. Taken back it never was (RFC 5280, 5.3.1).
//   - Good needs fresh evidence whose scope has the certificate and which together covers every reason. That a list
//     does not name a certificate for which it does not speak says nothing.
//   - CRLs that list certificates of other issuers (indirect CRLs) are not used; ReasonIndirectCRL names them.
//
// Nothing is fetched. The report's Err is nil if the chain may be relied on.
func VerifyRevocation(chain *Chain, options RevocationOptions, evidence ...Evidence) RevocationReport {
	j, refusal := newJudge(chain, options, evidence)
	if refusal != "" {
		return RevocationReport{At: options.At, refusal: refusal}
	}
	certificates := chain.Certificates
	report := RevocationReport{
		At: options.At, leafOnly: options.LeafOnlyUnsafe, Certificates: make([]CertificateStatus, len(certificates)-1),
	}
	for i := len(certificates) - 2; i >= 0; i-- {
		s := j.standing(place{certificates[i], certificates[i+1:]})
		report.Certificates[i] = s.at(options.At, j.options)
	}
	report.Status = report.overall()
	return report
}

// overall is the worst status; revoked is worse than on hold, and that than unknown.
func (r RevocationReport) overall() RevocationStatus {
	worst := StatusGood
	for i, c := range r.Certificates {
		switch {
		case c.Status == StatusRevoked:
			return StatusRevoked
		case c.Status == StatusOnHold:
			worst = StatusOnHold
		case c.Status != StatusGood && worst == StatusGood && r.demanded(i):
			worst = StatusUnknown
		}
	}
	return worst
}

// demanded tells whether the certificate at a place in the chain needs evidence.
func (r RevocationReport) demanded(i int) bool { return i == 0 || !r.leafOnly }

// Err is nil if the chain may be relied on, and otherwise a *RefusalError about the certificate nearest to the anchor
// that made the status what it is: ReasonRevoked, ReasonOnHold or why nothing is known.
func (r RevocationReport) Err() error {
	if r.Status == StatusGood {
		return nil
	}
	for i := len(r.Certificates) - 1; i >= 0; i-- {
		if c := r.Certificates[i]; c.Status == r.Status && (c.Status != StatusUnknown || r.demanded(i)) {
			return c.refusal()
		}
	}
	if r.refusal == ReasonBudget {
		return &RefusalError{Reason: ReasonBudget, Detail: fmt.Sprintf("more than %d pieces of evidence", maxEvidence)}
	}
	return &RefusalError{Reason: ReasonOptions, Detail: "a verified chain and the time of judgement are required"}
}

func (c CertificateStatus) refusal() *RefusalError {
	if c.Status != StatusRevoked && c.Status != StatusOnHold {
		return refuse(c.Certificate, c.Reason, "revocation status unknown, %d findings", len(c.Findings))
	}
	reason := ReasonRevoked
	if c.Status == StatusOnHold {
		reason = ReasonOnHold
	}
	since := c.Revocation.From.Format(time.RFC3339)
	return refuse(c.Certificate, reason, "since %s, %s", since, c.Revocation.Cause)
}
