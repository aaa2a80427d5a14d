package catalogue

import (
	"strconv"
	"strings"

	"github.com/elicense/elicense/internal/normal"
)

// Lang is a language of messages.
type Lang = normal.Lang

// The languages.
const (
	ZH = normal.ZH
	EN = normal.EN
)

// Code is the stable code of a problem: one of this package (see Codes) or one of package normal.
type Code string

// Problem is one thing wrong with a type's definition or with a value.
type Problem struct {
	Code   Code
	Path   string // place in the definition (fields[2].rules.max), or the short name of the column whose value is wrong
	Line   int    // in the file, from 1; 0 if there is none
	Column int    // likewise
	Found  string // what is wrong; may be personal, so Error does not show it
	Want   string // what was expected; may be empty
}

// Problems are all the problems of one definition or record.
type Problems []Problem

// TypeError is a refused type definition.
type TypeError struct{ Problems Problems }

// Error lists the places and codes.
func (e *TypeError) Error() string {
	var b strings.Builder
	b.WriteString(ErrType.Error())
	for i := range e.Problems {
		p := &e.Problems[i]
		b.WriteString("; ")
		if p.Line > 0 {
			b.WriteString("line " + strconv.Itoa(p.Line) + ": ")
		}
		if p.Path != "" {
			b.WriteString(p.Path + ": ")
		}
		b.WriteString(string(p.Code))
	}
	return b.String()
}

// Unwrap gives ErrType.
func (e *TypeError) Unwrap() error { return ErrType }

// refuse makes an error of problems, nil if there are none.
func refuse(problems Problems) error {
	if len(problems) == 0 {
		return nil
	}
	return &TypeError{Problems: problems}
}

// Text says the problem in words.
func (p Problem) Text(l Lang) string {
	m, ok := messages[p.Code]
	if !ok {
		return (&normal.Problem{Code: normal.Code(p.Code), Found: p.Found, Want: p.Want}).Text(l)
	}
	if l == EN {
		return p.inEnglish().fill(m.en)
	}
	return p.fill(m.zh)
}

// Fix says how to correct it.
func (p Problem) Fix(l Lang) string {
	m, ok := messages[p.Code]
	if !ok {
		return (&normal.Problem{Code: normal.Code(p.Code), Found: p.Found, Want: p.Want}).Fix(l)
	}
	if l == EN {
		return p.inEnglish().fill(m.fixEN)
	}
	return p.fill(m.fixZH)
}

// inEnglish translates what was found and wanted where this package wrote it, in Chinese.
func (p Problem) inEnglish() Problem {
	if p.Code != CodeValueValidity {
		return p
	}
	if r, ok := ParseRanges(p.Want); ok {
		p.Want = r.english()
	}
	if from, open := strings.CutSuffix(p.Found, openEnd); open {
		p.Found = from + openEndEN
	}
	return p
}

// fill puts what was found and wanted in the place of the two marks.
func (p Problem) fill(s string) string {
	return strings.NewReplacer("{found}", shorten(p.Found), "{want}", p.Want).Replace(s)
}

// shorten keeps a message readable whatever was found.
func shorten(s string) string {
	const most = 80
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
