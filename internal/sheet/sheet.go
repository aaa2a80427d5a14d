// Package sheet reads and writes spreadsheets as Chinese offices make them: CSV and TSV in UTF-8, GB18030 or UTF-16,
// .xlsx (ECMA-376 and ISO/IEC 29500, transitional and strict) and legacy .xls (BIFF8, BIFF5 and BIFF7).
//
// What a file is, is found from its content, never from its name. Rows stream: memory does not grow with the file.
// Values are handed over as they are stored; nothing is guessed, rounded or trimmed, because the caller must be able
// to judge a damaged number. A row that cannot be read is handed over with Row.Err and does not end the reading.
//
// Book.Annotate writes the same sheet again with cells added to its rows; NewWriter makes new files.
//
// The package is a pure codec: bytes to rows and back, with no policy, clock, file system or network.
package sheet

import (
	"bytes"
	"errors"
	"io"
)

// Format is the kind of file.
type Format uint8

// Formats. The zero value is unknown.
const (
	FormatUnknown Format = iota
	FormatCSV            // text with any delimiter
	FormatXLSX
	FormatXLS
)

// String is the usual extension without its dot.
func (f Format) String() string {
	switch f {
	case FormatCSV:
		return "csv"
	case FormatXLSX:
		return "xlsx"
	case FormatXLS:
		return "xls"
	case FormatUnknown:
	}
	return "unknown"
}

// TempFile holds what does not fit into memory; Close removes it.
type TempFile interface {
	io.Writer
	io.ReaderAt
	io.Closer
}

// Limits bound what a file may ask for. A zero field takes the default that is named.
type Limits struct {
	CellBytes    int   // one cell in bytes: 1 MiB
	RecordBytes  int   // one record of a text file, one row of XML or one shared string with its markup: 32 MiB
	Columns      int   // columns of a row: 2048
	Entries      int   // entries of an .xlsx package: 10000
	Ratio        int64 // unpacked bytes per packed byte of a part beyond its first 16 MiB: 250
	PartBytes    int64 // unpacked bytes of one part: 64 GiB
	Merges       int   // merged ranges of a sheet: 200000
	StringsBytes int64 // shared strings kept in memory before Options.Temp is used: 16 MiB
}

// Options say how to open. The zero value detects everything and takes the default limits.
type Options struct {
	Limits Limits

	// Temp makes a temporary file. Nil means none: shared strings beyond Limits.StringsBytes are then refused.
	Temp func() (TempFile, error)

	// Encoding and Delimiter of a text file; zero means detect.
	Encoding  Encoding
	Delimiter byte
}

// SheetInfo describes a sheet.
type SheetInfo struct {
	Name   string
	Hidden bool
}

// Info is what was found out about a file.
type Info struct {
	Format   Format
	Sheets   []SheetInfo // a text file has one with the file's name
	Date1904 bool        // serial dates count from 1904-01-01

	// Text files only.
	Dialect Dialect
}

// Book is an open file. It is not safe for use by several goroutines at once.
type Book struct {
	Info Info

	source source
}

// source is one format's reader. rows may be called again and again; each answer reads from the start.
type source interface {
	rows(sheet int) (rowReader, error)
	merges(sheet int) ([]Range, error)
	annotate(w io.Writer, a Annotation, each func(*Row) ([]string, error)) error
	formatCode(i uint16) string
	io.Closer
}

type rowReader interface {
	next(row *Row) error
}

func (l Limits) withDefaults() Limits {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	def64 := func(v *int64, d int64) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&l.CellBytes, 1<<20)
	def(&l.RecordBytes, 32<<20)
	def(&l.Columns, 2048)
	l.Columns = min(l.Columns, MaxColumns)
	def(&l.Entries, 10000)
	def64(&l.Ratio, 250)
	def64(&l.PartBytes, 64<<30)
	def(&l.Merges, 200000)
	def64(&l.StringsBytes, 16<<20)
	l.RecordBytes = max(l.RecordBytes, l.CellBytes)
	return l
}

// Open finds out what r holds and opens it. r must stay readable until Close; name is used for a text file's sheet.
// The errors are *Error.
func Open(r io.ReaderAt, size int64, name string, opts Options) (*Book, error) {
	opts.Limits = opts.Limits.withDefaults()
	if size <= 0 {
		return nil, &Error{Code: CodeEmpty}
	}
	head := make([]byte, min(size, 4096))
	if err := readAt(r, head, 0); err != nil {
		return nil, err
	}
	in := input{r: r, size: size, name: name, opts: opts}
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return openXLSX(in)
	case bytes.HasPrefix(head, cfbMagic):
		return openXLS(in)
	case looksHTML(head):
		return nil, &Error{Code: CodeHTML}
	}
	return openCSV(in)
}

