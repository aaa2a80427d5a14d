package convert_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/convert"
)

func detect(t testing.TB, w *world, typeName string, f convert.File) *convert.Proposal {
	t.Helper()
	typ, err := w.v.Type(t.Context(), typeCode(t, typeName))
	require.NoError(t, err)
	p, err := convert.Detect(t.Context(), f, typ, nil, nil)
	require.NoError(t, err)
	return p
}

func codesOf(list []convert.MappingProblem) []vault.Code {
	var out []vault.Code
	for _, p := range list {
		out = append(out, p.Code)
	}
	return out
}

// TestDetect_D3_6: headings by their synonyms, in the order of the sheet, below a title and over two rows.
func TestDetect_D3_6(t *testing.T) {
	w := newWorld(t)
	for _, dirty := range []bool{false, true} {
		l, file := ledgerFile(t, fixtures.LedgerOptions{Type: fixtures.FoodLicence, Rows: 30, DirtyHeading: dirty})
		p := detect(t, w, "food-business-licence", file)
		require.Empty(t, p.Problems)
		require.Equal(t, l.HeadingRow(), p.HeadingRow)
		want := l.Mapping()
		for _, c := range p.Mapping.Columns {
			require.Equal(t, []string{want[c.Heading]}, c.Elements, c.Heading)
		}
		rep, err := convert.Run(t.Context(), w.configOf(0),
			convert.Job{Type: typeOf(t, fixtures.FoodLicence), File: file})
		require.NoError(t, err, "a proposal without problems is used as it is")
		require.Equal(t, 30, rep.Counts.Created+rep.Counts.Unchanged)
		saved, err := convert.ParseMapping(p.Mapping.Encode())
		require.NoError(t, err)
		require.Equal(t, rep.Mapping, saved.Digest())
	}
	p := detect(t, w, "business-licence", csvOf(
		"某县营业执照台账,,,,,", "证照,,企业,,,", "注册号,发照日期,名称,统一社会信用代码,注册资本(万元),备注",
		"350100100000001,2009.3.1,甲公司,"+firm(1)+",50,"))
	require.Empty(t, p.Problems)
	require.Equal(t, 3, p.HeadingRow)
	require.Equal(t, "万元", p.Mapping.Columns[4].Unit)
	require.Empty(t, p.Columns[5].Elements)
}

// TestDetectTellsAll: what is missing or can mean several things is told at once, with suggestions.
func TestDetectTellsAll(t *testing.T) {
	w := newWorld(t)
	p := detect(t, w, "business-licence", csvOf("企业名称,单位名称,注册日期,住所", "甲,乙,2009-1-1,丙"))
	require.Contains(t, codesOf(p.Problems), convert.CodeHeadingAmbiguous)
	require.Contains(t, codesOf(p.Problems), convert.CodeHeadingElement)
	for _, p := range p.Problems {
		require.NotEmpty(t, p.Zh)
		if p.Code == convert.CodeHeadingAmbiguous {
			require.Equal(t, "企业名称（A）、单位名称（B）", p.Want)
		}
		require.NotEqual(t, "ZZBFRQ", p.Found)
	}
	p = detect(t, w, "business-licence", csvOf("1,2,3", "4,5,6"))
	require.Equal(t, []vault.Code{convert.CodeHeadingNone}, codesOf(p.Problems))
}

// TestDetectFits: a mapping that is there is held against the file, as a conversion would do it, and nothing is guessed.
func TestDetectFits(t *testing.T) {
	w := newWorld(t)
	typ, err := w.v.Type(t.Context(), typeCode(t, "business-licence"))
	require.NoError(t, err)
	f := csvOf("编号,名称,代码,备注", "A-1,甲公司,"+firm(1)+",")
	for name, c := range map[string]struct {
		change func(*convert.Mapping)
		code   vault.Code
	}{
		"no such heading": {func(m *convert.Mapping) { m.Columns[1].Heading = "姓名" }, convert.CodeHeadingMissing},
		"other type":      {func(m *convert.Mapping) { m.Type = strings.Repeat("1", 21) }, convert.CodeMappingType},
	} {
		m := plainMapping()
		c.change(m)
		p, err := convert.Detect(t.Context(), f, typ, m, nil)
		require.NoError(t, err, name)
		require.Contains(t, codesOf(p.Problems), c.code, name)
		require.Same(t, m, p.Mapping, name)
	}
	m := plainMapping()
	m.Columns[3].Heading = "备注"
	p, err := convert.Detect(t.Context(), f, typ, m, nil)
	require.NoError(t, err)
	require.Equal(t, m.Columns[3].Elements, p.Columns[3].Elements)
	require.Equal(t, 1, p.HeadingRow)
}

