package sheet

import (
	"archive/zip"
	"bufio"
	"fmt"
	"io"
	"strconv"
)

// WriterOptions say what NewWriter makes. The zero value is an .xlsx with one sheet named Sheet1.
type WriterOptions struct {
	Format   Format  // FormatXLSX (also for the zero value) or FormatCSV
	Sheet    string  // name of the first sheet
	Date1904 bool    // .xlsx only: serial dates count from 1904
	Dialect  Dialect // text only: zero fields are UTF-8, no mark, comma and "\r\n"
}

// Writer makes a new file row by row, in constant memory. Cells of KindText are texts whatever they begin with: in an
// .xlsx no program calculates them, in a text file an apostrophe stands before what looks like a formula.
type Writer struct {
	out    rowWriter
	cells  []Cell
	closed bool
}

type rowWriter interface {
	write(number int, cells []Cell) error
	close() error
}

// NewWriter begins a file. Close must be called, or the file is not whole.
func NewWriter(w io.Writer, opts WriterOptions) (*Writer, error) {
	if opts.Format == FormatCSV {
		out, err := newCSVOut(w, opts.Dialect)
		if err != nil {
			return nil, err
		}
		return &Writer{out: out}, nil
	}
	if opts.Format != FormatUnknown && opts.Format != FormatXLSX {
		return nil, &Error{Code: CodeFormat, Detail: "cannot write " + opts.Format.String()}
	}
	if opts.Sheet == "" {
		opts.Sheet = "Sheet1"
	}
	x := newXLSXOut(w, opts.Date1904)
	if err := x.begin(SheetInfo{Name: opts.Sheet}); err != nil {
		return nil, err
	}
	return &Writer{out: x}, nil
}

// Write appends a row of texts.
func (w *Writer) Write(texts []string) error {
	w.cells = w.cells[:0]
	for _, t := range texts {
		w.cells = append(w.cells, Cell{Text: t, Kind: KindText})
	}
	return w.WriteCells(w.cells)
}

// WriteCells appends a row of cells. A number's Text is written as it is; a date's Text is its serial number, shown as
// a date in an .xlsx. Formula and Format are not used.
func (w *Writer) WriteCells(cells []Cell) error {
	if w.closed {
		return errClosed
	}
	if len(cells) > MaxColumns {
		return &Error{Code: CodeColumns, Column: MaxColumns + 1}
	}
	return w.out.write(0, cells)
}

// Close ends the file; it does not close the underlying writer.
func (w *Writer) Close() error {
	if w.closed {
		return errClosed
	}
	w.closed = true
	return w.out.close()
}

// csvOut writes a text file.
type csvOut struct {
	w   *bufio.Writer
	d   Dialect
	buf []byte
}

func newCSVOut(w io.Writer, d Dialect) (*csvOut, error) {
	if d = d.result(); d.Encoding == EncodingUnknown {
		d.Encoding = UTF8
	}
	if d.Delimiter == 0 {
		d.Delimiter = ','
	}
	if d.LineEnding == "" {
		d.LineEnding = "\r\n"
	}
	o := &csvOut{w: bufio.NewWriterSize(w, 64<<10), d: d}
	if d.BOM {
		if _, err := o.w.Write(d.Encoding.bom()); err != nil {
			return nil, err
		}
	}
	return o, nil
}

func (o *csvOut) write(_ int, cells []Cell) error {
	o.buf = o.buf[:0]
	for i := range cells {
		if i > 0 {
			o.buf = append(o.buf, o.d.Delimiter)
		}
		text := cells[i].Text
		if cells[i].Kind == KindText {
			text = harmless(text)
		}
		o.buf = append(o.buf, quoteCell(text, o.d.Delimiter)...)
	}
	if len(cells) == 1 && len(o.buf) == 0 {
		o.buf = append(o.buf, `""`...) // an empty line would read as a row without cells
	}
	o.buf = append(o.buf, o.d.LineEnding...)
	enc := o.buf
	if o.d.Encoding != UTF8 {
		enc = appendEncoded(nil, string(o.buf), o.d.Encoding)
	}
	_, err := o.w.Write(enc)
	return err
}

func (o *csvOut) close() error { return o.w.Flush() }

// xlsxOut writes an .xlsx sheet after sheet, rows streaming, texts inline. What the rows need of styles is collected
// and written at the end.
type xlsxOut struct {
	z        *zip.Writer
	date1904 bool
	sheets   []SheetInfo
	part     *bufio.Writer
	last     int
	buf      []byte
	code     func(uint16) string // format codes of the source; nil where all dates get one format
	styles   map[uint16]int
	order    []uint16
}

