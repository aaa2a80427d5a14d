package ca

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/elicense/elicense/internal/engine"
)

// Status is the standing of a certificate now, for whoever answers others; ErrNotFound if it was never issued here,
// ErrRestored while the register is behind what was published and might call a revoked certificate good.
func (r *Register) Status(ctx context.Context, id CertificateID) (Status, error) {
	if err := r.writable(); err != nil {
		return Status{}, err
	}
	var s Status
	err := r.cfg.Engine.View(ctx, func(rd engine.Reader) (err error) {
		s, err = getStatus(rd, id)
		return err
	})
	return s, err
}

func getStatus(r engine.Reader, id CertificateID) (Status, error) {
	b, err := r.Get(statusKey(id))
	if err != nil {
		return Status{}, notFound(err, "certificate")
	}
	return parseStatus(b)
}

// RevokedInShard gives what the CRL of one shard has to hold, in the order of serial numbers, and the sequence up to
// which that is true. It reads no more than the shard.
func (r *Register) RevokedInShard(ctx context.Context, issuer KeyID, shard uint32) ([]Revocation, uint64, error) {
	var list []Revocation
	sequence, err := r.scanListed(ctx, issuer, be32(shard), func(v Revocation) bool {
		list = append(list, v)
		return true
	})
	if err != nil {
		return nil, 0, err
	}
	return list, sequence, nil
}

// Revoked visits what the full CRL of an issuer has to hold, shard by shard and in each in the order of serial numbers,
// until visit returns false. The sequence is the one up to which that is true.
func (r *Register) Revoked(ctx context.Context, issuer KeyID, visit func(Revocation) bool) (uint64, error) {
	return r.scanListed(ctx, issuer, nil, visit)
}

func (r *Register) scanListed(
	ctx context.Context, issuer KeyID, shard []byte, visit func(Revocation) bool,
) (uint64, error) {
	var sequence uint64
	err := r.cfg.Engine.View(ctx, func(rd engine.Reader) (err error) {
		if sequence, err = lastSequence(rd, issuer); err != nil {
			return err
		}
		stated, err := r.statedExpired(rd, issuer)
		if err != nil {
			return err
		}
		scan := engine.Range{Prefix: key(spaceListed, issuer[:], shard)}
		return rd.Scan(scan, func(k, value []byte) (bool, error) {
			id, err := idAtEndOfListed(k)
			if err != nil {
				return false, err
			}
			s, err := parseStatus(value)
			if err != nil {
				return false, err
			}
			if stated.drops(s) {
				return true, nil
			}
			return visit(Revocation{id, s}), nil
		})
	})
	if err != nil {
		return 0, err
	}
	return sequence, nil
}

// idAtEndOfListed reads the serial number of a key of spaceListed.
func idAtEndOfListed(k []byte) (Serial, error) {
	if len(k) != len(KeyPrefix)+1+keyIDBytes+4+maxSerialBytes {
		return Serial{}, fmt.Errorf("%w: key of a listed certificate", ErrDamaged)
	}
	return Serial(k[len(k)-maxSerialBytes:]), nil
}

// statedExpired decides which expired certificates a CRL may leave out: those over whose end policy's time has gone
// and that a full CRL has held (RFC 5280, 5.2.4 and 3.3).
type statedExpired struct {
	before time.Time // certificates that ended before; zero for none
	upTo   uint64    // sequence of the last full CRL
}

func (e statedExpired) drops(s Status) bool {
	return !e.before.IsZero() && !s.NotAfter.IsZero() && s.NotAfter.Before(e.before) && s.Sequence <= e.upTo
}

func (r *Register) statedExpired(rd engine.Reader, issuer KeyID) (statedExpired, error) {
	if r.cfg.Policy.KeepExpired <= 0 {
		return statedExpired{}, nil
	}
	full, err := lastCRL(rd, issuer, CRLScope{Kind: CRLFull})
	if errors.Is(err, ErrNotFound) {
		return statedExpired{}, nil
	}
	if err != nil {
		return statedExpired{}, err
	}
	return statedExpired{before: r.now().Add(-r.cfg.Policy.KeepExpired), upTo: full.Sequence}, nil
}

// ChangedSince gives what a delta CRL has to hold over a base that was true up to the sequence since: for each
// certificate that has changed the last change only, in the order of those, and the sequence up to which it is true. A
// certificate that is valid again stands there as StateValid: removeFromCRL. No more than limit changes are read; with
// more there is ErrTooMany, and a new base is due.
func (r *Register) ChangedSince(
	ctx context.Context, issuer KeyID, since uint64, limit int,
) ([]Revocation, uint64, error) {
	var list []Revocation
	var last uint64
	err := r.cfg.Engine.View(ctx, func(rd engine.Reader) (err error) {
		list = nil
		if last, err = lastSequence(rd, issuer); err != nil {
			return err
		}
		read := 0
		scan := engine.Range{Prefix: key(spaceChange, issuer[:]), Start: changeKey(issuer, since+1)}
		return rd.Scan(scan, func(_, value []byte) (bool, error) {
			if read++; read > limit {
				return false, ErrTooMany
			}
			v, err := parseChange(value)
			list = append(list, v)
			return err == nil, err
		})
	})
	if err != nil {
		return nil, 0, err
	}
	return lastOfEach(list), last, nil
}

// lastOfEach keeps the last change of each certificate.
func lastOfEach(list []Revocation) []Revocation {
	last := make(map[Serial]uint64, len(list))
	for i := range list {
		last[list[i].Serial] = list[i].Sequence
	}
	kept := list[:0]
	for i := range list {
		if last[list[i].Serial] == list[i].Sequence {
			kept = append(kept, list[i])
		}
	}
	return kept
}

// ErrTooMany is returned for more changes than a caller is ready to read.
var ErrTooMany = errors.New("ca: too many changes")

func lastSequence(r engine.Reader, issuer KeyID) (uint64, error) {
	return getNumber(r, key(spaceSequence, issuer[:]))
}

// getNumber reads a stored number; zero if there is none.
func getNumber(r engine.Reader, k []byte) (uint64, error) {
	b, err := r.Get(k)
	if errors.Is(err, engine.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if len(b) != 8 {
		return 0, fmt.Errorf("%w: number", ErrDamaged)
	}
	return binary.BigEndian.Uint64(b), nil
}
