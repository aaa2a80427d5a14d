package verify

import "strings"

// pdfRefusals say what a refusal of a PDF means and what to do, by check and what was found.
var pdfRefusals = map[string]words{
	"pdf.text/xref": {
		"交叉引用表损坏，各软件自行修复后看到的内容可能不同；请申请人用制作软件重新导出 PDF 并重新签署",
		"the cross-reference is damaged and each program repairs it in its own way: " +
			"have the PDF exported anew and signed again",
	},
	"pdf.text/syntax": {
		"文件内有对象损坏或不在所指位置；请申请人用制作软件重新导出 PDF 并重新签署",
		"an object is damaged or not where it should be: have the PDF exported anew and signed again",
	},
	"pdf.text/stream": {
		"文件内有数据流损坏或压缩方法不支持；请申请人用制作软件重新导出 PDF 并重新签署",
		"a stream is damaged, or compressed in a way that is not read: have the PDF exported anew and signed again",
	},
	"pdf.text/limit": {
		"文件过大或结构过于复杂，超出核验限制；请申请人拆分或重新导出后提交",
		"the file is larger or more complex than is judged: have it split or exported anew",
	},
	"pdf.text/encrypted": {
		"文件已加密，所签与所见无法对应；请申请人去除密码后重新签署，再提交",
		"the file is encrypted: have the password removed and the document signed again",
	},
	"pdf.text/structure": {
		"页面或表单的结构不合 ISO 32000，各软件看到的内容可能不同；请申请人重新导出 PDF 并重新签署",
		"pages or form are not built as ISO 32000 has it: have the PDF exported anew and signed again",
	},
	"pdf.text/signature": {
		"签名字典不合规，不知签的是什么；请申请人用合规软件重新签署",
		"a signature dictionary is malformed: have the document signed again with proper software",
	},
	"pdf.changed/syntax": {
		"文件内有对象损坏或不在所指位置，各软件看到的内容可能不同；请申请人用制作软件重新导出 PDF 并重新签署",
		"an object is damaged or not where it should be: have the PDF exported anew and signed again",
	},
	"pdf.changed/structure": {
		"页面或表单的结构不合 ISO 32000，或引用了文件之外的内容，各软件看到的可能不同；请申请人重新导出 PDF 并重新签署",
		"the structure is not as ISO 32000 has it, or content lies elsewhere: have it exported anew and signed again",
	},
	"pdf.value/padding": {
		"签名值之后藏有别的内容；请向签署人索取原件",
		"something is hidden behind the signature value: ask the signer for the original",
	},
	"pdf.value/signature": {
		"签名值损坏；请向签署人索取原件", "the signature value is damaged: ask the signer for the original",
	},
	"pdf.value/adbe.pkcs7.sha1": {
		"签名采用已淘汰的 SHA-1 形式，可以伪造；请申请人用现行软件重新签署",
		"the signature has an old form over SHA-1, which can be forged: " +
			"have the document signed again with current software",
	},
	"pdf.value/adbe.x509.rsa_sha1": {
		"签名采用已淘汰的 SHA-1 形式，可以伪造；请申请人用现行软件重新签署",
		"the signature has an old form over SHA-1, which can be forged: " +
			"have the document signed again with current software",
	},
}

// changeWords are the changes of a PDF in Chinese; what follows the words, such as the number of an object, stays.
var changeWords = []struct{ en, zh string }{
	{"a signature that the certification does not permit", "锁定后加签"},
	{"a signature in a field that is locked", "在锁定的签名域中签名"},
	{"a form field that is locked", "填写锁定的表单域"},
	{"form fields filled in that nobody signed", "填写表单后无人签名"},
	{"time-stamp that shows something", "带图案的时间戳"},
	{"stamp that covers much of a page", "覆盖页面大部的图案"},
	{"octets behind the end", "文件末尾之后的内容"},
	{"octets that belong to nothing", "更新部分中夹带的内容"},
	{"an archive", "夹带的压缩包（其他软件打开时显示的是它）"},
	{"evidence taken away", "删除验证证据"},
	{"document information", "文档信息"},
	{"page object ", "页面对象 "}, {"catalog object ", "目录对象 "}, {"annotation object ", "批注对象 "},
	{"form field object ", "表单域对象 "}, {"metadata object ", "元数据对象 "}, {"signature object ", "签名对象 "},
	{"object ", "对象 "}, {"form fields", "表单域列表"}, {"form field without a name", "无名表单域"},
	{"trailer", "文件尾"}, {"file identifier", "文件标识"}, {"form field", "新表单域"},
	{"signature field", "签名域"}, {"metadata", "元数据"},
	{"catalog", "目录"}, {"form", "表单"},
}

// changePhrase puts the list of changes of a PDF into Chinese.
func changePhrase(s string) string {
	parts := strings.Split(s, ", ")
	for i, part := range parts {
		for _, w := range changeWords {
			if rest, ok := strings.CutPrefix(part, w.en); ok {
				number, absent := strings.CutSuffix(rest, " signed as absent")
				if parts[i] = w.zh + number; absent {
					parts[i] += "（签署时不存在）"
				}
				break
			}
		}
	}
	return strings.Join(parts, "、")
}
