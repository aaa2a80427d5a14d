package record

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// writer appends lines; the first error sticks.
type writer struct {
	b     []byte
	start int    // of the text in b
	name  string // of the line that is open
	value int    // where the value of that line starts
	err   error
}

func (w *writer) head(line string) { w.b = append(append(w.b, line...), '\n') }

// open begins a line; what follows on it is chained, and end closes it.
func (w *writer) open(name string) *writer {
	w.b = append(w.b, name...)
	w.name, w.value = name, len(w.b)+1
	return w
}

// word adds a value without spaces.
func (w *writer) word(s string) *writer {
	if !isText(s) || strings.IndexByte(s, ' ') >= 0 {
		w.fail()
	}
	w.b = append(append(w.b, ' '), s...)
	return w
}

// text adds a value that may hold spaces; only the last of a line may be one.
func (w *writer) text(s string) *writer {
	if !isText(s) {
		w.fail()
	}
	w.b = append(append(w.b, ' '), s...)
	return w
}

func (w *writer) number(n int) *writer {
	if n < 0 || int64(n) > MaxNumber {
		w.fail()
	}
	w.b = strconv.AppendInt(append(w.b, ' '), int64(n), 10)
	return w
}

// date adds a day, or "-" for an absent one.
func (w *writer) date(d Date) *writer {
	switch {
	case d.IsZero():
		w.b = append(w.b, " -"...)
	case !d.valid():
		w.fail()
	default:
		w.b = d.append(append(w.b, ' '))
	}
	return w
}

func (w *writer) digest(d Digest) *writer {
	if d.IsZero() {
		w.fail()
	}
	w.b = digestEncoding.AppendEncode(append(w.b, ' '), d[:])
	return w
}

func (w *writer) end() {
	if len(w.b)-w.value > MaxLine {
		w.fail()
	}
	w.b = append(w.b, '\n')
}

func (w *writer) fail() {
	if w.err == nil {
		w.err = fmt.Errorf("%w: value of %s", ErrFormat, w.name)
	}
}

// line writes a line of one word.
func (w *writer) line(name, word string) { w.open(name).word(word).end() }

// textLine writes a line of one text.
func (w *writer) textLine(name, text string) { w.open(name).text(text).end() }

// optional writes a text unless it is empty.
func (w *writer) optional(name, text string) {
	if text != "" {
		w.textLine(name, text)
	}
}

// optionalDigest writes a digest, or "-" for an absent one.
func (w *writer) optionalDigest(name string, d Digest) {
	if d.IsZero() {
		w.line(name, "-")
		return
	}
	w.open(name).digest(d).end()
}

// timeForm is UTC with microseconds: what a text says about an instant. What is finer is cut off.
const timeForm = "0000-00-00T00:00:00.000000Z"

func (w *writer) time(name string, t time.Time) {
	t = t.UTC()
	d := DateOf(t)
	w.open(name)
	if !d.valid() || t.Truncate(time.Microsecond).IsZero() {
		w.fail()
		d = Date{1, 1, 1}
	}
	w.b = append(w.b, ' ')
	n := len(w.b)
	w.b = append(w.b, timeForm...)
	b := w.b[n:]
	d.append(b[:0])
	put(b[11:13], t.Hour())
	put(b[14:16], t.Minute())
	put(b[17:19], t.Second())
	put(b[20:26], t.Nanosecond()/1000)
	w.end()
}

func (w *writer) bytes() ([]byte, error) {
	if w.err == nil && len(w.b)-w.start > MaxBytes {
		w.err = fmt.Errorf("%w: longer than %d bytes", ErrFormat, MaxBytes)
	}
	if w.err != nil {
		return nil, w.err
	}
	return w.b, nil
}

// isText reports whether s can end a line: not empty, not too long, UTF-8, no control characters, no space at either
// end.
func isText(s string) bool {
	if s == "" || len(s) > MaxLine || s[0] == ' ' || s[len(s)-1] == ' ' {
		return false
	}
	ascii := true
	for i := range len(s) {
		if s[i] < 0x20 || s[i] == 0x7f {
			return false
		}
		ascii = ascii && s[i] < 0x80
	}
	return ascii || isCleanUTF8(s)
}

// isCleanUTF8 also refuses C1 controls, the line and paragraph separators, which show as line ends, and the byte order
// mark.
func isCleanUTF8(s string) bool {
	for _, r := range s {
		if r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfeff {
			return false
		}
	}
	return utf8.ValidString(s)
}

