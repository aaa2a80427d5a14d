package pdf_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/pdf"
)

// found says in a word what is found in a document: why it is refused, or for each signature whether it covers what is
// shown.
func found(t *testing.T, doc []byte) string {
	t.Helper()
	f, err := pdf.Open(bytes.NewReader(doc), int64(len(doc)))
	if err != nil {
		return string(pdf.ReasonOf(err))
	}
	list, err := f.Signatures()
	if err != nil {
		return string(pdf.ReasonOf(err))
	}
	words := []string{}
	for _, s := range list {
		if err := s.CheckRange(); err != nil {
			words = append(words, string(pdf.ReasonOf(err)))
			continue
		}
		changes, err := f.Changes(s)
		switch {
		case err != nil:
			words = append(words, string(pdf.ReasonOf(err)))
		case len(changes.Other) > 0:
			words = append(words, "changed")
		case len(changes.Forbidden) > 0:
			words = append(words, "forbidden")
		default:
			words = append(words, "sound")
		}
	}
	return strings.Join(words, ", ")
}

// lastPlace is what the last startxref of a document says.
func lastPlace(t testing.TB, doc []byte) int {
	t.Helper()
	var at int
	_, err := fmt.Sscan(string(doc[bytes.LastIndex(doc, []byte("startxref"))+len("startxref"):]), &at)
	require.NoError(t, err)
	return at
}

// revised appends a revision written by hand. An object without text is one that is taken away.
func revised(t testing.TB, doc []byte, trailer string, objects map[int]string) []byte {
	t.Helper()
	prev := lastPlace(t, doc)
	out, xref := bytes.Clone(doc), "xref\n"
	for _, n := range slices.Sorted(maps.Keys(objects)) {
		if objects[n] == "" {
			xref += fmt.Sprintf("%d 1\n0000000000 00001 f \n", n)
			continue
		}
		xref += fmt.Sprintf("%d 1\n%010d 00000 n \n", n, len(out))
		out = fmt.Appendf(out, "%d 0 obj\n%s\nendobj\n", n, objects[n])
	}
	if !strings.Contains(trailer, "/Root") {
		trailer += "/Root 1 0 R"
	}
	at := len(out)
	return fmt.Appendf(out, "%strailer\n<</Size 99/Prev %d%s>>\nstartxref\n%d\n%%%%EOF\n", xref, prev, trailer, at)
}

// stream is a stream with these keys.
func stream(keys, data string) string {
	return fmt.Sprintf("<<%s/Length %d>>\nstream\n%s\nendstream", keys, len(data), data)
}

const drawing = "/Subtype/Form/BBox[0 0 9 9]"

// prepared is a document made for what follows its signature: objects 1 to 3 are catalog, pages and the page.
func prepared(catalog, page string, objects ...string) []byte {
	return craft("", append([]string{
		"<</Type/Catalog/Pages 2 0 R" + catalog + ">>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]" + page + ">>",
	}, objects...)...)
}

// again is an object of a signed document as it is written there, with a part of it replaced.
func again(t *testing.T, doc []byte, number int, from, to string) string {
	t.Helper()
	_, text, ok := strings.Cut(string(doc[bytes.LastIndex(doc, fmt.Appendf(nil, "\n%d 0 obj\n", number)):]), " obj\n")
	require.True(t, ok)
	text, _, _ = strings.Cut(text, "\nendobj")
	require.Contains(t, text, from)
	return strings.Replace(text, from, to, 1)
}

