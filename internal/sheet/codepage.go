package sheet

import (
	"io"
	"unicode"
	"unicode/utf8"
)

// pageReader turns a code page of one byte a character into UTF-8. A byte that the page does not define becomes 0xFF,
// which is no valid UTF-8, so that its row is found to be wrong.
type pageReader struct {
	r     io.Reader
	runes [256]rune
	in    []byte
	out   []byte
	rest  []byte // converted and not yet read
	err   error
}

func newPageReader(r io.Reader, e Encoding) *pageReader {
	p := &pageReader{r: r, in: make([]byte, 32<<10)}
	for c := range p.runes {
		p.runes[c] = pages[e].DecodeByte(byte(c))
	}
	return p
}

// Read implements io.Reader.
func (p *pageReader) Read(b []byte) (int, error) {
	for len(p.rest) == 0 {
		if p.err != nil {
			return 0, p.err
		}
		var n int
		n, p.err = p.r.Read(p.in)
		p.out = p.appendUTF8(p.out[:0], p.in[:n])
		p.rest = p.out
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

func (p *pageReader) appendUTF8(dst, b []byte) []byte {
	for _, c := range b {
		switch r := p.runes[c]; {
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		case r == unicode.ReplacementChar || unicode.IsControl(r):
			dst = append(dst, 0xFF)
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}
