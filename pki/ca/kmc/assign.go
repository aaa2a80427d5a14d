package kmc

import (
	"context"
	"errors"
	"fmt"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/envelope"
	"github.com/elicense/elicense/pki"
)

// Application asks for the encryption pair of one dual certificate (申请密钥).
type Application struct {
	// Request names the application for ever: the same name with the same recipient and holder gives the same pair
	// again.
	Request string
	// Holder names whose pair it is; a token that the authority chose, never an identity number.
	Holder string
	// Recipient is the holder's signing key.
	Recipient *pki.PublicKey
}

// Delivery is a pair on its way to its holder.
type Delivery struct {
	Key       KeyID
	Public    *pki.PublicKey // to be certified
	Recipient *pki.PublicKey
	Envelope  []byte // SM2EnvelopedKey in DER
}

// Response writes the CSRResponse (GM/T 0092-2020) that carries the pair with both certificates. It refuses
// certificates of other keys.
func (d *Delivery) Response(signing, encryption *pki.Certificate) ([]byte, error) {
	if signing == nil || !d.Recipient.Equal(signing.PublicKey) ||
		encryption == nil || !d.Public.Equal(encryption.PublicKey) {
		return nil, refuse(ReasonRecipient, "certificates of other keys than the delivery's")
	}
	key, err := envelope.ParseKey(d.Envelope)
	if err != nil {
		return nil, err
	}
	return envelope.MarshalResponse(&envelope.Response{
		Signing: [][]byte{signing.Raw}, Key: key, Encryption: [][]byte{encryption.Raw},
	})
}

// Assign makes or takes a pair, puts it into use and returns it in an envelope for the recipient. When it returns,
// the pair is in escrow durably.
func (c *Centre) Assign(ctx context.Context, a Application) (*Delivery, error) {
	if !isText(a.Request) || !isText(a.Holder) || a.Recipient == nil {
		return nil, refuse(ReasonRequest, "request, holder and recipient are required")
	}
	custody := c.Custody()
	if custody == nil {
		return nil, refuse(ReasonState, "the centre is not founded")
	}
	if custody.holds(a.Recipient) {
		return nil, refuse(ReasonRecipient, "a custodian's key")
	}
	if again, err := c.assigned(ctx, a); again != nil || err != nil {
		return again, err
	}
	record, store, err := c.preparePair(custody, a)
	if err != nil {
		return nil, err
	}
	err = c.config.Engine.Update(ctx, func(w engine.Writer) error {
		if err := store(w); err != nil {
			return err
		}
		return putAssignment(w, record)
	})
	if errors.Is(err, engine.ErrExists) || errors.Is(err, engine.ErrAmbiguous) {
		again, err2 := c.assigned(ctx, a) // by another call, or by this one after all
		if again != nil || err2 != nil {
			return again, err2
		}
	}
	if err != nil {
		return nil, fmt.Errorf("storing key pair: %w", err)
	}
	return &Delivery{Key: record.Key, Public: record.Public, Recipient: a.Recipient, Envelope: record.Envelope}, nil
}

// preparePair makes the record of a pair in use, and what stores the pair unless it is a spare, which is stored.
func (c *Centre) preparePair(custody *Custody, a Application) (*Record, func(engine.Writer) error, error) {
	var d [envelope.PrivateSize]byte
	defer clear(d[:])
	var record Record
	var store func(engine.Writer) error
	if s := c.takeSpare(); s != nil {
		d, record = s.d, *s.record
		clear(s.d[:])
		store = func(w engine.Writer) error {
			if _, err := w.Get(space(spaceSpare, record.Key[:])); err != nil {
				return fmt.Errorf("reading spare pair: %w", err)
			}
			return w.Delete(space(spaceSpare, record.Key[:]))
		}
	} else {
		p, err := c.makePair(custody)
		if err != nil {
			return nil, nil, err
		}
		d, record, store = p.d, *p.record, p.putEscrow
		clear(p.d[:])
	}
	sealed, err := envelope.Seal(c.config.Rand, a.Recipient, d)
	if err != nil {
		return nil, nil, err
	}
	if record.Envelope, err = envelope.MarshalKey(sealed); err != nil {
		return nil, nil, err
	}
	record.State, record.Holder, record.Request = StateInUse, a.Holder, sm3.Sum([]byte(a.Request))
	record.Recipient, record.Assigned = FingerprintOf(a.Recipient), c.now()
	return &record, store, nil
}

// putAssignment stores a record in use with its indexes; a request that is answered is engine.ErrExists.
func putAssignment(w engine.Writer, record *Record) error {
	if err := w.Create(space(spaceRequest, record.Request[:]), record.Key[:]); err != nil {
		return err
	}
	if err := w.Put(holderKey(record.Holder, record.Key), nil); err != nil {
		return err
	}
	return putRecord(w, 0, record)
}

func holderSpace(holder string) []byte {
	digest := sm3.Sum([]byte(holder))
	return space(spaceHolder, digest[:])
}

