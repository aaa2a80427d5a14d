package server_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
)

// converts has a ledger converted on trial and gives everything that was answered: a refusal, or what the job came to.
func (w *world) converts(name string, content []byte, change func(*api.ConversionRequest)) string {
	w.t.Helper()
	w.conversions++
	q := api.ConversionRequest{
		Type: w.businessType(), File: w.upload(fixtures.Caller(0), content), FileName: name, DryRun: true,
	}
	if change != nil {
		change(&q)
	}
	r := w.convert("trial-"+strconv.Itoa(w.conversions), q)
	if r.status != http.StatusAccepted {
		return string(r.body)
	}
	w.work()
	b, err := json.Marshal(w.jobOf(r))
	require.NoError(w.t, err)
	return string(b)
}

// businessType is the code of the type 营业执照.
func (w *world) businessType() string { return shipped(w.t, "business-licence").Code }

// pack is a ZIP of these files.
func pack(t testing.TB, files ...[2]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		p, err := z.Create(f[0])
		require.NoError(t, err)
		_, err = p.Write([]byte(f[1]))
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.Bytes()
}

// workbookOf is a workbook of one sheet with these rows, and what else is to be in it.
func workbookOf(t testing.TB, rows string, more ...[2]string) []byte {
	t.Helper()
	const head = `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`
	return pack(t, append([][2]string{
		{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
			`<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.` +
			`sheet.main+xml"/></Types>`},
		{"xl/workbook.xml", `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" ` +
			`xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">` +
			`<sheets><sheet name="台账" sheetId="1" r:id="rId1"/></sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
			`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" ` +
			`Target="worksheets/sheet1.xml"/></Relationships>`},
		{"xl/worksheets/sheet1.xml", head + rows + `</sheetData></worksheet>`},
	}, more...)...)
}

// rowOf is one row of text.
func rowOf(n int, texts ...string) string {
	out := `<row r="` + strconv.Itoa(n) + `">`
	for i, s := range texts {
		at := string(rune('A'+i)) + strconv.Itoa(n)
		if strings.HasPrefix(s, "<") {
			out += strings.Replace(s, "<c", `<c r="`+at+`"`, 1)
			continue
		}
		out += `<c r="` + at + `" t="str"><v>` + s + `</v></c>`
	}
	return out + `</row>`
}

const headings = "编号,名称,代码,发证日期"

// columnsOf is a mapping of those headings, with more lines.
func columnsOf(more string) string {
	return "format: elicense-mapping/1\ncolumns: {编号: ZZBH, 名称: CZZT, 代码: CZZTDM, 发证日期: ZZBFRQ}\n" + more
}

