package sheet_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"github.com/elicense/elicense/internal/sheet"
)

const (
	relsRoot = `<Relationships><Relationship Id="rId1" Type="http://x/officeDocument" Target="xl/workbook.xml"/></R` +
		`elationships>`
	relsBook = `<Relationships><Relationship Id="rId1" Type="http://x/worksheet" Target="worksheets/sheet1.xml"/>` +
		`<Relationship Id="rId2" Type="http://x/sharedStrings" Target="sharedStrings.xml"/>` +
		`<Relationship Id="rId3" Type="http://x/styles" Target="styles.xml"/></Relationships>`
	workbook = `<workbook><sheets><sheet name="台账" sheetId="1" r:id="rId1"/></sheets></workbook>`
)

type part struct{ name, text string }

// pack makes an .xlsx of parts; those of a plain book are added where they are missing.
func pack(t testing.TB, parts ...part) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	have := map[string]bool{}
	for _, p := range parts {
		have[p.name] = true
	}
	for _, p := range []part{
		{"_rels/.rels", relsRoot}, {"xl/workbook.xml", workbook}, {"xl/_rels/workbook.xml.rels", relsBook},
	} {
		if !have[p.name] {
			parts = append(parts, p)
		}
	}
	for _, p := range parts {
		if p.text == "-" {
			continue
		}
		w, err := z.Create(p.name)
		require.NoError(t, err)
		_, err = io.WriteString(w, p.text)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.Bytes()
}

func sheetPart(rows string) part {
	return part{"xl/worksheets/sheet1.xml",
		`<?xml version="1.0" encoding="UTF-8"?><worksheet><dimension ref="A1:C9"/>` +
			`<sheetData>` + rows + `</sheetData><mergeCells><mergeCell ref="A1:C2"/></mergeCells></worksheet>`}
}