// parser reads lines in order; the first error sticks and every later read returns zero values.
type parser struct {
	rest string
	err  error
}

func newParser(raw []byte, head string) *parser {
	p := &parser{}
	if len(raw) > MaxBytes {
		p.fail("longer than allowed")
		return p
	}
	rest, ok := strings.CutPrefix(string(raw), head+"\n") // one copy that every value shares
	if !ok {
		p.fail("first line is not " + strconv.Quote(head))
		return p
	}
	p.rest = rest
	return p
}

func (p *parser) fail(what string) {
	if p.err == nil {
		p.err = fmt.Errorf("%w: %s", ErrFormat, what)
	}
	p.rest = ""
}

func (p *parser) failValue(name string) {
	if p.err == nil {
		p.fail("value of " + name)
	}
}

// next reports whether the next line has this name.
func (p *parser) next(name string) bool {
	return len(p.rest) > len(name) && p.rest[len(name)] == ' ' && p.rest[:len(name)] == name
}

// text reads the text of a line with this name.
func (p *parser) text(name string) string {
	if !p.next(name) {
		if p.err == nil {
			p.fail("expected " + name)
		}
		return ""
	}
	value, rest, ok := strings.Cut(p.rest[len(name)+1:], "\n")
	if !ok || !isText(value) {
		p.failValue(name)
		return ""
	}
	p.rest = rest
	return value
}

// optional reads a text that may be missing.
func (p *parser) optional(name string) string {
	if !p.next(name) {
		return ""
	}
	return p.text(name)
}

// words reads a line of exactly as many words as there are places for.
func (p *parser) words(name string, to ...*string) {
	p.wordsAndText(name, to...)
	if last := *to[len(to)-1]; strings.IndexByte(last, ' ') >= 0 {
		p.failValue(name)
	}
}

// wordsAndText reads a line of words of which the last may hold spaces.
func (p *parser) wordsAndText(name string, to ...*string) {
	rest := p.text(name)
	last := len(to) - 1
	for _, t := range to[:last] {
		word, after, ok := strings.Cut(rest, " ")
		if !ok || word == "" {
			p.failValue(name)
			return
		}
		*t, rest = word, after
	}
	if rest == "" || rest[0] == ' ' {
		p.failValue(name)
		return
	}
	*to[last] = rest
}

func (p *parser) word(name string) string {
	var v string
	p.words(name, &v)
	return v
}

// number reads a decimal number without sign or leading zero.
func (p *parser) number(s string) int {
	n, err := strconv.ParseInt(s, 10, 64)
	if p.err == nil && (err != nil || n > MaxNumber || s[0] == '+' || s[0] == '-' || s[0] == '0' && s != "0") {
		p.fail("number")
	}
	if p.err != nil {
		return 0
	}
	return int(n)
}

func (p *parser) date(s string) Date {
	if s == "-" || p.err != nil {
		return Date{}
	}
	d, err := ParseDate(s)
	if err != nil {
		p.fail("date")
	}
	return d
}

func (p *parser) time(name string) time.Time {
	s := p.word(name)
	if p.err != nil {
		return time.Time{}
	}
	t, ok := parseTime(s)
	if !ok {
		p.fail("time of " + name)
	}
	return t
}

func parseTime(s string) (time.Time, bool) {
	if len(s) != len(timeForm) || s[10] != 'T' || s[13] != ':' || s[16] != ':' || s[19] != '.' || s[26] != 'Z' {
		return time.Time{}, false
	}
	d, err := ParseDate(s[:10])
	hour, ok1 := digits(s[11:13])
	minute, ok2 := digits(s[14:16])
	second, ok3 := digits(s[17:19])
	micro, ok4 := digits(s[20:26])
	if err != nil || !ok1 || !ok2 || !ok3 || !ok4 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	t := time.Date(d.Year, d.Month, d.Day, hour, minute, second, micro*1000, time.UTC)
	return t, !t.IsZero()
}

func (p *parser) digest(s string) Digest {
	if p.err != nil {
		return Digest{}
	}
	d, err := ParseDigest(s)
	if err != nil || d.IsZero() {
		p.fail("digest")
		return Digest{}
	}
	return d
}

func (p *parser) optionalDigest(name string) Digest {
	s := p.word(name)
	if s == "-" {
		return Digest{}
	}
	return p.digest(s)
}

// end returns the first error, or one about bytes after the text.
func (p *parser) end() error {
	if len(p.rest) > 0 {
		p.fail("unexpected line")
	}
	return p.err
}
