package sheet

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// annotate writes each record's bytes as they are, plus the added cells; those of a code page in UTF-8. Behind a record
// with a broken quote nothing may be added that could close it, in none of the rows that follow: they would be taken
// for a part of that record.
func (s *csvSource) annotate(w io.Writer, a Annotation, each func(*Row) ([]string, error)) error {
	out := bufio.NewWriterSize(w, 64<<10)
	if d := s.d.result(); d.BOM {
		if _, err := out.Write(d.Encoding.bom()); err != nil {
			return err
		}
	}
	c := s.reader()
	var row Row
	var rec, enc []byte
	broken := false
	for {
		err := c.next(&row)
		if errors.Is(err, io.EOF) {
			return out.Flush()
		}
		if err != nil {
			return err
		}
		extra, err := each(&row)
		if err != nil {
			return err
		}
		broken = broken || row.Err != nil && row.Err.Code == CodeQuote
		rec = s.appendRecord(rec[:0], &row, a.Column, s.texts(extra, broken))
		enc = rec
		if s.d.Encoding.Wide() {
			enc = appendWide(nil, rec, s.d.Encoding)
		}
		if _, err := out.Write(enc); err != nil {
			return err
		}
	}
}

// texts are the added cells as they are written.
func (s *csvSource) texts(extra []string, broken bool) []string {
	out := make([]string, len(extra))
	for i, x := range extra {
		x = harmless(x)
		if s.d.LineEnding == "\r" { // another one would tell that lines end otherwise
			x = strings.NewReplacer("\r\n", "\r", "\n", "\r").Replace(x)
		}
		if broken {
			x = strings.NewReplacer(`"`, "'", "\n", " ", "\r", " ", string(rune(s.d.Delimiter)), " ").Replace(x)
		} else {
			x = quoteCell(x, s.d.Delimiter)
		}
		out[i] = x
	}
	return out
}

// appendRecord appends the record with its added cells, in the form the reader parses (UTF-8 for UTF-16).
func (s *csvSource) appendRecord(dst []byte, row *Row, column int, extra []string) []byte {
	if len(extra) == 0 {
		return append(dst, row.raw...)
	}
	if len(row.ends) == 0 {
		row.ends = append(row.ends, row.body)
	}
	head, tail, n := row.body, row.body, len(row.ends)
	if n > column {
		head = 0
		if column > 0 {
			head = row.ends[column-1]
		}
		tail = row.ends[min(column+len(extra), n)-1]
	}
	dst = append(dst, row.raw[:head]...)
	if s.d.insideCharacters() && halfGB18030(dst) {
		dst = append(dst, ' ') // the delimiter would make a character of it
	}
	for ; n < column; n++ {
		dst = append(dst, s.d.Delimiter)
	}
	for i, x := range extra {
		if column+i > 0 {
			dst = append(dst, s.d.Delimiter)
		}
		if s.d.Encoding.Wide() {
			dst = append(dst, x...)
		} else {
			dst = appendEncoded(dst, x, s.d.result().Encoding)
		}
	}
	return append(dst, row.raw[tail:]...)
}

// harmless puts an apostrophe before a text that a spreadsheet program would take for a formula.
func harmless(x string) string {
	if x == "" || !strings.ContainsRune("=+-@\t\r＝＋－＠", firstRune(x)) || isNumber(x) {
		return x
	}
	return "'" + x
}

func firstRune(s string) rune {
	for _, r := range s {
		return r
	}
	return 0
}

// isNumber reports whether x is a plain decimal number with or without a sign, which no program takes for a formula.
func isNumber(x string) bool {
	if x != "" && (x[0] == '-' || x[0] == '+') {
		x = x[1:]
	}
	whole, part, dot := strings.Cut(x, ".")
	if whole == "" || (dot && part == "") {
		return false
	}
	return strings.Trim(whole, "0123456789") == "" && strings.Trim(part, "0123456789") == ""
}

// quoteCell puts quotes around what needs them.
func quoteCell(x string, delimiter byte) string {
	if !strings.ContainsAny(x, "\"\r\n"+string(rune(delimiter))) && (x == "" || x[0] != ' ') {
		return x
	}
	return `"` + strings.ReplaceAll(x, `"`, `""`) + `"`
}
