package vault

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// Access says who asks, for what and by which right. Every call takes one; the zero value is refused.
type Access struct {
	Caller  string // authenticated system, registered with PutCaller; the vault trusts who fills this in
	Purpose string // 用途; required
	Item    string // 事项 code, or ""
	Case    string // case number, or ""
	Ground  Ground
	Basis   string     // consent or legal basis behind the ground
	Holder  *Assertion // the applicant, for GroundHolder
}

// Ground is the right under which something is asked.
type Ground string

// The grounds.
const (
	GroundIssuer   Ground = "issuer"   // the department that issued the licence
	GroundHolder   Ground = "holder"   // the applicant, about his or her own licences
	GroundConsent  Ground = "consent"  // the holder's recorded consent, named in Basis
	GroundLaw      Ground = "law"      // a legal basis granted to the caller, named in Basis
	GroundOperator Ground = "operator" // who runs the vault; sees no content
)

// Level is how strongly a holder logged in (认证级别).
type Level int

// The levels, weakest first. The zero value is no login.
const (
	LevelNone        Level = iota
	LevelRegistered        // an account
	LevelRealName          // 实名
	LevelCertificate       // 数字证书
)

var levelNames = []string{"none", "registered", "real-name", "certificate"}

// String is the level's stable name.
func (l Level) String() string {
	if l < 0 || int(l) >= len(levelNames) {
		return "none"
	}
	return levelNames[l]
}

// Assertion is the word of an identity provider that a holder is present in a case.
type Assertion struct {
	Kind    string // 持证主体代码类型代码
	Code    string
	Level   Level
	By      string // registered caller who vouches; its MaxLevel caps Level
	Case    string // the one case for which this holds
	Expires time.Time
}

// Caller is a registered system (调用方) and what it may do.
type Caller struct {
	ID         string   `json:"id"`
	Department string   `json:"department"` // USCC
	Name       string   `json:"name"`       // of the department
	Issues     []string `json:"issues"`     // types that the department may issue
	Bases      []string `json:"bases"`      // legal bases on which it may ask about others
	MaxLevel   Level    `json:"max_level"`  // strongest login that it may vouch for
	Operator   bool     `json:"operator"`
}

// session is an admitted access.
type session struct {
	Access
	caller Caller
	level  Level
	at     time.Time // when the access was admitted, UTC, microseconds
}

// admit authenticates an access: the caller must be registered and say what for. Whoever is not registered is
// counted, not written to the audit.
func (v *Vault) admit(ctx context.Context, a Access) (*session, error) {
	s := &session{Access: a, at: v.now()}
	err := v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		var err error
		s.caller, err = v.callerIn(r, a.Caller)
		if err != nil || a.Holder == nil {
			return err
		}
		by, err := v.callerIn(r, a.Holder.By)
		s.level = min(a.Holder.Level, by.MaxLevel)
		if errors.Is(err, ErrUnknownCaller) {
			err = nil // the assertion counts for nothing
		}
		return err
	})
	if errors.Is(err, ErrUnknownCaller) {
		v.unknownCallers.Add(1)
	}
	if err != nil {
		return nil, err
	}
	if problems := s.malformed(); len(problems) > 0 {
		return nil, v.denied(ctx, s, auditNote{act: "admit"}, &Refusal{ErrInvalid, problems})
	}
	return s, nil
}

// malformed finds what cannot stand in an audit entry, every problem at once, and takes it out.
func (s *session) malformed() []Problem {
	var problems []Problem
	for _, f := range []struct {
		name string
		text *string
	}{{"purpose", &s.Purpose}, {"item", &s.Item}, {"case", &s.Case}, {"basis", &s.Basis}} {
		if p := checkFree(f.name, *f.text, 200); p != nil && (*f.text != "" || f.name == "purpose") {
			problems = append(problems, *p)
			*f.text = ""
		}
	}
	if s.Purpose == "" {
		s.Purpose = "-"
	}
	return problems
}

func (s *session) asked() record.Asked {
	ground := "-"
	switch s.Ground {
	case GroundIssuer, GroundHolder, GroundConsent, GroundLaw, GroundOperator:
		ground = string(s.Ground)
	}
	return record.Asked{
		Caller: s.Caller, Purpose: s.Purpose, Item: s.Item, Case: s.Case,
		Ground: ground, Basis: s.Basis, Level: s.level.String(),
	}
}

