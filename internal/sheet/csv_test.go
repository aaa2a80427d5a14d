package sheet_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"github.com/elicense/elicense/internal/sheet"
)

const sample = "企业名称,信用代码,日期\r\n甲有限公司,91350524156343819G,2009.3.1\r\n\"乙,公司\",\"引\"\"号\",\"两\r\n行\"\r\n"

func open(t testing.TB, b []byte, opts sheet.Options) *sheet.Book {
	t.Helper()
	book, err := sheet.Open(bytes.NewReader(b), int64(len(b)), "台账", opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, book.Close()) })
	return book
}

type gotRow struct {
	cells []string
	code  sheet.Code
	err   *sheet.Error
	full  []sheet.Cell
	n     int
}

func read(t testing.TB, book *sheet.Book, i int) []gotRow {
	t.Helper()
	r, err := book.Rows(i)
	require.NoError(t, err)
	var out []gotRow
	var row sheet.Row
	for {
		err := r.Next(&row)
		if errors.Is(err, io.EOF) {
			return out
		}
		require.NoError(t, err)
		g := gotRow{err: row.Err, n: row.Number, full: append([]sheet.Cell(nil), row.Cells...)}
		if row.Err != nil {
			g.code = row.Err.Code
		}
		for _, c := range row.Cells {
			g.cells = append(g.cells, c.Text)
		}
		out = append(out, g)
	}
}

func texts(rows []gotRow) [][]string {
	out := make([][]string, len(rows))
	for i := range rows {
		out[i] = rows[i].cells
	}
	return out
}

func encodings(t testing.TB, text string) map[string][]byte {
	t.Helper()
	gb := sheet.AppendEncoded(nil, text, sheet.GB18030)
	u16 := func(e unicode.Endianness, bom unicode.BOMPolicy) []byte {
		b, err := unicode.UTF16(e, bom).NewEncoder().Bytes([]byte(text))
		require.NoError(t, err)
		return b
	}
	return map[string][]byte{
		"UTF-8":        []byte(text),
		"UTF-8 BOM":    append([]byte("\xEF\xBB\xBF"), text...),
		"GB18030":      gb,
		"UTF-16LE":     u16(unicode.LittleEndian, unicode.IgnoreBOM),
		"UTF-16BE":     u16(unicode.BigEndian, unicode.IgnoreBOM),
		"UTF-16LE BOM": u16(unicode.LittleEndian, unicode.UseBOM),
		"UTF-16BE BOM": u16(unicode.BigEndian, unicode.UseBOM),
	}
}

func TestCSVEncodings(t *testing.T) {
	want := [][]string{
		{"企业名称", "信用代码", "日期"},
		{"甲有限公司", "91350524156343819G", "2009.3.1"},
		{"乙,公司", "引\"号", "两\r\n行"},
	}
	for name, b := range encodings(t, sample) {
		t.Run(name, func(t *testing.T) {
			book := open(t, b, sheet.Options{})
			d := book.Info.Dialect
			got := d.Encoding.String()
			if d.BOM {
				got += " BOM"
			}
			require.Equal(t, name, got)
			require.Equal(t, byte(','), d.Delimiter)
			require.Equal(t, "\r\n", d.LineEnding)
			require.Equal(t, sheet.FormatCSV, book.Info.Format)
			rows := read(t, book, 0)
			require.Equal(t, want, texts(rows))
			require.Equal(t, sheet.KindText, rows[0].full[0].Kind)
		})
	}
}

