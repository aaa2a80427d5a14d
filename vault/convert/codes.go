package convert

import (
	"maps"
	"slices"
	"strings"

	"github.com/elicense/elicense/internal/rule"
	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault"
)

// Codes of what is wrong with a row, beside those of the sheet, of values and of the vault.
const (
	CodeRowShort     vault.Code = "row_short"         // fewer columns than a row must have
	CodeRowLong      vault.Code = "row_long"          // more columns
	CodeFormulaEmpty vault.Code = "formula_empty"     // a formula without a stored result
	CodeCellError    vault.Code = "cell_error"        // a formula's error
	CodeOtherIssuer  vault.Code = "row_other_issuer"  // 颁发机构代码 of another department
	CodeHolderKind   vault.Code = "row_holder_kind"   // 持证主体代码类型 cannot be told
	CodeNoMatch      vault.Code = "derived_no_match"  // the cell does not have the form that a derived element needs
	CodePartMissing  vault.Code = "derived_part"      // one of the cells that a value is put together from is empty
	CodeDitto        vault.Code = "cell_ditto"        // 同上 in place of a value
	CodeRowTooLarge  vault.Code = "row_too_large"     // values beyond what a record holds
	CodePhotoMissing vault.Code = "row_photo_missing" // the sheet names an image file that is not there
	CodePhotoSeveral vault.Code = "row_photo_several" // more than one image file for an element
	CodeScanRefused  vault.Code = "row_scan_refused"  // a scan of the row cannot be used
)

// Codes of notes: what was done to a value beyond what package normal says.
const (
	CodeRowHidden    vault.Code = "row_hidden"        // the sheet does not show the row
	CodeFormulaValue vault.Code = "formula_value"     // the stored result of a formula was taken
	CodeReplaced     vault.Code = "mapping_replaced"  // by the column's values
	CodeUnit         vault.Code = "mapping_unit"      // the column's unit was added
	CodeDateOrder    vault.Code = "mapping_dateorder" // day and month were told apart by the mapping
	CodeDecimal      vault.Code = "mapping_decimal"   // a decimal comma
)

// Codes of what is wrong with a mapping file.
const (
	CodeMappingSize         vault.Code = "mapping_too_big"
	CodeMappingEncoding     vault.Code = "mapping_encoding"
	CodeMappingSyntax       vault.Code = "mapping_syntax"
	CodeMappingAlias        vault.Code = "mapping_alias"
	CodeMappingText         vault.Code = "mapping_text"
	CodeMappingShape        vault.Code = "mapping_shape"
	CodeMappingTwice        vault.Code = "mapping_twice"
	CodeMappingFormat       vault.Code = "mapping_format"
	CodeMappingKey          vault.Code = "mapping_unknown_key"
	CodeMappingValue        vault.Code = "mapping_value"
	CodeMappingElement      vault.Code = "mapping_element"
	CodeMappingElementTwice vault.Code = "mapping_element_twice"
	CodeMappingIssued       vault.Code = "mapping_issue_date"
	CodeMappingReason       vault.Code = "mapping_reason"
	CodeMappingMatch        vault.Code = "mapping_match"
	CodeMappingTemplate     vault.Code = "mapping_template"
	CodeMappingOptional     vault.Code = "mapping_optional"
	CodeMappingType         vault.Code = "mapping_other_type"
	CodeMappingDepartment   vault.Code = "mapping_other_department"
)

// Codes of what is wrong with a sheet's headings.
const (
	CodeHeadingNone      vault.Code = "heading_not_found"
	CodeHeadingSheet     vault.Code = "heading_sheet"     // there is no such sheet
	CodeHeadingMissing   vault.Code = "heading_missing"   // the mapping names a heading that the sheet lacks
	CodeHeadingAmbiguous vault.Code = "heading_ambiguous" // several columns, or several elements
	CodeHeadingElement   vault.Code = "heading_element"   // a mandatory element has no column
	CodeHeadingUnmapped  vault.Code = "heading_unmapped"  // strict: nothing is said of a column
	CodeHeadingUnit      vault.Code = "heading_unit"      // the heading names a unit that the mapping does not
	CodeHeadingConstant  vault.Code = "heading_constant"  // a constant that the type refuses
)