// TestShadows: a document that was made so that a later revision shows something else under a signature that holds is
// refused once it does.
func TestShadows(t *testing.T) {
	for name, test := range map[string]struct {
		doc   []byte
		later func(doc []byte) []byte
	}{
		"hide: what covers the page is taken away": {
			prepared("", "/Contents[4 0 R]/Resources<</XObject<</A 5 0 R>>>>", stream("", "/A Do"), stream(drawing, "f")),
			func(doc []byte) []byte { return revised(t, doc, "", map[int]string{5: ""}) },
		},
		"replace: another font": {
			prepared("", "/Resources<</Font<</F 4 0 R>>>>", "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"),
			func(doc []byte) []byte {
				return revised(t, doc, "", map[int]string{4: "<</Type/Font/Subtype/Type3/CharProcs 50 0 R>>", 50: "<<>>"})
			},
		},
		"replace: another program of a font": {
			prepared("", "/Resources<</Font<</F 4 0 R>>>>", "<</Type/Font/FontDescriptor<</FontFile2 5 0 R>>>>", stream("", "font")),
			func(doc []byte) []byte { return revised(t, doc, "", map[int]string{5: stream("", "other")}) },
		},
		"replace: another font of the form": {
			prepared("/AcroForm<</DR<</Font<</Helv 4 0 R>>>>/Fields[]>>", "/Annots[5 0 R]", "<</Type/Font>>",
				"<</Subtype/FreeText/DA(/Helv 9 Tf)/Contents(x)/Rect[0 0 99 99]>>"),
			func(doc []byte) []byte {
				return revised(t, doc, "", map[int]string{1: again(t, doc, 1, "/Helv 4 0 R", "/Helv 50 0 R"), 50: "<</Type/Font>>"})
			},
		},
		"hide and replace: the other page tree": {
			prepared("", "", "<</Type/Pages/Kids[5 0 R]/Count 1>>", "<</Type/Page/Parent 4 0 R>>"),
			func(doc []byte) []byte {
				return revised(t, doc, "", map[int]string{1: again(t, doc, 1, "/Pages 2 0 R", "/Pages 4 0 R")})
			},
		},
		"hide and replace: the other catalog": {
			prepared("", "", "<</Type/Pages/Kids[5 0 R]/Count 1>>", "<</Type/Page/Parent 4 0 R>>"),
			func(doc []byte) []byte {
				return revised(t, doc, "/Root 50 0 R", map[int]string{50: "<</Type/Catalog/Pages 4 0 R/AcroForm<</Fields[7 0 R]>>>>"})
			},
		},
		"hide and replace: only the cross-reference": {
			prepared("", "/Contents 4 0 R", stream("", "one"), stream("", "\n4 0 obj\n"+stream("", "two")+"\nendobj\n")),
			func(doc []byte) []byte {
				at := bytes.LastIndex(doc, []byte("4 0 obj"))
				prev := lastPlace(t, doc)
				return fmt.Appendf(bytes.Clone(doc), "xref\n4 1\n%010d 00000 n \ntrailer\n<</Size 9/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n",
					at, prev, len(doc))
			},
		},
		"pages in another order": {
			craft("", "<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>", "<</Type/Page/Parent 2 0 R>>",
				"<</Type/Page/Parent 2 0 R>>"),
			func(doc []byte) []byte {
				return revised(t, doc, "", map[int]string{2: "<</Type/Pages/Kids[4 0 R 3 0 R]/Count 2>>"})
			},
		},
		"layers": {
			prepared("/OCProperties<</OCGs[4 0 R]/D<</OFF[4 0 R]>>>>", "", "<</Type/OCG/Name(a)>>"),
			func(doc []byte) []byte {
				return revised(t, doc, "", map[int]string{1: again(t, doc, 1, "/OFF [4 0 R]", "/ON [4 0 R]")})
			},
		},
		"evidence that is drawn: the catalog is a resource": {
			prepared("", "/Contents 4 0 R/Resources<</XObject 1 0 R>>", stream("", "/DSS Do")),
			func(doc []byte) []byte {
				return revised(t, doc, "", map[int]string{1: again(t, doc, 1, "/Pages", "/DSS 50 0 R/Pages"), 50: stream(drawing, "f")})
			},
		},
		"evidence that is the catalog": {
			prepared("/DSS<</X 1 0 R>>", "", "<</Type/Pages/Kids[5 0 R]/Count 1>>", "<</Type/Page/Parent 4 0 R>>"),
			func(doc []byte) []byte {
				return revised(t, doc, "", map[int]string{1: again(t, doc, 1, "/Pages 2 0 R", "/Pages 4 0 R")})
			},
		},
		"evidence below a catalog that is a state of graphics": {
			prepared("/DSS<</SMask 5 0 R>>", "/Contents 4 0 R/Resources<</ExtGState 1 0 R>>", stream("", "/DSS gs f"), "<</S/Alpha>>"),
			func(doc []byte) []byte { return revised(t, doc, "", map[int]string{5: "<</S/Luminosity>>"}) },
		},
		"evidence that is a state of graphics": {
			prepared("/DSS 6 0 R", "/Contents 4 0 R/Resources<</ExtGState<</A 6 0 R>>>>", stream("", "/A gs f"), "<</S/Alpha>>", "<</SMask 5 0 R>>"),
			func(doc []byte) []byte { return revised(t, doc, "", map[int]string{5: "<</S/Luminosity>>"}) },
		},
		"metadata that are a pattern": {
			prepared("/Metadata 5 0 R", "/Contents 4 0 R/Resources<</Pattern 1 0 R>>", stream("", "/Metadata scn f"),
				stream("/Type/Metadata/Subtype/XML/PatternType 1", "1 g")),
			func(doc []byte) []byte {
				return sign(t, revised(t, doc, "", map[int]string{5: stream("/Type/Metadata/Subtype/XML/PatternType 1", "0 g")}), nil)
			},
		},
		"information that is drawn": {
			craft("/Info 4 0 R", "<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
				"<</Type/Page/Parent 2 0 R/Contents 5 0 R/Resources<</XObject 4 0 R>>>>", "<</Producer 6 0 R>>", stream("", "/Producer Do"), stream(drawing, "f")),
			func(doc []byte) []byte {
				return revised(t, doc, "/Info 4 0 R", map[int]string{4: "<</Producer 50 0 R>>", 50: stream(drawing, "F")})
			},
		},
		"content that says to be a cross-reference": {
			prepared("", "/Contents 4 0 R", stream("/Type/XRef", "one")),
			func(doc []byte) []byte { return revised(t, doc, "", map[int]string{4: stream("/Type/XRef", "two")}) },
		},
		"content that says to be an object stream": {
			prepared("", "/Contents 4 0 R", stream("/Type/ObjStm", "one")),
			func(doc []byte) []byte { return revised(t, doc, "", map[int]string{4: stream("/Type/ObjStm", "two")}) },
		},
		"absent, named by what says to be a cross-reference": {
			prepared("", "/Contents 4 0 R/Resources<</XObject<</A 5 0 R>>>>", stream("", "/A Do"),
				stream("/Type/XRef/Resources<</XObject<</B 50 0 R>>>>"+drawing, "/B Do")),
			func(doc []byte) []byte { return revised(t, doc, "", map[int]string{50: stream(drawing, "f")}) },
		},
		"absent, of another generation": {
			prepared("", "/Contents[4 0 R 50 1 R]", stream("", "one")),
			func(doc []byte) []byte {
				doc = revised(t, doc, "", map[int]string{50: stream("", "two")})
				doc = bytes.Replace(doc, []byte("50 0 obj"), []byte("50 1 obj"), 1)
				at := bytes.LastIndex(doc, []byte(" 00000 n"))
				copy(doc[at:], " 00001 n")
				return doc
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			signed := sign(t, test.doc, nil)
			require.Equal(t, "sound", found(t, signed))
			require.Equal(t, "changed", strings.TrimSuffix(found(t, test.later(signed)), ", sound"))
		})
	}
}