// input is what a format's opener gets.
type input struct {
	r    io.ReaderAt
	size int64
	name string
	opts Options
}

// readAt fills p from offset off.
func readAt(r io.ReaderAt, p []byte, off int64) error {
	n, err := r.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return &Error{Code: CodeCorrupt, Offset: off, Detail: "the file ends early", Cause: io.ErrUnexpectedEOF}
	}
	return &Error{Code: CodeRead, Offset: off, Cause: err}
}

// looksHTML reports whether the text begins as a web page or an XML of the Office 2003 kinds, both found as .xls.
func looksHTML(head []byte) bool {
	t := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xEF\xBB\xBF")), " \t\r\n")
	if bytes.HasPrefix(t, []byte("\xFF\xFE<\x00")) || bytes.HasPrefix(t, []byte("\xFE\xFF\x00<")) {
		t = bytes.TrimLeft(bytes.ReplaceAll(t[2:], []byte{0}, nil), " \t\r\n")
	}
	if len(t) == 0 || t[0] != '<' {
		return false
	}
	t = bytes.ToLower(t)
	for _, tag := range []string{"<!doctype", "<html", "<head", "<meta", "<table", "<body", "<style", "<?xml", "<!--"} {
		if bytes.HasPrefix(t, []byte(tag)) {
			return true
		}
	}
	return false
}

// Close frees what the book holds; it does not close the source.
func (b *Book) Close() error { return b.source.Close() }

// Rows reads a sheet from its first row. The sheet is an index into Info.Sheets.
func (b *Book) Rows(sheet int) (*Reader, error) {
	if err := b.checkSheet(sheet); err != nil {
		return nil, err
	}
	r, err := b.source.rows(sheet)
	if err != nil {
		return nil, err
	}
	return &Reader{rows: r}, nil
}

// Merges lists the merged ranges of a sheet. In an .xlsx they stand behind the rows: this reads through the sheet.
func (b *Book) Merges(sheet int) ([]Range, error) {
	if err := b.checkSheet(sheet); err != nil {
		return nil, err
	}
	return b.source.merges(sheet)
}

// FormatCode is the number format of a cell, as "yyyy-mm-dd" or "000000"; empty for General and in text files.
func (b *Book) FormatCode(format uint16) string { return b.source.formatCode(format) }

// Sheet finds a sheet by its name.
func (b *Book) Sheet(name string) (int, error) {
	for i := range b.Info.Sheets {
		if b.Info.Sheets[i].Name == name {
			return i, nil
		}
	}
	return 0, &Error{Code: CodeNoSheet, Detail: name}
}

// DefaultSheet is the first visible sheet with something in it, or ErrNoSheet.
func (b *Book) DefaultSheet() (int, error) {
	for i := range b.Info.Sheets {
		if b.Info.Sheets[i].Hidden {
			continue
		}
		filled, err := b.filled(i)
		if err != nil {
			return 0, err
		}
		if filled {
			return i, nil
		}
	}
	return 0, &Error{Code: CodeNoSheet}
}

func (b *Book) filled(sheet int) (bool, error) {
	r, err := b.source.rows(sheet)
	if err != nil {
		return false, err
	}
	var row Row
	for {
		err := r.next(&row)
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if row.Err != nil || !row.Empty() {
			return true, nil //nolint:nilerr // a row that cannot be read has something in it
		}
	}
}

func (b *Book) checkSheet(sheet int) error {
	if sheet < 0 || sheet >= len(b.Info.Sheets) {
		return &Error{Code: CodeNoSheet}
	}
	return nil
}

// Reader reads the rows of one sheet.
type Reader struct {
	rows rowReader
	err  error
}

// Next fills row with the next row. It returns io.EOF at the end and a *Error when the sheet cannot be read further;
// it then returns the same error for ever. A row that is wrong in itself comes with Row.Err and a nil error.
func (r *Reader) Next(row *Row) error {
	if r.err != nil {
		row.reset()
		return r.err
	}
	if r.err = r.rows.next(row); r.err != nil {
		row.reset()
	}
	return r.err
}