func TestDetectEncoding(t *testing.T) {
	gb := func(s string) string {
		b, err := simplifiedchinese.GB18030.NewEncoder().String(s)
		require.NoError(t, err)
		return b
	}
	page := func(e sheet.Encoding, s string) string { return string(inPage(t, e, s)) }
	for _, tt := range []struct {
		name, in string
		want     sheet.Encoding
	}{
		{"ascii", "a,b\n", sheet.UTF8},
		{"chinese utf-8", "名称,代码", sheet.UTF8},
		{"chinese gbk", gb("名称,代码\n许可证"), sheet.GB18030},
		{"one word gbk", gb("联通"), sheet.GB18030},
		{"rare characters gb18030", gb("㐂𠀀,名称"), sheet.GB18030},
		{"lithuanian utf-8", "Mažmeninė prekyba, seniūnija", sheet.UTF8},
		{"one accent utf-8", "Šakiai", sheet.UTF8},
		{"russian utf-8", "Лицензия на торговлю", sheet.UTF8},
		{"broken byte in utf-8", "企业名称,统一社会信用\xFF代码", sheet.UTF8},
		{"rare names gbk", gb("企业名称,馨鑫淼有限公司,张镕燊\n许可证,馨,鑫\n"), sheet.GB18030},
		{"chinese and codes gbk", gb("编号,JY13501020000017,2016.3.1,备注\n"), sheet.GB18030},
		{"western broken utf-8", "Société générale, café, dépôt, Zürich\xFF", sheet.UTF8},
		{"binary", "\x01\x02\x03\x04\x05\x06\x07\x00\x00\x00\x01", sheet.EncodingUnknown},

		// what cannot be told is not guessed
		{"baltic", page(sheet.Windows1257, "Mažmeninė prekyba, seniūnija, Šančių"), sheet.EncodingUnknown},
		{"western", page(sheet.Windows1252, "Société générale;dépôt;Zürich"), sheet.EncodingUnknown},
		{"one accent", page(sheet.Windows1252, "nom;prénom"), sheet.EncodingUnknown},
		{"cyrillic", page(sheet.Windows1251, "Лицензия на розничную торговлю;Общество"), sheet.EncodingUnknown},
		{"cyrillic capitals", page(sheet.Windows1251, "НАИМЕНОВАНИЕ ОРГАНИЗАЦИИ;АДРЕС;ТЕЛЕФОН"), sheet.EncodingUnknown},
		{"big5", "\xa4\xbd\xa5\xac\xa6\xdb\xa4v,\xb3\xa6\xa8\xc6\xa8\xa5,\xa5\xbb\xa4\xd1\xa4\xbd", sheet.EncodingUnknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, maybe := sheet.DetectEncoding([]byte(tt.in))
			require.Equal(t, tt.want, got)
			require.Equal(t, got == sheet.EncodingUnknown && tt.name != "binary", len(maybe) > 0, maybe)
			require.Equal(t, strings.HasPrefix(tt.name, "cyrillic"), slices.Contains(maybe, sheet.Windows1251))
			require.Equal(t, strings.HasPrefix(tt.name, "baltic"), slices.Contains(maybe, sheet.Windows1257) &&
				!strings.Contains(tt.name, "western") && !strings.Contains(tt.name, "accent"))
		})
	}
}

func inPage(t testing.TB, e sheet.Encoding, s string) []byte {
	t.Helper()
	b, err := sheet.Page(e).NewEncoder().String(s)
	require.NoError(t, err)
	return []byte(b)
}

func TestParseEncoding(t *testing.T) {
	for _, e := range sheet.Encodings() {
		got, ok := sheet.ParseEncoding(strings.ToUpper(e.String()))
		require.True(t, ok, e)
		require.Equal(t, e, got)
	}
	for name, want := range map[string]sheet.Encoding{
		"gbk": sheet.GB18030, "GB2312": sheet.GB18030, "cp936": sheet.GB18030, "utf8": sheet.UTF8, "utf_16le": sheet.UTF16LE,
		"cp1257": sheet.Windows1257, "windows1252": sheet.Windows1252,
		"": sheet.EncodingUnknown, "unknown": sheet.EncodingUnknown, "big5": sheet.EncodingUnknown, "cp65001": sheet.EncodingUnknown,
	} {
		got, ok := sheet.ParseEncoding(name)
		require.Equal(t, want, got, name)
		require.Equal(t, want != sheet.EncodingUnknown, ok, name)
	}
	require.Equal(t, "unknown", sheet.Encoding(200).String())
}

// TestUnsure: a text in a code page is not taken for GB18030, nor for the wrong page; the error says which it may be.
func TestUnsure(t *testing.T) {
	in := inPage(t, sheet.Windows1257, "Leidimo Nr.;Įmonė;Seniūnija\r\n12;UAB \"Šilas\";Žaliakalnis\r\n")
	for name, b := range map[string][]byte{
		"at once": in, "far behind": append(bytes.Repeat([]byte("a;b;c\r\n"), 20000), in...),
	} {
		_, err := sheet.Open(bytes.NewReader(b), int64(len(b)), "x.csv", sheet.Options{})
		require.ErrorIs(t, err, sheet.ErrUnsure, name)
		var e *sheet.Error
		require.ErrorAs(t, err, &e)
		require.Contains(t, e.Detail, "windows-1257", name)
		require.Contains(t, e.Detail, "windows-1252", name)
		what, fix := e.Code.Message("zh")
		require.NotEmpty(t, what)
		require.Contains(t, fix, "--encoding")
	}
	book := open(t, in, sheet.Options{Encoding: sheet.Windows1257})
	require.Equal(t, "windows-1257", book.Info.Dialect.Encoding.String())
	require.Equal(t, [][]string{{"Leidimo Nr.", "Įmonė", "Seniūnija"}, {"12", "UAB \"Šilas\"", "Žaliakalnis"}},
		texts(read(t, book, 0)))
}

