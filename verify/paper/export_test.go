package paper

import "strings"

// Text gives the characters of a page, line by line, in the order of reading.
func (d *Drawing) Text(number int) string {
	var b strings.Builder
	for _, m := range d.book.Sheets[number].Own {
		if m.Line == nil {
			continue
		}
		for _, r := range m.Line.Runs {
			b.WriteString(string(r.Text))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Apart gives the digests that stand on another page than the name before them.
func (d *Drawing) Apart(names, digests []string) (out []string) {
	for page := range d.book.Sheets {
		text := d.Text(page)
		for i, sum := range digests {
			if strings.Contains(text, sum) && !strings.Contains(text, names[i]) {
				out = append(out, names[i])
			}
		}
	}
	return out
}

// Outside gives the lines that leave their page.
func (d *Drawing) Outside() []string {
	var out []string
	for _, s := range d.book.Sheets {
		for _, m := range s.Own {
			if m.Line == nil {
				continue
			}
			if b := m.Line.Box; b.X < 0 || b.Y < 0 || b.X+b.W > s.Width || b.Y+b.H > s.Height {
				out = append(out, b.String())
			}
		}
	}
	return out
}
