package vault

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// reservation is what Confirm needs: the unsigned version as Reserve made it, and the row behind it.
type reservation struct {
	Type       string        `json:"type"`
	TypeDigest record.Digest `json:"type_digest"`
	Issuer     string        `json:"issuer"`
	IssuerName string        `json:"issuer_name"`
	Row        []string      `json:"row"`
	Identifier string        `json:"identifier"`
	Raw        []byte        `json:"raw"`
	Values     []byte        `json:"values"`
	Signer     record.Digest `json:"signer"`
	Custody    bool          `json:"custody"`
}

// Reserve takes number and identifier for a licence whose paper is about to be printed, and gives what the paper shall
// show. Nothing is issued until Confirm. With a remote key the answer holds the bytes to sign.
func (v *Vault) Reserve(ctx context.Context, a Access, req Request) (*Answer, error) {
	s, err := v.admit(ctx, a)
	if err != nil {
		return nil, err
	}
	return v.reserve(ctx, s, &req, writeKey{key: req.Key})
}

func (v *Vault) reserve(ctx context.Context, s *session, req *Request, k writeKey) (*Answer, error) {
	asked := auditNote{act: "reserve", typ: req.Type, issuer: s.caller.Department}
	once, err := v.once(s, "reserve", k, req)
	if err != nil {
		return nil, v.denied(ctx, s, asked, err)
	}
	if first, err := v.replayed(ctx, s, once); first != nil || err != nil {
		return first, err
	}
	c, notes, err := v.check(ctx, s, req, req.Values[catalogue.MetaNumber] != "")
	if err != nil {
		return nil, v.denied(ctx, s, asked, err)
	}
	if err := v.putImages(ctx, c, req.Images); err != nil {
		return nil, err
	}
	salts, err := v.drawSalts(c.typ)
	if err != nil {
		return nil, err
	}
	ev := happening{kind: record.EventReserved, effective: v.today(s.at)}
	if ev.salt, err = v.drawSalt(); err != nil {
		return nil, err
	}
	var answer Answer
	err = v.update(ctx, s, func(w engine.Writer, st *staging) (auditNote, error) {
		answer = Answer{Notes: notes}
		done, err := once.replay(w, &answer)
		if done || err != nil {
			answer.Replayed = done
			return auditNote{act: "reserve", licence: answer.Identifier, result: "replayed"}, err
		}
		note, err := v.putReservation(w, st, reserving{s, req, *c, salts, ev}, &answer)
		if err == nil {
			err = once.keep(w, &answer)
		}
		return note, err
	})
	if isRefusal(err) {
		return nil, v.denied(ctx, s, asked, err)
	}
	if err != nil {
		return nil, err
	}
	return &answer, nil
}

// reserving is a reservation on its way.
type reserving struct {
	s     *session
	req   *Request
	c     Checked
	salts []byte
	ev    happening
}

// putReservation allocates the number if need be, makes the record and stores both: all inside one transaction, so
// that no number is ever taken without its reservation.
func (v *Vault) putReservation(w engine.Writer, st *staging, rv reserving, answer *Answer) (auditNote, error) {
	note := auditNote{act: "reserve"}
	c := &rv.c
	if err := v.stillIssues(w, rv.s, c.typ.Definition.Code, c.issuer); err != nil {
		return note, err
	}
	var place []byte
	if c.number == "" {
		c.row = append([]string(nil), c.row...)
		n := &series{typ: c.typ, issuer: c.issuer, division: rv.req.Division, year: c.issued.Year}
		if col, ok := c.typ.Column(c.typ.Definition.Numbering.Category); ok {
			n.category = c.row[col.Index]
		}
		var err error
		if c.number, place, err = v.allocate(w, n); err != nil {
			return note, err
		}
		c.row[c.typ.at.number] = c.number
		c.content = contentDigest(c)
	}
	u, err := v.build(c, plan{origin: record.Issued, at: rv.s.at, salts: rv.salts})
	if err != nil {
		return note, err
	}
	note.licence = u.name
	if place != nil {
		if err := w.Create(place, u.id[:]); err != nil {
			return note, err
		}
	}
	if err := v.storeReservation(w, st, rv, u); err != nil {
		return note, err
	}
	answer.Identifier, answer.Number, answer.Version = note.licence, c.number, 0
	answer.State, answer.Record = Reserved, u.record
	if !u.custody {
		answer.ToSign = u.raw
	}
	return note, nil
}

func (v *Vault) storeReservation(w engine.Writer, st *staging, rv reserving, u *unsigned) error {
	c := u.c
	if _, err := v.checkVersion(w, st, &signed{unsigned: u}, rv.ev); err != nil {
		return err
	}
	b, err := json.Marshal(reservation{
		Type: c.typ.Definition.Code, TypeDigest: c.typ.Digest, Issuer: c.issuer, IssuerName: c.issuerName, Row: c.row,
		Identifier: u.name, Raw: u.raw, Values: u.values, Signer: u.signer, Custody: u.custody,
	})
	if err != nil {
		return fmt.Errorf("vault: encoding a reservation: %w", err)
	}
	if err := w.Create(key(spaceReserved, u.id[:]), b); err != nil {
		return err
	}
	if err := w.Put(u.c.numberKey, u.id[:]); err != nil {
		return err
	}
	if err := v.keepImages(w, u.id, c.images); err != nil {
		return err
	}
	h := &head{
		typeCode: u.identifier.Type, issuer: c.issuer, serial: u.identifier.Serial, holders: u.holders,
		from: c.from, until: c.until,
	}
	return v.appendEvent(w, rv.s, st, h, eventOf(u.id, u.name, record.Digest{}, rv.ev))
}
