package main

import (
	"context"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
	"github.com/elicense/elicense/vault"
)

func (d *serviceDesk) batches(ctx context.Context) ([]vault.BatchAccount, error) {
	list, err := d.client.Conversions(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]vault.BatchAccount, len(list.Items))
	for i := range list.Items {
		out[i] = *accountIn(&list.Items[i])
	}
	return out, nil
}

func (d *serviceDesk) batch(ctx context.Context, id string) (*vault.BatchAccount, error) {
	b, err := d.client.Conversion(ctx, id)
	if err != nil {
		return nil, err
	}
	return accountIn(b), nil
}

func (d *serviceDesk) signOff(ctx context.Context, id string, so vault.SignOff) (*vault.BatchAccount, error) {
	b, err := d.client.SignOff(ctx, id, api.SignOff{
		By: so.By, Sampled: so.Sampled, Defects: so.Defects, Remark: so.Remark,
	}, client.WithCase(d.asked.Item, d.asked.Case))
	if err != nil {
		return nil, err
	}
	return accountIn(b), nil
}

// accountIn is the account of a batch, as far as a service gives one.
func accountIn(b *api.Batch) *vault.BatchAccount {
	return &vault.BatchAccount{
		ID: b.ID, Type: b.Type, Issuer: b.Issuer, FileName: b.FileName, State: vault.BatchState(b.State), Started: b.Started,
		Finished: b.Finished, Counts: b.Counts, Certificate: b.Certificate, CertificateSignature: b.CertificateSignature,
	}
}
