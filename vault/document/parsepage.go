package document

import (
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

func sortedNames(known keys) string { return strings.Join(slices.Sorted(maps.Keys(known)), ", ") }

func (r *reader) template(root *yaml.Node, t *Template) {
	r.mapping(root, "", keys{
		"format": func(n *yaml.Node, path string) {
			if n.Value != Format {
				r.add(n, Problem{Code: CodeFormat, Path: path, Found: n.Value, Want: Format})
			}
		},
		"fonts": func(n *yaml.Node, path string) {
			r.mapping(n, path, keys{"title": r.text(&t.Title), "body": r.text(&t.Body)})
		},
		"front": func(n *yaml.Node, path string) { r.page(n, path, &t.Front) },
		"back": func(n *yaml.Node, path string) {
			t.Back = &Page{}
			r.page(n, path, t.Back)
		},
	}, "format", "front")
}

func (r *reader) page(n *yaml.Node, path string, p *Page) {
	p.Frame = Frame{Style: FrameNone, Tint: Color{255, 255, 255}}
	r.mapping(n, path, keys{
		"size": func(n *yaml.Node, path string) {
			if n.Kind != yaml.SequenceNode || len(n.Content) != 2 {
				r.add(n, Problem{Code: CodeBox, Path: path})
				return
			}
			r.length(minPage, maxPage, &p.Width)(n.Content[0], path+"[0]")
			r.length(minPage, maxPage, &p.Height)(n.Content[1], path+"[1]")
		},
		"frame": func(n *yaml.Node, path string) { r.frame(n, path, &p.Frame) },
		"texts": r.list(maxTexts, func(n *yaml.Node, path string) {
			p.Texts = append(p.Texts, r.words(n, path))
		}),
		"tables": r.list(maxTables, func(n *yaml.Node, path string) {
			p.Tables = append(p.Tables, r.table(n, path))
		}),
		"photo": func(n *yaml.Node, path string) {
			p.Photo = &Photo{}
			r.mapping(n, path, keys{"field": r.text(&p.Photo.Field), "box": r.box(&p.Photo.Box)}, "field", "box")
		},
		"qr": func(n *yaml.Node, path string) {
			p.QR = &Box{}
			r.box(p.QR)(n, path)
		},
		"seal": func(n *yaml.Node, path string) {
			p.Seal = &Box{}
			r.box(p.Seal)(n, path)
		},
	}, "size")
}

func (r *reader) frame(n *yaml.Node, path string, f *Frame) {
	r.mapping(n, path, keys{
		"style":   choice(r, &f.Style, FrameNone, FrameDouble, FrameGuilloche),
		"margin":  r.length(0, 50*mm, &f.Margin),
		"color":   r.color(&f.Color),
		"tint":    r.color(&f.Tint),
		"rosette": r.flag(&f.Rosette),
	}, "style")
}

func (r *reader) words(n *yaml.Node, path string) Text {
	t := Text{Align: AlignLeft}
	font := "body"
	r.mapping(n, path, keys{
		"text":    r.text(&t.Text),
		"box":     r.box(&t.Box),
		"size":    r.length(minSize, maxSize, &t.Size),
		"least":   r.length(minSize, maxSize, &t.Least),
		"font":    choice(r, &font, "body", "title"),
		"align":   choice(r, &t.Align, AlignLeft, AlignCenter, AlignRight, AlignSpread),
		"middle":  r.flag(&t.Middle),
		"spacing": r.length(0, maxSize, &t.Spacing),
		"color":   r.color(&t.Color),
	}, "text", "box", "size")
	t.Title = font == "title"
	return t
}

func (r *reader) table(n *yaml.Node, path string) Table {
	t := Table{Style: TablePlain}
	r.mapping(n, path, keys{
		"box":    r.box(&t.Box),
		"style":  choice(r, &t.Style, TablePlain, TableLines, TableGrid),
		"size":   r.length(minSize, maxSize, &t.Size),
		"least":  r.length(minSize, maxSize, &t.Least),
		"label":  r.length(0, maxPage, &t.Label),
		"spread": r.flag(&t.Spread),
		"color":  r.color(&t.Ink),
		"rows": r.list(maxTexts, func(n *yaml.Node, path string) {
			var row []Cell
			r.list(maxCells, func(n *yaml.Node, path string) { row = append(row, r.cell(n, path)) })(n, path)
			t.Rows = append(t.Rows, row)
		}),
		"rest": r.flag(&t.Rest),
		"drop": r.flag(&t.Drop),
	}, "box", "size", "label")
	return t
}

// cell reads an element's short name, or a label and a text.
func (r *reader) cell(n *yaml.Node, path string) Cell {
	var c Cell
	if n.Kind == yaml.MappingNode {
		r.mapping(n, path, keys{"label": r.text(&c.Label), "text": r.text(&c.Text)}, "text")
		return c
	}
	var name string
	r.text(&name)(n, path)
	c.Text = "{" + name + "}"
	return c
}
