package convert_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/convert"
)

// TestHidden: what a sheet does not show is converted and told: by the proposal, in the report, beside the row.
func TestHidden(t *testing.T) {
	x := excelize.NewFile()
	for i, cells := range [][]any{
		{"注册号", "名称", "统一社会信用代码", "法人代表", "发照日期"},
		{"350100100000001", "甲公司", firm(1), "张示例", "2009.3.1"},
		{"350100100000002", "乙公司", firm(2), "张示例", "2009.3.1"},
		{"350100100000003", "丙公司", firm(3), "张示例", ""},
	} {
		at, err := excelize.CoordinatesToCellName(1, i+1)
		require.NoError(t, err)
		require.NoError(t, x.SetSheetRow("Sheet1", at, &cells))
	}
	for _, row := range []int{3, 4, 9} { // the last is empty
		require.NoError(t, x.SetRowVisible("Sheet1", row, false))
	}
	var b bytes.Buffer
	require.NoError(t, x.Write(&b))
	w := newWorld(t)
	p := detect(t, w, "business-licence", fileOf("台账.xlsx", b.Bytes()))
	require.Equal(t, 2, p.Hidden)
	require.False(t, p.HiddenSheet)

	o := mustRun(t, w.configOf(0), business(t, fileOf("台账.xlsx", b.Bytes()), p.Mapping))
	require.Equal(t, 2, o.report.Hidden)
	require.False(t, o.report.HiddenSheet)
	require.Equal(t, vault.RowCreated, o.rows[1].Outcome, "nothing in a row says that it does not count")
	require.Contains(t, o.rows[1].Notes, vault.Note{Code: convert.CodeRowHidden})
	require.NotContains(t, o.rows[0].Notes, vault.Note{Code: convert.CodeRowHidden})
	zh, _ := convert.Sentence(convert.CodeRowHidden)
	require.NotEmpty(t, zh)
	result, err := excelize.OpenReader(bytes.NewReader([]byte(o.sheet)))
	require.NoError(t, err)
	for row, told := range map[string]bool{"2": false, "3": true, "4": true} {
		fix, err := result.GetCellValue("Sheet1", "H"+row)
		require.NoError(t, err)
		require.Equal(t, told, bytes.HasSuffix([]byte(fix), []byte(zh)), row)
	}
}