const (
	xmlHead        = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	nsMain         = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`
	nsRelation     = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	nsPackage      = "http://schemas.openxmlformats.org/package/2006/"
	firstOwnFormat = 164
	maxOwnFormats  = 4000

	typeSheet = "application/vnd.openxmlformats-officedocument.spreadsheetml."
)

func newXLSXOut(w io.Writer, date1904 bool) *xlsxOut {
	return &xlsxOut{z: newZip(w), date1904: date1904, styles: map[uint16]int{}}
}

// begin starts a sheet; the one before must have been ended.
func (o *xlsxOut) begin(s SheetInfo) error {
	o.sheets = append(o.sheets, s)
	o.last = 0
	w, err := o.z.Create("xl/worksheets/sheet" + strconv.Itoa(len(o.sheets)) + ".xml")
	if err != nil {
		return err
	}
	o.part = bufio.NewWriterSize(w, 64<<10)
	_, err = o.part.WriteString(xmlHead + `<worksheet ` + nsMain + `><sheetData>`)
	return err
}

// write appends a row; number 0 is the next one.
func (o *xlsxOut) write(number int, cells []Cell) error { return o.writeRow(number, false, cells) }

func (o *xlsxOut) writeRow(number int, hidden bool, cells []Cell) error {
	if number == 0 {
		number = o.last + 1
	}
	if number > maxRows {
		return &Error{Code: CodeTooLarge, Row: number, Detail: "an .xlsx sheet has 1048576 rows"}
	}
	o.last = number
	b := append(o.buf[:0], `<row r="`...)
	b = append(strconv.AppendInt(b, int64(number), 10), '"')
	if hidden {
		b = append(b, ` hidden="1"`...)
	}
	b = append(b, '>')
	for i := range cells {
		b = o.appendCell(b, cellPlace{i, number}, &cells[i])
	}
	o.buf = append(b, "</row>"...)
	_, err := o.part.Write(o.buf)
	return err
}

func (o *xlsxOut) appendCell(b []byte, at cellPlace, c *Cell) []byte {
	if c.Text == "" {
		return b
	}
	kind := ""
	switch c.Kind {
	case KindText, KindEmpty:
		return appendTextCell(b, "", at, c.Text)
	case KindNumber, KindDate:
		if numberKind([]byte(c.Text), false) != KindNumber {
			return appendTextCell(b, "", at, c.Text)
		}
	case KindBool:
		kind = ` t="b"`
	case KindError:
		kind = ` t="e"`
	}
	b = append(b, `<c r="`...)
	b = append(b, ColumnName(at.column)...)
	b = strconv.AppendInt(b, int64(at.row), 10)
	b = append(b, '"')
	if s := o.style(c); s > 0 {
		b = append(append(append(b, ` s="`...), strconv.Itoa(s)...), '"')
	}
	b = append(append(b, kind...), "><v>"...)
	switch {
	case c.Kind == KindBool && c.Text == "TRUE":
		b = append(b, '1')
	case c.Kind == KindBool:
		b = append(b, '0')
	default:
		b = appendXMLEscaped(b, c.Text)
	}
	return append(b, "</v></c>"...)
}

// style is the number of the style that shows the cell's format.
func (o *xlsxOut) style(c *Cell) int {
	format := c.Format
	if o.code == nil {
		format = 0
	}
	if format == 0 && c.Kind == KindDate {
		format = 14
	}
	if format == 0 {
		return 0
	}
	i, ok := o.styles[format]
	if !ok && len(o.order) == maxOwnFormats {
		return 0
	}
	if !ok {
		o.order = append(o.order, format)
		i = len(o.order)
		o.styles[format] = i
	}
	return i
}

// end finishes a sheet.
func (o *xlsxOut) end(merges []Range) error {
	b := append(o.buf[:0], "</sheetData>"...)
	if len(merges) > 0 {
		b = append(append(append(b, `<mergeCells count="`...), strconv.Itoa(len(merges))...), `">`...)
		for _, m := range merges {
			b = append(append(b, `<mergeCell ref="`...), ColumnName(m.FirstColumn)...)
			b = append(strconv.AppendInt(b, int64(m.FirstRow+1), 10), ':')
			b = strconv.AppendInt(append(b, ColumnName(m.LastColumn)...), int64(m.LastRow+1), 10)
			b = append(b, `"/>`...)
		}
		b = append(b, "</mergeCells>"...)
	}
	b = append(b, "</worksheet>"...)
	o.buf = b
	if _, err := o.part.Write(b); err != nil {
		return err
	}
	return o.part.Flush()
}

