package sheet

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tokenEOF tokenKind = iota
	tokenStart
	tokenEnd
	tokenText
)

const maxXMLDepth = 64

// xmlScanner divides XML 1.0 in UTF-8 into tags and text. It knows no DTD: a document type declaration is refused, and
// so is another encoding: what is written into a part is UTF-8.
// Slices it hands out are valid until the next call of next.
type xmlScanner struct {
	src  io.Reader
	part string // the part's name, for errors
	max  int    // largest token, or largest kept stretch

	buf   []byte
	gone  int64 // octets of the part before buf
	pos   int
	keep  int // offset in buf from which bytes are kept, or -1
	err   error
	depth int

	tag   int    // offset in buf of the last tag's '<', valid as long as the slices
	name  []byte // of a tag, without its prefix
	full  []byte // of a tag, with its prefix
	attrs []byte
	empty bool   // a start tag that is its own end; no end tag follows
	text  []byte // of text, with its entities unless plain
	plain bool   // the text is CDATA
}

func newXMLScanner(r io.Reader, part string, maxToken int) *xmlScanner {
	return &xmlScanner{src: r, part: part, max: maxToken, keep: -1, buf: make([]byte, 0, 64<<10)}
}

func (x *xmlScanner) corrupt(detail string) error {
	return &Error{Code: CodeCorrupt, Detail: x.part + ": " + detail}
}

// more reads on and keeps what lies from `from` on; it answers by how much everything moved down.
func (x *xmlScanner) more(from int) (moved int, err error) {
	if x.err != nil {
		return 0, x.err
	}
	if x.keep >= 0 {
		from = x.keep
	}
	if len(x.buf)-from > x.max {
		return 0, &Error{Code: CodeTooLarge, Detail: x.part}
	}
	if from > 0 && len(x.buf)-from <= cap(x.buf)/2 {
		moved = from
		x.buf = x.buf[:copy(x.buf, x.buf[from:])]
		x.pos -= moved
		x.gone += int64(moved)
		if x.keep >= 0 {
			x.keep = 0
		}
	}
	if len(x.buf) == cap(x.buf) {
		b := make([]byte, len(x.buf), 2*cap(x.buf))
		copy(b, x.buf)
		x.buf = b
	}
	for range 100 {
		n, err := x.src.Read(x.buf[len(x.buf):cap(x.buf)])
		x.buf = x.buf[:len(x.buf)+n]
		if err != nil {
			x.err = err
		}
		if n > 0 {
			return moved, nil
		}
		if err != nil {
			return moved, err
		}
	}
	x.err = io.ErrNoProgress
	return moved, x.err
}

// at is where in the part the scanner stands.
func (x *xmlScanner) at() int64 { return x.gone + int64(x.pos) }

// within refuses what began at from and is longer than a token or a kept stretch may be. It does not depend on how much
// of the part lies in memory, so that whoever keeps a stretch is refused no sooner than who reads through it.
func (x *xmlScanner) within(from int64) error {
	if x.at()-from > int64(x.max) {
		return &Error{Code: CodeTooLarge, Detail: x.part}
	}
	return nil
}

// next reads the next tag or text. Comments and processing instructions are passed over.
func (x *xmlScanner) next() (tokenKind, error) {
	for {
		if x.pos == len(x.buf) {
			err := x.fill()
			if errors.Is(err, io.EOF) {
				return x.atEnd()
			}
			if err != nil {
				return tokenEOF, err
			}
		}
		from, done := x.at(), true
		var kind tokenKind
		var err error
		if x.buf[x.pos] != '<' {
			kind, err = x.scanText()
		} else {
			kind, done, err = x.scanTag()
		}
		if err == nil {
			err = x.within(from)
		}
		if done || err != nil {
			return kind, err
		}
	}
}

// fill reads on where nothing is left, and looks at how the part begins.
func (x *xmlScanner) fill() error {
	first := x.gone == 0 && len(x.buf) == 0
	if _, err := x.more(x.pos); err != nil || !first {
		return err
	}
	for _, mark := range []string{"\xFF\xFE", "\xFE\xFF", "<\x00", "\x00<"} {
		if bytes.HasPrefix(x.buf, []byte(mark)) {
			return x.foreign("UTF-16")
		}
	}
	return nil
}

