package vault

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/elicense/elicense/internal/code"
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
	h := &head{
		typeCode: u.identifier.Type, issuer: c.issuer, serial: u.identifier.Serial, holders: u.holders,
		from: c.from, until: c.until,
	}
	return v.appendEvent(w, rv.s, st, h, eventOf(u.id, u.name, record.Digest{}, rv.ev))
}

// Confirmation settles a reservation.
type Confirmation struct {
	Key        string `json:"-"` // idempotency key, required
	Identifier string `json:"identifier"`
	Paper      string `json:"paper"`               // serial of the printed paper, required
	Signature  []byte `json:"signature,omitempty"` // with a remote key: detached SignedData over Answer.ToSign
}

// Confirm issues a reserved licence: the paper is printed, its serial known, and in remote mode the department's
// signature is brought along. Paper and electronic licence are issued from here on, or neither.
func (v *Vault) Confirm(ctx context.Context, a Access, cf Confirmation) (*Answer, error) {
	s, err := v.admit(ctx, a)
	if err != nil {
		return nil, err
	}
	is := &issuing{s: s, req: &Request{Paper: cf.Paper}, out: &IssueResult{}}
	if is.once, err = v.once(s, "confirm", writeKey{key: cf.Key}, cf); err != nil {
		return nil, v.denied(ctx, s, auditNote{act: "confirm"}.about(cf.Identifier), err)
	}
	return v.confirm(ctx, is, cf)
}

// confirm settles a reservation under is.once.
func (v *Vault) confirm(ctx context.Context, is *issuing, cf Confirmation) (*Answer, error) {
	s, note := is.s, auditNote{act: "confirm"}.about(cf.Identifier)
	if first, err := v.replayed(ctx, s, is.once); first != nil || err != nil {
		return first, err
	}
	if p := checkPaper(cf.Paper); p != nil {
		return nil, v.denied(ctx, s, note, &Refusal{ErrInvalid, []Problem{*p}})
	}
	u, err := v.reserved(ctx, s, cf.Identifier)
	if isRefusal(err) {
		return v.overtaken(ctx, s, is.once, v.denied(ctx, s, note, err))
	}
	if err != nil {
		return nil, err
	}
	is.sv, err = v.signReserved(ctx, s, u, cf.Signature)
	if isRefusal(err) {
		return nil, v.denied(ctx, s, note, err)
	}
	if err != nil {
		return nil, err
	}
	is.ev = happening{kind: record.EventIssued, effective: u.c.issued, paper: cf.Paper}
	if is.ev.salt, err = v.drawSalt(); err != nil {
		return nil, err
	}
	v.issues.Do(ctx, is, v.commitIssues)
	return is.out.Answer, is.out.Err
}

// signReserved signs in custody, or checks the signature that a department brought.
func (v *Vault) signReserved(ctx context.Context, s *session, u *unsigned, signature []byte) (*signed, error) {
	if u.custody {
		if len(signature) > 0 {
			return nil, refuse(ErrSignature, CodeSignature, "signature")
		}
		return v.signCustody(ctx, s, u)
	}
	if err := v.cfg.Records.CheckRecord(u.c.issuer, u.signer, u.raw, signature, s.at); err != nil {
		return nil, refuse(ErrSignature, CodeSignature, "signature")
	}
	return v.draw(ctx, &signed{unsigned: u, signature: bytes.Clone(signature)})
}

// signCustody signs a reserved record. One that names a certificate which was replaced since is made anew: the paper
// and the number stay what they are.
func (v *Vault) signCustody(ctx context.Context, s *session, u *unsigned) (*signed, error) {
	now, custody, err := v.cfg.Records.SignerFor(u.c.issuer, s.at)
	switch {
	case err != nil || !custody:
		return nil, refuse(ErrSignature, CodeSignerMissing, "issuer")
	case now == u.signer:
		return v.sign(ctx, u, s.at)
	}
	return v.signDraft(ctx, u.c, plan{prior: u.expected, origin: record.Issued, at: s.at})
}

