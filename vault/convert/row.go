package convert

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/normal"
	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// Problem is one thing that is wrong with a row.
type Problem struct {
	Code    vault.Code `json:"code"`
	Column  string     `json:"column,omitempty"` // letter
	Heading string     `json:"heading,omitempty"`
	Element string     `json:"element,omitempty"`
	Found   string     `json:"found,omitempty"` // may be personal: for the department, never for logs
	Zh      string     `json:"zh"`              // what is wrong and how to fix it
	En      string     `json:"en"`
}

// finding is a problem before it is put into words.
type finding struct {
	code    vault.Code
	at      int // column of the sheet, or -1
	element string
	found   string
	want    string
	value   *catalogue.Problem // words of the catalogue
	zh, en  string             // words of somebody else
}

// say puts a finding into words.
func (f *finding) say(l *layout) Problem {
	p := Problem{Code: f.code, Element: f.element, Found: f.found, Zh: f.zh, En: f.en}
	if f.at >= 0 {
		p.Column, p.Heading = sheet.ColumnName(f.at), l.headingAt(f.at)
	} else if c, ok := l.typ.Column(f.element); ok {
		p.Heading = c.Label
	}
	switch {
	case f.zh != "":
	case f.value != nil:
		p.Zh = strings.TrimRight(f.value.Text(catalogue.ZH), "。；") + "；" + f.value.Fix(catalogue.ZH)
		p.En = strings.TrimRight(f.value.Text(catalogue.EN), ".;") + "; " + f.value.Fix(catalogue.EN)
	default:
		p.Zh, p.En = say(f.code, f.found, f.want)
	}
	return p
}

// rawRow is one data row as it was read.
type rawRow struct {
	number, line int
	from, to     int // its cells in the group
	err          *sheet.Error
	short        bool // an earlier run refused it as too short, and nobody has completed it since
	scans        []vault.Scan
}

// group is a run of data rows that share a transaction.
type group struct {
	n     int // from 0
	last  bool
	rows  []rawRow
	cells []sheet.Cell
	bytes int

	values   []string // normal values, row by row
	sources  []record.Source
	out      []vault.BatchRow
	findings [][]finding
	notes    [][]vault.Note
	noted    []bool
	lacking  []bool // rows without a scan
	rejected int

	done []vault.RowResult // committed by an earlier run
	pre  *vault.Prepared
	// committing is set while the group is on its way to the disk.
	committing *vault.Committing
	results    []vault.RowResult
}

// reader of rows: normalises the rows of one group. It is used by one goroutine.
type worker struct {
	l         *layout
	keepNotes bool
	file      record.Digest
	batch     string

	scanner *scanner // nil: there are no scans

	row      []string // values of the row at hand
	findings []finding
	notes    []vault.Note
	noted    bool
	lacking  bool
}

// group normalises and checks every row of a group, and stores its scans unless the group was committed before. Only
// what keeps the conversion from going on is an error.
func (w *worker) group(ctx context.Context, g *group) error {
	n, width := len(g.rows), len(w.l.columns)
	g.values = make([]string, n*width)
	g.sources = make([]record.Source, n)
	g.out = make([]vault.BatchRow, n)
	g.findings = make([][]finding, n)
	g.noted, g.lacking = make([]bool, n), make([]bool, n)
	if w.keepNotes {
		g.notes = make([][]vault.Note, n)
	}
	for i := range g.rows {
		raw := &g.rows[i]
		w.row = g.values[i*width : (i+1)*width : (i+1)*width]
		w.findings, w.notes, w.noted, w.lacking = w.findings[:0], nil, false, false
		g.out[i] = vault.BatchRow{Row: raw.number}
		if w.read(raw, g.cells[raw.from:raw.to], &g.sources[i]) {
			if err := w.scans(ctx, raw, g.done == nil); err != nil {
				return err
			}
			g.out[i].Draft = w.check(raw, &g.sources[i])
		}
		if len(w.findings) > 0 {
			w.tidy()
			g.out[i].Draft, g.out[i].Rejected = nil, w.findings[0].code
			g.findings[i] = append([]finding(nil), w.findings...)
			g.rejected++
		}
		g.noted[i] = w.noted
		g.lacking[i] = w.lacking
		if w.keepNotes {
			g.notes[i] = w.notes
		}
	}
	return nil
}

// tidy puts findings into the order of the columns, each code once for a column.
func (w *worker) tidy() {
	place := func(f *finding) int {
		if f.at < 0 {
			return sheet.MaxColumns
		}
		return f.at
	}
	slices.SortStableFunc(w.findings, func(a, b finding) int { return cmp.Compare(place(&a), place(&b)) })
	w.findings = slices.CompactFunc(w.findings, func(a, b finding) bool {
		return a.at >= 0 && a.at == b.at && a.code == b.code
	})
}

// read takes the values of a row from its cells; false for a row that cannot be read at all.
func (w *worker) read(raw *rawRow, cells []sheet.Cell, src *record.Source) bool {
	l := w.l
	copy(w.row, l.template)
	if raw.err != nil {
		w.unreadable(raw.err)
		return false
	}
	if w.ragged(raw, cells) {
		return false
	}
	*src = record.Source{File: w.file, Row: raw.number, Batch: w.batch, Derived: l.derived, Constant: l.constant}
	for i := range l.sources {
		w.take(&l.sources[i], cells, src)
	}
	w.issuer()
	w.holder()
	w.size()
	return true
}