// foreign is the refusal of another encoding.
func (x *xmlScanner) foreign(encoding string) error {
	return &Error{Code: CodeFormat, Detail: x.part + ": XML in " + encoding}
}

func (x *xmlScanner) atEnd() (tokenKind, error) {
	if x.depth != 0 {
		return tokenEOF, x.corrupt("ends early")
	}
	return tokenEOF, nil
}

func (x *xmlScanner) scanText() (tokenKind, error) {
	at := x.pos
	for {
		if i := bytes.IndexByte(x.buf[at:], '<'); i >= 0 {
			at += i
			break
		}
		at = len(x.buf)
		moved, err := x.more(x.pos)
		at -= moved
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return tokenEOF, err
		}
	}
	x.text, x.plain = x.buf[x.pos:at], false
	x.pos = at
	return tokenText, nil
}

// find is the offset behind the next mark at or after at, reading on as needed.
func (x *xmlScanner) find(at int, mark string) (int, error) {
	for {
		if i := bytes.Index(x.buf[at:], []byte(mark)); i >= 0 {
			return at + i + len(mark), nil
		}
		at = max(at, len(x.buf)-len(mark)+1)
		moved, err := x.more(x.pos)
		at -= moved
		if err != nil {
			return 0, x.early(err)
		}
	}
}

func (x *xmlScanner) early(err error) error {
	if errors.Is(err, io.EOF) {
		return x.corrupt("ends early")
	}
	return err
}

// scanTag reads what begins with '<'; done is false for what is passed over.
func (x *xmlScanner) scanTag() (kind tokenKind, done bool, err error) {
	for len(x.buf)-x.pos < 9 {
		if _, err := x.more(x.pos); err != nil {
			if errors.Is(err, io.EOF) {
				break
			}
			return tokenEOF, false, err
		}
	}
	b := x.buf[x.pos:]
	if len(b) > 3 && b[1] != '?' && b[1] != '!' {
		kind, err = x.scanElement()
		return kind, true, err
	}
	switch {
	case len(b) < 3:
		return tokenEOF, false, x.corrupt("ends early")
	case b[1] == '?':
		return tokenEOF, false, x.instruction()
	case bytes.HasPrefix(b, []byte("<!--")):
		return tokenEOF, false, x.comment()
	case bytes.HasPrefix(b, []byte("<![CDATA[")):
		end, err := x.find(x.pos+9, "]]>")
		if err != nil {
			return tokenEOF, false, err
		}
		x.text, x.plain = x.buf[x.pos+9:end-3], true
		x.pos = end
		return tokenText, true, nil
	case b[1] == '!':
		return tokenEOF, false, &Error{Code: CodeDoctype, Detail: x.part}
	}
	kind, err = x.scanElement() // the last tag, as short as </a>
	return kind, true, err
}

func (x *xmlScanner) comment() error {
	end, err := x.find(x.pos+4, "-->")
	if err == nil {
		x.pos = end
	}
	return err
}

// instruction passes over a processing instruction; the declaration at the beginning must not say another encoding.
func (x *xmlScanner) instruction() error {
	end, err := x.find(x.pos+2, "?>")
	if err != nil {
		return err
	}
	rest, isDeclaration := bytes.CutPrefix(x.buf[x.pos+2:end-2], []byte("xml"))
	x.pos = end
	for isDeclaration {
		name, value, next, ok := nextAttr(rest)
		if !ok {
			break
		}
		known := bytes.EqualFold(value, []byte("UTF-8")) || bytes.EqualFold(value, []byte("US-ASCII"))
		if string(name) == "encoding" && !known {
			return x.foreign(clip(value))
		}
		rest = next
	}
	return nil
}

