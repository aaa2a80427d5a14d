package kmc

import (
	"context"
	"fmt"
	"slices"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/envelope"
	"github.com/elicense/elicense/pki"
)

// Recovery asks for a pair again.
type Recovery struct {
	Act    Act // ActUserRecovery or ActJudicialRecovery
	Key    KeyID
	Holder string // whose it is; must be the holder on record
	// Recipient is where it goes: the holder's new signing key, or one of Config.Judicial.
	Recipient *pki.PublicKey
	Grounds
}

// Recover gives the pair in a new envelope, if as many custodians as the threshold wants approve. The approval is in
// the transcript, durably, before any share is used, and the delivery before the envelope is returned.
func (c *Centre) Recover(ctx context.Context, r Recovery, participants []Participant) (*Delivery, error) {
	record, kept, set, err := c.admit(ctx, r)
	if err != nil {
		return nil, err
	}
	asked, err := c.ask(set, Statement{
		Act: r.Act, Key: r.Key, Holder: r.Holder, Recipient: FingerprintOf(r.Recipient),
		Who: r.Who, Why: r.Why, Basis: r.Basis,
	})
	if err != nil {
		return nil, err
	}
	answers, err := asked.gather(ctx, participants, set.Threshold,
		func(place int) [][]byte { return [][]byte{kept.shares[place].cipher} })
	if err != nil {
		return nil, c.refused(ctx, asked, answers, err)
	}
	name := asked.statement.Case
	approved := &Entry{Event: EventApproved, Case: name, Statement: asked.text, Approvals: approvers(answers)}
	if err := c.record(ctx, approved, nil); err != nil {
		return nil, err
	}
	delivery, err := c.deliver(asked, answers, kept, record, r.Recipient)
	if err != nil {
		return nil, c.failed(ctx, asked, err)
	}
	delivered := &Entry{Event: EventDelivered, Case: name, Envelope: sm3.Sum(delivery.Envelope)}
	if err := c.record(ctx, delivered, nil); err != nil {
		return nil, err // not in the transcript: not handed out
	}
	return delivery, nil
}

// admit checks a recovery before anybody is asked.
func (c *Centre) admit(ctx context.Context, r Recovery) (record *Record, kept *escrow, set *Custody, err error) {
	if err := r.check(); err != nil {
		return nil, nil, nil, err
	}
	err = c.config.Engine.View(ctx, func(rd engine.Reader) error {
		if record, err = getRecord(rd, r.Key); err != nil {
			return err
		}
		if kept, err = getEscrow(rd, r.Key); err != nil {
			return err
		}
		set, err = custodyOf(rd, kept.generation)
		return err
	})
	if err != nil {
		return nil, nil, nil, fmt.Errorf("reading key: %w", err)
	}
	if len(kept.shares) != len(set.Custodians) {
		return nil, nil, nil, damaged("escrow with other shares than custodians")
	}
	return record, kept, set, c.admitRecipient(r, record, set)
}

func (r *Recovery) check() error {
	if !r.Act.recovery() || !isText(r.Holder) || r.Recipient == nil {
		return refuse(ReasonRequest, "act, holder and recipient are required")
	}
	return r.Grounds.check()
}

func (c *Centre) admitRecipient(r Recovery, record *Record, set *Custody) error {
	switch {
	case record.State == StateSpare:
		return refuse(ReasonState, "the key is nobody's")
	case record.Holder != r.Holder:
		return refuse(ReasonHolder, "the key has another holder")
	case set.holds(r.Recipient) || c.Custody().holds(r.Recipient):
		return refuse(ReasonRecipient, "a custodian's key")
	case r.Recipient.Equal(record.Public):
		return refuse(ReasonRecipient, "the key itself")
	case r.Act == ActJudicialRecovery && !slices.ContainsFunc(c.config.Judicial, r.Recipient.Equal):
		return refuse(ReasonRecipient, "not among the keys for judicial recovery")
	}
	return nil
}

// deliver opens the key with the custodians' shares and seals it for the recipient.
func (c *Centre) deliver(
	asked *asking, answers []answer, kept *escrow, record *Record, to *pki.PublicKey,
) (*Delivery, error) {
	points, err := asked.points(answers, 0, record.Key, kept.shares)
	if err != nil {
		return nil, err
	}
	defer clear(points)
	d, err := kept.open(record.Key, points)
	if err != nil {
		return nil, err
	}
	defer clear(d[:])
	sealed, err := envelope.Seal(c.config.Rand, to, d)
	if err != nil {
		return nil, err
	}
	if !sealed.Public.Equal(record.Public) {
		return nil, damaged("escrow of another key")
	}
	der, err := envelope.MarshalKey(sealed)
	if err != nil {
		return nil, err
	}
	return &Delivery{Key: record.Key, Public: record.Public, Recipient: to, Envelope: der}, nil
}
