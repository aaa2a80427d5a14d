package document

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"

	"golang.org/x/image/draw"
	"golang.org/x/image/vector"
)

// Resolutions of PNG pages, in dots per inch.
const (
	MinDPI = 36
	MaxDPI = 600
)

const micrometresPerInch = 25400

// PNG is a page, from 0. Without a font it is refused with ErrNoFont.
func (d *Drawing) PNG(page, dpi int) ([]byte, error) {
	f := d.drawer.cfg.Fonts
	switch {
	case page < 0 || page >= len(d.pages):
		return nil, fmt.Errorf("%w: no page %d", ErrLicence, page)
	case f.Title == nil && f.Body == nil:
		return nil, ErrNoFont
	case dpi < MinDPI || dpi > MaxDPI:
		return nil, fmt.Errorf("%w: %d dots per inch", ErrLicence, dpi)
	}
	s := d.pages[page]
	c := &canvas{d: d, scale: float64(dpi) / micrometresPerInch}
	w, h := int(math.Round(float64(s.width)*c.scale)), int(math.Round(float64(s.height)*c.scale))
	if w > maxPixels/h {
		return nil, fmt.Errorf("%w: too many pixels", ErrLicence)
	}
	c.image = image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(c.image, c.image.Bounds(), image.White, image.Point{}, draw.Src)
	for _, layer := range [][]mark{s.fixed, s.own} {
		for i := range layer {
			if err := c.mark(&layer[i]); err != nil {
				return nil, err
			}
		}
	}
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := encoder.Encode(&out, c.image); err != nil {
		return nil, fmt.Errorf("encoding a page: %w", err)
	}
	return out.Bytes(), nil
}

// canvas is a page as dots.
type canvas struct {
	d     *Drawing
	image *image.RGBA
	scale float64
	ink   vector.Rasterizer
}

func (c *canvas) mark(m *mark) error {
	switch {
	case m.shape != nil:
		c.shape(m.shape)
	case m.line != nil:
		c.line(m.line)
	case m.picture != nil:
		return c.picture(m.picture)
	}
	return nil
}

type dot struct{ x, y float32 }

func (c *canvas) dot(p point) dot {
	return dot{float32(float64(p.x) * c.scale), float32(float64(p.y) * c.scale)}
}

func (c *canvas) shape(s *shape) {
	if s.fill {
		c.fill(s.path, s.color, s.crisp)
		return
	}
	c.stroke(s)
}

// window is the part of the page that outlines touch.
func (c *canvas) window(path []step, reach float64) image.Rectangle {
	r := image.Rectangle{Min: image.Pt(math.MaxInt32, math.MaxInt32), Max: image.Pt(math.MinInt32, math.MinInt32)}
	for i := range path {
		for _, p := range path[i].points() {
			x, y := float64(p.x)*c.scale, float64(p.y)*c.scale
			r.Min.X = min(r.Min.X, int(math.Floor(x-reach))-1)
			r.Min.Y = min(r.Min.Y, int(math.Floor(y-reach))-1)
			r.Max.X = max(r.Max.X, int(math.Ceil(x+reach))+1)
			r.Max.Y = max(r.Max.Y, int(math.Ceil(y+reach))+1)
		}
	}
	return r.Intersect(c.image.Bounds())
}

// pour colors what the rasterizer holds for a window.
func (c *canvas) pour(w image.Rectangle, ink Color) {
	source := image.NewUniform(color.RGBA{ink[0], ink[1], ink[2], 255})
	c.ink.Draw(c.image, w, source, image.Point{})
}

func (c *canvas) fill(path []step, ink Color, crisp bool) {
	w := c.window(path, 0)
	if w.Empty() {
		return
	}
	c.ink.Reset(w.Dx(), w.Dy())
	at := func(p point) (x, y float32) {
		d := c.dot(p)
		if crisp {
			d.x, d.y = float32(math.Round(float64(d.x))), float32(math.Round(float64(d.y)))
		}
		return d.x - float32(w.Min.X), d.y - float32(w.Min.Y)
	}
	for i := range path {
		s := &path[i]
		switch s.op {
		case 'M':
			c.ink.MoveTo(at(s.at[0]))
		case 'L':
			c.ink.LineTo(at(s.at[0]))
		case 'B':
			ax, ay := at(s.at[0])
			bx, by := at(s.at[1])
			cx, cy := at(s.at[2])
			c.ink.CubeTo(ax, ay, bx, by, cx, cy)
		case 'Z':
			c.ink.ClosePath()
		}
	}
	c.pour(w, ink)
}