// scanElement reads a start or end tag.
func (x *xmlScanner) scanElement() (tokenKind, error) {
	at, err := x.tagEnd()
	if err != nil {
		return tokenEOF, err
	}
	b := x.buf[x.pos+1 : at]
	x.tag, x.pos = x.pos, at+1
	kind := tokenStart
	x.empty = false
	if b[0] == '/' {
		kind, b = tokenEnd, b[1:]
	} else if b[len(b)-1] == '/' {
		x.empty, b = true, b[:len(b)-1]
	}
	n := 0
	for n < len(b) && b[n] > ' ' {
		n++
	}
	x.full, x.attrs = b[:n], b[n:]
	x.name = x.full
	if i := bytes.IndexByte(x.full, ':'); i >= 0 {
		x.name = x.full[i+1:]
	}
	if len(x.name) == 0 || bytes.ContainsAny(x.full, "\"'/=&") {
		return tokenEOF, x.corrupt("a tag without a name")
	}
	if !wellFormed(x.attrs) {
		return tokenEOF, x.corrupt("a tag whose attributes are no XML")
	}
	if kind == tokenEnd {
		x.depth--
	} else if !x.empty {
		x.depth++
	}
	if x.depth < 0 || x.depth > maxXMLDepth {
		return tokenEOF, x.corrupt("tags do not nest, or too deep")
	}
	return kind, nil
}

// tagEnd is the offset of the '>' that ends the tag at pos; a '>' in an attribute's value does not.
func (x *xmlScanner) tagEnd() (int, error) {
	at, quote := x.pos+1, byte(0)
	for ; ; at++ {
		for at >= len(x.buf) {
			moved, err := x.more(x.pos)
			if err != nil {
				return 0, x.early(err)
			}
			at -= moved
		}
		switch c := x.buf[at]; {
		case quote != 0:
			i := bytes.IndexByte(x.buf[at:], quote)
			if i < 0 {
				at = len(x.buf) - 1
				continue
			}
			at, quote = at+i, 0
		case c == '>':
			if at == x.pos+1 {
				return 0, x.corrupt("a tag without a name")
			}
			return at, nil
		case c == '"' || c == '\'':
			quote = c
		case c == '<':
			return 0, x.corrupt("a tag inside a tag")
		}
	}
}

// plainValue takes "<v>…</v></c>" in one step, the form of nearly every cell; ok is false where something else follows
// or it is not wholly in the buffer, and nothing was taken.
func (x *xmlScanner) plainValue() (text []byte, ok bool) {
	b := x.buf[x.pos:]
	if len(b) < 11 || b[0] != '<' || b[1] != 'v' || b[2] != '>' || len(x.full) != 1 {
		return nil, false
	}
	i := bytes.IndexByte(b[3:], '<') + 3
	if i < 3 || i-3 > x.max || len(b) < i+8 || string(b[i:i+8]) != "</v></c>" {
		return nil, false
	}
	x.pos += i + 8
	x.depth--
	return b[3:i], true
}

// skip passes over the element whose start tag was just read.
func (x *xmlScanner) skip() error {
	if x.empty {
		return nil
	}
	for level := x.depth; ; {
		kind, err := x.next()
		if err != nil {
			return err
		}
		if kind == tokenEOF {
			return x.corrupt("ends early")
		}
		if kind == tokenEnd && x.depth < level {
			return nil
		}
	}
}

// nextAttr takes the first attribute off attrs (XML 1.0, production 41); ok is false at the end or where none stands.
func nextAttr(attrs []byte) (name, value, rest []byte, ok bool) {
	attrs = trimSpaces(attrs)
	i := 0
	for i < len(attrs) && attrs[i] > ' ' && attrs[i] != '=' && attrs[i] != '"' && attrs[i] != '\'' && attrs[i] != '/' {
		i++
	}
	name, rest = attrs[:i], trimSpaces(attrs[i:])
	if i == 0 || len(rest) == 0 || rest[0] != '=' {
		return nil, nil, nil, false
	}
	rest = trimSpaces(rest[1:])
	if len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
		return nil, nil, nil, false
	}
	end := bytes.IndexByte(rest[1:], rest[0])
	if end < 0 {
		return nil, nil, nil, false
	}
	return name, rest[1 : 1+end], rest[end+2:], true
}

