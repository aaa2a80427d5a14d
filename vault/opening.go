package vault

import (
	"fmt"

	"github.com/elicense/elicense/internal/engine"
)

// opening is an item of the feed that is no event of a licence: that others see a batch from now on, or a notice.
//
// The feed is the ledger with openings between its leaves: the k-th opening, counted from 0, written when the ledger
// had s leaves, has the sequence number s+k, and a leaf has its index plus the number of openings before it. So every
// number is taken once, none is ever taken before one that is smaller, and the ledger needs to know of no opening.
type opening struct {
	sequence uint64
	number   uint64  // k
	batch    string  // that was opened; "": it is a notice
	notice   *Notice // nil: it is a batch
}

// A stored opening is k and what it is: the name of a batch, or, behind a zero byte, a notice.
const noticeMark = 0

func openingKey(sequence uint64) []byte { return key(spaceOpening, be64(sequence)) }

// putOpening gives what is no event of a licence the next sequence number.
func putOpening(w engine.Writer, what []byte) (uint64, error) {
	size, _, err := treeHead(w)
	if err != nil {
		return 0, err
	}
	n, _, err := openingsBefore(w, ^uint64(0))
	if err != nil {
		return 0, err
	}
	return size + n, w.Create(openingKey(size+n), append(be64(n), what...))
}

// openBatch lets others see what a batch brought, and tells followers so, once.
func openBatch(w engine.Writer, b *BatchAccount) error {
	open, err := batchOpen(w, b.ID)
	if err != nil || open {
		return err
	}
	if err := w.Put(key(spaceBatchOpen, []byte(b.ID)), nil); err != nil {
		return err
	}
	place, err := putOpening(w, []byte(b.ID))
	b.Opened = &place
	return err
}

func parseOpening(k, value []byte) (opening, error) {
	if len(k) != 9 || len(value) <= 8 {
		return opening{}, fmt.Errorf("%w: opening in the feed", ErrDamaged)
	}
	o := opening{sequence: be(k[1:]), number: be(value[:8])}
	if value[8] != noticeMark {
		o.batch = string(value[8:])
		return o, nil
	}
	var err error
	o.notice, err = parseNotice(value[9:])
	return o, err
}

// openingsAtOnce bounds how many openings are read at once.
const openingsAtOnce = MaxFeedItems

// openingsBefore counts the openings before a sequence number, and gives those from there on, openingsAtOnce at most.
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
	from, err = openingsFrom(r, sequence)
	return before, from, err
}

func openingsFrom(r engine.Reader, sequence uint64) ([]opening, error) {
	var list []opening
	err := r.Scan(engine.Range{Prefix: []byte{spaceOpening}, Start: openingKey(sequence)},
		func(k, value []byte) (bool, error) {
			o, err := parseOpening(k, value)
			list = append(list, o)
			return err == nil && len(list) < openingsAtOnce, err
		})
	return list, err
}
