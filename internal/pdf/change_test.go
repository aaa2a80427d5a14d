package pdf_test

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/pdf"
)

func ref(n uint32) pdf.Ref { return pdf.Ref{Number: n} }

// page is the page of plain once it is signed, with something else in it.
func page(key pdf.Name, o pdf.Object) pdf.Dict {
	d := pdf.Dict{
		"Type": pdf.Name("Page"), "Parent": ref(2), "MediaBox": pdf.Array{int64(0), int64(0), int64(595), int64(842)},
		"Contents": pdf.Array{ref(4)}, "Annots": pdf.Array{ref(5), ref(8)},
	}
	d[key] = o
	return d
}

// catalog is the catalog of plain once it is signed, with something more in it.
func catalog(key pdf.Name, o pdf.Object) pdf.Dict {
	d := pdf.Dict{
		"Type": pdf.Name("Catalog"), "Pages": ref(2),
		"AcroForm": pdf.Dict{"Fields": pdf.Array{ref(8)}, "SigFlags": int64(3)},
	}
	d[key] = o
	return d
}

// TestChangesAfterSigning: what a later revision may do to a signed document is recognised, all else is a change.
func TestChangesAfterSigning(t *testing.T) {
	signed := sign(t, plain(), nil)
	_, s := first(t, signed)
	require.NoError(t, s.CheckRange())
	for name, test := range map[string]struct {
		edit  func(u *pdf.Update)
		other string // empty: nothing but what is allowed
	}{
		"same octets again": {edit: func(u *pdf.Update) { u.Replace(ref(3), page("Type", pdf.Name("Page"))) }},
		"evidence": {edit: func(u *pdf.Update) {
			u.Replace(ref(1), catalog("DSS", pdf.Dict{"Certs": pdf.Array{u.AddStream(pdf.Dict{}, []byte("x"))}}))
		}},
		"remnant": {edit: func(u *pdf.Update) { u.Add(pdf.Dict{}) }},
		"extensions in an object of their own": {edit: func(u *pdf.Update) {
			u.Replace(ref(1), catalog("Extensions", u.Add(pdf.Dict{"ISO_": pdf.Dict{}})))
		}},
		"software and time": {edit: func(u *pdf.Update) {
			u.Replace(ref(6), pdf.Dict{"Title": pdf.NewText("a"), "ModDate": pdf.NewText("D:2026")})
		}},
		"title":   {edit: func(u *pdf.Update) { u.Replace(ref(6), pdf.Dict{"Title": pdf.NewText("b")}) }, other: "document information"},
		"content": {edit: func(u *pdf.Update) { u.Replace(ref(4), pdf.Dict{}) }, other: "object 4"},
		"page points elsewhere": {edit: func(u *pdf.Update) {
			u.Replace(ref(3), page("Contents", u.AddStream(pdf.Dict{}, []byte("x"))))
		}, other: "page object 3"},
		"page without annotation": {edit: func(u *pdf.Update) { u.Replace(ref(3), page("Annots", pdf.Array{ref(8)})) }, other: "page object 3"},
		"annotation more": {edit: func(u *pdf.Update) {
			u.Replace(ref(3), page("Annots", pdf.Array{ref(5), ref(8), u.Add(pdf.Dict{"Subtype": pdf.Name("FreeText")})}))
		}, other: "page object 3"},
		"annotation changed": {edit: func(u *pdf.Update) { u.Replace(ref(5), pdf.Dict{"Type": pdf.Name("Annot")}) }, other: "annotation object 5"},
		"page more": {edit: func(u *pdf.Update) {
			u.Replace(ref(2), pdf.Dict{"Type": pdf.Name("Pages"), "Kids": pdf.Array{ref(3), ref(3)}, "Count": int64(2)})
		}, other: "page object 2"},
		"action on opening": {edit: func(u *pdf.Update) { u.Replace(ref(1), catalog("OpenAction", pdf.Array{ref(3)})) }, other: "catalog object 1"},
		"signed as absent":  {edit: func(u *pdf.Update) { u.Replace(ref(99), pdf.Dict{}) }, other: "object 99 signed as absent"},
		"field of text": {edit: func(u *pdf.Update) {
			f := u.Add(pdf.Dict{"FT": pdf.Name("Tx"), "T": pdf.NewText("x")})
			u.Replace(ref(1), catalog("AcroForm", pdf.Dict{"Fields": pdf.Array{ref(8), f}, "SigFlags": int64(3)}))
		}, other: "form field"},
		"field with an action": {edit: func(u *pdf.Update) {
			f := u.Add(pdf.Dict{"FT": pdf.Name("Sig"), "T": pdf.NewText("x"), "V": u.Add(pdf.Dict{}), "A": pdf.Dict{}})
			u.Replace(ref(1), catalog("AcroForm", pdf.Dict{"Fields": pdf.Array{ref(8), f}, "SigFlags": int64(3)}))
		}, other: "form field"},
		"field taken away": {edit: func(u *pdf.Update) {
			f := u.Add(pdf.Dict{"FT": pdf.Name("Sig"), "T": pdf.NewText("x"), "V": ref(7)})
			u.Replace(ref(1), catalog("AcroForm", pdf.Dict{"Fields": pdf.Array{f}, "SigFlags": int64(3)}))
		}, other: "form fields"},
		"appearance of a field": {edit: func(u *pdf.Update) {
			u.Replace(ref(8), pdf.Dict{"FT": pdf.Name("Sig"), "T": pdf.NewText("Signature1"), "V": ref(7), "AP": pdf.Dict{}})
		}, other: "form field object 8"},
		"form wants new appearances": {edit: func(u *pdf.Update) {
			u.Replace(ref(1), catalog("AcroForm", pdf.Dict{"Fields": pdf.Array{ref(8)}, "SigFlags": int64(3), "NeedAppearances": true}))
		}, other: "form"},
		"metadata by nobody": {edit: func(u *pdf.Update) {
			u.Replace(ref(1), catalog("Metadata", u.AddStream(pdf.Dict{"Type": pdf.Name("Metadata"), "Subtype": pdf.Name("XML")}, []byte("x"))))
		}, other: "metadata"},
		"the value": {edit: func(u *pdf.Update) { u.Replace(ref(7), pdf.Dict{}) }, other: "range"},
	} {
		t.Run(name, func(t *testing.T) {
			doc := update(t, signed, test.edit)
			f := open(t, doc)
			list, err := f.Signatures()
			require.NoError(t, err)
			if len(list) > 0 && test.other == "range" {
				require.Equal(t, pdf.ReasonRange, pdf.ReasonOf(list[0].CheckRange()))
				return
			}
			_, old := first(t, signed)
			changes, err := f.Changes(old)
			require.NoError(t, err)
			if test.other == "" {
				require.Empty(t, changes.Other)
				return
			}
			require.Contains(t, changes.Other, test.other)
		})
	}
}

