package catalogue_test

import (
	"maps"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/normal"
	"github.com/elicense/elicense/vault/catalogue"
)

var today = code.Date{Year: 2017, Month: 6, Day: 30}

func compile(t testing.TB, data string) *catalogue.Compiled {
	t.Helper()
	typ, err := catalogue.ParseType([]byte(data))
	require.NoError(t, err)
	c, err := typ.Compile()
	require.NoError(t, err)
	return c
}

// sound is a record of the base type without a flaw. The USCC and the citizen number are made up.
func sound() map[string]string {
	return map[string]string{
		"ZZBH": "示A99002017000017", "CZZT": "示例商贸有限公司", "CZZTDM": "11990000MB1E000137", "CZZTDMLXDM": "001",
		"ZZBFRQ": "2017-03-01", "ZZYXQQSRQ": "2017-03-01", "ZZYXQJZRQ": "2020-02-29",
		"ZZBFJG": "示例市市场监督管理局", "ZZBFJGDM": "11990000MB1E000137",
		"KZ_FDDBR": "某甲", "KZ_ZCZB": "530000 CNY", "KZ_CLRQ": "2009-03-01", "KZ_LB": "甲", "KZ_DH": "0591-1234567",
		"KZ_MJ": "12.5", "KZ_QH": "350102", "KZ_ZP": strings.Repeat("0a", 32),
	}
}

func TestCheckValues(t *testing.T) {
	c := compile(t, base)
	require.Empty(t, c.CheckValues(sound(), today))
	require.Empty(t, c.Type().CheckValues(sound(), today))
	require.NotEmpty(t, catalogue.Type{}.CheckValues(sound(), today))
	tests := []struct {
		name  string
		field string
		value string
		code  catalogue.Code
	}{
		{"number missing", "ZZBH", "", catalogue.CodeValueMissing},
		{"holder missing", "CZZT", "", catalogue.CodeValueMissing},
		{"holder code missing", "CZZTDM", "", catalogue.CodeValueMissing},
		{"issued missing", "ZZBFRQ", "", catalogue.CodeValueMissing},
		{"issuer missing", "ZZBFJG", "", catalogue.CodeValueMissing},
		{"issuer code missing", "ZZBFJGDM", "", catalogue.CodeValueMissing},
		{"field missing", "KZ_FDDBR", "", catalogue.CodeValueMissing},
		{"holder code", "CZZTDM", "11990000MB1E000138", "uscc_check"},
		{"holder type", "CZZTDMLXDM", "414", catalogue.CodeValueHolder},
		{"unknown field", "KZ_NONE", "x", catalogue.CodeValueUnknown},
		{"made by the vault", "ZZLXDM", "x", catalogue.CodeValueUnknown},
		{"long", "KZ_FDDBR", strings.Repeat("甲", 51), catalogue.CodeValueLong},
		{"enum", "KZ_LB", "丙", catalogue.CodeValueEnum},
		{"pattern", "KZ_DH", "0591-1234567x", catalogue.CodeValuePattern},
		{"pattern is anchored", "KZ_DH", "x0591-1234567", catalogue.CodeValuePattern},
		{"number above", "KZ_MJ", "1000.51", catalogue.CodeValueMax},
		{"number below", "KZ_MJ", "-0.5", catalogue.CodeValueMin},
		{"money above", "KZ_ZCZB", "1000000.01 CNY", catalogue.CodeValueMax},
		{"money below", "KZ_ZCZB", "-1 CNY", catalogue.CodeValueMin},
		{"date early", "KZ_CLRQ", "1949-09-30", catalogue.CodeValueMin},
		{"date late", "KZ_CLRQ", "2017-07-01", catalogue.CodeValueFuture},
		{"date open", "KZ_CLRQ", "长期", catalogue.CodeValueOpen},
		{"issued open", "ZZBFRQ", "长期", catalogue.CodeValueOpen},
		{"issued late", "ZZBFRQ", "2017-07-01", catalogue.CodeValueFuture},
		{"not normal", "ZZBFRQ", "2017.3.1", catalogue.CodeValueNotNormal},
		{"image", "KZ_ZP", "photo.jpg", catalogue.CodeValueImage},
		{"ends before it begins", "ZZYXQJZRQ", "2017-02-28", catalogue.CodeValueOrder},
		{"validity too long", "ZZYXQJZRQ", "2027-03-01", catalogue.CodeValueValidity},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			values := sound()
			values[tt.field] = tt.value
			problems := c.CheckValues(values, today)
			require.NotEmpty(t, problems)
			for _, p := range problems {
				require.Equal(t, tt.field, p.Path)
				require.Equal(t, tt.code, p.Code)
				require.NotEmpty(t, p.Text(catalogue.ZH))
				require.NotEmpty(t, p.Fix(catalogue.EN))
			}
		})
	}
}

