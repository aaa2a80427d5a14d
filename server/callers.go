package server

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

// registerCallers lets the operator say what callers may do while the service runs. A caller is put as a whole, so a
// repetition changes nothing.
func (s *Server) registerCallers() {
	add(s, operation{
		id: "listCallers", method: http.MethodGet, path: "/callers", tag: "registrations", may: identity.MayOperate,
		zh: "已登记的调用方", en: "callers, and what they may do",
	}, s.listCallers)
	add(s, operation{
		id: "putCaller", method: http.MethodPut, path: "/callers/{id}", tag: "registrations", may: identity.MayOperate,
		write: true, maxBody: 512 << 10,
		zh: "登记调用方或更改登记", en: "register a caller, or change what it may do",
	}, s.putCaller)
}

type listCallersInput struct {
	After string `query:"after" maxLength:"64" doc:"next of the page before"`
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"most callers in an answer"`
}

type listCallersOutput struct{ Body api.CallerList }

func (s *Server) listCallers(
	ctx context.Context, c *identity.Caller, in *listCallersInput,
) (*listCallersOutput, error) {
	list, err := s.cfg.Vault.Callers(ctx, oversight(c, "查看调用方"))
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b vault.Caller) int { return strings.Compare(a.ID, b.ID) })
	list = slices.DeleteFunc(list, func(x vault.Caller) bool { return x.ID <= in.After })
	out := &listCallersOutput{}
	if len(list) > in.Limit {
		list = list[:in.Limit]
		out.Body.Next = list[in.Limit-1].ID
	}
	out.Body.Callers = make([]api.CallerStanding, len(list))
	for i := range list {
		out.Body.Callers[i] = callerOf(&list[i])
	}
	return out, nil
}

func callerOf(x *vault.Caller) api.CallerStanding {
	return api.CallerStanding{
		ID: x.ID, Operator: x.Operator, CallerRights: api.CallerRights{
			Department: x.Department, Name: x.Name, Issues: x.Issues, Bases: x.Bases, MaxLevel: x.MaxLevel.String(),
			Auditor: x.Auditor,
		},
	}
}

type putCallerInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body api.CallerRights
}

type callerOutput struct{ Body api.CallerStanding }

// putCaller makes no operator and changes none: who runs the vault is decided where its data are, so that a stolen
// operator's credential can neither multiply nor lock the others out.
func (s *Server) putCaller(ctx context.Context, c *identity.Caller, in *putCallerInput) (*callerOutput, error) {
	a := oversight(c, "登记调用方")
	list, err := s.cfg.Vault.Callers(ctx, a)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(list, func(x vault.Caller) bool { return x.ID == in.ID && x.Operator }) {
		return nil, codeProblem(CodeOperatorAway)
	}
	b := &in.Body
	x := vault.Caller{
		ID: in.ID, Department: b.Department, Name: b.Name, Issues: b.Issues, Bases: b.Bases,
		MaxLevel: levels[b.MaxLevel], Auditor: b.Auditor,
	}
	if err := s.cfg.Vault.PutCaller(ctx, a, x); err != nil {
		return nil, members{"max_level": "maxLevel"}.point(err)
	}
	return &callerOutput{callerOf(&x)}, nil
}
