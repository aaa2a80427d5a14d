package main

import (
	"context"
	"encoding/hex"
	"errors"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

func (d *serviceDesk) batches(ctx context.Context) ([]vault.BatchAccount, error) {
	var out []vault.BatchAccount
	for x, err := range d.client.Conversions(ctx) {
		if err != nil {
			return nil, err
		}
		b, err := accountIn(x)
		if err != nil {
			return nil, err
		}
		out = append(out, *b)
	}
	return out, nil
}

func (d *serviceDesk) batch(ctx context.Context, id string) (*vault.BatchAccount, error) {
	b, err := d.client.Conversion(ctx, id)
	if err != nil {
		return nil, err
	}
	return accountIn(b)
}

func (d *serviceDesk) signOff(ctx context.Context, id string, so vault.SignOff) (*vault.BatchAccount, error) {
	b, err := d.client.SignOff(ctx, id, api.SignOff{
		By: so.By, Sampled: so.Sampled, Defects: so.Defects, Remark: so.Remark,
	}, client.WithCase(d.asked.Item, d.asked.Case))
	if err != nil {
		return nil, err
	}
	return accountIn(b)
}

func (d *serviceDesk) sample(ctx context.Context, id string, n int, seed uint64) ([]vault.Sampled, error) {
	answer, err := d.client.Sample(ctx, id, api.SampleRequest{Number: n, Seed: seed})
	if err != nil {
		return nil, err
	}
	out := make([]vault.Sampled, len(answer.Rows))
	for i := range answer.Rows {
		row := &answer.Rows[i]
		f, err := foundIn(&row.Licence)
		if err != nil {
			return nil, err
		}
		out[i] = vault.Sampled{Row: row.Row, Found: *f, Outcome: vault.Outcome(row.Outcome)}
		for _, text := range row.Scans {
			digest, err := digestIn(text)
			if err != nil {
				return nil, err
			}
			out[i].Scans = append(out[i].Scans, digest)
		}
	}
	return out, nil
}

func (d *serviceDesk) scan(ctx context.Context, batch string, digest record.Digest) ([]byte, error) {
	content, err := d.client.SampledScan(ctx, batch, hex.EncodeToString(digest[:]))
	return whole(content, digest, err)
}

// accountIn is the account of a batch as the vault gives it.
func accountIn(b *api.Batch) (*vault.BatchAccount, error) {
	file, err1 := digestIn(b.File)
	mapping, err2 := digestIn(b.Mapping)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	out := &vault.BatchAccount{
		ID: b.ID, Type: b.Type, Issuer: b.Issuer, FileName: b.FileName, State: vault.BatchState(b.State), Started: b.Started,
		Finished: b.Finished, Counts: b.Counts, Expected: b.Expected, By: b.By, File: file, Mapping: mapping,
		Opened: b.Opened, GroupRows: b.GroupRows, Groups: b.Groups, FirstLeaf: b.FirstLeaf,
		Certificate: b.Certificate, CertificateSignature: b.CertificateSignature,
	}
	if so := b.SignOff; so != nil {
		out.SignOff = &vault.SignOff{By: so.By, Time: so.Time, Sampled: so.Sampled, Defects: so.Defects, Remark: so.Remark}
	}
	return out, nil
}
