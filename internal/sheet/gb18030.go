package sheet

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// sizeGB18030 is the length of the character at the start of b, or 0 where none can begin.
func sizeGB18030(b []byte) int {
	c := b[0]
	switch {
	case c < 0x80:
		return 1
	case c == 0x80 || c == 0xFF || len(b) < 2:
		return 0
	case b[1] >= 0x40 && b[1] != 0x7F && b[1] != 0xFF:
		return 2
	case b[1] >= 0x30 && b[1] <= 0x39:
		if len(b) >= 4 && b[2] >= 0x81 && b[2] <= 0xFE && b[3] >= 0x30 && b[3] <= 0x39 {
			return 4
		}
	}
	return 0
}

// halfGB18030 reports whether b ends in the beginning of a character.
func halfGB18030(b []byte) bool {
	for len(b) > 0 {
		n := sizeGB18030(b)
		if n == 0 && len(b) == 1 && b[0] > 0x80 && b[0] < 0xFF {
			return true
		}
		b = b[max(n, 1):]
	}
	return false
}

// appendGB18030 appends the UTF-8 form of b to dst; ok is false where bytes were no character and are shown as U+FFFD.
func appendGB18030(dst, b []byte) (out []byte, ok bool) {
	ok = true
	for len(b) > 0 {
		i := 0
		for i < len(b) && b[i] < utf8.RuneSelf {
			i++
		}
		dst = append(dst, b[:i]...)
		if b = b[i:]; len(b) == 0 {
			break
		}
		r := rune(utf8.RuneError)
		n := 0
		if len(b) >= 2 {
			n = sizeGB18030(b)
			if n == 2 {
				r = rune(gbkTable()[int(b[0]-0x81)<<8|int(b[1])])
			}
		}
		switch {
		case n == 2 && r != 0:
			dst = utf8.AppendRune(dst, r)
		case n == 4:
			var good bool
			if dst, good = appendGB4(dst, b[:4]); !good {
				ok = false
			}
		case b[0] == 0x80:
			dst, n = utf8.AppendRune(dst, '€'), 1 // as code page 936 has it
		default:
			dst, n, ok = utf8.AppendRune(dst, utf8.RuneError), max(n, 1), false
		}
		b = b[n:]
	}
	return dst, ok
}

// appendGB4 appends one character of four bytes.
func appendGB4(dst, b []byte) ([]byte, bool) {
	var out [8]byte
	n, _, err := simplifiedchinese.GB18030.NewDecoder().Transform(out[:], b, true)
	r, _ := utf8.DecodeRune(out[:n])
	if err != nil || (r == utf8.RuneError && !bytes.Equal(b, []byte("\x84\x31\xA4\x37"))) {
		return utf8.AppendRune(dst, utf8.RuneError), false
	}
	return append(dst, out[:n]...), true
}

// appendEncoded appends the UTF-8 text s in encoding e; what e cannot hold becomes a question mark.
func appendEncoded(dst []byte, s string, e Encoding) []byte {
	switch e { //nolint:exhaustive // results are never written in a code page
	case UTF16LE, UTF16BE:
		return appendWide(dst, []byte(s), e)
	case GB18030:
		if isASCII([]byte(s)) {
			return append(dst, s...)
		}
		enc := simplifiedchinese.GB18030.NewEncoder()
		for _, r := range s {
			if r < utf8.RuneSelf {
				dst = append(dst, byte(r)) //nolint:gosec // r is ASCII
				continue
			}
			if lead, trail, ok := privateGBK(r); ok {
				dst = append(dst, lead, trail)
				continue
			}
			b, err := enc.Bytes(utf8.AppendRune(nil, r))
			if err != nil {
				b = []byte{'?'}
			}
			dst = append(dst, b...)
		}
		return dst
	}
	return append(dst, s...)
}
