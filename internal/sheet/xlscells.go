package sheet

import (
	"encoding/binary"
	"math"
)

// maxBIFFColumns is the number of columns an .xls sheet may have (IV).
const maxBIFFColumns = 256

// xlsCell is a cell as a record holds it.
type xlsCell struct {
	row, column int
	cell        Cell
	code        Code // what is wrong with it, if anything
}

// xlsCells reads the cells of one sheet in the order of the file.
type xlsCells struct {
	s     *xlsSource
	b     *biffReader
	depth int // of substreams: a chart inside a sheet is one

	text []byte // texts of the cells read since text was cut
	mul  []byte // what is left of a MULRK record
	at   xlsCell
}

func (s *xlsSource) cells(sheet int) *xlsCells {
	return &xlsCells{s: s, b: newBIFFReader(s.stream, s.sheets[sheet])}
}

// next reads the next cell into c.at; its text is the end of c.text, from the former length on.
func (c *xlsCells) next() error {
	for {
		if len(c.mul) >= 6 {
			c.mulCell()
			return nil
		}
		if err := c.record(nil); err != nil {
			return err
		}
		row, ok := c.rowOf()
		if !ok {
			continue
		}
		d := c.b.data
		c.at = xlsCell{row: row, column: int(binary.LittleEndian.Uint16(d[2:]))}
		if c.b.typ == recMulRK {
			c.mul = d[4:max(len(d)-2, 4)]
			c.at.column-- // mulCell counts on
			continue
		}
		return c.single(int(binary.LittleEndian.Uint16(d[4:])), d[6:])
	}
}

// mulCell takes the next cell off a MULRK record: style and RkNumber.
func (c *xlsCells) mulCell() {
	c.at.column++
	c.at.code = ""
	style := int(binary.LittleEndian.Uint16(c.mul))
	from := len(c.text)
	c.text = appendRK(c.text, binary.LittleEndian.Uint32(c.mul[2:]))
	c.number(style, from)
	c.mul = c.mul[6:]
}

// number makes the text since from a number or a date.
func (c *xlsCells) number(style, from int) {
	c.at.cell = Cell{Kind: KindNumber}
	var date bool
	c.at.cell.Format, date = c.s.styles.lookup(style)
	if date {
		c.at.cell.Kind = KindDate
	}
	if ch := c.text[len(c.text)-1]; ch < '0' || ch > '9' { // not a number, or beyond all
		c.text = append(c.text[:from], "#NUM!"...)
		c.at.cell.Kind = KindError
	}
}

// single reads a record of one cell; d is what follows its style.
func (c *xlsCells) single(style int, d []byte) error {
	from := len(c.text)
	if len(d) < shortest(c.b.typ) {
		c.at.code = CodeBadCell
		return nil
	}
	c.at.cell = Cell{Kind: KindText}
	c.at.cell.Format, _ = c.s.styles.lookup(style)
	switch c.b.typ {
	case recRK:
		c.text = appendRK(c.text, binary.LittleEndian.Uint32(d))
		c.number(style, from)
	case recNumber:
		c.text = appendDouble(c.text, math.Float64frombits(binary.LittleEndian.Uint64(d)))
		c.number(style, from)
	case recBoolErr:
		c.boolError(d[0], d[1] != 0)
	case recLabelSST:
		return c.shared(int(binary.LittleEndian.Uint32(d)))
	case recLabel, recRString:
		c.b.rest = d
		return c.label()
	case recFormula:
		return c.formula(style, d[:8])
	}
	return nil
}

// shortest is the least a cell record holds behind its style.
func shortest(typ uint16) int {
	switch typ {
	case recNumber, recFormula:
		return 8
	case recLabelSST, recRK:
		return 4
	}
	return 2
}

func (c *xlsCells) boolError(v byte, isError bool) {
	switch {
	case isError:
		c.at.cell.Kind = KindError
		c.text = append(c.text, errorName(v)...)
	case v != 0:
		c.at.cell.Kind = KindBool
		c.text = append(c.text, "TRUE"...)
	default:
		c.at.cell.Kind = KindBool
		c.text = append(c.text, "FALSE"...)
	}
}

func (c *xlsCells) shared(i int) error {
	var ok bool
	var err error
	c.text, ok, err = c.s.table.appendString(c.text, i)
	if err == nil && !ok {
		c.at.code = CodeBadCell
	}
	return err
}

// label reads a text that stands in its record.
func (c *xlsCells) label() error {
	n, err := c.b.u16()
	if err != nil {
		return err
	}
	c.text, err = c.s.appendName(c.text, c.b, n)
	return err
}

// formula reads a formula's stored result: a number, or where its last two bytes are FF what its first byte says; a
// text follows in a STRING record.
func (c *xlsCells) formula(style int, d []byte) error {
	from := len(c.text)
	if d[6] != 0xFF || d[7] != 0xFF {
		c.text = appendDouble(c.text, math.Float64frombits(binary.LittleEndian.Uint64(d)))
		c.number(style, from)
		c.at.cell.Formula = true
		return nil
	}
	c.at.cell.Formula = true
	switch d[0] {
	case 0:
		return c.formulaText()
	case 1, 2:
		c.boolError(d[2], d[0] == 2)
	}
	return nil
}

// formulaText reads the STRING record of a formula, before which others may stand that describe the formula.
func (c *xlsCells) formulaText() error {
	for range 4 {
		head, err := c.b.br.Peek(2)
		if err != nil {
			return nil //nolint:nilerr // the sheet's end is noticed where its next record is read.
		}
		switch binary.LittleEndian.Uint16(head) {
		case recString:
			if err := c.b.next(); err != nil {
				return err
			}
			return c.label()
		case 0x04BC, 0x0221, 0x0236, recContinue: // SHRFMLA, ARRAY, TABLE
			if err := c.b.next(); err != nil {
				return err
			}
		default:
			return nil
		}
	}
	return nil
}

func (c *xlsCells) nextCell() (*xlsCell, []byte, error) {
	c.text = c.text[:0]
	err := c.next()
	return &c.at, c.text, err
}

func (c *xlsCells) again() (*xlsCell, []byte) { return &c.at, c.text }
