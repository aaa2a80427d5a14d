package cli

import (
	"cmp"
	"errors"
	"strconv"
	"strings"
)

// Problem is one of the things that are wrong, with its place and what to do about it.
type Problem struct {
	Code         string
	Line, Column int    // of a file
	Where        string // field or path
	Flag         string // by which the field is given on the command line, as --law; empty if by none
	Found        string
	Zh, En       string
}

// ProblemsError lists all that is wrong with a request or a file.
type ProblemsError struct {
	Err  error // what was refused
	List []Problem
}

// Error is that of what was refused.
func (e *ProblemsError) Error() string { return e.Err.Error() }

// Unwrap gives what was refused.
func (e *ProblemsError) Unwrap() error { return e.Err }

// Problems are the single problems inside an error.
func Problems(err error) []Problem {
	var list *ProblemsError
	if errors.As(err, &list) {
		return list.List
	}
	return nil
}

// ProblemJSON is a problem as --json shows it.
type ProblemJSON struct {
	Code    string `json:"code"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Where   string `json:"where,omitempty"`
	Found   string `json:"found,omitempty"`
	Message string `json:"message"`
}

// ProblemJSON puts a problem into the user's language.
func (w *World) ProblemJSON(p *Problem) ProblemJSON {
	return ProblemJSON{p.Code, p.Line, p.Column, p.Where, p.Found, w.Say(p.Zh, p.En)}
}

// unnamed is the place of what has a name that is not repeated.
const unnamed = "?"

// ProblemText is a problem on one line: place, words, what was found, code.
func (w *World) ProblemText(p *Problem) string {
	var b strings.Builder
	if p.Line > 0 {
		b.WriteString(strconv.Itoa(p.Line))
		if p.Column > 0 {
			b.WriteString(":" + strconv.Itoa(p.Column))
		}
		b.WriteString("  ")
	}
	if at := cmp.Or(p.Flag, p.Where); at != "" && at != unnamed {
		b.WriteString(at + "  ")
	}
	message := w.Say(p.Zh, p.En)
	b.WriteString(message)
	if p.Found != "" && !strings.Contains(message, p.Found) {
		b.WriteString(" <" + p.Found + ">")
	}
	b.WriteString("  [" + p.Code + "]")
	return b.String()
}
