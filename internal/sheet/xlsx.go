package sheet

import (
	"io"
)

// xlsxSource is an open .xlsx.
type xlsxSource struct {
	pkg      *pkg
	in       input
	book     string   // the workbook's part
	sheets   []string // the sheets' parts
	strings  string   // the shared strings' part, or empty
	stylesAt string

	styles *styles
	table  *stringTable
}

func openXLSX(in input) (*Book, error) {
	p, err := openPackage(in)
	if err != nil {
		return nil, err
	}
	s := &xlsxSource{pkg: p, in: in}
	if err := s.findWorkbook(); err != nil {
		return nil, err
	}
	b := &Book{Info: Info{Format: FormatXLSX}, source: s}
	if err := s.readWorkbook(&b.Info); err != nil {
		return nil, err
	}
	return b, nil
}

func (s *xlsxSource) findWorkbook() error {
	rels, err := s.pkg.relations("")
	if err != nil {
		return err
	}
	s.book = "xl/workbook.xml"
	for _, r := range rels {
		if r.kind == "officeDocument" {
			s.book = r.target
		}
	}
	if s.pkg.parts[partName(s.book)] == nil || partName(s.book) == "xl/workbook.bin" ||
		s.pkg.parts["word/document.xml"] != nil {
		return &Error{Code: CodeFormat, Detail: s.pkg.describe()}
	}
	return nil
}

// readWorkbook lists the sheets and finds the parts they need.
func (s *xlsxSource) readWorkbook(info *Info) error {
	rels, err := s.pkg.relations(s.book)
	if err != nil {
		return err
	}
	targets := map[string]relation{}
	for _, r := range rels {
		targets[r.id] = r
		switch r.kind {
		case "sharedStrings":
			s.strings = r.target
		case "styles":
			s.stylesAt = r.target
		}
	}
	r, _, err := s.pkg.open(s.book)
	if err != nil {
		return err
	}
	defer r.Close() //nolint:errcheck // nothing was written.
	x := newXMLScanner(r, s.book, s.in.opts.Limits.RecordBytes)
	for {
		kind, err := x.next()
		if err != nil {
			return wrapRead(err)
		}
		switch {
		case kind == tokenEOF:
			return s.checkSheets(info)
		case kind != tokenStart:
		case string(x.name) == "workbookPr":
			info.Date1904 = isTrue(x.attr("date1904"))
		case string(x.name) == "sheet":
			t := targets[x.attr("id")]
			if t.kind != "worksheet" { // chart and dialogue sheets have no rows
				continue
			}
			if s.has(t.target) {
				return &Error{Code: CodeDuplicate, Detail: "two sheets in " + t.target}
			}
			s.sheets = append(s.sheets, t.target)
			state := x.attr("state")
			info.Sheets = append(info.Sheets, SheetInfo{
				Name: x.textAttr("name"), Hidden: state == "hidden" || state == "veryHidden",
			})
		}
	}
}

// has tells whether a part is a sheet already, or one of the parts of all sheets: what is written into it would change
// more than one thing.
func (s *xlsxSource) has(part string) bool {
	for _, other := range append([]string{s.book, s.strings, s.stylesAt}, s.sheets...) {
		if other != "" && partName(other) == partName(part) {
			return true
		}
	}
	return false
}

func (s *xlsxSource) checkSheets(info *Info) error {
	if len(info.Sheets) == 0 {
		return &Error{Code: CodeNoSheet}
	}
	return nil
}

func isTrue(v string) bool { return v == "1" || v == "true" }

// Close removes the temporary file.
func (s *xlsxSource) Close() error {
	if s.table == nil {
		return nil
	}
	return s.table.close()
}

func (s *xlsxSource) formatCode(i uint16) string {
	if s.styles == nil {
		return builtinFormat(i)
	}
	return s.styles.code(i)
}

// load reads styles and shared strings once.
func (s *xlsxSource) load() error {
	if s.styles == nil {
		st := &styles{}
		r, ok, err := s.pkg.open(s.stylesAt)
		if err != nil {
			return err
		}
		if ok {
			defer r.Close() //nolint:errcheck // nothing was written.
			if st, err = parseStyles(r, s.stylesAt, s.in.opts.Limits.RecordBytes); err != nil {
				return err
			}
		}
		s.styles = st
	}
	if s.table != nil {
		return nil
	}
	t := &stringTable{limit: s.in.opts.Limits.StringsBytes, temp: s.in.opts.Temp}
	r, ok, err := s.pkg.open(s.strings)
	if err != nil {
		return err
	}
	if ok {
		defer r.Close() //nolint:errcheck // nothing was written.
		if err := parseStrings(r, s.strings, s.in.opts.Limits, t); err != nil {
			_ = t.close() // the error that matters is err
			return err
		}
	}
	s.table = t
	return nil
}

// parseStrings reads sharedStrings.xml into t.
func parseStrings(r io.Reader, part string, lim Limits, t *stringTable) error {
	x := newXMLScanner(r, part, lim.RecordBytes)
	var text []byte
	for {
		kind, err := x.next()
		if err != nil {
			return wrapRead(err)
		}
		if kind == tokenEOF {
			return t.finish()
		}
		if kind != tokenStart || string(x.name) != "si" {
			continue
		}
		var ok bool
		if text, ok, err = x.appendRichText(text[:0], lim.CellBytes); err != nil {
			return wrapRead(err)
		}
		if !ok {
			if t.long == nil {
				t.long = map[int]bool{}
			}
			t.long[t.n] = true
			text = text[:0]
		}
		if err := t.add(text); err != nil {
			return err
		}
	}
}

// appendRichText appends the text of a CT_Rst whose start tag was just read: its t and the t of its runs, without
// phonetic runs. ok is false where it is longer than limit; the element is read to its end all the same.
func (x *xmlScanner) appendRichText(dst []byte, limit int) (out []byte, ok bool, err error) {
	if x.empty {
		return dst, true, nil
	}
	from, level, inText := len(dst), x.depth, false
	ok = true
	for {
		kind, err := x.next()
		if err != nil {
			return dst, false, err
		}
		switch kind {
		case tokenEOF:
			return dst, false, x.corrupt("ends early")
		case tokenStart:
			if string(x.name) == "t" {
				inText = !x.empty
				continue
			}
			if err := x.skipPhonetic(); err != nil {
				return dst, false, err
			}
		case tokenEnd:
			inText = false
			if x.depth < level {
				return unescapeCell(dst, from), ok, nil
			}
		case tokenText:
			if inText && ok {
				dst = x.appendText(dst)
				ok = len(dst)-from <= limit
			}
		}
	}
}

// skipPhonetic passes over the element whose start tag was just read if it is a phonetic run.
func (x *xmlScanner) skipPhonetic() error {
	if string(x.name) != "rPh" {
		return nil
	}
	return x.skip()
}

// appendText appends the current text.
func (x *xmlScanner) appendText(dst []byte) []byte {
	if x.plain {
		return appendLines(dst, x.text)
	}
	return appendXMLText(dst, x.text)
}
