package sheet

import (
	"sync"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// gbkTable maps the two-byte characters of GB18030, lead byte less 0x81 times 256 plus trail byte, to UTF-16 units, all
// of which are whole characters; 0 is unassigned. It is made once from x/text.
var gbkTable = sync.OnceValue(func() *[126 << 8]uint16 {
	t := new([126 << 8]uint16)
	dec := simplifiedchinese.GB18030.NewDecoder()
	var out [8]byte
	for lead := 0x81; lead <= 0xFE; lead++ {
		for trail := 0x40; trail <= 0xFE; trail++ {
			if trail == 0x7F {
				continue
			}
			n, _, err := dec.Transform(out[:], []byte{byte(lead), byte(trail)}, true)
			r, size := utf8.DecodeRune(out[:n])
			if err == nil && size == n && r != utf8.RuneError && r <= 0xFFFF {
				t[(lead-0x81)<<8|trail] = uint16(r)
			}
		}
	}
	for r := rune(0xE000); r <= 0xE765; r++ {
		if lead, trail, ok := privateGBK(r); ok && t[int(lead-0x81)<<8|int(trail)] == 0 {
			t[int(lead-0x81)<<8|int(trail)] = uint16(r)
		}
	}
	return t
})

// privateGBK is the code of a character in the three user-defined areas of GBK (GB 18030-2005 annex E), which x/text
// leaves out and in which offices keep characters of names.
func privateGBK(r rune) (lead, trail byte, ok bool) {
	switch n := int(r) - 0xE000; {
	case n < 0 || n > 0x765:
		return 0, 0, false
	case n < 0x234:
		return byte(0xAA + n/94), byte(0xA1 + n%94), true
	case n < 0x4C6:
		n -= 0x234
		return byte(0xF8 + n/94), byte(0xA1 + n%94), true
	default:
		n -= 0x4C6
		trail = byte(0x40 + n%96)
		if trail >= 0x7F {
			trail++
		}
		return byte(0xA1 + n/96), trail, true
	}
}