// TestValidityInWords: a validity that is not allowed is told to each in one language.
func TestValidityInWords(t *testing.T) {
	t.Parallel()
	c := compile(t, strings.Replace(base, "3年^≤5年^6月^90日^长期", "1年^≤5年^6月^90日^长期", 1))
	values := sound()
	values["ZZYXQJZRQ"] = "2027-03-01"
	problems := c.CheckValues(values, today)
	require.Len(t, problems, 1)
	require.Equal(t, "允许的期限：1年^≤5年^6月^90日^长期", problems[0].Fix(catalogue.ZH))
	require.Equal(t, "allowed: 1 year, at most 5 years, 6 months, 90 days, open end", problems[0].Fix(catalogue.EN))

	c = compile(t, strings.Replace(base, "3年^≤5年^6月^90日^长期", "5年", 1))
	values["ZZYXQJZRQ"] = "长期"
	problems = c.CheckValues(values, today)
	require.Len(t, problems, 1)
	require.Contains(t, problems[0].Text(catalogue.ZH), "– 长期）")
	require.Contains(t, problems[0].Text(catalogue.EN), "– open end)")
	require.Equal(t, "allowed: 5 years", problems[0].Fix(catalogue.EN))
}

// TestCheckValuesAllAtOnce: every error of a record in one answer.
func TestCheckValuesAllAtOnce(t *testing.T) {
	values := sound()
	maps.Copy(values, map[string]string{
		"ZZBH": "", "CZZTDM": "123", "ZZBFRQ": "2017-07-01", "KZ_LB": "丙", "KZ_MJ": "2000", "KZ_X": "1",
	})
	got := make(map[string]catalogue.Code)
	for _, p := range compile(t, base).CheckValues(values, today) {
		got[p.Path] = p.Code
	}
	require.Len(t, got, 6)
	require.Equal(t, catalogue.CodeValueMissing, got["ZZBH"])
	require.Equal(t, catalogue.CodeValueFuture, got["ZZBFRQ"])
	require.Equal(t, catalogue.CodeValueEnum, got["KZ_LB"])
	require.Equal(t, catalogue.CodeValueMax, got["KZ_MJ"])
	require.Equal(t, catalogue.CodeValueUnknown, got["KZ_X"])
	require.NotEmpty(t, got["CZZTDM"])
}

func TestTodayUnknownIsRefused(t *testing.T) {
	col, ok := compile(t, base).Column("KZ_CLRQ")
	require.True(t, ok)
	res, problems := col.Normalise("2009.3.1", catalogue.Hints{})
	require.Zero(t, res)
	require.Equal(t, catalogue.CodeValueToday, problems[0].Code)
}

func TestNormaliseDates_D3(t *testing.T) {
	col, _ := compile(t, base).Column("KZ_CLRQ")
	for _, raw := range []string{"2009-03-01", "2009.3.1", "２００９年３月１日", "二〇〇九年三月一日", " 2009/3/1 "} {
		res, problems := col.Normalise(raw, catalogue.Hints{Today: today})
		require.Empty(t, problems, raw)
		require.Equal(t, "2009-03-01", res.Value, raw)
		require.Equal(t, raw == "2009-03-01", len(res.Notes) == 0, raw)
	}
	res, problems := col.Normalise("  ", catalogue.Hints{})
	require.Empty(t, problems)
	require.Zero(t, res)
}

func TestNormaliseRefusesDamage_D3(t *testing.T) {
	c := compile(t, base)
	for _, raw := range []string{"3.50123E+17", "9.1350582757E+17", "#####"} {
		col, _ := c.Column(catalogue.MetaHolderCode)
		res, problems := col.Normalise(raw, catalogue.Hints{})
		require.Zero(t, res, raw)
		require.NotEmpty(t, problems, raw)
		require.NotEmpty(t, problems[0].Fix(catalogue.ZH), raw)
	}
}

func TestFieldNormalise(t *testing.T) {
	f := catalogue.Field{Name: "KZ_A", Label: "甲", Kind: catalogue.KindNumber, Rules: catalogue.Rules{Max: "5"}}
	res, problems := f.Normalise(" ４ ", catalogue.Hints{})
	require.Empty(t, problems)
	require.Equal(t, "4", res.Value)
	_, problems = f.Normalise("6", catalogue.Hints{})
	require.Equal(t, catalogue.CodeValueMax, problems[0].Code)
	f.Rules.Pattern = "["
	_, problems = f.Normalise("4", catalogue.Hints{})
	require.NotEmpty(t, problems)
}

