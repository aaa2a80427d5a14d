package catalogue

import (
	"maps"
	"slices"

	"github.com/elicense/elicense/internal/rule"
)

// Codes of problems with the file itself.
const (
	CodeTooBig     Code = "type_too_big"
	CodeEncoding   Code = "type_encoding"
	CodeSyntax     Code = "type_syntax"
	CodeDocuments  Code = "type_documents"
	CodeAlias      Code = "type_alias"
	CodeTag        Code = "type_tag"
	CodeDepth      Code = "type_depth"
	CodeNotMapping Code = "type_not_mapping"
	CodeNotList    Code = "type_not_list"
	CodeNotText    Code = "type_not_text"
	CodeNotNumber  Code = "type_not_number"
	CodeNotBool    Code = "type_not_bool"
	CodeUnknownKey Code = "type_unknown_key"
	CodeDuplicate  Code = "type_duplicate"
	CodeMissing    Code = "type_missing"
	CodeFormat     Code = "type_format"
	CodeTooMany    Code = "type_too_many"
	CodeTooLong    Code = "type_too_long"
	CodeCharacters Code = "type_characters"
)

// Codes of problems with what a definition says.
const (
	CodeTypeCode       Code = "type_code"
	CodeAuthorityCode  Code = "type_authority_code"
	CodeOtherAuthority Code = "type_other_authority"
	CodeUnknownValue   Code = "type_unknown_value"
	CodeHolderCodes    Code = "type_holder_codes"
	CodeNoBasis        Code = "type_no_basis"
	CodeName           Code = "type_name"
	CodeReserved       Code = "type_reserved"
	CodeHeadingTwice   Code = "type_heading_twice"
	CodeRuleKind       Code = "type_rule_kind"
	CodeRuleRange      Code = "type_rule_range"
	CodePattern        Code = "type_pattern"
	CodeDate           Code = "type_date"
	CodeNumberText     Code = "type_number"
	CodeValidity       Code = "type_validity"
	CodeNumbering      Code = "type_numbering"
	CodeReason         Code = "type_reason"
	CodeVersion        Code = "type_version"
)

// Codes of changes that a new version may not make.
const (
	CodeDiffType    Code = "diff_other_type"
	CodeDiffVersion Code = "diff_version"
	CodeDiffRemoved Code = "diff_field_removed"
	CodeDiffKind    Code = "diff_kind_changed"
)

// Codes of problems with values, beside those of package normal.
const (
	CodeValueMissing   Code = "value_missing"
	CodeValueUnknown   Code = "value_unknown_field"
	CodeValueNotNormal Code = "value_not_normal"
	CodeValueShort     Code = "value_too_short"
	CodeValueLong      Code = "value_too_long"
	CodeValuePattern   Code = "value_pattern"
	CodeValueEnum      Code = "value_not_listed"
	CodeValueMin       Code = "value_below_min"
	CodeValueMax       Code = "value_above_max"
	CodeValueFuture    Code = "value_after_today"
	CodeValueToday     Code = "value_today_unknown"
	CodeValueOpen      Code = "value_open_date"
	CodeValueImage     Code = "value_image"
	CodeImageBytes     Code = "value_image_bytes"
	CodeImageKind      Code = "value_image_kind"
	CodeImagePixels    Code = "value_image_pixels"
	CodeValueOrder     Code = "value_date_order"
	CodeValueValidity  Code = "value_validity"
	CodeValueHolder    Code = "value_holder_type"
	CodeValueHolders   Code = "value_holder_count"
)

// Codes gives every code of this package, sorted.
func Codes() []Code { return slices.Sorted(maps.Keys(messages)) }

// Rule is the rule behind a code of this package; zero for codes of others.
func (c Code) Rule() rule.Rule { return messages[c].rule }

type message struct {
	zh, en, fixZH, fixEN string
	rule                 rule.Rule
}

