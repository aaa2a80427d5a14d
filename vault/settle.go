package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// Finish ends a conversion: the account is closed, the batch certificate signed over it, and the batch waits for its
// sign-off. The spans say which number ranges were seen.
func (b *Batch) Finish(ctx context.Context, spans []record.Span) (*BatchAccount, error) {
	v := b.v
	if err := v.writable(ctx); err != nil {
		return nil, b.refused(ctx, err)
	}
	if _, err := v.Checkpoint(ctx); err != nil && !errors.Is(err, ErrNotFound) { // an empty ledger has none
		return nil, b.refused(ctx, err)
	}
	account := b.account
	account.State, account.Finished = BatchWaiting, v.now()
	cert := record.BatchCertificate{
		Vault: v.Name(), Batch: account.ID, TypeCode: account.Type, Issuer: account.Issuer, File: account.File,
		Mapping: account.Mapping, Finished: account.Finished, Counts: account.Counts, Spans: spans,
	}
	err := v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		var err error
		cert.Checkpoint, _, err = lastSigned(r)
		return err
	})
	if err != nil {
		return nil, err
	}
	if account.Certificate, err = cert.Append(nil); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if account.CertificateSignature, err = v.cfg.Signer.SignStatement(ctx, account.Certificate); err != nil {
		return nil, fmt.Errorf("vault: signing a batch certificate: %w", err)
	}
	err = v.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		if err := openForWriting(w); err != nil {
			return err
		}
		if _, err := openType(w, account.Type); err != nil {
			return err
		}
		now, err := getBatch(w, account.ID)
		if err != nil {
			return err
		}
		if now.State != BatchConverting || now.Groups != account.Groups {
			return refuse(ErrBatch, CodeBatchState, "batch")
		}
		if err := putJSONIn(w, batchKey(account.ID), account); err != nil {
			return err
		}
		return v.appendAudit(w, b.s, b.note("finished"))
	})
	if err != nil {
		return nil, b.refused(ctx, err)
	}
	b.account = account
	return &account, nil
}

// Batches lists the accounts of the caller's department, or all for an operator. Those of classified types are for the
// type's owner alone.
func (v *Vault) Batches(ctx context.Context, a Access) ([]BatchAccount, error) {
	s, err := v.admit(ctx, a)
	if err != nil {
		return nil, err
	}
	operates := s.mustOperate() == nil
	if !operates && (s.Ground != GroundIssuer || s.caller.Department == "") {
		return nil, v.denied(ctx, s, auditNote{act: "batches"}, refuse(ErrDenied, CodeNotIssuer, "issuer"))
	}
	var list []BatchAccount
	err = v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		list = nil
		return r.Scan(engine.Range{Prefix: []byte{spaceBatch}}, func(_, value []byte) (bool, error) {
			var b BatchAccount
			if err := json.Unmarshal(value, &b); err != nil {
				return false, fmt.Errorf("%w: batch", ErrDamaged)
			}
			if !operates && b.Issuer != s.caller.Department {
				return true, nil
			}
			if err := readableType(r, s, b.Type); errors.Is(err, ErrSecret) {
				return true, nil
			} else if err != nil {
				return false, err
			}
			list = append(list, b)
			return true, nil
		})
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b BatchAccount) int { return a.Started.Compare(b.Started) })
	return whole(list, v.audit(ctx, s, auditNote{act: "batches", count: len(list)}))
}

// batch admits a department to one of its batches. Another department's looks like one that does not exist.
func (v *Vault) batch(ctx context.Context, a Access, id, act string) (*Batch, error) {
	s, err := v.admit(ctx, a)
	if err != nil {
		return nil, err
	}
	b := &Batch{v: v, s: s}
	note := auditNote{act: act, batch: id, issuer: s.caller.Department}
	if s.Ground != GroundIssuer || s.caller.Department == "" {
		return nil, v.denied(ctx, s, note, refuse(ErrDenied, CodeNotIssuer, "issuer"))
	}
	err = v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		account, err := getBatch(r, id)
		if err != nil {
			return err
		}
		if account.Issuer != s.caller.Department {
			return refuse(ErrNotFound, CodeBatchUnknown, "batch")
		}
		b.account, b.id, note.typ = *account, account.ID, account.Type
		if err := s.mayIssue(account.Type, account.Issuer); err != nil {
			return err
		}
		if _, err := openType(r, account.Type); err != nil {
			return err
		}
		b.typ, err = v.typeIn(r, account.Type)
		return err
	})
	if err != nil {
		return nil, v.denied(ctx, s, note, err)
	}
	return b, nil
}