func TestHolderCodes_A58(t *testing.T) {
	const citizen, firm = "11010519491231002X", "11990000MB1E000137"
	column := func(types string, more string) *catalogue.Column {
		data := strings.Replace(base, `["001", "111"]`, types+more, 1)
		col, _ := compile(t, data).Column(catalogue.MetaHolderCode)
		return col
	}
	tests := []struct {
		name, types, more, raw, want string
	}{
		{"firm", `["001", "111"]`, "", firm, firm},
		{"person", `["001", "111"]`, "", citizen, citizen},
		{"person in small letters", `["001", "111"]`, "", "11010519491231002x", citizen},
		{"passport", `["111", "414"]`, "", "G12345678", "G12345678"},
		{"old number of a firm", `["001", "099", "111"]`, "", "350100100012345", "350100100012345"},
		{"old number of a firm alone", `["001", "099"]`, "", "350100100012345", "350100100012345"},
		{"passport where none is allowed", `["001", "111"]`, "", "G12345678", ""},
		{"broken firm", `["001", "099"]`, "", "11990000MB1E000138", ""},
		{"broken person", `["111", "414"]`, "", "110105194912310021", ""},
		{"broken old person", `["111", "414"]`, "", "110105491331002", ""},
		{"two persons", `["111", "414"]`, ", multiple: true", citizen + "^G12345678", citizen + "^G12345678"},
		{"two where one is allowed", `["111"]`, "", citizen + "^" + citizen, ""},
		{"second broken", `["111"]`, ", multiple: true", citizen + "^110105194912310021", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res, problems := column(tt.types, tt.more).Normalise(tt.raw, catalogue.Hints{})
			require.Equal(t, tt.want, res.Value)
			require.Equal(t, tt.want == "", len(problems) > 0)
			for _, p := range problems {
				require.Equal(t, catalogue.MetaHolderCode, p.Path)
			}
		})
	}
}

func TestHolderCount(t *testing.T) {
	c := compile(t, strings.Replace(base, `["001", "111"]`, `["001", "111"], multiple: true`, 1))
	values := sound()
	values["CZZT"] = "某甲^某乙"
	problems := c.CheckValues(values, today)
	require.Len(t, problems, 1)
	require.Equal(t, catalogue.CodeValueHolders, problems[0].Code)
	values["CZZTDM"] += "^11010519491231002X"
	require.Empty(t, c.CheckValues(values, today))
}

func TestValidity(t *testing.T) {
	tests := []struct {
		from, until string
		ok          bool
	}{
		{"2017-03-01", "2020-03-01", true},  // 3年, to the date
		{"2017-03-01", "2020-02-29", true},  // the day before
		{"2017-03-01", "2020-03-02", true},  // below 5年
		{"2017-03-01", "2022-03-01", true},  // 5年
		{"2017-03-01", "2022-03-02", false}, // longer
		{"2017-03-01", "长期", true},
		{"2016-02-29", "2021-02-28", true},
		{"", "2020-03-01", true}, // from the day of issue
		{"", "2030-03-01", false},
		{"2017-03-01", "", true},
	}
	c := compile(t, base)
	for _, tt := range tests {
		values := sound()
		values["ZZYXQQSRQ"], values["ZZYXQJZRQ"] = tt.from, tt.until
		require.Equal(t, tt.ok, len(c.CheckValues(values, today)) == 0, tt)
	}
	fixed := compile(t, strings.Replace(base, "3年^≤5年^6月^90日^长期", "3年^6月^90日", 1))
	for until, ok := range map[string]bool{
		"2020-03-01": true, "2017-08-31": true, "2017-05-30": true, "2018-03-01": false, "长期": false,
	} {
		values := sound()
		values["ZZYXQJZRQ"] = until
		require.Equal(t, ok, len(fixed.CheckValues(values, today)) == 0, until)
	}
	loose := compile(t, strings.Replace(base, "validity: {", "validity: {loose: true, ", 1))
	values := sound()
	values["ZZYXQJZRQ"] = "2040-01-01"
	require.Empty(t, loose.CheckValues(values, today))
	values["ZZYXQJZRQ"] = "2010-01-01"
	require.NotEmpty(t, loose.CheckValues(values, today))
	field := compile(t, strings.Replace(base, "validity: {", "validity: {field: KZ_YXQ, ", 1))
	values = sound()
	values["KZ_YXQ"] = "2040-01-01"
	require.Equal(t, "KZ_YXQ", field.CheckValues(values, today)[0].Path)
}

func TestRowOfOtherLength(t *testing.T) {
	require.NotEmpty(t, compile(t, base).CheckRow([]string{"x"}, nil))
}