// reserved rebuilds the unsigned version of a reservation.
func (v *Vault) reserved(ctx context.Context, s *session, identifier string) (*unsigned, error) {
	id, err := code.ParseIdentifier(identifier)
	if err != nil {
		return nil, refuse(ErrInvalid, CodeIdentifier, "identifier")
	}
	if err := s.mayIssue(id.Type, id.Issuer); err != nil {
		return nil, err
	}
	lid := v.licenceID(id.Type, id.Issuer, id.Serial)
	var u *unsigned
	err = v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		if _, err := openType(r, id.Type); err != nil {
			return err
		}
		var err error
		u, err = v.getReservation(r, lid)
		return err
	})
	return u, err
}

func (v *Vault) getReservation(r engine.Reader, lid licenceID) (*unsigned, error) {
	var res reservation
	err := getJSON(r, key(spaceReserved, lid[:]), &res)
	if errors.Is(err, engine.ErrNotFound) {
		return nil, refuse(ErrNotFound, CodeReservation, "identifier")
	}
	if err != nil {
		return nil, err
	}
	rec, err := record.Parse(res.Raw)
	if err != nil {
		return nil, fmt.Errorf("%w: reservation", ErrDamaged)
	}
	t, err := v.typeAt(r, res.Type, rec.TypeVersion)
	if err == nil && t.Digest != res.TypeDigest {
		err = fmt.Errorf("%w: reservation", ErrDamaged)
	}
	if err != nil {
		return nil, err
	}
	c, problems := t.Check(Draft{Row: res.Row, Issuer: res.Issuer}, res.IssuerName, rec.IssuedOn, true)
	if len(problems) > 0 {
		return nil, fmt.Errorf("%w: reservation", ErrDamaged)
	}
	identifier, err := code.ParseIdentifier(res.Identifier)
	if err != nil {
		return nil, fmt.Errorf("%w: reservation", ErrDamaged)
	}
	v.keyed(c)
	h, err := getHead(r, lid)
	if err != nil {
		return nil, err
	}
	return &unsigned{
		id: lid, identifier: identifier, name: identifier.String(), expected: h, record: record.Sum(res.Raw),
		raw: res.Raw, signer: res.Signer, custody: res.Custody, values: res.Values, c: c,
		holders: v.holderTokens(c.holderKind, c.holderCode),
	}, nil
}

// issueReserved is Issue for a licence whose number the vault makes: reserve and confirm under keys that follow from
// the request's own, so that a retry goes on where the first call stopped.
func (v *Vault) issueReserved(ctx context.Context, is *issuing) (*Answer, error) {
	note := auditNote{act: "issue", typ: is.req.Type, issuer: is.s.caller.Department}
	reserved := *is.req
	reserved.Paper = ""
	if _, custody, err := v.cfg.Records.SignerFor(is.s.caller.Department, is.s.at); err != nil || !custody {
		err := refuse(ErrSignature, CodeSignerMissing, "issuer") // before a number is taken
		return nil, v.denied(ctx, is.s, note, err)
	}
	if err := v.unusedPaper(ctx, is); err != nil {
		return nil, v.denied(ctx, is.s, note, err)
	}
	ticket, err := v.reserve(ctx, is.s, &reserved, writeKey{is.req.Key, "reserve"})
	if err != nil {
		return nil, err
	}
	if ticket.ToSign != nil {
		return nil, v.denied(ctx, is.s, note, refuse(ErrSignature, CodeSignerMissing, "issuer"))
	}
	cf := Confirmation{Identifier: ticket.Identifier, Paper: is.req.Paper}
	second := &issuing{s: is.s, req: is.req, out: &IssueResult{}, notes: ticket.Notes, outer: is.once}
	if second.once, err = v.once(is.s, "confirm", writeKey{is.req.Key, "confirm"}, cf); err != nil {
		return nil, err
	}
	return v.confirm(ctx, second, cf)
}

// unusedPaper refuses a paper that another licence stands on before a number is taken for it, which would hang. That
// nobody takes the paper meanwhile is certain only in the transaction.
func (v *Vault) unusedPaper(ctx context.Context, is *issuing) error {
	issuer := is.s.caller.Department
	if err := is.s.mayIssue(is.req.Type, issuer); err != nil {
		return err
	}
	return v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		return checkFreeKey(r, v.paperKey(is.req.Type, issuer, is.req.Paper), nil, CodePaperUsed)
	})
}

