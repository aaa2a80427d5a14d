package verify_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/verify"
)

// plainZip is a zip of these files, each with its name as content.
func plainZip(t testing.TB, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range names {
		w, err := z.Create(name)
		require.NoError(t, err)
		_, err = w.Write([]byte(name))
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.Bytes()
}

func wide(s string) []byte {
	b := []byte("\xff\xfe")
	for _, c := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, c)
	}
	return b
}

// TestWhatPeopleUpload_A32: of what people upload in place of a signed document, the second line says what it is and what
// to ask the applicant for.
func TestWhatPeopleUpload_A32(t *testing.T) {
	w := newSealWorld(t)
	sealed, pdf := w.sealed(page(), nil), plainPDF()
	packed, err := ofd.Marshal(page())
	require.NoError(t, err)
	image := [2]string{
		"文件：这是图片（扫描件、照片或截图），没有电子签名，真伪无从核验；请申请人提交签署的 OFD 或 PDF 原件，只有纸质件的按纸质材料核对",
		"document: this is an image (a scan, photo or screenshot), which bears no electronic signature and proves nothing: " +
			"ask the applicant for the signed OFD or PDF itself, or check the paper if there is nothing else",
	}
	office := [2]string{"本系统不核验；请申请人导出为 OFD 或 PDF 并签署后提交", "not judged here: have the applicant export it as OFD or PDF"}
	archive := [2]string{"文件：这是压缩包，其中没有 OFD 的内容；请申请人解压", "document: this is an archive and no OFD document: have the applicant unpack it"}
	cut := [2]string{"末尾缺失，多半是上传或下载中断；请申请人重新下载并上传完整的原件", "is missing, as when an upload or download breaks off: ask"}
	text := [2]string{"文件：这是纯文本，没有电子签名；请申请人", "document: this is plain text without an electronic signature: ask"}
	json := [2]string{"文件：这是 JSON 文件，但不是证照库给出的", "document: this is a JSON file, but no licence"}
	for name, c := range map[string]struct {
		doc  []byte
		want [2]string
	}{
		"nothing":          {nil, [2]string{"文件：文件是空的（0 字节）", "document: the file is empty (0 octets)"}},
		"zeros":            {make([]byte, 9000), [2]string{"文件以空字节开头", "the file begins with zeros"}},
		"zip":              {plainZip(t, "营业执照.jpg", "a.txt"), archive},
		"rar":              {[]byte("Rar!\x1a\x07\x01\x00rest"), archive},
		"7z":               {[]byte("7z\xbc\xaf\x27\x1c\x00\x04rest"), archive},
		"docx":             {plainZip(t, "[Content_Types].xml", "_rels/.rels", "word/document.xml"), office},
		"xlsx":             {plainZip(t, "[Content_Types].xml", "xl/workbook.xml"), [2]string{"这是 Excel 表格", "this is an Excel workbook"}},
		"pptx":             {plainZip(t, "[Content_Types].xml", "ppt/presentation.xml"), office},
		"doc":              {append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), make([]byte, 600)...), office},
		"jpeg":             {[]byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00rest"), image},
		"jpeg of 6 MB":     {append([]byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00"), make([]byte, 6<<20)...), image},
		"png":              {[]byte("\x89PNG\r\n\x1a\nrest"), image},
		"heic":             {[]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"), image},
		"bmp":              {[]byte("BM\x00\x01\x00\x00\x00\x00"), image},
		"video":            {[]byte("\x00\x00\x00\x18ftypisom\x00\x00\x00\x00"), [2]string{"这是音频或视频", "this is sound or video"}},
		"page of an error": {[]byte("<!DOCTYPE html>\n<html><title>502</title></html>"), [2]string{"这是网页，多半是下载时得到的出错", "this is a web page, most likely"}},
		"xml":              {[]byte("<?xml version=\"1.0\"?><a/>"), [2]string{"这是 XML 文件", "this is an XML file"}},
		"json":             {[]byte(`{"name":"甲"}`), json},
		"json list":        {[]byte(`[1]`), json},
		"mail":             {[]byte("Subject: x\nMIME-Version: 1.0\n\nx"), [2]string{"这是电子邮件", "this is an e-mail"}},
		"text":             {[]byte("请查收附件。\r\n"), text},
		"text of GBK":      {[]byte("\xc7\xeb\xb2\xe9\xca\xd5"), text},
		"text of UTF-16":   {wide("请查收"), text},
		"cut OFD":          {sealed[:len(sealed)*2/3], cut},
		"cut PDF":          {pdf[:len(pdf)*2/3], cut},
		"head of a PDF":    {pdf[:20], cut},
		"encrypted PDF": {bytes.Replace(pdf, []byte("/Root"), []byte("/Encrypt 3 0 R /Root"), 1), [2]string{
			"PDF 文件：文件已加密，所签与所见无法对应；请申请人去除密码后重新签署，再提交", "PDF document: the file is encrypted: have the password removed",
		}},
		"unsigned PDF": {pdf, [2]string{
			"PDF 文件：文件没有电子签名，或签名已被剥去（打印、扫描、另存都会丢失签名）；请申请人提交签署的原件",
			"PDF document: the document is not signed, or its signatures were stripped, as by printing, scanning or saving it anew: ask",
		}},
		"unsigned OFD": {packed, [2]string{
			"文件包：文件没有电子签章，或签章已被剥去（打印、扫描、另存都会丢失签章）；请申请人提交签章的原件",
			"package: the document is not sealed, or its seals were stripped, as by printing, scanning or saving it anew: ask",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			r := w.judge(w.sealVerifier(nil), c.doc)
			require.Equal(t, verify.TotalFailed, r.Indication)
			for i, lang := range []string{"zh", "en"} {
				decision, reason := r.Headlines(lang)
				require.Equal(t, []string{"退回并告知 / RETURN", "退回并告知 / RETURN"}[i], decision)
				require.Contains(t, reason, c.want[i])
				require.NotRegexp(t, "应为|实为|expected|found", reason, "of standards the applicant knows nothing")
			}
		})
	}
}
