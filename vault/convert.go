package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

// verdict is what shall become of a row, before it is done.
type verdict struct {
	row    *BatchRow
	result RowResult
	prior  *head
	ev     happening
	sv     *signed
	again  bool // an earlier row of the file spoke of the licence and is remembered
}

// decide compares a row with the vault: created, updated, unchanged or conflict. It is the one judgement of dry run
// and real run alike.
func (v *Vault) decide(r engine.Reader, row *BatchRow, batch string) (verdict, error) {
	vd := verdict{row: row, result: RowResult{Row: row.Row, Outcome: RowRejected, Code: row.Rejected}}
	c := row.Draft
	if c == nil {
		return vd, nil
	}
	h, id, err := v.known(r, c)
	if err != nil {
		return vd, err
	}
	vd.result.id = id
	if h == nil || h.state == Withdrawn {
		vd.prior = h
		vd.result.Outcome = RowCreated
		return vd, nil
	}
	vd.result.Outcome, vd.result.Code, vd.result.OtherRow = v.against(h, c, batch)
	vd.result.Version = h.version
	vd.again = batch != "" && h.batchOf(h.version).batch == batch
	if vd.result.Outcome != RowUnchanged && vd.result.Code != CodeConflictSameFile {
		first, err := seenRow(r, id, batch)
		if err != nil {
			return vd, err
		}
		if first > 0 {
			vd.result.Outcome, vd.result.Code, vd.result.OtherRow = RowConflict, CodeConflictSameFile, first
		}
	}
	if vd.result.Outcome == RowUpdated {
		vd.prior = h
	}
	return vd, nil
}

// known finds the licence that a row speaks of: by type, number and issuer, or by the identifier it brings.
func (v *Vault) known(r engine.Reader, c *Checked) (*head, licenceID, error) {
	b, err := r.Get(v.keyed(c))
	switch {
	case err == nil && len(b) == len(licenceID{}):
		h, err := getHead(r, licenceID(b))
		return h, licenceID(b), err
	case err == nil:
		return nil, licenceID{}, fmt.Errorf("%w: number index", ErrDamaged)
	case !errors.Is(err, engine.ErrNotFound):
		return nil, licenceID{}, err
	}
	if c.identifier.Serial == "" {
		return nil, licenceID{}, nil
	}
	id := v.licenceID(c.identifier.Type, c.identifier.Issuer, c.identifier.Serial)
	h, err := getHead(r, id)
	return h, id, err
}

// seenKey remembers a row that changed nothing, so that another row of the file with the same licence and other
// content is a conflict and no update.
func seenKey(id licenceID, batch string) []byte { return key(spaceBatchSeen, word(batch), id[:]) }

// seenRow is the row of the batch that spoke of a licence and changed nothing, or 0.
func seenRow(r engine.Reader, id licenceID, batch string) (int, error) {
	if batch == "" {
		return 0, nil
	}
	b, err := r.Get(seenKey(id, batch))
	if errors.Is(err, engine.ErrNotFound) {
		return 0, nil
	}
	return int(be(b)), err //nolint:gosec // four bytes
}

// remember writes the row of a licence that stays as it is, unless an earlier one did.
func (b *Batch) remember(w engine.Writer, vd *verdict) error {
	if vd.result.Outcome != RowUnchanged || vd.again {
		return nil
	}
	first, err := seenRow(w, vd.result.id, b.id)
	if err != nil || first > 0 {
		return err
	}
	return w.Put(seenKey(vd.result.id, b.id), be32(vd.row.Row))
}

// against judges a row whose licence the vault has.
func (v *Vault) against(h *head, c *Checked, batch string) (Outcome, Code, int) {
	from := h.batchOf(h.version)
	same := h.content == token(c.content[:16])
	sameFile := batch != "" && from.batch == batch
	switch {
	case same:
		return RowUnchanged, "", 0
	case sameFile:
		return RowConflict, CodeConflictSameFile, from.row
	case h.state != Valid:
		return RowConflict, CodeConflictState, 0
	case from.batch == "":
		return RowConflict, CodeConflictLive, 0
	case c.identifier.Serial != "" && c.identifier.Serial != h.serial:
		return RowConflict, CodeIdentifierOther, 0
	case len(h.holders) > 0 && !slices.Equal(h.holders, v.holderTokens(c.holderKind, c.holderCode)):
		return RowConflict, CodeConflictHolder, 0
	}
	return RowUpdated, "", 0
}