// sentence says in both languages what is wrong and what to do; {found} and {want} are filled in.
type sentence struct {
	zh, en string
	rule   rule.Rule
}

var sentences = map[vault.Code]sentence{
	CodeRowShort: {
		"本行只有{found}列，应有{want}列，内容可能错位；请补齐缺少的单元格，改好后清空本行“错误码”",
		"the row has {found} columns instead of {want}, so values may have moved; " +
			"complete it and clear its error code",
		rule.Row,
	},
	CodeRowLong: {
		"本行有{found}列，应有{want}列，内容可能错位；请检查是否有多余的分隔符或错位的单元格",
		"the row has {found} columns instead of {want}, so values may have moved; " +
			"look for a surplus delimiter or cell",
		rule.Row,
	},
	CodeFormulaEmpty: {
		"单元格是公式而没有结果；请重新计算后保存，或粘贴为数值",
		"a formula without a result; recalculate and save, or paste it as a value",
		rule.Row,
	},
	CodeCellError: {
		"单元格是公式错误“{found}”；请改正公式或填写数值",
		"the cell shows the error {found}; correct the formula or write the value",
		rule.Row,
	},
	CodeOtherIssuer: {
		"颁发机构代码“{found}”不是本机构（{want}）；请由该机构导入，或更正代码",
		"the issuer {found} is not this department ({want}); let that department convert it, or correct the code",
		rule.IssuedByAuthority,
	},
	CodeHolderKind: {
		"不能判断持证主体代码类型；请增加“证件类型”列，或在映射中用 holderKind 写明",
		"the kind of the holder's code cannot be told; add a column for it, or state holderKind in the mapping",
		rule.Metadata,
	},
	CodeNoMatch: {
		"“{found}”不符合映射中推导所要求的格式；请按同列其他行的写法填写",
		"{found} does not have the form that the mapping derives a value from; write it as other rows do",
		rule.Mapping,
	},
	CodePartMissing: {
		"“{found}”是空的，而此项由几列（{want}）拼成；请补填",
		"{found} is empty, and the value is put together from {want}; fill it in",
		rule.Mapping,
	},
	CodeDitto: {
		"“{found}”不是值，排序后就不知道指哪一行；请写出它所指的内容",
		"{found} is no value, and stands for another one once the rows are sorted; write out what it stands for",
		rule.Row,
	},
	CodeRowTooLarge: {
		"本行内容过长，超出一份证照的上限；请缩短最长的一列",
		"the row holds more than one licence can; shorten its longest value",
		rule.TextForm,
	},
	CodePhotoMissing: {
		"没有这个影像文件（{found}）；请用 --photos 给出它所在的目录或 ZIP，或更正文件名",
		"there is no image file {found}; name its directory or ZIP with --photos, or correct the name",
		rule.Photos,
	},
	CodePhotoSeveral: {
		"有 {found} 个影像文件与本行对应；请只留一个",
		"{found} image files belong to this row; leave one",
		rule.Photos,
	},
	CodeScanRefused: {
		"本行的扫描件不能使用（{found}）；请重新扫描",
		"a scan of the row cannot be used ({found}); scan it again",
		rule.Scans,
	},

	CodeRowHidden: {
		"表中此行是隐藏的（或被筛选隐藏），已照常处理；请核对是否已作废",
		"the sheet hides this row, or a filter does; it was worked as any other: see whether it was crossed out",
		rule.Row,
	},
	CodeFormulaValue: {
		"取公式已保存的结果“{found}”；请核对该结果是否最新",
		"took the stored result {found} of a formula; see that it is up to date",
		rule.Row,
	},
	CodeReplaced: {
		"按映射替换：“{found}”→“{want}”；不用改",
		"replaced as the mapping says: {found} became {want}; nothing to do",
		rule.Mapping,
	},
	CodeUnit: {
		"按映射补单位：{found} → {want}；不用改",
		"unit of the mapping added: {found} became {want}; nothing to do",
		rule.Mapping,
	},
	CodeDateOrder: {
		"按映射的日期顺序：{found} → {want}；不用改",
		"date read in the order of the mapping: {found} became {want}; nothing to do",
		rule.Mapping,
	},
	CodeDecimal: {
		"小数逗号改为小数点：{found} → {want}；不用改",
		"decimal comma: {found} became {want}; nothing to do",
		rule.Mapping,
	},

	CodeMappingSize: {
		"映射文件过大（{found}）；请只写需要的列",
		"the mapping file is too big ({found}); write only the columns that matter",
		rule.Mapping,
	},
	CodeMappingEncoding: {
		"映射文件不是 UTF-8；请以 UTF-8 保存",
		"the mapping file is not UTF-8; save it so",
		rule.Mapping,
	},
	CodeMappingSyntax: {
		"映射文件不是有效的 YAML：{found}；请检查该行的缩进、冒号后的空格和引号",
		"the mapping file is no valid YAML: {found}; check indentation, the space after colons and quotes on that line",
		rule.Mapping,
	},
	CodeMappingAlias: {
		"映射文件不能使用锚点、别名或标签；请直接写出",
		"a mapping has no anchors, aliases or tags; write it out",
		rule.Mapping,
	},
	CodeMappingText: {
		"文字过长或含有不可见字符；请缩短，并重新键入这段文字",
		"a text is too long or holds characters that cannot be seen; shorten it and type it anew",
		rule.Mapping,
	},
	CodeMappingShape: {
		"此处的写法不是该项所要的（文字、列表或“键: 值”）；请按 docs/convert.md 的例子书写",
		"what stands here is not of the form that the key takes (text, list or key: value); write it like the " +
			"example of docs/convert.md",
		rule.Mapping,
	},
	CodeMappingTwice: {"“{found}”出现两次；请删去一个", "{found} stands there twice; remove one", rule.Mapping},
	CodeMappingFormat: {
		"映射文件没有格式标记；请在第一行写 format: " + MappingFormat,
		"the mapping has no format mark; begin it with the line format: " + MappingFormat,
		rule.Mapping,
	},
	CodeMappingKey: {
		"没有“{found}”这一项；请参照 docs/convert.md",
		"there is no key {found}; see docs/convert.md",
		rule.Mapping,
	},
	CodeMappingValue: {
		"“{found}”不是这一项允许的值；请参照 docs/convert.md",
		"{found} is not allowed here; see docs/convert.md",
		rule.Mapping,
	},
	CodeMappingElement: {
		"“{found}”不是该类证照的要素；可用：{want}",
		"{found} is no element of the type; there are {want}",
		rule.Mapping,
	},
	CodeMappingElementTwice: {
		"要素“{found}”有两个来源；请只留一个",
		"the element {found} has two sources; keep one",
		rule.Mapping,
	},
	CodeMappingIssued: {
		"“{found}”是注册（成立）日期，不能直接当作颁发日期；确需使用时请写在 derived 中并说明理由",
		"{found} is a day of registration, not of issue; if it must serve, put it under derived with the reason",
		rule.Mapping,
	},
	CodeMappingReason: {
		"推导的要素没有写明来源列或理由；请补上 from 和 reason",
		"a derived element lacks its column or its reason; add from and reason",
		rule.Mapping,
	},
	CodeMappingMatch: {
		"match 与 to 没有成对，或 match 不是有效的正则表达式，或用于几列；请两项都写，match 用 RE2 语法且只用于一列",
		"match and to do not go together, or match is no valid expression, or is for several columns; write both, " +
			"match in RE2 syntax and for one column",
		rule.Mapping,
	},
	CodeMappingTemplate: {
		"to 中的“{found}”不对：$1、$2 是第几组（from 有几列时是第几列，每列都要用到）；美元符号写作 $$",
		"{found} is not right in to: $1, $2 are groups of match, or columns where from has several, each of which is " +
			"used; write $$ for a dollar sign",
		rule.Mapping,
	},
	CodeMappingOptional: {
		"optional 中的“{found}”不对；optional 只写 from 中的列，from 至少两列，且不能列全",
		"{found} does not belong under optional; it names columns of a from with several, and not all of them",
		rule.Mapping,
	},
	CodeMappingType: {
		"映射是为类型“{found}”保存的，不是“{want}”；请换用对应的映射",
		"the mapping was saved for type {found}, not {want}; take the mapping of this type",
		rule.Mapping,
	},
	CodeMappingDepartment: {
		"映射写明的机构“{found}”不是本机构；请换用本机构的映射，或更正机构代码",
		"the mapping names department {found}, which is not this one; take the mapping of this department, or " +
			"correct the code",
		rule.Mapping,
	},

	CodeHeadingNone: {
		"各工作表的前20行中找不到表头；请用 --sheet（或映射中的 sheet）写明工作表、在映射中用 heading 写明行号",
		"no heading among the first 20 rows of any sheet; name the sheet with --sheet, or sheet in the mapping, " +
			"and the row with heading in the mapping",
		rule.Mapping,
	},
	CodeHeadingSheet: {
		"没有工作表“{found}”；有这些：{want}",
		"there is no sheet {found}; there are: {want}",
		rule.Mapping,
	},
	CodeHeadingMissing: {
		"表中没有“{found}”列；请在映射中改用表中的列名，相近的有：{want}",
		"the sheet has no column {found}; name a heading of the sheet in the mapping, near to it are: {want}",
		rule.Mapping,
	},
	CodeHeadingAmbiguous: {
		"“{found}”有多种可能：{want}；请在映射中写明",
		"{found} can mean several things: {want}; say which in the mapping",
		rule.Mapping,
	},
	CodeHeadingElement: {
		"必填要素“{found}”没有对应的列；请在映射中写明它在哪一列，或用 constant 写明固定值；尚未使用的列：{want}",
		"the mandatory element {found} has no column; name its column in the mapping, or a fixed value under " +
			"constant; columns not used: {want}",
		rule.Mapping,
	},
	CodeHeadingUnmapped: {
		"“{found}”列没有说明用途；请映射或列入 ignore",
		"nothing is said of column {found}; map it or ignore it",
		rule.Mapping,
	},
	CodeHeadingUnit: {
		"“{found}”列带有单位；请在映射中用 unit 写明（例如 {want}）",
		"column {found} names a unit; state it with unit in the mapping, as {want}",
		rule.Mapping,
	},
	CodeHeadingConstant: {
		"常量“{found}”不符合该要素的规则；请在 constant 中改正：{want}",
		"the constant {found} breaks the rules of its element; correct it under constant: {want}",
		rule.Mapping,
	},
}

