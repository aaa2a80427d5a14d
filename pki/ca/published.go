package ca

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/elicense/elicense/internal/engine"
)

// CRL is the published CRL of a shard, or the delta CRL: its record and its DER. The CRL of a shard that exists and
// has none, or one whose time has passed, is made at once. ErrNotFound if there is none to be had.
func (p *Publisher) CRL(ctx context.Context, issuer KeyID, scope CRLScope) (CRLRecord, []byte, error) {
	if scope.Kind != CRLShard && scope.Kind != CRLDelta {
		return CRLRecord{}, nil, refuse(ErrRequest, ReasonMalformed, "scope of a CRL")
	}
	c, der, err := p.kept(ctx, issuer, scope)
	if scope.Kind == CRLDelta || err != nil && !errors.Is(err, ErrNotFound) ||
		err == nil && p.cfg.Register.now().Before(c.NextUpdate) {
		return c, der, err
	}
	places, err := p.cfg.Register.placesTaken(ctx, issuer)
	if err != nil {
		return CRLRecord{}, nil, err
	}
	if places == 0 || scope.Shard > ShardOf(places-1) {
		return CRLRecord{}, nil, refuse(ErrNotFound, ReasonUnknown, "shard")
	}
	if err := p.publish(ctx, issuer, []uint32{scope.Shard}); err != nil {
		return CRLRecord{}, nil, err
	}
	return p.kept(ctx, issuer, scope)
}

// kept reads a small CRL as it is stored.
func (p *Publisher) kept(ctx context.Context, issuer KeyID, scope CRLScope) (c CRLRecord, der []byte, err error) {
	err = p.cfg.Register.cfg.Engine.View(ctx, func(r engine.Reader) error {
		if c, err = lastCRL(r, issuer, scope); err != nil {
			return err
		}
		der, err = r.Get(keptKey(issuer, scope))
		return notFound(err, "CRL")
	})
	if err != nil {
		return CRLRecord{}, nil, err
	}
	return c, der, nil
}

// FullCRL reads the full CRL piece by piece; it may have many megabytes. It can be read until the second full CRL
// after it is published.
type FullCRL struct {
	CRLRecord
	Size int64

	ctx    context.Context // of the call that opened it: io.Reader has none
	p      *Publisher
	issuer KeyID
	at     int64
	loaded int // number of the part in memory, -1 for none
	part   []byte
}

var _ io.ReadSeeker = (*FullCRL)(nil)

// OpenFull opens the last full CRL; ErrNotFound if there is none.
func (p *Publisher) OpenFull(ctx context.Context, issuer KeyID) (*FullCRL, error) {
	f := &FullCRL{ctx: ctx, p: p, issuer: issuer, loaded: -1}
	err := p.cfg.Register.cfg.Engine.View(ctx, func(r engine.Reader) error {
		head, err := getFullHead(r, issuer)
		if err != nil {
			return err
		}
		if f.CRLRecord, err = lastCRL(r, issuer, CRLScope{Kind: CRLFull}); err != nil {
			return err
		}
		if f.Number != head.number {
			return fmt.Errorf("%w: place of the full CRL", ErrDamaged)
		}
		f.Size = head.size
		return nil
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Read implements io.Reader.
func (f *FullCRL) Read(b []byte) (int, error) {
	if f.at >= f.Size {
		return 0, io.EOF
	}
	if part := int(f.at / partBytes); part != f.loaded {
		err := f.p.cfg.Register.cfg.Engine.View(f.ctx, func(r engine.Reader) (err error) {
			f.part, err = r.Get(partKey(f.issuer, f.Number, part))
			return notFound(err, "part of a full CRL")
		})
		if err != nil {
			f.loaded = -1
			return 0, err
		}
		f.loaded = part
	}
	n := copy(b, f.part[min(int(f.at%partBytes), len(f.part)):])
	if n == 0 && len(b) > 0 {
		return 0, fmt.Errorf("%w: part of a full CRL", ErrDamaged)
	}
	f.at += int64(n)
	return n, nil
}

// Seek implements io.Seeker.
func (f *FullCRL) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += f.at
	case io.SeekEnd:
		offset += f.Size
	default:
		return 0, refuse(ErrRequest, ReasonMalformed, "seek")
	}
	if offset < 0 {
		return 0, refuse(ErrRequest, ReasonMalformed, "seek before the beginning")
	}
	f.at = offset
	return offset, nil
}

// ignoreNotFound makes absence no error.
func ignoreNotFound(err error) error {
	if errors.Is(err, engine.ErrNotFound) {
		return nil
	}
	return err
}