// mayIssue decides whether the session may write licences of a type for an issuer.
func (s *session) mayIssue(typeCode, issuer string) error {
	switch {
	case s.Ground != GroundIssuer || s.caller.Department != issuer:
		return refuse(ErrDenied, CodeNotIssuer, "issuer")
	case !slices.Contains(s.caller.Issues, typeCode):
		return refuse(ErrDenied, CodeTypeNotGranted, "type")
	}
	return nil
}

func (s *session) mustOperate() error {
	if s.Ground != GroundOperator || !s.caller.Operator {
		return refuse(ErrDenied, CodeNotOperator, "")
	}
	return nil
}

// scope is what a session may see; it is decided before anything is looked up, so that a refusal tells nothing about
// what exists.
type scope struct {
	issuer string // only licences of this issuer, if set
	holder token  // only licences of this holder, if set
	bound  bool   // holder is set
}

func (sc scope) covers(h *head) bool {
	return (sc.issuer == "" || sc.issuer == h.issuer) && (!sc.bound || slices.Contains(h.holders, sc.holder))
}

// mayRead decides the scope of a read (A79).
func (v *Vault) mayRead(ctx context.Context, s *session) (scope, error) {
	if s.Ground != GroundIssuer { // what was revoked after the backup must not be called valid
		if err := v.writable(ctx); err != nil {
			return scope{}, err
		}
	}
	switch s.Ground {
	case GroundIssuer:
		if s.caller.Department == "" {
			return scope{}, refuse(ErrDenied, CodeNotIssuer, "issuer")
		}
		return scope{issuer: s.caller.Department}, nil
	case GroundHolder:
		return v.holderScope(s)
	case GroundConsent:
		return v.consentScope(ctx, s)
	case GroundLaw:
		if s.Basis == "" {
			return scope{}, refuse(ErrDenied, CodeBasisMissing, "basis")
		}
		if !slices.Contains(s.caller.Bases, s.Basis) {
			return scope{}, refuse(ErrDenied, CodeBasisNotGranted, "basis")
		}
		return scope{}, nil
	case GroundOperator:
	}
	return scope{}, refuse(ErrDenied, CodeGroundUnknown, "ground")
}

// holderScope checks the applicant's login (A77): bound to this case, not ended, strong enough.
func (v *Vault) holderScope(s *session) (scope, error) {
	a := s.Holder
	switch {
	case a == nil || a.Code == "":
		return scope{}, refuse(ErrDenied, CodeAssertionMissing, "holder")
	case a.Case == "" || a.Case != s.Case:
		return scope{}, refuse(ErrDenied, CodeAssertionCase, "case")
	case !v.cfg.Now().Before(a.Expires):
		return scope{}, refuse(ErrDenied, CodeAssertionExpired, "holder")
	case s.level < v.cfg.StrongLevel:
		return scope{}, refuse(ErrLevel, CodeLevelTooLow, "holder")
	}
	return scope{holder: v.holderToken(a.Kind, holderCode(a.Kind, a.Code)), bound: true}, nil
}

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
	return whole(id, v.putConsent(ctx, s, note, c))
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

// PutCaller registers a caller or changes its registration. The very first caller of a vault must be an operator and
// registers itself. All that is wrong with a registration is told at once.
func (v *Vault) PutCaller(ctx context.Context, a Access, c Caller) error {
	first, err := v.empty(ctx, spaceCaller)
	if err != nil {
		return err
	}
	s := &session{Access: a, caller: c, at: v.now()}
	if !first || !c.Operator || c.ID != a.Caller {
		if s, err = v.admit(ctx, a); err != nil {
			return err
		}
	}
	note := auditNote{act: "caller"}
	if err := s.mustOperate(); err != nil {
		return v.denied(ctx, s, note, err)
	}
	if problems := checkCaller(&c); len(problems) > 0 {
		err := &Refusal{ErrInvalid, problems}
		if first { // nobody is registered whose refusal could stand in the audit
			return err
		}
		return v.denied(ctx, s, note, err)
	}
	note.object, note.issuer, note.change = "caller "+c.ID, c.Department, c.rights()
	return v.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		if err := stillMay(w, a.Caller); err != nil {
			return err
		}
		if err := putJSONIn(w, key(spaceCaller, []byte(c.ID)), c); err != nil {
			return err
		}
		return v.appendAudit(w, s, note)
	})
}

