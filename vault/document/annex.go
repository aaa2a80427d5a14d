package document

import (
	"strconv"

	"github.com/elicense/elicense/internal/page"
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
		label := page.Style{Size: size, Align: AlignLeft, Color: Color{90, 90, 90}}
		a.add(page.Wrap(c.Letters(e.label+"：", label), width), label, nil)
		value := page.Style{Size: size, Align: AlignLeft}
		a.add(page.Wrap(c.Letters(e.text, value), width), value, e.fields)
		a.y += size
	}
}

// annexPages fills pages from top to bottom.
type annexPages struct {
	c             *composer
	width, height int
	size          int
	sheet         *page.Sheet
	pages, y      int
}

func (a *annexPages) add(lines [][]page.Letter, st page.Style, fields []string) {
	for _, l := range lines {
		if a.sheet == nil || a.y+page.Leading(a.size) > a.height-annexMargin {
			a.next()
		}
		if len(l) > 0 {
			at := Box{X: annexMargin, Y: a.y, W: a.width - 2*annexMargin, H: st.Size * 6 / 5}
			a.sheet.AddLines([]page.Line{page.SetLine(l, at, st)}, fields, false)
		}
		a.y += page.Leading(st.Size)
	}
}

// next begins a page with what it belongs to.
func (a *annexPages) next() {
	a.pages++
	top := min(annexTop, a.height/3)
	a.sheet = &page.Sheet{Width: a.width, Height: a.height}
	a.y = top
	c := a.c
	c.sheets = append(c.sheets, a.sheet)
	title := page.Style{Title: true, Size: a.size * 2, Align: AlignCenter}
	heads := page.Wrap(c.Letters(c.face.show(catalogue.MetaTypeName)+"附页", title), a.width)
	above := Box{Y: top - 5*a.size, W: a.width, H: a.size * 3}
	a.sheet.AddLines(page.Set(heads[:1], above, title), nil, false)
	small := page.Style{Size: a.size * 3 / 4, Align: AlignRight, Color: Color{90, 90, 90}}
	text := c.face.label(catalogue.MetaNumber) + "：" + c.face.show(catalogue.MetaNumber) + "　第 " +
		strconv.Itoa(a.pages) + " 页"
	note := page.Wrap(c.Letters(text, small), a.width-2*annexMargin)
	at := Box{X: annexMargin, Y: top - 2*a.size, W: a.width - 2*annexMargin, H: a.size}
	a.sheet.AddLines(page.Set(note[:1], at, small), nil, false)
	y := top - a.size/2
	a.sheet.Add(false, page.Mark{Shape: &page.Shape{
		Path:   page.Segment(page.Point{X: annexMargin, Y: y}, page.Point{X: a.width - annexMargin, Y: y}),
		Stroke: mm / 5, Color: Color{120, 120, 120},
	}})
}

// appendScans puts each scan of the paper on a page of its own. What is no sound JPEG or PNG becomes an attachment:
// that a scan cannot be shown is no reason against the licence.
func (c *composer) appendScans() {
	for i, data := range c.licence.Scans {
		image, err := picture(data)
		if err != nil {
			c.attached = append(c.attached, i)
			c.pointToScan(i)
			continue
		}
		s := &page.Sheet{Width: scanWidth, Height: scanHeight}
		if image.Width > image.Height {
			s.Width, s.Height = s.Height, s.Width
		}
		box := Box{X: 10 * mm, Y: 10 * mm, W: s.Width - 20*mm, H: s.Height - 26*mm}
		s.Add(false, page.Mark{Picture: &page.Placed{Box: image.Within(box), Picture: image}})
		c.caption(s, i, Box{Y: s.Height - 12*mm, W: s.Width, H: 4 * mm}, "")
		c.sheets = append(c.sheets, s)
	}
}

// pointToScan stands on the page of a scan that cannot be shown, so that nobody misses it.
func (c *composer) pointToScan(i int) {
	s := &page.Sheet{Width: scanWidth, Height: scanHeight}
	c.caption(s, i, Box{Y: s.Height / 3, W: s.Width, H: 4 * mm}, "　（见附件 "+scanFile(i, c.licence.Scans[i])+"）")
	c.sheets = append(c.sheets, s)
}

// caption names the i-th scan on its page.
func (c *composer) caption(s *page.Sheet, i int, b Box, more string) {
	st := page.Style{Size: 3 * mm, Align: AlignCenter, Color: Color{90, 90, 90}}
	lines := page.Wrap(c.Letters("纸质证照扫描件　第 "+strconv.Itoa(i+1)+" 份"+more, st), s.Width)
	s.AddLines(page.Set(lines[:1], b, st), nil, false)
}