// TestCertified: a certification that permits nothing permits no further signature, but evidence.
func TestCertified(t *testing.T) {
	closed := sign(t, plain(), func(n *pdf.NewField) { n.Certifies = true })
	_, s := first(t, closed)
	require.Equal(t, 1, s.Permissions.Level)
	require.True(t, s.Permissions.Certifies)
	f, s := first(t, sign(t, closed, nil))
	changes, err := f.Changes(s)
	require.NoError(t, err)
	require.Empty(t, changes.Other)
	require.Equal(t, []string{"a signature that the certification does not permit"}, changes.Forbidden)
}

// TestEvidence: what is added is read again, once each, and is no change, not even after a certification.
func TestEvidence(t *testing.T) {
	doc := sign(t, plain(), func(n *pdf.NewField) { n.Certifies = true })
	add := func(doc []byte, e pdf.Evidence) []byte {
		return update(t, doc, func(u *pdf.Update) { require.NoError(t, u.AddEvidence(e)) })
	}
	doc = add(doc, pdf.Evidence{Certificates: [][]byte{[]byte("a"), []byte("b"), []byte("a")}, CRLs: [][]byte{[]byte("c")}})
	doc = add(doc, pdf.Evidence{Certificates: [][]byte{[]byte("b"), []byte("d")}, OCSPs: [][]byte{[]byte("o")}})
	f, s := first(t, doc)
	got, err := f.Evidence()
	require.NoError(t, err)
	require.Equal(t, &pdf.Evidence{
		Certificates: [][]byte{[]byte("a"), []byte("b"), []byte("d")}, CRLs: [][]byte{[]byte("c")}, OCSPs: [][]byte{[]byte("o")},
	}, got)
	changes, err := f.Changes(s)
	require.NoError(t, err)
	require.Equal(t, &pdf.Changes{Evidence: true}, changes)
	_, err = open(t, craft("", "<</DSS<</Certs[1 0 R]>>>>")).Evidence()
	require.Equal(t, pdf.ReasonStructure, pdf.ReasonOf(err))
}

