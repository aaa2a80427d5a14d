package convert_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/convert"
)

// joined is a mapping of rows whose number, date and address stand in several columns.
const joined = `format: elicense-mapping/1
columns: {名称: CZZT, 代码: CZZTDM}
derived:
  ZZBH: {from: [证书字, 号], to: $1第$2号, reason: 编号分两列}
  ZZBFRQ: {from: [年, 月, 日], to: $1-$2-$3, reason: 日期分三列}
  KZ_ZS: {from: [省, 县, 地址], optional: [县], reason: 地址分三列}
`

// TestJoinColumns: a value that offices write into several columns is put together, a template's $1 ends where its digits
// do, and a cell that is missing, damaged or no value refuses the row instead of making half a value.
func TestJoinColumns_D3_6(t *testing.T) {
	m, err := convert.ParseMapping([]byte(joined))
	require.NoError(t, err)
	w := newWorld(t)
	o := mustRun(t, w.configOf(0), business(t, csvOf("证书字,号,名称,代码,年,月,日,省,县,地址",
		"榕卫, 001 ,甲公司,"+firm(1)+",2009,3,1,示例省,示例县,一路1号",
		"榕卫,002,乙公司,"+firm(2)+",2009,3,1,示例省,,一路2号",
		"榕卫,003,丙公司,"+firm(3)+",2009,,1,,示例县,一路3号",
		",004,丁公司,"+firm(4)+",2009,3,1,,,",
		"榕卫,1.23457E+12,戊公司,"+firm(5)+",2009,3,1,,,",
		"同上,006,己公司,"+firm(6)+",2009,3,1,〃,,一路6号",
		",,庚公司,"+firm(7)+",2009,3,1,,,"), m))
	list, err := w.v.Sample(t.Context(), department(0), o.report.Batch, 10, 1)
	require.NoError(t, err)
	require.Len(t, list, 2)
	whole, found := list[0].Found, [3]string{}
	for i, name := range []string{"ZZBH", "ZZBFRQ", "KZ_ZS"} {
		found[i] = whole.Value(name)
	}
	require.Equal(t, [3]string{"榕卫第001号", "2009-03-01", "示例省示例县一路1号"}, found)
	require.Equal(t, []string{"ZZBH", "ZZBFRQ", "KZ_ZS"}, whole.Record.Source.Derived)
	require.Equal(t, "示例省一路2号", list[1].Found.Value("KZ_ZS"))
	for row, want := range map[int][]string{
		2: {"derived_part F", "derived_part H"},
		3: {"derived_part A"},
		4: {"damaged_scientific B"},
		5: {"cell_ditto A", "cell_ditto H"},
		6: {"value_missing A"},
	} {
		require.Equal(t, want, problemCodes(o.rows[row]), row)
	}
	require.Contains(t, o.sheet, "“证书字”是空的，而此项由几列（证书字、号）拼成；请补填")
}

// TestDitto: 同上 is not what a licence says, and what the row above says is not guessed.
func TestDitto_D3_6(t *testing.T) {
	for _, text := range []string{"同上", "（同上）", " 同 上 ", "〃", "″", "同左", "Ditto", "\"\""} {
		require.True(t, convert.IsDitto(text), text)
	}
	for _, text := range []string{"同上街道1号", "同仁堂", "上同", "", "-", "甲“乙”", "同左路同左", "Ditto Ltd"} {
		require.False(t, convert.IsDitto(text), text)
	}
	o := convertRows(t, plainMapping(), csvOf("编号,名称,代码,发证日期",
		"1001,甲公司,"+firm(1)+",2009.3.1", "1002,乙公司,"+firm(2)+",同上", "1003,〃,"+firm(3)+",2009.3.1"))
	require.Equal(t, []string{"cell_ditto D"}, problemCodes(o.rows[1]))
	require.Equal(t, []string{"cell_ditto B"}, problemCodes(o.rows[2]))
}

// TestTemplates: what a template names must be there, since it would be empty in every row.
func TestTemplates(t *testing.T) {
	head := "format: elicense-mapping/1\nderived: {ZZBH: {reason: r, "
	for name, c := range map[string]struct {
		rest string
		code vault.Code
	}{
		"several columns":           {"from: [a, b]", ""},
		"a template over them":      {"from: [a, b], to: $2$1号$$", ""},
		"groups by number and name": {"from: a, match: '(x)(?P<n>y)', to: '$1年${n}$n-${2}0'", ""},
		"one of them in brackets":   {"from: [a]", ""},
		"no such group":             {"from: a, match: '(x)', to: $2", convert.CodeMappingTemplate},
		"no such name":              {"from: a, match: '(x)', to: $x", convert.CodeMappingTemplate},
		"a dollar sign":             {"from: a, match: '(x)', to: $1$", convert.CodeMappingTemplate},
		"an open brace":             {"from: a, match: '(x)', to: '${1'", convert.CodeMappingTemplate},
		"no such column":            {"from: [a, b], to: $1$2$3", convert.CodeMappingTemplate},
		"a column left out":         {"from: [a, b], to: $1", convert.CodeMappingTemplate},
		"all columns at once":       {"from: [a, b], to: $0$1$2", convert.CodeMappingTemplate},
		"match for several columns": {"from: [a, b], match: x, to: $1$2", convert.CodeMappingMatch},
		"a column twice":            {"from: [a, a]", convert.CodeMappingTwice},
		"no column":                 {"from: []", convert.CodeMappingReason},
		"a letter that is none":     {"from: [a, '@']", convert.CodeMappingValue},
		"optional and not among":    {"from: [a, b], optional: [c]", convert.CodeMappingOptional},
		"all of them optional":      {"from: [a, b], optional: [a, b]", convert.CodeMappingOptional},
		"the only column":           {"from: a, optional: [a]", convert.CodeMappingOptional},
		"to without match":          {"from: a, to: x", convert.CodeMappingMatch},
	} {
		m, err := convert.ParseMapping([]byte(head + c.rest + "}}\n"))
		if c.code == "" {
			require.NoError(t, err, name)
			again, err := convert.ParseMapping(m.Encode())
			require.NoError(t, err, name)
			require.Equal(t, m, again, name)
			continue
		}
		var refused *convert.MappingError
		require.ErrorAs(t, err, &refused, name)
		require.Equal(t, []vault.Code{c.code}, codesOf(refused.Problems), name)
	}
}

// TestJoinedUses: what a ledger is taken for names each of the columns that a value is put together from; one that is not
// there is told, and nothing is begun.
func TestJoinedUses(t *testing.T) {
	w := newWorld(t)
	typ, err := w.v.Type(t.Context(), typeCode(t, "business-licence"))
	require.NoError(t, err)
	m, err := convert.ParseMapping([]byte(joined))
	require.NoError(t, err)
	p, err := convert.Detect(t.Context(), csvOf("证书字,号,名称,代码,年,月,日,省,县,地址"), typ, m, nil)
	require.NoError(t, err)
	require.Empty(t, p.Problems)
	for at, element := range map[int]string{0: "ZZBH", 1: "ZZBH", 4: "ZZBFRQ", 6: "ZZBFRQ", 8: "KZ_ZS"} {
		require.Equal(t, []string{element}, p.Columns[at].Elements, at)
	}
	p, err = convert.Detect(t.Context(), csvOf("证书字,号,名称,代码,年,月,日,省,地址"), typ, m, nil)
	require.NoError(t, err)
	require.Equal(t, []vault.Code{convert.CodeHeadingMissing}, codesOf(p.Problems))
	require.Equal(t, "县", p.Problems[0].Found)
}
