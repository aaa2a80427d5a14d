package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

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
	if err := v.checkSigner(s, u, signature); err != nil {
		return nil, err
	}
	if u.custody {
		return v.signCustody(ctx, s, u)
	}
	return v.draw(ctx, &signed{unsigned: u, signature: bytes.Clone(signature)})
}

// checkSigner decides whether a reservation can be signed in custody, or is signed by what the department brought.
func (v *Vault) checkSigner(s *session, u *unsigned, signature []byte) error {
	if !u.custody {
		if err := v.cfg.Records.CheckRecord(u.c.issuer, u.signer, u.raw, signature, s.at); err != nil {
			return refuse(ErrSignature, CodeSignature, "signature")
		}
		return nil
	}
	if len(signature) > 0 {
		return refuse(ErrSignature, CodeSignature, "signature")
	}
	if _, custody, err := v.cfg.Records.SignerFor(u.c.issuer, s.at); err != nil || !custody {
		return refuse(ErrSignature, CodeSignerMissing, "issuer")
	}
	return nil
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