// TestCodePageRowErrors: a byte that the page does not define is told with its place in the file.
func TestCodePageRowErrors(t *testing.T) {
	in := append(inPage(t, sheet.Windows1257, "a,ė\nžž,"), 0xA1, '\n')
	rows := read(t, open(t, in, sheet.Options{Encoding: sheet.Windows1257}), 0)
	require.Len(t, rows, 2)
	require.Nil(t, rows[0].err)
	require.Equal(t, &sheet.Error{
		Code: sheet.CodeEncoding, Row: 2, Line: 2, Column: 2, Offset: 7, Detail: "a byte that windows-1257 does not define",
	}, rows[1].err)
}

// TestCodePageResult: the result of a code page is UTF-8 with a mark, which holds the Chinese words; worked again with
// the same mapping, which still names the page, it is read by its mark.
func TestCodePageResult(t *testing.T) {
	in := inPage(t, sheet.Windows1257, "Nr;Įmonė\r\n1;Šilas\r\n")
	opts := sheet.Options{Encoding: sheet.Windows1257}
	out := annotated(t, open(t, in, opts), sheet.Annotation{Column: 2})
	require.True(t, bytes.HasPrefix(out, []byte("\xEF\xBB\xBFNr;Įmonė;状态;")))
	again := open(t, out, opts)
	require.Equal(t, sheet.UTF8, again.Info.Dialect.Encoding)
	require.True(t, again.Info.Dialect.BOM)
	require.Equal(t, []string{"1", "Šilas"}, read(t, again, 0)[1].cells[:2])
	require.Equal(t, out, annotated(t, again, sheet.Annotation{Column: 2}))
}

// TestCodePagesOfRealFiles: the registers of Kaunas as an older program would save them are never read as something
// else, and read right once the page is named.
func TestCodePagesOfRealFiles(t *testing.T) {
	for _, f := range testdata(t, "kaunas-licences/*.csv") {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		text := strings.NewReplacer("\u200b", "", "\ufeff", "").Replace(string(b))
		old, err := sheet.Page(sheet.Windows1257).NewEncoder().Bytes([]byte(text))
		require.NoError(t, err, f)
		_, err = sheet.Open(bytes.NewReader(old), int64(len(old)), f, sheet.Options{})
		require.ErrorIs(t, err, sheet.ErrUnsure, f)
		require.Contains(t, err.Error(), "windows-1257")
		got := read(t, open(t, old, sheet.Options{Encoding: sheet.Windows1257}), 0)
		sameRows(t, stdCSV(t, []byte(text)), skipEmpty(got), f)
	}
}

// TestGBKOfRealFiles: every piece of the real Chinese ledgers, however small, is told to be GB18030 or not told at all.
func TestGBKOfRealFiles(t *testing.T) {
	unsure, pieces := 0, 0
	for _, f := range testdata(t, "ledgers/business-licences-fujian/*.csv") {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		for line := range bytes.Lines(b) {
			gb := sheet.AppendEncoded(nil, string(line), sheet.GB18030)
			if bytes.Equal(gb, line) {
				continue
			}
			pieces++
			e, maybe := sheet.DetectEncoding(gb)
			if e == sheet.EncodingUnknown {
				require.Contains(t, maybe, sheet.GB18030)
				unsure++
				continue
			}
			require.Equal(t, sheet.GB18030, e, "a row of %s", f)
		}
	}
	require.Less(t, unsure*1000, pieces, "of %d", pieces)
}

// The first Chinese characters may stand far behind the beginning.
func TestDetectEncodingLate(t *testing.T) {
	b, err := simplifiedchinese.GB18030.NewEncoder().String(strings.Repeat("a,b,c\n", 100000) + "许可证,名称,代码\n")
	require.NoError(t, err)
	b += strings.Repeat("a,b,c\n", 20)
	book := open(t, []byte(b), sheet.Options{})
	require.Equal(t, sheet.GB18030, book.Info.Dialect.Encoding)
}

