package catalogue_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/vault/catalogue"
)

// base is a sound definition; tests break one line of it.
const base = `format: elicense-type/1
code: 11990000MB1E000137009
name: 示例许可证
version: 1
authority: {code: 11990000MB1E000137, name: 示例省市场监督管理局, level: 省级}
issuers: [地市级, 区县级]
holder: {kinds: [legal, natural], codeTypes: ["001", "111"]}
items:
  - {code: "000131001000", name: 示例事项}
metadata:
  ZZBH: {label: 许可证编号, synonyms: [示例证号]}
fields:
  - {name: KZ_FDDBR, label: 法定代表人, synonyms: [负责人], kind: text, personal: true, rules: {required: true, maxLength: 50}}
  - {name: KZ_ZCZB, label: 注册资本, kind: money, rules: {min: "0", max: "1000000"}}
  - {name: KZ_CLRQ, label: 成立日期, kind: date, rules: {min: "1949-10-01", notAfterToday: true}}
  - {name: KZ_LB, label: 类别, kind: text, rules: {required: true, enum: [甲, 乙]}}
  - {name: KZ_DH, label: 电话, kind: code, format: plain, rules: {pattern: "[0-9-]{7,13}"}}
  - {name: KZ_MJ, label: 面积, kind: number, rules: {min: "0", max: "1000.5"}}
  - {name: KZ_QH, label: 区划, kind: division}
  - {name: KZ_ZP, label: 照片, kind: image, rules: {maxBytes: 1048576}}
  - {name: KZ_YXQ, label: 有效日期, kind: date}
validity: {ranges: 3年^≤5年^6月^90日^长期}
basis:
  - {document: 示例条例, article: 第一条}
template: example
classification: {level: internal}
numbering:
  pattern: "示{category}{division:4}{year}{seq:5}{check}"
  scope: [category, year]
  category: KZ_LB
  codes: {甲: A, 乙: B}
`

// problemsOf parses a definition that must be refused.
func problemsOf(t *testing.T, data string) catalogue.Problems {
	t.Helper()
	typ, err := catalogue.ParseType([]byte(data))
	require.ErrorIs(t, err, catalogue.ErrType)
	require.Equal(t, catalogue.Type{}, typ)
	var te *catalogue.TypeError
	require.True(t, errors.As(err, &te))
	require.NotEmpty(t, te.Problems)
	require.NotEmpty(t, te.Error())
	for _, p := range te.Problems {
		for _, l := range []catalogue.Lang{catalogue.ZH, catalogue.EN} {
			require.NotEmpty(t, p.Text(l), p.Code)
			require.NotEmpty(t, p.Fix(l), p.Code)
			require.NotContains(t, p.Text(l)+p.Fix(l), "{found}")
			require.NotContains(t, p.Text(l)+p.Fix(l), "{want}")
		}
	}
	return te.Problems
}

func mustBase(t *testing.T) catalogue.Type {
	t.Helper()
	typ, err := catalogue.ParseType([]byte(base))
	require.NoError(t, err)
	return typ
}

func TestParseType(t *testing.T) {
	typ := mustBase(t)
	require.Equal(t, "11990000MB1E000137009", typ.Code)
	require.Len(t, typ.Fields, 9)
	require.Equal(t, "3年^≤5年^6月^90日^长期", typ.Validity.Ranges.String())
	require.True(t, typ.OwnedBy("11990000MB1E000137"))
	require.False(t, typ.OwnedBy("11990000MB1E000212"))
	require.False(t, catalogue.Type{}.OwnedBy(""))
	f, ok := typ.Field("KZ_LB")
	require.True(t, ok)
	require.Equal(t, []string{"甲", "乙"}, f.Rules.Enum)
	_, ok = typ.Field("KZ_NONE")
	require.False(t, ok)
}

