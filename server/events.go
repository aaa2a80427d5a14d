package server

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/feed"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

func (s *Server) registerEvents() {
	add(s, operation{
		id: "listEvents", method: http.MethodGet, path: "/events", tag: "events", may: identity.MayFollow,
		zh: "事件流：从某一序号起按序读取", en: "what happened, in order, from a sequence number on",
	}, s.listEvents)
}

type eventsInput struct {
	From    uint64 `query:"from" doc:"first sequence number wanted"`
	Limit   int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Kinds   string `query:"kinds" maxLength:"400" doc:"kinds of events, separated by commas; all if absent"`
	Types   string `query:"types" maxLength:"4000" doc:"type codes, separated by commas"`
	Content bool   `query:"content" doc:"bring the events as committed to in the ledger; for their issuer"`
}

type eventsOutput struct {
	Body api.EventPage
}

func (s *Server) listEvents(ctx context.Context, c *identity.Caller, in *eventsInput) (*eventsOutput, error) {
	types, err := typesOf(c, listOf(in.Types))
	if err != nil {
		return nil, err
	}
	kinds, err := kindsOf(listOf(in.Kinds))
	if err != nil {
		return nil, err
	}
	access := followAccess(c.ID, c.Department, clerkOf(c))
	access.Message = c.Message
	page, err := s.cfg.Vault.Events(ctx, access, vault.FeedQuery{
		From: in.From, Limit: in.Limit, Kinds: kinds, Types: types, Content: in.Content,
	})
	if err != nil {
		return nil, err
	}
	return &eventsOutput{Body: pageOf(page)}, nil
}

// followAccess is a department's to what concerns its licences, an operator's to all without content.
func followAccess(caller, department, clerk string) vault.Access {
	ground := vault.GroundOperator
	if department != "" {
		ground = vault.GroundIssuer
	}
	return vault.Access{Caller: caller, Purpose: "订阅证照事件", Ground: ground, Clerk: clerk}
}

func listOf(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// kindsOf refuses every kind that does not exist: a follower who misspells one would wait for ever.
func kindsOf(names []string) ([]record.Kind, error) {
	var kinds []record.Kind
	var unknown []error
	for _, name := range names {
		kind := record.Kind(name)
		if kind != vault.FeedOpened && !isNotice(kind) && !slices.Contains(record.Kinds(), kind) {
			p := codeProblem(CodeEventKind)
			d := &p.Errors[0]
			d.Found = name
			d.FixZh, d.FixEn = "请用下列名称："+kindNames("、"), "name one of "+kindNames(", ")
			unknown = append(unknown, p)
		}
		kinds = append(kinds, kind)
	}
	return kinds, together(unknown...)
}

// typesOf keeps a caller within its registration: who names no types, or an empty list, means all that it may touch.
func typesOf(c *identity.Caller, wanted []string) ([]string, error) {
	for _, typ := range wanted {
		if err := checkType(c, typ); err != nil {
			return nil, err
		}
	}
	switch {
	case len(wanted) > 0:
		return wanted, nil
	case c.Types != nil && len(c.Types) == 0: // an empty list would be kept as none, which is all
		return nil, identity.Refuse(identity.CodeTypeScope)
	}
	return c.Types, nil
}

func pageOf(p *vault.FeedPage) api.EventPage {
	out := api.EventPage{Events: make([]api.Event, 0, len(p.Items)), Next: p.Next, End: p.End}
	for i := range p.Items {
		out.Events = append(out.Events, eventOf(&p.Items[i]))
	}
	return out
}

func eventOf(item *vault.FeedItem) api.Event {
	e := api.Event{
		Sequence: item.Sequence, Kind: string(item.Kind), Identifier: item.Identifier, Number: item.Number,
		Version: item.Version, Recorded: item.Recorded, Batch: item.Batch, Message: item.Message, From: item.From,
		Dispute: item.Object,
		Raw:     item.Raw,
	}
	if !item.Effective.IsZero() {
		e.Effective = item.Effective.String()
	}
	if item.Raw != nil {
		e.Salt = item.Salt[:]
	}
	return e
}

// source is the vault's feed as webhooks send it, by the right that each owner has at the time.
type source struct{ s *Server }

var _ feed.Source = source{}

// Events implements feed.Source.
func (f source) Events(ctx context.Context, owner feed.Owner, q feed.Query) (*api.EventPage, error) {
	kinds, err := kindsOf(q.Kinds)
	if err != nil {
		return nil, err
	}
	types, err := f.reach(owner, q.Types)
	if err != nil {
		return nil, err
	}
	page, err := f.s.cfg.Vault.Events(ctx, followAccess(owner.ID, owner.Department, ""), vault.FeedQuery{
		From: q.From, Limit: q.Limit, Kinds: kinds, Types: types,
	})
	if err != nil {
		return nil, err
	}
	out := pageOf(page)
	return &out, nil
}

// reach is what an owner's systems may still touch of what was subscribed to. A registration may have been narrowed,
// given another role, or revoked since.
func (f source) reach(owner feed.Owner, wanted []string) ([]string, error) {
	g := f.s.cfg.Registry
	if g == nil {
		return wanted, nil
	}
	if g.Withdrawn(owner.ID) {
		return nil, identity.Refuse(identity.CodeRevoked)
	}
	types, ok := g.Together(owner.ID, identity.MayFollow, wanted)
	if !ok {
		return nil, identity.Refuse(identity.CodeTypeScope)
	}
	return types, nil
}

// End implements feed.Source.
func (f source) End(ctx context.Context) (uint64, error) { return f.s.cfg.Vault.FeedEnd(ctx) }

// Refused implements feed.Source.
func (source) Refused(err error) bool {
	return errors.Is(err, vault.ErrDenied) || errors.Is(err, vault.ErrUnknownCaller) ||
		identity.CodeOf(err) == identity.CodeRevoked || identity.CodeOf(err) == identity.CodeTypeScope
}

// kindNames are the kinds of events that the feed has.
func kindNames(between string) string {
	names := []string{string(vault.FeedOpened)}
	for _, k := range record.Kinds() {
		names = append(names, string(k))
	}
	return strings.Join(names, between)
}