// packed is a document whose catalog, pages and page lie in an object stream.
func packed(contents string) []byte {
	objects := []string{"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/Contents " + contents + ">>"}
	doc := "%PDF-1.5\n"
	place := func() []byte { return []byte{1, byte(len(doc) >> 8), byte(len(doc)), 0} }
	entries := []byte{0, 0, 0, 0, 2, 0, 4, 0, 2, 0, 4, 1, 2, 0, 4, 2}
	entries = append(entries, place()...)
	doc += "4 0 obj\n" + objectStream(objects) + "\nendobj\n"
	entries = append(entries, place()...)
	doc += "5 0 obj\n" + stream("", "one") + "\nendobj\n"
	at := len(doc)
	doc += "6 0 obj\n" + stream("/Type/XRef/Root 1 0 R/Size 6/W[1 2 1]", string(entries)) + "\nendobj\n"
	return fmt.Appendf(nil, "%sstartxref\n%d\n%%%%EOF\n", doc, at)
}

// objectStream holds objects 1, 2….
func objectStream(objects []string) string {
	index, body := "", ""
	for i, o := range objects {
		index += fmt.Sprintf("%d %d ", i+1, len(body))
		body += o + " "
	}
	return stream(fmt.Sprintf("/Type/ObjStm/N %d/First %d", len(objects), len(index)), index+body)
}

