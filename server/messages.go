package server

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/trace"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

// Every request is a message with an id: the one that it brings in traceparent (W3C Trace Context), or one of our own
// making. By it the request stands in the answer, the log, the audit and the events that it caused, and can be found.

type traceKey struct{}

// traceOf is the id of the request.
func traceOf(ctx context.Context) string {
	id, _ := ctx.Value(traceKey{}).(string)
	return id
}

// wrongMessage is where a request keeps that the id which it brought is none.
const wrongMessage = "wrong-message"

// trace gives every request its id. One that is malformed is put aside here, so that also its refusal has an id.
func (s *Server) trace(c *gin.Context) {
	id, err := trace.Parse(c.Request.Header.Values(trace.Field))
	if err != nil {
		c.Set(wrongMessage, true)
	}
	if id == "" {
		if id, err = trace.New(s.cfg.Rand); err != nil {
			c.AbortWithStatus(http.StatusServiceUnavailable)
			return
		}
	}
	c.Header(api.HeaderTrace, id)
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), traceKey{}, id))
	c.Next()
}

// refuseWrongMessage refuses a request that could not be traced by the id that its sender believes it has.
func (s *Server) refuseWrongMessage(c *gin.Context) {
	if c.GetBool(wrongMessage) {
		d := sentenceDefect(vault.CodeMessage)
		d.Path = "header." + trace.Field
		s.writeProblem(c, s.problem(c.Request.Context(), defects([]api.Defect{d})))
	}
}

// indexEvery is how often the index of messages is brought up to the audit.
const indexEvery = time.Minute

// indexMessages keeps the index of messages close to the audit, so that a trace has little to wait for.
func (s *Server) indexMessages(ctx context.Context) error {
	for every := time.NewTicker(indexEvery); ; {
		select {
		case <-ctx.Done():
			every.Stop()
			return nil
		case <-every.C:
		}
		if err := s.cfg.Vault.IndexMessages(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Log.WarnContext(ctx, "indexing messages failed", "error", err.Error())
		}
	}
}

func (s *Server) registerMessages() {
	add(s, operation{
		id: "traceMessage", method: http.MethodGet, path: "/messages/{id}", tag: "messages", may: identity.MayTrace,
		zh: "追踪一个报文：审计记录和引起的事件", en: "everything that belongs to a message: audit entries and events",
	}, s.traceMessage)
}

type traceInput struct {
	ID string `path:"id" minLength:"32" maxLength:"32" pattern:"^[0-9a-f]{32}$" doc:"X-Trace-Id of an answer"`
}

type traceOutput struct {
	Body api.MessageTrail
}

func (s *Server) traceMessage(ctx context.Context, c *identity.Caller, in *traceInput) (*traceOutput, error) {
	found, err := s.cfg.Vault.Trace(ctx, oversight(c, "追踪报文"), in.ID)
	if err != nil {
		return nil, err
	}
	out := api.MessageTrail{Message: in.ID, Entries: []api.MessageEntry{}, Events: []api.Event{}, More: found.More}
	for i := range found.Entries {
		e := &found.Entries[i]
		q := &e.Asked
		out.Entries = append(out.Entries, api.MessageEntry{
			Number: e.Number, Time: e.Time, Act: e.Act, Result: e.Result, Caller: q.Caller, Clerk: e.Clerk,
			Purpose: q.Purpose, Item: q.Item, Case: q.Case, Ground: q.Ground, Basis: q.Basis, Type: e.Type,
			Identifier: e.Licence,
			Batch:      e.Batch, Object: e.Object, Change: e.Change, Reason: e.Reason, Count: e.Count,
		})
	}
	for i := range found.Events {
		e := &found.Events[i]
		out.Events = append(out.Events, api.Event{
			Kind: string(e.Kind), Identifier: e.Identifier, Number: e.Number, Version: e.Version,
			Effective: e.Effective.String(), Recorded: e.Recorded, Batch: e.Batch, Message: e.Message,
		})
	}
	return &traceOutput{Body: out}, nil
}
