package server

import (
	"context"
	"net/http"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/identity"
)

func (s *Server) registerTypes() {
	add(s, operation{
		id: "listLicenceTypes", method: http.MethodGet, path: "/licence-types", tag: "licence-types",
		zh: "证照类型目录", en: "the catalogue of licence types", may: identity.MayReadTypes,
	}, s.listTypes)
	s.registerType()
}

type listTypesOutput struct {
	Body api.TypeList
}

func (s *Server) listTypes(ctx context.Context, _ *identity.Caller, _ *struct{}) (*listTypesOutput, error) {
	report, err := s.cfg.Vault.TypeReport(ctx)
	if err != nil {
		return nil, err
	}
	out := &listTypesOutput{Body: api.TypeList{Types: make([]api.TypeSummary, 0, len(report))}}
	for i := range report {
		t := &report[i]
		out.Body.Types = append(out.Body.Types, api.TypeSummary{
			Code: t.Code, Name: t.Name, Version: t.Version, Owner: t.Owner, Classification: string(t.Classification),
			Declared: t.Declared, Live: t.Live, Missing: t.Missing,
		})
	}
	return out, nil
}
