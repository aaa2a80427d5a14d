package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// Act is something that a department does to a licence that exists.
type Act struct {
	Key        string      `json:"-"` // idempotency key, required
	Identifier string      `json:"identifier"`
	Kind       record.Kind `json:"kind"`
	// Version is the version that the caller saw; 0: whichever is in force. Another version refuses the act.
	Version   int         `json:"version,omitempty"`
	Effective record.Date `json:"effective"` // from when it counts in law; zero: today
	Basis     string      `json:"basis,omitempty"`
	Reason    string      `json:"reason"`
	// Values are the elements that change, raw, by short name; only for kinds that bring a new version.
	Values map[string]string `json:"values,omitempty"`
	Images map[string][]byte `json:"images,omitempty"` // as Request.Images
	Paper  string            `json:"paper,omitempty"`  // serial of the new paper, where one is printed
}

// Change makes a new version with other content (变更).
func (v *Vault) Change(ctx context.Context, a Access, act Act) (*Answer, error) {
	act.Kind = record.EventChanged
	return v.act(ctx, a, act)
}

// Renew makes a new version with a new validity (延续).
func (v *Vault) Renew(ctx context.Context, a Access, act Act) (*Answer, error) {
	act.Kind = record.EventRenewed
	return v.act(ctx, a, act)
}

// Reissue makes a new version for a new paper with the same content (补证, 换证).
func (v *Vault) Reissue(ctx context.Context, a Access, act Act) (*Answer, error) {
	act.Kind = record.EventReissued
	return v.act(ctx, a, act)
}

// Suspend puts a licence out of force for a time (暂停, 暂扣).
func (v *Vault) Suspend(ctx context.Context, a Access, act Act) (*Answer, error) {
	act.Kind = record.EventSuspended
	return v.act(ctx, a, act)
}

// Resume ends a suspension (恢复).
func (v *Vault) Resume(ctx context.Context, a Access, act Act) (*Answer, error) {
	act.Kind = record.EventResumed
	return v.act(ctx, a, act)
}

// Revoke ends a licence for good: act.Kind is EventCancelled (注销), EventRevoked (吊销), EventAnnulled (撤销) or
// EventSuperseded (被替换).
func (v *Vault) Revoke(ctx context.Context, a Access, act Act) (*Answer, error) {
	if !slices.Contains(endings, act.Kind) {
		return nil, refuse(ErrInvalid, CodeStateForbids, "kind")
	}
	return v.act(ctx, a, act)
}

// endings are the events after which a licence is out of force for good.
var endings = []record.Kind{record.EventCancelled, record.EventRevoked, record.EventAnnulled, record.EventSuperseded}

// origins gives how the record of a version says it came to be.
var origins = map[record.Kind]record.Origin{
	record.EventChanged: record.Changed, record.EventRenewed: record.Renewed, record.EventReissued: record.Reissued,
}

// acting is an act on its way.
type acting struct {
	s    *session
	act  Act
	id   code.Identifier
	lid  licenceID
	once *idempotency // nil: a rehearsal without a key
	ev   happening
	same *LicenceType // under which the act turned out to change nothing

	// rehearsed makes it end before anything is signed or kept.
	rehearsed bool
}

// act is the one path of everything that happens to a licence after it exists.
func (v *Vault) act(ctx context.Context, a Access, act Act) (*Answer, error) {
	s, err := v.admit(ctx, a)
	if err != nil {
		return nil, err
	}
	note := auditNote{act: string(act.Kind)}.about(act.Identifier)
	once, err := v.once(s, note.act, writeKey{key: act.Key}, act)
	if err != nil {
		return nil, v.denied(ctx, s, note, err)
	}
	if first, err := v.replayed(ctx, s, once); first != nil || err != nil {
		return first, err
	}
	ac := &acting{s: s, act: act, once: once}
	if err := v.checkAct(ctx, ac); err != nil {
		return nil, v.denied(ctx, s, note, err)
	}
	answer, err := v.perform(ctx, ac, note)
	if !isRefusal(err) {
		return answer, err
	}
	return v.overtaken(ctx, s, once, v.denied(ctx, s, note, err))
}

