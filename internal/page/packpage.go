package page

import (
	"fmt"
	"strconv"
)

// page writes a page and the template page below it.
func (p *packing) page(i int) {
	s := p.book.Sheets[i]
	var below string
	if id := p.tplIDs[i]; id != 0 {
		w := &pageWriter{p: p, page: 0}
		w.open(s, "", "Background")
		w.layer(s.Fixed)
		p.file(fmt.Sprintf("Doc_0/Tpls/Tpl_%d/Content.xml", i), w.close())
		below = fmt.Sprintf(`<ofd:Template TemplateID="%d" ZOrder="Background"/>`, id)
	}
	w := &pageWriter{p: p, page: p.pageIDs[i]}
	w.open(s, below, "Body")
	w.layer(s.Own)
	p.file(fmt.Sprintf("Doc_0/Pages/Page_%d/Content.xml", i), w.close())
}

// pageWriter writes the objects of one page.
type pageWriter struct {
	p    *packing
	b    []byte
	page int // 0: a template, which nothing refers to
	all  Box
}

// usualPage is the size of a page with a code or an ornament, in bytes.
const usualPage = 24 << 10

func (w *pageWriter) open(s *Sheet, below, layer string) {
	w.all = s.box()
	w.b = append(make([]byte, 0, usualPage), xmlHead...)
	w.b = append(w.b, "<ofd:Page"+ofdSpace+">"+below+"<ofd:Area><ofd:PhysicalBox>"+w.all.String()+
		`</ofd:PhysicalBox></ofd:Area><ofd:Content><ofd:Layer ID="`+strconv.Itoa(w.p.id())+`" Type="`+layer+`">`...)
}

func (w *pageWriter) close() []byte { return append(w.b, "</ofd:Layer></ofd:Content></ofd:Page>"...) }

func (w *pageWriter) layer(marks []Mark) {
	for i := range marks {
		m := &marks[i]
		switch {
		case m.Shape != nil:
			w.shape(m.Shape)
		case m.Line != nil:
			for j := range m.Line.Runs {
				w.tag(m, w.text(m.Line, &m.Line.Runs[j]))
			}
		case m.Picture != nil:
			w.tag(m, w.picture(m.Picture))
		}
	}
}

func (w *pageWriter) tag(m *Mark, object int) {
	if w.page == 0 {
		return
	}
	for _, f := range m.Fields {
		w.p.objects = append(w.p.objects, tag{f, w.page, object})
	}
}

// object begins <ofd:kind ID=… Boundary=…, without closing the tag.
func (w *pageWriter) object(kind string, b Box) int {
	id := w.p.id()
	w.b = append(append(append(w.b, "<ofd:"...), kind...), ` ID="`...)
	w.b = append(strconv.AppendInt(w.b, int64(id), 10), `" Boundary="`...)
	w.box(b)
	w.b = append(w.b, '"')
	return id
}

func (w *pageWriter) box(b Box) {
	for i, v := range [4]int{b.X, b.Y, b.W, b.H} {
		if i > 0 {
			w.b = append(w.b, ' ')
		}
		w.b = AppendMM(w.b, v)
	}
}

func (w *pageWriter) color(element string, c Color) {
	w.b = append(append(append(w.b, "<ofd:"...), element...), ` Value="`...)
	for i, v := range c {
		if i > 0 {
			w.b = append(w.b, ' ')
		}
		w.b = strconv.AppendInt(w.b, int64(v), 10)
	}
	w.b = append(w.b, `"/>`...)
}

func (w *pageWriter) shape(s *Shape) {
	box := s.Box
	if box == (Box{}) {
		box = w.all
	}
	w.object("PathObject", box)
	if s.Unit != 0 {
		w.b = append(AppendMM(append(w.b, ` CTM="`...), s.Unit), " 0 0 "...)
		w.b = append(AppendMM(w.b, s.Unit), ` 0 0"`...)
	}
	if s.Fill {
		w.b = append(w.b, ` Fill="true" Stroke="false">`...)
		w.color("FillColor", s.Color)
	} else {
		w.b = append(AppendMM(append(w.b, ` LineWidth="`...), s.Stroke), `">`...)
		w.color("StrokeColor", s.Color)
	}
	w.b = append(w.b, "<ofd:AbbreviatedData>"...)
	if s.data != nil {
		w.b = append(w.b, s.data...)
	} else {
		w.b = s.appendPath(w.b)
	}
	w.b = append(w.b, "</ofd:AbbreviatedData></ofd:PathObject>"...)
}

// appendPath writes an outline as GB/T 33190 has it.
func (s *Shape) appendPath(b []byte) []byte {
	unit := MM
	if s.Unit != 0 {
		unit = s.Unit
	}
	for i := range s.Path {
		st := &s.Path[i]
		if i > 0 {
			b = append(b, ' ')
		}
		if st.Op == 'Z' {
			b = append(b, 'C') // of this format: close
			continue
		}
		b = append(b, st.Op)
		for _, at := range st.points() {
			b = AppendMM(append(b, ' '), (at.X-s.Box.X)*MM/unit)
			b = AppendMM(append(b, ' '), (at.Y-s.Box.Y)*MM/unit)
		}
	}
	return b
}

// text writes one run. Every character has its place, so that a page looks alike whatever font its reader takes.
func (w *pageWriter) text(l *Line, r *Run) int {
	width := 0
	for _, a := range r.Advances {
		width += a
	}
	id := w.object("TextObject", Box{r.X, l.Box.Y, width, l.Box.H})
	w.b = append(w.b, ` Font="`...)
	w.b = strconv.AppendInt(w.b, int64(w.p.fontIDs[r.font]), 10)
	w.b = append(AppendMM(append(w.b, `" Size="`...), l.Size), `">`...)
	w.color("FillColor", l.Color)
	w.b = append(AppendMM(append(w.b, `<ofd:TextCode X="0" Y="`...), l.Base-l.Box.Y), '"')
	if len(r.Text) > 1 {
		w.b = append(AppendDeltas(append(w.b, ` DeltaX="`...), r.Advances[:len(r.Text)-1]), '"')
	}
	w.b = AppendEscaped(append(w.b, '>'), string(r.Text))
	w.b = append(w.b, "</ofd:TextCode></ofd:TextObject>"...)
	return id
}

// AppendDeltas writes distances, three and more alike as "g count distance".
func AppendDeltas(b []byte, list []int) []byte {
	for i := 0; i < len(list); {
		n := 1
		for i+n < len(list) && list[i+n] == list[i] {
			n++
		}
		if i > 0 {
			b = append(b, ' ')
		}
		if n >= 3 {
			b = append(strconv.AppendInt(append(b, "g "...), int64(n), 10), ' ')
		} else {
			n = 1
		}
		b = AppendMM(b, list[i])
		i += n
	}
	return b
}

func (w *pageWriter) picture(p *Placed) int {
	id := w.object("ImageObject", p.Box)
	w.b = fmt.Appendf(w.b, ` CTM="%s 0 0 %s 0 0" ResourceID="%d"/>`, FormatMM(p.Box.W), FormatMM(p.Box.H),
		w.p.imageIDs[p.Picture.digest])
	return id
}
