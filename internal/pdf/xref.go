package pdf

import (
	"cmp"
	"math"
	"slices"
)

// kind of an entry: free, at a place of the file, or within an object stream (7.5.8.3).
type kind uint8

const (
	kindFree kind = iota
	kindUsed
	kindPacked
)

type entry struct {
	number uint32
	extra  uint32 // generation, or index within the object stream
	at     int64  // place, or number of the object stream
	kind   kind
}

// section is one section of the cross-reference: a table or a stream, with what a hybrid file hides from old readers.
type section struct {
	at      int64
	entries []entry // sorted, each number once
	trailer Dict
}

// lookup finds the newest entry of a number.
func (f *File) lookup(number uint32) (entry, bool) {
	for _, s := range f.sections {
		if e, ok := s.find(number); ok {
			return e, true
		}
	}
	return entry{}, false
}

func (s *section) find(number uint32) (entry, bool) {
	i, ok := slices.BinarySearchFunc(s.entries, number, func(e entry, n uint32) int { return cmp.Compare(e.number, n) })
	if !ok {
		return entry{}, false
	}
	return s.entries[i], true
}

// sortEntries sorts and refuses a number that stands in a section twice: readers differ on which of them counts.
func (s *section) sortEntries() error {
	slices.SortFunc(s.entries, func(a, b entry) int { return cmp.Compare(a.number, b.number) })
	for i := 1; i < len(s.entries); i++ {
		if s.entries[i].number == s.entries[i-1].number {
			return refuse(ReasonXref, "object %d twice in one section", s.entries[i].number)
		}
	}
	return nil
}

// readSections follows the chain of sections from the newest.
func (f *File) readSections(at int64) error {
	seen, total := map[int64]bool{}, 0
	for at >= 0 {
		if seen[at] || len(f.sections) >= MaxRevisions {
			return refuse(ReasonXref, "a chain of sections in a circle, or more than %d", MaxRevisions)
		}
		seen[at] = true
		s, err := f.readSection(at, MaxObjects-total)
		if err != nil {
			return err
		}
		if err := f.readHybrid(s, seen); err != nil {
			return err
		}
		if s.trailer["Encrypt"] != nil {
			return refuse(ReasonEncrypted, "the document is encrypted")
		}
		total += len(s.entries)
		f.sections = append(f.sections, s)
		if at, err = previous(s.trailer, "Prev"); err != nil {
			return err
		}
	}
	return nil
}

// previous reads a place of another section; negative: there is none.
func previous(d Dict, key Name) (int64, error) {
	switch v := d[key].(type) {
	case nil:
		return -1, nil
	case int64:
		if v > 0 {
			return v, nil
		}
	}
	return 0, refuse(ReasonXref, "a malformed %s", key)
}

// readHybrid adds what a table points to for readers that know streams: objects that the table calls free (7.5.8.4).
func (f *File) readHybrid(s *section, seen map[int64]bool) error {
	at, err := previous(s.trailer, "XRefStm")
	if err != nil || at < 0 {
		return err
	}
	if seen[at] {
		return refuse(ReasonXref, "a chain of sections in a circle")
	}
	seen[at] = true
	hidden, err := f.readSection(at, MaxObjects-len(s.entries))
	if err != nil {
		return err
	}
	if p := hidden.trailer["Prev"]; p != nil && p != s.trailer["Prev"] {
		return refuse(ReasonXref, "a stream beside a table that goes on elsewhere") // some readers would follow it
	}
	entries := slices.Clone(hidden.entries)
	for _, e := range s.entries {
		i, ok := hidden.find(e.number)
		switch {
		case !ok:
			entries = append(entries, e)
		case e.kind != kindFree && i != e:
			return refuse(ReasonXref, "object %d differs between table and stream", e.number)
		}
	}
	s.entries = entries
	return s.sortEntries()
}

