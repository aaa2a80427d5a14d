package vault

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
)

// happening is an event on its way into the stream.
type happening struct {
	kind      record.Kind
	effective record.Date
	paper     string
	document  record.Digest
	basis     string
	reason    string
	batch     string
	row       int
	salt      [16]byte
}

// staging collects the leaves of one transaction; their place among each other is their order here.
type staging struct {
	place  [16]byte // turn and randomness: the ledger takes transactions in this order
	at     uint64   // microseconds
	turn   func(at uint64) uint64
	leaves []byte
	n      int
	open   *LicenceType // found open in this transaction
}

// openType is the guard against classified types, asked once for the licences of one type in a transaction. A type
// whose definition has changed since the draft was checked is ErrConflict.
func (st *staging) openType(w engine.Reader, t *LicenceType) error {
	if st.open == t {
		return nil
	}
	h, err := openType(w, t.Definition.Code)
	if err != nil {
		return err
	}
	if h.digest != t.Digest {
		return refuse(ErrConflict, CodeVersionChanged, "type")
	}
	st.open = t
	return nil
}

const stagedLeafBytes = 16 + 4 + 32

// newStaging draws what a transaction needs before its closure runs. The closure itself begins with reset.
func (v *Vault) newStaging(s *session) (*staging, error) {
	st := &staging{at: uint64(s.at.UnixMicro()), turn: v.turns.next}
	if _, err := io.ReadFull(v.cfg.Rand, st.place[8:]); err != nil {
		return nil, fmt.Errorf("vault: reading randomness: %w", err)
	}
	return st, nil
}

func (v *Vault) drawSalt() (salt [16]byte, err error) {
	if _, err := io.ReadFull(v.cfg.Rand, salt[:]); err != nil {
		return salt, fmt.Errorf("vault: reading randomness: %w", err)
	}
	return salt, nil
}

// reset begins a transaction, or begins it anew. Its turn comes after that of every transaction which it can see: one
// that has seen an older state is begun anew. So a licence's events stand in the ledger in the order of their numbers,
// be they made within one microsecond or by calls that began before.
func (st *staging) reset() {
	binary.BigEndian.PutUint64(st.place[:8], st.turn(st.at))
	st.leaves, st.n, st.open = st.leaves[:0], 0, nil
}

// turns gives every transaction of this process a later turn than those before it: its time, or if that is taken or
// past the next microsecond.
type turns struct{ last atomic.Uint64 }

func (t *turns) next(at uint64) uint64 {
	for {
		last := t.last.Load()
		turn := max(at, last+1)
		if t.last.CompareAndSwap(last, turn) {
			return turn
		}
	}
}

func (st *staging) write(w engine.Writer) error {
	if st.n == 0 {
		return nil
	}
	return w.Create(key(spaceStaged, st.place[:]), bytes.Clone(st.leaves))
}

// commitVersion writes a signed version with its event and indexes. Everything that can be refused is refused before
// the first write, so that one licence of a group can fail alone.
func (v *Vault) commitVersion(w engine.Writer, s *session, st *staging, sv *signed, ev happening) error {
	h, err := v.checkVersion(w, st, sv, ev)
	if err != nil {
		return err
	}
	if err := putVersion(w, sv); err != nil {
		return err
	}
	if err := v.reindex(w, sv, ev); err != nil {
		return err
	}
	if err := v.keepImages(w, sv.id, sv.c.images); err != nil {
		return err
	}
	next := sv.head(h)
	switch {
	case ev.kind == record.EventRestored:
		next.restored(ev.batch)
	case ev.batch != "":
		next.converted = append(next.converted, conversion{version: next.version, batch: ev.batch, row: ev.row})
	}
	if err := v.appendEvent(w, s, st, next, eventOf(sv.id, sv.name, sv.record, ev)); err != nil {
		return err
	}
	return v.bind(w, s, binding{st, sv, next, ev.effective})
}

