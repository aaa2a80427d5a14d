package sheet_test

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"github.com/elicense/elicense/internal/sheet"
)

// The result has the same cells plus three, the same styles and merges, opens in excelize, and can be worked again.
func TestXLSXAnnotate(t *testing.T) {
	b := excelizeBook(t, 40)
	book := open(t, b, sheet.Options{})
	out := annotated(t, book, sheet.Annotation{Column: 26})
	again := open(t, out, sheet.Options{})
	before, after := read(t, book, 0), read(t, again, 0)
	require.Len(t, after, len(before))
	for i := range before {
		require.Equal(t, before[i].full, after[i].full[:25])
		require.Empty(t, after[i].cells[25])
		require.Len(t, after[i].cells, 29)
	}
	require.Equal(t, []string{"状态", "错误码", "怎么改"}, after[0].cells[26:])
	require.Equal(t, "请改,\"日期\"\n=1+1", after[1].cells[28])
	merges, err := again.Merges(0)
	require.NoError(t, err)
	require.Len(t, merges, 1)
	f, err := excelize.OpenReader(bytes.NewReader(out))
	require.NoError(t, err)
	v, err := f.GetCellValue("Sheet1", "AB2")
	require.NoError(t, err)
	require.Equal(t, "E2", v)
	sameRows(t, texts(after), texts(read(t, open(t, annotated(t, again, sheet.Annotation{Column: 26}),
		sheet.Options{}), 0)), "again")
}

func TestXLSXAnnotateShapes(t *testing.T) {
	for _, tt := range []struct{ name, rows, want string }{
		{"empty row", `<row r="3"/>`, `<row r="3"><c r="B3" t="inlineStr"><is><t>好</t></is></c></row>`},
		{"empty row with spans", `<row r="3" spans="1:2" ht="9" />`,
			`<row r="3" ht="9"><c r="B3" t="inlineStr"><is><t>好</t></is></c></row>`},
		{"prefix", `<x:row r="3"><x:c r="A3"><x:v>1</x:v></x:c></x:row>`,
			`<x:row r="3"><x:c r="A3"><x:v>1</x:v></x:c><x:c r="B3" t="inlineStr"><x:is><x:t>好</x:t></x:is></x:c></` +
				`x:row>`},
		{"replace and keep behind", `<row r="3"><c r="A3"><v>1</v></c><c r="B3"><v>2</v></c> <c r="C3" s="4"><v>3</` +
			`v></c></row>`,
			`<row r="3"><c r="A3"><v>1</v></c><c r="B3" t="inlineStr"><is><t>好</t></is></c> <c r="C3" s="4"><v>3</v>` +
				`</c></row>`},
		{"what follows the cells", `<row r="3"><c r="A3"><v>1</v></c><!-- c --><extLst/></row>`,
			`<row r="3"><c r="A3"><v>1</v></c><c r="B3" t="inlineStr"><is><t>好</t></is></c><!-- c --><extLst/></row>`},
		{"what follows a replaced cell", `<row r="3"><c r="B3"><v>1</v></c><extLst/></row>`,
			`<row r="3"><c r="B3" t="inlineStr"><is><t>好</t></is></c><extLst/></row>`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			book := open(t, pack(t, sheetPart("\n"+tt.rows+"<!-- c -->")), sheet.Options{})
			require.NoError(t, book.Annotate(&out, sheet.Annotation{Column: 1, Cells: 3},
				func(*sheet.Row) ([]string, error) { return []string{"好"}, nil }))
			got := unpack(t, out.Bytes(), "xl/worksheets/sheet1.xml")
			want := strings.Replace(sheetPart("\n"+tt.want+"<!-- c -->").text, "A1:C9", "A1:D9", 1)
			require.Equal(t, want, got)
		})
	}
}

func unpack(t testing.TB, file []byte, name string) string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	r, err := z.Open(name)
	require.NoError(t, err)
	got, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(got)
}

// Cells that do not say their column stay in it behind added ones that are empty, and the extent takes all in.
func TestXLSXAnnotateHoldsPlaces(t *testing.T) {
	for _, dimension := range []string{`<dimension ref="A1:B9"/>`, `<dimension ref="A1:B9"></dimension>`} {
		book := open(t, pack(t, part{"xl/worksheets/sheet1.xml", "<worksheet>" + dimension +
			"<sheetData><row><c><v>1</v></c><c><v>2</v></c><c><v>3</v></c><c><v>4</v></c></row></sheetData></worksheet>"}),
			sheet.Options{})
		var out bytes.Buffer
		require.NoError(t, book.Annotate(&out, sheet.Annotation{Column: 1, Cells: 5},
			func(*sheet.Row) ([]string, error) { return []string{"", ""}, nil }))
		require.Equal(t, []string{"1", "", "", "4"}, read(t, open(t, out.Bytes(), sheet.Options{}), 0)[0].cells)
		require.Contains(t, unpack(t, out.Bytes(), "xl/worksheets/sheet1.xml"),
			strings.Replace(dimension, "B9", "F9", 1))
	}
}

