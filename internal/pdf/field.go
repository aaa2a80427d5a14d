package pdf

import (
	"strings"
	"unicode/utf16"
)

// Field is a terminal field of the form (12.7.4).
type Field struct {
	Name  string // fully qualified
	Ref   Ref    // zero: it is no object of its own
	Dict  Dict
	Flags int64 // Ff, own or inherited
}

// inherited is what a field has from those above it.
type inherited struct {
	name  string
	kind  Object
	flags int64
}

// SignatureFields are the signature fields of the form, signed or not.
func (f *File) SignatureFields() ([]Field, error) {
	w, err := f.walkFields()
	if err != nil {
		return nil, err
	}
	return w.found, nil
}

// otherFields are the fields of other kinds.
func (f *File) otherFields() ([]Field, error) {
	w, err := f.walkFields()
	if err != nil {
		return nil, err
	}
	return w.others, nil
}

func (f *File) walkFields() (*fieldWalk, error) {
	w := &fieldWalk{f: f, seen: map[Ref]bool{}}
	catalog, err := f.catalog()
	if err != nil {
		return nil, err
	}
	form, err := f.dict(catalog["AcroForm"])
	if err != nil || form == nil {
		return w, err
	}
	fields, err := f.array(form["Fields"])
	if err != nil {
		return nil, err
	}
	return w, w.all(fields, inherited{}, 0)
}

// fieldWalk goes through the tree of fields. A field that is met twice makes a circle, or two fields of one.
type fieldWalk struct {
	f      *File
	seen   map[Ref]bool
	count  int
	found  []Field
	others []Field // of other kinds
}

func (w *fieldWalk) all(list Array, above inherited, depth int) error {
	if depth > maxTreeDepth {
		return refuse(ReasonStructure, "fields more than %d deep", maxTreeDepth)
	}
	for _, o := range list {
		if err := w.one(o, above, depth); err != nil {
			return err
		}
	}
	return nil
}

func (w *fieldWalk) one(o Object, above inherited, depth int) error {
	ref, isRef := o.(Ref)
	if w.count++; w.count > maxFields || isRef && w.seen[ref] {
		return refuse(ReasonStructure, "fields in a circle, or more than %d", maxFields)
	}
	if isRef {
		w.seen[ref] = true
	}
	d, err := w.f.dict(o)
	if err != nil || d == nil {
		return err
	}
	if err := w.inherit(&above, d); err != nil {
		return err
	}
	kids, err := w.f.array(d["Kids"])
	if err != nil {
		return err
	}
	if named, err := w.haveFields(kids); err != nil || named {
		if err != nil {
			return err
		}
		return w.all(kids, above, depth+1)
	}
	if above.kind == Name("Sig") {
		w.found = append(w.found, Field{above.name, ref, d, above.flags})
	} else {
		w.others = append(w.others, Field{above.name, ref, d, above.flags})
	}
	return nil
}

// inherit adds what a field says itself.
func (w *fieldWalk) inherit(above *inherited, d Dict) error {
	kind, err := w.f.Resolve(d["FT"])
	if err != nil {
		return err
	}
	if kind != nil {
		above.kind = kind
	}
	flags, err := w.f.Resolve(d["Ff"])
	if err != nil {
		return err
	}
	above.flags = intOr(flags, above.flags)
	part, err := w.f.Resolve(d["T"])
	if s, ok := part.(*String); ok {
		above.name = strings.TrimPrefix(above.name+"."+Text(s.Value), ".")
	}
	return err
}

// haveFields tells fields below from mere widgets, which have no name.
func (w *fieldWalk) haveFields(kids Array) (bool, error) {
	for _, o := range kids {
		d, err := w.f.dict(o)
		if err != nil {
			return false, err
		}
		if d["T"] != nil || d["FT"] != nil || d["Kids"] != nil {
			return true, nil
		}
	}
	return false, nil
}

// Text reads a text string: UTF-16 with its mark, UTF-8 with its mark, else one octet for each character (7.9.2.2), of
// which only ASCII is read here.
func Text(b []byte) string {
	s := string(b)
	switch {
	case strings.HasPrefix(s, "\xfe\xff"):
		units := make([]uint16, 0, len(b)/2)
		for i := 2; i+1 < len(b); i += 2 {
			units = append(units, uint16(b[i])<<8|uint16(b[i+1]))
		}
		return string(utf16.Decode(units))
	case strings.HasPrefix(s, "\xef\xbb\xbf"):
		return strings.ToValidUTF8(s[3:], "\uFFFD")
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}
