package sheet_test

import (
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/sheet"
)

// hidden are the rows of a book's first sheet that it does not show.
func hidden(t *testing.T, book *sheet.Book) (list []int) {
	t.Helper()
	r, err := book.Rows(0)
	require.NoError(t, err)
	var row sheet.Row
	for {
		err := r.Next(&row)
		if errors.Is(err, io.EOF) {
			return list
		}
		require.NoError(t, err)
		if row.Hidden {
			list = append(list, row.Number)
		}
	}
}

// TestHiddenRows: a row that the sheet does not show is told in both formats, and stays so in what is written again.
func TestHiddenRows(t *testing.T) {
	const c = `<c t="inlineStr"><is><t>x</t></is></c></row>`
	xlsx := pack(t, sheetPart(`<row r="1">`+c+`<row hidden="1" r="2">`+c+`<row r="3" hidden="true">`+c+
		`<row r="4" hidden="0">`+c+`<row r="5" unhidden="1">`+c))
	text := func(row int) rec { return rec{0x0204, cell(row, 0, uint16(1), uint8(0), "x")} }
	height := func(row int, flags uint16) rec {
		return rec{0x0208, le(uint16(row), uint16(0), uint16(1), uint16(255), uint16(0), uint16(0), flags, uint16(15))}
	}
	xls := cfbFile("Workbook", workbook8(nil, []rec{
		{0x0208, le(uint16(0))}, height(0, 0x100), height(1, 0x120), height(2, 0x20), text(0), text(1), text(2), text(3),
	}))
	for name, file := range map[string][]byte{"xlsx": xlsx, "xls": xls} {
		book := open(t, file, sheet.Options{})
		require.Equal(t, []int{2, 3}, hidden(t, book), name)
		again := open(t, annotated(t, book, sheet.Annotation{Column: 1}), sheet.Options{})
		require.Equal(t, []int{2, 3}, hidden(t, again), name)
	}
}
