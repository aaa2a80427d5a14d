package pdf

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What a value is (12.8.3.3, ETSI EN 319 142-1, 5.4, 6.2).
const (
	FilterDetached  Name = "adbe.pkcs7.detached"
	FilterCAdES     Name = "ETSI.CAdES.detached"
	FilterSHA1      Name = "adbe.pkcs7.sha1"
	FilterTimestamp Name = "ETSI.RFC3161"
	FilterX509      Name = "adbe.x509.rsa_sha1"
)

// Signature is a signed field.
type Signature struct {
	Field       string
	Type        Name // Sig, DocTimeStamp or empty
	Filter      Name
	SubFilter   Name
	Contents    []byte    // the value with its padding
	Time        time.Time // M; zero: there is none, or none that can be read
	Permissions Permissions

	length int64 // of the first range
	second int64 // start of the second
	end    int64 // of the second range
	err    error // what is wrong with the ranges
	holder Ref   // the object that the value stands in
}

// End is where the revision ends that the signature covers.
func (s *Signature) End() int64 { return s.end }

// CheckRange tells whether ByteRange is one whole revision of the file but the value: from its first octet, around
// exactly the string of the value, up to the end. Anything else leaves room that can be filled later.
func (s *Signature) CheckRange() error { return s.err }

// Value is the signature value without the zeros that fill the rest of the place for it.
func (s *Signature) Value() ([]byte, error) {
	n, ok := derLength(s.Contents)
	if !ok {
		return nil, refuse(ReasonSignature, "a value that is not in DER")
	}
	if len(bytes.Trim(s.Contents[n:], "\x00")) > 0 {
		return nil, refuse(ReasonPadding, "something behind the signature value")
	}
	return s.Contents[:n], nil
}

// derLength is the length of a SEQUENCE with its head.
func derLength(b []byte) (int, bool) {
	if len(b) < 2 || b[0] != 0x30 {
		return 0, false
	}
	n, head := int(b[1]), 2
	if b[1] >= 0x80 {
		count := int(b[1] & 0x7f)
		if count == 0 || count > 4 || len(b) < 2+count {
			return 0, false
		}
		n, head = 0, 2+count
		for _, c := range b[2:head] {
			n = n<<8 | int(c)
		}
	}
	return head + n, n >= 0 && n <= len(b)-head
}

// Covered are the octets that the signature covers, and how many.
func (f *File) Covered(s *Signature) (io.ReaderAt, int64) {
	return &ranges{f.r, s}, s.length + s.end - s.second
}

// ranges reads the two ranges as if they were one.
type ranges struct {
	r io.ReaderAt
	s *Signature
}

