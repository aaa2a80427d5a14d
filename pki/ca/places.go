package ca

import (
	"context"
	"sync"

	"github.com/elicense/elicense/internal/engine"
)

// leaseBlock is how many places of the issuance log a process takes at a time. Places taken and not used when the
// process ends stay empty.
const leaseBlock = 1024

// lease gives out places of one issuer's issuance log that a transaction has taken before.
type lease struct {
	mu        sync.Mutex
	filled    sync.Cond
	next, end uint64 // guarded by mu, like all below
	reserve   uint64 // first place of a block in reserve; zero length unless spare
	spare     bool
	filling   bool
	err       error // of the last filling, for those who waited for it
}

func newLease() *lease {
	l := &lease{}
	l.filled.L = &l.mu
	return l
}

// place gives one place that nobody else gets. Whoever finds half a block left takes the next one, so that others need
// not wait for it.
func (r *Register) place(ctx context.Context, issuer KeyID) (uint64, error) {
	l := r.leases[issuer]
	for {
		place, ok, fill, err := l.take()
		if err != nil {
			return 0, err
		}
		var failed error
		if fill {
			failed = l.fill(r.takeBlock(ctx, issuer))
		}
		if ok {
			return place, nil
		}
		if failed != nil {
			return 0, failed
		}
	}
}

// take gives a place if there is one, and tells the caller to fill the lease if it is his turn. Without a place it
// returns after somebody has filled it, or to let the caller do so.
func (l *lease) take() (place uint64, ok, fill bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.next == l.end && l.spare {
		l.next, l.end, l.spare = l.reserve, l.reserve+leaseBlock, false
	}
	fill = !l.filling && !l.spare && l.end-l.next < leaseBlock/2
	if l.next < l.end {
		place, ok = l.next, true
		l.next++
	} else if !fill {
		l.filled.Wait()
		return 0, false, false, l.err
	}
	l.filling = l.filling || fill
	return place, ok, fill, nil
}

func (l *lease) fill(first uint64, err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.filling, l.err = false, err
	if err == nil {
		l.reserve, l.spare = first, true
	}
	l.filled.Broadcast()
	return err
}

// forget drops the places in hand; they stay empty.
func (l *lease) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next, l.end, l.spare = 0, 0, false
}

// takeBlock makes the next block of places this process's own. An ambiguous commit loses a block at worst.
func (r *Register) takeBlock(ctx context.Context, issuer KeyID) (uint64, error) {
	k := key(spaceLease, issuer[:])
	var first uint64
	err := r.cfg.Engine.Update(context.WithoutCancel(ctx), func(w engine.Writer) (err error) {
		if first, err = getNumber(w, k); err != nil {
			return err
		}
		return w.Put(k, be64(first+leaseBlock))
	})
	return first, err
}

// IssuedPlaces is the place after the last one in use in an issuer's issuance log. A full CRL states it
// (oid.IssuedPlaces), so that a restored register knows what it does not know.
func (r *Register) IssuedPlaces(ctx context.Context, issuer KeyID) (uint64, error) {
	var n uint64
	err := r.cfg.Engine.View(ctx, func(rd engine.Reader) (err error) {
		n, err = issuedPlaces(rd, issuer)
		return err
	})
	return n, err
}

func issuedPlaces(r engine.Reader, issuer KeyID) (uint64, error) {
	var n uint64
	scan := engine.Range{Prefix: key(spaceLog, issuer[:]), Reverse: true, KeysOnly: true}
	err := r.Scan(scan, func(k, _ []byte) (bool, error) {
		n = placeAtEnd(k) + 1
		return false, nil
	})
	return n, err
}
