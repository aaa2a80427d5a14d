package document

import (
	"fmt"
	"strconv"
)

// page writes a page and the template page below it.
func (p *composition) page(i int) {
	s := p.d.pages[i]
	var below string
	if id := p.tplIDs[i]; id != 0 {
		w := &pageWriter{p: p, page: 0}
		w.open(s, "", "Background")
		w.layer(s.fixed)
		p.file(fmt.Sprintf("Doc_0/Tpls/Tpl_%d/Content.xml", i), w.close())
		below = fmt.Sprintf(`<ofd:Template TemplateID="%d" ZOrder="Background"/>`, id)
	}
	w := &pageWriter{p: p, page: p.pageIDs[i]}
	w.open(s, below, "Body")
	w.layer(s.own)
	p.file(fmt.Sprintf("Doc_0/Pages/Page_%d/Content.xml", i), w.close())
}

// pageWriter writes the objects of one page.
type pageWriter struct {
	p    *composition
	b    []byte
	page int // 0: a template, which nothing refers to
	all  Box
}

// usualPage is the size of a page with a code or an ornament, in bytes.
const usualPage = 24 << 10

func (w *pageWriter) open(s *sheet, below, layer string) {
	w.all = s.box()
	w.b = append(make([]byte, 0, usualPage), xmlHead...)
	w.b = append(w.b, "<ofd:Page"+ofdSpace+">"+below+"<ofd:Area><ofd:PhysicalBox>"+w.all.String()+
		`</ofd:PhysicalBox></ofd:Area><ofd:Content><ofd:Layer ID="`+strconv.Itoa(w.p.id())+`" Type="`+layer+`">`...)
}

func (w *pageWriter) close() []byte { return append(w.b, "</ofd:Layer></ofd:Content></ofd:Page>"...) }

func (w *pageWriter) layer(marks []mark) {
	for i := range marks {
		m := &marks[i]
		switch {
		case m.shape != nil:
			w.shape(m.shape)
		case m.line != nil:
			for j := range m.line.runs {
				w.tag(m, w.text(m.line, &m.line.runs[j]))
			}
		case m.picture != nil:
			w.tag(m, w.picture(m.picture))
		}
	}
}

func (w *pageWriter) tag(m *mark, object int) {
	if w.page == 0 {
		return
	}
	for _, f := range m.fields {
		if f != elementBasis {
			w.p.objects = append(w.p.objects, tag{f, w.page, object})
		}
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
		w.b = appendMM(w.b, v)
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

func (w *pageWriter) shape(s *shape) {
	w.object("PathObject", w.all)
	if s.fill {
		w.b = append(w.b, ` Fill="true" Stroke="false">`...)
		w.color("FillColor", s.color)
	} else {
		w.b = append(appendMM(append(w.b, ` LineWidth="`...), s.stroke), `">`...)
		w.color("StrokeColor", s.color)
	}
	w.b = append(w.b, "<ofd:AbbreviatedData>"...)
	if s.data != nil {
		w.b = append(w.b, s.data...)
	} else {
		w.b = appendPath(w.b, s.path)
	}
	w.b = append(w.b, "</ofd:AbbreviatedData></ofd:PathObject>"...)
}

// appendPath writes an outline as GB/T 33190 has it.
func appendPath(b []byte, path []step) []byte {
	for i := range path {
		st := &path[i]
		if i > 0 {
			b = append(b, ' ')
		}
		if st.op == 'Z' {
			b = append(b, 'C') // of this format: close
			continue
		}
		b = append(b, st.op)
		for _, at := range st.points() {
			b = appendMM(append(b, ' '), at.x)
			b = appendMM(append(b, ' '), at.y)
		}
	}
	return b
}

// text writes one run. Every character has its place, so that a page looks alike whatever font its reader takes.
func (w *pageWriter) text(l *line, r *run) int {
	width := 0
	for _, a := range r.advances {
		width += a
	}
	id := w.object("TextObject", Box{r.x, l.box.Y, width, l.box.H})
	w.b = append(w.b, ` Font="`...)
	w.b = strconv.AppendInt(w.b, int64(w.p.fontIDs[r.font]), 10)
	w.b = append(appendMM(append(w.b, `" Size="`...), l.size), `">`...)
	w.color("FillColor", l.color)
	w.b = append(appendMM(append(w.b, `<ofd:TextCode X="0" Y="`...), l.base-l.box.Y), '"')
	if len(r.text) > 1 {
		w.b = append(appendDeltas(append(w.b, ` DeltaX="`...), r.advances[:len(r.text)-1]), '"')
	}
	w.b = appendEscaped(append(w.b, '>'), string(r.text))
	w.b = append(w.b, "</ofd:TextCode></ofd:TextObject>"...)
	return id
}

// appendDeltas writes distances, three and more alike as "g count distance".
func appendDeltas(b []byte, list []int) []byte {
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
		b = appendMM(b, list[i])
		i += n
	}
	return b
}

func (w *pageWriter) picture(p *placed) int {
	id := w.object("ImageObject", p.box)
	w.b = fmt.Appendf(w.b, ` CTM="%s 0 0 %s 0 0" ResourceID="%d"/>`, formatMM(p.box.W), formatMM(p.box.H),
		w.p.imageIDs[p.image.digest])
	return id
}
