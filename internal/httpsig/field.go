package httpsig

import (
	"encoding/base64"
	"strings"
)

// scanner reads structured fields (RFC 9651) in the one form that a serializer writes: no spaces but where one must be,
// no sign or zero in front of a number, no base64 without its padding. So a text is read in one way only, and what was
// read can be compared with what was signed byte by byte.
type scanner struct {
	rest string
}

// newScanner joins the lines of a field, as RFC 9110, 5.3, allows.
func newScanner(lines []string) (*scanner, error) {
	size := 0
	for _, l := range lines {
		if size += len(l) + 2; size > MaxFieldBytes {
			return nil, ErrLimit
		}
	}
	return &scanner{rest: strings.Trim(strings.Join(lines, ", "), " \t")}, nil
}

// eat takes a prefix if it is there.
func (s *scanner) eat(prefix string) bool {
	rest, ok := strings.CutPrefix(s.rest, prefix)
	if ok {
		s.rest = rest
	}
	return ok
}

// take gives the longest start of the rest whose bytes all fit.
func (s *scanner) take(fits func(byte) bool) string {
	n := 0
	for n < len(s.rest) && fits(s.rest[n]) {
		n++
	}
	out := s.rest[:n]
	s.rest = s.rest[n:]
	return out
}

// members calls read for every member of a dictionary, which stands behind its key and '='. No key stands twice.
func (s *scanner) members(limit int, read func(key string) error) error {
	seen := map[string]bool{}
	for {
		key, err := s.key()
		switch {
		case err != nil:
			return err
		case seen[key] || !s.eat("="):
			return ErrSyntax
		case len(seen) == limit:
			return ErrLimit
		}
		seen[key] = true
		if err := read(key); err != nil {
			return err
		}
		if s.rest == "" {
			return nil
		}
		s.take(isSpace)
		if !s.eat(",") {
			return ErrSyntax
		}
		s.take(isSpace)
	}
}

// key reads the name of a member or parameter.
func (s *scanner) key() (string, error) {
	if s.rest == "" || !isLower(s.rest[0]) && s.rest[0] != '*' {
		return "", ErrSyntax
	}
	return s.take(isKey), nil
}

// text reads a string in quotes.
func (s *scanner) text() (string, error) {
	if !s.eat(`"`) {
		return "", ErrSyntax
	}
	var b strings.Builder
	for i := 0; i < len(s.rest); i++ {
		c := s.rest[i]
		switch {
		case c == '"':
			s.rest = s.rest[i+1:]
			return b.String(), nil
		case b.Len() == maxString:
			return "", ErrLimit
		case c < 0x20 || c > 0x7e:
			return "", ErrSyntax
		case c == '\\':
			if i++; i == len(s.rest) || s.rest[i] != '"' && s.rest[i] != '\\' {
				return "", ErrSyntax
			}
			c = s.rest[i]
		}
		b.WriteByte(c)
	}
	return "", ErrSyntax
}

// seconds reads an integer that is a time: not negative, at most 11 digits, which last for three thousand years.
func (s *scanner) seconds() (int64, error) {
	digits := s.take(func(c byte) bool { return c >= '0' && c <= '9' })
	if digits == "" || len(digits) > 11 || digits[0] == '0' {
		return 0, ErrSyntax
	}
	var n int64
	for i := range len(digits) {
		n = 10*n + int64(digits[i]-'0')
	}
	return n, nil
}

// bytes reads a byte sequence between colons.
func (s *scanner) bytes() ([]byte, error) {
	if !s.eat(":") {
		return nil, ErrSyntax
	}
	end := strings.IndexByte(s.rest, ':')
	if end < 0 {
		return nil, ErrSyntax
	}
	if end > base64.StdEncoding.EncodedLen(maxValue) {
		return nil, ErrLimit
	}
	encoded := s.rest[:end]
	if strings.ContainsAny(encoded, "\r\n") { // which the decoder overlooks
		return nil, ErrSyntax
	}
	out, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return nil, ErrSyntax
	}
	s.rest = s.rest[end+1:]
	return out, nil
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

func isLower(c byte) bool { return c >= 'a' && c <= 'z' }

func isKey(c byte) bool {
	return isLower(c) || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.' || c == '*'
}

// appendText writes a string in quotes; false if it has characters that none can have.
func appendText(dst []byte, text string) ([]byte, bool) {
	if len(text) > maxString {
		return dst, false
	}
	dst = append(dst, '"')
	for i := range len(text) {
		switch c := text[i]; {
		case c < 0x20 || c > 0x7e:
			return dst, false
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"'), true
}

func appendBytes(dst, value []byte) []byte {
	dst = append(dst, ':')
	dst = base64.StdEncoding.AppendEncode(dst, value)
	return append(dst, ':')
}