// Codes are all codes of this package, in order.
func Codes() []vault.Code { return slices.Sorted(maps.Keys(sentences)) }

// RuleOf is the rule behind a code of this package; zero for codes of others.
func RuleOf(c vault.Code) rule.Rule { return sentences[c].rule }

// Sentence says what a code of this package means and what to do, with {found} and {want} in it; empty for codes of
// others.
func Sentence(c vault.Code) (zh, en string) { return sentences[c].zh, sentences[c].en }

// say fills a code's sentences.
func say(c vault.Code, found, want string) (zh, en string) {
	s, ok := sentences[c]
	if !ok {
		return string(c), string(c)
	}
	noneZh, noneEn := want, want
	if want == "" {
		noneZh, noneEn = "无", "none"
	}
	zh = strings.NewReplacer("{found}", clip(found), "{want}", noneZh).Replace(s.zh)
	return zh, strings.NewReplacer("{found}", clip(found), "{want}", noneEn).Replace(s.en)
}

// clip shortens what is quoted in a sentence.
func clip(s string) string {
	const most = 60
	n := 0
	for i := range s {
		if n == most {
			return s[:i] + "…"
		}
		n++
	}
	return s
}

// said fills in the sentences of a problem.
func (p MappingProblem) said() MappingProblem {
	p.Zh, p.En = say(p.Code, p.Found, p.Want)
	return p
}

// sheetSentence is the wording of the sheet codec.
func sheetSentence(c sheet.Code) (zh, en string) {
	what, fix := c.Message("zh")
	whatEn, fixEn := c.Message("en")
	return what + "；" + fix, whatEn + "; " + fixEn
}
