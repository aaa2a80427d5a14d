package sheet

import (
	"encoding/binary"
	"errors"
	"io"
)

// xlsScan is what one pass over a sheet's records finds out.
type xlsScan struct {
	merges []Range
	hidden map[int]bool // rows that are not shown, from 0
	sorted bool         // cells stand row after row, as [MS-XLS] has it
}

// scan reads through a sheet once.
func (s *xlsSource) scan(sheet int) (*xlsScan, error) {
	if sc := s.scanned[sheet]; sc != nil {
		return sc, nil
	}
	sc := &xlsScan{sorted: true}
	c := s.cells(sheet)
	last := 0
	for {
		err := c.record(sc)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if row, ok := c.rowOf(); ok {
			sc.sorted = sc.sorted && row >= last
			last = row
		}
	}
	s.scanned[sheet] = sc
	return sc, nil
}

// rowOf is the row of the current record, if it holds a cell.
func (c *xlsCells) rowOf() (int, bool) {
	switch c.b.typ {
	case recFormula, recMulRK, recRString, recLabelSST, recNumber, recLabel, recBoolErr, recRK:
		if len(c.b.data) >= 6 {
			return int(binary.LittleEndian.Uint16(c.b.data)), true
		}
	}
	return 0, false
}

// record reads the next record of the sheet itself; io.EOF is the end of the sheet. sc, if there is one, gets the
// merged ranges.
func (c *xlsCells) record(sc *xlsScan) error {
	for {
		err := c.b.next()
		if errors.Is(err, io.EOF) {
			return &Error{Code: CodeCorrupt, Detail: "a sheet ends early"}
		}
		if err != nil {
			return err
		}
		switch c.b.typ {
		case recBOF:
			c.depth++
			if c.depth > maxXMLDepth {
				return &Error{Code: CodeCorrupt, Detail: "substreams too deep"}
			}
			continue
		case recEOF:
			if c.depth--; c.depth <= 0 {
				return io.EOF
			}
			continue
		}
		if c.depth == 0 {
			return &Error{Code: CodeCorrupt, Detail: "a sheet does not begin with its BOF record"}
		}
		if c.depth > 1 {
			continue
		}
		if c.b.typ == recRow && sc != nil {
			sc.addRow(c.b.data)
		}
		if c.b.typ == recMerged && sc != nil {
			if err := sc.addMerges(c.b.data, c.s.in.opts.Limits.Merges); err != nil {
				return err
			}
		}
		return nil
	}
}

// fDyZero is the flag of a ROW record that stands for no height.
const fDyZero = 0x20

// addRow reads a ROW record: the row in its first two bytes, flags in the two from 12 on.
func (sc *xlsScan) addRow(d []byte) {
	if len(d) < 14 || d[12]&fDyZero == 0 {
		return
	}
	if sc.hidden == nil {
		sc.hidden = make(map[int]bool)
	}
	sc.hidden[int(binary.LittleEndian.Uint16(d))] = true
}

// addMerges reads a MERGEDCELLS record: a number, then first row, last row, first column, last column.
func (sc *xlsScan) addMerges(d []byte, limit int) error {
	if len(d) < 2 {
		return nil
	}
	u := func(at int) int { return int(binary.LittleEndian.Uint16(d[at:])) }
	n := u(0)
	for d = d[2:]; len(d) >= 8 && n > 0; d, n = d[8:], n-1 {
		m := Range{FirstRow: u(0), LastRow: u(2), FirstColumn: u(4), LastColumn: u(6)}
		if m.FirstRow > m.LastRow || m.FirstColumn > m.LastColumn {
			continue
		}
		if len(sc.merges) >= limit {
			return &Error{Code: CodeTooLarge, Detail: "merged ranges"}
		}
		sc.merges = append(sc.merges, m)
	}
	return nil
}
