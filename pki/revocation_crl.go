package pki

import (
	"bytes"
	"slices"
	"time"
)

// crlFindings is what one CRL says of a certificate: alone, and with each delta CRL that adds to it.
func (j *judge) crlFindings(p place, c *CRL, existedBy time.Time) []Finding {
	if c == nil {
		return nil
	}
	if c.IsDelta() {
		return []Finding{j.lonelyDelta(p, c, existedBy)}
	}
	f := Finding{CRL: c, MadeAt: c.ThisUpdate, NextUpdate: c.NextUpdate, ExistedBy: existedBy}
	f.Causes, f.Refusal, f.Detail = j.checkCRL(p, c, existedBy)
	if f.Refusal != "" {
		return []Finding{f}
	}
	entry, listed := c.entries.lookup(integerContents(p.cert.Serial))
	if listed {
		f.Revocation = entry.revocation()
	}
	f.forgetful = c.forgets(p.cert)
	return append([]Finding{f}, j.withDeltas(p, f)...)
}

// lonelyDelta uses a delta CRL without its base: whom it lists is revoked, whom it does not list may be all the same.
func (j *judge) lonelyDelta(p place, d *CRL, existedBy time.Time) Finding {
	f := Finding{Delta: d, MadeAt: d.ThisUpdate, NextUpdate: d.NextUpdate, ExistedBy: existedBy}
	if _, f.Refusal, f.Detail = j.checkCRL(p, d, existedBy); f.Refusal != "" {
		return f
	}
	entry, listed := d.entries.lookup(integerContents(p.cert.Serial))
	if !listed || severity(entry.cause) < severityRevoked {
		f.Refusal, f.Detail = ReasonDelta, "shows no revocation by itself"
		return f
	}
	f.Revocation = entry.revocation()
	return f
}

// withDeltas adds every delta CRL of the evidence that fits to a full CRL (RFC 5280, 5.2.4).
func (j *judge) withDeltas(p place, full Finding) []Finding {
	var out []Finding
	for _, e := range j.evidence {
		for _, d := range e.CRLs {
			if d == nil || !d.addsTo(full.CRL) {
				continue
			}
			f := full
			f.Delta, f.MadeAt, f.NextUpdate = d, d.ThisUpdate, d.NextUpdate
			if x := j.existedBy(e); x.After(f.ExistedBy) {
				f.ExistedBy = x
			}
			f.Revocation = nil
			if _, f.Refusal, f.Detail = j.checkCRL(p, d, j.existedBy(e)); f.Refusal == "" {
				f.Revocation = change(full.Revocation, d, p.cert)
				f.forgetful = full.forgetful || d.forgets(p.cert)
			}
			out = append(out, f)
		}
	}
	return out
}

// addsTo checks what RFC 5280, 5.2.4 and 6.3.3 (c), demand: the same issuer, key and scope, and numbers that leave no
// gap and bring something newer.
func (c *CRL) addsTo(full *CRL) bool {
	return c.IsDelta() && c.Number != nil && full.Number != nil &&
		c.IssuerName.Equal(full.IssuerName) && bytes.Equal(c.AuthorityKeyID, full.AuthorityKeyID) &&
		bytes.Equal(c.Scope.Raw, full.Scope.Raw) &&
		full.Number.Cmp(c.BaseNumber) >= 0 && full.Number.Cmp(c.Number) < 0
}

// change applies a delta CRL to what the full CRL says. Only a hold can be taken back.
func change(was *Revocation, d *CRL, cert *Certificate) *Revocation {
	entry, listed := d.entries.lookup(integerContents(cert.Serial))
	switch {
	case !listed:
		return was
	case entry.cause != CauseRemoveFromCRL:
		return merge(was, entry.revocation())
	case was != nil && was.OnHold():
		return nil
	default:
		return was
	}
}

func (l *listing) revocation() *Revocation {
	return &Revocation{From: l.from(), RevokedAt: l.revokedAt, InvalidFrom: l.invalidFrom, Cause: l.cause}
}

// forgets tells whether a revoked certificate may be missing because it had expired (RFC 5280, 3.3).
func (c *CRL) forgets(cert *Certificate) bool {
	return c.ThisUpdate.After(cert.NotAfter) && (c.ExpiredFrom.IsZero() || c.ExpiredFrom.After(cert.NotAfter))
}

// checkCRL tells for which reasons a CRL speaks of a certificate, or why it does not count. What costs nothing comes
// first.
func (j *judge) checkCRL(p place, c *CRL, existedBy time.Time) (ReasonFlags, Reason, string) {
	if !c.IssuerName.Equal(p.cert.IssuerName) {
		if namesCRLIssuer(p.cert, c.IssuerName) {
			return 0, ReasonIndirectCRL, "the certificate names another issuer for its CRL"
		}
		return 0, ReasonOtherIssuer, c.Issuer
	}
	switch {
	case c.Scope.Indirect:
		return 0, ReasonIndirectCRL, ""
	case c.unknown != "":
		return 0, ReasonExtension, "critical extension " + c.unknown.String()
	case c.ThisUpdate.After(existedBy.Add(j.options.Skew)):
		return 0, ReasonFromFuture, "made at " + c.ThisUpdate.Format(time.RFC3339)
	}
	causes := c.speaksFor(p.cert)
	if causes == 0 {
		return 0, ReasonCRLScope, ""
	}
	if refusal, detail := j.checkCRLSigner(p, c, existedBy); refusal != "" {
		return 0, refusal, detail
	}
	return causes, "", ""
}

// namesCRLIssuer tells whether a distribution point of the certificate says that its CRL is signed by another.
func namesCRLIssuer(cert *Certificate, name Name) bool {
	return slices.ContainsFunc(cert.CRLDistributionPoints, func(p DistributionPoint) bool {
		return slices.ContainsFunc(p.CRLIssuer, func(g GeneralName) bool {
			return g.Form == FormDirectory && g.Directory.Equal(name)
		})
	})
}
