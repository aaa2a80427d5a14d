package verify_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/pdf"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/verify"
)

// writtenPDF is a PDF of these objects, of which the first is the catalog.
func writtenPDF(objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	xref := fmt.Sprintf("xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for i, o := range objects {
		xref += fmt.Sprintf("%010d 00000 n \n", b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	at := b.Len()
	fmt.Fprintf(&b, "%strailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", xref, len(objects)+1, at)
	return b.Bytes()
}

// revisedPDF appends a revision with these objects by number; before stands between them and their cross-reference.
func revisedPDF(t *testing.T, doc []byte, before string, objects map[int]string) []byte {
	t.Helper()
	var prev int
	_, err := fmt.Sscan(string(doc[bytes.LastIndex(doc, []byte("startxref"))+len("startxref"):]), &prev)
	require.NoError(t, err)
	out, xref := bytes.Clone(doc), "xref\n"
	for _, n := range slices.Sorted(maps.Keys(objects)) {
		xref += fmt.Sprintf("%d 1\n%010d 00000 n \n", n, len(out))
		out = fmt.Appendf(out, "%d 0 obj\n%s\nendobj\n", n, objects[n])
	}
	out = append(out, before...)
	at := len(out)
	return fmt.Appendf(out, "%strailer\n<</Size 99/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n", xref, prev, at)
}

func streamPDF(keys, data string) string {
	return fmt.Sprintf("<<%s/Length %d>>\nstream\n%s\nendstream", keys, len(data), data)
}

// TestPDFAttacks: documents whose signature holds in every octet and that show, or let some readers show, what was not
// signed are returned, for what was done to them.
func TestPDFAttacks(t *testing.T) {
	w := newWorld(t)
	n, other := w.enrol(ca.ProfileDepartment, fixtures.Departments()[0]), w.enrol(ca.ProfileDepartment, fixtures.Departments()[1])
	const form = "/Subtype/Form/BBox[0 0 9 9]"
	page := func(catalog, page string, more ...string) []byte {
		return w.signPDF(writtenPDF(append([]string{
			"<</Type/Catalog/Pages 2 0 R" + catalog + ">>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
			"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R" + page + ">>",
		}, more...)...), n, nil)
	}
	again := func(doc []byte, number int, from, to string) string {
		_, text, _ := strings.Cut(string(doc[bytes.LastIndex(doc, fmt.Appendf(nil, "\n%d 0 obj\n", number)):]), " obj\n")
		text, _, _ = strings.Cut(text, "\nendobj")
		require.Contains(t, text, from)
		return strings.Replace(text, from, to, 1)
	}
	plain := page("", "", streamPDF("", "one"))
	drawn := page("", "/Resources<</XObject 1 0 R>>", streamPDF("", "/DSS Do"))
	font := page("", "/Resources<</Font<</F 5 0 R>>>>", streamPDF("", "one"), "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")
	called := page("", "", streamPDF("/Type/XRef", "one"))
	trees := page("", "", streamPDF("", "one"), "<</Type/Pages/Kids[6 0 R]/Count 1>>", "<</Type/Page/Parent 5 0 R>>")
	archive := "PK\x03\x04 another document PK\x05\x06" + strings.Repeat("\x00", 18)
	hidden := "4 0 obj\n" + streamPDF("", "two") + "\nendobj\n"
	for name, test := range map[string]struct {
		doc   []byte
		check string
	}{
		"another font":                     {revisedPDF(t, font, "", map[int]string{5: "<</Type/Font/Subtype/Type3>>"}), "pdf.changed"},
		"the other page tree":              {revisedPDF(t, trees, "", map[int]string{1: again(trees, 1, "/Pages 2 0 R", "/Pages 5 0 R")}), "pdf.changed"},
		"evidence that is drawn":           {revisedPDF(t, drawn, "", map[int]string{1: again(drawn, 1, "<<", "<</DSS 50 0 R"), 50: streamPDF(form, "f")}), "pdf.changed"},
		"content called cross-reference":   {revisedPDF(t, called, "", map[int]string{4: streamPDF("/Type/XRef", "two")}), "pdf.changed"},
		"an object that nothing lists":     {revisedPDF(t, plain, hidden, map[int]string{50: "<<>>"}), "pdf.changed"},
		"objects without cross-reference":  {append(bytes.Clone(plain), hidden...), "pdf.changed"},
		"a stamp over the page":            {w.stampOver(plain, other), "pdf.changed"},
		"an archive that nothing leads to": {revisedPDF(t, plain, "", map[int]string{50: streamPDF("", archive)}), "pdf.changed"},
		"an archive as evidence": {revisedPDF(t, plain, "", map[int]string{
			1: again(plain, 1, "<<", "<</DSS 50 0 R"), 50: "<</Certs[51 0 R]>>", 51: streamPDF("", archive),
		}), "pdf.changed"},
		"an empty range": {bytes.Replace(plain, []byte("/ByteRange ["), []byte("/ByteRonge ["), 1), "pdf.range"},
		"no value":       {bytes.Replace(plain, []byte("/Contents <"), []byte("/Kontents <"), 1), "pdf.range"},
	} {
		t.Run(name, func(t *testing.T) {
			r := w.judge(w.verifier(func(c *verify.Config) { c.Intermediates = pki.NewPool(w.issuing.cert()) }), test.doc)
			require.Equal(t, verify.TotalFailed, r.Indication)
			require.Equal(t, test.check, r.Headline, "%v", r.Checks)
		})
	}
	r := w.judge(w.verifier(func(c *verify.Config) { c.Intermediates = pki.NewPool(w.issuing.cert()) }),
		revisedPDF(t, plain, "", map[int]string{50: "<<>>"}))
	require.Equal(t, verify.TotalPassed, r.Indication, "what nothing leads to shows nothing: %v", r.Checks)
}

// stampOver signs a PDF so that the stamp takes the whole page.
func (w *world) stampOver(doc []byte, n node) []byte {
	w.t.Helper()
	f, err := pdf.Open(bytes.NewReader(doc), int64(len(doc)))
	require.NoError(w.t, err)
	u, err := f.NewUpdate()
	require.NoError(w.t, err)
	look := u.AddStream(pdf.Dict{"Subtype": pdf.Name("Form")}, []byte("0 0 9 9 re f"))
	require.NoError(w.t, u.AddField(pdf.NewField{
		Value: pdf.Dict{"SubFilter": pdf.FilterDetached}, Room: 8 << 10, Page: 1, Rect: [4]float64{0, 0, 595, 842}, Look: look,
	}))
	a, err := u.Finish()
	require.NoError(w.t, err)
	before, after := a.Covered()
	value, err := w.signer(n, nil).Detached(w.t.Context(), slices.Concat(doc, before, after))
	require.NoError(w.t, err)
	require.NoError(w.t, a.SetValue(value))
	return append(bytes.Clone(doc), a.Bytes...)
}
