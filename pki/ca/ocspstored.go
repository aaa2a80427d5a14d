package ca

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/pki"
)

// storedAnswer is a response that was signed beforehand:
//
//	sequence of the status ‖ thisUpdate ‖ nextUpdate, eight bytes each ‖ response in DER
type storedAnswer struct {
	sequence               uint64
	thisUpdate, nextUpdate time.Time
	der                    []byte
}

const storedHead = 24

func (s *storedAnswer) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, s.sequence)
	b = appendTime(appendTime(b, s.thisUpdate), s.nextUpdate)
	return append(b, s.der...)
}

func parseStored(b []byte) (storedAnswer, error) {
	if len(b) <= storedHead {
		return storedAnswer{}, fmt.Errorf("%w: stored OCSP answer", ErrDamaged)
	}
	r := &row{b: b[8:storedHead]}
	return storedAnswer{
		sequence: binary.BigEndian.Uint64(b), thisUpdate: r.time(), nextUpdate: r.time(), der: b[storedHead:],
	}, nil
}

// usable tells whether the answer was signed for the present status and is in its time. Its status is compared, not
// its age: what was signed before a revocation is of no use the moment the revocation is durable.
func (s *storedAnswer) usable(now Status, at time.Time) bool {
	return now.State != StateNone && s.sequence == now.Sequence && !at.Before(s.thisUpdate) && at.Before(s.nextUpdate)
}

// half tells whether half of the answer's time has gone.
func (s *storedAnswer) half(at time.Time) bool {
	return !at.Before(s.thisUpdate.Add(s.nextUpdate.Sub(s.thisUpdate) / 2))
}

func (o *Responder) storedKey(serial Serial, known int) []byte {
	return key(spaceOCSP, o.authority.id[:], serial[:], []byte{short(known)})
}

// stored finds an answer that was signed beforehand.
func (o *Responder) stored(ctx context.Context, q *question, now time.Time) (OCSPAnswer, bool) {
	if q.known < 0 || q.value == (Serial{}) {
		return OCSPAnswer{}, false
	}
	var s storedAnswer
	var status Status
	err := o.cfg.Register.cfg.Engine.View(ctx, func(r engine.Reader) error {
		b, err := r.Get(o.storedKey(q.value, q.known))
		if err != nil {
			return err
		}
		if s, err = parseStored(b); err != nil {
			return err
		}
		status, err = o.lookUp(r, q.value)
		return err
	})
	if err != nil || !s.usable(status, now) {
		return OCSPAnswer{}, false // then it is signed now
	}
	return OCSPAnswer{
		DER: s.der, Status: pki.OCSPSuccessful, ThisUpdate: s.thisUpdate, NextUpdate: s.nextUpdate, Cacheable: true,
	}, true
}

// presignBatch is how many certificates are read and signed at a time.
const presignBatch = 256

// Presign signs answers beforehand for every certificate of the issuer that has not expired and has none that is good
// for a while yet, and drops those of expired ones. It is to be called by schedule; it can be interrupted at any
// time. It returns how many it signed.
func (o *Responder) Presign(ctx context.Context) (signed int, err error) {
	prefix := key(spaceStatus, o.authority.id[:])
	next := prefix
	for next != nil {
		var batch []Revocation
		from := next
		err := o.cfg.Register.cfg.Engine.View(ctx, func(r engine.Reader) error {
			batch, next = nil, nil
			return r.Scan(engine.Range{Prefix: prefix, Start: from}, func(k, value []byte) (bool, error) {
				if len(batch) == presignBatch {
					next = bytes.Clone(k)
					return false, nil
				}
				s, err := parseStatus(value)
				if err != nil || len(k) != len(prefix)+maxSerialBytes {
					return false, fmt.Errorf("%w: status", ErrDamaged)
				}
				batch = append(batch, Revocation{Serial(k[len(prefix):]), s})
				return true, nil
			})
		})
		if err != nil {
			return signed, fmt.Errorf("reading statuses: %w", err)
		}
		n, err := o.presign(ctx, batch)
		signed += n
		if err != nil {
			return signed, err
		}
	}
	return signed, nil
}

