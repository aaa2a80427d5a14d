package vault

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// A message between departments (报文) bears an id, by which it can be followed from end to end (A91): it stands in the
// audit entries of what the message asked for and in the events that it caused, and travels with these into every vault
// that takes them over. An index leads from the id to both.

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

// nameMessage lets an audit entry be found by its message.
func nameMessage(w engine.Writer, e *record.AuditEntry) error {
	if e.Message == "" {
		return nil
	}
	return w.Put(messageKey(e.Message, messageAudit, be64(uint64(e.Number))), nil) //nolint:gosec // counts from 1
}

// nameEventMessage lets an event be found by its message.
func nameEventMessage(w engine.Writer, id licenceID, e *record.Event) error {
	if e.Message == "" {
		return nil
	}
	return w.Put(messageKey(e.Message, messageEvent, id[:], be32(e.Number)), nil)
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
	if err := s.mustAudit(); err != nil {
		return nil, v.denied(ctx, s, note, err)
	}
	if record.CheckMessage(message) != nil {
		return nil, v.denied(ctx, s, note, refuse(ErrInvalid, CodeMessage, "message"))
	}
	note.object = object("message", message)
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