func TestCSVDialects(t *testing.T) {
	for _, tt := range []struct {
		name, in  string
		delimiter byte
		ending    string
		want      [][]string
	}{
		{"tab", "a\tb,c\n1\t2\n", '\t', "\n", [][]string{{"a", "b,c"}, {"1", "2"}}},
		{"semicolon", "a;b;c\r\n1,5;2;3\r\n", ';', "\r\n", [][]string{{"a", "b", "c"}, {"1,5", "2", "3"}}},
		{"old mac", "a,b\r1,2", ',', "\r", [][]string{{"a", "b"}, {"1", "2"}}},
		{"mixed ends", "a,b\r\n1,2\n3,4\r\n", ',', "\r\n", [][]string{{"a", "b"}, {"1", "2"}, {"3", "4"}}},
		{"one column", "a\nb\n", ',', "\n", [][]string{{"a"}, {"b"}}},
		{"sep line", "sep=;\na;b,c\n", ';', "\n", [][]string{{"sep=", ""}, {"a", "b,c"}}},
		{"ragged", "a,b,c\n1\n\n1,2,3,4\n", ',', "\n", [][]string{{"a", "b", "c"}, {"1"}, nil, {"1", "2", "3", "4"}}},
		{"empty quotes", "\"\",\"\"\n", ',', "\n", [][]string{{"", ""}}},
		{"trailing delimiter", "a,b,\n\"a\",\"b\",", ',', "\n", [][]string{{"a", "b", ""}, {"a", "b", ""}}},
		{"quote in a bare cell", "5\" nail,x\n", ',', "\n", [][]string{{"5\" nail", "x"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			book := open(t, []byte(tt.in), sheet.Options{})
			require.Equal(t, string(tt.delimiter), string(book.Info.Dialect.Delimiter))
			require.Equal(t, tt.ending, book.Info.Dialect.LineEnding)
			require.Equal(t, tt.want, texts(read(t, book, 0)))
		})
	}
}

// A row with an error does not stop the file, and names line, column and byte.
func TestCSVRowErrors(t *testing.T) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().String("名称,代码\n甲,")
	require.NoError(t, err)
	lone := append([]byte("\xFF\xFE"), "a\x00,\x00b\x00\n\x00x\x00,\x00\x00\xD8\n\x00c\x00,\x00d\x00\n\x00"...)
	for _, tt := range []struct {
		name string
		in   string
		opts sheet.Options
		want sheet.Error
	}{
		{"invalid utf-8", "名称,代码\n甲,9\xFF1\n乙,2\n", sheet.Options{Encoding: sheet.UTF8},
			sheet.Error{Code: sheet.CodeEncoding, Row: 2, Line: 2, Column: 2, Offset: 19}},
		{"split characters", "名称,代码\n\xE4\xB8,\xAD\n乙,2\n", sheet.Options{Encoding: sheet.UTF8},
			sheet.Error{Code: sheet.CodeEncoding, Row: 2, Line: 2, Column: 1, Offset: 14}},
		{"invalid gb18030", gb + "\xFF\xB1\n3,2\n", sheet.Options{Encoding: sheet.GB18030},
			sheet.Error{Code: sheet.CodeEncoding, Row: 2, Line: 2, Column: 2, Offset: 13}},
		{"half a surrogate", string(lone), sheet.Options{},
			sheet.Error{Code: sheet.CodeEncoding, Row: 2, Line: 2, Column: 2, Offset: 14}},
		{"nul", "a,b\n1,\x002\n3,4\n", sheet.Options{},
			sheet.Error{Code: sheet.CodeNUL, Row: 2, Line: 2, Column: 2, Offset: 4}},
		{"quote never closes", "a,b\n1,\"2\n3,4\n", sheet.Options{},
			sheet.Error{Code: sheet.CodeQuote, Row: 2, Line: 2, Column: 2, Offset: 4}},
		{"quote closes too early", "a,b\n1,\"2\"x\n3,4\n", sheet.Options{},
			sheet.Error{Code: sheet.CodeQuote, Row: 2, Line: 2, Column: 2, Offset: 4}},
		{"long cell", "a,b\n1," + strings.Repeat("x", 2000) + "\n3,4\n",
			sheet.Options{Limits: sheet.Limits{CellBytes: 1000}},
			sheet.Error{Code: sheet.CodeCellTooLarge, Row: 2, Line: 2, Column: 2, Offset: 4}},
		{"columns", "a,b\n1,2,3,4\n3,4\n", sheet.Options{Limits: sheet.Limits{Columns: 3}},
			sheet.Error{Code: sheet.CodeColumns, Row: 2, Line: 2, Column: 4, Offset: 4}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rows := read(t, open(t, []byte(tt.in), tt.opts), 0)
			require.Len(t, rows, 3)
			require.Nil(t, rows[0].err)
			require.Nil(t, rows[2].err)
			got := *rows[1].err
			require.ErrorIs(t, &got, &sheet.Error{Code: tt.want.Code})
			got.Detail = ""
			require.Equal(t, tt.want, got)
		})
	}
}

