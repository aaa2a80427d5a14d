package document

import "strconv"

// sheet is one page as it is drawn: the one source of OFD, SVG and PNG. What is fixed for every licence of the template
// lies below what is this licence's own.
type sheet struct {
	width, height int
	side          string // front, back; empty for a page without a template
	fixed, own    []mark
}

// mark is one thing drawn: exactly one of its pointers is set.
type mark struct {
	shape   *shape
	line    *line
	picture *placed
	fields  []string // elements that it shows
}

// shape is an outline that is filled or stroked.
type shape struct {
	path   []step
	fill   bool
	stroke int // width of the line; 0 if it is filled
	color  Color
	crisp  bool   // edges on whole pixels
	data   []byte // path as packages write it, of shapes that are written often; nil: not written yet
}

// step is a part of an outline: M, L with one point, B with three, Z with none.
type step struct {
	op byte
	at [3]point
}

type point struct{ x, y int }

// line is characters of one size on one base line.
type line struct {
	box   Box
	base  int // of the characters, from the top of the page
	size  int
	color Color
	runs  []run
}

// run is characters of one font.
type run struct {
	font     int // of the composer's list
	x        int
	text     []rune
	advances []int // one for each character
}

// placed is a picture in a box.
type placed struct {
	box   Box
	image *picture
}

func (s *sheet) add(fixed bool, m mark) {
	if fixed {
		s.fixed = append(s.fixed, m)
		return
	}
	s.own = append(s.own, m)
}

func rectangle(b Box) []step {
	return []step{
		{'M', [3]point{{b.X, b.Y}}}, {'L', [3]point{{b.X + b.W, b.Y}}},
		{'L', [3]point{{b.X + b.W, b.Y + b.H}}}, {'L', [3]point{{b.X, b.Y + b.H}}}, {op: 'Z'},
	}
}

func segment(from, to point) []step {
	return []step{{'M', [3]point{from}}, {'L', [3]point{to}}}
}

// points of a step that are set.
func (s *step) points() []point {
	switch s.op {
	case 'M', 'L':
		return s.at[:1]
	case 'B':
		return s.at[:3]
	}
	return nil
}

// appendMM writes micrometres as millimetres without needless zeros.
func appendMM(b []byte, v int) []byte {
	if v < 0 {
		b, v = append(b, '-'), -v
	}
	b = strconv.AppendInt(b, int64(v/mm), 10)
	if v%mm == 0 {
		return b
	}
	d := [4]byte{'.', byte('0' + v/100%10), byte('0' + v/10%10), byte('0' + v%10)}
	n := 4
	for d[n-1] == '0' {
		n--
	}
	return append(b, d[:n]...)
}

func formatMM(v int) string { return string(appendMM(nil, v)) }

func (b Box) String() string {
	out := appendMM(nil, b.X)
	for _, v := range []int{b.Y, b.W, b.H} {
		out = appendMM(append(out, ' '), v)
	}
	return string(out)
}