// about is the audit entry of an act on the batch as a whole.
func (b *Batch) about(act string) auditNote {
	n := b.note("")
	n.act = act
	return n
}

// Batch gives the account of one batch and the results of its rows, group by group, until visit returns false.
func (v *Vault) Batch(ctx context.Context, a Access, id string, visit func([]RowResult) bool) (*BatchAccount, error) {
	b, err := v.batch(ctx, a, id, "batch")
	if err != nil {
		return nil, err
	}
	if err := v.audit(ctx, b.s, b.about("batch")); err != nil {
		return nil, err
	}
	return whole(&b.account, b.eachGroup(ctx, visit))
}

func (b *Batch) eachGroup(ctx context.Context, visit func([]RowResult) bool) error {
	for g := range b.account.Groups {
		list, done, err := b.Done(ctx, g)
		if err != nil {
			return err
		}
		if !done || !visit(list) {
			return nil
		}
	}
	return nil
}

// Sampled is one converted licence drawn for inspection: its values beside its scans.
type Sampled struct {
	Row     int
	Found   Found
	Scans   []record.Digest
	Outcome Outcome
}

// Sample draws n licences of a batch for inspection; the same seed draws the same ones.
func (v *Vault) Sample(ctx context.Context, a Access, id string, n int, seed uint64) ([]Sampled, error) {
	b, err := v.batch(ctx, a, id, "sample")
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(seed, 0x5345454400)) //nolint:gosec // a sample to be repeated, not a secret
	var drawn []RowResult
	seen := 0
	err = b.eachGroup(ctx, func(list []RowResult) bool {
		for i := range list {
			if list[i].Outcome != RowCreated && list[i].Outcome != RowUpdated {
				continue
			}
			seen++
			if len(drawn) < n {
				drawn = append(drawn, list[i])
			} else if k := rng.IntN(seen); k < n {
				drawn[k] = list[i]
			}
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(drawn, func(a, b RowResult) int { return a.Row - b.Row })
	out, err := v.readSample(ctx, b.s, drawn)
	if err != nil {
		return nil, err
	}
	note := b.about("sample")
	note.count = len(out)
	return whole(out, v.audit(ctx, b.s, note))
}

func (v *Vault) readSample(ctx context.Context, s *session, drawn []RowResult) ([]Sampled, error) {
	out := make([]Sampled, 0, len(drawn))
	err := v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		out = out[:0]
		f := &finder{v: v, r: r, s: s, today: v.today(s.at)}
		for i := range drawn {
			h, err := getHead(r, drawn[i].id)
			if err != nil || h == nil {
				return errors.Join(err, fmt.Errorf("%w: row of a batch", ErrDamaged))
			}
			found, err := f.read(drawn[i].id, h, drawn[i].Version)
			if err != nil {
				return err
			}
			sm := Sampled{Row: drawn[i].Row, Found: *found, Outcome: drawn[i].Outcome}
			if src := found.Record.Source; src != nil {
				sm.Scans = src.Scans
			}
			out = append(out, sm)
		}
		return nil
	})
	return out, err
}

// SignOffBatch opens a batch to look-ups on the department's word that a sample was inspected.
func (v *Vault) SignOffBatch(ctx context.Context, a Access, id string, so SignOff) (*BatchAccount, error) {
	b, err := v.batch(ctx, a, id, "sign-off")
	if err != nil {
		return nil, err
	}
	note := b.about("sign-off")
	if err := v.writable(ctx); err != nil {
		return nil, v.denied(ctx, b.s, note, err)
	}
	for _, f := range []struct{ name, value string }{{"by", so.By}, {"remark", so.Remark}} {
		if p := checkFree(f.name, f.value, 200); p != nil && f.value != "" {
			return nil, v.denied(ctx, b.s, note, &Refusal{ErrInvalid, []Problem{*p}})
		}
	}
	changed := b.account.Counts.Created + b.account.Counts.Updated
	if so.By == "" || so.Sampled < min(1, changed) || so.Defects < 0 || so.Defects > so.Sampled {
		return nil, v.denied(ctx, b.s, note, refuse(ErrInvalid, CodeReasonMissing, "sign-off"))
	}
	so.Time = b.s.at
	account, err := b.move(ctx, note, []BatchState{BatchWaiting}, func(w engine.Writer, now *BatchAccount) error {
		if _, err := openType(w, now.Type); err != nil {
			return err
		}
		now.State, now.SignOff = BatchOpen, &so
		return w.Put(key(spaceBatchOpen, []byte(id)), nil)
	})
	if isRefusal(err) {
		return nil, v.denied(ctx, b.s, note, err)
	}
	return account, err
}