// A sheet is refused while it is read, not when its rows are worked and the result is written: for a row that is too
// long, for what stands behind the rows, and for a checksum.
func TestXLSXReadsAsFarAsTheResult(t *testing.T) {
	long := `<row r="1">` + strings.Repeat(`<c><v>1</v></c>`, 90) + `</row>`
	limits := sheet.Options{Limits: sheet.Limits{RecordBytes: 1024, CellBytes: 1024}}
	broken := bytes.Replace(packStored(t, "<worksheet><sheetData><row><c><v>1</v></c></row></sheetData></worksheet>"),
		[]byte("<v>1</v>"), []byte("<v>2</v>"), 1)
	for name, tt := range map[string]struct {
		file []byte
		want sheet.Code
	}{
		"long row":              {pack(t, sheetPart(long)), sheet.CodeTooLarge},
		"long comments":         {pack(t, sheetPart(strings.Repeat("<!-- "+strings.Repeat("c", 500)+" -->", 3)+"<row/>")), sheet.CodeTooLarge},
		"long stranger":         {pack(t, sheetPart("<x>"+strings.Repeat("<y/>", 300)+"</x>")), sheet.CodeTooLarge},
		"long stranger in row":  {pack(t, sheetPart("<row><x>"+strings.Repeat("<y/>", 300)+"</x></row>")), sheet.CodeTooLarge},
		"long text":             {pack(t, sheetPart(strings.Repeat(" ", 2000))), sheet.CodeTooLarge},
		"document type behind":  {pack(t, part{"xl/worksheets/sheet1.xml", "<w><sheetData><row/></sheetData><!DOCTYPE x></w>"}), sheet.CodeDoctype},
		"cut behind":            {pack(t, part{"xl/worksheets/sheet1.xml", "<w><sheetData><row/></sheetData>"}), sheet.CodeCorrupt},
		"checksum of the sheet": {broken, sheet.CodeCorrupt},
	} {
		var refusal *sheet.Error
		require.ErrorAs(t, readAll(tt.file, limits), &refusal, name)
		require.Equal(t, tt.want, refusal.Code, name)
		book := open(t, tt.file, limits)
		require.ErrorAs(t, book.Annotate(io.Discard, sheet.Annotation{Column: 1}, addNothing), &refusal, name)
		require.Equal(t, tt.want, refusal.Code, name)
	}
	for n := range 90 { // whatever is read to its end can be written
		row := `<!-- c --><row r="1">` + strings.Repeat(`<c><v>1</v></c>`, n) + `</row>`
		file := pack(t, sheetPart(row+"<!-- "+strings.Repeat("c", 60000+n*100)+" -->"))
		limits := sheet.Options{Limits: sheet.Limits{RecordBytes: 70000, CellBytes: 1024}}
		require.NoError(t, readAll(file, limits))
		require.NoError(t, open(t, file, limits).Annotate(io.Discard, sheet.Annotation{Column: 1}, addNothing))
		limits.Limits.RecordBytes = 1024
		require.Error(t, readAll(file, limits))
	}
}

func addNothing(*sheet.Row) ([]string, error) { return nil, nil }

// packStored packs a sheet without compression.
func packStored(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, p := range []part{{"_rels/.rels", relsRoot}, {"xl/workbook.xml", workbook},
		{"xl/_rels/workbook.xml.rels", relsBook}, {"xl/worksheets/sheet1.xml", text}} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: p.name, Method: zip.Store})
		require.NoError(t, err)
		_, err = io.WriteString(w, p.text)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.Bytes()
}

// XML in another encoding is refused: what is written into it would be UTF-8.
func TestXLSXEncodings(t *testing.T) {
	body := "<worksheet><sheetData><row><c><v>1</v></c></row></sheetData></worksheet>"
	wide := func(mark string, at int) string {
		var b strings.Builder
		b.WriteString(mark)
		for _, c := range []byte(body) {
			pair := [2]byte{}
			pair[at] = c
			b.Write(pair[:])
		}
		return b.String()
	}
	for _, good := range []string{"", "\uFEFF", `<?xml version="1.0"?>`, `<?xml version='1.0' encoding='utf-8'?>`,
		"\uFEFF" + `<?xml version="1.0" encoding="US-ASCII" ?>`, `<?xmlx encoding="GBK"?>`} {
		require.NoError(t, readAll(pack(t, part{"xl/worksheets/sheet1.xml", good + body}), sheet.Options{}), good)
	}
	for _, bad := range []string{`<?xml version="1.0" encoding="GBK"?>` + body, `<?xml version='1.0' encoding='gb2312'?>` + body,
		`<?xml version="1.0" encoding = "ISO-8859-1"?>` + body, wide("", 0), wide("", 1), wide("\xFF\xFE", 0), wide("\xFE\xFF", 1)} {
		require.ErrorIs(t, readAll(pack(t, part{"xl/worksheets/sheet1.xml", bad}), sheet.Options{}), sheet.ErrFormat, bad)
	}
}

