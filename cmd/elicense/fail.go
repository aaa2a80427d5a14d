package main

import (
	"cmp"
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/convert"
)

// usageError is a wrong call.
type usageError struct{ zh, en string }

func (e *usageError) Error() string { return e.en }

// complaint is one thing that is wrong, with its place and what to do about it.
type complaint struct {
	Code    string `json:"code"`
	Line    int    `json:"line,omitempty"` // of a file
	Column  int    `json:"column,omitempty"`
	Where   string `json:"where,omitempty"` // field or path
	Found   string `json:"found,omitempty"`
	Message string `json:"message"`
}

// fail says what went wrong, every problem with its code, place and remedy, and gives the exit code.
func (w *world) fail(cmd *cobra.Command, err error) int {
	var exit *exitError
	if errors.As(err, &exit) {
		return exit.code
	}
	code := exitFailed
	var usage *usageError
	if errors.As(err, &usage) {
		code = exitUsage
	}
	what, list := w.describe(err), w.complaints(err)
	if w.json {
		if err := w.writeJSON(map[string]any{"error": failure{what, list}}); err == nil {
			return code
		}
	}
	w.aside(w.say("错误：", "error: ") + what.String() + "\n")
	for i := range list {
		w.aside("  " + list[i].String() + "\n")
	}
	if code == exitUsage && cmd != nil {
		w.aside(w.say("用法：", "usage: ") + cmd.UseLine() + "\n" +
			w.say("详见：", "more: ") + w.name + strings.TrimPrefix(cmd.CommandPath(), "elicense") + " --help\n")
	}
	return code
}

// failure is an error as --json shows it.
type failure struct {
	sentence

	Problems []complaint `json:"problems,omitempty"`
}

// String is the sentence with its code. A wrong call needs none: what follows says how to call.
func (s sentence) String() string {
	if s.Code == codeUsage {
		return s.Message
	}
	return s.Message + " [" + s.Code + "]"
}

// String is the complaint on one line: place, words, code.
func (c *complaint) String() string {
	var b strings.Builder
	if c.Line > 0 {
		b.WriteString(strconv.Itoa(c.Line))
		if c.Column > 0 {
			b.WriteString(":" + strconv.Itoa(c.Column))
		}
		b.WriteString("  ")
	}
	if c.Where != "" {
		b.WriteString(c.Where + "  ")
	}
	b.WriteString(c.Message)
	if c.Found != "" && !strings.Contains(c.Message, c.Found) {
		b.WriteString(" <" + c.Found + ">")
	}
	b.WriteString("  [" + c.Code + "]")
	return b.String()
}

// complaints are the single problems inside an error.
func (w *world) complaints(err error) []complaint {
	var refusal *vault.Refusal
	var typ *catalogue.TypeError
	var mapping *convert.MappingError
	var out []complaint
	switch {
	case errors.As(err, &refusal):
		for _, p := range refusal.Problems {
			out = append(out, complaint{Code: string(p.Code), Where: p.Field, Found: p.Found, Message: w.say(p.Zh, p.En)})
		}
	case errors.As(err, &typ):
		lang := catalogue.ZH
		if w.lang == "en" {
			lang = catalogue.EN
		}
		for _, p := range typ.Problems {
			out = append(out, complaint{
				Code: string(p.Code), Line: p.Line, Column: p.Column, Where: p.Path, Found: p.Found,
				Message: p.Text(lang) + w.say("；", "; ") + p.Fix(lang),
			})
		}
	case errors.As(err, &mapping):
		for _, p := range mapping.Problems {
			out = append(out, complaint{
				Code: string(p.Code), Line: p.Line, Where: p.Path, Found: p.Found, Message: w.say(p.Zh, p.En),
			})
		}
	}
	return out
}

// sentence is an error in the user's language, with what to do about it, and its stable code.
type sentence struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Codes of errors that are not in words.
const (
	codeUsage    = "usage"
	codeSettings = "settings"
	codeUnknown  = "unexpected"
)

// describe puts an error into the user's language. One that is not known is told as it is.
func (w *world) describe(err error) sentence {
	var usage *usageError
	var settings *settingsError
	var bad *sheet.Error
	switch {
	case errors.As(err, &usage):
		return sentence{codeUsage, w.say(usage.zh, usage.en)}
	case errors.As(err, &settings):
		return sentence{codeSettings, w.say(houseFile+" 不能使用：", houseFile+" cannot be used: ") +
			w.say(settings.zh, settings.en)}
	case errors.As(err, &bad):
		return sentence{string(bad.Code), w.sheetWords(bad)}
	}
	if s, ok := w.sealSentence(err); ok {
		return s
	}
	for i := range words {
		if errors.Is(err, words[i].err) {
			return sentence{words[i].code, w.say(words[i].zh, words[i].en)}
		}
	}
	return w.fileWords(err)
}

// fileWords names the file that an operating system's error is about.
func (w *world) fileWords(err error) sentence {
	var path *fs.PathError
	if !errors.As(err, &path) {
		return sentence{codeUnknown, w.say("没有料到的错误：", "unexpected error: ") + err.Error()}
	}
	for _, known := range []struct {
		err          error
		code, zh, en string
	}{
		{fs.ErrNotExist, "file-missing", "文件或目录不存在：", "no such file or directory: "},
		{fs.ErrPermission, "file-permission", "没有权限：", "permission denied: "},
		{fs.ErrExist, "file-exists", "已经存在，不覆盖：", "exists already and is not overwritten: "},
		{syscall.ENOSPC, "no-space", "磁盘已满，写不下：", "the disk is full: "},
		{syscall.EISDIR, "file-directory", "这是目录，不是文件：", "this is a directory, not a file: "},
	} {
		if errors.Is(err, known.err) {
			return sentence{known.code, w.say(known.zh, known.en) + path.Path}
		}
	}
	return sentence{codeUnknown, w.say("没有料到的错误：", "unexpected error: ") + err.Error()}
}

func (w *world) sheetWords(e *sheet.Error) string {
	what, fix := e.Code.Message(w.lang)
	var at []string
	for _, place := range []struct {
		n      int
		zh, en string
	}{{cmp.Or(e.Line, e.Row), "行", "line"}, {e.Column, "列", "column"}} {
		if place.n > 0 {
			at = append(at, w.say("第 "+strconv.Itoa(place.n)+" "+place.zh, place.en+" "+strconv.Itoa(place.n)))
		}
	}
	text := what + w.say("；", "; ") + fix
	if e.Code == sheet.CodeUnsure {
		text += w.say("（可能是 ", " (it may be ") + e.Detail + w.say("）", ")")
	}
	if len(at) > 0 {
		text = strings.Join(at, w.say("，", ", ")) + w.say("：", ": ") + text
	}
	return text
}
