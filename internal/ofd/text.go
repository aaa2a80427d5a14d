package ofd

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// PageBox is the size of a page: its own, that of its template, or that of the document.
func (p *Package) PageBox(c *Content, page Page) (Box, error) {
	look, err := p.readPageLook(page.File, false)
	if err != nil {
		return Box{}, err
	}
	if look.area.W > 0 {
		return look.area, nil
	}
	if c.Area.W > 0 {
		return c.Area, nil
	}
	for _, t := range c.Templates {
		if slices.Contains(look.templates, t.ID) {
			look, err := p.readPageLook(t.File, false)
			if err != nil || look.area.W > 0 {
				return look.area, err
			}
		}
	}
	return Box{}, refuse(ReasonStructure, "%s: no size", page.File)
}

// FindText finds a text on a page and on its templates, in reading order of the file. Spaces do not count, because
// pages are often set with spaces between characters; text that is drawn as paths or pictures is not found. Each box
// spans the characters from their upper left to their lower right, without what clips and nested units would change.
func (p *Package) FindText(c *Content, page Page, text string) ([]Box, error) {
	want := []rune(strings.Join(strings.Fields(text), ""))
	if len(want) == 0 {
		return nil, refuse(ReasonInput, "no text to look for")
	}
	look, err := p.readPageLook(page.File, true)
	if err != nil {
		return nil, err
	}
	found := match(look.glyphs, want)
	for _, t := range c.Templates {
		if !slices.Contains(look.templates, t.ID) {
			continue
		}
		template, err := p.readPageLook(t.File, true)
		if err != nil {
			return nil, err
		}
		found = append(found, match(template.glyphs, want)...)
	}
	return found, nil
}

// pageLook is what is read of a page.
type pageLook struct {
	area      Box
	templates []string
	glyphs    []glyph
}

// glyph is a character in its place; a zero rune stands where text does not go on.
type glyph struct {
	char rune
	box  Box
}

const maxGlyphs = 1 << 20

// readPageLook reads a page; without text it stops where the size is known.
func (p *Package) readPageLook(file string, text bool) (*pageLook, error) {
	b, err := p.readXML(file)
	if err != nil {
		return nil, err
	}
	x, err := newScanner(file, b)
	if err != nil {
		return nil, err
	}
	if err := x.root("Page"); err != nil {
		return nil, err
	}
	look := &pageLook{}
	for {
		kind, err := x.next()
		if err != nil || kind == tokenEOF {
			return look, err
		}
		if kind != tokenStart {
			continue
		}
		if err := look.read(x, text); err != nil {
			return nil, err
		}
		if !text && look.area.W > 0 {
			return look, nil
		}
	}
}

func (l *pageLook) read(x *scanner, text bool) error {
	switch string(x.name) {
	case "Area":
		if len(x.stack) != 2 {
			return nil // of a clip
		}
		area, err := readArea(x)
		l.area = area
		return err
	case "Template":
		id, _, err := x.attr("TemplateID")
		l.templates = append(l.templates, id)
		return err
	case "TextObject":
		if !text {
			return x.skip()
		}
		return l.readTextObject(x)
	}
	return nil
}

// textObject is a TextObject (GB/T 33190-2016, 11.3).
type textObject struct {
	boundary Box
	ctm      [6]float64
	size     float64
}

func (l *pageLook) readTextObject(x *scanner) error {
	var boundary, ctm, size string
	if err := x.read(map[string]*string{"Boundary": &boundary, "CTM": &ctm, "Size": &size}); err != nil {
		return err
	}
	o := textObject{ctm: [6]float64{1, 0, 0, 1, 0, 0}}
	v, ok := parseNumbers(boundary)
	if !ok || len(v) != 4 {
		return refuse(ReasonStructure, "%s: TextObject with box %q", x.file, boundary)
	}
	o.boundary = Box{v[0], v[1], v[2], v[3]}
	if ctm != "" {
		m, ok := parseNumbers(ctm)
		if !ok || len(m) != 6 {
			return refuse(ReasonStructure, "%s: TextObject with CTM %q", x.file, ctm)
		}
		copy(o.ctm[:], m)
	}
	if s, ok := parseNumbers(size); ok && len(s) == 1 {
		o.size = s[0]
	}
	return x.children(func(name string) error {
		if name != "TextCode" {
			return x.skip()
		}
		return l.readTextCode(x, &o)
	})
}