// TestParseTypeRefuses_A67 breaks one thing at a time; each is refused with its code and its line.
func TestParseTypeRefuses_A67(t *testing.T) {
	tests := []struct {
		name     string
		old, new string // replaced in base
		code     catalogue.Code
		path     string
	}{
		{"format", "elicense-type/1", "elicense-type/2", catalogue.CodeFormat, "format"},
		{"no format", "format: elicense-type/1\n", "", catalogue.CodeFormat, "format"},
		{"type code", "000137009\n", "000137000\n", catalogue.CodeTypeCode, "code"},
		{"type code missing", "code: 11990000MB1E000137009\n", "", catalogue.CodeMissing, "code"},
		{"other authority", "000137009\n", "0001AA009\n", catalogue.CodeTypeCode, "code"},
		{
			"foreign type code", "code: 11990000MB1E000137009", "code: 11990000MB1E000212009",
			catalogue.CodeOtherAuthority, "code",
		},
		{"name", "name: 示例许可证", "name: \"\"", catalogue.CodeMissing, "name"},
		{"name null", "name: 示例许可证", "name: ~", catalogue.CodeNotText, "name"},
		{"name bool", "name: 示例许可证", "name: true", catalogue.CodeNotText, "name"},
		{"name list", "name: 示例许可证", "name: [a]", catalogue.CodeNotText, "name"},
		{"name long", "name: 示例许可证", "name: " + strings.Repeat("示", 513), catalogue.CodeTooLong, "name"},
		{"name bidi", "name: 示例许可证", "name: \"a\\u202eb\"", catalogue.CodeCharacters, "name"},
		{"version", "version: 1", "version: 0", catalogue.CodeVersion, "version"},
		{"version octal", "version: 1", "version: 01", catalogue.CodeNotNumber, "version"},
		{"version text", "version: 1", "version: x", catalogue.CodeNotNumber, "version"},
		{"version big", "version: 1", "version: 10000", catalogue.CodeNotNumber, "version"},
		{
			"authority code", "{code: 11990000MB1E000137,", "{code: 11990000MB1E000138,",
			catalogue.CodeAuthorityCode, "authority.code",
		},
		{"authority name", "name: 示例省市场监督管理局, ", "", catalogue.CodeMissing, "authority.name"},
		{"authority level", "level: 省级", "level: 省", catalogue.CodeUnknownValue, "authority.level"},
		{"authority no level", ", level: 省级", "", catalogue.CodeMissing, "authority.level"},
		{"issuers none", "issuers: [地市级, 区县级]", "issuers: []", catalogue.CodeMissing, "issuers"},
		{"issuers unknown", "[地市级, 区县级]", "[地市级, 村级]", catalogue.CodeUnknownValue, "issuers[1]"},
		{"issuers twice", "[地市级, 区县级]", "[地市级, 地市级]", catalogue.CodeDuplicate, "issuers[1]"},
		{"issuers text", "[地市级, 区县级]", "地市级", catalogue.CodeNotList, "issuers"},
		{"holder kinds", "kinds: [legal, natural]", "kinds: []", catalogue.CodeMissing, "holder.kinds"},
		{
			"holder kind", "kinds: [legal, natural]", "kinds: [legal, robot, natural]",
			catalogue.CodeUnknownValue, "holder.kinds[1]",
		},
		{
			"holder kind twice", "kinds: [legal, natural]", "kinds: [legal, natural, legal]",
			catalogue.CodeDuplicate, "holder.kinds[2]",
		},
		{"holder code", `["001", "111"]`, `["001", "222"]`, catalogue.CodeUnknownValue, "holder.codeTypes[1]"},
		{
			"holder code kind", "kinds: [legal, natural]", "kinds: [legal]",
			catalogue.CodeHolderCodes, "holder.codeTypes[1]",
		},
		{"holder no codes", `["001", "111"]`, `[]`, catalogue.CodeMissing, "holder.codeTypes"},
		{"holder bool", "holder: {", "holder: {multiple: yes, ", catalogue.CodeNotBool, "holder.multiple"},
		{"item", ", name: 示例事项", "", catalogue.CodeMissing, "items[0].name"},
		{"metadata", "  ZZBH: ", "  ZZXX: ", catalogue.CodeUnknownValue, "metadata.ZZXX"},
		{"metadata made by the vault", "  ZZBH: ", "  ZZLXDM: ", catalogue.CodeUnknownValue, "metadata.ZZLXDM"},
		{"metadata synonym", "[示例证号]", "[示例证号, 示例证号]", catalogue.CodeDuplicate, "metadata.ZZBH.synonyms[1]"},
		{"field name", "KZ_FDDBR", "kz_fddbr", catalogue.CodeName, "fields[0].name"},
		{"field name prefix", "KZ_FDDBR", "FDDBR", catalogue.CodeName, "fields[0].name"},
		{"field reserved", "KZ_FDDBR", "ZZMC", catalogue.CodeReserved, "fields[0].name"},
		{"field reserved copy", "KZ_FDDBR", "JZJZZZ", catalogue.CodeReserved, "fields[0].name"},
		{"field twice", "KZ_ZCZB", "KZ_FDDBR", catalogue.CodeDuplicate, "fields[1].name"},
		{"field no label", "label: 法定代表人, ", "", catalogue.CodeMissing, "fields[0].label"},
		{"heading twice", "label: 注册资本", "label: 负 责 人", catalogue.CodeHeadingTwice, "fields[1].label"},
		{"field kind", "kind: money", "kind: cash", catalogue.CodeUnknownValue, "fields[1].kind"},
		{"field no kind", "kind: money, ", "", catalogue.CodeMissing, "fields[1].kind"},
		{"field format", "format: plain, ", "", catalogue.CodeMissing, "fields[4].format"},
		{"field other format", "format: plain", "format: orgname", catalogue.CodeUnknownValue, "fields[4].format"},
		{
			"field format of a date", "kind: date}", "kind: date, format: plain}",
			catalogue.CodeUnknownValue, "fields[8].format",
		},
		{
			"rule kind", "maxLength: 50", "maxLength: 50, maxBytes: 1",
			catalogue.CodeRuleKind, "fields[0].rules.maxBytes",
		},
		{
			"rule kind date", "notAfterToday: true", "notAfterToday: true, maxLength: 1",
			catalogue.CodeRuleKind, "fields[2].rules.maxLength",
		},
		{"rule kind text", "maxLength: 50", "min: \"1\"", catalogue.CodeRuleKind, "fields[0].rules.min"},
		{
			"lengths", "maxLength: 50", "minLength: 51, maxLength: 50",
			catalogue.CodeRuleRange, "fields[0].rules.minLength",
		},
		{"length", "maxLength: 50", "maxLength: 99999", catalogue.CodeNotNumber, "fields[0].rules.maxLength"},
		{"length negative", "maxLength: 50", "maxLength: -1", catalogue.CodeNotNumber, "fields[0].rules.maxLength"},
		{
			"bounds", `min: "0", max: "1000.5"`, `min: "1000.51", max: "1000.5"`,
			catalogue.CodeRuleRange, "fields[5].rules.min",
		},
		{"bound", `max: "1000.5"`, `max: "1,000"`, catalogue.CodeNumberText, "fields[5].rules.max"},
		{"bound zeros", `max: "1000.5"`, `max: "1000.50"`, catalogue.CodeNumberText, "fields[5].rules.max"},
		{"date bound", "1949-10-01", "1949-13-01", catalogue.CodeDate, "fields[2].rules.min"},
		{"pattern", "[0-9-]{7,13}", "[0-9", catalogue.CodePattern, "fields[4].rules.pattern"},
		{"pattern escape", "[0-9-]{7,13}", "a)|(b", catalogue.CodePattern, "fields[4].rules.pattern"},
		{"pattern long", "[0-9-]{7,13}", strings.Repeat("示", 200), catalogue.CodePattern, "fields[4].rules.pattern"},
		{"pattern repeat", "[0-9-]{7,13}", "((a{1000}){1000}){1000}", catalogue.CodePattern, "fields[4].rules.pattern"},
		{"enum twice", "[甲, 乙]", "[甲, 甲]", catalogue.CodeDuplicate, "fields[3].rules.enum[1]"},
		{"validity", "3年^≤5年", "三年", catalogue.CodeValidity, "validity.ranges"},
		{"validity zero", "3年^≤5年", "0年", catalogue.CodeValidity, "validity.ranges"},
		{"validity long", "3年^≤5年", "101年", catalogue.CodeValidity, "validity.ranges"},
		{"validity field", "validity: {", "validity: {field: KZ_MJ, ", catalogue.CodeName, "validity.field"},
		{"no basis", "basis:\n  - {document: 示例条例, article: 第一条}\n", "", catalogue.CodeNoBasis, "basis"},
		{"empty basis", "basis:\n  - {document: 示例条例, article: 第一条}\n", "basis: []\n", catalogue.CodeNoBasis, "basis"},
		{"basis article", ", article: 第一条", "", catalogue.CodeMissing, "basis[0].article"},
		{"template", "template: example", "template: ../x", catalogue.CodeName, "template"},
		{"classification", "{level: internal}", "{level: open}", catalogue.CodeUnknownValue, "classification.level"},
		{"no classification", "classification: {level: internal}\n", "", catalogue.CodeMissing, "classification.level"},
		{"sensitive", "{level: internal}", "{level: 敏感}", catalogue.CodeReason, "classification"},
		{"secret", "{level: internal}", "{level: secret, reason: 涉密事项}", catalogue.CodeReason, "classification"},
		{
			"decided", "{level: internal}", "{level: secret, reason: r, decided: 昨天}",
			catalogue.CodeDate, "classification.decided",
		},
		{"numbering token", "{year}", "{month}", catalogue.CodeNumbering, "numbering.pattern"},
		{"numbering open", "{year}", "{year", catalogue.CodeNumbering, "numbering.pattern"},
		{"numbering brace", "{year}", "year}", catalogue.CodeNumbering, "numbering.pattern"},
		{"numbering width", "{year}", "{year:3}", catalogue.CodeNumbering, "numbering.pattern"},
		{"numbering no seq", "{seq:5}", "", catalogue.CodeNumbering, "numbering.pattern"},
		{"numbering two seqs", "{seq:5}", "{seq:5}{seq:5}", catalogue.CodeNumbering, "numbering.pattern"},
		{"numbering check", "{check}", "{check}x", catalogue.CodeNumbering, "numbering.pattern"},
		{
			"numbering long", "示{category}", "示{category}" + strings.Repeat("x", 128),
			catalogue.CodeTooLong, "numbering.pattern",
		},
		{"numbering scope", "[category, year]", "[category, month]", catalogue.CodeNumbering, "numbering.scope"},
		{"numbering scope unused", "{year}", "", catalogue.CodeNumbering, "numbering.scope"},
		{
			"numbering no pattern", "  pattern: \"示{category}{division:4}{year}{seq:5}{check}\"\n", "",
			catalogue.CodeMissing, "numbering.pattern",
		},
		{"numbering category", "category: KZ_LB", "category: KZ_DH", catalogue.CodeNumbering, "numbering.category"},
		{"numbering codes", "  codes: {甲: A, 乙: B}\n", "", catalogue.CodeMissing, "numbering.codes"},
		{"numbering same codes", "{甲: A, 乙: B}", "{甲: A, 乙: A}", catalogue.CodeNumbering, "numbering.codes.甲"},
		{"numbering uneven codes", "{甲: A, 乙: B}", "{甲: A, 乙: BB}", catalogue.CodeNumbering, "numbering.codes.甲"},
		{"unknown key", "template:", "templates:", catalogue.CodeUnknownKey, "?"},
		{"unknown nested key", "maxLength: 50", "maxlength: 50", catalogue.CodeUnknownKey, "fields[0].rules.?"},
		{"duplicate key", "version: 1\n", "version: 1\nversion: 1\n", catalogue.CodeDuplicate, "version"},
		{"duplicate nested key", "kind: money", "kind: money, kind: text", catalogue.CodeDuplicate, "fields[1].kind"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Contains(t, base, tt.old)
			problems := problemsOf(t, strings.Replace(base, tt.old, tt.new, 1))
			var seen []string
			for _, p := range problems {
				seen = append(seen, fmt.Sprintf("%s %s", p.Path, p.Code))
				require.Positive(t, p.Line)
				require.Positive(t, p.Column)
			}
			require.Contains(t, seen, tt.path+" "+string(tt.code))
		})
	}
}

