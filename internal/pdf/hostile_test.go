package pdf_test

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/pdf"
)

func deflate(t testing.TB, b []byte) string {
	t.Helper()
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	_, err := w.Write(b)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.String()
}

// streamed is a PDF whose cross-reference is a stream with these octets and keys.
func streamed(keys, data string) []byte {
	head := "%PDF-1.5\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n"
	return fmt.Appendf(nil, "%s3 0 obj\n<</Type/XRef/Root 1 0 R%s/Length %d>>\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n",
		head, keys, len(data), data, len(head))
}

// TestOpenRefuses: each kind of damage and each trick has its reason.
func TestOpenRefuses(t *testing.T) {
	two := craft("/Prev 9")
	for name, test := range map[string]struct {
		doc    []byte
		reason pdf.Reason
	}{
		"empty":             {nil, pdf.ReasonHeader},
		"header too late":   {append(bytes.Repeat([]byte{' '}, 1024), plain()...), pdf.ReasonHeader},
		"no startxref":      {[]byte("%PDF-1.7\n%%EOF"), pdf.ReasonXref},
		"no end":            {[]byte("%PDF-1.7\nstartxref\n0\n"), pdf.ReasonXref},
		"place outside":     {[]byte("%PDF-1.7\nstartxref\n99999\n%%EOF"), pdf.ReasonXref},
		"negative place":    {[]byte("%PDF-1.7\nstartxref\n-1\n%%EOF"), pdf.ReasonSyntax},
		"circle":            {craft(fmt.Sprintf("/Prev %d", bytes.Index(two, []byte("xref\n")))), pdf.ReasonXref},
		"prev of no number": {craft("/Prev 1.5"), pdf.ReasonXref},
		"encrypted":         {craft("/Encrypt 1 0 R"), pdf.ReasonEncrypted},
		"key twice":         {craft("/Root 1 0 R"), pdf.ReasonSyntax},
		"number twice":      {bytes.Replace(craft("", "null"), []byte("xref\n0 2\n0000000000 65535 f "), []byte("xref\n1 1\n0000000009 00000 n \n1 1"), 1), pdf.ReasonXref},
		"deep":              {craft("/X " + strings.Repeat("[", 100) + strings.Repeat("]", 100)), pdf.ReasonLimit},
		"many elements":     {craft("/X [" + strings.Repeat("0 ", 1<<18) + "]"), pdf.ReasonLimit},
		"too many objects":  {bytes.Replace(craft(""), []byte("0 1\n"), []byte("0 999999\n"), 1), pdf.ReasonLimit},
		"number too large":  {bytes.Replace(craft(""), []byte("0 1\n"), []byte("4294967295 1\n"), 1), pdf.ReasonLimit},
		"bomb":              {streamed("/Filter/FlateDecode/W[1 4 2]/Size 4", deflate(t, make([]byte, 17<<20))), pdf.ReasonLimit},
		"no deflate":        {streamed("/Filter/FlateDecode/W[1 4 2]/Size 4", "abc"), pdf.ReasonStream},
		"other filter":      {streamed("/Filter/LZWDecode/W[1 4 2]/Size 4", "abc"), pdf.ReasonStream},
		"two filters":       {streamed("/Filter[/FlateDecode/FlateDecode]/W[1 4 2]/Size 4", "abc"), pdf.ReasonStream},
		"predictor":         {streamed("/Filter/FlateDecode/DecodeParms<</Predictor 2>>/W[1 4 2]/Size 4", deflate(t, make([]byte, 28))), pdf.ReasonStream},
		"widths":            {streamed("/W[1 9 2]/Size 4", "abc"), pdf.ReasonXref},
		"short":             {streamed("/W[1 4 2]/Size 4", "abc"), pdf.ReasonXref},
		"long":              {streamed("/W[1 1 1]/Size 1", "abcd"), pdf.ReasonXref},
		"index":             {streamed("/W[1 1 1]/Size 1/Index[-1 1]", "abc"), pdf.ReasonXref},
		"length elsewhere":  {bytes.Replace(streamed("/W[1 1 1]/Size 1", "abc"), []byte("/Length 3"), []byte("/Length 9"), 1), pdf.ReasonSyntax},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := pdf.Open(bytes.NewReader(test.doc), int64(len(test.doc)))
			require.Equal(t, test.reason, pdf.ReasonOf(err), "%v", err)
			require.Nil(t, f)
		})
	}
}

