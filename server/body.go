package server

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// What is wrong with a body as a whole says where, by how much, and what is taken.

// jsonError is what makes a text no JSON, and where; what stands there is not repeated.
type jsonError struct {
	err          error
	line, column int
}

// Error implements error.
func (e *jsonError) Error() string { return fmt.Sprintf("%v at %d:%d", e.err, e.line, e.column) }

// Unwrap implements the errors package's contract.
func (e *jsonError) Unwrap() error { return e.err }

// placed says where in the text an error is: lines and characters from 1.
func placed(err error, text []byte, offset int64) error {
	before := text[:min(offset, int64(len(text)))]
	start := bytes.LastIndexByte(before, '\n') + 1
	return &jsonError{err, bytes.Count(before, []byte{'\n'}) + 1, len([]rune(string(before[start:]))) + 1}
}

// tooLarge refuses content beyond a limit in bytes.
func tooLarge(limit int64) *answer {
	p := codeProblem(CodeTooLarge)
	d := &p.Errors[0]
	size := sizeText(limit)
	d.Zh, d.En, d.Keyword = d.Zh+"，上限 "+size, d.En+": "+size+" at most", fmt.Sprintf("maxBytes %d", limit)
	return p.headline()
}

func sizeText(n int64) string {
	const kib, mib = 1 << 10, 1 << 20
	switch {
	case n >= mib && n%mib == 0:
		return fmt.Sprintf("%d MiB", n/mib)
	case n >= kib && n%kib == 0:
		return fmt.Sprintf("%d KiB", n/kib)
	}
	return fmt.Sprintf("%d B", n)
}

// otherMedia refuses a content type, names what came and what the operation takes.
func otherMedia(came string, op *huma.Operation) *answer {
	p := codeProblem(CodeMediaType)
	d := &p.Errors[0]
	d.Path = "header.Content-Type"
	d.Found, _, _ = strings.Cut(came, ";")
	d.Found = d.Found[:min(len(d.Found), maxMediaType)]
	if op == nil || op.RequestBody == nil {
		return p
	}
	var taken []string
	for ct := range op.RequestBody.Content {
		taken = append(taken, ct)
	}
	slices.Sort(taken)
	d.FixZh, d.FixEn = "请用 "+strings.Join(taken, "、"), "use "+strings.Join(taken, " or ")
	return p
}

// maxMediaType bounds what of a content type is repeated.
const maxMediaType = 80

// unread is what the framework refused of a body before it was read; nil: something else.
func unread(ctx huma.Context, m *huma.ErrorModel) *answer {
	op := ctx.Operation()
	switch {
	case op == nil:
		return nil
	case m.Status == http.StatusRequestEntityTooLarge:
		return tooLarge(op.MaxBodyBytes)
	case m.Status == http.StatusUnsupportedMediaType:
		return otherMedia(ctx.Header("Content-Type"), op)
	}
	return nil
}

// errSyntax and errCut are texts that are no JSON.
var (
	errSyntax = errors.New("no JSON")
	errCut    = errors.New("the JSON ends early")
)
