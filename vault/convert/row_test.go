package convert_test

import (
	"archive/zip"
	"bytes"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/convert"
)

// oneRow converts rows of 营业执照 under a mapping that the test may change.
func convertRows(t testing.TB, m *convert.Mapping, f convert.File) outcome {
	t.Helper()
	w := newWorld(t)
	return mustRun(t, w.configOf(0), convert.Job{Type: typeCode(t, "business-licence"), File: f, Mapping: m})
}

func problemCodes(r convert.RowReport) []string {
	var out []string
	for _, p := range r.Problems {
		out = append(out, string(p.Code)+" "+p.Column)
	}
	return out
}

func noteCodes(r convert.RowReport) []string {
	var out []string
	for _, n := range r.Notes {
		out = append(out, string(n.Code))
	}
	return out
}

// TestRowsOfText_D3_6: all errors of a row at once, in the order of its columns, with place, what was found and how to
// fix it.
func TestRowsOfText_D3_6(t *testing.T) {
	m := plainMapping()
	m.Columns = append(m.Columns, column("类型代码", "CZZTDMLXDM"), column("机关代码", "ZZBFJGDM"))
	o := convertRows(t, m, fileOf("a.csv", []byte(strings.Join([]string{
		"编号,名称,代码,发证日期,类型代码,机关代码",
		"3.50123E+17,甲公司," + firm(1) + ",2009.3,,",
		"证字0001、证字0002,甲公司," + firm(1) + ",2009-2-30,身份证," + firm(2),
		"A-3,甲公司," + firm(1)[:17] + "0,二〇〇九年三月一日,统一社会信用代码,",
		"A-4,甲\xff公司," + firm(1) + ",2009-03-01,,",
		"A-5,甲公司," + firm(1) + ",2009-03-01,",
		"A-6,甲公司," + firm(1) + ",2009-03-01,,,多",
		"A-7,甲公司," + firm(1) + ",########,,",
		"Ａ－８,N/A," + strings.ToLower(firm(1)) + ",20090301,001,",
		"A-9,甲公司;乙公司," + firm(1) + ",2009年3月1日,统一社会信用代码," + fixtures.Departments()[0].Code,
	}, "\n"))))
	require.Equal(t, []string{"damaged_scientific A", "date_incomplete D"}, problemCodes(o.rows[0]))
	require.Equal(t, []string{
		"several_values A", "date_impossible D", "value_holder_type E", "row_other_issuer F",
	}, problemCodes(o.rows[1]))
	require.Equal(t, []string{"uscc_check C"}, problemCodes(o.rows[2]))
	require.Equal(t, vault.Code("SHEET_ENCODING"), o.rows[3].Code)
	require.Equal(t, []string{"row_short "}, problemCodes(o.rows[4]))
	require.Equal(t, []string{"row_long "}, problemCodes(o.rows[5]))
	require.Equal(t, []string{"cell_hashes D"}, problemCodes(o.rows[6]))
	require.Equal(t, []string{"value_missing B"}, problemCodes(o.rows[7]))
	require.Contains(t, noteCodes(o.rows[7]), "case")
	require.Equal(t, vault.RowCreated, o.rows[8].Outcome)
	require.Equal(t, []string{"several_values", "date_style"}, noteCodes(o.rows[8]))
	require.Equal(t, "发证日期", o.rows[0].Problems[1].Heading)
	require.Equal(t, "2009.3", o.rows[0].Problems[1].Found)
	require.NotContains(t, o.errors, "2009.3")
	require.Contains(t, o.errors, "a.csv\t2\t2\tD\t发证日期\tdate_incomplete\n")
	require.Equal(t, 12, strings.Count(o.errors, "\n"))
}

