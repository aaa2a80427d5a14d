package verify_test

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/pdf"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/verify"
)

// mostAllocated is how much memory a hostile document may make the judge take, all in all and not at a time: this
// bounds the work too.
const mostAllocated = 192 << 20

// TestBadInput: hostile documents through the public entry. Each is refused for a reason that is named, and none of them
// makes the judge take more memory than its limits. docs/verify.md section 13 lists them, and this test holds it to that.
func TestBadInput(t *testing.T) {
	w := newSealWorld(t)
	list := w.hostile()
	holdTable(t, "## 13.", list)
	for name, test := range list {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			w.judgeWrong(t, name, test)
			runtime.ReadMemStats(&after)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(mostAllocated))
		})
	}
}

func (w *sealWorld) hostile() map[string]wrongDocument {
	out := map[string]wrongDocument{}
	for _, list := range []map[string]wrongDocument{w.hostileOFD(), w.hostilePDF(), w.hostileDER(), hostileJSON()} {
		for name, test := range list {
			if test.sub == "" {
				test.sub = verify.FormatFailure
			}
			out[name] = test
		}
	}
	return out
}

func (w *sealWorld) hostileOFD() map[string]wrongDocument {
	t := w.t
	good := w.sealed(page(), nil)
	laughs := `<!DOCTYPE l [<!ENTITY a "ha">`
	for i := range 9 {
		laughs += fmt.Sprintf(`<!ENTITY %c "%s">`, 'b'+i, strings.Repeat(fmt.Sprintf("&%c;", 'a'+i), 10))
	}
	inFront := func(file, text string) []byte {
		return rezip(t, good, func(entries []entry) []entry {
			for i := range entries {
				if strings.HasSuffix(entries[i].name, file) {
					entries[i].data = append([]byte(text), entries[i].data...)
				}
			}
			return entries
		})
	}
	var many []entry
	for i := range 10_000 {
		many = append(many, entry{fmt.Sprintf("Doc_0/%d.xml", i), nil})
	}
	deep := strings.Repeat("<a>", 100_000)
	plus := func(more ...entry) []byte {
		return rezip(t, good, func(entries []entry) []entry { return append(entries, more...) })
	}
	return map[string]wrongDocument{
		"OFD: billion laughs":            {doc: inFront("OFD.xml", laughs+"]>"), id: "package.text", found: "doctype"},
		"OFD: DOCTYPE in a signature":    {doc: inFront("Signature.xml", `<!DOCTYPE a SYSTEM "http://example.org/a">`), id: "description.text", found: "doctype"},
		"OFD: DOCTYPE in the list":       {doc: inFront("Signatures.xml", `<!DOCTYPE a []>`), id: "package.signed", found: "doctype"},
		"OFD: 10,000 entries":            {doc: plus(many...), id: "package.text", found: "limit"},
		"OFD: ratio bomb":                {doc: plus(entry{"Doc_0/bomb.xml", make([]byte, 64<<20)}), id: "package.text", found: "bomb"},
		"OFD: elements 100,000 deep":     {doc: inFront("OFD.xml", deep), id: "package.text"},
		"OFD: signature 100,000 deep":    {doc: inFront("Signature.xml", deep), id: "description.text"},
		"OFD: bytes behind the end":      {doc: append(bytes.Clone(good), "tail"...), id: "package.text"},
		"OFD: bytes before the start":    {doc: append([]byte("PK\x03\x04head"), good...), id: "package.text"},
		"OFD: archive that is cut short": {doc: good[:len(good)/2], id: "document.kind"},
		"OFD: one name of 60,000 bytes":  {doc: plus(entry{strings.Repeat("n", 60_000), nil}), id: "package.text"},
		"OFD: nothing but its name":      {doc: zipped(t, []entry{{"OFD.xml", nil}}, zip.Store), id: "package.text"},
	}
}