// check holds a row against every rule of its type.
func (w *worker) check(raw *rawRow, src *record.Source) *vault.Checked {
	l := w.l
	for i := range raw.scans {
		src.Scans = append(src.Scans, raw.scans[i].Digest)
	}
	draft := vault.Draft{Row: w.row, Issuer: l.issuer, Source: src, Scans: raw.scans}
	checked, problems := l.typ.Check(draft, w.row[l.at.issuer], l.today, true)
	for i := range problems {
		w.together(&problems[i])
	}
	return checked
}

func (w *worker) unreadable(e *sheet.Error) {
	zh, en := sheetSentence(e.Code)
	w.findings = append(w.findings, finding{code: vault.Code(e.Code), at: e.Column - 1, zh: zh, en: en})
}

// ragged refuses a row that has not as many columns as it must.
func (w *worker) ragged(raw *rawRow, cells []sheet.Cell) bool {
	want := w.l.rowColumns
	if want == 0 {
		return false
	}
	have := len(cells)
	exact := w.l.text && w.l.head.result < 0 && (w.l.mapping.RowColumns > 0 || have > w.l.head.width)
	for !exact && have > want && cells[have-1].Text == "" {
		have--
	}
	c := CodeRowLong
	switch {
	case have > want:
	case w.l.text && (have < want || raw.short):
		c = CodeRowShort
	default:
		return false
	}
	w.findings = append(w.findings, finding{code: c, at: -1, found: strconv.Itoa(have), want: strconv.Itoa(want)})
	return true
}

// take reads one element from its cell.
func (w *worker) take(s *source, cells []sheet.Cell, src *record.Source) {
	var c sheet.Cell
	if s.at < len(cells) {
		c = cells[s.at]
	}
	col := s.column
	text, ok := w.text(s, &c)
	if !ok {
		if s.derived {
			src.Derived = without(src.Derived, col.Name)
		}
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
	text := c.Text
	switch {
	case c.Kind == sheet.KindError:
		w.findings = append(w.findings, finding{code: CodeCellError, at: s.at, element: s.column.Name, found: text})
		return "", false
	case c.Formula && text == "":
		w.findings = append(w.findings, finding{code: CodeFormulaEmpty, at: s.at, element: s.column.Name})
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
	if c.Kind == sheet.KindDate && (s.column.Kind != catalogue.KindDate || s.match != nil) {
		if day, ok := sheet.ParseSerial(text, w.l.date1904); ok {
			text = day.Format(time.DateOnly)
		}
	}
	if s.match != nil {
		return w.derive(s, text)
	}
	return w.style(s, text), true
}

// derive makes a value from a cell that has the form the mapping asks for.
func (w *worker) derive(s *source, text string) (string, bool) {
	text = strings.TrimSpace(text)
	m := s.match.FindStringSubmatchIndex(text)
	if m == nil {
		w.findings = append(w.findings, finding{code: CodeNoMatch, at: s.at, element: s.column.Name, found: text})
		return "", false
	}
	return string(s.match.ExpandString(nil, s.template, text, m)), true
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

// issuer refuses licences of another department.
func (w *worker) issuer() {
	l := w.l
	if have := w.row[l.at.issuerCode]; have != l.issuer && !w.found(catalogue.MetaIssuerCode) {
		w.own(finding{code: CodeOtherIssuer, element: catalogue.MetaIssuerCode, found: have, want: l.issuer})
	}
}

// holder tells the kind of the holder's code where the row does not.
func (w *worker) holder() {
	l := w.l
	if w.row[l.at.holderKind] != "" || w.found(catalogue.MetaHolderCodeType) {
		w.row[l.at.holderKind] = holderKind(w.row[l.at.holderKind])
		return
	}
	kind := l.holderKind
	if kind == "" {
		kind = vault.HolderKindOf(w.row[l.at.holderCode], l.typ.Definition.Holder.CodeTypes)
	}
	if kind == "" && !w.found(catalogue.MetaHolderCode) {
		w.own(finding{code: CodeHolderKind, element: catalogue.MetaHolderCodeType})
	}
	w.row[l.at.holderKind] = kind
}

// holderKind turns a kind given by its name, as 身份证, into its code.
func holderKind(s string) string {
	if h, ok := code.FindHolderCode(s); ok {
		return h.Code
	}
	return s
}

// Limits of one row's values in bytes, well inside those of a record.
const (
	maxRowBytes  = 256 << 10
	maxNameBytes = 1000
)

func (w *worker) size() {
	n := 0
	for _, v := range w.row {
		n += len(v)
		if len(v) > record.MaxValue {
			n = maxRowBytes + 1
		}
	}
	if n > maxRowBytes || len(w.row[w.l.at.issuer]) > maxNameBytes || len(w.row[w.l.at.number]) > maxNameBytes {
		w.findings = append(w.findings, finding{code: CodeRowTooLarge, at: -1})
	}
}

// own adds a finding with the place of its element.
func (w *worker) own(f finding) {
	f.at = w.l.placeOf(f.element)
	w.findings = append(w.findings, f)
}

// found reports whether an element has a finding already.
func (w *worker) found(element string) bool {
	for i := range w.findings {
		if w.findings[i].element == element {
			return true
		}
	}
	return false
}

// together adds what the vault finds, once for each element.
func (w *worker) together(p *vault.Problem) {
	if w.found(p.Field) {
		return
	}
	w.findings = append(w.findings, finding{
		code: p.Code, at: w.l.placeOf(p.Field), element: p.Field, found: p.Found, zh: p.Zh, en: p.En,
	})
}

// placeOf is the column an element comes from, or -1.
func (l *layout) placeOf(element string) int {
	for i := range l.sources {
		if l.sources[i].column.Name == element {
			return l.sources[i].at
		}
	}
	return -1
}