// overtaken gives the first answer after all where the same request came in twice at once and the other one was faster.
func (v *Vault) overtaken(ctx context.Context, s *session, once *idempotency, refusal error) (*Answer, error) {
	if first, err := v.replayed(ctx, s, once); first != nil && err == nil {
		return first, nil
	}
	return nil, refusal
}

// checkAct decides what can be decided without the licence, every problem at once.
func (v *Vault) checkAct(ctx context.Context, ac *acting) error {
	var err error
	if ac.id, err = code.ParseIdentifier(ac.act.Identifier); err != nil {
		return refuse(ErrInvalid, CodeIdentifier, "identifier")
	}
	if err := v.cfg.Engine.View(ctx, ac.mayAct); err != nil {
		return err
	}
	ac.lid = v.licenceID(ac.id.Type, ac.id.Issuer, ac.id.Serial)
	today := v.today(ac.s.at)
	if ac.act.Effective.IsZero() {
		ac.act.Effective = today
	}
	if problems := ac.problems(today); len(problems) > 0 {
		return &Refusal{ErrInvalid, problems}
	}
	ac.ev = happening{
		kind: ac.act.Kind, effective: ac.act.Effective, basis: ac.act.Basis, reason: ac.act.Reason, paper: ac.act.Paper,
	}
	ac.ev.salt, err = v.drawSalt()
	return err
}

// mayAct decides the right to an act: the issuer's, while the type is open. Of a classified type one thing alone may be
// done: its owner gives up the reservations that hang, whoever made them.
func (ac *acting) mayAct(r engine.Reader) error {
	issues := ac.s.mayIssue(ac.id.Type, ac.id.Issuer)
	if ac.act.Kind != record.EventVoided {
		if issues != nil {
			return issues
		}
		_, err := openType(r, ac.id.Type)
		return err
	}
	t, err := getTypeHead(r, ac.id.Type)
	switch {
	case err != nil:
		return err
	case !t.closed:
		return issues
	case !ac.s.owns(t):
		return refuse(ErrSecret, CodeTypeSecret, "type")
	}
	return nil
}

// problems finds everything that is wrong with an act by itself.
func (ac *acting) problems(today record.Date) []Problem {
	var problems []Problem
	if today.Before(ac.act.Effective) {
		problems = append(problems, problem(CodeEffectiveFuture, "effective", ac.act.Effective.String()))
	}
	if transitions[ac.act.Kind].basis && ac.act.Basis == "" {
		problems = append(problems, problem(CodeActBasisMissing, "basis", ""))
	}
	if ac.act.Reason == "" {
		problems = append(problems, problem(CodeReasonMissing, "reason", ""))
	}
	for _, f := range []struct{ name, value string }{
		{"basis", ac.act.Basis}, {"reason", ac.act.Reason},
	} {
		if p := checkFree(f.name, f.value, 500); f.value != "" && p != nil {
			problems = append(problems, *p)
		}
	}
	if ac.act.Kind == record.EventReissued || ac.act.Paper != "" {
		if p := checkPaper(ac.act.Paper); p != nil {
			problems = append(problems, *p)
		}
	}
	if ac.act.Paper != "" && !ac.act.Kind.MakesVersion() {
		problems = append(problems, problem(CodeStateForbids, "paper", ""))
	}
	if len(ac.act.Values)+len(ac.act.Images) > 0 && !ac.act.Kind.MakesVersion() {
		problems = append(problems, problem(CodeFieldUnknown, "values", ""))
	}
	return problems
}