// Refresh signs answers for some certificates again, after a change of their status. Certificates of other issuers
// are passed over.
func (o *Responder) Refresh(ctx context.Context, ids ...CertificateID) error {
	for len(ids) > 0 {
		some := ids[:min(len(ids), presignBatch)]
		ids = ids[len(some):]
		var batch []Revocation
		err := o.cfg.Register.cfg.Engine.View(ctx, func(r engine.Reader) error {
			batch = nil
			for _, id := range some {
				if id.Issuer != o.authority.id {
					continue
				}
				s, err := o.lookUp(r, id.Serial)
				if err != nil {
					return err
				}
				if s.State != StateNone {
					batch = append(batch, Revocation{id.Serial, s})
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("reading statuses: %w", err)
		}
		if _, err := o.presign(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// signedAnswer is what is to be stored for a certificate and a hash; without an answer, what is stored is to go.
type signedAnswer struct {
	Revocation // serial number and status
	known      int
	*storedAnswer
}

// presign signs for a batch what is missing, and stores it.
func (o *Responder) presign(ctx context.Context, batch []Revocation) (int, error) {
	now, ok := o.now()
	if !ok {
		return 0, ErrClock
	}
	due, err := o.unsigned(ctx, batch, now)
	if err != nil || len(due) == 0 {
		return 0, err
	}
	n := 0
	for i := range due {
		if due[i].storedAnswer == nil {
			continue
		}
		if err := o.signStored(&due[i], now); err != nil {
			return 0, fmt.Errorf("signing OCSP answer: %w", err)
		}
		n++
	}
	err = o.cfg.Register.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		for _, d := range due {
			if err := o.putStored(w, d); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("storing OCSP answers: %w", err)
	}
	return n, nil
}

// unsigned finds what is to be signed or to go.
func (o *Responder) unsigned(ctx context.Context, batch []Revocation, now time.Time) (due []signedAnswer, err error) {
	err = o.cfg.Register.cfg.Engine.View(ctx, func(r engine.Reader) error {
		due = nil
		for i := range batch {
			for _, hash := range o.cfg.Hashes {
				known := o.nameIndex(hash)
				s, there, err := o.getStored(r, batch[i].Serial, known)
				if err != nil {
					return err
				}
				d := signedAnswer{Revocation: batch[i], known: known}
				expired := now.After(batch[i].NotAfter)
				if !expired && (!there || !s.usable(batch[i].Status, now) || s.half(now)) {
					d.storedAnswer = &storedAnswer{sequence: batch[i].Sequence}
				}
				if d.storedAnswer != nil || expired && there {
					due = append(due, d)
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading OCSP answers: %w", err)
	}
	return due, nil
}

func (o *Responder) getStored(r engine.Reader, serial Serial, known int) (storedAnswer, bool, error) {
	b, err := r.Get(o.storedKey(serial, known))
	if err != nil {
		return storedAnswer{}, false, ignoreNotFound(err)
	}
	s, err := parseStored(b)
	return s, err == nil, nil // one that is damaged is signed again
}

func (o *Responder) signStored(d *signedAnswer, now time.Time) error {
	a := OCSPAnswer{ThisUpdate: now, NextUpdate: o.nextUpdate(now, o.cfg.Valid)}
	der, err := o.sign([]question{o.questionOf(d.Serial, d.known, d.Status)}, nil, &a)
	d.thisUpdate, d.nextUpdate, d.der = a.ThisUpdate, a.NextUpdate, der
	return err
}

// putStored stores an answer unless the status has changed meanwhile: then the one who changed it signs again.
func (o *Responder) putStored(w engine.Writer, d signedAnswer) error {
	k := o.storedKey(d.Serial, d.known)
	if d.storedAnswer == nil {
		return w.Delete(k)
	}
	status, err := o.lookUp(w, d.Serial)
	if err != nil || status.Sequence != d.sequence {
		return err
	}
	return w.Put(k, d.storedAnswer.append(nil))
}