// TestMeetMappings: whoever sends a mapping is told of each thing that is wrong with it, by line.
func TestMeetMappings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	head := "format: elicense-mapping/1\n"
	for want, text := range map[string]string{
		"mapping_format":        "name: x\n",
		"mapping_syntax":        head + "columns: [",
		"mapping_unknown_key":   head + "colums: {a: ZZBH}\n",
		"mapping_twice":         head + "name: a\nname: b\n",
		"mapping_alias":         head + "ignore: &a [x]\nabsent: *a\n",
		"mapping_text":          head + "name: \"a\\u0007\"\n",
		"mapping_shape":         head + "columns: [a]\n",
		"mapping_element":       head + "columns: {编号: 证号}\n",
		"mapping_reason":        head + "derived: {ZZBFRQ: {from: x}}\n",
		"mapping_match":         head + "derived: {ZZBFRQ: {from: x, reason: y, match: a}}\n",
		"mapping_optional":      head + "derived: {ZZBH: {from: [a, b], optional: [c], to: $1$2, reason: r}}\n",
		"mapping_template":      head + "derived: {ZZBH: {from: [a, b], to: $1, reason: r}}\n",
		"mapping_value":         head + "columns: {'@1': ZZBH}\n",
		"mapping_issue_date":    head + "columns: {注册日期: ZZBFRQ}\n",
		"mapping_element_twice": head + "columns: {编号: ZZBH}\nconstant: {ZZMC: a}\nderived: {ZZBH: {from: x, reason: y}}\n",
		// of the sheet
		"mapping_other_type":       columnsOf("type: '" + strings.Repeat("1", 18) + "001'\n"),
		"mapping_other_department": columnsOf("department: 91350100M000100Y43\n"),
		"heading_missing":          strings.Replace(columnsOf(""), "名称", "姓名", 1),
		"heading_unmapped":         strings.Replace(columnsOf("strict: true\n"), ", 发证日期: ZZBFRQ", "", 1),
		"heading_element":          strings.Replace(columnsOf(""), ", 发证日期: ZZBFRQ", "", 1),
		"heading_constant":         columnsOf("constant: {KZ_ZCZB: 很多}\n"),
	} {
		text := text
		got := w.converts("台账.csv", []byte(headings+"\nA-1,甲公司,"+fixtures.FirmAt(1).Code+",2009-03-01\n"),
			func(q *api.ConversionRequest) { q.Mapping = text })
		require.Contains(t, got, `"code":"`+want+`"`)
	}
	for want, c := range map[string]struct{ heading, mapping string }{
		"heading_not_found": {"1,2,3\n4,5,6", ""},
		"heading_ambiguous": {"企业名称,单位名称,注册号,住所\n甲,乙,1,丙", ""},
		"heading_unit":      {headings + ",资本（万元）\nA-1,甲,乙,2009-03-01,50", strings.Replace(columnsOf(""), "}", ", 资本（万元）: KZ_ZCZB}", 1)},
	} {
		got := w.converts("台账.csv", []byte(c.heading+"\n"), func(q *api.ConversionRequest) { q.Mapping = c.mapping })
		require.Contains(t, got, `"code":"`+want+`"`)
	}
}

// TestMeetSheets: a file that cannot be read says why, and where.
func TestMeetSheets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := rowOf(1, strings.Split(headings, ",")...) + rowOf(2, "A-1", "甲公司", fixtures.FirmAt(1).Code, "2009-03-01")
	bomb := strings.Repeat("<row r=\"3\">"+strings.Repeat(" ", 1<<20), 30) // a zip that unpacks to far more than it is
	for want, c := range map[string]struct {
		name    string
		content []byte
	}{
		"SHEET_FORMAT":          {"a.xlsx", []byte("\x89PNG\r\n\x1a\n\x00\x00")},
		"SHEET_HTML":            {"a.xls", []byte("<html><table>")},
		"SHEET_CORRUPT":         {"a.xlsx", workbookOf(t, good)[:900]},
		"SHEET_BOMB":            {"a.xlsx", workbookOf(t, good+bomb)},
		"SHEET_DUPLICATE":       {"a.xlsx", workbookOf(t, good, [2]string{"XL\\Workbook.xml", "<workbook/>"})},
		"SHEET_NO_SHEET":        {"a.xlsx", pack(t, [2]string{"xl/workbook.xml", "<workbook/>"})},
		"SHEET_ENCODING_UNSURE": {"a.csv", []byte("\xe0\xe8,\xf0\xfe\n\xe0\xe8,\xf0\xfe\n")},
		"SHEET_NUL":             {"a.csv", []byte(headings + "\nA-1,甲\x00,x,2009-03-01\n")},
		"SHEET_QUOTE":           {"a.csv", []byte(headings + "\nA-1,\"甲\"x,x,2009-03-01\n")},
		"SHEET_ENCODING":        {"a.csv", []byte(headings + "\nA-1,甲\xff公司,x,2009-03-01\n" + strings.Repeat("A-2,甲公司,x,2009-03-01\n", 50))},
		"SHEET_CELL_TOO_LONG":   {"a.csv", []byte(headings + "\nA-1," + strings.Repeat("长", 1<<20) + ",x,2009-03-01\n")},
		"SHEET_COLUMNS":         {"a.csv", []byte(headings + "\nA-1" + strings.Repeat(",", 20000) + "\n")},
		"SHEET_BAD_CELL":        {"a.xlsx", workbookOf(t, good+`<row r="3"><c r="B3" t="s"><v>7</v></c></row>`)},
	} {
		got := w.converts(c.name, c.content, func(q *api.ConversionRequest) { q.Mapping = columnsOf("") })
		require.Contains(t, got, `"code":"`+want+`"`)
	}
}