// TestNothingIsRepaired: readers repair a damaged cross-reference each in its own way, so that a file with one is refused
// whatever it is: when it is opened, else when it is to be signed, and when its signature is judged.
func TestNothingIsRepaired(t *testing.T) {
	doc := craft("", "<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page>>", "<</Nobody/Needs>>")
	at := lastPlace(t, doc)
	place := func(name string) string { return fmt.Sprintf("%010d", bytes.Index(doc, []byte(name))) }
	change := func(from, to string) []byte { return bytes.Replace(doc, []byte(from), []byte(to), 1) }
	last := fmt.Sprintf("startxref\n%d", at)
	for name, broken := range map[string][]byte{
		"place before": change(last, fmt.Sprintf("startxref\n%d", at-20)), "place behind": change(last, fmt.Sprintf("startxref\n%d", at+1)),
		"no place": change(last, "startxref\n"), "zero": change(last, "startxref\n0"), "no keyword": change("\nxref\n", "\nxxef\n"),
		"no trailer": change("trailer", "tariler"), "cut off": doc[:len(doc)-8], "other ends of lines": bytes.ReplaceAll(doc, []byte("\n"), []byte("\r\n")),
		"octets in front": append([]byte("\n\n"), doc...), "short table": change("xref\n0 5", "xref\n0 4"), "long table": change("xref\n0 5", "xref\n0 6"),
	} {
		f, err := pdf.Open(bytes.NewReader(broken), int64(len(broken)))
		require.Contains(t, []pdf.Reason{pdf.ReasonXref, pdf.ReasonSyntax, pdf.ReasonLimit}, pdf.ReasonOf(err), "%s: %v", name, err)
		require.Nil(t, f)
	}
	signed := sign(t, doc, nil)
	require.Equal(t, "sound", found(t, signed))
	for name, object := range map[string]string{"an object that nobody needs": "4 0 obj", "the pages": "2 0 obj"} {
		wrong := fmt.Sprintf("%010d", bytes.Index(doc, []byte(object))+1)
		_, err := open(t, change(place(object), wrong)).NewUpdate()
		require.Equal(t, pdf.ReasonSyntax, pdf.ReasonOf(err), name)
		got := found(t, bytes.Replace(signed, []byte(place(object)), []byte(wrong), 1))
		require.Equal(t, "syntax", got, name)
	}
}

// TestTreesInCircles: trees that go in a circle, or lead to one object twice, are refused.
func TestTreesInCircles(t *testing.T) {
	for name, doc := range map[string][]byte{
		"pages":         craft("", "<</Pages 2 0 R>>", "<</Kids[3 0 R]>>", "<</Kids[2 0 R]>>"),
		"page twice":    craft("", "<</Pages 2 0 R>>", "<</Kids[3 0 R 3 0 R]>>", "<</Type/Page>>"),
		"page inside":   craft("", "<</Pages 2 0 R>>", "<</Kids[<</Type/Page>>]>>"),
		"page absent":   craft("", "<</Pages 2 0 R>>", "<</Kids[9 0 R]>>"),
		"catalog":       craft("", "<</Pages 1 0 R>>"),
		"references":    craft("", "<</Pages 2 0 R>>", "3 0 R", "2 0 R"),
		"no catalog":    craft("", "null"),
		"catalog array": craft("", "[]"),
	} {
		f := open(t, doc)
		pages, err := f.Pages()
		require.Equal(t, pdf.ReasonStructure, pdf.ReasonOf(err), "%s: %v", name, err)
		require.Nil(t, pages)
	}
	for name, doc := range map[string][]byte{
		"fields":      craft("", "<</AcroForm<</Fields[2 0 R]>>>>", "<</T(a)/Kids[2 0 R]>>"),
		"field twice": craft("", "<</AcroForm<</Fields[2 0 R 2 0 R]>>>>", "<</FT/Sig/T(a)>>"),
		"no form":     craft("", "<</AcroForm[]>>"),
		"no fields":   craft("", "<</AcroForm<</Fields 1 0 R>>>>"),
	} {
		list, err := open(t, doc).Signatures()
		require.Equal(t, pdf.ReasonStructure, pdf.ReasonOf(err), "%s: %v", name, err)
		require.Nil(t, list)
	}
	_, err := open(t, craft("", "<</AcroForm<</Fields[2 0 R 3 0 R]>>>>", "<</FT/Sig/T(a)/V 4 0 R>>", "<</FT/Sig/T(b)/V 4 0 R>>", "<<>>")).Signatures()
	require.Equal(t, pdf.ReasonSignature, pdf.ReasonOf(err), "one value in two fields")
}