func TestXLSXCells(t *testing.T) {
	shared := part{"xl/sharedStrings.xml", `<sst><si><t>许可证</t></si><si><r><t>富</t></r><r><rPr><b/></rPr>` +
		`<t xml:space="preserve"> 文本</t></r><rPh sb="0" eb="1"><t>拼音</t></rPh></si><si/><si><t>a_x000D_b&amp;_x005F` +
		`_x0041_</t></si></sst>`}
	style := part{"xl/styles.xml", `<styleSheet><numFmts><numFmt numFmtId="176" formatCode="yyyy&quot;年&quot;m&quot` +
		`;月&quot;d&quot;日&quot;"/>` +
		`<numFmt numFmtId="177" formatCode="0000"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>` +
		`<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="176"/><xf numFmtId="177"/></cellXfs></styleSheet>`}
	type cells []sheet.Cell
	for _, tt := range []struct {
		name, row string
		want      cells
	}{
		{"shared", `<row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2" t="s"><v>1</v></c><c r="C2" t="s"><v>2</v></c>` +
			`</row>`,
			cells{{Text: "许可证", Kind: sheet.KindText}, {Text: "富 文本", Kind: sheet.KindText}}},
		{"escapes", `<row r="2"><c r="A2" t="s"><v>3</v></c></row>`, cells{{Text: "a\rb&_x0041_",
			Kind: sheet.KindText}}},
		{"inline", `<row r="2"><c t="inlineStr"><is><t>甲&#20057;</t></is></c><c t="inlineStr"><is><r><t>x</t></r><r` +
			`><t>y</t></r></is></c></row>`,
			cells{{Text: "甲乙", Kind: sheet.KindText}, {Text: "xy", Kind: sheet.KindText}}},
		{"gaps", `<row r="2"><c r="B2"><v>1</v></c><c r="D2"><v>2</v></c></row>`,
			cells{{}, {Text: "1", Kind: sheet.KindNumber}, {}, {Text: "2", Kind: sheet.KindNumber}}},
		{"no references", `<row><c><v>1</v></c><c/><c><v>2</v></c></row>`,
			cells{{Text: "1", Kind: sheet.KindNumber}, {}, {Text: "2", Kind: sheet.KindNumber}}},
		{"exact digits", `<row><c><v>350123199001011234</v></c><c><v>3.50123199001011E+17</v></c><c><v>0.10</v></c>` +
			`</row>`,
			cells{{Text: "350123199001011234", Kind: sheet.KindNumber}, {Text: "3.50123199001011E+17",
				Kind: sheet.KindNumber},
				{Text: "0.10", Kind: sheet.KindNumber}}},
		{"dates", `<row><c s="1"><v>39873</v></c><c s="2"><v>39873.5</v></c><c s="3"><v>12</v></c><c t="d"><v>2009-` +
			`03-01</v></c></row>`,
			cells{{Text: "39873", Kind: sheet.KindDate, Format: 14}, {Text: "39873.5", Kind: sheet.KindDate,
				Format: 176},
				{Text: "12", Kind: sheet.KindNumber, Format: 177}, {Text: "2009-03-01", Kind: sheet.KindText}}},
		{"formula", `<row><c t="str"><f>A1&amp;"x"</f><v>结果</v></c><c><f>1+1</f><v>2</v></c><c><f>B1</f></c></row>`,
			cells{{Text: "结果", Kind: sheet.KindText, Formula: true}, {Text: "2", Kind: sheet.KindNumber,
				Formula: true}, {Formula: true}}},
		{"bool and error", `<row><c t="b"><v>1</v></c><c t="b"><v>0</v></c><c t="e"><v>#N/A</v></c></row>`,
			cells{{Text: "TRUE", Kind: sheet.KindBool}, {Text: "FALSE", Kind: sheet.KindBool}, {Text: "#N/A",
				Kind: sheet.KindError}}},
		{"prefixed", `<x:row r="2"><x:c r="A2" t='inlineStr'><x:is><x:t>a &gt; b</x:t></x:is></x:c></x:row>`,
			cells{{Text: "a > b", Kind: sheet.KindText}}},
		{"cdata, comment and extension",
			`<row><!-- </row> --><c t="str"><v><![CDATA[<x>&amp;]]></v><extLst><ext><v>no</v></ext></extLst></c></row>`,
			cells{{Text: "<x>&amp;", Kind: sheet.KindText}}},
		{"line ends", "<row><c t=\"inlineStr\"><is><t>a\r\nb\rc</t></is></c></row>", cells{{Text: "a\nb\nc",
			Kind: sheet.KindText}}},
		{"greater-than in attribute", `<row x="a>b"><c r="A1" y='"/>'><v>1</v></c></row>`, cells{{Text: "1",
			Kind: sheet.KindNumber}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			book := open(t, pack(t, sheetPart(tt.row), shared, style), sheet.Options{})
			rows := read(t, book, 0)
			require.Len(t, rows, 1)
			require.Nil(t, rows[0].err)
			require.Equal(t, tt.want, cells(rows[0].full))
			merges, err := book.Merges(0)
			require.NoError(t, err)
			require.Equal(t, []sheet.Range{{LastRow: 1, LastColumn: 2}}, merges)
			require.Equal(t, `yyyy"年"m"月"d"日"`, book.FormatCode(176))
			require.Equal(t, "0000", book.FormatCode(177))
		})
	}
}

func TestXLSXRowErrors(t *testing.T) {
	good := `<row r="9"><c r="A9"><v>1</v></c></row>`
	for _, tt := range []struct {
		name, row string
		column    int
		code      sheet.Code
	}{
		{"no such string", `<row r="2"><c r="B2" t="s"><v>7</v></c></row>`, 2, sheet.CodeBadCell},
		{"string number", `<row r="2"><c r="A2" t="s"><v>-1</v></c></row>`, 1, sheet.CodeBadCell},
		{"reference", `<row r="2"><c r="列2"><v>7</v></c></row>`, 1, sheet.CodeBadCell},
		{"order", `<row r="2"><c r="B2"><v>7</v></c><c r="A2"><v>7</v></c></row>`, 3, sheet.CodeBadCell},
		{"row number", `<row r="0"><c><v>7</v></c></row>`, 0, sheet.CodeBadCell},
		{"long", `<row r="2"><c r="A2" t="str"><v>` + strings.Repeat("长", 400) + `</v></c></row>`, 1,
			sheet.CodeCellTooLarge},
		{"long inline", `<row r="2"><c r="A2" t="inlineStr"><is><t>` + strings.Repeat("长", 400) +
			`</t></is></c></row>`, 1, sheet.CodeCellTooLarge},
		{"long shared", `<row r="2"><c r="A2" t="s"><v>0</v></c></row>`, 1, sheet.CodeCellTooLarge},
		{"columns", `<row r="2"><c r="ZZ2"><v>1</v></c></row>`, 702, sheet.CodeColumns},
		{"encoding", "<row r=\"2\"><c r=\"A2\" t=\"str\"><v>\xFF</v></c></row>", 1, sheet.CodeEncoding},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := pack(t, sheetPart(tt.row+good),
				part{"xl/sharedStrings.xml", `<sst><si><t>` + strings.Repeat("长", 400) + `</t></si></sst>`})
			rows := read(t, open(t, b, sheet.Options{Limits: sheet.Limits{CellBytes: 1000, Columns: 100}}), 0)
			require.Len(t, rows, 2)
			require.NotNil(t, rows[0].err)
			require.Equal(t, tt.code, rows[0].code)
			require.Equal(t, tt.column, rows[0].err.Column)
			require.Nil(t, rows[1].err)
			require.Equal(t, 9, rows[1].n)
		})
	}
}

