package convert

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/elicense/elicense/internal/sheet"
)

// source of a conversion: a file opened, its sheet chosen, its heading found.
type opened struct {
	book     *sheet.Book
	index    int
	input    *counting
	cut      atomic.Int64 // data rows read so far, further than those that are worked
	encoding string       // as it was stated; empty: found
	sheet    string       // as it was stated beside the mapping; empty: as that says, or found
}

// counting counts the bytes read, for the progress.
type counting struct {
	r    io.ReaderAt
	read atomic.Int64
}

// ReadAt implements io.ReaderAt.
func (c *counting) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.r.ReadAt(p, off)
	c.read.Add(int64(n))
	return n, err
}

// open opens a file and chooses the sheet.
func open(f File, temp func() (TempFile, error), m *Mapping) (*opened, error) {
	if f.Reader == nil {
		return nil, ErrConfig
	}
	o := &opened{input: &counting{r: f.Reader}, sheet: f.Sheet}
	var opts sheet.Options
	if temp != nil {
		opts.Temp = func() (sheet.TempFile, error) { return temp() }
	}
	name := f.Encoding
	if name == "" && m != nil {
		name = m.Encoding
	}
	if name != "" {
		var ok bool
		if opts.Encoding, ok = sheet.ParseEncoding(name); !ok {
			return nil, fmt.Errorf("%w: encoding", ErrConfig)
		}
		o.encoding = opts.Encoding.String()
	}
	var err error
	if o.book, err = sheet.Open(o.input, f.SizeBytes, f.Name, opts); err != nil {
		return nil, err
	}
	if o.index, err = chooseSheet(o.book, f.Sheet, m); err != nil {
		o.book.Close() //nolint:errcheck // the first error counts
		return nil, err
	}
	return o, nil
}

func chooseSheet(book *sheet.Book, name string, m *Mapping) (int, error) {
	switch {
	case name != "" && book.Info.Format != sheet.FormatCSV:
		return sheetNamed(book, name)
	case m != nil && m.Sheet != "" && book.Info.Format != sheet.FormatCSV:
		return sheetNamed(book, m.Sheet)
	case m != nil && m.SheetAt > len(book.Info.Sheets):
		return 0, noSheet(book, strconv.Itoa(m.SheetAt))
	case m != nil && m.SheetAt > 0:
		return m.SheetAt - 1, nil
	}
	return book.DefaultSheet()
}

// sheetNamed finds a sheet; one that is not there is told with those that are.
func sheetNamed(book *sheet.Book, name string) (int, error) {
	at, err := book.Sheet(name)
	if errors.Is(err, sheet.ErrNoSheet) {
		err = noSheet(book, name)
	}
	return at, err
}

func noSheet(book *sheet.Book, name string) error {
	var names []string
	for _, s := range book.Info.Sheets {
		names = append(names, s.Name)
	}
	p := MappingProblem{Code: CodeHeadingSheet, Path: "sheet", Found: name, Want: strings.Join(names, "、")}
	return &MappingError{heading: true, Problems: []MappingProblem{p.said()}}
}

// cutter cuts the data rows of a sheet into groups, alike each time: so many rows, or fewer if they are very long.
type cutter struct {
	l       *layout
	book    *sheet.Book
	rows    *sheet.Reader
	merges  *merged
	size    int // rows of a group
	n       int // next group
	row     sheet.Row
	pending bool // row holds a row that is not in a group yet
	width   int  // most columns seen
	skipped int
	zeros   map[uint16]int // number format -> digits that it shows at least
}

// maxGroupBytes bounds the text of a group, so that its transaction stays below the engine's limit.
const maxGroupBytes = 2 << 20

// next gives the next group, or io.EOF.
func (c *cutter) next(ctx context.Context) (*group, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	g := &group{n: c.n, rows: make([]rawRow, 0, c.size)}
	for len(g.rows) < c.size && (g.bytes < maxGroupBytes || len(g.rows) == 0) {
		if !c.pending {
			err := c.read()
			if errors.Is(err, io.EOF) {
				g.last = true
				break
			}
			if err != nil {
				return nil, err
			}
		}
		n := rowBytes(&c.row)
		if len(g.rows) > 0 && g.bytes+n > maxGroupBytes {
			c.pending = true
			break
		}
		c.pending = false
		c.keep(g, n)
	}
	if len(g.rows) == 0 {
		return nil, io.EOF
	}
	if !g.last && !c.pending { // the last group must know that it is
		err := c.read()
		g.last, c.pending = errors.Is(err, io.EOF), err == nil
		if err != nil && !g.last {
			return nil, err
		}
	}
	c.n++
	return g, nil
}

// read reads the next data row into c.row, passing over the heading, empty rows, repeated headings, totals and notes.
func (c *cutter) read() error {
	for {
		if err := c.rows.Next(&c.row); err != nil {
			return err
		}
		switch {
		case c.row.Number <= c.l.head.last:
			continue
		case c.passedOver():
			c.skipped++
			continue
		}
		return nil
	}
}

// data is how many of the row's cells belong to the ledger: those before the columns of an earlier result.
func (c *cutter) data() []sheet.Cell {
	cells := c.row.Cells
	if at := c.l.head.result; at >= 0 && len(cells) > at {
		cells = cells[:at]
	}
	return cells
}

// passedOver reports the row at hand as one that is no row of the ledger.
func (c *cutter) passedOver() bool {
	return c.row.Err == nil && (c.blank() || c.foot()) || c.repeated()
}

func (c *cutter) blank() bool {
	cells := c.data()
	for i := range cells {
		if cells[i].Text != "" && strings.TrimSpace(cells[i].Text) != "" || cells[i].Formula {
			return false
		}
	}
	return true
}

