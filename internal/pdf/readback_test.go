package pdf_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/pdf"
)

const twoPages = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Annots 5 0 R>>"

// Whatever the document is like, a second signature leaves the first one what it was: the program that adds is held
// against the one that judges.
func TestSignedTwice(t *testing.T) {
	for name, doc := range map[string][]byte{
		"reals": craft("/ID [<01><02>]", "<</Type/Catalog/Pages 2 0 R/AcroForm 4 0 R/X[1.0 -0.0 +3.50 4. 100000000000000000000 .5]>>",
			"<</Type/Pages/Kids[3 0 R]/Count 1>>",
			"<</Type/Page/Parent 2 0 R/MediaBox[0.0 0.0 595.0 842.0]/UserUnit 1.0/Rotate 90/Contents[]>>", "<</Fields[]/X 7.0>>"),
		"names and strings": prepared("/A#42#23/#/N(a\\(\\)\\\\\\1\\377\r\n)/H<41 4>", "/A#20B null/C<</D[true false null]>>"),
		"annotations that are the fields": prepared("/AcroForm 4 0 R", "/Annots 5 0 R", "<</Fields 5 0 R>>", "[6 0 R]",
			"<</Type/Annot/Subtype/Widget/FT/Tx/T(a)/Rect[0 0 0 0]>>"),
		"annotations of two pages": craft("", "<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>", twoPages,
			twoPages, "[6 0 R]", "<</Type/Annot/Subtype/Text/Rect[0 0 9 9]>>"),
		"a form that somebody else names": prepared("/AcroForm 4 0 R/Names 4 0 R", "", "<</Fields[]>>"),
	} {
		t.Run(name, func(t *testing.T) {
			once := sign(t, doc, nil)
			u, err := open(t, once).NewUpdate()
			require.NoError(t, err)
			require.NoError(t, u.AddField(pdf.NewField{Value: pdf.Dict{"Type": pdf.Name("Sig"), "SubFilter": pdf.FilterCAdES}, Room: 32, Page: 1}))
			a, err := u.Finish()
			require.NoError(t, err)
			require.NoError(t, open(t, once).CheckUpdate(a))
			f, s := first(t, append(bytes.Clone(once), a.Bytes...))
			changes, err := f.Changes(s)
			require.NoError(t, err)
			require.Empty(t, changes.Other)
			require.Equal(t, 1, changes.Signatures)
			pages, err := f.Pages()
			require.NoError(t, err)
			if len(pages) > 1 {
				list, err := f.Resolve(pages[1].Dict["Annots"])
				require.NoError(t, err)
				require.Len(t, list, 1, "the other page shows what it showed")
			}
		})
	}
}

// An object that is two things becomes two, and one that would have to be both is refused.
func TestTwoEnds(t *testing.T) {
	for name, doc := range map[string][]byte{
		"page and form": prepared("/AcroForm 3 0 R", ""),
		"catalog and form": craft("", "<</Type/Catalog/Pages 2 0 R/AcroForm 1 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
			"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"),
	} {
		f, s := first(t, sign(t, doc, func(n *pdf.NewField) { n.Certifies = true }))
		require.NoError(t, s.CheckRange(), name)
		fields, err := f.SignatureFields()
		require.NoError(t, err)
		require.Len(t, fields, 1, name)
		require.Equal(t, 1, s.Permissions.Level, name)
	}
	both, err := open(t, plain()).NewUpdate()
	require.NoError(t, err)
	require.NoError(t, both.AddField(pdf.NewField{Value: pdf.Dict{}, Room: 8, Page: 1}))
	require.Equal(t, pdf.ReasonStructure, pdf.ReasonOf(both.AddEvidence(pdf.Evidence{CRLs: [][]byte{{1}}})))
	u, err := open(t, prepared("/DSS 4 0 R", "", "<</Certs 5 0 R/CRLs 5 0 R>>", "[]")).NewUpdate()
	require.NoError(t, err)
	require.NoError(t, u.AddEvidence(pdf.Evidence{Certificates: [][]byte{{1}}, CRLs: [][]byte{{2}}}))
	a, err := u.Finish()
	require.NoError(t, err)
	e, err := open(t, append(prepared("/DSS 4 0 R", "", "<</Certs 5 0 R/CRLs 5 0 R>>", "[]"), a.Bytes...)).Evidence()
	require.NoError(t, err)
	require.Equal(t, &pdf.Evidence{Certificates: [][]byte{{1}}, CRLs: [][]byte{{2}}}, e)
}

// What an update adds stays within what is read.
func TestRoomForMore(t *testing.T) {
	doc := plain()
	for range pdf.MaxSignatures {
		doc = sign(t, doc, nil)
	}
	u, err := open(t, doc).NewUpdate()
	require.NoError(t, err)
	require.Equal(t, pdf.ReasonLimit, pdf.ReasonOf(u.AddField(pdf.NewField{Value: pdf.Dict{}, Room: 8, Page: 1})))

	full := pdf.Evidence{}
	for i := range 256 {
		full.Certificates = append(full.Certificates, []byte{byte(i)})
	}
	doc = update(t, plain(), func(u *pdf.Update) { require.NoError(t, u.AddEvidence(full)) })
	u, err = open(t, doc).NewUpdate()
	require.NoError(t, err)
	require.NoError(t, u.AddEvidence(full), "all of it is there")
	require.Equal(t, pdf.ReasonLimit, pdf.ReasonOf(u.AddEvidence(pdf.Evidence{CRLs: [][]byte{{1}}})))

	doc = plain()
	for range pdf.MaxRevisions - 1 {
		doc = update(t, doc, func(*pdf.Update) {})
	}
	_, err = open(t, doc).NewUpdate()
	require.Equal(t, pdf.ReasonLimit, pdf.ReasonOf(err))

	front := strings.Replace(string(plain()), "%PDF-", "xref\n0 0\ntrailer<</Root 1 0 R/Size 1>>\n%PDF-", 1)
	front = front[:strings.LastIndex(front, "startxref")] + "startxref\n0\n%%EOF\n"
	_, err = pdf.Open(strings.NewReader(front), int64(len(front)))
	require.Equal(t, pdf.ReasonXref, pdf.ReasonOf(err))
}

// A document that would not be read as it was is not handed out.
func TestCheckUpdateRefuses(t *testing.T) {
	signed := sign(t, plain(), nil)
	for name, edit := range map[string]func(u *pdf.Update){
		"content":                         func(u *pdf.Update) { u.Replace(ref(4), pdf.Dict{}) },
		"the value":                       func(u *pdf.Update) { u.Replace(ref(7), pdf.Dict{}) },
		"no catalog":                      func(u *pdf.Update) { u.Replace(ref(1), pdf.Array{}) },
		"a signature that is in no field": func(u *pdf.Update) { u.AddSignature(pdf.Dict{}, 8) },
	} {
		f := open(t, signed)
		u, err := f.NewUpdate()
		require.NoError(t, err)
		edit(u)
		a, err := u.Finish()
		require.NoError(t, err)
		require.NotEmpty(t, pdf.ReasonOf(f.CheckUpdate(a)), name)
	}
}

// A page in reals that gets the second signature is the page that the first one signed.
func TestRealsStayReals(t *testing.T) {
	page := "<</Type/Page/Parent 2 0 R/MediaBox[0.0 0.0 595.0 842.0]>>"
	once := sign(t, craft("", "<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>", page, page), nil)
	f, s := first(t, sign(t, once, func(n *pdf.NewField) { n.Page = 2 }))
	changes, err := f.Changes(s)
	require.NoError(t, err)
	require.Empty(t, changes.Other)
}
