package server

import (
	"context"
	"net/http"
	"strconv"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

func (s *Server) registerBatches() {
	add(s, operation{
		id: "issueBatch", method: http.MethodPost, path: "/batches", tag: "batches", may: identity.MayIssue,
		write: true, maxBody: largeBody,
		zh: "成批签发，逐项回答", en: "issue many, answered item by item",
	}, s.issueBatch)
}

type batchInput struct {
	Item     string `query:"item" maxLength:"200" doc:"事项 code"`
	Case     string `query:"case" maxLength:"200" doc:"case number"`
	Validate string `query:"validate" enum:"only" doc:"only: everything is checked and nothing changed"`
	Body     api.BatchRequest
}

type batchOutput struct {
	Body api.BatchAnswer
}

// batchItem is one item on its way.
type batchItem struct {
	request vault.Request
	as      *spelling
	err     error
	notes   []vault.Note
	answer  *vault.Answer
}

// issueBatch needs no idempotency key of its own: each item has one, under which it may be sent again alone as well.
func (s *Server) issueBatch(ctx context.Context, c *identity.Caller, in *batchInput) (*batchOutput, error) {
	items := make([]batchItem, len(in.Body.Items))
	for i := range items {
		b, item := &in.Body.Items[i], &items[i]
		if item.err = checkType(c, b.Type); item.err == nil {
			item.request, item.as, item.err = s.request(ctx, b.Key, &b.IssueRequest)
		}
	}
	a := writeAccess(c, "签发", in.Item, in.Case)
	if in.Validate != "" {
		s.validateItems(ctx, a, items)
	} else {
		s.issueItems(ctx, a, items)
		for i := range items {
			s.countIssue(ctx, c, &items[i].request, items[i].answer, items[i].err)
		}
	}
	out := &batchOutput{Body: api.BatchAnswer{Items: make([]api.BatchOutcome, len(items))}}
	for i := range items {
		o := s.outcomeOf(ctx, &items[i], in.Validate != "")
		o.Key = in.Body.Items[i].Key
		out.Body.Items[i] = o
		switch {
		case o.Problem != nil:
			prefix(o.Problem, "/items/"+strconv.Itoa(i))
			out.Body.Refused++
		case o.Written != nil && o.Written.Replayed:
			out.Body.Replayed++
		default:
			out.Body.Done++
		}
	}
	return out, nil
}

func (s *Server) validateItems(ctx context.Context, a vault.Access, items []batchItem) {
	for i := range items {
		if item := &items[i]; item.err == nil {
			item.notes, item.err = s.cfg.Vault.Validate(ctx, a, item.request)
		}
	}
}

func (s *Server) issueItems(ctx context.Context, a vault.Access, items []batchItem) {
	var requests []vault.Request
	var sent []*batchItem
	for i := range items {
		if items[i].err == nil {
			requests, sent = append(requests, items[i].request), append(sent, &items[i])
		}
	}
	for i, r := range s.cfg.Vault.IssueBatch(ctx, a, requests) {
		sent[i].answer, sent[i].err = r.Answer, r.Err
	}
}

// outcomeOf answers an item as the single request would have been answered.
func (s *Server) outcomeOf(ctx context.Context, item *batchItem, validated bool) api.BatchOutcome {
	if item.err != nil {
		err := item.err
		if item.as != nil {
			err = item.as.point(err)
		}
		p := s.problem(ctx, err).Problem
		for i := range p.Errors { // an item has its key among its members
			if p.Errors[i].Path == keyHeader {
				p.Errors[i].Path = "/" + keyField
			}
		}
		return api.BatchOutcome{Status: p.Status, Problem: &p}
	}
	if validated {
		return api.BatchOutcome{
			Status: http.StatusOK, Validated: &api.Validated{Valid: true, Notes: notesOf(item.notes)},
		}
	}
	w := writtenOf(item.answer)
	status := http.StatusCreated
	if w.Replayed {
		status = http.StatusOK
	}
	return api.BatchOutcome{Status: status, Written: &w}
}

// prefix makes the places of a problem those of an item within the whole request.
func prefix(p *api.Problem, path string) {
	for i := range p.Errors {
		if at := p.Errors[i].Path; at == "" || at[0] == '/' {
			p.Errors[i].Path = path + at
		}
	}
}
