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
	kind    record.Kind // "": the request says it
	do      func(*vault.Vault, context.Context, vault.Access, vault.Act) (*vault.Answer, error)
}

// acts are the changes of a licence, each a resource below it.
var acts = []act{
	{
		operation{id: "changeLicence", path: "changes", zh: "变更", en: "change the content"},
		"变更", record.EventChanged, (*vault.Vault).Change,
	},
	{
		operation{id: "renewLicence", path: "renewals", zh: "延续", en: "renew the validity"},
		"延续", record.EventRenewed, (*vault.Vault).Renew,
	},
	{
		operation{id: "reissueLicence", path: "reissues", zh: "补发", en: "a new paper"},
		"补发", record.EventReissued, (*vault.Vault).Reissue,
	},
	{
		operation{id: "suspendLicence", path: "suspensions", zh: "暂停", en: "suspend"},
		"暂停", record.EventSuspended, (*vault.Vault).Suspend,
	},
	{
		operation{id: "resumeLicence", path: "resumptions", zh: "恢复", en: "resume"},
		"恢复", record.EventResumed, (*vault.Vault).Resume,
	},
	{
		operation{id: "revokeLicence", path: "revocations", zh: "注销、吊销或撤销", en: "end"},
		"失效", "", (*vault.Vault).Revoke,
	},
}

func (s *Server) registerActs() {
	for _, a := range acts {
		op := a.operation
		op.method, op.tag, op.may, op.maxBody = http.MethodPost, "licences", identity.MayAct, imageBody
		op.path, op.again = "/licences/{identifier}/"+op.path, true
		add(s, op, func(ctx context.Context, c *identity.Caller, in *actInput) (*writtenOutput, error) {
			return s.act(ctx, c, a, in)
		})
	}
}

type actInput struct {
	Write
	Identifier string `path:"identifier" maxLength:"200"`
	IfMatch    string `header:"If-Match" maxLength:"16" doc:"the version that the caller saw, in quotes"`
	Validate   string `query:"validate" enum:"only" doc:"only: everything is checked and nothing changed"`
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
	values, as, err := s.shortValues(ctx, typeIn(in.Identifier), "values", in.Body.Values)
	if err != nil {
		return nil, err
	}
	images, err := s.shortImages(ctx, typeIn(in.Identifier), in.Body.Images)
	if err != nil {
		return nil, err
	}
	access := writeAccess(c, a.purpose, in.Item, in.Case)
	wanted := vault.Act{
		Key: in.Key, Identifier: in.Identifier, Kind: a.kind, Version: version, Effective: effective,
		Basis: in.Body.Basis, Reason: in.Body.Reason, Values: values, Images: images,
		Paper: in.Body.Paper,
	}
	if wanted.Kind == "" {
		if in.Body.Kind == "" {
			return nil, misfit(http.StatusUnprocessableEntity, []error{missing("kind")})
		}
		wanted.Kind = record.Kind(in.Body.Kind)
	}
	if in.Validate != "" {
		notes, err := s.cfg.Vault.ValidateAct(ctx, access, wanted)
		return validatedAnswer(notes, as.point(err))
	}
	answer, err := a.do(s.cfg.Vault, ctx, access, wanted)
	return writtenAnswer(http.StatusOK, answer, as.point(err))
}

func quoted(version int) string { return `"` + strconv.Itoa(version) + `"` }

// versionOf reads If-Match; 0 if it is absent or any.
func versionOf(ifMatch string) (int, error) {
	if ifMatch == "" || ifMatch == "*" {
		return 0, nil
	}
	text, ok := strings.CutPrefix(ifMatch, `"`)
	text, closed := strings.CutSuffix(text, `"`)
	n, err := strconv.Atoi(text)
	if !ok || !closed || err != nil || n < 1 || n > 999 || strconv.Itoa(n) != text {
		return 0, codeProblem(CodeIfMatch)
	}
	return n, nil
}
