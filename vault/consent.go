package vault

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/elicense/elicense/internal/engine"
)

// A holder's consent can be taken back at any time, and the holder can see what was consented to (A79; 个人信息保护法
// articles 15 and 45). A consent that ended or was taken back stays, to explain the look-ups that it allowed.

// Consent is a holder's recorded permission (授权) for one department to see his or her licences.
type Consent struct {
	ID         string    `json:"id"`
	Department string    `json:"department"` // who may ask
	Holder     []byte    `json:"holder"`     // token of the holder
	Case       string    `json:"case"`       // only for this case; "" for any
	Granted    time.Time `json:"granted"`
	Expires    time.Time `json:"expires"`
	Withdrawn  time.Time `json:"withdrawn,omitzero"` // taken back; zero: not
}

// maxConsentID bounds what is looked up as the number of a consent.
const maxConsentID = 64

// Grant records the consent of the holder who is logged in (GroundHolder) for a department, and returns its number.
func (v *Vault) Grant(ctx context.Context, a Access, department, caseNumber string, until time.Time) (string, error) {
	s, err := v.admit(ctx, a)
	if err != nil {
		return "", err
	}
	note := auditNote{act: "grant", issuer: department}
	sc, err := v.holderScope(s)
	if err == nil {
		note.subject = sc.holder
		err = v.writable(ctx)
	}
	if err == nil {
		err = checkGrant(s, department, caseNumber, until)
	}
	if err != nil {
		return "", v.denied(ctx, s, note, err)
	}
	id, err := v.randomID("K")
	if err != nil {
		return "", err
	}
	c := Consent{
		ID: id, Department: department, Holder: sc.holder[:], Case: caseNumber, Granted: s.at, Expires: until.UTC(),
	}
	note.object = object("consent", id)
	err = v.putConsent(ctx, s, note, c)
	if isRefusal(err) {
		err = v.denied(ctx, s, note, err)
	}
	return whole(id, err)
}

// checkGrant refuses a consent that could never be used.
func checkGrant(s *session, department, caseNumber string, until time.Time) error {
	if p := checkFree("department", department, 64); p != nil || department == "" {
		return refuse(ErrInvalid, CodeIssuerUnknown, "department")
	}
	if p := checkFree("case", caseNumber, 200); p != nil && caseNumber != "" {
		return &Refusal{ErrInvalid, []Problem{*p}}
	}
	if !s.at.Before(until) {
		return refuse(ErrInvalid, CodeConsentUnknown, "until")
	}
	return nil
}

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

func (v *Vault) consentScope(ctx context.Context, s *session) (scope, error) {
	var c Consent
	if len(s.Basis) > maxConsentID {
		return scope{}, refuse(ErrDenied, CodeConsentUnknown, "basis")
	}
	err := v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		return getJSON(r, consentKey(s.Basis), &c)
	})
	if err != nil && !errors.Is(err, engine.ErrNotFound) && !errors.Is(err, engine.ErrInvalidKey) {
		return scope{}, err
	}
	if err != nil || c.Department != s.caller.Department || c.Department == "" || c.Case != "" && c.Case != s.Case ||
		!v.cfg.Now().Before(c.Expires) || !c.Withdrawn.IsZero() || len(c.Holder) != len(token{}) {
		return scope{}, refuse(ErrDenied, CodeConsentUnknown, "basis")
	}
	return scope{holder: token(c.Holder), bound: true}, nil
}