func trimSpaces(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\n' || b[0] == '\r' || b[0] == '\t') {
		b = b[1:]
	}
	return b
}

// wellFormed says whether attrs are attributes behind spaces and nothing else, so that whoever rewrites a tag and
// whoever reads it cannot see different ones.
func wellFormed(attrs []byte) bool {
	for len(attrs) > 0 {
		rest := trimSpaces(attrs)
		if len(rest) == 0 {
			return true
		}
		ok := len(rest) < len(attrs)
		if !ok {
			return false
		}
		if _, _, attrs, ok = nextAttr(rest); !ok {
			return false
		}
	}
	return true
}

// attr is the value of an attribute by its name without prefix, with entities resolved.
func (x *xmlScanner) attr(name string) string {
	rest := x.attrs
	for {
		n, v, r, ok := nextAttr(rest)
		if !ok {
			return ""
		}
		if i := bytes.IndexByte(n, ':'); i >= 0 {
			n = n[i+1:]
		}
		if string(n) == name {
			return string(appendXMLText(nil, v))
		}
		rest = r
	}
}

// textAttr is the value of an attribute that holds a text of people's (ST_Xstring), as cells do.
func (x *xmlScanner) textAttr(name string) string {
	return string(unescapeCell([]byte(x.attr(name)), 0))
}

// appendXMLText appends text with entities resolved and line ends as XML reads them; an entity that is none of the five
// of XML and no character stays as it is written.
func appendXMLText(dst, b []byte) []byte {
	for len(b) > 0 {
		i := bytes.IndexByte(b, '&')
		if i < 0 {
			return appendLines(dst, b)
		}
		dst = appendLines(dst, b[:i])
		b = b[i:]
		end := bytes.IndexByte(b[:min(len(b), 12)], ';')
		if end < 0 {
			return append(dst, b...)
		}
		var good bool
		if dst, good = appendEntity(dst, b[1:end]); !good {
			dst = append(dst, b[:end+1]...)
		}
		b = b[end+1:]
	}
	return dst
}

func appendLines(dst, b []byte) []byte {
	for {
		i := bytes.IndexByte(b, '\r')
		if i < 0 {
			return append(dst, b...)
		}
		dst = append(append(dst, b[:i]...), '\n')
		if b = b[i+1:]; len(b) > 0 && b[0] == '\n' {
			b = b[1:]
		}
	}
}

func appendEntity(dst, name []byte) ([]byte, bool) {
	switch string(name) {
	case "amp":
		return append(dst, '&'), true
	case "lt":
		return append(dst, '<'), true
	case "gt":
		return append(dst, '>'), true
	case "quot":
		return append(dst, '"'), true
	case "apos":
		return append(dst, '\''), true
	}
	if len(name) < 2 || name[0] != '#' {
		return dst, false
	}
	base, digits := 10, name[1:]
	if digits[0] == 'x' || digits[0] == 'X' {
		base, digits = 16, digits[1:]
	}
	n, err := strconv.ParseUint(string(digits), base, 32)
	if err != nil || n == 0 || n > utf8.MaxRune || !utf8.ValidRune(rune(n)) {
		return dst, false
	}
	return utf8.AppendRune(dst, rune(n)), true
}

// unescapeCell resolves _xHHHH_ (ECMA-376 part 1, 22.9.2.19) in b[from:], in place, and returns b shortened.
func unescapeCell(b []byte, from int) []byte {
	i := bytes.Index(b[from:], []byte("_x"))
	if i < 0 {
		return b
	}
	out := b[:from+i]
	rest := b[from+i:]
	for len(rest) > 0 {
		if len(rest) >= 7 && rest[0] == '_' && rest[1] == 'x' && rest[6] == '_' {
			if n, err := strconv.ParseUint(string(rest[2:6]), 16, 16); err == nil && utf8.ValidRune(rune(n)) {
				out = utf8.AppendRune(out, rune(n)) // at most three bytes for seven
				rest = rest[7:]
				continue
			}
		}
		out = append(out, rest[0])
		rest = rest[1:]
	}
	return out
}