// Void gives a reservation up with a reason: its number is never used again. Reservations of a type that was classified
// since are given up by the type's owner, whoever made them; they can no longer be confirmed.
func (v *Vault) Void(ctx context.Context, a Access, idempotencyKey, identifier, reason string) (*Answer, error) {
	return v.act(ctx, a, Act{Key: idempotencyKey, Identifier: identifier, Kind: record.EventVoided, Reason: reason})
}

// Unsettled is one reservation that was neither confirmed nor voided.
type Unsettled struct {
	Identifier string        `json:"identifier"`
	Number     string        `json:"number"`
	Since      record.Date   `json:"since"`
	Record     record.Digest `json:"record"`
}

// Reconcile lists the calling department's reservations that hang between paper and electronic licence, oldest first by
// key; each is settled with Confirm or Void (A72). Those of classified types are listed for the type's owner alone, who
// gives them up with Void.
func (v *Vault) Reconcile(ctx context.Context, a Access) ([]Unsettled, error) {
	s, err := v.admit(ctx, a)
	if err != nil {
		return nil, err
	}
	note := auditNote{act: "reconcile", issuer: s.caller.Department}
	if s.Ground != GroundIssuer || s.caller.Department == "" {
		return nil, v.denied(ctx, s, note, refuse(ErrDenied, CodeNotIssuer, "issuer"))
	}
	var list []Unsettled
	err = v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		list = nil
		return r.Scan(engine.Range{Prefix: []byte{spaceReserved}}, func(k, value []byte) (bool, error) {
			var res reservation
			if err := json.Unmarshal(value, &res); err != nil || len(k) != 17 {
				return false, fmt.Errorf("%w: reservation", ErrDamaged)
			}
			t, err := getTypeHead(r, res.Type)
			if err != nil {
				return false, err
			}
			if mine := res.Issuer == s.caller.Department; t.closed && !s.owns(t) || !t.closed && !mine {
				return true, nil
			}
			h, err := getHead(r, licenceID(k[1:]))
			if err != nil || h == nil {
				return false, errors.Join(err, fmt.Errorf("%w: reservation", ErrDamaged))
			}
			list = append(list, Unsettled{res.Identifier, numberOf(&res), h.since, record.Sum(res.Raw)})
			return true, nil
		})
	})
	if err != nil {
		return nil, err
	}
	note.count = len(list)
	return whole(list, v.audit(ctx, s, note))
}

// numberOf finds the number among a reservation's disclosures.
func numberOf(res *reservation) string {
	values, err := record.ParseDisclosures(res.Values)
	if err != nil {
		return ""
	}
	for i := range values {
		if values[i].Name == catalogue.MetaNumber {
			return values[i].Value
		}
	}
	return ""
}

// getEvent reads one event of a licence.
func getEvent(r engine.Reader, id licenceID, number int) (*record.Event, error) {
	b, err := r.Get(eventKey(id, number))
	if err != nil {
		return nil, err
	}
	st, err := parseStoredEvent(b)
	if err != nil {
		return nil, err
	}
	return st.event, nil
}

// storedEvent is an event with what ties it to the ledger.
type storedEvent struct {
	event *record.Event
	raw   []byte
	salt  [16]byte
	place [16]byte
	index int // among the leaves of its transaction
}

func parseStoredEvent(b []byte) (*storedEvent, error) {
	if len(b) < eventPrefixBytes {
		return nil, fmt.Errorf("%w: event", ErrDamaged)
	}
	st := &storedEvent{raw: b[eventPrefixBytes:], index: int(binary.BigEndian.Uint32(b[32:]))}
	copy(st.salt[:], b)
	copy(st.place[:], b[16:])
	var err error
	if st.event, err = record.ParseEvent(st.raw); err != nil {
		return nil, fmt.Errorf("%w: event", ErrDamaged)
	}
	return st, nil
}

// identifier is the licence's identifier in a version.
func (h *head) identifier(version int) string {
	id, err := code.Identifier{Type: h.typeCode, Issuer: h.issuer, Serial: h.serial}.WithVersion(version)
	if err != nil {
		return ""
	}
	return id.String()
}
