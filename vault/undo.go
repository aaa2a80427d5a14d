package vault

import (
	"context"
	"errors"
	"fmt"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// Undone is what became of one row when its batch was undone.
type Undone struct {
	Row    int    `json:"row"`
	Result string `json:"result"` // withdrawn, restored, or refused
	Code   Code   `json:"code,omitempty"`
}

// UndoBatch takes a conversion back: licences it created are withdrawn, those it updated return to their former version
// by a new one, and a row that a later event relies on is refused. A later conversion that was taken back itself does
// not count: batches are undone in turn, the latest first. What was refused stays in the vault for good: the department
// has acted on it since, so from the end of the undo on look-ups show it, whether or not the batch was signed off.
// Started again after a crash it goes on.
func (v *Vault) UndoBatch(ctx context.Context, a Access, id, reason string, visit func(Undone)) (*BatchAccount, error) {
	b, err := v.batch(ctx, a, id, "undo")
	if err != nil {
		return nil, err
	}
	note := b.about("undo")
	if p := checkFree("reason", reason, 500); p != nil || reason == "" {
		return nil, v.denied(ctx, b.s, note, refuse(ErrInvalid, CodeReasonMissing, "reason"))
	}
	note.reason = reason
	if err := v.writable(ctx); err != nil {
		return nil, v.denied(ctx, b.s, note, err)
	}
	account, err := b.undo(ctx, note, visit)
	if isRefusal(err) {
		return nil, v.denied(ctx, b.s, note, err)
	}
	return whole(account, err)
}

// undo takes the groups back one after the other.
func (b *Batch) undo(ctx context.Context, note auditNote, visit func(Undone)) (*BatchAccount, error) {
	begin := []BatchState{BatchConverting, BatchWaiting, BatchOpen, BatchUndoing}
	_, err := b.move(ctx, note, begin, func(_ engine.Writer, now *BatchAccount) error {
		now.State = BatchUndoing
		return nil
	})
	for g := 0; err == nil && g < b.account.Groups; g++ {
		var list []RowResult
		if list, _, err = b.Done(ctx, g); err == nil {
			err = b.undoGroup(ctx, list, note.reason, visit)
		}
	}
	if err != nil {
		return nil, err
	}
	return b.move(ctx, note, []BatchState{BatchUndoing}, func(w engine.Writer, now *BatchAccount) error {
		now.State = BatchUndone
		return openBatch(w, now) // for what is left of it
	})
}

func (b *Batch) undoGroup(ctx context.Context, list []RowResult, reason string, visit func(Undone)) error {
	work := make([]*undoing, 0, len(list))
	for i := range list {
		if list[i].Outcome == RowCreated || list[i].Outcome == RowUpdated {
			work = append(work, &undoing{row: &list[i], reason: reason})
		}
	}
	for _, u := range work {
		if err := b.prepareUndo(ctx, u); err != nil {
			return err
		}
	}
	s := b.now()
	err := b.v.update(ctx, s, func(w engine.Writer, st *staging) (auditNote, error) {
		note := b.about("undo")
		if err := b.mayStill(w); err != nil {
			return note, err
		}
		for _, u := range work {
			if err := b.undoRow(w, s, st, u); err != nil {
				return note, err
			}
			note.count++
		}
		return note, nil
	})
	if err != nil {
		return err
	}
	for _, u := range work {
		visit(u.out)
	}
	return nil
}

// undoing is one row on its way back.
type undoing struct {
	row    *RowResult
	reason string
	out    Undone
	stuck  bool    // its former version cannot be made again
	sv     *signed // the former version set in force again
	ev     happening
}

// prepareUndo reads the licence and signs the version that brings its former content back, under the definition and
// from the day that the former one has.
func (b *Batch) prepareUndo(ctx context.Context, u *undoing) error {
	v := b.v
	u.out = Undone{Row: u.row.Row, Result: "withdrawn"}
	u.ev = happening{kind: record.EventWithdrawn, effective: v.today(b.s.at), batch: b.id, reason: u.reason}
	var err error
	if u.ev.salt, err = v.drawSalt(); err != nil {
		return err
	}
	var h *head
	var former *formerVersion
	err = v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		var err error
		if h, err = getHead(r, u.row.id); err != nil || h == nil {
			return errors.Join(err, fmt.Errorf("%w: row of a batch", ErrDamaged))
		}
		former = nil
		if u.row.Outcome == RowUpdated && h.batchOf(h.version).batch == b.id {
			former, err = v.formerVersion(r, u.row.id, u.row.Version-1)
		}
		return err
	})
	if err != nil || former == nil {
		return err
	}
	c, problems := former.draft(v.today(b.s.at))
	if len(problems) > 0 { // the rules of values have changed since: a person must decide
		u.out.Result, u.out.Code, u.stuck = "refused", problems[0].Code, true
		return nil
	}
	u.ev.kind, u.ev.effective = record.EventRestored, former.event.Effective
	u.sv, err = v.signDraft(ctx, c, plan{prior: h, origin: record.Restored, at: b.s.at})
	return err
}

