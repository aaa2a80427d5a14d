package server

import (
	"bufio"
	"errors"
	"io"

	"github.com/danielgtaylor/huma/v2"
)

// Lines of JSON are read one by one: what a request holds in memory does not depend on how many it has.

// maxLine bounds one line.
const maxLine = 64 << 10

// LinesInput is the body of an operation that reads lines.
type LinesInput struct {
	ContentType string `header:"Content-Type" hidden:"true"`

	lines *lines
	send  huma.Context
}

// Resolve keeps the body, which huma leaves alone.
func (in *LinesInput) Resolve(ctx huma.Context) []error {
	in.lines, in.send = newLines(ctx.BodyReader()), ctx
	return nil
}

var _ huma.Resolver = (*LinesInput)(nil)

// lines reads lines that are not blank.
type lines struct{ r *bufio.Reader }

func newLines(body io.Reader) *lines { return &lines{bufio.NewReaderSize(body, maxLine)} }

// next gives the next line, which lives until the one after it is read; io.EOF at the end.
func (l *lines) next() ([]byte, error) {
	for {
		line, err := l.r.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return nil, codeProblem(CodeLine)
		case err != nil && !errors.Is(err, io.EOF):
			return nil, codeProblem(CodeCut)
		}
		if line = trimLine(line); len(line) > 0 {
			return line, nil
		}
		if err != nil {
			return nil, io.EOF
		}
	}
}

func trimLine(line []byte) []byte {
	for len(line) > 0 && (line[len(line)-1] == '\n' || line[len(line)-1] == '\r' || line[len(line)-1] == ' ') {
		line = line[:len(line)-1]
	}
	return line
}
