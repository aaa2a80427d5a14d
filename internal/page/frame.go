package page

import "math"

// FrameStyle is the ornament around a page.
type FrameStyle string

// The ornaments.
const (
	FrameNone      FrameStyle = "none"
	FrameDouble    FrameStyle = "double"    // 双线
	FrameGuilloche FrameStyle = "guilloche" // 花边: interlaced waves between two lines
)

// Frame is the ornament and ground of a page.
type Frame struct {
	Style   FrameStyle
	Margin  int   // between the edge of the page and the ornament
	Color   Color // of the ornament
	Tint    Color // of the ground
	Rosette bool  // a pale figure in the middle (底纹)
}

// Marks draws the frame of a page of a size, ready to be written many times.
func (f *Frame) Marks(width, height int) []Mark {
	s := &Sheet{Width: width, Height: height}
	drawFrame(s, f)
	for i := range s.Fixed {
		s.Fixed[i].Shape.Keep()
	}
	return s.Fixed
}

// drawFrame draws ground and ornament of a page; both belong to the template.
func drawFrame(s *Sheet, f *Frame) {
	if f.Tint != (Color{255, 255, 255}) {
		s.Add(true, Mark{Shape: &Shape{Path: Rectangle(Box{0, 0, s.Width, s.Height}), Fill: true, Color: f.Tint}})
	}
	if f.Rosette {
		s.Add(true, Mark{Shape: rosette(s, f)})
	}
	m := f.Margin
	outer := Box{m, m, s.Width - 2*m, s.Height - 2*m}
	switch f.Style {
	case FrameDouble:
		s.Add(true, Mark{Shape: &Shape{Path: Rectangle(outer), Stroke: MM * 9 / 10, Color: f.Color}})
		s.Add(true, Mark{Shape: &Shape{Path: Rectangle(outer.Inset(1600)), Stroke: MM / 4, Color: f.Color}})
	case FrameGuilloche:
		guilloche(s, f, outer)
	case FrameNone:
	}
}

// band is the width of an interlaced border.
func band(b Box) int { return min(7*MM, min(b.W, b.H)/16) }

// guilloche draws waves between two lines, with a knot in each corner.
func guilloche(s *Sheet, f *Frame, outer Box) {
	w := band(outer)
	inner := outer.Inset(w)
	for _, l := range []struct {
		box    Box
		stroke int
	}{{outer, MM * 6 / 10}, {outer.Inset(MM), MM / 5}, {inner.Inset(-MM), MM / 5}, {inner, MM * 6 / 10}} {
		s.Add(true, Mark{Shape: &Shape{Path: Rectangle(l.box), Stroke: l.stroke, Color: f.Color}})
	}
	mid, reach := w/2, w/2-MM*13/10
	left, right := inner.X, inner.X+inner.W
	bottom := outer.Y + outer.H - mid
	top, low := inner.Y, inner.Y+inner.H
	strip := func(from, to Point, box Box) {
		path := append(wave(from, to, reach, w, 0), wave(from, to, reach, w, 1)...)
		s.Add(true, Mark{Shape: &Shape{Box: box, Path: path, Stroke: MM / 4, Color: f.Color}})
	}
	for _, y := range []int{outer.Y + mid, bottom} {
		strip(Point{left, y}, Point{right, y}, Box{left - MM, y - mid, inner.W + 2*MM, w})
	}
	for _, x := range []int{outer.X + mid, outer.X + outer.W - mid} {
		strip(Point{x, top}, Point{x, low}, Box{x - mid, top - MM, w, inner.H + 2*MM})
	}
	for _, x := range []int{outer.X + mid, outer.X + outer.W - mid} {
		for _, y := range []int{outer.Y + mid, bottom} {
			knot := append(circle(Point{x, y}, reach), circle(Point{x, y}, reach/2)...)
			s.Add(true, Mark{Shape: &Shape{
				Box: Box{x - mid, y - mid, w, w}, Path: knot, Stroke: MM / 4, Color: f.Color,
			}})
		}
	}
}

// wave is a wave from one point to another, across or down. Two of opposite phases interlace.
func wave(from, to Point, reach, length, phase int) []Step {
	dx, dy := to.X-from.X, to.Y-from.Y
	halves := max(2, 2*roundDiv(dx+dy, length))
	at := func(i, halfway, off int) Point { // halfway through a half wave after its i-th half
		along := func(d int) int { return (d*i + d*halfway/2) / halves }
		p := Point{from.X + along(dx), from.Y + along(dy)}
		if dx > dy {
			p.Y += off
		} else {
			p.X += off
		}
		return p.coarse()
	}
	out := []Step{{'M', [3]Point{from}}}
	for i := range halves {
		crest := 2 * reach
		if i%2 == phase {
			crest = -crest
		}
		out = append(out, Step{'Q', [3]Point{at(i, 1, crest), at(i+1, 0, 0)}})
	}
	return out
}

// coarse rounds to a tenth of a millimetre: ornaments need no more, and their files become half as large.
func (p Point) coarse() Point {
	const unit = MM / 10
	return Point{roundDiv(p.X, unit) * unit, roundDiv(p.Y, unit) * unit}
}

// circle of four curves.
func circle(c Point, r int) []Step {
	k := r * 5523 / 10000
	return []Step{
		{'M', [3]Point{{c.X + r, c.Y}}},
		{'B', [3]Point{{c.X + r, c.Y + k}, {c.X + k, c.Y + r}, {c.X, c.Y + r}}},
		{'B', [3]Point{{c.X - k, c.Y + r}, {c.X - r, c.Y + k}, {c.X - r, c.Y}}},
		{'B', [3]Point{{c.X - r, c.Y - k}, {c.X - k, c.Y - r}, {c.X, c.Y - r}}},
		{'B', [3]Point{{c.X + k, c.Y - r}, {c.X + r, c.Y - k}, {c.X + r, c.Y}}},
		{Op: 'Z'},
	}
}

// rosette is a pale figure of intertwined ellipses in the middle of a page.
func rosette(s *Sheet, f *Frame) *Shape {
	const petals = 18
	center := Point{s.Width / 2, s.Height / 2}
	r := float64(min(s.Width, s.Height)) * 0.30
	var path []Step
	for i := range petals {
		sin, cos := math.Sincos(math.Pi * float64(i) / petals)
		turn := func(p Point) Point {
			x, y := float64(p.X), float64(p.Y)*0.42
			return Point{center.X + int(math.Round(x*cos-y*sin)), center.Y + int(math.Round(x*sin+y*cos))}.coarse()
		}
		for _, st := range circle(Point{}, int(r)) {
			for j := range st.points() {
				st.At[j] = turn(st.At[j])
			}
			path = append(path, st)
		}
	}
	return &Shape{Path: path, Stroke: MM / 5, Color: pale(f.Color, f.Tint)}
}

// pale is a color a sixth of the way from the ground.
func pale(c, ground Color) Color {
	for i := range c {
		c[i] = uint8((int(c[i]) + 5*int(ground[i])) / 6) //nolint:gosec // a mean of two bytes
	}
	return c
}
