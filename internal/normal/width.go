package normal

import (
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// change is a set of things that a normaliser did.
type change uint32

const (
	didWidth change = 1 << iota
	didSpace
	didInvisible
	didLineBreak
	didCompose
	didDash
	didCase
	didApostrophe
	didFloatTail
	didFormulaText
	didBrackets
	didPunctuation
	sawPrivateUse
	didControl
	sawSeveral
)

// codes of the changes in the order of their bits.
func (c change) codes() []Code {
	all := [...]Code{
		CodeWidth, CodeSpace, CodeInvisible, CodeLineBreak, CodeCompose, CodeDash, CodeCase, CodeApostrophe,
		CodeFloatTail, CodeFormulaText, CodeBrackets, CodePunctuation, CodePrivateUse, CodeControlRemoved,
		CodeSeveralNames,
	}
	var out []Code
	for k, code := range all {
		if c&(1<<k) != 0 {
			out = append(out, code)
		}
	}
	return out
}

// notes makes one note of each change.
func (c change) notes(old, value string) []Note {
	if c == 0 {
		return nil
	}
	var out []Note
	for _, code := range c.codes() {
		if code == CodePrivateUse || code == CodeSeveralNames {
			out = append(out, Note{Code: code, Old: value, New: value})
			continue
		}
		out = append(out, Note{Code: code, Old: old, New: value})
	}
	return out
}

// mode says how much clean folds.
type mode uint8

const (
	modeText mode = iota // keeps Chinese punctuation, for （），：；！？ are right in a Chinese text
	modeCode             // folds all full-width ASCII and every dash
)

const (
	bad     = rune(-1) // refuse
	drop    = rune(-2) // leave out
	blank   = ' '
	maxSafe = 0x2FF // up to here only what classify names can change
)

// clean folds width, spaces and invisible characters, composes to NFC and refuses control characters and broken
// encodings; in a text it only takes out stray ASCII control characters, NUL excepted. A string that needs nothing is
// returned as it is.
func clean(s string, m mode, maxRunes int) (string, change, error) {
	k, did, compose := cleanPrefix(s, m)
	out := s
	if k < len(s) {
		var err error
		if out, did, compose, err = cleanRest(s, k, m); err != nil {
			return "", 0, err
		}
	}
	if compose && !norm.NFC.IsNormalString(out) {
		// Composing can bring forth characters that classify changes, so clean once more.
		joined := norm.NFC.String(out)
		if k, _, _ := cleanPrefix(joined, m); k < len(joined) {
			var err error
			if joined, _, _, err = cleanRest(joined, k, m); err != nil {
				return "", 0, err
			}
		}
		out, did = joined, did|didCompose
	}
	if len(out) > maxRunes && utf8.RuneCountInString(out) > maxRunes {
		return "", 0, tooLong(out, maxRunes)
	}
	return out, did, nil
}

// composed brings s to NFC again after something was taken out of it.
func composed(s string) string {
	if norm.NFC.IsNormalString(s) {
		return s
	}
	return norm.NFC.String(s)
}

// cleanPrefix is the length of the part that needs no change, the warnings about it, and whether it may need composing.
func cleanPrefix(s string, m mode) (k int, did change, compose bool) {
	for k < len(s) {
		c := s[k]
		if c > ' ' && c < utf8.RuneSelf-1 {
			k++
			continue
		}
		if c == ' ' {
			if k == 0 || k+1 == len(s) || s[k+1] == ' ' {
				return k, did, compose
			}
			k++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[k:])
		if r >= 0x3400 && r <= 0x9FFF {
			k += n
			continue
		}
		out, ch := classify(r, m)
		if out != r || ch&^sawPrivateUse != 0 || r == utf8.RuneError {
			return k, did, compose
		}
		did |= ch
		compose = compose || mayCompose(r)
		k += n
	}
	return k, did, compose
}

// cleanRest does the work from byte k on, where cleanPrefix stopped.
func cleanRest(s string, k int, m mode) (string, change, bool, error) {
	buf := append(make([]byte, 0, len(s)), s[:k]...)
	_, did, compose := cleanPrefix(s[:k], m)
	for k < len(s) {
		r, n := utf8.DecodeRuneInString(s[k:])
		out, ch := classify(r, m)
		k += n
		did |= ch
		switch {
		case r == utf8.RuneError:
			return "", 0, false, refuse(CodeGarbled, s, "")
		case out == bad:
			return "", 0, false, refuse(CodeControl, s, "")
		case out == drop:
		case out == blank:
			if len(buf) == 0 || buf[len(buf)-1] == ' ' {
				did |= didSpace
				continue
			}
			buf = append(buf, ' ')
		default:
			compose = compose || mayCompose(out)
			buf = utf8.AppendRune(buf, out)
		}
	}
	if n := len(buf); n > 0 && buf[n-1] == ' ' {
		buf, did = buf[:n-1], did|didSpace
	}
	return string(buf), did, compose, nil
}

// classify gives what becomes of a character: another one, drop or bad.
func classify(r rune, m mode) (rune, change) {
	switch {
	case r >= ' ' && r < 0x7F:
		return r, 0
	case r == '\t':
		return blank, didSpace
	case r == '\n', r == '\r', r == 0x2028, r == 0x2029:
		return blank, didLineBreak
	case r < 0xA0:
		return control(r, m)
	case isNonCharacter(r):
		return bad, 0
	case r >= 0xFF01 && r <= 0xFF5E:
		return foldWidth(r, m)
	case isSpace(r):
		return blank, didSpace
	case isInvisible(r):
		return drop, didInvisible
	case m == modeCode && isDash(r):
		return '-', didDash
	case isPrivateUse(r):
		return r, sawPrivateUse
	}
	return r, 0
}

// control judges the ASCII and Latin-1 control characters but for tab and line breaks.
func control(r rune, m mode) (rune, change) {
	if m == modeText && r != 0 && r <= 0x7F {
		return drop, didControl
	}
	return bad, 0
}

func isNonCharacter(r rune) bool { return r >= 0xFDD0 && r <= 0xFDEF || r&0xFFFE == 0xFFFE }

func isPrivateUse(r rune) bool { return r >= 0xE000 && r <= 0xF8FF || r >= 0xF0000 }

func foldWidth(r rune, m mode) (rune, change) {
	if m == modeText {
		switch r {
		case '！', '（', '）', '，', '：', '；', '？', '［', '］', '～':
			return r, 0
		}
	}
	return r - 0xFEE0, didWidth
}

func isSpace(r rune) bool {
	switch r {
	case 0xA0, 0x1680, 0x202F, 0x205F, 0x3000:
		return true
	}
	return r >= 0x2000 && r <= 0x200A
}

func isInvisible(r rune) bool {
	switch r {
	case 0xAD, 0x61C, 0x115F, 0x1160, 0x180E, 0x3164, 0xFEFF, 0xFFA0, 0xFFF9, 0xFFFA, 0xFFFB:
		return true
	}
	return r >= 0x200B && r <= 0x200F || r >= 0x202A && r <= 0x202E || r >= 0x2060 && r <= 0x206F ||
		r >= 0xE0000 && r <= 0xE007F
}

func isDash(r rune) bool {
	switch r {
	case 0x2212, 0x2500, 0xFE58, 0xFE63:
		return true
	}
	return r >= 0x2010 && r <= 0x2015
}

// mayCompose reports whether NFC could change a string with r in it.
func mayCompose(r rune) bool {
	switch {
	case r <= maxSafe, r >= 0x3400 && r <= 0x9FFF, r >= 0x2010 && r <= 0x206F, r >= 0x3000 && r <= 0x3020,
		r >= 0xFF00 && r <= 0xFFEF:
		return false
	}
	return true
}
