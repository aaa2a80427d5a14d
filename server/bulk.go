package server

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

// Many comparisons: see package api for the lines. Rows are worked in groups, so that their audit entries share
// transactions; a group is answered before the next is read, so a caller reads while it writes.
const (
	maxRows  = 100_000
	rowGroup = 64
)

func (s *Server) registerBulk() {
	add(s, operation{
		id: "compareMany", method: http.MethodPost, path: "/comparisons/bulk", tag: "comparisons",
		may: identity.MayCompare, consumes: []string{mediaLines}, produces: []string{mediaLines},
		zh: "成批比对（逐行 JSON，至多 10 万行）", en: "compare many, as lines of JSON, at most 100,000",
	}, s.compareMany)
	for _, t := range []any{api.ComparisonRow{}, api.ComparedRow{}, api.ComparedEnd{}} {
		s.describe(t)
	}
}

type bulkInput struct {
	LinesInput

	Receipts bool `query:"receipts" doc:"a signed receipt with each judgement"`
}

func (s *Server) compareMany(ctx context.Context, c *identity.Caller, in *bulkInput) (*huma.StreamResponse, error) {
	if media, _, err := mime.ParseMediaType(in.ContentType); err != nil || media != mediaLines {
		p := codeProblem(CodeMediaType)
		p.Errors[0].FixZh, p.Errors[0].FixEn = "请用 "+mediaLines, "use "+mediaLines
		return nil, p
	}
	first, err := in.lines.next()
	if errors.Is(err, io.EOF) {
		err = codeProblem(CodeEmpty)
	}
	if err != nil {
		return nil, err
	}
	asked, bad := parseMember[api.Asked](s, first)
	if bad != nil {
		return nil, bad
	}
	b := &bulk{s: s, caller: c, access: s.accessOf(ctx, c, *asked), receipts: in.Receipts, lines: in.lines}
	return &huma.StreamResponse{Body: func(hc huma.Context) { b.answer(ctx, hc) }}, nil
}

// bulk is one request for many comparisons on its way.
type bulk struct {
	s        *Server
	caller   *identity.Caller
	access   vault.Access
	receipts bool
	lines    *lines
	end      api.ComparedEnd
}

// answer writes until the rows end, the caller is gone, or something is wrong with the lines themselves.
func (b *bulk) answer(ctx context.Context, hc huma.Context) {
	c := humagin.Unwrap(hc)
	w, control := c.Writer, http.NewResponseController(c.Writer)
	if c.Request.ProtoMajor == 1 { // net/http takes no next request where a body was read while it was answered
		hc.SetHeader("Connection", "close")
	}
	hc.SetHeader("Content-Type", mediaLines)
	if hc.Version().ProtoMajor == 1 {
		hc.SetHeader("Connection", "close") // what was not read of a request that ended badly is no next request
	}
	hc.SetStatus(http.StatusOK)
	_ = control.EnableFullDuplex() // where it is not supported it is not needed
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	for more := true; more; {
		b.s.patience(control)
		var group []*api.ComparisonRow
		var bad []*answer
		group, bad, more = b.read(ctx)
		for _, row := range b.compare(ctx, group, bad) {
			if out.Encode(row) != nil {
				return
			}
		}
		if ctx.Err() != nil || control.Flush() != nil {
			return
		}
	}
	b.end.End = true
	_ = out.Encode(b.end) // if that fails the caller is gone
}

// patience gives a long answer time for its next part.
func (s *Server) patience(control *http.ResponseController) {
	if s.cfg.Patience != nil {
		s.cfg.Patience(control)
	}
}

// read gives the next rows; for a row that cannot be read, its problem in the same place. False: there are no more.
func (b *bulk) read(ctx context.Context) (group []*api.ComparisonRow, bad []*answer, more bool) {
	for len(group) < rowGroup {
		line, err := b.lines.next()
		if errors.Is(err, io.EOF) {
			return group, bad, false
		}
		if err == nil && b.end.Rows+len(group) == maxRows {
			err = codeProblem(CodeTooMany)
		}
		if err != nil {
			p := b.s.problem(ctx, err).Problem
			b.end.Problem = &p
			return group, bad, false
		}
		row, problem := parseMember[api.ComparisonRow](b.s, line)
		group, bad = append(group, row), append(bad, problem)
	}
	return group, bad, true
}

// compare judges a group, each row by itself.
func (b *bulk) compare(ctx context.Context, group []*api.ComparisonRow, bad []*answer) []api.ComparedRow {
	out := make([]api.ComparedRow, len(group))
	var wait sync.WaitGroup
	for i, row := range group {
		out[i].Row = b.end.Rows + i + 1
		if row == nil {
			p := b.s.finish(ctx, bad[i]).Problem
			out[i].Problem = &p
			continue
		}
		out[i].Ref = row.Ref
		wait.Go(func() { b.one(ctx, &row.Comparison, &out[i]) })
	}
	wait.Wait()
	for i := range out {
		b.count(&out[i])
	}
	return out
}

// one judges a row. A panic is trouble of this row: in a goroutine of its own it would take the process down.
func (b *bulk) one(ctx context.Context, q *api.Comparison, out *api.ComparedRow) {
	defer func() {
		if recover() != nil {
			b.s.logPanic(ctx)
			p := b.s.finish(ctx, codeProblem(CodeInternal)).Problem
			out.Answer, out.Problem = nil, &p
		}
	}()
	a, err := b.s.compared(ctx, b.caller, b.access, q)
	if err != nil {
		p := b.s.problem(ctx, err).Problem
		out.Problem = &p
		return
	}
	if !b.receipts {
		a.Receipt = nil
	}
	out.Answer = a
}

func (b *bulk) count(row *api.ComparedRow) {
	b.end.Rows++
	switch {
	case row.Problem != nil:
		b.end.Refused++
	case row.Answer.Result == "matched":
		b.end.Matched++
	case row.Answer.Result == "different":
		b.end.Different++
	case row.Answer.Result == "missing":
		b.end.Missing++
	default:
		b.end.NotFound++
	}
}