// A cell of 10 MB is one bad row, in quotes and without them.
func TestCSVHugeCell(t *testing.T) {
	huge := strings.Repeat("长\n", 10<<20/4)
	for _, in := range []string{
		"a,b\n1,\"" + huge + "\"\n3,4\n",
		"a,b\n1," + strings.ReplaceAll(huge, "\n", "-") + "\n3,4\n",
	} {
		rows := read(t, open(t, []byte(in), sheet.Options{}), 0)
		require.Len(t, rows, 3)
		require.Equal(t, sheet.CodeCellTooLarge, rows[1].code)
		require.Equal(t, []string{"3", "4"}, rows[2].cells)
	}
}

// One unclosed quote in a long file costs one row, and no second pass for each line.
func TestCSVUnclosedQuoteLong(t *testing.T) {
	var b strings.Builder
	for range 200000 {
		b.WriteString("\"a,b,c\"\"\n")
	}
	rows := read(t, open(t, []byte(b.String()), sheet.Options{}), 0)
	require.Len(t, rows, 200000)
	for _, r := range rows {
		require.Equal(t, sheet.CodeQuote, r.code)
	}
}

func TestOpenRefusals(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     error
	}{
		{"empty", "", sheet.ErrEmpty},
		{"html", "\xEF\xBB\xBF \r\n<html xmlns:x=\"urn:schemas-microsoft-com:office:excel\"><table>", sheet.ErrHTML},
		{"html table", "<TABLE border=1><tr><td>", sheet.ErrHTML},
		{"spreadsheet xml 2003", "<?xml version=\"1.0\"?><Workbook>", sheet.ErrHTML},
		{"binary", "\x7FELF\x01\x01\x01\x00\x00\x00\x00\x00\x00\x02\x00\x03", sheet.ErrFormat},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := sheet.Open(strings.NewReader(tt.in), int64(len(tt.in)), "x.xls", sheet.Options{})
			require.ErrorIs(t, err, tt.want)
			var e *sheet.Error
			require.ErrorAs(t, err, &e)
			for _, lang := range []string{"zh-CN", "en"} {
				what, fix := e.Code.Message(lang)
				require.NotEmpty(t, what)
				require.NotEmpty(t, fix)
			}
		})
	}
}

func TestColumnName(t *testing.T) {
	for i, want := range map[int]string{-1: "", 0: "A", 25: "Z", 26: "AA", 701: "ZZ", 702: "AAA", 16383: "XFD"} {
		require.Equal(t, want, sheet.ColumnName(i))
		if i >= 0 {
			got, ok := sheet.ParseColumnName(strings.ToLower(want))
			require.True(t, ok)
			require.Equal(t, i, got)
		}
	}
	for _, bad := range []string{"", "A1", "XFE", "AAAA", "列"} {
		_, ok := sheet.ParseColumnName(bad)
		require.False(t, ok, bad)
	}
}

// testdata is the folder of real files, or the test is skipped.
func testdata(t testing.TB, pattern string) []string {
	t.Helper()
	dir := os.Getenv("ELICENSE_TESTDATA")
	if dir == "" {
		t.Skip("ELICENSE_TESTDATA is not set: the real ledgers are not here")
	}
	files, err := filepath.Glob(filepath.Join(dir, pattern))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

// The real ledgers read as encoding/csv reads them, in their own encoding and in GB18030 and UTF-16.
func TestCSVRealLedgers(t *testing.T) {
	total := 0
	for _, f := range append(testdata(t, "ledgers/business-licences-fujian/*.csv"), testdata(t,
		"kaunas-licences/*.csv")...) {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		want := stdCSV(t, b)
		if strings.Contains(f, "fujian") {
			total += len(want) - 1
		}
		rows := read(t, open(t, b, sheet.Options{}), 0)
		sameRows(t, want, skipEmpty(rows), f)
		if testing.Short() && len(b) > 1<<20 {
			continue
		}
		for name, enc := range encodings(t, strings.TrimPrefix(string(b), "\xEF\xBB\xBF")) {
			opts := sheet.Options{}
			if name == "GB18030" && strings.Contains(f, "kaunas") {
				opts.Encoding = sheet.GB18030 // nobody would guess it of Lithuanian
			}
			book := open(t, enc, opts)
			sameRows(t, want, skipEmpty(read(t, book, 0)), f+" "+name)
		}
	}
	require.Equal(t, 55915, total)
}

// sameRows compares row by row and shows the first that differs.
func sameRows(t testing.TB, want, got [][]string, name string) {
	t.Helper()
	for i := range min(len(want), len(got)) {
		if !slices.Equal(want[i], got[i]) {
			require.FailNowf(t, "rows differ", "%s row %d:\n%q\n%q", name, i+1, want[i], got[i])
		}
	}
	require.Equal(t, len(want), len(got), name)
}

func stdCSV(t *testing.T, b []byte) [][]string {
	t.Helper()
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("\xEF\xBB\xBF"))))
	r.FieldsPerRecord = -1
	r.LazyQuotes = true
	want, err := r.ReadAll()
	require.NoError(t, err)
	return want
}

