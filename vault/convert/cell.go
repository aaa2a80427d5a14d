package convert

import (
	"strings"
	"time"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/normal"
	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// take reads one element from its cell.
func (w *worker) take(s *source, cells []sheet.Cell, src *record.Source) {
	col := s.column
	c := cellAt(cells, s.at)
	text, ok := w.content(s, &c, cells)
	if !ok {
		if s.derived {
			src.Derived = without(src.Derived, col.Name)
		}
		return
	}
	if col.Kind == catalogue.KindImage {
		w.named(col.Name, text)
		return
	}
	hints := w.l.hints
	hints.Numeric = c.Kind == sheet.KindNumber || c.Kind == sheet.KindDate && col.Kind == catalogue.KindDate
	res, problems := col.Normalise(text, hints)
	if len(problems) > 0 && soundCode(col, text, hints.Numeric, problems) {
		res, problems = normal.Result{Value: text}, nil
	}
	w.several(s, text)
	for i := range problems {
		w.value(s.at, &problems[i])
	}
	if res.Notes != nil {
		w.noted = true
		if w.keepNotes {
			for _, n := range res.Notes {
				w.notes = append(w.notes, vault.Note{Field: col.Name, Code: vault.Code(n.Code), Old: n.Old, New: n.New})
			}
		}
	}
	if res.Value != "" || len(problems) > 0 {
		w.row[col.Index] = res.Value
	}
}

// content is what a source says, in one cell or in several. Several make a text, whatever they are.
func (w *worker) content(s *source, c *sheet.Cell, cells []sheet.Cell) (string, bool) {
	if s.parts == nil {
		return w.text(s, c)
	}
	*c = sheet.Cell{}
	return w.join(s, cells)
}

// cellAt is the cell of a column; rows may be shorter than their heading.
func cellAt(cells []sheet.Cell, at int) sheet.Cell {
	if at < len(cells) {
		return cells[at]
	}
	return sheet.Cell{}
}

// without copies a list but for one name: the list itself is shared by all rows.
func without(list []string, name string) []string {
	out := make([]string, 0, len(list))
	for _, s := range list {
		if s != name {
			out = append(out, s)
		}
	}
	return out
}

func (w *worker) value(at int, p *catalogue.Problem) {
	w.findings = append(w.findings,
		finding{code: vault.Code(p.Code), at: at, element: p.Path, found: p.Found, value: p})
}

func (w *worker) note(s *source, c vault.Code, was, is string) {
	w.noted = true
	if w.keepNotes {
		w.notes = append(w.notes, vault.Note{Field: s.column.Name, Code: c, Old: was, New: is})
	}
}

// text is what a cell says, in the way of the mapping; false if it says nothing, or nothing that can be used.
func (w *worker) text(s *source, c *sheet.Cell) (string, bool) {
	text, ok := w.said(s, s.at, c)
	if !ok {
		return "", false
	}
	if s.form.match != nil {
		return w.derive(s, text)
	}
	return w.style(s, text), true
}

// said is what one of a source's cells says, before the mapping makes something of it.
func (w *worker) said(s *source, at int, c *sheet.Cell) (string, bool) {
	text := c.Text
	switch {
	case c.Kind == sheet.KindError:
		w.findings = append(w.findings, finding{code: CodeCellError, at: at, element: s.column.Name, found: text})
		return "", false
	case c.Formula && text == "":
		w.findings = append(w.findings, finding{code: CodeFormulaEmpty, at: at, element: s.column.Name})
		return "", false
	case c.Formula:
		w.note(s, CodeFormulaValue, text, text)
	case text == "":
		return "", false
	}
	if s.values != nil {
		if to, ok := s.values[strings.TrimSpace(text)]; ok {
			w.note(s, CodeReplaced, text, to)
			text = to
		}
	}
	// '- is how a sheet keeps - from being a formula
	if bare, _ := strings.CutPrefix(text, "'"); w.l.absent.Absent(bare) {
		return "", false
	}
	if isDitto(text) {
		w.findings = append(w.findings, finding{code: CodeDitto, at: at, element: s.column.Name, found: text})
		return "", false
	}
	if c.Kind == sheet.KindDate && (s.column.Kind != catalogue.KindDate || s.form.match != nil || s.parts != nil) {
		if day, ok := sheet.ParseSerial(text, w.l.date1904); ok {
			text = day.Format(time.DateOnly)
		}
	}
	return text, true
}

// style rewrites a value whose reading the mapping decides: the order of a date, a decimal comma, a unit.
func (w *worker) style(s *source, text string) string {
	was := text
	switch s.column.Kind {
	case catalogue.KindDate:
		if w.l.mapping.Dates == DatesPlain {
			return text
		}
		if text = orderDate(text, w.l.mapping.Dates); text != was {
			w.note(s, CodeDateOrder, was, text)
		}
	case catalogue.KindNumber, catalogue.KindMoney:
		if w.l.mapping.Decimal == "," && strings.Count(text, ",") == 1 && !strings.Contains(text, ".") {
			text = strings.Replace(text, ",", ".", 1)
			w.note(s, CodeDecimal, was, text)
		}
		if s.unit != "" && bareNumber(text) {
			text = strings.TrimSpace(text) + s.unit
			w.note(s, CodeUnit, was, text)
		}
	case catalogue.KindText, catalogue.KindDivision, catalogue.KindCode, catalogue.KindImage:
	}
	return text
}

// orderDate rewrites 11/25/2004 as 2004-11-25. Other writings stay as they are.
func orderDate(text string, order DateOrder) string {
	s := strings.TrimSpace(text)
	if len(s) < 8 || len(s) > 10 {
		return text
	}
	parts := strings.FieldsFunc(s, func(c rune) bool { return c == '/' || c == '.' || c == '-' })
	if len(parts) != 3 || len(parts[2]) != 4 || len(parts[0]) > 2 || len(parts[1]) > 2 {
		return text
	}
	for _, p := range parts {
		if strings.Trim(p, "0123456789") != "" {
			return text
		}
	}
	month, day := parts[0], parts[1]
	if order == DatesDMY {
		month, day = day, month
	}
	two := func(s string) string { return strings.Repeat("0", 2-len(s)) + s }
	return parts[2] + "-" + two(month) + "-" + two(day)
}

func bareNumber(s string) bool {
	digit := false
	for _, c := range s {
		switch {
		case c >= '0' && c <= '9' || c >= '０' && c <= '９':
			digit = true
		case c != '.' && c != ',' && c != '，' && c != '．' && c != ' ' && c != '-':
			return false
		}
	}
	return digit
}

// soundCode reports a number without a check digit of its own that is a sound credit code or citizen number, as the
// numbers of 营业执照 are: such a one is not damaged, though it ends in zeros.
func soundCode(col *catalogue.Column, text string, numeric bool, problems catalogue.Problems) bool {
	rules := col.Rules
	rules.Required = false
	return col.Normal == normal.KindPlainCode && !numeric && len(problems) == 1 && len(text) == 18 &&
		problems[0].Code == catalogue.Code(normal.CodeDamagedRounded) && rules.IsZero() &&
		(code.CheckUSCC(text) == nil || code.CheckCitizenNumber(text) == nil)
}

// several notes two names in the cell of one holder: a firm that was renamed, or two licences in one row. Two numbers
// are refused; two names are for a person to look at.
func (w *worker) several(s *source, text string) {
	if s.column.Index == w.l.at.holder && s.column.Compare == normal.KindOrgName &&
		!w.l.typ.Definition.Holder.Multiple &&
		normal.SeveralValues(normal.KindOrgName, text) != nil {
		w.note(s, vault.Code(normal.CodeSeveralValues), text, text)
	}
}
