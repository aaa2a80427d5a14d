package server

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"net/http"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
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
	add(s, operation{
		id: "transferContent", method: http.MethodGet, path: "/transfers/{identifier}/contents/{digest}",
		tag: "replication", may: identity.MayReplicate, produces: []string{mediaBytes},
		zh: "导出单独传送的大文件", en: "a content that is too large to come along with its transfer",
	}, s.transferContent)
	add(s, operation{
		id: "importContent", method: http.MethodPost, path: "/imports/{identifier}/contents", tag: "replication",
		status: http.StatusCreated, write: true, maxBody: blob.MaxBytes, consumes: []string{mediaBytes},
		may: identity.MayReplicate, zh: "接收单独传送的大文件", en: "take a content over before the import that names it",
	}, s.importContent)
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
		Identifier: t.Identifier, Next: t.From + len(t.Events), More: t.More, Content: content, Apart: digests(t.Apart),
	}}, nil
}

func digests(list []record.Digest) []string {
	var out []string
	for _, d := range list {
		out = append(out, hex.EncodeToString(d[:]))
	}
	return out
}

type transferContentInput struct {
	Identifier string `path:"identifier" maxLength:"200"`
	Digest     string `path:"digest" pattern:"^[0-9a-f]{64}$" patternDescription:"SM3 in hexadecimal"`
	From       int    `query:"from" required:"true" minimum:"1" doc:"of the transfer"`
}

func (s *Server) transferContent(
	ctx context.Context, c *identity.Caller, in *transferContentInput,
) (*fileOutput, error) {
	if err := checkIdentifier(c, in.Identifier); err != nil {
		return nil, err
	}
	digest, ok := fromHex(in.Digest)
	if !ok {
		return nil, absent("digest")
	}
	content, err := s.cfg.Vault.ExportContent(ctx, writeAccess(c, "证照汇集", "", ""), in.Identifier, in.From, digest)
	if err != nil {
		return nil, err
	}
	return file(mediaBytes, in.Digest, content), nil
}

type importContentInput struct {
	Identifier string `path:"identifier" maxLength:"200"`
	RawBody    []byte `contentType:"application/octet-stream"`
}

type importContentOutput struct {
	Body api.KeptContent
}

// importContent needs no idempotency key: the same content once more is kept once.
func (s *Server) importContent(
	ctx context.Context, c *identity.Caller, in *importContentInput,
) (*importContentOutput, error) {
	if err := checkIdentifier(c, in.Identifier); err != nil {
		return nil, err
	}
	kept, err := s.cfg.Vault.KeepContent(ctx, writeAccess(c, "证照汇集", "", ""), in.Identifier, in.RawBody)
	if err != nil {
		return nil, err
	}
	return &importContentOutput{api.KeptContent{
		Digest: hex.EncodeToString(kept.Digest[:]), Address: kept.Address.String(),
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
	if t.Kept, err = keptContents(in.Body.Kept); err != nil {
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

func keptContents(list []api.KeptContent) ([]vault.KeptContent, error) {
	var out []vault.KeptContent
	for _, k := range list {
		digest, isDigest := fromHex(k.Digest)
		address, isAddress := fromHex(k.Address)
		if !isDigest || !isAddress {
			return nil, codeProblem(CodeTransfer)
		}
		out = append(out, vault.KeptContent{Digest: digest, Address: address})
	}
	return out, nil
}

// fromHex reads 32 bytes in hexadecimal.
func fromHex(text string) (out [32]byte, ok bool) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(out) {
		return out, false
	}
	return [32]byte(b), true
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
