package vault

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// A message between departments (报文) bears an id, by which it can be followed from end to end (A91): it stands in the
// audit entries of what the message asked for and in the events that it caused, and travels with these into every vault
// that takes them over. An index leads from the id to both. That of the audit is made behind the audit, by
// IndexMessages, so that no look-up waits for it.

// First byte behind the id in a key of spaceMessage.
const (
	messageAudit = 'a' // number -> nothing
	messageEvent = 'e' // licence, number -> nothing
)

func messageKey(id string, kind byte, rest ...[]byte) []byte {
	k := make([]byte, 1, 1+16+1+20)
	k[0] = spaceMessage
	k, _ = hex.AppendDecode(k, []byte(id)) // was checked
	k = append(k, kind)
	return append(k, bytes.Join(rest, nil)...)
}

// nameEventMessage lets an event be found by its message.
func nameEventMessage(w engine.Writer, id licenceID, e *record.Event) error {
	if e.Message == "" {
		return nil
	}
	return w.Put(messageKey(e.Message, messageEvent, id[:], be32(e.Number)), nil)
}

// indexStep is how many audit entries are looked at in one transaction.
const indexStep = 2048

// IndexMessages brings the index up to the end of the audit. It may be called at any time, by several at once, and goes
// on where it was after a crash; Trace calls it too, and has less to wait for if it was called before.
func (v *Vault) IndexMessages(ctx context.Context) error {
	for {
		var from, to int
		var keys [][]byte
		err := v.cfg.Engine.View(ctx, func(r engine.Reader) error {
			var err error
			if from, err = messagesTo(r); err != nil {
				return err
			}
			to, keys, err = messagesAfter(r, from)
			return err
		})
		if err != nil || to == from {
			return err
		}
		err = v.cfg.Engine.Update(ctx, func(w engine.Writer) error {
			now, err := messagesTo(w)
			if err != nil || now >= to { // another was faster
				return err
			}
			for _, k := range keys {
				if err := w.Put(k, nil); err != nil {
					return err
				}
			}
			return w.Put([]byte{spaceMessagesTo}, be64(uint64(to))) //nolint:gosec // counts from 1
		})
		if err != nil {
			return err
		}
	}
}

// messagesTo is the number of the last audit entry that the index has.
func messagesTo(r engine.Reader) (int, error) {
	b, err := r.Get([]byte{spaceMessagesTo})
	if errors.Is(err, engine.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	d := decoder{b: b}
	to := int(d.uint64()) //nolint:gosec // written by IndexMessages
	return to, d.end()
}

// messagesAfter gives the keys of the index for the entries behind one, and the number of the last looked at.
func messagesAfter(r engine.Reader, from int) (to int, keys [][]byte, err error) {
	to = from
	scan := engine.Range{Prefix: []byte{spaceAudit}, Start: key(spaceAudit, be64(uint64(from+1)))} //nolint:gosec // ≥ 0
	err = r.Scan(scan, func(_, value []byte) (bool, error) {
		e, err := record.ParseAuditEntry(value)
		if err != nil {
			return false, fmt.Errorf("%w: audit entry", ErrDamaged)
		}
		to = e.Number
		if e.Message != "" {
			number := be64(uint64(e.Number)) //nolint:gosec // counts from 1
			keys = append(keys, messageKey(e.Message, messageAudit, number))
		}
		return to-from < indexStep, nil
	})
	return to, keys, err
}

// Trail is everything that belongs to a message in this vault.
type Trail struct {
	Entries []record.AuditEntry
	Events  []record.Event
	More    bool // there is more than is told
}

// maxTrail bounds what is told of one message.
const maxTrail = 1000

// Trace finds everything that belongs to a message. It is for who runs the vault or audits it; content is not shown.
func (v *Vault) Trace(ctx context.Context, a Access, message string) (*Trail, error) {
	s, err := v.admit(ctx, a)
	if err != nil {
		return nil, err
	}
	note := auditNote{act: "trace"}
	if err := s.mayAudit(); err != nil {
		return nil, v.denied(ctx, s, note, err)
	}
	if record.CheckMessage(message) != nil {
		return nil, v.denied(ctx, s, note, refuse(ErrInvalid, CodeMessage, "message"))
	}
	note.object = object("message", message)
	if err := v.IndexMessages(ctx); err != nil {
		return nil, err
	}
	out := &Trail{}
	err = v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		*out = Trail{}
		prefix := messageKey(message, messageAudit)
		prefix = prefix[:len(prefix)-1]
		return r.Scan(engine.Range{Prefix: prefix, KeysOnly: true}, func(k, _ []byte) (bool, error) {
			if out.More = len(out.Entries)+len(out.Events) == maxTrail; out.More {
				return false, nil
			}
			return true, out.add(r, k[len(prefix):])
		})
	})
	if err != nil {
		return nil, err
	}
	note.count = len(out.Entries) + len(out.Events)
	return whole(out, v.audit(ctx, s, note))
}

// add reads what the end of an index key names.
func (f *Trail) add(r engine.Reader, k []byte) error {
	switch {
	case len(k) == 9 && k[0] == messageAudit:
		raw, err := r.Get(key(spaceAudit, k[1:]))
		if err != nil {
			return fmt.Errorf("%w: audit entry is missing", ErrDamaged)
		}
		e, err := record.ParseAuditEntry(raw)
		if err != nil {
			return fmt.Errorf("%w: audit entry", ErrDamaged)
		}
		f.Entries = append(f.Entries, *e)
		return nil
	case len(k) == 21 && k[0] == messageEvent:
		st, err := getStoredEvent(r, licenceID(k[1:17]), int(binary.BigEndian.Uint32(k[17:])))
		if err != nil {
			return err
		}
		f.Events = append(f.Events, *st.event)
		return nil
	}
	return fmt.Errorf("%w: index of messages", ErrDamaged)
}