// decideGroup decides the rows of a group one after the other, each knowing what the ones before it will have done.
// A type that was classified meanwhile ends it: verdicts too tell what the vault holds.
func (b *Batch) decideGroup(r engine.Reader, rows []BatchRow, batch string) ([]verdict, error) {
	if _, err := openType(r, b.typ.Definition.Code); err != nil {
		return nil, err
	}
	v := b.v
	list := make([]verdict, len(rows))
	seen := earlier{numbers: make(map[string]int, len(rows))}
	for i := range rows {
		if c := rows[i].Draft; c != nil && c.identifier.Serial != "" {
			seen.ids = make(map[licenceID]int)
			break
		}
	}
	for i := range rows {
		vd, err := v.decide(r, &rows[i], batch)
		if err != nil {
			return nil, err
		}
		if first, ok := seen.find(&vd); ok && vd.result.Code != CodeConflictSameFile {
			vd.settleAgainst(list[first].row)
		} else if vd.changes() || vd.result.Outcome == RowUnchanged {
			seen.add(&vd, i)
		}
		list[i] = vd
	}
	return list, nil
}

// earlier finds the row of a group that spoke of a licence before: by its number, and where rows bring identifiers by
// those.
type earlier struct {
	numbers map[string]int
	ids     map[licenceID]int // nil if no row brings an identifier
}

func (e *earlier) find(vd *verdict) (row int, ok bool) {
	c := vd.row.Draft
	if c == nil {
		return 0, false
	}
	if row, ok = e.numbers[c.number]; !ok && e.ids != nil && vd.result.id != (licenceID{}) {
		row, ok = e.ids[vd.result.id]
	}
	return row, ok
}

func (e *earlier) add(vd *verdict, row int) {
	e.numbers[vd.row.Draft.number] = row
	if e.ids != nil && vd.result.id != (licenceID{}) {
		e.ids[vd.result.id] = row
	}
}

func (vd *verdict) changes() bool {
	return vd.result.Outcome == RowCreated || vd.result.Outcome == RowUpdated
}

// settleAgainst judges a row whose number an earlier row of the same group has taken.
func (vd *verdict) settleAgainst(first *BatchRow) {
	vd.prior, vd.again = nil, true
	vd.result.Outcome, vd.result.Code, vd.result.OtherRow = RowConflict, CodeConflictSameFile, first.Row
	if vd.row.Draft.content == first.Draft.content {
		vd.result.Outcome, vd.result.Code, vd.result.OtherRow = RowUnchanged, "", 0
	}
}

// Prepared is a group on its way to Commit.
type Prepared struct {
	group int
	rows  []BatchRow
	list  []verdict
}

// Prepare decides a group, makes its records and signs them. Groups may be prepared side by side and ahead of the
// commits before them; Commit decides anew what changed meanwhile.
func (b *Batch) Prepare(ctx context.Context, group int, rows []BatchRow) (*Prepared, error) {
	p := &Prepared{group: group, rows: rows}
	err := b.v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		var err error
		p.list, err = b.decideGroup(r, rows, b.id)
		return err
	})
	if err != nil {
		return nil, b.refused(ctx, err)
	}
	return p, b.refused(ctx, b.sign(ctx, p))
}

// storing is how many documents a worker has on their way to the disk.
const storing = 8

