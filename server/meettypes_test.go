package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
)

// exampleType is a sound definition of the first department with an element of every kind; tests break one line of it.
const exampleType = `format: elicense-type/1
code: AUTHORITY777
name: 示例许可证
version: 1
authority: {code: AUTHORITY, name: 示例市市场监督管理局, level: 地市级}
issuers: [地市级, 区县级]
holder: {kinds: [legal, natural], codeTypes: ["001", "111"]}
fields:
  - {name: KZ_A, label: 说明, kind: text, rules: {minLength: 2, maxLength: 50}}
  - {name: KZ_B, label: 注册资本, kind: money, rules: {min: "0", max: "1000000"}}
  - {name: KZ_C, label: 成立日期, kind: date, rules: {min: "1949-10-01", notAfterToday: true}}
  - {name: KZ_D, label: 类别, kind: text, rules: {enum: [甲, 乙]}}
  - {name: KZ_E, label: 电话, kind: code, format: plain, rules: {pattern: "[0-9A-Z-]{7,20}"}}
  - {name: KZ_F, label: 面积, kind: number, rules: {min: "0", max: "1000000"}}
  - {name: KZ_G, label: 区划, kind: division}
  - {name: KZ_H, label: 照片, kind: image, rules: {maxBytes: 2000}}
  - {name: KZ_I, label: 有效日期, kind: date}
  - {name: KZ_J, label: 公司代码, kind: code, format: uscc}
  - {name: KZ_K, label: 证件号码, kind: code, format: citizen}
  - {name: KZ_L, label: 关联证照, kind: code, format: identifier}
  - {name: KZ_N, label: 备注, kind: text}
validity: {ranges: 3年^≤5年^长期}
basis:
  - {document: 示例条例, article: 第一条}
template: example
classification: {level: internal}
`

const numbering = `numbering:
  pattern: "示{category}{division:4}{year}{seq:5}"
  scope: [category, year]
  category: KZ_D
  codes: {甲: A, 乙: B}
`

// example is that definition, with one part in place of another.
func example(t testing.TB, old, new string) (code string, definition []byte) {
	t.Helper()
	require.Contains(t, exampleType, old)
	text := strings.ReplaceAll(strings.Replace(exampleType, old, new, 1), "AUTHORITY", fixtures.Departments()[0].Code)
	return fixtures.Departments()[0].Code + "777", []byte(text)
}

// declare puts a definition.
func (w *world) declare(code string, definition []byte) reply {
	w.t.Helper()
	return w.send(fixtures.Caller(0), http.MethodPut, "/licence-types/"+code,
		strings.NewReader(string(definition)), "Content-Type", "application/yaml")
}

