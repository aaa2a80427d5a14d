package sheet

import (
	"io"
	"unicode/utf8"
)

// xlsxRows reads the rows of one sheet part.
type xlsxRows struct {
	s    *xlsxSource
	part io.ReadCloser
	x    *xmlScanner
	in   bool  // inside of sheetData
	over bool  // behind sheetData
	from int64 // where the step at hand began
	last int   // number of the row before
	free int   // the column behind the last cell

	text []byte
	cuts []span
	mark *rowMarks // where things stand in the XML, for annotate; nil when only reading
}

// span is where a cell's text stands in the row's text.
type span struct{ from, to int }

// rowMarks are offsets relative to the scanner's keep.
type rowMarks struct {
	open  int // behind the start tag
	close int // before the end tag
	cells []cellMark
}

type cellMark struct{ column, from, to int }

func (s *xlsxSource) rows(sheet int) (rowReader, error) {
	if err := s.load(); err != nil {
		return nil, err
	}
	return s.sheetRows(sheet)
}

func (s *xlsxSource) sheetRows(sheet int) (*xlsxRows, error) {
	name := s.sheets[sheet]
	r, ok, err := s.pkg.open(name)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, &Error{Code: CodeCorrupt, Detail: "no part " + name}
	}
	return &xlsxRows{s: s, part: r, x: newXMLScanner(r, name, s.in.opts.Limits.RecordBytes)}, nil
}

// next reads the next row. The part is read to its end behind the last one: its checksum stands there, and whoever
// writes a result reads that far too.
func (r *xlsxRows) next(row *Row) error {
	row.reset()
	for {
		found, err := r.step()
		if err == nil && found == foundRow {
			err = r.row(row)
		}
		switch {
		case err != nil:
			return r.stop(wrapRead(err))
		case found == foundRow:
			return nil
		case found == foundEnd:
			return r.stop(io.EOF)
		}
	}
}

// found is what a step came to.
type found uint8

const (
	foundOther found = iota // text, an end tag, or a whole element of sheetData that is no row
	foundTag                // a start tag outside of sheetData
	foundRow                // the start tag of a row
	foundEnd                // the end of the part
)

// step reads on by one tag or text, or by one element of sheetData that is no row. What it passes over, comments before
// it too, is no longer than a row may be, for whoever writes a result keeps it.
func (r *xlsxRows) step() (found, error) {
	r.from = r.x.at()
	found, err := r.find()
	if err == nil {
		err = r.x.within(r.from)
	}
	return found, err
}

func (r *xlsxRows) find() (found, error) {
	x := r.x
	kind, err := x.next()
	switch {
	case err != nil:
		return foundOther, err
	case kind == tokenEOF:
		return foundEnd, nil
	case kind == tokenEnd && r.in && x.depth < sheetDataDepth:
		r.in, r.over = false, true
	case kind != tokenStart:
	case !r.in:
		if !r.over && r.atSheetData() {
			r.in, r.over = !x.empty, x.empty
		}
		return foundTag, nil
	case string(x.name) == "row":
		return foundRow, nil
	default:
		err = x.skip()
	}
	return foundOther, err
}

// sheetDataDepth is how deep sheetData stands: it is a child of the root. One that is deeper is another thing, and a
// result in it could be deeper than is read.
const sheetDataDepth = 2

// atSheetData tells the start tag of sheetData.
func (r *xlsxRows) atSheetData() bool {
	depth := r.x.depth
	if r.x.empty {
		depth++
	}
	return depth == sheetDataDepth && string(r.x.name) == "sheetData"
}

// stop closes the part at the end, or at an error.
func (r *xlsxRows) stop(err error) error {
	if r.mark == nil {
		_ = r.part.Close() // nothing was written
	}
	return err
}

// row reads the row whose start tag was just read.
func (r *xlsxRows) row(row *Row) error {
	row.Number, row.Hidden = r.rowNumber(row), hiddenRow(r.x.attrs)
	r.last = row.Number
	r.text, r.cuts, r.free = r.text[:0], r.cuts[:0], 0
	if !r.x.empty {
		if err := r.cells(row); err != nil {
			return err
		}
	}
	r.deliver(row)
	return nil
}

func (r *xlsxRows) rowNumber(row *Row) int {
	for rest := r.x.attrs; ; {
		n, v, next, ok := nextAttr(rest)
		if !ok {
			return r.last + 1
		}
		if string(n) == "r" {
			number, ok := parseUint(v)
			if !ok || number <= r.last || number > maxRows {
				row.Err = &Error{Code: CodeBadCell, Row: r.last + 1, Detail: "row number " + clip(v)}
				return r.last + 1
			}
			return number
		}
		rest = next
	}
}

