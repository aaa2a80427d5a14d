// Package cli is what the command-line programs of this house have in common: words in Chinese or English by the
// locale, --json, exit codes, and errors that say what is wrong and how to put it right. It knows nothing of what a
// program does. What a person sees: the first line is the outcome, then come the facts, then what to do next. The
// answer goes to standard output, everything else to standard error; with --json the answer is one JSON value on a
// line.
package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/elicense/elicense/internal/moment"
)

// Exit codes.
const (
	ExitDone          = 0
	ExitFailed        = 1
	ExitUsage         = 2
	ExitNotPassed     = 3 // verified and not passed
	ExitIndeterminate = 4
)

// World is everything a command touches outside of its data: passed in, so that tests run commands in one process. All
// fields but Environ, JSON and Lang are required.
type World struct {
	Name     string // what a person types to call the program
	Args     []string
	In       io.Reader
	Out, Err io.Writer
	Env      func(string) string
	Environ  func() []string // all of it, as NAME=value; nil: names that nobody reads go unnoticed
	Now      func() time.Time
	Rand     io.Reader

	JSON bool   // --json
	Lang string // zh or en; PickLang sets it

	mu     sync.Mutex // of the writers
	broken error      // guarded by mu: the first write to Out that failed
}

// CalledAs is what a person types to call a program again: the command of go run with its package, or the binary as it
// was called.
func CalledAs(arg0, pkg string) string {
	if strings.Contains(strings.ReplaceAll(arg0, `\`, "/"), "/go-build") {
		return "go run " + pkg
	}
	return arg0
}

// PickLang takes the language from --lang, else from the locale: Chinese unless that names another language.
func (w *World) PickLang() {
	lang := langFlag(w.Args)
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if lang == "" {
			lang = w.Env(name)
		}
	}
	lang = strings.ToLower(lang)
	w.Lang = "zh"
	for _, other := range []string{"en", "c.", "posix"} {
		if lang == "c" || strings.HasPrefix(lang, other) {
			w.Lang = "en"
		}
	}
}

// langFlag finds --lang before the flags are parsed: help is written in that language too.
func langFlag(args []string) string {
	for i, a := range args {
		if v, ok := strings.CutPrefix(a, "--lang="); ok {
			return v
		}
		if a == "--lang" && i+1 < len(args) {
			return args[i+1]
		}
	}
	return ""
}

// Say picks the words of the user's language.
func (w *World) Say(zh, en string) string {
	if w.Lang == "en" {
		return en
	}
	return zh
}

// When writes an instant by the clock of a place, in the user's language; without a zone by that of China.
func (w *World) When(at time.Time, zone *time.Location) string { return moment.Say(at, zone, w.Lang) }

// Put writes to standard output. The first write that fails makes the command fail in the end: see Broken.
func (w *World) Put(s string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := io.WriteString(w.Out, s); err != nil && w.broken == nil {
		w.broken = err
	}
}

// Broken is the first failure to write to standard output.
func (w *World) Broken() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.broken
}

// Tell writes a line for people in their language; with --json nothing.
func (w *World) Tell(zh, en string, args ...any) {
	if !w.JSON {
		w.Put(fmt.Sprintf(w.Say(zh, en), args...) + "\n")
	}
}

// Fact writes a line for people that reads the same in every language.
func (w *World) Fact(format string, args ...any) { w.Tell(format, format, args...) }

// Aside writes to standard error, where it disturbs no output. It is no promise: a failure there has nowhere to go.
func (w *World) Aside(s string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, _ = io.WriteString(w.Err, s)
}

// Emit writes a value as JSON if --json is set; otherwise it calls human.
func (w *World) Emit(value any, human func()) error {
	if !w.JSON {
		human()
		return nil
	}
	return w.WriteJSON(value)
}

// WriteJSON writes one value on one line of standard output.
func (w *World) WriteJSON(value any) error {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	w.Put(b.String())
	return w.Broken()
}

// Line writes one of many results: JSON on a line of its own with --json, else what human writes. A failure to write
// shows in the end: see Broken.
func (w *World) Line(value any, human func()) {
	if err := w.Emit(value, human); err != nil {
		w.Aside(err.Error() + "\n")
	}
}
