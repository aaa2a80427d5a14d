package ca

import (
	"fmt"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// LinkCertificates joins two keys of one root across a rollover (RFC 4210, 4.4): the old key certified by the new one,
// so that who trusts the new root reaches what the old key has signed, and the new key certified by the old one for
// those who know the old root only. Both are named like the root and carry the constraints of the root that they stand
// for; the first is valid as long as the old certificate is, the second from the beginning of the new certificate to
// the end of the old one.
func LinkCertificates(older, newer *Authority) (oldWithNew, newWithOld *pki.Certificate, err error) {
	was, is := older.Certificate(), newer.Certificate()
	switch {
	case string(was.RawSubject) != string(is.RawSubject) || older.id == newer.id:
		return nil, nil, refuse(ErrAuthority, ReasonIssuer, "link certificates join two keys of one name")
	case len(older.chain) != 1 || len(newer.chain) != 1:
		return nil, nil, refuse(ErrAuthority, ReasonIssuer, "link certificates are for roots")
	}
	if oldWithNew, err = newer.link(older); err != nil {
		return nil, nil, fmt.Errorf("certifying the old key: %w", err)
	}
	if newWithOld, err = older.link(newer); err != nil {
		return nil, nil, fmt.Errorf("certifying the new key: %w", err)
	}
	return oldWithNew, newWithOld, nil
}

// Renewed makes a key and a self-signed certificate of the same name: the root after this one.
func (a *Authority) Renewed() (*Authority, error) {
	if len(a.chain) != 1 {
		return nil, refuse(ErrAuthority, ReasonIssuer, "only a root is followed by another root")
	}
	key, err := pki.GenerateKey(a.config.Rand)
	if err != nil {
		return nil, err
	}
	next, err := newAuthority(a.config, key, nil)
	if err != nil {
		return nil, err
	}
	profile, _ := ProfileNamed(ProfileRoot)
	c := &certificate{profile: profile, subject: a.chain[0].RawSubject, public: next.own}
	if err := next.complete(c, a.config.Now()); err != nil {
		return nil, err
	}
	der, err := next.certify(c)
	if err != nil {
		return nil, err
	}
	root, err := pki.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	next.chain = []*pki.Certificate{root}
	return next, nil
}

// link certifies the key of another authority of the same name.
func (a *Authority) link(other *Authority) (*pki.Certificate, error) {
	theirs, ours := other.Certificate(), a.Certificate()
	serial, err := a.serial()
	if err != nil {
		return nil, err
	}
	c := &certificate{
		profile: linkProfile(theirs), serial: serial.Big(), issuer: ours.RawSubject, subject: theirs.RawSubject,
		public: other.own, issuerKey: a.id, ownKey: other.id, notBefore: theirs.NotBefore, notAfter: theirs.NotAfter,
		link: true, where: a.ownLocation(),
	}
	if c.notBefore.Before(ours.NotBefore) {
		c.notBefore = ours.NotBefore
	}
	if c.notAfter.After(ours.NotAfter) {
		c.notAfter = ours.NotAfter
	}
	der, err := a.certify(c)
	if err != nil {
		return nil, err
	}
	return pki.ParseCertificate(der)
}

// linkProfile is what a certificate that stands for a root looks like.
func linkProfile(root *pki.Certificate) Profile {
	return Profile{
		Name: "link", Title: "衔接证书", CA: true, MaxPathLen: root.MaxPathLen, KeyUsage: usageAuthority,
		Validity: 30 * year, Policy: oid.AnyPolicy,
	}
}
