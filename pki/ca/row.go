package ca

import (
	"encoding/binary"
	"fmt"
	"time"
)

// Stored rows are a format byte and fields one after the other: numbers as uvarints, texts and bytes with their length
// before them, instants as eight bytes of microseconds since 1970 with zero for none.

func appendBytes(b, v []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(v))), v...)
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendTexts(b []byte, list []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, s := range list {
		b = appendText(b, s)
	}
	return b
}

func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, 0, 0, 0, 0, 0, 0, 0, 0)
	}
	return binary.BigEndian.AppendUint64(b, uint64(t.UnixMicro()))
}

// row reads a stored row; the first error sticks.
type row struct {
	b   []byte
	bad bool
}

// rowFormat is the format of every row so far.
const rowFormat = 1

// openRow checks the format byte.
func openRow(b []byte) *row {
	r := &row{b: b}
	if r.byte() != rowFormat {
		r.bad = true
	}
	return r
}

func (r *row) take(n int) []byte {
	if r.bad || n < 0 || n > len(r.b) {
		r.bad = true
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}

func (r *row) byte() byte {
	if v := r.take(1); v != nil {
		return v[0]
	}
	return 0
}

func (r *row) number() uint64 {
	n, k := binary.Uvarint(r.b)
	if r.bad || k <= 0 {
		r.bad = true
		return 0
	}
	r.b = r.b[k:]
	return n
}

// length is the number of bytes or items that follow; never more than what is left.
func (r *row) length() int {
	n := r.number()
	if n > uint64(len(r.b)) {
		r.bad = true
		return 0
	}
	return int(n) //nolint:gosec // bounded above
}

func (r *row) bytes() []byte {
	if v := r.take(r.length()); len(v) > 0 {
		return append([]byte(nil), v...)
	}
	return nil
}

func (r *row) text() string { return string(r.take(r.length())) }

func (r *row) texts() []string {
	var list []string
	for n := r.length(); n > 0 && !r.bad; n-- {
		list = append(list, r.text())
	}
	return list
}

func (r *row) fixed(to []byte) { copy(to, r.take(len(to))) }

func (r *row) flag() bool {
	v := r.byte()
	if v > 1 {
		r.bad = true
	}
	return v == 1
}

func (r *row) time() time.Time {
	v := r.take(8)
	if v == nil {
		return time.Time{}
	}
	n := binary.BigEndian.Uint64(v)
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(n)).UTC() //nolint:gosec // written by appendTime
}

// end is ErrDamaged for a row that was not read to its end, or that ended before.
func (r *row) end(what string) error {
	if r.bad || len(r.b) > 0 {
		return fmt.Errorf("%w: %s", ErrDamaged, what)
	}
	return nil
}

func appendFlag(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}
