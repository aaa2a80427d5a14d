package document

import (
	"fmt"
	"slices"
	"strings"

	"github.com/elicense/elicense/internal/page"
)

// composer lays out one licence.
type composer struct {
	*page.Setter

	drawer   *Drawer
	face     *face
	licence  *Licence
	template *ready
	sheets   []*page.Sheet
	seals    []Place
	annex    []annexed
	attached []int // scans that are no pictures
}

// annexed is a value that did not fit its place.
type annexed struct {
	label, text string
	fields      []string
}

// seeAnnex stands in the place of a value that is on an annex.
const seeAnnex = "（见附页）"

func (c *composer) compose() error {
	if err := c.page(&c.template.Front); err != nil {
		return err
	}
	if c.template.Back != nil {
		if err := c.page(c.template.Back); err != nil {
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
func (c *composer) page(p *Page) error {
	s := &page.Sheet{Width: p.Width, Height: p.Height, Template: true}
	c.sheets = append(c.sheets, s)
	s.Fixed = slices.Clone(c.template.frames[p])
	if c.licence.specimen {
		c.markSpecimen(s)
	}
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
func (c *composer) text(s *page.Sheet, t *Text) {
	words, used, empty := c.face.expand(t.Text)
	if empty || words == "" {
		return
	}
	st := page.Style{
		Title: t.Title, Size: t.Size, Spacing: t.Spacing, Color: t.Color, Align: t.Align, Middle: t.Middle,
	}
	lines, size, ok := c.Fit(words, t.Box, st, t.Least)
	if !ok {
		label := ""
		if len(used) > 0 {
			label = c.face.label(used[0])
		}
		c.annex = append(c.annex, annexed{label, words, used})
		lines, size, _ = c.Fit(seeAnnex, t.Box, st, minSize)
	}
	st.Spacing = st.Spacing * size / st.Size
	st.Size = size
	s.AddLines(page.Set(lines, t.Box, st), used, !strings.Contains(t.Text, "{"))
}

// photo draws a picture of the licence; its place stays empty if there is none.
func (c *composer) photo(s *page.Sheet, p *Photo) error {
	if p == nil {
		return nil
	}
	data, ok := c.licence.Images[p.Field]
	if !ok {
		s.Add(true, page.Mark{Shape: &page.Shape{
			Path: page.Rectangle(p.Box), Stroke: mm / 5, Color: Color{170, 170, 170},
		}})
		return nil
	}
	image, err := picture(data)
	if err != nil {
		return fmt.Errorf("%w of %s", err, p.Field)
	}
	s.Add(false, page.Mark{
		Picture: &page.Placed{Box: image.Within(p.Box), Picture: image}, Fields: []string{p.Field},
	})
	return nil
}

// drawFrames draws the frames of a template's pages.
func drawFrames(t *Template) map[*Page][]page.Mark {
	out := make(map[*Page][]page.Mark)
	for _, p := range []*Page{&t.Front, t.Back} {
		if p != nil {
			out[p] = p.Frame.Marks(p.Width, p.Height)
		}
	}
	return out
}
