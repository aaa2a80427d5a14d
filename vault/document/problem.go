package document

import (
	"errors"
	"strconv"
	"strings"

	"github.com/elicense/elicense/internal/page"
)

// Refusals.
var (
	ErrTemplate = errors.New("document: invalid template")
	ErrFont     = page.ErrFont
	ErrImage    = page.ErrImage
	ErrLicence  = errors.New("document: licence cannot be drawn")
	ErrNoFont   = page.ErrNoFont
	ErrNote     = errors.New("document: invalid note of a purpose-bound copy")
)

// Code is the stable code of a problem.
type Code string

// The codes.
const (
	CodeTooBig       Code = "file-too-big"
	CodeEncoding     Code = "not-utf8"
	CodeSyntax       Code = "not-yaml"
	CodeAlias        Code = "yaml-alias"
	CodeDepth        Code = "nested-too-deep"
	CodeFormat       Code = "format"
	CodeUnknownKey   Code = "unknown-key"
	CodeDuplicate    Code = "twice"
	CodeMissing      Code = "missing"
	CodeNotMapping   Code = "not-mapping"
	CodeNotList      Code = "not-list"
	CodeNotText      Code = "not-text"
	CodeNotLength    Code = "not-length"
	CodeNotBool      Code = "not-bool"
	CodeTooMany      Code = "too-many"
	CodeTooLong      Code = "too-long"
	CodeCharacters   Code = "characters"
	CodeChoice       Code = "unknown-value"
	CodeColor        Code = "color"
	CodeBox          Code = "box"
	CodeOutside      Code = "outside-page"
	CodeElement      Code = "element-name"
	CodeOverlap      Code = "overlap"
	CodeOtherElement Code = "element-of-no-field"
	CodeNotPhoto     Code = "element-kind"
)

// Problem is one thing wrong with a template.
type Problem struct {
	Code   Code
	Path   string // front.texts[2].box
	Line   int    // in the file, from 1; 0 if there is none
	Column int
	Found  string
	Want   string
}

// TemplateError is a refused template, with everything that is wrong with it.
type TemplateError struct{ Problems []Problem }

// Error lists places and codes.
func (e *TemplateError) Error() string {
	var b strings.Builder
	b.WriteString(ErrTemplate.Error())
	for i := range e.Problems {
		p := &e.Problems[i]
		b.WriteString("; ")
		if p.Line > 0 {
			b.WriteString("line " + strconv.Itoa(p.Line) + ": ")
		}
		if p.Path != "" {
			b.WriteString(p.Path + ": ")
		}
		b.WriteString(string(p.Code))
	}
	return b.String()
}

// Unwrap gives ErrTemplate.
func (e *TemplateError) Unwrap() error { return ErrTemplate }

// sentence is a message in both languages: what is wrong, and what to do.
type sentence struct{ zh, en string }

var sentences = map[Code]sentence{
	CodeTooBig:   {"模板文件过大；请精简", "the template is too big; shorten it"},
	CodeEncoding: {"不是 UTF-8 文本；请另存为 UTF-8", "not UTF-8 text; save it as UTF-8"},
	CodeSyntax: {
		"不是一个完整的 YAML 文档（{found}）；请检查缩进和引号",
		"not one YAML document ({found}); check indentation and quotes",
	},
	CodeAlias:      {"不允许锚点、引用和标签；请直接写出内容", "anchors, aliases and tags are not allowed; write it out"},
	CodeDepth:      {"嵌套过深；请按说明书的层次书写", "nested too deeply; keep to the levels of the manual"},
	CodeFormat:     {"格式标记不对（{found}）；应为 {want}", "wrong format mark ({found}); it must be {want}"},
	CodeUnknownKey: {"不认识的键“{found}”；可用：{want}", "unknown key \"{found}\"; known are {want}"},
	CodeDuplicate:  {"“{found}”重复；请只留一个", "\"{found}\" stands twice; keep one"},
	CodeMissing:    {"缺少此项；请补上", "this is missing; add it"},
	CodeNotMapping: {"此处应是“键: 值”；请改写成“键: 值”", "\"key: value\" is expected here; write it so"},
	CodeNotList:    {"此处应是列表；请写成以 - 开头的各行", "a list is expected here; write lines that begin with -"},
	CodeNotText:    {"此处应是文字；请填写，需要时加引号", "text is expected here; write it, in quotes if need be"},
	CodeNotLength: {
		"“{found}”不是此处的长度；请写 {want} 之间的毫米数",
		"\"{found}\" is no length for this place; write one of {want} in mm",
	},
	CodeNotBool:    {"此处应是 true 或 false；请改成其中之一", "true or false is expected here; write one of them"},
	CodeTooMany:    {"太多了（{found}）；最多 {want}", "too many ({found}); {want} at most"},
	CodeTooLong:    {"文字太长（{found}）；最多 {want} 个字", "the text is too long ({found}); {want} characters at most"},
	CodeCharacters: {"文字含有不可见字符；请去掉", "the text holds invisible characters; remove them"},
	CodeChoice:     {"不认识的值“{found}”；可用：{want}", "unknown value \"{found}\"; use one of {want}"},
	CodeColor:      {"“{found}”不是颜色；请写成 #RRGGBB", "\"{found}\" is no color; write it #RRGGBB"},
	CodeBox:        {"这不是方框；请写成 [左, 上, 宽, 高]，单位毫米", "this is no box; write [left, top, width, height] in mm"},
	CodeOutside:    {"方框超出页面；请移入 {want} 之内", "the box leaves the page; keep it within {want}"},
	CodeElement: {
		"“{found}”不是要素简称；请用 ZZBH、KZ_JYFW 这样的简称",
		"\"{found}\" is no element; use short names such as ZZBH or KZ_JYFW",
	},
	CodeOtherElement: {
		"此类证照没有要素“{found}”；请改用 {want} 之一", "licences of the type have no \"{found}\"; use one of {want}",
	},
	CodeNotPhoto: {
		"“{found}”放错了位置；请只在 photo 下放影像，其他要素放在别处",
		"\"{found}\" is in the wrong place; put images under photo, and nothing else there",
	},
	CodeOverlap: {"与 {want} 重叠；请移开", "overlaps {want}; move one of them"},
}

// Text says the problem in Chinese or, for "en", in English.
func (p Problem) Text(lang string) string {
	s := sentences[p.Code].zh
	if lang == "en" {
		s = sentences[p.Code].en
	}
	found := p.Found
	if r := []rune(found); len(r) > 60 {
		found = string(r[:60]) + "…"
	}
	return strings.NewReplacer("{found}", found, "{want}", p.Want).Replace(s)
}
