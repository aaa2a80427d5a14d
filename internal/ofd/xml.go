package ofd

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of XML.
const (
	maxXMLDepth      = 64
	maxXMLAttributes = 64
)

type tokenKind uint8

const (
	tokenEOF tokenKind = iota
	tokenStart
	tokenEnd
)

// scanner divides XML 1.0 in UTF-8 into tags; the text before a tag is beside it. It knows no document type and no
// entities but the five of XML. Names are read without their prefix, because products differ in it.
type scanner struct {
	file string // for refusals
	b    []byte
	pos  int

	start, end int    // of the tag that was read last
	name       []byte // of that tag, without prefix
	attrs      []attribute
	empty      bool // a start tag that is its own end: the next token is its end
	text       []byte
	// texts is where text with more than one part, or with references, is put together.
	texts []byte

	stack []([]byte) // full names of the open tags
	done  bool       // the root was closed

	tolerances Tolerances
}

// attribute is an attribute of a start tag; its value still has its references.
type attribute struct{ full, name, value []byte }

func newScanner(file string, b []byte) (*scanner, error) {
	x := &scanner{file: file, b: b}
	if bytes.HasPrefix(b, []byte("\xef\xbb\xbf")) {
		x.pos, x.tolerances = 3, TolerantBOM
	}
	if !utf8.Valid(b) {
		return nil, x.corrupt("not UTF-8")
	}
	for _, c := range b {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' {
			return nil, x.corrupt("control character %#x", c)
		}
	}
	return x, x.declaration()
}

// declaration passes over <?xml …?>, which may stand only at the beginning.
func (x *scanner) declaration() error {
	if !bytes.HasPrefix(x.b[x.pos:], []byte("<?xml")) {
		return nil
	}
	end := bytes.Index(x.b[x.pos:], []byte("?>"))
	if end < 0 {
		return x.corrupt("ends early")
	}
	attrs, err := x.attributes(nil, x.b[x.pos+5:x.pos+end])
	if err != nil {
		return err
	}
	for _, a := range attrs {
		if string(a.name) == "encoding" && !bytes.EqualFold(a.value, []byte("UTF-8")) {
			return x.corrupt("encoding %q", a.value)
		}
	}
	x.pos += end + 2
	return nil
}

// next reads up to and including the next tag; text is what stood before it. An empty tag answers twice.
func (x *scanner) next() (tokenKind, error) {
	if x.empty {
		x.empty, x.text = false, nil
		return tokenEnd, x.pop()
	}
	x.text, x.texts = nil, x.texts[:0]
	for {
		if err := x.readText(); err != nil {
			return tokenEOF, err
		}
		b := x.b[x.pos:]
		switch {
		case len(b) == 0:
			return tokenEOF, x.atEnd()
		case bytes.HasPrefix(b, []byte("<!--")):
			if err := x.comment(); err != nil {
				return tokenEOF, err
			}
		case bytes.HasPrefix(b, []byte("<![CDATA[")):
			if err := x.cdata(); err != nil {
				return tokenEOF, err
			}
		case bytes.HasPrefix(b, []byte("<!")):
			return tokenEOF, refuse(ReasonDoctype, "%s", x.file)
		case bytes.HasPrefix(b, []byte("<?")):
			if err := x.instruction(); err != nil {
				return tokenEOF, err
			}
		default:
			return x.tag()
		}
	}
}

func (x *scanner) atEnd() error {
	if len(x.stack) > 0 || !x.done {
		return x.corrupt("ends early")
	}
	return nil
}

// readText takes the text up to the next '<'.
func (x *scanner) readText() error {
	n := bytes.IndexByte(x.b[x.pos:], '<')
	if n < 0 {
		n = len(x.b) - x.pos
	}
	t := x.b[x.pos : x.pos+n]
	x.pos += n
	if len(t) == 0 {
		return nil
	}
	if len(x.stack) == 0 {
		if len(bytes.TrimSpace(t)) > 0 {
			return x.corrupt("text outside of the root")
		}
		return nil
	}
	if bytes.Contains(t, []byte("]]>")) {
		return x.corrupt("]]> in text")
	}
	if x.text == nil && bytes.IndexByte(t, '&') < 0 && bytes.IndexByte(t, '\r') < 0 {
		x.text = t
		return nil
	}
	return x.addText(t)
}

// addText appends text with its references to what there is.
func (x *scanner) addText(t []byte) (err error) {
	if len(x.texts) == 0 {
		x.texts = append(x.texts, x.text...)
	}
	x.texts, err = x.unescape(x.texts, t)
	x.text = x.texts
	return err
}

func (x *scanner) comment() error {
	n := bytes.Index(x.b[x.pos+4:], []byte("--"))
	if n < 0 || !bytes.HasPrefix(x.b[x.pos+4+n:], []byte("-->")) {
		return x.corrupt("a comment that does not end")
	}
	x.pos += 4 + n + 3
	return nil
}

