package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/engine"
)

// A holder's consent can be taken back at any time, and the holder can see what was consented to (A79; 个人信息保护法
// articles 15 and 45). A consent that ended or was taken back stays, to explain the look-ups that it allowed.

// Consent is a holder's recorded permission (授权) for one department to see his or her licences.
type Consent struct {
	ID         string    `json:"id"`
	Department string    `json:"department"`      // who may ask
	Holder     []byte    `json:"holder"`          // token of the holder
	Case       string    `json:"case"`            // only for this case; "" for any
	Types      []string  `json:"types,omitempty"` // only licences of these types; none for all
	Granted    time.Time `json:"granted"`
	Expires    time.Time `json:"expires"`
	Withdrawn  time.Time `json:"withdrawn,omitzero"` // taken back; zero: not

	Replayed bool `json:"-"` // given by an earlier request under the same key
}

// ConsentRequest is what a holder consents to.
type ConsentRequest struct {
	Key        string   `json:"-"` // idempotency key, required
	Department string   `json:"department"`
	Case       string   `json:"case"`            // only for this case; "" for any
	Types      []string `json:"types,omitempty"` // only licences of these types; none for all
	// Until is when the consent ends.
	Until time.Time `json:"until"`
}

// actGrant is what the audit calls the giving of a consent.
const actGrant = "grant"

// maxConsentID bounds what is looked up as the number of a consent.
const maxConsentID = 64

// Grant records the consent of the holder who is logged in (GroundHolder) for a department. The same request under the
// same key gives the same consent, as it stands then.
func (v *Vault) Grant(ctx context.Context, a Access, req ConsentRequest) (*Consent, error) {
	s, err := v.admit(ctx, a)
	if err != nil {
		return nil, err
	}
	note := auditNote{act: actGrant, issuer: req.Department}
	sc, err := v.holderScope(s)
	var once *idempotency
	if err == nil {
		note.subject = sc.holder
		err = v.writable(ctx)
	}
	if err == nil {
		once, err = v.once(s, actGrant, writeKey{key: req.Key}, granting{req, sc.holder[:]})
	}
	if err == nil {
		err = checkGrant(&req)
	}
	if err != nil {
		return nil, v.denied(ctx, s, note, err)
	}
	c := &Consent{
		Department: req.Department, Holder: sc.holder[:], Case: req.Case, Types: req.Types, Granted: s.at,
		Expires: req.Until.UTC(),
	}
	if c.ID, err = v.randomID("K"); err != nil {
		return nil, err
	}
	if c, err = v.putConsent(ctx, s, note, giving{c, once}); isRefusal(err) {
		err = v.denied(ctx, s, note, err)
	}
	return whole(c, err)
}

// granting is a request as its key binds it: another holder's under the same key is another request.
type granting struct {
	ConsentRequest

	Holder []byte `json:"holder"`
}

// checkGrant refuses a consent that could never be used. What was given once and has ended since may be asked for again
// under its key, so an end in the past is refused where it would be written.
func checkGrant(req *ConsentRequest) error {
	if p := checkFree("department", req.Department, 64); p != nil || req.Department == "" {
		return refuse(ErrInvalid, CodeIssuerUnknown, "department")
	}
	if p := checkFree("case", req.Case, 200); p != nil && req.Case != "" {
		return &Refusal{ErrInvalid, []Problem{*p}}
	}
	problems := checkGrants("types", req.Types, func(t string) *Problem {
		if code.CheckLicenceType(t) == nil {
			return nil
		}
		p := problem(CodeTypeCode, "types", t)
		return &p
	})
	if len(problems) > 0 {
		return &Refusal{ErrInvalid, problems}
	}
	return nil
}

// giving is a consent on its way.
type giving struct {
	consent *Consent
	once    *idempotency
}

func (v *Vault) putConsent(ctx context.Context, s *session, note auditNote, g giving) (*Consent, error) {
	var out *Consent
	err := v.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		if err := openForWriting(w); err != nil {
			return err
		}
		out = g.consent
		note.object, note.result = object("consent", out.ID), ""
		var first string
		done, err := g.once.replay(w, &first)
		if err != nil {
			return err
		}
		if done {
			out = &Consent{}
			note.object, note.result = object("consent", first), "replayed"
			if err := getJSON(w, consentKey(first), out); err != nil {
				return fmt.Errorf("%w: idempotency key", ErrDamaged)
			}
			out.Replayed = true
			return v.appendAudit(w, s, note)
		}
		if !s.at.Before(out.Expires) {
			return refuse(ErrInvalid, CodeUntilPast, "until")
		}
		return v.writeConsent(w, s, note, g)
	})
	return whole(out, err)
}

func (v *Vault) writeConsent(w engine.Writer, s *session, note auditNote, g giving) error {
	c := g.consent
	if err := putJSONIn(w, consentKey(c.ID), c); err != nil {
		return err
	}
	if err := w.Put(key(spaceHolderConsent, c.Holder, []byte(c.ID)), nil); err != nil {
		return err
	}
	if err := g.once.keep(w, c.ID); err != nil {
		return err
	}
	return v.appendAudit(w, s, note)
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

func (v *Vault) consentScope(r engine.Reader, s *session) (scope, error) {
	var c Consent
	if len(s.Basis) > maxConsentID {
		return scope{}, refuse(ErrDenied, CodeConsentUnknown, "basis")
	}
	err := getJSON(r, consentKey(s.Basis), &c)
	if err != nil && !errors.Is(err, engine.ErrNotFound) && !errors.Is(err, engine.ErrInvalidKey) {
		return scope{}, err
	}
	if err != nil || c.Department != s.caller.Department || c.Department == "" || c.Case != "" && c.Case != s.Case ||
		!v.cfg.Now().Before(c.Expires) || !c.Withdrawn.IsZero() || len(c.Holder) != len(token{}) {
		return scope{}, refuse(ErrDenied, CodeConsentUnknown, "basis")
	}
	return scope{holder: token(c.Holder), bound: true, types: c.Types}, nil
}
