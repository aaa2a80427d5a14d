package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/elicense/elicense/vault"
)

// world is everything a command touches outside of its data: passed in, so that tests run commands in one process.
type world struct {
	args     []string
	in       io.Reader
	out, err io.Writer
	env      func(string) string
	now      func() time.Time
	rand     io.Reader
	terminal bool // err is a terminal: progress bars make sense

	json bool   // --json: one JSON value or JSON lines on out, nothing else
	lang string // zh or en
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

// usageError is a wrong call.
type usageError struct{ zh, en string }

func (e *usageError) Error() string { return e.en }

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) } //nolint:gosec // a file descriptor fits

// pickLang reads --lang or the locale: Chinese unless the locale names another language.
func (w *world) pickLang() {
	switch {
	case w.lang == "zh" || w.lang == "en":
		return
	case w.lang == "":
		for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
			if v := w.env(name); v != "" {
				w.lang = v
				break
			}
		}
	}
	lower := strings.ToLower(w.lang)
	if strings.HasPrefix(lower, "en") || strings.HasPrefix(lower, "c.") || lower == "c" || lower == "posix" {
		w.lang = "en"
		return
	}
	w.lang = "zh"
}

// say picks the words of the user's language.
func (w *world) say(zh, en string) string {
	if w.lang == "en" {
		return en
	}
	return zh
}

// printf writes a line for people; with --json nothing.
func (w *world) printf(zh, en string, args ...any) {
	if !w.json {
		fmt.Fprintf(w.out, w.say(zh, en)+"\n", args...)
	}
}

// emit writes a value as JSON if --json is set; otherwise it calls human.
func (w *world) emit(value any, human func()) error {
	if !w.json {
		human()
		return nil
	}
	enc := json.NewEncoder(w.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(value)
}

// fail says what went wrong, every problem with its code and what to do, and gives the exit code.
func (w *world) fail(err error) int {
	var exit *exitError
	if errors.As(err, &exit) {
		return exit.code
	}
	code := exitFailed
	var usage *usageError
	if errors.As(err, &usage) {
		code = exitUsage
	}
	if w.json {
		enc := json.NewEncoder(w.out)
		enc.SetEscapeHTML(false)
		_ = enc.Encode(map[string]any{"error": errorJSON(err, w)}) //nolint:errcheck // nothing is left to tell it to
		return code
	}
	fmt.Fprintln(w.err, w.say("错误：", "error: ")+w.describe(err))
	for _, p := range problemsIn(err) {
		fmt.Fprintln(w.err, "  "+w.problemLine(p))
	}
	return code
}

func problemsIn(err error) []vault.Problem {
	var r *vault.Refusal
	if errors.As(err, &r) {
		return r.Problems
	}
	return nil
}

func (w *world) problemLine(p vault.Problem) string {
	line := "[" + string(p.Code) + "] "
	if p.Field != "" {
		line += p.Field + ": "
	}
	line += w.say(p.Zh, p.En)
	if p.Found != "" {
		line += w.say("（现为：", " (found: ") + p.Found + w.say("）", ")")
	}
	return line
}

func errorJSON(err error, w *world) map[string]any {
	m := map[string]any{"message": w.describe(err)}
	if list := problemsIn(err); list != nil {
		m["problems"] = list
	}
	return m
}
