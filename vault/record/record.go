// Package record turns the vault's signed texts into bytes and back: a licence's record, its events, receipts, status
// statements, batch certificates and audit entries. It holds no key, clock or storage.
//
// Every text is UTF-8 made of lines "name value…\n" in a fixed order (docs/formats.md shows each byte). A text is
// made once; what was signed is stored, hashed and handed out as it is, and parsing accepts exactly what the
// appending side can produce, so that two different byte strings never read as the same value.
//
// A record carries the metadata of GB/T 36903-2018 in the clear as far as it says nothing of a person, and the salted
// SM3 digest of every other element; values and salts lie beside it as disclosures, so that one element can be shown
// and proven alone.
package record

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/emmansun/gmsm/sm3"
)

// Limits of a record.
const (
	MaxBytes  = 64 << 10  // any text of this package
	MaxFields = 256       // field lines of one record, claims of one receipt
	MaxLine   = 4 << 10   // what follows the name on one line
	MaxNumber = 1<<53 - 1 // any number in a text: exact in JSON too
)

// ErrFormat is wrapped by every parse error of this package.
var ErrFormat = errors.New("record: malformed")

// Digest is an SM3 value (GB/T 32905-2016).
type Digest [32]byte

// Sum is the SM3 digest of b.
func Sum(b []byte) Digest { return sm3.Sum(b) }

// String is the digest in unpadded base64url, 43 characters.
func (d Digest) String() string { return base64.RawURLEncoding.EncodeToString(d[:]) }

// IsZero reports whether d is absent.
func (d Digest) IsZero() bool { return d == Digest{} }

// ParseDigest reads the form that String writes.
func ParseDigest(s string) (Digest, error) {
	var d Digest
	if len(s) != digestChars { // keeps Decode from writing past a digest
		return Digest{}, errDigest
	}
	n, err := digestEncoding.Decode(d[:], []byte(s))
	if err != nil || n != len(d) {
		return Digest{}, errDigest
	}
	return d, nil
}

const digestChars = 43

var (
	digestEncoding = base64.RawURLEncoding.Strict() // refuses bits beyond the 256th
	errDigest      = fmt.Errorf("%w: digest", ErrFormat)
)

// Mode says where the issuing department's key is kept.
type Mode string

// The two modes of signing that a record names.
const (
	Custody Mode = "custody" // behind a crypto.Signer of the vault's operator
	Remote  Mode = "remote"  // at the department, which signs the bytes that Reserve handed out
)

// Origin says how a version came to be.
type Origin string

// The origins of a version.
const (
	Issued    Origin = "issue"
	Converted Origin = "convert" // from the paper stock
	Changed   Origin = "change"
	Renewed   Origin = "renew"
	Reissued  Origin = "reissue" // new paper, same content
	Restored  Origin = "restore" // a former version set in force again
)

var origins = []Origin{Issued, Converted, Changed, Renewed, Reissued, Restored}

// Source is the provenance of a converted version: which row of which file it was read from.
type Source struct {
	File     Digest   // SM3 of the file as received
	Row      int      // row in the sheet, from 1
	Batch    string   // batch identifier
	Scans    []Digest // SM3 of each scan of the paper
	Derived  []string // elements computed from others by the mapping
	Constant []string // elements that the mapping set for the whole file
}

// Record is one version of a licence (证照) as the issuing department signed it.
type Record struct {
	Identifier  string // 电子证照标识, GB/T 36904-2018
	TypeCode    string // 证照类型代码, 21 characters
	TypeVersion int    // version of the type's definition in force when the record was made, from 1
	TypeName    string // 证照类型名称
	IssuerCode  string // 证照颁发机构代码
	IssuerName  string // 证照颁发机构
	HolderKind  string // 持证主体代码类型代码, 3 digits
	IssuedOn    Date   // 证照颁发日期
	ValidFrom   Date   // 证照有效期起始日期; zero: not stated
	ValidUntil  Date   // 证照有效期截止日期, inclusive; zero: 长期
	Previous    Digest // of the record of the version before; zero for the first
	Mode        Mode
	Signer      Digest // SM3 of the signing certificate's DER
	Origin      Origin
	Source      *Source // only with Converted
	Fields      []Field // in the order of the type
}

// Field is the commitment to one element.
type Field struct {
	Name   string
	Digest Digest
}

const recordHead = "elicense record v1"

// Append appends the record's bytes to b. The bytes are what the department signs.
func (r *Record) Append(b []byte) ([]byte, error) {
	w := writer{b: b, start: len(b)}
	w.head(recordHead)
	w.line("identifier", r.Identifier)
	w.open("type").word(r.TypeCode).number(r.TypeVersion).text(r.TypeName).end()
	w.open("issuer").word(r.IssuerCode).text(r.IssuerName).end()
	w.line("holder-kind", r.HolderKind)
	w.open("issued").date(r.IssuedOn).end()
	w.open("valid").date(r.ValidFrom).date(r.ValidUntil).end()
	w.optionalDigest("previous", r.Previous)
	w.open("signer").word(string(r.Mode)).digest(r.Signer).end()
	w.line("origin", string(r.Origin))
	if r.Source != nil {
		r.Source.append(&w)
	}
	for i := range r.Fields {
		w.open("field").word(r.Fields[i].Name).digest(r.Fields[i].Digest).end()
	}
	if w.err == nil {
		w.err = r.check()
	}
	return w.bytes()
}

