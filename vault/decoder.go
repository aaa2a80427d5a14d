package vault

import (
	"encoding/binary"
	"time"

	"github.com/elicense/elicense/vault/record"
)

// decoder reads the stored binary forms; the first error sticks.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) take(n int) []byte {
	if d.bad || n < 0 || n > len(d.b) {
		d.bad = true
		return nil
	}
	v := d.b[:n]
	d.b = d.b[n:]
	return v
}

func (d *decoder) byte() byte {
	if v := d.take(1); v != nil {
		return v[0]
	}
	return 0
}

func (d *decoder) bool() bool {
	v := d.byte()
	d.bad = d.bad || v > 1
	return v == 1
}

func (d *decoder) int() int {
	n, k := binary.Uvarint(d.b)
	if d.bad || k <= 0 || n > 1<<40 {
		d.bad = true
		return 0
	}
	d.b = d.b[k:]
	return int(n)
}

func (d *decoder) bytes() []byte { return d.take(d.int()) }

func (d *decoder) text() string { return string(d.bytes()) }

func (d *decoder) fixed(to []byte) { copy(to, d.take(len(to))) }

func (d *decoder) array16() (v [16]byte) {
	d.fixed(v[:])
	return v
}

func (d *decoder) uint64() uint64 {
	v := d.take(8)
	if v == nil {
		return 0
	}
	return binary.BigEndian.Uint64(v)
}

func (d *decoder) time() time.Time {
	return time.UnixMicro(int64(d.uint64())).UTC() //nolint:gosec // written by append
}

func (d *decoder) date() record.Date {
	v := d.take(4)
	if v == nil {
		return record.Date{}
	}
	n := int(binary.BigEndian.Uint32(v))
	return record.Date{Year: n / 10000, Month: time.Month(n / 100 % 100), Day: n % 100}
}

func (d *decoder) end() error {
	if d.bad || len(d.b) > 0 {
		return ErrDamaged
	}
	return nil
}

func be(b []byte) (n uint64) {
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n
}