// TestObjectStreamReplaced: an object stream in the place of another changes what lies in it, though no entry of the
// cross-reference says so.
func TestObjectStreamReplaced(t *testing.T) {
	signed := sign(t, packed("5 0 R"), nil)
	require.Equal(t, "sound", found(t, signed))
	require.Equal(t, "sound, sound", found(t, sign(t, signed, nil)))
	list := []string{"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/Contents 50 0 R>>"}
	require.Equal(t, "changed", found(t, revised(t, signed, "", map[int]string{4: objectStream(list), 50: stream("", "two")})))
}

// TestFieldsAsResources: a field that is a resource of a page too may not be signed or filled in later.
func TestFieldsAsResources(t *testing.T) {
	doc := func(kind, draws string) []byte {
		return prepared("/AcroForm<</Fields[5 0 R]/SigFlags 3>>", "/Annots[5 0 R]/Contents 4 0 R/Resources<</XObject "+draws+">>",
			stream("", "/AP Do /V Do"), "<</Subtype/Widget/FT/"+kind+"/T(a)/Rect[0 0 0 0]>>")
	}
	with := func(doc []byte, more string) []byte {
		return revised(t, doc, "", map[int]string{5: again(t, doc, 5, "/T(a)", "/T(a)"+more), 50: stream(drawing, "f")})
	}
	filled := func(draws, more string) string {
		return found(t, sign(t, with(sign(t, doc("Tx", draws), allowing(2)), more), nil))
	}
	require.Equal(t, "sound, sound", filled("<<>>", "/V(x)"))
	require.Equal(t, "changed, sound", filled("5 0 R", "/V(x)"))
	require.Equal(t, "changed, sound", filled("5 0 R", "/V 50 0 R"))
	require.NotContains(t, filled("<<>>", "/AP 50 0 R"), "sound, ", "an appearance that is a drawing itself")

	// an appearance drawn anew, below a list of appearances that is a resource
	redrawn := func(draws string) string {
		doc := prepared("/AcroForm<</Fields[5 0 R]/SigFlags 3>>", "/Annots[5 0 R]/Contents 4 0 R/Resources<</XObject "+draws+">>",
			stream("", "/N Do"), "<</Subtype/Widget/FT/Tx/T(a)/Rect[0 0 9 9]/AP 6 0 R>>", "<</N 7 0 R>>", stream(drawing, "f"))
		doc = sign(t, doc, allowing(2))
		doc = revised(t, doc, "", map[int]string{5: again(t, doc, 5, "/T(a)", "/T(a)/V(x)"), 7: stream(drawing, "F")})
		return found(t, sign(t, doc, nil))
	}
	require.Equal(t, "sound, sound", redrawn("<<>>"))
	require.Equal(t, "changed, sound", redrawn("6 0 R"))

	// signed in the field that was there, as AddField cannot
	signs := func(draws, more string) string {
		base := sign(t, doc("Sig", draws), nil)
		next := sign(t, base, nil)
		value := next[bytes.LastIndex(next, []byte("/V "))+3:]
		v, _, _ := strings.Cut(string(value), " ")
		return found(t, revised(t, next, "", map[int]string{5: again(t, base, 5, "/T(a)", "/T(a)/V "+v+" 0 R"+more), 50: stream(drawing, "f")}))
	}
	require.Contains(t, []string{"signature", "changed"}, signs("5 0 R", "/AP 50 0 R"))
}

