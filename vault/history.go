package vault

import (
	"context"
	"fmt"
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
	err := v.withLicence(ctx, a, identifier, "history", func(r engine.Reader, id licenceID, h *head) error {
		list = make([]Entry, 0, h.events)
		for n := 1; n <= h.events; n++ {
			st, err := getStoredEvent(r, id, n)
			if err != nil {
				return err
			}
			proof, err := proofOf(r, st)
			if err != nil && !isRefusal(err) {
				return err
			}
			list = append(list, Entry{Event: st.event, Raw: st.raw, Salt: st.salt, Proof: proof})
		}
		return nil
	})
	return list, err
}

// withLicence runs a read of one licence: right, type and scope decided, audit entry durable before the answer.
func (v *Vault) withLicence(ctx context.Context, a Access, identifier, act string,
	read func(engine.Reader, licenceID, *head) error,
) error {
	s, sc, err := v.admitRead(ctx, a, act)
	if err != nil {
		return err
	}
	note := auditNote{act: act}
	id, err := code.ParseIdentifier(identifier)
	if err != nil {
		return v.denied(ctx, s, note, refuse(ErrInvalid, CodeIdentifier, "identifier"))
	}
	note.licence = id.String()
	lid := v.licenceID(id.Type, id.Issuer, id.Serial)
	err = v.cfg.Engine.View(ctx, func(r engine.Reader) error {
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
		return read(r, lid, h)
	})
	if isRefusal(err) {
		return v.denied(ctx, s, note, err)
	}
	if err != nil {
		return err
	}
	return v.audit(ctx, s, note)
}

// mayKnow reports whether a licence exists for this session: its issuer knows all, others what look-ups show.
func (v *Vault) mayKnow(r engine.Reader, s *session, h *head) (bool, error) {
	if s.Ground == GroundIssuer && s.caller.Department == h.issuer {
		return true, nil
	}
	version, err := visible(r, h)
	return version > 0 && h.state != Withdrawn, err
}

func getStoredEvent(r engine.Reader, id licenceID, number int) (*storedEvent, error) {
	b, err := r.Get(eventKey(id, number))
	if err != nil {
		return nil, fmt.Errorf("%w: event is missing", ErrDamaged)
	}
	return parseStoredEvent(b)
}

// Moment is what was in force on a legal day, as far as the vault knew at an instant.
type Moment struct {
	State   State
	Since   record.Date
	Version *Version // nil if no version was in force
	Event   *record.Event
}

// AsOf answers on two axes: what was legally in force on a day, by what the vault knew at an instant (zero: now).
func (v *Vault) AsOf(ctx context.Context, a Access, identifier string, legal record.Date, known time.Time) (*Moment, error) {
	var m *Moment
	err := v.withLicence(ctx, a, identifier, "as-of", func(r engine.Reader, id licenceID, h *head) error {
		var err error
		m, err = asOf(r, id, h, legal, known)
		return err
	})
	return m, err
}

func asOf(r engine.Reader, id licenceID, h *head, legal record.Date, known time.Time) (*Moment, error) {
	m := &Moment{}
	version := 0
	for n := 1; n <= h.events; n++ {
		e, err := getEvent(r, id, n)
		if err != nil {
			return nil, err
		}
		if !known.IsZero() && e.Recorded.After(known) {
			break
		}
		if legal.Before(e.Effective) {
			continue
		}
		next, err := step(m.State, e.Kind)
		if err != nil { // an earlier step counts later in law: the state by what counts so far
			next = transitions[e.Kind].to
		}
		if next != m.State {
			m.State, m.Since = next, e.Effective
		}
		if e.Kind.MakesVersion() {
			version = e.Version
		}
		m.Event = e
	}
	if m.Event == nil {
		return nil, refuse(ErrNotFound, CodeLicenceUnknown, "legal")
	}
	if version == 0 {
		return m, nil
	}
	var err error
	if m.Version, err = getVersion(r, id, version); err != nil {
		return nil, err
	}
	m.State = m.State.on(legal, m.Version.Record.ValidFrom, m.Version.Record.ValidUntil)
	return m, nil
}
