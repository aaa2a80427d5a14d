package vault

import (
	"context"
	"errors"
	"slices"

	"github.com/elicense/elicense/internal/engine"
)

// A holder's consent can be taken back at any time, and the holder can see what was consented to (A79; 个人信息保护法
// articles 15 and 45). A consent that ended or was taken back stays, to explain the look-ups that it allowed.

func (v *Vault) putConsent(ctx context.Context, s *session, note auditNote, c Consent) error {
	return v.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		if err := openForWriting(w); err != nil {
			return err
		}
		if err := putJSONIn(w, consentKey(c.ID), c); err != nil {
			return err
		}
		if err := w.Put(key(spaceHolderConsent, c.Holder, []byte(c.ID)), nil); err != nil {
			return err
		}
		return v.appendAudit(w, s, note)
	})
}

func consentKey(id string) []byte { return key(spaceConsent, []byte(id)) }

// Consents lists what the holder who is logged in (GroundHolder) has consented to, the newest first; what ended or was
// taken back too.
func (v *Vault) Consents(ctx context.Context, a Access) ([]Consent, error) {
	s, err := v.admit(ctx, a)
	if err != nil {
		return nil, err
	}
	note := auditNote{act: "consents"}
	sc, err := v.holderScope(s)
	if err != nil {
		return nil, v.denied(ctx, s, note, err)
	}
	var list []Consent
	err = v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		list, err = consentsOf(r, sc.holder)
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b Consent) int { return b.Granted.Compare(a.Granted) })
	note.subject, note.count = sc.holder, len(list)
	return whole(list, v.audit(ctx, s, note))
}

func consentsOf(r engine.Reader, holder token) ([]Consent, error) {
	var list []Consent
	prefix := key(spaceHolderConsent, holder[:])
	err := r.Scan(engine.Range{Prefix: prefix, KeysOnly: true}, func(k, _ []byte) (bool, error) {
		var c Consent
		err := getJSON(r, consentKey(string(k[len(prefix):])), &c)
		list = append(list, c)
		return true, err
	})
	return list, err
}

// Withdraw takes a consent back, by the holder who gave it and is logged in (GroundHolder). From its return on nothing
// is shown by that consent. Taking it back once more changes nothing.
func (v *Vault) Withdraw(ctx context.Context, a Access, consent string) error {
	s, err := v.admit(ctx, a)
	if err != nil {
		return err
	}
	note := auditNote{act: "withdraw"}
	sc, err := v.holderScope(s)
	if err == nil {
		note.subject = sc.holder
		err = v.withdraw(ctx, s, note, consent)
	}
	if isRefusal(err) {
		return v.denied(ctx, s, note, err)
	}
	return err
}

// withdraw refuses the consent of another holder as one that does not exist.
func (v *Vault) withdraw(ctx context.Context, s *session, note auditNote, consent string) error {
	return v.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		if len(consent) > maxConsentID {
			return refuse(ErrNotFound, CodeConsentUnknown, "consent")
		}
		var c Consent
		err := getJSON(w, consentKey(consent), &c)
		if err == nil && !slices.Equal(c.Holder, note.subject[:]) || errors.Is(err, engine.ErrNotFound) ||
			errors.Is(err, engine.ErrInvalidKey) {
			return refuse(ErrNotFound, CodeConsentUnknown, "consent")
		}
		if err != nil {
			return err
		}
		note.object = object("consent", c.ID)
		if c.Withdrawn.IsZero() {
			c.Withdrawn = s.at
			if err := putJSONIn(w, consentKey(consent), c); err != nil {
				return err
			}
		}
		return v.appendAudit(w, s, note)
	})
}
