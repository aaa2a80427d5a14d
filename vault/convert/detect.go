package convert

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
)

// Proposal is what Detect makes of a file: a mapping to look over and save.
type Proposal struct {
	Mapping    *Mapping
	Format     string // csv, xlsx, xls
	Encoding   string // of a text file
	Sheet      string
	HeadingRow int // last row of the heading

	HiddenSheet bool             // Sheet is hidden: it was named, or there is no other
	Hidden      int              // rows below the heading that hold something and that the sheet does not show
	Columns     []ColumnUse      // what each column was taken for
	Problems    []MappingProblem // why the mapping is not complete: headings missing or ambiguous, with suggestions
}

// Detect finds heading and columns of a file and proposes a mapping for a type. What is known already stands in m,
// which may be nil: settings without columns, which the proposal keeps, and where a sheet is among them no other is
// looked at; or a whole mapping, and the proposal tells how that fits the file. A proposal with problems cannot be used
// before they are settled; it is no error.
func Detect(
	ctx context.Context, f File, t *vault.LicenceType, m *Mapping, temp func() (TempFile, error),
) (*Proposal, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if t == nil {
		return nil, ErrConfig
	}
	o, err := open(f, temp, m)
	if err != nil {
		return nil, err
	}
	defer o.book.Close() //nolint:errcheck // read only
	var p *Proposal
	if m.columned() {
		p, err = o.fit(o.stated(m), t)
	} else {
		p, _, err = detect(o, t, m)
	}
	if err == nil && p.HeadingRow > 0 {
		err = o.countHidden(ctx, p)
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// countHidden reads the sheet through: an office hides a row where it would cross one out on paper.
func (o *opened) countHidden(ctx context.Context, p *Proposal) error {
	p.HiddenSheet = o.book.Info.Sheets[o.index].Hidden
	if o.book.Info.Format == sheet.FormatCSV {
		return nil
	}
	rows, err := o.book.Rows(o.index)
	if err != nil {
		return wrapSheet(err)
	}
	var row sheet.Row
	for err = rows.Next(&row); err == nil; err = rows.Next(&row) {
		if row.Hidden && row.Number > p.HeadingRow && !row.Empty() {
			p.Hidden++
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return wrapSheet(err)
}

// fit tells what the columns of a file are by a mapping, and why the mapping does not do for it.
func (o *opened) fit(m *Mapping, t *vault.LicenceType) (*Proposal, error) {
	p := o.proposal(m)
	h, err := o.head(m)
	var none *MappingError
	if errors.As(err, &none) {
		p.Problems = none.Problems
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	p.HeadingRow = h.last
	p.bind(h, setting{typ: t, text: o.book.Info.Format == sheet.FormatCSV})
	return p, nil
}

// proposal is what is known before the heading is.
func (o *opened) proposal(m *Mapping) *Proposal {
	info := &o.book.Info
	p := &Proposal{Mapping: m, Format: info.Format.String(), Sheet: info.Sheets[o.index].Name}
	if info.Format == sheet.FormatCSV {
		p.Encoding = info.Dialect.Encoding.String()
	}
	return p
}

// bind tells what each column is taken for, and what is not settled.
func (p *Proposal) bind(h head, set setting) {
	l, problems := fit(p.Mapping, h, set)
	p.Problems = append(p.Problems, problems...)
	p.Columns = l.uses()
}

// detect looks at the sheet that was chosen and, where nobody named it and it has no heading of the type, at the other
// visible ones: the first sheet of many ledgers is a cover or says how to fill in the others. The settings of m, which
// may be nil, stay.
func detect(o *opened, t *vault.LicenceType, m *Mapping) (*Proposal, head, error) {
	m = o.stated(m)
	p, h, err := detectSheet(o, t, m)
	if err != nil || p.HeadingRow > 0 || m.Sheet != "" || m.SheetAt > 0 {
		return p, h, err
	}
	chosen := o.index
	for i := range o.book.Info.Sheets {
		if i == chosen || o.book.Info.Sheets[i].Hidden {
			continue
		}
		o.index = i
		if other, h, err := detectSheet(o, t, m); err != nil || other.HeadingRow > 0 {
			return other, h, err
		}
	}
	o.index = chosen
	return p, h, nil
}

// alike is how many elements a sheet's heading has at least if it is said to be of the same type.
const alike = 3

// others names the other visible sheets that look like ledgers of the type: one file, one sheet, and nobody should
// believe that all of them were converted. A sheet that cannot be read is none.
func (o *opened) others(t *vault.LicenceType) (names []string) {
	for i := range o.book.Info.Sheets {
		if i == o.index || o.book.Info.Sheets[i].Hidden {
			continue
		}
		rows, err := readHead(o.book, i, maxHeadingRows+maxHeadingDepth)
		if err != nil {
			continue
		}
		score := func(columns []heading) int { return scoreAuto(columns, t) }
		if h, ok := findHead(rows, HeadingRows{}, score); ok && h.score >= alike {
			names = append(names, o.book.Info.Sheets[i].Name)
		}
	}
	return names
}

func detectSheet(o *opened, t *vault.LicenceType, known *Mapping) (*Proposal, head, error) {
	rows, err := readHead(o.book, o.index, max(maxHeadingRows+maxHeadingDepth, known.Heading.Last))
	if err != nil {
		return nil, head{}, wrapSheet(err)
	}
	m := *known
	p := o.proposal(&m)
	if m.Type == "" {
		m.Type = t.Definition.Code
	}
	text := o.book.Info.Format == sheet.FormatCSV
	if !text {
		m.Sheet, m.SheetAt = p.Sheet, 0
	}
	h, ok := findHead(rows, m.Heading, func(columns []heading) int { return scoreAuto(columns, t) })
	if !ok || h.score == 0 {
		p.Problems = append(p.Problems, MappingProblem{Code: CodeHeadingNone}.said())
		return p, h, nil
	}
	p.HeadingRow = h.last
	m.Heading = HeadingRows{First: h.first, Last: h.last}
	p.propose(h, t)
	p.bind(h, setting{typ: t, text: text})
	return p, h, nil
}

// scoreAuto is how many different elements the headings can mean.
func scoreAuto(columns []heading, t *vault.LicenceType) int {
	seen := make(map[string]bool)
	for i := range columns {
		for _, name := range meanings(&columns[i], t) {
			if !seen[name] {
				seen[name] = true
				break
			}
		}
	}
	return len(seen)
}

// meanings are the elements that a heading can mean, the best first.
func meanings(h *heading, t *vault.LicenceType) []string {
	if h.empty() {
		return nil
	}
	if list := t.FindHeading(h.full); len(list) > 0 {
		return list
	}
	return t.FindHeading(h.low)
}

// propose gives each column the element it means best. Where several columns mean the same, the one that bears the
// element's own name has it; otherwise a person must say.
func (p *Proposal) propose(h head, t *vault.LicenceType) {
	claims := make(map[string][]int)
	var order []string
	for i := range h.columns {
		list := meanings(&h.columns[i], t)
		if len(list) == 0 || p.ignores(h.columns, i) {
			continue
		}
		if claims[list[0]] == nil {
			order = append(order, list[0])
		}
		claims[list[0]] = append(claims[list[0]], i)
	}
	for _, name := range order {
		at := claims[name]
		if len(at) > 1 {
			at = exact(at, h, t, name)
		}
		if len(at) > 1 {
			p.ambiguous(name, at, h, t)
			continue
		}
		p.take(h, at[0], name, t)
	}
}

// ignores reports a column that the settings pass over.
func (p *Proposal) ignores(columns []heading, at int) bool {
	return slices.ContainsFunc(p.Mapping.Ignore, func(name string) bool {
		return slices.Contains(find(columns, name), at)
	})
}

// exact keeps the columns that bear an element's own name, if one does.
func exact(at []int, h head, t *vault.LicenceType, name string) []int {
	c, ok := t.Column(name)
	if !ok {
		return at
	}
	label := catalogue.NormaliseHeading(c.Label)
	own := slices.DeleteFunc(slices.Clone(at), func(i int) bool {
		return h.columns[i].fullN != label && h.columns[i].lowN != label
	})
	if len(own) == 1 {
		return own
	}
	return at
}

func (p *Proposal) ambiguous(name string, at []int, h head, t *vault.LicenceType) {
	var list []string
	for _, i := range at {
		list = append(list, h.columns[i].full+"（"+sheet.ColumnName(i)+"）")
	}
	label := name
	if c, ok := t.Column(name); ok {
		label = c.Label + " " + name
	}
	p.Problems = append(p.Problems, MappingProblem{
		Code: CodeHeadingAmbiguous, Path: name, Found: label, Want: strings.Join(list, "、"),
	}.said())
}

func (p *Proposal) take(h head, at int, name string, t *vault.LicenceType) {
	m := MappedColumn{Heading: h.columns[at].full, Elements: []string{name}}
	if len(find(h.columns, m.Heading)) != 1 || strings.HasPrefix(m.Heading, "@") || !readable(m.Heading) {
		m.Heading = "@" + sheet.ColumnName(at)
	}
	if c, ok := t.Column(name); ok && c.Kind == catalogue.KindMoney {
		m.Unit = unitOf(&h.columns[at])
	}
	p.Mapping.Columns = append(p.Mapping.Columns, m)
}
