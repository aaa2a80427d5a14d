package code

import (
	"errors"
	"unicode/utf8"
)

const base36Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// base36 is the value of a character, or -1.
func base36(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'Z':
		return int(c-'A') + 10
	}
	return -1
}

// outsideBase36 is the 1-based place of the first character outside [0-9A-Z], or 0.
func outsideBase36(s string) int {
	for k := range len(s) {
		if base36(s[k]) < 0 {
			return k + 1
		}
	}
	return 0
}

// digits is the number that s writes in up to 9 ASCII digits.
func digits(s string) (int, bool) {
	if s == "" || len(s) > 9 {
		return 0, false
	}
	n := 0
	for k := range len(s) {
		if s[k] < '0' || s[k] > '9' {
			return 0, false
		}
		n = n*10 + int(s[k]-'0')
	}
	return n, true
}

// firstNonDigit is the 1-based place of the first character that is no ASCII digit, or 0; all before it are one byte.
func firstNonDigit(s string) int {
	for k := range len(s) {
		if s[k] < '0' || s[k] > '9' {
			return k + 1
		}
	}
	return 0
}

// upperASCII raises a-z; it returns s itself if there is nothing to raise.
func upperASCII(s string) string {
	if lowerPosition(s) == 0 {
		return s
	}
	b := []byte(s)
	for k, c := range b {
		if c >= 'a' && c <= 'z' {
			b[k] = c - 'a' + 'A'
		}
	}
	return string(b)
}

// lowerPosition is the 1-based place of the first letter a-z, or 0.
func lowerPosition(s string) int {
	for k := range len(s) {
		if s[k] >= 'a' && s[k] <= 'z' {
			return k + 1
		}
	}
	return 0
}

// inField moves the refusal of a part under the sentinel of the whole.
func inField(err, sentinel error, field string) error {
	if err == nil {
		return nil
	}
	var e *CheckError
	if !errors.As(err, &e) {
		return err
	}
	c := *e
	c.Err = sentinel
	if c.Field != "" {
		field += "." + c.Field
	}
	c.Field = field
	return &c
}

// padded appends n in at least width digits.
func padded(dst []byte, n, width int) []byte {
	for limit := pow10(width - 1); limit > n && limit > 1; limit /= 10 {
		dst = append(dst, '0')
	}
	var tmp [20]byte
	k := len(tmp)
	for {
		k--
		tmp[k] = byte('0' + n%10)
		n /= 10
		if n == 0 {
			break
		}
	}
	return append(dst, tmp[k:]...)
}

func pow10(n int) int {
	p := 1
	for range n {
		p *= 10
	}
	return p
}

// runes is the length of s as a person counts it.
func runes(s string) int { return utf8.RuneCountInString(s) }

// runeAt is the whole character of s that begins at byte k.
func runeAt(s string, k int) string {
	_, n := utf8.DecodeRuneInString(s[k:])
	return s[k : k+n]
}
