package vault

import (
	"context"
	"errors"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// errRehearsed ends a transaction that shall leave nothing.
var errRehearsed = errors.New("vault: rehearsed")

// Validate takes a request along the whole path of Issue or Reserve and changes nothing but the audit: right, type,
// every value, number, paper serial if one is given, signer and idempotency key if one is given. It gives the notes
// that Issue would give, or every problem at once. What holds now may not hold at the moment of Issue.
func (v *Vault) Validate(ctx context.Context, a Access, req Request) ([]Note, error) {
	s, err := v.admit(ctx, a)
	if err != nil {
		return nil, err
	}
	note := auditNote{act: "validate", typ: req.Type, issuer: s.caller.Department}
	notes, err := v.validate(ctx, s, &req)
	if isRefusal(err) {
		return nil, v.denied(ctx, s, note, err)
	}
	if err != nil {
		return nil, err
	}
	return whole(notes, v.audit(ctx, s, note))
}

func (v *Vault) validate(ctx context.Context, s *session, req *Request) ([]Note, error) {
	if err := v.writable(ctx); err != nil {
		return nil, err
	}
	if done, err := v.validateKey(ctx, s, req); done || err != nil {
		return nil, err
	}
	c, notes, err := v.check(ctx, s, req, req.Values[catalogue.MetaNumber] != "")
	var r *Refusal
	if err != nil && (!errors.As(err, &r) || !errors.Is(err, ErrInvalid)) {
		return nil, err
	}
	problems := problemsIn(err)
	if req.Paper != "" {
		if p := checkPaper(req.Paper); p != nil {
			problems = append(problems, *p)
		}
	}
	if len(problems) > 0 {
		return nil, &Refusal{ErrInvalid, problems}
	}
	rv := reserving{s: s, req: req, c: *c, ev: happening{kind: record.EventReserved, effective: v.today(s.at)}}
	if rv.salts, err = v.drawSalts(c.typ); err != nil {
		return nil, err
	}
	return whole(notes, v.rehearse(ctx, rv))
}

// validateKey reports whether the key holds this request's answer already.
func (v *Vault) validateKey(ctx context.Context, s *session, req *Request) (done bool, err error) {
	if req.Key == "" {
		return false, nil
	}
	once, err := v.once(s, "issue", writeKey{key: req.Key}, req)
	if err != nil {
		return false, err
	}
	err = v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		if _, err := openType(r, req.Type); err != nil {
			return err
		}
		var answer Answer
		done, err = once.replay(r, &answer)
		return err
	})
	return done && err == nil, err
}

// rehearse reserves in a transaction that is given up: number, paper and state are judged by the very code of Reserve.
func (v *Vault) rehearse(ctx context.Context, rv reserving) error {
	st, err := v.newStaging(rv.s)
	if err != nil {
		return err
	}
	err = v.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		st.reset()
		var answer Answer
		first := error(nil)
		if rv.req.Paper != "" {
			k := v.paperKey(rv.c.typ.Definition.Code, rv.c.issuer, rv.req.Paper)
			if first = checkFreeKey(w, k, nil, CodePaperUsed); first != nil && !isRefusal(first) {
				return first
			}
		}
		if _, err := v.putReservation(w, st, rv, &answer); err != nil && !isRefusal(err) {
			return err
		} else if err != nil {
			problems := append(problemsIn(err), problemsIn(first)...)
			return &Refusal{errors.Unwrap(err), problems}
		}
		if first != nil {
			return first
		}
		return errRehearsed
	})
	return rehearsed(err)
}

// rehearsed is the outcome of a transaction that errRehearsed gave up where it would have been kept.
func rehearsed(err error) error {
	if errors.Is(err, errRehearsed) {
		return nil
	}
	return err
}

func problemsIn(err error) []Problem {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Problems
	}
	return nil
}
