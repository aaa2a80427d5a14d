package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"github.com/elicense/elicense/api"
)

// What does not fit the description of the interface is found by huma, which says it in English and for programmers.
// These are our words for each of its findings; {} is what its message names.

// schemaRule is one finding of huma with our words.
type schemaRule struct {
	rule      string // keyword of JSON Schema, or what the transport demands
	message   *regexp.Regexp
	zh, fixZh string
	en, fixEn string
}

// placeholder is where a message of huma names something.
var placeholder = regexp.MustCompile("%[vds]")

// ruleOf is a finding by its message, with our words: Chinese sentence and fix, English sentence and fix.
func ruleOf(rule, message string, words ...string) schemaRule {
	pattern := placeholder.ReplaceAllString(regexp.QuoteMeta(message), "(.*)")
	return schemaRule{rule, regexp.MustCompile("^" + pattern + "$"), words[0], words[1], words[2], words[3]}
}

// missingMember is told of the object that lacks the member; its path is made to name the member itself.
var missingMember = ruleOf("required", validation.MsgExpectedRequiredProperty, "缺少成员 {}", "请补上",
	"the member {} is missing", "add it")

var schemaRules = []schemaRule{
	ruleOf("additionalProperties", validation.MsgUnexpectedProperty, "没有这个成员", "请删除，或核对名称的拼写和大小写",
		"there is no such member", "remove it, or check its spelling and case"),
	missingMember,
	ruleOf("required", "required %s parameter is missing", "缺少{place} {name}", "请补上",
		"the {place} {name} is missing", "add it"),
	ruleOf("query", "unknown query parameter", "没有这个查询参数", "请删除，或核对拼写",
		"there is no such query parameter", "remove it, or check its spelling"),
	ruleOf("query", msgSingle, "参数只能出现一次", "请只保留一个",
		"the parameter may stand once only", "keep one"),
	ruleOf("query", msgQuery, "查询串无法解析", "请按 RFC 3986 编码，并以 & 分隔",
		"the query cannot be read", "encode it by RFC 3986, with & between parameters"),
	ruleOf("body", "request body is required", "请求没有内容", "请在请求体中发送 JSON",
		"the request has no content", "send JSON as the body"),
	ruleOf("type", validation.MsgExpectedString, "应为文字", "请写成带引号的字符串", "it is to be text", "write a string in quotes"),
	ruleOf("type", validation.MsgExpectedNumber, "应为数字", "请写成不带引号的数字", "it is to be a number",
		"write a number without quotes"),
	ruleOf("type", validation.MsgExpectedInteger, "应为整数", "请写成不带引号的整数", "it is to be an integer",
		"write an integer without quotes"),
	ruleOf("type", "invalid integer", "应为整数", "请写成整数", "it is to be an integer", "write an integer"),
	ruleOf("type", validation.MsgExpectedBoolean, "应为 true 或 false", "请改成其中之一", "it is to be true or false",
		"write one of them"),
	ruleOf("type", "invalid boolean", "应为 true 或 false", "请改成其中之一", "it is to be true or false", "write one of them"),
	ruleOf("type", validation.MsgExpectedArray, "应为数组", "请写成 [ ]", "it is to be an array", "write [ ]"),
	ruleOf("type", validation.MsgExpectedObject, "应为对象", "请写成 { }", "it is to be an object", "write { }"),
	ruleOf("contentEncoding", validation.MsgExpectedBase64String, "应为 Base64 文字", "请按 RFC 4648 编码",
		"it is to be base64", "encode it by RFC 4648"),
	ruleOf("enum", validation.MsgExpectedOneOf, "不在可选值之中：{}", "请改用其中之一",
		"it is none of the possible values: {}", "use one of them"),
	ruleOf("format date", validation.MsgExpectedRFC3339Date, "日期应写作 YYYY-MM-DD", "请改成如 2026-03-02 的写法",
		"a date is written YYYY-MM-DD", "write it like 2026-03-02"),
	ruleOf("format date-time", validation.MsgExpectedRFC3339DateTime, "时间应写作 2026-03-02T09:30:00+08:00（RFC 3339）",
		"请改正，并带时区", "a time is written 2026-03-02T09:30:00+08:00 (RFC 3339)", "correct it, with its zone"),
	ruleOf("format date-time", "invalid date/time for format %s", "时间应写作 2026-03-02T09:30:00+08:00（RFC 3339）",
		"请改正，并带时区", "a time is written 2026-03-02T09:30:00+08:00 (RFC 3339)", "correct it, with its zone"),
	ruleOf("order", msgOrder, "末日早于首日", "请把两个日期改正或对调", "the last day lies before the first",
		"correct the two days, or exchange them"),
	ruleOf("minLength", validation.MsgExpectedMinLength, "不足 {} 个字符", "请填写完整",
		"it has fewer characters than {}", "fill it in"),
	ruleOf("maxLength", validation.MsgExpectedMaxLength, "超过 {} 个字符", "请缩短",
		"it has more characters than {}", "shorten it"),
	ruleOf("minItems", validation.MsgExpectedMinItems, "至少要有 {} 项", "请补足",
		"it has fewer items than {}", "add some"),
	ruleOf("maxItems", validation.MsgExpectedMaxItems, "至多 {} 项", "请分几次提交", "it has more items than {}",
		"send several requests"),
	ruleOf("minProperties", validation.MsgExpectedMinProperties, "至少要有 {} 个成员", "请补足",
		"it has fewer members than {}", "add some"),
	ruleOf("maxProperties", validation.MsgExpectedMaxProperties, "至多 {} 个成员", "请减少",
		"it has more members than {}", "leave some out"),
	ruleOf("minimum", validation.MsgExpectedMinimumNumber, "不得小于 {}", "请改成不小于它的数",
		"it may not be less than {}", "write this number or a larger one"),
	ruleOf("maximum", validation.MsgExpectedMaximumNumber, "不得大于 {}", "请改成不大于它的数",
		"it may not be more than {}", "write this number or a smaller one"),
	ruleOf("pattern", validation.MsgExpectedMatchPattern, "不符合格式 {}", "请按此格式书写", "it is not of the form {}",
		"write it in that form"),
	ruleOf("pattern", validation.MsgExpectedBePattern, "应为{}", "请按此格式书写", "it is to be {}", "write it so"),
	ruleOf("uniqueItems", validation.MsgExpectedArrayItemsUnique, "有重复的项", "请只保留一个",
		"an item stands twice", "keep one"),
	ruleOf("json", errDuplicate.Error()+" at %s", "同一成员出现两次（行:列 {}）", "请只保留一个",
		"a member stands twice (line:column {})", "keep one"),
	ruleOf("json", errDeep.Error()+" at %s", "嵌套过深，至多 32 层（行:列 {}）", "请按接口说明书写",
		"it nests too deeply, 32 levels at most (line:column {})", "write it as the description says"),
	ruleOf("json", errUTF8.Error(), "含有不是 UTF-8 的字节", "请按 UTF-8 编码", "there are bytes that are not UTF-8",
		"encode it in UTF-8"),
	ruleOf("json", errSurrogate.Error(), "含有不成对的 \\u 代理码", "请成对书写，或直接写出该字符",
		"half of a \\u surrogate pair stands alone", "write both halves, or the character itself"),
	ruleOf("json", errTrailing.Error()+" at %s", "JSON 值之后还有多余的内容（行:列 {}）", "请只发送一个 JSON 值",
		"there is content after the value (line:column {})", "send one JSON value"),
	ruleOf("json", errSyntax.Error()+" at %s", "此处不是合法的 JSON（行:列 {}）", "请检查此处及其前的逗号、引号和括号",
		"this is no JSON (line:column {})", "look at commas, quotes and brackets here and before"),
	ruleOf("json", errCut.Error()+" at %s", "JSON 不完整，在此处中断（行:列 {}）", "请补全引号和括号，并核对请求是否发送完整",
		"the JSON ends early (line:column {})", "close quotes and brackets, and see that all of it was sent"),
}

