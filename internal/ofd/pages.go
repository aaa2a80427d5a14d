package ofd

import (
	"math"
	"strconv"
	"strings"
)

// Content is what a document's root file says (GB/T 33190-2016, 7.5): pages in order and what lies beside them.
type Content struct {
	MaxUnitID   string
	Area        Box // PhysicalBox of PageArea: the size of pages that have none of their own, millimetres
	Templates   []Page
	Pages       []Page
	Resources   []string // PublicRes and DocumentRes
	Annotations string   // Annotations.xml
	Attachments string   // Attachments.xml
	CustomTags  string   // CustomTags.xml
	Tolerances  Tolerances
}

// Page is a page or template page.
type Page struct{ ID, File string }

// Box is "x y w h" in millimetres, from the upper left corner.
type Box struct{ X, Y, W, H float64 }

const maxPages = 8192

// Content reads the root file of a document, or of one of its versions.
func (p *Package) Content(root string) (*Content, error) {
	b, err := p.readXML(root)
	if err != nil {
		return nil, err
	}
	x, err := newScanner(root, b)
	if err != nil {
		return nil, err
	}
	if err := x.root("Document"); err != nil {
		return nil, err
	}
	c := &Content{}
	once := x.once()
	err = x.children(func(name string) error {
		if err := once(name); err != nil {
			return err
		}
		return p.readContent(x, c, name)
	})
	if err != nil {
		return nil, err
	}
	c.Tolerances |= x.tolerances
	if err := x.finish(); err != nil {
		return nil, err
	}
	return c, nil
}

func (p *Package) readContent(x *scanner, c *Content, name string) error {
	switch name {
	case "CommonData":
		once := x.once()
		return x.children(func(name string) error {
			if name == "MaxUnitID" || name == "PageArea" {
				if err := once(name); err != nil {
					return err
				}
			}
			return p.readCommon(x, c, name)
		})
	case "Pages":
		return x.children(func(name string) error { return p.readPage(x, c, &c.Pages, name == "Page") })
	case "Annotations":
		return p.readFile(x, c, &c.Annotations)
	case "Attachments":
		return p.readFile(x, c, &c.Attachments)
	case "CustomTags":
		return p.readFile(x, c, &c.CustomTags)
	}
	return x.skip()
}

func (p *Package) readCommon(x *scanner, c *Content, name string) (err error) {
	switch name {
	case "MaxUnitID":
		c.MaxUnitID, err = x.textOf()
		return err
	case "PageArea":
		c.Area, err = readArea(x)
		return err
	case "TemplatePage":
		return p.readPage(x, c, &c.Templates, true)
	case "PublicRes", "DocumentRes":
		var file string
		if err := p.readFile(x, c, &file); err != nil {
			return err
		}
		if file != "" {
			c.Resources = append(c.Resources, file)
		}
		return nil
	}
	return x.skip()
}

// readFile reads a path to a file that need not be there: what is missing is seen by whoever needs it.
func (p *Package) readFile(x *scanner, c *Content, out *string) error {
	location, err := x.textOf()
	if err != nil {
		return err
	}
	if err := p.follow(x.file, location, out, &c.Tolerances); !isMissing(err) {
		return err
	}
	return nil
}

func (p *Package) readPage(x *scanner, c *Content, pages *[]Page, isPage bool) error {
	if !isPage {
		return x.skip()
	}
	if len(*pages) == maxPages {
		return refuse(ReasonLimit, "%s: more than %d pages", x.file, maxPages)
	}
	var page Page
	var location string
	if err := x.read(map[string]*string{"ID": &page.ID, "BaseLoc": &location}); err != nil {
		return err
	}
	if err := p.follow(x.file, location, &page.File, &c.Tolerances); err != nil {
		return err
	}
	*pages = append(*pages, page)
	return x.skip()
}

// readArea reads the PhysicalBox of an area.
func readArea(x *scanner) (box Box, err error) {
	err = x.children(func(name string) error {
		if name != "PhysicalBox" {
			return x.skip()
		}
		text, err := x.textOf()
		if err != nil {
			return err
		}
		box, err = ParseBox(text)
		return err
	})
	return box, err
}

// ParseBox reads a box, which must have a size.
func ParseBox(s string) (Box, error) {
	v, ok := parseNumbers(s)
	if !ok || len(v) != 4 || v[2] <= 0 || v[3] <= 0 {
		return Box{}, refuse(ReasonStructure, "box %q", s)
	}
	return Box{X: v[0], Y: v[1], W: v[2], H: v[3]}, nil
}

// String writes the box as GB/T 33190 does, to a thousandth of a millimetre.
func (b Box) String() string {
	return number(b.X) + " " + number(b.Y) + " " + number(b.W) + " " + number(b.H)
}

func number(v float64) string {
	s := strconv.FormatFloat(v, 'f', 3, 64)
	s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	if s == "-0" {
		return "0"
	}
	return s
}

// maxNumber is beyond every length on a page.
const maxNumber = 1e9

func parseNumbers(s string) (out []float64, ok bool) {
	for f := range strings.FieldsSeq(s) {
		v, err := strconv.ParseFloat(f, 64)
		if err != nil || math.IsNaN(v) || math.Abs(v) > maxNumber {
			return nil, false
		}
		out = append(out, v)
	}
	return out, true
}
