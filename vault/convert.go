package vault

import (
	"context"
	"errors"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault/record"
)

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

// mayStill asks anew for the right by which the batch was opened, which may be hours ago.
func (b *Batch) mayStill(r engine.Reader) error {
	return b.v.stillIssues(r, b.s, b.typ.Definition.Code, b.s.caller.Department)
}

// now is the batch's session at the present moment.
func (b *Batch) now() *session {
	s := *b.s
	s.at = b.v.now()
	return &s
}

// write holds the group against what is in the vault now, and writes it.
func (b *Batch) write(w engine.Writer, s *session, st *staging, p *Prepared) error {
	if err := b.mayStill(w); err != nil {
		return err
	}
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
		if err == nil && (first > 0 || breaks(vd.prior, vd.row.Draft, b.v.today(b.v.now()))) {
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
