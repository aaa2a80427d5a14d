package sheet_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/richardlehane/mscfb"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"github.com/elicense/elicense/internal/sheet"
)

// cfbFile puts one stream into a compound file of sectors of 512 bytes; a short stream goes into the mini stream.
func cfbFile(name string, stream []byte) []byte {
	const sector = 512
	le := binary.LittleEndian
	mini := len(stream) < 4096
	pad := func(b []byte, n int) []byte { return append(b, make([]byte, (n-len(b)%n)%n)...) }
	data := pad(bytes.Clone(stream), 64)
	miniSectors := len(data) / 64
	data = pad(data, sector)
	n := len(data) / sector
	fatSectors := 1
	for fatSectors*128 < n+fatSectors+2 {
		fatSectors++
	}
	fat := make([]uint32, fatSectors*128)
	for i := range fat {
		fat[i] = 0xFFFFFFFF
	}
	// sectors: FAT, directory, mini FAT (at most 64 entries here), data
	for i := range fatSectors {
		fat[i] = 0xFFFFFFFD
	}
	dir, miniFAT, first := fatSectors, fatSectors+1, fatSectors+2
	fat[dir], fat[miniFAT] = 0xFFFFFFFE, 0xFFFFFFFE
	for i := range n {
		fat[first+i] = uint32(first + i + 1)
	}
	if n > 0 {
		fat[first+n-1] = 0xFFFFFFFE
	}
	head := make([]byte, 512)
	copy(head, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")
	le.PutUint16(head[24:], 0x3E)
	le.PutUint16(head[26:], 3)
	le.PutUint16(head[28:], 0xFFFE)
	le.PutUint16(head[30:], 9)
	le.PutUint16(head[32:], 6)
	le.PutUint32(head[44:], uint32(fatSectors))
	le.PutUint32(head[48:], uint32(dir))
	le.PutUint32(head[56:], 4096)
	le.PutUint32(head[60:], uint32(miniFAT))
	le.PutUint32(head[64:], 1)
	le.PutUint32(head[68:], 0xFFFFFFFE)
	for i := range 109 {
		v := uint32(0xFFFFFFFF)
		if i < fatSectors {
			v = uint32(i)
		}
		le.PutUint32(head[76+4*i:], v)
	}
	entry := func(name string, typ byte, child, start, size uint32) []byte {
		e := make([]byte, 128)
		for i, u := range utf16.Encode([]rune(name)) {
			le.PutUint16(e[2*i:], u)
		}
		le.PutUint16(e[64:], uint16(2*len(name)+2))
		e[66], e[67] = typ, 1
		le.PutUint32(e[68:], 0xFFFFFFFF)
		le.PutUint32(e[72:], 0xFFFFFFFF)
		le.PutUint32(e[76:], child)
		le.PutUint32(e[116:], start)
		le.PutUint32(e[120:], size)
		return e
	}
	rootStart, rootSize, start := uint32(0xFFFFFFFE), uint32(0), uint32(first)
	if mini {
		rootStart, rootSize, start = uint32(first), uint32(len(data)), 0
	}
	out := head
	for _, v := range fat {
		out = le.AppendUint32(out, v)
	}
	out = append(out, entry("Root Entry", 5, 1, rootStart, rootSize)...)
	out = append(out, entry(name, 2, 0xFFFFFFFF, start, uint32(len(stream)))...)
	out = append(out, make([]byte, 256)...)
	for i := range 128 {
		v := uint32(0xFFFFFFFF)
		if mini && i < miniSectors {
			v = uint32(i + 1)
			if i == miniSectors-1 {
				v = 0xFFFFFFFE
			}
		}
		out = le.AppendUint32(out, v)
	}
	return append(out, data...)
}

type rec struct {
	typ  uint16
	data []byte
}

func records(list ...rec) []byte {
	var b []byte
	for _, r := range list {
		b = binary.LittleEndian.AppendUint16(b, r.typ)
		b = binary.LittleEndian.AppendUint16(b, uint16(len(r.data)))
		b = append(b, r.data...)
	}
	return b
}

// le joins numbers and texts to bytes, low byte first.
func le(parts ...any) []byte {
	var b []byte
	for _, p := range parts {
		switch v := p.(type) {
		case uint8:
			b = append(b, v)
		case uint16:
			b = binary.LittleEndian.AppendUint16(b, v)
		case uint32:
			b = binary.LittleEndian.AppendUint32(b, v)
		case float64:
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		case string:
			b = append(b, v...)
		case []byte:
			b = append(b, v...)
		default:
			panic(p)
		}
	}
	return b
}

func wide(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func uni(s string) []byte { return le(uint16(len(utf16.Encode([]rune(s)))), uint8(1), wide(s)) }

var (
	bof8 = rec{0x0809, le(uint16(0x0600), uint16(5), make([]byte, 12))}
	bof5 = rec{0x0809, le(uint16(0x0500), uint16(5), make([]byte, 4))}
	eof  = rec{0x000A, nil}
)

// workbook8 is a BIFF8 stream with one sheet and further records among the workbook's own.
func workbook8(globals []rec, cells []rec) []byte {
	name := le(uint8(2), uint8(1), wide("台账"))
	list := append([]rec{bof8, {0x0042, le(uint16(1200))}, {0x0085, le(uint32(0), uint8(0), uint8(0), name)}},
		globals...)
	list = append(list, eof)
	list[2].data = le(uint32(len(records(list...))), uint8(0), uint8(0), name)
	list = append(list, bof8)
	list = append(list, cells...)
	return records(append(list, eof)...)
}

func cell(row, column int, rest ...any) []byte {
	return append(le(uint16(row), uint16(column), uint16(0)), le(rest...)...)
}

func styled(row, column, style int, rest ...any) []byte {
	return append(le(uint16(row), uint16(column), uint16(style)), le(rest...)...)
}

func TestXLSCells(t *testing.T) {
	xf := func(format int) rec { return rec{0x00E0, le(uint16(0), uint16(format), make([]byte, 16))} }
	sst := rec{0x00FC, le(uint32(4), uint32(4),
		uni("许可证"),
		uint16(3), uint8(0), "abc", // compressed
		uint16(2), uint8(1|8|4), uint16(1), uint32(6), wide("富文"), uint32(7), "phonet", // rich and phonetic
		uint16(5), uint8(1), wide("跨"))}
	more := rec{0x003C, le(uint8(0), "x")}                   // goes on in one byte for each character
	last := rec{0x003C, le(uint8(1), wide("记录"), wide("?"))} // and in two
	globals := []rec{
		{0x041E, le(uint16(176), uni(`yyyy"年"m"月"d"日"`))}, xf(0), xf(14), xf(176), xf(2), sst, more, last,
	}
	str := uint8(0)
	formula := func(b0, b2 uint8) []byte {
		return le(b0, uint8(0), b2, uint8(0), uint8(0), uint8(0), uint16(0xFFFF), make([]byte, 8))
	}
	cells := []rec{
		{0x0200, make([]byte, 14)},
		{0x00FD, cell(0, 0, uint32(0))}, {0x00FD, cell(0, 1, uint32(1))}, {0x00FD, cell(0, 2, uint32(2))}, {0x00FD,
			cell(0, 3, uint32(3))},
		{0x027E, cell(2, 0, uint32(123<<2|2))}, {0x027E, cell(2, 1, uint32(1234<<2|3))}, {0x027E, cell(2, 2,
			uint32(0xFFFFFFFF&^3|2))},
		{0x027E, cell(2, 3, uint32(math.Float64bits(1.5)>>32))}, {0x027E, cell(2, 4, uint32(1200<<2|3))},
		{0x00BD, le(uint16(3), uint16(1), uint16(1), uint32(39873<<2|2), uint16(0), uint32(7<<2|2), uint16(2))},
		{0x0203, styled(4, 0, 2, 39873.5)}, {0x0203, cell(4, 1, 350123199001011234.0)}, {0x0203, cell(4, 2, 0.1)},
		{0x0203, cell(4, 3, math.NaN())}, {0x0203, cell(4, 4, 123456789012345.0)},
		{0x0205, cell(5, 0, uint8(1), uint8(0))}, {0x0205, cell(5, 1, uint8(0), uint8(0))}, {0x0205, cell(5, 2,
			uint8(0x2A), uint8(1))},
		{0x0006, cell(6, 0, formula(str, 0))}, {0x0207, uni("结果")},
		{0x0006, cell(6, 1, 2.5, make([]byte, 8))}, {0x0006, cell(6, 2, formula(1, 1))}, {0x0006, cell(6, 3,
			formula(2, 7))},
		{0x0006, cell(6, 4, formula(3, 0))},
		{0x0006, cell(6, 5, formula(str, 0))}, {0x04BC, le(uint32(0))}, {0x0207, le(uint16(4), uint8(1),
			wide("长"))}, {0x003C, le(uint8(0), "abc")},
		{0x0204, cell(7, 0, uni("标签"))},
		bof8, {0x0203, cell(8, 0, 9.0)}, eof, // a chart inside the sheet
		{0x00E5, le(uint16(1), uint16(0), uint16(1), uint16(0), uint16(2))},
	}
	stream := workbook8(globals, cells)
	for name, in := range map[string][]byte{"mini": stream, "long": append(bytes.Clone(stream), make([]byte,
		5000)...)} {
		t.Run(name, func(t *testing.T) {
			book := open(t, cfbFile("Workbook", in), sheet.Options{})
			require.Equal(t, []sheet.SheetInfo{{Name: "台账"}}, book.Info.Sheets)
			rows := read(t, book, 0)
			n := sheet.KindNumber
			want := map[int][]sheet.Cell{
				1: {{Text: "许可证", Kind: 1}, {Text: "abc", Kind: 1}, {Text: "富文", Kind: 1}, {Text: "跨x记录?", Kind: 1}},
				3: {{Text: "123", Kind: n}, {Text: "12.34", Kind: n}, {Text: "-1", Kind: n}, {Text: "1.5", Kind: n},
					{Text: "12", Kind: n}},
				4: {{}, {Text: "39873", Kind: sheet.KindDate, Format: 14}, {Text: "7", Kind: n}},
				5: {{Text: "39873.5", Kind: sheet.KindDate, Format: 176}, {Text: "3.5012319900101126E+17", Kind: n},
					{Text: "0.1", Kind: n},
					{Text: "#NUM!", Kind: sheet.KindError}, {Text: "123456789012345", Kind: n}},
				6: {{Text: "TRUE", Kind: sheet.KindBool}, {Text: "FALSE", Kind: sheet.KindBool}, {Text: "#N/A",
					Kind: sheet.KindError}},
				7: {{Text: "结果", Kind: 1, Formula: true}, {Text: "2.5", Kind: n, Formula: true}, {Text: "TRUE",
					Kind: sheet.KindBool, Formula: true},
					{Text: "#DIV/0!", Kind: sheet.KindError, Formula: true}, {Formula: true}, {Text: "长abc",
						Kind: 1, Formula: true}},
				8: {{Text: "标签", Kind: 1}},
			}
			require.Len(t, rows, len(want))
			for _, r := range rows {
				require.Nil(t, r.err)
				require.Equal(t, want[r.n], r.full, r.n)
			}
			require.True(t, sheet.LostDigits(rows[3].cells[1]))
			merges, err := book.Merges(0)
			require.NoError(t, err)
			require.Equal(t, []sheet.Range{{LastRow: 1, LastColumn: 2}}, merges)
			require.Equal(t, `yyyy"年"m"月"d"日"`, book.FormatCode(176))

			out := annotated(t, book, sheet.Annotation{Column: 7})
			require.Equal(t, sheet.FormatXLSX, book.ResultFormat())
			again := open(t, out, sheet.Options{})
			require.Equal(t, book.Info.Sheets, again.Info.Sheets)
			after := read(t, again, 0)
			for i := range rows {
				require.Equal(t, rows[i].n, after[i].n)
				for k, c := range rows[i].full {
					require.Equal(t, c.Text, after[i].full[k].Text)
					require.Equal(t, c.Kind, after[i].full[k].Kind)
					require.Equal(t, book.FormatCode(c.Format), again.FormatCode(after[i].full[k].Format))
				}
				require.Len(t, after[i].cells, 10)
			}
			require.Equal(t, []string{"状态", "错误码", "怎么改"}, after[0].cells[7:])
			m, err := again.Merges(0)
			require.NoError(t, err)
			require.Equal(t, merges, m)
			f, err := excelize.OpenReader(bytes.NewReader(out))
			require.NoError(t, err)
			v, err := f.GetCellValue("台账", "A5")
			require.NoError(t, err)
			require.Equal(t, "2009年3月1日", v)
		})
	}
}

// BIFF5 keeps its texts in the code page of the machine that wrote it.
func TestXLSBIFF5(t *testing.T) {
	gb := string(sheet.AppendEncoded(nil, "许可证台账", sheet.GB18030))
	name := le(uint8(len(gb)), gb)
	list := []rec{bof5, {0x0042, le(uint16(936))}, {0x0022, le(uint16(1))}, {0x0085, nil},
		{0x041E, le(uint16(164), uint8(10), "yyyy-mm-dd")}, {0x00E0, le(uint16(0), uint16(164), make([]byte, 12))}, eof}
	list[3].data = le(uint32(0), uint8(1), uint8(0), name)
	off := len(records(list...))
	list[3].data = le(uint32(off), uint8(1), uint8(0), name)
	list = append(list, bof5, rec{0x0204, cell(0, 0, uint16(len(gb)), gb)}, rec{0x00D6, cell(0, 1, uint16(2), "ab",
		uint8(0))},
		rec{0x0203, cell(0, 2, 38411.0)}, eof)
	book := open(t, cfbFile("Book", records(list...)), sheet.Options{})
	require.Equal(t, []sheet.SheetInfo{{Name: "许可证台账", Hidden: true}}, book.Info.Sheets)
	require.True(t, book.Info.Date1904)
	require.Equal(t, []sheet.Cell{{Text: "许可证台账", Kind: 1, Format: 164}, {Text: "ab", Kind: 1, Format: 164},
		{Text: "38411", Kind: sheet.KindDate, Format: 164}}, read(t, book, 0)[0].full)
	require.True(t, open(t, annotated(t, book, sheet.Annotation{Column: 3}), sheet.Options{}).Info.Date1904)
}

// Cells that their writer did not keep in the order of rows come out in order.
func TestXLSUnsorted(t *testing.T) {
	stream := workbook8(nil, []rec{{0x0203, cell(1, 0, 3.0)}, {0x0203, cell(0, 0, 1.0)}, {0x0203, cell(1, 1, 4.0)},
		{0x0203, cell(0, 1, 2.0)}})
	rows := read(t, open(t, cfbFile("Workbook", stream), sheet.Options{}), 0)
	require.Equal(t, [][]string{{"1", "2"}, {"3", "4"}}, texts(rows))
}

func TestXLSRowErrors(t *testing.T) {
	long := rec{0x0204, cell(0, 1, uint16(2000), uint8(0), strings.Repeat("x", 2000))}
	for _, tt := range []struct {
		name string
		bad  rec
		code sheet.Code
	}{
		{"no such string", rec{0x00FD, cell(0, 1, uint32(9))}, sheet.CodeBadCell},
		{"short record", rec{0x0203, cell(0, 1, uint32(9))}, sheet.CodeBadCell},
		{"long cell", long, sheet.CodeCellTooLarge},
		{"columns", rec{0x0203, cell(0, 300, 1.0)}, sheet.CodeColumns},
	} {
		t.Run(tt.name, func(t *testing.T) {
			stream := workbook8(nil, []rec{tt.bad, {0x0203, cell(1, 0, 1.0)}})
			rows := read(t, open(t, cfbFile("Workbook", stream), sheet.Options{Limits: sheet.Limits{CellBytes: 1000,
				Columns: 200}}), 0)
			require.Len(t, rows, 2)
			require.Equal(t, tt.code, rows[0].code)
			require.Nil(t, rows[1].err)
		})
	}
}

func TestXLSRefusals(t *testing.T) {
	good := cfbFile("Workbook", workbook8(nil, []rec{{0x0203, cell(0, 0, 1.0)}}))
	circle := cfbFile("Workbook", append(workbook8(nil, nil), make([]byte, 8000)...))
	binary.LittleEndian.PutUint32(circle[512+3*4:], 3) // the first data sector follows itself
	for _, tt := range []struct {
		name string
		in   []byte
		want error
	}{
		{"encrypted xlsx", cfbFile("EncryptedPackage", []byte("x")), sheet.ErrEncrypted},
		{"encrypted xls", cfbFile("Workbook", workbook8([]rec{{0x002F, le(uint16(0))}}, nil)), sheet.ErrEncrypted},
		{"word document", cfbFile("WordDocument", []byte("x")), sheet.ErrFormat},
		{"excel 4", cfbFile("Workbook", records(rec{0x0409, make([]byte, 6)})), sheet.ErrFormat},
		{"unknown version", cfbFile("Workbook", records(rec{0x0809, make([]byte, 8)})), sheet.ErrFormat},
		{"no sheets", cfbFile("Workbook", records(bof8, eof)), sheet.ErrNoSheet},
		{"empty stream", cfbFile("Workbook", nil), sheet.ErrCorrupt},
		{"cut record", cfbFile("Workbook", records(bof8)[:10]), sheet.ErrCorrupt},
		{"cut string", cfbFile("Workbook", workbook8([]rec{{0x00FC, le(uint32(1), uint32(1), uint16(9), uint8(0),
			"abc")}}, nil)), sheet.ErrCorrupt},
		{"sheet elsewhere", cfbFile("Workbook", records(bof8, rec{0x0085, le(uint32(0x7FFFFFFF), uint16(0),
			uint8(1), uint8(0), "a")}, eof)), sheet.ErrCorrupt},
		{"sheet inside a record", cfbFile("Workbook", records(bof8, rec{0x0085, le(uint32(20), uint16(0), uint8(1),
			uint8(0), "a")}, eof)), sheet.ErrCorrupt},
		{"circle", circle, sheet.ErrCorrupt},
		{"header only", good[:512], sheet.ErrCorrupt},
		{"half a header", good[:100], sheet.ErrCorrupt},
		{"sector size", append(append(bytes.Clone(good[:30]), 7), good[31:]...), sheet.ErrCorrupt},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.ErrorIs(t, readAll(tt.in, sheet.Options{}), tt.want)
		})
	}
}