// repeated reports the heading printed again on a later page.
func (c *cutter) repeated() bool {
	if c.l.head.first == 0 || len(c.row.Cells) == 0 {
		return false
	}
	same := 0
	for i := range c.l.head.columns {
		h := &c.l.head.columns[i]
		text := ""
		if i < len(c.row.Cells) {
			text = c.row.Cells[i].Text
		}
		switch {
		case text == "" && h.low == "":
		case text != h.low && oneLine(text) != h.low:
			return false
		default:
			same++
		}
	}
	return same > 1
}

func rowBytes(r *sheet.Row) int {
	n := 0
	for i := range r.Cells {
		n += len(r.Cells[i].Text)
	}
	return n
}

// keep copies the row at hand into a group.
func (c *cutter) keep(g *group, size int) {
	cells := c.data()
	raw := rawRow{
		number: c.row.Number, line: c.row.Line, err: c.row.Err, hidden: c.row.Hidden, from: len(g.cells),
	}
	c.width = max(c.width, min(len(c.row.Cells), len(c.l.head.columns)+maxSurplus))
	if at := c.l.head.result; at >= 0 {
		for len(cells) > 0 && cells[len(cells)-1].Text == "" {
			cells = cells[:len(cells)-1]
		}
		raw.short = c.refusedShort(at, cells)
		if c.l.text && !raw.short { // the result filled the row up
			for len(cells) < c.l.rowColumns {
				cells = append(cells, sheet.Cell{}) //nolint:gocritic // behind the row's own cells
			}
		}
	}
	if g.cells == nil {
		g.cells = make([]sheet.Cell, 0, c.size*(len(cells)+1))
	}
	g.cells = append(g.cells, cells...)
	for c.merges.busy() && len(g.cells)-raw.from < len(c.l.head.columns) {
		g.cells = append(g.cells, sheet.Cell{})
	}
	raw.to = len(g.cells)
	c.merges.fill(c.row.Number, g.cells[raw.from:raw.to])
	for i := raw.from; i < raw.to; i++ {
		if cell := &g.cells[i]; cell.Format != 0 && cell.Kind == sheet.KindNumber {
			cell.Text = c.pad(cell.Text, cell.Format)
		}
	}
	g.rows, g.bytes = append(g.rows, raw), g.bytes+size
}

// maxSurplus is how many columns beyond the heading are kept in the result of a ragged row.
const maxSurplus = 256

// refusedShort reports a row that an earlier run refused as too short and that is still so: its code stands there, and
// the cells that were missing are empty.
func (c *cutter) refusedShort(at int, cells []sheet.Cell) bool {
	return len(c.row.Cells) > at+1 && len(cells) < c.l.rowColumns &&
		strings.Contains(c.row.Cells[at+1].Text, string(CodeRowShort))
}

// pad shows the zeros that a number format as 000000 shows and the cell does not hold.
func (c *cutter) pad(text string, format uint16) string {
	digits, known := c.zeros[format]
	if !known {
		if code := c.book.FormatCode(format); strings.Trim(code, "0") == "" {
			digits = len(code)
		}
		if c.zeros == nil {
			c.zeros = make(map[uint16]int)
		}
		c.zeros[format] = digits
	}
	if len(text) >= digits || digits > 64 || strings.Trim(text, "0123456789") != "" {
		return text
	}
	return strings.Repeat("0", digits-len(text)) + text
}

// merged fills the cells below the first one of a vertical merge, as people read them.
type merged struct {
	list   []sheet.Range // by first row
	active []mergedColumn
}

type mergedColumn struct {
	column, last int
	cell         sheet.Cell
	set          bool
}

// newMerged reads the vertical merges of a sheet below its heading.
func newMerged(o *opened, l *layout) (*merged, error) {
	if o.book.Info.Format == sheet.FormatCSV {
		return nil, nil //nolint:nilnil // a text file has no merges
	}
	list, err := o.book.Merges(o.index)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(r sheet.Range) bool {
		return r.LastRow == r.FirstRow || r.FirstRow < l.head.last
	})
	slices.SortFunc(list, func(a, b sheet.Range) int { return a.FirstRow - b.FirstRow })
	return &merged{list: list}, nil
}

func (m *merged) busy() bool { return m != nil && len(m.list)+len(m.active) > 0 }

func (m *merged) fill(number int, cells []sheet.Cell) {
	if m == nil {
		return
	}
	row := number - 1
	m.active = slices.DeleteFunc(m.active, func(a mergedColumn) bool { return a.last < row })
	for len(m.list) > 0 && m.list[0].FirstRow <= row {
		if r := m.list[0]; r.LastRow >= row {
			m.active = append(m.active, mergedColumn{column: r.FirstColumn, last: r.LastRow})
		}
		m.list = m.list[1:]
	}
	for i := range m.active {
		a := &m.active[i]
		switch {
		case a.column >= len(cells):
		case !a.set:
			a.cell, a.set = cells[a.column], true
		case cells[a.column].Text == "":
			cells[a.column] = a.cell
		}
	}
}

// total estimates the rows of the file from the bytes that those took which were read so far; exact at its end. Rows
// are read ahead of the work, so that those worked would make it too small.
func (o *opened) total(done int, from, size int64) int {
	read, rows := o.input.read.Load()-from, max(done, int(o.cut.Load()))
	if read <= 0 || rows == 0 {
		return 0
	}
	whole := max(size-from, read)
	if o.book.Info.Format == sheet.FormatCSV {
		whole = max(size, read)
	}
	return max(rows, int(float64(rows)*float64(whole)/float64(read)))
}

func wrapSheet(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("convert: reading the sheet: %w", err)
}
