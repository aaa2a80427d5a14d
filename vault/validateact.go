package vault

import (
	"context"
	"slices"

	"github.com/elicense/elicense/vault/record"
)

// ValidateAct takes an act along the whole path of Change, Renew, Reissue, Suspend, Resume, Revoke or Void, as act.Kind
// says, and changes nothing but the audit: right, state, version, day, every value, signer, and idempotency key if one
// is given. Nothing is signed or drawn. It gives the notes that the act would give, or every problem at once. What
// holds now may not hold at the moment of the act.
func (v *Vault) ValidateAct(ctx context.Context, a Access, act Act) ([]Note, error) {
	s, err := v.admit(ctx, a)
	if err != nil {
		return nil, err
	}
	note := auditNote{act: "validate"}.about(act.Identifier)
	notes, err := v.validateAct(ctx, s, act)
	if isRefusal(err) {
		return nil, v.denied(ctx, s, note, err)
	}
	if err != nil {
		return nil, err
	}
	return whole(notes, v.audit(ctx, s, note))
}

func (v *Vault) validateAct(ctx context.Context, s *session, act Act) ([]Note, error) {
	if act.Kind != record.EventVoided && !slices.Contains(deeds, act.Kind) && !slices.Contains(endings, act.Kind) {
		return nil, refuse(ErrInvalid, CodeStateForbids, "kind")
	}
	if done, err := v.actKey(ctx, s, act); done || err != nil {
		return nil, err
	}
	ac := &acting{s: s, act: act, rehearsed: true}
	if err := v.checkAct(ctx, ac); err != nil {
		return nil, err
	}
	answer, err := v.perform(ctx, ac, auditNote{})
	if err != nil {
		return nil, err
	}
	return answer.Notes, nil
}

// deeds are the acts of which a licence lives on.
var deeds = []record.Kind{
	record.EventChanged, record.EventRenewed, record.EventReissued, record.EventSuspended, record.EventResumed,
}

// actKey reports whether the key of an act, if it has one, holds its answer already.
func (v *Vault) actKey(ctx context.Context, s *session, act Act) (done bool, err error) {
	if act.Key == "" {
		return false, nil
	}
	once, err := v.once(s, string(act.Kind), writeKey{key: act.Key}, act)
	if err != nil {
		return false, err
	}
	return v.heldBy(ctx, s, once)
}

// buildDraft is signDraft for a rehearsal: everything that can be refused is, and no key is used.
func (v *Vault) buildDraft(c *Checked, p plan) (*signed, error) {
	var err error
	if p.salts, err = v.drawSalts(c.typ); err != nil {
		return nil, err
	}
	u, err := v.build(c, p)
	if err != nil {
		return nil, err
	}
	if !u.custody {
		return nil, refuse(ErrSignature, CodeSignerMissing, "issuer")
	}
	return &signed{unsigned: u}, nil
}
