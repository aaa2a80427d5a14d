package vault

import (
	"fmt"

	"github.com/elicense/elicense/internal/engine"
)

// opening is that others see a batch from now on, as an item of the feed.
//
// The feed is the ledger with openings between its leaves: the k-th opening, counted from 0, written when the ledger
// had s leaves, has the sequence number s+k, and a leaf has its index plus the number of openings before it. So every
// number is taken once, none is ever taken before one that is smaller, and the ledger needs to know of no opening.
type opening struct {
	sequence uint64
	number   uint64 // k
	batch    string
}

func openingKey(sequence uint64) []byte { return key(spaceOpening, be64(sequence)) }

// openBatch lets others see what a batch brought, and tells followers so, once.
func openBatch(w engine.Writer, b *BatchAccount) error {
	open, err := batchOpen(w, b.ID)
	if err != nil || open {
		return err
	}
	if err := w.Put(key(spaceBatchOpen, []byte(b.ID)), nil); err != nil {
		return err
	}
	size, _, err := treeHead(w)
	if err != nil {
		return err
	}
	n, _, err := openingsBefore(w, ^uint64(0))
	if err != nil {
		return err
	}
	place := size + n
	b.Opened = &place
	return w.Create(openingKey(place), append(be64(n), b.ID...))
}

func parseOpening(k, value []byte) (opening, error) {
	if len(k) != 9 || len(value) <= 8 {
		return opening{}, fmt.Errorf("%w: opening of a batch", ErrDamaged)
	}
	return opening{sequence: be(k[1:]), number: be(value[:8]), batch: string(value[8:])}, nil
}

// openingsBefore counts the openings before a sequence number, and gives those from there on.
func openingsBefore(r engine.Reader, sequence uint64) (before uint64, from []opening, err error) {
	err = r.Scan(engine.Range{Prefix: []byte{spaceOpening}, Start: openingKey(sequence), Reverse: true},
		func(k, value []byte) (bool, error) {
			o, err := parseOpening(k, value)
			if err != nil || o.sequence == sequence {
				return err == nil, err
			}
			before = o.number + 1
			return false, nil
		})
	if err != nil {
		return 0, nil, err
	}
	err = r.Scan(engine.Range{Prefix: []byte{spaceOpening}, Start: openingKey(sequence)},
		func(k, value []byte) (bool, error) {
			o, err := parseOpening(k, value)
			from = append(from, o)
			return err == nil && len(from) <= MaxFeedItems, err
		})
	return before, from, err
}
