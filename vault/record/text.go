package record

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// timeLayout is UTC with microseconds: what a text says about an instant.
const timeLayout = "2006-01-02T15:04:05.000000Z"

func itoa(n int) string { return strconv.Itoa(n) }

// writer appends lines; the first error sticks.
type writer struct {
	b     []byte
	start int
	err   error
}

func (w *writer) head(line string) { w.b = append(append(w.b, line...), '\n') }

// line writes a name and words: values without spaces.
func (w *writer) line(name string, words ...string) {
	w.b = append(w.b, name...)
	for _, v := range words {
		if !isWord(v) {
			w.fail(name)
		}
		w.b = append(append(w.b, ' '), v...)
	}
	w.b = append(w.b, '\n')
}

// name writes words followed by a free text that may hold spaces.
func (w *writer) name(name, free string, words ...string) {
	w.line(name, words...)
	if !isFree(free) {
		w.fail(name)
	}
	w.b[len(w.b)-1] = ' '
	w.b = append(append(w.b, free...), '\n')
}

// optional writes a free text unless it is empty.
func (w *writer) optional(name, free string) {
	if free != "" {
		w.name(name, free)
	}
}

func (w *writer) digest(name string, d Digest) {
	if d.IsZero() {
		w.line(name, "-")
		return
	}
	w.line(name, d.String())
}

func (w *writer) time(name string, t time.Time) { w.line(name, t.UTC().Format(timeLayout)) }

// field is the line that a record has most of, written without an intermediate string.
func (w *writer) field(f *Field) {
	w.b = append(append(append(w.b, "field "...), f.Name...), ' ')
	w.b = base64.RawURLEncoding.AppendEncode(w.b, f.Digest[:])
	w.b = append(w.b, '\n')
}

func (w *writer) fail(name string) {
	if w.err == nil {
		w.err = fmt.Errorf("%w: value of %s", ErrFormat, name)
	}
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

// isWord reports whether s can stand between spaces: not empty, UTF-8, no control characters and no space.
func isWord(s string) bool { return isFree(s) && strings.IndexByte(s, ' ') < 0 }

// isFree reports whether s can end a line: not empty, UTF-8, no control characters, no space at either end.
func isFree(s string) bool {
	if s == "" || len(s) > MaxLine/2 || s[0] == ' ' || s[len(s)-1] == ' ' {
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

// isCleanUTF8 also refuses C1 controls and the line and paragraph separators, which show as line ends.
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
	rest []byte
	err  error
}

func newParser(raw []byte, head string) *parser {
	p := &parser{rest: raw}
	if len(raw) > MaxBytes {
		p.fail("longer than allowed")
		return p
	}
	line, ok := p.take()
	if !ok || line != head {
		p.fail("first line is not " + strconv.Quote(head))
	}
	return p
}

func (p *parser) fail(what string) {
	if p.err == nil {
		p.err = fmt.Errorf("%w: %s", ErrFormat, what)
	}
	p.rest = nil
}

// take removes one line.
func (p *parser) take() (string, bool) {
	i := bytes.IndexByte(p.rest, '\n')
	if i < 0 || i >= MaxLine {
		return "", false
	}
	line := string(p.rest[:i])
	p.rest = p.rest[i+1:]
	return line, true
}

// next reports whether the next line has this name.
func (p *parser) next(name string) bool {
	return p.err == nil && len(p.rest) > len(name) && p.rest[len(name)] == ' ' &&
		string(p.rest[:len(name)]) == name
}

// free reads the text of a line with this name.
func (p *parser) free(name string) string {
	if !p.next(name) {
		p.fail("expected " + name)
		return ""
	}
	line, ok := p.take()
	if !ok || !isFree(line[len(name)+1:]) {
		p.fail("value of " + name)
		return ""
	}
	return line[len(name)+1:]
}

// optional reads a free text that may be missing.
func (p *parser) optional(name string) string {
	if !p.next(name) {
		return ""
	}
	return p.free(name)
}

// words reads a line of exactly n words, the last of which may hold spaces if freeEnd is set.
func (p *parser) words(name string, n int, freeEnd bool) []string {
	parts := strings.SplitN(p.free(name), " ", n)
	if len(parts) != n {
		p.fail("value of " + name)
		return make([]string, n)
	}
	for i, v := range parts {
		if !isWord(v) && !(freeEnd && i == n-1 && isFree(v)) {
			p.fail("value of " + name)
			return make([]string, n)
		}
	}
	return parts
}

func (p *parser) word(name string) string { return p.words(name, 1, false)[0] }

func (p *parser) pair(name string) (string, string) {
	v := p.words(name, 2, false)
	return v[0], v[1]
}

func (p *parser) triple(name string) (string, string, string) {
	v := p.words(name, 3, false)
	return v[0], v[1], v[2]
}

func (p *parser) codeAndName(name string) (string, string) {
	v := p.words(name, 2, true)
	return v[0], v[1]
}

func (p *parser) typeLine() (string, int, string) {
	v := p.words("type", 3, true)
	return v[0], p.number(v[1]), v[2]
}

// number reads a decimal number without sign or leading zero.
func (p *parser) number(s string) int {
	n, err := strconv.Atoi(s)
	if p.err == nil && (err != nil || n < 0 || strconv.Itoa(n) != s) {
		p.fail("number")
		return 0
	}
	return n
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
	t, err := time.Parse(timeLayout, s)
	if p.err == nil && (err != nil || t.Format(timeLayout) != s) {
		p.fail("time of " + name)
		return time.Time{}
	}
	return t
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
	if p.err == nil && len(p.rest) > 0 {
		p.fail("unexpected line")
	}
	return p.err
}
