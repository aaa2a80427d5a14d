package vault

import (
	"context"
	"errors"
	"slices"
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
	Clerk   string     // who acts behind Caller, as ValidClerk takes it; "": Caller itself

	// Shown is told about whom an answer is, by the numbers of holders, those that were asked for among them, before
	// the answer is given; on an error there is none. Nil: nobody is told.
	Shown func(ctx context.Context, holders []string) error

	// Message is the id of the message by which is asked (报文标识, see record.CheckMessage); "": it has none.
	Message string

	// Repeated: what proves this request was used before. A write may only be told what it was told then.
	Repeated bool
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
	GroundAudit    Ground = "audit"    // who oversees it: sees the audit and no content
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

// session is an admitted access.
type session struct {
	Access
	caller Caller
	level  Level
	at     time.Time // when the access was admitted, UTC, microseconds
	closed bool      // the vault was restored and has not caught up
}

// admit authenticates an access: the caller must be registered and say what for.
func (v *Vault) admit(ctx context.Context, a Access) (*session, error) {
	var s *session
	err := v.cfg.Engine.View(ctx, func(r engine.Reader) (err error) {
		s, err = v.admitIn(r, a)
		return err
	})
	if err != nil {
		return nil, v.notAdmitted(ctx, s, err)
	}
	return s, nil
}

// admitIn is admit in a snapshot. A refusal that can stand in the audit comes with its session; the caller tells of it
// by notAdmitted.
func (v *Vault) admitIn(r engine.Reader, a Access) (*session, error) {
	s := &session{Access: a, at: v.now()}
	err := openForWriting(r)
	s.closed = isRefusal(err)
	if err = passRefusal(err); err != nil {
		return nil, err
	}
	if s.caller, err = v.callerIn(r, a.Caller); err != nil {
		return nil, err
	}
	if a.Holder != nil {
		by, err := v.callerIn(r, a.Holder.By)
		if err != nil && !errors.Is(err, ErrUnknownCaller) { // of somebody unknown the assertion counts for nothing
			return nil, err
		}
		s.level = min(a.Holder.Level, by.MaxLevel)
	}
	if problems := s.malformed(); len(problems) > 0 {
		return s, &Refusal{ErrInvalid, problems}
	}
	return s, nil
}

// notAdmitted tells of an access that was refused. Whoever is not registered is counted, not written to the audit.
func (v *Vault) notAdmitted(ctx context.Context, s *session, err error) error {
	if errors.Is(err, ErrUnknownCaller) {
		v.unknownCallers.Add(1)
	}
	if s == nil {
		return err
	}
	return v.denied(ctx, s, auditNote{act: "admit"}, err)
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
	if s.Clerk != "" && !ValidClerk(s.Clerk) {
		problems, s.Clerk = append(problems, problem(CodeClerk, "clerk", "")), ""
	}
	if s.Message != "" && record.CheckMessage(s.Message) != nil {
		problems = append(problems, problem(CodeMessage, "message", ""))
		s.Message = ""
	}
	if s.Purpose == "" {
		s.Purpose = "-"
	}
	return problems
}

func (s *session) asked() record.Asked {
	ground := "-"
	switch s.Ground {
	case GroundIssuer, GroundHolder, GroundConsent, GroundLaw, GroundOperator, GroundAudit:
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

// stillIssues is mayIssue in the transaction of a write: a right that was taken back since the access was admitted
// counts no more from the moment at which that was answered.
func (v *Vault) stillIssues(r engine.Reader, s *session, typeCode, issuer string) error {
	now, err := v.anew(r, s)
	if err != nil {
		return err
	}
	return now.mayIssue(typeCode, issuer)
}

// anew is a session with the rights that its caller has now.
func (v *Vault) anew(r engine.Reader, s *session) (*session, error) {
	now := *s
	var err error
	now.caller, err = v.callerIn(r, s.Caller)
	return &now, err
}

func (s *session) mustOperate() error {
	if s.Ground != GroundOperator || !s.caller.Operator {
		return refuse(ErrDenied, CodeNotOperator, "")
	}
	return nil
}

// mayAudit decides whether the session may read the audit: an auditor by that right, whoever runs the vault by his.
func (s *session) mayAudit() error {
	if s.Ground == GroundAudit {
		if !s.caller.Auditor {
			return refuse(ErrDenied, CodeNotAuditor, "")
		}
		return nil
	}
	return s.mustOperate()
}

// scope is what a session may see; it is decided before anything is looked up, so that a refusal tells nothing about
// what exists.
type scope struct {
	issuer string   // only licences of this issuer, if set
	holder token    // only licences of this holder, if set
	bound  bool     // holder is set
	types  []string // only licences of these types, if any
}

func (sc scope) covers(h *head) bool {
	return (sc.issuer == "" || sc.issuer == h.issuer) && (!sc.bound || slices.Contains(h.holders, sc.holder)) &&
		(len(sc.types) == 0 || slices.Contains(sc.types, h.typeCode))
}

// viewAs runs read in the snapshot in which an access was admitted and its scope decided. A refusal, read's own among
// them, stands in the audit when it is returned, by what note says then.
func (v *Vault) viewAs(
	ctx context.Context, a Access, note *auditNote, read func(engine.Reader, *session, scope) error,
) (*session, error) {
	var s *session
	admitted := false
	err := v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		admitted = false
		var err error
		if s, err = v.admitIn(r, a); err != nil {
			return err
		}
		admitted = true
		sc, err := v.mayRead(r, s)
		if err != nil {
			return err
		}
		return read(r, s, sc)
	})
	switch {
	case err == nil:
		return s, nil
	case !admitted:
		return nil, v.notAdmitted(ctx, s, err)
	case isRefusal(err):
		return nil, v.denied(ctx, s, *note, err)
	}
	return nil, err
}

// admitRead admits an access and decides its scope.
func (v *Vault) admitRead(ctx context.Context, a Access, note auditNote) (s *session, sc scope, err error) {
	s, err = v.viewAs(ctx, a, &note, func(_ engine.Reader, _ *session, decided scope) error {
		sc = decided
		return nil
	})
	return s, sc, err
}

// mayRead decides the scope of a read (A79).
func (v *Vault) mayRead(r engine.Reader, s *session) (scope, error) {
	if s.closed && s.Ground != GroundIssuer { // what was revoked after the backup must not be called valid
		return scope{}, refuse(ErrRestored, CodeRestored, "")
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
		return v.consentScope(r, s)
	case GroundLaw:
		if s.Basis == "" {
			return scope{}, refuse(ErrDenied, CodeBasisMissing, "basis")
		}
		if !slices.Contains(s.caller.Bases, s.Basis) {
			return scope{}, refuse(ErrDenied, CodeBasisNotGranted, "basis")
		}
		return scope{}, nil
	case GroundOperator, GroundAudit:
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