// A cell of 10 MB is one bad row.
func TestXLSXHugeCell(t *testing.T) {
	b := pack(t, sheetPart(`<row><c t="inlineStr"><is><t>`+strings.Repeat("长年",
		10<<20/6)+`</t></is></c></row><row><c><v>1</v></c></row>`))
	rows := read(t, open(t, b, sheet.Options{}), 0)
	require.Len(t, rows, 2)
	require.Equal(t, sheet.CodeCellTooLarge, rows[0].code)
	require.Equal(t, []string{"1"}, rows[1].cells)
}

func readAll(b []byte, opts sheet.Options) error {
	book, err := sheet.Open(bytes.NewReader(b), int64(len(b)), "x", opts)
	if err != nil {
		return err
	}
	defer book.Close()
	for i := range book.Info.Sheets {
		r, err := book.Rows(i)
		if err != nil {
			return err
		}
		var row sheet.Row
		for {
			err := r.Next(&row)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func TestXLSXRefusals(t *testing.T) {
	bomb := strings.Repeat("<row></row>", 6<<20)
	deep := strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100)
	for _, tt := range []struct {
		name  string
		bytes []byte
		want  error
	}{
		{"bomb", pack(t, sheetPart(bomb)), sheet.ErrBomb},
		{"doctype", pack(t, part{"xl/worksheets/sheet1.xml", `<!DOCTYPE x [<!ENTITY a "b">]><worksheet/>`}),
			sheet.ErrDoctype},
		{"doctype in strings", pack(t, sheetPart(""), part{"xl/sharedStrings.xml", `<!DOCTYPE x><sst/>`}),
			sheet.ErrDoctype},
		{"duplicate", pack(t, sheetPart(""), part{"XL\\Workbook.xml", workbook}), sheet.ErrDuplicate},
		{"depth", pack(t, sheetPart("<row>"+deep+"</row>")), sheet.ErrCorrupt},
		{"cut", pack(t, part{"xl/worksheets/sheet1.xml", `<worksheet><sheetData><row><c><v>1`}), sheet.ErrCorrupt},
		{"cut between rows", pack(t, part{"xl/worksheets/sheet1.xml", `<worksheet><sheetData><row/>`}),
			sheet.ErrCorrupt},
		{"no sheet part", pack(t), sheet.ErrCorrupt},
		{"no sheets", pack(t, part{"xl/workbook.xml", "<workbook/>"}), sheet.ErrNoSheet},
		{"no workbook", pack(t, part{"xl/workbook.xml", "-"}), sheet.ErrFormat},
		{"docx", pack(t, part{"xl/workbook.xml", "-"}, part{"word/document.xml", "x"}), sheet.ErrFormat},
		{"huge token", pack(t, sheetPart(`<row><c a="`+strings.Repeat("x", 3<<20)+`"/></row>`)), sheet.ErrTooLarge},
		{"half a zip", pack(t, sheetPart(""))[:200], sheet.ErrCorrupt},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := readAll(tt.bytes, sheet.Options{Limits: sheet.Limits{RecordBytes: 2 << 20, Ratio: 100}})
			require.ErrorIs(t, err, tt.want)
			var e *sheet.Error
			require.ErrorAs(t, err, &e)
		})
	}
	err := readAll(pack(t, sheetPart(""), part{"a", ""}), sheet.Options{Limits: sheet.Limits{Entries: 4}})
	require.ErrorIs(t, err, sheet.ErrTooLarge)
}

