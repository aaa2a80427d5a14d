package main

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// in names the item and the case of a write, and its key.
func (d *serviceDesk) in(key string) []client.Option {
	return []client.Option{client.WithIdempotencyKey(key), client.WithCase(d.asked.Item, d.asked.Case)}
}

func requestOf(req *vault.Request) api.IssueRequest {
	return api.IssueRequest{
		Type: req.Type, Values: req.Values, Images: req.Images, Paper: req.Paper, Division: req.Division,
	}
}

func (d *serviceDesk) validate(ctx context.Context, req vault.Request) ([]vault.Note, error) {
	r := requestOf(&req)
	answer, err := d.client.ValidateIssue(ctx, r, d.in(req.Key)...)
	if err != nil {
		return nil, err
	}
	return noteList(answer.Notes), nil
}

func (d *serviceDesk) issue(ctx context.Context, req vault.Request) (*vault.Answer, error) {
	return d.issueBy(ctx, &req, d.client.Issue)
}

func (d *serviceDesk) reserve(ctx context.Context, req vault.Request) (*vault.Answer, error) {
	return d.issueBy(ctx, &req, d.client.Reserve)
}

func (d *serviceDesk) issueBy(ctx context.Context, req *vault.Request,
	do func(context.Context, api.IssueRequest, ...client.Option) (*api.Written, error),
) (*vault.Answer, error) {
	r := requestOf(req)
	return answerOf(do(ctx, r, d.in(req.Key)...))
}

func (d *serviceDesk) confirm(ctx context.Context, cf vault.Confirmation) (*vault.Answer, error) {
	return answerOf(d.client.Confirm(ctx, cf.Identifier, api.Confirmation{Paper: cf.Paper, Signature: cf.Signature},
		d.in(cf.Key)...))
}

func (d *serviceDesk) void(ctx context.Context, key, identifier, reason string) (*vault.Answer, error) {
	return answerOf(d.client.Cancel(ctx, identifier, api.Cancellation{Reason: reason}, d.in(key)...))
}

func (d *serviceDesk) reconcile(ctx context.Context) ([]vault.Unsettled, error) {
	answer, err := d.client.Reservations(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]vault.Unsettled, len(answer.Reservations))
	for i, r := range answer.Reservations {
		since, err1 := record.ParseDate(r.Since)
		digest, err2 := digestIn(r.Record)
		if err := errors.Join(err1, err2); err != nil {
			return nil, errors.Join(errAnswer, err)
		}
		out[i] = vault.Unsettled{Identifier: r.Identifier, Number: r.Number, Since: since, Record: digest}
	}
	return out, nil
}

func (d *serviceDesk) numbers(ctx context.Context, typeCode string) ([]vault.NumberUse, error) {
	var out []vault.NumberUse
	for u, err := range d.client.Numbers(ctx, typeCode) {
		if err != nil {
			return nil, err
		}
		out = append(out, vault.NumberUse{
			Scope: u.Series, Sequence: u.Sequence, Through: u.Through, Number: u.Number, Identifier: u.Identifier,
			State: vault.State(u.State), Reason: u.Reason,
		})
	}
	return out, nil
}

// actsOf are the acts of the interface by kind; what ends a licence is one of them, with the kind beside it.
var actsOf = map[record.Kind]client.Act{
	record.EventChanged: client.ActChange, record.EventRenewed: client.ActRenew, record.EventReissued: client.ActReissue,
	record.EventSuspended: client.ActSuspend, record.EventResumed: client.ActResume,
}

func (d *serviceDesk) perform(ctx context.Context, act vault.Act) (*vault.Answer, error) {
	r := api.ActRequest{Basis: act.Basis, Reason: act.Reason, Values: act.Values, Images: act.Images, Paper: act.Paper}
	if !act.Effective.IsZero() {
		r.Effective = act.Effective.String()
	}
	kind, known := actsOf[act.Kind]
	if !known {
		kind, r.Kind = client.ActRevoke, string(act.Kind)
	}
	options := d.in(act.Key)
	if act.Version != 0 {
		options = append(options, client.WithVersion(act.Version))
	}
	return answerOf(d.client.Perform(ctx, kind, act.Identifier, r, options...))
}

func (d *serviceDesk) attach(ctx context.Context, identifier, kind string, content []byte) (*vault.Document, error) {
	a, err := d.client.Attach(ctx, identifier, kind, content, client.WithCase(d.asked.Item, d.asked.Case))
	if err != nil {
		return nil, err
	}
	digest, err := digestIn(a.Digest)
	if err != nil || digest != record.Sum(content) {
		return nil, errAnswer
	}
	return &vault.Document{Version: a.Version, Kind: a.Kind, Digest: digest}, nil
}

// answerOf is the outcome of a write as the vault gives it.
func answerOf(w *api.Written, err error) (*vault.Answer, error) {
	if err != nil {
		return nil, err
	}
	var digest record.Digest
	if w.Record != "" {
		if digest, err = digestIn(w.Record); err != nil {
			return nil, errors.Join(errAnswer, err)
		}
	}
	return &vault.Answer{
		Identifier: w.Identifier, Number: w.Number, Version: w.Version, State: vault.State(w.State), Record: digest,
		ToSign: w.ToSign, Notes: noteList(w.Notes), Replayed: w.Replayed, Unchanged: w.Unchanged,
	}, nil
}

func noteList(notes []api.Note) []vault.Note {
	var out []vault.Note
	for _, n := range notes {
		out = append(out, vault.Note{
			Field: strings.TrimPrefix(n.Path, "/values/"), Code: vault.Code(n.Code), Old: n.Old, New: n.New,
		})
	}
	return out
}

// digestIn reads an SM3 digest as the interface writes it.
func digestIn(text string) (record.Digest, error) {
	var out record.Digest
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(out) {
		return out, errAnswer
	}
	return record.Digest(raw), nil
}
