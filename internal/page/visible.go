package page

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Visible leaves out what must not stand on a page: control characters but the line feed, marks that turn the
// direction of writing or show nothing, and what is no character at all. Characters that this program does not know
// stay: they may be of a name.
func Visible(s string) string {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, hidden) {
		return s
	}
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\n' || c == '\u2028' || c == '\u2029':
			return '\n'
		case c == '\t' || c == '\u00a0':
			return ' '
		case hidden(c):
			return -1
		}
		return c
	}, strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\r\n", "\n"))
}

// hidden reports what is no visible character: controls, formats, line separators, selectors of variants, and what
// Unicode reserves for never being one.
func hidden(c rune) bool {
	return c < ' ' || c >= 0x7f && c <= 0xa0 || c > 0x7f && (unicode.In(c, unicode.Cf, unicode.Zl, unicode.Zp,
		unicode.Variation_Selector) || c == 0x34f || c&0xfffe == 0xfffe || c >= 0xfdd0 && c <= 0xfdef)
}