// Hostile and odd archives end in an error with a code.
func TestXLSXForeignZips(t *testing.T) {
	files := append(testdata(t, "go-zip/*.zip"), testdata(t, "yauzl/test/*/*.zip")...)
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		if len(b) == 0 {
			continue
		}
		var e *sheet.Error
		require.ErrorAs(t, readAll(b, sheet.Options{}), &e, f)
	}
}

func TestSheets(t *testing.T) {
	f := excelize.NewFile()
	for _, name := range []string{"隐藏", "空", "台账"} {
		_, err := f.NewSheet(name)
		require.NoError(t, err)
	}
	require.NoError(t, f.SetCellStr("隐藏", "A1", "x"))
	require.NoError(t, f.SetCellStr("台账", "B3", "名称"))
	require.NoError(t, f.SetSheetVisible("隐藏", false))
	var b bytes.Buffer
	require.NoError(t, f.Write(&b))
	book := open(t, b.Bytes(), sheet.Options{})
	require.Equal(t, []sheet.SheetInfo{{Name: "Sheet1"}, {Name: "隐藏", Hidden: true}, {Name: "空"}, {Name: "台账"}},
		book.Info.Sheets)
	i, err := book.DefaultSheet()
	require.NoError(t, err)
	require.Equal(t, 3, i)
	i, err = book.Sheet("隐藏")
	require.NoError(t, err)
	require.Equal(t, 1, i)
	_, err = book.Sheet("没有")
	require.ErrorIs(t, err, sheet.ErrNoSheet)
	_, err = book.Rows(9)
	require.ErrorIs(t, err, sheet.ErrNoSheet)
	_, err = open(t, pack(t, sheetPart("<row/>")), sheet.Options{}).DefaultSheet()
	require.ErrorIs(t, err, sheet.ErrNoSheet)
}

// What excelize wrote is read as excelize reads it.
func excelizeBook(t testing.TB, rows int) []byte {
	t.Helper()
	f := excelize.NewFile()
	date, err := f.NewStyle(&excelize.Style{NumFmt: 14})
	require.NoError(t, err)
	for i := 1; i <= rows; i++ {
		for c := 1; c <= 25; c++ {
			ref, err := excelize.CoordinatesToCellName(c, i)
			require.NoError(t, err)
			switch c % 5 {
			case 0:
				require.NoError(t, f.SetCellInt("Sheet1", ref, int64(i*c)))
			case 1:
				require.NoError(t, f.SetCellStr("Sheet1", ref, fmt.Sprintf("企业 <%d> & \"公司\"", i%50)))
			case 2:
				require.NoError(t, f.SetCellFloat("Sheet1", ref, float64(i)/8, -1, 64))
			case 3:
				require.NoError(t, f.SetCellInt("Sheet1", ref, 39000+int64(i)))
				require.NoError(t, f.SetCellStyle("Sheet1", ref, ref, date))
			case 4:
				require.NoError(t, f.SetCellStr("Sheet1", ref, fmt.Sprintf("  许可证\n第%d号 ", i)))
			}
		}
	}
	require.NoError(t, f.MergeCell("Sheet1", "A1", "B2"))
	var b bytes.Buffer
	require.NoError(t, f.Write(&b))
	return b.Bytes()
}

func TestXLSXAgainstExcelize(t *testing.T) {
	b := excelizeBook(t, 300)
	f, err := excelize.OpenReader(bytes.NewReader(b))
	require.NoError(t, err)
	want, err := f.GetRows("Sheet1", excelize.Options{RawCellValue: true})
	require.NoError(t, err)
	book := open(t, b, sheet.Options{})
	rows := read(t, book, 0)
	sameRows(t, want, texts(rows), "excelize")
	require.Equal(t, sheet.KindDate, rows[5].full[2].Kind)
	merges, err := book.Merges(0)
	require.NoError(t, err)
	require.Equal(t, []sheet.Range{{LastRow: 1, LastColumn: 1}}, merges)
}

func TestXLSXAnnotateStops(t *testing.T) {
	stop := errors.New("stop")
	for _, b := range [][]byte{excelizeBook(t, 2), []byte(sample)} {
		book := open(t, b, sheet.Options{})
		each := func(*sheet.Row) ([]string, error) { return nil, stop }
		require.ErrorIs(t, book.Annotate(io.Discard, sheet.Annotation{}, each), stop)
		require.ErrorIs(t, book.Annotate(io.Discard, sheet.Annotation{Sheet: 1}, each), sheet.ErrNoSheet)
		require.ErrorIs(t, book.Annotate(io.Discard, sheet.Annotation{Column: -1}, each), sheet.ErrColumns)
	}
}

