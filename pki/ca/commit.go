package ca

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/elicense/elicense/internal/engine"
)

// newCertificate is a certificate that was signed and is not in the register yet. Nobody but its issuance knows it.
type newCertificate struct {
	Issued
	notAfter  time.Time
	keyDigest [32]byte
	owner     token
	holder    token // zero for none
	name      token
	key       keyRow // as the transaction will leave it
}

// issuance is the way of an application from approved to issued.
type issuance struct {
	actor, act   string
	before       *Application
	fresh        bool // the application is not in the register yet
	after        *Application
	certificates []*newCertificate // one, or the two of a pair

	found *Application // somebody else was faster
	err   error
}

// settle completes the rows once everything is signed.
func (i *issuance) settle() {
	after := *i.before
	after.Stage, after.Issued = StageIssued, i.certificates[0].ID
	i.certificates[0].Renews = after.Enrolment.Renews
	if len(i.certificates) > 1 {
		after.Twin = i.certificates[1].ID
		i.certificates[0].Twin, i.certificates[1].Twin = after.Twin, after.Issued
	}
	i.after = &after
}

// commitIssuances writes a group in one transaction. An issuance that is refused fails alone and leaves nothing; a
// failed transaction fails for all. A crash before the commit loses certificates that nobody has seen; a crash after
// it loses answers, and who asks again gets them.
func (r *Register) commitIssuances(ctx context.Context, group []*issuance, handOver func()) {
	err := r.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		defer handOver()
		for _, i := range group {
			i.found, i.err = nil, nil
		}
		if err := notRestored(w); err != nil {
			return err
		}
		chain, err := openAuditChain(w)
		if err != nil {
			return err
		}
		for _, i := range group {
			if i.err = r.checkIssuance(w, chain, i); i.err != nil || i.found != nil {
				if ReasonOf(i.err) == "" && i.err != nil {
					return i.err
				}
				continue
			}
			if err := i.write(w, chain); err != nil {
				return err
			}
		}
		return chain.close(w)
	})
	if err == nil {
		return
	}
	for _, i := range group {
		i.found, i.err = nil, err
	}
}

// checkIssuance refuses before anything is written. Whatever was true when it was signed is looked at again.
func (r *Register) checkIssuance(w engine.Writer, chain *auditChain, i *issuance) error {
	if err := chain.admits(i.certificates[0].IssuedAt); err != nil {
		return err
	}
	stored, err := r.known(w, i.before)
	switch {
	case err != nil:
		return err
	case stored == nil && !i.fresh:
		return refuse(ErrNotFound, ReasonUnknown, "application")
	case stored != nil && stored.Stage == StageIssued:
		i.found = stored
		return nil
	case stored != nil && (stored.Stage != StageApproved || len(stored.Approvals) < stored.Needs):
		return refuse(ErrTransition, ReasonNotApproved, "application is "+stored.Stage.String())
	}
	if err := r.checkRenewed(w, &i.before.Enrolment, i.certificates[0].IssuedAt); err != nil {
		return err
	}
	for _, n := range i.certificates {
		row, used, err := r.checkKey(w, n.keyDigest, n.owner)
		if err != nil {
			return err
		}
		if n.key = row; !used {
			n.key = keyRow{owner: n.owner, first: n.ID}
		}
	}
	return nil
}

// write enters an issuance. Create makes sure that neither a serial number nor a place is given twice; the other rows
// go with the serial number.
func (i *issuance) write(w engine.Writer, chain *auditChain) error {
	for _, n := range i.certificates {
		if err := n.write(w); err != nil {
			return err
		}
	}
	if renews := i.after.Enrolment.Renews; renews != (CertificateID{}) {
		if err := w.Create(successorKey(renews), appendID(nil, i.after.Issued)); err != nil {
			return fmt.Errorf("entering successor: %w", err)
		}
	}
	before := i.before
	if i.fresh {
		before = nil
	}
	if err := putApplication(w, i.after, before); err != nil {
		return err
	}
	return chain.add(w, AuditEntry{
		At: i.certificates[0].IssuedAt, Actor: i.actor, Act: i.act, Object: i.after.Issued.String(),
		Note: i.after.ID.String(),
	})
}

func (n *newCertificate) write(w engine.Writer) error {
	id := n.ID
	status := Status{State: StateValid, At: n.IssuedAt, Shard: n.Shard(), NotAfter: n.notAfter}
	if err := w.Create(certificateKey(id), n.append(make([]byte, 0, len(n.DER)+160))); err != nil {
		return fmt.Errorf("entering certificate: %w", err)
	}
	if err := w.Create(logKey(id.Issuer, n.Place), id.Serial[:]); err != nil {
		return fmt.Errorf("entering place: %w", err)
	}
	if err := w.Put(statusKey(id), status.append(nil)); err != nil {
		return err
	}
	if err := w.Put(key(spaceKey, n.keyDigest[:]), n.key.append(nil)); err != nil {
		return err
	}
	if n.key.first != id {
		if err := w.Put(indexKey(spaceSameKey, n.keyDigest[:], id), nil); err != nil {
			return err
		}
	}
	if n.holder != (token{}) {
		if err := w.Put(indexKey(spaceHolder, n.holder[:], id), nil); err != nil {
			return err
		}
	}
	if err := w.Put(indexKey(spaceName, n.name[:], id), nil); err != nil {
		return err
	}
	return w.Put(indexKey(spaceExpiry, dayKey(n.notAfter), id), nil)
}

func indexKey(space byte, first []byte, id CertificateID) []byte {
	return key(space, first, id.Issuer[:], id.Serial[:])
}

func getIssued(r engine.Reader, id CertificateID) (*Issued, error) {
	b, err := r.Get(certificateKey(id))
	if err != nil {
		return nil, notFound(err, "certificate")
	}
	return parseIssued(id, b)
}

// notRestored is writable as the engine knows it, inside a transaction.
func notRestored(r engine.Reader) error {
	_, err := r.Get(key(spaceRestored))
	if errors.Is(err, engine.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return refuse(ErrRestored, ReasonBehind, "catch up with the last published CRL first")
}