// readTextCode places the characters of a TextCode: X and Y of the first, DeltaX and DeltaY from each to the next.
func (l *pageLook) readTextCode(x *scanner, o *textObject) error {
	var xs, ys, dxs, dys string
	if err := x.read(map[string]*string{"X": &xs, "Y": &ys, "DeltaX": &dxs, "DeltaY": &dys}); err != nil {
		return err
	}
	px, err1 := strconv.ParseFloat(orZero(xs), 64)
	py, err2 := strconv.ParseFloat(orZero(ys), 64)
	text, err := x.wholeTextOf() // spaces have their distances too
	if err != nil {
		return err
	}
	if err1 != nil || err2 != nil || len(l.glyphs)+len(text) > maxGlyphs {
		return refuse(ReasonStructure, "%s: TextCode without a place, or too much text", x.file)
	}
	chars := []rune(text)
	dx, dy := deltas(dxs, len(chars)), deltas(dys, len(chars))
	if dx == nil && dy == nil {
		dx = guessed(chars, o.size)
	}
	for i, c := range chars {
		box := o.place(px, py)
		if i == 0 && !l.goesOn(box) {
			l.glyphs = append(l.glyphs, glyph{})
		}
		if !unicode.IsSpace(c) {
			l.glyphs = append(l.glyphs, glyph{char: c, box: box})
		}
		if i < len(dx) {
			px += dx[i]
		}
		if i < len(dy) {
			py += dy[i]
		}
	}
	return nil
}

func orZero(s string) string {
	if s == "" {
		return "0"
	}
	return s
}

// goesOn reports whether a character stands on the line of the last one, and near it.
func (l *pageLook) goesOn(b Box) bool {
	if len(l.glyphs) == 0 {
		return false
	}
	last := l.glyphs[len(l.glyphs)-1].box
	gap := b.X - last.X
	return math.Abs(b.Y-last.Y) < last.H/3 && gap > 0 && gap < 3*last.W
}

// place gives the box of a character with its origin at a point of the object.
func (o *textObject) place(x, y float64) Box {
	const ascent, descent = 0.85, 0.15 // of the size, in most fonts
	minX, minY, maxX, maxY := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, c := range [4][2]float64{
		{x, y - ascent*o.size}, {x + o.size, y - ascent*o.size}, {x, y + descent*o.size}, {x + o.size, y + descent*o.size},
	} {
		px := c[0]*o.ctm[0] + c[1]*o.ctm[2] + o.ctm[4] + o.boundary.X
		py := c[0]*o.ctm[1] + c[1]*o.ctm[3] + o.ctm[5] + o.boundary.Y
		minX, minY, maxX, maxY = min(minX, px), min(minY, py), max(maxX, px), max(maxY, py)
	}
	return Box{minX, minY, maxX - minX, maxY - minY}
}

// deltas reads n distances; "g 3 2.5" is 2.5 three times. Where there are too few the last goes on.
func deltas(s string, n int) (out []float64) {
	fields := strings.Fields(s)
	for i := 0; i < len(fields) && len(out) < n; i++ {
		count := 1
		if fields[i] == "g" && i+2 < len(fields) {
			count, _ = strconv.Atoi(fields[i+1])
			i += 2
		}
		v, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			break
		}
		for ; count > 0 && len(out) < n; count-- {
			out = append(out, v)
		}
	}
	for len(out) > 0 && len(out) < n {
		out = append(out, out[len(out)-1])
	}
	return out
}

// guessed are the distances of characters that come without: full width, half for Latin ones.
func guessed(chars []rune, size float64) []float64 {
	out := make([]float64, len(chars))
	for i, c := range chars {
		if out[i] = size; c < 0x80 {
			out[i] = size / 2
		}
	}
	return out
}

// match finds a text in a row of characters.
func match(glyphs []glyph, want []rune) (found []Box) {
	for i := 0; i+len(want) <= len(glyphs); i++ {
		n := 0
		for n < len(want) && glyphs[i+n].char == want[n] {
			n++
		}
		if n == len(want) {
			found = append(found, union(glyphs[i:i+n]))
			i += n - 1
		}
	}
	return found
}

func union(glyphs []glyph) Box {
	u := glyphs[0].box
	for _, g := range glyphs[1:] {
		x, y := min(u.X, g.box.X), min(u.Y, g.box.Y)
		u.W, u.H = max(u.X+u.W, g.box.X+g.box.W)-x, max(u.Y+u.H, g.box.Y+g.box.H)-y
		u.X, u.Y = x, y
	}
	return u
}
