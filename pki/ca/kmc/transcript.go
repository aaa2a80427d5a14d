package kmc

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/pki"
)

func transcriptKey(number int) []byte {
	return space(spaceTranscript, binary.BigEndian.AppendUint64(nil, uint64(number))) //nolint:gosec // from 1
}

// record makes the entry durable as the next of the transcript, in one transaction with what also writes. Signing is
// done before: the transaction only checks that the entry is still the next one. A commit of unknown outcome is
// looked up: no two entries have the same bytes.
func (c *Centre) record(ctx context.Context, e *Entry, also func(engine.Writer) error) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	var last []byte
	err := c.config.Engine.View(ctx, func(r engine.Reader) (err error) {
		last, e.Number, err = lastEntry(r)
		return err
	})
	if err != nil {
		return fmt.Errorf("reading transcript: %w", err)
	}
	e.Number++
	e.Time = c.now()
	e.Previous = Fingerprint{}
	if last != nil {
		e.Previous = (&Entry{Raw: last}).Digest()
	}
	if err := c.seal(e); err != nil {
		return err
	}
	err = c.config.Engine.Update(ctx, func(w engine.Writer) error {
		now, _, err := lastEntry(w)
		if err != nil {
			return err
		}
		if !bytes.Equal(now, last) {
			return refuse(ReasonState, "another process writes this transcript")
		}
		if also != nil {
			if err := also(w); err != nil {
				return err
			}
		}
		return w.Create(transcriptKey(e.Number), e.Raw)
	})
	if errors.Is(err, engine.ErrAmbiguous) && c.recorded(ctx, e) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("writing transcript: %w", err)
	}
	return nil
}

// recorded tells whether exactly this entry is stored.
func (c *Centre) recorded(ctx context.Context, e *Entry) bool {
	found := false
	err := c.config.Engine.View(ctx, func(r engine.Reader) error {
		raw, err := r.Get(transcriptKey(e.Number))
		found = err == nil && bytes.Equal(raw, e.Raw)
		return err
	})
	return err == nil && found
}

// lastEntry is the newest entry as stored, and its number; nil and 0 before the first.
func lastEntry(r engine.Reader) (raw []byte, number int, err error) {
	prefix := space(spaceTranscript)
	err = r.Scan(engine.Range{Prefix: prefix, Reverse: true}, func(k, v []byte) (bool, error) {
		if len(k) != len(prefix)+8 {
			return false, damaged("key of the transcript")
		}
		raw = bytes.Clone(v)
		number = int(binary.BigEndian.Uint64(k[len(prefix):])) //nolint:gosec // written from an int
		return false, nil
	})
	if err != nil {
		return nil, 0, err
	}
	return raw, number, nil
}

// Transcript visits the entries as stored from a number on, until visit returns an error, which it returns.
func (c *Centre) Transcript(ctx context.Context, from int, visit func(raw []byte) error) error {
	return c.config.Engine.View(ctx, func(r engine.Reader) error {
		return r.Scan(engine.Range{Prefix: space(spaceTranscript), Start: transcriptKey(max(from, 1))},
			func(_, v []byte) (bool, error) { return true, visit(bytes.Clone(v)) })
	})
}

// TranscriptVerifier judges a transcript from its first entry on, with nothing but the centre's public key: that no
// entry is missing or changed, that custodians approved by their signatures, and that nothing was delivered which was
// not approved by enough of them.
type TranscriptVerifier struct {
	Key *pki.PublicKey // required: the centre's

	number   int
	last     Fingerprint
	sets     map[int]*Custody
	approved map[string]bool // cases
}

// Add judges the next entry and returns it.
func (v *TranscriptVerifier) Add(raw []byte) (*Entry, error) {
	e, err := ParseEntry(raw, v.Key)
	if err != nil {
		return nil, err
	}
	if e.Number != v.number+1 || e.Previous != v.last {
		return nil, damaged(fmt.Sprintf("transcript entry %d does not follow entry %d", e.Number, v.number))
	}
	if v.sets == nil {
		v.sets, v.approved = map[int]*Custody{}, map[string]bool{}
	}
	if err := v.judge(e); err != nil {
		return nil, err
	}
	v.number, v.last = e.Number, e.Digest()
	return e, nil
}

func (v *TranscriptVerifier) judge(e *Entry) error {
	switch e.Event {
	case EventFounded:
		return v.judgeFounding(e)
	case EventApproved, EventRefused:
		return v.judgeAsking(e)
	case EventDelivered, EventFailed, EventRewrapFinished:
		if !v.approved[e.Case] {
			return damaged("transcript entry of a case that was not approved")
		}
		return nil
	default:
		return damaged("transcript entry of an unknown event")
	}
}

func (v *TranscriptVerifier) judgeFounding(e *Entry) error {
	s, err := ParseStatement(e.Statement)
	if err != nil || e.Set == nil || s.Act != ActFounding || s.Case != e.Case || s.Custody != e.Set.Generation ||
		e.Set.Generation != len(v.sets)+1 {
		return damaged("founding in the transcript")
	}
	if digest, err := e.Set.digest(); err != nil || digest != s.Set {
		return damaged("founding of another set")
	}
	n, err := countApprovals(e, e.Set)
	if err != nil {
		return err
	}
	if n != len(e.Set.Custodians) {
		return damaged("founding without all its custodians")
	}
	v.sets[e.Set.Generation] = e.Set
	return nil
}

func (v *TranscriptVerifier) judgeAsking(e *Entry) error {
	s, err := ParseStatement(e.Statement)
	if err != nil || s.Case != e.Case || s.Act == ActFounding && e.Event == EventApproved {
		return damaged("statement in the transcript")
	}
	set := v.sets[s.Custody]
	if set == nil {
		if e.Event == EventRefused && s.Act == ActFounding && len(e.Approvals) == 0 {
			return nil
		}
		return damaged("statement for a set that was not founded")
	}
	n, err := countApprovals(e, set)
	if err != nil {
		return err
	}
	if e.Event == EventApproved {
		if n < set.Threshold {
			return damaged("approval by too few custodians")
		}
		v.approved[e.Case] = true
	}
	return nil
}

// countApprovals counts the distinct custodians of a set who signed the entry's statement; a signature of anybody
// else is damage.
func countApprovals(e *Entry, set *Custody) (int, error) {
	seen := map[int]bool{}
	for _, a := range e.Approvals {
		i, ok := set.place(a.Custodian)
		if !ok || seen[i] {
			return 0, damaged("approval by no custodian of the set, or twice by one")
		}
		if pki.VerifySM2(set.Custodians[i].Signing, e.Statement, a.Signature) != nil {
			return 0, damaged("approval that its custodian did not sign")
		}
		seen[i] = true
	}
	return len(seen), nil
}