func (o *xlsxOut) close() error {
	if err := o.end(nil); err != nil {
		return err
	}
	return o.finish()
}

// finish writes the parts that tie the sheets together.
func (o *xlsxOut) finish() error {
	types := []byte(xmlHead + `<Types xmlns="` + nsPackage + `content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/xml"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="` + typeSheet + `sheet.main+xml"/>` +
		`<Override PartName="/xl/styles.xml" ContentType="` + typeSheet + `styles+xml"/>`)
	rels := []byte(xmlHead + `<Relationships xmlns="` + nsPackage + `relationships">` +
		`<Relationship Id="rIdS" Type="` + nsRelation + `/styles" Target="styles.xml"/>`)
	book := []byte(xmlHead + `<workbook ` + nsMain + ` xmlns:r="` + nsRelation + `"><workbookPr`)
	if o.date1904 {
		book = append(book, ` date1904="1"`...)
	}
	book = append(book, "/><sheets>"...)
	for i, s := range o.sheets {
		types = fmt.Appendf(types, `<Override PartName="/xl/worksheets/sheet%d.xml" ContentType="%sworksheet+xml"/>`,
			i+1, typeSheet)
		rels = fmt.Appendf(rels,
			`<Relationship Id="rId%[1]d" Type="%[2]s/worksheet" Target="worksheets/sheet%[1]d.xml"/>`, i+1, nsRelation)
		state := ""
		if s.Hidden {
			state = ` state="hidden"`
		}
		book = fmt.Appendf(book, `<sheet name="%s" sheetId="%d"%s r:id="rId%d"/>`, attrText(s.Name), i+1, state, i+1)
	}
	root := xmlHead + `<Relationships xmlns="` + nsPackage + `relationships"><Relationship Id="rId1" Type="` +
		nsRelation + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`
	for _, p := range []struct {
		name string
		text []byte
	}{
		{"[Content_Types].xml", append(types, "</Types>"...)},
		{"_rels/.rels", []byte(root)},
		{"xl/workbook.xml", append(book, "</sheets></workbook>"...)},
		{"xl/_rels/workbook.xml.rels", append(rels, "</Relationships>"...)},
		{"xl/styles.xml", o.stylesPart()},
	} {
		w, err := o.z.Create(p.name)
		if err != nil {
			return err
		}
		if _, err := w.Write(p.text); err != nil {
			return err
		}
	}
	return o.z.Close()
}

// stylesPart is styles.xml with one style for each number format that was used.
func (o *xlsxOut) stylesPart() []byte {
	var codes, xfs []byte
	n := 0
	for i, f := range o.order {
		id := 0
		if code := o.formatCode(f); f == 14 {
			id = 14
		} else if code != "" {
			id = firstOwnFormat + i
			n++
			codes = fmt.Appendf(codes, `<numFmt numFmtId="%d" formatCode="%s"/>`, id, attrText(code))
		}
		xfs = fmt.Appendf(xfs,
			`<xf numFmtId="%d" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>`, id)
	}
	b := []byte(xmlHead + `<styleSheet ` + nsMain + `>`)
	if n > 0 {
		b = fmt.Appendf(b, `<numFmts count="%d">%s</numFmts>`, n, codes)
	}
	b = append(b, `<fonts count="1"><font><sz val="11"/><name val="宋体"/></font></fonts>`+
		`<fills count="2"><fill><patternFill patternType="none"/></fill>`+
		`<fill><patternFill patternType="gray125"/></fill></fills>`+
		`<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>`+
		`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>`...)
	return fmt.Appendf(b, `<cellXfs count="%d"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>%s`+
		`</cellXfs></styleSheet>`, len(o.order)+1, xfs)
}

func (o *xlsxOut) formatCode(f uint16) string {
	if o.code == nil {
		return builtinFormat(f)
	}
	return o.code(f)
}

// attrText escapes an attribute's value.
func attrText(s string) string {
	b := appendXMLEscaped(nil, s)
	out := make([]byte, 0, len(b))
	for _, c := range b {
		switch c {
		case '"':
			out = append(out, "&quot;"...)
		case '\n', '\t':
			out = append(out, ' ')
		default:
			out = append(out, c)
		}
	}
	return string(out)
}
