package sheet

import "io"

// Annotation says how Book.Annotate adds cells to rows.
type Annotation struct {
	// Sheet is the index of the sheet whose rows get cells; the others are kept as they are.
	Sheet int

	// Column is the 0-based column of the first added cell: the sheet's width, or, where a result is worked again,
	// the column of the cells to be replaced. Shorter rows are filled up with empty cells.
	Column int

	// Cells is how many cells a row gets at most, for the extent that an .xlsx tells of a sheet.
	Cells int
}

// Annotate writes the book again with cells added to the rows of one sheet: everything else stays as it is, in the
// same order. each is called once for every row, as Rows would read it, and answers the cells to add; none leaves the
// row untouched.
//
// A text file keeps its encoding, mark, delimiter and line endings, and each record's bytes; but one in a code page,
// which cannot hold Chinese, becomes UTF-8 with a mark. An .xlsx keeps styles, widths, merges and the other sheets; an
// .xls comes out as .xlsx with values, dates and texts. Added cells are texts: one that a spreadsheet program could
// take for a formula is made harmless.
func (b *Book) Annotate(w io.Writer, a Annotation, each func(*Row) ([]string, error)) error {
	if err := b.checkSheet(a.Sheet); err != nil {
		return err
	}
	if a.Column < 0 || a.Column >= MaxColumns {
		return &Error{Code: CodeColumns, Column: a.Column + 1}
	}
	return b.source.annotate(w, a, each)
}

// ResultFormat is the format that Annotate writes: FormatXLSX for an .xls.
func (b *Book) ResultFormat() Format {
	if b.Info.Format == FormatXLS {
		return FormatXLSX
	}
	return b.Info.Format
}
