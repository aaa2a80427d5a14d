package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"time"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/document"
	"github.com/elicense/elicense/vault/record"
)

func (d *serviceDesk) bundle(ctx context.Context, identifier string) ([]byte, error) {
	r, err := d.reads()
	if err != nil {
		return nil, err
	}
	return d.client.Bundle(ctx, identifier, r)
}

func (d *serviceDesk) proof(ctx context.Context, identifier string, number int) ([]byte, error) {
	r, err := d.reads()
	if err != nil {
		return nil, err
	}
	return d.client.Proof(ctx, identifier, r, number)
}

func (d *serviceDesk) growth(ctx context.Context, since uint64) ([]byte, error) {
	return d.client.Growth(ctx, since)
}

// checkpoint is the newest that the service has signed.
func (d *serviceDesk) checkpoint(ctx context.Context) ([]byte, error) {
	return d.client.Checkpoint(ctx)
}

// attachments are the documents of a licence and the scans of its papers.
func (d *serviceDesk) attachments(ctx context.Context, identifier string) ([]attachment, error) {
	r, err := d.reads()
	if err != nil {
		return nil, err
	}
	l, err := d.client.Licence(ctx, identifier, r)
	if err != nil {
		return nil, err
	}
	list, err := documentsIn(l.Documents)
	if err != nil {
		return nil, err
	}
	found, err := d.client.Scans(ctx, identifier, r)
	if err != nil {
		return nil, err
	}
	var scans []vault.PaperScan
	for _, x := range found.Scans {
		digest, err := digestIn(x.Digest)
		if err != nil {
			return nil, err
		}
		scans = append(scans, vault.PaperScan{Version: x.Version, Batch: x.Batch, Digest: digest})
	}
	return attachmentsOf(list, scans), nil
}

// content gives a document, held against its digest here.
func (d *serviceDesk) content(ctx context.Context, identifier string, x *attachment) ([]byte, error) {
	r, err := d.reads()
	if err != nil {
		return nil, err
	}
	fetch := d.client.Document
	if x.batch != "" {
		fetch = d.client.Scan
	}
	content, err := fetch(ctx, identifier, r, hex.EncodeToString(x.Digest[:]))
	return whole(content, x.Digest, err)
}

// whole gives what a service sent if it is what was asked for.
func whole(content []byte, digest record.Digest, err error) ([]byte, error) {
	if err == nil && record.Sum(content) != digest {
		err = errAnswer
	}
	if err != nil {
		return nil, err
	}
	return content, nil
}

// drawer draws specimens here: they are made up.
func (d *serviceDesk) drawer() (*document.Drawer, error) {
	fonts, err := d.fonts()
	if err != nil {
		return nil, err
	}
	return document.New(document.Config{Fonts: fonts})
}

func (d *serviceDesk) page(ctx context.Context, identifier string, o *drawOptions) (*drawnPage, error) {
	r, err := d.reads()
	if err != nil {
		return nil, err
	}
	data, err := d.client.Page(ctx, identifier, r, client.Picture{Page: o.page, PNG: o.png(), DPI: o.dpi})
	return &drawnPage{data: data}, err
}

func (d *serviceDesk) noted(ctx context.Context, o *copyOrder) (*notedCopy, error) {
	until, err := o.lastDay(d.local)
	if err != nil {
		return nil, err
	}
	data, err := d.client.Copy(ctx, o.identifier, api.CopyRequest{
		Asked: d.asked, For: o.reader, Because: o.why, Until: until.Format(time.DateOnly),
	})
	if err != nil {
		return nil, err
	}
	note, err := document.ParseNote(bytes.NewReader(data), int64(len(data)), d.local)
	if err != nil {
		return nil, err
	}
	return &notedCopy{data, note}, nil
}

// why says for what a holder looks after his own.
func (d *serviceDesk) why() api.Asking {
	return api.Asking{Purpose: d.asked.Purpose, Case: d.asked.Case}
}

func (d *serviceDesk) grant(ctx context.Context, req vault.ConsentRequest) (*vault.Consent, error) {
	given, err := d.client.Authorise(ctx, api.AuthorisationRequest{
		Asking: d.why(), Department: req.Department, OnlyCase: req.Case, OnlyTypes: req.Types,
		Until: req.Until.AddDate(0, 0, -1).In(d.local).Format(time.DateOnly),
	}, client.WithIdempotencyKey(req.Key))
	if err != nil {
		return nil, err
	}
	return consentIn(given), nil
}

func (d *serviceDesk) granted(ctx context.Context) ([]vault.Consent, error) {
	list, err := d.client.Authorisations(ctx, d.why())
	if err != nil {
		return nil, err
	}
	out := make([]vault.Consent, len(list.Authorisations))
	for i := range list.Authorisations {
		out[i] = *consentIn(&list.Authorisations[i])
	}
	return out, nil
}

func consentIn(a *api.Authorisation) *vault.Consent {
	return &vault.Consent{
		ID: a.ID, Department: a.Department, Case: a.OnlyCase, Types: a.OnlyTypes, Granted: a.Granted, Expires: a.Expires,
		Withdrawn: a.Withdrawn, Replayed: a.Replayed,
	}
}

func (d *serviceDesk) withdraw(ctx context.Context, id string) error {
	return d.client.Withdraw(ctx, id, d.why())
}
