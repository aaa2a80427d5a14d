package document

import (
	"strconv"

	"github.com/elicense/elicense/vault/catalogue"
)

// The pages that hold what had no place on the template: values in full, scans of the paper.
const (
	annexMargin = 18 * mm
	annexTop    = 42 * mm
	annexSize   = 4 * mm
	scanWidth   = 210 * mm
	scanHeight  = 297 * mm
)

// appendAnnex draws the values that did not fit, one after the other, on as many pages as they need.
func (c *composer) appendAnnex() {
	if len(c.annex) == 0 {
		return
	}
	front := &c.template.Front
	width := front.Width - 2*annexMargin
	size := annexSize
	if front.Width < 150*mm {
		size = annexSize * 3 / 4
	}
	a := &annexPages{c: c, width: front.Width, height: front.Height, size: size}
	for _, e := range c.annex {
		label := style{size: size, align: AlignLeft, color: Color{90, 90, 90}}
		a.add(wrap(c.letters(e.label+"：", label), width), label, nil)
		value := style{size: size, align: AlignLeft}
		a.add(wrap(c.letters(e.text, value), width), value, e.fields)
		a.y += size
	}
}

// annexPages fills pages from top to bottom.
type annexPages struct {
	c             *composer
	width, height int
	size          int
	sheet         *sheet
	pages, y      int
}

func (a *annexPages) add(lines [][]letter, st style, fields []string) {
	for _, l := range lines {
		if a.sheet == nil || a.y+leading(a.size) > a.height-annexMargin {
			a.next()
		}
		if len(l) > 0 {
			at := Box{annexMargin, a.y, a.width - 2*annexMargin, st.size * 6 / 5}
			set := setLine(l, at, st)
			a.sheet.add(false, mark{line: &set, fields: fields})
		}
		a.y += leading(st.size)
	}
}

// next begins a page with what it belongs to.
func (a *annexPages) next() {
	a.pages++
	top := min(annexTop, a.height/3)
	a.sheet = &sheet{width: a.width, height: a.height}
	a.y = top
	c := a.c
	c.sheets = append(c.sheets, a.sheet)
	title := style{title: true, size: a.size * 2, align: AlignCenter}
	heads := wrap(c.letters(c.face.show(catalogue.MetaTypeName)+"附页", title), a.width)
	c.addLines(a.sheet, set(heads[:1], Box{0, top - 5*a.size, a.width, a.size * 3}, title), nil, false)
	small := style{size: a.size * 3 / 4, align: AlignRight, color: Color{90, 90, 90}}
	text := c.face.label(catalogue.MetaNumber) + "：" + c.face.show(catalogue.MetaNumber) + "　第 " +
		strconv.Itoa(a.pages) + " 页"
	note := wrap(c.letters(text, small), a.width-2*annexMargin)
	at := Box{annexMargin, top - 2*a.size, a.width - 2*annexMargin, a.size}
	c.addLines(a.sheet, set(note[:1], at, small), nil, false)
	y := top - a.size/2
	a.sheet.add(false, mark{shape: &shape{
		path:   segment(point{annexMargin, y}, point{a.width - annexMargin, y}),
		stroke: mm / 5, color: Color{120, 120, 120},
	}})
}

// appendScans puts each scan of the paper on a page of its own. What is no sound JPEG or PNG becomes an attachment:
// that a scan cannot be shown is no reason against the licence.
func (c *composer) appendScans() {
	for i, data := range c.licence.Scans {
		image, err := c.picture(data)
		if err != nil {
			c.attached = append(c.attached, i)
			continue
		}
		s := &sheet{width: scanWidth, height: scanHeight}
		if image.width > image.height {
			s.width, s.height = s.height, s.width
		}
		box := Box{10 * mm, 10 * mm, s.width - 20*mm, s.height - 26*mm}
		s.add(false, mark{picture: &placed{image.within(box), image}})
		st := style{size: 3 * mm, align: AlignCenter, color: Color{90, 90, 90}}
		text := "纸质证照扫描件　第 " + strconv.Itoa(i+1) + " 页"
		lines := wrap(c.letters(text, st), s.width)
		c.addLines(s, set(lines[:1], Box{0, s.height - 12*mm, s.width, 4 * mm}, st), nil, false)
		c.sheets = append(c.sheets, s)
	}
}
