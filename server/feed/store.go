package feed

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/elicense/elicense/internal/engine"
)

// Keys below the space: 's' id -> subscription; 'l' id, number of the message -> delivery.
func (h *Webhooks) key(kind byte, parts ...[]byte) []byte {
	k := []byte{h.cfg.Space, kind}
	for _, p := range parts {
		k = append(k, p...)
	}
	return k
}

func be(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// raw is the binary form of an id; empty if it is none.
func raw(id string) []byte {
	b, err := hex.DecodeString(id)
	if err != nil || len(b) != idBytes {
		return nil
	}
	return b
}

func decode(b []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("%w: %T", ErrDamaged, into)
	}
	return nil
}

func (h *Webhooks) own(r engine.Reader, owner, id string) (*Subscription, error) {
	if raw(id) == nil {
		return nil, ErrNotFound
	}
	b, err := r.Get(h.key('s', raw(id)))
	if errors.Is(err, engine.ErrNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	s := new(Subscription)
	if err := decode(b, s); err != nil {
		return nil, err
	}
	if s.Owner.ID != owner {
		return nil, ErrNotFound
	}
	return s, nil
}

func (h *Webhooks) put(w engine.Writer, s *Subscription) error {
	b, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encoding subscription: %w", err)
	}
	return w.Put(h.key('s', raw(s.ID)), b)
}

func (h *Webhooks) all(r engine.Reader) ([]*Subscription, error) {
	var list []*Subscription
	err := r.Scan(engine.Range{Prefix: h.key('s')}, func(_, value []byte) (bool, error) {
		s := new(Subscription)
		if err := decode(value, s); err != nil {
			return false, err
		}
		list = append(list, s)
		return true, nil
	})
	return list, err
}

func (h *Webhooks) every(ctx context.Context) (list []*Subscription, err error) {
	err = h.cfg.Engine.View(ctx, func(r engine.Reader) error {
		list, err = h.all(r)
		return err
	})
	return list, err
}

// Delivery is one message in the log.
type Delivery struct {
	Number   uint64    `json:"number"`
	From     uint64    `json:"from"`
	Next     uint64    `json:"next"`
	Events   int       `json:"events"`
	Created  time.Time `json:"created"`
	Taken    time.Time `json:"taken,omitzero"`
	Attempts int       `json:"attempts"`
	Status   int       `json:"status,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	Last     time.Time `json:"last,omitzero"`
}

// Deliveries is the log of a subscription, the newest first.
func (h *Webhooks) Deliveries(ctx context.Context, owner, id string, limit int) ([]Delivery, error) {
	var list []Delivery
	err := h.cfg.Engine.View(ctx, func(r engine.Reader) error {
		list = nil
		s, err := h.own(r, owner, id)
		if err != nil {
			return err
		}
		of := engine.Range{Prefix: h.key('l', raw(s.ID)), Reverse: true}
		return r.Scan(of, func(_, value []byte) (bool, error) {
			var d Delivery
			if err := decode(value, &d); err != nil {
				return false, err
			}
			list = append(list, d)
			return len(list) < limit, nil
		})
	})
	return list, err
}

func (h *Webhooks) getDelivery(r engine.Reader, s *Subscription, number uint64) (*Delivery, error) {
	b, err := r.Get(h.key('l', raw(s.ID), be(number)))
	if errors.Is(err, engine.ErrNotFound) {
		return nil, nil //nolint:nilnil // there is none, and that is no error
	}
	if err != nil {
		return nil, err
	}
	d := new(Delivery)
	return d, decode(b, d)
}

func (h *Webhooks) putDelivery(w engine.Writer, s *Subscription, d *Delivery) error {
	b, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("encoding delivery: %w", err)
	}
	return w.Put(h.key('l', raw(s.ID), be(d.Number)), b)
}

// maxSwept bounds the keys that one transaction removes.
const maxSwept = 10_000

// logKeys are the keys of deliveries that were made before a time in seconds, or of all; the oldest first.
func (h *Webhooks) logKeys(r engine.Reader, s *Subscription, before int64) ([][]byte, error) {
	var keys [][]byte
	err := r.Scan(engine.Range{Prefix: h.key('l', raw(s.ID))}, func(k, value []byte) (bool, error) {
		if before != 0 {
			var d Delivery
			if err := decode(value, &d); err != nil || d.Created.Unix() >= before || d.Number == s.Number+1 {
				return false, err
			}
		}
		keys = append(keys, bytes.Clone(k))
		return len(keys) < maxSwept, nil
	})
	return keys, err
}

// Sweep removes what has outlived its time from the logs.
func (h *Webhooks) Sweep(ctx context.Context) error {
	list, err := h.every(ctx)
	if err != nil {
		return err
	}
	before := h.cfg.Now().Add(-h.cfg.Keep).Unix()
	for _, s := range list {
		err = errors.Join(err, h.cfg.Engine.Update(ctx, func(w engine.Writer) error {
			keys, err := h.logKeys(w, s, before)
			for _, k := range keys {
				err = errors.Join(err, w.Delete(k))
			}
			return err
		}))
	}
	return err
}