func TestWriter(t *testing.T) {
	cells := []sheet.Cell{
		{Text: "=1+1", Kind: sheet.KindText}, {}, {Text: "3.50123199001011E+17", Kind: sheet.KindNumber},
		{Text: "39873", Kind: sheet.KindDate}, {Text: "TRUE", Kind: sheet.KindBool}, {Text: "#N/A",
			Kind: sheet.KindError},
		{Text: " a\"<&>\r\n_x0041_\x01", Kind: sheet.KindText},
	}
	var b bytes.Buffer
	w, err := sheet.NewWriter(&b, sheet.WriterOptions{Sheet: "台账 & \"x\"", Date1904: true})
	require.NoError(t, err)
	require.NoError(t, w.Write([]string{"名称", "", "代码"}))
	require.NoError(t, w.WriteCells(cells))
	require.NoError(t, w.Close())
	require.Error(t, w.Close())
	require.Error(t, w.Write(nil))
	book := open(t, b.Bytes(), sheet.Options{})
	require.True(t, book.Info.Date1904)
	require.Equal(t, "台账 & \"x\"", book.Info.Sheets[0].Name)
	rows := read(t, book, 0)
	require.Equal(t, []string{"名称", "", "代码"}, rows[0].cells)
	cells[3].Format = 14
	require.Equal(t, cells, rows[1].full)
	f, err := excelize.OpenReader(bytes.NewReader(b.Bytes()))
	require.NoError(t, err)
	v, err := f.GetCellValue("台账 & \"x\"", "A2")
	require.NoError(t, err)
	require.Equal(t, "=1+1", v)

	for _, d := range []sheet.Dialect{{}, {Encoding: sheet.GB18030, Delimiter: '\t', LineEnding: "\n"},
		{Encoding: sheet.UTF16LE, BOM: true}} {
		b.Reset()
		w, err := sheet.NewWriter(&b, sheet.WriterOptions{Format: sheet.FormatCSV, Dialect: d})
		require.NoError(t, err)
		require.NoError(t, w.Write([]string{"名称", "=1+1", "a\tb,\"c\"\n"}))
		require.NoError(t, w.Write([]string{""}))
		require.NoError(t, w.Close())
		rows := texts(read(t, open(t, b.Bytes(), sheet.Options{}), 0))
		require.Equal(t, [][]string{{"名称", "'=1+1", "a\tb,\"c\"\n"}, {""}}, rows)
	}
	_, err = sheet.NewWriter(&b, sheet.WriterOptions{Format: sheet.FormatXLS})
	require.ErrorIs(t, err, sheet.ErrFormat)
}

func TestIsDateFormat(t *testing.T) {
	for code, want := range map[string]bool{
		"yyyy-mm-dd": true, `yyyy"年"m"月"d"日"`: true, `[$-804]yyyy\年m\月`: true, "m/d": true, "mmm-yy": true,
		"yyyy/m/d h:mm":                    true,
		"[DBNum1][$-804]yyyy\"年\"m\"月\";@": true, `m"月"`: true,
		"General": false, "0.00": false, "h:mm": false, "[h]:mm:ss": false, "h:mm AM/PM": false, "mm:ss": false,
		"@":              false,
		"#,##0 \"days\"": false, "0.00E+00": false, `0\d`: false, "0_d": false, "": false, "\"": false, "[": false,
		"0;d":    false,
		"[Red]0": false,
	} {
		require.Equal(t, want, sheet.IsDateFormat(code), code)
	}
}

func TestParseSerial(t *testing.T) {
	for _, tt := range []struct {
		text     string
		date1904 bool
		want     string
	}{
		{"1", false, "1900-01-01 00:00:00"}, {"59", false, "1900-02-28 00:00:00"}, {"60", false, ""},
		{"61", false, "1900-03-01 00:00:00"}, {"39873", false, "2009-03-01 00:00:00"}, {"39873.75", false,
			"2009-03-01 18:00:00"},
		{"38411", true, "2009-03-01 00:00:00"}, {"0", true, "1904-01-01 00:00:00"}, {"0", false, ""}, {"-1", false, ""},
		{"2958465", false, "9999-12-31 00:00:00"}, {"2958466", false, ""}, {"NaN", false, ""}, {"x", false, ""},
		{"2958465", true, ""},
	} {
		got, ok := sheet.ParseSerial(tt.text, tt.date1904)
		require.Equal(t, tt.want != "", ok, tt.text)
		if ok {
			require.Equal(t, tt.want, got.Format("2006-01-02 15:04:05"))
		}
	}
}