// One part is one thing: a result must not change two.
func TestXLSXSharedParts(t *testing.T) {
	two := strings.Replace(workbook, "</sheets>", `<sheet name="二" sheetId="2" r:id="rId9"/></sheets>`, 1)
	for _, target := range []string{"worksheets/sheet1.xml", "worksheets/../worksheets/SHEET1.xml", "sharedStrings.xml",
		"styles.xml", "workbook.xml"} {
		rels := strings.Replace(relsBook, "</Rel", `<Relationship Id="rId9" Type="http://x/worksheet" Target="`+target+`"/></Rel`, 1)
		file := pack(t, sheetPart("<row/>"), part{"xl/workbook.xml", two}, part{"xl/_rels/workbook.xml.rels", rels})
		require.ErrorIs(t, readAll(file, sheet.Options{}), sheet.ErrDuplicate, target)
	}
	file := pack(t, sheetPart("<row/>"), part{"xl/_rels/workbook.xml.rels", strings.Replace(relsBook, "rId3", "rId2", 1)})
	require.ErrorIs(t, readAll(file, sheet.Options{}), sheet.ErrDuplicate)
}

// strangeRows are well formed, and no office program writes them.
var strangeRows = []string{
	`<!-- spans="1:2" --><row><c><v>1</v></c></row>`,
	`<!-- spans='--><row r='2' spans="1:2"/>`,
	`<?x spans='?><row r='2'/>`,
	`<x><row r="1"/></x><row r="2"/>`,
	`<dimension ref="A1"/><row r="2"/>`,
	`<row r="1"/></sheetData><sheetData><row r="2"/>`,
	`<row><c><v>1<x/>2</v></c><c><v><x>3</x></v></c></row>`,
	`<row><c><v><x></y></z></c></row>`,
	`<row r="1"/></sheetData><!-- c --><dimension ref="A1:B2"/><row r="2"/><sheetData>`,
	`<sheetData><row r="1"/></sheetData><row r="2"/>`,
}

// Whoever adds cells is asked for the rows that a reader sees, and no others, and what stands before a tag stays.
func TestXLSXAnnotateStrange(t *testing.T) {
	deep := strings.Repeat("<x>", 61)
	for _, rows := range append(strangeRows, "<row/></sheetData>"+deep+"<sheetData><row/></sheetData>"+
		strings.ReplaceAll(deep, "<", "</")+"<sheetData>") {
		book := open(t, pack(t, sheetPart(rows)), sheet.Options{})
		before := read(t, book, 0)
		require.Len(t, before, 1, rows)
		var out bytes.Buffer
		next := 0
		require.NoError(t, book.Annotate(&out, sheet.Annotation{Column: 1}, func(row *sheet.Row) ([]string, error) {
			require.Equal(t, before[next].n, row.Number, rows)
			next++
			return []string{"好"}, nil
		}))
		require.Equal(t, 1, next, rows)
		after := read(t, open(t, out.Bytes(), sheet.Options{}), 0)
		require.Len(t, after, 1, rows)
		require.Equal(t, "好", after[0].cells[1], rows)
	}
}

// A sheetData that is no child of the root is none: what would be added to it would be deeper than is read.
func TestXLSXDeepSheetData(t *testing.T) {
	deep := strings.Repeat("<x>", 61)
	book := open(t, pack(t, part{"xl/worksheets/sheet1.xml", "<w>" + deep + "<sheetData><row/></sheetData>" +
		strings.ReplaceAll(deep, "<", "</") + `<sheetData><row r="7"/></sheetData></w>`}), sheet.Options{})
	var out bytes.Buffer
	require.NoError(t, book.Annotate(&out, sheet.Annotation{}, func(row *sheet.Row) ([]string, error) {
		require.Equal(t, 7, row.Number)
		return []string{"好"}, nil
	}))
	require.Equal(t, [][]string{{"好"}}, texts(read(t, open(t, out.Bytes(), sheet.Options{}), 0)))
}

// A value ends where its element does, whatever stands in it, and so does its cell.
func TestXLSXValueEnds(t *testing.T) {
	rows := read(t, open(t, pack(t, sheetPart(`<row><c><v>1<x/>2</v></c><c><v>3</v></c></row>`)), sheet.Options{}), 0)
	require.Equal(t, [][]string{{"12", "3"}}, texts(rows))
}
