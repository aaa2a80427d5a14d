package sheet

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
	"unicode/utf8"
)

// maxSorted is how many cells of a sheet are sorted in memory where its writer did not keep them in order.
const maxSorted = 2 << 20

// maxBIFFColumns is the number of columns an .xls sheet may have (IV).
const maxBIFFColumns = 256

// xlsScan is what one pass over a sheet's records finds out.
type xlsScan struct {
	merges []Range
	sorted bool // cells stand row after row, as [MS-XLS] has it
}

// xlsCell is a cell as a record holds it.
type xlsCell struct {
	row, column int
	cell        Cell
	code        Code // what is wrong with it, if anything
}

// xlsCells reads the cells of one sheet in the order of the file.
type xlsCells struct {
	s     *xlsSource
	b     *biffReader
	depth int // of substreams: a chart inside a sheet is one

	text []byte // texts of the cells read since text was cut
	mul  []byte // what is left of a MULRK record
	at   xlsCell
}

func (s *xlsSource) cells(sheet int) *xlsCells {
	return &xlsCells{s: s, b: newBIFFReader(s.stream, s.sheets[sheet])}
}

// scan reads through a sheet once.
func (s *xlsSource) scan(sheet int) (*xlsScan, error) {
	if sc := s.scanned[sheet]; sc != nil {
		return sc, nil
	}
	sc := &xlsScan{sorted: true}
	c := s.cells(sheet)
	last := 0
	for {
		err := c.record(sc)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if row, ok := c.rowOf(); ok {
			sc.sorted = sc.sorted && row >= last
			last = row
		}
	}
	s.scanned[sheet] = sc
	return sc, nil
}

// rowOf is the row of the current record, if it holds a cell.
func (c *xlsCells) rowOf() (int, bool) {
	switch c.b.typ {
	case recFormula, recMulRK, recRString, recLabelSST, recNumber, recLabel, recBoolErr, recRK:
		if len(c.b.data) >= 6 {
			return int(binary.LittleEndian.Uint16(c.b.data)), true
		}
	}
	return 0, false
}

// record reads the next record of the sheet itself; io.EOF is the end of the sheet. sc, if there is one, gets the
// merged ranges.
func (c *xlsCells) record(sc *xlsScan) error {
	for {
		err := c.b.next()
		if errors.Is(err, io.EOF) {
			return &Error{Code: CodeCorrupt, Detail: "a sheet ends early"}
		}
		if err != nil {
			return err
		}
		switch c.b.typ {
		case recBOF:
			c.depth++
			if c.depth > maxXMLDepth {
				return &Error{Code: CodeCorrupt, Detail: "substreams too deep"}
			}
			continue
		case recEOF:
			if c.depth--; c.depth <= 0 {
				return io.EOF
			}
			continue
		}
		if c.depth == 0 {
			return &Error{Code: CodeCorrupt, Detail: "a sheet does not begin with its BOF record"}
		}
		if c.depth > 1 {
			continue
		}
		if c.b.typ == recMerged && sc != nil {
			if err := sc.addMerges(c.b.data, c.s.in.opts.Limits.Merges); err != nil {
				return err
			}
		}
		return nil
	}
}

// addMerges reads a MERGEDCELLS record: a number, then first row, last row, first column, last column.
func (sc *xlsScan) addMerges(d []byte, limit int) error {
	if len(d) < 2 {
		return nil
	}
	u := func(at int) int { return int(binary.LittleEndian.Uint16(d[at:])) }
	n := u(0)
	for d = d[2:]; len(d) >= 8 && n > 0; d, n = d[8:], n-1 {
		m := Range{FirstRow: u(0), LastRow: u(2), FirstColumn: u(4), LastColumn: u(6)}
		if m.FirstRow > m.LastRow || m.FirstColumn > m.LastColumn {
			continue
		}
		if len(sc.merges) >= limit {
			return &Error{Code: CodeTooLarge, Detail: "merged ranges"}
		}
		sc.merges = append(sc.merges, m)
	}
	return nil
}

// next reads the next cell into c.at; its text is the end of c.text, from the former length on.
func (c *xlsCells) next() error {
	for {
		if len(c.mul) >= 6 {
			c.mulCell()
			return nil
		}
		if err := c.record(nil); err != nil {
			return err
		}
		row, ok := c.rowOf()
		if !ok {
			continue
		}
		d := c.b.data
		c.at = xlsCell{row: row, column: int(binary.LittleEndian.Uint16(d[2:]))}
		if c.b.typ == recMulRK {
			c.mul = d[4:max(len(d)-2, 4)]
			c.at.column-- // mulCell counts on
			continue
		}
		return c.single(int(binary.LittleEndian.Uint16(d[4:])), d[6:])
	}
}

// mulCell takes the next cell off a MULRK record: style and RkNumber.
func (c *xlsCells) mulCell() {
	c.at.column++
	c.at.code = ""
	style := int(binary.LittleEndian.Uint16(c.mul))
	from := len(c.text)
	c.text = appendRK(c.text, binary.LittleEndian.Uint32(c.mul[2:]))
	c.number(style, from)
	c.mul = c.mul[6:]
}

