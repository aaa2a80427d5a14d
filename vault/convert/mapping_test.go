package convert_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/convert"
)

const wholeMapping = `format: elicense-mapping/1
name: 食品经营许可证台账
type: 11990000MB1E000137001
department: 91350100M000100Y43
sheetAt: 2
encoding: CP1257
heading: 2-3
rowColumns: any
columns:
  许可证编号: ZZBH
  "@C": {to: [CZZT], values: {某: ""}}
  注册资本（万元）: {to: KZ_ZCZB, unit: 万元}
constant: {ZZBFJG: 示例局}
derived:
  ZZBFRQ: {from: 有效期, match: "^(.*)至", to: $1, reason: 一列两日}
ignore: [序号]
absent: [没填]
present: [无]
dates: dmy
serials: true
decimal: ","
holderKind: "001"
strict: true
`

func TestParseMapping(t *testing.T) {
	m, err := convert.ParseMapping([]byte(strings.Replace(wholeMapping, "department: 91350100M000100Y43\n", "", 1)))
	require.NoError(t, err)
	require.Equal(t, &convert.Mapping{
		Name: "食品经营许可证台账", Type: "11990000MB1E000137001", SheetAt: 2, Encoding: "windows-1257",
		Heading: convert.HeadingRows{First: 2, Last: 3}, RowColumns: convert.AnyColumns,
		Columns: []convert.MappedColumn{
			{Heading: "许可证编号", Elements: []string{"ZZBH"}},
			{Heading: "@C", Elements: []string{"CZZT"}, Values: []convert.Replacement{{From: "某"}}},
			{Heading: "注册资本（万元）", Elements: []string{"KZ_ZCZB"}, Unit: "万元"},
		},
		Constants: []convert.Constant{{Element: "ZZBFJG", Value: "示例局"}},
		Derived:   []convert.Derived{{Element: "ZZBFRQ", From: []string{"有效期"}, Match: "^(.*)至", To: "$1", Reason: "一列两日"}},
		Ignore:    []string{"序号"}, Absent: []string{"没填"}, Present: []string{"无"}, Dates: convert.DatesDMY,
		Serials: true, Decimal: ",", HolderKind: "001", Strict: true,
	}, m)
	again, err := convert.ParseMapping(m.Encode())
	require.NoError(t, err)
	require.Equal(t, m, again)
	require.Equal(t, m.Digest(), again.Digest())
}

func TestParseMappingRefuses(t *testing.T) {
	head := "format: elicense-mapping/1\n"
	for name, c := range map[string]struct {
		text string
		code vault.Code
		line int
	}{
		"no format":     {"name: x\n", convert.CodeMappingFormat, 1},
		"other format":  {"format: elicense-mapping/2\n", convert.CodeMappingFormat, 1},
		"no yaml":       {head + "columns: [", convert.CodeMappingSyntax, 0},
		"not UTF-8":     {head + "name: \xc4\xe3\n", convert.CodeMappingEncoding, 0},
		"too big":       {strings.Repeat("#", convert.MaxMappingBytes+1), convert.CodeMappingSize, 0},
		"two documents": {head + "---\na: b\n", convert.CodeMappingSyntax, 0},
		"unknown key":   {head + "colums: {a: ZZBH}\n", convert.CodeMappingKey, 2},
		"key twice":     {head + "name: a\nname: b\n", convert.CodeMappingTwice, 3},
		"alias":         {head + "ignore: &a [x]\nabsent: *a\n", convert.CodeMappingAlias, 2},
		"tag":           {head + "name: !!binary aGk=\n", convert.CodeMappingAlias, 2},
		"invisible":     {head + "name: \"a\\u0007\"\n", convert.CodeMappingText, 2},
		"wrong shape":   {head + "columns: [a]\n", convert.CodeMappingShape, 2},
		"no flag":       {head + "strict: yes\n", convert.CodeMappingShape, 2},
		"no number":     {head + "rowColumns: -1\n", convert.CodeMappingShape, 2},
		"no element":    {head + "columns: {编号: 证号}\n", convert.CodeMappingElement, 2},
		"element twice": {
			head + "columns:\n  编号: ZZBH\nconstant:\n  ZZMC: a\nderived:\n  ZZBH: {from: x, reason: y}\n",
			convert.CodeMappingElementTwice, 7,
		},
		"constant number":  {head + "constant: {ZZBH: a}\n", convert.CodeMappingElement, 2},
		"no reason":        {head + "derived: {ZZBFRQ: {from: x}}\n", convert.CodeMappingReason, 2},
		"match without to": {head + "derived: {ZZBFRQ: {from: x, reason: y, match: a}}\n", convert.CodeMappingMatch, 2},
		"no expression": {
			head + "derived: {ZZBFRQ: {from: x, reason: y, match: '(', to: a}}\n", convert.CodeMappingMatch, 2,
		},
		"column letter":      {head + "columns: {'@1': ZZBH}\n", convert.CodeMappingValue, 2},
		"heading":            {head + "heading: 3-2\n", convert.CodeMappingValue, 2},
		"encoding":           {head + "encoding: klingon\n", convert.CodeMappingValue, 2},
		"date order":         {head + "dates: ymd\n", convert.CodeMappingValue, 2},
		"holder kind":        {head + "holderKind: '002'\n", convert.CodeMappingValue, 2},
		"department":         {head + "department: '123'\n", convert.CodeMappingValue, 2},
		"type":               {head + "type: '123'\n", convert.CodeMappingValue, 2},
		"registration date":  {head + "columns: {注册日期: ZZBFRQ}\n", convert.CodeMappingIssued, 2},
		"registration wide":  {head + "columns: {成 立 日 期: [KZ_CLRQ, ZZBFRQ]}\n", convert.CodeMappingIssued, 2},
		"an element missing": {head + "columns: {注册日期: []}\n", convert.CodeMappingShape, 2},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := convert.ParseMapping([]byte(c.text))
			require.Nil(t, m)
			require.ErrorIs(t, err, convert.ErrMapping)
			var e *convert.MappingError
			require.ErrorAs(t, err, &e)
			require.Equal(t, c.code, e.Problems[0].Code, "%+v", e.Problems)
			require.Equal(t, c.line, e.Problems[0].Line)
			require.NotEmpty(t, e.Problems[0].Zh)
		})
	}
}

