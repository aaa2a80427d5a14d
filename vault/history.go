package vault

import (
	"context"
	"time"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// Entry is one event of a licence's history.
type Entry struct {
	Event *record.Event
	Raw   []byte   // the event's bytes, as committed to in the ledger
	Salt  [16]byte // opens the ledger's leaf
	Proof []byte   // proof file under the last checkpoint; nil while the event is only staged
}

// History gives every event of a licence, oldest first, with its ledger proof.
func (v *Vault) History(ctx context.Context, a Access, identifier string) ([]Entry, error) {
	var list []Entry
	note := auditNote{act: "history"}
	err := v.withLicence(ctx, a, identifier, note, func(r engine.Reader, s *session, id licenceID, h *head) error {
		list = make([]Entry, 0, h.events)
		for n := 1; n <= h.events; n++ {
			st, err := getStoredEvent(r, id, n)
			if err != nil {
				return err
			}
			if hidden, err := concealed(r, s, h, st.event); err != nil {
				return err
			} else if hidden {
				continue
			}
			proof, err := proofOf(r, st)
			if err != nil && !isRefusal(err) {
				return err
			}
			list = append(list, Entry{Event: st.event, Raw: st.raw, Salt: st.salt, Proof: proof})
		}
		return nil
	})
	return whole(list, err)
}

// concealed reports whether an event is not to be shown to anybody but the issuer: it brought a version, or the
// document of one, that stands for a conversion which waits for its sign-off, or was taken back before it.
func concealed(r engine.Reader, s *session, h *head, e *record.Event) (bool, error) {
	if !e.Kind.MakesVersion() && e.Kind != record.EventAttached || s.issued(h) {
		return false, nil
	}
	return untold(r, h, e.Version)
}

// untold reports whether a version was never told to others: it stands for a conversion that waits, or was taken back
// before its sign-off.
func untold(r engine.Reader, h *head, version int) (bool, error) {
	from := h.batchOf(version)
	if from.batch == "" {
		return false, nil
	}
	open, err := batchOpen(r, from.batch)
	if err != nil || !open || !from.undone {
		return !open, err
	}
	b, err := getBatch(r, from.batch)
	return err == nil && b.SignOff == nil, err
}

// issued reports whether a licence is the session's own department's.
func (s *session) issued(h *head) bool {
	return s.Ground == GroundIssuer && s.caller.Department == h.issuer
}

// withLicence runs a read of one licence: right, type and scope decided, audit entry durable before the answer.
func (v *Vault) withLicence(ctx context.Context, a Access, identifier string, note auditNote, read readFunc) error {
	note = note.about(identifier)
	s, sc, err := v.admitRead(ctx, a, note)
	if err != nil {
		return err
	}
	id, err := code.ParseIdentifier(identifier)
	if err != nil {
		return v.denied(ctx, s, note, refuse(ErrInvalid, CodeIdentifier, "identifier"))
	}
	return v.readOne(ctx, reading{s, sc, id, note}, read)
}

// readFunc is what reads a licence that its session may know of.
type readFunc func(r engine.Reader, s *session, id licenceID, h *head) error

// reading is an admitted read of one licence.
type reading struct {
	s    *session
	sc   scope
	id   code.Identifier
	note auditNote
}

// readOne is the part of withLicence that follows the admission.
func (v *Vault) readOne(ctx context.Context, rd reading, read readFunc) error {
	var about []string
	err := v.viewOne(ctx, rd, func(r engine.Reader, s *session, id licenceID, h *head) (err error) {
		rd.note.holders = h.holders
		if about, err = numbersIn(r, s, id, h); err != nil {
			return err
		}
		return read(r, s, id, h)
	})
	if err == nil {
		err = rd.s.show(ctx, about)
	}
	if isRefusal(err) {
		rd.note.holders = nil // nothing was shown
		return v.denied(ctx, rd.s, rd.note, err)
	}
	if err != nil {
		return err
	}
	return v.audit(ctx, rd.s, rd.note)
}

// viewOne reads a licence if the session may know of it; the caller audits.
func (v *Vault) viewOne(ctx context.Context, rd reading, read readFunc) error {
	s, sc, id := rd.s, rd.sc, rd.id
	lid := v.licenceID(id.Type, id.Issuer, id.Serial)
	return v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		if err := readableType(r, s, id.Type); err != nil {
			return err
		}
		h, err := getHead(r, lid)
		if err != nil {
			return err
		}
		if h == nil || !sc.covers(h) {
			return refuse(ErrNotFound, CodeLicenceUnknown, "identifier")
		}
		if ok, err := v.mayKnow(r, s, h); err != nil || !ok {
			if err == nil {
				err = refuse(ErrNotFound, CodeLicenceUnknown, "identifier")
			}
			return err
		}
		return read(r, s, lid, h)
	})
}

