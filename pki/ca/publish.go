package ca

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/engine"
)

// Spaces of the publisher, below spacePublisher.
const (
	keptCRL     = 'c' // issuer, kind, shard -> DER of the last CRL of a small scope
	keptPart    = 'f' // issuer, CRL number, part -> a part of a full CRL's DER
	keptFull    = 'h' // issuer -> number, length and parts of the last full CRL
	keptCovered = 'w' // issuer -> all changes up to this sequence are on the CRLs of their shards
)

// shardsAtOnce is how many CRLs one transaction stores: far below what it can hold.
const shardsAtOnce = 16

// publication is somebody's wish to have the CRLs of some shards state what is in the register now.
type publication struct {
	shards []uint32
	err    error
}

// publish makes the CRLs of the shards and the delta CRL. It returns when CRLs that state everything which was in the
// register at the call are durable. Callers who wait at the same time share them.
func (p *Publisher) publish(ctx context.Context, issuer KeyID, shards []uint32) error {
	group, ok := p.groups[issuer]
	if !ok {
		return refuse(ErrNotFound, ReasonIssuer, "issuer")
	}
	wish := &publication{shards: shards}
	group.Do(ctx, wish, func(ctx context.Context, wishes []*publication, _ func()) {
		failed := p.fulfil(ctx, issuer, wishes)
		for _, w := range wishes {
			w.err = failed.of(w.shards)
		}
	})
	return wish.err
}

// failures are what went wrong with some shards, or with all.
type failures struct {
	all   error
	shard map[uint32]error
}

func (f failures) of(shards []uint32) error {
	for _, s := range shards {
		if err := f.shard[s]; err != nil {
			return err
		}
	}
	return f.all
}

// fulfil takes one number for all wishes, before it reads: a CRL with a higher number never knows less. No other
// group of this issuer is at work meanwhile.
func (p *Publisher) fulfil(ctx context.Context, issuer KeyID, wishes []*publication) failures {
	failed := failures{shard: map[uint32]error{}}
	var shards []uint32
	for _, w := range wishes {
		shards = append(shards, w.shards...)
	}
	slices.Sort(shards)
	shards = slices.Compact(shards)
	number, err := p.cfg.Register.BeginCRL(ctx, issuer)
	if err != nil {
		failed.all = fmt.Errorf("taking CRL number: %w", err)
		return failed
	}
	delta, err := p.makeDelta(ctx, issuer, number)
	if err != nil {
		failed.all = err
		return failed
	}
	for {
		batch := shards[:min(len(shards), shardsAtOnce)]
		shards = shards[len(batch):]
		made := delta
		for _, shard := range batch {
			m, err := p.makeShard(ctx, issuer, shard, number)
			if err != nil {
				failed.shard[shard] = err
				continue
			}
			made = append(made, m)
		}
		if err := p.store(ctx, issuer, made); err != nil {
			failed.all = err
			return failed
		}
		if delta = nil; len(shards) == 0 {
			return failed
		}
	}
}

// madeCRL is a CRL that is signed and not yet durable; nobody has seen it.
type madeCRL struct {
	CRLRecord
	der []byte
}

// makeShard makes the CRL of one shard.
func (p *Publisher) makeShard(ctx context.Context, issuer KeyID, shard uint32, number uint64) (*madeCRL, error) {
	r := p.cfg.Register
	revoked, sequence, err := r.RevokedInShard(ctx, issuer, shard)
	if err != nil {
		return nil, fmt.Errorf("reading shard %d: %w", shard, err)
	}
	m := &madeCRL{CRLRecord: CRLRecord{
		Number: number, Scope: CRLScope{Kind: CRLShard, Shard: shard}, Sequence: sequence, Entries: len(revoked),
	}}
	list := &certList{point: p.addresses(issuer).Shard(shard), entries: appendEntries(nil, revoked)}
	return m, p.make(ctx, issuer, m, list, p.cfg.Schedule.ShardValid)
}

