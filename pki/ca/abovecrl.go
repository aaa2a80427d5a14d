package ca

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/pki"
)

// readAbove reads a CRL of one of the authorities above the issuers.
func (r *Register) readAbove(above []*pki.Certificate, der []byte) (*publishedCRL, error) {
	crl, err := pki.ParseCRL(der)
	if err != nil || len(der) > partBytes {
		return nil, refuse(ErrPublished, ReasonMalformed, "CRL")
	}
	i := slices.IndexFunc(above, func(c *pki.Certificate) bool {
		return selfSigned(c) && string(c.SubjectKeyID) == string(crl.AuthorityKeyID)
	})
	if i < 0 || r.issuer(KeyID(crl.AuthorityKeyID)) != nil {
		return nil, refuse(ErrPublished, ReasonIssuer, "CRL is of no root above the issuers")
	}
	p, err := wholeList(crl, above[i])
	if err != nil {
		return nil, err
	}
	if now := r.now(); p.thisUpdate.After(now.Add(clockTolerance)) || !p.nextUpdate.After(now) {
		return nil, refuse(ErrPublished, ReasonDate, "CRL is not of this time")
	}
	p.above = crl.Raw
	return p, nil
}

// publish makes the CRL of an authority above the issuers the one that is served: everything about it in the
// transaction of its caller. One that goes back, or forgets what the one before had listed, is refused.
func (p *publishedCRL) publish(w engine.Writer, actor string, at time.Time) error {
	before, err := keptAbove(w, p.issuer)
	if err != nil {
		return err
	}
	if before != nil {
		for _, v := range before.entries {
			if !p.lists(v.Serial) {
				return refuse(ErrPublished, ReasonLost, "CRL forgets a certificate that was revoked")
			}
		}
	}
	k := key(spaceCRLNumber, p.issuer[:])
	begun, err := getNumber(w, k)
	if err != nil {
		return err
	}
	if p.number > begun {
		if err := w.Put(k, be64(p.number)); err != nil {
			return err
		}
	}
	c := CRLRecord{
		Number: p.number, Scope: CRLScope{Kind: CRLFull}, ThisUpdate: p.thisUpdate, NextUpdate: p.nextUpdate,
		Entries: len(p.entries), Digest: sm3.Sum(p.above),
	}
	head := fullHead{number: p.number, size: int64(len(p.above))}
	if before != nil {
		head.before = before.number
	}
	return errors.Join(
		putCRLRecord(w, p.issuer, c),
		w.Put(partKey(p.issuer, p.number, 0), p.above),
		w.Put(key(spacePublisher, []byte{keptFull}, p.issuer[:]), head.append(nil)),
		record(w, AuditEntry{At: at, Actor: actor, Act: "crl", Object: crlName(p.issuer, p.number)}),
	)
}

func (p *publishedCRL) lists(serial Serial) bool {
	return slices.ContainsFunc(p.entries, func(v Revocation) bool { return v.Serial == serial })
}

// keptAbove is the CRL of an authority above the issuers as it is served; nil if there is none.
func keptAbove(r engine.Reader, id KeyID) (*publishedCRL, error) {
	head, err := getFullHead(r, id)
	if err != nil || head.number == 0 || head.size > partBytes {
		return nil, err
	}
	der, err := r.Get(partKey(id, head.number, 0))
	if err != nil {
		return nil, notFound(err, "CRL of a root")
	}
	crl, err := pki.ParseCRL(der)
	if err != nil {
		return nil, fmt.Errorf("%w: CRL of a root", ErrDamaged)
	}
	return readList(crl)
}

// findBarred finds out which issuers may issue nothing any more, since an authority above has revoked one of the
// certificates that they stand on.
func (r *Register) findBarred(ctx context.Context) error {
	var barred []KeyID
	err := r.cfg.Engine.View(ctx, func(rd engine.Reader) error {
		barred = nil
		for _, a := range r.cfg.Issuers {
			is, err := r.revokedAbove(rd, a.chain)
			if err != nil {
				return err
			}
			if is {
				barred = append(barred, a.id)
			}
		}
		return nil
	})
	if err == nil {
		r.barred.Store(&barred)
	}
	return err
}

func (r *Register) revokedAbove(rd engine.Reader, chain []*pki.Certificate) (bool, error) {
	for i, c := range chain[:len(chain)-1] {
		serial, ok := SerialOf(c.Serial)
		above := chain[i+1].SubjectKeyID
		if !ok || len(above) != keyIDBytes {
			continue
		}
		status, err := getStatus(rd, CertificateID{KeyID(above), serial}) // of an authority that is here too
		if err != nil && !errors.Is(err, ErrNotFound) {
			return false, err
		}
		if err == nil {
			if status.State != StateValid {
				return true, nil
			}
			continue
		}
		kept, err := keptAbove(rd, KeyID(above))
		if err != nil {
			return false, err
		}
		if kept != nil && kept.lists(serial) {
			return true, nil
		}
	}
	return false, nil
}

// isBarred tells whether an issuer may issue nothing any more.
func (r *Register) isBarred(id KeyID) bool {
	barred := r.barred.Load()
	return barred == nil || slices.Contains(*barred, id)
}

// Deadline is something of the authority itself that ends and must be replaced in a ceremony.
type Deadline struct {
	What string // "root", "link", "issuer" or "crl", the CRL of an authority above
	Key  KeyID  // of the authority
	Ends time.Time
	Days int // the band of the radar in which it falls; zero: it has ended
}

// Deadlines lists what is about to end of the authority itself, soonest first: its own certificates and the CRLs of
// the roots, within the days of the radar.
func (r *Register) Deadlines(ctx context.Context, actor Actor) ([]Deadline, error) {
	if err := actor.check(RoleInspect | RoleEnrol | RoleOperate); err != nil {
		return nil, r.refused(ctx, actor, "radar", "", err)
	}
	var list []Deadline
	for _, a := range r.cfg.Issuers {
		list = append(list, Deadline{What: "issuer", Key: a.id, Ends: a.Certificate().NotAfter})
	}
	err := r.cfg.Engine.View(ctx, func(rd engine.Reader) error {
		above, err := certificatesAbove(rd)
		if err != nil {
			return err
		}
		for _, c := range above {
			d := Deadline{What: "link", Key: KeyID(c.SubjectKeyID), Ends: c.NotAfter}
			if selfSigned(c) {
				d.What = "root"
				if r.issuer(d.Key) != nil { // its CRLs come by schedule
					list = append(list, d)
					continue
				}
				last, err := lastCRL(rd, d.Key, CRLScope{Kind: CRLFull})
				if err != nil && !errors.Is(err, ErrNotFound) {
					return err
				}
				list = append(list, Deadline{What: "crl", Key: d.Key, Ends: last.NextUpdate}) // zero: there is none
			}
			list = append(list, d)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return r.near(list), nil
}

// near keeps what ends within the days of the radar.
func (r *Register) near(list []Deadline) []Deadline {
	now := r.now()
	list = slices.DeleteFunc(list, func(d Deadline) bool {
		return d.Ends.After(now.AddDate(0, 0, radarDays[len(radarDays)-1]))
	})
	for i := range list {
		if !list[i].Ends.After(now) {
			continue
		}
		for _, days := range radarDays {
			if !list[i].Ends.After(now.AddDate(0, 0, days)) {
				list[i].Days = days
				break
			}
		}
	}
	slices.SortStableFunc(list, func(a, b Deadline) int { return a.Ends.Compare(b.Ends) })
	return list
}
