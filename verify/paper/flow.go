package paper

import (
	"strings"

	"github.com/elicense/elicense/internal/page"
)

const mm = page.MM

// A4 with its margins.
const (
	pageWidth  = 210 * mm
	pageHeight = 297 * mm
	edge       = 18 * mm
	top        = 16 * mm
	bottom     = pageHeight - 20*mm
	width      = pageWidth - 2*edge
)

// flow fills pages from top to bottom.
type flow struct {
	set    *page.Setter
	sheets []*page.Sheet
	y      int
	// again draws what stands at the head of a table once more, on each page that the table reaches; nil: nothing.
	again func()
}

func newFlow(f page.Fonts) *flow { return &flow{set: page.NewSetter(f)} }

// cell is text in a column; x counts from the left margin.
type cell struct {
	x, w int
	text string
	st   page.Style
}

func (f *flow) sheet() *page.Sheet {
	if len(f.sheets) == 0 {
		f.next()
	}
	return f.sheets[len(f.sheets)-1]
}

func (f *flow) next() {
	f.sheets = append(f.sheets, &page.Sheet{Width: pageWidth, Height: pageHeight})
	f.y = top
	if f.again != nil {
		f.again()
	}
}

// room begins a new page if less than a height is left of this one.
func (f *flow) room(height int) {
	f.sheet()
	if f.y+height > bottom && f.y > top {
		f.next()
	}
}

// set lines of a row, ready to be drawn.
type setRow struct {
	cells  []cell
	lines  [][][]page.Letter
	step   int // from line to line
	height int
}

func (f *flow) measure(cells []cell) setRow {
	r := setRow{cells: cells}
	most := 0
	for _, c := range cells {
		lines := page.Wrap(f.set.Letters(oneLine(c.text), c.st), c.w)
		r.lines = append(r.lines, lines)
		r.step = max(r.step, page.Leading(c.st.Size))
		most = max(most, len(lines))
	}
	r.height = most * r.step
	return r
}

// oneLine keeps what a document says, or a name that somebody gave it, from looking like a line of the report.
func oneLine(s string) string { return strings.ReplaceAll(page.Visible(s), "\n", " ") }

// row draws cells side by side, each with as many lines as it needs. It stays together where a page can hold it.
func (f *flow) row(cells ...cell) {
	f.block(f.measure(cells))
}

// block draws rows that belong to each other, likewise.
func (f *flow) block(rows ...setRow) {
	height := 0
	for i := range rows {
		height += rows[i].height
	}
	if height <= (bottom-top)/2 {
		f.room(height)
	}
	for i := range rows {
		f.draw(&rows[i])
	}
}

// draw puts a row on the page, and what does not fit on the next ones. The lines of a cell follow each other, as those
// who copy text out of a page want it.
func (f *flow) draw(r *setRow) {
	for from, lines := 0, r.height/r.step; from < lines; {
		f.room(r.step)
		to := min(lines, from+max(1, (bottom-f.y)/r.step))
		for i := range r.cells {
			f.part(r, i, from, to)
		}
		f.y += (to - from) * r.step
		from = to
	}
}

// part draws some of the lines of a cell.
func (f *flow) part(r *setRow, i, from, to int) {
	c := &r.cells[i]
	for line := from; line < min(to, len(r.lines[i])); line++ {
		text := r.lines[i][line]
		if len(text) == 0 {
			continue
		}
		y := f.y + (line-from)*r.step + (r.step-page.Leading(c.st.Size))/2
		at := page.Box{X: edge + c.x, Y: y, W: c.w, H: c.st.Size * 6 / 5}
		f.sheet().AddLines([]page.Line{page.SetLine(text, at, c.st)}, nil, false)
	}
}

// rule draws a line across the page.
func (f *flow) rule(color page.Color, stroke int) {
	f.shape(page.Shape{
		Path:   page.Segment(page.Point{X: edge, Y: f.y}, page.Point{X: edge + width, Y: f.y}),
		Stroke: stroke, Color: color,
	})
}

// ground colors a stretch of the page; what is drawn later lies on top.
func (f *flow) ground(b page.Box, color page.Color) {
	f.shape(page.Shape{Path: page.Rectangle(b), Fill: true, Color: color})
}

func (f *flow) shape(s page.Shape) { f.sheet().Add(false, page.Mark{Shape: &s}) }
