package normal

import (
	"slices"
	"strings"

	"github.com/elicense/elicense/internal/rule"
)

// Lang is a language of the messages.
type Lang uint8

// The languages.
const (
	ZH Lang = iota + 1
	EN
)

// Message is the wording of one code. In a sentence {found} stands for what was found and {want} for what is expected.
type Message struct {
	ZH, EN, FixZH, FixEN string
	Rule                 rule.Rule
}

// MessageOf gives the wording of a code.
func MessageOf(c Code) (Message, bool) {
	for k := range messages {
		if messages[k].code == c {
			return messages[k].Message, true
		}
	}
	return Message{}, false
}

// Rule is the rule behind a code; zero if it is not of this package.
func (c Code) Rule() rule.Rule {
	m, _ := MessageOf(c)
	return m.Rule
}

// Codes gives every code, sorted.
func Codes() []Code {
	out := make([]Code, 0, len(messages))
	for _, m := range messages {
		out = append(out, m.code)
	}
	slices.Sort(out)
	return out
}

// Text says the problem in words, with what was found.
func (p *Problem) Text(l Lang) string {
	m, _ := MessageOf(p.Code)
	return fill(pick(l, m.ZH, m.EN), p.Found, p.Want)
}

// Fix says how to correct it.
func (p *Problem) Fix(l Lang) string {
	m, _ := MessageOf(p.Code)
	return fill(pick(l, m.FixZH, m.FixEN), p.Found, p.Want)
}

// Text says the note in words, with the old and the new value.
func (n Note) Text(l Lang) string {
	m, _ := MessageOf(n.Code)
	return fill(pick(l, m.ZH, m.EN), n.Old, n.New)
}

// Fix says what to do about the note, if anything.
func (n Note) Fix(l Lang) string {
	m, _ := MessageOf(n.Code)
	return fill(pick(l, m.FixZH, m.FixEN), n.Old, n.New)
}

func pick(l Lang, zh, en string) string {
	if l == ZH {
		return zh
	}
	return en
}

func fill(s, found, want string) string {
	if !strings.Contains(s, "{") {
		return s
	}
	return strings.NewReplacer("{found}", clip(found), "{want}", want).Replace(s)
}

// clip shortens what is quoted in a sentence.
func clip(s string) string {
	const most = 60
	n := 0
	for k := range s {
		if n == most {
			return s[:k] + "…"
		}
		n++
	}
	return s
}