func (x *scanner) cdata() error {
	n := bytes.Index(x.b[x.pos:], []byte("]]>"))
	if n < 0 || len(x.stack) == 0 {
		return x.corrupt("a CDATA section that does not end, or outside of the root")
	}
	if len(x.texts) == 0 {
		x.texts = append(x.texts, x.text...)
	}
	x.texts = append(x.texts, x.b[x.pos+9:x.pos+n]...)
	x.text = x.texts
	x.pos += n + 3
	return nil
}

func (x *scanner) instruction() error {
	n := bytes.Index(x.b[x.pos:], []byte("?>"))
	if n < 0 || bytes.HasPrefix(bytes.ToLower(x.b[x.pos+2:min(x.pos+6, len(x.b))]), []byte("xml")) {
		return x.corrupt("a processing instruction that does not end, or a second declaration")
	}
	x.pos += n + 2
	return nil
}

// tag reads a start or end tag.
func (x *scanner) tag() (tokenKind, error) {
	x.start = x.pos
	n, err := x.tagEnd()
	if err != nil {
		return tokenEOF, err
	}
	b := x.b[x.pos+1 : n]
	x.pos, x.end = n+1, n+1
	if b[0] == '/' {
		return tokenEnd, x.endTag(bytes.TrimRight(b[1:], " \t\r\n"))
	}
	if b[len(b)-1] == '/' {
		x.empty, b = true, b[:len(b)-1]
	}
	i := bytes.IndexAny(b, " \t\r\n")
	if i < 0 {
		i = len(b)
	}
	full := b[:i]
	if x.name, err = x.local(full); err != nil {
		return tokenEOF, err
	}
	if x.done || len(x.stack) == maxXMLDepth {
		return tokenEOF, x.corrupt("a second root, or tags nested more than %d deep", maxXMLDepth)
	}
	x.stack = append(x.stack, full)
	x.attrs, err = x.attributes(x.attrs[:0], b[i:])
	return tokenStart, err
}

func (x *scanner) endTag(full []byte) error {
	if len(x.stack) == 0 || !bytes.Equal(x.stack[len(x.stack)-1], full) {
		return x.corrupt("</%s> closes nothing", full)
	}
	return x.pop()
}

func (x *scanner) pop() error {
	var err error
	x.name, err = x.local(x.stack[len(x.stack)-1])
	x.attrs = x.attrs[:0]
	x.stack = x.stack[:len(x.stack)-1]
	x.done = len(x.stack) == 0
	return err
}

// tagEnd is the offset of the '>' that ends the tag at pos; a '>' in an attribute's value does not.
func (x *scanner) tagEnd() (int, error) {
	for at := x.pos + 1; at < len(x.b); at++ {
		switch c := x.b[at]; c {
		case '>':
			if at == x.pos+1 {
				return 0, x.corrupt("a tag without a name")
			}
			return at, nil
		case '"', '\'':
			n := bytes.IndexByte(x.b[at+1:], c)
			if n < 0 {
				return 0, x.corrupt("ends early")
			}
			at += n + 1
		case '<':
			return 0, x.corrupt("a tag inside a tag")
		}
	}
	return 0, x.corrupt("ends early")
}

// local is a name without its prefix.
func (x *scanner) local(full []byte) ([]byte, error) {
	name := full
	if i := bytes.IndexByte(full, ':'); i >= 0 {
		name = full[i+1:]
		if i == 0 {
			return nil, x.corrupt("name %q", full)
		}
	}
	if len(name) == 0 || bytes.ContainsAny(name, ":=\"'<>&/?!;") || (name[0] >= '0' && name[0] <= '9') ||
		name[0] == '-' || name[0] == '.' {
		return nil, x.corrupt("name %q", full)
	}
	return name, nil
}

// attributes reads the attributes of a tag. Two of one local name are refused, for a reader that goes by local names
// would take one of them and another reader the other.
func (x *scanner) attributes(out []attribute, b []byte) ([]attribute, error) {
	for {
		rest := bytes.TrimLeft(b, " \t\r\n")
		if len(rest) == 0 {
			return out, nil
		}
		if len(rest) == len(b) || len(out) == maxXMLAttributes {
			return nil, x.corrupt("attributes that are not apart, or more than %d", maxXMLAttributes)
		}
		eq := bytes.IndexByte(rest, '=')
		if eq < 0 {
			return nil, x.corrupt("an attribute without a value")
		}
		a := attribute{full: bytes.TrimRight(rest[:eq], " \t\r\n")}
		rest = bytes.TrimLeft(rest[eq+1:], " \t\r\n")
		if len(rest) < 2 || (rest[0] != '"' && rest[0] != '\'') {
			return nil, x.corrupt("an attribute without a value")
		}
		end := bytes.IndexByte(rest[1:], rest[0])
		if end < 0 {
			return nil, x.corrupt("an attribute without an end")
		}
		a.value, b = rest[1:1+end], rest[end+2:]
		var err error
		if a.name, err = x.local(a.full); err != nil {
			return nil, err
		}
		if err := x.checkAttribute(out, a); err != nil {
			return nil, err
		}
		out = append(out, a)
	}
}

