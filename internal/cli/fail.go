package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// UsageError is a wrong call or a wrong setting: exit code 2.
type UsageError struct {
	Zh, En string
	Code   string // of a refusal that programs tell from other wrong calls; "": CodeUsage
}

// Error is the English text; show a person the one of his language.
func (e *UsageError) Error() string { return e.En }

// Usage makes a UsageError.
func Usage(zh, en string) *UsageError { return &UsageError{Zh: zh, En: en} }

// ExitError ends a command with a code of its own after it has said everything itself.
type ExitError struct{ Code int }

// Error is never shown.
func (e *ExitError) Error() string { return fmt.Sprintf("exit %d", e.Code) }

// ToldError is an error in words; it is no wrong call.
type ToldError struct {
	Err          error
	Code, Zh, En string // of the sentence
	Trace        string // by which whoever runs a service finds the request again; empty: there is none
}

// Error is the English text.
func (e *ToldError) Error() string { return e.En }

// Unwrap gives the error that was put into words.
func (e *ToldError) Unwrap() error { return e.Err }

// Fail says what went wrong, every single problem with its code, place and remedy, and gives the exit code. The words
// are the program's, tried in order; an error without any is told as it is, with what was being done.
func (w *World) Fail(cmd *cobra.Command, err error, words []Words) int {
	var exit *ExitError
	if errors.As(err, &exit) {
		return exit.Code
	}
	code := ExitFailed
	var usage *UsageError
	if errors.As(err, &usage) {
		code = ExitUsage
	}
	what, problems := sentence(cmd, err, words), Problems(err)
	var told *ToldError
	if !errors.As(err, &told) {
		told = &ToldError{}
	}
	if w.JSON && w.WriteJSON(map[string]any{"error": w.failure(what, problems, told.Trace)}) == nil {
		return code
	}
	w.Aside(w.Say("错误：", "error: ") + w.list(what, problems))
	if told.Trace != "" {
		w.Aside(w.Say("追踪号 ", "trace ") + told.Trace + "\n")
	}
	if code == ExitUsage && cmd != nil {
		path := strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name())
		w.Aside(w.Say("用法：", "usage: ") + cmd.UseLine() + "\n" + w.Say("详见：", "more: ") + w.Name + path + " --help\n")
	}
	return code
}

// failure is an error as --json shows it.
type failure struct {
	Code     string        `json:"code"`
	Message  string        `json:"message"`
	Problems []ProblemJSON `json:"problems,omitempty"`
	Trace    string        `json:"trace,omitempty"`
}

func (w *World) failure(what Sentence, problems []Problem, trace string) failure {
	f := failure{Code: what.Code, Message: w.Say(what.Zh, what.En), Trace: trace}
	for i := range problems {
		f.Problems = append(f.Problems, w.ProblemJSON(&problems[i]))
	}
	return f
}

// list is the whole of an error for people: the sentence, then each problem on a line. A problem that would say the
// sentence again stands for it.
func (w *World) list(what Sentence, problems []Problem) string {
	if len(problems) == 1 && problems[0].Code == what.Code {
		return w.ProblemText(&problems[0]) + "\n"
	}
	var b strings.Builder
	b.WriteString(w.Text(what) + "\n")
	for i := range problems {
		b.WriteString("  " + w.ProblemText(&problems[i]) + "\n")
	}
	return b.String()
}
