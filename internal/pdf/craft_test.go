package pdf_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/pdf"
)

// craft writes a PDF of these objects, of which the first is the catalog; trailer is added to the trailer.
func craft(trailer string, objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	xref := fmt.Sprintf("xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for i, o := range objects {
		xref += fmt.Sprintf("%010d 00000 n \n", b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	at := b.Len()
	fmt.Fprintf(&b, "%strailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n", xref, len(objects)+1, trailer, at)
	return b.Bytes()
}

// plain is a document with a page of text, an annotation, information and a number that no object has.
func plain() []byte {
	return craft("/Info 6 0 R /ID [<01> <02>]",
		"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents [4 0 R] /Annots [5 0 R] >>",
		"<< /Length 4 >>\nstream\nq Q \nendstream", "<< /Type /Annot /Subtype /Text /Rect [0 0 9 9] /Popup 99 0 R >>",
		"<< /Title (a) /Producer (p) >>")
}

func open(t testing.TB, doc []byte) *pdf.File {
	t.Helper()
	f, err := pdf.Open(bytes.NewReader(doc), int64(len(doc)))
	require.NoError(t, err)
	return f
}

// update appends an incremental update.
func update(t testing.TB, doc []byte, edit func(u *pdf.Update)) []byte {
	t.Helper()
	u, err := open(t, doc).NewUpdate()
	require.NoError(t, err)
	edit(u)
	a, err := u.Finish()
	require.NoError(t, err)
	return append(bytes.Clone(doc), a.Bytes...)
}

// value is DER that says nothing.
var value = []byte{0x30, 0x03, 0x02, 0x01, 0x05}

// sign appends an update with a signature field; edit may change it.
func sign(t testing.TB, doc []byte, edit func(*pdf.NewField)) []byte {
	t.Helper()
	u, err := open(t, doc).NewUpdate()
	require.NoError(t, err)
	n := pdf.NewField{
		Value: pdf.Dict{"Type": pdf.Name("Sig"), "SubFilter": pdf.FilterCAdES, "M": pdf.NewText("D:20260301090000Z")}, Room: 32, Page: 1,
	}
	if edit != nil {
		edit(&n)
	}
	require.NoError(t, u.AddField(n))
	a, err := u.Finish()
	require.NoError(t, err)
	require.NoError(t, a.SetValue(value))
	return append(bytes.Clone(doc), a.Bytes...)
}

func first(t testing.TB, doc []byte) (*pdf.File, *pdf.Signature) {
	t.Helper()
	f := open(t, doc)
	list, err := f.Signatures()
	require.NoError(t, err)
	require.NotEmpty(t, list)
	return f, list[0]
}

// replaced puts something as long in the place of a part of a document.
func replaced(t testing.TB, doc []byte, from, to string) []byte {
	t.Helper()
	require.Equal(t, len(from), len(to))
	require.Equal(t, 1, bytes.Count(doc, []byte(from)))
	return bytes.Replace(doc, []byte(from), []byte(to), 1)
}
