package page

import "math"

// Apart is how far the outlines of a character in two fonts lie from each other at most, as a part of the em.
func Apart(a, b *Font, c rune) float64 {
	g, ok := a.glyph(c)
	h, same := b.glyph(c)
	if ok != same {
		return math.Inf(1)
	}
	one, other := dense(g.outline), dense(h.outline)
	return max(farthest(one, other), farthest(other, one)) / emUnits
}

// Width is the width of a character as a part of the em, in thousandths.
func (f *Font) Width(c rune) int {
	g, _ := f.glyph(c)
	return f.advance(g, 1000)
}

// dense is an outline as many short lines.
func dense(path []Step) (out [][2]vec) {
	const steps = 8
	var last, start vec
	line := func(to vec) { out, last = append(out, [2]vec{last, to}), to }
	for _, s := range path {
		at := func(i int) vec { return vec{float64(s.At[i].X), float64(s.At[i].Y)} }
		switch s.Op {
		case 'M':
			last, start = at(0), at(0)
		case 'L':
			from := last
			for k := 1; k <= steps; k++ {
				line(from.toward(at(0), float64(k)/steps))
			}
		case 'B':
			from, a, b, c := last, at(0), at(1), at(2)
			for k := 1; k <= steps; k++ {
				t := float64(k) / steps
				ab, bc := from.toward(a, t).toward(a.toward(b, t), t), a.toward(b, t).toward(b.toward(c, t), t)
				line(ab.toward(bc, t))
			}
		case 'Z':
			line(start)
		}
	}
	return out
}

func farthest(lines, others [][2]vec) (most float64) {
	for _, l := range lines {
		best := math.Inf(1)
		for _, o := range others {
			side, t := o[1].sub(o[0]), 0.0
			if square := side.dot(side); square > 0 {
				t = min(max(l[1].sub(o[0]).dot(side)/square, 0), 1)
			}
			best = min(best, l[1].sub(o[0].toward(o[1], t)).length())
		}
		most = max(most, best)
	}
	return most
}

// StrokePoint is a point of a contour.
type StrokePoint = strokePoint

// StrokeAt makes one.
func StrokeAt(x, y int, onCurve bool) StrokePoint { return strokePoint{[2]int{x, y}, onCurve} }

// Merged and Gridded are the two steps of thinning.
var (
	Merged  = merged
	Gridded = gridded
)

// ThinGlyph draws a simple glyph anew; ok is false if it is none.
func ThinGlyph(b []byte, units int) (out []byte, contours [][]StrokePoint, ok bool) {
	s, ok := parseStrokes(b)
	if !ok {
		return nil, nil, false
	}
	s.thin(units, max(units/gridPerEm, 1))
	return s.marshal(1), s.contours, true
}

// ReadGlyph reads the contours of a simple glyph.
func ReadGlyph(b []byte) ([][]StrokePoint, bool) {
	s, ok := parseStrokes(b)
	if !ok {
		return nil, false
	}
	return s.contours, true
}
