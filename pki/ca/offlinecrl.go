package ca

import (
	"fmt"
	"time"

	"github.com/elicense/elicense/pki"
)

// An authority that stands outside of a register, an offline root (离线根) for one, keeps no list of what it revoked: its
// last CRL is its memory, and the next one is made from it.

// maxListed bounds what an authority without a register can have revoked; beyond, it needs a register.
const maxListed = 1000

// NextCRL makes the CRL that follows the previous one, which is nil for the first: everything that was listed stays
// listed, what is revoked now comes behind it, and the number goes up by one. The previous one must be the authority's
// own. It is good for as long as valid says, and speaks of everything that the authority has ever signed.
func (a *Authority) NextCRL(previous []byte, revoked []Revocation, valid time.Duration) ([]byte, error) {
	now := a.config.Now().UTC().Truncate(time.Second)
	if valid < time.Hour || now.Add(valid).After(a.chain[0].NotAfter) {
		return nil, refuse(ErrRequest, ReasonDate, "a CRL is good for an hour at least, and not longer than its issuer")
	}
	list := &certList{number: 1, thisUpdate: now, nextUpdate: now.Add(valid), expiredFrom: a.chain[0].NotBefore}
	var entries []Revocation
	if previous != nil {
		before, err := a.ownList(previous)
		if err != nil {
			return nil, err
		}
		if before.thisUpdate.After(now) {
			return nil, refuse(ErrClock, ReasonClock, "the previous CRL is of a later time")
		}
		list.number, entries = before.number+1, before.entries
	}
	for _, v := range revoked {
		if err := mayList(entries, v, now); err != nil {
			return nil, err
		}
		entries = append(entries, v)
	}
	if len(entries) > maxListed {
		return nil, refuse(ErrRequest, ReasonTooLarge, fmt.Sprintf("more than %d entries", maxListed))
	}
	list.entries = appendEntries(nil, entries)
	return a.signList(list)
}

// mayList refuses an entry that must not be added.
func mayList(entries []Revocation, v Revocation, now time.Time) error {
	for i := range entries {
		if entries[i].Serial == v.Serial {
			return refuse(ErrTransition, ReasonState, "the certificate is on the list")
		}
	}
	switch {
	case v.Serial == (Serial{}):
		return refuse(ErrRequest, ReasonMalformed, "serial number")
	case v.State != StateRevoked || v.Cause == pki.CauseCertificateHold || v.Cause == pki.CauseRemoveFromCRL:
		return refuse(ErrTransition, ReasonState, "an authority is revoked for good")
	case v.At.IsZero() || v.At.After(now) || v.Invalid.After(now):
		return refuse(ErrRequest, ReasonDate, "revocation in the future")
	}
	return nil
}

// ownList reads a full CRL that the authority itself has signed.
func (a *Authority) ownList(der []byte) (*publishedCRL, error) {
	crl, err := pki.ParseCRL(der)
	if err != nil {
		return nil, refuse(ErrPublished, ReasonMalformed, "CRL")
	}
	return wholeList(crl, a.Certificate())
}

// wholeList reads the CRL of an authority that has one alone; two implementations must find its signature good.
func wholeList(crl *pki.CRL, issuer *pki.Certificate) (*publishedCRL, error) {
	p, err := readList(crl)
	if err != nil {
		return nil, err
	}
	signature, ok := crlSignature(crl.Raw)
	mayBe := ok && issuer.PublicKey != nil && issuer.KeyUsage&pki.UsageCRLSign != 0 &&
		string(crl.RawIssuer) == string(issuer.RawSubject)
	if !mayBe || pki.CrossCheck(issuer.PublicKey, crl.RawTBS, signature) != nil {
		return nil, refuse(ErrPublished, ReasonBadSignature, "CRL is not signed by its issuer")
	}
	if crl.IsDelta() || crl.Scope.Raw != nil {
		return nil, refuse(ErrPublished, ReasonMalformed, "CRL does not speak of everything of its issuer")
	}
	p.issuer = KeyID(issuer.SubjectKeyID)
	return p, nil
}
