package main

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// fresh has nothing to do: a service brings what happens into its ledger by itself.
func (d *serviceDesk) fresh(context.Context) error { return nil }

// lookup finds licences with everything on their face.
func (d *serviceDesk) lookup(ctx context.Context, q vault.Query) (*vault.Result, error) {
	answer, err := d.client.LookUp(ctx, api.LookupRequest{
		Asked: d.asked, Identifier: q.Identifier, Type: q.Type, Number: q.Number, Issuer: q.Issuer, Batch: q.Batch,
		Limit: q.Limit, Cursor: q.Cursor, Receipt: q.Receipt, Holder: holderIn(&q), Fields: []string{"*"},
	})
	if err != nil {
		return nil, err
	}
	out := &vault.Result{Next: answer.Next, Absence: vault.Absence(answer.Absence), Receipt: receiptIn(answer.Receipt)}
	for i := range answer.Licences {
		f, err := foundIn(&answer.Licences[i])
		if err != nil {
			return nil, err
		}
		out.Found = append(out.Found, *f)
	}
	return out, nil
}

func holderIn(q *vault.Query) *api.Holder {
	if q.HolderCode == "" {
		return nil
	}
	return &api.Holder{Kind: q.HolderKind, Code: q.HolderCode}
}

// foundIn is a licence as a look-up of the vault finds it, but for the record's own bytes.
func foundIn(l *api.Licence) (*vault.Found, error) {
	f := &vault.Found{
		Identifier: l.Identifier, State: vault.State(l.State), SourceTime: l.SourceTime, Batch: l.Batch,
		Version: vault.Version{Record: &record.Record{
			TypeCode: l.Type, TypeName: l.TypeName, Identifier: l.Identifier, IssuerCode: l.Issuer, IssuerName: l.IssuerName,
		}},
	}
	var err error
	if l.Since != "" {
		if f.Since, err = record.ParseDate(l.Since); err != nil {
			return nil, errors.Join(errAnswer, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.Values)) {
		f.Disclosures = append(f.Disclosures, record.Disclosure{Name: name, Value: l.Values[name]})
	}
	f.Documents, err = documentsIn(l.Documents)
	return f, err
}

func documentsIn(list []api.Document) ([]vault.Document, error) {
	var out []vault.Document
	for _, x := range list {
		digest, err := digestIn(x.Digest)
		if err != nil {
			return nil, errors.Join(errAnswer, err)
		}
		out = append(out, vault.Document{Version: x.Version, Kind: x.Kind, Digest: digest})
	}
	return out, nil
}

func receiptIn(r *api.Receipt) *vault.Receipt {
	if r == nil {
		return nil
	}
	return &vault.Receipt{Raw: r.Raw, Signature: r.Signature, Opens: r.Opens, Checkpoint: r.Checkpoint}
}

func (d *serviceDesk) compare(ctx context.Context, q vault.Query, claims map[string]string) (*vault.Comparison, error) {
	answer, err := d.client.Compare(ctx, api.ComparisonRequest{Asked: d.asked, Comparison: comparisonIn(&q, claims)})
	if err != nil {
		return nil, err
	}
	return comparedIn(answer), nil
}

func comparisonIn(q *vault.Query, claims map[string]string) api.Comparison {
	return api.Comparison{
		Identifier: q.Identifier, Type: q.Type, Number: q.Number, Issuer: q.Issuer, Holder: holderIn(q), Claims: claims,
	}
}

func comparedIn(a *api.ComparisonAnswer) *vault.Comparison {
	out := &vault.Comparison{
		Result: a.Result, Identifier: a.Identifier, State: vault.State(a.State), SourceTime: a.SourceTime,
		Receipt: receiptIn(a.Receipt),
	}
	for _, f := range a.Fields {
		out.Fields = append(out.Fields, vault.FieldVerdict{
			Field: f.Field, Label: f.Label, Verdict: vault.Verdict(f.Verdict), Rules: f.Rules,
		})
	}
	return out
}

func (d *serviceDesk) asOf(ctx context.Context, q asOf) (*vault.Moment, error) {
	r, err := d.reads()
	if err != nil {
		return nil, err
	}
	m, err := d.client.Moment(ctx, q.identifier, r, client.AsOf{Day: q.legal.String(), Known: q.known})
	if err != nil {
		return nil, err
	}
	out := &vault.Moment{State: vault.State(m.State)}
	if m.Since != "" {
		if out.Since, err = record.ParseDate(m.Since); err != nil {
			return nil, errors.Join(errAnswer, err)
		}
	}
	return out, nil
}

// history gives everything that happened to a licence, each event with its proof.
func (d *serviceDesk) history(ctx context.Context, identifier string) ([]vault.Entry, error) {
	r, err := d.reads()
	if err != nil {
		return nil, err
	}
	answer, err := d.client.ProvenHistory(ctx, identifier, r)
	if err != nil {
		return nil, err
	}
	out := make([]vault.Entry, len(answer.Events))
	for i := range answer.Events {
		x := &answer.Events[i]
		event, err := record.ParseEvent(x.Raw)
		if err != nil {
			return nil, errors.Join(errAnswer, err)
		}
		out[i] = vault.Entry{Event: event, Raw: x.Raw, Proof: x.Proof}
	}
	return out, nil
}