// TestObjectStreamsInCircles: streams that need one another to be read are refused.
func TestObjectStreamsInCircles(t *testing.T) {
	for _, keys := range []string{"/Length 4 0 R", "/Length 8/Filter 4 0 R", "/Length 8/DecodeParms 4 0 R"} {
		head := "%PDF-1.5\n1 0 obj\n<</Pages 4 0 R>>\nendobj\n"
		at := len(head)
		head += "2 0 obj\n<</Type/ObjStm/N 1/First 4" + keys + ">>\nstream\n4 0 null\nendstream\nendobj\n"
		data := string([]byte{1, 0, 9, 0, 1, byte(at >> 8), byte(at), 0, 1, byte(len(head) >> 8), byte(len(head)), 0, 2, 0, 2, 0})
		doc := fmt.Sprintf("%s3 0 obj\n<</Type/XRef/Root 1 0 R/Size 5/Index[1 4]/W[1 2 1]/Length %d>>\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n",
			head, len(data), data, len(head))
		_, err := open(t, []byte(doc)).Resolve(ref(4))
		require.NotEmpty(t, pdf.ReasonOf(err), "%s: %v", keys, err)
	}
}

// TestWork: objects that overlap, each of them up to the end of the file, do not take for ever.
func TestWork(t *testing.T) {
	const count = 1 << 14
	var body, entries bytes.Buffer
	body.WriteString("%PDF-1.7\n")
	for i := range count {
		fmt.Fprintf(&entries, "%010d 00000 n \n", body.Len())
		fmt.Fprintf(&body, "%d 0 obj\n(%s", i+1, strings.Repeat("a", 100))
	}
	at := body.Len()
	fmt.Fprintf(&body, "xref\n1 %d\n%strailer\n<</Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", count, entries.Bytes(), at)
	f := open(t, body.Bytes())
	refused := 0
	for i := range count {
		_, err := f.Resolve(ref(uint32(i + 1)))
		require.NotEmpty(t, pdf.ReasonOf(err), "%v", err)
		if pdf.ReasonOf(err) == pdf.ReasonLimit {
			refused++
		}
	}
	require.Positive(t, refused)
}

// TestRanges: a ByteRange that is not the whole revision but the value is refused.
func TestRanges(t *testing.T) {
	doc := sign(t, plain(), nil)
	_, s := first(t, doc)
	require.NoError(t, s.CheckRange())
	from := bytes.Index(doc, []byte("/ByteRange [")) + len("/ByteRange [")
	var n [4]int
	_, err := fmt.Sscan(string(doc[from:from+44]), &n[0], &n[1], &n[2], &n[3])
	require.NoError(t, err)
	for name, r := range map[string]string{
		"first octet":    fmt.Sprintf("1 %d %d %d", n[1], n[2], n[3]),
		"gap too large":  fmt.Sprintf("0 %d %d %d", n[1]-1, n[2], n[3]),
		"gap too small":  fmt.Sprintf("0 %d %d %d", n[1]+1, n[2], n[3]),
		"gap reaches on": fmt.Sprintf("0 %d %d %d", n[1], n[2]+1, n[3]-1),
		"short":          fmt.Sprintf("0 %d %d %d", n[1], n[2], n[3]-7),
		"beyond":         fmt.Sprintf("0 %d %d %d", n[1], n[2], n[3]+1),
		"overlapping":    fmt.Sprintf("0 %d %d %d", n[2], n[1], n[3]),
		"negative":       fmt.Sprintf("0 -1 %d %d", n[2], n[3]),
		"overflowing":    "0 9223372036854775807 1 9",
		"too large":      "0 9 9 99999999999999999999",
		"three numbers":  fmt.Sprintf("0 %d %d", n[1], n[2]),
		"six numbers":    fmt.Sprintf("0 %d %d 0 %d %d", n[1], n[2], n[2], n[3]),
		"real numbers":   fmt.Sprintf("0.0 %d %d %d", n[1], n[2], n[3]),
	} {
		t.Run(name, func(t *testing.T) {
			changed := bytes.Clone(doc)
			copy(changed[from:], fmt.Sprintf("%-44s", r))
			_, s := first(t, changed)
			require.Equal(t, pdf.ReasonRange, pdf.ReasonOf(s.CheckRange()), "%v", s.CheckRange())
			changes, err := open(t, changed).Changes(s)
			require.Error(t, err)
			require.Nil(t, changes)
		})
	}
}

