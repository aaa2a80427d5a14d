package ofd

import (
	"strings"
	"unicode/utf8"
)

// checkName refuses names that leave the package or that two readers could understand differently.
func checkName(name string) error {
	switch {
	case name == "":
		return refuse(ReasonName, "an entry without a name")
	case len(name) > MaxNameBytes:
		return refuse(ReasonLimit, "a name of %d bytes", len(name))
	case !utf8.ValidString(name):
		return refuse(ReasonName, "%q is not UTF-8", name)
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' || r == ':' }):
		return refuse(ReasonName, "%q holds a backslash, a colon or a control character", name)
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." {
			return refuse(ReasonName, "%q does not lead straight to a file", name)
		}
	}
	return nil
}

// fold is the form under which names are compared: readers on some systems do not tell cases apart.
func fold(name string) string {
	return strings.ToLower(name)
}
