package catalogue

import (
	"strings"
	"unicode"
)

// metadata are the elements of GB/T 36903 that a source can bring. The order is that of Compiled.Columns.
var metadata = []Meta{
	{
		Name: MetaNumber, Label: "证照编号", English: "certificateNumber", Kind: KindCode, Format: FormatPlain,
		Required: true,
		Synonyms: []string{
			"编号", "证号", "证书编号", "证件编号", "证书号", "证照号码", "证照号", "许可证编号", "许可证号", "许可证号码", "批准文号",
			"发证编号", "证件号",
		},
	},
	{
		Name: MetaName, Label: "证照名称", English: "certificateName", Kind: KindText,
		Synonyms: []string{"证书名称", "证件名称", "许可证名称"},
	},
	{
		Name: MetaHolder, Label: "持证主体", English: "certificateHolderName", Kind: KindText, Format: FormatOrgName,
		Required: true, Personal: true,
		Synonyms: []string{
			"持证主体名称", "持证人", "持证者", "持有人", "单位名称", "企业名称", "机构名称", "公司名称", "法人名称", "主体名称", "姓名",
			"单位", "企业", "被许可人", "申请人", "业户名称", "经营者名称", "名称",
		},
	},
	{
		Name: MetaHolderCode, Label: "持证主体代码", English: "certificateHolderCode", Kind: KindCode, Format: FormatPlain,
		Personal: true,
		Synonyms: []string{
			"统一社会信用代码", "社会信用代码", "信用代码", "统一信用代码", "统一代码", "机构代码", "组织机构代码", "身份证号", "身份证号码",
			"公民身份号码", "身份证件号码", "持证人身份证号", "证件号码", "有效证件号码", "持证主体证件号码",
		},
	},
	{
		Name: MetaHolderCodeType, Label: "持证主体代码类型代码", English: "certificateHolderTypeCode", Kind: KindCode,
		Format:   FormatPlain,
		Synonyms: []string{"持证主体代码类型", "证件类型", "证件类型代码", "证件种类", "身份证件类型"},
	},
	{
		Name: MetaIssued, Label: "证照颁发日期", English: "certificateIssuedDate", Kind: KindDate, Required: true,
		Synonyms: []string{
			"颁发日期", "发证日期", "签发日期", "颁证日期", "发放日期", "核发日期", "填发日期", "发证时间", "颁发时间", "签发时间", "制证日期",
		},
	},
	{
		Name: MetaFrom, Label: "证照有效期起始日期", English: "certificateEffectiveDate", Kind: KindDate,
		Synonyms: []string{
			"有效期起", "有效期自", "有效期起始日期", "有效期开始日期", "有效期始", "有效期限自", "有效期起始", "生效日期", "起始日期", "有效开始日期",
			"有效起始日期", "有效期起始时间", "有效期(起)", "有效期限(起)",
		},
	},
	{
		Name: MetaUntil, Label: "证照有效期截止日期", English: "certificateExpiringDate", Kind: KindDate,
		Synonyms: []string{
			"有效期止", "有效期至", "有效期截止日期", "有效期结束日期", "有效期终", "有效期限至", "有效期截止", "失效日期", "截止日期", "到期日期", "到期日",
			"有效截止日期", "有效期截止时间", "有效期到", "有效期(止)", "有效期(至)", "有效期限(止)",
		},
	},
	{
		Name: MetaIssuer, Label: "证照颁发机构", English: "certificateIssuingAuthorityName", Kind: KindText,
		Format: FormatOrgName, Required: true,
		Synonyms: []string{"发证机关", "颁发机构", "发证单位", "颁证机关", "签发机关", "发证部门", "颁发机关", "核发机关", "发证机构", "许可机关"},
	},
	{
		Name: MetaIssuerCode, Label: "证照颁发机构代码", English: "certificateIssuingAuthorityCode", Kind: KindCode,
		Format: FormatUSCC, Required: true,
		Synonyms: []string{"发证机关代码", "颁发机构代码", "发证单位代码", "发证机构代码", "许可机关统一社会信用代码", "发证机关统一社会信用代码"},
	},
	{
		Name: MetaIdentifier, Label: "证照标识", English: "certificateIdentifier", Kind: KindCode, Format: FormatIdentifier,
		Synonyms: []string{"电子证照标识", "证照标识码", "电子证照标识码", "电子证照编码"},
	},
}

// Metadata gives the metadata elements of GB/T 36903 that a source can bring, with the headings seen for them in
// ledgers.
func Metadata() []Meta {
	out := make([]Meta, len(metadata))
	for i := range metadata {
		out[i] = metadata[i]
		out[i].Synonyms = append([]string(nil), metadata[i].Synonyms...)
	}
	return out
}

func metaNames() []string {
	out := make([]string, len(metadata))
	for i := range metadata {
		out[i] = metadata[i].Name
	}
	return out
}

// NormaliseHeading gives the form in which column headings are matched: full width made half, small letters made
// capitals, spaces, line breaks and punctuation left out, brackets kept. 发 证 日 期：, ＊发证日期 and 发证日期 are one heading.
func NormaliseHeading(s string) string {
	const widthOffset = 0xfee0
	return strings.Map(func(c rune) rune {
		if c >= '！' && c <= '～' {
			c -= widthOffset
		}
		switch {
		case c == '(' || c == ')' || c == '_':
			return c
		case unicode.IsLetter(c) || unicode.IsDigit(c):
			return unicode.ToUpper(c)
		}
		return -1
	}, s)
}

// bareHeading leaves out what stands in brackets: 注册资本(万元) is 注册资本.
func bareHeading(s string) string {
	for {
		open := strings.LastIndexByte(s, '(')
		if open < 0 {
			return s
		}
		end := strings.IndexByte(s[open:], ')')
		if end < 0 {
			return s[:open]
		}
		s = s[:open] + s[open+end+1:]
	}
}
