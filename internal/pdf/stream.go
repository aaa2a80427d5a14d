package pdf

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"
	"math"
)

// Data reads a stream into memory, decoded: not filtered or with FlateDecode (7.4.4).
func (f *File) Data(s *Stream, limit int) ([]byte, error) {
	return f.decode(s, min(limit, maxDecoded), 0)
}

func (f *File) decode(s *Stream, limit, depth int) ([]byte, error) {
	if s.size > maxRawStream {
		return nil, refuse(ReasonLimit, "a stream of more than %d octets", maxRawStream)
	}
	raw, err := f.read(s.at, int(s.size))
	if err != nil {
		return nil, err
	}
	filter, parameters, err := f.filterOf(s.Dict, depth)
	switch {
	case err != nil:
		return nil, err
	case filter == "" && len(raw) > limit:
		return nil, refuse(ReasonLimit, "a stream of more than %d octets", limit)
	case filter == "":
		return raw, nil
	case filter != "FlateDecode":
		return nil, refuse(ReasonStream, "a stream with the filter %q", filter)
	}
	data, err := inflate(raw, limit)
	if err != nil {
		return nil, errors.Join(err, f.spend(limit))
	}
	if err := f.spend(len(data)); err != nil {
		return nil, err
	}
	return unpredict(data, parameters)
}

// filterOf is the one filter of a stream; empty: none.
func (f *File) filterOf(d Dict, depth int) (Name, Dict, error) {
	filter, err := f.resolve(d["Filter"], depth)
	if err != nil {
		return "", nil, err
	}
	parameters, err := f.resolve(d["DecodeParms"], depth)
	if err != nil {
		return "", nil, err
	}
	if a, ok := filter.(Array); ok {
		if len(a) == 0 {
			return "", nil, nil
		}
		if len(a) > 1 {
			return "", nil, refuse(ReasonStream, "a stream with several filters")
		}
		filter = a[0]
	}
	if a, ok := parameters.(Array); ok && len(a) > 0 {
		if parameters, err = f.resolve(a[0], depth); err != nil {
			return "", nil, err
		}
	}
	p, _ := parameters.(Dict)
	switch n := filter.(type) {
	case nil:
		return "", nil, nil
	case Name:
		return n, p, nil
	default:
		return "", nil, refuse(ReasonStream, "a malformed filter")
	}
}

func inflate(raw []byte, limit int) ([]byte, error) {
	z, err := zlib.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, refuse(ReasonStream, "a stream that is not deflated")
	}
	var out bytes.Buffer
	n, err := io.Copy(&out, io.LimitReader(z, int64(limit)+1))
	switch {
	case n > int64(limit):
		return nil, refuse(ReasonLimit, "a stream that grows to more than %d octets", limit)
	case err != nil && !errors.Is(err, io.EOF):
		return nil, refuse(ReasonStream, "a damaged stream")
	}
	return out.Bytes(), nil
}

// unpredict undoes the PNG predictors (7.4.4.4), for octets in one colour.
func unpredict(data []byte, d Dict) ([]byte, error) {
	predictor := intOr(d["Predictor"], 1)
	if predictor == 1 {
		return data, nil
	}
	columns := intOr(d["Columns"], 1)
	if predictor < 10 || predictor > 15 || intOr(d["Colors"], 1) != 1 || intOr(d["BitsPerComponent"], 8) != 8 ||
		columns < 1 || columns > math.MaxUint16 || len(data)%int(columns+1) != 0 {
		return nil, refuse(ReasonStream, "a predictor of another kind")
	}
	n := int(columns)
	above := make([]byte, n)
	out := make([]byte, 0, len(data))
	for ; len(data) > 0; data = data[n+1:] {
		row := data[1 : n+1]
		if err := unfilter(data[0], row, above); err != nil {
			return nil, err
		}
		out = append(out, row...)
		above = row
	}
	return out, nil
}

// unfilter undoes the filter of one row in place.
func unfilter(filter byte, row, above []byte) error {
	var left, corner byte
	for i := range row {
		up := above[i]
		switch filter {
		case 0:
		case 1:
			row[i] += left
		case 2:
			row[i] += up
		case 3:
			row[i] += byte((int(left) + int(up)) / 2) //nolint:gosec // the mean of two octets
		case 4:
			row[i] += paeth(left, up, corner)
		default:
			return refuse(ReasonStream, "an unknown predictor")
		}
		left, corner = row[i], up
	}
	return nil
}