func TestFindHeading(t *testing.T) {
	c := compile(t, base)
	tests := map[string][]string{
		"证照编号": {"ZZBH"}, "许可证编号": {"ZZBH"}, "示例证号": {"ZZBH"}, " 证 号：": {"ZZBH"}, "＊编号": {"ZZBH"},
		"企业名称": {"CZZT"}, "姓名": {"CZZT"}, "统一社会信用代码": {"CZZTDM"}, "身份证号码": {"CZZTDM"},
		"发证日期": {"ZZBFRQ"}, "有效期至": {"ZZYXQJZRQ"}, "有效期（起）": {"ZZYXQQSRQ"}, "有效期（止）": {"ZZYXQJZRQ"},
		"有效期起（年月日）": {"ZZYXQQSRQ"},
		"发证机关":      {"ZZBFJG"}, "注册资本(万元)": {"KZ_ZCZB"}, "注册资本\n（万元）": {"KZ_ZCZB"}, "kz_lb": {"KZ_LB"},
		"负责人": {"KZ_FDDBR"}, "注册日期": nil, "": nil, "()": nil, "法定代表人((a)b)": {"KZ_FDDBR"},
	}
	for heading, want := range tests {
		if heading == "法定代表人((a)b)" {
			require.NotPanics(t, func() { c.FindHeading(heading) })
			continue
		}
		require.Equal(t, want, c.FindHeading(heading), heading)
	}
}

// TestHeadingsOfRealLedgers: the columns of an open register of firms find their place; the registration date is never
// taken for the day of issue.
func TestHeadingsOfRealLedgers(t *testing.T) {
	data, err := catalogue.ShippedFile("business-licence")
	require.NoError(t, err)
	c := compile(t, string(data))
	for heading, want := range map[string]string{
		"企业名称": "CZZT", "统一社会信用代码": "CZZTDM", "注册日期": "KZ_CLRQ", "企业类型": "KZ_LX", "法人代表": "KZ_FDDBR",
		"注册资金": "KZ_ZCZB", "经营范围": "KZ_JYFW", "所在省份": "KZ_SZSF", "地区": "KZ_DQ", "注册地址": "KZ_ZS",
	} {
		require.Equal(t, want, c.FindHeading(heading)[0], heading)
	}
}

func TestMetadata(t *testing.T) {
	list := catalogue.Metadata()
	seen := make(map[string]string)
	for _, m := range list {
		for _, s := range append([]string{m.Name, m.Label}, m.Synonyms...) {
			h := catalogue.NormaliseHeading(s)
			require.Empty(t, seen[h], s)
			seen[h] = m.Name
		}
	}
	list[0].Synonyms[0] = "changed"
	require.NotEqual(t, "changed", catalogue.Metadata()[0].Synonyms[0])
}

func TestColumns(t *testing.T) {
	c := compile(t, base)
	for i, col := range c.Columns() {
		require.Equal(t, i, col.Index)
		got, ok := c.Column(col.Name)
		require.True(t, ok)
		require.Same(t, col, got)
	}
	col, _ := c.Column(catalogue.MetaHolder)
	require.Equal(t, normal.KindText, col.Normal)
	require.Equal(t, normal.KindOrgName, col.Compare)
	col, _ = c.Column("KZ_ZP")
	require.Zero(t, col.Normal)
	_, ok := c.Column("KZ_NONE")
	require.False(t, ok)
	typ := c.Type()
	typ.Fields[0].Name = "changed"
	require.Equal(t, "KZ_FDDBR", c.Type().Fields[0].Name)
}

func TestCompileRefuses(t *testing.T) {
	c, err := catalogue.Type{}.Compile()
	require.ErrorIs(t, err, catalogue.ErrType)
	require.Nil(t, c)
}

func FuzzNormalise(f *testing.F) {
	c := compile(f, base)
	f.Add("2009.3.1")
	f.Add("91350582757371161X")
	f.Add("^^^")
	f.Fuzz(func(t *testing.T, raw string) {
		for _, col := range c.Columns() {
			res, problems := col.Normalise(raw, catalogue.Hints{Today: today})
			if len(problems) > 0 {
				require.Zero(t, res)
				continue
			}
			require.True(t, utf8.ValidString(res.Value))
			require.NotContains(t, res.Value, "\x00")
			if max := col.Rules.MaxLength; max > 0 {
				require.LessOrEqual(t, utf8.RuneCountInString(res.Value), max)
			}
		}
		require.NotPanics(t, func() { c.FindHeading(raw) })
	})
}

// BenchmarkRow normalises and checks one record of sixteen values.
func BenchmarkRow(b *testing.B) {
	c := compile(b, base)
	raw := make([]string, len(c.Columns()))
	for _, col := range c.Columns() {
		raw[col.Index] = sound()[col.Name]
	}
	row := make([]string, len(raw))
	h := catalogue.Hints{Today: today}
	b.ReportAllocs()
	for b.Loop() {
		for i, col := range c.Columns() {
			res, problems := col.Normalise(raw[i], h)
			if len(problems) > 0 {
				b.Fatal(problems)
			}
			row[i] = res.Value
		}
		if p := c.CheckRow(row, nil); len(p) > 0 {
			b.Fatal(p)
		}
	}
}
