package document

import (
	"strconv"
	"strings"

	"github.com/elicense/elicense/internal/page"
)

// Text gives the characters of a page, line by line.
func (d *Drawing) Text(number int) string {
	var b strings.Builder
	for _, layer := range [][]page.Mark{d.book.Sheets[number].Fixed, d.book.Sheets[number].Own} {
		for i := range layer {
			if l := layer[i].Line; l != nil {
				for j := range l.Runs {
					b.WriteString(string(l.Runs[j].Text))
				}
				b.WriteByte('\n')
			}
		}
	}
	return b.String()
}

// Outside gives the marks that leave their page.
func (d *Drawing) Outside() []string {
	var out []string
	for _, s := range d.book.Sheets {
		for i := range s.Own {
			m := &s.Own[i]
			var b Box
			switch {
			case m.Line != nil:
				b = m.Line.Box
			case m.Picture != nil:
				b = m.Picture.Box
			default:
				continue
			}
			if b.X < 0 || b.Y < 0 || b.X+b.W > s.Width || b.Y+b.H > s.Height {
				out = append(out, b.String())
			}
		}
	}
	return out
}

// Modules draws the dark parts of a code.
var Modules = modules

// AppendMM and ParseLength are two sides of one form.
var (
	AppendMM    = page.AppendMM
	ParseLength = parseLength
)

// Collisions gives the texts of a page that stand on each other or on a photo.
func (d *Drawing) Collisions() []string {
	var out []string
	for n, s := range d.book.Sheets {
		type inked struct {
			box  Box
			what string
		}
		var list []inked
		for i := range s.Own {
			m := &s.Own[i]
			switch {
			case m.Line != nil && m.Line.Size < min(s.Width, s.Height)/5: // larger is a watermark
				b := m.Line.Box
				b.Y, b.H = b.Y+m.Line.Size/10, m.Line.Size*9/10
				var what strings.Builder
				for j := range m.Line.Runs {
					what.WriteString(string(m.Line.Runs[j].Text))
				}
				list = append(list, inked{b, what.String()})
			case m.Picture != nil:
				list = append(list, inked{m.Picture.Box, "picture"})
			}
		}
		for i := range list {
			for j := range i {
				if list[i].box.Overlaps(list[j].box) {
					out = append(out, strconv.Itoa(n)+": "+list[j].what+" | "+list[i].what)
				}
			}
		}
	}
	return out
}