// TestMeetTypes: whoever declares a type is told of each thing that is wrong with it, where it stands.
func TestMeetTypes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for want, c := range map[string][2]string{
		"type_format":          {"elicense-type/1", "elicense-type/2"},
		"type_code":            {"AUTHORITY777", "AUTHORITY000"},
		"type_other_authority": {"authority: {code: AUTHORITY", "authority: {code: 11990000MB1E000137"},
		"type_missing":         {"name: 示例许可证\n", ""},
		"type_not_text":        {"name: 示例许可证", "name: [a]"},
		"type_too_long":        {"name: 示例许可证", "name: " + strings.Repeat("示", 513)},
		"type_characters":      {"name: 示例许可证", "name: \"a\\u202eb\""},
		"type_version":         {"version: 1", "version: 0"},
		"type_not_number":      {"version: 1", "version: x"},
		"type_authority_code":  {"authority: {code: AUTHORITY", "authority: {code: 11990000MB1E000138"},
		"type_unknown_value":   {"kind: money", "kind: cash"},
		"type_duplicate":       {"[地市级, 区县级]", "[地市级, 地市级]"},
		"type_not_list":        {"[地市级, 区县级]", "地市级"},
		"type_holder_codes":    {"kinds: [legal, natural]", "kinds: [legal]"},
		"type_not_bool":        {"holder: {", "holder: {multiple: yes, "},
		"type_name":            {"name: KZ_A", "name: kz_a"},
		"type_reserved":        {"name: KZ_A", "name: ZZMC"},
		"type_heading_twice":   {"label: 注册资本", "label: 说 明"},
		"type_rule_kind":       {"maxLength: 50", "maxLength: 50, maxBytes: 1"},
		"type_rule_range":      {"minLength: 2", "minLength: 51"},
		"type_number":          {`max: "1000000"`, `max: "1,000"`},
		"type_date":            {"1949-10-01", "1949-13-01"},
		"type_pattern":         {"[0-9A-Z-]{7,20}", "[0-9"},
		"type_validity":        {"3年^≤5年", "三年"},
		"type_no_basis":        {"basis:\n  - {document: 示例条例, article: 第一条}\n", ""},
		"type_reason":          {"{level: internal}", "{level: 敏感}"},
		"type_numbering":       {"template:", strings.Replace(numbering, "{year}", "{month}", 1) + "template:"},
		"type_unknown_key":     {"template:", "templates:"},
		"type_documents":       {"format: elicense-type/1", "a: b\n---\nformat: elicense-type/1"},
		"type_not_mapping":     {exampleType, "[1, 2]"},
		"type_encoding":        {exampleType, "name: \xca\xbe\xc0\xfd"},
		"type_alias":           {exampleType, "a: &a [*a]"},
		"type_tag":             {exampleType, "name: !exec rm"},
		"type_depth":           {exampleType, strings.Repeat("- ", 100) + "x"},
		"type_syntax":          {exampleType, "name: a: b"},
		"type_too_many":        {exampleType, "fields: [" + strings.Repeat("{},", 300) + "]"},
	} {
		r := w.declare(example(t, c[0], c[1]))
		tells(t, r, want)
	}
	require.Equal(t, http.StatusOK, w.declare(example(t, "version", "version")).status)
	for want, c := range map[string][2]string{
		"diff_field_removed":    {"  - {name: KZ_N, label: 备注, kind: text}\n", ""},
		"diff_kind_changed":     {"kind: money, rules: {min: \"0\", max: \"1000000\"}", "kind: text"},
		"classification-reason": {"{level: internal}", "{level: public}"},
	} {
		p := tells(t, w.declare(example(t, c[0], c[1])), want)
		require.NotContains(t, p.Path, "[", "a JSON pointer")
	}
}

// tells wants a code among what is said of a request, and gives it.
func tells(t testing.TB, r reply, code string) api.Defect {
	t.Helper()
	require.GreaterOrEqual(t, r.status, http.StatusBadRequest, "%s: %s", code, r.body)
	for _, d := range into[api.Problem](t, r).Errors {
		if d.Code == code {
			return d
		}
	}
	require.Fail(t, "not told", "%s: %s", code, r.body)
	return api.Defect{}
}

