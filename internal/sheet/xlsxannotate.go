package sheet

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/klauspost/compress/flate"
)

// annotate copies every part of the package as it is packed, but the one sheet, whose rows get cells.
func (s *xlsxSource) annotate(w io.Writer, a Annotation, each func(*Row) ([]string, error)) error {
	if err := s.load(); err != nil {
		return err
	}
	z := newZip(w)
	name := partName(s.sheets[a.Sheet])
	for _, f := range s.pkg.zip.File {
		if partName(f.Name) != name {
			if err := z.Copy(f); err != nil {
				return err
			}
			continue
		}
		out, err := z.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Deflate, Modified: f.Modified})
		if err != nil {
			return err
		}
		if err := s.annotateSheet(out, a, each); err != nil {
			return err
		}
	}
	return z.Close()
}

// newZip is a zip writer with the faster compressor.
func newZip(w io.Writer) *zip.Writer {
	z := zip.NewWriter(w)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, 4) })
	return z
}

// sheetAnnotator rewrites one sheet's XML: what it does not change goes out byte for byte.
type sheetAnnotator struct {
	r    *xlsxRows
	w    io.Writer
	a    Annotation
	each func(*Row) ([]string, error)
	row  Row
	buf  []byte
}

func (s *xlsxSource) annotateSheet(w io.Writer, a Annotation, each func(*Row) ([]string, error)) error {
	r, err := s.sheetRows(a.Sheet)
	if err != nil {
		return err
	}
	defer r.part.Close() //nolint:errcheck // nothing was written to it.
	r.mark = &rowMarks{}
	t := &sheetAnnotator{r: r, w: w, a: a, each: each}
	return t.run()
}

func (t *sheetAnnotator) run() error {
	for {
		t.r.x.keep = t.r.x.pos
		found, err := t.r.step()
		if err != nil {
			return wrapRead(err)
		}
		switch found {
		case foundEnd:
			return t.flush()
		case foundRow:
			err = t.annotateRow()
		case foundTag:
			err = t.tag()
		case foundOther:
			err = t.flush()
		}
		if err != nil {
			return err
		}
	}
}

// tag writes a start tag that stands outside of sheetData.
func (t *sheetAnnotator) tag() error {
	if string(t.r.x.name) == "dimension" {
		return t.dimension()
	}
	return t.flush()
}

// flush writes what was read and not changed.
func (t *sheetAnnotator) flush() error {
	x := t.r.x
	_, err := t.w.Write(x.buf[x.keep:x.pos])
	return err
}

// dimension writes the sheet's extent anew, so that no program cuts the added columns off.
func (t *sheetAnnotator) dimension() error {
	x := t.r.x
	m, ok := parseRange(x.attr("ref"))
	if !ok {
		return t.flush()
	}
	end := ">"
	if x.empty {
		end = "/>"
	}
	m.LastColumn = max(m.LastColumn, min(t.a.Column+max(t.a.Cells, 1), MaxColumns)-1)
	ref := ColumnName(m.FirstColumn) + strconv.Itoa(m.FirstRow+1) + ":" +
		ColumnName(m.LastColumn) + strconv.Itoa(m.LastRow+1)
	before := x.buf[x.keep:x.tag] // comments
	_, err := io.WriteString(t.w, string(before)+"<"+string(x.full)+` ref="`+ref+`"`+end)
	return err
}

// annotateRow writes the row whose start tag was just read.
func (t *sheetAnnotator) annotateRow() error {
	r, x := t.r, t.r.x
	t.row.reset()
	*r.mark = rowMarks{cells: r.mark.cells[:0]}
	name := string(x.full)
	empty := x.empty
	start, end := x.tag-x.keep, x.pos-x.keep
	if err := r.row(&t.row); err != nil {
		return wrapRead(err)
	}
	extra, err := t.each(&t.row)
	if err != nil {
		return err
	}
	if len(extra) == 0 {
		return t.flush()
	}
	raw := x.buf[x.keep:x.pos]
	if empty {
		r.mark.open, r.mark.close = end, end
	}
	t.buf = append(t.buf[:0], raw[:start]...)
	t.buf = appendRowTag(t.buf, raw[start:end], empty)
	t.appendCells(raw, name, extra)
	if empty {
		t.buf = append(append(append(t.buf, "</"...), name...), '>')
	} else {
		t.buf = append(t.buf, raw[r.mark.close:]...)
	}
	_, err = t.w.Write(t.buf)
	return err
}