// TestValueFromLater: a value that lies in the revision that it covers, but is an object of it only since, is refused.
func TestValueFromLater(t *testing.T) {
	doc := sign(t, plain(), nil)
	at := bytes.LastIndex(doc, []byte("7 0 obj"))
	used := fmt.Sprintf("%010d 00000 n", at)
	require.Equal(t, 1, bytes.Count(doc, []byte(used)))
	_, s := first(t, doc)
	require.NoError(t, s.CheckRange())
	last := bytes.LastIndex(doc, []byte("xref\n1 1"))
	doc = bytes.Replace(doc, []byte(used), []byte(used[:len(used)-1]+"f"), 1)
	xref := len(doc)
	doc = fmt.Appendf(doc, "xref\n7 1\n%s \ntrailer\n<</Size 9/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n", used, last, xref)
	_, s = first(t, doc)
	require.Equal(t, pdf.ReasonRange, pdf.ReasonOf(s.CheckRange()), "%v", s.CheckRange())
}

// TestValue: only zeros may follow the value.
func TestValue(t *testing.T) {
	doc := sign(t, plain(), nil)
	f, s := first(t, doc)
	got, err := s.Value()
	require.NoError(t, err)
	require.Equal(t, value, got)
	require.Len(t, s.Contents, 32)
	body, size := f.Covered(s)
	covered, err := io.ReadAll(io.NewSectionReader(body, 0, size))
	require.NoError(t, err)
	require.Equal(t, len(doc)-2*32-2, len(covered))
	require.NotContains(t, string(covered), "3003020105")
	for name, reason := range map[string]pdf.Reason{
		"3003020105000100": pdf.ReasonPadding, "3080020105000000": pdf.ReasonSignature, "30ff020105000000": pdf.ReasonSignature,
		"3084ffffffff0000": pdf.ReasonSignature, "0000000000000000": pdf.ReasonSignature,
	} {
		_, s := first(t, bytes.Replace(doc, []byte("3003020105000000"), []byte(name), 1))
		got, err := s.Value()
		require.Equal(t, reason, pdf.ReasonOf(err), name)
		require.Nil(t, got)
	}
}

// TestAbsentNumbers: what is added takes no number that the document names and does not have; it would be taken for a field,
// an annotation or the content of a page.
func TestAbsentNumbers(t *testing.T) {
	for where, absent := range map[string][]int{
		"/Contents 8 0 R": {7, 8}, "/Contents 6 0 R/Annots[5 0 R 9 0 R]": {6, 7, 9}, "/Annots 6 0 R": {6, 7},
	} {
		doc := craft("", "<</AcroForm 4 0 R/Pages 2 0 R>>", "<</Kids[3 0 R]>>", "<</Type/Page"+where+">>",
			"<</Fields[7 0 R]>>", "<<>>")
		signed := sign(t, doc, nil)
		_, s := first(t, signed)
		require.NoError(t, s.CheckRange(), where)
		for _, number := range absent {
			require.NotContains(t, string(signed[len(doc):]), fmt.Sprintf("\n%d 0 obj", number), where)
		}
	}
}

// TestParseDate: dates as software writes them.
func TestParseDate(t *testing.T) {
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	for s, want := range map[string]time.Time{
		"D:20260301090000Z": at, "D:20260301170000+08'00'": at, "D:20260301170000+08'00": at, "D:20260301040000-05'00'": at,
		"D:202603010900": at, "D:20260301": at.Add(-9 * time.Hour), "D:20260301170000+08": at,
	} {
		got, err := pdf.ParseDate(s)
		require.NoError(t, err, s)
		require.True(t, want.Equal(got), "%s: %s", s, got)
	}
	for _, s := range []string{"", "2026", "D:202", "D:20261301", "D:20260301090000+99'00'", "D:20260301090000*08'00'", "D:20260301x"} {
		got, err := pdf.ParseDate(s)
		require.Error(t, err, s)
		require.Zero(t, got)
	}
}

var errDisk = errors.New("disk")

// brokenReader fails behind a place.
type brokenReader struct {
	io.ReaderAt
	from int64
}

