package sheet

import "strings"

// Kind is what a cell holds.
type Kind uint8

// Kinds of cells. The zero value is an empty cell.
const (
	KindEmpty  Kind = iota
	KindText        // Text is the text
	KindNumber      // Text is the number with the digits that are stored
	KindDate        // a number whose format shows a date: Text is the serial number, see Info.Date1904 and ParseSerial
	KindBool        // Text is TRUE or FALSE
	KindError       // Text is the error's name, as #N/A
)

// String is the kind's name.
func (k Kind) String() string {
	switch k {
	case KindEmpty:
		return "empty"
	case KindText:
		return "text"
	case KindNumber:
		return "number"
	case KindDate:
		return "date"
	case KindBool:
		return "bool"
	case KindError:
		return "error"
	}
	return "unknown"
}

// Cell is one cell. All texts of a row share one allocation: keeping one keeps the row's text alive.
type Cell struct {
	Text    string
	Kind    Kind
	Formula bool   // Text is the stored result of a formula
	Format  uint16 // the number format, for Book.FormatCode; 0 is General
}

// Row is one row. Next fills it again and reuses Cells; the texts stay valid.
type Row struct {
	Number int    // 1-based row of the sheet; in a text file the record's number, as Excel would show it
	Line   int    // 1-based physical line where the record begins; 0 outside text files
	Cells  []Cell // gaps are empty cells; trailing empty cells may be there or not
	Hidden bool   // the sheet does not show it, or a filter hides it; never in a text file
	Err    *Error // what is wrong with this row; Cells then hold what could be read, for display only

	raw  []byte // text files: the record as parsed, with its line ending; valid until the next Next
	ends []int  // text files: where each field ends in raw
	body int    // text files: where the line ending begins in raw
}

func (r *Row) reset() {
	r.Number, r.Line, r.Hidden, r.Err = 0, 0, false, nil
	r.Cells, r.ends, r.raw, r.body = r.Cells[:0], r.ends[:0], nil, 0
}

// Empty reports whether no cell holds anything.
func (r *Row) Empty() bool {
	for i := range r.Cells {
		if r.Cells[i].Text != "" {
			return false
		}
	}
	return true
}

// Range is a rectangle of cells, rows and columns 0-based and inclusive.
type Range struct{ FirstRow, FirstColumn, LastRow, LastColumn int }

// MaxColumns is the number of columns a sheet may have (XFD).
const MaxColumns = 16384

// maxRows is the number of rows an .xlsx sheet may have.
const maxRows = 1 << 20

// ColumnName is the letter name of a 0-based column: A, B, … Z, AA. It is empty for a negative column.
func ColumnName(column int) string {
	var b [8]byte
	i := len(b)
	for n := column + 1; n > 0 && i > 0; n = (n - 1) / 26 {
		i--
		b[i] = byte('A' + (n-1)%26)
	}
	return string(b[i:])
}

// ParseColumnName is the 0-based column of a letter name, in either case; ok is false for anything else.
func ParseColumnName(name string) (column int, ok bool) {
	if name == "" || len(name) > 3 {
		return 0, false
	}
	for i := range len(name) {
		c := name[i] &^ 0x20
		if c < 'A' || c > 'Z' {
			return 0, false
		}
		column = column*26 + int(c-'A') + 1
	}
	if column > MaxColumns {
		return 0, false
	}
	return column - 1, true
}

// validUTF8 shows what is no UTF-8 as U+FFFD.
func validUTF8(b []byte) string { return strings.ToValidUTF8(string(b), "\uFFFD") }