// TestUpdateAccounted: octets of a later revision that the cross-reference does not know are shown by readers that repair
// a file: with them it is refused, wherever they stand (incremental saving attacks).
func TestUpdateAccounted(t *testing.T) {
	signed := sign(t, prepared("", "/Contents 4 0 R", stream("", "one")), nil)
	evidence := map[int]string{50: "<<>>"}
	update := revised(t, signed, "", evidence)
	require.Equal(t, "sound", found(t, update))
	hidden := "4 0 obj\n" + stream("", "two") + "\nendobj\n"
	inside := func(before, what string) []byte {
		at := len(signed) + bytes.LastIndex(update[len(signed):], []byte(before))
		out := slices.Concat(update[:at], []byte(what), update[at:])
		// the place of what moved
		moved := bytes.LastIndex(out, []byte("\nxref\n")) + 1
		tail := bytes.LastIndex(out, []byte("startxref"))
		return fmt.Appendf(out[:tail:tail], "startxref\n%d\n%%%%EOF\n", moved)
	}
	for name, doc := range map[string][]byte{
		"an object more":           inside("xref\n50 1", hidden),
		"in a comment":             inside("xref\n50 1", "% "+strings.ReplaceAll(hidden, "\n", " ")+"\n"),
		"behind the trailer":       inside("startxref", hidden),
		"another trailer":          inside("startxref", "trailer\n<</Root 50 0 R>>\n"),
		"another table":            inside("xref\n50 1", "xref\n4 1\n0000000009 00000 n \ntrailer\n<<>>\n"),
		"letters":                  inside("xref\n50 1", "x\n"),
		"before the first object":  revised(t, append(bytes.Clone(signed), hidden...), "/Prev 0", evidence),
		"behind the end":           append(bytes.Clone(signed), hidden...),
		"behind the end of a line": append(bytes.Clone(update), hidden...),
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, []string{"changed", "xref", "syntax"}, found(t, doc))
		})
	}
	f, err := pdf.Open(bytes.NewReader(update), int64(len(update)))
	require.NoError(t, err)
	require.Empty(t, f.Tolerances().Names())
	require.Equal(t, "xref", found(t, append(bytes.Clone(signed), strings.Repeat(hidden, 40)...)), "without an end of its own")
	require.Equal(t, "changed", found(t, inside("xref\n50 1", hidden)))
}

// TestCrossReferenceTricks: sections that readers count or follow in two ways are refused.
func TestCrossReferenceTricks(t *testing.T) {
	doc := prepared("", "")
	counted := bytes.Replace(doc, []byte("xref\n0 4"), []byte("xref\n1 4"), 1)
	require.Equal(t, "xref", found(t, counted), "counted from 1")
	hybrid := func(prev string, entries ...byte) []byte {
		base := prepared("", "/Contents 5 0 R", stream("", "one"))
		at := len(base)
		out := fmt.Appendf(base, "9 0 obj\n%s\nendobj\n", stream("/Type/XRef/Size 9/W[1 2 1]"+prev, string(entries)))
		xref := len(out)
		return fmt.Appendf(out, "xref\n5 1\n0000000000 00001 f \ntrailer\n<</Size 10/Root 1 0 R/Prev %d/XRefStm %d>>\nstartxref\n%d\n%%%%EOF\n",
			lastPlace(t, base), at, xref)
	}
	place := bytes.Index(prepared("", "/Contents 5 0 R", stream("", "one")), []byte("4 0 obj"))
	hidden := []byte{1, byte(place >> 8), byte(place), 0}
	require.Empty(t, found(t, hybrid("/Index[4 1]", hidden...)), "unsigned, but read")
	require.Equal(t, "xref", found(t, hybrid("/Index[4 1]/Prev 9", hidden...)), "a chain of its own")
	differs := bytes.Replace(hybrid("/Index[5 1]", hidden...), []byte("0000000000 00001 f"), []byte("0000000009 00000 n"), 1)
	require.Equal(t, "xref", found(t, differs), "table and stream disagree")
	require.Equal(t, "syntax", found(t, bytes.Replace(doc, []byte("startxref\n"), []byte("startxref%\n"), 1)), "a comment before the place")
	require.Equal(t, "syntax", found(t, bytes.Replace(doc, []byte("xref\n0 4\n"), []byte("xref\n0 4%\n"), 1)), "a comment within the table")
}

// TestOutsideContent: what a page takes from another file is covered by no signature.
func TestOutsideContent(t *testing.T) {
	for _, content := range []string{stream("/F(other.txt)", ""), stream(drawing+"/Ref<</F(other.pdf)/Page 0>>", "")} {
		doc := prepared("", "/Contents 4 0 R", content)
		_, err := open(t, doc).NewUpdate()
		require.Equal(t, pdf.ReasonStructure, pdf.ReasonOf(err), "it is not signed either")
		inside := strings.NewReplacer("/F(", "/f(", "/Ref<", "/ref<").Replace(content)
		signed := sign(t, prepared("", "/Contents 4 0 R", inside), nil)
		require.Equal(t, "sound", found(t, signed))
		require.Equal(t, "structure", found(t, bytes.Replace(signed, []byte(inside), []byte(content), 1)))
	}
}

