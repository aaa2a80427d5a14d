package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"
)

// UsageError is a wrong call or a wrong setting.
type UsageError struct{ Zh, En string }

// Error is the English text; show a person the one of his language.
func (e *UsageError) Error() string { return e.En }

// ExitError ends a command with a code of its own after it has said everything itself.
type ExitError struct{ Code int }

// Error is never shown.
func (e *ExitError) Error() string { return fmt.Sprintf("exit %d", e.Code) }

// ToldError is an error in words; it is no wrong call.
type ToldError struct {
	Err    error
	Zh, En string
}

// Error is the English text.
func (e *ToldError) Error() string { return e.En }

// Unwrap gives the error that was put into words.
func (e *ToldError) Unwrap() error { return e.Err }

// Words are an error that a person meets, and what to do about it.
type Words struct {
	Err    error
	Zh, En string
}

// Fail says what went wrong and gives the exit code. The words are the program's, tried in order; an error without any
// is told as it is, with what was being done.
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
	text := w.describe(cmd, err, words)
	if w.JSON && w.WriteJSON(map[string]any{"error": map[string]any{"message": text}}) == nil {
		return code
	}
	w.Aside(w.Say("错误：", "error: ") + text + "\n")
	if code == ExitUsage && cmd != nil {
		path := strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name())
		w.Aside(w.Say("用法：", "usage: ") + cmd.UseLine() + "\n" + w.Say("详见：", "more: ") + w.Name + path + " --help\n")
	}
	return code
}

// Describe puts an error into words, as Fail would.
func (w *World) Describe(err error, words []Words) string { return w.describe(nil, err, words) }

func (w *World) describe(cmd *cobra.Command, err error, words []Words) string {
	var usage *UsageError
	if errors.As(err, &usage) {
		return w.Say(usage.Zh, usage.En)
	}
	var told *ToldError
	if errors.As(err, &told) {
		return w.Say(told.Zh, told.En)
	}
	for i := range words {
		if errors.Is(err, words[i].Err) {
			return w.Say(words[i].Zh, words[i].En)
		}
	}
	text := w.fileWords(err)
	if cmd == nil {
		return text
	}
	path := cmd.CommandPath()
	return w.Say("执行 "+path+" 时出错：", "running "+path+": ") + text
}

// fileWords names the file that an operating system's error is about.
func (w *World) fileWords(err error) string {
	var path *fs.PathError
	if !errors.As(err, &path) {
		return err.Error()
	}
	for _, known := range []Words{
		{fs.ErrNotExist, "文件或目录不存在：", "no such file or directory: "},
		{fs.ErrPermission, "没有权限：", "permission denied: "},
		{fs.ErrExist, "已经存在，不覆盖：", "exists already and is not overwritten: "},
	} {
		if errors.Is(err, known.Err) {
			return w.Say(known.Zh, known.En) + path.Path
		}
	}
	return err.Error()
}