// formerVersion is a version that shall be in force again.
type formerVersion struct {
	*Version
	typ   *LicenceType
	event *record.Event // that brought it
}

func (v *Vault) formerVersion(r engine.Reader, id licenceID, version int) (*formerVersion, error) {
	ver, err := getVersion(r, id, version)
	if err != nil {
		return nil, err
	}
	f := &formerVersion{Version: ver}
	if f.typ, err = v.typeAt(r, ver.Record.TypeCode, ver.Record.TypeVersion); err != nil {
		return nil, err
	}
	for n := version; ; n++ { // every version has an event of its own
		if f.event, err = getEvent(r, id, n); err != nil {
			return nil, fmt.Errorf("%w: version without an event", ErrDamaged)
		}
		if f.event.Kind.MakesVersion() && f.event.Version == version {
			return f, nil
		}
	}
}

// draft is the former content once more.
func (f *formerVersion) draft(today record.Date) (*Checked, []Problem) {
	row, _, problems := f.typ.Normalise(f.typ.content(f.Version), today)
	if len(problems) > 0 {
		return nil, problems
	}
	return f.typ.Check(Draft{Row: row, Issuer: f.Record.IssuerCode}, f.Record.IssuerName, today, true)
}

// undoRow takes one row back unless a later event relies on it, or it was taken back before.
func (b *Batch) undoRow(w engine.Writer, s *session, st *staging, u *undoing) error {
	if u.stuck {
		return nil
	}
	h, err := getHead(w, u.row.id)
	if err != nil || h == nil {
		return errors.Join(err, fmt.Errorf("%w: row of a batch", ErrDamaged))
	}
	last, err := lastRelying(w, u.row.id, h)
	if err != nil {
		return err
	}
	u.out.Result, u.out.Code = "withdrawn", ""
	if u.row.Outcome == RowUpdated {
		u.out.Result = "restored"
	}
	switch {
	case h.batchOf(u.row.Version).undone:
		return nil // done before a crash
	case last.Kind != record.EventConverted || last.Batch != b.id:
		u.out.Result, u.out.Code = "refused", CodeBatchLaterEvent
		return nil
	case u.sv != nil:
		return b.v.commitVersion(w, s, st, u.sv, u.ev)
	case u.row.Outcome == RowUpdated: // it has come to the top since: started again, the undo goes on
		return refuse(ErrConflict, CodeVersionChanged, "row")
	}
	return b.v.appendEvent(w, s, st, h, eventOf(u.row.id, h.identifier(h.version), record.Digest{}, u.ev))
}

// lastRelying is a licence's last event apart from documents that were attached, which do not rely on a version, and
// from conversions that were taken back and their taking back.
func lastRelying(r engine.Reader, id licenceID, h *head) (*record.Event, error) {
	for n := h.events; n > 0; n-- {
		e, err := getEvent(r, id, n)
		if err != nil {
			return nil, err
		}
		if e.Kind != record.EventAttached && !h.tookBack(e.Batch) {
			return e, nil
		}
	}
	return &record.Event{}, nil // nothing but that is left
}