// TestSingleEvidence: evidence is listed for each signature too, by the SHA-1 of its value, and read from there if it is
// nowhere else; none of it is read twice.
func TestSingleEvidence(t *testing.T) {
	signed := sign(t, plain(), nil)
	_, s := first(t, signed)
	add := func(doc []byte, e pdf.Evidence) []byte {
		return update(t, doc, func(u *pdf.Update) { require.NoError(t, u.AddEvidence(e, s)) })
	}
	sum := sha1.Sum(s.Contents)
	key := strings.ToUpper(hex.EncodeToString(sum[:]))
	doc := add(signed, pdf.Evidence{Certificates: [][]byte{[]byte("a")}, CRLs: [][]byte{[]byte("c")}})
	require.Contains(t, string(doc), "/VRI <</"+key+" <</CRL [10 0 R]/Cert [9 0 R]>>>>")
	doc = add(doc, pdf.Evidence{Certificates: [][]byte{[]byte("a"), []byte("b")}})
	f, s := first(t, doc)
	changes, err := f.Changes(s)
	require.NoError(t, err)
	require.Equal(t, &pdf.Changes{Evidence: true}, changes)
	want := &pdf.Evidence{Certificates: [][]byte{[]byte("a"), []byte("b")}, CRLs: [][]byte{[]byte("c")}}
	got, err := f.Evidence()
	require.NoError(t, err)
	require.Equal(t, want, got)

	alone := update(t, signed, func(u *pdf.Update) {
		list := pdf.Dict{"Cert": pdf.Array{u.AddStream(pdf.Dict{}, []byte("a"))}, "TU": pdf.NewText("D:2026")}
		u.Replace(ref(1), catalog("DSS", pdf.Dict{"VRI": pdf.Dict{"Type": pdf.Name("VRI"), pdf.Name(key): list}}))
	})
	f, s = first(t, alone)
	got, err = f.Evidence()
	require.NoError(t, err)
	require.Equal(t, &pdf.Evidence{Certificates: [][]byte{[]byte("a")}}, got)
	changes, err = f.Changes(s)
	require.NoError(t, err)
	require.Empty(t, changes.Other)

	for name, store := range map[string]string{
		"no list":        "/VRI 3",
		"no dictionary":  "/VRI<</A 3>>",
		"no stream":      "/VRI<</A<</Cert[2 0 R]>>>>",
		"round a circle": "/VRI<</A 2 0 R>>/Certs 2 0 R",
	} {
		got, err := open(t, craft("", "<</DSS<<"+store+">>>>", "<</Cert 2 0 R>>")).Evidence()
		require.Equal(t, pdf.ReasonStructure, pdf.ReasonOf(err), name)
		require.Nil(t, got)
	}
	many := "<</Type/VRI"
	for i := range 300 {
		many += fmt.Sprintf("/A%d<<>>", i)
	}
	_, err = open(t, craft("", "<</DSS<</VRI"+many+">>>>>>")).Evidence()
	require.Equal(t, pdf.ReasonLimit, pdf.ReasonOf(err))
}

// TestSharedObject: an object that serves two ends in the signed revision may not change for one of them.
func TestSharedObject(t *testing.T) {
	shared := craft("", "<< /Type /Catalog /Pages 2 0 R /DSS << /Certs 5 0 R >> >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R >>", "<< /Length 0 >>\nstream\n\nendstream", "[4 0 R]")
	doc := update(t, sign(t, shared, nil), func(u *pdf.Update) {
		u.Replace(ref(5), pdf.Array{ref(4), u.AddStream(pdf.Dict{}, []byte("shown as a page"))})
	})
	f, s := first(t, doc)
	changes, err := f.Changes(s)
	require.NoError(t, err)
	require.Equal(t, []string{"object 5"}, changes.Other)
}

// TestAddedSignatures: signatures and time-stamps are counted.
func TestAddedSignatures(t *testing.T) {
	doc := sign(t, plain(), nil)
	doc = sign(t, doc, nil)
	doc = sign(t, doc, func(n *pdf.NewField) {
		n.Value = pdf.Dict{"Type": pdf.Name("DocTimeStamp"), "SubFilter": pdf.FilterTimestamp}
	})
	f, s := first(t, doc)
	changes, err := f.Changes(s)
	require.NoError(t, err)
	require.Equal(t, &pdf.Changes{Signatures: 1, Timestamps: 1}, changes)
	require.False(t, changes.None())
	shown := func(form pdf.Name) *pdf.Changes {
		f, s := first(t, sign(t, doc, func(n *pdf.NewField) {
			n.Value, n.Rect, n.Look = pdf.Dict{"SubFilter": form}, [4]float64{0, 0, 9, 9}, ref(4)
		}))
		changes, err := f.Changes(s)
		require.NoError(t, err)
		return changes
	}
	got := shown(pdf.FilterCAdES)
	require.Equal(t, []int{2, 1, 1}, []int{got.Signatures, got.Timestamps, len(got.Stamps)})
	require.Empty(t, got.Other)
	require.Contains(t, shown(pdf.FilterTimestamp).Other, "time-stamp that shows something")
	const covering = "stamp that covers much of a page"
	stamped := doc
	for n := range 3 { // each is small enough, three of them are not
		stamped = sign(t, stamped, func(n *pdf.NewField) {
			n.Value, n.Rect, n.Look = pdf.Dict{"SubFilter": pdf.FilterCAdES}, [4]float64{595 - 200, 0, 595, 240}, ref(4)
		})
		f, s := first(t, stamped)
		changes, err := f.Changes(s)
		require.NoError(t, err)
		require.Equal(t, n == 2, slices.Contains(changes.Other, covering), "%d %v", n, changes.Other)
	}
	for _, rect := range [][4]float64{{0, 0, 595, 842}, {0, 0, 300, 200}, {300, 200, 0, 0}, {-1e9, 400, 1e9, 401}} {
		f, s := first(t, sign(t, doc, func(n *pdf.NewField) {
			n.Value, n.Rect, n.Look = pdf.Dict{"SubFilter": pdf.FilterCAdES}, rect, ref(4)
		}))
		changes, err := f.Changes(s)
		require.NoError(t, err)
		require.Contains(t, changes.Other, covering, "%v", rect)
	}
	_, s = first(t, append(doc, "tail"...))
	require.NoError(t, s.CheckRange())
}