// perform reads the licence, makes and signs its new version if the act brings one, and commits.
func (v *Vault) perform(ctx context.Context, ac *acting, note auditNote) (*Answer, error) {
	h, current, err := v.subject(ctx, ac)
	if err != nil {
		return nil, err
	}
	var sv *signed
	var notes []Note
	if ac.act.Kind.MakesVersion() {
		if sv, notes, err = v.successor(ctx, ac, h, current); err != nil {
			return nil, err
		}
	}
	var answer Answer
	err = v.update(ctx, ac.s, func(w engine.Writer, st *staging) (auditNote, error) {
		answer = Answer{Notes: notes}
		if !ac.rehearsed {
			done, err := ac.once.replay(w, &answer)
			if done || err != nil {
				answer.Replayed = done
				return note, err
			}
		}
		if answer.Unchanged = sv == nil && ac.act.Kind.MakesVersion(); answer.Unchanged {
			note.result = "unchanged"
		}
		if err := v.carryOut(w, st, ac, h, sv); err != nil {
			return note, err
		}
		now, err := getHead(w, ac.lid)
		if err != nil {
			return note, err
		}
		v.answerFrom(&answer, now, ac.s)
		return note, ac.once.keep(w, &answer)
	})
	if err != nil && !errors.Is(err, errRehearsed) {
		return nil, err
	}
	return &answer, nil
}

// mayStill decides the right to an act again, in its transaction.
func (v *Vault) mayStill(r engine.Reader, ac *acting) error {
	again := *ac
	var err error
	if again.s, err = v.anew(r, ac.s); err != nil {
		return err
	}
	return again.mayAct(r)
}

// carryOut writes what an act does; a rehearsal ends where it has been done.
func (v *Vault) carryOut(w engine.Writer, st *staging, ac *acting, h *head, sv *signed) error {
	err := v.mayStill(w, ac)
	switch {
	case err != nil:
	case sv != nil:
		err = v.commitVersion(w, ac.s, st, sv, ac.ev)
	case ac.act.Kind.MakesVersion():
		err = v.stays(w, st, ac, h)
	default:
		err = v.commitState(w, st, ac, h)
	}
	if err == nil && ac.rehearsed {
		return errRehearsed
	}
	return err
}

func (v *Vault) answerFrom(a *Answer, h *head, s *session) {
	a.Identifier, a.Version, a.Record = h.identifier(max(h.version, 1)), h.version, h.record
	a.State = h.state.on(v.today(s.at), h.from, h.until)
}

// subject reads the licence of an act and the values of its latest version.
func (v *Vault) subject(ctx context.Context, ac *acting) (h *head, current *Version, err error) {
	err = v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		if err := ac.mayAct(r); err != nil {
			return err
		}
		if h, err = getHead(r, ac.lid); err != nil {
			return err
		}
		if h == nil {
			return refuse(ErrNotFound, CodeLicenceUnknown, "identifier")
		}
		if ac.act.Version != 0 && ac.act.Version != h.version {
			return refuse(ErrConflict, CodeVersionChanged, "version")
		}
		if _, err := step(h.state, ac.act.Kind); err != nil {
			return forbidden(h.state, ac.act.Kind)
		}
		begun, err := begin(r, ac.lid, h)
		if err != nil {
			return err
		}
		if ac.act.Effective.Before(begun) {
			return &Refusal{ErrInvalid, []Problem{problem(CodeEffectiveEarly, "effective", begun.String())}}
		}
		if ac.act.Kind.MakesVersion() {
			current, err = v.answered(r, ac.lid, h, h.version)
		}
		return err
	})
	return h, current, err
}

// begin is the day from which a licence counts in law: nothing can happen to it before. What a conversion brought and
// its undo took back never counted.
func begin(r engine.Reader, id licenceID, h *head) (record.Date, error) {
	for n := 1; n <= h.events; n++ {
		e, err := getEvent(r, id, n)
		if err != nil {
			return record.Date{}, err
		}
		if h.version == 0 || e.Kind.MakesVersion() && !h.batchOf(e.Version).undone {
			return e.Effective, nil
		}
	}
	return record.Date{}, fmt.Errorf("%w: licence without events", ErrDamaged)
}

