package impression

import "math"

type point struct{ x, y float64 }

// segment is one step of an outline; the last of its points is where it ends.
type segment struct {
	op     byte // M, L, Q, C or Z, as SVG calls them
	points [3]point
	count  int
}

// path is a set of closed outlines; what they enclose by the non-zero rule is filled.
type path []segment

func (p *path) add(op byte, points ...point) {
	s := segment{op: op, count: len(points)}
	copy(s.points[:], points)
	*p = append(*p, s)
}

func (p *path) polygon(points ...point) {
	for i, q := range points {
		op := byte('L')
		if i == 0 {
			op = 'M'
		}
		p.add(op, q)
	}
	p.add('Z')
}

// affine maps (x, y) to (a·x + c·y + e, b·x + d·y + f).
type affine struct{ a, b, c, d, e, f float64 }

func (m affine) apply(p point) point {
	return point{m.a*p.x + m.c*p.y + m.e, m.b*p.x + m.d*p.y + m.f}
}

// then maps by m first, by n after it.
func (m affine) then(n affine) affine {
	return affine{
		n.a*m.a + n.c*m.b, n.b*m.a + n.d*m.b, n.a*m.c + n.c*m.d, n.b*m.c + n.d*m.d,
		n.a*m.e + n.c*m.f + n.e, n.b*m.e + n.d*m.f + n.f,
	}
}

func translation(x, y float64) affine { return affine{1, 0, 0, 1, x, y} }

func scaling(x, y float64) affine { return affine{x, 0, 0, y, 0, 0} }

// rotation turns clockwise, since y is downward.
func rotation(angle float64) affine {
	sin, cos := math.Sincos(angle)
	return affine{cos, sin, -sin, cos, 0, 0}
}

func (p path) transform(m affine) path {
	out := make(path, len(p))
	for i, s := range p {
		for j := range s.count {
			s.points[j] = m.apply(s.points[j])
		}
		out[i] = s
	}
	return out
}

// quarter is the distance of the control points of a Bézier curve that is a quarter of a circle.
const quarter = 0.5522847498

// circle is drawn clockwise, or the other way round where it is a hole.
func (p *path) circle(radius float64, hole bool) {
	k := radius * quarter
	w := radius
	if hole {
		w = -radius
		k = -k
	}
	r, c := radius, radius*quarter
	p.add('M', point{0, -r})
	p.add('C', point{k, -r}, point{w, -c}, point{w, 0})
	p.add('C', point{w, c}, point{k, r}, point{0, r})
	p.add('C', point{-k, r}, point{-w, c}, point{-w, 0})
	p.add('C', point{-w, -c}, point{-k, -r}, point{0, -r})
	p.add('Z')
}

// ring is filled between two radii.
func (p *path) ring(outer, inner float64) {
	p.circle(outer, false)
	p.circle(inner, true)
}

// innerOfStar is the radius of the inner corners of a five-pointed star whose sides continue each other.
const innerOfStar = 0.3819660113

// star points upward.
func (p *path) star(radius float64) {
	var points []point
	for i := range 10 {
		r := radius
		if i%2 == 1 {
			r *= innerOfStar
		}
		sin, cos := math.Sincos(float64(i) * math.Pi / 5)
		points = append(points, point{r * sin, -r * cos})
	}
	p.polygon(points...)
}

// square is filled between two half widths.
func (p *path) square(outer, inner float64) {
	p.polygon(point{-outer, -outer}, point{outer, -outer}, point{outer, outer}, point{-outer, outer})
	p.polygon(point{-inner, -inner}, point{-inner, inner}, point{inner, inner}, point{inner, -inner})
}