// TestParseMappingTellsAll: every problem of a file at once, with its line.
func TestParseMappingTellsAll(t *testing.T) {
	_, err := convert.ParseMapping([]byte("format: x\nsheet: [a]\nwrong: 1\ncolumns:\n  a: b\n  c: {too: ZZBH}\n"))
	var e *convert.MappingError
	require.ErrorAs(t, err, &e)
	var lines []int
	for _, p := range e.Problems {
		lines = append(lines, p.Line)
	}
	require.Equal(t, []int{1, 2, 3, 5, 6, 6}, lines)
}

// TestMappingRoundTrip draws mappings and reads their canonical files back.
func TestMappingRoundTrip(t *testing.T) {
	text := rapid.StringMatching(`[a-z0-9 "'\\:#{}\[\]，。（）注册编号有效期]{1,12}`).Filter(func(s string) bool {
		return !strings.HasPrefix(s, "@")
	})
	name := rapid.StringMatching(`[A-Z][A-Z0-9_]{0,10}`)
	rapid.Check(t, func(r *rapid.T) {
		flag := func(label string) bool { return rapid.Bool().Draw(r, label) }
		m := &convert.Mapping{Name: text.Draw(r, "name"), Serials: flag("serials"), Strict: flag("strict")}
		free := name.Filter(func(s string) bool { return s != "ZZBFRQ" && s != "ZZBH" })
		elements := rapid.SliceOfNDistinct(free, 2, 8, rapid.ID).Draw(r, "elements")
		headings := rapid.SliceOfNDistinct(text, len(elements), len(elements), rapid.ID).Draw(r, "headings")
		for i, e := range elements[2:] {
			c := convert.MappedColumn{Heading: headings[i], Elements: []string{e}}
			if rapid.Bool().Draw(r, "values") {
				c.Values, c.Unit = []convert.Replacement{{From: text.Draw(r, "from"), To: text.Draw(r, "to")}},
					text.Draw(r, "unit")
			}
			m.Columns = append(m.Columns, c)
		}
		m.Constants = []convert.Constant{{Element: elements[0], Value: "x" + text.Draw(r, "constant")}}
		m.Derived = []convert.Derived{{Element: elements[1], From: headings[:1], Reason: "r" + text.Draw(r, "reason")}}
		m.Ignore = rapid.SliceOfNDistinct(text, 0, 3, rapid.ID).Draw(r, "ignore")
		if len(m.Ignore) == 0 {
			m.Ignore = nil
		}
		again, err := convert.ParseMapping(m.Encode())
		require.NoError(r, err, string(m.Encode()))
		require.Equal(r, m, again)
	})
}

func FuzzParseMapping(f *testing.F) {
	f.Add([]byte(wholeMapping))
	files, err := filepath.Glob(filepath.Join("..", "..", "fixtures", "mappings", "*.yaml"))
	if err != nil || len(files) == 0 {
		f.Fatal("no mappings", err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("format: elicense-mapping/1\ncolumns: {\"a\\nb\": {to: [A], values: {~: x}}}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := convert.ParseMapping(data)
		if err != nil {
			require.Nil(t, m)
			var e *convert.MappingError
			require.True(t, errors.As(err, &e) && len(e.Problems) > 0)
			return
		}
		again, err := convert.ParseMapping(m.Encode())
		require.NoError(t, err, "%s", m.Encode())
		require.Equal(t, m.Encode(), again.Encode())
	})
}

// TestSavedMappings: the mappings kept for the real registers are sound.
func TestSavedMappings(t *testing.T) {
	for _, name := range []string{
		"business-licences-fujian", "kaunas-kiosk-contracts", "kaunas-kiosk-contracts-list", "kaunas-kiosk-permits",
		"kaunas-trade-permits", "kaunas-tobacco-licences", "kaunas-tobacco-list",
	} {
		savedMapping(t, name)
	}
}

// TestSentences: every code has words in both languages.
func TestSentences(t *testing.T) {
	for c, s := range convert.Sentences() {
		require.NotEmpty(t, s[0], c)
		require.NotEmpty(t, s[1], c)
	}
}
