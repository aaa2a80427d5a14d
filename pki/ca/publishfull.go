package ca

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/pki"
)

const (
	partBytes   = 512 << 10 // of a full CRL in one value
	partsAtOnce = 8         // in one transaction

	// maxFullBytes of entries is what readers take in; beyond, policy has to let expired certificates go.
	maxFullBytes = pki.MaxCRLBytes - 4096
)

// errTooLarge is returned for a full CRL that readers would refuse; the CRLs of shards go on.
var errTooLarge = fmt.Errorf("%w: full CRL over %d bytes; have policy drop expired ones", ErrTooMany, maxFullBytes)

// PublishFull makes the full CRL of an issuer. It reads everything that is revoked, which takes about a second for a
// million; revocations and their CRLs go on meanwhile.
//
// The parts are stored first. They are published by the transaction that records the CRL; a crash before it leaves
// parts that nothing points to, which the next full CRL removes.
func (p *Publisher) PublishFull(ctx context.Context, issuer KeyID) (CRLRecord, error) {
	r := p.cfg.Register
	number, err := r.BeginCRL(ctx, issuer)
	if err != nil {
		return CRLRecord{}, fmt.Errorf("taking CRL number: %w", err)
	}
	m := &madeCRL{CRLRecord: CRLRecord{Number: number, Scope: CRLScope{Kind: CRLFull}}}
	list := &certList{freshest: p.addresses(issuer).Delta()}
	if list.places, err = r.placesTaken(ctx, issuer); err != nil {
		return CRLRecord{}, fmt.Errorf("reading issuance log: %w", err)
	}
	m.Sequence, err = r.Revoked(ctx, issuer, func(v Revocation) bool {
		list.entries = appendCRLEntry(list.entries, &v)
		m.Entries++
		return len(list.entries) <= maxFullBytes
	})
	if err != nil {
		return CRLRecord{}, fmt.Errorf("reading revoked certificates: %w", err)
	}
	if len(list.entries) > maxFullBytes {
		return CRLRecord{}, errTooLarge
	}
	if err := p.make(ctx, issuer, m, list, p.cfg.Schedule.FullValid); err != nil {
		return CRLRecord{}, err
	}
	if err := p.storeFull(ctx, issuer, m); err != nil {
		return CRLRecord{}, err
	}
	return m.CRLRecord, p.dropParts(ctx, issuer)
}

// placesTaken is how many places of the issuance log are given out.
func (r *Register) placesTaken(ctx context.Context, issuer KeyID) (n uint64, err error) {
	err = r.cfg.Engine.View(ctx, func(rd engine.Reader) error {
		n, err = getNumber(rd, key(spaceLease, issuer[:]))
		return err
	})
	return n, err
}

func (p *Publisher) storeFull(ctx context.Context, issuer KeyID, m *madeCRL) error {
	e := p.cfg.Register.cfg.Engine
	parts := (len(m.der) + partBytes - 1) / partBytes
	for from := 0; from < parts; from += partsAtOnce {
		err := e.Update(ctx, func(w engine.Writer) error {
			for i := from; i < min(from+partsAtOnce, parts); i++ {
				part := m.der[i*partBytes : min((i+1)*partBytes, len(m.der))]
				if err := w.Put(partKey(issuer, m.Number, i), part); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("storing full CRL: %w", err)
		}
	}
	at := p.cfg.Register.now()
	head := fullHead{number: m.Number, size: int64(len(m.der))}
	err := e.Update(ctx, func(w engine.Writer) error {
		before, err := getFullHead(w, issuer)
		if err != nil {
			return err
		}
		h := head
		h.before = before.number
		if err := putCRLRecord(w, issuer, m.CRLRecord); err != nil {
			return err
		}
		if err := w.Put(key(spacePublisher, []byte{keptFull}, issuer[:]), h.append(nil)); err != nil {
			return err
		}
		return record(w, p.auditCRL(issuer, m.Number, at))
	})
	if err != nil {
		return fmt.Errorf("storing full CRL: %w", err)
	}
	return nil
}

// fullHead says where the last full CRL lies. The one before it stays, for those who are reading it.
type fullHead struct {
	number, before uint64
	size           int64
}

func (h fullHead) append(b []byte) []byte {
	for _, n := range []uint64{h.number, h.before, uint64(h.size)} { //nolint:gosec // a length
		b = binary.BigEndian.AppendUint64(b, n)
	}
	return b
}

// getFullHead is the zero head if there is no full CRL.
func getFullHead(r engine.Reader, issuer KeyID) (h fullHead, err error) {
	b, err := r.Get(key(spacePublisher, []byte{keptFull}, issuer[:]))
	if err != nil {
		return h, ignoreNotFound(err)
	}
	if len(b) != 24 {
		return h, fmt.Errorf("%w: place of the full CRL", ErrDamaged)
	}
	h.number, h.before = binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])
	h.size = int64(binary.BigEndian.Uint64(b[16:])) //nolint:gosec // written from a length
	return h, nil
}

// dropParts removes the parts of full CRLs that are neither the last nor the one before.
func (p *Publisher) dropParts(ctx context.Context, issuer KeyID) error {
	prefix := key(spacePublisher, []byte{keptPart}, issuer[:])
	for {
		n := 0
		err := p.cfg.Register.cfg.Engine.Update(ctx, func(w engine.Writer) error {
			head, err := getFullHead(w, issuer)
			if err != nil {
				return err
			}
			old, err := oldParts(w, prefix, head)
			n = len(old)
			if err != nil {
				return err
			}
			for _, k := range old {
				if err := w.Delete(k); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("removing an old full CRL: %w", err)
		}
		if n == 0 {
			return nil
		}
	}
}

func oldParts(r engine.Reader, prefix []byte, head fullHead) (old [][]byte, err error) {
	err = r.Scan(engine.Range{Prefix: prefix, KeysOnly: true}, func(k, _ []byte) (bool, error) {
		if len(k) != len(prefix)+12 {
			return false, fmt.Errorf("%w: key of a part", ErrDamaged)
		}
		if number := binary.BigEndian.Uint64(k[len(prefix):]); number != head.number && number != head.before {
			old = append(old, append([]byte(nil), k...))
		}
		return len(old) < 256, nil
	})
	return old, err
}

func partKey(issuer KeyID, number uint64, part int) []byte {
	return key(spacePublisher, []byte{keptPart}, issuer[:], be64(number), be32(uint32(part))) //nolint:gosec // a count
}