// TestSmallerSize: a later trailer that counts fewer objects hides those behind from some readers.
func TestSmallerSize(t *testing.T) {
	doc := revised(t, sign(t, prepared("", ""), nil), "", map[int]string{50: "<<>>"})
	require.Equal(t, "sound", found(t, doc))
	require.Equal(t, "changed", found(t, bytes.Replace(doc, []byte("/Size 99"), []byte("/Size 04"), 1)))
}

// TestForgedValues: a signature without a range, or without a value in its place, is none (universal signature forgery);
// nor is one whose second range was moved away from the value (signature wrapping).
func TestForgedValues(t *testing.T) {
	doc := sign(t, plain(), nil)
	require.Equal(t, "sound", found(t, doc))
	from := bytes.Index(doc, []byte("/ByteRange ["))
	to := from + bytes.IndexByte(doc[from:], ']') + 1
	ranges := string(doc[from:to])
	var a, b, c, d int
	_, err := fmt.Sscanf(strings.Join(strings.Fields(ranges[len("/ByteRange ["):len(ranges)-1]), " "), "%d %d %d %d", &a, &b, &c, &d)
	require.NoError(t, err)
	value := string(doc[b:c])
	pad := func(s string, n int) string { return s + strings.Repeat(" ", n-len(s)) }
	for name, text := range map[string]string{
		"no range": "", "null": "/ByteRange null", "empty": "/ByteRange []", "a name": "/ByteRange /x", "a reference": "/ByteRange 4 0 R",
		"zeros": "/ByteRange [0 0 0 0]", "negative": "/ByteRange [0 -1 0 -1]", "value covered": fmt.Sprintf("/ByteRange [0 %d %d 0]", len(doc), len(doc)),
		"value covered, in two": fmt.Sprintf("/ByteRange [0 %d %d %d]", b, b, len(doc)-b),
	} {
		changed := bytes.Replace(doc, []byte(ranges), []byte(pad(text, len(ranges))), 1)
		require.Equal(t, "range", found(t, changed), name)
	}
	for name, text := range map[string]string{
		"no value": "", "null": "null", "in brackets": "(0)", "a name": "/x", "a reference": "4 0 R", "short": "<30>", "in a list": "[<30>]",
	} {
		changed := bytes.Replace(doc, []byte(value), []byte(pad(text, len(value))), 1)
		if text == "" { // with the key
			changed = bytes.Replace(doc, []byte("/Contents "+value), []byte(pad("", len("/Contents "+value))), 1)
		}
		require.Equal(t, "range", found(t, changed), name)
	}
	filled := bytes.Replace(doc, []byte(value), append([]byte(value[:len(value)-9]), ">( forge)"...), 1)
	require.Equal(t, "syntax", found(t, filled), "something in the gap")
	wrapped := slices.Concat(doc[:c], []byte("/X (forged) >>\nendobj\n"), doc[c:])
	moved := fmt.Sprintf("/ByteRange [0 %d %d %d]", b, c+len(wrapped)-len(doc), d)
	wrapped = bytes.Replace(wrapped, []byte(ranges), []byte(pad(moved, len(ranges))), 1)
	require.NotContains(t, found(t, wrapped), "sound", "the second range moved")
}