// stroke draws lines as rows of thin rectangles, all turned the same way so that they add up to one shape.
func (c *canvas) stroke(s *shape) {
	half := math.Max(float64(s.stroke)*c.scale, 0.8) / 2
	w := c.window(s.path, half)
	if w.Empty() {
		return
	}
	c.ink.Reset(w.Dx(), w.Dy())
	origin := dot{float32(w.Min.X), float32(w.Min.Y)}
	var start, last dot
	for i := range s.path {
		st := &s.path[i]
		switch st.op {
		case 'M':
			start = c.dot(st.at[0])
			last = start
		case 'L':
			to := c.dot(st.at[0])
			c.bar(last, to, origin, half)
			last = to
		case 'B':
			last = c.curve(last, [3]dot{c.dot(st.at[0]), c.dot(st.at[1]), c.dot(st.at[2])}, origin, half)
		case 'Z':
			c.bar(last, start, origin, half)
			last = start
		}
	}
	c.pour(w, s.color)
}

// curve draws a Bézier curve in short pieces.
func (c *canvas) curve(from dot, to [3]dot, origin dot, half float64) dot {
	const pieces = 12
	last := from
	for i := 1; i <= pieces; i++ {
		t := float32(i) / pieces
		u := 1 - t
		a, b, d, e := u*u*u, 3*u*u*t, 3*u*t*t, t*t*t
		next := dot{a*from.x + b*to[0].x + d*to[1].x + e*to[2].x, a*from.y + b*to[0].y + d*to[1].y + e*to[2].y}
		c.bar(last, next, origin, half)
		last = next
	}
	return last
}

// bar is a line as a rectangle, a little longer than it is so that corners close.
func (c *canvas) bar(a, b, origin dot, half float64) {
	dx, dy := float64(b.x-a.x), float64(b.y-a.y)
	length := math.Hypot(dx, dy)
	if length == 0 {
		return
	}
	ux, uy := float32(dx/length*half), float32(dy/length*half)
	ax, ay := a.x-origin.x-ux/2, a.y-origin.y-uy/2
	bx, by := b.x-origin.x+ux/2, b.y-origin.y+uy/2
	c.ink.MoveTo(ax-uy, ay+ux)
	c.ink.LineTo(bx-uy, by+ux)
	c.ink.LineTo(bx+uy, by-ux)
	c.ink.LineTo(ax+uy, ay-ux)
	c.ink.ClosePath()
}

func (c *canvas) line(l *line) {
	for i := range l.runs {
		r := &l.runs[i]
		f := c.d.font(r.font)
		if f == nil {
			c.blanks(l, r)
			continue
		}
		eachGlyph(f, r, func(x int, g glyph) { c.fill(g.place(l.size, point{x, l.base}), l.color, false) })
	}
}

// blanks draws a hollow box for each character that no font has: it is seen that something is missing.
func (c *canvas) blanks(l *line, r *run) {
	x := r.x
	for i := range r.text {
		b := Box{x, l.base - l.size*4/5, r.advances[i], l.size * 4 / 5}.inset(l.size / 12)
		if r.text[i] != ' ' && b.W > 0 {
			c.stroke(&shape{path: rectangle(b), stroke: l.size / 20, color: l.color})
		}
		x += r.advances[i]
	}
}

func (c *canvas) picture(p *placed) error {
	source, _, err := image.Decode(bytes.NewReader(p.image.data))
	if err != nil {
		return fmt.Errorf("%w: damaged", ErrImage)
	}
	a, b := c.dot(point{p.box.X, p.box.Y}), c.dot(point{p.box.X + p.box.W, p.box.Y + p.box.H})
	to := image.Rect(int(a.x), int(a.y), int(b.x), int(b.y))
	draw.ApproxBiLinear.Scale(c.image, to, source, source.Bounds(), draw.Over, nil)
	return nil
}
