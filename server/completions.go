package server

import (
	"context"
	"net/http"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

func (s *Server) registerCompletions() {
	add(s, operation{
		id: "declareComplete", method: http.MethodPost, path: "/licence-types/{code}/completions", tag: "licence-types",
		may: identity.MayDeclare, status: http.StatusNoContent, write: true,
		zh: "声明存量已全部转换", en: "declare the paper stock of a type converted",
	}, s.declareComplete)
}

type completionInput struct {
	Code string `path:"code" maxLength:"64" doc:"证照类型代码"`
	Body api.Completion
}

// declareComplete needs no idempotency key: what was declared once is declared.
func (s *Server) declareComplete(ctx context.Context, c *identity.Caller, in *completionInput) (*struct{}, error) {
	if err := checkType(c, in.Code); err != nil {
		return nil, err
	}
	a := writeAccess(c, "声明存量转换完成", "", "")
	if c.Role == identity.RoleOperator {
		a.Ground = vault.GroundOperator
	}
	return nil, s.cfg.Vault.DeclareComplete(ctx, a, in.Code, in.Body.Issuer, in.Body.Series)
}
