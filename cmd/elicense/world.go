package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/elicense/elicense/pki"
)

// world is everything a command touches outside of its data: passed in, so that tests run commands in one process.
type world struct {
	name     string // what a person types to call the program
	args     []string
	in       io.Reader
	out, err io.Writer
	env      func(string) string
	now      func() time.Time
	rand     io.Reader
	selfTest func() []pki.SelfTestResult
	terminal bool // err is a terminal: progress bars make sense
	columns  int  // of that terminal

	json   bool   // --json: JSON on out, nothing else
	lang   string // zh or en
	broken error  // the first write to out that failed
	sound  bool   // the self-test passed in this process
}

// Exit codes.
const (
	exitDone          = 0
	exitFailed        = 1
	exitUsage         = 2
	exitNotPassed     = 3
	exitIndeterminate = 4
)

// exitError ends a command with a code of its own after it has said everything itself.
type exitError struct{ code int }

func (e *exitError) Error() string { return fmt.Sprintf("exit %d", e.code) }

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// width is that of a terminal in columns; 80 if it cannot be told.
func width(f *os.File) int {
	if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
		return w
	}
	return 80
}

// pickLang reads --lang or the locale: Chinese unless the locale names another language.
func (w *world) pickLang() {
	lang := w.lang
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if lang == "" {
			lang = w.env(name)
		}
	}
	lang = strings.ToLower(lang)
	w.lang = "zh"
	for _, other := range []string{"en", "c.", "posix"} {
		if strings.HasPrefix(lang, other) || lang == "c" {
			w.lang = "en"
		}
	}
}

// say picks the words of the user's language.
func (w *world) say(zh, en string) string {
	if w.lang == "en" {
		return en
	}
	return zh
}

// put writes to standard output. The first write that fails makes the command fail in the end.
func (w *world) put(s string) {
	if _, err := io.WriteString(w.out, s); err != nil && w.broken == nil {
		w.broken = err
	}
}

// tell writes a line for people in their language; with --json nothing.
func (w *world) tell(zh, en string, args ...any) {
	if !w.json {
		w.put(fmt.Sprintf(w.say(zh, en), args...) + "\n")
	}
}

// line writes a line for people that is the same in every language.
func (w *world) line(format string, args ...any) { w.tell(format, format, args...) }

// aside writes to standard error, where it disturbs no output. It is no promise: a failure there has nowhere to go.
func (w *world) aside(s string) {
	_, _ = io.WriteString(w.err, s)
}

// emit writes a value as JSON if --json is set; otherwise it calls human.
func (w *world) emit(value any, human func()) error {
	if !w.json {
		human()
		return nil
	}
	return w.writeJSON(value)
}

// writeJSON writes one value on one line.
func (w *world) writeJSON(value any) error {
	enc := json.NewEncoder(w.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(value)
}
