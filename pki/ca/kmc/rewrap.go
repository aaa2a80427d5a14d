package kmc

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/engine"
)

// rewrapBatch is how many keys one round asks the custodians for.
const rewrapBatch = 128

// Rewrapping hands all keys over to a new set of custodians: one has left, or his key is stolen.
type Rewrapping struct {
	Next Custody
	Grounds
}

// handover is a re-wrapping that has begun and is not finished, as it is stored.
type handover struct {
	from  int // generation whose shares are to go
	count int // keys re-wrapped so far
	name  string
	Grounds
}

// Rewrap founds the next set, by all of its custodians, and hands every key over to it, by as many of the present
// ones as the threshold wants; it returns the number of keys. Each key gets a new escrow key and new shares; shares
// of the earlier set fit none of the new ones. New pairs are for the next set from the moment it is founded. What is
// interrupted, ContinueRewrap finishes.
//
// A stolen custodian's key still opens his shares in copies of the store that were made before; so long as they
// exist, he counts for them. Destroy the copies.
func (c *Centre) Rewrap(ctx context.Context, r Rewrapping, present, next []Participant) (int, error) {
	current := c.Custody()
	if current == nil {
		return 0, refuse(ReasonState, "the centre is not founded")
	}
	if h, err := c.openHandover(ctx); err != nil || h != nil {
		return 0, errors.Join(err, refuse(ReasonState, "a re-wrapping is not finished"))
	}
	r.Next.Generation = current.Generation + 1
	founding, set, err := c.askFounding(ctx, r.Next, r.Grounds, next)
	if err != nil {
		return 0, err
	}
	h := &handover{from: current.Generation, Grounds: r.Grounds}
	if h.name, err = newCase(c.config.Rand); err != nil {
		return 0, err
	}
	asked, err := c.askHandover(ctx, h, current, set, present)
	if err != nil {
		return 0, err
	}
	der, err := h.marshal()
	if err != nil {
		return 0, err
	}
	err = c.found(ctx, set, founding, func(w engine.Writer) error { return w.Create(space(spaceRewrap), der) })
	if err != nil {
		return 0, err
	}
	return c.handOver(ctx, asked, set, present)
}

// ContinueRewrap goes on with a re-wrapping that was interrupted. The present custodians are those of the earlier
// set, and approve again.
func (c *Centre) ContinueRewrap(ctx context.Context, present []Participant) (int, error) {
	h, err := c.openHandover(ctx)
	if err != nil {
		return 0, err
	}
	if h == nil {
		return 0, refuse(ReasonState, "no re-wrapping has begun")
	}
	next := c.Custody()
	if next == nil || next.Generation != h.from+1 {
		return 0, damaged("re-wrapping to a set that does not follow")
	}
	var from *Custody
	err = c.config.Engine.View(ctx, func(r engine.Reader) error {
		from, err = custodyOf(r, h.from)
		return err
	})
	if err != nil {
		return 0, err
	}
	asked, err := c.askHandover(ctx, h, from, next, present)
	if err != nil {
		return 0, err
	}
	return c.handOver(ctx, asked, next, present)
}

// askHandover has the custodians of the earlier set approve; the approval is durable when it returns.
func (c *Centre) askHandover(
	ctx context.Context, h *handover, from, next *Custody, present []Participant,
) (*asking, error) {
	digest, err := next.digest()
	if err != nil {
		return nil, err
	}
	asked, err := c.ask(from, Statement{
		Act: ActRewrap, Case: h.name, Set: digest, Who: h.Who, Why: h.Why, Basis: h.Basis,
	})
	if err != nil {
		return nil, err
	}
	answers, err := asked.gather(ctx, present, from.Threshold, func(int) [][]byte { return nil })
	if err != nil {
		return nil, c.refused(ctx, asked, answers, err)
	}
	return asked, c.record(ctx, &Entry{
		Event: EventApproved, Case: h.name, Statement: asked.text, Approvals: approvers(answers),
	}, nil)
}

// handOver re-wraps batch by batch until no key is left, and says so in the transcript.
func (c *Centre) handOver(ctx context.Context, asked *asking, next *Custody, present []Participant) (int, error) {
	for {
		keys, kept, err := c.remaining(ctx, asked.set.Generation)
		if err != nil {
			return 0, err
		}
		if len(keys) == 0 {
			return c.finishHandover(ctx, asked)
		}
		answers, err := asked.gather(ctx, present, asked.set.Threshold, func(place int) [][]byte {
			var ciphers [][]byte
			for _, e := range kept {
				ciphers = append(ciphers, e.shares[place].cipher)
			}
			return ciphers
		})
		if err != nil {
			return 0, c.failed(ctx, asked, err)
		}
		again, err := c.rewrapKeys(asked, answers, keys, kept, next)
		if err != nil {
			return 0, c.failed(ctx, asked, err)
		}
		if err := c.putRewrapped(ctx, asked.set.Generation, next.Generation, keys, again); err != nil {
			return 0, err
		}
	}
}