// csvSays reports whether a cell of an exported CSV shows what the cell of the sheet holds.
func csvSays(csv string, c sheet.Cell) bool {
	if csv == c.Text {
		return true
	}
	switch c.Kind {
	case sheet.KindDate:
		day, ok := sheet.ParseSerial(c.Text, false)
		return ok && (day.Format("1/2/2006") == csv || day.Format("2006-01-02") == csv ||
			day.Format("2006.01.02") == csv)
	case sheet.KindNumber:
		a, err1 := strconv.ParseFloat(csv, 64)
		b, err2 := strconv.ParseFloat(c.Text, 64)
		return err1 == nil && err2 == nil && math.Abs(a-b) < 0.005 // shown with two places
	}
	return false
}

// The real .xls hold cell by cell what the CSV exported from them show.
func TestXLSRealRegisters(t *testing.T) {
	sheets, cells := 0, 0
	for _, f := range testdata(t, "kaunas-licences/*.xls") {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		book := open(t, b, sheet.Options{})
		for i, info := range book.Info.Sheets {
			c, err := os.ReadFile(strings.TrimSuffix(f, ".xls") + " - " + info.Name + ".csv")
			if errors.Is(err, os.ErrNotExist) {
				continue
			}
			require.NoError(t, err)
			sheets++
			cells += compareExport(t, filepath.Base(f)+" "+info.Name, read(t, open(t, c, sheet.Options{}), 0),
				read(t, book, i))
		}
	}
	require.Equal(t, 6, sheets)
	t.Logf("%d cells agree", cells)
}

