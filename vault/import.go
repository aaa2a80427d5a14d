package vault

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// Imported is the outcome of an import.
type Imported struct {
	Identifier string `json:"identifier"`
	Events     int    `json:"events"` // of the licence that are here now: go on with the next
	Added      int    `json:"added"`
	State      State  `json:"state"` // by events
}

// BatchImported is the state of a conversion that another vault made: nothing is done to it here.
const BatchImported BatchState = "imported"

// Import takes a licence over from the vault where its department keeps it: same identifiers, same bytes, same hashes
// (A75). Nothing is believed: signatures, commitments and the order of events are checked as if they were made here. It
// may be done again, and goes on where it was. A licence whose history differs from what is here is a conflict that
// somebody must settle: it is refused as ErrConflict, and so is a number or paper that another licence bears here.
func (v *Vault) Import(ctx context.Context, a Access, t *Transfer) (*Imported, error) {
	note := auditNote{act: "import"}.about(t.Identifier)
	s, err := v.admit(ctx, a)
	if err != nil {
		return nil, err
	}
	in := &incoming{v: v, from: t.From, kept: t.Kept}
	err = in.open(ctx, s, t.Identifier)
	if err == nil {
		err = in.read(ctx, t)
	}
	if err != nil {
		return nil, v.denied(ctx, s, note, err)
	}
	var out *Imported
	err = v.update(ctx, s, func(w engine.Writer, st *staging) (auditNote, error) {
		err := v.stillIssues(w, s, in.id.Type, in.id.Issuer)
		if err == nil {
			out, err = in.write(w, st)
		}
		if err != nil {
			return note, err
		}
		n := note
		n.count = out.Added
		return n, nil
	})
	if isRefusal(err) {
		return nil, v.denied(ctx, s, note, err)
	}
	if err != nil {
		return nil, err
	}
	out.Identifier = t.Identifier
	return out, nil
}

// KeepContent keeps a content that travels apart, for an import of the licence that follows within the hour and names
// it in Transfer.Kept. What no import takes is swept like all that nothing names.
func (v *Vault) KeepContent(ctx context.Context, a Access, identifier string, content []byte) (KeptContent, error) {
	note := auditNote{act: "import"}.about(identifier)
	s, err := v.admit(ctx, a)
	if err != nil {
		return KeptContent{}, err
	}
	kept := KeptContent{Digest: record.Sum(content)}
	note.object = object("content", kept.Digest.String())
	if err := (&incoming{v: v}).open(ctx, s, identifier); err != nil {
		return KeptContent{}, v.denied(ctx, s, note, err)
	}
	if kept.Address, err = v.cfg.Blobs.Put(ctx, content); err != nil {
		return KeptContent{}, fmt.Errorf("vault: storing contents: %w", err)
	}
	if err := v.audit(ctx, s, note); err != nil {
		return KeptContent{}, err
	}
	return kept, nil
}

// open decides whether a licence may be taken over by whoever brings it.
func (in *incoming) open(ctx context.Context, s *session, identifier string) error {
	var err error
	if in.id, err = code.ParseIdentifier(identifier); err != nil {
		return refuse(ErrInvalid, CodeIdentifier, "identifier")
	}
	if err := s.mayIssue(in.id.Type, in.id.Issuer); err != nil {
		return err
	}
	in.lid = in.v.licenceID(in.id.Type, in.id.Issuer, in.id.Serial)
	if err := in.v.writable(ctx); err != nil {
		return err
	}
	return in.v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		_, err := openType(r, in.id.Type)
		return err
	})
}

// clockSkew is how far ahead the clock of another vault may be.
const clockSkew = 5 * time.Minute

// incoming is a transfer on its way in.
type incoming struct {
	v       *Vault
	id      code.Identifier
	lid     licenceID
	from    int
	kept    []KeptContent
	list    []importedEvent
	batches []TransferBatch
}

// importedEvent is an event that was held against everything but the licence as it is here.
type importedEvent struct {
	event    *record.Event
	raw      []byte
	salt     [16]byte
	version  *signed // nil: it brings none
	previous record.Digest
	scans    []Scan
	document *Document // nil: it binds none
}

// write adds what is not here yet, in one transaction.
func (in *incoming) write(w engine.Writer, st *staging) (*Imported, error) {
	if _, err := openType(w, in.id.Type); err != nil {
		return nil, err
	}
	h, err := getHead(w, in.lid)
	if err != nil {
		return nil, err
	}
	if h == nil {
		h = &head{typeCode: in.id.Type, issuer: in.id.Issuer, serial: in.id.Serial}
	}
	if in.from > h.events+1 {
		return nil, refuse(ErrConflict, CodeImportGap, "from")
	}
	if err := in.writeBatches(w); err != nil {
		return nil, err
	}
	out := &Imported{}
	for i := range in.list {
		e := &in.list[i]
		if e.event.Number <= h.events {
			if err := in.same(w, e); err != nil {
				return nil, err
			}
			continue
		}
		if h, err = in.add(w, st, h, e); err != nil {
			return nil, err
		}
		out.Added++
	}
	if h.version == 0 {
		return nil, refuse(ErrTransition, CodeImportReserved, "events")
	}
	out.Events, out.State = h.events, h.state
	return out, nil
}

