package sheet

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf8"
)

// csvSource is an open text file.
type csvSource struct {
	in input
	d  Dialect
}

func openCSV(in input) (*Book, error) {
	d, err := detectDialect(in)
	if err != nil {
		return nil, err
	}
	s := &csvSource{in: in, d: d}
	return &Book{
		Info:   Info{Format: FormatCSV, Dialect: d, Sheets: []SheetInfo{{Name: in.name}}},
		source: s,
	}, nil
}

// Close implements io.Closer; there is nothing to free.
func (s *csvSource) Close() error { return nil }

func (s *csvSource) merges(int) ([]Range, error) { return nil, nil }
func (s *csvSource) formatCode(uint16) string    { return "" }
func (s *csvSource) rows(int) (rowReader, error) { return s.reader(), nil }

func (s *csvSource) reader() *csvReader {
	start := int64(0)
	if s.d.BOM {
		start = int64(len(s.d.Encoding.bom()))
	}
	var src io.Reader = io.NewSectionReader(s.in.r, start, s.in.size-start)
	switch {
	case s.d.Encoding.Wide():
		src = newWideReader(src, s.d.Encoding)
	case s.d.Encoding.OneByte():
		src = newPageReader(src, s.d.Encoding)
	}
	c := &csvReader{src: src, d: s.d, lim: s.in.opts.Limits, offset: start, line: 1}
	c.end = s.d.LineEnding[len(s.d.LineEnding)-1]
	c.buf = make([]byte, 0, 64<<10)
	return c
}

// csvReader reads records as RFC 4180 has them, from UTF-8 or GB18030; other encodings are made UTF-8 on the way in.
// In both, the bytes of quotes, line ends and the usual delimiters are never part of a longer character, so records are
// divided first and decoded afterwards; see delimiter for the others.
//
// A quote that does not close, or that is followed by something else than a delimiter, makes its physical line a row
// with an error: reading goes on with the next line, so that one forgotten quote costs one row.
type csvReader struct {
	src io.Reader
	d   Dialect
	lim Limits
	end byte

	buf    []byte // read and not yet delivered; the current record is buf[start:stop]
	start  int
	stop   int
	srcErr error

	offset int64 // of buf[start] in the file
	line   int   // of buf[start]
	number int   // of the record before
	quiet  int64 // up to here in the stream no quoted cell may go on over a line's end
	pos    int64 // of buf[start] in the decoded stream

	fields []byte // the cells' bytes without quotes
	cuts   []int  // where each cell ends in fields
	text   []byte // decoded
}

// extend lets the current record go on for one more physical line and reports whether there was one.
func (c *csvReader) extend() (bool, error) {
	from := c.stop
	for {
		if i := bytes.IndexByte(c.buf[from:], c.end); i >= 0 {
			c.stop = from + i + 1
			return true, nil
		}
		from = len(c.buf)
		if c.srcErr != nil {
			more := from > c.stop
			c.stop = from
			if !errors.Is(c.srcErr, io.EOF) {
				return false, &Error{Code: CodeRead, Line: c.line, Cause: c.srcErr}
			}
			return more, nil
		}
		if len(c.buf)-c.start > c.lim.RecordBytes {
			return false, &Error{Code: CodeTooLarge, Row: c.number + 1, Line: c.line, Offset: c.offset}
		}
		from -= c.fill()
	}
}

// fill reads more and reports by how much the buffer's contents moved down.
func (c *csvReader) fill() (moved int) {
	if c.start > 0 && len(c.buf) == cap(c.buf) {
		moved = c.start
		n := copy(c.buf, c.buf[c.start:])
		c.buf, c.stop, c.start = c.buf[:n], c.stop-moved, 0
	}
	if len(c.buf) == cap(c.buf) {
		b := make([]byte, len(c.buf), 2*cap(c.buf))
		copy(b, c.buf)
		c.buf = b
	}
	for range 100 {
		n, err := c.src.Read(c.buf[len(c.buf):cap(c.buf)])
		c.buf = c.buf[:len(c.buf)+n]
		c.srcErr = err
		if n > 0 || err != nil {
			return moved
		}
	}
	c.srcErr = io.ErrNoProgress
	return moved
}

func (c *csvReader) next(row *Row) error {
	row.reset()
	c.advance()
	more, err := c.extend()
	if err != nil {
		return err
	}
	if !more {
		return io.EOF
	}
	c.number++
	row.Number, row.Line = c.number, c.line
	first := c.stop - c.start
	c.fields, c.cuts = c.fields[:0], c.cuts[:0]
	if bytes.IndexByte(c.buf[c.start:c.stop], '"') < 0 {
		c.plain(row)
	} else if err := c.quoted(row); err != nil {
		return err
	}
	if row.Err != nil {
		c.stop = c.start + first
		c.fields, c.cuts, row.ends = c.fields[:0], c.cuts[:0], row.ends[:0]
		c.plain(row)
	}
	row.raw = c.buf[c.start:c.stop]
	row.body = c.body()
	c.deliver(row)
	return nil
}

