package server

import (
	"context"
	"net/http"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

func (s *Server) registerComparisons() {
	add(s, operation{
		id: "compare", method: http.MethodPost, path: "/comparisons", tag: "comparisons",
		zh: "比对查验", en: "compare what an applicant says with the vault", may: identity.MayCompare,
	}, s.compare)
}

type compareInput struct {
	Body api.ComparisonRequest
}

type compareOutput struct {
	Body api.ComparisonAnswer
}

func (s *Server) compare(ctx context.Context, c *identity.Caller, in *compareInput) (*compareOutput, error) {
	a, err := s.compared(ctx, c, s.accessOf(ctx, c, in.Body.Asked), &in.Body.Comparison)
	if err != nil {
		return nil, err
	}
	return &compareOutput{Body: *a}, nil
}

// compared is one comparison, alone or as a row of many: the same question has the same verdict.
func (s *Server) compared(
	ctx context.Context, c *identity.Caller, a vault.Access, q *api.Comparison,
) (*api.ComparisonAnswer, error) {
	if err := checkQuery(c, q.Type, q.Identifier); err != nil {
		return nil, err
	}
	res, err := s.cfg.Vault.Compare(ctx, a, vault.Query{
		Identifier: q.Identifier, Type: q.Type, Number: q.Number, Issuer: q.Issuer,
		HolderKind: holderOf(q.Holder).Kind, HolderCode: holderOf(q.Holder).Code,
	}, q.Claims)
	if err != nil {
		return nil, asWritten("claims", q.Claims).point(err)
	}
	s.countComparison(ctx, res)
	out := comparisonOf(res)
	return &out, nil
}

func comparisonOf(r *vault.Comparison) api.ComparisonAnswer {
	a := api.ComparisonAnswer{
		Result: r.Result, Identifier: r.Identifier, State: string(r.State), SourceTime: r.SourceTime,
		Receipt: receiptOf(r.Receipt),
	}
	if r.State != "" {
		a.StateZh = r.State.Chinese()
	}
	for _, f := range r.Fields {
		a.Fields = append(a.Fields, api.FieldVerdict{
			Field: f.Field, Label: f.Label, Verdict: string(f.Verdict), VerdictZh: f.Verdict.Chinese(), Rules: f.Rules,
		})
	}
	return a
}
