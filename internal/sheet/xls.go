package sheet

import (
	"encoding/binary"
	"errors"
	"io"
)

// xlsSource is an open .xls: BIFF8 (Excel 97 and later) or BIFF5 and BIFF7 (Excel 5 and 95), which are the same to us.
type xlsSource struct {
	in       input
	stream   *cfbStream
	biff8    bool
	page     int
	sheets   []int64 // where each sheet's records begin
	names    []SheetInfo
	scanned  map[int]*xlsScan
	styles   styles
	table    *stringTable
	date1904 bool
}

func openXLS(in input) (*Book, error) {
	c, err := openCFB(in.r, in.size)
	if err != nil {
		return nil, err
	}
	s := &xlsSource{in: in, page: 1252, scanned: map[int]*xlsScan{}}
	for _, name := range []string{"EncryptedPackage", "Workbook", "Book"} {
		if s.stream, err = c.stream(name); err != nil {
			return nil, err
		}
		if s.stream != nil && name == "EncryptedPackage" {
			return nil, &Error{Code: CodeEncrypted}
		}
		if s.stream != nil {
			break
		}
	}
	if s.stream == nil {
		return nil, &Error{Code: CodeFormat, Detail: "a compound file without a workbook"}
	}
	b := &Book{Info: Info{Format: FormatXLS}, source: s}
	if err := s.readGlobals(&b.Info); err != nil {
		_ = s.Close() // the error that matters is err
		return nil, err
	}
	return b, nil
}

// Close removes the temporary file.
func (s *xlsSource) Close() error {
	if s.table == nil {
		return nil
	}
	return s.table.close()
}

func (s *xlsSource) formatCode(i uint16) string { return s.styles.code(i) }

// readGlobals reads the workbook's own records: sheets, formats, styles and shared strings.
func (s *xlsSource) readGlobals(info *Info) error {
	b := newBIFFReader(s.stream, 0)
	s.table = &stringTable{limit: s.in.opts.Limits.StringsBytes, temp: s.in.opts.Temp}
	if err := b.next(); err != nil {
		return notWorkbook(err)
	}
	if b.typ != recBOF || len(b.data) < 4 {
		return &Error{Code: CodeFormat, Detail: "Excel 4 or older"}
	}
	switch binary.LittleEndian.Uint16(b.data) {
	case 0x0600:
		s.biff8 = true
	case 0x0500:
	default:
		return &Error{Code: CodeFormat, Detail: "unknown version of BIFF"}
	}
	for {
		err := b.next()
		if errors.Is(err, io.EOF) || (err == nil && b.typ == recEOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := s.global(b); err != nil {
			return err
		}
	}
	s.styles.finish()
	info.Date1904 = s.date1904
	info.Sheets = append(info.Sheets, s.names...)
	if len(s.sheets) == 0 {
		return &Error{Code: CodeNoSheet}
	}
	return s.table.finish()
}

func notWorkbook(err error) error {
	if errors.Is(err, io.EOF) {
		return &Error{Code: CodeCorrupt, Detail: "an empty workbook stream"}
	}
	return err
}

// global reads one record of the workbook's own.
func (s *xlsSource) global(b *biffReader) error {
	d := b.data
	switch b.typ {
	case recFilePass:
		return &Error{Code: CodeEncrypted}
	case recSST:
		return s.readSST(b)
	case recBoundSheet:
		return s.boundSheet(b)
	case recFormat:
		return s.format(b)
	}
	if len(d) < 2 {
		return nil
	}
	switch b.typ {
	case recDateMode:
		s.date1904 = d[0] == 1
	case recCodePage:
		s.page = int(binary.LittleEndian.Uint16(d))
	case recXF:
		if len(d) >= 4 {
			s.styles.addStyle(int(binary.LittleEndian.Uint16(d[2:])))
		}
	}
	return nil
}

// boundSheet reads a sheet's place, state, type and name.
func (s *xlsSource) boundSheet(b *biffReader) error {
	head, err := b.take(7)
	if err != nil {
		return err
	}
	off, state, typ, n := binary.LittleEndian.Uint32(head), head[4], head[5], int(head[6])
	name, err := s.appendName(nil, b, n)
	if err != nil || typ != 0 {
		return err // charts, macros and modules have no rows
	}
	if len(s.sheets) >= s.in.opts.Limits.Entries {
		return &Error{Code: CodeTooLarge, Detail: "number of sheets"}
	}
	s.sheets = append(s.sheets, int64(off))
	s.names = append(s.names, SheetInfo{Name: string(name), Hidden: state&3 != 0})
	return nil
}

// appendName appends a text whose number of characters was read.
func (s *xlsSource) appendName(dst []byte, b *biffReader, n int) ([]byte, error) {
	if s.biff8 {
		return b.appendUnicode(dst, n)
	}
	p, err := b.take(n)
	return appendCodePage(dst, p, s.page), err
}

func (s *xlsSource) format(b *biffReader) error {
	id, err := b.u16()
	if err != nil {
		return err
	}
	var n int
	if s.biff8 {
		n, err = b.u16()
	} else {
		n, err = b.u8()
	}
	if err != nil {
		return err
	}
	code, err := s.appendName(nil, b, n)
	s.styles.addFormat(id, string(code))
	return err
}

// readSST reads the shared strings: total, number of strings, then the strings, all of it over CONTINUE records.
func (s *xlsSource) readSST(b *biffReader) error {
	if _, err := b.u32(); err != nil {
		return err
	}
	n, err := b.u32()
	if err != nil {
		return err
	}
	var text []byte
	for range n {
		chars, err := b.u16()
		if err != nil {
			return err
		}
		if text, err = b.appendUnicode(text[:0], chars); err != nil {
			return err
		}
		if err := s.table.add(text); err != nil {
			return err
		}
	}
	return nil
}

// merges are found by the scan.
func (s *xlsSource) merges(sheet int) ([]Range, error) {
	sc, err := s.scan(sheet)
	if err != nil {
		return nil, err
	}
	return append([]Range(nil), sc.merges...), nil
}

// annotate writes an .xlsx with all sheets.
func (s *xlsSource) annotate(w io.Writer, a Annotation, each func(*Row) ([]string, error)) error {
	out := newXLSXOut(w, s.date1904)
	out.code = s.formatCode
	for i := range s.sheets {
		if err := out.begin(s.names[i]); err != nil {
			return err
		}
		f := each
		if i != a.Sheet {
			f = nil
		}
		if err := s.annotateSheet(out, i, a.Column, f); err != nil {
			return err
		}
		m, err := s.merges(i)
		if err != nil {
			return err
		}
		if err := out.end(m); err != nil {
			return err
		}
	}
	return out.finish()
}
