// Package page draws pages: text in TrueType fonts, outlines and pictures on sheets, written as OFD (GB/T 33190-2016),
// as SVG and as PNG from one source, so that all three look alike.
//
// It knows nothing of what the pages say. It is pure: fonts, pictures and times are passed in, and the same input gives
// the same bytes.
package page

import (
	"errors"
	"strconv"
)

// Refusals.
var (
	ErrFont   = errors.New("page: font cannot be used")
	ErrNoFont = errors.New("page: no font for characters: install fonts-wqy-microhei or fonts-lxgw-wenkai")
	ErrImage  = errors.New("page: picture cannot be used")
	ErrPage   = errors.New("page: no such page, or not in these dots")
)

// MM is a millimetre: every length of this package is a whole number of micrometres.
const MM = 1000

// Point is a place on a page; the origin is the upper left corner.
type Point struct{ X, Y int }

// Box is a rectangle; the origin of a page is its upper left corner.
type Box struct{ X, Y, W, H int }

// Inset is the box without an edge of a width.
func (b Box) Inset(d int) Box { return Box{b.X + d, b.Y + d, b.W - 2*d, b.H - 2*d} }

// Overlaps reports whether two boxes share ground.
func (b Box) Overlaps(o Box) bool {
	return b.X < o.X+o.W && o.X < b.X+b.W && b.Y < o.Y+o.H && o.Y < b.Y+b.H
}

// String is the box as packages write it, in millimetres.
func (b Box) String() string {
	out := AppendMM(nil, b.X)
	for _, v := range []int{b.Y, b.W, b.H} {
		out = AppendMM(append(out, ' '), v)
	}
	return string(out)
}

// Color is red, green and blue.
type Color [3]uint8

// Align says where a text stands in its box.
type Align string

// The alignments; AlignSpread moves the characters apart until they fill the line, as labels of licences have it.
const (
	AlignLeft   Align = "left"
	AlignCenter Align = "center"
	AlignRight  Align = "right"
	AlignSpread Align = "spread"
)

// AppendMM writes micrometres as millimetres without needless zeros.
func AppendMM(b []byte, v int) []byte {
	if v < 0 {
		b, v = append(b, '-'), -v
	}
	b = strconv.AppendInt(b, int64(v/MM), 10)
	if v%MM == 0 {
		return b
	}
	d := [4]byte{'.', byte('0' + v/100%10), byte('0' + v/10%10), byte('0' + v%10)}
	n := 4
	for d[n-1] == '0' {
		n--
	}
	return append(b, d[:n]...)
}

// FormatMM is the form of AppendMM.
func FormatMM(v int) string { return string(AppendMM(nil, v)) }

func roundDiv(a, b int) int {
	if a < 0 {
		return -((-a + b/2) / b)
	}
	return (a + b/2) / b
}