// missing is a member that an operation needs though its description, shared with others, does not.
func missing(member string) error {
	return &huma.ErrorDetail{Location: "body", Message: fmt.Sprintf(validation.MsgExpectedRequiredProperty, member)}
}

// schemaDefect puts a finding of huma into our words. What it says of nothing we know is told without its own words,
// which may hold what was submitted.
func schemaDefect(code Code, e *huma.ErrorDetail) api.Defect {
	m := sentences[code]
	d := defect(string(code), m.zh, m.en)
	d.Path = pointer(e.Location)
	for i := range schemaRules {
		r := &schemaRules[i]
		found := r.message.FindStringSubmatch(e.Message)
		if found == nil {
			continue
		}
		named := strings.Join(found[1:], ", ")
		d.Keyword = strings.TrimSpace(r.rule + " " + named)
		place := partOf(e.Location)
		d.Zh = strings.NewReplacer("{}", named, "{name}", place.name, "{place}", place.zh).Replace(r.zh)
		d.En = strings.NewReplacer("{}", named, "{name}", place.name, "{place}", place.en).Replace(r.en)
		d.FixZh, d.FixEn = r.fixZh, r.fixEn
		if r.message == missingMember.message {
			d.Path += "/" + named
		}
		break
	}
	return d
}

// parameterPlace is where a parameter belongs, in words.
type parameterPlace struct{ name, zh, en string }

// partOf puts query.from and header.Idempotency-Key into words.
func partOf(location string) parameterPlace {
	where, name, _ := strings.Cut(location, ".")
	switch where {
	case "query":
		return parameterPlace{name, "查询参数", "query parameter"}
	case "header":
		return parameterPlace{name, "请求头", "header"}
	case "path":
		return parameterPlace{name, "路径参数", "path parameter"}
	}
	return parameterPlace{name, "参数", "parameter"}
}

// misfit is the problem of content that does not fit the description; nil if nothing was found.
func misfit(status int, found []error) *answer {
	code := codeOfStatus(status)
	a := &answer{api.Problem{Status: status}}
	for _, err := range found {
		e, ok := err.(*huma.ErrorDetail) //nolint:errorlint // huma adds no others and wraps none
		if !ok {
			e = &huma.ErrorDetail{}
		}
		a.Errors = append(a.Errors, schemaDefect(code, e))
	}
	if len(a.Errors) == 0 {
		return nil
	}
	return a.headline()
}

// parseMember reads one JSON value that huma did not read for us, by the same rules: strict JSON, and the schema of T.
func parseMember[T any](s *Server, data []byte) (*T, *answer) {
	var loose any
	if err := strictJSON.Unmarshal(data, &loose); err != nil {
		return nil, misfit(http.StatusBadRequest, []error{&huma.ErrorDetail{Location: "body", Message: err.Error()}})
	}
	registry := s.api.OpenAPI().Components.Schemas
	var res huma.ValidateResult
	schema := registry.Schema(reflect.TypeFor[T](), true, "")
	at := huma.NewPathBuffer([]byte("body"), len("body"))
	huma.Validate(registry, schema, at, huma.ModeWriteToServer, loose, &res)
	if bad := misfit(http.StatusUnprocessableEntity, res.Errors); bad != nil {
		return nil, bad
	}
	v := new(T)
	if err := json.Unmarshal(data, v); err != nil {
		return nil, codeProblem(CodeMalformed)
	}
	return v, nil
}