// TestParseTypeAllAtOnce_A67 breaks many things in one file and expects each with its own line, in one answer.
func TestParseTypeAllAtOnce_A67(t *testing.T) {
	problems := problemsOf(t, `format: elicense-type/1
code: 11990000MB1E000137000
name: ""
version: 0
authority: {code: x, level: 天}
colour: red
holder: {kinds: [legal], codeTypes: ["111"]}
fields:
  - {name: ZZBH, label: 甲, kind: text}
  - {name: KZ_B, label: 甲, kind: what}
  - name: KZ_C
    label: 乙
    kind: date
    rules: {min: soon, maxLength: 3}
classification: {level: 涉密}
`)
	want := map[string]int{
		"code type_code": 2, "name type_missing": 3, "version type_version": 4,
		"authority.code type_authority_code": 5, "authority.name type_missing": 5,
		"authority.level type_unknown_value": 5, "? type_unknown_key": 6,
		"holder.codeTypes[0] type_holder_codes": 7, "fields[0].name type_reserved": 9,
		"fields[1].kind type_unknown_value": 10, "fields[1].label type_heading_twice": 10,
		"fields[2].rules.min type_date": 14, "fields[2].rules.maxLength type_rule_kind": 14,
		"classification type_reason": 15, "basis type_no_basis": 1, "issuers type_missing": 1,
		"code type_other_authority": 2,
	}
	got := make(map[string]int)
	for _, p := range problems {
		got[p.Path+" "+string(p.Code)] = p.Line
	}
	require.Equal(t, want, got)
}