// advance leaves the record behind.
func (c *csvReader) advance() {
	done := c.buf[c.start:c.stop]
	if len(done) == 0 {
		return
	}
	c.line += bytes.Count(done, []byte{c.end})
	c.pos += int64(len(done))
	c.offset += c.sizeInFile(done)
	c.start = c.stop
}

// sizeInFile is how many bytes of the file became b.
func (c *csvReader) sizeInFile(b []byte) int64 {
	switch {
	case c.d.Encoding.Wide():
		return int64(wideSize(b))
	case c.d.Encoding.OneByte():
		return int64(utf8.RuneCount(b))
	}
	return int64(len(b))
}

// body is the record's length without its line ending.
func (c *csvReader) body() int {
	b := c.buf[c.start:c.stop]
	n := len(b)
	if n > 0 && b[n-1] == c.end {
		n--
		if c.end == '\n' && n > 0 && b[n-1] == '\r' {
			n--
		}
	}
	return n
}

// plain divides a record without quotes.
func (c *csvReader) plain(row *Row) {
	b := c.buf[c.start : c.start+c.body()]
	if len(b) == 0 {
		return
	}
	at := 0
	for {
		i := c.delimiter(b[at:])
		if i < 0 {
			break
		}
		c.fields = append(c.fields, b[at:at+i]...)
		c.cuts = append(c.cuts, len(c.fields))
		row.ends = append(row.ends, at+i)
		at += i + 1
	}
	c.fields = append(c.fields, b[at:]...)
	c.cuts = append(c.cuts, len(c.fields))
	row.ends = append(row.ends, len(b))
}

// delimiter is where the first delimiter is in b, which begins with a whole character; -1: nowhere. In GB18030 a bar
// can be the second byte of a character.
func (c *csvReader) delimiter(b []byte) int {
	if !c.d.insideCharacters() {
		return bytes.IndexByte(b, c.d.Delimiter)
	}
	for i := 0; i < len(b); i += max(sizeGB18030(b[i:]), 1) {
		if b[i] == c.d.Delimiter {
			return i
		}
	}
	return -1
}

// quoted divides a record with quotes and lets it go on over line ends inside them.
func (c *csvReader) quoted(row *Row) error {
	at, body := 0, c.body()
	for {
		if at >= body || c.buf[c.start+at] != '"' {
			at = c.bare(at, body)
		} else {
			var err error
			if at, err = c.quotedCell(row, at+1); err != nil || row.Err != nil {
				return err
			}
			body = c.body()
		}
		c.cuts = append(c.cuts, len(c.fields))
		row.ends = append(row.ends, at)
		if at >= body {
			return nil
		}
		at++ // the delimiter
	}
}

// bare takes a cell without quotes, from at; it answers where the cell ends.
func (c *csvReader) bare(at, body int) int {
	b := c.buf[c.start+at : c.start+body]
	i := c.delimiter(b)
	if i < 0 {
		i = len(b)
	}
	c.fields = append(c.fields, b[:i]...)
	return at + i
}

// quotedCell takes a cell from behind its opening quote and answers where it ends behind its closing quote.
func (c *csvReader) quotedCell(row *Row, at int) (int, error) {
	for {
		b := c.buf[c.start:c.stop]
		i := bytes.IndexByte(b[at:], '"')
		if i < 0 {
			c.fields = append(c.fields, b[at:]...)
			at = len(b)
			more, err := c.goOn(row)
			if err != nil || !more {
				return 0, err
			}
			continue
		}
		c.fields = append(c.fields, b[at:at+i]...)
		at += i + 1
		body := c.body()
		switch {
		case at >= body || b[at] == c.d.Delimiter:
			return min(at, body), nil
		case b[at] == '"':
			c.fields = append(c.fields, '"')
			at++
		default:
			row.Err = c.quoteError(row, "a quote inside a quoted cell is not doubled")
			return 0, nil
		}
	}
}

// goOn takes one more physical line into a quoted cell, or makes the row an error.
func (c *csvReader) goOn(row *Row) (bool, error) {
	if c.pos < c.quiet {
		row.Err = c.quoteError(row, "the quote does not close")
		return false, nil
	}
	if c.stop-c.start > c.lim.RecordBytes {
		c.quiet = c.pos + int64(c.stop-c.start)
		row.Err = c.quoteError(row, "the quote does not close within the longest record")
		return false, nil
	}
	more, err := c.extend()
	var e *Error
	if errors.As(err, &e) && e.Code == CodeTooLarge {
		more, err = false, nil
	}
	if err == nil && !more {
		c.quiet = c.pos + int64(len(c.buf)-c.start)
		row.Err = c.quoteError(row, "the quote does not close")
	}
	return more, err
}