// mayKnow reports whether a licence exists for this session: its issuer knows all, others what look-ups show.
func (v *Vault) mayKnow(r engine.Reader, s *session, h *head) (bool, error) {
	if s.issued(h) {
		return true, nil
	}
	version, err := v.visible(r, h)
	return version > 0 && h.state != Withdrawn, err
}

// Moment is what was in force on a legal day, as far as the vault knew at an instant.
type Moment struct {
	State   State
	Since   record.Date
	Version *Version // nil if no version was in force
	Event   *record.Event
}

// AsOf answers on two axes: what was legally in force on a day, by what the vault knew at an instant (zero: now).
func (v *Vault) AsOf(
	ctx context.Context,
	a Access,
	identifier string,
	legal record.Date,
	known time.Time,
) (*Moment, error) {
	var m *Moment
	note := auditNote{act: "as-of", object: object("day", legal.String())}
	err := v.withLicence(ctx, a, identifier, note, func(r engine.Reader, s *session, id licenceID, h *head) error {
		var err error
		m, err = v.asOf(r, id, h, instant{s, legal, known})
		return err
	})
	return whole(m, err)
}

// instant is what AsOf asks about, and who asks.
type instant struct {
	s     *session
	legal record.Date
	known time.Time
}

func (v *Vault) asOf(r engine.Reader, id licenceID, h *head, at instant) (*Moment, error) {
	known, err := knownAt(r, id, h, at.known)
	if err != nil {
		return nil, err
	}
	m := &Moment{}
	version := 0
	for _, e := range known.events {
		if !known.counts(e, at.legal) {
			continue
		}
		if hidden, err := concealed(r, at.s, h, e); err != nil {
			return nil, err
		} else if hidden {
			continue
		}
		m.follow(e)
		switch {
		case e.Kind.MakesVersion():
			version = e.Version
		case e.Kind == record.EventWithdrawn:
			version = 0
		}
	}
	if m.Event == nil || m.State == Withdrawn && !at.s.issued(h) {
		return nil, refuse(ErrNotFound, CodeLicenceUnknown, "legal")
	}
	if version == 0 {
		return m, nil
	}
	if m.Version, err = v.answered(r, id, h, version); err != nil {
		return nil, err
	}
	m.State = m.State.on(at.legal, m.Version.Record.ValidFrom, m.Version.Record.ValidUntil)
	return m, nil
}

// follow takes a moment one event further.
func (m *Moment) follow(e *record.Event) {
	next, err := step(m.State, e.Kind)
	if err != nil { // an earlier step counts later in law: the state by what counts so far
		if next = transitions[e.Kind].to; next == "" {
			next = m.State
		}
	}
	if next != m.State {
		m.State, m.Since = next, e.Effective
	}
	m.Event = e
}

// knowledge is the events that the vault knew of at an instant, and what conversions had brought and taken back by
// then: an undo is no act of law, it says of every day that the conversion was wrong.
type knowledge struct {
	events []*record.Event
	head   head // of which only the conversions are kept
}

// counts reports whether an event counts in law on a day.
func (k *knowledge) counts(e *record.Event, day record.Date) bool {
	switch {
	case e.Kind == record.EventWithdrawn:
		return true
	case e.Kind == record.EventAttached: // a document says nothing about the law
		return false
	case e.Kind.MakesVersion() && k.head.batchOf(e.Version).undone:
		return false
	}
	return !day.Before(e.Effective)
}

func knownAt(r engine.Reader, id licenceID, h *head, at time.Time) (*knowledge, error) {
	k := &knowledge{}
	for n := 1; n <= h.events; n++ {
		e, err := getEvent(r, id, n)
		if err != nil {
			return nil, err
		}
		if !at.IsZero() && e.Recorded.After(at) {
			break
		}
		k.events = append(k.events, e)
		k.head.version = e.Version
		switch e.Kind { //nolint:exhaustive // the others are no conversion's
		case record.EventConverted:
			k.head.converted = append(k.head.converted, conversion{version: e.Version, batch: e.Batch})
		case record.EventRestored:
			k.head.restored(e.Batch)
		case record.EventWithdrawn:
			k.head.takeBack(e.Batch)
		}
	}
	return k, nil
}