// checkVersion holds the guards: the type is open, nobody was faster, the state allows it, number and paper are free.
func (v *Vault) checkVersion(w engine.Writer, st *staging, sv *signed, ev happening) (*head, error) {
	c := sv.c
	if sv.expected != nil && sv.expected.version == 0 || ev.kind == record.EventRestored {
		// Reserved, or in force before, under the definition that its record names.
		if _, err := openType(w, c.typ.Definition.Code); err != nil {
			return nil, err
		}
	} else if err := st.openType(w, c.typ); err != nil {
		return nil, err
	}
	h, err := getHead(w, sv.id)
	if err != nil {
		return nil, err
	}
	if !sameHead(h, sv.expected) {
		if h != nil && sv.expected == nil {
			return nil, refuse(ErrExists, CodeNumberTaken, "number")
		}
		return nil, refuse(ErrConflict, CodeVersionChanged, "version")
	}
	if sv.tooMany(h) {
		return nil, refuse(ErrTransition, CodeTooManyDocuments, "documents")
	}
	if !h.allows(ev.kind) {
		return nil, forbidden(h.stateOf(), ev.kind)
	}
	if err := checkFreeKey(w, c.numberKey, sv.id[:], CodeNumberTaken); err != nil {
		return nil, err
	}
	if ev.paper == "" {
		return h, nil
	}
	return h, checkFreeKey(w, v.paperKey(c.typ.Definition.Code, c.issuer, ev.paper), nil, CodePaperUsed)
}

// sameHead reports whether nothing has happened to a licence since expected was read.
func sameHead(now, expected *head) bool {
	if now == nil || expected == nil {
		return now == nil && expected == nil
	}
	return now.events == expected.events && now.lastEvent == expected.lastEvent
}

// checkFreeKey refuses a unique key that belongs to somebody else than owner.
func checkFreeKey(r engine.Reader, k, owner []byte, code Code) error {
	now, err := r.Get(k)
	switch {
	case errors.Is(err, engine.ErrNotFound) || err == nil && bytes.Equal(now, owner):
		return nil
	case err != nil:
		return err
	case code == CodePaperUsed:
		return refuse(ErrPaperUsed, code, "paper")
	}
	return refuse(ErrExists, code, "number")
}

// putVersion stores record, signature and disclosures as one value: each with its length before it. The head that was
// checked before says that this version is new.
func putVersion(w engine.Writer, sv *signed) error {
	b := make([]byte, 0, len(sv.raw)+len(sv.signature)+len(sv.values)+16)
	b = append(binary.AppendUvarint(b, uint64(len(sv.raw))), sv.raw...)
	b = append(binary.AppendUvarint(b, uint64(len(sv.signature))), sv.signature...)
	b = append(binary.AppendUvarint(b, uint64(len(sv.values))), sv.values...)
	return w.Put(versionKey(sv.id, sv.identifier.Version), b)
}

// unindex removes the keys that a licence's new version makes untrue.
func unindex(w engine.Writer, sv *signed) error {
	id, old := sv.id, sv.expected
	if old == nil {
		return nil
	}
	if old.version == 0 {
		return w.Delete(key(spaceReserved, id[:]))
	}
	for _, holder := range old.holders {
		if slices.Contains(sv.holders, holder) {
			continue
		}
		if err := w.Delete(holderKey(holder, id)); err != nil {
			return err
		}
	}
	if old.until == sv.c.until || old.until.IsZero() {
		return nil
	}
	return w.Delete(expiryKey(old.until, id))
}

// reindex brings the derived keys of a licence up to its new version.
func (v *Vault) reindex(w engine.Writer, sv *signed, ev happening) error {
	c, id, old := sv.c, sv.id, sv.expected
	if err := unindex(w, sv); err != nil {
		return err
	}
	puts := make([][2][]byte, 0, 8)
	for _, holder := range sv.holders {
		puts = append(puts, [2][]byte{holderKey(holder, id), []byte(c.typ.Definition.Code)})
	}
	if !c.until.IsZero() {
		puts = append(puts, [2][]byte{expiryKey(c.until, id), nil})
	}
	// A number that a licence once had stays tied to it, so that it is never given twice.
	puts = append(puts, [2][]byte{c.numberKey, id[:]})
	if old == nil || old.version == 0 {
		puts = append(puts, [2][]byte{issuerKey(c.issuer, c.typ.Definition.Code, id), nil})
	}
	if ev.paper != "" {
		puts = append(puts, [2][]byte{v.paperKey(c.typ.Definition.Code, c.issuer, ev.paper), id[:]})
	}
	for _, p := range puts {
		if err := w.Put(p[0], p[1]); err != nil {
			return err
		}
	}
	return nil
}

