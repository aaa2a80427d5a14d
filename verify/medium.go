package verify

import (
	"bytes"
	"errors"
	"io"
	"slices"

	"github.com/elicense/elicense/internal/ofd"
	"github.com/elicense/elicense/internal/pdf"
)

// What people upload in place of a signed document, as the reports call it: scans, drafts, what a download left. The
// report names it, since whoever hears only that it cannot be judged asks for the same file again.
const (
	mediumEmpty   = "an empty file"
	mediumZeros   = "a file that begins with zeros"
	mediumCut     = "a file cut short"
	mediumImage   = "an image"
	mediumWord    = "a Word document"
	mediumExcel   = "an Excel workbook"
	mediumSlides  = "a PowerPoint presentation"
	mediumOffice  = "an old or encrypted Office document"
	mediumArchive = "an archive"
	mediumSound   = "sound or video"
	mediumHTML    = "a web page"
	mediumXML     = "an XML file"
	mediumJSON    = "a JSON file"
	mediumMail    = "an e-mail"
	mediumText    = "plain text"
)

// marks by which files are told that are never signed documents of ours.
var mediumMarks = []struct {
	at   int
	mark string
	is   string
}{
	{0, "\xff\xd8\xff", mediumImage}, {0, "\x89PNG\r\n\x1a\n", mediumImage}, {0, "GIF8", mediumImage},
	{0, "II*\x00", mediumImage}, {0, "MM\x00*", mediumImage}, {8, "WEBP", mediumImage},
	{4, "ftyphei", mediumImage}, {4, "ftypmif1", mediumImage}, {4, "ftypavif", mediumImage},
	{4, "ftyp", mediumSound}, {0, "ID3", mediumSound}, {0, "\x1aE\xdf\xa3", mediumSound},
	{0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", mediumOffice},
	{0, "Rar!\x1a\x07", mediumArchive}, {0, "7z\xbc\xaf\x27\x1c", mediumArchive}, {0, "\x1f\x8b", mediumArchive},
	{257, "ustar", mediumArchive},
}

// mediumOf tells what a file is by its first bytes, or nothing.
func mediumOf(head []byte, size int64) string {
	switch {
	case size == 0:
		return mediumEmpty
	case len(bytes.Trim(head, "\x00")) == 0:
		return mediumZeros
	}
	for _, m := range mediumMarks {
		if len(head) > m.at && bytes.HasPrefix(head[m.at:], []byte(m.mark)) {
			return m.is
		}
	}
	if bytes.HasPrefix(head, []byte("BM")) && !isText(head) {
		return mediumImage
	}
	return ""
}

// mediumOfText tells what kind of text a file is, or nothing if it is none.
func mediumOfText(head []byte) string {
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return mediumText // UTF-16
	}
	if !isText(head) {
		return ""
	}
	begin := bytes.ToLower(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n"))
	switch {
	case bytes.HasPrefix(begin, []byte("<!doctype html")), bytes.Contains(begin, []byte("<html")):
		return mediumHTML
	case bytes.HasPrefix(begin, []byte("<")):
		return mediumXML
	case bytes.HasPrefix(begin, []byte("{")), bytes.HasPrefix(begin, []byte("[")):
		return mediumJSON
	case bytes.Contains(begin, []byte("mime-version:")):
		return mediumMail
	}
	return mediumText
}

// isText: no control characters but those of lines, in whatever encoding.
func isText(head []byte) bool {
	return !slices.ContainsFunc(head, func(c byte) bool {
		return c < ' ' && c != '\t' && c != '\r' && c != '\n' && c != '\f'
	})
}

// Where the end of a file is looked for.
const (
	zipEnd  = "PK\x05\x06"
	zipTail = 1<<16 + 22 // its record with the longest comment
	pdfEnd  = "%%EOF"
	pdfTail = 2 << 10
	ofdMain = "OFD.xml"
)

// mediumOfZip tells what a zip is that was refused as a package of OFD, or nothing if it is one. An Office document is
// told by the names in its directory, which stands at the end.
func mediumOfZip(d *Document, refusal error) string {
	tail := tailOf(d, zipTail)
	switch {
	case !bytes.Contains(tail, []byte(zipEnd)):
		return mediumCut
	case !errors.Is(refusal, &ofd.Error{Reason: ofd.ReasonMissing, Detail: ofdMain}) &&
		!bytes.Contains(tail, []byte("[Content_Types].xml")):
		return ""
	case bytes.Contains(tail, []byte("word/document")):
		return mediumWord
	case bytes.Contains(tail, []byte("xl/workbook")):
		return mediumExcel
	case bytes.Contains(tail, []byte("ppt/presentation")):
		return mediumSlides
	case errors.Is(refusal, &ofd.Error{Reason: ofd.ReasonMissing, Detail: ofdMain}):
		return mediumArchive
	}
	return ""
}

// isCutPDF tells a PDF without its end from one that is damaged otherwise.
func isCutPDF(d *Document, refusal error) bool {
	var e *pdf.Error
	damaged := errors.As(refusal, &e) && (e.Reason == pdf.ReasonXref || e.Reason == pdf.ReasonSyntax)
	return damaged && !bytes.Contains(tailOf(d, pdfTail), []byte(pdfEnd))
}

// tailOf are the last bytes of a document; what cannot be read is not there.
func tailOf(d *Document, most int64) []byte {
	tail := make([]byte, min(most, max(d.Size, 0)))
	if n, err := d.Body.ReadAt(tail, d.Size-int64(len(tail))); n < len(tail) && !errors.Is(err, io.EOF) {
		return nil
	}
	return tail
}
