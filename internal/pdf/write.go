package pdf

import (
	"bytes"
	"encoding/hex"
	"math"
	"slices"
	"strconv"
	"unicode/utf16"
)

// NewText is a text string: ASCII as it is, anything else in UTF-16 (7.9.2.2).
func NewText(s string) *String {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			b := []byte{0xfe, 0xff}
			for _, u := range utf16.Encode([]rune(s)) {
				b = append(b, byte(u>>8), byte(u)) //nolint:gosec // the two halves
			}
			return &String{Value: b, Hex: true}
		}
	}
	return &String{Value: []byte(s)}
}

// AppendObject writes an object. A dictionary is written in the order of its keys, so that the same object gives the
// same octets.
func AppendObject(b []byte, o Object) ([]byte, error) {
	switch x := o.(type) {
	case nil:
		return append(b, "null"...), nil
	case bool:
		return strconv.AppendBool(b, x), nil
	case int64:
		return strconv.AppendInt(b, x, 10), nil
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, refuse(ReasonInput, "a number that is none")
		}
		return appendReal(b, x), nil
	case Name:
		return appendName(b, x), nil
	case *String:
		return appendString(b, x), nil
	case Ref:
		b = strconv.AppendUint(b, uint64(x.Number), 10)
		b = strconv.AppendUint(append(b, ' '), uint64(x.Generation), 10)
		return append(b, " R"...), nil
	case Array:
		return appendArray(b, x)
	case Dict:
		return appendDict(b, x)
	default:
		return nil, refuse(ReasonInput, "an object that is not written here")
	}
}

// appendReal writes a real as a real, with a point: as an integer it would be another object, and whoever compares what
// was signed with what is there would find it changed.
func appendReal(b []byte, x float64) []byte {
	from := len(b)
	b = strconv.AppendFloat(b, x, 'f', -1, 64)
	if bytes.IndexByte(b[from:], '.') < 0 {
		b = append(b, ".0"...)
	}
	return b
}

