package page

import (
	"unicode/utf8"
)

const (
	xmlHead  = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"
	ofdSpace = ` xmlns:ofd="http://www.ofdspec.org/2016"` // of GB/T 33190-2016
)

// NewXML begins a file of a package with its root element; attributes are written as they are, with a space before.
func NewXML(element, attributes string) []byte {
	return []byte(xmlHead + "<ofd:" + element + ofdSpace + attributes + ">")
}

// AppendEscaped writes text into XML, for content and attributes alike. What XML 1.0 cannot hold is left out.
func AppendEscaped(b []byte, s string) []byte {
	for _, c := range s {
		switch {
		case c == '&':
			b = append(b, "&amp;"...)
		case c == '<':
			b = append(b, "&lt;"...)
		case c == '>':
			b = append(b, "&gt;"...)
		case c == '"':
			b = append(b, "&quot;"...)
		case c == '\n':
			b = append(b, "&#10;"...)
		case c == '\t':
			b = append(b, "&#9;"...)
		case c < ' ' || c == 0xfffe || c == 0xffff:
		default:
			b = utf8.AppendRune(b, c)
		}
	}
	return b
}

// AppendElement writes <ofd:name>text</ofd:name>.
func AppendElement(b []byte, name, text string) []byte {
	b = append(append(append(b, "<ofd:"...), name...), '>')
	b = AppendEscaped(b, text)
	return append(append(append(b, "</ofd:"...), name...), '>')
}
