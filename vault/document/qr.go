package document

import (
	"fmt"

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
	bits := code.Bitmap()
	side := min(b.W, b.H)
	quiet := side / 14
	const unit = mm / 20
	module := (side - 2*quiet) / len(bits) / unit * unit
	if module < mm/5 {
		return fmt.Errorf("%w: place of the code is too small for its link", ErrLicence)
	}
	edge := (side - module*len(bits)) / 2 / unit * unit
	ground := page.Rectangle(Box{X: b.X, Y: b.Y, W: side, H: side})
	s.Add(false, page.Mark{Shape: &page.Shape{Path: ground, Fill: true, Color: Color{255, 255, 255}}})
	s.Add(false, page.Mark{Shape: &page.Shape{
		Path: modules(bits, page.Point{X: b.X + edge, Y: b.Y + edge}, module), Fill: true, Crisp: true,
	}})
	return nil
}

// modules are the dark parts of a code, those beside each other in one piece.
func modules(bits [][]bool, at page.Point, module int) []page.Step {
	path := make([]page.Step, 0, len(bits)*len(bits)) // enough for a dark piece of every five modules
	for y, row := range bits {
		for x := 0; x < len(row); x++ {
			start := x
			for x < len(row) && row[x] {
				x++
			}
			if x > start {
				piece := Box{X: at.X + start*module, Y: at.Y + y*module, W: (x - start) * module, H: module}
				path = append(path, page.Rectangle(piece)...)
			}
		}
	}
	return path
}
