package catalogue

import (
	"strconv"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// page reads a template of the type's own. What it says is judged by whoever draws it; here it is text.
func (r *reader) page(dst *string) read {
	return func(n *yaml.Node, path string) {
		switch {
		case !r.plain(n, path):
		case n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str":
			r.add(n, Problem{Code: CodeNotText, Path: path})
		default:
			*dst = n.Value
		}
	}
}

// checkPage refuses a template that is too long or holds characters that cannot be seen.
func checkPage(s string) Problem {
	if len(s) > MaxPageBytes {
		return Problem{Code: CodeTooBig, Path: "page", Found: strconv.Itoa(len(s)), Want: strconv.Itoa(MaxPageBytes)}
	}
	for _, c := range s {
		if !unicode.IsPrint(c) && c != '\n' && c != '\u3000' || c == utf8.RuneError {
			return Problem{Code: CodeCharacters, Path: "page", Found: strconv.QuoteRuneToASCII(c)}
		}
	}
	return Problem{}
}