func (w *sealWorld) hostilePDF() map[string]wrongDocument {
	signed := w.signPDF(plainPDF(), w.enrol(ca.ProfileDepartment, fixtures.Departments()[0]), nil)
	at := bytes.Index(signed, []byte("/ByteRange ["))
	require.Positive(w.t, at)
	end := at + bytes.IndexByte(signed[at:], ']') + 1
	ranged := func(numbers string) []byte {
		text := "/ByteRange [" + numbers + "]"
		require.LessOrEqual(w.t, len(text), end-at)
		return bytes.Replace(bytes.Clone(signed), signed[at:end], []byte(text+strings.Repeat(" ", end-at-len(text))), 1)
	}
	size := len(signed)
	return map[string]wrongDocument{
		"PDF: pages in a circle": {doc: w.circled(signed), id: "pdf.changed", sub: verify.HashFailure},
		"PDF: fields in a circle": {doc: pdfOf("<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[3 0 R]>>>>",
			"<</Type/Pages/Kids[]/Count 0>>", "<</T(a)/Kids[3 0 R]>>"), id: "pdf.text", found: "structure"},
		"PDF: tables in a circle": {doc: bytes.Replace(plainPDF(), []byte("/Root 1 0 R"),
			fmt.Appendf(nil, "/Root 1 0 R /Prev %d", bytes.Index(plainPDF(), []byte("xref\n"))), 1), id: "pdf.text", found: "xref"},
		"PDF: overlapping ranges":     {doc: ranged(fmt.Sprintf("0 %d 9 %d", size-20, size-20)), id: "pdf.range", sub: verify.SigConstraintsFailure},
		"PDF: negative offset":        {doc: ranged("0 -1 9 9"), id: "pdf.range", sub: verify.SigConstraintsFailure},
		"PDF: negative start":         {doc: ranged("-9 99 9 9"), id: "pdf.range", sub: verify.SigConstraintsFailure},
		"PDF: range that overflows":   {doc: ranged("0 9 9223372036854775807 9"), id: "pdf.range", sub: verify.SigConstraintsFailure},
		"PDF: range beyond the end":   {doc: ranged(fmt.Sprintf("0 9 99 %d", size*9)), id: "pdf.range", sub: verify.SigConstraintsFailure},
		"PDF: arrays 100,000 deep":    {doc: pdfOf("<</Type/Catalog/Pages 2 0 R/X "+strings.Repeat("[", 100_000)+">>", "<</Kids[]>>"), id: "pdf.text"},
		"PDF: bomb in the table":      {doc: bombPDF(w.t), id: "pdf.text", found: "limit"},
		"PDF: place of the table -1":  {doc: []byte("%PDF-1.7\nstartxref\n-1\n%%EOF"), id: "pdf.text"},
		"PDF: a million objects":      {doc: bytes.Replace(plainPDF(), []byte("xref\n0 4\n"), []byte("xref\n0 9999999\n"), 1), id: "pdf.text"},
		"PDF: value beyond the range": {doc: append(bytes.Clone(signed[:size-6]), "X%%EOF"...), id: "pdf.text"},
	}
}

// circled appends an update after which the pages of a document lead to themselves.
func (w *sealWorld) circled(doc []byte) []byte {
	w.t.Helper()
	f, err := pdf.Open(bytes.NewReader(doc), int64(len(doc)))
	require.NoError(w.t, err)
	u, err := f.NewUpdate()
	require.NoError(w.t, err)
	pages := pdf.Ref{Number: 2}
	u.Replace(pages, pdf.Dict{"Type": pdf.Name("Pages"), "Kids": pdf.Array{pages}, "Count": int64(1)})
	a, err := u.Finish()
	require.NoError(w.t, err)
	return append(bytes.Clone(doc), a.Bytes...)
}

