package convert_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/convert"
)

// TestTotals: a row of sums is no licence and not sent back; a row that is filled in is one, whatever it begins with.
func TestTotals(t *testing.T) {
	m := plainMapping()
	m.Ignore = []string{"序号", "备注"}
	o := convertRows(t, m, csvOf("序号,编号,名称,代码,发证日期,备注",
		"1,1001,甲公司,"+firm(1)+",2009.3.1,", " 小 计,1本,,,,", "合计,1002,乙公司,"+firm(2)+",2009.3.1,", "总计：,,,,,", "合计,3本,,,x,", "注：截至2024年,,,,,", "注销,,,,,", "填 表 人：某,,审核人（签字）：,,,", "填表人：某,,1009,,,"))
	require.Equal(t, 5, o.report.Counts.Rows)
	require.Equal(t, 2, o.report.Counts.Created)
	require.Equal(t, 4, o.report.Skipped, "the line with those who made and checked it, too")
	require.Equal(t, vault.RowRejected, o.rows[4].Outcome, "something stands beside it that may be a licence")
	require.Equal(t, vault.RowRejected, o.rows[2].Outcome, "half of it is filled in: somebody has to look")
	require.NotContains(t, o.sheet, "总计：,,,,,,未处理")
	require.Contains(t, o.sheet, "总计：,,,,,")
}

// checkNamedSheet: the sheet that is named beside a mapping goes before that of the mapping, with one and without; it
// names the batch, so that two sheets of one file are two batches.
func checkNamedSheet(t *testing.T, w *world, file []byte, m *convert.Mapping, first *convert.Report) {
	t.Helper()
	for name, given := range map[string]*convert.Mapping{
		"by a mapping": m, "by the headings": nil, "by settings alone": {Serials: true, Ignore: []string{"法人代表"}},
	} {
		f := fileOf("台账.xlsx", file)
		f.Sheet = "去年台账"
		job := business(t, f, given)
		job.DryRun = true
		o := mustRun(t, w.configOf(0), job)
		require.Equal(t, "去年台账", o.report.Sheet, name)
		require.Equal(t, []string{"台账"}, o.report.Others, name)
		require.NotEqual(t, first.Mapping, o.report.Mapping, name)
		require.Equal(t, given != nil && len(given.Columns) == 0, len(o.report.Columns[3].Elements) == 0, name)
	}
}

// TestDetectOtherSheet: where the first sheet says how to fill in the others, the ledger is found on the next.
func TestDetectOtherSheet(t *testing.T) {
	x := excelize.NewFile()
	require.NoError(t, x.SetSheetName("Sheet1", "填表说明"))
	require.NoError(t, x.SetCellValue("填表说明", "A1", "一、日期按证面填写"))
	for _, name := range []string{"目录", "台账", "去年台账"} {
		_, err := x.NewSheet(name)
		require.NoError(t, err)
	}
	require.NoError(t, x.SetSheetVisible("目录", false))
	rows := [][]any{
		{"注册号", "名称", "统一社会信用代码", "法人代表", "发照日期"}, {"350100100000001", "甲公司", firm(1), "张示例", "2009.3.1"},
	}
	for _, name := range []string{"目录", "台账", "去年台账"} {
		for i, cells := range rows {
			at, err := excelize.CoordinatesToCellName(1, i+1)
			require.NoError(t, err)
			require.NoError(t, x.SetSheetRow(name, at, &cells))
		}
	}
	var b bytes.Buffer
	require.NoError(t, x.Write(&b))
	w := newWorld(t)
	p := detect(t, w, "business-licence", fileOf("台账.xlsx", b.Bytes()))
	require.Equal(t, "台账", p.Sheet)
	require.Equal(t, "台账", p.Mapping.Sheet)
	require.Equal(t, 1, p.HeadingRow)
	require.Equal(t, []string{"KZ_FDDBR"}, p.Mapping.Columns[3].Elements)

	typ, err := w.v.Type(t.Context(), typeCode(t, "business-licence"))
	require.NoError(t, err)
	for name, c := range map[string]struct {
		known *convert.Mapping
		sheet string
		code  []vault.Code
	}{
		"the sheet that is named":   {&convert.Mapping{Sheet: "去年台账"}, "去年台账", nil},
		"also a hidden one":         {&convert.Mapping{Sheet: "目录"}, "目录", nil},
		"and no other in its place": {&convert.Mapping{Sheet: "填表说明"}, "填表说明", []vault.Code{convert.CodeHeadingNone}},
		"that of a mapping":         {p.Mapping, "台账", nil},
	} {
		got, err := convert.Detect(t.Context(), fileOf("台账.xlsx", b.Bytes()), typ, c.known, nil)
		require.NoError(t, err, name)
		require.Equal(t, c.sheet, got.Sheet, name)
		require.Equal(t, c.sheet, got.Mapping.Sheet, name)
		require.Equal(t, c.code, codesOf(got.Problems), name)
	}
	for _, m := range []*convert.Mapping{{Sheet: "明年"}, {SheetAt: 5}} {
		_, err = convert.Detect(t.Context(), fileOf("台账.xlsx", b.Bytes()), typ, m, nil)
		var refused *convert.MappingError
		require.ErrorAs(t, err, &refused)
		require.Equal(t, []vault.Code{convert.CodeHeadingSheet}, codesOf(refused.Problems))
		require.Equal(t, "填表说明、目录、台账、去年台账", refused.Problems[0].Want)
	}

	o := mustRun(t, w.configOf(0), business(t, fileOf("台账.xlsx", b.Bytes()), p.Mapping))
	require.Equal(t, []string{"去年台账"}, o.report.Others, "nobody believes that it was converted too")
	checkNamedSheet(t, w, b.Bytes(), p.Mapping, o.report)

	require.NoError(t, x.DeleteSheet("台账"))
	require.NoError(t, x.DeleteSheet("去年台账"))
	b.Reset()
	require.NoError(t, x.Write(&b))
	p = detect(t, w, "business-licence", fileOf("台账.xlsx", b.Bytes()))
	require.Equal(t, []vault.Code{convert.CodeHeadingNone}, codesOf(p.Problems))
	require.Equal(t, "填表说明", p.Sheet, "a hidden sheet is never taken by itself")
}
