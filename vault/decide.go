package vault

import (
	"errors"
	"fmt"
	"slices"

	"github.com/elicense/elicense/internal/engine"
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
	if vd.result.Outcome == RowUpdated && breaks(h, c, v.today(v.now())) {
		vd.result.Outcome, vd.result.Code = RowConflict, CodeValidityGap
	}
	vd.result.Version = h.version
	vd.again = batch != "" && h.batchOf(h.version).batch == batch
	if err := vd.newScan(r, h); err != nil {
		return vd, err
	}
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

// newScan makes an update of a row that changes nothing but brings a scan where the licence has none: the record of its
// new version states the scan.
func (vd *verdict) newScan(r engine.Reader, h *head) error {
	if vd.result.Outcome != RowUnchanged || vd.again || len(vd.row.Draft.scans) == 0 {
		return nil
	}
	lacks, err := lacksScan(r, vd.result.id, h)
	if lacks {
		vd.result.Outcome = RowUpdated
	}
	return err
}

// lacksScan reports whether a licence of the paper stock is in force and has no scan of its paper.
func lacksScan(r engine.Reader, id licenceID, h *head) (bool, error) {
	if h.state != Valid || h.batchOf(h.version).batch == "" {
		return false, nil
	}
	ver, err := getVersion(r, id, h.version)
	if err != nil {
		return false, err
	}
	if src := ver.Record.Source; src != nil && len(src.Scans) > 0 {
		return false, nil
	}
	documents, err := getDocuments(r, id)
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(documents, func(d Document) bool { return d.Kind == KindScan }), nil
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
