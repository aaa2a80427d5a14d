package convert

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// rawRow is one data row as it was read.
type rawRow struct {
	number, line int
	from, to     int // its cells in the group
	err          *sheet.Error
	hidden       bool // the sheet does not show it
	short        bool // an earlier run refused it as too short, and nobody has completed it since
	scans        []vault.Scan
	images       []vault.Image
	brought      []brought // their contents, until they are stored
}

// group is a run of data rows that share a transaction.
type group struct {
	n     int // from 0
	last  bool
	rows  []rawRow
	cells []sheet.Cell
	bytes int

	values   []string // normal values, row by row
	sources  []record.Source
	out      []vault.BatchRow
	findings [][]finding
	notes    [][]vault.Note
	noted    []bool
	lacking  []bool // rows without a scan
	faceless []bool // rows without an image
	rejected int

	done []vault.RowResult // committed by an earlier run
	pre  *vault.Prepared
	// committing is set while the group is on its way to the disk.
	committing *vault.Committing
	results    []vault.RowResult
}

// group normalises and checks every row of a group, and stores its scans unless the group was committed before. Only
// what keeps the conversion from going on is an error.
func (w *worker) group(ctx context.Context, g *group) error {
	n, width := len(g.rows), len(w.l.columns)
	g.values = make([]string, n*width)
	g.sources = make([]record.Source, n)
	g.out = make([]vault.BatchRow, n)
	g.findings = make([][]finding, n)
	g.noted, g.lacking, g.faceless = make([]bool, n), make([]bool, n), make([]bool, n)
	if w.keepNotes {
		g.notes = make([][]vault.Note, n)
	}
	for i := range g.rows {
		raw := &g.rows[i]
		w.row = g.values[i*width : (i+1)*width : (i+1)*width]
		w.findings, w.notes, w.noted = w.findings[:0], nil, false
		w.lacking, w.faceless = false, false
		g.out[i] = vault.BatchRow{Row: raw.number}
		if w.read(raw, g.cells[raw.from:raw.to], &g.sources[i]) {
			if err := errors.Join(w.photograph(raw), w.scans(raw)); err != nil {
				return err
			}
			g.out[i].Draft = w.check(raw, &g.sources[i])
		}
		if len(w.findings) > 0 {
			w.tidy()
			g.out[i].Draft, g.out[i].Rejected = nil, w.findings[0].code
			g.findings[i] = append([]finding(nil), w.findings...)
			g.rejected++
		}
		if err := w.keep(ctx, raw, g.done == nil && g.out[i].Draft != nil); err != nil {
			return err
		}
		g.noted[i] = w.noted
		g.lacking[i], g.faceless[i] = w.lacking, w.faceless
		if w.keepNotes {
			g.notes[i] = w.notes
		}
	}
	return w.store(ctx)
}

// tidy puts findings into the order of the columns, each code once for a column.
func (w *worker) tidy() {
	place := func(f *finding) int {
		if f.at < 0 {
			return sheet.MaxColumns
		}
		return f.at
	}
	slices.SortStableFunc(w.findings, func(a, b finding) int { return cmp.Compare(place(&a), place(&b)) })
	w.findings = slices.CompactFunc(w.findings, func(a, b finding) bool {
		return a.at >= 0 && a.at == b.at && a.code == b.code
	})
}
