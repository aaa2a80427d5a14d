package server

import (
	"context"
	"encoding/hex"
	"net/http"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// Write are the parameters of every write: it may be sent again at any time.
type Write struct {
	Key  string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"128" doc:"made by the caller for each new request"`
	Item string `query:"item" maxLength:"200" doc:"事项 code"`
	Case string `query:"case" maxLength:"200" doc:"case number"`
}

func (w *Write) idempotencyKey() string { return w.Key }

type writtenOutput struct {
	Status   int
	Replayed string `header:"X-Replayed"`
	Body     any
}

// issued are the answers of a write that makes something new.
var issued = map[int][]any{
	http.StatusCreated: {api.Written{}}, http.StatusOK: {api.Written{}, api.Validated{}},
}

// settled are the answers of a write to something that exists.
var settled = map[int][]any{http.StatusOK: {api.Written{}, api.Validated{}}}

func (s *Server) registerLicences() {
	add(s, operation{
		id: "issueLicence", again: true, method: http.MethodPost, path: "/licences", tag: "licences",
		status: http.StatusCreated, may: identity.MayIssue, answers: issued, maxBody: imageBody,
		zh: "签发：纸质证照已印制", en: "issue: the paper is printed",
	}, s.issue)
	add(s, operation{
		id: "reserveLicence", again: true, method: http.MethodPost, path: "/reservations", tag: "licences",
		status: http.StatusCreated, may: identity.MayIssue, answers: issued, maxBody: imageBody,
		zh: "预留编号，随后印制并确认", en: "reserve a number, then print and confirm",
	}, s.reserve)
	add(s, operation{
		id: "confirmReservation", again: true, method: http.MethodPost, path: "/reservations/{identifier}/confirmation",
		tag: "licences", may: identity.MayIssue, answers: settled,
		zh: "确认：纸质证照已印制", en: "confirm: the paper is printed",
	}, s.confirm)
	add(s, operation{
		id: "cancelReservation", again: true, method: http.MethodPost, path: "/reservations/{identifier}/cancellation",
		tag: "licences", zh: "作废预留的编号", en: "void a reserved number", may: identity.MayIssue, answers: settled,
	}, s.cancel)
	s.registerReservations()
}

type issueInput struct {
	Write
	Validate string `query:"validate" enum:"only" doc:"only: everything is checked and nothing changed"`
	Body     api.IssueRequest
}

// request is what the vault is asked to issue.
func (s *Server) request(ctx context.Context, key string, r *api.IssueRequest) (vault.Request, *spelling, error) {
	values, as, err := s.shortValues(ctx, r.Type, "values", r.Values)
	if err != nil {
		return vault.Request{}, nil, err
	}
	images, err := s.shortImages(ctx, r.Type, r.Images)
	return vault.Request{
		Key: key, Type: r.Type, Values: values, Images: images, Paper: r.Paper, Division: r.Division,
	}, as, err
}

// issuing is how Issue and Reserve differ.
type issuing struct {
	purpose string
	counts  bool // makes a licence at once
	do      func(*vault.Vault, context.Context, vault.Access, vault.Request) (*vault.Answer, error)
}

func (s *Server) issue(ctx context.Context, c *identity.Caller, in *issueInput) (*writtenOutput, error) {
	return s.issueBy(ctx, c, in, issuing{"签发", true, (*vault.Vault).Issue})
}

func (s *Server) reserve(ctx context.Context, c *identity.Caller, in *issueInput) (*writtenOutput, error) {
	return s.issueBy(ctx, c, in, issuing{"预留", false, (*vault.Vault).Reserve})
}

func (s *Server) issueBy(ctx context.Context, c *identity.Caller, in *issueInput, by issuing) (*writtenOutput, error) {
	if err := checkType(c, in.Body.Type); err != nil {
		return nil, err
	}
	req, as, err := s.request(ctx, in.Key, &in.Body)
	if err != nil {
		return nil, err
	}
	a := writeAccess(c, by.purpose, in.Item, in.Case)
	if in.Validate != "" {
		notes, err := s.cfg.Vault.Validate(ctx, a, req)
		return validatedAnswer(notes, as.point(err))
	}
	answer, err := by.do(s.cfg.Vault, ctx, a, req)
	if by.counts {
		s.countIssue(ctx, c, &req, answer, err)
	}
	return writtenAnswer(http.StatusCreated, answer, as.point(err))
}

func validatedAnswer(notes []vault.Note, err error) (*writtenOutput, error) {
	if err != nil {
		return nil, err
	}
	return &writtenOutput{Status: http.StatusOK, Body: api.Validated{Valid: true, Notes: notesOf(notes)}}, nil
}

type confirmInput struct {
	Write
	Identifier string `path:"identifier" maxLength:"200"`
	Validate   string `query:"validate" enum:"only" doc:"only: everything is checked and nothing changed"`
	Body       api.Confirmation
}

func (s *Server) confirm(ctx context.Context, c *identity.Caller, in *confirmInput) (*writtenOutput, error) {
	if err := checkIdentifier(c, in.Identifier); err != nil {
		return nil, err
	}
	a := writeAccess(c, "确认签发", in.Item, in.Case)
	cf := vault.Confirmation{
		Key: in.Key, Identifier: in.Identifier, Paper: in.Body.Paper, Signature: in.Body.Signature,
	}
	if in.Validate != "" {
		return validatedAnswer(nil, s.cfg.Vault.ValidateConfirm(ctx, a, cf))
	}
	answer, err := s.cfg.Vault.Confirm(ctx, a, cf)
	if err == nil && !answer.Replayed {
		s.tallies.add(ctx, c.Department, tallyIssued, 1)
	}
	return writtenAnswer(http.StatusOK, answer, err)
}

type cancelInput struct {
	Write
	Identifier string `path:"identifier" maxLength:"200"`
	Validate   string `query:"validate" enum:"only" doc:"only: everything is checked and nothing changed"`
	Body       api.Cancellation
}

func (s *Server) cancel(ctx context.Context, c *identity.Caller, in *cancelInput) (*writtenOutput, error) {
	if err := checkIdentifier(c, in.Identifier); err != nil {
		return nil, err
	}
	a := writeAccess(c, "作废编号", in.Item, in.Case)
	if in.Validate != "" {
		notes, err := s.cfg.Vault.ValidateAct(ctx, a, vault.Act{
			Key: in.Key, Identifier: in.Identifier, Kind: record.EventVoided, Reason: in.Body.Reason,
		})
		return validatedAnswer(notes, err)
	}
	answer, err := s.cfg.Vault.Void(ctx, a, in.Key, in.Identifier, in.Body.Reason)
	return writtenAnswer(http.StatusOK, answer, err)
}

// writtenAnswer is how every write answers.
func writtenAnswer(status int, a *vault.Answer, err error) (*writtenOutput, error) {
	if err != nil {
		return nil, err
	}
	out := &writtenOutput{Status: status, Body: writtenOf(a)}
	if a.Replayed {
		out.Status, out.Replayed = http.StatusOK, "true"
	}
	return out, nil
}

func writtenOf(a *vault.Answer) api.Written {
	return api.Written{
		Identifier: a.Identifier, Number: a.Number, Version: a.Version, State: string(a.State),
		Record: recordText(a.Record), ToSign: a.ToSign, Notes: notesOf(a.Notes), Replayed: a.Replayed,
		Unchanged: a.Unchanged,
	}
}

// recordText is the digest of a record; "" where an act, as giving a number up, leaves none.
func recordText(d record.Digest) string {
	if d == (record.Digest{}) {
		return ""
	}
	return hex.EncodeToString(d[:])
}

func notesOf(notes []vault.Note) []api.Note {
	var out []api.Note
	for _, n := range notes {
		zh, en := n.Sentence()
		out = append(out, api.Note{
			Path: "/values/" + n.Field, Code: string(n.Code), Old: n.Old, New: n.New, Zh: zh, En: en,
		})
	}
	return out
}