// same holds an event that is here already against the one that came.
func (in *incoming) same(r engine.Reader, e *importedEvent) error {
	now, err := getStoredEvent(r, in.lid, e.event.Number)
	if err != nil {
		return err
	}
	if now.salt != e.salt || !bytes.Equal(now.raw, e.raw) {
		return refuse(ErrConflict, CodeImportDiffers, "events")
	}
	return nil
}

// add adds one event to a licence: what follows is what appendEvent and commitVersion do for acts of this vault.
func (in *incoming) add(w engine.Writer, st *staging, h *head, e *importedEvent) (*head, error) {
	ev := e.event
	state, err := step(h.state, ev.Kind)
	switch {
	case ev.Number != h.events+1 || ev.Previous != h.lastEvent:
		return nil, refuse(ErrConflict, CodeImportDiffers, "events")
	case err != nil:
		return nil, forbidden(h.state, ev.Kind)
	case ev.Recorded.Before(h.recorded) || ev.Recorded.After(in.v.now().Add(clockSkew)):
		return nil, refuse(ErrInvalid, CodeImportInvalid, "events")
	}
	next := *h
	next.converted = append([]conversion(nil), h.converted...)
	switch {
	case e.version != nil:
		if next, err = in.addVersion(w, h, e); err != nil {
			return nil, err
		}
	case ev.Version != h.version || ev.Identifier != h.identifier(max(h.version, 1)):
		return nil, refuse(ErrInvalid, CodeImportInvalid, "events")
	}
	if e.document != nil {
		next.documents++
		if next.documents > maxDocuments {
			return nil, refuse(ErrTransition, CodeTooManyDocuments, "documents")
		}
		err := errors.Join(w.Create(documentKey(in.lid, next.documents), e.document.encode()),
			w.Put(blobKey(e.document.Address), e.document.Digest[:]))
		if err != nil {
			return nil, err
		}
	}
	return &next, in.v.stageEvent(w, st, &next, staged{in.lid, ev, e.raw, e.salt, state})
}

// addVersion writes a version and brings the indexes up to it.
func (in *incoming) addVersion(w engine.Writer, h *head, e *importedEvent) (head, error) {
	sv, ev := e.version, e.event
	if h.version > 0 || h.state != "" {
		expected := *h
		sv.expected = &expected
	} else {
		sv.expected = nil
	}
	if ev.Version != h.version+1 || e.previous != h.record {
		return head{}, refuse(ErrInvalid, CodeImportInvalid, "version")
	}
	if err := checkFreeKey(w, sv.c.numberKey, in.lid[:], CodeNumberTaken); err != nil {
		return head{}, err
	}
	if ev.Paper != "" {
		paper := in.v.paperKey(in.id.Type, in.id.Issuer, ev.Paper)
		if err := checkFreeKey(w, paper, nil, CodePaperUsed); err != nil {
			return head{}, err
		}
	}
	if err := putVersion(w, sv); err != nil {
		return head{}, err
	}
	if err := in.v.reindex(w, sv, happening{paper: ev.Paper}); err != nil {
		return head{}, err
	}
	if err := in.v.keepImages(w, in.lid, sv.c.images); err != nil {
		return head{}, err
	}
	for i := range e.scans {
		scan := &e.scans[i]
		err := errors.Join(w.Put(blobKey(scan.address), scan.Digest[:]),
			w.Put(in.v.scanKey(ev.Batch, scan.Digest), scan.address[:]))
		if err != nil {
			return head{}, err
		}
	}
	next := sv.head(sv.expected)
	if ev.Kind == record.EventRestored {
		next.restored(ev.Batch)
	}
	if ev.Kind == record.EventConverted {
		brought := conversion{version: next.version, batch: ev.Batch, row: sv.c.source.Row}
		next.converted = append(next.converted, brought)
	}
	return *next, nil
}

// writeBatches keeps the accounts of conversions that another vault made.
func (in *incoming) writeBatches(w engine.Writer) error {
	for i := range in.batches {
		b := &in.batches[i]
		now, err := getBatch(w, b.Account.ID)
		switch {
		case isRefusal(err):
		case err != nil:
			return err
		case now.State != BatchImported || now.Issuer != b.Account.Issuer || now.File != b.Account.File:
			return refuse(ErrConflict, CodeImportBatch, "batches")
		}
		account := b.Account
		account.State, account.Groups, account.Opened = BatchImported, 0, nil
		if err := putJSONIn(w, batchKey(account.ID), account); err != nil {
			return err
		}
		if !b.Open {
			continue
		}
		if err := w.Put(key(spaceBatchOpen, []byte(account.ID)), nil); err != nil {
			return err
		}
	}
	return nil
}

// staged is an event with its bytes, ready to be added to its licence's chain.
type staged struct {
	id    licenceID
	event *record.Event
	raw   []byte
	salt  [16]byte
	state State // after the event
}

// stageEvent stages an event's leaf and writes event and head.
func (v *Vault) stageEvent(w engine.Writer, st *staging, h *head, x staged) error {
	b := make([]byte, 0, eventPrefixBytes+len(x.raw))
	b = append(b, x.salt[:]...)
	b = append(b, st.place[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(st.n)) //nolint:gosec // groups are small
	return v.keepEvent(w, st, h, x, append(b, x.raw...))
}
