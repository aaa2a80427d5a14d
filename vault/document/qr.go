package document

import (
	"fmt"
	"math/bits"

	"github.com/skip2/go-qrcode"

	"github.com/elicense/elicense/internal/page"
)

// qr draws the code that leads to the public check of the licence (GB/T 27766 asks for a two-dimensional code). It
// holds nothing but a link and an unguessable token.
func (c *composer) qr(s *page.Sheet, b *Box) error {
	if b == nil || c.licence.Token == "" {
		return nil
	}
	code, err := qrcode.New(c.drawer.cfg.Link+c.licence.Token, qrcode.Medium)
	if err != nil {
		return fmt.Errorf("%w: code: %v", ErrLicence, err)
	}
	code.DisableBorder = true
	dots := code.Bitmap()
	side := min(b.W, b.H)
	quiet := side / 14
	const unit = mm / 20
	module := (side - 2*quiet) / len(dots) / unit * unit
	if module < mm/5 {
		return fmt.Errorf("%w: place of the code is too small for its link", ErrLicence)
	}
	edge := (side - module*len(dots)) / 2 / unit * unit
	ground := page.Rectangle(Box{X: b.X, Y: b.Y, W: side, H: side})
	s.Add(false, page.Mark{Shape: &page.Shape{Path: ground, Fill: true, Color: Color{255, 255, 255}}})
	inner := Box{X: b.X + edge, Y: b.Y + edge, W: module * len(dots), H: module * len(dots)}
	s.Add(false, page.Mark{Shape: &page.Shape{
		Box: inner, Unit: module, Fill: true, Crisp: true,
		Path: modules(dots, page.Point{X: inner.X, Y: inner.Y}, module),
	}})
	return nil
}

// modules are the outlines of a code's dark parts, each with the dark on its right, so that every rule of filling fills
// the same and no seams show between modules.
func modules(dots [][]bool, at page.Point, module int) []page.Step {
	var path []page.Step
	ways := sides(dots)
	for y := range ways {
		for x := range ways[y] {
			for ways[y][x] != 0 {
				op := byte('M')
				for _, c := range follow(ways, corner{x, y}) {
					p := page.Point{X: at.X + c.x*module, Y: at.Y + c.y*module}
					path = append(path, page.Step{Op: op, At: [3]page.Point{p}})
					op = 'L'
				}
				path = append(path, page.Step{Op: 'Z'})
			}
		}
	}
	return path
}

// corner is a place where modules meet.
type corner struct{ x, y int }

// sides lie between dark and light: bit d of a corner says that one leads from there to the right, down, left or up
// (d = 0 … 3), with the dark on its right.
func sides(dots [][]bool) [][]byte {
	dark := func(x, y int) bool { return y >= 0 && y < len(dots) && x >= 0 && x < len(dots[y]) && dots[y][x] }
	ways := make([][]byte, len(dots)+1)
	for y := range ways {
		ways[y] = make([]byte, len(dots)+1)
		for x := range ways[y] {
			around := [4]bool{dark(x, y), dark(x-1, y), dark(x-1, y-1), dark(x, y-1)} // to the right of each way
			for d := range around {
				if around[d] && !around[(d+3)%4] {
					ways[y][x] |= 1 << d
				}
			}
		}
	}
	return ways
}

// follow takes one outline out of the sides: its corners from the given one, which is the uppermost and of those the
// leftmost. Where dark modules touch at a corner only, it stays with the one that it goes around.
func follow(ways [][]byte, start corner) []corner {
	var out []corner
	at, last := start, -1
	for at != start || last < 0 {
		d := bits.TrailingZeros8(ways[at.y][at.x])
		if right := (last + 1) % 4; last >= 0 && ways[at.y][at.x]&(1<<right) != 0 {
			d = right
		}
		if d != last {
			out = append(out, at)
		}
		ways[at.y][at.x] &^= 1 << d
		step := [4]corner{{1, 0}, {0, 1}, {-1, 0}, {0, -1}}[d]
		at, last = corner{at.x + step.x, at.y + step.y}, d
	}
	return out
}