// TestMeetRows: a row that is sent back says why.
func TestMeetRows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	firm := func(n uint64) string { return fixtures.FirmAt(n).Code }
	row := func(s ...string) string { return headings + "\n" + strings.Join(s, ",") + "\n" }
	for want, c := range map[string]struct{ mapping, text string }{
		"row_short":        {"", row("A-1", "甲公司", firm(1))},
		"row_long":         {"", row("A-1", "甲公司", firm(1), "2009-03-01", "多")},
		"derived_no_match": {"derived: {KZ_DQ: {from: 名称, match: '^(x)$', to: $1, reason: r}}\n", row("A-1", "甲", firm(1), "2009-03-01")},
		"derived_part":     {"derived: {KZ_DQ: {from: [编号, 名称], to: $1$2, reason: r}}\n", row("A-1", "", firm(1), "2009-03-01")},
		"cell_ditto":       {"", row("A-1", "同上", firm(1), "2009-03-01")},
		"cell_hashes":      {"", row("A-1", "甲", firm(1), "####")},
	} {
		c := c
		got := w.converts("a.csv", []byte(c.text), func(q *api.ConversionRequest) { q.Mapping = columnsOf(c.mapping) })
		require.Contains(t, got, `"code":"`+want+`"`)
	}
}

// TestMeetRowsOfOthers: a row of another department, and one whose holder's code may be of several kinds.
func TestMeetRowsOfOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.converts("a.csv", []byte(headings+",机关代码\nA-1,甲公司,"+fixtures.FirmAt(1).Code+",2009-03-01,"+
		fixtures.Departments()[1].Code+"\n"), func(q *api.ConversionRequest) {
		q.Mapping = strings.Replace(columnsOf(""), "}", ", 机关代码: ZZBFJGDM}", 1)
	})
	require.Contains(t, got, `"code":"row_other_issuer"`)
	code, definition := example(t, `["001", "111"]`, `["111", "414", "511"]`)
	require.Equal(t, http.StatusOK, w.declare(code, definition).status)
	w.grant(code)
	got = w.converts("a.csv", []byte(headings+"\nA-1,甲,G12345678,2009-03-01\n"), func(q *api.ConversionRequest) {
		q.Type, q.Mapping = code, columnsOf("")
	})
	require.Contains(t, got, `"code":"row_holder_kind"`)
	got = w.converts("a.xlsx", workbookOf(t, rowOf(1, strings.Split(headings, ",")...)+
		rowOf(2, "A-1", `<c t="str"><f>1</f></c>`, fixtures.FirmAt(1).Code, "2009-03-01")),
		func(q *api.ConversionRequest) { q.Mapping = columnsOf("") })
	require.Contains(t, got, `"code":"formula_empty"`)
	serial := `<c><v>1</v></c>`
	got = w.converts("a.xlsx", workbookOf(t, rowOf(1, strings.Split(headings, ",")...)+
		rowOf(2, "A-1", "甲公司", `<c><v>11010519491231002</v></c>`, serial)),
		func(q *api.ConversionRequest) { q.Mapping = columnsOf("") })
	require.Contains(t, got, `"code":"damaged_rounded"`)
	photos := w.upload(fixtures.Caller(0), pack(t, [2]string{"A-1.jpg", ""}))
	got = w.converts("a.csv", []byte(headings+"\nA-1,甲公司,"+fixtures.FirmAt(1).Code+",2009-03-01\n"),
		func(q *api.ConversionRequest) { q.Mapping, q.Scans = columnsOf(""), photos })
	require.Contains(t, got, `"code":"row_scan_refused"`)
}