// messages is the wording of each code: {found} and {want} are filled in.
var messages = map[Code]message{
	CodeTooBig: {
		"文件太大（{found}）", "the file is too big ({found})",
		"不要超过 {want}", "keep it within {want}", rule.TypeFile,
	},
	CodeEncoding: {
		"文件不是 UTF-8 文本", "the file is not UTF-8 text",
		"另存为 UTF-8 编码", "save it as UTF-8", rule.TypeFile,
	},
	CodeSyntax: {
		"不是有效的 YAML：{found}", "not valid YAML: {found}",
		"检查该行的缩进、冒号后的空格和引号", "check indentation, the space after colons and quotes on that line", rule.TypeFile,
	},
	CodeDocuments: {
		"文件必须只有一个 YAML 文档", "the file must hold exactly one YAML document",
		"每个证照类型一个文件，去掉 --- 分隔", "one file per licence type, without --- between", rule.TypeFile,
	},
	CodeAlias: {
		"不允许使用 YAML 锚点和引用（{found}）", "YAML anchors and aliases are not allowed ({found})",
		"把内容直接写在此处", "write the content out here", rule.TypeFile,
	},
	CodeTag: {
		"不允许使用 YAML 类型标签（{found}）", "YAML tags are not allowed ({found})",
		"去掉以 ! 开头的标签", "remove the tag that begins with !", rule.TypeFile,
	},
	CodeDepth: {
		"嵌套过深", "nested too deeply",
		"按说明书的层次书写", "keep to the levels of the manual", rule.TypeFile,
	},
	CodeNotMapping: {
		"此处应是“键: 值”的组", "a group of \"key: value\" is expected here",
		"改写成“键: 值”", "write it as \"key: value\"", rule.TypeFile,
	},
	CodeNotList: {
		"此处应是列表", "a list is expected here",
		"写成以 - 开头的各行，或 [甲, 乙]", "write lines that begin with -, or [a, b]", rule.TypeFile,
	},
	CodeNotText: {
		"此处应是文字，不能是空值、true 或 false", "text is expected here, not null, true or false",
		"填写文字；需要时加引号", "write text, in quotes if need be", rule.TypeFile,
	},
	CodeNotNumber: {
		"此处应是 0 到 {want} 的整数，却是“{found}”", "a whole number from 0 to {want} is expected, not \"{found}\"",
		"改成整数", "write a whole number", rule.TypeFile,
	},
	CodeNotBool: {
		"此处应是 true 或 false，却是“{found}”", "true or false is expected, not \"{found}\"",
		"改成 true 或 false", "write true or false", rule.TypeFile,
	},
	CodeUnknownKey: {
		"不认识的键“{found}”", "unknown key \"{found}\"",
		"可用的键：{want}", "known keys: {want}", rule.TypeFile,
	},
	CodeDuplicate: {
		"“{found}”重复", "\"{found}\" appears twice",
		"只保留一个", "keep one of them", rule.TypeFile,
	},
	CodeMissing: {"缺少此项", "this is missing", "补上此项", "add it", rule.TypeEntry},
	CodeFormat: {
		"文件格式标记是“{found}”", "the format mark is \"{found}\"",
		"第一行写 format: {want}", "begin the file with format: {want}", rule.TypeFile,
	},
	CodeTooMany: {
		"数量 {found} 超过上限", "{found} are too many",
		"不要超过 {want} 个", "keep to {want} at most", rule.TypeFile,
	},
	CodeTooLong: {
		"太长（{found}）", "too long ({found})",
		"不要超过 {want}", "keep it within {want}", rule.TypeFile,
	},
	CodeCharacters: {
		"含有不可见或控制字符", "it holds invisible or control characters",
		"重新键入这段文字", "type the text anew", rule.TypeFile,
	},
	CodeTypeCode: {
		"证照类型代码“{found}”无效", "licence type code \"{found}\" is invalid",
		"21 位：证照定义机构的统一社会信用代码加 3 位顺序码（001 至 999）{want}",
		"21 characters: USCC of the defining authority and 3 digits from 001 to 999{want}", rule.TypeEntry,
	},
	CodeAuthorityCode: {
		"证照定义机构代码“{found}”不是有效的统一社会信用代码", "authority code \"{found}\" is not a sound USCC",
		"核对 18 位代码{want}", "check the 18 characters{want}", rule.CreditCode,
	},
	CodeOtherAuthority: {
		"证照类型代码不是由该定义机构的代码开头", "the type code does not begin with the code of the authority",
		"应以 {want} 开头", "it should begin with {want}", rule.TypeEntry,
	},
	CodeUnknownValue: {
		"不认识的值“{found}”", "unknown value \"{found}\"",
		"可用的值：{want}", "known values: {want}", rule.TypeFile,
	},
	CodeHolderCodes: {
		"持证主体代码类型“{found}”与持证主体类别不符", "holder code type \"{found}\" does not go with the holder kinds",
		"法人用 001、099，自然人用 111 等", "001 and 099 for legal persons, 111 and others for natural ones", rule.Metadata,
	},
	CodeNoBasis: {
		"没有法律依据", "no legal basis",
		"在 basis 下写明文件名称和条款", "name document and article under basis", rule.TypeEntry,
	},
	CodeName: {
		"短名“{found}”不合规则", "short name \"{found}\" breaks the rule",
		"{want}", "{want}", rule.Metadata,
	},
	CodeReserved: {
		"“{found}”是 GB/T 36903 元数据的短名", "\"{found}\" is a metadata name of GB/T 36903",
		"业务字段用 KZ_ 开头的短名；元数据的别名写在 metadata 下",
		"begin business fields with KZ_; put other headings of metadata under metadata", rule.Metadata,
	},
	CodeHeadingTwice: {
		"列名“{found}”也是 {want} 的列名", "heading \"{found}\" also belongs to {want}",
		"一个列名只能对应一个字段", "let each heading belong to one field", rule.TypeFile,
	},
	CodeRuleKind: {
		"此规则不适用于这种字段（{found}）", "this rule is not for this kind of field ({found})",
		"去掉此规则或改字段种类", "remove the rule or change the kind", rule.TypeFile,
	},
	CodeRuleRange: {
		"下限大于上限", "the lower bound is above the upper",
		"对调或改正", "swap or correct them", rule.TypeFile,
	},
	CodePattern: {
		"正则表达式无效：{found}", "invalid regular expression: {found}",
		"使用 RE2 语法，不超过 {want} 字节", "use RE2 syntax, at most {want} bytes", rule.TypeFile,
	},
	CodeDate: {
		"“{found}”不是日期", "\"{found}\" is not a date",
		"写成 2016-05-31", "write it as 2016-05-31", rule.CalendarDate,
	},
	CodeNumberText: {
		"“{found}”不是十进制数", "\"{found}\" is not a decimal number",
		"写成 1234.5，不用千分号、单位和多余的零", "write it as 1234.5, without separators, units and spare zeros", rule.TypeFile,
	},
	CodeValidity: {
		"有效期“{found}”看不懂", "validity \"{found}\" is not understood",
		"写成 3年^5年^长期；单位年、月、日，“不超过”写 ≤6年", "write 3年^5年^长期 with 年, 月, 日; \"at most\" is ≤6年", rule.TypeEntry,
	},
	CodeNumbering: {
		"编号规则无效：{found}", "invalid numbering rule: {found}",
		"请改为：{want}", "make it: {want}", rule.Numbers,
	},
	CodeReason: {
		"敏感、涉密类型必须写明理由和决定日期", "sensitive and secret types need a reason and the day of the decision",
		"补上 reason 和 decided", "add reason and decided", rule.SecretStaysOut,
	},
	CodeVersion: {
		"版本号“{found}”无效", "version \"{found}\" is invalid",
		"1 至 {want}", "1 to {want}", rule.TypeVersions,
	},
	CodeDiffType: {
		"不是同一证照类型", "not the same licence type",
		"类型代码和定义机构不能改；另建类型", "code and authority cannot change; define another type", rule.TypeVersions,
	},
	CodeDiffVersion: {
		"新版本号是 {found}", "the new version is {found}",
		"应为 {want}", "it must be {want}", rule.TypeVersions,
	},
	CodeDiffRemoved: {
		"新版本去掉了字段 {found}", "the new version drops field {found}",
		"保留字段；不再需要时去掉必填", "keep the field; make it optional if it is no longer needed", rule.TypeVersions,
	},
	CodeDiffKind: {
		"新版本把字段种类由 {want} 改成了 {found}", "the new version changes the kind from {want} to {found}",
		"种类不能改；另增字段", "a kind cannot change; add another field", rule.TypeVersions,
	},
	CodeValueMissing: {
		"缺少必填项“{want}”", "required \"{want}\" is missing",
		"补填此项", "fill it in", rule.Metadata,
	},
	CodeValueUnknown: {
		"此类型没有字段“{found}”", "the type has no field \"{found}\"",
		"去掉该值，或在类型的新版本中增加字段", "leave it out, or add the field in a new version of the type", rule.Metadata,
	},
	CodeValueNotNormal: {
		"值不是规范形式", "the value is not in its normal form",
		"应写成“{want}”", "write it as \"{want}\"", rule.Normalised,
	},
	CodeValueShort: {
		"“{found}”太短", "\"{found}\" is too short",
		"至少 {want} 个字符", "at least {want} characters", rule.TypeRules,
	},
	CodeValueLong: {
		"“{found}”太长", "\"{found}\" is too long",
		"最多 {want} 个字符", "at most {want} characters", rule.TypeRules,
	},
	CodeValuePattern: {
		"“{found}”不合格式", "\"{found}\" does not have the form",
		"格式：{want}", "form: {want}", rule.TypeRules,
	},
	CodeValueEnum: {
		"“{found}”不在允许的值中", "\"{found}\" is not one of the allowed values",
		"允许的值：{want}", "allowed values: {want}", rule.TypeRules,
	},
	CodeValueMin: {
		"“{found}”小于（早于）下限", "\"{found}\" is below the lower bound",
		"不小于（早于）{want}", "not below {want}", rule.TypeRules,
	},
	CodeValueMax: {
		"“{found}”大于（晚于）上限", "\"{found}\" is above the upper bound",
		"不大于（晚于）{want}", "not above {want}", rule.TypeRules,
	},
	CodeValueFuture: {
		"“{found}”在今天之后", "\"{found}\" lies after today",
		"不晚于 {want}", "not after {want}", rule.DayOrder,
	},
	CodeValueToday: {
		"无法判断日期是否已到", "it cannot be told whether the day has come",
		"调用方须给出当天日期", "the caller must give today's date", rule.DayOrder,
	},
	CodeValueOpen: {
		"此日期不能是“长期”", "this date cannot be open-ended",
		"填写具体日期", "give a day", rule.TypeRules,
	},
	CodeValueImage: {
		"不是影像（{found}）", "not an image ({found})",
		"给出影像文件，或影像内容的 SM3（64 位小写十六进制）",
		"give the file of the image, or the SM3 of its content in lower-case hexadecimal", rule.Image,
	},
	CodeImageBytes: {
		"影像为空或过大（{found} 字节）", "an image that is empty or too large ({found} bytes)",
		"不超过 {want} 字节", "at most {want} bytes", rule.Image,
	},
	CodeImageKind: {
		"影像不是完整的 JPEG 或 PNG", "the image is no whole JPEG or PNG",
		"重新拍摄或另存为 JPEG、PNG", "take it again, or save it as JPEG or PNG", rule.Image,
	},
	CodeImagePixels: {
		"影像的像素太少或太多（{found}）", "an image of too few or too many pixels ({found})",
		"每边至少 32 像素，总共不超过 1600 万", "at least 32 on each side, 16 million at most in all", rule.Image,
	},
	CodeValueOrder: {
		"“{found}”早于起始或颁发日期 {want}", "\"{found}\" lies before the day of start or issue, {want}",
		"核对两个日期", "check the two dates", rule.DayOrder,
	},
	CodeValueValidity: {
		"有效期（{found}）不是此类型允许的期限", "the validity ({found}) is not one the type allows",
		"允许的期限：{want}", "allowed: {want}", rule.TypeRules,
	},
	CodeValueHolder: {
		"持证主体代码类型“{found}”不能持有此类证照", "holder code type \"{found}\" cannot hold this licence",
		"允许：{want}", "allowed: {want}", rule.Metadata,
	},
	CodeValueHolders: {
		"持证主体与代码的个数不同（{found}）", "holders and their codes differ in number ({found})",
		"每个持证主体一个代码，用 ^ 分隔", "one code for each holder, with ^ between", rule.Metadata,
	},
}
