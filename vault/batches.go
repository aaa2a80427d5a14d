package vault

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/elicense/elicense/internal/engine"
)

// Batches lists the accounts of the caller's department, or all for an operator, the first begun first. Those of
// classified types are for the type's owner alone.
func (v *Vault) Batches(ctx context.Context, a Access) ([]BatchAccount, error) {
	s, err := v.admit(ctx, a)
	if err != nil {
		return nil, err
	}
	operates := s.mustOperate() == nil
	if !operates && (s.Ground != GroundIssuer || s.caller.Department == "") {
		return nil, v.denied(ctx, s, auditNote{act: "batches"}, refuse(ErrDenied, CodeNotIssuer, "issuer"))
	}
	var list []BatchAccount
	err = v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		list = nil
		return r.Scan(engine.Range{Prefix: []byte{spaceBatch}}, func(_, value []byte) (bool, error) {
			var b BatchAccount
			if err := json.Unmarshal(value, &b); err != nil {
				return false, fmt.Errorf("%w: batch", ErrDamaged)
			}
			if !operates && b.Issuer != s.caller.Department {
				return true, nil
			}
			if err := readableType(r, s, b.Type); errors.Is(err, ErrSecret) {
				return true, nil
			} else if err != nil {
				return false, err
			}
			list = append(list, b)
			return true, nil
		})
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b BatchAccount) int {
		return cmp.Or(a.Started.Compare(b.Started), strings.Compare(a.ID, b.ID))
	})
	return whole(list, v.audit(ctx, s, auditNote{act: "batches", count: len(list)}))
}

// batch admits a department to one of its batches. Another department's looks like one that does not exist.
func (v *Vault) batch(ctx context.Context, a Access, id, act string) (*Batch, error) {
	s, err := v.admit(ctx, a)
	if err != nil {
		return nil, err
	}
	b := &Batch{v: v, s: s}
	note := auditNote{act: act, batch: id, issuer: s.caller.Department}
	if s.Ground != GroundIssuer || s.caller.Department == "" {
		return nil, v.denied(ctx, s, note, refuse(ErrDenied, CodeNotIssuer, "issuer"))
	}
	err = v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		account, err := getBatch(r, id)
		if err != nil {
			return err
		}
		if account.Issuer != s.caller.Department {
			return refuse(ErrNotFound, CodeBatchUnknown, "batch")
		}
		b.account, b.id, note.typ = *account, account.ID, account.Type
		if err := s.mayIssue(account.Type, account.Issuer); err != nil {
			return err
		}
		if _, err := openType(r, account.Type); err != nil {
			return err
		}
		b.typ, err = v.typeIn(r, account.Type)
		return err
	})
	if err != nil {
		return nil, v.denied(ctx, s, note, err)
	}
	return b, nil
}

// about is the audit entry of an act on the batch as a whole.
func (b *Batch) about(act string) auditNote {
	n := b.note("")
	n.act = act
	return n
}

// Batch gives the account of one batch and the results of its rows, group by group, until visit returns false.
func (v *Vault) Batch(ctx context.Context, a Access, id string, visit func([]RowResult) bool) (*BatchAccount, error) {
	b, err := v.batch(ctx, a, id, "batch")
	if err != nil {
		return nil, err
	}
	if err := v.audit(ctx, b.s, b.about("batch")); err != nil {
		return nil, err
	}
	return whole(&b.account, b.eachGroup(ctx, visit))
}

func (b *Batch) eachGroup(ctx context.Context, visit func([]RowResult) bool) error {
	for g := range b.account.Groups {
		list, done, err := b.Done(ctx, g)
		if err != nil {
			return err
		}
		if !done || !visit(list) {
			return nil
		}
	}
	return nil
}