// TestSneakySignatures: what is added as a signature is held to be one: a field without a value, one below another, a
// widget that is no field, a stamp of a document time-stamp.
func TestSneakySignatures(t *testing.T) {
	signed := sign(t, prepared("", "/Contents 4 0 R", stream("", "one")), allowing(2))
	_, s := first(t, signed)
	widget := "<</Type/Annot/Subtype/Widget/FT/Sig/T(b)/Rect[0 0 595 842]/AP<</N 51 0 R>>"
	look := stream(drawing, "f")
	form := func(fields string) string { return again(t, signed, 1, "/Fields [", "/Fields ["+fields) }
	behind := strings.Replace(again(t, signed, 1, "", ""), "/Fields [6 0 R]", "/Fields [6 0 R 50 0 R]", 1)
	require.Contains(t, behind, "50 0 R")
	shown := again(t, signed, 3, "/Annots [6 0 R]", "/Annots [6 0 R 50 0 R]")
	for name, objects := range map[string]map[int]string{
		"no value":               {1: behind, 3: shown, 50: widget + ">>", 51: look},
		"a value that was there": {1: behind, 3: shown, 50: widget + "/V 5 0 R>>", 51: look},
		"an action":              {1: behind, 3: shown, 50: widget + "/V 52 0 R/AA<<>>>>", 51: look, 52: "<<>>"},
		"a note on the page":     {3: shown, 50: "<</Subtype/FreeText/Rect[0 0 595 842]/AP<</N 51 0 R>>>>", 51: look},
		"no field of the form":   {3: shown, 50: widget + "/V 52 0 R>>", 51: look, 52: "<<>>"},
		"before the others":      {1: form("50 0 R "), 3: shown, 50: widget + "/V 52 0 R>>", 51: look, 52: "<<>>"},
		"a time-stamp over the page": {
			1: behind, 3: shown, 50: widget + "/V 52 0 R>>", 51: look, 52: "<</Type/DocTimeStamp/SubFilter/ETSI.RFC3161>>",
		},
		"a time-stamp with a ground": {
			1: behind, 3: shown, 50: strings.Replace(widget, "/AP<</N 51 0 R>>", "/MK<</BG[1]>>", 1) + "/V 52 0 R>>",
			52: "<</Type/DocTimeStamp/SubFilter/ETSI.RFC3161>>",
		},
		"the first one moved": {6: again(t, signed, 6, "/Rect [0 0 0 0]", "/Rect [0 0 595 842]")},
	} {
		t.Run(name, func(t *testing.T) {
			changes, err := open(t, revised(t, signed, "", objects)).Changes(s)
			require.True(t, err != nil && pdf.ReasonOf(err) != "" || err == nil && len(changes.Other) > 0, "%v %v", err, changes)
		})
	}
}

// TestStamps: where a later signature shows something is told as the page is seen.
func TestStamps(t *testing.T) {
	const mm = 72 / 25.4
	for name, test := range map[string]struct {
		page string
		rect [4]float64
		want pdf.Stamp
	}{
		"upright":          {"/MediaBox[0 0 595 842]", [4]float64{100, 42, 200, 92}, pdf.Stamp{Page: 1, Left: 100, Top: 750, Width: 100, Height: 50}},
		"the other way":    {"/MediaBox[0 0 595 842]", [4]float64{200, 92, 100, 42}, pdf.Stamp{Page: 1, Left: 100, Top: 750, Width: 100, Height: 50}},
		"a box of its own": {"/MediaBox[10 20 605 862]", [4]float64{110, 62, 210, 112}, pdf.Stamp{Page: 1, Left: 100, Top: 750, Width: 100, Height: 50}},
		"turned by 90":     {"/MediaBox[0 0 595 842]/Rotate 90", [4]float64{100, 42, 200, 92}, pdf.Stamp{Page: 1, Left: 42, Top: 100, Width: 50, Height: 100}},
		"turned by 180":    {"/MediaBox[0 0 595 842]/Rotate 180", [4]float64{100, 42, 200, 92}, pdf.Stamp{Page: 1, Left: 395, Top: 42, Width: 100, Height: 50}},
		"turned by -90":    {"/MediaBox[0 0 595 842]/Rotate -90", [4]float64{100, 42, 200, 92}, pdf.Stamp{Page: 1, Left: 750, Top: 395, Width: 50, Height: 100}},
		"over the page":    {"/MediaBox[0 0 595 842]", [4]float64{0, 0, 595, 842}, pdf.Stamp{Page: 1, Width: 595, Height: 842}},
		"a seal on a note": {"/MediaBox[0 0 200 200]", [4]float64{0, 0, 170, 170}, pdf.Stamp{Page: 1, Top: 30, Width: 170, Height: 170}},
		"a page without":   {"", [4]float64{0, 0, 200, 200}, pdf.Stamp{Page: 1, Top: -200, Width: 200, Height: 200}},
	} {
		t.Run(name, func(t *testing.T) {
			doc := craft("", "<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page"+test.page+">>",
				stream(drawing, "f"))
			f, s := first(t, sign(t, sign(t, doc, nil), func(n *pdf.NewField) { n.Rect, n.Look = test.rect, ref(4) }))
			changes, err := f.Changes(s)
			require.NoError(t, err)
			require.Len(t, changes.Stamps, 1)
			got := changes.Stamps[0]
			require.Equal(t, 1, got.Page)
			require.InDeltaSlice(t, []float64{test.want.Left, test.want.Top, test.want.Width, test.want.Height},
				[]float64{got.Left * mm, got.Top * mm, got.Width * mm, got.Height * mm}, 0.01)
		})
	}
}