func TestLostDigits(t *testing.T) {
	for text, want := range map[string]bool{
		"3.50123E+17": true, "3.50123199001011E+17": true, "3.50123e17": true, "350123199001011234": false,
		"1E+3": false,
		"E1":   false, "12E": false, "1E-20": false, "35012E319": true, "ABC1E17": false,
	} {
		require.Equal(t, want, sheet.LostDigits(text), text)
	}
}

func TestPadded(t *testing.T) {
	for _, tt := range []struct{ text, format, want string }{
		{"123", "000000", "000123"}, {"1234567", "000000", "1234567"}, {"1.5", "0000", "1.5"}, {"-1", "0000", "-1"},
		{"1", "0.00", "1"}, {"1", "", "1"}, {"", "00", ""},
	} {
		require.Equal(t, tt.want, sheet.Padded(tt.text, tt.format))
	}
}

// A strict workbook names its relationships otherwise and may keep its parts elsewhere.
func TestXLSXStrict(t *testing.T) {
	const ns = "http://purl.oclc.org/ooxml/officeDocument/relationships/"
	b := pack(t,
		part{"_rels/.rels", `<Relationships><Relationship Id="a" Type="` + ns +
			`officeDocument" Target="/book/wb.xml"/></Relationships>`},
		part{"xl/workbook.xml", "-"}, part{"xl/_rels/workbook.xml.rels", "-"},
		part{"book/wb.xml", `<s:workbook><s:workbookPr date1904="true"/><s:sheets><s:sheet name="图" r:id="c"/>` +
			`<s:sheet name="台账" r:id="b"/></s:sheets></s:workbook>`},
		part{"book/_rels/wb.xml.rels", `<Relationships><Relationship Id="b" Type="` + ns +
			`worksheet" Target="../Rows/One.xml"/>` +
			`<Relationship Id="c" Type="` + ns + `chartsheet" Target="c.xml"/>` +
			`<Relationship Id="d" Type="` + ns + `sharedStrings" Target="ss.xml"/></Relationships>`},
		part{"book/ss.xml", `<s:sst><s:si><s:t>甲</s:t></s:si></s:sst>`},
		part{"rows/one.xml", `<s:worksheet><s:sheetData><s:row><s:c t="s"><s:v>0</s:v></s:c></s:row></s:sheetData><` +
			`/s:worksheet>`})
	book := open(t, b, sheet.Options{})
	require.True(t, book.Info.Date1904)
	require.Equal(t, []sheet.SheetInfo{{Name: "台账"}}, book.Info.Sheets)
	require.Equal(t, [][]string{{"甲"}}, texts(read(t, book, 0)))
}

// tempFile makes temporary files and reports how many are open.
func tempFile(t testing.TB) (func() (sheet.TempFile, error), *int) {
	t.Helper()
	open := new(int)
	return func() (sheet.TempFile, error) {
		f, err := os.CreateTemp(t.TempDir(), "strings")
		*open++
		return countedFile{f, open}, err
	}, open
}

type countedFile struct {
	*os.File
	open *int
}

func (c countedFile) Close() error { *c.open--; return c.File.Close() }

// Shared strings beyond the limit go to a temporary file and read the same.
func TestXLSXSpill(t *testing.T) {
	b := excelizeBook(t, 2000)
	want := read(t, open(t, b, sheet.Options{}), 0)
	small := sheet.Limits{StringsBytes: 20000}
	require.ErrorIs(t, readAll(b, sheet.Options{Limits: small}), sheet.ErrNeedTemp)
	temp, files := tempFile(t)
	book, err := sheet.Open(bytes.NewReader(b), int64(len(b)), "x", sheet.Options{Limits: small, Temp: temp})
	require.NoError(t, err)
	sameRows(t, texts(want), texts(read(t, book, 0)), "spilled")
	require.Equal(t, 1, *files)
	require.NoError(t, book.Close())
	require.Zero(t, *files)
	broken := errors.New("no space")
	require.ErrorIs(t, readAll(b, sheet.Options{Limits: small, Temp: func() (sheet.TempFile, error) {
		return nil,
			broken
	}}), broken)
}

