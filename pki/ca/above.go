package ca

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/pki"
)

// Above the issuers of a register stand authorities whose keys are not here: roots, which are opened in ceremonies.
// What they publish is taken in, held against what is known, and served beside what the register's own issuers publish.

// FromAbove is what a ceremony has made.
type FromAbove struct {
	// Certificates are new roots and link certificates. A new root is believed because a root that is known has
	// certified its key, by a link certificate beside it.
	Certificates []*pki.Certificate
	CRLs         [][]byte // of roots, in DER; each goes beyond the one before and forgets nothing of it
	Note         string
}

// TakeFromAbove keeps and publishes what a ceremony has made. An issuer whose own certificate is on such a CRL issues
// nothing any more; its CRLs and OCSP answers go on.
func (r *Register) TakeFromAbove(ctx context.Context, actor Actor, f FromAbove) error {
	if err := r.takeFromAbove(ctx, actor, f); err != nil {
		return r.refused(ctx, actor, "from-above", "", err)
	}
	return r.findBarred(ctx)
}

func (r *Register) takeFromAbove(ctx context.Context, actor Actor, f FromAbove) error {
	if err := actor.check(RoleOperate); err != nil {
		return err
	}
	if err := checkNote(f.Note); err != nil {
		return err
	}
	at := r.now()
	return r.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		known, err := certificatesAbove(w)
		if err != nil {
			return err
		}
		fresh, err := follow(known, f.Certificates)
		if err != nil {
			return err
		}
		for _, c := range fresh {
			e := AuditEntry{At: at, Actor: actor.Name, Act: "above", Note: f.Note}
			e.Object = hex.EncodeToString(c.SubjectKeyID)
			if err := errors.Join(w.Put(aboveKey(c), c.Raw), record(w, e)); err != nil {
				return err
			}
		}
		for _, der := range f.CRLs {
			p, err := r.readAbove(append(known, fresh...), der)
			if err != nil {
				return err
			}
			if err := p.publish(w, actor.Name, at); err != nil {
				return err
			}
		}
		return nil
	})
}

// follow gives the certificates that are new, each of which hangs on roots that are known or become so.
func follow(known, offered []*pki.Certificate) ([]*pki.Certificate, error) {
	roots := slices.DeleteFunc(slices.Clone(known), func(c *pki.Certificate) bool { return !selfSigned(c) })
	var fresh []*pki.Certificate
	for _, c := range offered { // new roots first
		if c == nil || !c.IsCA || c.PublicKey == nil || !namesKeys(c) {
			return nil, refuse(ErrAuthority, ReasonMalformed, "certificate of an authority")
		}
		if !selfSigned(c) || isAmong(roots, c) {
			continue
		}
		if c.CheckIssuedBy(c) != nil || !certified(roots, offered, c) {
			return nil, refuse(ErrAuthority, ReasonIssuer, "no root that is known has certified the key of the new one")
		}
		roots, fresh = append(roots, c), append(fresh, c)
	}
	for _, c := range offered {
		if selfSigned(c) || isAmong(known, c) {
			continue
		}
		if !links(roots, c) {
			return nil, refuse(ErrAuthority, ReasonIssuer, "certificate is no link between roots that are known")
		}
		fresh = append(fresh, c)
	}
	return fresh, nil
}

// links tells whether a certificate is a root's for the key of another root of the same name.
func links(roots []*pki.Certificate, c *pki.Certificate) bool {
	issued := slices.ContainsFunc(roots, func(root *pki.Certificate) bool {
		return string(root.RawSubject) == string(c.RawSubject) && c.CheckIssuedBy(root) == nil
	})
	return issued && slices.ContainsFunc(roots, func(root *pki.Certificate) bool {
		return c.PublicKey.Equal(root.PublicKey)
	})
}

// certified tells whether one of the roots has certified the key of a new one, under its name.
func certified(roots, offered []*pki.Certificate, fresh *pki.Certificate) bool {
	return slices.ContainsFunc(offered, func(link *pki.Certificate) bool {
		return link != nil && !selfSigned(link) && fresh.PublicKey.Equal(link.PublicKey) &&
			string(link.RawSubject) == string(fresh.RawSubject) &&
			slices.ContainsFunc(roots, func(root *pki.Certificate) bool { return link.CheckIssuedBy(root) == nil })
	})
}

// namesKeys tells whether a certificate names its key and its issuer's as they are named here.
func namesKeys(c *pki.Certificate) bool {
	return len(c.SubjectKeyID) == keyIDBytes && len(c.AuthorityKeyID) == keyIDBytes
}

func selfSigned(c *pki.Certificate) bool { return string(c.SubjectKeyID) == string(c.AuthorityKeyID) }

func isAmong(list []*pki.Certificate, c *pki.Certificate) bool {
	return slices.ContainsFunc(list, func(x *pki.Certificate) bool { return x.Digest == c.Digest })
}

// CertificatesAbove gives the roots above the issuers, and the link certificates between them.
func (r *Register) CertificatesAbove(ctx context.Context) (list []*pki.Certificate, err error) {
	err = r.cfg.Engine.View(ctx, func(rd engine.Reader) error {
		list, err = certificatesAbove(rd)
		return err
	})
	return list, err
}

func certificatesAbove(r engine.Reader) ([]*pki.Certificate, error) {
	var list []*pki.Certificate
	err := r.Scan(engine.Range{Prefix: key(spaceAbove)}, func(_, value []byte) (bool, error) {
		c, err := pki.ParseCertificate(value)
		if err != nil {
			return false, fmt.Errorf("%w: certificate of a root", ErrDamaged)
		}
		list = append(list, c)
		return true, nil
	})
	return list, err
}

// certificateAbove gives the certificate of a key by an issuer's key; a root is its own issuer.
func (r *Register) certificateAbove(ctx context.Context, id, issuer KeyID) (c *pki.Certificate, err error) {
	err = r.cfg.Engine.View(ctx, func(rd engine.Reader) error {
		der, err := rd.Get(key(spaceAbove, id[:], issuer[:]))
		if err != nil {
			return notFound(err, "certificate of a root")
		}
		c, err = pki.ParseCertificate(der)
		return err
	})
	return c, err
}

func aboveKey(c *pki.Certificate) []byte { return key(spaceAbove, c.SubjectKeyID, c.AuthorityKeyID) }

// putAbove enters the roots of an issuer that is new.
func putAbove(w engine.Writer, a *Authority) error {
	for _, c := range a.chain[1:] {
		if !namesKeys(c) {
			continue // a root of other hands, whose CRLs are not ours to publish
		}
		if err := w.Put(aboveKey(c), c.Raw); err != nil {
			return err
		}
	}
	return nil
}