func (s *Source) append(w *writer) {
	w.open("source").digest(s.File).number(s.Row).word(s.Batch).end()
	for _, d := range s.Scans {
		w.open("scan").digest(d).end()
	}
	for _, f := range s.Derived {
		w.line("derived", f)
	}
	for _, f := range s.Constant {
		w.line("constant", f)
	}
}

// Parse reads the bytes of a record.
func Parse(raw []byte) (*Record, error) {
	p := newParser(raw, recordHead)
	r := parseClear(p)
	r.Fields = parseFields(p)
	if err := p.end(); err != nil {
		return nil, err
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	return r, nil
}

// ParseClear reads what a record says in the clear and leaves Fields nil: for bytes that were held to be a record
// before and are known to be the same, at less than half the cost of Parse.
func ParseClear(raw []byte) (*Record, error) {
	p := newParser(raw, recordHead)
	r := parseClear(p)
	if p.err == nil && !p.next("field") {
		p.fail("expected field")
	}
	if p.err != nil {
		return nil, p.err
	}
	if err := r.checkClear(); err != nil {
		return nil, err
	}
	return r, nil
}

func parseClear(p *parser) *Record {
	r := &Record{}
	var version, from, until, mode, signer string
	r.Identifier = p.word("identifier")
	p.wordsAndText("type", &r.TypeCode, &version, &r.TypeName)
	r.TypeVersion = p.number(version)
	p.wordsAndText("issuer", &r.IssuerCode, &r.IssuerName)
	r.HolderKind = p.word("holder-kind")
	r.IssuedOn = p.date(p.word("issued"))
	p.words("valid", &from, &until)
	r.ValidFrom, r.ValidUntil = p.date(from), p.date(until)
	r.Previous = p.optionalDigest("previous")
	p.words("signer", &mode, &signer)
	r.Mode, r.Signer = Mode(mode), p.digest(signer)
	r.Origin = Origin(p.word("origin"))
	if p.next("source") {
		r.Source = parseSource(p)
	}
	return r
}

func parseFields(p *parser) []Field {
	const shortest = len("field a \n") + digestChars
	list := make([]Field, 0, min(len(p.rest)/shortest, MaxFields))
	for p.next("field") && len(list) < MaxFields {
		var name, digest string
		p.words("field", &name, &digest)
		list = append(list, Field{name, p.digest(digest)})
	}
	return list
}

func parseSource(p *parser) *Source {
	s := &Source{}
	var file, row string
	p.words("source", &file, &row, &s.Batch)
	s.File, s.Row = p.digest(file), p.number(row)
	for p.next("scan") {
		s.Scans = append(s.Scans, p.digest(p.word("scan")))
	}
	for p.next("derived") {
		s.Derived = append(s.Derived, p.word("derived"))
	}
	for p.next("constant") {
		s.Constant = append(s.Constant, p.word("constant"))
	}
	return s
}

// check holds the rules that both sides share.
func (r *Record) check() error {
	if err := r.checkClear(); err != nil {
		return err
	}
	if len(r.Fields) == 0 || len(r.Fields) > MaxFields {
		return fmt.Errorf("%w: number of fields", ErrFormat)
	}
	return checkNames(r.Fields)
}

func (r *Record) checkClear() error {
	switch {
	case r.IssuedOn.IsZero():
		return fmt.Errorf("%w: no date of issue", ErrFormat)
	case r.Mode != Custody && r.Mode != Remote:
		return fmt.Errorf("%w: signing mode", ErrFormat)
	case r.Signer.IsZero():
		return fmt.Errorf("%w: no signing certificate", ErrFormat)
	case !slices.Contains(origins, r.Origin):
		return fmt.Errorf("%w: origin", ErrFormat)
	case r.Source != nil && r.Origin != Converted:
		return fmt.Errorf("%w: a source without a conversion", ErrFormat)
	case r.Source == nil && r.Origin == Converted:
		return fmt.Errorf("%w: a conversion without its source", ErrFormat)
	case r.Source != nil && r.Source.Row < 1, r.TypeVersion < 1:
		return fmt.Errorf("%w: number below 1", ErrFormat)
	case !r.ValidUntil.IsZero() && r.ValidUntil.Before(r.ValidFrom):
		return fmt.Errorf("%w: validity ends before it begins", ErrFormat)
	}
	return nil
}

func checkNames(fields []Field) error {
	for i := range fields {
		if !isFieldName(fields[i].Name) {
			return fmt.Errorf("%w: field name", ErrFormat)
		}
		for j := range i {
			if fields[j].Name == fields[i].Name {
				return fmt.Errorf("%w: field %s twice", ErrFormat, fields[i].Name)
			}
		}
	}
	return nil
}

// isFieldName reports whether s is 1 to 64 characters of A-Z a-z 0-9 _ -.
func isFieldName(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !(c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}

// MarshalText is the form of String; an absent digest is empty.
func (d Digest) MarshalText() ([]byte, error) {
	if d.IsZero() {
		return nil, nil
	}
	return []byte(d.String()), nil
}

// UnmarshalText reads the form of MarshalText.
func (d *Digest) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = Digest{}
		return nil
	}
	v, err := ParseDigest(string(b))
	if err != nil {
		return err
	}
	if v.IsZero() {
		return errDigest
	}
	*d = v
	return nil
}
