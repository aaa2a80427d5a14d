package conformance

import (
	"regexp"
	"regexp/syntax"
	"strings"
)

// maxExample bounds what is made up for a pattern.
const maxExample = 4096

// example is a short text that a pattern takes as a whole.
func example(pattern string) (string, bool) {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return "", false
	}
	var b strings.Builder
	spell(&b, re)
	whole, err := regexp.Compile(`\A(?:` + pattern + `)\z`)
	if err != nil || b.Len() > maxExample || !whole.MatchString(b.String()) {
		return "", false
	}
	return b.String(), true
}

// spell writes the shortest that an expression takes; assertions, which write nothing, are judged by the whole.
func spell(b *strings.Builder, re *syntax.Regexp) {
	if b.Len() > maxExample {
		return
	}
	switch re.Op { //nolint:exhaustive // the others write nothing
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		b.WriteRune(ordinary(re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteRune(ordinaryRunes[0])
	case syntax.OpCapture, syntax.OpPlus:
		spell(b, re.Sub[0])
	case syntax.OpRepeat:
		for range re.Min {
			spell(b, re.Sub[0])
		}
	case syntax.OpConcat:
		for _, part := range re.Sub {
			spell(b, part)
		}
	case syntax.OpAlternate:
		spell(b, re.Sub[0])
	}
}

// ordinaryRunes are taken from a class that has one of them.
var ordinaryRunes = []rune{'示', 'A', '1', 'a'}

// ordinary is a character of a class, which is pairs of the first and last of its ranges.
func ordinary(class []rune) rune {
	for _, r := range ordinaryRunes {
		for i := 0; i+1 < len(class); i += 2 {
			if class[i] <= r && r <= class[i+1] {
				return r
			}
		}
	}
	if len(class) == 0 {
		return ordinaryRunes[0] // no text is taken, which the whole says
	}
	return class[0]
}