// TestMeetValues: whoever issues is told of each value that is wrong, and of each that was put right.
func TestMeetValues(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const firm, person = "91350921MA3494DD5H", "11010519491231002X"
	const licence = "1.2.156.3005.2.11100000MB0143028R001.11350128345071904J.000000001.001.7"
	code, definition := example(t, "version", "version")
	require.Equal(t, http.StatusOK, w.declare(code, definition).status)
	w.grant(code)
	values := []struct{ field, value, code string }{
		{"KZ_A", "长" + strings.Repeat("长", 50), "value_too_long"},
		{"KZ_A", "短", "value_too_short"},
		{"KZ_N", strings.Repeat("长", 20000), "too_long"},
		{"KZ_A", "１２３号", "width"},
		{"KZ_A", " 张  三 ", "space"},
		{"KZ_A", "张三\u200b", "invisible"},
		{"KZ_A", "福州市\n鼓楼区", "line_break"},
		{"KZ_A", "e\u0301a", "compose"},
		{"KZ_A", "\ue000字", "private_use"},
		{"KZ_A", "a\x00b", "control_character"},
		{"KZ_A", "生产化妆品\x01；", "control_removed"},
		{"KZ_A", "厦门\ufffd有限公司", "garbled"},
		{"KZ_I", "2009/3/1", "date_style"},
		{"KZ_I", "2009—3—1", "dash"},
		{"KZ_I", "'20090301", "apostrophe"},
		{"KZ_I", "2009-03-01 00:00:00", "date_time"},
		{"KZ_I", "9999年12月31日", "date_open"},
		{"KZ_I", "2009-02-30", "date_impossible"},
		{"KZ_I", "09-3-1", "date_short_year"},
		{"KZ_I", "03/04/2009", "date_ambiguous"},
		{"KZ_I", "2009年", "date_incomplete"},
		{"KZ_I", "39873", "date_serial_refused"},
		{"KZ_I", "2009.3.1-2012.2.28", "date_range"},
		{"KZ_I", "民国38年3月1日", "date_era"},
		{"KZ_I", "林某某", "date_unreadable"},
		{"KZ_I", "####", "cell_hashes"},
		{"KZ_I", "#VALUE!", "cell_error"},
		{"KZ_I", "2009-03-01、2010-03-01", "several_values"},
		{"KZ_C", "1949-09-30", "value_below_min"},
		{"KZ_C", "2026-07-01", "value_after_today"},
		{"KZ_C", "长期", "value_open_date"},
		{"KZ_D", "丙", "value_not_listed"},
		{"KZ_E", "x", "value_pattern"},
		{"KZ_E", "123456789.0", "float_tail"},
		{"KZ_E", "1234567890123450", "maybe_rounded"},
		{"KZ_E", "350123000000000000", "damaged_rounded"},
		{"KZ_E", "3.50123E+17", "damaged_scientific"},
		{"KZ_F", "1,234.50", "number_style"},
		{"KZ_F", "100平方米", "number_unreadable"},
		{"KZ_F", "1000001", "value_above_max"},
		{"KZ_B", "53万人民币", "money_style"},
		{"KZ_B", "1234.5", "money_currency"},
		{"KZ_B", "100万美元港币", "money_currencies"},
		{"KZ_B", "有限责任公司", "money_unreadable"},
		{"KZ_G", "350524000000", "division_long"},
		{"KZ_G", "350427", "division_retired"},
		{"KZ_G", "350321", "division_split"},
		{"KZ_G", "泉州", "division_name"},
		{"KZ_G", "350599", "division_unknown"},
		{"KZ_G", "郊区", "division_ambiguous"},
		{"KZ_H", "photo.jpg", "value_image"},
		{"KZ_H", strings.Repeat("0a", 32), "image-unknown"},
		{"KZ_J", strings.ToLower(firm), "case"},
		{"KZ_J", `="` + firm + `"`, "formula_text"},
		{"KZ_J", "91350921MA3494DD5J", "uscc_check"},
		{"KZ_J", "91350921MA3494DD6H", "uscc_organisation"},
		{"KZ_J", "91350921MA3494DD5", "uscc_length"},
		{"KZ_J", "350500100012345", "uscc_old_number"},
		{"KZ_J", "156343819", "uscc_org_code"},
		{"KZ_J", "91350921MA3494DD5O", "uscc_alphabet"},
		{"KZ_J", "9135O921MA3494DD5H", "uscc_confusable"},
		{"KZ_J", "913509X1MA3494DD5H", "uscc_division"},
		{"KZ_J", "9135**********DD5H", "masked"},
		{"KZ_J", "\u200b", "empty"},
		{"KZ_K", "110105491231002", "citizen_15"},
		{"KZ_K", "990101198002291233", "citizen_division"},
		{"KZ_K", "350599198002291234", "citizen_check"},
		{"KZ_K", "11010519491231002", "citizen_length"},
		{"KZ_K", "11010519491231002Y", "citizen_alphabet"},
		{"KZ_K", "110105194902300020", "citizen_birthday"},
		{"KZ_L", licence[:len(licence)-1] + "8", "identifier_check"},
		{"KZ_L", "1.2.3", "identifier_malformed"},
		{"CZZT", "", "value_missing"},
		{"CZZTDMLXDM", "414", "value_holder_type"},
		{"ZZYXQJZRQ", "2040-03-01", "value_validity"},
		{"ZZYXQJZRQ", "2020-03-01", "value_date_order"},
		{"KZ_X", "1", "field-unknown"},
	}
	for _, c := range values {
		req := exampleRequest(code)
		req.Values[c.field] = c.value
		r := w.call(fixtures.Caller(0), http.MethodPost, "/licences?validate=only", req, api.HeaderIdempotencyKey, "k")
		require.Contains(t, string(r.body), `"code":"`+c.code+`"`, "%s %q", c.field, c.value)
	}
}

