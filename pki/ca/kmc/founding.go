package kmc

import (
	"context"
	"errors"

	"github.com/elicense/elicense/internal/engine"
)

// Grounds say who does something, why, and by which right. All are required, and stand in the transcript.
type Grounds struct {
	Who   string // name and office; no identity number
	Why   string
	Basis string // 法律依据, or the rule
}

func (g Grounds) check() error {
	if !isText(g.Who) || !isText(g.Why) || !isText(g.Basis) {
		return refuse(ReasonRequest, "who, why and basis are required")
	}
	return nil
}

// Found makes the first set of custodians. All of them take part and show that they hold the keys they are entered
// with: a set of keys that nobody holds would lose every key in escrow.
func (c *Centre) Found(ctx context.Context, custody Custody, g Grounds, participants []Participant) error {
	if c.Custody() != nil {
		return refuse(ReasonState, "the centre is founded; a new set comes by re-wrapping")
	}
	custody.Generation = 1
	entry, set, err := c.askFounding(ctx, custody, g, participants)
	if err != nil {
		return err
	}
	return c.found(ctx, set, entry, func(w engine.Writer) error {
		if now, err := currentCustody(w); err != nil || now != nil {
			return errors.Join(err, refuse(ReasonState, "the centre is founded"))
		}
		return nil
	})
}

// askFounding has all custodians of a new set sign it and open a trial share.
func (c *Centre) askFounding(
	ctx context.Context, custody Custody, g Grounds, participants []Participant,
) (*Entry, *Custody, error) {
	set := custody.clone()
	if err := errors.Join(set.check(), g.check()); err != nil {
		return nil, nil, err
	}
	digest, err := set.digest()
	if err != nil {
		return nil, nil, err
	}
	asked, err := c.ask(set, Statement{Act: ActFounding, Set: digest, Who: g.Who, Why: g.Why, Basis: g.Basis})
	if err != nil {
		return nil, nil, err
	}
	entry := &Entry{Event: EventFounded, Case: asked.statement.Case, Statement: asked.text, Set: set}
	answers, err := c.tryShares(ctx, asked, participants)
	if err != nil {
		return nil, nil, c.refused(ctx, asked, nil, err)
	}
	entry.Approvals = approvers(answers)
	return entry, set, nil
}

// tryShares gives each custodian a share of no key and wants it back.
func (c *Centre) tryShares(ctx context.Context, asked *asking, participants []Participant) ([]answer, error) {
	var secret [secretSize]byte // of no worth
	points, err := split(c.config.Rand, secret, asked.set.Threshold, len(asked.set.Custodians))
	if err != nil {
		return nil, err
	}
	trial := make([]wrappedShare, len(points))
	for i, who := range asked.set.Custodians {
		s := share{generation: asked.set.Generation, point: points[i]}
		if trial[i], err = wrapShare(c.config.Rand, who, s); err != nil {
			return nil, err
		}
	}
	answers, err := asked.gather(ctx, participants, len(points),
		func(place int) [][]byte { return [][]byte{trial[place].cipher} })
	if err != nil {
		return nil, err
	}
	_, err = asked.points(answers, 0, KeyID{}, trial)
	return answers, err
}

// found makes a set the current one.
func (c *Centre) found(ctx context.Context, set *Custody, entry *Entry, also func(engine.Writer) error) error {
	der, err := set.marshal()
	if err != nil {
		return err
	}
	err = c.record(ctx, entry, func(w engine.Writer) error {
		if err := also(w); err != nil {
			return err
		}
		return w.Create(custodyKey(set.Generation), der)
	})
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.custody = set
	return nil
}

// refused enters into the transcript that something was asked in vain, and returns why.
func (c *Centre) refused(ctx context.Context, asked *asking, answers []answer, why error) error {
	detail := "internal error"
	if reason := ReasonOf(why); reason != "" {
		detail = string(reason)
	}
	entry := &Entry{
		Event: EventRefused, Case: asked.statement.Case, Detail: detail, Statement: asked.text,
		Approvals: approvers(answers),
	}
	return errors.Join(why, c.record(ctx, entry, nil))
}

func (c Custody) clone() *Custody {
	c.Custodians = append([]Custodian(nil), c.Custodians...)
	return &c
}
