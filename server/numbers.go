package server

import (
	"context"
	"net/http"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

func (s *Server) registerNumbers() {
	add(s, operation{
		id: "listNumbers", method: http.MethodGet, path: "/numbers", tag: "licences", may: identity.MayIssue,
		zh: "编号台账：每个号的去向", en: "what became of every number that the vault allocated",
	}, s.numbers)
}

type numbersInput struct {
	Type  string `query:"type" required:"true" minLength:"1" maxLength:"64" doc:"type code"`
	After string `query:"after" maxLength:"700" doc:"next of the page before"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"500" doc:"most numbers in an answer"`
}

type numbersOutput struct{ Body api.NumberList }

func (s *Server) numbers(ctx context.Context, c *identity.Caller, in *numbersInput) (*numbersOutput, error) {
	if err := checkType(c, in.Type); err != nil {
		return nil, err
	}
	page, err := s.cfg.Vault.NumberPage(ctx, writeAccess(c, "核对编号", "", ""), vault.NumberQuery{
		Type: in.Type, After: in.After, Limit: in.Limit,
	})
	if err != nil {
		return nil, members{"cursor": "after"}.point(err)
	}
	out := &numbersOutput{Body: api.NumberList{Numbers: make([]api.NumberUse, len(page.Uses)), Next: page.Next}}
	for i := range page.Uses {
		u := &page.Uses[i]
		out.Body.Numbers[i] = api.NumberUse{
			Series: u.Scope, Sequence: u.Sequence, Through: u.Through, Number: u.Number, Identifier: u.Identifier,
			State: string(u.State), StateZh: u.State.Chinese(), Reason: u.Reason,
		}
	}
	return out, nil
}
