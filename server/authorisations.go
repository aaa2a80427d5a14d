package server

import (
	"context"
	"net/http"
	"time"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

func (s *Server) registerAuthorisations() {
	add(s, operation{
		id: "authorise", method: http.MethodPost, path: "/authorisations", tag: "authorisations",
		status: http.StatusCreated, may: identity.MayConsent,
		answers: map[int][]any{http.StatusCreated: {api.Authorisation{}}, http.StatusOK: {api.Authorisation{}}},
		zh:      "授权一个部门查询本人的证照", en: "let a department see one's own licences",
	}, s.authorise)
	add(s, operation{
		id: "listAuthorisations", method: http.MethodGet, path: "/authorisations", tag: "authorisations",
		zh: "本人给过的授权", en: "what one has consented to", may: identity.MayConsent,
	}, s.authorisations)
	add(s, operation{
		id: "withdrawAuthorisation", method: http.MethodPost, path: "/authorisations/{id}/withdrawal",
		tag: "authorisations", status: http.StatusNoContent, write: true, may: identity.MayConsent,
		zh: "收回授权", en: "take a consent back",
	}, s.withdraw)
	add(s, operation{
		id: "getGrounds", method: http.MethodGet, path: "/grounds", tag: "authorisations",
		zh: "本调用方可用的依据", en: "on what the caller may ask", may: identity.MayReadTypes,
	}, s.grounds)
}

// own is the access of a holder to what is his own.
func (s *Server) own(ctx context.Context, c *identity.Caller, purpose, caseNumber string) vault.Access {
	return s.accessOf(ctx, c, api.Asked{Purpose: purpose, Case: caseNumber, Ground: string(vault.GroundHolder)})
}

type authoriseInput struct {
	Key  string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"128" doc:"made anew for each request"`
	Body api.AuthorisationRequest
}

func (in *authoriseInput) idempotencyKey() string { return in.Key }

type authorisationOutput struct {
	Status   int
	Replayed string `header:"X-Replayed"`
	Body     api.Authorisation
}

func (s *Server) authorise(ctx context.Context, c *identity.Caller, in *authoriseInput) (*authorisationOutput, error) {
	until, err := time.ParseInLocation(time.DateOnly, in.Body.Until, s.cfg.Vault.Zone())
	if err != nil {
		return nil, badDate("until", in.Body.Until)
	}
	given, err := s.cfg.Vault.Grant(ctx, s.own(ctx, c, in.Body.Purpose, in.Body.Case), vault.ConsentRequest{
		Key: in.Key, Department: in.Body.Department, Case: in.Body.OnlyCase, Types: in.Body.OnlyTypes,
		Until: until.AddDate(0, 0, 1),
	})
	if err != nil {
		return nil, grantWords.point(err)
	}
	out := &authorisationOutput{Status: http.StatusCreated, Body: s.authorisationOf(given)}
	if given.Replayed {
		out.Status, out.Replayed, out.Body.Replayed = http.StatusOK, "true", true
	}
	return out, nil
}

// grantWords are the members of an authorisation that the vault calls otherwise.
var grantWords = members{"types": "onlyTypes", "case": "onlyCase"}

func (s *Server) authorisationOf(c *vault.Consent) api.Authorisation {
	a := api.Authorisation{
		ID: c.ID, State: "open", StateZh: "有效", Department: c.Department, OnlyCase: c.Case, OnlyTypes: c.Types,
		Granted: c.Granted, Expires: c.Expires, Withdrawn: c.Withdrawn,
	}
	switch {
	case !c.Withdrawn.IsZero():
		a.State, a.StateZh = "withdrawn", "已收回"
	case !s.cfg.Now().Before(c.Expires):
		a.State, a.StateZh = "ended", "已到期"
	}
	return a
}

// Owning are the parameters of a read of what is a holder's own.
type Owning struct {
	Purpose string `query:"purpose" required:"true" minLength:"1" maxLength:"200" doc:"用途: why this is asked"`
	Case    string `query:"case" maxLength:"200" doc:"case number"`
}

type authorisationsOutput struct {
	Body api.Authorisations
}

func (s *Server) authorisations(ctx context.Context, c *identity.Caller, in *Owning) (*authorisationsOutput, error) {
	list, err := s.cfg.Vault.Consents(ctx, s.own(ctx, c, in.Purpose, in.Case))
	if err != nil {
		return nil, err
	}
	out := &authorisationsOutput{Body: api.Authorisations{Authorisations: make([]api.Authorisation, 0, len(list))}}
	for i := range list {
		out.Body.Authorisations = append(out.Body.Authorisations, s.authorisationOf(&list[i]))
	}
	return out, nil
}

type withdrawInput struct {
	ID   string `path:"id" maxLength:"64" doc:"of the authorisation"`
	Body api.Asking
}

// withdraw needs no idempotency key: a consent that was taken back stays so.
func (s *Server) withdraw(ctx context.Context, c *identity.Caller, in *withdrawInput) (*struct{}, error) {
	return nil, s.cfg.Vault.Withdraw(ctx, s.own(ctx, c, in.Body.Purpose, in.Body.Case), in.ID)
}

type groundsOutput struct {
	Body api.Grounds
}

func (s *Server) grounds(ctx context.Context, c *identity.Caller, _ *struct{}) (*groundsOutput, error) {
	r, err := s.cfg.Vault.Registration(ctx, writeAccess(c, "查看登记", "", ""))
	if err != nil {
		return nil, err
	}
	out := api.Grounds{
		Caller: c.ID, Department: r.Department, Issues: []string{}, Bases: r.Bases, MaxLevel: r.MaxLevel.String(),
	}
	for _, t := range r.Issues {
		if c.Covers(t) {
			out.Issues = append(out.Issues, t)
		}
	}
	if out.Bases == nil {
		out.Bases = []string{}
	}
	return &groundsOutput{Body: out}, nil
}
