package page

// Sheet is one page as it is drawn: the one source of OFD, SVG and PNG. What is fixed for every document of a template
// lies below what is this document's own.
type Sheet struct {
	Width, Height int
	Template      bool // Fixed becomes a template page of the package
	Fixed, Own    []Mark
}

// Mark is one thing drawn: exactly one of its pointers is set.
type Mark struct {
	Shape   *Shape
	Line    *Line
	Picture *Placed
	Fields  []string // names under which an index lists it
}

// Shape is an outline that is filled or stroked.
type Shape struct {
	Box    Box // that holds it, its lines too; packages count from there. Zero: the page
	Unit   int // of which all its lengths are multiples, and packages count in it; 0: a micrometre
	Path   []Step
	Fill   bool
	Stroke int // width of the line; 0 if it is filled
	Color  Color
	Crisp  bool   // edges on whole pixels
	data   []byte // path as packages write it, of shapes that are written often; nil: not written yet
}

// Keep writes the outline once, for a shape that many packages have.
func (s *Shape) Keep() { s.data = s.appendPath(nil) }

// Step is a part of an outline: M, L with one point, Q with two, B with three, Z with none.
type Step struct {
	Op byte
	At [3]Point
}

// Line is characters of one size on one base line.
type Line struct {
	Box   Box
	Base  int // of the characters, from the top of the page
	Size  int
	Color Color
	Runs  []Run
}

// Run is characters of one font.
type Run struct {
	font     int
	X        int
	Text     []rune
	Advances []int // one for each character
}

// Placed is a picture in a box.
type Placed struct {
	Box     Box
	Picture *Picture
}

// Add puts a mark on top of what is there; fixed ones belong to the template.
func (s *Sheet) Add(fixed bool, m Mark) {
	if fixed {
		s.Fixed = append(s.Fixed, m)
		return
	}
	s.Own = append(s.Own, m)
}

// AddLines puts lines of text on top of what is there.
func (s *Sheet) AddLines(lines []Line, fields []string, fixed bool) {
	for i := range lines {
		s.Add(fixed, Mark{Line: &lines[i], Fields: fields})
	}
}

// Rectangle is the outline of a box.
func Rectangle(b Box) []Step {
	return []Step{
		{'M', [3]Point{{b.X, b.Y}}}, {'L', [3]Point{{b.X + b.W, b.Y}}},
		{'L', [3]Point{{b.X + b.W, b.Y + b.H}}}, {'L', [3]Point{{b.X, b.Y + b.H}}}, {Op: 'Z'},
	}
}

// Segment is a straight line.
func Segment(from, to Point) []Step {
	return []Step{{'M', [3]Point{from}}, {'L', [3]Point{to}}}
}

// points of a step that are set.
func (s *Step) points() []Point {
	switch s.Op {
	case 'M', 'L':
		return s.At[:1]
	case 'Q':
		return s.At[:2]
	case 'B':
		return s.At[:3]
	}
	return nil
}

func (s *Sheet) box() Box { return Box{0, 0, s.Width, s.Height} }
