package verify

import "github.com/elicense/elicense/internal/ofd"

// signedOriginal ends what is said of files that can bear no signature.
var signedOriginal = words{
	"请申请人提交签署的 OFD 或 PDF 原件", "ask the applicant for the signed OFD or PDF itself",
}

// mediumRefusals say what a file is that is no signed document and what to ask for, by check and what was found.
var mediumRefusals = map[string]words{
	"document.kind/" + mediumEmpty: {
		"文件是空的（0 字节），多半是上传或下载中断；请申请人重新上传原件",
		"the file is empty (0 octets), as an upload leaves it that broke off: " +
			"ask the applicant to send the original again",
	},
	"document.kind/" + mediumZeros: {
		"文件以空字节开头，没有可辨认的内容，多半是下载中断或存储损坏；请申请人重新上传原件",
		"the file begins with zeros, with nothing that can be told, as a broken download leaves it: " +
			"ask the applicant to send the original again",
	},
	"document.kind/" + mediumCut: {
		"压缩格式的文件（OFD、Office 或 ZIP）不完整，末尾缺失，多半是上传或下载中断；请申请人重新下载并上传完整的原件",
		"the end of this OFD, Office or ZIP file is missing, as when an upload or download breaks off: " +
			"ask the applicant to fetch the original again and to send the whole of it",
	},
	"pdf.text/" + mediumCut: {
		"文件不完整，末尾缺失，多半是上传或下载中断；请申请人重新下载并上传完整的原件",
		"the end of the file is missing, as when an upload or download breaks off: " +
			"ask the applicant to fetch the original again and to send the whole of it",
	},
	"document.kind/" + mediumImage: {
		"这是图片（扫描件、照片或截图），没有电子签名，真伪无从核验；" + signedOriginal.zh + "，只有纸质件的按纸质材料核对",
		"this is an image (a scan, photo or screenshot), which bears no electronic signature and proves nothing: " +
			signedOriginal.en + ", or check the paper if there is nothing else",
	},
	"document.kind/" + mediumWord: {
		"这是 Word 文档，内容可随意改动，本系统不核验；请申请人导出为 OFD 或 PDF 并签署后提交",
		"this is a Word document, which anybody can alter and which is not judged here: " +
			"have the applicant export it as OFD or PDF, sign that and submit it",
	},
	"document.kind/" + mediumExcel: {
		"这是 Excel 表格，内容可随意改动，本系统不核验；请申请人导出为 OFD 或 PDF 并签署后提交",
		"this is an Excel workbook, which anybody can alter and which is not judged here: " +
			"have the applicant export it as OFD or PDF, sign that and submit it",
	},
	"document.kind/" + mediumSlides: {
		"这是 PowerPoint 演示文稿，本系统不核验；请申请人导出为 OFD 或 PDF 并签署后提交",
		"this is a PowerPoint presentation, which is not judged here: " +
			"have the applicant export it as OFD or PDF, sign that and submit it",
	},
	"document.kind/" + mediumOffice: {
		"这是旧版（.doc、.xls、.ppt）或加密的 Office 文档，本系统不核验；请申请人导出为 OFD 或 PDF 并签署后提交",
		"this is an old (.doc, .xls, .ppt) or encrypted Office document, which is not judged here: " +
			"have the applicant export it as OFD or PDF, sign that and submit it",
	},
	"document.kind/" + mediumArchive: {
		"这是压缩包，其中没有 OFD 的内容；请申请人解压，把签署的 OFD 或 PDF 原件逐个提交",
		"this is an archive and no OFD document: " +
			"have the applicant unpack it and submit the signed OFD or PDF files one by one",
	},
	"document.kind/" + mediumSound: {
		"这是音频或视频，没有可核验的电子签名；" + signedOriginal.zh,
		"this is sound or video, without a signature that can be judged: " + signedOriginal.en,
	},
	"document.kind/" + mediumHTML: {
		"这是网页，多半是下载时得到的出错或登录页面，而不是所要的文件；请申请人重新下载原件，打开核对后提交",
		"this is a web page, most likely one of an error or login that was saved in place of the document: " +
			"have the applicant fetch the original again, look at it and submit it",
	},
	"document.kind/" + mediumXML: {
		"这是 XML 文件，本系统不核验；" + signedOriginal.zh,
		"this is an XML file, which is not judged here: " + signedOriginal.en,
	},
	"document.kind/" + mediumJSON: {
		"这是 JSON 文件，但不是证照库给出的证照、回执或声明；请申请人提交证照库给出的原文件，不要另存或改动",
		"this is a JSON file, but no licence, receipt or statement of a vault: " +
			"ask the applicant for the file as the vault gave it, neither edited nor saved anew",
	},
	"document.kind/" + mediumMail: {
		"这是电子邮件，本系统不核验；请申请人把邮件所附的签署的 OFD 或 PDF 原件取出后提交",
		"this is an e-mail, which is not judged here: " +
			"have the applicant submit the signed OFD or PDF that came with it",
	},
	"document.kind/" + mediumText: {
		"这是纯文本，没有电子签名；" + signedOriginal.zh,
		"this is plain text without an electronic signature: " + signedOriginal.en,
	},
	"pdf.signed/none": {
		"文件没有电子签名，或签名已被剥去（打印、扫描、另存都会丢失签名）；请申请人提交签署的原件",
		"the document is not signed, or its signatures were stripped, as by printing, scanning or saving it anew: " +
			"ask the applicant for the signed original",
	},
	"package.signed/none": {
		"文件没有电子签章，或签章已被剥去（打印、扫描、另存都会丢失签章）；请申请人提交签章的原件",
		"the document is not sealed, or its seals were stripped, as by printing, scanning or saving it anew: " +
			"ask the applicant for the sealed original",
	},
	"package.text/" + string(ofd.ReasonEncrypted): {
		"文件已加密，无法核验；请申请人去除密码后重新签署，再提交",
		"the file is encrypted: have the password removed and the document signed again",
	},
	"package.text/" + string(ofd.ReasonZip): {
		"文件损坏，打不开；请申请人重新下载并上传原件",
		"the file is damaged and cannot be opened: ask the applicant to fetch the original again and to send it",
	},
	"package.text/" + string(ofd.ReasonChecksum): {
		"文件损坏，内容与校验值不符；请申请人重新下载并上传原件",
		"the file is damaged, its content differs from its checksum: " +
			"ask the applicant to fetch the original again and to send it",
	},
}

// refusalWords are those of a refusal that says by itself what a file is, and what to do.
func refusalWords(c *Check) (words, bool) {
	for _, table := range []map[string]words{pdfRefusals, mediumRefusals} {
		if w, ok := table[c.ID+"/"+c.Found]; ok {
			return w, true
		}
	}
	return words{}, false
}
