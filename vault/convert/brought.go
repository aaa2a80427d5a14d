package convert

import (
	"context"

	"github.com/elicense/elicense/vault"
)

// brought is a file that a row brings, on its way into the vault: the content of its at-th image or scan.
type brought struct {
	content []byte
	at      int
	image   bool
}

// waiting is a file of an accepted row that is not stored yet.
type waiting struct {
	raw *rawRow
	brought
}

// waitingBytes is how much waits before it is stored together.
const waitingBytes = 4 << 20

// keep has the files of a row stored if its group is to be committed and the row is accepted; those of other rows are
// forgotten.
func (w *worker) keep(ctx context.Context, raw *rawRow, accepted bool) error {
	if w.put != nil && accepted {
		for _, b := range raw.brought {
			w.waiting = append(w.waiting, waiting{raw, b})
			w.bytes += len(b.content)
		}
	}
	raw.brought = nil
	if w.bytes < waitingBytes {
		return nil
	}
	return w.store(ctx)
}

// store makes what waits durable. The drafts of the rows see the addresses: they share the lists of their rows.
func (w *worker) store(ctx context.Context) error {
	if len(w.waiting) == 0 {
		return nil
	}
	contents := make([][]byte, len(w.waiting))
	for i := range w.waiting {
		contents[i] = w.waiting[i].content
	}
	list, err := w.put(ctx, contents)
	if err != nil {
		return err
	}
	for i, b := range w.waiting {
		if b.image {
			b.raw.images[b.at] = vault.Image(list[i])
		} else {
			b.raw.scans[b.at] = list[i]
		}
	}
	w.waiting, w.bytes = nil, 0
	return nil
}