// successor makes and signs the version after the current one: its values with those of the act on top.
func (v *Vault) successor(ctx context.Context, ac *acting, h *head, current *Version) (*signed, []Note, error) {
	t, err := v.Type(ctx, h.typeCode)
	if err != nil {
		return nil, nil, err
	}
	raw := t.content(current)
	for name, value := range ac.act.Values {
		raw[name] = value
	}
	for name := range ac.act.Images {
		if _, given := ac.act.Values[name]; !given {
			delete(raw, name)
		}
	}
	c, notes, err := checkImaged(t, ac.s, imaged{raw, ac.act.Images, current}, true, v.today(ac.s.at))
	if err == nil && c.identifier.Serial != "" && c.identifier.Serial != h.serial {
		err = &Refusal{ErrInvalid, []Problem{problem(CodeIdentifierOther, catalogue.MetaIdentifier, "")}}
	}
	if err == nil {
		err = checkUnbroken(h, c, v.today(ac.s.at))
	}
	if err != nil {
		return nil, nil, err
	}
	if ac.changesNothing(h, current, c) {
		ac.same = t
		return nil, notes, nil
	}
	p := plan{prior: h, origin: origins[ac.act.Kind], at: ac.s.at}
	if ac.rehearsed {
		sv, err := v.buildDraft(c, p)
		return sv, notes, err
	}
	if err := v.putImages(ctx, c, ac.act.Images); err != nil {
		return nil, nil, err
	}
	sv, err := v.signDraft(ctx, c, p)
	return sv, notes, err
}

// checkUnbroken refuses a version that breaks a licence.
func checkUnbroken(h *head, c *Checked, today record.Date) error {
	if breaks(h, c, today) {
		return &Refusal{ErrInvalid, []Problem{problem(CodeValidityGap, catalogue.MetaFrom, c.from.String())}}
	}
	return nil
}

// breaks reports a version by which a licence that is in force would not be until a later day: nobody has ended it, and
// whoever asked meanwhile would hear that it is not valid.
func breaks(h *head, c *Checked, today record.Date) bool {
	return today.Before(c.from) && h.state.on(today, h.from, h.until) == Valid
}

// changesNothing reports a change that would say what the licence says already, under the same definition of its type.
// Renewals and new papers are acts of their own, whatever they say.
func (ac *acting) changesNothing(h *head, current *Version, c *Checked) bool {
	return ac.act.Kind == record.EventChanged && ac.act.Paper == "" && h.content == token(c.content[:16]) &&
		current.Record.TypeVersion == c.typ.Definition.Version
}

// stays holds that a licence still is what an act that changes nothing found it to be.
func (v *Vault) stays(r engine.Reader, st *staging, ac *acting, expected *head) error {
	if err := ac.mayAct(r); err != nil {
		return err
	}
	if err := st.openType(r, ac.same); err != nil {
		return err
	}
	h, err := getHead(r, ac.lid)
	if err == nil && !sameHead(h, expected) {
		err = refuse(ErrConflict, CodeVersionChanged, "version")
	}
	return err
}

// commitState writes an event that brings no version.
func (v *Vault) commitState(w engine.Writer, st *staging, ac *acting, expected *head) error {
	if err := ac.mayAct(w); err != nil {
		return err
	}
	h, err := getHead(w, ac.lid)
	if err != nil {
		return err
	}
	if !sameHead(h, expected) {
		return refuse(ErrConflict, CodeVersionChanged, "version")
	}
	if ac.act.Kind == record.EventVoided {
		if err := w.Delete(key(spaceReserved, ac.lid[:])); err != nil {
			return err
		}
	}
	p := eventOf(ac.lid, h.identifier(max(h.version, 1)), record.Digest{}, ac.ev)
	return v.appendEvent(w, ac.s, st, h, p)
}
