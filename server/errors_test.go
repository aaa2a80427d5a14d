package server_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/server"
	"github.com/elicense/elicense/vault"
)

// TestErrorsDocument: docs/errors.md is what the tables of codes say.
func TestErrorsDocument(t *testing.T) {
	t.Parallel()
	golden(t, "../docs/errors.md", errorsDocument(t))
}

// TestEveryCode: every code has a sentence and a way out in both languages, one meaning, and a form that never changes
// by language.
func TestEveryCode(t *testing.T) {
	t.Parallel()
	known := map[string]string{}
	for _, c := range server.Codes() {
		require.Regexp(t, `^([a-z0-9]+([-_][a-z0-9]+)*|SHEET(_[A-Z]+)+)$`, c.Code)
		require.Empty(t, known[c.Code], "%s stands twice", c.Code)
		known[c.Code] = c.Part
		require.Regexp(t, `\p{Han}`, c.Zh, c.Code)
		require.NotRegexp(t, `\p{Han}`, c.En, c.Code)
		require.NotEmpty(t, c.En, c.Code)
		require.Regexp(t, `\p{Han}|^\{want\}$`, c.FixZh, c.Code)
		require.NotRegexp(t, `[。.;；]$|参数错误`, c.Zh+"\n"+c.En+"\n"+c.FixZh+"\n"+c.FixEn, c.Code)
		require.NotEmpty(t, c.FixEn, c.Code)
		if c.Part == "transport" {
			require.NotZero(t, c.Status, c.Code)
		}
	}
	for _, c := range vault.Codes() {
		require.Contains(t, known, string(c))
	}
}

// partWords introduce the parts of the document.
var partWords = map[string]string{
	"transport": "## 接口 / the interface\n\nWhat the transport, the login and the limits refuse.\n",
	"vault":     "## 证照库 / the vault\n\nWhat the vault refuses, or notes about a request that it carried out.\n",
	"type":      "## 证照类型 / licence types\n\nWhat is wrong with a definition, or with a value by its type.\n",
	"value":     "## 要素值 / values\n\nWhat is wrong with a value by itself, or how it was put right.\n",
	"conversion": "## 台账转换 / conversion\n\nWhat is wrong with a mapping, a heading or a row, or how a row was read. They " +
		"stand in\nthe result of a conversion; those of mapping and heading refuse it.\n",
	"sheet": "## 台账文件 / files of ledgers\n\nWhat is wrong with a file, with its row and column.\n",
}

func errorsDocument(t *testing.T) string {
	t.Helper()
	statuses := vaultStatuses(t)
	var b strings.Builder
	b.WriteString(`# 错误代码 / codes of refusals

Made from the tables of the program by ` + "`go test ./server -update`" + `; do not edit.

Every answer that is not what was asked for is a problem of RFC 9457 (application/problem+json). Its ` + "`errors`" + `
name everything that is wrong with the request, at once, each with its code, the place (a JSON pointer, a parameter or a
header; of a sheet, row and column), a sentence and a way out in Chinese and English, the rule behind it and its basis.
The members ` + "`code`, `title` and `detail`" + ` are those of the first. A code never changes its meaning.
` + "`retryable`" + ` says that the same request may succeed later, unchanged: send it again under the same idempotency
key. ` + "`trace`" + ` is what the operator finds the request by. {found} and {want} stand for what was submitted and what
was expected.
`)
	part := ""
	for _, c := range server.Codes() {
		if c.Part != part {
			part = c.Part
			b.WriteString("\n" + partWords[part])
		}
		status := strconv.Itoa(c.Status)
		if c.Status == 0 {
			status = statuses[c.Code]
		}
		fmt.Fprintf(&b, "\n### %s\n\n- HTTP: %s", c.Code, status)
		if c.Retryable {
			b.WriteString(", retryable")
		}
		fmt.Fprintf(&b, "\n- %s。%s。\n- %s. %s.\n", c.Zh, c.FixZh, upper(c.En), upper(c.FixEn))
		fmt.Fprintf(&b, "- 规则 / rule: %s。%s.\n- 依据 / basis: %s\n", c.RuleZh, upper(c.RuleEn), c.Basis)
	}
	return b.String()
}

func upper(s string) string {
	if s == "" {
		return s
	}
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}

var (
	refusing  = regexp.MustCompile(`refuse\((Err\w+), (Code\w+)`)
	declaring = regexp.MustCompile(`(?m)^\t(Code\w+) +Code = "([^"]+)"`)
)

// vaultStatuses reads from the vault's source with which kind of refusal each of its codes goes; a code of which no
// refusal is made alone is one of several problems of an invalid request, or a note.
func vaultStatuses(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../vault/*.go")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	names, kinds := map[string]string{}, map[string][]string{}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		src, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, m := range declaring.FindAllStringSubmatch(string(src), -1) {
			names[m[1]] = m[2]
		}
		for _, m := range refusing.FindAllStringSubmatch(string(src), -1) {
			kinds[m[2]] = append(kinds[m[2]], m[1])
		}
	}
	out := map[string]string{}
	for name, code := range names {
		var statuses []string
		for _, kind := range kinds[name] {
			statuses = append(statuses, strconv.Itoa(server.StatusOf(sentinels[kind])))
		}
		if slices.Sort(statuses); statuses == nil {
			statuses = []string{strconv.Itoa(http.StatusUnprocessableEntity)}
		}
		out[code] = strings.Join(slices.Compact(statuses), ", ")
	}
	return out
}

var sentinels = map[string]error{
	"ErrInvalid": vault.ErrInvalid, "ErrUnknownCaller": vault.ErrUnknownCaller, "ErrDenied": vault.ErrDenied,
	"ErrLevel": vault.ErrLevel, "ErrSecret": vault.ErrSecret, "ErrUnknownType": vault.ErrUnknownType,
	"ErrNotFound": vault.ErrNotFound, "ErrExists": vault.ErrExists, "ErrPaperUsed": vault.ErrPaperUsed,
	"ErrConflict": vault.ErrConflict, "ErrTransition": vault.ErrTransition, "ErrKeyReused": vault.ErrKeyReused,
	"ErrSignature": vault.ErrSignature, "ErrTooMany": vault.ErrTooMany, "ErrRestored": vault.ErrRestored,
	"ErrBatch": vault.ErrBatch,
}
