package document_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/vault/document"
)

var zone = time.FixedZone("CST", 8*3600)

func note() document.Note {
	return document.Note{
		Purpose: "办理“示例”食品经营备案 <A&B>", For: "示例省政务服务中心", Maker: "示例省电子证照库",
		Made: time.Date(2026, 3, 1, 9, 0, 0, 0, zone), Until: time.Date(2026, 4, 1, 0, 0, 0, 0, zone),
	}
}

// stampValue stands in for a seal's key: what it makes is no signature, and nobody here takes it for one.
type stampValue struct{}

func (stampValue) Value(context.Context, []byte, string) ([]byte, error) {
	return []byte{0x30, 0x00}, nil
}

// sealed is a licence with a seal on it.
func sealed(t testing.TB, d *document.Drawer, leaveRootOpen bool) []byte {
	t.Helper()
	typ := shippedType(t, "real-estate-certificate")
	values := sample(typ)
	values["KZ_FJ"] = "示例附记"
	drawing := draw(t, d, signed(t, typ, values))
	b, err := drawing.OFD()
	require.NoError(t, err)
	o, err := signing.OpenOFD(bytes.NewReader(b), int64(len(b)), signing.OFDConfig{Now: func() time.Time { return note().Made }})
	require.NoError(t, err)
	place := drawing.Seals[0].Box
	require.NoError(t, o.Seal(t.Context(), signing.SealOrder{
		Value: stampValue{}, Seal: []byte{0x30, 0x00}, LeaveRootOpen: leaveRootOpen,
		Stamps: []signing.Stamp{{Page: 1, Box: signing.Box{
			X: float64(place.X) / 1000, Y: float64(place.Y) / 1000, W: float64(place.W) / 1000, H: float64(place.H) / 1000,
		}}},
	}))
	var out bytes.Buffer
	require.NoError(t, o.Write(&out))
	return out.Bytes()
}

func parseNote(b []byte) (*document.Note, error) {
	return document.ParseNote(bytes.NewReader(b), int64(len(b)), zone)
}

// TestCopy_A35: a purpose-bound copy says on every page and in its metadata what it is for, is a version of its own,
// and leaves every file that the original's seal protects as it is.
func TestCopy_A35(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, d *document.Drawer) {
		t.Helper()
		original := sealed(t, d, true)
		_, err := parseNote(original)
		require.ErrorIs(t, err, document.ErrNoNote)
		out, err := d.Annotate(original, note())
		require.NoError(t, err)
		again, err := d.Annotate(original, note())
		require.NoError(t, err)
		require.Equal(t, out, again)
		got, err := parseNote(out)
		require.NoError(t, err)
		require.Equal(t, note(), *got)

		p, err := ofd.Open(bytes.NewReader(out), int64(len(out)))
		require.NoError(t, err)
		checkXML(t, p)
		doc := p.Documents()[0]
		require.Len(t, doc.Versions, 2)
		require.True(t, doc.Versions[1].Current)
		list, err := p.Signatures(doc)
		require.NoError(t, err)
		require.Len(t, list.Signatures, 1)
		s, err := p.ReadSignature(list.Signatures[0])
		require.NoError(t, err)
		cover, err := p.Coverage(list, 0, s, nil)
		require.NoError(t, err)
		require.True(t, cover.Complete(), "the original's seal still holds everything it held")
		custom := make(map[string]string)
		for _, c := range doc.Info.Custom {
			custom[c.Name] = c.Value
		}
		require.Equal(t, "20260301090000", custom["JZJZZSJ"])
		require.Equal(t, "20260401000000", custom["JZJYXQJZSJ"])
		require.Equal(t, note().Purpose, custom["JZJZZSY"])
		require.Equal(t, note().Maker, custom["JZJZZZ"])
		require.Equal(t, "不动产权证书", custom["ZZMC"])
	})
}