// ReadAt reads from the first range and goes on in the second.
func (r *ranges) ReadAt(b []byte, at int64) (int, error) {
	if at < 0 {
		return 0, errors.New("pdf: negative place")
	}
	n := 0
	if at < r.s.length {
		n = int(min(int64(len(b)), r.s.length-at))
		if got, err := r.r.ReadAt(b[:n], at); got < n {
			return got, err
		}
	}
	rest := b[n:]
	from := r.s.second + at + int64(n) - r.s.length
	want := int(min(int64(len(rest)), max(r.s.end-from, 0)))
	if want > 0 {
		if got, err := r.r.ReadAt(rest[:want], from); got < want {
			return n + got, err
		}
	}
	if n += want; n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// Signatures are the signed fields in the order of what they cover. One whose ranges are wrong is among them.
func (f *File) Signatures() ([]*Signature, error) {
	fields, err := f.SignatureFields()
	if err != nil {
		return nil, err
	}
	var list []*Signature
	seen := map[Ref]bool{}
	for _, field := range fields {
		d, err := f.dict(field.Dict["V"])
		if err != nil {
			return nil, err
		}
		if d == nil {
			continue
		}
		s, err := f.signature(field, d)
		if err != nil {
			return nil, err
		}
		if seen[s.holder] || len(list) >= MaxSignatures {
			return nil, refuse(ReasonSignature, "one value in two fields, or more than %d", MaxSignatures)
		}
		seen[s.holder] = true
		list = append(list, s)
	}
	slices.SortStableFunc(list, func(a, b *Signature) int { return cmp.Compare(a.end, b.end) })
	return list, nil
}

func (f *File) signature(field Field, d Dict) (*Signature, error) {
	s := &Signature{Field: field.Name, holder: field.Ref}
	if r, ok := field.Dict["V"].(Ref); ok {
		s.holder = r
	}
	for key, to := range map[Name]*Name{"Type": &s.Type, "Filter": &s.Filter, "SubFilter": &s.SubFilter} {
		o, err := f.Resolve(d[key])
		if err != nil {
			return nil, err
		}
		*to, _ = o.(Name)
	}
	if m, err := f.Resolve(d["M"]); err != nil {
		return nil, err
	} else if text, ok := m.(*String); ok {
		s.Time, _ = ParseDate(Text(text.Value))
	}
	var err error
	if s.Permissions, err = f.readPermissions(field.Dict, d); err != nil {
		return nil, err
	}
	contents, ok := d["Contents"].(*String)
	if ok {
		s.Contents = contents.Value
	}
	s.err = f.readRange(s, d)
	if ReasonOf(s.err) == "" && s.err != nil {
		return nil, s.err
	}
	return s, nil
}

// readRange reads ByteRange and holds it against the place of the value and the end of a revision.
func (f *File) readRange(s *Signature, d Dict) error {
	n, err := f.byteRange(d)
	if err != nil {
		return err
	}
	s.length, s.second, s.end = n[1], n[2], n[2]+n[3]
	contents, ok := d["Contents"].(*String)
	switch {
	case n[0] != 0:
		return refuse(ReasonRange, "the first octet is not covered")
	case s.end > f.size:
		return refuse(ReasonRange, "ByteRange is not within the file")
	case n[1] > n[2]:
		return refuse(ReasonRange, "the ranges overlap")
	case !ok || !contents.Hex || contents.from < 0:
		return refuse(ReasonRange, "the value is not written as a string of hexadecimal digits")
	case contents.from != n[1] || contents.to != n[2]:
		return refuse(ReasonRange, "the gap is not the value")
	case s.holder == Ref{}:
		return refuse(ReasonRange, "the value stands in no object of its own")
	}
	return f.checkHolder(s)
}

// checkHolder: the value must be in the revision that it covers, and there is no other in its place now.
func (f *File) checkHolder(s *Signature) error {
	revision, err := f.Revision(s.end)
	if err != nil {
		return err
	}
	signed, ok := revision.lookup(s.holder.Number)
	if now, _ := f.lookup(s.holder.Number); !ok || signed != now {
		return refuse(ReasonRange, "the value is not in the revision that it covers")
	}
	return nil
}

// byteRange reads the four numbers.
func (f *File) byteRange(d Dict) (n [4]int64, err error) {
	a, ok := d["ByteRange"].(Array)
	if !ok || len(a) != len(n) {
		return n, refuse(ReasonRange, "ByteRange is not four numbers")
	}
	for i, o := range a {
		if n[i], ok = o.(int64); !ok || n[i] < 0 || n[i] > f.size {
			return n, refuse(ReasonRange, "ByteRange is not within the file")
		}
	}
	return n, nil
}

// Revision is the file as it was when it ended there.
func (f *File) Revision(end int64) (*File, error) {
	start, eof, err := f.startxref(end)
	if ReasonOf(err) != "" {
		return nil, refuse(ReasonRange, "what is covered does not end as a file does")
	}
	if err != nil {
		return nil, err
	}
	rest, err := f.read(eof, int(min(end-eof, tailWithin)))
	if err != nil {
		return nil, err
	}
	if len(bytes.Trim(rest, "\r\n")) > 0 {
		return nil, refuse(ReasonRange, "what is covered does not end as a file does")
	}
	i := slices.IndexFunc(f.sections, func(s *section) bool { return s.at == start })
	if i < 0 {
		return nil, refuse(ReasonRange, "what is covered is no revision of this file")
	}
	return &File{r: f.r, size: end, sections: f.sections[i:], work: f.work}, nil
}

// ParseDate reads a date (7.9.4): D:YYYYMMDDHHmmSSOHH'mm', of which all behind the year may be missing. Without a zone
// it is taken as UTC.
func ParseDate(s string) (time.Time, error) {
	const full = "D:00000101000000"
	bad := refuse(ReasonSyntax, "a malformed date")
	if len(s) < len("D:0000") || s[:2] != "D:" {
		return time.Time{}, bad
	}
	digits := 2
	for digits < len(s) && digits < len(full) && s[digits] >= '0' && s[digits] <= '9' {
		digits++
	}
	if digits < len("D:0000") || digits%2 != 0 {
		return time.Time{}, bad
	}
	at, err := time.Parse("D:20060102150405", s[:digits]+full[digits:])
	if err != nil {
		return time.Time{}, bad
	}
	offset, ok := parseZone(strings.ReplaceAll(s[digits:], "'", ""))
	if !ok {
		return time.Time{}, bad
	}
	return at.Add(-offset), nil
}

// parseZone reads how far a zone is ahead of UTC: nothing, Z, or sign, hours and perhaps minutes.
func parseZone(zone string) (time.Duration, bool) {
	if zone == "" || zone[0] == 'Z' {
		return 0, true
	}
	if len(zone) == len("+08") {
		zone += "00"
	}
	n, err := strconv.ParseUint(zone[1:], 10, 16)
	if err != nil || len(zone) != len("+0800") || n/100 > 23 || n%100 > 59 {
		return 0, false
	}
	offset := time.Duration(n/100)*time.Hour + time.Duration(n%100)*time.Minute
	if zone[0] == '-' {
		offset = -offset
	}
	return offset, zone[0] == '+' || zone[0] == '-'
}
