package convert

import (
	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault"
)

// mapping finds the heading, and the mapping if none was given.
func (r *runner) mapping(t *vault.LicenceType) (*Mapping, head, error) {
	if !r.job.Mapping.columned() {
		p, h, err := detect(r.o, t, r.job.Mapping)
		if err != nil {
			return nil, head{}, err
		}
		if len(p.Problems) > 0 {
			return nil, head{}, &MappingError{Problems: p.Problems, heading: true}
		}
		return p.Mapping, h, nil
	}
	m := r.o.stated(r.job.Mapping)
	h, err := r.o.head(m)
	return m, h, err
}

// columned reports a mapping that says where elements come from. Another one leaves that to the headings.
func (m *Mapping) columned() bool {
	return m != nil && len(m.Columns)+len(m.Constants)+len(m.Derived) > 0
}

// stated is a mapping with what was said beside it: the two name the batch, so that two sheets of one file are two
// batches.
func (o *opened) stated(m *Mapping) *Mapping {
	if m == nil {
		m = &Mapping{}
	}
	stated := *m
	switch text := o.book.Info.Format == sheet.FormatCSV; {
	case text && o.encoding != m.Encoding:
		stated.Encoding = o.encoding
	case !text && o.sheet != "":
		stated.Sheet, stated.SheetAt = o.sheet, 0
	default:
		return m
	}
	return &stated
}

// head finds the heading that a mapping is for.
func (o *opened) head(m *Mapping) (head, error) {
	upTo := maxHeadingRows + maxHeadingDepth
	if m.Heading.None {
		upTo = 0
	}
	rows, err := readHead(o.book, o.index, max(upTo, m.Heading.Last))
	if err != nil {
		return head{}, wrapSheet(err)
	}
	h, ok := findHead(rows, m.Heading, m.score)
	if !ok {
		return head{}, &MappingError{heading: true,
			Problems: []MappingProblem{MappingProblem{Code: CodeHeadingNone}.said()}}
	}
	return h, nil
}

// score is how many of a mapping's columns a heading has.
func (m *Mapping) score(columns []heading) int {
	n := 0
	count := func(name string, weight int) {
		if _, letter := columnOf(name); !letter && len(find(columns, name)) > 0 {
			n += weight
		}
	}
	for i := range m.Columns {
		count(m.Columns[i].Heading, 3)
	}
	for i := range m.Derived {
		for _, name := range m.Derived[i].From {
			count(name, 3)
		}
	}
	for _, name := range m.Ignore {
		count(name, 1)
	}
	return n
}