// TestCopyRefusals: no copy of what a copy would break, or of what is none.
func TestCopyRefusals(t *testing.T) {
	t.Parallel()
	d := drawer(t, document.Fonts{})
	open := sealed(t, d, true)
	copied, err := d.Annotate(open, note())
	require.NoError(t, err)
	typ := shippedType(t, "business-licence")
	unsealed, err := draw(t, d, signed(t, typ, sample(typ))).OFD()
	require.NoError(t, err)
	other, err := ofd.Marshal([]ofd.File{
		{Name: "OFD.xml", Data: []byte(`<ofd:OFD xmlns:ofd="http://www.ofdspec.org/2016"><ofd:DocBody><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>`)},
		{Name: "Doc_0/Document.xml", Data: []byte(`<ofd:Document xmlns:ofd="http://www.ofdspec.org/2016"/>`)},
	})
	require.NoError(t, err)
	for _, c := range []struct {
		name     string
		original []byte
		change   func(n *document.Note)
		want     error
	}{
		{"seal over OFD.xml", sealed(t, d, false), nil, document.ErrLicence},
		{"copy of a copy", copied, nil, document.ErrLicence},
		{"not sealed", unsealed, nil, document.ErrLicence},
		{"no licence", other, nil, document.ErrLicence},
		{"no package", []byte("PK"), nil, &ofd.Error{Reason: ofd.ReasonZip}},
		{"no purpose", open, func(n *document.Note) { n.Purpose = "" }, document.ErrNote},
		{"for nobody", open, func(n *document.Note) { n.For = " " }, document.ErrNote},
		{"no maker", open, func(n *document.Note) { n.Maker = "" }, document.ErrNote},
		{"long", open, func(n *document.Note) { n.Purpose = strings.Repeat("长", 201) }, document.ErrNote},
		{"invisible", open, func(n *document.Note) { n.For = "甲\u202e乙" }, document.ErrNote},
		{"two lines", open, func(n *document.Note) { n.For = "甲\n乙" }, document.ErrNote},
		{"ended before", open, func(n *document.Note) { n.Until = n.Made.Add(-time.Second) }, document.ErrNote},
		{"no end", open, func(n *document.Note) { n.Until = time.Time{} }, document.ErrNote},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := note()
			if c.change != nil {
				c.change(&n)
			}
			out, err := d.Annotate(c.original, n)
			require.Nil(t, out)
			require.ErrorIs(t, err, c.want)
		})
	}
}

// TestNoteHeldAgainstPages_A35: metadata and pages must tell the same, on every page, once.
func TestNoteHeldAgainstPages_A35(t *testing.T) {
	t.Parallel()
	d := drawer(t, document.Fonts{})
	copied, err := d.Annotate(sealed(t, d, true), note())
	require.NoError(t, err)
	const page0, page1 = "Doc_0/Annots/Page_0/Annotation_1.xml", "Doc_0/Annots/Page_1/Annotation_1.xml"
	for _, c := range []struct{ name, file, old, now string }{
		{"other end in the metadata", "OFD.xml", "20260401000000", "20270401000000"},
		{"other end on a page", page1, "20260401000000", "20270401000000"},
		{"no metadata", "OFD.xml", "JZJ", "XZJ"},
		{"one datum less", "OFD.xml", "JZJZZSY", "XZJZZSY"},
		{"twice", "OFD.xml", `Name="JZJZZZ"`, `Name="JZJZZSY"`},
		{"day that is none", "OFD.xml", "20260401000000", "20260431000000"},
		{"no watermark", page0, `Type="Watermark"`, `Type="Stamp"`},
		{"no values", page0, "ofd:Parameter", "ofd:Paramater"},
		{"page without", page1, `Type="Watermark"`, `Type="Stamp"`},
		{"document type", page0, "<ofd:PageAnnot", "<!DOCTYPE x [<!ENTITY a \"b\">]><ofd:PageAnnot"},
		{"not XML", page0, "</ofd:PageAnnot>", "</ofd:Page>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, err := ofd.Open(bytes.NewReader(copied), int64(len(copied)))
			require.NoError(t, err)
			was := read(t, p, c.file)
			now := strings.ReplaceAll(was, c.old, c.now)
			require.NotEqual(t, was, now)
			var out bytes.Buffer
			require.NoError(t, p.Write(&out, []ofd.File{{Name: c.file, Data: []byte(now)}}))
			n, err := parseNote(out.Bytes())
			require.Nil(t, n)
			require.Error(t, err)
			require.NotErrorIs(t, err, document.ErrNoNote)
		})
	}
}

// FuzzParseNote: whatever stands in the two places, the note is whole or there is none.
func FuzzParseNote(f *testing.F) {
	d := drawer(f, document.Fonts{})
	copied, err := d.Annotate(sealed(f, d, true), note())
	require.NoError(f, err)
	p, err := ofd.Open(bytes.NewReader(copied), int64(len(copied)))
	require.NoError(f, err)
	const page = "Doc_0/Annots/Page_0/Annotation_1.xml"
	f.Add([]byte(read(f, p, "OFD.xml")), []byte(read(f, p, page)), []byte(read(f, p, "Doc_0/Annots/Annotations_1.xml")))
	f.Fuzz(func(t *testing.T, root, annotation, list []byte) {
		var out bytes.Buffer
		err := p.Write(&out, []ofd.File{
			{Name: "OFD.xml", Data: root}, {Name: page, Data: annotation}, {Name: "Doc_0/Annots/Annotations_1.xml", Data: list},
		})
		require.NoError(t, err)
		n, err := parseNote(out.Bytes())
		if err != nil {
			require.Nil(t, n)
			return
		}
		require.NotEmpty(t, n.Purpose)
		require.NotEmpty(t, n.For)
		require.NotEmpty(t, n.Maker)
		require.False(t, n.Until.Before(n.Made))
	})
}
