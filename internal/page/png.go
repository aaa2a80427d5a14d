package page

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
func (k *Book) PNG(number, dpi int) ([]byte, error) {
	switch {
	case number < 0 || number >= len(k.Sheets):
		return nil, fmt.Errorf("%w: page %d", ErrPage, number)
	case k.Fonts.Main() == nil:
		return nil, ErrNoFont
	case dpi < MinDPI || dpi > MaxDPI:
		return nil, fmt.Errorf("%w: %d dots per inch", ErrPage, dpi)
	}
	s := k.Sheets[number]
	c := &canvas{fonts: k.Fonts, scale: float64(dpi) / micrometresPerInch}
	w, h := int(math.Round(float64(s.Width)*c.scale)), int(math.Round(float64(s.Height)*c.scale))
	if w > maxPixels/h {
		return nil, fmt.Errorf("%w: too many dots", ErrPage)
	}
	c.image = image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(c.image, c.image.Bounds(), image.White, image.Point{}, draw.Src)
	for _, layer := range [][]Mark{s.Fixed, s.Own} {
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
	fonts Fonts
	image *image.RGBA
	scale float64
	ink   vector.Rasterizer
}

func (c *canvas) mark(m *Mark) error {
	switch {
	case m.Shape != nil:
		c.shape(m.Shape)
	case m.Line != nil:
		c.line(m.Line)
	case m.Picture != nil:
		return c.picture(m.Picture)
	}
	return nil
}

type dot struct{ x, y float32 }

func (c *canvas) dot(p Point) dot {
	return dot{float32(float64(p.X) * c.scale), float32(float64(p.Y) * c.scale)}
}

func (c *canvas) shape(s *Shape) {
	if s.Fill {
		c.fill(s.Path, s.Color, s.Crisp)
		return
	}
	c.stroke(s)
}

// window is the part of the page that outlines touch.
func (c *canvas) window(path []Step, reach float64) image.Rectangle {
	r := image.Rectangle{Min: image.Pt(math.MaxInt32, math.MaxInt32), Max: image.Pt(math.MinInt32, math.MinInt32)}
	for i := range path {
		for _, p := range path[i].points() {
			x, y := float64(p.X)*c.scale, float64(p.Y)*c.scale
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

func (c *canvas) fill(path []Step, ink Color, crisp bool) {
	w := c.window(path, 0)
	if w.Empty() {
		return
	}
	c.ink.Reset(w.Dx(), w.Dy())
	at := func(p Point) (x, y float32) {
		d := c.dot(p)
		if crisp {
			d.x, d.y = float32(math.Round(float64(d.x))), float32(math.Round(float64(d.y)))
		}
		return d.x - float32(w.Min.X), d.y - float32(w.Min.Y)
	}
	for i := range path {
		s := &path[i]
		switch s.Op {
		case 'M':
			c.ink.MoveTo(at(s.At[0]))
		case 'L':
			c.ink.LineTo(at(s.At[0]))
		case 'Q':
			ax, ay := at(s.At[0])
			bx, by := at(s.At[1])
			c.ink.QuadTo(ax, ay, bx, by)
		case 'B':
			ax, ay := at(s.At[0])
			bx, by := at(s.At[1])
			cx, cy := at(s.At[2])
			c.ink.CubeTo(ax, ay, bx, by, cx, cy)
		case 'Z':
			c.ink.ClosePath()
		}
	}
	c.pour(w, ink)
}

// stroke draws lines as rows of thin rectangles, all turned the same way so that they add up to one shape.
func (c *canvas) stroke(s *Shape) {
	half := math.Max(float64(s.Stroke)*c.scale, 0.8) / 2
	w := c.window(s.Path, half)
	if w.Empty() {
		return
	}
	c.ink.Reset(w.Dx(), w.Dy())
	origin := dot{float32(w.Min.X), float32(w.Min.Y)}
	var start, last dot
	for i := range s.Path {
		st := &s.Path[i]
		switch st.Op {
		case 'M':
			start = c.dot(st.At[0])
			last = start
		case 'L':
			to := c.dot(st.At[0])
			c.bar(last, to, origin, half)
			last = to
		case 'Q':
			last = c.curve(last, cubic(last, c.dot(st.At[0]), c.dot(st.At[1])), origin, half)
		case 'B':
			last = c.curve(last, [3]dot{c.dot(st.At[0]), c.dot(st.At[1]), c.dot(st.At[2])}, origin, half)
		case 'Z':
			c.bar(last, start, origin, half)
			last = start
		}
	}
	c.pour(w, s.Color)
}

// cubic is a quadratic curve as the cubic one that it is.
func cubic(from, control, end dot) [3]dot {
	near := func(p dot) dot { return dot{(p.x + 2*control.x) / 3, (p.y + 2*control.y) / 3} }
	return [3]dot{near(from), near(end), end}
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

func (c *canvas) line(l *Line) {
	for i := range l.Runs {
		r := &l.Runs[i]
		f := c.fonts.of(r.font)
		if f == nil {
			c.blanks(l, r)
			continue
		}
		eachGlyph(f, r, func(x int, g glyph) { c.fill(g.place(l.Size, Point{x, l.Base}), l.Color, false) })
	}
}

// blanks draws a hollow box for each character that no font has: it is seen that something is missing.
func (c *canvas) blanks(l *Line, r *Run) {
	x := r.X
	for i := range r.Text {
		b := Box{x, l.Base - l.Size*4/5, r.Advances[i], l.Size * 4 / 5}.Inset(l.Size / 12)
		if r.Text[i] != ' ' && b.W > 0 {
			c.stroke(&Shape{Path: Rectangle(b), Stroke: l.Size / 20, Color: l.Color})
		}
		x += r.Advances[i]
	}
}

func (c *canvas) picture(p *Placed) error {
	source, _, err := image.Decode(bytes.NewReader(p.Picture.data))
	if err != nil {
		return fmt.Errorf("%w: damaged", ErrImage)
	}
	a, b := c.dot(Point{p.Box.X, p.Box.Y}), c.dot(Point{p.Box.X + p.Box.W, p.Box.Y + p.Box.H})
	to := image.Rect(int(a.x), int(a.y), int(b.x), int(b.y))
	draw.ApproxBiLinear.Scale(c.image, to, source, source.Bounds(), draw.Over, nil)
	return nil
}