// TestMeetNumbers: whose type has a rule of numbering is told what it still wants; whose has none, that he numbers.
func TestMeetNumbers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	code, definition := example(t, "version", "version")
	require.Equal(t, http.StatusOK, w.declare(code, definition).status)
	w.grant(code)
	req := exampleRequest(code)
	delete(req.Values, "ZZBH")
	reserve := func() reply {
		req.Paper = ""
		return w.call(fixtures.Caller(0), http.MethodPost, "/reservations", req, api.HeaderIdempotencyKey, "k")
	}
	tells(t, reserve(), "no-numbering-rule")
	_, definition = example(t, "template:", numbering+"template:")
	definition = []byte(strings.Replace(string(definition), "rules: {enum: [甲, 乙]}", "rules: {required: true, enum: [甲, 乙]}", 1))
	r := w.declare(code, definition)
	require.Equal(t, http.StatusOK, r.status, "%s", r.body)
	req.Values["KZ_D"] = "甲"
	tells(t, reserve(), "division-missing")
}

// TestMeetSecrets: a type that was classified takes no licence and shows none to others.
func TestMeetSecrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	code, definition := example(t, "version", "version")
	require.Equal(t, http.StatusOK, w.declare(code, definition).status)
	w.grant(code)
	req := exampleRequest(code)
	issue := func(key string) reply {
		return w.call(fixtures.Caller(0), http.MethodPost, "/licences", req, api.HeaderIdempotencyKey, key)
	}
	require.Equal(t, http.StatusCreated, issue("k").status)
	_, definition = example(t, "{level: internal}", "{level: 涉密, reason: 定密决定, decided: 2026-03-01}")
	require.Equal(t, http.StatusOK, w.declare(code, definition).status)
	refused(t, issue("l"), http.StatusForbidden, "type-secret")
}

// TestMeetHolders: a holder whose code may be of several kinds says of which it is.
func TestMeetHolders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	code, definition := example(t, `["001", "111"]`, `["111", "414", "511"]`)
	require.Equal(t, http.StatusOK, w.declare(code, definition).status)
	w.grant(code)
	req := exampleRequest(code)
	req.Values["CZZTDM"] = "G12345678"
	r := w.call(fixtures.Caller(0), http.MethodPost, "/licences", req, api.HeaderIdempotencyKey, "k")
	require.Equal(t, "/values/CZZTDMLXDM", tells(t, r, "holder-kind-missing").Path)

	code, definition = example(t, `["001", "111"]`, `["001", "111"], multiple: true`)
	require.Equal(t, http.StatusOK, w.declare(code, definition).status)
	req = exampleRequest(code)
	req.Values["CZZT"] = "某甲^某乙"
	r = w.call(fixtures.Caller(0), http.MethodPost, "/licences", req, api.HeaderIdempotencyKey, "k")
	tells(t, r, "value_holder_count")
}

// exampleRequest is a licence of the example.
func exampleRequest(code string) api.IssueRequest {
	firm := fixtures.FirmAt(7)
	return api.IssueRequest{Type: code, Paper: "P-1", Values: map[string]string{
		"ZZBH": "示A202600001", "CZZT": firm.Name, "CZZTDM": firm.Code, "ZZBFRQ": "2026-03-01", "ZZYXQQSRQ": "2026-03-01",
		"ZZYXQJZRQ": "2029-03-01",
	}}
}

// grant lets the first department issue one more type.
func (w *world) grant(code string) {
	w.t.Helper()
	rights := w.callersByID()[fixtures.Caller(0)].CallerRights
	rights.Issues = append(rights.Issues, code)
	r := w.call("operator", http.MethodPut, "/callers/"+fixtures.Caller(0), rights)
	require.Equal(w.t, http.StatusOK, r.status, "%s", r.body)
}
