package server

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// act is one way in which a licence changes.
type act struct {
	operation
	purpose string
	do      func(*vault.Vault, context.Context, vault.Access, vault.Act) (*vault.Answer, error)
}

// acts are the changes of a licence, each a resource below it.
var acts = []act{
	{operation{id: "changeLicence", path: "changes", zh: "变更", en: "change the content"}, "变更", (*vault.Vault).Change},
	{operation{id: "renewLicence", path: "renewals", zh: "延续", en: "renew the validity"}, "延续", (*vault.Vault).Renew},
	{operation{id: "reissueLicence", path: "reissues", zh: "补发", en: "a new paper"}, "补发", (*vault.Vault).Reissue},
	{operation{id: "suspendLicence", path: "suspensions", zh: "暂停", en: "suspend"}, "暂停", (*vault.Vault).Suspend},
	{operation{id: "resumeLicence", path: "resumptions", zh: "恢复", en: "resume"}, "恢复", (*vault.Vault).Resume},
	{operation{id: "revokeLicence", path: "revocations", zh: "注销、吊销或撤销", en: "end"}, "失效", (*vault.Vault).Revoke},
}

func (s *Server) registerActs() {
	for _, a := range acts {
		op := a.operation
		op.method, op.tag, op.may = http.MethodPost, "licences", identity.MayAct
		op.path = "/licences/{identifier}/" + op.path
		add(s, op, func(ctx context.Context, c *identity.Caller, in *actInput) (*writtenOutput, error) {
			return s.act(ctx, c, a, in)
		})
	}
}

type actInput struct {
	Write
	Identifier string `path:"identifier" maxLength:"200"`
	IfMatch    string `header:"If-Match" maxLength:"16" doc:"the version that the caller saw, in quotes"`
	Body       api.ActRequest
}

func (s *Server) act(ctx context.Context, c *identity.Caller, a act, in *actInput) (*writtenOutput, error) {
	if err := checkIdentifier(c, in.Identifier); err != nil {
		return nil, err
	}
	version, err := versionOf(in.IfMatch)
	if err != nil {
		return nil, err
	}
	effective, err := dateOf("effective", in.Body.Effective)
	if err != nil {
		return nil, err
	}
	answer, err := a.do(s.cfg.Vault, ctx, writeAccess(c, a.purpose, in.Item, in.Case), vault.Act{
		Key: in.Key, Identifier: in.Identifier, Kind: record.Kind(in.Body.Kind), Version: version, Effective: effective,
		Basis: in.Body.Basis, Reason: in.Body.Reason, Values: in.Body.Values, Paper: in.Body.Paper,
	})
	return writtenAnswer(http.StatusOK, answer, err)
}

// versionOf reads If-Match; 0 if it is absent or any.
func versionOf(ifMatch string) (int, error) {
	if ifMatch == "" || ifMatch == "*" {
		return 0, nil
	}
	text, ok := strings.CutPrefix(ifMatch, `"`)
	text, closed := strings.CutSuffix(text, `"`)
	n, err := strconv.Atoi(text)
	if !ok || !closed || err != nil || n < 1 || n > 999 {
		return 0, codeProblem(CodeIfMatch)
	}
	return n, nil
}
