package convert

import (
	"cmp"
	"slices"
	"strings"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/normal"
	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// setting is what a mapping is bound to beside the sheet.
type setting struct {
	typ        *vault.LicenceType
	issuer     string
	issuerName string
	today      record.Date
	date1904   bool
	text       bool // a text file: rows have a width of their own
}

// layout is a mapping bound to a sheet: where each element of a row comes from.
type layout struct {
	setting

	mapping    *Mapping
	head       head
	rowColumns int // exact number of columns; 0: any
	sources    []source
	template   []string // a row with what every row has
	derived    []string // names, in order of the type
	constant   []string
	columns    []*catalogue.Column
	absent     normal.AbsentList
	hints      catalogue.Hints
	holderKind string // of rows that do not bear one; empty: told from the code
	at         struct{ number, issued, holder, holderCode, holderKind, issuer, issuerCode int }
}

// source is where one element comes from.
type source struct {
	column  *catalogue.Column
	at      int    // column of the sheet
	parts   []part // the columns that it is put together from, the first of them at; nil: it is read from one
	values  map[string]string
	unit    string
	derived bool
	form    form // of a derived element
}

// binder gathers every problem of the headings.
type binder struct {
	l        *layout
	problems []MappingProblem
	used     map[int]bool // columns that are mapped or ignored
	filled   map[string]bool
}

// add tells a problem, once.
func (b *binder) add(p MappingProblem) {
	if p = p.said(); !slices.Contains(b.problems, p) {
		b.problems = append(b.problems, p)
	}
}

// bind fits a mapping to a heading. The error is a *MappingError.
func bind(m *Mapping, h head, c setting) (*layout, error) {
	l, problems := fit(m, h, c)
	if len(problems) > 0 {
		return nil, &MappingError{Problems: problems, heading: true}
	}
	return l, nil
}

// fit gives what of a mapping fits a heading, and why the rest does not.
func fit(m *Mapping, h head, c setting) (*layout, []MappingProblem) {
	l := &layout{setting: c, mapping: m, head: h, columns: c.typ.Columns(), absent: m.absent()}
	b := &binder{l: l, used: make(map[int]bool), filled: make(map[string]bool)}
	l.hints = catalogue.Hints{Today: code.Date{Year: c.today.Year, Month: int(c.today.Month), Day: c.today.Day}}
	l.hints.Date1904, l.hints.SerialText = c.date1904, m.Serials
	l.template = make([]string, len(l.columns))
	b.owner()
	b.defaults()
	for i := range m.Columns {
		b.column(&m.Columns[i])
	}
	for i := range m.Derived {
		b.derive(&m.Derived[i])
	}
	for _, k := range m.Constants {
		b.constant(k)
	}
	for _, name := range m.Ignore {
		for _, c := range find(h.columns, name) {
			b.used[c] = true
		}
	}
	b.complete()
	l.finish()
	return l, b.problems
}

// owner refuses a mapping that was saved for another type; whether the department is another the vault says.
func (b *binder) owner() {
	m := b.l.mapping
	if want := b.l.typ.Definition.Code; m.Type != "" && m.Type != want {
		b.add(MappingProblem{Code: CodeMappingType, Path: "type", Found: m.Type, Want: want})
	}
}

// defaults fills in what follows from the type and the department.
func (b *binder) defaults() {
	l := b.l
	for name, value := range map[string]string{
		catalogue.MetaName: l.typ.Definition.Name, catalogue.MetaIssuer: l.issuerName,
		catalogue.MetaIssuerCode: l.issuer,
	} {
		if c, ok := l.typ.Column(name); ok {
			l.template[c.Index] = value
			b.filled[name] = true
		}
	}
	for name, to := range map[string]*int{
		catalogue.MetaNumber: &l.at.number, catalogue.MetaIssued: &l.at.issued, catalogue.MetaHolder: &l.at.holder,
		catalogue.MetaHolderCode: &l.at.holderCode, catalogue.MetaHolderCodeType: &l.at.holderKind,
		catalogue.MetaIssuer: &l.at.issuer, catalogue.MetaIssuerCode: &l.at.issuerCode,
	} {
		if c, ok := l.typ.Column(name); ok {
			*to = c.Index
		}
	}
	l.holderKind = l.mapping.HolderKind
	if types := l.typ.Definition.Holder.CodeTypes; l.holderKind == "" && len(types) == 1 {
		l.holderKind = types[0]
	}
	b.filled[catalogue.MetaHolderCodeType] = true
}

// element finds the column of the type; each gets its value from one place.
func (b *binder) element(name string) *catalogue.Column {
	c, ok := b.l.typ.Column(name)
	if !ok {
		b.add(MappingProblem{Code: CodeMappingElement, Path: name, Found: name, Want: b.elementNames()})
		return nil
	}
	b.filled[name] = true
	return c
}

func (b *binder) elementNames() string {
	var list []string
	for _, c := range b.l.columns {
		list = append(list, c.Name+" "+c.Label)
	}
	return strings.Join(list, "、")
}

// place finds the one column that a mapping names.
func (b *binder) place(name string) (int, bool) {
	at := find(b.l.head.columns, name)
	switch len(at) {
	case 1:
		b.used[at[0]] = true
		return at[0], true
	case 0:
		b.add(MappingProblem{Code: CodeHeadingMissing, Path: name, Found: name, Want: names(b.l.head.columns, name)})
	default:
		var list []string
		for _, c := range at {
			list = append(list, "@"+sheet.ColumnName(c))
		}
		b.add(MappingProblem{Code: CodeHeadingAmbiguous, Path: name, Found: name, Want: strings.Join(list, "、")})
	}
	return 0, false
}

func (b *binder) column(m *MappedColumn) {
	at, ok := b.place(m.Heading)
	for _, name := range m.Elements {
		col := b.element(name)
		if col == nil || !ok {
			continue
		}
		if at < len(b.l.head.columns) {
			b.issueDate(name, &b.l.head.columns[at])
			b.unit(m, col, &b.l.head.columns[at])
		}
		s := source{column: col, at: at}
		if col.Kind == catalogue.KindMoney {
			s.unit = m.Unit
		}
		for _, r := range m.Values {
			if s.values == nil {
				s.values = make(map[string]string, len(m.Values))
			}
			s.values[strings.TrimSpace(r.From)] = r.To
		}
		b.l.sources = append(b.l.sources, s)
	}
}

// issueDate refuses to take a registration date silently for the date of issue, by whatever name it is mapped.
func (b *binder) issueDate(name string, h *heading) {
	if name == catalogue.MetaIssued && (registrationDate(h.full) || registrationDate(h.low)) {
		b.add(MappingProblem{Code: CodeMappingIssued, Path: h.full, Found: h.full})
	}
}

// unit refuses money under a heading like 注册资本（万元） without a word on the unit.
func (b *binder) unit(m *MappedColumn, col *catalogue.Column, h *heading) {
	if unit := unitOf(h); col.Kind == catalogue.KindMoney && m.Unit == "" && unit != "" {
		b.add(MappingProblem{Code: CodeHeadingUnit, Path: h.full, Found: h.full, Want: unit})
	}
}

func (b *binder) derive(d *Derived) {
	col := b.element(d.Element)
	parts := b.parts(d)
	form, bad := d.compile()
	if bad != nil {
		b.add(MappingProblem{Code: bad.Code, Path: d.Element, Found: bad.Found})
	}
	if col == nil || bad != nil || len(parts) == 0 || len(parts) != len(d.From) {
		return
	}
	s := source{column: col, at: parts[0].at, derived: true, form: form}
	if len(parts) > 1 {
		s.parts = parts
	}
	b.l.sources = append(b.l.sources, s)
	b.l.derived = append(b.l.derived, d.Element)
}

func (b *binder) constant(k Constant) {
	col := b.element(k.Element)
	if col == nil {
		return
	}
	res, problems := col.Normalise(k.Value, b.l.hints)
	for i := range problems {
		b.add(MappingProblem{
			Code: CodeHeadingConstant, Path: k.Element, Found: k.Value, Want: problems[i].Text(catalogue.ZH),
		})
	}
	if k.Element == catalogue.MetaIssuerCode && len(problems) == 0 && b.l.issuer != "" && res.Value != b.l.issuer {
		b.add(MappingProblem{Code: CodeHeadingConstant, Path: k.Element, Found: k.Value, Want: b.l.issuer})
	}
	b.l.template[col.Index] = res.Value
	b.l.constant = append(b.l.constant, k.Element)
}

// complete looks for mandatory elements without a source, and for columns that nothing is said of.
func (b *binder) complete() {
	var free []heading
	for i := range b.l.head.columns {
		h := b.l.head.columns[i]
		if b.used[i] {
			h = heading{}
		} else if b.l.mapping.Strict && !h.empty() {
			b.add(MappingProblem{Code: CodeHeadingUnmapped, Path: h.full, Found: h.full})
		}
		free = append(free, h)
	}
	for _, c := range b.l.columns {
		if (c.Required || c.Name == catalogue.MetaNumber) && !b.filled[c.Name] {
			b.add(MappingProblem{Code: CodeHeadingElement, Path: c.Name, Found: c.Label + " " + c.Name,
				Want: names(free, "")})
		}
	}
}

// finish puts sources into the order of the sheet and names into that of the type.
func (l *layout) finish() {
	slices.SortStableFunc(l.sources, func(a, b source) int { return cmp.Compare(a.at, b.at) })
	byColumn := func(a, b string) int {
		x, _ := l.typ.Column(a)
		y, _ := l.typ.Column(b)
		return cmp.Compare(x.Index, y.Index)
	}
	slices.SortFunc(l.derived, byColumn)
	slices.SortFunc(l.constant, byColumn)
	switch {
	case l.mapping.RowColumns > 0:
		l.rowColumns = l.mapping.RowColumns
	case l.mapping.RowColumns == 0 && l.text:
		l.rowColumns = len(l.head.columns)
	}
}

// uses says what each column of the sheet was taken for.
func (l *layout) uses() []ColumnUse {
	width := len(l.head.columns)
	for i := range l.sources {
		width = max(width, slices.Max(l.sources[i].columns())+1)
	}
	out := make([]ColumnUse, width)
	for i := range out {
		out[i].Column = sheet.ColumnName(i)
		if i < len(l.head.columns) {
			out[i].Heading = l.head.columns[i].full
		}
	}
	for i := range l.sources {
		for _, at := range l.sources[i].columns() {
			out[at].Elements = append(out[at].Elements, l.sources[i].column.Name)
		}
	}
	for _, name := range l.mapping.Ignore {
		for _, c := range find(l.head.columns, name) {
			if c < len(out) {
				out[c].Ignored = len(out[c].Elements) == 0
			}
		}
	}
	return out
}

// place is the column that an element is read from, as letter and heading; both are empty if there is none.
func (l *layout) place(element string) (name, column, heading string) {
	for i := range l.sources {
		if src := &l.sources[i]; src.column.Name == element && src.at >= 0 {
			return element, sheet.ColumnName(src.at), l.headingAt(src.at)
		}
	}
	return element, "", ""
}

// headingAt is what stands above a column.
func (l *layout) headingAt(column int) string {
	if column < 0 || column >= len(l.head.columns) {
		return ""
	}
	return l.head.columns[column].full
}
