package pdf

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"strconv"
)

// errShort says that an object goes on behind the octets that were read.
var errShort = errors.New("pdf: object is cut off")

// parser reads objects from octets that start at a place of the file.
type parser struct {
	b        []byte
	i        int
	base     int64 // of b in the file; negative: strings have no place of their own
	last     bool  // nothing follows b
	bare     bool  // comments do not count as white space
	elements int
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0
}

func isDelimiter(c byte) bool {
	switch c {
	case '(', ')', '<', '>', '[', ']', '{', '}', '/', '%':
		return true
	}
	return false
}

func isRegular(c byte) bool { return !isSpace(c) && !isDelimiter(c) }

// end is the error of running out of octets.
func (p *parser) end() error {
	if p.last {
		return refuse(ReasonSyntax, "the file ends within an object")
	}
	return errShort
}

// skip passes white space and comments.
func (p *parser) skip() {
	for p.i < len(p.b) {
		switch c := p.b[p.i]; {
		case isSpace(c):
			p.i++
		case c == '%' && !p.bare:
			for p.i < len(p.b) && p.b[p.i] != '\n' && p.b[p.i] != '\r' {
				p.i++
			}
		default:
			return
		}
	}
}

// word is the run of regular characters that comes next; empty: there is none.
func (p *parser) word() (string, error) {
	from := p.i
	for p.i < len(p.b) && isRegular(p.b[p.i]) {
		p.i++
	}
	if p.i == len(p.b) && !p.last {
		return "", errShort
	}
	return string(p.b[from:p.i]), nil
}

// keyword wants this word next.
func (p *parser) keyword(want string) error {
	p.skip()
	w, err := p.word()
	if err == nil && w != want {
		return refuse(ReasonSyntax, "no %q where it must stand", want)
	}
	return err
}

// integer reads an integer that is not negative.
func (p *parser) integer() (int64, error) {
	p.skip()
	w, err := p.word()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(w, 10, 63)
	if err != nil {
		return 0, refuse(ReasonSyntax, "no number where one must stand")
	}
	return int64(n), nil
}

// object reads one object.
func (p *parser) object(depth int) (Object, error) {
	if p.elements++; p.elements > maxElements || depth > maxNesting {
		return nil, refuse(ReasonLimit, "an object is too large or too deep")
	}
	p.skip()
	if p.i >= len(p.b) {
		return nil, p.end()
	}
	switch c := p.b[p.i]; c {
	case '/':
		return p.name()
	case '(':
		return p.literal()
	case '[':
		return p.array(depth)
	case '<':
		if p.i+1 >= len(p.b) {
			return nil, p.end()
		}
		if p.b[p.i+1] == '<' {
			return p.dict(depth)
		}
		return p.hexadecimal()
	default:
		return p.plain()
	}
}

// plain reads a number, a reference, true, false or null.
func (p *parser) plain() (Object, error) {
	w, err := p.word()
	if err != nil {
		return nil, err
	}
	switch w {
	case "":
		return nil, refuse(ReasonSyntax, "an unexpected delimiter")
	case "true":
		return true, nil
	case "false":
		return false, nil
	case "null":
		return nil, nil
	}
	if n, err := strconv.ParseInt(w, 10, 64); err == nil {
		return p.reference(w, n)
	}
	return realNumber(w)
}

// realNumber reads a real: no exponent, no infinity, no underscore, no hexadecimal digits.
func realNumber(w string) (Object, error) {
	for i := range len(w) {
		if c := w[i]; (c < '0' || c > '9') && c != '.' && (c != '-' && c != '+') {
			return nil, refuse(ReasonSyntax, "an unknown word")
		}
	}
	f, err := strconv.ParseFloat(w, 64)
	if err != nil || math.IsInf(f, 0) {
		return nil, refuse(ReasonSyntax, "a malformed number")
	}
	return f, nil
}

// reference looks whether an integer is the start of "n g R".
func (p *parser) reference(w string, n int64) (Object, error) {
	if n < 0 || n > math.MaxUint32 || w[0] == '+' {
		return n, nil
	}
	back := p.i
	p.skip()
	w, err := p.word()
	if err != nil {
		return nil, err
	}
	generation, ok := parseGeneration(w)
	if ok {
		p.skip()
		if w, err = p.word(); err != nil {
			return nil, err
		}
	}
	if !ok || w != "R" {
		p.i = back
		return n, nil
	}
	return Ref{uint32(n), generation}, nil
}

func parseGeneration(w string) (uint16, bool) {
	n, err := strconv.ParseUint(w, 10, 16)
	return uint16(n), err == nil
}

