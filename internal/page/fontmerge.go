package page

import "math"

// Bounds of merging.
const (
	mergePerEm   = 400  // a curve that is redrawn stays within this part of the em
	maxMerged    = 6    // pieces that become one
	maxMergedDot = 2000 // points of a glyph that is looked at
)

// vec is a point or a direction in units of a font. Products are rounded one by one, so that every machine finds the
// same.
type vec struct{ x, y float64 }

func (a vec) sub(b vec) vec       { return vec{a.x - b.x, a.y - b.y} }
func (a vec) cross(b vec) float64 { return float64(a.x*b.y) - float64(a.y*b.x) }
func (a vec) dot(b vec) float64   { return float64(a.x*b.x) + float64(a.y*b.y) }
func (a vec) length() float64     { return math.Sqrt(a.dot(a)) }
func (a vec) toward(b vec, t float64) vec {
	return vec{a.x + float64((b.x-a.x)*t), a.y + float64((b.y-a.y)*t)}
}

// piece is a line of an outline, or a quadratic curve.
type piece struct {
	from, control, to vec
	curved            bool
}

func (p *piece) at(t float64) vec {
	if !p.curved {
		return p.from.toward(p.to, t)
	}
	return p.from.toward(p.control, t).toward(p.control.toward(p.to, t), t)
}

// leaves and arrives are the directions at the ends.
func (p *piece) leaves() vec {
	if p.curved {
		return p.control.sub(p.from)
	}
	return p.to.sub(p.from)
}

func (p *piece) arrives() vec {
	if p.curved {
		return p.to.sub(p.control)
	}
	return p.to.sub(p.from)
}

// pieces are the lines and curves of a contour. Between two controls TrueType implies a point of the outline.
func pieces(contour []strokePoint) []piece {
	var all []strokePointAt
	for i, p := range contour {
		all = append(all, strokePointAt{p.vec(), p.onCurve})
		if next := contour[(i+1)%len(contour)]; !p.onCurve && !next.onCurve {
			all = append(all, strokePointAt{p.vec().toward(next.vec(), .5), true})
		}
	}
	first := 0
	for !all[first].onCurve {
		first++
	}
	var out []piece
	for i := 0; i < len(all); {
		point := func(k int) strokePointAt { return all[(first+i+k)%len(all)] }
		if point(1).onCurve {
			out = append(out, piece{from: point(0).vec, to: point(1).vec})
			i++
		} else {
			out = append(out, piece{point(0).vec, point(1).vec, point(2).vec, true})
			i += 2
		}
	}
	return out
}

// strokePointAt is a point that need not lie on the units of a font.
type strokePointAt struct {
	vec
	onCurve bool
}

// merged redraws a contour with fewer pieces, none farther than a distance from where it was.
func merged(contour []strokePoint, within float64) []strokePoint {
	if len(contour) < 3 {
		return contour
	}
	all := pieces(contour)
	for i := range all { // begin where the outline turns: nothing is merged across
		if turns(&all[(i+len(all)-1)%len(all)], &all[i]) {
			all = append(all[i:len(all):len(all)], all[:i]...)
			break
		}
	}
	var out []strokePoint
	for len(all) > 0 {
		next, n := all[0], 1
		for k := 2; k <= min(maxMerged, len(all)) && !turns(&all[k-2], &all[k-1]); k++ {
			if p, ok := mergeAll(all[:k], within); ok {
				next, n = p, k
			}
		}
		all = all[n:]
		out = append(out, strokePoint{next.from.rounded(), true})
		if next.curved {
			out = append(out, strokePoint{next.control.rounded(), false})
		}
	}
	return out
}

func (a vec) rounded() [2]int { return [2]int{int(math.Round(a.x)), int(math.Round(a.y))} }

// turns reports whether an outline has a corner between two pieces.
func turns(a, b *piece) bool {
	u, v := a.arrives(), b.leaves()
	return u.dot(v) <= float64(u.length()*v.length())*.9
}

// mergeAll is one piece for several, with their directions at both ends; ok is false if it would lie too far from them.
func mergeAll(list []piece, within float64) (p piece, ok bool) {
	first, last := &list[0], &list[len(list)-1]
	p = piece{from: first.from, to: last.to}
	for i := range list {
		p.curved = p.curved || list[i].curved
	}
	if p.curved {
		u, v, w := first.leaves(), last.arrives(), p.to.sub(p.from)
		turn := u.cross(v)
		along, back := w.cross(v)/turn, u.cross(w)/turn
		if turn == 0 || along <= 0 || back <= 0 {
			return piece{}, false
		}
		p.control = p.from.toward(vec{p.from.x + u.x, p.from.y + u.y}, along)
	}
	const steps = 8
	var old, redrawn []vec
	for i := range list {
		for k := range steps {
			old = append(old, list[i].at(float64(k)/steps))
		}
	}
	for k := range 3 * steps {
		redrawn = append(redrawn, p.at(float64(k)/(3*steps)))
	}
	old, redrawn = append(old, p.to), append(redrawn, p.to)
	return p, near(old, redrawn, within) && near(redrawn, old, within)
}

// near reports whether all points lie within a distance of a line through others.
func near(points, line []vec, within float64) bool {
	for _, p := range points {
		best := math.Inf(1)
		for i := range len(line) - 1 {
			side := line[i+1].sub(line[i])
			t := 0.0
			if square := side.dot(side); square > 0 {
				t = min(max(p.sub(line[i]).dot(side)/square, 0), 1)
			}
			best = min(best, p.sub(line[i].toward(line[i+1], t)).length())
		}
		if best > within {
			return false
		}
	}
	return true
}