func (x *scanner) checkAttribute(before []attribute, a attribute) error {
	if bytes.IndexByte(a.value, '<') >= 0 {
		return x.corrupt("'<' in an attribute")
	}
	for _, b := range before {
		if bytes.Equal(a.full, b.full) || (bytes.Equal(a.name, b.name) && !a.declares() && !b.declares()) {
			return x.corrupt("attribute %q twice", a.name)
		}
	}
	return nil
}

// declares reports whether it declares a namespace.
func (a attribute) declares() bool {
	return string(a.full) == "xmlns" || bytes.HasPrefix(a.full, []byte("xmlns:"))
}

// attr is the value of an attribute of the start tag.
func (x *scanner) attr(name string) (value string, ok bool, err error) {
	for _, a := range x.attrs {
		if string(a.name) != name || a.declares() {
			continue
		}
		if bytes.IndexByte(a.value, '&') < 0 {
			return string(a.value), true, nil
		}
		v, err := x.unescape(nil, a.value)
		return string(v), true, err
	}
	return "", false, nil
}

// unescape appends text with its references resolved and its line ends as XML reads them.
func (x *scanner) unescape(dst, b []byte) ([]byte, error) {
	for i := 0; i < len(b); i++ {
		switch c := b[i]; c {
		case '\r':
			if i+1 == len(b) || b[i+1] != '\n' {
				dst = append(dst, '\n')
			}
		case '&':
			end := bytes.IndexByte(b[i:min(len(b), i+12)], ';')
			if end < 0 {
				return nil, x.corrupt("'&' that begins no reference")
			}
			var err error
			if dst, err = x.reference(dst, b[i+1:i+end]); err != nil {
				return nil, err
			}
			i += end
		default:
			dst = append(dst, c)
		}
	}
	return dst, nil
}

var entities = map[string]byte{"amp": '&', "lt": '<', "gt": '>', "quot": '"', "apos": '\''}

func (x *scanner) reference(dst, name []byte) ([]byte, error) {
	if c, ok := entities[string(name)]; ok {
		return append(dst, c), nil
	}
	if len(name) < 2 || name[0] != '#' {
		return nil, refuse(ReasonDoctype, "%s: entity %q", x.file, name)
	}
	base, digits := 10, name[1:]
	if digits[0] == 'x' {
		base, digits = 16, digits[1:]
	}
	n, err := strconv.ParseUint(string(digits), base, 32)
	if err != nil || n > utf8.MaxRune || !utf8.ValidRune(rune(n)) ||
		(n < ' ' && n != '\n' && n != '\r' && n != '\t') || n == 0xfffe || n == 0xffff {
		return nil, x.corrupt("character %q", name)
	}
	return utf8.AppendRune(dst, rune(n)), nil
}

// skip passes over the element whose start tag was read last.
func (x *scanner) skip() error {
	for level := len(x.stack); ; {
		kind, err := x.next()
		if err != nil {
			return err
		}
		if kind == tokenEnd && len(x.stack) < level {
			return nil
		}
	}
}

// textOf is the text of the element whose start tag was read last, without the white space around it.
func (x *scanner) textOf() (string, error) {
	s, err := x.wholeTextOf()
	return strings.TrimSpace(s), err
}

// wholeTextOf is the text of the element whose start tag was read last, which must hold no other.
func (x *scanner) wholeTextOf() (string, error) {
	element := x.name
	kind, err := x.next()
	if err != nil {
		return "", err
	}
	if kind != tokenEnd {
		return "", x.corrupt("%s in %s", x.name, element)
	}
	return string(x.text), nil
}

// children calls f at the start tag of each child of the element whose start tag was read last; f reads the child to
// its end or calls skip. Text between children is passed over.
func (x *scanner) children(f func(name string) error) error {
	level := len(x.stack)
	for {
		kind, err := x.next()
		if err != nil {
			return err
		}
		if kind == tokenEnd {
			return nil
		}
		if err := f(string(x.name)); err != nil {
			return err
		}
		if len(x.stack) != level {
			return x.corrupt("an element was left half read")
		}
	}
}

// root reads the start tag of the root, which must have this name, and looks at its namespace.
func (x *scanner) root(name string) error {
	kind, err := x.next()
	if err != nil {
		return err
	}
	if kind != tokenStart || string(x.name) != name {
		return refuse(ReasonStructure, "%s: the root is %q, not %q", x.file, x.name, name)
	}
	x.tolerances |= TolerantNamespace
	for _, a := range x.attrs {
		if a.declares() && string(a.value) == namespace {
			x.tolerances &^= TolerantNamespace
		}
	}
	return nil
}

// namespace is that of GB/T 33190-2016, 7.2.
const namespace = "http://www.ofdspec.org/2016"

// finish demands that nothing follows the root.
func (x *scanner) finish() error {
	kind, err := x.next()
	if err == nil && kind != tokenEOF {
		return x.corrupt("something behind the root")
	}
	return err
}