// bigXLSX writes a sheet of many rows and as many different shared strings into a file.
func bigXLSX(t testing.TB, rows int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "big.xlsx")
	f, err := os.Create(path)
	require.NoError(t, err)
	z := zip.NewWriter(f)
	for _, p := range []part{{"_rels/.rels", relsRoot}, {"xl/workbook.xml", workbook},
		{"xl/_rels/workbook.xml.rels", relsBook}} {
		w, err := z.Create(p.name)
		require.NoError(t, err)
		_, err = io.WriteString(w, p.text)
		require.NoError(t, err)
	}
	w, err := z.Create("xl/sharedStrings.xml")
	require.NoError(t, err)
	_, err = io.WriteString(w, "<sst>")
	require.NoError(t, err)
	for i := range rows {
		fmt.Fprintf(w, "<si><t>某某市某某区某某有限责任公司第%d号</t></si>", i)
	}
	_, err = io.WriteString(w, "</sst>")
	require.NoError(t, err)
	w, err = z.Create("xl/worksheets/sheet1.xml")
	require.NoError(t, err)
	_, err = io.WriteString(w, "<worksheet><sheetData>")
	require.NoError(t, err)
	for i := range rows {
		fmt.Fprintf(w, `<row r="%d"><c r="A%d" t="s"><v>%d</v></c><c r="B%d"><v>%d</v></c></row>`, i+1, i+1, i, i+1,
			i*7)
	}
	_, err = io.WriteString(w, "</sheetData></worksheet>")
	require.NoError(t, err)
	require.NoError(t, z.Close())
	require.NoError(t, f.Close())
	return path
}

// A million rows with a million different strings are read, and written again, in constant memory.
func TestXLSXConstantMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("a million rows take some seconds")
	}
	path := bigXLSX(t, 1000000)
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	st, err := f.Stat()
	require.NoError(t, err)
	temp, _ := tempFile(t)
	book, err := sheet.Open(f, st.Size(), "x", sheet.Options{Temp: temp})
	require.NoError(t, err)
	defer book.Close()
	var peak uint64
	n := 0
	require.NoError(t, book.Annotate(io.Discard, sheet.Annotation{Column: 2}, func(row *sheet.Row) ([]string, error) {
		if n++; n%100000 == 0 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc)
			require.Equal(t, fmt.Sprintf("某某市某某区某某有限责任公司第%d号", n-1), row.Cells[0].Text)
		}
		return []string{"已建", "", ""}, nil
	}))
	require.Equal(t, 1000000, n)
	t.Logf("live heap at most %d MiB", peak>>20)
	require.Less(t, peak, uint64(40<<20))
}

// oddRows are what only a lenient reader would take: where a tag, an attribute or a row ends is a matter of opinion.
var oddRows = []string{
	`<row q=' spans="'/><row q=' spans="' p=" ' "/>`, // well formed
	`<row spans=x"1:2" z="x"/>`,
	`<row spans=x" x z="/>`,
	`<row a"b c" z=" spans=" y='" '/>`,
	`<row spans="1:2"r="7"/>`,
	`<row spans="1:2"/r="7"/>`,
	`<":row "/>`,
	`<':row '><c><v>1</v></c></row>`,
	`<a/:row/>`,
	`<row=/>`,
	`<row r="3" /r />`,
	`<row q/>`,
	`<row q=/ />`,
	`<row =""/>`,
	`<row r='3/>`,
	`<row></row x>`,
	"<row\x01q=\"a b\" spans='1:2' p='\"'/>",
}

func TestXLSXOddTags(t *testing.T) {
	require.NoError(t, readAll(pack(t, sheetPart(oddRows[0])), sheet.Options{}))
	for _, row := range oddRows[1:] {
		err := readAll(pack(t, sheetPart(row)), sheet.Options{})
		var refusal *sheet.Error
		require.ErrorAs(t, err, &refusal, row)
		require.Equal(t, sheet.CodeCorrupt, refusal.Code, row)
	}
}