// TestFormulasAndErrors: a stored result is taken with a note; an error or nothing is refused; shown zeros are kept;
// dates of the sheet are read; cells below a merged one have its value.
func TestFormulasAndErrors(t *testing.T) {
	x := excelize.NewFile()
	style, err := x.NewStyle(&excelize.Style{CustomNumFmt: ptr("000000")})
	require.NoError(t, err)
	set := func(cell string, v any) { require.NoError(t, x.SetCellValue("Sheet1", cell, v)) }
	for i, h := range []string{"编号", "名称", "代码", "发证日期", "所在地"} {
		set(string(rune('A'+i))+"1", h)
	}
	for r, code := range []string{firm(1), firm(2), firm(3), firm(4)} {
		n := string(rune('2' + r))
		set("A"+n, 1000+r)
		set("B"+n, "公司"+n)
		set("C"+n, code)
		set("D"+n, time.Date(2009, 3, 1+r, 0, 0, 0, 0, time.UTC))
	}
	require.NoError(t, x.SetCellStyle("Sheet1", "A2", "A2", style))
	require.NoError(t, x.SetCellFormula("Sheet1", "B3", "\"甲\"&\"公司\""))
	set("C4", "#N/A")
	set("E2", "福州市")
	require.NoError(t, x.MergeCell("Sheet1", "E2", "E4"))
	var b bytes.Buffer
	require.NoError(t, x.Write(&b))
	m := plainMapping()
	m.Columns = append(m.Columns, column("所在地", "KZ_DQ"))
	w := newWorld(t)
	o := mustRun(t, w.configOf(0), business(t, fileOf("a.xlsx", b.Bytes()), m))
	require.Equal(t, vault.RowCreated, o.rows[0].Outcome, o.rows[0])
	require.Equal(t, vault.RowRejected, o.rows[2].Outcome)
	list, err := w.v.Sample(t.Context(), department(0), o.report.Batch, 10, 1)
	require.NoError(t, err)
	require.Equal(t, "001000", list[0].Found.Value("ZZBH"))
	require.Equal(t, "2009-03-01", list[0].Found.Value("ZZBFRQ"))
	require.Equal(t, "福州市", list[0].Found.Value("KZ_DQ"))
	require.Equal(t, "福州市", list[1].Found.Value("KZ_DQ"))
	require.Empty(t, list[len(list)-1].Found.Value("KZ_DQ"))
}

// TestBrokenCells_D3_6: a cell that shows an error, or a formula that was never computed, is no value, not even for a
// name that takes any text.
func TestBrokenCells_D3_6(t *testing.T) {
	x := excelize.NewFile()
	for i, h := range []string{"编号", "名称", "代码", "发证日期"} {
		require.NoError(t, x.SetCellValue("Sheet1", string(rune('A'+i))+"1", h))
	}
	for r := range 4 {
		n := string(rune('2' + r))
		for column, v := range map[string]any{"A": "示-" + n, "B": "公司" + n, "C": firm(r + 1), "D": "2009-03-01"} {
			require.NoError(t, x.SetCellValue("Sheet1", column+n, v))
		}
	}
	var b bytes.Buffer
	require.NoError(t, x.Write(&b))
	broken := rewriteSheet(t, b.Bytes(), func(xml string) string {
		for cell, as := range map[string]string{
			`<c r="B3"[^>]*>.*?</c>`: `<c r="B3" t="e"><v>#REF!</v></c>`,
			`<c r="B4"[^>]*>.*?</c>`: `<c r="B4"><f>A4&amp;"公司"</f></c>`, // without its result
		} {
			require.Regexp(t, cell, xml)
			xml = regexp.MustCompile(cell).ReplaceAllLiteralString(xml, as)
		}
		return xml
	})
	w := newWorld(t)
	o := mustRun(t, w.configOf(0), business(t, fileOf("a.xlsx", broken), plainMapping()))
	codes := map[int][]vault.Code{}
	for _, r := range o.rows {
		for _, p := range r.Problems {
			require.Equal(t, "CZZT", p.Element)
			require.Equal(t, "B", p.Column)
			codes[r.Row] = append(codes[r.Row], p.Code)
		}
	}
	require.Equal(t, map[int][]vault.Code{3: {convert.CodeCellError}, 4: {convert.CodeFormulaEmpty}}, codes)
	require.Equal(t, 2, o.report.Counts.Created)
	require.Equal(t, 2, o.report.Counts.Rejected)
}

// rewriteSheet changes the first sheet of an .xlsx.
func rewriteSheet(t *testing.T, xlsx []byte, change func(string) string) []byte {
	t.Helper()
	in, err := zip.NewReader(bytes.NewReader(xlsx), int64(len(xlsx)))
	require.NoError(t, err)
	var out bytes.Buffer
	zw := zip.NewWriter(&out)
	for _, f := range in.File {
		r, err := f.Open()
		require.NoError(t, err)
		data, err := io.ReadAll(r)
		require.NoError(t, err)
		if f.Name == "xl/worksheets/sheet1.xml" {
			data = []byte(change(string(data)))
		}
		to, err := zw.Create(f.Name)
		require.NoError(t, err)
		_, err = to.Write(data)
		require.NoError(t, err)
	}
	require.NoError(t, zw.Close())
	return out.Bytes()
}

func ptr[T any](v T) *T { return &v }

