package sheet

import (
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// wideReader turns UTF-16 into UTF-8. A surrogate without its partner becomes three bytes that are no valid UTF-8, so
// that its row is found to be wrong and can still be written back as it was. So does a last single byte: 0xFF and its
// two halves.
type wideReader struct {
	r    io.Reader
	e    Encoding
	in   []byte
	out  []byte
	rest []byte // converted and not yet read
	keep []byte // bytes of the source before a whole character
	err  error
}

func newWideReader(r io.Reader, e Encoding) *wideReader {
	return &wideReader{r: r, e: e, in: make([]byte, 32<<10)}
}

// Read implements io.Reader.
func (w *wideReader) Read(p []byte) (int, error) {
	for len(w.rest) == 0 {
		if w.err != nil {
			return 0, w.err
		}
		n := copy(w.in, w.keep)
		m, err := w.r.Read(w.in[n:])
		w.err = err
		w.rest = w.appendUTF8(w.out[:0], w.in[:n+m], w.e)
		if err != nil {
			for _, b := range w.keep {
				w.rest = append(w.rest, 0xFF, 0x80|b>>4, 0x80|b&15)
			}
			w.keep = nil
		}
		w.out = w.rest
	}
	n := copy(p, w.rest)
	w.rest = w.rest[n:]
	return n, nil
}

// appendUTF8 converts the whole characters of b and keeps what is left over.
func (w *wideReader) appendUTF8(dst, b []byte, e Encoding) []byte {
	i := 0
	for ; i+1 < len(b); i += 2 {
		u := unit(b[i:], e)
		if !utf16.IsSurrogate(u) {
			dst = utf8.AppendRune(dst, u)
			continue
		}
		if u < 0xDC00 && i+3 >= len(b) && w.err == nil {
			break
		}
		if u < 0xDC00 && i+3 < len(b) {
			if r := utf16.DecodeRune(u, unit(b[i+2:], e)); r != utf8.RuneError {
				dst = utf8.AppendRune(dst, r)
				i += 2
				continue
			}
		}
		dst = append(dst, 0xE0|byte(u>>12), 0x80|byte(u>>6)&0x3F, 0x80|byte(u)&0x3F) //nolint:gosec // u is below 1<<16.
	}
	w.keep = append([]byte(nil), b[i:]...)
	return dst
}

func unit(b []byte, e Encoding) rune {
	if e == UTF16LE {
		return rune(b[1])<<8 | rune(b[0])
	}
	return rune(b[0])<<8 | rune(b[1])
}

// appendWide appends what wideReader made out of UTF-16 as UTF-16 again. A single byte with something added behind it
// becomes half a character, so that its row stays wrong and what follows keeps its place.
func appendWide(dst, b []byte, e Encoding) []byte {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n <= 1 {
			if len(b) == 3 && b[0] == 0xFF {
				return append(dst, b[1]<<4|b[2]&15)
			}
			if len(b) > 3 && b[0] == 0xFF {
				r, n = 0xD800, 3
			}
			if len(b) >= 3 && b[0] == 0xED && b[1] >= 0xA0 && b[1] <= 0xBF && b[2]&0xC0 == 0x80 {
				r, n = rune(0xD000)|rune(b[1]&0x3F)<<6|rune(b[2]&0x3F), 3
			}
		}
		b = b[n:]
		if r > 0xFFFF {
			hi, lo := utf16.EncodeRune(r)
			dst = appendUnit(appendUnit(dst, hi, e), lo, e)
			continue
		}
		dst = appendUnit(dst, r, e)
	}
	return dst
}

func appendUnit(dst []byte, u rune, e Encoding) []byte {
	hi, lo := byte(u>>8), byte(u) //nolint:gosec // u is below 1<<16
	if e == UTF16LE {
		return append(dst, lo, hi)
	}
	return append(dst, hi, lo)
}

// wideSize is the size in UTF-16 of what wideReader made.
func wideSize(b []byte) int {
	n := 0
	for _, c := range b {
		switch {
		case c < 0x80 || (c >= 0xC0 && c < 0xF0):
			n += 2
		case c >= 0xF0 && c < 0xF8:
			n += 4
		case c == 0xFF:
			n++
		}
	}
	return n
}