func (f *File) readSection(at int64, limit int) (*section, error) {
	var s *section
	stream := false
	err := f.parseAt(at, 2*maxObjectBytes, func(p *parser) error {
		p.skip()
		if p.i >= len(p.b) {
			return p.end()
		}
		if stream = p.b[p.i] != 'x'; stream {
			return nil
		}
		var err error
		s, err = p.table(limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	if stream {
		if s, err = f.xrefStream(at, limit); err != nil {
			return nil, err
		}
	}
	s.at = at
	return s, s.sortEntries()
}

// table reads "xref", the subsections and the trailer (7.5.4).
func (p *parser) table(limit int) (*section, error) {
	if err := p.keyword("xref"); ReasonOf(err) == ReasonSyntax {
		return nil, refuse(ReasonXref, "no cross-reference where one must be")
	} else if err != nil {
		return nil, err
	}
	s := &section{}
	p.bare = true
	for {
		p.skip()
		if p.i >= len(p.b) {
			return nil, p.end()
		}
		if p.b[p.i] == 't' {
			break
		}
		if err := p.subsection(s, limit); err != nil {
			return nil, err
		}
	}
	if err := p.keyword("trailer"); err != nil {
		return nil, err
	}
	p.elements, p.bare = 0, false
	o, err := p.object(0)
	if err != nil {
		return nil, err
	}
	var ok bool
	if s.trailer, ok = o.(Dict); !ok {
		return nil, refuse(ReasonXref, "no trailer")
	}
	return s, nil
}

func (p *parser) subsection(s *section, limit int) error {
	first, err := p.integer()
	if err != nil {
		return err
	}
	n, err := p.integer()
	if err != nil {
		return err
	}
	if n > int64(limit-len(s.entries)) || first > math.MaxInt32 {
		return refuse(ReasonLimit, "more than %d objects", MaxObjects)
	}
	for i := range n {
		e := entry{number: uint32(first + i)} //nolint:gosec // both are small
		if err := p.tableEntry(&e); err != nil {
			return err
		}
		if i == 0 && first == 1 && e.kind == kindFree {
			return refuse(ReasonXref, "a section that starts with a free object 1") // some readers count it from 0
		}
		s.entries = append(s.entries, e)
	}
	return nil
}

func (p *parser) tableEntry(e *entry) error {
	var err error
	if e.at, err = p.integer(); err != nil {
		return err
	}
	generation, err := p.integer()
	if err != nil {
		return err
	}
	p.skip()
	word, err := p.word()
	switch {
	case err != nil:
		return err
	case word == "f", word == "n" && e.at == 0:
	case word == "n" && generation <= math.MaxUint16:
		e.kind, e.extra = kindUsed, uint32(generation) //nolint:gosec // checked
	default:
		return refuse(ReasonXref, "a malformed entry")
	}
	return nil
}

// headAt reads the number and generation of an object that nothing lists.
func (f *File) headAt(at int64) (entry, error) {
	e := entry{at: at, kind: kindUsed}
	err := f.parseAt(at, maxObjectBytes, func(p *parser) error {
		number, err := p.integer()
		if err != nil {
			return err
		}
		generation, err := p.integer()
		if err != nil {
			return err
		}
		if number > math.MaxInt32 || generation > math.MaxUint16 {
			return refuse(ReasonXref, "a malformed number")
		}
		e.number, e.extra = uint32(number), uint32(generation) //nolint:gosec // checked
		return nil
	})
	return e, err
}

// xrefStream reads a cross-reference stream (7.5.8).
func (f *File) xrefStream(at int64, limit int) (*section, error) {
	e, err := f.headAt(at)
	if ReasonOf(err) == ReasonSyntax {
		return nil, refuse(ReasonXref, "no cross-reference where one must be")
	}
	if err != nil {
		return nil, err
	}
	o, err := f.objectAt(e, maxChain) // its length must be direct: nothing can be looked up yet
	if err != nil {
		return nil, err
	}
	stream, ok := o.(*Stream)
	if !ok || stream.Dict["Type"] != Name("XRef") {
		return nil, refuse(ReasonXref, "no cross-reference where one must be")
	}
	data, err := f.decode(stream, maxDecoded, maxChain)
	if err != nil {
		return nil, err
	}
	return readXrefStream(stream.Dict, data, limit)
}

// widths are the sizes of the three fields.
func widths(d Dict) (w [3]int, err error) {
	a, ok := d["W"].(Array)
	if !ok || len(a) != len(w) {
		return w, refuse(ReasonXref, "a malformed W")
	}
	for i := range w {
		n, ok := a[i].(int64)
		if !ok || n < 0 || n > 8 {
			return w, refuse(ReasonXref, "a malformed W")
		}
		w[i] = int(n)
	}
	return w, nil
}

func readXrefStream(d Dict, data []byte, limit int) (*section, error) {
	w, err := widths(d)
	if err != nil {
		return nil, err
	}
	index, ok := d["Index"].(Array)
	if !ok {
		index = Array{int64(0), d["Size"]}
	}
	s := &section{trailer: d}
	for ; len(index) >= 2; index = index[2:] {
		first, ok1 := index[0].(int64)
		n, ok2 := index[1].(int64)
		if !ok1 || !ok2 || first < 0 || first > math.MaxInt32 || n < 0 {
			return nil, refuse(ReasonXref, "a malformed Index")
		}
		if n > int64(limit-len(s.entries)) {
			return nil, refuse(ReasonLimit, "more than %d objects", MaxObjects)
		}
		for i := range n {
			e := entry{number: uint32(first + i)}
			if data, err = e.unpack(data, w); err != nil {
				return nil, err
			}
			s.entries = append(s.entries, e)
		}
	}
	if len(index) > 0 || len(data) > 0 {
		return nil, refuse(ReasonXref, "a cross-reference stream of another length than it says")
	}
	return s, nil
}

// unpack reads one entry of a cross-reference stream.
func (e *entry) unpack(data []byte, w [3]int) ([]byte, error) {
	if len(data) < w[0]+w[1]+w[2] {
		return nil, refuse(ReasonXref, "a cross-reference stream of another length than it says")
	}
	var v [3]uint64
	v[0] = 1
	for i, n := range w {
		if n > 0 {
			v[i] = 0
		}
		for range n {
			v[i], data = v[i]<<8|uint64(data[0]), data[1:]
		}
	}
	if v[1] > math.MaxInt64 || v[2] > math.MaxUint32 {
		return nil, refuse(ReasonXref, "a place outside of the file")
	}
	e.at, e.extra = int64(v[1]), uint32(v[2]) //nolint:gosec // checked
	switch v[0] {
	case 0:
		e.kind = kindFree
	case 1:
		e.kind = kindUsed
	case 2:
		e.kind = kindPacked
	default:
		e.kind = kindFree // of a kind to come: null (7.5.8.3)
	}
	return data, nil
}