// remaining are keys whose shares are of a generation, and their escrows.
func (c *Centre) remaining(ctx context.Context, generation int) (keys []KeyID, kept []*escrow, err error) {
	err = c.config.Engine.View(ctx, func(r engine.Reader) error {
		kept = nil
		if keys, err = firstKeys(r, generationSpace(generation), rewrapBatch); err != nil {
			return err
		}
		set, err := custodyOf(r, generation)
		if err != nil {
			return err
		}
		for _, key := range keys {
			e, err := getEscrow(r, key)
			if err != nil {
				return err
			}
			if e.generation != generation || len(e.shares) != len(set.Custodians) {
				return damaged("escrow of another generation")
			}
			kept = append(kept, e)
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("reading keys to re-wrap: %w", err)
	}
	return keys, kept, nil
}

// rewrapKeys opens each key and puts it into escrow for the next set.
func (c *Centre) rewrapKeys(
	asked *asking, answers []answer, keys []KeyID, kept []*escrow, next *Custody,
) ([][]byte, error) {
	var out [][]byte
	for i, key := range keys {
		points, err := asked.points(answers, i, key, kept[i].shares)
		if err != nil {
			return nil, err
		}
		d, err := kept[i].open(key, points)
		clear(points)
		if err != nil {
			return nil, fmt.Errorf("opening key %s: %w", key, err)
		}
		again, err := sealEscrow(c.config.Rand, next, key, d)
		clear(d[:])
		if err != nil {
			return nil, err
		}
		der, err := again.marshal()
		if err != nil {
			return nil, fmt.Errorf("writing escrow: %w", err)
		}
		out = append(out, der)
	}
	return out, nil
}

// putRewrapped stores a batch. A spare that was destroyed meanwhile is left out.
func (c *Centre) putRewrapped(ctx context.Context, from, to int, keys []KeyID, escrows [][]byte) error {
	err := c.config.Engine.Update(ctx, func(w engine.Writer) error {
		h, err := getHandover(w)
		if err != nil {
			return err
		}
		if h == nil || h.from != from {
			return refuse(ReasonState, "the re-wrapping was finished by another")
		}
		for i, key := range keys {
			put, err := replaceEscrow(w, from, to, key, escrows[i])
			if err != nil {
				return err
			}
			if put {
				h.count++
			}
		}
		der, err := h.marshal()
		if err != nil {
			return err
		}
		return w.Put(space(spaceRewrap), der)
	})
	if err != nil {
		return fmt.Errorf("storing re-wrapped keys: %w", err)
	}
	return nil
}

func replaceEscrow(w engine.Writer, from, to int, key KeyID, der []byte) (bool, error) {
	if _, err := w.Get(generationKey(from, key)); errors.Is(err, engine.ErrNotFound) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	return true, errors.Join(
		w.Delete(generationKey(from, key)), w.Put(generationKey(to, key), nil), w.Put(space(spaceEscrow, key[:]), der))
}

// finishHandover ends a re-wrapping of which no key is left.
func (c *Centre) finishHandover(ctx context.Context, asked *asking) (int, error) {
	h, err := c.openHandover(ctx)
	if err != nil {
		return 0, err
	}
	if h == nil {
		return 0, refuse(ReasonState, "the re-wrapping was finished by another")
	}
	entry := &Entry{Event: EventRewrapFinished, Case: h.name, Count: h.count}
	err = c.record(ctx, entry, func(w engine.Writer) error {
		left, err := firstKeys(w, generationSpace(asked.set.Generation), 1)
		if err != nil || len(left) > 0 {
			return errors.Join(err, refuse(ReasonState, "a key is left"))
		}
		return w.Delete(space(spaceRewrap))
	})
	if err != nil {
		return 0, err
	}
	return h.count, nil
}

// failed enters into the transcript that what was approved could not be done, and returns why.
func (c *Centre) failed(ctx context.Context, asked *asking, why error) error {
	detail := "internal error"
	if reason := ReasonOf(why); reason != "" {
		detail = string(reason)
	}
	entry := &Entry{Event: EventFailed, Case: asked.statement.Case, Detail: detail}
	return errors.Join(why, c.record(ctx, entry, nil))
}

// marshal writes
//
//	Handover ::= SEQUENCE { version INTEGER (1), from INTEGER, count INTEGER, case, who, why, basis UTF8String }
func (h *handover) marshal() ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1Int64(int64(h.from))
		b.AddASN1Int64(int64(h.count))
		for _, s := range []string{h.name, h.Who, h.Why, h.Basis} {
			addText(b, s)
		}
	})
	return b.Bytes()
}

func parseHandover(der []byte) (*handover, error) {
	input := cryptobyte.String(der)
	var body cryptobyte.String
	var version int
	h := &handover{}
	if !input.ReadASN1(&body, casn1.SEQUENCE) || !input.Empty() || !body.ReadASN1Integer(&version) || version != 1 ||
		!body.ReadASN1Integer(&h.from) || h.from < 1 || !body.ReadASN1Integer(&h.count) || h.count < 0 {
		return nil, damaged("re-wrapping")
	}
	for _, s := range []*string{&h.name, &h.Who, &h.Why, &h.Basis} {
		var text cryptobyte.String
		if !body.ReadASN1(&text, casn1.UTF8String) || !isText(string(text)) {
			return nil, damaged("re-wrapping")
		}
		*s = string(text)
	}
	if !body.Empty() {
		return nil, damaged("re-wrapping")
	}
	return h, nil
}

// openHandover is the re-wrapping that is not finished, or nil.
func (c *Centre) openHandover(ctx context.Context) (h *handover, err error) {
	err = c.config.Engine.View(ctx, func(r engine.Reader) error {
		h, err = getHandover(r)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading re-wrapping: %w", err)
	}
	return h, nil
}

func getHandover(r engine.Reader) (*handover, error) {
	der, err := r.Get(space(spaceRewrap))
	if errors.Is(err, engine.ErrNotFound) {
		return nil, nil //nolint:nilnil // none is open
	}
	if err != nil {
		return nil, err
	}
	return parseHandover(der)
}