// TestRegistrationDateIsNoIssueDate: it must be declared derived, whatever way it is mapped.
func TestRegistrationDateIsNoIssueDate(t *testing.T) {
	w := newWorld(t)
	f := csvOf("编号,名称,代码,注册日期", "A-1,甲公司,"+firm(1)+",2015-01-02")
	m := plainMapping()
	m.Columns[3].Heading = "@D"
	_, err := convert.Run(t.Context(), w.configOf(0), business(t, f, m))
	require.ErrorIs(t, err, convert.ErrHeading)
	var e *convert.MappingError
	require.ErrorAs(t, err, &e)
	require.Equal(t, []vault.Code{convert.CodeMappingIssued}, codesOf(e.Problems))
	batches, err := w.v.Batches(t.Context(), department(0))
	require.NoError(t, err)
	require.Empty(t, batches, "nothing was begun")

	m.Columns = m.Columns[:3]
	m.Derived = []convert.Derived{{Element: "ZZBFRQ", From: []string{"注册日期"}, Reason: "原始台账没有发照日期"}}
	m.Constants = []convert.Constant{{Element: "KZ_SZSF", Value: "示例省"}}
	o := mustRun(t, w.configOf(0), business(t, f, m))
	list, err := w.v.Sample(t.Context(), department(0), o.report.Batch, 1, 1)
	require.NoError(t, err)
	require.Equal(t, []string{"ZZBFRQ"}, list[0].Found.Record.Source.Derived)
	require.Equal(t, []string{"KZ_SZSF"}, list[0].Found.Record.Source.Constant)
}

// TestBindRefuses: a mapping that does not fit the sheet or the type is refused with every problem before anything is
// begun.
func TestBindRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*convert.Mapping)
		code   vault.Code
	}{
		"other type":      {func(m *convert.Mapping) { m.Type = strings.Repeat("1", 21) }, convert.CodeMappingType},
		"no such heading": {func(m *convert.Mapping) { m.Columns[1].Heading = "姓名" }, convert.CodeHeadingMissing},
		"two columns":     {func(m *convert.Mapping) { m.Columns[1].Heading = "备注" }, convert.CodeHeadingAmbiguous},
		"no such element": {
			func(m *convert.Mapping) { m.Columns[1].Elements = []string{"KZ_QQQ"} }, convert.CodeMappingElement,
		},
		"nothing for it": {func(m *convert.Mapping) { m.Columns = m.Columns[1:] }, convert.CodeHeadingElement},
		"strict":         {func(m *convert.Mapping) { m.Strict = true }, convert.CodeHeadingUnmapped},
		"unit": {
			func(m *convert.Mapping) { m.Columns = append(m.Columns, column("注册资本（万元）", "KZ_ZCZB")) },
			convert.CodeHeadingUnit,
		},
		"constant refused": {
			func(m *convert.Mapping) { m.Constants = []convert.Constant{{Element: "KZ_CLRQ", Value: "昨天"}} },
			convert.CodeHeadingConstant,
		},
		"heading row": {
			func(m *convert.Mapping) { m.Heading = convert.HeadingRows{First: 9, Last: 9} },
			convert.CodeHeadingNone,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			m := plainMapping()
			c.change(m)
			f := csvOf("编号,名称,代码,发证日期,备注,备注,注册资本（万元）", "A-1,甲公司,"+firm(1)+",2015-01-02,,,5")
			_, err := convert.Run(t.Context(), w.configOf(0), business(t, f, m))
			var e *convert.MappingError
			require.ErrorAs(t, err, &e)
			require.Contains(t, codesOf(e.Problems), c.code)
		})
	}
}

func column(heading, element string) convert.MappedColumn {
	return convert.MappedColumn{Heading: heading, Elements: []string{element}}
}

// TestOtherDepartment: a mapping saved for another department is refused, with nothing begun.
func TestOtherDepartment(t *testing.T) {
	w := newWorld(t)
	m := plainMapping()
	m.Department = fixtures.Departments()[1].Code
	f := csvOf("编号,名称,代码,发证日期", "A-1,甲公司,"+firm(1)+",2015-01-02")
	_, err := convert.Run(t.Context(), w.configOf(0), business(t, f, m))
	require.ErrorIs(t, err, vault.ErrDenied)
	batches, err := w.v.Batches(t.Context(), department(0))
	require.NoError(t, err)
	require.Empty(t, batches)
}

func FuzzDetect(f *testing.F) {
	w := newWorld(f)
	typ, err := w.v.Type(f.Context(), typeCode(f, "business-licence"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("编号,名称,代码,发证日期\nA-1,甲公司," + firm(1) + ",2015-01-02\n"))
	f.Add([]byte("标题,,,\n证照,,,\n编号,名称,代码,发证日期,状态,错误码,怎么改\n1,2\n,,,\n编号,名称,代码,发证日期\n"))
	f.Add([]byte("注册号,注册资本（万元）,名称,统一社会信用代码,发照日期\n1,3.5E+5,\"a\nb\",x,3.50123E+17\n'1,#N/A,-,=,2009.3.1,多\n"))
	d := fixtures.Departments()[0]
	f.Fuzz(func(t *testing.T, data []byte) {
		file := fileOf("x", data)
		p, err := convert.Detect(t.Context(), file, typ, nil, nil)
		if err != nil {
			require.Nil(t, p)
			return
		}
		if len(p.Problems) > 0 {
			return
		}
		m, err := convert.ParseMapping(p.Mapping.Encode())
		require.NoError(t, err, "%s", p.Mapping.Encode())
		n, err := convert.NewNormaliser(file, typ, m, issuer(d))
		require.NoError(t, err, "a proposal binds to its own file: %s", p.Mapping.Encode())
		rows, rejected, err := n.Run(t.Context())
		if err == nil {
			require.LessOrEqual(t, rejected, rows)
		}
	})
}

// business is a job over 营业执照.
func business(t testing.TB, f convert.File, m *convert.Mapping) convert.Job {
	t.Helper()
	return convert.Job{Type: typeCode(t, "business-licence"), File: f, Mapping: m}
}
