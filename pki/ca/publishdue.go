package ca

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/elicense/elicense/internal/engine"
)

// Due does all that is due: shards with a change that no CRL states yet, which a crash can leave; full and delta CRLs
// by schedule; shards whose CRL is missing or half through its time. It goes on after a failure and returns all of
// them.
func (p *Publisher) Due(ctx context.Context) error {
	var failed []error
	for _, a := range p.cfg.Register.cfg.Issuers {
		for _, step := range []func(context.Context, KeyID) error{p.dueChanges, p.dueFull, p.dueShards, p.dueDelta} {
			if err := step(ctx, a.id); err != nil {
				failed = append(failed, fmt.Errorf("issuer %s: %w", a.id, err))
			}
		}
	}
	return errors.Join(failed...)
}

// changesAtOnce is how many changes are looked through in one piece.
const changesAtOnce = 4096

// dueChanges publishes shards that have changed and whose CRL does not state it.
func (p *Publisher) dueChanges(ctx context.Context, issuer KeyID) error {
	for {
		from, to, shards, err := p.unstated(ctx, issuer)
		if err != nil {
			return fmt.Errorf("looking for changes: %w", err)
		}
		if from == to {
			return nil
		}
		if len(shards) > 0 {
			if err := p.publish(ctx, issuer, shards); err != nil {
				return err
			}
		}
		// Only now: a crash before means that the same changes are looked through again.
		err = p.cfg.Register.cfg.Engine.Update(ctx, func(w engine.Writer) error {
			now, err := getNumber(w, coveredKey(issuer))
			if err != nil || now >= to {
				return err
			}
			return w.Put(coveredKey(issuer), be64(to))
		})
		if err != nil {
			return fmt.Errorf("marking changes: %w", err)
		}
	}
}

// unstated looks through the changes after the mark, and gives the shards whose last CRL does not state one of them.
func (p *Publisher) unstated(ctx context.Context, issuer KeyID) (from, to uint64, shards []uint32, err error) {
	err = p.cfg.Register.cfg.Engine.View(ctx, func(r engine.Reader) error {
		if from, err = getNumber(r, coveredKey(issuer)); err != nil {
			return err
		}
		to, shards = from, nil
		latest := map[uint32]uint64{}
		scan := engine.Range{Prefix: key(spaceChange, issuer[:]), Start: changeKey(issuer, from+1)}
		err := r.Scan(scan, func(_, value []byte) (bool, error) {
			v, err := parseChange(value)
			if err != nil {
				return false, err
			}
			latest[v.Shard], to = v.Sequence, v.Sequence
			return v.Sequence < from+changesAtOnce, nil
		})
		if err != nil {
			return err
		}
		for shard, sequence := range latest {
			last, err := lastCRL(r, issuer, CRLScope{Kind: CRLShard, Shard: shard})
			if err != nil && !errors.Is(err, ErrNotFound) {
				return err
			}
			if err != nil || last.Sequence < sequence {
				shards = append(shards, shard)
			}
		}
		return nil
	})
	return from, to, shards, err
}

func coveredKey(issuer KeyID) []byte { return key(spacePublisher, []byte{keptCovered}, issuer[:]) }

// dueFull publishes the full CRL if there is none, if it is time, or if so much has changed that deltas end.
func (p *Publisher) dueFull(ctx context.Context, issuer KeyID) error {
	r := p.cfg.Register
	last, err := r.LastCRL(ctx, issuer, CRLScope{Kind: CRLFull})
	if err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("reading last full CRL: %w", err)
	}
	if err == nil && r.now().Before(last.ThisUpdate.Add(p.cfg.Schedule.FullEvery)) {
		_, _, err := r.ChangedSince(ctx, issuer, last.Sequence, p.cfg.Schedule.DeltaChanges/2)
		if !errors.Is(err, ErrTooMany) {
			return err
		}
	}
	_, err = p.PublishFull(ctx, issuer)
	return err
}

// dueDelta publishes the delta CRL if it does not build on the last full one or is half through its time.
func (p *Publisher) dueDelta(ctx context.Context, issuer KeyID) error {
	r := p.cfg.Register
	full, err := r.LastCRL(ctx, issuer, CRLScope{Kind: CRLFull})
	if errors.Is(err, ErrNotFound) {
		return nil // dueFull has failed and says why
	}
	if err != nil {
		return fmt.Errorf("reading last full CRL: %w", err)
	}
	delta, err := r.LastCRL(ctx, issuer, CRLScope{Kind: CRLDelta})
	if err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("reading last delta CRL: %w", err)
	}
	if err == nil && delta.Base == full.Number && !halfThrough(delta, r.now()) {
		return nil
	}
	return p.publish(ctx, issuer, nil)
}

// dueShards publishes the CRLs of shards that have none or whose CRL is half through its time.
func (p *Publisher) dueShards(ctx context.Context, issuer KeyID) error {
	r := p.cfg.Register
	places, err := r.placesTaken(ctx, issuer)
	if err != nil {
		return fmt.Errorf("reading issuance log: %w", err)
	}
	if places == 0 {
		return nil
	}
	due := make([]bool, ShardOf(places-1)+1)
	for i := range due {
		due[i] = true
	}
	prefix := key(spaceLastCRL, issuer[:], []byte{byte(CRLShard)})
	err = r.cfg.Engine.View(ctx, func(rd engine.Reader) error {
		return rd.Scan(engine.Range{Prefix: prefix}, func(_, value []byte) (bool, error) {
			c, err := parseCRLRecord(value)
			if err == nil && int(c.Scope.Shard) < len(due) {
				due[c.Scope.Shard] = halfThrough(c, r.now())
			}
			return err == nil, err
		})
	})
	if err != nil {
		return fmt.Errorf("reading last CRLs: %w", err)
	}
	var shards []uint32
	for i := range due {
		if due[i] {
			shards = append(shards, uint32(i))
		}
	}
	if len(shards) == 0 {
		return nil
	}
	return p.publish(ctx, issuer, shards)
}

// halfThrough tells whether half of a CRL's time has gone.
func halfThrough(c CRLRecord, now time.Time) bool {
	return !now.Before(c.ThisUpdate.Add(c.NextUpdate.Sub(c.ThisUpdate) / 2))
}
