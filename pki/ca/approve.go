package ca

import (
	"context"
	"errors"
	"slices"
	"unicode/utf8"

	"github.com/elicense/elicense/internal/engine"
)

// Approve says yes to an application (审核). Whoever applied may not approve, and nobody twice: with two approvals
// needed, three persons have seen it. The answer is the application as it stands afterwards.
func (r *Register) Approve(ctx context.Context, actor Actor, id ApplicationID, note string) (*Application, error) {
	return r.decide(ctx, actor, decision{act: "approve", role: RoleApprove, id: id, note: note, apply: approve})
}

// Refuse says no (驳回), with a reason in words. It ends the application, also one that was approved and not issued.
func (r *Register) Refuse(ctx context.Context, actor Actor, id ApplicationID, note string) (*Application, error) {
	return r.decide(ctx, actor, decision{
		act: "refuse", role: RoleApprove, id: id, note: note, noted: true, apply: closeAs(StageRefused),
	})
}

// Withdraw takes an application back (撤回). Only who applied may.
func (r *Register) Withdraw(ctx context.Context, actor Actor, id ApplicationID, note string) (*Application, error) {
	return r.decide(ctx, actor, decision{
		act: "withdraw", role: RoleEnrol, id: id, note: note, noted: true, apply: withdraw,
	})
}

// decision is an act upon an application.
type decision struct {
	act   string
	role  Role
	id    ApplicationID
	note  string
	noted bool // needs a note
	apply func(a *Application, by Approval) error
}

func (r *Register) decide(ctx context.Context, actor Actor, d decision) (*Application, error) {
	a, err := r.decideNow(ctx, actor, d)
	if err != nil {
		return nil, r.refused(ctx, actor, d.act, d.id.String(), err)
	}
	return a, nil
}

func (r *Register) decideNow(ctx context.Context, actor Actor, d decision) (*Application, error) {
	if err := actor.check(d.role); err != nil {
		return nil, err
	}
	if err := checkNote(d.note); err != nil && (d.noted || d.note != "") {
		return nil, err
	}
	by := Approval{Actor: actor.Name, At: r.now(), Note: d.note}
	var a *Application
	err := r.cfg.Engine.Update(ctx, func(w engine.Writer) (err error) {
		before, err := getApplication(w, d.id)
		if err != nil {
			return err
		}
		after := *before
		a = &after
		a.Approvals = slices.Clone(before.Approvals)
		if err := d.apply(a, by); err != nil {
			return err
		}
		if err := putApplication(w, a, before); err != nil {
			return err
		}
		return record(w, AuditEntry{
			At: by.At, Actor: actor.Name, Act: d.act, Object: d.id.String(), Note: d.note,
		})
	})
	if errors.Is(err, engine.ErrAmbiguous) {
		if found, readErr := r.Application(ctx, d.id); readErr == nil && found.has(by) {
			return found, nil
		}
	}
	if err != nil {
		return nil, err
	}
	return a, nil
}

// has reports whether a decision is part of an application.
func (a *Application) has(by Approval) bool {
	same := func(v Approval) bool { return v.Actor == by.Actor && v.Note == by.Note && v.At.Equal(by.At) }
	return same(a.Closed) || slices.ContainsFunc(a.Approvals, same)
}

func approve(a *Application, by Approval) error {
	if a.Stage != StageApplied {
		return refuse(ErrTransition, ReasonStage, "application is "+a.Stage.String())
	}
	if by.Actor == a.Applicant {
		return refuse(ErrDenied, ReasonSameActor, "who applied may not approve")
	}
	if slices.ContainsFunc(a.Approvals, func(v Approval) bool { return v.Actor == by.Actor }) {
		return refuse(ErrDenied, ReasonSameActor, "who approved may not approve again")
	}
	a.Approvals = append(a.Approvals, by)
	if len(a.Approvals) >= a.Needs {
		a.Stage = StageApproved
	}
	return nil
}

func closeAs(stage Stage) func(*Application, Approval) error {
	return func(a *Application, by Approval) error {
		if a.Stage != StageApplied && a.Stage != StageApproved {
			return refuse(ErrTransition, ReasonStage, "application is "+a.Stage.String())
		}
		a.Stage, a.Closed = stage, by
		return nil
	}
}

func withdraw(a *Application, by Approval) error {
	if by.Actor != a.Applicant {
		return refuse(ErrDenied, ReasonSameActor, "only who applied may withdraw")
	}
	return closeAs(StageWithdrawn)(a, by)
}

// checkNote refuses an empty, long or unprintable reason in words.
func checkNote(note string) error {
	if note == "" {
		return refuse(ErrRequest, ReasonMissingNote, "say why")
	}
	if utf8.RuneCountInString(note) > maxNoteRunes || !plain(note) {
		return refuse(ErrRequest, ReasonMalformed, "note")
	}
	return nil
}
