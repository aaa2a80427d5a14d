package sheet

import (
	"strings"

	"golang.org/x/text/encoding/charmap"
)

// Encoding is how a text file's characters are stored.
type Encoding uint8

// Encodings. GB18030 stands for GBK and GB 2312 too, which are parts of it. Code pages of one byte a character are
// never guessed: they cannot be told from each other.
const (
	EncodingUnknown Encoding = iota
	UTF8
	GB18030
	UTF16LE
	UTF16BE
	Windows1250 // Central European
	Windows1251 // Cyrillic
	Windows1252 // Western European
	Windows1254 // Turkish
	Windows1257 // Baltic
)

var encodingNames = [...]string{
	"unknown", "UTF-8", "GB18030", "UTF-16LE", "UTF-16BE",
	"windows-1250", "windows-1251", "windows-1252", "windows-1254", "windows-1257",
}

var pages = map[Encoding]*charmap.Charmap{
	Windows1250: charmap.Windows1250, Windows1251: charmap.Windows1251, Windows1252: charmap.Windows1252,
	Windows1254: charmap.Windows1254, Windows1257: charmap.Windows1257,
}

// String is the usual name.
func (e Encoding) String() string {
	if int(e) < len(encodingNames) {
		return encodingNames[e]
	}
	return encodingNames[EncodingUnknown]
}

// Encodings lists what text files may be written in.
func Encodings() []Encoding {
	return []Encoding{
		UTF8, GB18030, UTF16LE, UTF16BE, Windows1250, Windows1251, Windows1252, Windows1254, Windows1257,
	}
}

// ParseEncoding reads the usual names of an encoding, in any case: gbk, GB2312, utf8, cp1257.
func ParseEncoding(name string) (Encoding, bool) {
	name = strings.ToLower(strings.NewReplacer("-", "", "_", "", " ", "").Replace(name))
	switch name {
	case "gbk", "gb2312", "cp936", "936", "windows936":
		return GB18030, true
	}
	for _, e := range Encodings() {
		usual := strings.ToLower(strings.ReplaceAll(e.String(), "-", ""))
		if name == usual || e.OneByte() && name == "cp"+strings.TrimPrefix(usual, "windows") {
			return e, true
		}
	}
	return EncodingUnknown, false
}

// bom is the encoding's byte order mark; GB18030 is written without one.
func (e Encoding) bom() []byte {
	switch e { //nolint:exhaustive // the others have none
	case UTF8:
		return []byte("\xEF\xBB\xBF")
	case UTF16LE:
		return []byte("\xFF\xFE")
	case UTF16BE:
		return []byte("\xFE\xFF")
	}
	return nil
}

// Wide reports whether the encoding is one of UTF-16.
func (e Encoding) Wide() bool { return e == UTF16LE || e == UTF16BE }

// OneByte reports whether the encoding is a code page of one byte a character.
func (e Encoding) OneByte() bool { return e >= Windows1250 && e <= Windows1257 }

// Dialect is how a text file is written.
type Dialect struct {
	Encoding   Encoding
	BOM        bool
	Delimiter  byte
	LineEnding string // "\r\n", "\n" or "\r": what most lines end with
}

// insideCharacters tells whether the delimiter can be a byte of a longer character.
func (d Dialect) insideCharacters() bool { return d.Encoding == GB18030 && d.Delimiter >= 0x40 }

// isDelimiter tells what can stand between cells: a tab, a space or an ASCII sign that is no quote.
func isDelimiter(c byte) bool {
	return c == '\t' || c >= ' ' && c <= '~' && c != '"' && !isASCIILetter(c) && (c < '0' || c > '9')
}

// result is the dialect in which a result is written: a code page holds no Chinese, so it becomes UTF-8 with a mark.
func (d Dialect) result() Dialect {
	if d.Encoding.OneByte() {
		d.Encoding, d.BOM = UTF8, true
	}
	return d
}
