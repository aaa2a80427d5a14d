package document

import (
	"encoding/base64"
	"fmt"
	"strconv"
)

// SVG is a page, from 0. Characters are outlines where a font was given, and text for the reader's own fonts where
// none was.
func (d *Drawing) SVG(page int) ([]byte, error) {
	if page < 0 || page >= len(d.pages) {
		return nil, fmt.Errorf("%w: no page %d", ErrLicence, page)
	}
	s := d.pages[page]
	w := &svgWriter{d: d}
	w.b = append(w.b, `<svg xmlns="http://www.w3.org/2000/svg" width="`...)
	w.b = append(appendMM(w.b, s.width), `mm" height="`...)
	w.b = append(appendMM(w.b, s.height), `mm" viewBox="0 0 `...)
	w.numbers(s.width, s.height)
	w.b = append(w.b, `"><rect width="100%" height="100%" fill="#ffffff"/>`...)
	for _, layer := range [][]mark{s.fixed, s.own} {
		for i := range layer {
			w.mark(&layer[i])
		}
	}
	return append(w.b, "</svg>\n"...), nil
}

type svgWriter struct {
	d *Drawing
	b []byte
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

func (w *svgWriter) mark(m *mark) {
	switch {
	case m.shape != nil:
		w.shape(m.shape)
	case m.line != nil:
		w.line(m.line)
	case m.picture != nil:
		w.picture(m.picture)
	}
}

func (w *svgWriter) shape(s *shape) {
	w.b = append(w.b, `<path d="`...)
	w.path(s.path)
	w.b = append(w.b, '"')
	if s.fill {
		w.color("fill", s.color)
	} else {
		w.b = append(w.b, ` fill="none"`...)
		w.color("stroke", s.color)
		w.attribute("stroke-width", s.stroke)
	}
	if s.crisp {
		w.b = append(w.b, ` shape-rendering="crispEdges"`...)
	}
	w.b = append(w.b, "/>"...)
}

func (w *svgWriter) path(path []step) {
	for i := range path {
		s := &path[i]
		op := s.op
		if op == 'B' {
			op = 'C'
		}
		w.b = append(w.b, op)
		for j, p := range s.points() {
			if j > 0 {
				w.b = append(w.b, ' ')
			}
			w.numbers(p.x, p.y)
		}
	}
}

func (w *svgWriter) line(l *line) {
	for i := range l.runs {
		r := &l.runs[i]
		f := w.d.font(r.font)
		if f == nil {
			w.text(l, r)
			continue
		}
		w.b = append(w.b, `<path d="`...)
		eachGlyph(f, r, func(x int, g glyph) { w.path(g.place(l.size, point{x, l.base})) })
		w.b = append(w.b, '"')
		w.color("fill", l.color)
		w.b = append(w.b, "/>"...)
	}
}

// eachGlyph visits the glyphs of a run with their places.
func eachGlyph(f *Font, r *run, visit func(x int, g glyph)) {
	x := r.x
	for i, c := range r.text {
		if g, ok := f.glyph(c); ok {
			visit(x, g)
		}
		x += r.advances[i]
	}
}

// text leaves characters to the fonts of whoever shows the page, each at its place.
func (w *svgWriter) text(l *line, r *run) {
	w.b = append(w.b, `<text xml:space="preserve" font-family="`...)
	w.b = appendEscaped(w.b, w.d.fontName(r.font)+", serif")
	w.b = append(w.b, '"')
	w.attribute("font-size", l.size)
	w.color("fill", l.color)
	w.attribute("y", l.base)
	w.b = append(w.b, ` x="`...)
	x := r.x
	for i := range r.text {
		if i > 0 {
			w.b = append(w.b, ' ')
		}
		w.numbers(x)
		x += r.advances[i]
	}
	w.b = append(w.b, `">`...)
	w.b = appendEscaped(w.b, string(r.text))
	w.b = append(w.b, "</text>"...)
}

func (w *svgWriter) picture(p *placed) {
	w.b = append(w.b, "<image"...)
	w.attribute("x", p.box.X)
	w.attribute("y", p.box.Y)
	w.attribute("width", p.box.W)
	w.attribute("height", p.box.H)
	w.b = append(w.b, ` href="data:image/`...)
	w.b = append(append(w.b, p.image.format...), ";base64,"...)
	w.b = base64.StdEncoding.AppendEncode(w.b, p.image.data)
	w.b = append(w.b, `"/>`...)
}

// font gives one of the fonts that were passed in; nil for those known by name only.
func (d *Drawing) font(id int) *Font { return (&composer{drawer: d.drawer}).fontOf(id) }

// fontName is what a font is called.
func (d *Drawing) fontName(id int) string {
	if f := d.font(id); f != nil {
		return f.family
	}
	if id == fontTitleName {
		return d.template.Title
	}
	return d.template.Body
}
