package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// Pending is what is not settled in a vault: for whoever looks after it. It names no licence and no person.
type Pending struct {
	Restored   bool           `json:"restored"`       // restored from a backup and not caught up: writing is closed
	LastAudit  time.Time      `json:"last_audit"`     // of the newest audit entry before this call; zero: there is none
	Reserved   map[string]int `json:"reserved"`       // reservations neither confirmed nor voided, by issuer
	Staged     int            `json:"staged"`         // ledger leaves that wait for their place
	Unfinished []BatchAccount `json:"unfinished"`     // conversions being worked or undone
	Waiting    []BatchAccount `json:"waiting"`        // conversions that wait for sign-off
	Published  uint64         `json:"published_size"` // ledger size of the newest signed checkpoint
}

// Pending tells an operator what is not settled.
func (v *Vault) Pending(ctx context.Context, a Access) (*Pending, error) {
	s, err := v.admit(ctx, a)
	if err != nil {
		return nil, err
	}
	if err := s.mustOperate(); err != nil {
		return nil, v.denied(ctx, s, auditNote{act: "pending"}, err)
	}
	var p *Pending
	err = v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		restored := openForWriting(r)
		if err := passRefusal(restored); err != nil {
			return err
		}
		p = &Pending{Restored: restored != nil, Reserved: map[string]int{}}
		for _, step := range []func(engine.Reader) error{p.audited, p.reserved, p.staged} {
			if err := step(r); err != nil {
				return err
			}
		}
		if err := p.batches(r, s); err != nil {
			return err
		}
		last, _, err := lastSigned(r)
		p.Published = uint64(last.Size) //nolint:gosec // never negative
		return err
	})
	if err != nil {
		return nil, err
	}
	return whole(p, v.audit(ctx, s, auditNote{act: "pending"}))
}

func (p *Pending) audited(r engine.Reader) error {
	number, _, err := auditHead(r)
	if err != nil || number == 0 {
		return err
	}
	raw, err := r.Get(key(spaceAudit, be64(uint64(number)))) //nolint:gosec // counts from 1
	if err != nil {
		return fmt.Errorf("%w: audit entry %d", ErrDamaged, number)
	}
	e, err := record.ParseAuditEntry(raw)
	if err != nil {
		return fmt.Errorf("%w: audit entry %d", ErrDamaged, number)
	}
	p.LastAudit = e.Time
	return nil
}

func (p *Pending) reserved(r engine.Reader) error {
	return r.Scan(engine.Range{Prefix: []byte{spaceReserved}}, func(_, value []byte) (bool, error) {
		var res reservation
		if err := json.Unmarshal(value, &res); err != nil {
			return false, fmt.Errorf("%w: reservation", ErrDamaged)
		}
		p.Reserved[res.Issuer]++
		return true, nil
	})
}

func (p *Pending) staged(r engine.Reader) error {
	return r.Scan(engine.Range{Prefix: []byte{spaceStaged}}, func(_, value []byte) (bool, error) {
		p.Staged += len(value) / stagedLeafBytes
		return true, nil
	})
}

// batches leaves out those of classified types, as Batches does.
func (p *Pending) batches(r engine.Reader, s *session) error {
	return r.Scan(engine.Range{Prefix: []byte{spaceBatch}}, func(_, value []byte) (bool, error) {
		var b BatchAccount
		if err := json.Unmarshal(value, &b); err != nil {
			return false, fmt.Errorf("%w: batch", ErrDamaged)
		}
		if err := readableType(r, s, b.Type); errors.Is(err, ErrSecret) {
			return true, nil
		} else if err != nil {
			return false, err
		}
		switch b.State {
		case BatchConverting, BatchUndoing:
			p.Unfinished = append(p.Unfinished, b)
		case BatchWaiting:
			p.Waiting = append(p.Waiting, b)
		case BatchOpen, BatchUndone, BatchImported:
		}
		return true, nil
	})
}
