package server

import (
	"context"
	"encoding/hex"
	"net/http"
	"slices"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
)

func (s *Server) registerLookups() {
	add(s, operation{
		id: "lookUp", method: http.MethodPost, path: "/lookups", tag: "lookups",
		zh: "查询证照", en: "look licences up", may: identity.MayLookUp,
	}, s.lookUp)
}

type lookUpInput struct {
	Body api.LookupRequest
}

type lookUpOutput struct {
	Body api.LookupAnswer
}

func (s *Server) lookUp(ctx context.Context, c *identity.Caller, in *lookUpInput) (*lookUpOutput, error) {
	q := &in.Body
	if err := checkQuery(c, q.Type, q.Identifier); err != nil {
		return nil, err
	}
	a := s.accessOf(ctx, c, q.Asked)
	holder := holderOf(q.Holder)
	if c.IsHolder() && q.Identifier+q.Number+q.Issuer == "" && q.Holder == nil { // who names nothing means his own
		holder = api.Holder{Kind: c.Holder.Kind, Code: c.Holder.Code}
	}
	res, err := s.cfg.Vault.Lookup(ctx, a, vault.Query{
		Identifier: q.Identifier, Type: q.Type, Number: q.Number, Issuer: q.Issuer,
		HolderKind: holder.Kind, HolderCode: holder.Code,
		Batch: q.Batch, Limit: q.Limit, Cursor: q.Cursor, Receipt: q.Receipt,
	})
	if err != nil {
		return nil, err
	}
	out := &lookUpOutput{Body: api.LookupAnswer{
		Licences: make([]api.Licence, 0, len(res.Found)), Next: res.Next, Absence: string(res.Absence),
		Receipt: receiptOf(res.Receipt),
	}}
	open := reads(c, res.Named)
	for i := range res.Found {
		out.Body.Licences = append(out.Body.Licences, s.licenceOf(ctx, &res.Found[i], q.Fields, open))
	}
	return out, nil
}

// checkQuery keeps a caller whose registration names types to these.
func checkQuery(c *identity.Caller, typeCode, identifier string) error {
	if identifier != "" {
		return checkIdentifier(c, identifier)
	}
	return checkType(c, typeCode)
}

// holderOf is the holder that a request names. A kind that is left out is told by the code where that is certain.
func holderOf(h *api.Holder) api.Holder {
	if h == nil {
		return api.Holder{}
	}
	out := *h
	if out.Kind == "" {
		out.Kind = vault.HolderKindOf(out.Code, []string{code.HolderCodeUSCC, code.HolderCodeCitizen})
	}
	return out
}

// licenceOf shows a licence with the fields that were asked for, and no others; open: as they are, else as whoever
// browses reads them.
func (s *Server) licenceOf(ctx context.Context, f *vault.Found, fields []string, open bool) api.Licence {
	l := api.Licence{
		Identifier: f.Identifier, Type: f.Record.TypeCode, TypeName: f.Record.TypeName,
		Number: f.Value(catalogue.MetaNumber), Version: versionIn(f.Identifier), State: string(f.State),
		StateZh: f.State.Chinese(), SourceTime: f.SourceTime, Issuer: f.Record.IssuerCode,
		IssuerName: f.Record.IssuerName, Record: hex.EncodeToString(f.Digest[:]), Batch: f.Batch,
	}
	if !f.Since.IsZero() {
		l.Since = f.Since.String()
	}
	if !open {
		l.Number = hideNumbers(l.Number)
	}
	l.Values = s.shown(ctx, &f.Version, fields, open)
	for _, d := range f.Documents {
		l.Documents = append(l.Documents, api.Document{
			Version: d.Version, Kind: d.Kind, Digest: hex.EncodeToString(d.Digest[:]),
		})
	}
	return l
}

// versionIn is the version that an identifier of the vault's own names.
func versionIn(identifier string) int {
	id, err := code.ParseIdentifier(identifier)
	if err != nil {
		return 0
	}
	return id.Version
}

func receiptOf(r *vault.Receipt) *api.Receipt {
	if r == nil {
		return nil
	}
	return &api.Receipt{Raw: r.Raw, Signature: r.Signature, Opens: slices.Clone(r.Opens), Checkpoint: r.Checkpoint}
}
