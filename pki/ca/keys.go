package ca

import (
	"context"
	"errors"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/pki"
)

// keyRow says whose a key is, so that nobody else gets a certificate for it.
type keyRow struct {
	owner   token
	first   CertificateID // the first certificate of the key; zero for a key that was blocked before it had one
	blocked bool          // never again: it was compromised, or is known to be
}

func (k *keyRow) append(b []byte) []byte {
	b = append(b, rowFormat)
	b = append(b, k.owner[:]...)
	b = appendID(b, k.first)
	return appendFlag(b, k.blocked)
}

func parseKeyRow(b []byte) (keyRow, error) {
	r := openRow(b)
	var k keyRow
	r.fixed(k.owner[:])
	k.first, k.blocked = readID(r), r.flag()
	if err := r.end("key"); err != nil {
		return keyRow{}, err
	}
	return k, nil
}

// KeyDigest names a key: SM3 over its point.
func KeyDigest(public *pki.PublicKey) [32]byte { return sm3.Sum(public.Point()) }

// getKeyRow reads a key's row; false if nobody has had the key.
func getKeyRow(r engine.Reader, digest [32]byte) (keyRow, bool, error) {
	b, err := r.Get(key(spaceKey, digest[:]))
	if errors.Is(err, engine.ErrNotFound) {
		return keyRow{}, false, nil
	}
	if err != nil {
		return keyRow{}, false, err
	}
	k, err := parseKeyRow(b)
	return k, err == nil, err
}

// checkKey refuses a key that was blocked, that is somebody else's or that is used for something else, and, unless
// policy allows to keep it, one that was used before. It gives the row of a key that may be used again.
func (r *Register) checkKey(rd engine.Reader, digest [32]byte, owner token) (k keyRow, used bool, err error) {
	k, used, err = getKeyRow(rd, digest)
	switch {
	case err != nil:
	case !used:
	case k.blocked:
		err = refuse(ErrKey, ReasonDuplicateKey, "key is blocked")
	case k.owner != owner:
		err = refuse(ErrKey, ReasonDuplicateKey, "key is in use by another holder or for another purpose")
	case !r.cfg.Policy.ReuseKey:
		err = refuse(ErrKey, ReasonDuplicateKey, "key was certified before")
	}
	return k, used, err
}

// checkNewKey is checkKey for the key of an application that brings its request along.
func (r *Register) checkNewKey(rd engine.Reader, a *Application) error {
	if a.Enrolment.CSR == nil {
		return nil
	}
	q, err := splitRequest(a.Enrolment.CSR)
	if err != nil {
		return err
	}
	_, _, err = r.checkKey(rd, KeyDigest(q.public), r.ownerToken(&a.Enrolment, a.Enrolment.Profile))
	return err
}

// BlockKeys makes sure that no certificate is issued for keys that are known to be in the wrong hands. Certificates
// that have them stay as they are: revoke them.
func (r *Register) BlockKeys(ctx context.Context, actor Actor, note string, digests ...[32]byte) error {
	if err := actor.check(RoleRevoke); err != nil {
		return r.refused(ctx, actor, "block-keys", "", err)
	}
	if err := checkNote(note); err != nil {
		return err
	}
	at := r.now()
	return r.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		c, err := openAuditChain(w)
		if err != nil {
			return err
		}
		for _, d := range digests {
			if err := blockKey(w, d); err != nil {
				return err
			}
			e := AuditEntry{At: at, Actor: actor.Name, Act: "block-key", Object: keyDigestText(d), Note: note}
			if err := c.add(w, e); err != nil {
				return err
			}
		}
		return c.close(w)
	})
}

func blockKey(w engine.Writer, digest [32]byte) error {
	k, _, err := getKeyRow(w, digest)
	if err != nil {
		return err
	}
	k.blocked = true
	return w.Put(key(spaceKey, digest[:]), k.append(nil))
}
