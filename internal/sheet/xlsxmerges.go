package sheet

import "bytes"

// merges reads through the sheet to the mergeCells behind its rows.
func (s *xlsxSource) merges(sheet int) ([]Range, error) {
	r, err := s.sheetRows(sheet)
	if err != nil {
		return nil, err
	}
	defer r.part.Close() //nolint:errcheck // nothing was written.
	var out []Range
	for {
		kind, err := r.x.next()
		if err != nil {
			return nil, wrapRead(err)
		}
		switch {
		case kind == tokenEOF:
			return out, nil
		case kind == tokenStart && string(r.x.name) == "mergeCell":
			m, ok := parseRange(r.x.attr("ref"))
			if !ok {
				continue
			}
			if len(out) >= s.in.opts.Limits.Merges {
				return nil, &Error{Code: CodeTooLarge, Detail: "merged ranges"}
			}
			out = append(out, m)
		}
	}
}

// parseRange reads a reference as A1:C2 or A1.
func parseRange(ref string) (Range, bool) {
	a, b, two := bytes.Cut([]byte(ref), []byte(":"))
	if !two {
		b = a
	}
	c1, r1, ok1 := parseRef(a)
	c2, r2, ok2 := parseRef(b)
	return Range{FirstRow: r1, FirstColumn: c1, LastRow: r2, LastColumn: c2}, ok1 && ok2 && r1 <= r2 && c1 <= c2
}

func parseRef(ref []byte) (column, row int, ok bool) {
	ref = bytes.ReplaceAll(ref, []byte("$"), nil)
	column, ok = refColumn(ref)
	n, good := parseUint(bytes.TrimLeft(ref, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"))
	return column, n - 1, ok && good && n > 0 && n <= maxRows
}
