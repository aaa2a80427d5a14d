package document

import "strings"

// Text gives the characters of a page, line by line.
func (d *Drawing) Text(page int) string {
	var b strings.Builder
	for _, layer := range [][]mark{d.pages[page].fixed, d.pages[page].own} {
		for i := range layer {
			if l := layer[i].line; l != nil {
				for j := range l.runs {
					b.WriteString(string(l.runs[j].text))
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
	for _, s := range d.pages {
		for i := range s.own {
			m := &s.own[i]
			var b Box
			switch {
			case m.line != nil:
				b = m.line.box
			case m.picture != nil:
				b = m.picture.box
			default:
				continue
			}
			if b.X < 0 || b.Y < 0 || b.X+b.W > s.width || b.Y+b.H > s.height {
				out = append(out, b.String())
			}
		}
	}
	return out
}

// AppendMM and ParseLength are two sides of one form.
var (
	AppendMM    = appendMM
	ParseLength = parseLength
	Visible     = visible
)