func compareExport(t *testing.T, name string, want, got []gotRow) int {
	t.Helper()
	byNumber := map[int][]sheet.Cell{}
	for _, r := range got {
		require.Nil(t, r.err)
		byNumber[r.n] = r.full
	}
	n := 0
	var bad []string
	for _, r := range want {
		for k := range max(len(r.cells), len(byNumber[r.n])) {
			var shown string
			var c sheet.Cell
			if k < len(r.cells) {
				shown = r.cells[k]
			}
			if k < len(byNumber[r.n]) {
				c = byNumber[r.n][k]
			}
			if n++; !csvSays(shown, c) {
				bad = append(bad, fmt.Sprintf("%s%d csv %q xls %q %v %d", sheet.ColumnName(k), r.n, shown, c.Text,
					c.Kind, c.Format))
			}
		}
	}
	require.Empty(t, bad[:min(len(bad), 10)], "%s: %d cells differ", name, len(bad))
	return n
}

// The real .xls come back as .xlsx with the same values.
func TestXLSRealAnnotate(t *testing.T) {
	for _, f := range testdata(t, "kaunas-licences/*.xls") {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		book := open(t, b, sheet.Options{})
		again := open(t, annotated(t, book, sheet.Annotation{Sheet: len(book.Info.Sheets) - 1, Column: 256}),
			sheet.Options{})
		require.Equal(t, book.Info.Sheets, again.Info.Sheets)
		for i := range book.Info.Sheets {
			before, after := read(t, book, i), read(t, again, i)
			require.Len(t, after, len(before))
			for k := range before {
				for j, c := range before[k].full {
					got := sheet.Cell{}
					if j < len(after[k].full) {
						got = after[k].full[j]
					}
					require.Equal(t, []any{c.Text, c.Kind}, []any{got.Text, got.Kind})
				}
			}
			m1, err := book.Merges(i)
			require.NoError(t, err)
			m2, err := again.Merges(i)
			require.NoError(t, err)
			require.Equal(t, m1, m2)
		}
	}
}