// skipEmpty leaves out empty lines and takes line ends inside cells as \n, both as encoding/csv does.
func skipEmpty(rows []gotRow) [][]string {
	var out [][]string
	for _, r := range rows {
		if len(r.cells) == 0 {
			continue
		}
		for i := range r.cells {
			r.cells[i] = strings.ReplaceAll(r.cells[i], "\r\n", "\n")
		}
		out = append(out, r.cells)
	}
	return out
}

func annotated(t testing.TB, book *sheet.Book, a sheet.Annotation) []byte {
	t.Helper()
	var out bytes.Buffer
	i := 0
	require.NoError(t, book.Annotate(&out, a, func(row *sheet.Row) ([]string, error) {
		i++
		if row.Empty() {
			return nil, nil
		}
		if i == 1 {
			return []string{"状态", "错误码", "怎么改"}, nil
		}
		return []string{"拒绝", fmt.Sprintf("E%d", row.Number), "请改,\"日期\"\n=1+1"}, nil
	}))
	return out.Bytes()
}

// Reading the result gives the same cells plus three, in the same dialect; working it again replaces the three.
func TestCSVAnnotate(t *testing.T) {
	in := sample + "短\r\n\r\n多,1,2,3,4\r\n,,\r\n最后,\"x\",y"
	for name, b := range encodings(t, in) {
		t.Run(name, func(t *testing.T) {
			book := open(t, b, sheet.Options{})
			out := annotated(t, book, sheet.Annotation{Column: 5})
			again := open(t, out, sheet.Options{})
			require.Equal(t, book.Info.Dialect, again.Info.Dialect)
			before, after := read(t, book, 0), read(t, again, 0)
			require.Len(t, after, len(before))
			for i := range before {
				want := before[i].cells
				if before[i].cells != nil && strings.Join(want, "") != "" {
					for len(want) < 5 {
						want = append(want, "")
					}
					want = append(want, after[i].cells[5:]...)
					require.Len(t, after[i].cells, 8)
				}
				require.Equal(t, want, after[i].cells)
			}
			require.Equal(t, []string{"状态", "错误码", "怎么改"}, after[0].cells[5:])
			require.Equal(t, "请改,\"日期\"\n=1+1", after[1].cells[7])
			require.Equal(t, out, annotated(t, again, sheet.Annotation{Column: 5}))
		})
	}
}

// A record with a broken quote stays broken, so that it is refused again, and swallows no other row.
func TestCSVAnnotateBroken(t *testing.T) {
	in := "a,b\n1,\"2\n3,\xFF\n4,5\n"
	out := annotated(t, open(t, []byte(in), sheet.Options{Encoding: sheet.UTF8}), sheet.Annotation{Column: 2})
	require.Contains(t, string(out), "3,\xFF,")
	rows := read(t, open(t, out, sheet.Options{}), 0)
	require.Len(t, rows, 4)
	require.Equal(t, sheet.CodeQuote, rows[1].code)
	require.Equal(t, sheet.CodeEncoding, rows[2].code)
	require.Equal(t, []string{"4", "5"}, rows[3].cells[:2])
}

// Odd UTF-16 comes back byte for byte.
func TestCSVAnnotateKeepsBytes(t *testing.T) {
	lone := append([]byte("\xFF\xFE"),
		"a\x00,\x00b\x00\n\x00x\x00,\x00\x00\xD8\n\x00c\x00,\x00\x3D\xD8\x00\xDE\n\x00"...)
	var out bytes.Buffer
	require.NoError(t, open(t, lone, sheet.Options{}).Annotate(&out, sheet.Annotation{},
		func(*sheet.Row) ([]string, error) { return nil, nil }))
	require.Equal(t, lone, out.Bytes())
}

