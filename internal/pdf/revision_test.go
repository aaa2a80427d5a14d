package pdf_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/pdf"
)

// shown writes out what a document shows: all that its catalog leads to but form and evidence, without the annotations
// behind the first so many of a page.
type shown struct {
	t    testing.TB
	f    *pdf.File
	out  bytes.Buffer
	path map[pdf.Ref]bool
	kept int
}

// whatIsShown gives it in words; two documents that show the same have the same.
func whatIsShown(t testing.TB, f *pdf.File, annotations int) string {
	t.Helper()
	w := &shown{t: t, f: f, path: map[pdf.Ref]bool{}, kept: annotations}
	root, err := f.Resolve(f.Trailer()["Root"])
	require.NoError(t, err)
	catalog, ok := root.(pdf.Dict)
	require.True(t, ok)
	catalog = maps.Clone(catalog)
	for _, k := range []pdf.Name{"AcroForm", "DSS", "Version", "Extensions", "Metadata"} {
		delete(catalog, k)
	}
	w.object(catalog)
	return w.out.String()
}

func (w *shown) object(o pdf.Object) {
	if w.out.Len() > 1<<20 {
		return
	}
	switch x := o.(type) {
	case pdf.Ref:
		if w.path[x] {
			w.out.WriteString("again ")
			return
		}
		w.path[x] = true
		o, err := w.f.Resolve(x)
		if err != nil {
			w.out.WriteString("unreadable ")
		} else {
			w.object(o)
		}
		delete(w.path, x)
	case pdf.Array:
		w.out.WriteByte('[')
		for _, e := range x {
			w.object(e)
		}
		w.out.WriteByte(']')
	case pdf.Dict:
		w.dict(x)
	case *pdf.Stream:
		w.dict(x.Dict)
		data, err := w.f.Data(x, 1<<20)
		fmt.Fprintf(&w.out, "%q %v ", data, err)
	case *pdf.String:
		fmt.Fprintf(&w.out, "%q ", x.Value)
	default:
		fmt.Fprintf(&w.out, "%T %v ", x, x)
	}
}

func (w *shown) dict(d pdf.Dict) {
	w.out.WriteString("<<")
	for _, k := range slices.Sorted(maps.Keys(d)) {
		v := d[k]
		if list, err := w.f.Resolve(v); err == nil && k == "Annots" && d["Type"] == pdf.Name("Page") {
			if a, ok := list.(pdf.Array); ok {
				v = a[:min(len(a), w.kept)]
			}
		}
		if v == nil {
			continue
		}
		fmt.Fprintf(&w.out, "%q ", k)
		w.object(v)
	}
	w.out.WriteString(">>")
}

// FuzzRevision puts two objects into a later revision: if nothing but what is recognised was changed, the document shows
// what it showed.
func FuzzRevision(f *testing.F) {
	docs := [][]byte{
		sign(f, plain(), nil),
		sign(f, form(), allowing(2)),
		sign(f, prepared("/AcroForm<</DR<</Font<</Helv 4 0 R>>>>/Fields[]>>/DSS<</X 5 0 R>>/Metadata 6 0 R", "/Contents[7 0 R 50 0 R]/Resources 8 0 R",
			"<</Type/Font>>", "[1 0 R 8 0 R]", stream("/Type/Metadata/Subtype/XML", "x"), stream("/Type/XRef", "/A Do"),
			"<</XObject<</A 1 0 R/B 9 0 R>>/Font 6 0 R>>", stream("/Type/ObjStm/N 0/First 0", "")), nil),
		sign(f, packed("5 0 R"), nil),
		sign(f, prepared("/DSS 6 0 R/Metadata 8 0 R", "/Contents 4 0 R/Annots 7 0 R/Resources<</ExtGState<</A 6 0 R>>>>", stream("", "/A gs"), "<</S/Alpha>>",
			"<</SMask 5 0 R/Certs 9 0 R>>", "[]", stream("/Type/Metadata/Subtype/XML", "x"), "[]"), nil),
		sign(f, prepared("/AcroForm 4 0 R/DSS<</Certs 9 0 R/CRLs 10 0 R>>", "/Annots[5 0 R]/Resources 11 0 R",
			"<</Fields[5 0 R]/DR 11 0 R>>", "<</Subtype/Widget/FT/Tx/T(a)/Rect[0 0 9 9]/AP 6 0 R>>", "<</N 7 0 R>>", stream(drawing, "f"), "<</Type/Font>>",
			"[]", "[9 0 R]", "<</Font<</Helv 8 0 R>>/XObject 6 0 R>>"), allowing(2)),
	}
	before := make([]string, len(docs))
	for i, doc := range docs {
		before[i] = whatIsShown(f, open(f, doc), 2)
		for n := range 12 {
			f.Add(uint8(i), uint8(n), "<</Type/Pages/Kids[3 0 R]>>", uint8(50), stream(drawing, "f"))
			f.Add(uint8(i), uint8(n), stream("/Type/XRef", "two"), uint8(n+1), "<</Annots[5 0 R 8 0 R]/Type/Page>>")
			f.Add(uint8(i), uint8(n), "<</Certs[50 0 R]/Type/Catalog/Pages 2 0 R/DSS 50 0 R>>", uint8(50), "[50 0 R]")
		}
	}
	f.Fuzz(func(t *testing.T, which, n uint8, one string, m uint8, two string) {
		i := int(which) % len(docs)
		objects := map[int]string{int(n): one, int(m): two}
		doc := revised(t, docs[i], "", objects)
		file, err := pdf.Open(bytes.NewReader(doc), int64(len(doc)))
		if err != nil {
			return
		}
		_, s := first(t, docs[i])
		changes, err := file.Changes(s)
		if err != nil || len(changes.Other) > 0 {
			return
		}
		require.Equal(t, before[i], whatIsShown(t, file, 2))
	})
}