// pdfOf is a PDF of these objects.
func pdfOf(objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	xref := fmt.Sprintf("xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for i, o := range objects {
		xref += fmt.Sprintf("%010d 00000 n \n", b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	at := b.Len()
	fmt.Fprintf(&b, "%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", xref, len(objects)+1, at)
	return b.Bytes()
}

// der is one element with a length in DER.
func der(tag byte, content ...[]byte) []byte {
	body := bytes.Join(content, nil)
	n := len(body)
	switch {
	case n < 0x80:
		return append([]byte{tag, byte(n)}, body...)
	case n < 0x100:
		return append([]byte{tag, 0x81, byte(n)}, body...)
	case n < 0x10000:
		return append([]byte{tag, 0x82, byte(n >> 8), byte(n)}, body...)
	}
	return append([]byte{tag, 0x83, byte(n >> 16), byte(n >> 8), byte(n)}, body...)
}

func (w *sealWorld) hostileDER() map[string]wrongDocument {
	good := w.attached(w.department, []byte("示例"))
	arc := []byte("\x2a\x81\x1c\xcf\x55\x06\x01\x04\x02\x02")
	data := func(parts ...[]byte) []byte { return der(0x30, der(6, arc), der(0xa0, der(0x30, parts...))) }
	version, algorithms := der(2, []byte{1}), der(0x31, der(0x30, der(6, []byte("\x2a\x81\x1c\xcf\x55\x01\x83\x11"))))
	inner := der(0x30, der(6, []byte("\x2a\x81\x1c\xcf\x55\x06\x01\x04\x02\x01")))
	long := bytes.Repeat([]byte{0xff}, 1<<20)
	nested := append(bytes.Repeat([]byte{0x30, 0x80}, 100_000), 6, 1, 1)
	return map[string]wrongDocument{
		"DER: identifier of a megabyte": {doc: data(version, der(0x31, der(0x30, der(6, append(bytes.Clone(long), 1)))), inner,
			der(0x31)), id: "cms.text"},
		"DER: type of a megabyte":     {doc: der(0x30, der(6, append(bytes.Clone(long), 1)), der(0xa0, der(0x30))), id: "cms.text"},
		"DER: integer of a megabyte":  {doc: data(der(2, append([]byte{1}, long...)), algorithms, inner, der(0x31)), id: "cms.text"},
		"DER: indefinite lengths":     {doc: append(append([]byte{0x30, 0x80}, der(6, arc)...), 0xa0, 0x80, 0, 0, 0, 0), id: "cms.text"},
		"DER: bytes behind the end":   {doc: append(bytes.Clone(good), 0), id: "cms.text"},
		"DER: length of 4 GB":         {doc: append([]byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff}, der(6, arc)...), id: "cms.text"},
		"DER: 100,000 deep":           {doc: nested, id: "certificate.text"},
		"DER: signers 100,000 deep":   {doc: data(version, algorithms, inner, der(0x31, nested)), id: "cms.text"},
		"DER: length not the least":   {doc: append([]byte{0x30, 0x83, 0, byte(len(good) >> 8), byte(len(good))}, good[4:]...), id: "cms.text"},
		"DER: 100,000 empty signers":  {doc: data(version, algorithms, inner, der(0x31, bytes.Repeat([]byte{0x30, 0}, 100_000))), id: "cms.text"},
		"DER: a document of 5 MB":     {doc: der(0x30, der(6, arc), make([]byte, 5<<20)), id: "document.kind"},
		"DER: cut in the middle":      {doc: good[:len(good)/2], id: "cms.text"},
		"DER: time-stamp in disorder": {doc: der(0x30, der(0x30, der(2, []byte{0})), der(0x30, der(6, arc))), id: "timestamp.text"},
	}
}

func hostileJSON() map[string]wrongDocument {
	return map[string]wrongDocument{
		"JSON: 100,000 deep":    {doc: []byte(strings.Repeat(`{"a":`, 100_000)), id: "document.members"},
		"JSON: a member twice":  {doc: []byte(`{"format":"elicense bundle v1","format":"x"}`), id: "document.members"},
		"JSON: two documents":   {doc: []byte(`{"format":"x"} {"format":"y"}`), id: "document.members"},
		"JSON: member by look":  {doc: []byte(`{"format":"elicense bundle v1","ſtatus":"x"}`), id: "document.members"},
		"JSON: capital member":  {doc: []byte(`{"Format":"elicense bundle v1"}`), id: "document.members"},
		"nothing at all":        {doc: nil, id: "document.kind"},
		"nothing that is known": {doc: bytes.Repeat([]byte("\x00\x01"), 1000), id: "document.kind"},
	}
}

// bombPDF is a PDF whose table of objects is a stream of 64 MB of zeros.
func bombPDF(t testing.TB) []byte {
	t.Helper()
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	_, err := z.Write(make([]byte, 64<<20))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	head := "%PDF-1.5\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n"
	return fmt.Appendf(nil, "%s3 0 obj\n<</Type/XRef/Root 1 0 R/Filter/FlateDecode/W[1 4 2]/Size 4/Length %d>>\nstream\n%s\nendstream\nendobj\n"+
		"startxref\n%d\n%%%%EOF\n", head, packed.Len(), packed.Bytes(), len(head))
}