func TestCSVAnnotateHarmless(t *testing.T) {
	for in, want := range map[string]string{
		"=1+1": "'=1+1", "@x": "'@x", "-5": "-5", "+86": "+86", "-": "'-", "-1.5": "-1.5", "-1+2": "'-1+2", "＝1": "'＝1",
		"ok": "ok", "": "",
	} {
		var out bytes.Buffer
		require.NoError(t, open(t, []byte("a\n"), sheet.Options{}).Annotate(&out, sheet.Annotation{Column: 1},
			func(*sheet.Row) ([]string, error) { return []string{in}, nil }))
		require.Equal(t, "a,"+want+"\n", out.String())
	}
}

// Every character of the basic plane goes to GB18030 and comes back, the user-defined ones too; not those few private
// ones that stand for unassigned codes among the symbols.
func TestGB18030RoundTrip(t *testing.T) {
	var b strings.Builder
	for r := rune(0x80); r <= 0xFFFD; r++ {
		if (r < 0xD800 || r > 0xDFFF) && (r < 0xE766 || r > 0xE864) && r != 0xE5E5 {
			b.WriteRune(r)
		}
	}
	b.WriteString("𠀀𪚥😀")
	enc := sheet.AppendEncoded(nil, b.String(), sheet.GB18030)
	rows := read(t, open(t, enc, sheet.Options{Encoding: sheet.GB18030}), 0)
	require.Len(t, rows, 1)
	want, got := []rune(b.String()), []rune(rows[0].cells[0])
	require.Len(t, got, len(want))
	var bad []string
	for i := range want {
		if want[i] != got[i] {
			bad = append(bad, fmt.Sprintf("%04X as %04X", want[i], got[i]))
		}
	}
	require.Empty(t, bad[:min(len(bad), 20)], len(bad))
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte(sample), uint8(0))
	f.Add([]byte("a,\"b\n\"c\n"), uint8(2))
	f.Add([]byte("\xFF\xFEa\x00,\x00\n\x00"), uint8(3))
	f.Add([]byte("\xB0\xA1,\xFF\n\"\xB0\xA1\"\n"), uint8(2))
	f.Add([]byte("\xD0;\xFF\n\"\xA1\";\xEB\n"), uint8(9))
	for _, tt := range oddText {
		f.Add([]byte(tt.text), uint8(tt.encoding))
	}
	f.Fuzz(func(t *testing.T, b []byte, e uint8) {
		opts := sheet.Options{Encoding: sheet.Encoding(e % 10), Limits: sheet.Limits{RecordBytes: 1 << 12,
			CellBytes: 1 << 10}}
		book, err := sheet.Open(bytes.NewReader(b), int64(len(b)), "x", opts)
		if err != nil || book.Info.Format != sheet.FormatCSV {
			return
		}
		var out bytes.Buffer
		err = book.Annotate(&out, sheet.Annotation{Column: 3}, addNothing)
		if err == nil && !book.Info.Dialect.Encoding.OneByte() {
			require.Equal(t, b, out.Bytes())
		}
		opts.Limits = sheet.Limits{}
		if err == nil {
			sameText(t, b, opts)
		}
	})
}

// sameText writes a text file again with cells behind every row of two cells and less, and expects what it read before:
// as many rows, each with the cells and the error that it had.
func sameText(t *testing.T, b []byte, opts sheet.Options) {
	t.Helper()
	book := open(t, b, opts)
	var out bytes.Buffer
	require.NoError(t, book.Annotate(&out, sheet.Annotation{Column: 2}, func(row *sheet.Row) ([]string, error) {
		if len(row.Cells) > 2 {
			return nil, nil
		}
		return []string{"加", "=", "\",\n\""}, nil
	}))
	d := book.Info.Dialect
	opts.Encoding, opts.Delimiter = d.Encoding, d.Delimiter
	again := open(t, out.Bytes(), opts)
	last := len(d.LineEnding) - 1
	require.True(t, strings.HasSuffix(again.Info.Dialect.LineEnding, d.LineEnding[last:]))
	before, after := read(t, book, 0), read(t, again, 0)
	require.Len(t, after, len(before))
	broken := false
	for i, row := range before {
		require.Equal(t, row.n, after[i].n)
		require.Equal(t, row.code, after[i].code, i)
		want := row.cells
		if len(want) <= 2 {
			broken = broken || row.code == sheet.CodeQuote
			for len(want) < 2 {
				want = append(want, "")
			}
			want = append(want, "加", "'=", added(broken, d))
		}
		if k := len(row.cells) - 1; d.Encoding == sheet.GB18030 && k >= 0 && strings.HasSuffix(want[k], "\uFFFD") {
			after[i].cells[k] = strings.TrimSuffix(after[i].cells[k], " ") // half a character is kept from the delimiter
		}
		require.Equal(t, want, after[i].cells, i)
		broken = broken || row.code == sheet.CodeQuote
	}
}

