package sheet

import (
	"bytes"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// Encoding is how a text file's characters are stored.
type Encoding uint8

// Encodings. GB18030 stands for GBK and GB 2312 too, which are parts of it.
const (
	EncodingUnknown Encoding = iota
	UTF8
	GB18030
	UTF16LE
	UTF16BE
)

// String is the usual name.
func (e Encoding) String() string {
	switch e {
	case UTF8:
		return "UTF-8"
	case GB18030:
		return "GB18030"
	case UTF16LE:
		return "UTF-16LE"
	case UTF16BE:
		return "UTF-16BE"
	case EncodingUnknown:
	}
	return "unknown"
}

// bom is the encoding's byte order mark; GB18030 is written without one.
func (e Encoding) bom() []byte {
	switch e {
	case UTF8:
		return []byte("\xEF\xBB\xBF")
	case UTF16LE:
		return []byte("\xFF\xFE")
	case UTF16BE:
		return []byte("\xFE\xFF")
	case GB18030, EncodingUnknown:
	}
	return nil
}

// Wide reports whether the encoding is one of UTF-16.
func (e Encoding) Wide() bool { return e == UTF16LE || e == UTF16BE }

// Dialect is how a text file is written.
type Dialect struct {
	Encoding   Encoding
	BOM        bool
	Delimiter  byte
	LineEnding string // "\r\n", "\n" or "\r": what most lines end with
}

const (
	sampleBytes = 64 << 10
	samples     = 32 // further places looked at while only ASCII was seen
)

// DetectEncoding judges a sample of a text file without a byte order mark; EncodingUnknown means that it is no text.
// A cut character at either end of the sample does no harm.
func DetectEncoding(sample []byte) Encoding {
	if e := detectWide(sample); e != EncodingUnknown {
		return e
	}
	if isBinary(sample) {
		return EncodingUnknown
	}
	u, g := scoreUTF8(sample), scoreGB18030(sample)
	switch {
	case u.good == 0 && u.bad == 0:
		return UTF8
	case u.bad == 0 && (u.long > 0 || !g.hanzi):
		return UTF8
	case u.bad == 0:
		return GB18030
	case u.good > 4*u.bad && u.long > 0:
		return UTF8 // a few broken bytes in UTF-8 text
	case g.bad*4 <= g.good:
		return GB18030
	case u.good > u.bad:
		return UTF8
	}
	return EncodingUnknown
}

// isBinary reports whether more than a tenth are control characters that no text has.
func isBinary(sample []byte) bool {
	control := 0
	for _, c := range sample {
		if c < 0x20 && c != '\t' && c != '\n' && c != '\r' {
			control++
		}
	}
	return control*10 > len(sample)
}

// detectWide finds UTF-16 without a mark by the zero bytes of its delimiters, digits and line ends.
func detectWide(sample []byte) Encoding {
	var zero, text [2]int
	for i := 0; i+1 < len(sample); i += 2 {
		lo, hi := sample[i], sample[i+1]
		switch {
		case hi == 0 && lo != 0:
			zero[1]++
			text[0]++
		case lo == 0 && hi != 0:
			zero[0]++
			text[1]++
		case lo == 0:
			zero[0]++
			zero[1]++
		}
	}
	units := len(sample) / 2
	switch {
	case units == 0:
		return EncodingUnknown
	case enoughZeros(zero[1], units) && zero[1] > 9*zero[0] && text[0] > 0:
		return UTF16LE
	case enoughZeros(zero[0], units) && zero[0] > 9*zero[1] && text[1] > 0:
		return UTF16BE
	}
	return EncodingUnknown
}

// enoughZeros tells UTF-16 from a text with a stray NUL.
func enoughZeros(zeros, units int) bool { return zeros*50 > units && (zeros > 2 || zeros*4 > units) }

type score struct {
	good, bad int
	long      int  // UTF-8 only: sequences of three bytes and more, where the Chinese characters are
	hanzi     bool // GB18030 only: nothing but common characters, in runs of two and more
}

func scoreUTF8(b []byte) score {
	var s score
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		switch {
		case r != utf8.RuneError || n == 3:
			s.good++
			if n >= 3 {
				s.long++
			}
		case !utf8.FullRune(b[i:]) || (i < utf8.UTFMax && !utf8.RuneStart(b[i])):
		default:
			s.bad++
		}
		i += n
	}
	return s
}