func (c *csvReader) quoteError(row *Row, detail string) *Error {
	return &Error{
		Code: CodeQuote, Row: row.Number, Line: row.Line, Column: len(c.cuts) + 1, Offset: c.offset, Detail: detail,
	}
}

// deliver decodes the cells into the row and checks them.
func (c *csvReader) deliver(row *Row) {
	if len(c.cuts) > c.lim.Columns {
		c.fail(row, CodeColumns, c.lim.Columns)
		c.cuts = c.cuts[:c.lim.Columns]
		c.fields = c.fields[:c.cuts[len(c.cuts)-1]]
	}
	c.checkCells(row)
	text := c.fields
	switch {
	case c.d.Encoding == GB18030 && !isASCII(c.fields):
		text = c.decodeGB(row)
	case c.d.Encoding != GB18030 && !utf8.Valid(row.raw):
		text = c.repair(row)
	}
	s := string(text)
	from := 0
	for _, to := range c.cuts {
		cell := Cell{Text: s[from:to]}
		if from < to {
			cell.Kind = KindText
		}
		row.Cells = append(row.Cells, cell)
		from = to
	}
}

// checkCells finds cells that are too long and NUL characters.
func (c *csvReader) checkCells(row *Row) {
	if len(c.fields) > c.lim.CellBytes {
		from := 0
		for i, to := range c.cuts {
			if to-from > c.lim.CellBytes {
				c.fail(row, CodeCellTooLarge, i)
			}
			from = to
		}
	}
	if n := bytes.IndexByte(c.fields, 0); n >= 0 {
		i := 0
		for i < len(c.cuts)-1 && c.cuts[i] <= n {
			i++
		}
		c.fail(row, CodeNUL, i)
	}
}

// fail notes the row's first error.
func (c *csvReader) fail(row *Row, code Code, column int) {
	if row.Err == nil {
		row.Err = &Error{Code: code, Row: row.Number, Line: row.Line, Column: column + 1, Offset: c.offset}
	}
}

// decodeGB decodes cell by cell, and moves the cuts to the decoded text.
func (c *csvReader) decodeGB(row *Row) []byte {
	out, from := c.text[:0], 0
	for i, to := range c.cuts {
		var ok bool
		if out, ok = appendGB18030(out, c.fields[from:to]); !ok {
			c.failEncoding(row, i)
		}
		from, c.cuts[i] = to, len(out)
	}
	c.text = out
	return out
}

// repair replaces what is no UTF-8 for display.
func (c *csvReader) repair(row *Row) []byte {
	out, from := c.text[:0], 0
	for i, to := range c.cuts {
		cell := c.fields[from:to]
		if !utf8.Valid(cell) {
			c.failEncoding(row, i)
			cell = bytes.ToValidUTF8(cell, []byte("\uFFFD"))
		}
		out = append(out, cell...)
		from, c.cuts[i] = to, len(out)
	}
	c.text = out
	return out
}

// failEncoding notes the place of the first byte in the row that is no character. A cell's bytes are found again in
// the record, where they stand in the same order.
func (c *csvReader) failEncoding(row *Row, column int) {
	if row.Err != nil {
		return
	}
	at := c.badByte(row.raw)
	line := row.Line + bytes.Count(row.raw[:at], []byte{c.end})
	detail := ""
	if at < len(row.raw) {
		const hex = "0123456789ABCDEF"
		detail = "byte " + string([]byte{hex[row.raw[at]>>4], hex[row.raw[at]&15]}) + " in " + c.d.Encoding.String()
	}
	switch {
	case c.d.Encoding.Wide():
		detail = "half a character in " + c.d.Encoding.String()
	case c.d.Encoding.OneByte():
		detail = "a byte that " + c.d.Encoding.String() + " does not define"
	}
	row.Err = &Error{
		Code: CodeEncoding, Row: row.Number, Line: line, Column: column + 1,
		Offset: c.offset + c.sizeInFile(row.raw[:at]), Detail: detail,
	}
}

func (c *csvReader) badByte(raw []byte) int {
	if c.d.Encoding != GB18030 {
		for i := 0; i < len(raw); {
			r, n := utf8.DecodeRune(raw[i:])
			if r == utf8.RuneError && n <= 1 {
				return i
			}
			i += n
		}
		return len(raw)
	}
	var scratch []byte
	for i := 0; i < len(raw); {
		n := max(sizeGB18030(raw[i:]), 1)
		var ok bool
		if scratch, ok = appendGB18030(scratch[:0], raw[i:i+n]); !ok {
			return i
		}
		i += n
	}
	return len(raw)
}
