package vault

import (
	"context"
	"errors"
	"fmt"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// Finish ends a conversion: the account is closed, the batch certificate signed over it, and the batch waits for its
// sign-off. The spans say which number ranges were seen.
func (b *Batch) Finish(ctx context.Context, spans []record.Span) (*BatchAccount, error) {
	v := b.v
	if err := v.writable(ctx); err != nil {
		return nil, b.refused(ctx, err)
	}
	if _, err := v.Checkpoint(ctx); err != nil && !errors.Is(err, ErrNotFound) { // an empty ledger has none
		return nil, b.refused(ctx, err)
	}
	account := b.account
	account.State, account.Finished = BatchWaiting, v.now()
	cert := record.BatchCertificate{
		Vault: v.Name(), Batch: account.ID, TypeCode: account.Type, Issuer: account.Issuer, File: account.File,
		Mapping: account.Mapping, Finished: account.Finished, Counts: account.Counts, Spans: spans,
	}
	err := v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		var err error
		cert.Checkpoint, _, err = lastSigned(r)
		return err
	})
	if err != nil {
		return nil, err
	}
	if account.Certificate, err = cert.Append(nil); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if account.CertificateSignature, err = v.cfg.Signer.SignStatement(ctx, account.Certificate); err != nil {
		return nil, fmt.Errorf("vault: signing a batch certificate: %w", err)
	}
	err = v.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		if err := openForWriting(w); err != nil {
			return err
		}
		if _, err := openType(w, account.Type); err != nil {
			return err
		}
		if err := b.mayStill(w); err != nil {
			return err
		}
		now, err := getBatch(w, account.ID)
		if err != nil {
			return err
		}
		if now.State != BatchConverting || now.Groups != account.Groups {
			return refuse(ErrBatch, CodeBatchState, "batch")
		}
		if err := putJSONIn(w, batchKey(account.ID), account); err != nil {
			return err
		}
		return v.appendAudit(w, b.s, b.note("finished"))
	})
	if err != nil {
		return nil, b.refused(ctx, err)
	}
	b.account = account
	return &account, nil
}