func scoreGB18030(b []byte) score {
	var s score
	runs, run := 0, 0
	s.hanzi = true
	for i := 0; i < len(b); {
		n := sizeGB18030(b[i:])
		if n == 1 || n == 0 {
			if run == 1 {
				s.hanzi = false
			}
			run = 0
		}
		switch {
		case n == 0 && len(b)-i >= 4:
			s.bad++
			s.hanzi = false
			n = 1
		case n == 0:
			n = len(b) - i
		case n > 1:
			s.good++
			if run++; run == 1 {
				runs++
			}
			if n != 2 || b[i] < 0xB0 || b[i] > 0xD7 || b[i+1] < 0xA1 {
				s.hanzi = false
			}
		}
		i += n
	}
	s.hanzi = s.hanzi && runs > 0
	return s
}

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

// detectDialect looks at the file's mark, its beginning and, while that is ASCII only, at places further on.
func detectDialect(in input) (Dialect, error) {
	d := Dialect{Encoding: in.opts.Encoding, Delimiter: in.opts.Delimiter}
	head := make([]byte, min(in.size, sampleBytes))
	if err := readAt(in.r, head, 0); err != nil {
		return Dialect{}, err
	}
	for _, e := range []Encoding{UTF8, UTF16LE, UTF16BE} {
		if bytes.HasPrefix(head, e.bom()) && (d.Encoding == EncodingUnknown || d.Encoding == e) {
			d.Encoding, d.BOM = e, true
			head = head[len(e.bom()):]
			break
		}
	}
	if d.Encoding == EncodingUnknown {
		e, err := detectEncoding(in, head)
		if err != nil {
			return Dialect{}, err
		}
		d.Encoding = e
	}
	if d.Encoding.Wide() {
		var w wideReader
		head = w.appendUTF8(nil, head, d.Encoding)
	}
	d.LineEnding = detectLineEnding(head)
	if d.Delimiter == 0 {
		d.Delimiter = detectDelimiter(head, d.LineEnding)
	}
	return d, nil
}

func detectEncoding(in input, head []byte) (Encoding, error) {
	e := DetectEncoding(head)
	if e != UTF8 || !isASCII(head) || in.size <= sampleBytes {
		if e == EncodingUnknown {
			return e, &Error{Code: CodeFormat, Detail: "neither a known container nor text"}
		}
		return e, nil
	}
	buf := make([]byte, sampleBytes)
	step := max((in.size-sampleBytes)/samples, 1)
	for off := int64(sampleBytes); off < in.size; off += max(step, sampleBytes) {
		p := buf[:min(in.size-off, sampleBytes)]
		if err := readAt(in.r, p, off); err != nil {
			return EncodingUnknown, err
		}
		if isASCII(p) {
			continue
		}
		if e := DetectEncoding(alignSample(p)); e == GB18030 || e == UTF8 {
			return e, nil
		}
	}
	return UTF8, nil
}

// alignSample cuts the sample's beginning up to its first ASCII byte that can be no part of a character.
func alignSample(p []byte) []byte {
	if i := bytes.IndexByte(p, '\n'); i >= 0 && i < len(p)/2 {
		return p[i:]
	}
	return p
}

func isASCII(b []byte) bool {
	for len(b) >= 8 {
		if (b[0]|b[1]|b[2]|b[3]|b[4]|b[5]|b[6]|b[7])&0x80 != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

func detectLineEnding(head []byte) string {
	crlf := bytes.Count(head, []byte("\r\n"))
	lf := bytes.Count(head, []byte("\n")) - crlf
	cr := bytes.Count(head, []byte("\r")) - crlf
	switch {
	case crlf > 0 && crlf >= lf:
		return "\r\n"
	case lf > 0 || crlf > 0:
		return "\n"
	case cr > 0:
		return "\r"
	}
	return "\r\n"
}

// detectDelimiter takes the candidate that divides the first lines most evenly; a "sep=;" line decides.
func detectDelimiter(head []byte, ending string) byte {
	if rest, ok := bytes.CutPrefix(head, []byte("sep=")); ok && len(rest) > 1 && (rest[1] == '\r' || rest[1] == '\n') {
		return rest[0]
	}
	best, bestScore := byte(','), 0
	for _, d := range []byte{',', '\t', ';'} {
		if s := delimiterScore(head, d, ending[len(ending)-1]); s > bestScore {
			best, bestScore = d, s
		}
	}
	return best
}

// delimiterScore counts the delimiters outside quotes, line by line: the more lines agree, the better.
func delimiterScore(head []byte, d, end byte) int {
	counts := map[int]int{}
	quoted, n, lines := false, 0, 0
	for _, c := range head {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == d:
			n++
		case c == end:
			counts[n]++
			n = 0
			lines++
		}
		if lines == 100 {
			break
		}
	}
	if lines == 0 && n > 0 {
		counts[n]++
	}
	best := 0
	for n, lines := range counts {
		if n > 0 {
			best = max(best, lines*1000+n)
		}
	}
	return best
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
	switch e {
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
	case UTF8, EncodingUnknown:
	}
	return append(dst, s...)
}

var _ io.Reader = (*wideReader)(nil)
