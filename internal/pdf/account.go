package pdf

import (
	"cmp"
	"slices"
)

// accounting holds the octets of later revisions against what their cross-reference says.
type accounting struct {
	f       *File
	objects []entry // by place
	tables  []int64 // likewise
	limit   int
}

// account demands that every octet behind the signed revision belongs to one thing: an object that a later section of
// the cross-reference has, such a section, or the words around it. What lies between is not there for a reader that
// goes by the cross-reference, and is for one that repairs a file by searching it for objects.
func (d *comparison) account(later []*section) error {
	_, end, err := d.now.startxref(d.now.size)
	if err != nil {
		return err
	}
	a := &accounting{f: d.now, limit: MaxObjects}
	for _, s := range later {
		a.add(s, d.old.size)
	}
	slices.SortFunc(a.objects, func(x, y entry) int { return cmp.Compare(x.at, y.at) })
	slices.Sort(a.tables)
	for at := d.old.size; at < end && err == nil; {
		at, err = a.pass(at)
	}
	if ReasonOf(err) != "" {
		d.other("octets that belong to nothing")
		return nil
	}
	return err
}

// add takes in what a section has behind a place.
func (a *accounting) add(s *section, from int64) {
	for _, e := range s.entries {
		if e.kind == kindUsed && e.at >= from {
			a.objects = append(a.objects, e)
		}
	}
	a.tables = append(a.tables, s.at)
	if at, ok := s.trailer["XRefStm"].(int64); ok {
		a.tables = append(a.tables, at)
	}
}

// pass passes the next thing.
func (a *accounting) pass(at int64) (int64, error) {
	place, word, err := a.f.wordAt(at)
	if err != nil || word == "" {
		return place, err
	}
	i, _ := slices.BinarySearchFunc(a.objects, at, func(e entry, at int64) int { return cmp.Compare(e.at, at) })
	if i < len(a.objects) && a.objects[i].at <= place {
		return a.f.objectEnd(a.objects[i])
	}
	k, _ := slices.BinarySearch(a.tables, at)
	isSection := k < len(a.tables) && a.tables[k] <= place
	switch {
	case word == endOfFile:
		return place + int64(len(word)), nil
	case word == "startxref":
		return a.f.passAt(place, func(p *parser) error {
			if err := p.keyword(word); err != nil {
				return err
			}
			_, err := p.integer()
			return err
		})
	case word == "xref" && isSection:
		return a.f.passAt(place, func(p *parser) error {
			_, err := p.table(a.limit)
			return err
		})
	case isSection: // a stream that does not list itself
		e, err := a.f.headAt(place)
		if err != nil {
			return 0, err
		}
		return a.f.objectEnd(e)
	}
	return 0, refuse(ReasonSyntax, "what is no object")
}

const endOfFile = "%%EOF"

// wordAt passes white space, and gives the place and the word that stands there; empty: the file ends, or no word does.
func (f *File) wordAt(at int64) (place int64, word string, err error) {
	_, err = f.passAt(at, func(p *parser) error {
		p.skip()
		place = p.base + int64(p.i)
		if rest := p.b[p.i:]; len(rest) >= len(endOfFile) && string(rest[:len(endOfFile)]) == endOfFile {
			word = endOfFile
			return nil
		}
		if p.i == len(p.b) && p.last {
			return nil
		}
		if word, err = p.word(); err == nil && word == "" {
			return refuse(ReasonSyntax, "what is no word")
		}
		return err
	})
	return place, word, err
}

// passAt parses what stands at a place, with nothing but white space between words, and gives where it ends.
func (f *File) passAt(at int64, parse func(p *parser) error) (end int64, err error) {
	err = f.parseAt(at, 2*maxObjectBytes, func(p *parser) error {
		p.bare = true
		err := parse(p)
		end = p.base + int64(p.i)
		return err
	})
	return end, err
}

// objectEnd is where the object of an entry ends.
func (f *File) objectEnd(e entry) (int64, error) {
	o, end, err := f.readObject(e, 0)
	if err != nil {
		return 0, err
	}
	s, ok := o.(*Stream)
	if !ok {
		return end, nil
	}
	return f.passAt(s.at+s.size, func(p *parser) error {
		if err := p.keyword("endstream"); err != nil {
			return err
		}
		return p.keyword("endobj")
	})
}