// hiddenRow tells from the attributes of a row whether it is shown.
func hiddenRow(attrs []byte) bool {
	for {
		n, v, next, ok := nextAttr(attrs)
		if !ok {
			return false
		}
		if string(n) == "hidden" {
			return string(v) == "1" || string(v) == "true"
		}
		attrs = next
	}
}

func clip(b []byte) string { return string(b[:min(len(b), 40)]) }

func (r *xlsxRows) cells(row *Row) error {
	x := r.x
	if r.mark != nil {
		r.mark.open = x.pos - x.keep
	}
	for {
		from := x.pos - x.keep
		kind, err := x.next()
		if err != nil {
			return err
		}
		switch {
		case kind == tokenEOF:
			return x.corrupt("ends early")
		case kind == tokenEnd:
			if r.mark != nil {
				r.mark.close = from
			}
			return x.within(r.from)
		case kind != tokenStart:
		case len(x.name) == 1 && x.name[0] == 'c':
			column, err := r.cell(row)
			if err != nil {
				return err
			}
			if r.mark != nil {
				r.mark.cells = append(r.mark.cells, cellMark{column: column, from: from, to: x.pos - x.keep})
			}
		default:
			if err := x.skip(); err != nil {
				return err
			}
		}
		if err := x.within(r.from); err != nil {
			return err
		}
	}
}

// rawCell is what a c element says before its value is resolved.
type rawCell struct {
	column  int
	style   int
	kind    byte // first letter of t, with 'S' for str and 'I' for inlineStr
	formula bool
	from    int // of its text in r.text
	long    bool
}

// cell reads the cell whose start tag was just read and answers its column.
func (r *xlsxRows) cell(row *Row) (int, error) {
	c := r.cellHead(row)
	if !r.x.empty {
		if err := r.cellBody(&c); err != nil {
			return 0, err
		}
	}
	if c.long {
		r.fail(row, CodeCellTooLarge, c.column)
	}
	return c.column, r.resolve(row, c)
}

// cellHead reads the attributes of a c element.
func (r *xlsxRows) cellHead(row *Row) rawCell {
	c := rawCell{column: r.free, style: -1, kind: 'n', from: len(r.text)}
	for rest := r.x.attrs; ; {
		n, v, next, ok := nextAttr(rest)
		if !ok {
			break
		}
		rest = next
		if len(n) != 1 || len(v) == 0 {
			continue
		}
		switch n[0] {
		case 'r':
			column, ok := refColumn(v)
			if !ok || column < r.free {
				r.fail(row, CodeBadCell, c.column)
				continue
			}
			c.column = column
		case 's':
			if s, ok := parseUint(v); ok {
				c.style = s
			}
		case 't':
			c.kind = cellKind(v)
		}
	}
	r.free = c.column + 1
	return c
}

func cellKind(t []byte) byte {
	switch string(t) {
	case "str":
		return 'S'
	case "inlineStr":
		return 'I'
	}
	return t[0]
}

// refColumn is the column of a reference as AB12.
func refColumn(ref []byte) (int, bool) {
	column := 0
	for i, ch := range ref {
		if ch >= '0' && ch <= '9' {
			return column - 1, i > 0 && column <= MaxColumns
		}
		if ch &^= 0x20; ch < 'A' || ch > 'Z' || i > 2 {
			return 0, false
		}
		column = column*26 + int(ch-'A') + 1
	}
	return column - 1, column > 0 && column <= MaxColumns
}

func parseUint(b []byte) (int, bool) {
	if len(b) == 0 || len(b) > 10 {
		return 0, false
	}
	n := 0
	for _, ch := range b {
		if ch < '0' || ch > '9' {
			return 0, false
		}
		n = n*10 + int(ch-'0')
	}
	return n, true
}

// cellBody appends the text of v or is to the row's text.
func (r *xlsxRows) cellBody(c *rawCell) error {
	x := r.x
	if text, ok := x.plainValue(); ok {
		r.text = appendXMLText(r.text, text)
		c.long = len(text) > r.s.in.opts.Limits.CellBytes
		return nil
	}
	value := false
	for level := x.depth; ; {
		kind, err := x.next()
		if err != nil {
			return err
		}
		switch kind {
		case tokenEOF:
			return x.corrupt("ends early")
		case tokenText:
			if value && !c.long {
				r.text = x.appendText(r.text)
				c.long = len(r.text)-c.from > r.s.in.opts.Limits.CellBytes
			}
		case tokenEnd:
			if x.depth < level {
				return nil
			}
			value = false
		case tokenStart:
			if !value && string(x.name) == "v" && !x.empty {
				value = true
				continue
			}
			if err := r.cellPart(c, value); err != nil {
				return err
			}
		}
	}
}

