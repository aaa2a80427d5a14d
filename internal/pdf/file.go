package pdf

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
)

// File is a PDF, or the revision of one that a signature covers. It is not safe for concurrent use.
type File struct {
	r        io.ReaderAt
	size     int64
	sections []*section // newest first
	packed   []*objectStream
	work     *int64 // octets that may still be read; shared by the revisions of a file

	tolerances Tolerances
}

// Tolerances are departures from the standard that are known of products and that were let pass.
type Tolerances struct {
	HeaderOffset bool // something precedes the header
	Tail         bool // something but an end of line follows the last %%EOF
}

// Names are the names of those found.
func (t Tolerances) Names() []string {
	var names []string
	if t.HeaderOffset {
		names = append(names, "header-offset")
	}
	if t.Tail {
		names = append(names, "octets-behind-end")
	}
	return names
}

const (
	headerWithin = 1024
	tailWithin   = 1024
)

// Open reads the cross-reference of a file. r is read later too. An error of r is returned as it is.
func Open(r io.ReaderAt, size int64) (*File, error) {
	work := int64(maxWork)
	f := &File{r: r, size: size, work: &work}
	head, err := f.read(0, headerWithin)
	if err != nil {
		return nil, err
	}
	at := bytes.Index(head, []byte("%PDF-"))
	if at < 0 {
		return nil, refuse(ReasonHeader, "no header within the first %d octets", headerWithin)
	}
	f.tolerances.HeaderOffset = at > 0
	start, end, err := f.startxref(size)
	if err != nil {
		return nil, err
	}
	rest, err := f.read(end, tailWithin)
	if err != nil {
		return nil, err
	}
	f.tolerances.Tail = len(bytes.Trim(rest, "\r\n")) > 0
	if err := f.readSections(start); err != nil {
		return nil, err
	}
	return f, nil
}

// Tolerances are the departures from the standard that were let pass.
func (f *File) Tolerances() Tolerances { return f.tolerances }

// Size is the size of the file or revision.
func (f *File) Size() int64 { return f.size }

// read reads up to n octets.
func (f *File) read(at int64, n int) ([]byte, error) {
	if at < 0 || at > f.size {
		return nil, refuse(ReasonXref, "a place outside of the file")
	}
	b := make([]byte, min(int64(n), f.size-at))
	if err := f.spend(len(b)); err != nil {
		return nil, err
	}
	if len(b) == 0 {
		return b, nil
	}
	if got, err := f.r.ReadAt(b, at); got < len(b) {
		return nil, fmt.Errorf("reading the file: %w", err)
	}
	return b, nil
}

// spend counts the work on a file.
func (f *File) spend(octets int) error {
	if *f.work -= int64(octets); *f.work < 0 {
		*f.work = 0
		return refuse(ReasonLimit, "more work than a document is worth")
	}
	return nil
}

// startxref reads where the cross-reference of the file that ends at size begins, and where its %%EOF ends.
func (f *File) startxref(size int64) (start, end int64, err error) {
	from := max(size-tailWithin, 0)
	tail, err := f.read(from, int(size-from))
	if err != nil {
		return 0, 0, err
	}
	at := bytes.LastIndex(tail, []byte("startxref"))
	if at < 0 {
		return 0, 0, refuse(ReasonXref, "no startxref at the end of the file")
	}
	p := &parser{b: tail, i: at + len("startxref"), last: true, bare: true}
	if start, err = p.integer(); err != nil {
		return 0, 0, err
	}
	for p.i < len(p.b) && isSpace(p.b[p.i]) {
		p.i++
	}
	if start == 0 { // where the header is; and no section could name it as the one before
		return 0, 0, refuse(ReasonXref, "a cross-reference at the beginning of the file")
	}
	if !bytes.HasPrefix(tail[p.i:], []byte(endOfFile)) {
		return 0, 0, refuse(ReasonXref, "no %%%%EOF behind startxref")
	}
	return start, from + int64(p.i) + int64(len(endOfFile)), nil
}

// parseAt parses what stands at a place, with as many octets as that takes.
func (f *File) parseAt(at int64, limit int, parse func(p *parser) error) error {
	for n := 1 << 9; ; n *= 8 {
		n = min(n, limit)
		b, err := f.read(at, n)
		if err != nil {
			return err
		}
		err = parse(&parser{b: b, base: at, last: at+int64(len(b)) == f.size})
		if !errors.Is(err, errShort) {
			return err
		}
		if n == limit {
			return refuse(ReasonLimit, "an object of more than %d octets", limit)
		}
	}
}

// maxChain is how many references may lead to one another before an object comes.
const maxChain = 8

// Resolve follows references. What is free or absent is null (7.3.10).
func (f *File) Resolve(o Object) (Object, error) { return f.resolve(o, 0) }

func (f *File) resolve(o Object, depth int) (Object, error) {
	for {
		r, ok := o.(Ref)
		if !ok {
			return o, nil
		}
		if depth++; depth > maxChain {
			return nil, refuse(ReasonStructure, "references that lead in a circle")
		}
		var err error
		if o, err = f.load(r, depth); err != nil {
			return nil, err
		}
	}
}

