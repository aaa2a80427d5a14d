package document

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/elicense/elicense/internal/page"
	"github.com/elicense/elicense/vault/catalogue"
)

// elementBasis stands for the law that a type rests on; it is no element of a record.
const elementBasis = "basis"

var fieldName = regexp.MustCompile(`^KZ_[A-Z0-9]+(_[A-Z0-9]+)*$`)

// isElement reports whether a name can be an element of a licence.
func isElement(name string) bool {
	switch name {
	case elementBasis, catalogue.MetaTypeName, catalogue.MetaTypeCode:
		return true
	}
	return len(name) <= catalogue.MaxNameBytes && fieldName.MatchString(name) || isMeta(name)
}

var metaNames = func() []string {
	var out []string
	for _, m := range catalogue.Metadata() {
		out = append(out, m.Name)
	}
	return out
}()

func isMeta(name string) bool { return slices.Contains(metaNames, name) }

// piece is a part of a text: words as they stand, or an element.
type piece struct{ words, element string }

// split cuts a text at its braces; ok is false for a brace without its partner and for what is no element.
func split(text string) (list []piece, bad string) {
	for text != "" {
		words, rest, found := strings.Cut(text, "{")
		if strings.Contains(words, "}") {
			return nil, text
		}
		if words != "" {
			list = append(list, piece{words: words})
		}
		if !found {
			return list, ""
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed || !isElement(name) {
			return nil, name
		}
		list = append(list, piece{element: name})
		text = after
	}
	return list, ""
}

// check holds the rules that a well-formed template must keep.
func (r *reader) check(t *Template) {
	r.checkPage("front", &t.Front)
	if t.Back != nil {
		r.checkPage("back", t.Back)
	}
}

// problem adds a problem at the nearest place of a path.
func (r *reader) problem(path string, p Problem) {
	p.Path = path
	n := r.places[path]
	for at := path; n == nil && at != ""; n = r.places[at] {
		at = at[:max(0, strings.LastIndexAny(at, ".["))]
	}
	if n == nil {
		n = &yaml.Node{}
	}
	r.add(n, p)
}

func (r *reader) checkPage(path string, p *Page) {
	for i := range p.Texts {
		t := &p.Texts[i]
		at := path + ".texts[" + strconv.Itoa(i) + "]"
		r.inside(at+".box", p, t.Box)
		r.elements(at+".text", t.Text)
		r.sizes(at, t.Size, t.Least)
	}
	for i := range p.Tables {
		r.checkTable(path+".tables["+strconv.Itoa(i)+"]", p, &p.Tables[i])
	}
	if 3*p.Frame.Margin > min(p.Width, p.Height) {
		r.problem(path+".frame.margin", Problem{Code: CodeOutside, Want: pageName(p)})
	}
	r.checkPlaces(path, p)
}

// checkPlaces holds that what must stay readable has a place of its own.
func (r *reader) checkPlaces(path string, p *Page) {
	if p.Photo != nil {
		r.inside(path+".photo.box", p, p.Photo.Box)
		if !fieldName.MatchString(p.Photo.Field) {
			r.problem(path+".photo.field", Problem{Code: CodeElement, Found: p.Photo.Field})
		} else {
			r.ofType(path+".photo.field", p.Photo.Field, true)
		}
	}
	if p.QR != nil {
		r.inside(path+".qr", p, *p.QR)
		if side := min(p.QR.W, p.QR.H); side < minCode {
			want := page.FormatMM(minCode) + "–" + page.FormatMM(maxPage)
			r.problem(path+".qr", Problem{Code: CodeNotLength, Found: page.FormatMM(side), Want: want})
		}
		if p.Photo != nil && p.QR.Overlaps(p.Photo.Box) {
			r.problem(path+".qr", Problem{Code: CodeOverlap, Want: "photo"})
		}
	}
	if p.Seal == nil {
		return
	}
	r.inside(path+".seal", p, *p.Seal)
	if p.QR != nil && p.Seal.Overlaps(*p.QR) {
		r.problem(path+".seal", Problem{Code: CodeOverlap, Want: "qr"})
	}
}

func (r *reader) checkTable(path string, p *Page, t *Table) {
	r.inside(path+".box", p, t.Box)
	r.sizes(path, t.Size, t.Least)
	if t.Size > 0 && t.Label > t.Box.W/2 {
		r.problem(path+".label", Problem{
			Code: CodeNotLength, Found: page.FormatMM(t.Label), Want: "0–" + page.FormatMM(t.Box.W/2),
		})
	}
	for i, row := range t.Rows {
		at := path + ".rows[" + strconv.Itoa(i) + "]"
		if len(row) == 0 {
			r.problem(at, Problem{Code: CodeMissing})
		}
		if n := len(row); n > 0 && t.Box.W/n < t.Label+3*t.Size {
			r.problem(at, Problem{Code: CodeTooMany, Found: strconv.Itoa(n), Want: strconv.Itoa(n - 1)})
		}
		for j, c := range row {
			r.elements(at+"["+strconv.Itoa(j)+"]", c.Text)
		}
	}
}

func (r *reader) sizes(path string, size, least int) {
	if least > size {
		r.problem(path+".least", Problem{
			Code: CodeNotLength, Found: page.FormatMM(least), Want: "1–" + page.FormatMM(size),
		})
	}
}

func (r *reader) elements(path, text string) {
	list, bad := split(text)
	if bad != "" {
		r.problem(path, Problem{Code: CodeElement, Found: bad})
	}
	for _, p := range list {
		if p.element != "" {
			r.ofType(path, p.element, false)
		}
	}
}

// ofType holds that an element is one of the type's, and an image where a picture goes.
func (r *reader) ofType(path, element string, image bool) {
	if r.typ == nil || !image && !fieldName.MatchString(element) {
		return
	}
	field, known := r.typ.Field(element)
	switch {
	case !known:
		names := make([]string, len(r.typ.Fields))
		for i := range r.typ.Fields {
			names[i] = r.typ.Fields[i].Name + " " + r.typ.Fields[i].Label
		}
		r.problem(path, Problem{Code: CodeOtherElement, Found: element, Want: strings.Join(names, "、")})
	case image != (field.Kind == catalogue.KindImage):
		r.problem(path, Problem{Code: CodeNotPhoto, Found: element + " " + field.Label})
	}
}

func (r *reader) inside(path string, p *Page, b Box) {
	if b.X+b.W > p.Width || b.Y+b.H > p.Height {
		r.problem(path, Problem{Code: CodeOutside, Want: pageName(p)})
	}
}

func pageName(p *Page) string { return page.FormatMM(p.Width) + " × " + page.FormatMM(p.Height) }