// TestMappingOfValues: order of dates, decimal comma, units, replaced values, derived parts, words that mean nothing.
func TestMappingOfValues(t *testing.T) {
	m, err := convert.ParseMapping([]byte(`format: elicense-mapping/1
columns:
  编号: ZZBH
  名称: {to: CZZT, values: {甲: 甲有限公司}}
  代码: CZZTDM
  资本（万元）: {to: KZ_ZCZB, unit: 万元}
  期限: {to: ZZYXQJZRQ, values: {n: 长期}}
  地区: KZ_DQ
derived:
  ZZBFRQ: {from: 起止, match: '^(\S+) - \S+$', to: $1, reason: 起止在一列}
dates: dmy
decimal: ","
absent: [没填]
present: [无]
`))
	require.NoError(t, err)
	w := newWorld(t)
	o := mustRun(t, w.configOf(0), convert.Job{Type: typeCode(t, "business-licence"), Mapping: m, File: csvOf(
		"编号,名称,代码,资本（万元）,期限,地区,起止",
		"A-1,甲,"+firm(1)+`,"50,5",n,无,2009-03-01 - 2010`,
		"A-2,乙公司,"+firm(2)+",50万元,11/12/2030,没填,2009-03-01 - 2010",
		"A-3,丙公司,"+firm(3)+",,,,2009-03-01至2010",
	)})
	require.Equal(t, []string{"derived_no_match G"}, problemCodes(o.rows[2]))
	list, err := w.v.Sample(t.Context(), department(0), o.report.Batch, 10, 1)
	require.NoError(t, err)
	values := func(i int, names ...string) []string {
		for k, name := range names {
			names[k] = list[i].Found.Value(name)
		}
		return names
	}
	require.Equal(t, []string{"甲有限公司", "505000 CNY", "无"}, values(0, "CZZT", "KZ_ZCZB", "KZ_DQ"))
	require.Equal(t, []string{"500000 CNY", "2030-12-11", ""}, values(1, "KZ_ZCZB", "ZZYXQJZRQ", "KZ_DQ"))
	for _, c := range []string{"mapping_replaced", "mapping_decimal", "mapping_unit"} {
		require.Contains(t, noteCodes(o.rows[0]), c)
	}
	require.Contains(t, noteCodes(o.rows[1]), "mapping_dateorder")
}

// TestShortRowStaysRefused: the result fills a short row up; fed back as it is, it is still refused.
func TestShortRowStaysRefused(t *testing.T) {
	w := newWorld(t)
	job := business(t, csvOf("编号,名称,代码,发证日期,备注", "A-1,甲公司,"+firm(1)+",2015-01-02"), plainMapping())
	o := mustRun(t, w.configOf(0), job)
	require.Equal(t, 1, o.report.Counts.Rejected)
	job.File = fileOf("结果.csv", []byte(o.sheet))
	again := mustRun(t, w.configOf(0), job)
	require.Equal(t, []string{"row_short "}, problemCodes(again.rows[0]))
	require.Equal(t, o.sheet, again.sheet)
	job.File = fileOf("结果.csv", []byte(strings.Replace(o.sheet, "row_short", "", 1)))
	again = mustRun(t, w.configOf(0), job)
	require.Equal(t, 1, again.report.Counts.Created, "somebody looked at the row and cleared its code")
}

// TestResultKeepsTheSheet_D3_3 holds the bytes of a GB18030 result and the cells of the others.
func TestResultKeepsTheSheet_D3_3(t *testing.T) {
	text := "某局台账,,,\r\n编号,名称,代码,发证日期\r\nA-1,\"甲,公司\"," + firm(1) + ",2015.1.2\r\n,,,\r\nA-2,乙公司,坏,2015.13.2\r\n"
	gbk := encodeGBK(t, text)
	o := convertRows(t, plainMapping(), fileOf("台账.csv", gbk))
	require.Equal(t, "GB18030", o.report.Encoding)
	require.Equal(t, 2, o.report.HeadingRow)
	golden(t, "result-gb18030.csv", o.sheet)
	lines := strings.Split(o.sheet, "\r\n")
	for i, line := range strings.Split(string(gbk), "\r\n") {
		require.True(t, strings.HasPrefix(lines[i], line), "line %d", i+1)
	}
}

// TestResultOfXLSX_D3_3: an .xlsx keeps its format.
func TestResultOfXLSX_D3_3(t *testing.T) {
	l, file := ledgerFile(t, fixtures.LedgerOptions{
		Type: fixtures.FoodLicence, Rows: 30, Dirt: 0.4, Seed: 1, DirtyHeading: true, Format: sheet.FormatXLSX,
	})
	w := newWorld(t)
	o := mustRun(t, w.configOf(0),
		convert.Job{Type: typeOf(t, fixtures.FoodLicence), File: file, Mapping: mappingOf(l)})
	var b strings.Builder
	for _, row := range readSheet(t, []byte(o.sheet)) {
		b.WriteString(strings.ReplaceAll(strings.Join(row, "|"), "\n", "⏎") + "\n")
	}
	golden(t, "result-xlsx.txt", b.String())
}

