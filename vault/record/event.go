package record

import (
	"fmt"
	"slices"
	"time"
)

// Kind names what happened to a licence.
type Kind string

// The kinds of events.
const (
	EventReserved   Kind = "reserved"   // number and identifier taken, nothing issued
	EventVoided     Kind = "voided"     // a reservation given up; its number is never used again
	EventIssued     Kind = "issued"     // paper and electronic licence, at once
	EventConverted  Kind = "converted"  // the electronic form of a paper licence of the stock
	EventChanged    Kind = "changed"    // 变更
	EventRenewed    Kind = "renewed"    // 延续
	EventReissued   Kind = "reissued"   // 补证, 换证: new paper, same content
	EventAttached   Kind = "attached"   // a document was bound to a version
	EventSuspended  Kind = "suspended"  // 暂停, 暂扣
	EventResumed    Kind = "resumed"    // 恢复
	EventCancelled  Kind = "cancelled"  // 注销
	EventRevoked    Kind = "revoked"    // 吊销
	EventAnnulled   Kind = "annulled"   // 撤销
	EventSuperseded Kind = "superseded" // 被替换 by another licence
	EventWithdrawn  Kind = "withdrawn"  // 已撤出: the conversion was undone; the paper licence is untouched
	EventRestored   Kind = "restored"   // a conversion's change was undone by a new version
)

var kinds = []Kind{EventReserved, EventVoided, EventIssued, EventConverted, EventChanged, EventRenewed, EventReissued,
	EventAttached, EventSuspended, EventResumed, EventCancelled, EventRevoked, EventAnnulled, EventSuperseded,
	EventWithdrawn, EventRestored}

// Kinds are all kinds of events.
func Kinds() []Kind { return slices.Clone(kinds) }

// MakesVersion reports whether an event of this kind brings a new signed record.
func (k Kind) MakesVersion() bool {
	switch k {
	case EventIssued, EventConverted, EventChanged, EventRenewed, EventReissued, EventRestored:
		return true
	case EventReserved, EventVoided, EventAttached, EventSuspended, EventResumed, EventCancelled, EventRevoked,
		EventAnnulled, EventSuperseded, EventWithdrawn:
	}
	return false
}

// Event is one thing that happened to a licence. Each is committed to in the ledger by a salted leaf, and names the
// commitment of the licence's event before.
type Event struct {
	Identifier string // 电子证照标识 of the version that the event concerns
	Number     int    // place among the licence's events, from 1
	Kind       Kind
	Version    int       // version in force after the event; 0 while only reserved
	Recorded   time.Time // when the vault learnt of it, UTC, microseconds
	Effective  Date      // from when it counts in law
	Previous   Digest    // ledger commitment of the event before; zero for the first
	Record     Digest    // of the version's record, if the event brought one
	Actor      string    // the authenticated caller
	Batch      string    // conversion batch, or ""
	Paper      string    // serial of the printed paper, or ""
	Document   Digest    // SM3 of the attached document, or zero
	Basis      string    // legal basis, or ""
	Reason     string    // or ""
	Message    string    // id of the message that caused it, or "": see CheckMessage
}

const eventHead = "elicense event v1"

// Append appends the event's bytes to b.
func (e *Event) Append(b []byte) ([]byte, error) {
	w := writer{b: b, start: len(b)}
	w.head(eventHead)
	w.line("identifier", e.Identifier)
	w.open("number").number(e.Number).end()
	w.line("kind", string(e.Kind))
	w.open("version").number(e.Version).end()
	w.time("recorded", e.Recorded)
	w.open("effective").date(e.Effective).end()
	w.optionalDigest("previous", e.Previous)
	w.optionalDigest("record", e.Record)
	w.textLine("actor", e.Actor)
	w.optional("batch", e.Batch)
	w.optional("paper", e.Paper)
	if !e.Document.IsZero() {
		w.open("document").digest(e.Document).end()
	}
	w.optional("basis", e.Basis)
	w.optional("reason", e.Reason)
	w.optional("message", e.Message)
	if w.err == nil {
		w.err = e.check()
	}
	return w.bytes()
}

// ParseEvent reads the bytes of an event.
func ParseEvent(raw []byte) (*Event, error) {
	p := newParser(raw, eventHead)
	e := &Event{}
	e.Identifier = p.word("identifier")
	e.Number = p.number(p.word("number"))
	e.Kind = Kind(p.word("kind"))
	e.Version = p.number(p.word("version"))
	e.Recorded = p.time("recorded")
	e.Effective = p.date(p.word("effective"))
	e.Previous = p.optionalDigest("previous")
	e.Record = p.optionalDigest("record")
	e.Actor = p.text("actor")
	e.Batch = p.optional("batch")
	e.Paper = p.optional("paper")
	if p.next("document") {
		e.Document = p.digest(p.word("document"))
	}
	e.Basis = p.optional("basis")
	e.Reason = p.optional("reason")
	e.Message = p.optional("message")
	if err := p.end(); err != nil {
		return nil, err
	}
	if err := e.check(); err != nil {
		return nil, err
	}
	return e, nil
}

func (e *Event) check() error {
	switch {
	case !slices.Contains(kinds, e.Kind):
		return fmt.Errorf("%w: kind of event", ErrFormat)
	case e.Number < 1 || (e.Number == 1) != e.Previous.IsZero():
		return fmt.Errorf("%w: place of the event", ErrFormat)
	case e.Kind.MakesVersion() == e.Record.IsZero(), e.Kind.MakesVersion() && e.Version < 1:
		return fmt.Errorf("%w: record of the event", ErrFormat)
	case e.Kind == EventAttached && e.Document.IsZero():
		return fmt.Errorf("%w: no document attached", ErrFormat)
	case e.Effective.IsZero():
		return fmt.Errorf("%w: effective day of the event", ErrFormat)
	}
	return checkMessage(e.Message)
}