// TestParseTypeHostile: a hostile file is refused at once, whatever it is.
func TestParseTypeHostile(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for i := range 8 {
		items := strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c,", 'a'+i), 9), ",")
		bomb += fmt.Sprintf("%c: &%c [%s]\n", 'b'+i, 'b'+i, items)
	}
	tests := []struct {
		name string
		data string
		code catalogue.Code
	}{
		{"empty", "", catalogue.CodeDocuments},
		{"comment only", "# nothing\n", catalogue.CodeDocuments},
		{"two documents", base + "---\n" + base, catalogue.CodeDocuments},
		{"null", "~", catalogue.CodeNotMapping},
		{"list", "[1, 2]", catalogue.CodeNotMapping},
		{"text", "hello", catalogue.CodeNotMapping},
		{"too big", strings.Repeat("#", catalogue.MaxTypeBytes+1), catalogue.CodeTooBig},
		{"gb18030", "name: \xca\xbe\xc0\xfd", catalogue.CodeEncoding},
		{"utf-16", "\xff\xfen\x00", catalogue.CodeEncoding},
		{"nul", "name: a\x00b", catalogue.CodeEncoding},
		{"bomb", bomb, catalogue.CodeAlias},
		{"self reference", "a: &a [*a]", catalogue.CodeAlias},
		{"merge", "x: &x {name: a}\n<<: *x\n", catalogue.CodeAlias},
		{"merge inline", "<<: {name: a}\n", catalogue.CodeNotText},
		{"unknown anchor", "a: *b", catalogue.CodeSyntax},
		{"tag", "name: !!binary aGVsbG8=", catalogue.CodeTag},
		{"own tag", "name: !exec rm", catalogue.CodeTag},
		{"deep flow", strings.Repeat("[", 50000), catalogue.CodeSyntax},
		{"deep mapping", strings.Repeat("{a: ", 200) + strings.Repeat("}", 200), catalogue.CodeDepth},
		{"deep block", strings.Repeat("- ", 100) + "x", catalogue.CodeDepth},
		{"tabs", "name:\n\t- x", catalogue.CodeSyntax},
		{"unclosed", "name: \"abc", catalogue.CodeSyntax},
		{"colon", "name: a: b", catalogue.CodeSyntax},
		{"complex key", "? [a, b]\n: c\n", catalogue.CodeNotText},
		{"null key", "~: c\n", catalogue.CodeNotText},
		{"many fields", "fields: [" + strings.Repeat("{},", 300) + "]", catalogue.CodeTooMany},
		{"directive", "%YAML 9.9\n---\nname: a\n", catalogue.CodeSyntax},
		{"huge number", "version: 99999999999999999999999", catalogue.CodeNotNumber},
		{"float version", "version: 1.0", catalogue.CodeNotNumber},
		{"hex version", "version: 0x1", catalogue.CodeNotNumber},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var codes []catalogue.Code
			for _, p := range problemsOf(t, tt.data) {
				codes = append(codes, p.Code)
			}
			require.Contains(t, codes, tt.code)
		})
	}
}