// TestScans_D3: pages in order, forms of names, refused scans.
func TestScans_D3(t *testing.T) {
	for name, want := range map[string]string{
		"350-2": "350 2", "K 137_1": "K 137 1", "A（3）": "A 3", "A(12)": "A 2", "闽字第1号第2页": "闽字第1号 2",
		"350123": "", "A-1234": "", "x": "",
	} {
		front, page, ok := convert.CutPage(name)
		if want == "" {
			require.False(t, ok, name)
			continue
		}
		require.Equal(t, want, front+" "+string(rune('0'+page%10)), name)
	}
	require.Equal(t, convert.ScanKey("177/4"), convert.ScanKey("177_4"))
	require.Equal(t, convert.ScanKey("Ｋ 137"), convert.ScanKey("k137"))

	w := newWorld(t)
	job := convert.Job{
		Type: typeCode(t, "business-licence"), Mapping: plainMapping(),
		File:  csvOf("编号,名称,代码,发证日期", "A-1,甲公司,"+firm(1)+",2015-01-02", "A-2,乙公司,"+firm(2)+",2015-01-03"),
		Scans: fstest.MapFS{"A-1.jpg": {Data: []byte("x")}, "A-2.jpg": {}, ".DS_Store": {Data: []byte("x")}},
	}
	job.DryRun = true
	dry := mustRun(t, w.configOf(0), job)
	require.Zero(t, blobs(t, w))
	job.DryRun = false
	real := mustRun(t, w.configOf(0), job)
	require.Equal(t, dry.rows, real.rows)
	require.Equal(t, dry.report.Scans, real.report.Scans)
	require.Equal(t, []string{"row_scan_refused A"}, problemCodes(real.rows[1]))
	require.Positive(t, blobs(t, w))
}

func blobs(t testing.TB, w *world) int {
	t.Helper()
	return len(content(t, w.blobs))
}

// TestTemporaryStorage: what is to be said of many bad rows goes into a temporary file, which is removed; without one
// it is refused.
func TestTemporaryStorage(t *testing.T) {
	w := newWorld(t)
	job := business(t, csvOf("编号,名称,代码,发证日期", strings.Repeat("A-1,甲公司,坏,2009.13.1\n", 30000)), plainMapping())
	job.DryRun = true
	cfg := w.configOf(0)
	opened, closed := 0, 0
	temp := cfg.Temp
	cfg.Temp = func() (convert.TempFile, error) {
		f, err := temp()
		opened++
		return &countedFile{f, &closed}, err
	}
	o := mustRun(t, cfg, job)
	require.Equal(t, 30000, o.report.Counts.Rejected)
	require.Equal(t, 30000, strings.Count(o.sheet, "退回"))
	require.Positive(t, opened)
	require.Equal(t, opened, closed)
	cfg.Temp = nil
	_, err := run(t, cfg, job)
	require.ErrorIs(t, err, convert.ErrNeedTemp)
}

type countedFile struct {
	convert.TempFile

	closed *int
}

func (f *countedFile) Close() error {
	*f.closed++
	return f.TempFile.Close()
}

// TestRunRefuses: what is incomplete is refused before anything is begun.
func TestRunRefuses(t *testing.T) {
	w := newWorld(t)
	whole := business(t, csvOf("编号,名称,代码,发证日期", "A-1,甲公司,"+firm(1)+",2015-01-02"), plainMapping())
	for name, change := range map[string]func(*convert.Config, *convert.Job){
		"no vault":      func(c *convert.Config, _ *convert.Job) { c.Vault = nil },
		"no clock":      func(c *convert.Config, _ *convert.Job) { c.Now = nil },
		"no file":       func(_ *convert.Config, j *convert.Job) { j.File = convert.File{} },
		"no type":       func(_ *convert.Config, j *convert.Job) { j.Type = "" },
		"share above 1": func(_ *convert.Config, j *convert.Job) { j.MaxReject.Share = 1.5 },
		"share is NaN":  func(_ *convert.Config, j *convert.Job) { j.MaxReject.Share = math.NaN() },
		"no dry run":    func(c *convert.Config, j *convert.Job) { c.OpenDryRun, j.DryRun = nil, true },
	} {
		cfg, job := w.configOf(0), whole
		change(&cfg, &job)
		rep, err := convert.Run(t.Context(), cfg, job)
		require.ErrorIs(t, err, convert.ErrConfig, name)
		require.Nil(t, rep)
	}
	other := w.configOf(0)
	other.Access.Ground = vault.GroundLaw
	_, err := convert.Run(t.Context(), other, whole)
	require.ErrorIs(t, err, vault.ErrDenied)
	for name, data := range map[string][]byte{
		"empty": {}, "page": []byte("<html><table></table></html>"), "zip": []byte("PK\x03\x04xxxx"),
	} {
		job := whole
		job.File = fileOf(name, data)
		_, err := convert.Run(t.Context(), w.configOf(0), job)
		require.Error(t, err, name)
	}
	batches, err := w.v.Batches(t.Context(), department(0))
	require.NoError(t, err)
	require.Empty(t, batches)
}