func appendArray(b []byte, a Array) ([]byte, error) {
	b = append(b, '[')
	var err error
	for i, e := range a {
		if i > 0 {
			b = append(b, ' ')
		}
		if b, err = AppendObject(b, e); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

func appendDict(b []byte, d Dict) ([]byte, error) {
	keys := make([]Name, 0, len(d))
	for k := range d {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	b = append(b, "<<"...)
	var err error
	for _, k := range keys {
		b = append(appendName(b, k), ' ')
		if b, err = AppendObject(b, d[k]); err != nil {
			return nil, err
		}
	}
	return append(b, ">>"...), nil
}

func appendName(b []byte, n Name) []byte {
	b = append(b, '/')
	for i := range len(n) {
		if c := n[i]; c > ' ' && c <= '~' && c != '#' && isRegular(c) {
			b = append(b, c)
		} else {
			b = append(b, '#')
			b = hex.AppendEncode(b, []byte{c})
		}
	}
	return b
}

func appendString(b []byte, s *String) []byte {
	if s.Hex {
		return append(hex.AppendEncode(append(b, '<'), s.Value), '>')
	}
	b = append(b, '(')
	for _, c := range s.Value {
		switch {
		case c == '(' || c == ')' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ' || c > '~':
			b = append(b, '\\', '0'+c>>6, '0'+c>>3&7, '0'+c&7)
		default:
			b = append(b, c)
		}
	}
	return append(b, ')')
}

// Update is an incremental update in the making (7.5.6).
type Update struct {
	f       *File
	next    uint32
	absent  map[uint32]bool // numbers from next on that the document names
	uses    map[uint32]int  // references to each object
	objects []written
	clash   bool // an object was to become two things
}

type written struct {
	ref       Ref
	object    Object
	data      []byte // of a stream; nil: it is none
	signature int    // octets of the place for a value; 0: it is no signature
}

// NewUpdate starts an update. A file with an object that is not where its cross-reference says is refused: its
// signature would be refused too.
func (f *File) NewUpdate() (*Update, error) {
	next, err := f.next()
	if err != nil {
		return nil, err
	}
	if err := f.leavesRoom(); err != nil {
		return nil, err
	}
	u := &Update{f: f, next: max(next, 1), absent: map[uint32]bool{}, uses: map[uint32]int{}}
	if err := u.countReferences(); err != nil {
		return nil, err
	}
	return u, nil
}

// maxAdded is how many entries an update is left room for.
const maxAdded = 1 << 10

// leavesRoom refuses a file that an update would take over the limits of what is read.
func (f *File) leavesRoom() error {
	entries := 0
	for _, s := range f.sections {
		entries += len(s.entries)
	}
	if len(f.sections) >= MaxRevisions || entries > MaxObjects-maxAdded {
		return refuse(ReasonLimit, "no room for another revision")
	}
	return nil
}

// countReferences counts what refers to each object, and keeps new objects off the numbers that the document names and
// does not have: a new object would be taken for a field, an annotation or what is drawn.
func (u *Update) countReferences() error {
	note := func(r Ref) {
		u.uses[r.Number]++
		if r.Number >= u.next {
			u.absent[r.Number] = true
		}
	}
	references(u.f.Trailer(), note)
	return u.f.eachObject(func(o Object, err error) error {
		references(o, note)
		return err
	})
}

func (u *Update) add(w written) Ref {
	w.ref = Ref{Number: u.number()}
	u.objects = append(u.objects, w)
	return w.ref
}

// number is the next that is free.
func (u *Update) number() uint32 {
	for u.absent[u.next] {
		u.next++
	}
	u.next++
	return u.next - 1
}

// Add adds a new object.
func (u *Update) Add(o Object) Ref { return u.add(written{object: o}) }

// AddStream adds a new stream; its length is filled in.
func (u *Update) AddStream(d Dict, data []byte) Ref {
	d["Length"] = int64(len(data))
	return u.add(written{object: d, data: data})
}

// AddSignature adds a signature dictionary, to which ByteRange and Contents with place for a value of so many octets
// are added. There is one in an update.
func (u *Update) AddSignature(d Dict, octets int) Ref {
	return u.add(written{object: d, signature: octets})
}

// Replace gives an object a new content.
func (u *Update) Replace(r Ref, o Object) { u.put(written{ref: r, object: o}) }

// ReplaceStream gives a stream a new content; its length is filled in.
func (u *Update) ReplaceStream(r Ref, d Dict, data []byte) {
	d["Length"] = int64(len(data))
	u.put(written{ref: r, object: d, data: data})
}

func (u *Update) put(w written) {
	for i := range u.objects {
		if u.objects[i].ref == w.ref {
			u.clash = u.clash || !equal(u.objects[i].object, w.object) || w.data != nil
			u.objects[i] = w
			return
		}
	}
	u.objects = append(u.objects, w)
}

// oneEnd refuses an update in which what was written to one end of an object was lost to another: a page that is the
// form too.
func (u *Update) oneEnd() error {
	if u.clash {
		return refuse(ReasonStructure, "an object that serves two ends")
	}
	return nil
}

// own gives the reference to an object that serves this end alone, and may be changed in its place.
func (u *Update) own(o Object) (Ref, bool) {
	r, ok := o.(Ref)
	return r, ok && u.uses[r.Number] <= 1
}

// Appendix is what an update appends to the file.
type Appendix struct {
	Bytes    []byte
	from, to int // of the value, with its delimiters
	octets   int
}

// Covered is what of it a signature covers: all but its value.
func (a *Appendix) Covered() (before, after []byte) { return a.Bytes[:a.from], a.Bytes[a.to:] }

// SetValue puts the signature value into its place.
func (a *Appendix) SetValue(value []byte) error {
	if a.octets == 0 || len(value) > a.octets {
		return refuse(ReasonInput, "a value of %d octets where there is place for %d", len(value), a.octets)
	}
	hex.Encode(a.Bytes[a.from+1:], value)
	return nil
}

// rangeWidth is the width of a number in ByteRange, which is filled in at the end.
const rangeWidth = 10

// Finish writes the update: objects, cross-reference in the form that the file has, and trailer.
func (u *Update) Finish() (*Appendix, error) {
	a := &Appendix{Bytes: []byte{'\n'}}
	var entries []entry
	ranged := -1
	for _, w := range u.objects {
		entries = append(entries, entry{
			number: w.ref.Number, extra: uint32(w.ref.Generation), at: u.f.size + int64(len(a.Bytes)), kind: kindUsed,
		})
		b, err := appendIndirect(a.Bytes, w)
		if err != nil {
			return nil, err
		}
		if w.signature > 0 {
			if a.octets > 0 {
				return nil, refuse(ReasonInput, "two signatures in one update")
			}
			a.octets = w.signature
			b, ranged = a.placeValue(b)
		}
		a.Bytes = append(b, "\nendobj\n"...)
	}
	if err := u.crossReference(a, entries); err != nil {
		return nil, err
	}
	if ranged >= 0 {
		end := u.f.size + int64(len(a.Bytes))
		second := u.f.size + int64(a.to)
		for i, n := range []int64{0, u.f.size + int64(a.from), second, end - second} {
			text := strconv.FormatInt(n, 10)
			if len(text) > rangeWidth {
				return nil, refuse(ReasonLimit, "a file of %d octets", end)
			}
			copy(a.Bytes[ranged+i*(rangeWidth+1):], text)
		}
	}
	return a, nil
}

func appendIndirect(b []byte, w written) ([]byte, error) {
	b = strconv.AppendUint(b, uint64(w.ref.Number), 10)
	b = strconv.AppendUint(append(b, ' '), uint64(w.ref.Generation), 10)
	b, err := AppendObject(append(b, " obj\n"...), w.object)
	if err != nil || w.data == nil {
		return b, err
	}
	b = append(append(b, "\nstream\n"...), w.data...)
	return append(b, "\nendstream"...), nil
}

// placeValue adds ByteRange and Contents to the dictionary that was just written.
func (a *Appendix) placeValue(b []byte) ([]byte, int) {
	b = append(b[:len(b)-len(">>")], "/ByteRange ["...)
	ranged := len(b)
	b = append(b, bytes.Repeat([]byte{' '}, 4*(rangeWidth+1))...)
	b = append(b, "]/Contents "...)
	a.from = len(b)
	b = append(b, '<')
	b = append(b, bytes.Repeat([]byte{'0'}, 2*a.octets)...)
	b = append(b, '>')
	a.to = len(b)
	return append(b, ">>"...), ranged
}

// crossReference appends a section in the form of the newest one: readers know what they could read so far.
func (u *Update) crossReference(a *Appendix, entries []entry) error {
	start := u.f.size + int64(len(a.Bytes))
	old := u.f.Trailer()
	trailer := Dict{"Root": old["Root"], "Prev": u.f.sections[0].at}
	for _, k := range []Name{"Info", "ID"} {
		if old[k] != nil {
			trailer[k] = old[k]
		}
	}
	stream := old["Type"] == Name("XRef")
	var number uint32 // of the stream
	if stream {
		number = u.number()
		entries = append(entries, entry{number: number, at: start, kind: kindUsed})
	}
	trailer["Size"] = int64(u.next)
	slices.SortFunc(entries, func(a, b entry) int { return int(a.number) - int(b.number) })
	var err error
	if stream {
		err = a.appendXrefStream(trailer, entries, number)
	} else {
		err = a.appendXrefTable(trailer, entries)
	}
	if err != nil {
		return err
	}
	a.Bytes = append(a.Bytes, "\nstartxref\n"...)
	a.Bytes = strconv.AppendInt(a.Bytes, start, 10)
	a.Bytes = append(a.Bytes, "\n%%EOF\n"...)
	return nil
}

// runs calls f with each run of entries whose numbers follow one another.
func runs(entries []entry, f func(run []entry)) {
	for len(entries) > 0 {
		n := 1
		for n < len(entries) && entries[n].number == entries[n-1].number+1 {
			n++
		}
		f(entries[:n])
		entries = entries[n:]
	}
}

func (a *Appendix) appendXrefTable(trailer Dict, entries []entry) error {
	b := append(a.Bytes, "xref\n"...)
	runs(entries, func(run []entry) {
		b = strconv.AppendUint(b, uint64(run[0].number), 10)
		b = strconv.AppendInt(append(b, ' '), int64(len(run)), 10)
		b = append(b, '\n')
		for _, e := range run {
			b = appendPadded(b, e.at, 10)
			b = appendPadded(append(b, ' '), int64(e.extra), 5)
			b = append(b, " n \n"...)
		}
	})
	b, err := AppendObject(append(b, "trailer\n"...), trailer)
	a.Bytes = b
	return err
}

func appendPadded(b []byte, n int64, width int) []byte {
	text := strconv.FormatInt(n, 10)
	for range width - len(text) {
		b = append(b, '0')
	}
	return append(b, text...)
}

func (a *Appendix) appendXrefStream(d Dict, entries []entry, number uint32) error {
	index := Array{}
	var data []byte
	runs(entries, func(run []entry) {
		index = append(index, int64(run[0].number), int64(len(run)))
		for _, e := range run {
			data = append(data, 1)
			for shift := 32; shift >= 0; shift -= 8 {
				data = append(data, byte(e.at>>shift)) //nolint:gosec // one octet of it
			}
			data = append(data, byte(e.extra>>8), byte(e.extra)) //nolint:gosec // one octet of it
		}
	})
	d["Type"], d["Index"], d["W"] = Name("XRef"), index, Array{int64(1), int64(5), int64(2)}
	d["Length"] = int64(len(data))
	b, err := appendIndirect(a.Bytes, written{ref: Ref{Number: number}, object: d, data: data})
	if err != nil {
		return err
	}
	a.Bytes = append(b, "\nendobj"...)
	return nil
}
