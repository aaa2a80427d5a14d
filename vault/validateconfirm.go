package vault

import (
	"context"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// ValidateConfirm takes a confirmation along the whole path of Confirm and changes nothing but the audit: right,
// reservation, paper, the signature where the department brings one, and idempotency key if one is given. Nothing is
// signed or drawn. What holds now may not hold at the moment of Confirm.
func (v *Vault) ValidateConfirm(ctx context.Context, a Access, cf Confirmation) error {
	s, err := v.admit(ctx, a)
	if err != nil {
		return err
	}
	note := auditNote{act: "validate"}.about(cf.Identifier)
	switch err := v.validateConfirm(ctx, s, cf); {
	case isRefusal(err):
		return v.denied(ctx, s, note, err)
	case err != nil:
		return err
	}
	return v.audit(ctx, s, note)
}

func (v *Vault) validateConfirm(ctx context.Context, s *session, cf Confirmation) error {
	if done, err := v.confirmKey(ctx, s, cf); done || err != nil {
		return err
	}
	if p := checkPaper(cf.Paper); p != nil {
		return &Refusal{ErrInvalid, []Problem{*p}}
	}
	u, err := v.reserved(ctx, s, cf.Identifier)
	if err != nil {
		return err
	}
	if err := v.checkSigner(s, u, cf.Signature); err != nil {
		return err
	}
	ev := happening{kind: record.EventIssued, effective: u.c.issued, paper: cf.Paper}
	return rehearsed(v.update(ctx, s, func(w engine.Writer, st *staging) (auditNote, error) {
		if err := v.commitVersion(w, s, st, &signed{unsigned: u}, ev); err != nil {
			return auditNote{}, err
		}
		return auditNote{}, errRehearsed
	}))
}

// confirmKey reports whether the key of a confirmation, if it has one, holds its answer already.
func (v *Vault) confirmKey(ctx context.Context, s *session, cf Confirmation) (done bool, err error) {
	if cf.Key == "" {
		return false, nil
	}
	once, err := v.once(s, "confirm", writeKey{key: cf.Key}, cf)
	if err != nil {
		return false, err
	}
	return v.heldBy(ctx, s, once)
}

// heldBy reports whether a key holds an answer that the caller may have again.
func (v *Vault) heldBy(ctx context.Context, s *session, once *idempotency) (done bool, err error) {
	err = v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		var answer Answer
		if done, err = once.replay(r, &answer); err != nil || !done {
			return err
		}
		id, err := code.ParseIdentifier(answer.Identifier)
		if err != nil {
			return ErrDamaged
		}
		return readableType(r, s, id.Type)
	})
	return done && err == nil, err
}
