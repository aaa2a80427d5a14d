package server

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

func (s *Server) registerReplication() {
	add(s, operation{
		id: "transferLicence", method: http.MethodPost, path: "/transfers", tag: "replication",
		may: identity.MayReplicate, zh: "导出证照供上级证照库汇集", en: "a licence for another vault, byte for byte",
	}, s.transfer)
	add(s, operation{
		id: "importLicence", method: http.MethodPost, path: "/imports", tag: "replication", maxBody: largeBody,
		may: identity.MayReplicate, zh: "汇集另一证照库的证照", en: "take a licence over from another vault",
	}, s.importLicence)
}

type transferInput struct {
	Body api.TransferRequest
}

type transferOutput struct {
	Body api.Transfer
}

func (s *Server) transfer(ctx context.Context, c *identity.Caller, in *transferInput) (*transferOutput, error) {
	if err := checkIdentifier(c, in.Body.Identifier); err != nil {
		return nil, err
	}
	t, err := s.cfg.Vault.Export(ctx, writeAccess(c, "证照汇集", "", ""), in.Body.Identifier, in.Body.From)
	if err != nil {
		return nil, err
	}
	content, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	return &transferOutput{Body: api.Transfer{
		Identifier: t.Identifier, Next: t.From + len(t.Events), More: t.More, Content: content,
	}}, nil
}

type importInput struct {
	Write
	Body api.ImportRequest
}

type importOutput struct {
	Body api.Imported
}

func (s *Server) importLicence(ctx context.Context, c *identity.Caller, in *importInput) (*importOutput, error) {
	t, err := s.readTransfer(in.Body.Content)
	if err != nil {
		return nil, err
	}
	if err := checkIdentifier(c, t.Identifier); err != nil {
		return nil, err
	}
	out, err := s.cfg.Vault.Import(ctx, writeAccess(c, "证照汇集", in.Item, in.Case), t)
	if err != nil {
		return nil, err
	}
	return &importOutput{Body: api.Imported{
		Identifier: out.Identifier, Events: out.Events, Added: out.Added, State: string(out.State),
	}}, nil
}

// readTransfer reads what another vault has written; what is not of that form is told place by place.
func (s *Server) readTransfer(content []byte) (*vault.Transfer, error) {
	t := new(vault.Transfer)
	dec := json.NewDecoder(bytes.NewReader(content))
	dec.DisallowUnknownFields()
	if checkJSON(content) == nil && dec.Decode(t) == nil {
		return t, nil
	}
	p := codeProblem(CodeTransfer)
	p.Errors[0].Path = "/content"
	if bad := s.formOf(vault.Transfer{}).misfit(content); bad != nil {
		for _, d := range bad.Errors {
			d.Path = "/content" + d.Path
			p.Errors = append(p.Errors, d)
		}
	}
	return nil, p
}