// move changes a batch's state in one transaction with its audit entry.
func (b *Batch) move(ctx context.Context, note auditNote, from []BatchState,
	change func(engine.Writer, *BatchAccount) error,
) (*BatchAccount, error) {
	var now *BatchAccount
	err := b.v.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		if err := openForWriting(w); err != nil {
			return err
		}
		var err error
		if now, err = getBatch(w, b.account.ID); err != nil {
			return err
		}
		if !slices.Contains(from, now.State) {
			return refuse(ErrBatch, CodeBatchState, "batch")
		}
		if err := change(w, now); err != nil {
			return err
		}
		if err := putJSONIn(w, batchKey(now.ID), now); err != nil {
			return err
		}
		return b.v.appendAudit(w, b.s, note)
	})
	if err != nil {
		return nil, err
	}
	b.account = *now
	return now, nil
}

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
	begin := []BatchState{BatchConverting, BatchWaiting, BatchOpen, BatchUndoing}
	if _, err := b.move(ctx, note, begin, func(_ engine.Writer, now *BatchAccount) error {
		now.State = BatchUndoing
		return nil
	}); err != nil {
		if isRefusal(err) {
			return nil, v.denied(ctx, b.s, note, err)
		}
		return nil, err
	}
	for g := range b.account.Groups {
		list, _, err := b.Done(ctx, g)
		if err != nil {
			return nil, err
		}
		if err := b.undoGroup(ctx, list, reason, visit); err != nil {
			return nil, err
		}
	}
	return b.move(ctx, note, []BatchState{BatchUndoing}, func(w engine.Writer, now *BatchAccount) error {
		now.State = BatchUndone
		return w.Put(key(spaceBatchOpen, []byte(now.ID)), nil) // for what is left of it
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

// byBatch pages through what a batch brought, in the order of its rows.
func (f *finder) byBatch() error {
	if f.scope.bound {
		return refuse(ErrDenied, CodeQuery, "batch")
	}
	b, err := getBatch(f.r, f.q.Batch)
	if err != nil {
		return err
	}
	if f.scope.issuer != "" && f.scope.issuer != b.Issuer { // as if there were none
		return refuse(ErrNotFound, CodeBatchUnknown, "batch")
	}
	f.typ = b.Type
	if err := readableType(f.r, f.s, b.Type); err != nil {
		return err
	}
	prefix := key(spaceBatchGroup, word(b.ID))
	start, err := f.batchStart(prefix)
	if err != nil {
		return err
	}
	for g := start.group; g < b.Groups; g++ {
		raw, err := f.r.Get(groupKey(b.ID, g))
		if err != nil {
			return fmt.Errorf("%w: group of a batch is missing", ErrDamaged)
		}
		list, err := parseResults(raw)
		if err != nil {
			return err
		}
		full, err := f.addRows(list, g, start)
		if err != nil || full {
			return err
		}
	}
	return nil
}

// batchPlace is a row's place in a batch.
type batchPlace struct{ group, row int }

func (f *finder) batchStart(prefix []byte) (batchPlace, error) {
	start, err := f.start(prefix)
	if err != nil || start == nil {
		return batchPlace{}, err
	}
	rest := start[len(prefix):]
	return batchPlace{int(be(rest[:8])), int(be(rest[8:16]))}, nil //nolint:gosec // bound to the cursor's token
}

// addRows appends the licences of one group; true when the page is full.
func (f *finder) addRows(list []RowResult, group int, start batchPlace) (bool, error) {
	for i := range list {
		r := &list[i]
		if r.Outcome != RowCreated && r.Outcome != RowUpdated || group == start.group && r.Row < start.row {
			continue
		}
		if len(f.res.Found) == f.q.Limit {
			next := append(be64(uint64(group)), be64(uint64(r.Row))...) //nolint:gosec // never negative
			f.res.Next = f.cursor(key(spaceBatchGroup, word(f.q.Batch)), next)
			return true, nil
		}
		if err := f.add(r.id); err != nil {
			return false, err
		}
	}
	return false, nil
}