func holderKey(holder string, key KeyID) []byte { return append(holderSpace(holder), key[:]...) }

// assigned finds what the same application was given before; nil if it is new.
func (c *Centre) assigned(ctx context.Context, a Application) (*Delivery, error) {
	request := sm3.Sum([]byte(a.Request))
	var record *Record
	err := c.config.Engine.View(ctx, func(r engine.Reader) error {
		key, err := r.Get(space(spaceRequest, request[:]))
		if errors.Is(err, engine.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(key) != len(KeyID{}) {
			return damaged("request")
		}
		record, err = getRecord(r, KeyID(key))
		return err
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading request: %w", err)
	case record == nil:
		return nil, nil //nolint:nilnil // a new request is no error and has no answer
	case record.Holder != a.Holder || record.Recipient != FingerprintOf(a.Recipient):
		return nil, refuse(ReasonReused, "request of another holder or recipient")
	case record.State != StateInUse || len(record.Envelope) == 0:
		return nil, refuse(ReasonState, "the key is confirmed or retired; its envelope is gone")
	}
	return &Delivery{Key: record.Key, Public: record.Public, Recipient: a.Recipient, Envelope: record.Envelope}, nil
}

// Confirm says that the pair's certificate was issued and delivered, and destroys the envelope kept for repetition.
func (c *Centre) Confirm(ctx context.Context, key KeyID, serial []byte) error {
	if len(serial) == 0 || len(serial) > 20 {
		return refuse(ReasonRequest, "serial number of %d bytes", len(serial))
	}
	return c.change(ctx, key, func(record *Record) error {
		if len(record.Certificate) > 0 && string(record.Certificate) != string(serial) {
			return refuse(ReasonState, "confirmed with another certificate")
		}
		record.Certificate, record.Envelope = serial, nil
		return nil
	})
}

// ConfirmHolder confirms the one pair of a holder.
func (c *Centre) ConfirmHolder(ctx context.Context, holder string, serial []byte) error {
	list, err := c.KeysOf(ctx, holder, KeyID{}, 2)
	if err != nil {
		return err
	}
	if len(list) != 1 {
		return refuse(ReasonUnknown, "the holder has %d pairs", len(list))
	}
	return c.Confirm(ctx, list[0].Key, serial)
}

// Retire moves a pair whose certificate has ended into the history (撤销密钥). It can still be recovered.
func (c *Centre) Retire(ctx context.Context, key KeyID, why string) error {
	if !isText(why) {
		return refuse(ReasonRequest, "a reason is required")
	}
	at := c.now()
	return c.change(ctx, key, func(record *Record) error {
		record.State, record.Retired, record.Why, record.Envelope = StateHistory, at, why, nil
		return nil
	})
}

// change changes a record in use.
func (c *Centre) change(ctx context.Context, key KeyID, change func(*Record) error) error {
	err := c.config.Engine.Update(ctx, func(w engine.Writer) error {
		record, err := getRecord(w, key)
		if err != nil {
			return err
		}
		if record.State != StateInUse {
			return refuse(ReasonState, "the key is not in use")
		}
		if err := change(record); err != nil {
			return err
		}
		return putRecord(w, StateInUse, record)
	})
	if err != nil {
		return fmt.Errorf("changing key record: %w", err)
	}
	return nil
}

// Record says what is kept of a pair.
func (c *Centre) Record(ctx context.Context, key KeyID) (record *Record, err error) {
	err = c.config.Engine.View(ctx, func(r engine.Reader) error {
		record, err = getRecord(r, key)
		return err
	})
	if err != nil {
		return nil, err
	}
	return record, nil
}

// Keys are up to limit pairs of a state in the order of their names, behind one of them; the zero KeyID is before
// all.
func (c *Centre) Keys(ctx context.Context, state State, after KeyID, limit int) ([]*Record, error) {
	letter, ok := states[state]
	if !ok || limit < 1 {
		return nil, refuse(ReasonRequest, "state and limit are required")
	}
	return c.list(ctx, space(letter), after, limit)
}

// KeysOf are up to limit pairs of a holder, in use and in the history.
func (c *Centre) KeysOf(ctx context.Context, holder string, after KeyID, limit int) ([]*Record, error) {
	if !isText(holder) || limit < 1 {
		return nil, refuse(ReasonRequest, "holder and limit are required")
	}
	return c.list(ctx, holderSpace(holder), after, limit)
}

func (c *Centre) list(ctx context.Context, prefix []byte, after KeyID, limit int) (records []*Record, err error) {
	err = c.config.Engine.View(ctx, func(r engine.Reader) error {
		keys, err := keysAfter(r, prefix, after, limit)
		if err != nil {
			return err
		}
		records = nil
		for _, key := range keys {
			record, err := getRecord(r, key)
			if err != nil {
				return err
			}
			records = append(records, record)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return records, nil
}