func TestByteOrderMarkIsFine(t *testing.T) {
	typ, err := catalogue.ParseType([]byte("\ufeff" + base))
	require.NoError(t, err)
	require.Equal(t, mustBase(t), typ)
}

// TestClosed_A69: whatever is not known to be open is closed.
func TestClosed_A69(t *testing.T) {
	require.True(t, catalogue.Classification{}.Closed())
	require.True(t, catalogue.Classification{Level: "open"}.Closed())
	require.False(t, catalogue.Classification{Level: catalogue.LevelPublic}.Closed())
	require.False(t, catalogue.Classification{Level: catalogue.LevelInternal}.Closed())
	for _, word := range []string{"敏感", "涉密", "sensitive", "secret"} {
		typ, err := catalogue.ParseType([]byte(strings.Replace(base, "{level: internal}",
			"{level: "+word+", reason: 定密决定, decided: 2016-05-31}", 1)))
		require.NoError(t, err)
		require.True(t, typ.Classification.Closed())
	}
}

func TestEveryCodeHasWords(t *testing.T) {
	for _, c := range catalogue.Codes() {
		p := catalogue.Problem{Code: c, Found: "F", Want: "W"}
		for _, l := range []catalogue.Lang{catalogue.ZH, catalogue.EN} {
			require.NotEmpty(t, p.Text(l), c)
			require.NotEmpty(t, p.Fix(l), c)
			require.NotContains(t, p.Text(l)+p.Fix(l), "{")
			require.NotContains(t, p.Text(l)+p.Fix(l), "%")
		}
	}
}

func TestErrorHidesValues(t *testing.T) {
	p := catalogue.Problem{Code: catalogue.CodeValueLong, Path: "KZ_A", Found: "某甲"}
	err := &catalogue.TypeError{Problems: catalogue.Problems{p}}
	require.NotContains(t, err.Error(), "某甲")
}

func FuzzParseType(f *testing.F) {
	f.Add([]byte(base))
	files, err := filepath.Glob("types/*.yaml")
	require.NoError(f, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(data)
	}
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		typ, err := catalogue.ParseType(data)
		if err != nil {
			require.Equal(t, catalogue.Type{}, typ)
			return
		}
		stored, err := typ.Encode()
		require.NoError(t, err)
		again, err := catalogue.ParseType(stored)
		require.NoError(t, err)
		require.Equal(t, typ, again)
		twice, err := again.Encode()
		require.NoError(t, err)
		require.Equal(t, stored, twice)
		_, err = typ.Compile()
		require.NoError(t, err)
	})
}