func (f *File) load(r Ref, depth int) (Object, error) {
	e, ok := f.lookup(r.Number)
	switch {
	case !ok || e.kind == kindFree:
		return nil, nil
	case e.kind == kindPacked:
		if r.Generation != 0 {
			return nil, nil
		}
		return f.unpack(e, depth)
	case e.extra != uint32(r.Generation):
		return nil, nil
	}
	return f.objectAt(e, depth)
}

// objectAt reads the object that an entry points to.
func (f *File) objectAt(e entry, depth int) (Object, error) {
	o, _, err := f.readObject(e, depth)
	return o, err
}

// readObject reads an object, and gives where it ends if it is no stream.
func (f *File) readObject(e entry, depth int) (Object, int64, error) {
	var out Object
	var end int64
	var data int64 = -1
	err := f.parseAt(e.at, maxObjectBytes, func(p *parser) error {
		o, err := p.indirect(e)
		if err != nil {
			return err
		}
		out, data = o, -1
		p.skip()
		word, err := p.word()
		if err != nil {
			return err
		}
		end = p.base + int64(p.i)
		switch _, isDict := o.(Dict); {
		case word == "endobj":
			return nil
		case word == "stream" && isDict:
			data, err = p.streamStart()
			return err
		}
		return refuse(ReasonSyntax, "object %d does not end", e.number)
	})
	if err != nil || data < 0 {
		return out, end, err
	}
	d, _ := out.(Dict)
	out, err = f.streamAt(d, data, depth)
	return out, 0, err
}

// indirect reads "n g obj" and the object, up to its end.
func (p *parser) indirect(e entry) (Object, error) {
	number, err := p.integer()
	if err != nil {
		return nil, err
	}
	generation, err := p.integer()
	if err != nil {
		return nil, err
	}
	if err := p.keyword("obj"); err != nil {
		return nil, err
	}
	if number != int64(e.number) || generation != int64(e.extra) {
		return nil, refuse(ReasonSyntax, "object %d is not where the cross-reference says", e.number)
	}
	return p.object(0)
}

// streamStart passes the end of line behind "stream" and gives the place of the data.
func (p *parser) streamStart() (int64, error) {
	if p.i+1 >= len(p.b) {
		return 0, p.end()
	}
	if p.b[p.i] == '\r' {
		p.i++
	}
	if p.b[p.i] != '\n' {
		return 0, refuse(ReasonSyntax, "a stream that does not start on a line of its own")
	}
	p.i++
	return p.base + int64(p.i), nil
}

// streamAt checks where a stream ends.
func (f *File) streamAt(d Dict, at int64, depth int) (Object, error) {
	length, err := f.resolve(d["Length"], depth+1)
	if err != nil {
		return nil, err
	}
	n, ok := length.(int64)
	if !ok || n < 0 || n > f.size-at {
		return nil, refuse(ReasonSyntax, "a stream without its length")
	}
	tail, err := f.read(at+n, len("\r\nendstream "))
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(bytes.TrimLeft(tail, "\r\n"), []byte("endstream")) {
		return nil, refuse(ReasonSyntax, "a stream that does not end where its length says")
	}
	return &Stream{Dict: d, at: at, size: n}, nil
}

// dict resolves an object that must be a dictionary; absent: nil.
func (f *File) dict(o Object) (Dict, error) {
	o, err := f.Resolve(o)
	if err != nil || o == nil {
		return nil, err
	}
	d, ok := o.(Dict)
	if !ok {
		return nil, refuse(ReasonStructure, "something else where a dictionary must be")
	}
	return d, nil
}

// array resolves an object that must be an array; absent: nil.
func (f *File) array(o Object) (Array, error) {
	o, err := f.Resolve(o)
	if err != nil || o == nil {
		return nil, err
	}
	a, ok := o.(Array)
	if !ok {
		return nil, refuse(ReasonStructure, "something else where an array must be")
	}
	return a, nil
}

// Trailer is the trailer of the newest section.
func (f *File) Trailer() Dict { return f.sections[0].trailer }

// catalog is the root of the document.
func (f *File) catalog() (Dict, error) {
	if _, ok := f.Trailer()["Root"].(Ref); !ok {
		return nil, refuse(ReasonStructure, "no catalog")
	}
	d, err := f.dict(f.Trailer()["Root"])
	if err == nil && d == nil {
		err = refuse(ReasonStructure, "no catalog")
	}
	return d, err
}

// next is the first number that no object has and that nothing declares.
func (f *File) next() (uint32, error) {
	var n int64
	for _, s := range f.sections {
		size, _ := s.trailer["Size"].(int64)
		n = max(n, size)
		if len(s.entries) > 0 {
			n = max(n, int64(s.entries[len(s.entries)-1].number)+1)
		}
	}
	if n > math.MaxInt32 {
		return 0, refuse(ReasonLimit, "object numbers")
	}
	return uint32(n), nil
}
