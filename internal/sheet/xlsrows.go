package sheet

import (
	"errors"
	"io"
	"slices"
	"unicode/utf8"
)

// maxSorted is how many cells of a sheet are sorted in memory where its writer did not keep them in order.
const maxSorted = 2 << 20

// xlsRows puts cells together to rows.
type xlsRows struct {
	cells  cellSource
	lim    Limits
	hidden map[int]bool // rows from 0
	ahead  bool         // the cell in cells.at belongs to the next row
	text   []byte
	cuts   []span
	finish error
}

// cellSource is where xlsRows takes cells from, in the order of their rows.
type cellSource interface {
	// nextCell answers the next cell and its text, valid until the next call.
	nextCell() (*xlsCell, []byte, error)
	// again answers what nextCell answered last.
	again() (*xlsCell, []byte)
}

func (s *xlsSource) rows(sheet int) (rowReader, error) {
	sc, err := s.scan(sheet)
	if err != nil {
		return nil, err
	}
	c := s.cells(sheet)
	if sc.sorted {
		return &xlsRows{cells: c, lim: s.in.opts.Limits, hidden: sc.hidden}, nil
	}
	all, err := sortCells(c)
	if err != nil {
		return nil, err
	}
	return &xlsRows{cells: all, lim: s.in.opts.Limits, hidden: sc.hidden}, nil
}

// sortedCells are all cells of a sheet, for a writer that did not keep the order.
type sortedCells struct {
	cells []xlsCell
	i     int
}

func sortCells(c *xlsCells) (*sortedCells, error) {
	all := &sortedCells{i: -1}
	for {
		at, text, err := c.nextCell()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if len(all.cells) >= maxSorted {
			return nil, &Error{Code: CodeTooLarge, Detail: "cells out of order"}
		}
		at.cell.Text = string(text)
		all.cells = append(all.cells, *at)
	}
	slices.SortStableFunc(all.cells, func(a, b xlsCell) int { return a.row - b.row })
	return all, nil
}

func (a *sortedCells) nextCell() (*xlsCell, []byte, error) {
	if a.i+1 >= len(a.cells) {
		return nil, nil, io.EOF
	}
	a.i++
	at, text := a.again()
	return at, text, nil
}

func (a *sortedCells) again() (*xlsCell, []byte) {
	return &a.cells[a.i], []byte(a.cells[a.i].cell.Text)
}

func (r *xlsRows) next(row *Row) error {
	row.reset()
	r.text, r.cuts = r.text[:0], r.cuts[:0]
	for {
		var at *xlsCell
		var text []byte
		if r.ahead {
			at, text = r.cells.again()
			r.ahead = false
		} else if r.finish == nil {
			at, text, r.finish = r.cells.nextCell()
		}
		if r.finish != nil {
			if row.Number == 0 || !errors.Is(r.finish, io.EOF) {
				return r.finish
			}
			break
		}
		if row.Number == 0 {
			row.Number, row.Hidden = at.row+1, r.hidden[at.row]
		}
		if at.row+1 != row.Number {
			r.ahead = true
			break
		}
		r.put(row, at, text)
	}
	s := string(r.text)
	for i, c := range r.cuts {
		row.Cells[i].Text = s[c.from:c.to]
	}
	return nil
}

// put sets a cell of the row.
func (r *xlsRows) put(row *Row, at *xlsCell, text []byte) {
	code := at.code
	switch {
	case at.column >= min(r.lim.Columns, maxBIFFColumns):
		r.fail(row, CodeColumns, at.column)
		return
	case code == "" && len(text) > r.lim.CellBytes:
		code = CodeCellTooLarge
	}
	if code != "" {
		r.fail(row, code, at.column)
	}
	for len(row.Cells) <= at.column {
		row.Cells = append(row.Cells, Cell{})
		r.cuts = append(r.cuts, span{})
	}
	cell := at.cell
	cell.Text = ""
	if len(text) == 0 {
		cell.Kind = KindEmpty
	}
	from := len(r.text)
	r.text = append(r.text, text...)
	if !utf8.Valid(text) {
		r.text = append(r.text[:from], validUTF8(text)...)
	}
	row.Cells[at.column] = cell
	r.cuts[at.column] = span{from, len(r.text)}
}

func (r *xlsRows) fail(row *Row, code Code, column int) {
	if row.Err == nil {
		row.Err = &Error{Code: code, Row: row.Number, Column: column + 1}
	}
}

// annotateSheet writes one sheet; each is nil where its rows get no cells.
func (s *xlsSource) annotateSheet(out *xlsxOut, sheet, column int, each func(*Row) ([]string, error)) error {
	rows, err := s.rows(sheet)
	if err != nil {
		return err
	}
	var row Row
	var cells []Cell
	for {
		err := rows.next(&row)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		cells = append(cells[:0], row.Cells...)
		if each != nil {
			extra, err := each(&row)
			if err != nil {
				return err
			}
			cells = addCells(cells, column, extra)
		}
		if err := out.writeRow(row.Number, row.Hidden, cells); err != nil {
			return err
		}
	}
}

// addCells puts texts into cells from a column on.
func addCells(cells []Cell, column int, extra []string) []Cell {
	for i, text := range extra {
		at := column + i
		if at >= MaxColumns {
			break
		}
		for len(cells) <= at {
			cells = append(cells, Cell{})
		}
		cells[at] = Cell{Text: text, Kind: KindText}
	}
	return cells
}