// TestExtensionsWrittenAnew: developer extensions that are an object of their own may grow, and nothing else may hang on
// that object.
func TestExtensionsWrittenAnew(t *testing.T) {
	for name, test := range map[string]struct {
		page, now string
		other     []string
	}{
		"more":     {now: "<< /ADBE << >> /ISO_ << >> >>"},
		"less":     {now: "<< /ISO_ << >> >>", other: []string{"object 4"}},
		"no more":  {now: "[ ]", other: []string{"object 4"}},
		"used too": {page: "/Resources 4 0 R", now: "<< /ADBE << >> /ISO_ << >> >>", other: []string{"object 4"}},
	} {
		t.Run(name, func(t *testing.T) {
			doc := sign(t, craft("", "<< /Type /Catalog /Pages 2 0 R /Extensions 4 0 R >>",
				"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
				"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "+test.page+" >>", "<< /ADBE << >> >>"), nil)
			doc = sign(t, appended(t, doc, "4 0 obj\n"+test.now+"\nendobj\n", 4, "/Root 1 0 R"), nil)
			require.Equal(t, test.other, changesOf(t, doc).Other)
		})
	}
}

// TestTrailerNamesNoObject: a trailer may name with another number what is not there (an office document that is not
// enclosed any more); what was signed as not there must not come later.
func TestTrailerNamesNoObject(t *testing.T) {
	signed := sign(t, craft("/AdditionalStreams [/a 98 0 R]", "<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>"), nil)
	const it = "<< >>\nendobj\n"
	for name, test := range map[string]struct {
		number  int
		trailer string
		other   []string
	}{
		"another that is not there": {97, "/AdditionalStreams [/a 96 0 R]", nil},
		"once not there, now there": {98, "/AdditionalStreams [/a 96 0 R]", nil},
		"there now":                 {98, "/AdditionalStreams [/a 98 0 R]", []string{"trailer"}},
		"another that is there":     {97, "/AdditionalStreams [/a 97 0 R]", []string{"trailer"}},
		"what the page is":          {97, "/AdditionalStreams [/a 3 0 R]", []string{"trailer"}},
		"something else":            {97, "/Other [/a 96 0 R]", []string{"trailer"}},
	} {
		t.Run(name, func(t *testing.T) {
			doc := appended(t, signed, fmt.Sprintf("%d 0 obj\n%s", test.number, it), test.number, "/Root 1 0 R "+test.trailer)
			require.Equal(t, test.other, changesOf(t, doc).Other)
		})
	}
}

// appended adds a revision of one object, and with a trailer of its own.
func appended(t *testing.T, doc []byte, object string, number int, trailer string) []byte {
	t.Helper()
	last := bytes.LastIndex(doc, []byte("startxref\n"))
	var previous int
	_, err := fmt.Sscanf(string(doc[last:]), "startxref\n%d", &previous)
	require.NoError(t, err)
	out := append(bytes.Clone(doc), object...)
	return fmt.Appendf(out, "xref\n%d 1\n%010d 00000 n \ntrailer\n<< /Size 99 /Prev %d %s >>\nstartxref\n%d\n%%%%EOF\n",
		number, len(doc), previous, trailer, len(out))
}

// changesOf are the changes since the first signature.
func changesOf(t *testing.T, doc []byte) *pdf.Changes {
	t.Helper()
	f, s := first(t, doc)
	c, err := f.Changes(s)
	require.NoError(t, err)
	return c
}
