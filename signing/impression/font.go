package impression

import (
	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// maxFontBytes limits a font file; one with all Chinese characters has about 20 MB.
const maxFontBytes = 64 << 20

// Font gives the outlines of characters. It is immutable and safe for concurrent use.
type Font struct {
	font *sfnt.Font
	em   float64 // units
}

// ParseFont reads a TrueType or OpenType font, or the first of a collection.
func ParseFont(data []byte) (*Font, error) {
	if len(data) > maxFontBytes {
		return nil, refuse(ReasonFont, "%d bytes", len(data))
	}
	one, ok := firstFont(data)
	if !ok {
		return nil, refuse(ReasonFont, "tables reach beyond the file")
	}
	f, err := sfnt.Parse(one)
	if err != nil {
		return nil, refuse(ReasonFont, "%v", err)
	}
	em := float64(f.UnitsPerEm())
	if em <= 0 {
		return nil, refuse(ReasonFont, "no units")
	}
	return &Font{font: f, em: em}, nil
}

// middleOfEm is how far the middle of a Chinese character stands above the baseline.
const middleOfEm = 0.38

// glyph is the outline of a character in a square of one, with the middle of the square as origin.
func (f *Font) glyph(c rune) (path, error) {
	var b sfnt.Buffer
	index, err := f.font.GlyphIndex(&b, c)
	if err != nil || index == 0 {
		return nil, refuse(ReasonGlyph, "the font has no %q", c)
	}
	ppem := fixed.I(int(f.em))
	segments, err := f.font.LoadGlyph(&b, index, ppem, nil)
	if err != nil {
		return nil, refuse(ReasonGlyph, "the font has no outline of %q: %v", c, err)
	}
	outline := outlineOf(segments)
	advance, err := f.font.GlyphAdvance(&b, index, ppem, font.HintingNone)
	if err != nil {
		return nil, refuse(ReasonFont, "width of %q: %v", c, err)
	}
	middle := translation(-float64(advance)/64/2, middleOfEm*f.em)
	return outline.transform(middle.then(scaling(1/f.em, 1/f.em))), nil
}

func outlineOf(segments sfnt.Segments) path {
	at := func(p fixed.Point26_6) point { return point{float64(p.X) / 64, float64(p.Y) / 64} }
	var p path
	for i := range segments {
		a := &segments[i].Args
		switch segments[i].Op {
		case sfnt.SegmentOpMoveTo:
			if len(p) > 0 {
				p.add('Z')
			}
			p.add('M', at(a[0]))
		case sfnt.SegmentOpLineTo:
			p.add('L', at(a[0]))
		case sfnt.SegmentOpQuadTo:
			p.add('Q', at(a[0]), at(a[1]))
		case sfnt.SegmentOpCubeTo:
			p.add('C', at(a[0]), at(a[1]), at(a[2]))
		}
	}
	if len(p) > 0 {
		p.add('Z')
	}
	return p
}

// text is a run of characters, each drawn by place in a box of its own.
func (f *Font) text(s string, place func(i int) affine) (path, error) {
	var out path
	for i, c := range []rune(s) {
		g, err := f.glyph(c)
		if err != nil {
			return nil, err
		}
		out = append(out, g.transform(place(i))...)
	}
	return out, nil
}
