package document

import "math"

// drawFrames draws the frames of all pages of templates, which are the same for every licence.
func drawFrames(templates map[string]*Template) map[*Page][]mark {
	out := make(map[*Page][]mark)
	for _, t := range templates {
		for _, p := range []*Page{&t.Front, t.Back} {
			if p == nil {
				continue
			}
			s := &sheet{width: p.Width, height: p.Height}
			drawFrame(s, &p.Frame)
			for i := range s.fixed {
				s.fixed[i].shape.data = appendPath(nil, s.fixed[i].shape.path)
			}
			out[p] = s.fixed
		}
	}
	return out
}

// drawFrame draws ground and ornament of a page; both belong to the template.
func drawFrame(s *sheet, f *Frame) {
	if f.Tint != (Color{255, 255, 255}) {
		s.add(true, mark{shape: &shape{path: rectangle(Box{0, 0, s.width, s.height}), fill: true, color: f.Tint}})
	}
	if f.Rosette {
		s.add(true, mark{shape: rosette(s, f)})
	}
	m := f.Margin
	outer := Box{m, m, s.width - 2*m, s.height - 2*m}
	switch f.Style {
	case FrameDouble:
		s.add(true, mark{shape: &shape{path: rectangle(outer), stroke: mm * 9 / 10, color: f.Color}})
		s.add(true, mark{shape: &shape{path: rectangle(outer.inset(1600)), stroke: mm / 4, color: f.Color}})
	case FrameGuilloche:
		guilloche(s, f, outer)
	case FrameNone:
	}
}

func (b Box) inset(d int) Box { return Box{b.X + d, b.Y + d, b.W - 2*d, b.H - 2*d} }

// band is the width of an interlaced border.
func band(b Box) int { return min(7*mm, min(b.W, b.H)/16) }

// guilloche draws waves between two lines, with a knot in each corner.
func guilloche(s *sheet, f *Frame, outer Box) {
	w := band(outer)
	inner := outer.inset(w)
	for _, l := range []struct {
		box    Box
		stroke int
	}{{outer, mm * 6 / 10}, {outer.inset(mm), mm / 5}, {inner.inset(-mm), mm / 5}, {inner, mm * 6 / 10}} {
		s.add(true, mark{shape: &shape{path: rectangle(l.box), stroke: l.stroke, color: f.Color}})
	}
	mid, reach := w/2, w/2-mm*13/10
	left, right := point{inner.X, outer.Y + mid}, point{inner.X + inner.W, outer.Y + mid}
	bottom := outer.Y + outer.H - mid
	top, low := inner.Y, inner.Y+inner.H
	for phase := range 2 {
		var path []step
		path = append(path, wave(left, right, reach, w, phase)...)
		path = append(path, wave(point{left.x, bottom}, point{right.x, bottom}, reach, w, phase)...)
		for _, x := range []int{outer.X + mid, outer.X + outer.W - mid} {
			path = append(path, wave(point{x, top}, point{x, low}, reach, w, phase)...)
		}
		s.add(true, mark{shape: &shape{path: path, stroke: mm / 4, color: f.Color}})
	}
	var knots []step
	for _, x := range []int{outer.X + mid, outer.X + outer.W - mid} {
		for _, y := range []int{outer.Y + mid, bottom} {
			knots = append(knots, circle(point{x, y}, reach)...)
			knots = append(knots, circle(point{x, y}, reach/2)...)
		}
	}
	s.add(true, mark{shape: &shape{path: knots, stroke: mm / 4, color: f.Color}})
}

// wave is a wave from one point to another, across or down. Two of opposite phases interlace.
func wave(from, to point, reach, length, phase int) []step {
	dx, dy := to.x-from.x, to.y-from.y
	halves := max(2, 2*roundDiv(dx+dy, length))
	at := func(i, eighths, off int) point { // eighths of a half wave after its i-th half
		along := func(d int) int { return (d*i + d*eighths/8) / halves }
		p := point{from.x + along(dx), from.y + along(dy)}
		if dx > dy {
			p.y += off
		} else {
			p.x += off
		}
		return p.coarse()
	}
	out := []step{{'M', [3]point{from}}}
	for i := range halves {
		crest := reach * 4 / 3
		if i%2 == phase {
			crest = -crest
		}
		out = append(out, step{'B', [3]point{at(i, 3, crest), at(i, 5, crest), at(i+1, 0, 0)}})
	}
	return out
}

// coarse rounds to a tenth of a millimetre: ornaments need no more, and their files become half as large.
func (p point) coarse() point {
	const unit = mm / 10
	return point{roundDiv(p.x, unit) * unit, roundDiv(p.y, unit) * unit}
}

// circle of four curves.
func circle(c point, r int) []step {
	k := r * 5523 / 10000
	return []step{
		{'M', [3]point{{c.x + r, c.y}}},
		{'B', [3]point{{c.x + r, c.y + k}, {c.x + k, c.y + r}, {c.x, c.y + r}}},
		{'B', [3]point{{c.x - k, c.y + r}, {c.x - r, c.y + k}, {c.x - r, c.y}}},
		{'B', [3]point{{c.x - r, c.y - k}, {c.x - k, c.y - r}, {c.x, c.y - r}}},
		{'B', [3]point{{c.x + k, c.y - r}, {c.x + r, c.y - k}, {c.x + r, c.y}}},
		{op: 'Z'},
	}
}

// rosette is a pale figure of intertwined ellipses in the middle of a page.
func rosette(s *sheet, f *Frame) *shape {
	const petals = 18
	center := point{s.width / 2, s.height / 2}
	r := float64(min(s.width, s.height)) * 0.30
	var path []step
	for i := range petals {
		sin, cos := math.Sincos(math.Pi * float64(i) / petals)
		turn := func(p point) point {
			x, y := float64(p.x), float64(p.y)*0.42
			return point{center.x + int(math.Round(x*cos-y*sin)), center.y + int(math.Round(x*sin+y*cos))}.coarse()
		}
		for _, st := range circle(point{}, int(r)) {
			for j := range st.points() {
				st.at[j] = turn(st.at[j])
			}
			path = append(path, st)
		}
	}
	return &shape{path: path, stroke: mm / 5, color: pale(f.Color, f.Tint)}
}

// pale is a color a sixth of the way from the ground.
func pale(c, ground Color) Color {
	for i := range c {
		c[i] = uint8((int(c[i]) + 5*int(ground[i])) / 6) //nolint:gosec // a mean of two bytes
	}
	return c
}