func (r brokenReader) ReadAt(b []byte, at int64) (int, error) {
	if at+int64(len(b)) > r.from {
		return 0, errDisk
	}
	return r.ReaderAt.ReadAt(b, at)
}

// TestReaderFails: an error of the reader is not taken for a fault of the file.
func TestReaderFails(t *testing.T) {
	doc := plain()
	for from := range int64(len(doc)) {
		f, err := pdf.Open(brokenReader{bytes.NewReader(doc), from}, int64(len(doc)))
		require.ErrorIs(t, err, errDisk)
		require.Nil(t, f)
	}
}

func FuzzOpen(f *testing.F) {
	signed := sign(f, plain(), nil)
	f.Add(plain())
	f.Add(signed)
	f.Add(sign(f, signed, func(n *pdf.NewField) { n.Certifies = true }))
	f.Add(streamed("/W[1 1 1]/Size 1", "abc"))
	filled := update(f, sign(f, form(), allowing(2, pdf.NewText("office"))), func(u *pdf.Update) {
		u.Replace(ref(4), widget(pdf.Dict{"V": pdf.NewText("x")}))
	})
	f.Add(sign(f, filled, nil))
	f.Add(update(f, signed, func(u *pdf.Update) {
		_, s := first(f, signed)
		require.NoError(f, u.AddEvidence(pdf.Evidence{CRLs: [][]byte{[]byte("c")}}, s))
	}))
	if root := os.Getenv("ELICENSE_TESTDATA"); root != "" {
		names, err := filepath.Glob(filepath.Join(root, "pyhanko/data/pdf/*.pdf"))
		require.NoError(f, err)
		for _, name := range names {
			if b, err := os.ReadFile(name); err == nil && len(b) < 64<<10 {
				f.Add(b)
			}
		}
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		file, err := pdf.Open(bytes.NewReader(doc), int64(len(doc)))
		if err != nil {
			require.NotEmpty(t, pdf.ReasonOf(err), "%v", err)
			require.Nil(t, file)
			return
		}
		list, err := file.Signatures()
		if err != nil {
			require.NotEmpty(t, pdf.ReasonOf(err), "%v", err)
			require.Nil(t, list)
			return
		}
		for _, s := range list {
			fuzzSignature(t, file, s, doc)
		}
		evidence, err := file.Evidence()
		require.True(t, err == nil || pdf.ReasonOf(err) != "" && evidence == nil, "%v", err)
		fuzzUpdate(t, file, doc)
	})
}

// fuzzSignature: what is covered is the file up to an end, but for the value.
func fuzzSignature(t *testing.T, f *pdf.File, s *pdf.Signature, doc []byte) {
	t.Helper()
	changes, err := f.Changes(s)
	require.True(t, err == nil || pdf.ReasonOf(err) != "" && changes == nil, "%v", err)
	if s.CheckRange() != nil {
		return
	}
	body, size := f.Covered(s)
	covered, err := io.ReadAll(io.NewSectionReader(body, 0, size))
	require.NoError(t, err)
	gap := int(s.End()) - len(covered)
	require.GreaterOrEqual(t, gap, 2*len(s.Contents)+1)
	at := 0
	for at < len(covered) && covered[at] == doc[at] {
		at++
	}
	require.Equal(t, string(doc[at+gap:s.End()]), string(covered[at:]))
}

// fuzzUpdate: a signature can be added to whatever was read, and covers it all.
func fuzzUpdate(t *testing.T, f *pdf.File, doc []byte) {
	t.Helper()
	u, err := f.NewUpdate()
	if err != nil || len(f.Tolerances().Names()) > 0 {
		return
	}
	if err := u.AddField(pdf.NewField{Value: pdf.Dict{}, Room: 8, Page: 1}); err != nil {
		require.NotEmpty(t, pdf.ReasonOf(err), "%v", err)
		return
	}
	a, err := u.Finish()
	require.NoError(t, err)
	again := append(bytes.Clone(doc), a.Bytes...)
	file, err := pdf.Open(bytes.NewReader(again), int64(len(again)))
	require.NoError(t, err)
	list, err := file.Signatures()
	require.NoError(t, err)
	last := list[len(list)-1]
	require.NoError(t, last.CheckRange())
	require.EqualValues(t, len(again), last.End())
	if err := f.CheckUpdate(a); err != nil {
		require.NotEmpty(t, pdf.ReasonOf(err), "%v", err)
		require.Greater(t, len(list), 1, "%v", err)
	}
}
