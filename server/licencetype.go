package server

import (
	"bytes"
	"context"
	"encoding/hex"
	"net/http"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
)

func (s *Server) registerType() {
	add(s, operation{
		id: "getLicenceType", method: http.MethodGet, path: "/licence-types/{code}", tag: "licence-types",
		zh: "证照类型及其要素", en: "a licence type with its elements", may: identity.MayReadTypes,
	}, s.getType)
	add(s, operation{
		id: "putLicenceType", method: http.MethodPut, path: "/licence-types/{code}", tag: "licence-types",
		zh: "登记证照类型的新定义", en: "declare a licence type or its next version", may: identity.MayWriteTypes,
		write: true, maxBody: catalogue.MaxTypeBytes, consumes: []string{mediaYAML, mediaJSON},
		answers: map[int][]any{http.StatusOK: {api.LicenceType{}, api.Validated{}}},
	}, s.putType)
}

type getTypeInput struct {
	Code string `path:"code" maxLength:"64" doc:"证照类型代码"`
}

type typeOutput struct {
	Body api.LicenceType
}

func (s *Server) getType(ctx context.Context, _ *identity.Caller, in *getTypeInput) (*typeOutput, error) {
	t, err := s.cfg.Vault.Type(ctx, in.Code)
	if err != nil {
		return nil, err
	}
	body, err := typeOf(t)
	return &typeOutput{body}, err
}

type putTypeInput struct {
	Code     string `path:"code" maxLength:"64" doc:"证照类型代码"`
	Validate string `query:"validate" enum:"only" doc:"only: everything is checked and nothing changed"`
	RawBody  []byte `contentType:"application/yaml"`
}

type putTypeOutput struct {
	Body any
}

// putType needs no idempotency key: putting the definition in force again changes nothing.
func (s *Server) putType(ctx context.Context, c *identity.Caller, in *putTypeInput) (*putTypeOutput, error) {
	if err := checkType(c, in.Code); err != nil {
		return nil, err
	}
	if def, err := catalogue.ParseType(in.RawBody); err == nil && def.Code != in.Code {
		p := codeProblem(CodeTypePath)
		p.Errors[0].Path = "/code"
		return nil, p
	}
	a := writeAccess(c, "登记证照类型", "", "")
	if in.Validate != "" {
		if err := s.cfg.Vault.ValidateType(ctx, a, in.RawBody); err != nil {
			return nil, err
		}
		return &putTypeOutput{api.Validated{Valid: true}}, nil
	}
	t, err := s.cfg.Vault.PutType(ctx, a, in.RawBody)
	if err != nil {
		return nil, err
	}
	if s.cfg.Declared != nil {
		if err := s.cfg.Declared(ctx, c.ID, in.Code); err != nil {
			return nil, err
		}
	}
	body, err := typeOf(t)
	return &putTypeOutput{body}, err
}

func typeOf(t *vault.LicenceType) (api.LicenceType, error) {
	definition, err := t.Definition.Encode()
	if err != nil {
		return api.LicenceType{}, err
	}
	out := api.LicenceType{
		Code: t.Definition.Code, Name: t.Definition.Name, Version: t.Definition.Version, Owner: t.Owner,
		Digest: hex.EncodeToString(t.Digest[:]), Definition: bytes.TrimSpace(definition),
	}
	english := englishNames()
	for _, c := range t.Columns() {
		out.Elements = append(out.Elements, api.Element{
			Name: c.Name, English: english[c.Name], Label: c.Label, Kind: string(c.Kind), Format: string(c.Format),
			Required: c.Required, Personal: c.Personal, Metadata: c.Meta, Enum: c.Rules.Enum, Pattern: c.Rules.Pattern,
			MaxChars: c.Rules.MaxLength,
		})
	}
	return out, nil
}

// englishNames are the names that GB/T 36903 gives to elements, by their short names.
func englishNames() map[string]string {
	out := map[string]string{}
	for _, m := range catalogue.Metadata() {
		out[m.Name] = m.English
	}
	return out
}
