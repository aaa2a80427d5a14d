package kmc

import (
	"encoding/hex"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Statements and transcript entries are texts of lines "name value" in a fixed order, so that a person can read what
// he signs and every value has one spelling.

const (
	maxTextRunes = 500
	timeLayout   = "2006-01-02T15:04:05Z"
)

// isText tells whether s can stand in a line: not empty, no control characters, no blank at either end.
func isText(s string) bool {
	return s != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= maxTextRunes && s == strings.TrimSpace(s) &&
		strings.IndexFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }) < 0
}

// writer appends lines; a value that cannot stand there sticks.
type writer struct {
	b   strings.Builder
	bad bool
}

func (w *writer) head(line string) { w.b.WriteString(line + "\n") }

func (w *writer) text(name, value string) {
	w.bad = w.bad || !isText(value)
	w.b.WriteString(name + " " + value + "\n")
}

func (w *writer) number(name string, n int) {
	w.bad = w.bad || n < 0
	w.text(name, strconv.Itoa(n))
}

func (w *writer) digest(name string, f Fingerprint) {
	w.bad = w.bad || f == Fingerprint{}
	w.text(name, f.String())
}

func (w *writer) time(name string, t time.Time) {
	t = t.UTC()
	w.bad = w.bad || t.IsZero() || t.Year() < 1 || t.Year() > 9999 || t.Nanosecond() != 0
	w.text(name, t.Format(timeLayout))
}

// reader takes lines off; a line that is not the one wanted sticks.
type reader struct {
	rest string
	bad  bool
}

func (r *reader) line() string {
	line, rest, found := strings.Cut(r.rest, "\n")
	r.bad = r.bad || !found
	r.rest = rest
	return line
}

func (r *reader) head(want string) {
	r.bad = r.line() != want || r.bad
}

// next tells whether the next line has that name.
func (r *reader) next(name string) bool { return strings.HasPrefix(r.rest, name+" ") }

func (r *reader) text(name string) string {
	value, found := strings.CutPrefix(r.line(), name+" ")
	r.bad = r.bad || !found || !isText(value)
	return value
}

func (r *reader) number(name string) int {
	text := r.text(name)
	n, err := strconv.Atoi(text)
	r.bad = r.bad || err != nil || n < 0 || strconv.Itoa(n) != text
	return n
}

func (r *reader) digest(name string) (f Fingerprint) {
	copy(f[:], r.hex(name, len(f)))
	r.bad = r.bad || f == Fingerprint{}
	return f
}

// hex reads exactly n bytes, or at least one if n is 0.
func (r *reader) hex(name string, n int) []byte {
	text := r.text(name)
	b, err := hex.DecodeString(text)
	r.bad = r.bad || err != nil || hex.EncodeToString(b) != text || n > 0 && len(b) != n
	return b
}

func (r *reader) time(name string) time.Time {
	text := r.text(name)
	t, err := time.Parse(timeLayout, text)
	r.bad = r.bad || err != nil || t.IsZero() || t.Format(timeLayout) != text
	return t
}

func (r *reader) end() bool { return !r.bad && r.rest == "" }