func FuzzXLSXSheet(f *testing.F) {
	f.Add([]byte(`<worksheet><sheetData><row r="2"><c r="B2" t="s"><v>0</v></c><c t="inlineStr"><is><t>a</t></is></` +
		`c></row></sheetData></worksheet>`))
	f.Add([]byte(`<x:worksheet><x:sheetData><x:row spans="1:2"/><!-- --><x:row><x:c><x:f>1</x:f><x:v>&lt;</x:v></x:` +
		`c></x:row></x:sheetData></x:worksheet>`))
	for _, row := range append(oddRows, strangeRows...) {
		f.Add([]byte("<worksheet><sheetData>" + row + "</sheetData></worksheet>"))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		file := pack(t, part{"xl/worksheets/sheet1.xml", string(b)}, part{"xl/sharedStrings.xml",
			"<sst><si><t>共享</t></si></sst>"})
		if readAll(file, sheet.Options{}) != nil {
			return
		}
		book := open(t, file, sheet.Options{})
		rows := read(t, book, 0)
		merges, err := book.Merges(0)
		require.NoError(t, err)
		for column := range 4 {
			var out bytes.Buffer
			next := 0
			require.NoError(t, book.Annotate(&out, sheet.Annotation{Column: column}, func(row *sheet.Row) ([]string, error) {
				require.Equal(t, rows[next].n, row.Number)
				next++
				if row.Err != nil {
					return nil, nil //nolint:nilerr // it keeps its error
				}
				return []string{"加", ""}, nil
			}))
			again := open(t, out.Bytes(), sheet.Options{})
			after := read(t, again, 0)
			require.Equal(t, len(rows), next)
			require.Len(t, after, len(rows))
			same, err := again.Merges(0)
			require.NoError(t, err)
			require.Equal(t, merges, same)
			for i := range rows {
				sameBut(t, rows[i], after[i], column)
			}
		}
	})
}

// sameBut holds a row of a result against the row that it was made from: two cells are others.
func sameBut(t *testing.T, row, after gotRow, column int) {
	t.Helper()
	require.Equal(t, row.n, after.n)
	require.Equal(t, row.code, after.code)
	if row.err != nil {
		require.Equal(t, row.full, after.full)
		return
	}
	for k := range max(len(row.full), len(after.full)) {
		var was, is sheet.Cell
		if k < len(row.full) {
			was = row.full[k]
		}
		if k < len(after.full) {
			is = after.full[k]
		}
		switch k {
		case column:
			was = sheet.Cell{Text: "加", Kind: sheet.KindText}
		case column + 1:
			was = sheet.Cell{}
		}
		require.Equal(t, was, is, k)
	}
}

func FuzzSharedStrings(f *testing.F) {
	f.Add([]byte(`<sst><si><r><t>a</t></r><rPh><t>b</t></rPh></si><si><t>_x000D_</t></si></sst>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		all := pack(t, sheetPart(`<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="s"><v>17</v></c></row>`),
			part{"xl/sharedStrings.xml", string(b)})
		temp, _ := tempFile(t)
		err1 := readAll(all, sheet.Options{})
		err2 := readAll(all, sheet.Options{Limits: sheet.Limits{StringsBytes: 1}, Temp: temp})
		require.Equal(t, err1, err2)
		if err1 == nil {
			book := open(t, all, sheet.Options{Limits: sheet.Limits{StringsBytes: 1}, Temp: temp})
			require.Equal(t, read(t, open(t, all, sheet.Options{}), 0), read(t, book, 0))
		}
	})
}

func FuzzStyles(f *testing.F) {
	f.Add([]byte(`<styleSheet><numFmts><numFmt numFmtId="176" formatCode="yyyy&quot;年&quot;"/></numFmts><cellXfs><x` +
		`f numFmtId="176"/></cellXfs></styleSheet>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		file := pack(t, sheetPart(`<row><c s="0"><v>1</v></c></row>`), part{"xl/styles.xml", string(b)})
		if readAll(file, sheet.Options{}) != nil {
			return
		}
		book := open(t, file, sheet.Options{})
		c := read(t, book, 0)[0].full[0]
		require.Equal(t, c.Kind == sheet.KindDate, sheet.IsDateFormat(book.FormatCode(c.Format)))
	})
}

func BenchmarkXLSXRow25(b *testing.B) {
	in := excelizeBook(b, 5000)
	benchRows(b, in, 5000)
}

func BenchmarkXLSXAnnotate25(b *testing.B) {
	in := excelizeBook(b, 5000)
	for b.Loop() {
		book, err := sheet.Open(bytes.NewReader(in), int64(len(in)), "x", sheet.Options{})
		require.NoError(b, err)
		require.NoError(b, book.Annotate(io.Discard, sheet.Annotation{Column: 25},
			func(*sheet.Row) ([]string, error) { return []string{"已建", "", ""}, nil }))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/5000, "ns/row")
}
