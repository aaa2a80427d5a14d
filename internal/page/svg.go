package page

import (
	"encoding/base64"
	"fmt"
	"strconv"
)

// SVG is a page, from 0. Characters are outlines where a font was given, and text for the reader's own fonts where
// none was.
func (k *Book) SVG(number int) ([]byte, error) {
	if number < 0 || number >= len(k.Sheets) {
		return nil, fmt.Errorf("%w: page %d", ErrPage, number)
	}
	s := k.Sheets[number]
	w := &svgWriter{book: k}
	w.b = append(w.b, `<svg xmlns="http://www.w3.org/2000/svg" width="`...)
	w.b = append(AppendMM(w.b, s.Width), `mm" height="`...)
	w.b = append(AppendMM(w.b, s.Height), `mm" viewBox="0 0 `...)
	w.numbers(s.Width, s.Height)
	w.b = append(w.b, `"><rect width="100%" height="100%" fill="#ffffff"/>`...)
	for _, layer := range [][]Mark{s.Fixed, s.Own} {
		for i := range layer {
			w.mark(&layer[i])
		}
	}
	return append(w.b, "</svg>\n"...), nil
}

type svgWriter struct {
	book *Book
	b    []byte
}

func (w *svgWriter) numbers(list ...int) {
	for i, v := range list {
		if i > 0 {
			w.b = append(w.b, ' ')
		}
		w.b = strconv.AppendInt(w.b, int64(v), 10)
	}
}

func (w *svgWriter) attribute(name string, v int) {
	w.b = append(append(w.b, ' '), name...)
	w.b = append(strconv.AppendInt(append(w.b, `="`...), int64(v), 10), '"')
}

func (w *svgWriter) color(name string, c Color) {
	w.b = append(append(w.b, ' '), name...)
	w.b = fmt.Appendf(w.b, `="#%02x%02x%02x"`, c[0], c[1], c[2])
}

func (w *svgWriter) mark(m *Mark) {
	switch {
	case m.Shape != nil:
		w.shape(m.Shape)
	case m.Line != nil:
		w.line(m.Line)
	case m.Picture != nil:
		w.picture(m.Picture)
	}
}

func (w *svgWriter) shape(s *Shape) {
	w.b = append(w.b, `<path d="`...)
	w.path(s.Path)
	w.b = append(w.b, '"')
	if s.Fill {
		w.color("fill", s.Color)
	} else {
		w.b = append(w.b, ` fill="none"`...)
		w.color("stroke", s.Color)
		w.attribute("stroke-width", s.Stroke)
	}
	if s.Crisp {
		w.b = append(w.b, ` shape-rendering="crispEdges"`...)
	}
	w.b = append(w.b, "/>"...)
}

func (w *svgWriter) path(path []Step) {
	for i := range path {
		s := &path[i]
		op := s.Op
		if op == 'B' {
			op = 'C'
		}
		w.b = append(w.b, op)
		for j, p := range s.points() {
			if j > 0 {
				w.b = append(w.b, ' ')
			}
			w.numbers(p.X, p.Y)
		}
	}
}

func (w *svgWriter) line(l *Line) {
	for i := range l.Runs {
		r := &l.Runs[i]
		f := w.book.Fonts.of(r.font)
		if f == nil {
			w.text(l, r)
			continue
		}
		w.b = append(w.b, `<path d="`...)
		eachGlyph(f, r, func(x int, g glyph) { w.path(g.place(l.Size, Point{x, l.Base})) })
		w.b = append(w.b, '"')
		w.color("fill", l.Color)
		w.b = append(w.b, "/>"...)
	}
}

// eachGlyph visits the glyphs of a run with their places.
func eachGlyph(f *Font, r *Run, visit func(x int, g glyph)) {
	x := r.X
	for i, c := range r.Text {
		if g, ok := f.glyph(c); ok {
			visit(x, g)
		}
		x += r.Advances[i]
	}
}

// text leaves characters to the fonts of whoever shows the page, each at its place.
func (w *svgWriter) text(l *Line, r *Run) {
	w.b = append(w.b, `<text xml:space="preserve" font-family="`...)
	w.b = AppendEscaped(w.b, w.book.fontName(r.font)+", serif")
	w.b = append(w.b, '"')
	w.attribute("font-size", l.Size)
	w.color("fill", l.Color)
	w.attribute("y", l.Base)
	w.b = append(w.b, ` x="`...)
	x := r.X
	for i := range r.Text {
		if i > 0 {
			w.b = append(w.b, ' ')
		}
		w.numbers(x)
		x += r.Advances[i]
	}
	w.b = append(w.b, `">`...)
	w.b = AppendEscaped(w.b, string(r.Text))
	w.b = append(w.b, "</text>"...)
}

func (w *svgWriter) picture(p *Placed) {
	w.b = append(w.b, "<image"...)
	w.attribute("x", p.Box.X)
	w.attribute("y", p.Box.Y)
	w.attribute("width", p.Box.W)
	w.attribute("height", p.Box.H)
	w.b = append(w.b, ` href="data:image/`...)
	w.b = append(append(w.b, p.Picture.format...), ";base64,"...)
	w.b = base64.StdEncoding.AppendEncode(w.b, p.Picture.data)
	w.b = append(w.b, `"/>`...)
}