// paeth is the predictor of that name (PNG, 9.4).
func paeth(left, up, corner byte) byte {
	p := int(left) + int(up) - int(corner)
	l, u, c := distance(p, left), distance(p, up), distance(p, corner)
	switch {
	case l <= u && l <= c:
		return left
	case u <= c:
		return up
	default:
		return corner
	}
}

func distance(p int, b byte) int { return max(p-int(b), int(b)-p) }

func intOr(o Object, standard int64) int64 {
	if n, ok := o.(int64); ok {
		return n
	}
	return standard
}

// objectStream is a decoded object stream (7.5.7).
type objectStream struct {
	number uint32
	at     int64
	data   []byte
	index  []packedObject
}

type packedObject struct {
	number uint32
	from   int
}

// Limits of object streams.
const (
	maxObjectStream = 4 << 20
	keptStreams     = 64
	keptOctets      = 8 << 20
)

// unpack reads an object from its object stream.
func (f *File) unpack(e entry, depth int) (Object, error) {
	s, err := f.objectStream(e, depth)
	if err != nil {
		return nil, err
	}
	if int64(e.extra) >= int64(len(s.index)) || s.index[e.extra].number != e.number {
		return nil, refuse(ReasonSyntax, "object %d is not where the cross-reference says", e.number)
	}
	p := &parser{b: s.data, i: s.index[e.extra].from, base: -1, last: true}
	o, err := p.object(0)
	if _, isRef := o.(Ref); isRef {
		return nil, refuse(ReasonSyntax, "a reference in an object stream")
	}
	return o, err
}

// objectStream reads the object stream of an entry; the last few are kept.
func (f *File) objectStream(e entry, depth int) (*objectStream, error) {
	outer, ok := entry{}, false
	if e.at <= math.MaxUint32 {
		outer, ok = f.lookup(uint32(e.at)) //nolint:gosec // checked
	}
	if !ok || outer.kind != kindUsed {
		return nil, refuse(ReasonSyntax, "object %d is in no object stream", e.number)
	}
	for _, s := range f.packed {
		if s.at == outer.at {
			return s, nil
		}
	}
	o, err := f.objectAt(outer, depth+1)
	if err != nil {
		return nil, err
	}
	stream, ok := o.(*Stream)
	if !ok || stream.Dict["Type"] != Name("ObjStm") {
		return nil, refuse(ReasonSyntax, "object %d is in no object stream", e.number)
	}
	s := &objectStream{number: outer.number, at: outer.at}
	if s.data, err = f.decode(stream, maxObjectStream, depth+1); err != nil {
		return nil, err
	}
	if err := s.readIndex(stream.Dict); err != nil {
		return nil, err
	}
	f.keep(s)
	return s, nil
}

// keep keeps an object stream and forgets the oldest.
func (f *File) keep(s *objectStream) {
	f.packed = append(f.packed, s)
	size := 0
	for _, p := range f.packed {
		size += len(p.data)
	}
	for len(f.packed) > keptStreams || size > keptOctets && len(f.packed) > 1 {
		size -= len(f.packed[0].data)
		f.packed = f.packed[1:]
	}
}

func (s *objectStream) readIndex(d Dict) error {
	n, first := intOr(d["N"], -1), intOr(d["First"], -1)
	if n < 0 || n > maxElements || first < 0 || first > int64(len(s.data)) {
		return refuse(ReasonStream, "a malformed object stream")
	}
	p := &parser{b: s.data[:first], last: true}
	for range n {
		number, err := p.integer()
		if err != nil {
			return err
		}
		from, err := p.integer()
		if err != nil {
			return err
		}
		if number > math.MaxUint32 || from > int64(len(s.data))-first {
			return refuse(ReasonStream, "a malformed object stream")
		}
		s.index = append(s.index, packedObject{uint32(number), int(from + first)}) //nolint:gosec // checked
	}
	return nil
}
