package page

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/tdewolff/font"
)

// MaxFontBytes is the largest font file that is read.
const MaxFontBytes = 64 << 20

// Fonts are what characters are drawn and embedded with; any may be nil.
type Fonts struct {
	Title    *Font
	Body     *Font // nil: Title, and the other way round
	Fallback *Font // for characters that the others lack
}

// Font is a TrueType font, ready for measuring, drawing and embedding; safe for use by many goroutines.
type Font struct {
	tables *font.SFNT
	family string
	units  int  // per em
	embeds bool // its licence allows embedding a part

	mu     sync.RWMutex
	glyphs map[rune]glyph     // guarded by mu
	thin   map[string]thinned // guarded by mu; by the glyph as the font has it
}

// glyph is a character's form, in units of the font; index 0 is none.
type glyph struct {
	index   uint16
	advance int
	outline []Step // the em is emUnits
}

// ParseFont reads a font with TrueType outlines from a .ttf, or the one at index of a .ttc.
func ParseFont(data []byte, index int) (f *Font, err error) {
	defer func() {
		if p := recover(); p != nil { // of the library, by a damaged file
			f, err = nil, fmt.Errorf("%w: damaged", ErrFont)
		}
	}()
	if len(data) > MaxFontBytes {
		return nil, fmt.Errorf("%w: larger than %d bytes", ErrFont, MaxFontBytes)
	}
	t, err := font.ParseSFNT(data, index)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrFont, err)
	}
	f = &Font{tables: t, units: int(t.UnitsPerEm()), glyphs: make(map[rune]glyph),
		thin: make(map[string]thinned)}
	if !t.IsTrueType || f.units < 16 {
		return nil, fmt.Errorf("%w: no TrueType outlines", ErrFont)
	}
	t.GlyphToUnicode(0) // makes the inverse map once, before others read it
	f.embeds = mayEmbed(t.Tables["OS/2"])
	f.family = "unnamed"
	for _, n := range t.Name.Get(font.NameFontFamily) {
		if s := Visible(n.String()); s != "" {
			f.family = s
			break
		}
	}
	return f, nil
}

// Family is the font's name.
func (f *Font) Family() string { return f.family }

// mayEmbed reads fsType: bit 1 alone forbids embedding, bit 8 forbids taking a part.
func mayEmbed(os2 []byte) bool {
	if len(os2) < 10 {
		return true
	}
	rights := binary.BigEndian.Uint16(os2[8:])
	return rights&0x000e != 0x0002 && rights&0x0100 == 0
}

// glyph finds the form of a character; ok is false if the font has none.
func (f *Font) glyph(c rune) (g glyph, ok bool) {
	f.mu.RLock()
	g, ok = f.glyphs[c]
	f.mu.RUnlock()
	if ok {
		return g, g.index != 0
	}
	g = f.read(c)
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.glyphs) < 1<<16 {
		f.glyphs[c] = g
	}
	return g, g.index != 0
}

// read takes a glyph out of the font's tables; the zero glyph if it is not there or damaged.
func (f *Font) read(c rune) (g glyph) {
	defer func() {
		if p := recover(); p != nil { // of the library, by a damaged font
			g = glyph{}
		}
	}()
	index := f.tables.GlyphIndex(c)
	var o outline
	if index == 0 || f.tables.GlyphPath(&o, index, 0, 0, 0, emUnits/float64(f.units), font.NoHinting) != nil {
		return glyph{}
	}
	return glyph{index, int(f.tables.GlyphAdvance(index)), o.path}
}

// advance is the width of a character of a size.
func (f *Font) advance(g glyph, size int) int { return (g.advance*size + f.units/2) / f.units }

// emUnits is the em of outlines as they are kept.
const emUnits = 1 << 16

// outline gathers a glyph's path; the font's y goes up, a page's down.
type outline struct {
	path []Step
	last Point
}

func at(x, y float64) Point { return Point{int(math.Round(x)), -int(math.Round(y))} }

// MoveTo begins a contour.
func (o *outline) MoveTo(x, y float64) {
	o.last = at(x, y)
	o.path = append(o.path, Step{'M', [3]Point{o.last}})
}

// LineTo draws a line.
func (o *outline) LineTo(x, y float64) {
	o.last = at(x, y)
	o.path = append(o.path, Step{'L', [3]Point{o.last}})
}

// QuadTo draws a quadratic curve as the cubic one that it is.
func (o *outline) QuadTo(cx, cy, x, y float64) {
	c, end := at(cx, cy), at(x, y)
	o.path = append(o.path, Step{'B', [3]Point{third(o.last, c), third(end, c), end}})
	o.last = end
}

// CubeTo draws a cubic curve.
func (o *outline) CubeTo(ax, ay, bx, by, x, y float64) { //nolint:revive // the font library counts the arguments
	o.last = at(x, y)
	o.path = append(o.path, Step{'B', [3]Point{at(ax, ay), at(bx, by), o.last}})
}

// Close ends a contour.
func (o *outline) Close() { o.path = append(o.path, Step{Op: 'Z'}) }

// place gives a glyph's outline in a size at a point.
func (g glyph) place(size int, base Point) []Step {
	out := make([]Step, len(g.outline))
	for i := range g.outline {
		out[i].Op = g.outline[i].Op
		for j, p := range g.outline[i].points() {
			out[i].At[j] = Point{base.X + roundDiv(p.X*size, emUnits), base.Y + roundDiv(p.Y*size, emUnits)}
		}
	}
	return out
}

// third is two thirds of the way from an end to the control point of a quadratic curve.
func third(end, control Point) Point {
	return Point{roundDiv(end.X+2*control.X, 3), roundDiv(end.Y+2*control.Y, 3)}
}

// Embed is the part of the font that the characters need, as a font file; nil if it may not be embedded. The same
// characters give the same bytes.
func (f *Font) Embed(chars map[rune]bool) (data []byte, err error) {
	if !f.embeds {
		return nil, nil
	}
	defer func() {
		if p := recover(); p != nil { // of the library, by a damaged font
			data, err = nil, fmt.Errorf("%w: damaged", ErrFont)
		}
	}()
	glyphs := make([]uint16, 0, len(chars)+1)
	for c := range chars {
		if g, ok := f.glyph(c); ok {
			glyphs = append(glyphs, g.index)
		}
	}
	slices.Sort(glyphs)
	glyphs = slices.Compact(append([]uint16{0}, glyphs...))
	part, err := f.tables.Subset(glyphs, font.SubsetOptions{Tables: font.KeepMinTables})
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrFont, err)
	}
	f.coarsen(part.Tables)
	return f.assemble(part.Tables), nil
}
