package sheet

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	sampleBytes = 64 << 10
	samples     = 32 // further places looked at while only ASCII was seen
)

// DetectEncoding judges a sample of a text file without a byte order mark. Where it cannot tell, the encoding is
// EncodingUnknown and the candidates are those in which the sample could be read as text; none: it is no text.
// A cut character at either end of the sample does no harm.
//
// Chinese in GB18030 is told by its common characters (GB 2312 level one). Korean in EUC-KR looks like it and is taken
// for it.
func DetectEncoding(sample []byte) (Encoding, []Encoding) {
	if e := detectWide(sample); e != EncodingUnknown {
		return e, nil
	}
	if isBinary(sample) {
		return EncodingUnknown, nil
	}
	u, g := scoreUTF8(sample), scoreGB18030(sample)
	switch {
	case u.good == 0 && u.bad == 0:
		return UTF8, nil
	case u.bad == 0 && (u.long > 0 || !g.hanzi):
		return UTF8, nil
	case u.good > 4*u.bad && (u.long > 0 || !g.chinese()):
		return UTF8, nil // a few broken bytes in UTF-8 text
	case g.chinese():
		return GB18030, nil
	}
	return EncodingUnknown, candidates(sample, g)
}

// candidates are the encodings in which a sample makes sense, when none can be told to be the one.
func candidates(sample []byte, g score) []Encoding {
	var list []Encoding
	if g.bad*4 <= g.good {
		list = append(list, GB18030)
	}
	latin := amongLatin(sample)
	for _, e := range []Encoding{Windows1252, Windows1250, Windows1257, Windows1254, Windows1251} {
		if latin == (e != Windows1251) && readsAs(sample, e) {
			list = append(list, e)
		}
	}
	return list
}

// amongLatin reports whether most letters that are not ASCII stand beside ones that are: accents, not another script.
func amongLatin(sample []byte) bool {
	beside, all := 0, 0
	for i, c := range sample {
		if c < 0x80 {
			continue
		}
		all++
		if i > 0 && isASCIILetter(sample[i-1]) || i+1 < len(sample) && isASCIILetter(sample[i+1]) {
			beside++
		}
	}
	return beside*2 >= all
}

func isASCIILetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// readsAs reports whether nearly all that is not ASCII would be letters and usual signs of a code page.
func readsAs(sample []byte, e Encoding) bool {
	good, bad := 0, 0
	for _, c := range sample {
		if c < 0x80 {
			continue
		}
		r := pages[e].DecodeByte(c)
		switch {
		case r == unicode.ReplacementChar || unicode.IsControl(r):
			return false
		case unicode.IsLetter(r) || unicode.IsPunct(r) || strings.ContainsRune("\u00a0°²³€№", r):
			good++
		default:
			bad++
		}
	}
	return bad*10 <= good
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
	common    int  // GB18030 only: characters that Chinese text is made of
	inRuns    int  // GB18030 only: characters beside another one
	hanzi     bool // GB18030 only: nothing but common characters, in runs of two and more
}

// chinese reports whether a text reads as Chinese in GB18030: most characters are common ones, many stand side by side,
// and hardly a byte is out of place. Letters of a code page, each among ASCII letters, form single rare characters.
func (s score) chinese() bool {
	return s.good > 0 && s.common*10 >= s.good*6 && s.inRuns*2 >= s.good && s.bad*20 <= s.good
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
	s.hanzi = true
	run := 0
	for i := 0; i < len(b); {
		n := sizeGB18030(b[i:])
		if n > 1 {
			run++
			s.character(b[i : i+n])
			i += n
			continue
		}
		s.endRun(run)
		run = 0
		switch {
		case n == 1:
		case len(b)-i >= 4:
			s.bad++
			s.hanzi = false
		default: // cut off by the sample's end
			n = len(b) - i
		}
		i += max(n, 1)
	}
	s.endRun(run)
	s.hanzi = s.hanzi && s.good > 0
	return s
}

// character counts one of two or four bytes.
func (s *score) character(c []byte) {
	s.good++
	if isCommon(c) {
		s.common++
	}
	s.hanzi = s.hanzi && len(c) == 2 && c[0] >= 0xB0 && c[0] <= 0xD7 && c[1] >= 0xA1
}

// endRun counts characters that stood side by side.
func (s *score) endRun(length int) {
	if length > 1 {
		s.inRuns += length
	}
	s.hanzi = s.hanzi && length != 1
}

// isCommon reports a character of GB 2312 level one, a Chinese sign, or one of four bytes, whose form is no accident.
func isCommon(c []byte) bool {
	return len(c) == 4 || c[1] >= 0xA1 && (c[0] >= 0xB0 && c[0] <= 0xD7 || c[0] >= 0xA1 && c[0] <= 0xA3)
}

// detectDialect looks at the file's mark, its beginning and, while that is ASCII only, at places further on.
func detectDialect(in input) (Dialect, error) {
	d := Dialect{Encoding: in.opts.Encoding, Delimiter: in.opts.Delimiter}
	if d.Delimiter != 0 && !isDelimiter(d.Delimiter) {
		return Dialect{}, &Error{Code: CodeFormat, Detail: "no delimiter of cells"}
	}
	head := make([]byte, min(in.size, sampleBytes))
	if err := readAt(in.r, head, 0); err != nil {
		return Dialect{}, err
	}
	for _, e := range []Encoding{UTF8, UTF16LE, UTF16BE} {
		// The mark of a result tells more than what was said of the file that it was made from.
		open := d.Encoding == EncodingUnknown || d.Encoding == e || d.Encoding.OneByte()
		if open && bytes.HasPrefix(head, e.bom()) {
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
	e, maybe := DetectEncoding(head)
	if e != UTF8 || !isASCII(head) || in.size <= sampleBytes {
		return e, unsure(e, maybe)
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
		if e, maybe = DetectEncoding(alignSample(p)); !e.Wide() && (e != EncodingUnknown || len(maybe) > 0) {
			return e, unsure(e, maybe)
		}
	}
	return UTF8, nil
}

// unsure is the refusal to guess.
func unsure(e Encoding, maybe []Encoding) error {
	switch {
	case e != EncodingUnknown:
		return nil
	case len(maybe) == 0:
		return &Error{Code: CodeFormat, Detail: "neither a known container nor text"}
	}
	names := make([]string, len(maybe))
	for i, m := range maybe {
		names[i] = m.String()
	}
	return &Error{Code: CodeUnsure, Detail: strings.Join(names, ", ")}
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

// detectLineEnding looks outside of quotes, for in a cell there can be other line ends; if none is there, at all.
func detectLineEnding(head []byte) string {
	crlf, lf, cr := countLineEnds(head, '"')
	if crlf+lf+cr == 0 {
		crlf, lf, cr = countLineEnds(head, 0)
	}
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

// countLineEnds counts the line ends that are not between two quotes; 0 is no quote.
func countLineEnds(head []byte, quote byte) (crlf, lf, cr int) {
	quoted := false
	for i, c := range head {
		switch {
		case quote != 0 && c == quote:
			quoted = !quoted
		case quoted:
		case c == '\n' && i > 0 && head[i-1] == '\r':
			crlf++
			cr--
		case c == '\n':
			lf++
		case c == '\r':
			cr++
		}
	}
	return crlf, lf, cr
}

// detectDelimiter takes the candidate that divides the first lines most evenly; a "sep=;" line decides.
func detectDelimiter(head []byte, ending string) byte {
	rest, ok := bytes.CutPrefix(head, []byte("sep="))
	if ok && len(rest) > 1 && (rest[1] == '\r' || rest[1] == '\n') && isDelimiter(rest[0]) {
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