func (p *parser) name() (Object, error) {
	p.i++
	w, err := p.word()
	if err != nil {
		return nil, err
	}
	if bytes.IndexByte([]byte(w), '#') < 0 {
		return Name(w), nil
	}
	out := make([]byte, 0, len(w))
	for i := 0; i < len(w); i++ {
		if w[i] == '#' && i+2 < len(w) {
			if c, err := strconv.ParseUint(w[i+1:i+3], 16, 8); err == nil && c != 0 {
				out = append(out, byte(c))
				i += 2
				continue
			}
		}
		out = append(out, w[i])
	}
	return Name(out), nil
}

func (p *parser) place(from int) (int64, int64) {
	if p.base < 0 {
		return -1, -1
	}
	return p.base + int64(from), p.base + int64(p.i)
}

func (p *parser) hexadecimal() (Object, error) {
	from := p.i
	end := bytes.IndexByte(p.b[p.i:], '>')
	if end < 0 {
		return nil, p.end()
	}
	digits := p.b[p.i+1 : p.i+end]
	p.i += end + 1
	value := make([]byte, hex.DecodedLen(len(digits)))
	if _, err := hex.Decode(value, digits); err != nil {
		if value, err = spacedDigits(digits); err != nil {
			return nil, err
		}
	}
	s := &String{Value: value, Hex: true}
	s.from, s.to = p.place(from)
	return s, nil
}

// spacedDigits decodes digits with white space between them, or a last one alone.
func spacedDigits(digits []byte) ([]byte, error) {
	compact := make([]byte, 0, len(digits)+1)
	for _, c := range digits {
		if !isSpace(c) {
			compact = append(compact, c)
		}
	}
	if len(compact)%2 == 1 {
		compact = append(compact, '0')
	}
	n, err := hex.Decode(compact, compact)
	if err != nil {
		return nil, refuse(ReasonSyntax, "a malformed string of hexadecimal digits")
	}
	return compact[:n:n], nil
}

// literal reads a string in parentheses (7.3.4.2).
func (p *parser) literal() (Object, error) {
	from, open := p.i, 0
	var out []byte
	for p.i < len(p.b) {
		c := p.b[p.i]
		p.i++
		switch c {
		case '(':
			if open++; open == 1 {
				continue
			}
		case ')':
			if open--; open == 0 {
				s := &String{Value: out}
				s.from, s.to = p.place(from)
				return s, nil
			}
		case '\\':
			out = p.escape(out)
			continue
		}
		out = append(out, c)
	}
	return nil, p.end()
}

var escapes = map[byte]byte{'n': '\n', 'r': '\r', 't': '\t', 'b': '\b', 'f': '\f'}

// escape reads what follows a reverse solidus.
func (p *parser) escape(out []byte) []byte {
	if p.i >= len(p.b) {
		return out
	}
	c := p.b[p.i]
	p.i++
	switch {
	case escapes[c] != 0:
		return append(out, escapes[c])
	case c == '\r':
		if p.i < len(p.b) && p.b[p.i] == '\n' {
			p.i++
		}
		return out
	case c == '\n':
		return out
	case c >= '0' && c <= '7':
		v := int(c - '0')
		for n := 1; n < 3 && p.i < len(p.b) && p.b[p.i] >= '0' && p.b[p.i] <= '7'; n++ {
			v = v<<3 | int(p.b[p.i]-'0')
			p.i++
		}
		return append(out, byte(v))
	default:
		return append(out, c)
	}
}

func (p *parser) array(depth int) (Object, error) {
	p.i++
	a := Array{}
	for {
		p.skip()
		if p.i >= len(p.b) {
			return nil, p.end()
		}
		if p.b[p.i] == ']' {
			p.i++
			return a, nil
		}
		o, err := p.object(depth + 1)
		if err != nil {
			return nil, err
		}
		a = append(a, o)
	}
}

// dict reads a dictionary. A key that stands in it twice is refused: readers differ on which of them counts.
func (p *parser) dict(depth int) (Object, error) {
	p.i += 2
	d := Dict{}
	for {
		p.skip()
		if p.i+1 >= len(p.b) {
			return nil, p.end()
		}
		if p.b[p.i] == '>' && p.b[p.i+1] == '>' {
			p.i += 2
			return d, nil
		}
		if p.b[p.i] != '/' {
			return nil, refuse(ReasonSyntax, "a dictionary with a key that is no name")
		}
		k, err := p.name()
		if err != nil {
			return nil, err
		}
		v, err := p.object(depth + 1)
		if err != nil {
			return nil, err
		}
		key, _ := k.(Name)
		if _, double := d[key]; double {
			return nil, refuse(ReasonSyntax, "a dictionary with the key %q twice", key)
		}
		d[key] = v
	}
}
