package vault

import (
	"context"
	"slices"

	"github.com/elicense/elicense/internal/engine"
)

// SignOffBatch opens a batch to look-ups on the department's word that a sample was inspected.
func (v *Vault) SignOffBatch(ctx context.Context, a Access, id string, so SignOff) (*BatchAccount, error) {
	b, err := v.batch(ctx, a, id, "sign-off")
	if err != nil {
		return nil, err
	}
	note := b.about("sign-off")
	if err := v.writable(ctx); err != nil {
		return nil, v.denied(ctx, b.s, note, err)
	}
	for _, f := range []struct{ name, value string }{{"by", so.By}, {"remark", so.Remark}} {
		if p := checkFree(f.name, f.value, 200); p != nil && f.value != "" {
			return nil, v.denied(ctx, b.s, note, &Refusal{ErrInvalid, []Problem{*p}})
		}
	}
	changed := b.account.Counts.Created + b.account.Counts.Updated
	if so.By == "" || so.Sampled < min(1, changed) || so.Defects < 0 || so.Defects > so.Sampled {
		return nil, v.denied(ctx, b.s, note, refuse(ErrInvalid, CodeReasonMissing, "sign-off"))
	}
	so.Time = b.s.at
	account, err := b.move(ctx, note, []BatchState{BatchWaiting}, func(w engine.Writer, now *BatchAccount) error {
		if _, err := openType(w, now.Type); err != nil {
			return err
		}
		now.State, now.SignOff = BatchOpen, &so
		return openBatch(w, now)
	})
	if isRefusal(err) {
		return nil, v.denied(ctx, b.s, note, err)
	}
	return account, err
}

// move changes a batch's state in one transaction with its audit entry.
func (b *Batch) move(ctx context.Context, note auditNote, from []BatchState,
	change func(engine.Writer, *BatchAccount) error,
) (*BatchAccount, error) {
	var now *BatchAccount
	err := b.v.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		if err := openForWriting(w); err != nil {
			return err
		}
		err := b.mayStill(w)
		if err != nil {
			return err
		}
		if now, err = getBatch(w, b.account.ID); err != nil {
			return err
		}
		if !slices.Contains(from, now.State) {
			return refuse(ErrBatch, CodeBatchState, "batch")
		}
		if err := change(w, now); err != nil {
			return err
		}
		if err := putJSONIn(w, batchKey(now.ID), now); err != nil {
			return err
		}
		return b.v.appendAudit(w, b.s, note)
	})
	if err != nil {
		return nil, err
	}
	b.account = *now
	return now, nil
}