// Our reader of compound files and another one find the same stream.
func TestCFBAgainstOther(t *testing.T) {
	files := testdata(t, "kaunas-licences/*.xls")
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		other, err := mscfb.New(bytes.NewReader(b))
		require.NoError(t, err)
		for e, err := other.Next(); err == nil; e, err = other.Next() {
			if e.Name != "Workbook" || len(e.Path) > 0 {
				continue
			}
			want, err := io.ReadAll(e)
			require.NoError(t, err)
			got, err := sheet.CFBStream(b, "workbook")
			require.NoError(t, err)
			require.True(t, bytes.Equal(want, got[:len(want)]), f)
		}
	}
}

func FuzzXLS(f *testing.F) {
	f.Add(workbook8([]rec{{0x00FC, le(uint32(1), uint32(1), uni("许可证"))}}, []rec{{0x00FD, cell(0, 0, uint32(0))},
		{0x00BD, le(uint16(3), uint16(1), uint16(1), uint32(39873<<2|2), uint16(0), uint32(7<<2|2), uint16(2))},
		{0x0006, cell(6, 0, uint32(0), uint16(0), uint16(0xFFFF))}, {0x0207, uni("结果")}}))
	f.Fuzz(func(t *testing.T, stream []byte) {
		if len(stream) > 8000 {
			return
		}
		file := cfbFile("Workbook", stream)
		if readAll(file, sheet.Options{}) != nil {
			return
		}
		book := open(t, file, sheet.Options{})
		var out bytes.Buffer
		if book.Annotate(&out, sheet.Annotation{Column: 300}, func(*sheet.Row) ([]string,
			error) {
			return []string{"加"}, nil
		}) != nil {
			return
		}
		again := open(t, out.Bytes(), sheet.Options{})
		before, after := read(t, book, 0), read(t, again, 0)
		require.Len(t, after, len(before))
		for i := range before {
			require.Equal(t, before[i].n, after[i].n)
			require.Equal(t, "加", after[i].cells[300])
			for k, c := range before[i].cells {
				if k == 300 || (k >= len(after[i].cells) && c == "") {
					continue // replaced, or empty at the row's end
				}
				require.Equal(t, strings.NewReplacer("\uFFFE", "\uFFFD", "\uFFFF", "\uFFFD").Replace(c),
					after[i].cells[k])
			}
		}
	})
}