// makeDelta makes the delta CRL over the last full one. Without a full one there is none; and none if too much has
// changed since: then a full one is due, and the shards state it all meanwhile.
func (p *Publisher) makeDelta(ctx context.Context, issuer KeyID, number uint64) ([]*madeCRL, error) {
	r := p.cfg.Register
	base, err := r.LastCRL(ctx, issuer, CRLScope{Kind: CRLFull})
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading last full CRL: %w", err)
	}
	changed, sequence, err := r.ChangedSince(ctx, issuer, base.Sequence, p.cfg.Schedule.DeltaChanges)
	if errors.Is(err, ErrTooMany) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading changes: %w", err)
	}
	m := &madeCRL{CRLRecord: CRLRecord{
		Number: number, Scope: CRLScope{Kind: CRLDelta}, Base: base.Number, Sequence: sequence, Entries: len(changed),
	}}
	list := &certList{base: base.Number, entries: appendEntries(nil, changed)}
	return []*madeCRL{m}, p.make(ctx, issuer, m, list, p.cfg.Schedule.DeltaValid)
}

func appendEntries(b []byte, list []Revocation) []byte {
	b = slices.Grow(b, maxEntryBytes*len(list))
	for i := range list {
		b = appendCRLEntry(b, &list[i])
	}
	return b
}

// make gives the list its time, signs it, and completes the record.
func (p *Publisher) make(
	ctx context.Context, issuer KeyID, m *madeCRL, list *certList, valid time.Duration,
) error {
	r := p.cfg.Register
	authority := r.issuer(issuer)
	if authority == nil {
		return refuse(ErrNotFound, ReasonIssuer, "the issuer's key is not here")
	}
	m.ThisUpdate = r.now()
	last, err := r.LastCRL(ctx, issuer, m.Scope)
	switch {
	case err == nil && last.ThisUpdate.After(m.ThisUpdate):
		m.ThisUpdate = last.ThisUpdate // never backwards; a clock that is far behind is refused when it is recorded
	case err != nil && !errors.Is(err, ErrNotFound):
		return fmt.Errorf("reading last CRL: %w", err)
	}
	m.NextUpdate = m.ThisUpdate.Add(valid)
	list.number, list.thisUpdate, list.nextUpdate = m.Number, m.ThisUpdate, m.NextUpdate
	list.expiredFrom = r.expiredFrom(authority, m.ThisUpdate)
	if m.der, err = authority.signList(list); err != nil {
		return err
	}
	m.Digest = sm3.Sum(m.der)
	return nil
}

// expiredFrom is since when certificates may have expired and still be listed.
func (r *Register) expiredFrom(a *Authority, at time.Time) time.Time {
	if r.cfg.Policy.KeepExpired <= 0 {
		return a.chain[0].NotBefore
	}
	return at.Add(-r.cfg.Policy.KeepExpired)
}

// store makes CRLs durable and, by that, published: record and bytes together, so that what is served is what was
// recorded. A crash before leaves the CRLs before in place, and a number that nobody has seen.
func (p *Publisher) store(ctx context.Context, issuer KeyID, made []*madeCRL) error {
	if len(made) == 0 {
		return nil
	}
	at := p.cfg.Register.now()
	err := p.cfg.Register.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		chain, err := openAuditChain(w)
		if err != nil {
			return err
		}
		for _, m := range made {
			if err := putCRLRecord(w, issuer, m.CRLRecord); err != nil {
				return err
			}
			if err := w.Put(keptKey(issuer, m.Scope), m.der); err != nil {
				return err
			}
			if err := chain.add(w, p.auditCRL(issuer, m.Number, at)); err != nil {
				return err
			}
		}
		return chain.close(w)
	})
	if err != nil {
		return fmt.Errorf("storing CRLs: %w", err)
	}
	return nil
}

func (p *Publisher) auditCRL(issuer KeyID, number uint64, at time.Time) AuditEntry {
	return AuditEntry{At: at, Actor: p.cfg.Actor.Name, Act: "crl", Object: crlName(issuer, number)}
}

func keptKey(issuer KeyID, scope CRLScope) []byte {
	return key(spacePublisher, []byte{keptCRL}, issuer[:], []byte{byte(scope.Kind)}, be32(scope.Shard))
}

func (p *Publisher) addresses(issuer KeyID) Addresses {
	return Addresses{Base: p.cfg.Register.cfg.Base, Issuer: issuer}
}
