package vault

// What tests of this package see of its inside: the parsers of stored values, for fuzzing, and the table of states.

import (
	"context"
	"encoding/base64"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// IdentifierOf gives the identifier of the latest version of a number's licence, shown or not.
func (v *Vault) IdentifierOf(ctx context.Context, typeCode, issuer, number string) (id string, err error) {
	err = v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		b, err := r.Get(v.numberKey(typeCode, issuer, number))
		if err != nil {
			return err
		}
		h, err := getHead(r, licenceID(b))
		if err == nil {
			id = h.identifier(h.version)
		}
		return err
	})
	return id, err
}

// States gives every state that events lead to, "" for a licence that does not exist.
func States() []State { return stateCodes }

// Transition gives the state after an event.
func Transition(from State, kind record.Kind) (State, error) { return step(from, kind) }

// On gives the state on a day.
func On(s State, day, from, until record.Date) State { return s.on(day, from, until) }

// Sentences gives the sentences of every code.
func Sentences() map[Code][2]string {
	m := make(map[Code][2]string, len(messages))
	for c, s := range messages {
		m[c] = [2]string{s.zh, s.en}
	}
	return m
}

// ReencodeHead parses a head and writes it again.
func ReencodeHead(b []byte) ([]byte, error) {
	h, err := parseHead(b)
	if err != nil {
		if h != nil {
			panic("a head beside an error")
		}
		return nil, err
	}
	return h.append(nil), nil
}

// ReencodeResults parses the results of a group and writes them again.
func ReencodeResults(b []byte) ([]byte, error) {
	list, err := parseResults(b)
	if err != nil {
		if list != nil {
			panic("results beside an error")
		}
		return nil, err
	}
	return encodeResults(list), nil
}

// ReencodeNotice reads a stored notice behind its mark, and writes it again.
func ReencodeNotice(b []byte) ([]byte, error) {
	n, err := parseNotice(b)
	if err != nil {
		if n != nil {
			panic("a notice beside an error")
		}
		return nil, err
	}
	return n.append(nil)[1:], nil
}

// EncodeNotice is the stored form of a notice behind its mark.
func EncodeNotice(n *Notice) []byte { return n.append(nil)[1:] }

// ReencodeDocument parses a document and writes it again.
func ReencodeDocument(b []byte) ([]byte, error) {
	d, err := parseDocument(b)
	if err != nil {
		if d != (Document{}) {
			panic("a document beside an error")
		}
		return nil, err
	}
	return d.encode(), nil
}

// ParseStoredVersion parses a stored version.
func ParseStoredVersion(b []byte) (*Version, error) { return parseVersion(b) }

// ParseStoredEvent parses a stored event and gives the event's bytes.
func ParseStoredEvent(b []byte) (*record.Event, []byte, error) {
	st, err := parseStoredEvent(b)
	if err != nil {
		return nil, nil, err
	}
	return st.event, st.raw, nil
}

// DecodeCursor gives the start that a page mark leads to in a query over prefix.
func (v *Vault) DecodeCursor(prefix []byte, cursor string) ([]byte, error) {
	f := &finder{v: v, q: Query{Cursor: cursor}}
	return f.start(prefix)
}

// MakeCursor is the page mark of a place.
func (v *Vault) MakeCursor(prefix []byte, next [16]byte) string {
	return (&finder{v: v}).cursor(prefix, next[:])
}

// RawCursor reads the text of a page mark.
func RawCursor(cursor string) ([]byte, error) {
	return base64.RawURLEncoding.Strict().DecodeString(cursor)
}

// ParseTransferEvent reads one event of a transfer with its version, apart from what needs a vault: the event and the
// version as written again.
func ParseTransferEvent(identifier string, t *TransferEvent) (event, rec []byte, err error) {
	id, err := code.ParseIdentifier(identifier)
	if err != nil {
		return nil, nil, refuse(ErrInvalid, CodeIdentifier, "identifier")
	}
	in := &incoming{id: id}
	e, _, err := in.parseEvent(t)
	if err != nil {
		return nil, nil, err
	}
	if event, err = e.event.Append(nil); err != nil || t.Version == nil {
		return event, nil, err
	}
	ver, err := in.parse(e.event, t.Version)
	if err != nil {
		return nil, nil, err
	}
	rec, err = ver.Record.Append(nil)
	return event, rec, err
}

// Differs is what of a request is told not to be as under its key, whose answer was kept as former.
func Differs(act, licence string, former []byte) string {
	return (&idempotency{act: act, licence: licence}).differs(former)
}