func FuzzCFB(f *testing.F) {
	f.Add(cfbFile("Workbook", workbook8(nil, []rec{{0x0203, cell(0, 0, 1.0)}})))
	f.Fuzz(func(t *testing.T, b []byte) {
		if !bytes.HasPrefix(b, []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")) {
			return
		}
		book, err := sheet.Open(bytes.NewReader(b), int64(len(b)), "x", sheet.Options{})
		require.Equal(t, err != nil, book == nil)
		_ = readAll(b, sheet.Options{})
	})
}

func FuzzDetectEncoding(f *testing.F) {
	for _, b := range encodings(f, sample) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, maybe := sheet.DetectEncoding(b)
		require.True(t, e == sheet.EncodingUnknown || maybe == nil)
		if e != sheet.EncodingUnknown {
			maybe = append(maybe, e)
		}
		for _, e := range maybe {
			book, err := sheet.Open(bytes.NewReader(b), int64(len(b)), "x", sheet.Options{Encoding: e})
			if err == nil {
				read(t, book, 0)
			}
		}
	})
}

func BenchmarkXLS10(b *testing.B) {
	body := le(uint32(0), uint32(200))
	for i := range 200 {
		body = append(body, uni(fmt.Sprintf("某某市某某区某某有限责任公司第%d号", i))...)
	}
	sst := []rec{{0x00FC, body}}
	var cells []rec
	for i := range 20000 {
		for c := range 7 {
			cells = append(cells, rec{0x00FD, cell(i, c, uint32((i+c)%200))})
		}
		cells = append(cells, rec{0x0203, cell(i, 7, float64(i)/8)}, rec{0x027E, cell(i, 8, uint32(i<<2|2))},
			rec{0x027E, cell(i, 9, uint32(7<<2|2))})
	}
	in := cfbFile("Workbook", workbook8(sst, cells))
	benchRows(b, in, 20000)
}
