package tsa

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/elicense/elicense/internal/engine"
)

// Serial numbers and times are taken from leases. A lease is made durable before anything of it is used, and says which
// serial numbers and which times are used up whatever happens; so no token needs a write of its own, and after kill -9
// the next lease starts beyond everything that may have been given out.
const (
	leaseNumbers = 1 << 16
	leaseTime    = time.Second
	leaseBytes   = 17
	leaseFormat  = 1
	saltBytes    = 8

	// ahead is how far a time may be put forward to come after those of the lease before.
	ahead = time.Millisecond
)

var (
	errEarly = errors.New("tsa: times up to now may have been given out before")
	errLease = errors.New("tsa: the stored lease is damaged")
)

// lease is what may be given out now: numbers from next to below end, times up to below ceiling.
type lease struct {
	next, end uint64
	ceiling   time.Time
	salt      [saltBytes]byte
}

// stored is the lease as it is kept: everything below is used up.
//
//	format 1 octet | end 8 octets | ceiling 8 octets, microseconds since 1970
type stored struct {
	end     uint64
	ceiling int64
}

func (l *lease) stored() stored { return stored{l.end, l.ceiling.UnixMicro()} }

func (s stored) encode() []byte {
	b := binary.BigEndian.AppendUint64([]byte{leaseFormat}, s.end)
	return binary.BigEndian.AppendUint64(b, uint64(s.ceiling)) //nolint:gosec // two's complement there and back
}

func parseStored(b []byte) (stored, error) {
	if len(b) != leaseBytes || b[0] != leaseFormat {
		return stored{}, errLease
	}
	ceiling := int64(binary.BigEndian.Uint64(b[9:])) //nolint:gosec // two's complement there and back
	return stored{binary.BigEndian.Uint64(b[1:9]), ceiling}, nil
}

// desk gives out serial numbers and times, each once, both rising.
type desk struct {
	engine engine.Engine
	clock  *Clock
	rand   io.Reader

	mu   sync.Mutex // guards what follows
	held lease
	last time.Time // given out last
}

// slot is the serial number and the time of one token.
type slot struct {
	serial []byte // contents octets of the INTEGER
	at     time.Time
}

// take gives the next slot. Errors wrap ErrClock if there is no time to be had, else the engine's.
func (d *desk) take(ctx context.Context) (slot, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now, err := d.clock.Now(ctx)
	if err != nil {
		return slot{}, err
	}
	at := now.Truncate(time.Microsecond)
	if !at.After(d.last) {
		at = d.last.Add(time.Microsecond)
	}
	if d.held.next == d.held.end || !at.Before(d.held.ceiling) {
		if at, err = d.renew(ctx, at); err != nil {
			return slot{}, err
		}
	}
	number := d.held.next
	d.held.next++
	d.last = at
	return slot{serialNumber(number, d.held.salt), at}, nil
}

// serialNumber is number ‖ salt without leading zeros. The number alone is unique as long as the store is whole; the
// salt, drawn for each lease, keeps it so if somebody puts an old backup in its place.
func serialNumber(number uint64, salt [saltBytes]byte) []byte {
	b := append(binary.BigEndian.AppendUint64(nil, number), salt[:]...)
	b = bytes.TrimLeft(b, "\x00")
	if len(b) == 0 || b[0]&0x80 != 0 {
		b = append([]byte{0}, b...)
	}
	return b
}

// renew makes a new lease durable, then holds it and gives the first time in it. The stored one may be passed over only
// if it is the one that is held, or if its time is over: else somebody else, or this process before it was killed, may
// have given its times out. If the outcome of the write is not known, the lease held stays as it is and is not the
// stored one any more.
func (d *desk) renew(ctx context.Context, at time.Time) (time.Time, error) {
	var salt [saltBytes]byte
	if _, err := io.ReadFull(d.rand, salt[:]); err != nil {
		return time.Time{}, fmt.Errorf("reading random salt: %w", err)
	}
	held, fresh, first := d.held.stored(), lease{}, at
	err := d.engine.Update(ctx, func(w engine.Writer) error {
		before, err := readStored(w)
		if err != nil {
			return err
		}
		first = at
		if over := time.UnixMicro(before.ceiling).UTC(); before != held && at.Before(over) {
			if over.Sub(at) > ahead {
				return errEarly
			}
			first = over
		}
		fresh = lease{before.end, before.end + leaseNumbers, first.Add(leaseTime), salt}
		if fresh.end < fresh.next {
			return errLease
		}
		return w.Put([]byte(leaseKey), fresh.stored().encode())
	})
	if errors.Is(err, errEarly) {
		return time.Time{}, fmt.Errorf("%w: %w", ErrClock, errEarly)
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("taking a lease of serial numbers: %w", err)
	}
	d.held = fresh
	return first, nil
}

// readStored gives the stored lease; number 0 is never used.
func readStored(r engine.Reader) (stored, error) {
	b, err := r.Get([]byte(leaseKey))
	if errors.Is(err, engine.ErrNotFound) {
		return stored{end: 1}, nil
	}
	if err != nil {
		return stored{}, err
	}
	return parseStored(b)
}

// close gives back what is left of the lease, so that the next start need not wait for its end.
func (d *desk) close(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.held.end == 0 {
		return nil
	}
	held := d.held.stored()
	left := stored{d.held.next, d.last.Add(time.Microsecond).UnixMicro()}
	err := d.engine.Update(ctx, func(w engine.Writer) error {
		before, err := readStored(w)
		if err != nil || before != held {
			return err
		}
		return w.Put([]byte(leaseKey), left.encode())
	})
	if err == nil {
		d.held = lease{}
	}
	return err
}