// head is the summary of the licence with this version on top; appendEvent completes it.
func (sv *signed) head(old *head) *head {
	h := &head{typeCode: sv.identifier.Type, issuer: sv.identifier.Issuer, serial: sv.identifier.Serial}
	if old != nil {
		*h = *old
		h.converted = append([]conversion(nil), old.converted...)
	}
	h.version = sv.identifier.Version
	h.from, h.until = sv.c.from, sv.c.until
	h.record, h.holders = sv.record, sv.holders
	h.content = token(sv.c.content[:16])
	return h
}

// pending is an event with the licence it belongs to.
type pending struct {
	id         licenceID
	identifier string
	record     record.Digest
	happening
}

func eventOf(id licenceID, identifier string, r record.Digest, ev happening) pending {
	if !ev.kind.MakesVersion() {
		r = record.Digest{}
	}
	return pending{id, identifier, r, ev}
}

// appendEvent adds an event to a licence's chain, stages its leaf and writes the head: the last step of every act.
func (v *Vault) appendEvent(w engine.Writer, s *session, st *staging, h *head, p pending) error {
	state, err := step(h.state, p.kind)
	if err != nil {
		return forbidden(h.state, p.kind)
	}
	at := s.at
	if at.Before(h.recorded) {
		at = h.recorded
	}
	e := record.Event{
		Identifier: p.identifier, Number: h.events + 1, Kind: p.kind, Version: h.version, Recorded: at,
		Effective: p.effective, Previous: h.lastEvent, Record: p.record, Actor: s.Caller, Batch: p.batch,
		Paper: p.paper, Document: p.document, Basis: p.basis, Reason: p.reason,
		Message: s.Message,
	}
	b := make([]byte, 0, 512)
	b = append(b, p.salt[:]...)
	b = append(b, st.place[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(st.n)) //nolint:gosec // groups are small
	b, err = e.Append(b)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return v.keepEvent(w, st, h, staged{p.id, &e, b[eventPrefixBytes:], p.salt, state}, b)
}

// keepEvent stages an event's leaf and writes the event, stored as b, and the head.
func (*Vault) keepEvent(w engine.Writer, st *staging, h *head, x staged, b []byte) error {
	e := x.event
	leaf := ledger.Commit(x.salt, x.raw)
	st.leaves = append(st.leaves, x.id[:]...)
	st.leaves = binary.BigEndian.AppendUint32(st.leaves, uint32(e.Number)) //nolint:gosec // counts from 1
	st.leaves = append(st.leaves, leaf[:]...)
	st.n++
	h.events, h.lastEvent, h.recorded = e.Number, leaf, e.Recorded
	if x.state != h.state {
		h.state, h.since = x.state, e.Effective
	}
	if e.Kind == record.EventWithdrawn {
		h.takeBack(e.Batch)
	}
	if err := w.Put(eventKey(x.id, e.Number), b); err != nil {
		return err
	}
	if err := nameEventMessage(w, x.id, e); err != nil {
		return err
	}
	return w.Put(headKey(x.id), h.append(make([]byte, 0, 256)))
}

// eventPrefixBytes come before the event in its stored value: salt, staging place, number within it.
const eventPrefixBytes = 16 + 16 + 4

// update runs a transaction with a staging and the act's audit entry.
func (v *Vault) update(ctx context.Context, s *session, fn func(engine.Writer, *staging) (auditNote, error)) error {
	if err := v.writable(ctx); err != nil {
		return err
	}
	st, err := v.newStaging(s)
	if err != nil {
		return err
	}
	return v.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		st.reset()
		if err := openForWriting(w); err != nil {
			return err
		}
		note, err := fn(w, st)
		if err != nil {
			return err
		}
		if err := st.write(w); err != nil {
			return err
		}
		return v.appendAudit(w, s, note)
	})
}
