package server

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/server/feed"
	"github.com/elicense/elicense/server/files"
	"github.com/elicense/elicense/server/jobs"
	"github.com/elicense/elicense/server/stored"
	"github.com/elicense/elicense/vault/convert"
)

// workProblem knows the refusals of long work, of files and of sheets; nil if err is none.
func workProblem(err error) *answer {
	var m *convert.MappingError
	if errors.As(err, &m) {
		return mappingProblem(m)
	}
	var sh *sheet.Error
	if errors.As(err, &sh) && sh.Code != sheet.CodeRead {
		return sheetProblem(sh)
	}
	var full *stored.FullError
	if errors.As(err, &full) {
		return fullProblem(full)
	}
	if p := reuseProblem(err); p != nil {
		return p
	}
	for _, k := range []struct {
		err  error
		code Code
	}{
		{jobs.ErrNotFound, CodeJobUnknown}, {jobs.ErrTooMany, CodeJobsTooMany},
		{jobs.ErrEnded, CodeJobEnded}, {files.ErrNotFound, CodeFileUnknown}, {files.ErrTooLarge, CodeTooLarge},
		{convert.ErrScans, CodeZIP}, {convert.ErrResume, CodeResume},
		{feed.ErrNotFound, CodeNoSub}, {feed.ErrTooMany, CodeSubTooMany},
		{feed.ErrURL, CodeReceiver}, {feed.ErrFuture, CodeSequence},
	} {
		if errors.Is(err, k.err) {
			return codeProblem(k.code)
		}
	}
	return nil
}

// isCode reports a problem with this code.
func isCode(err error, code Code) bool {
	var a *answer
	return errors.As(err, &a) && a.Code == string(code)
}

// documentPath is where a document stands in a request.
func documentPath(i int, member string) string { return "/documents/" + strconv.Itoa(i) + "/" + member }

func mappingProblem(m *convert.MappingError) *answer {
	a := &answer{api.Problem{Status: http.StatusUnprocessableEntity}}
	for i := range m.Problems {
		p := &m.Problems[i]
		d := defect(string(p.Code), p.Zh, p.En)
		d.Path, d.Found = "/mapping", p.Found
		if p.Line > 0 {
			d.Path += " line " + strconv.Itoa(p.Line)
		}
		if p.Path != "" {
			d.Path += " " + p.Path
		}
		a.Errors = append(a.Errors, d)
	}
	return a.headline()
}

func sheetDefect(c sheet.Code) api.Defect {
	var w words
	w.zh, w.fixZh = c.Message("zh")
	w.en, w.fixEn = c.Message("en")
	return said(string(c), w)
}

func sheetProblem(e *sheet.Error) *answer {
	a := &answer{api.Problem{Status: http.StatusUnprocessableEntity}}
	d := sheetDefect(e.Code)
	d.Path = "/file"
	if e.Row > 0 {
		d.Path += " row " + strconv.Itoa(e.Row)
	}
	if e.Column > 0 {
		d.Path += " column " + sheet.ColumnName(e.Column-1)
	}
	a.Errors = append(a.Errors, d)
	return a.headline()
}