// added is how the third cell of sameText reads again.
func added(broken bool, d sheet.Dialect) string {
	s := "\",\n\""
	if d.LineEnding == "\r" {
		s = "\",\r\""
	}
	if broken {
		s = strings.NewReplacer("\"", "'", "\n", " ", "\r", " ", string(rune(d.Delimiter)), " ").Replace(s)
	}
	return s
}

// oddText is text that a result could make into something else.
var oddText = []struct {
	name, text string
	encoding   sheet.Encoding
}{
	{"a quote that does not close", "a,\"b\n1,2\n3,4\n", 0},
	{"a quote that does not close, others behind it", "a,\"b\n1,\"2\"\n3,4\n\",5\"\n", 0},
	{"a quote in a bare cell", "a\"b,c\n1,2\n", 0},
	{"lines that end with CR, a cell with LF", "a,b\r1,\"2\n3\"\r4,5\r", 0},
	{"lines that end with CR", "a,b\r1,2\r", 0},
	{"no line end", "a,b", 0},
	{"a quote for a delimiter", "sep=\"\na\"b\n1\"2\n", 0},
	{"a letter for a delimiter", "sep=a\na,b\n", 0},
	{"a bar as part of a character", "sep=|\n\x81|\x81|\n\xB0\xA1|\x81||\n\xB0\xA1|\x81\n", sheet.GB18030},
	{"half a character at the end of UTF-16", "\xFF\xFEa\x00,\x00b", 0},
	{"half a character in UTF-16", "a\x00,\x00\x00\xD8\n\x00c\x00\n\x00\x00\xDC", sheet.UTF16LE},
	{"half a character at the end", "\xB0\xA1,\xB0\n\xB0\xA1,\x81\x30\x81\n\xB0", sheet.GB18030},
	{"what a code page does not define", "a,\x81\n\xE4,\"\x81\n", sheet.Windows1252},
}

func TestCSVAnnotateOdd(t *testing.T) {
	for _, tt := range oddText {
		t.Run(tt.name, func(t *testing.T) { sameText(t, []byte(tt.text), sheet.Options{Encoding: tt.encoding}) })
	}
	require.Len(t, read(t, open(t, []byte("a,b\r1,\"2\n3\"\r4,5\r"), sheet.Options{}), 0), 3)
	rows := read(t, open(t, []byte("sep=|\n\x81|\x81||\xB0\xA1\n"), sheet.Options{Encoding: sheet.GB18030}), 0)
	require.Len(t, rows[1].cells, 2)
	_, err := sheet.Open(bytes.NewReader([]byte("a")), 1, "x", sheet.Options{Delimiter: '"'})
	require.ErrorIs(t, err, sheet.ErrFormat)
}

// benchRows reads a file of so many rows again and again.
func benchRows(b *testing.B, file []byte, rows int) {
	b.Helper()
	b.ReportAllocs()
	var row sheet.Row
	for b.Loop() {
		book, err := sheet.Open(bytes.NewReader(file), int64(len(file)), "x", sheet.Options{})
		require.NoError(b, err)
		r, err := book.Rows(0)
		require.NoError(b, err)
		n := 0
		for r.Next(&row) == nil {
			n++
		}
		require.Equal(b, rows, n)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows), "ns/row")
}

func benchCSV(b *testing.B, enc sheet.Encoding) {
	b.Helper()
	var s strings.Builder
	for i := range 20000 {
		fmt.Fprintf(&s, "甲乙丙丁有限公司第%d号,91350524156343819G,2009-03-01,有限责任公司,林某某,53万人民币,"+
			"食品零售及批发业务,福建,泉州,安溪县官桥镇官桥村%d号\r\n", i, i)
	}
	text := s.String()
	if enc == sheet.GB18030 {
		var err error
		text, err = simplifiedchinese.GB18030.NewEncoder().String(text)
		require.NoError(b, err)
	}
	in := []byte(text)
	b.SetBytes(int64(len(in)))
	benchRows(b, in, 20000)
}

func BenchmarkCSVUTF8(b *testing.B)    { benchCSV(b, sheet.UTF8) }
func BenchmarkCSVGB18030(b *testing.B) { benchCSV(b, sheet.GB18030) }