// cellPart reads a child of c that is no value, or one of the value, which has none.
func (r *xlsxRows) cellPart(c *rawCell, value bool) error {
	switch {
	case value:
	case string(r.x.name) == "is" && c.kind == 'I':
		var ok bool
		var err error
		r.text, ok, err = r.x.appendRichText(r.text, r.s.in.opts.Limits.CellBytes)
		c.long = c.long || !ok
		return err
	case string(r.x.name) == "f":
		c.formula = true
	}
	return r.x.skip()
}

// resolve turns what was read into a cell of the row.
func (r *xlsxRows) resolve(row *Row, c rawCell) error {
	cell := Cell{Formula: c.formula, Kind: KindText}
	var date bool
	if c.style >= 0 {
		cell.Format, date = r.s.styles.lookup(c.style)
	}
	switch c.kind {
	case 's':
		if err := r.shared(row, c); err != nil {
			return err
		}
	case 'b':
		cell.Kind = KindBool
		r.boolean(c.from)
	case 'e':
		cell.Kind = KindError
	case 'n':
		cell.Kind = numberKind(r.text[c.from:], date)
	case 'S':
		r.text = unescapeCell(r.text, c.from)
	}
	if len(r.text) == c.from {
		cell.Kind = KindEmpty
	}
	r.put(row, c, cell)
	return nil
}

// put sets the cell, with empty ones for the gap before it. An empty cell is left out: whole rows are often styled to
// the last column.
func (r *xlsxRows) put(row *Row, c rawCell, cell Cell) {
	if cell.Kind == KindEmpty && !cell.Formula {
		return
	}
	if c.column >= r.s.in.opts.Limits.Columns {
		r.fail(row, CodeColumns, c.column)
		r.text = r.text[:c.from]
		return
	}
	for len(row.Cells) < c.column {
		row.Cells = append(row.Cells, Cell{})
		r.cuts = append(r.cuts, span{})
	}
	row.Cells = append(row.Cells, cell)
	r.cuts = append(r.cuts, span{c.from, len(r.text)})
}

// shared puts the shared string in the place of its number.
func (r *xlsxRows) shared(row *Row, c rawCell) error {
	if len(r.text) == c.from {
		return nil
	}
	i, ok := parseUint(r.text[c.from:])
	r.text = r.text[:c.from]
	if ok {
		var err error
		if r.text, ok, err = r.s.table.appendString(r.text, i); err != nil {
			return err
		}
	}
	if !ok {
		r.fail(row, CodeBadCell, c.column)
		return nil
	}
	if r.s.table.long[i] {
		r.fail(row, CodeCellTooLarge, c.column)
	}
	return nil
}

func (r *xlsxRows) boolean(from int) {
	switch string(r.text[from:]) {
	case "1", "true":
		r.text = append(r.text[:from], "TRUE"...)
	case "0", "false":
		r.text = append(r.text[:from], "FALSE"...)
	}
}

func numberKind(text []byte, date bool) Kind {
	digit := false
	for _, ch := range text {
		switch {
		case ch >= '0' && ch <= '9':
			digit = true
		case ch == '.' || ch == '-' || ch == '+' || ch == 'e' || ch == 'E':
		default:
			return KindText
		}
	}
	switch {
	case !digit:
		return KindText
	case date:
		return KindDate
	}
	return KindNumber
}

// fail notes the row's first error.
func (r *xlsxRows) fail(row *Row, code Code, column int) {
	if row.Err == nil {
		row.Err = &Error{Code: code, Row: row.Number, Column: column + 1}
	}
}

// deliver hands the texts over in one string.
func (r *xlsxRows) deliver(row *Row) {
	if !utf8.Valid(r.text) {
		r.repair(row)
	}
	s := string(r.text)
	for i, c := range r.cuts {
		row.Cells[i].Text = s[c.from:c.to]
	}
}

// repair replaces what is no UTF-8, cell by cell, and NULs stay as they are.
func (r *xlsxRows) repair(row *Row) {
	var out []byte
	for i, c := range r.cuts {
		cell := r.text[c.from:c.to]
		if !utf8.Valid(cell) {
			r.fail(row, CodeEncoding, i)
			cell = []byte(validUTF8(cell))
		}
		r.cuts[i].from = len(out)
		out = append(out, cell...)
		r.cuts[i].to = len(out)
	}
	r.text = out
}
