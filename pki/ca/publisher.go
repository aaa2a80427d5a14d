package ca

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/elicense/elicense/internal/combine"
	"github.com/elicense/elicense/pki"
)

// ErrUnpublished is returned for a change that is durable in the register, and so in OCSP, while the CRL that has to
// state it could not be made. Publisher.Due makes it up.
var ErrUnpublished = errors.New("ca: changed, but not yet on a CRL")

// Schedule says how long CRLs are good for and how often they come without a change. Zero fields take the default.
type Schedule struct {
	FullEvery  time.Duration // between full CRLs; 24 h
	FullValid  time.Duration // from thisUpdate to nextUpdate of a full CRL; 72 h
	ShardValid time.Duration // of a shard's CRL; 48 h; it is renewed when half of it has gone
	DeltaValid time.Duration // of a delta CRL; 24 h; likewise
	// DeltaChanges is how many changes a delta CRL may hold; beyond, a full CRL is due. 4,096; 8,192 at most.
	DeltaChanges int
}

func (s *Schedule) setDefaults() {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&s.FullEvery, 24 * time.Hour}, {&s.FullValid, 72 * time.Hour}, {&s.ShardValid, 48 * time.Hour},
		{&s.DeltaValid, 24 * time.Hour},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if s.DeltaChanges == 0 {
		s.DeltaChanges = 4096
	}
}

func (s *Schedule) check() error {
	if s.FullEvery < 0 || s.FullValid <= s.FullEvery || s.ShardValid < time.Minute || s.DeltaValid < time.Minute ||
		s.DeltaChanges < 1 || s.DeltaChanges > maxDeltaChanges {
		return refuse(ErrConfig, ReasonConfiguration, "schedule of CRLs")
	}
	return nil
}

// maxDeltaChanges keeps a delta CRL below the largest value of an engine.
const maxDeltaChanges = 8192

// PublisherConfig is what a publisher stands on.
type PublisherConfig struct {
	Register *Register // required
	Actor    Actor     // who records CRLs in the audit; needs RoleOperate
	Schedule Schedule
}

// Publisher makes the CRLs of a register's issuers and keeps them in the register's engine, from where Handler serves
// them. One process at a time publishes for an issuer. It is safe for use by many goroutines.
//
// A change goes through the publisher (ChangeAll, Revoke, Suspend, Resume): when it returns, the CRL of the
// certificate's shard that states it is durable, with a number above all before. What a crash leaves between the
// change and its CRL, and what the schedule asks for, Due does; it is to be called at the start and every minute.
type Publisher struct {
	cfg    PublisherConfig
	groups map[KeyID]*combine.Group[*publication]
}

// NewPublisher checks the configuration.
func NewPublisher(cfg PublisherConfig) (*Publisher, error) {
	if cfg.Register == nil {
		return nil, refuse(ErrConfig, ReasonConfiguration, "register is required")
	}
	if err := cfg.Actor.check(RoleOperate); err != nil {
		return nil, err
	}
	cfg.Schedule.setDefaults()
	if err := cfg.Schedule.check(); err != nil {
		return nil, err
	}
	p := &Publisher{cfg: cfg, groups: map[KeyID]*combine.Group[*publication]{}}
	for _, issuer := range cfg.Register.cfg.Issuers {
		p.groups[issuer.id] = &combine.Group[*publication]{}
	}
	return p, nil
}

// Revoke is Register.Revoke, on a CRL when it returns.
func (p *Publisher) Revoke(
	ctx context.Context, actor Actor, id CertificateID, cause pki.Cause, note string,
) (Status, error) {
	return p.change(ctx, actor, Change{ID: id, To: StateRevoked, Cause: cause, Note: note})
}

// Suspend is Register.Suspend, on a CRL when it returns.
func (p *Publisher) Suspend(ctx context.Context, actor Actor, id CertificateID, note string) (Status, error) {
	return p.change(ctx, actor, Change{ID: id, To: StateHeld, Note: note})
}

// Resume is Register.Resume, off the CRL when it returns.
func (p *Publisher) Resume(ctx context.Context, actor Actor, id CertificateID, note string) (Status, error) {
	return p.change(ctx, actor, Change{ID: id, To: StateValid, Note: note})
}

func (p *Publisher) change(ctx context.Context, actor Actor, c Change) (Status, error) {
	outcomes := p.ChangeAll(ctx, actor, []Change{c})
	return outcomes[0].Status, outcomes[0].Err
}

// ChangeAll is Register.ChangeAll, on CRLs when it returns. A change that was made and could not be published has its
// Status and an error that is ErrUnpublished.
func (p *Publisher) ChangeAll(ctx context.Context, actor Actor, changes []Change) []Outcome {
	outcomes := p.cfg.Register.ChangeAll(ctx, actor, changes)
	for issuer, shards := range touched(changes, outcomes) {
		err := p.publish(ctx, issuer, shards)
		if err == nil {
			continue
		}
		for i, c := range changes {
			if outcomes[i].Err == nil && c.ID.Issuer == issuer {
				outcomes[i].Err = fmt.Errorf("%w: %w", ErrUnpublished, err)
			}
		}
	}
	return outcomes
}

// touched gives the shards in which something has changed, by issuer.
func touched(changes []Change, outcomes []Outcome) map[KeyID][]uint32 {
	shards := map[KeyID][]uint32{}
	for i, c := range changes {
		o, issuer := outcomes[i], c.ID.Issuer
		if o.Err == nil && !slices.Contains(shards[issuer], o.Status.Shard) {
			shards[issuer] = append(shards[issuer], o.Status.Shard)
		}
	}
	return shards
}