// number makes the text since from a number or a date.
func (c *xlsCells) number(style, from int) {
	c.at.cell = Cell{Kind: KindNumber}
	var date bool
	c.at.cell.Format, date = c.s.styles.lookup(style)
	if date {
		c.at.cell.Kind = KindDate
	}
	if ch := c.text[len(c.text)-1]; ch < '0' || ch > '9' { // not a number, or beyond all
		c.text = append(c.text[:from], "#NUM!"...)
		c.at.cell.Kind = KindError
	}
}

// single reads a record of one cell; d is what follows its style.
func (c *xlsCells) single(style int, d []byte) error {
	from := len(c.text)
	if len(d) < shortest(c.b.typ) {
		c.at.code = CodeBadCell
		return nil
	}
	c.at.cell = Cell{Kind: KindText}
	c.at.cell.Format, _ = c.s.styles.lookup(style)
	switch c.b.typ {
	case recRK:
		c.text = appendRK(c.text, binary.LittleEndian.Uint32(d))
		c.number(style, from)
	case recNumber:
		c.text = appendDouble(c.text, math.Float64frombits(binary.LittleEndian.Uint64(d)))
		c.number(style, from)
	case recBoolErr:
		c.boolError(d[0], d[1] != 0)
	case recLabelSST:
		return c.shared(int(binary.LittleEndian.Uint32(d)))
	case recLabel, recRString:
		c.b.rest = d
		return c.label()
	case recFormula:
		return c.formula(style, d[:8])
	}
	return nil
}

// shortest is the least a cell record holds behind its style.
func shortest(typ uint16) int {
	switch typ {
	case recNumber, recFormula:
		return 8
	case recLabelSST, recRK:
		return 4
	}
	return 2
}

func (c *xlsCells) boolError(v byte, isError bool) {
	switch {
	case isError:
		c.at.cell.Kind = KindError
		c.text = append(c.text, errorName(v)...)
	case v != 0:
		c.at.cell.Kind = KindBool
		c.text = append(c.text, "TRUE"...)
	default:
		c.at.cell.Kind = KindBool
		c.text = append(c.text, "FALSE"...)
	}
}

func (c *xlsCells) shared(i int) error {
	var ok bool
	var err error
	c.text, ok, err = c.s.table.appendString(c.text, i)
	if err == nil && !ok {
		c.at.code = CodeBadCell
	}
	return err
}

// label reads a text that stands in its record.
func (c *xlsCells) label() error {
	n, err := c.b.u16()
	if err != nil {
		return err
	}
	c.text, err = c.s.appendName(c.text, c.b, n)
	return err
}

// formula reads a formula's stored result: a number, or where its last two bytes are FF what its first byte says; a
// text follows in a STRING record.
func (c *xlsCells) formula(style int, d []byte) error {
	from := len(c.text)
	if d[6] != 0xFF || d[7] != 0xFF {
		c.text = appendDouble(c.text, math.Float64frombits(binary.LittleEndian.Uint64(d)))
		c.number(style, from)
		c.at.cell.Formula = true
		return nil
	}
	c.at.cell.Formula = true
	switch d[0] {
	case 0:
		return c.formulaText()
	case 1, 2:
		c.boolError(d[2], d[0] == 2)
	}
	return nil
}

// formulaText reads the STRING record of a formula, before which others may stand that describe the formula.
func (c *xlsCells) formulaText() error {
	for range 4 {
		head, err := c.b.br.Peek(2)
		if err != nil {
			return nil //nolint:nilerr // the sheet's end is noticed where its next record is read.
		}
		switch binary.LittleEndian.Uint16(head) {
		case recString:
			if err := c.b.next(); err != nil {
				return err
			}
			return c.label()
		case 0x04BC, 0x0221, 0x0236, recContinue: // SHRFMLA, ARRAY, TABLE
			if err := c.b.next(); err != nil {
				return err
			}
		default:
			return nil
		}
	}
	return nil
}

// xlsRows puts cells together to rows.
type xlsRows struct {
	cells  cellSource
	lim    Limits
	ahead  bool // the cell in cells.at belongs to the next row
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

func (c *xlsCells) nextCell() (*xlsCell, []byte, error) {
	c.text = c.text[:0]
	err := c.next()
	return &c.at, c.text, err
}

func (c *xlsCells) again() (*xlsCell, []byte) { return &c.at, c.text }

func (s *xlsSource) rows(sheet int) (rowReader, error) {
	sc, err := s.scan(sheet)
	if err != nil {
		return nil, err
	}
	c := s.cells(sheet)
	if sc.sorted {
		return &xlsRows{cells: c, lim: s.in.opts.Limits}, nil
	}
	all, err := sortCells(c)
	if err != nil {
		return nil, err
	}
	return &xlsRows{cells: all, lim: s.in.opts.Limits}, nil
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
			row.Number = at.row + 1
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
		if err := out.write(row.Number, cells); err != nil {
			return err
		}
	}
}

// addCells puts texts into cells from a column on.
func addCells(cells []Cell, column int, extra []string) []Cell {
	for i, text := range extra {
		at := column + i
		for len(cells) <= at {
			cells = append(cells, Cell{})
		}
		cells[at] = Cell{Text: text, Kind: KindText}
	}
	return cells
}
