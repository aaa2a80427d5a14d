package main

import (
	"fmt"
	"strings"
)

// guard is one entry of a list.
type guard struct {
	id, why string
	file    string // the file that holds the check, from the root of the module
	old     string // the lines to take out, exactly as they stand
	new     string // what to put in their place
	tests   []test // each must go red
}

// test names the tests of one package that notice.
type test struct {
	pkg     string // ./internal/code
	pattern string // for go test -run
}

// parseList reads a list. An entry is
//
//	guard ID
//	why   what goes wrong without the check
//	file  the file that holds it
//	test  ./package TestName
//	-     a line to take out, exactly as it stands
//	+     a line to put in its place
//
// with any number of test, - and + lines; an empty line ends it, # begins a comment.
func parseList(name, text string) ([]guard, error) {
	var out []guard
	var g guard
	end := func(line int) error {
		if g.id == "" && g.file == "" && g.old == "" {
			return nil
		}
		if g.id == "" || g.why == "" || g.file == "" || g.old == "" || len(g.tests) == 0 {
			return fmt.Errorf("%s:%d: guard %q needs why, file, test and a line to take out", name, line, g.id)
		}
		out, g = append(out, g), guard{}
		return nil
	}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSuffix(line, "\n")
		var err error
		if line == "" {
			err = end(n)
		} else {
			err = g.set(line)
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
	}
	return out, end(n)
}

// set takes one line of an entry.
func (g *guard) set(line string) error {
	switch line[0] {
	case '#':
		return nil
	case '-':
		g.old += line[1:] + "\n"
		return nil
	case '+':
		g.new += line[1:] + "\n"
		return nil
	}
	key, value, _ := strings.Cut(line, " ")
	value = strings.TrimSpace(value)
	switch key {
	case "guard":
		g.id = value
	case "why":
		g.why = value
	case "file":
		g.file = value
	case "test":
		pkg, pattern, ok := strings.Cut(value, " ")
		if !ok || !strings.HasPrefix(pkg, "./") {
			return fmt.Errorf("test %q is not a package and a name", value)
		}
		g.tests = append(g.tests, test{pkg, strings.TrimSpace(pattern)})
	default:
		return fmt.Errorf("unknown line %q", line)
	}
	return nil
}

// without gives the file's text without the check.
func (g guard) without(text string) (string, error) {
	text = "\n" + text
	at := strings.Index(text, "\n"+g.old)
	if at < 0 {
		return "", fmt.Errorf("%s no longer holds the lines of guard %s", g.file, g.id)
	}
	if strings.Contains(text[at+1:], "\n"+g.old) {
		return "", fmt.Errorf("%s holds the lines of guard %s more than once", g.file, g.id)
	}
	return text[1:at+1] + g.new + text[at+1+len(g.old):], nil
}
