package document

import (
	"fmt"
	"slices"
	"strings"
)

// composer lays out one licence.
type composer struct {
	drawer   *Drawer
	face     *face
	licence  *Licence
	template *Template
	images   map[string]*picture
	sheets   []*sheet
	seals    []Place
	annex    []annexed
	attached []int // scans that are no pictures
	lost     map[rune]bool
}

// annexed is a value that did not fit its place.
type annexed struct {
	label, text string
	fields      []string
}

// seeAnnex stands in the place of a value that is on an annex.
const seeAnnex = "（见附页）"

func (c *composer) missing() []rune {
	out := make([]rune, 0, len(c.lost))
	for char := range c.lost {
		out = append(out, char)
	}
	slices.Sort(out)
	return out
}

func (c *composer) compose() error {
	c.lost = make(map[rune]bool)
	if err := c.page(&c.template.Front, "front"); err != nil {
		return err
	}
	if c.template.Back != nil {
		if err := c.page(c.template.Back, "back"); err != nil {
			return err
		}
	}
	c.appendAnnex()
	c.appendScans()
	if len(c.sheets) > MaxPages {
		return fmt.Errorf("%w: more than %d pages", ErrLicence, MaxPages)
	}
	return nil
}

// page draws one side of the template.
func (c *composer) page(p *Page, side string) error {
	s := &sheet{width: p.Width, height: p.Height, side: side}
	c.sheets = append(c.sheets, s)
	s.fixed = slices.Clone(c.drawer.frames[p])
	if err := c.photo(s, p.Photo); err != nil {
		return err
	}
	if err := c.qr(s, p.QR); err != nil {
		return err
	}
	for i := range p.Tables {
		c.table(s, &p.Tables[i])
	}
	for i := range p.Texts {
		c.text(s, &p.Texts[i])
	}
	if p.Seal != nil {
		c.seals = append(c.seals, Place{len(c.sheets) - 1, *p.Seal})
	}
	return nil
}

// text draws words and values in a box.
func (c *composer) text(s *sheet, t *Text) {
	words, used, empty := c.face.expand(t.Text)
	if empty || words == "" {
		return
	}
	st := style{title: t.Title, size: t.Size, spacing: t.Spacing, color: t.Color, align: t.Align, middle: t.Middle}
	lines, size, ok := c.fit(words, t.Box, st, t.Least)
	if !ok {
		label := ""
		if len(used) > 0 {
			label = c.face.label(used[0])
		}
		c.annex = append(c.annex, annexed{label, words, used})
		lines, size, _ = c.fit(seeAnnex, t.Box, st, minSize)
	}
	st.spacing = st.spacing * size / st.size
	st.size = size
	c.addLines(s, set(lines, t.Box, st), used, !strings.Contains(t.Text, "{"))
}

func (c *composer) addLines(s *sheet, lines []line, fields []string, fixed bool) {
	for i := range lines {
		s.add(fixed, mark{line: &lines[i], fields: fields})
	}
}

// photo draws a picture of the licence; its place stays empty if there is none.
func (c *composer) photo(s *sheet, p *Photo) error {
	if p == nil {
		return nil
	}
	data, ok := c.licence.Images[p.Field]
	if !ok {
		s.add(true, mark{shape: &shape{path: rectangle(p.Box), stroke: mm / 5, color: Color{170, 170, 170}}})
		return nil
	}
	image, err := c.picture(data)
	if err != nil {
		return fmt.Errorf("%w of %s", err, p.Field)
	}
	s.add(false, mark{picture: &placed{image.within(p.Box), image}, fields: []string{p.Field}})
	return nil
}