// rights is what a registration allows, for the audit: as much of it as a line of an entry holds.
func (c *Caller) rights() string {
	text := "level " + c.MaxLevel.String() + "; issues " + strconv.Itoa(len(c.Issues)) + " types"
	if c.Operator {
		text += "; operator"
	}
	for _, basis := range c.Bases {
		if p := checkFree("basis", basis, 200); p == nil && len(text)+len(basis) < record.MaxLine/2 {
			text += "; basis " + basis
		}
	}
	return text
}

// stillMay refuses a caller that is not registered, unless nobody is: two may have registered themselves as the first
// at once.
func stillMay(r engine.Reader, caller string) error {
	_, err := getCaller(r, caller)
	if !errors.Is(err, ErrUnknownCaller) {
		return err
	}
	none, scanErr := isEmpty(r, spaceCaller)
	if scanErr != nil || none {
		return scanErr
	}
	return err
}

// Callers lists the registrations.
func (v *Vault) Callers(ctx context.Context, a Access) ([]Caller, error) {
	s, err := v.admit(ctx, a)
	if err != nil {
		return nil, err
	}
	if err := s.mustOperate(); err != nil {
		return nil, v.denied(ctx, s, auditNote{act: "callers"}, err)
	}
	var list []Caller
	err = v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		list, err = scanCallers(r)
		return err
	})
	if err != nil {
		return nil, err
	}
	return whole(list, v.audit(ctx, s, auditNote{act: "callers"}))
}

func scanCallers(r engine.Reader) ([]Caller, error) {
	var list []Caller
	err := r.Scan(engine.Range{Prefix: []byte{spaceCaller}}, func(_, value []byte) (bool, error) {
		var c Caller
		if err := json.Unmarshal(value, &c); err != nil {
			return false, fmt.Errorf("%w: caller", ErrDamaged)
		}
		list = append(list, c)
		return true, nil
	})
	return list, err
}

// knownCaller is a registration as it was last read: the same bytes need not be decoded again.
type knownCaller struct {
	raw    []byte
	caller Caller
}

// callerIn is getCaller for the hot paths.
func (v *Vault) callerIn(r engine.Reader, id string) (Caller, error) {
	if id == "" || len(id) > 64 {
		return Caller{}, refuse(ErrUnknownCaller, CodeCallerUnknown, "caller")
	}
	raw, err := r.Get(key(spaceCaller, []byte(id)))
	if errors.Is(err, engine.ErrNotFound) {
		return Caller{}, refuse(ErrUnknownCaller, CodeCallerUnknown, "caller")
	}
	if err != nil {
		return Caller{}, err
	}
	if k, ok := v.callers.Load(id); ok && bytes.Equal(k.(*knownCaller).raw, raw) { //nolint:errcheck // holds no others
		return k.(*knownCaller).caller, nil //nolint:errcheck // holds no others
	}
	var c Caller
	if err := json.Unmarshal(raw, &c); err != nil {
		return Caller{}, fmt.Errorf("%w: caller", ErrDamaged)
	}
	v.callers.Store(id, &knownCaller{raw, c})
	return c, nil
}

func getCaller(r engine.Reader, id string) (Caller, error) {
	var c Caller
	if id == "" || len(id) > 64 {
		return c, refuse(ErrUnknownCaller, CodeCallerUnknown, "caller")
	}
	err := getJSON(r, key(spaceCaller, []byte(id)), &c)
	if errors.Is(err, engine.ErrNotFound) {
		return c, refuse(ErrUnknownCaller, CodeCallerUnknown, "caller")
	}
	return c, err
}

// getJSON reads a stored value that is kept as JSON: registrations, never anything signed.
func getJSON(r engine.Reader, k []byte, to any) error {
	b, err := r.Get(k)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, to); err != nil {
		return fmt.Errorf("%w: %c", ErrDamaged, k[0])
	}
	return nil
}

func putJSONIn(w engine.Writer, k []byte, value any) error {
	b, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("vault: encoding a registration: %w", err)
	}
	return w.Put(k, b)
}

func (v *Vault) empty(ctx context.Context, space byte) (bool, error) {
	var none bool
	err := v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		var err error
		none, err = isEmpty(r, space)
		return err
	})
	return none, err
}

func isEmpty(r engine.Reader, space byte) (none bool, err error) {
	none = true
	err = r.Scan(engine.Range{Prefix: []byte{space}, KeysOnly: true}, func(_, _ []byte) (bool, error) {
		none = false
		return false, nil
	})
	return none, err
}