// sign builds and signs every version of a group that has none yet, on all workers.
func (b *Batch) sign(ctx context.Context, p *Prepared) error {
	g, ctx := errgroup.WithContext(ctx)
	workers := b.v.cfg.Workers
	if b.v.cfg.Documents != nil {
		workers *= storing // each waits for its document to be durable; the store makes many so at once
	}
	for k := range workers {
		g.Go(func() error {
			for i := k; i < len(p.list); i += workers {
				if err := b.signRow(ctx, &p.list[i]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

func (b *Batch) signRow(ctx context.Context, vd *verdict) error {
	if !vd.changes() || vd.sv != nil {
		return nil
	}
	c := vd.row.Draft
	var err error
	if vd.sv, err = b.v.signDraft(ctx, c, plan{prior: vd.prior, origin: record.Converted, at: b.s.at}); err != nil {
		return err
	}
	vd.result.id, vd.result.Version = vd.sv.id, vd.sv.identifier.Version
	vd.result.Identifier = vd.sv.name
	vd.ev = happening{
		kind: record.EventConverted, effective: c.issued, batch: b.id, row: vd.row.Row,
	}
	vd.ev.salt, err = b.v.drawSalt()
	return err
}

// maxOvertaken is how often a group may be prepared anew before its conversion is broken off.
const maxOvertaken = 20

// errStale says that a prepared group was overtaken.
var errStale = errors.New("vault: group was overtaken")

// Commit makes a group durable: versions, events, indexes, leaves, the results of its rows and the batch's account, in
// one transaction. Groups are committed in order.
func (b *Batch) Commit(ctx context.Context, p *Prepared) ([]RowResult, error) {
	c, err := b.Start(ctx, p)
	if err != nil {
		return nil, err
	}
	return c.Wait()
}

// Committing is a group on its way to the disk.
type Committing struct {
	results []RowResult
	ended   chan struct{} // closed when err is set
	err     error
}

// Wait returns when the group is durable, with the results of its rows.
func (c *Committing) Wait() ([]RowResult, error) {
	<-c.ended
	if c.err != nil {
		return nil, c.err
	}
	return c.results, nil
}

// Start is Commit up to the moment when the group's transaction has been worked; Wait tells when it is durable. The
// next group may be started before: it sees this one and cannot be kept without it. After an error of either the
// batch is opened anew.
func (b *Batch) Start(ctx context.Context, p *Prepared) (*Committing, error) {
	for tries := 1; ; tries++ {
		c, err := b.start(ctx, p)
		if err == nil {
			b.last = c
			return c, nil
		}
		if !errors.Is(err, errStale) {
			return nil, b.refused(ctx, b.cause(err))
		}
		if tries == maxOvertaken { // the type was changed: rows must be checked against it anew
			return nil, b.refused(ctx, refuse(ErrConflict, CodeVersionChanged, "type"))
		}
		if p, err = b.Prepare(ctx, p.group, p.rows); err != nil {
			return nil, err
		}
	}
}

// cause is why a group was refused: if the one before it was not kept, that.
func (b *Batch) cause(err error) error {
	if b.last == nil {
		return err
	}
	if _, before := b.last.Wait(); before != nil {
		return before
	}
	return err
}

func (b *Batch) start(ctx context.Context, p *Prepared) (*Committing, error) {
	c := &Committing{results: make([]RowResult, len(p.list)), ended: make(chan struct{})}
	account := b.account
	account.Groups = p.group + 1
	for i := range p.list {
		c.results[i] = p.list[i].result
		count(&account.Counts, c.results[i].Outcome)
	}
	worked := make(chan struct{}, 1)
	go func() {
		c.err = b.commit(ctx, p, account, worked)
		close(c.ended)
	}()
	select {
	case <-worked:
	case <-c.ended: // refused, or durable already
		if c.err != nil {
			return nil, c.err
		}
	}
	b.account = account
	return c, nil
}

// commit runs the group's transaction and signals when it was worked.
func (b *Batch) commit(ctx context.Context, p *Prepared, account BatchAccount, worked chan<- struct{}) error {
	results := make([]RowResult, len(p.list))
	changed := 0
	for i := range p.list {
		results[i] = p.list[i].result
		if p.list[i].changes() {
			changed++
		}
	}
	raw := encodeResults(results)
	s := b.now()
	return b.v.update(ctx, s, func(w engine.Writer, st *staging) (auditNote, error) {
		note := b.note("")
		note.count = changed
		if err := b.write(w, s, st, p); err != nil {
			return note, err
		}
		if err := w.Create(groupKey(account.ID, p.group), raw); err != nil {
			return note, err
		}
		err := putJSONIn(w, batchKey(account.ID), account)
		if err == nil {
			select {
			case worked <- struct{}{}:
			default: // the closure runs again
			}
		}
		return note, err
	})
}

// now is the batch's session at the present moment.
func (b *Batch) now() *session {
	s := *b.s
	s.at = b.v.now()
	return &s
}

// write holds the group against what is in the vault now, and writes it.
func (b *Batch) write(w engine.Writer, s *session, st *staging, p *Prepared) error {
	if _, err := openType(w, b.typ.Definition.Code); err != nil {
		return err
	}
	now, err := getBatch(w, b.id)
	if err != nil {
		return err
	}
	if now.State != BatchConverting || now.Groups != p.group {
		return refuse(ErrBatch, CodeBatchState, "batch")
	}
	for i := range p.list {
		vd := &p.list[i]
		if err := b.fresh(w, vd); err != nil {
			return err
		}
		if !vd.changes() {
			if err := b.remember(w, vd); err != nil {
				return err
			}
			continue
		}
		if err := b.refer(w, vd.row.Draft.scans); err != nil {
			return err
		}
		err := b.v.commitVersion(w, s, st, vd.sv, vd.ev)
		if errors.Is(err, ErrConflict) || errors.Is(err, ErrExists) || errors.Is(err, ErrTransition) {
			return errStale
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// fresh reports errStale if a row would be judged otherwise now; for one that makes a version commitVersion tells most.
func (b *Batch) fresh(w engine.Writer, vd *verdict) error {
	if vd.result.Outcome == RowCreated || vd.row.Draft == nil {
		return nil
	}
	if vd.result.Outcome == RowUpdated {
		first, err := seenRow(w, vd.result.id, b.id)
		if err == nil && first > 0 {
			err = errStale
		}
		return err
	}
	again, err := b.v.decide(w, vd.row, b.id)
	if err != nil {
		return err
	}
	if again.result.Outcome != vd.result.Outcome || again.result.Code != vd.result.Code ||
		again.result.OtherRow != vd.result.OtherRow {
		return errStale
	}
	return nil
}

func count(c *record.Counts, o Outcome) {
	c.Rows++
	switch o {
	case RowCreated:
		c.Created++
	case RowUpdated:
		c.Updated++
	case RowUnchanged:
		c.Unchanged++
	case RowConflict:
		c.Conflict++
	case RowRejected:
		c.Rejected++
	}
}

// DryRun judges a file as a conversion would, without writing to the vault. What the rows before would have done is
// kept in a scratch engine, so that memory does not grow with the file.
type DryRun struct {
	b       *Batch
	scratch engine.Engine
	counts  record.Counts
}

// OpenDryRun starts a dry run. The scratch engine must be empty and is the caller's to remove.
func (v *Vault) OpenDryRun(ctx context.Context, a Access, spec BatchSpec, scratch engine.Engine) (*DryRun, error) {
	b, err := v.newBatch(ctx, a, spec)
	if err != nil {
		return nil, err
	}
	return whole(&DryRun{b: b, scratch: scratch}, v.audit(ctx, b.s, b.note("dry-run")))
}

// Type is the licence type that would be converted.
func (d *DryRun) Type() *LicenceType { return d.b.typ }

// GroupRows is how many rows make a group.
func (d *DryRun) GroupRows() int { return d.b.account.GroupRows }

// Issuer is the department whose licences would be converted.
func (d *DryRun) Issuer() (uscc, name string) { return d.b.Issuer() }

// Today is the day by which rows are judged.
func (d *DryRun) Today() record.Date { return d.b.Today() }

// Counts is what the groups judged so far add up to.
func (d *DryRun) Counts() record.Counts { return d.counts }

// Judge gives the results that Commit would give for a group. Groups are judged in order.
func (d *DryRun) Judge(ctx context.Context, rows []BatchRow) ([]RowResult, error) {
	var list []verdict
	err := d.b.v.cfg.Engine.View(ctx, func(r engine.Reader) error {
		var err error
		list, err = d.b.decideGroup(r, rows, "")
		return err
	})
	if err != nil {
		return nil, d.b.refused(ctx, err)
	}
	if err := d.settle(ctx, list); err != nil {
		return nil, err
	}
	out := make([]RowResult, len(list))
	for i := range list {
		out[i] = list[i].result
		count(&d.counts, out[i].Outcome)
	}
	return out, nil
}

// settle holds a group against the groups before it and remembers what it would do.
func (d *DryRun) settle(ctx context.Context, list []verdict) error {
	return d.scratch.Update(ctx, func(w engine.Writer) error {
		for i := range list {
			vd := &list[i]
			if vd.row.Draft == nil {
				continue
			}
			if err := d.settleRow(w, vd); err != nil {
				return err
			}
		}
		return nil
	})
}

func (d *DryRun) settleRow(w engine.Writer, vd *verdict) error {
	c := vd.row.Draft
	keys := [][]byte{d.b.v.keyed(c)}
	if vd.result.id != (licenceID{}) {
		keys = append(keys, headKey(vd.result.id))
	}
	b, err := w.Get(keys[0])
	if errors.Is(err, engine.ErrNotFound) && len(keys) > 1 {
		b, err = w.Get(keys[1])
	}
	if errors.Is(err, engine.ErrNotFound) {
		if !vd.changes() && vd.result.Outcome != RowUnchanged {
			return nil
		}
		for _, k := range keys {
			if err := w.Put(k, append(c.content[:len(c.content):len(c.content)], be32(vd.row.Row)...)); err != nil {
				return err
			}
		}
		return nil
	}
	if err != nil {
		return err
	}
	dec := decoder{b: b}
	first := BatchRow{Draft: &Checked{}}
	dec.fixed(first.Draft.content[:])
	first.Row = int(be(dec.take(4))) //nolint:gosec // four bytes
	if err := dec.end(); err != nil || first.Row == vd.row.Row {
		return err
	}
	vd.settleAgainst(&first)
	return nil
}

func be(b []byte) (n uint64) {
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n
}
