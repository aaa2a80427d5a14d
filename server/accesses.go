package server

import (
	"context"
	"net/http"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/identity"
)

func (s *Server) registerAccesses() {
	add(s, operation{
		id: "listAccesses", method: http.MethodGet, path: "/accesses", tag: "accesses",
		zh: "谁看过本人的证照", en: "who looked at one's own licences, when and why", may: identity.MaySeeAccesses,
	}, s.accesses)
}

type accessesInput struct {
	Owning

	Before int `query:"before" minimum:"0" doc:"next of the page before; absent: the newest"`
	Limit  int `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"most looks in an answer"`
}

type accessesOutput struct {
	Body api.Accesses
}

func (s *Server) accesses(ctx context.Context, c *identity.Caller, in *accessesInput) (*accessesOutput, error) {
	list, err := s.cfg.Vault.Accesses(ctx, s.own(ctx, c, in.Purpose, in.Case), in.Before, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &accessesOutput{Body: api.Accesses{Accesses: make([]api.Seen, 0, len(list))}}
	for i := range list {
		e := &list[i]
		out.Body.Accesses = append(out.Body.Accesses, api.Seen{
			Number: e.Number, Time: e.Time, Act: e.Act, Department: e.Department, Name: e.Name, Caller: e.Asked.Caller,
			Purpose: e.Asked.Purpose, Item: e.Asked.Item, Case: e.Asked.Case, Ground: e.Asked.Ground,
			Basis: e.Asked.Basis, Licence: e.Licence, Type: e.Type,
		})
	}
	if len(list) == in.Limit {
		out.Body.Next = list[len(list)-1].Number
	}
	return out, nil
}