// appendRowTag appends a row's start tag without its spans, which would no longer be true, and without its own end.
func appendRowTag(dst, tag []byte, empty bool) []byte {
	inner := tag[:len(tag)-1]
	if empty {
		inner = inner[:len(inner)-1]
	}
	at := bytes.IndexAny(inner, " \t\r\n")
	if at < 0 {
		return append(append(dst, inner...), '>')
	}
	dst = append(dst, inner[:at]...)
	for rest := inner[at:]; ; {
		name, _, next, ok := nextAttr(rest)
		if !ok {
			return append(dst, '>')
		}
		if string(name) != "spans" {
			dst = append(dst, rest[:len(rest)-len(next)]...)
		}
		rest = next
	}
}

// appendCells appends the row's cells, and everything before and behind the added ones byte for byte. Where a cell
// follows that says no column, an added one without a text must hold its place.
func (t *sheetAnnotator) appendCells(raw []byte, rowName string, extra []string) {
	m := t.r.mark
	prefix := ""
	if i := strings.IndexByte(rowName, ':'); i >= 0 {
		prefix = rowName[:i+1]
	}
	from, to, behind := m.open, m.open, false
	for _, c := range m.cells {
		switch {
		case c.column < t.a.Column:
			from, to = c.to, c.to
		case c.column < t.a.Column+len(extra):
			to = c.to
		default:
			behind = true
		}
	}
	t.buf = append(t.buf, raw[m.open:from]...)
	for i, text := range extra {
		at := cellPlace{t.a.Column + i, t.row.Number}
		switch {
		case at.column >= MaxColumns:
		case text == "" && behind:
			t.buf = append(appendCellHead(t.buf, prefix, at), `"/>`...)
		default:
			t.buf = appendTextCell(t.buf, prefix, at, text)
		}
	}
	t.buf = append(t.buf, raw[to:m.close]...)
}

type cellPlace struct{ column, row int }

// appendCellHead appends the beginning of a cell's start tag up to its place.
func appendCellHead(dst []byte, prefix string, at cellPlace) []byte {
	dst = append(append(append(dst, '<'), prefix...), `c r="`...)
	dst = append(dst, ColumnName(at.column)...)
	return strconv.AppendInt(dst, int64(at.row), 10)
}

// appendTextCell appends an inline text, which no program takes for a formula.
func appendTextCell(dst []byte, prefix string, at cellPlace, text string) []byte {
	if text == "" {
		return dst
	}
	dst = appendCellHead(dst, prefix, at)
	dst = append(append(append(dst, `" t="inlineStr"><`...), prefix...), "is><"...)
	dst = append(append(dst, prefix...), 't')
	if strings.TrimSpace(text) != text {
		dst = append(dst, ` xml:space="preserve"`...)
	}
	dst = append(dst, '>')
	dst = appendXMLEscaped(dst, text)
	for _, end := range []string{"t", "is", "c"} {
		dst = append(append(append(append(dst, "</"...), prefix...), end...), '>')
	}
	return dst
}

// appendXMLEscaped appends text for XML; what XML cannot hold is written as _xHHHH_, and a text that looks like that
// has its underscore written so.
func appendXMLEscaped(dst []byte, text string) []byte {
	const hex = "0123456789ABCDEF"
	for i, r := range text {
		switch {
		case r == '&':
			dst = append(dst, "&amp;"...)
		case r == '<':
			dst = append(dst, "&lt;"...)
		case r == '>':
			dst = append(dst, "&gt;"...)
		case r == '\n' || r == '\t':
			dst = append(dst, byte(r))
		case r < 0x20:
			dst = append(append(dst, "_x00"...), hex[r>>4], hex[r&15], '_')
		case r == 0xFFFE || r == 0xFFFF:
			dst = append(dst, "\uFFFD"...)
		case r == '_' && len(text) >= i+7 && text[i+1] == 'x' && text[i+6] == '_':
			dst = append(dst, "_x005F_"...)
		default:
			dst = append(dst, string(r)...)
		}
	}
	return dst
}

var errClosed = errors.New("sheet: writer is closed")
