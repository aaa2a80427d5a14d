package document

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/elicense/elicense/internal/page"
)

// entry is a cell of a table as it is drawn.
type entry struct {
	label  string
	text   string
	fields []string
	fixed  bool // words of the template alone
	lines  [][]page.Letter
	from   int // where its value begins, from the left edge of the cell
	size   int // of its value's characters
}

// grid is a table on its way: what of it depends on the size of its characters.
type grid struct {
	t       *Table
	rows    [][]entry
	size    int    // of labels and of values but long ones
	long    []bool // rows with a value of more lines than people read at a glance
	heights []int
	extra   int // of each height, below the values
}

// table draws labels and values. The characters of long values shrink until the rows fit, then those of all; if that is
// not enough the longest value goes to an annex, and so on.
func (c *composer) table(s *page.Sheet, t *Table) {
	g := &grid{t: t, rows: c.entries(t)}
	if len(g.rows) == 0 {
		return
	}
	for !c.settle(g) {
		if !c.moveLongest(g) {
			break
		}
	}
	g.spread()
	c.drawTable(s, g)
}

// entries are the rows with their labels and values.
func (c *composer) entries(t *Table) [][]entry {
	var rows [][]entry
	for _, row := range t.Rows {
		out := make([]entry, len(row))
		filled := false
		for i, cell := range row {
			out[i] = c.entry(cell)
			filled = filled || out[i].text != ""
		}
		if filled || !t.Drop {
			rows = append(rows, out)
		}
	}
	if !t.Rest {
		return rows
	}
	var rest []entry
	for _, name := range c.face.unused(c.template.Template) {
		if e := c.entry(Cell{Text: "{" + name + "}"}); e.text != "" || !t.Drop {
			rest = append(rest, e)
		}
	}
	return append(rows, pair(rest, t)...)
}

func (c *composer) entry(cell Cell) entry {
	text, used, empty := c.face.expand(cell.Text)
	if empty {
		text = ""
	}
	e := entry{label: cell.Label, text: text, fields: used, fixed: !strings.Contains(cell.Text, "{")}
	if e.label != "" {
		return e
	}
	pieces, _ := split(cell.Text)
	for _, p := range pieces {
		if p.element != "" && e.label == "" {
			e.label = c.face.label(p.element)
		}
	}
	return e
}

// pair sets two short values side by side where the table is wide enough.
func pair(list []entry, t *Table) [][]entry {
	half := (t.Box.W/2 - t.Label) / t.Size
	var rows [][]entry
	for i := 0; i < len(list); i++ {
		if i+1 < len(list) && half >= 8 && short(list[i], half) && short(list[i+1], half) {
			rows = append(rows, []entry{list[i], list[i+1]})
			i++
			continue
		}
		rows = append(rows, []entry{list[i]})
	}
	return rows
}

func short(e entry, most int) bool {
	return utf8.RuneCountInString(e.text) <= most && utf8.RuneCountInString(e.label) <= most
}

// settle finds the largest sizes at which the rows fit their box: a scope of business of hundreds of characters makes
// itself small before it makes the name of the firm small.
func (c *composer) settle(g *grid) (ok bool) {
	c.findLong(g)
	if slices.Contains(g.long, true) {
		_, ok = page.Largest(g.t.Size, g.t.Least, func(size int) bool { return c.fits(g, g.t.Size, size) })
		if ok {
			return true
		}
	}
	least := g.t.Least
	if least == 0 {
		least = g.t.Size * 2 / 3
	}
	_, ok = page.Largest(g.t.Size, g.t.Least, func(size int) bool { return c.fits(g, size, least) })
	return ok
}

// glance is how many lines a value has before it is long.
const glance = 4

func (c *composer) findLong(g *grid) {
	g.size, g.long = g.t.Size, make([]bool, len(g.rows))
	for r, row := range g.rows {
		c.rowHeight(g, row, g.size)
		g.long[r] = slices.ContainsFunc(row, func(e entry) bool { return len(e.lines) > glance })
	}
}

// fits sets the table in one size, its long rows in another.
func (c *composer) fits(g *grid, size, long int) bool {
	g.size, g.heights = size, g.heights[:0]
	total := 0
	for r, row := range g.rows {
		own := size
		if g.long[r] {
			own = long
		}
		h := c.rowHeight(g, row, own)
		g.heights = append(g.heights, h)
		total += h
	}
	return total <= g.t.Box.H
}

func (c *composer) rowHeight(g *grid, row []entry, size int) int {
	most := 1
	for i := range row {
		row[i].from, row[i].size = c.labelWidth(g, row, i), size
		b := g.valueBox(row, i)
		row[i].lines = page.Wrap(c.Letters(row[i].text, page.Style{Size: size}), b.W)
		most = max(most, len(row[i].lines))
	}
	return max(page.HeightOf(most, size)+g.sink(size), page.HeightOf(1, g.size)) + g.padding()
}

// sink is how much lower smaller characters begin, to stand on the base line of their label.
func (g *grid) sink(size int) int {
	if g.t.Style == TableGrid {
		return 0
	}
	return max(0, g.size-size) * 49 / 50
}

// padding is the space above and below the values of a row, together.
func (g *grid) padding() int {
	if g.t.Style == TableGrid {
		return g.size
	}
	return g.size / 2
}

