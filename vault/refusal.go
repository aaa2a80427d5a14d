package vault

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/elicense/elicense/internal/rule"
	"github.com/elicense/elicense/vault/catalogue"
)

// Sentinels. A *Refusal unwraps to one of them.
var (
	ErrInvalid       = errors.New("vault: invalid request")
	ErrUnknownCaller = errors.New("vault: caller is not registered")
	ErrDenied        = errors.New("vault: no right to this")
	ErrLevel         = errors.New("vault: stronger login needed")
	ErrSecret        = errors.New("vault: type is classified and stays out of the vault")
	ErrUnknownType   = errors.New("vault: licence type is not declared")
	ErrNotFound      = errors.New("vault: no such licence")
	ErrExists        = errors.New("vault: number is taken")
	ErrPaperUsed     = errors.New("vault: paper serial is used")
	ErrConflict      = errors.New("vault: licence has changed meanwhile")
	ErrTransition    = errors.New("vault: state does not allow this")
	ErrKeyReused     = errors.New("vault: idempotency key was used for another request")
	ErrSignature     = errors.New("vault: signature refused")
	ErrTooMany       = errors.New("vault: too many comparisons that failed")
	ErrRestored      = errors.New("vault: restored from a backup that has not caught up")
	ErrBatch         = errors.New("vault: batch does not allow this")
	ErrDamaged       = errors.New("vault: stored data is damaged")
	ErrAudit         = errors.New("vault: audit entry could not be written")
)

// Code is the stable name of a refusal or problem, the same in every language and release.
type Code string

// Sentence says what a code of this package means and what to do, in both languages; empty for codes of others.
func (c Code) Sentence() (zh, en string) {
	m := messages[c]
	return m.zh, m.en
}

// Rule is the rule behind a code of this package; zero for codes of others.
func (c Code) Rule() rule.Rule { return messages[c].rule }

// Codes are all codes of this package, in order; those of values come from packages catalogue and normal.
func Codes() []Code { return slices.Sorted(maps.Keys(messages)) }

// Problem is one thing that is wrong with a request; all problems of a request are told at once.
type Problem struct {
	Code  Code   `json:"code"`
	Field string `json:"field,omitempty"`
	Found string `json:"found,omitempty"` // may be personal: for the caller, never for logs
	Zh    string `json:"zh"`
	En    string `json:"en"`
}

// Refusal is why an act was refused. Its Error text holds codes and field names, nothing that was submitted.
type Refusal struct { //nolint:errname // the word of the interface: an act is refused
	Err      error // the sentinel
	Problems []Problem
}

// Error names the sentinel and the codes.
func (r *Refusal) Error() string {
	var b strings.Builder
	b.WriteString(r.Err.Error())
	for i := range r.Problems {
		b.WriteString("; ")
		b.WriteString(string(r.Problems[i].Code))
		if f := r.Problems[i].Field; f != "" && !submitted(r.Problems[i].Code) {
			b.WriteString(" (" + f + ")")
		}
	}
	return b.String()
}

// submitted reports codes whose field name was made up by the caller and so may be anything.
func submitted(c Code) bool {
	return slices.Contains([]Code{
		CodeFieldUnknown, CodeFieldTwice, CodeClaimUnknown, Code(catalogue.CodeValueUnknown),
	}, c)
}

// Unwrap gives the sentinel.
func (r *Refusal) Unwrap() error { return r.Err }

// Has reports whether a code is among the problems.
func (r *Refusal) Has(code Code) bool {
	return slices.ContainsFunc(r.Problems, func(p Problem) bool { return p.Code == code })
}

// refuse makes a refusal with one problem.
func refuse(err error, code Code, field string) error {
	m := messages[code]
	return &Refusal{Err: err, Problems: []Problem{{Code: code, Field: field, Zh: m.zh, En: m.en}}}
}

// problem makes one of several problems.
func problem(code Code, field, found string) Problem {
	m := messages[code]
	return Problem{Code: code, Field: field, Found: found, Zh: m.zh, En: m.en}
}

// CodeOf is the code that stands for an error in answers and audit entries.
func CodeOf(err error) Code {
	var r *Refusal
	if errors.As(err, &r) && len(r.Problems) > 0 {
		return r.Problems[0].Code
	}
	var t *catalogue.TypeError
	if errors.As(err, &t) && len(t.Problems) > 0 {
		return Code(t.Problems[0].Code)
	}
	return "internal"
}
