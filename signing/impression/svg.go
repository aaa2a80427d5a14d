package impression

import (
	"encoding/xml"
	"strconv"
	"strings"
)

// colour is the red of seal ink.
const colour = "#E60012"

// SVG is the picture as a document of outlines. It holds no script, no style and no reference, and the name as its
// title.
func (i *Impression) SVG() []byte {
	size := strconv.Itoa(i.sizeMM)
	var b strings.Builder
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" width="` + size + `mm" height="` + size +
		`mm" viewBox="0 0 ` + size + ` ` + size + `"><title>`)
	_ = xml.EscapeText(&b, []byte(i.title)) // a strings.Builder takes everything
	b.WriteString(`</title><path fill="` + colour + `" d="`)
	for _, s := range i.outlines {
		b.WriteByte(s.op)
		for j, p := range s.points[:s.count] {
			if j > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(decimal(p.x) + " " + decimal(p.y))
		}
	}
	b.WriteString("\"/></svg>\n")
	return []byte(b.String())
}

// decimal writes hundredths of a millimetre, in the shortest form.
func decimal(v float64) string {
	s := strings.TrimRight(strings.TrimRight(strconv.FormatFloat(v, 'f', 2, 64), "0"), ".")
	if s == "-0" || s == "" {
		return "0"
	}
	return s
}