// labelWidth is the room of a label. Labels in the middle of a row need not stand below each other.
func (c *composer) labelWidth(g *grid, row []entry, i int) int {
	if i == 0 || g.t.Style == TableGrid {
		return g.t.Label
	}
	return min(g.t.Label, page.WidthOf(c.Letters(row[i].label, page.Style{Size: g.size}))+g.size*3/2)
}

// valueBox is where the value of a row's i-th cell goes, from left to right.
func (g *grid) valueBox(row []entry, i int) Box {
	w := g.t.Box.W / len(row)
	b := Box{X: g.t.Box.X + i*w + row[i].from, W: w - row[i].from}
	switch {
	case g.t.Style == TableGrid:
		b.X, b.W = b.X+g.size/2, b.W-g.size
	case i+1 < len(row):
		b.W -= g.size
	}
	return b
}

// moveLongest puts the longest value on an annex; false if none is left that is longer than what points there.
func (c *composer) moveLongest(g *grid) bool {
	var longest *entry
	most := utf8.RuneCountInString(seeAnnex)
	for _, row := range g.rows {
		for i := range row {
			if n := utf8.RuneCountInString(row[i].text); n > most && !row[i].fixed {
				longest, most = &row[i], n
			}
		}
	}
	if longest == nil {
		return false
	}
	c.annex = append(c.annex, annexed{longest.label, longest.text, longest.fields})
	longest.text = seeAnnex
	return true
}

// spread gives the rows what is left of the box, within reason.
func (g *grid) spread() {
	total := 0
	for _, h := range g.heights {
		total += h
	}
	g.extra = min(max(0, g.t.Box.H-total)/len(g.heights), g.size*6/5)
}

func (c *composer) drawTable(s *page.Sheet, g *grid) {
	ruling := &page.Shape{Stroke: mm / 5, Color: g.t.Ink}
	y := g.t.Box.Y
	for r, row := range g.rows {
		h := g.heights[r] + g.extra
		for i := range row {
			c.drawCell(s, g, &row[i], g.cellBoxes(row, i, y, h))
			ruling.Path = append(ruling.Path, g.rule(row, i, y, h)...)
		}
		y += h
	}
	if g.t.Style == TableGrid {
		b := g.t.Box
		ruling.Path = append(ruling.Path, segment(b.X, b.Y, b.X+b.W, b.Y)...)
		ruling.Path = append(ruling.Path, segment(b.X, b.Y, b.X, y)...)
	}
	if len(ruling.Path) > 0 {
		s.Add(false, page.Mark{Shape: ruling})
	}
}

// cellBoxes are the boxes of a label and its value.
func (g *grid) cellBoxes(row []entry, i, y, h int) [2]Box {
	value := g.valueBox(row, i)
	value.Y, value.H = y+g.padding()/2, h-g.padding()
	label := Box{X: g.t.Box.X + i*(g.t.Box.W/len(row)), Y: value.Y, W: row[i].from - g.size, H: value.H}
	value.Y += g.sink(row[i].size)
	if g.t.Style == TableGrid {
		label.X += g.size / 2
	}
	return [2]Box{label, value}
}

func (c *composer) drawCell(s *page.Sheet, g *grid, e *entry, boxes [2]Box) {
	boxed := g.t.Style == TableGrid
	if label := boxes[0]; label.W > 0 && e.label != "" {
		st := page.Style{Size: g.size, Color: g.t.Ink, Align: AlignLeft, Middle: boxed}
		oneLine := Box{W: label.W, H: page.HeightOf(1, g.size)}
		lines, size, ok := c.Fit(e.label, oneLine, st, g.size*2/3)
		if !ok {
			lines, size, _ = c.Fit(e.label, label, st, g.size/2)
		}
		st.Size = size
		switch {
		case g.t.Spread && len(lines) == 1:
			st.Align = AlignSpread
		case boxed:
			st.Align = AlignCenter
		}
		if !boxed && size < g.size && len(lines) == 1 { // on the base line of its value
			label.Y += (g.size - size) * 49 / 50
		}
		s.AddLines(page.Set(lines, label, st), nil, false)
	}
	st := page.Style{Size: e.size, Align: AlignLeft, Middle: boxed}
	s.AddLines(page.Set(e.lines, boxes[1], st), e.fields, false)
}

// rule is the ruling of a cell: what is on its right and below.
func (g *grid) rule(row []entry, i, y, h int) []page.Step {
	w := g.t.Box.W / len(row)
	x := g.t.Box.X + i*w
	switch g.t.Style {
	case TableLines:
		b := g.valueBox(row, i)
		at := y + h - g.extra - g.padding()/8
		return segment(b.X, at, b.X+b.W, at)
	case TableGrid:
		right := x + w
		if i+1 == len(row) {
			right = g.t.Box.X + g.t.Box.W
		}
		out := segment(x, y+h, right, y+h)
		out = append(out, segment(right, y, right, y+h)...)
		if g.t.Label > 0 {
			out = append(out, segment(x+g.t.Label, y, x+g.t.Label, y+h)...)
		}
		return out
	case TablePlain:
	}
	return nil
}

func segment(x, y, toX, toY int) []page.Step {
	return page.Segment(page.Point{X: x, Y: y}, page.Point{X: toX, Y: toY})
}
