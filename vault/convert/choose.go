package convert

import (
	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault"
)

// mapping finds the heading, and the mapping if none was given.
func (r *runner) mapping(t *vault.LicenceType) (*Mapping, head, error) {
	m := r.job.Mapping
	if m == nil {
		p, h, err := detect(r.o, t)
		if err != nil {
			return nil, head{}, err
		}
		if len(p.Problems) > 0 {
			return nil, head{}, &MappingError{Problems: p.Problems, heading: true}
		}
		return p.Mapping, h, nil
	}
	if r.o.encoding != m.Encoding && r.o.book.Info.Format == sheet.FormatCSV { // it names the batch, too
		stated := *m
		stated.Encoding = r.o.encoding
		m = &stated
	}
	h, err := r.o.head(m)
	return m, h, err
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
		count(m.Derived[i].From, 3)
	}
	for _, name := range m.Ignore {
		count(name, 1)
	}
	return n
}
