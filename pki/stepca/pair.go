package stepca

import (
	"bytes"
	"errors"
	"strconv"

	"github.com/elicense/elicense/internal/engine"
)

// How a value lies in the engine: its first byte.
const (
	valueWhole = 0 // the value follows
	valueParts = 1 // one byte follows: how many parts there are
)

// partBytes is the length of every part but the last. Smallstep keeps its whole CRL as one value.
const partBytes = engine.MaxValueBytes

// maxParts is how many parts one transaction can take, room for keys included.
const maxParts = engine.MaxTxBytes/partBytes - 1

// pair is the place of one value.
type pair struct {
	in     *bucketed
	bucket []byte
	key    []byte
}

func (p pair) place() []byte { return append(p.in.pairs(p.bucket), p.key...) }

func (p pair) part(i int) []byte {
	return strconv.AppendInt(appendCounted(p.in.parts(p.bucket), p.key), int64(i), 10)
}

func (p pair) get(r engine.Reader) ([]byte, error) {
	stored, err := r.Get(p.place())
	if err != nil {
		return nil, err
	}
	return p.whole(r, stored)
}

// whole gives a copy of the value that is stored in one piece or in parts.
func (p pair) whole(r engine.Reader, stored []byte) ([]byte, error) {
	switch {
	case len(stored) > 0 && stored[0] == valueWhole:
		return append([]byte{}, stored[1:]...), nil
	case len(stored) != 2 || stored[0] != valueParts || stored[1] == 0:
		return nil, engine.ErrCorrupt
	}
	var value []byte
	for i := range int(stored[1]) {
		part, err := r.Get(p.part(i))
		if errors.Is(err, engine.ErrNotFound) {
			return nil, engine.ErrCorrupt
		}
		if err != nil {
			return nil, err
		}
		value = append(value, part...)
	}
	return value, nil
}

func (p pair) put(w engine.Writer, value []byte) error {
	if err := p.removeParts(w); err != nil {
		return err
	}
	if len(value) < engine.MaxValueBytes {
		return w.Put(p.place(), append([]byte{valueWhole}, value...))
	}
	n := (len(value) + partBytes - 1) / partBytes
	if n > maxParts {
		return engine.ErrTooLarge
	}
	for i := range n {
		if err := w.Put(p.part(i), value[i*partBytes:min((i+1)*partBytes, len(value))]); err != nil {
			return err
		}
	}
	return w.Put(p.place(), []byte{valueParts, byte(n)})
}

// swap puts value if what stands there equals old.
func (p pair) swap(w engine.Writer, old, value []byte) ([]byte, bool, error) {
	current, err := p.get(w)
	if err != nil && !errors.Is(err, engine.ErrNotFound) {
		return nil, false, err
	}
	if !bytes.Equal(current, old) {
		return current, false, nil
	}
	if err := p.put(w, value); err != nil {
		return nil, false, err
	}
	return append([]byte{}, value...), true, nil
}

func (p pair) remove(w engine.Writer) error {
	if err := p.removeParts(w); err != nil {
		return err
	}
	return w.Delete(p.place())
}

// removeParts takes away the parts of the value that stands there, if it has any.
func (p pair) removeParts(w engine.Writer) error {
	stored, err := w.Get(p.place())
	switch {
	case errors.Is(err, engine.ErrNotFound):
		return nil
	case err != nil:
		return err
	case len(stored) != 2 || stored[0] != valueParts:
		return nil
	}
	for i := range int(stored[1]) {
		if err := w.Delete(p.part(i)); err != nil {
			return err
		}
	}
	return nil
}
