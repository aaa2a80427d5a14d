package vault

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// Sampled is one converted licence drawn for inspection: its values beside its scans.
type Sampled struct {
	Row     int
	Found   Found
	Scans   []record.Digest
	Outcome Outcome
}

// Sample draws n licences of a batch for inspection; the same seed draws the same ones. A batch that was taken back, or
// is being, is refused: what it made is not in the vault for anybody to sign off.
func (v *Vault) Sample(ctx context.Context, a Access, id string, n int, seed uint64) ([]Sampled, error) {
	b, err := v.batch(ctx, a, id, "sample")
	if err != nil {
		return nil, err
	}
	if state := b.account.State; state == BatchUndoing || state == BatchUndone {
		return nil, v.denied(ctx, b.s, b.about("sample"), refuse(ErrBatch, CodeBatchState, "batch"))
	}
	rng := rand.New(rand.NewPCG(seed, 0x5345454400)) //nolint:gosec // a sample to be repeated, not a secret
	var drawn []RowResult
	seen := 0
	err = b.eachGroup(ctx, func(list []RowResult) bool {
		for i := range list {
			if list[i].Outcome != RowCreated && list[i].Outcome != RowUpdated {
				continue
			}
			seen++
			if len(drawn) < n {
				drawn = append(drawn, list[i])
			} else if k := rng.IntN(seen); k < n {
				drawn[k] = list[i]
			}
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(drawn, func(a, b RowResult) int { return a.Row - b.Row })
	out, err := v.readSample(ctx, b.s, drawn)
	if err != nil {
		return nil, err
	}
	note := b.about("sample")
	note.count = len(out)
	return whole(out, v.audit(ctx, b.s, note))
}

func (v *Vault) readSample(ctx context.Context, s *session, drawn []RowResult) ([]Sampled, error) {
	out := make([]Sampled, 0, len(drawn))
	err := v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		out = out[:0]
		f := &finder{v: v, r: r, s: s, today: v.today(s.at)}
		for i := range drawn {
			h, err := getHead(r, drawn[i].id)
			if err != nil || h == nil {
				return errors.Join(err, fmt.Errorf("%w: row of a batch", ErrDamaged))
			}
			found, err := f.read(drawn[i].id, h, drawn[i].Version)
			if err != nil {
				return err
			}
			sm := Sampled{Row: drawn[i].Row, Found: *found, Outcome: drawn[i].Outcome}
			if src := found.Record.Source; src != nil {
				sm.Scans = src.Scans
			}
			out = append(out, sm)
		}
		return nil
	})
	return out, err
}
