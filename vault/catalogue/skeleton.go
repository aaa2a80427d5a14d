package catalogue

import (
	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/normal"
)

// Validity says how long licences of a type may be valid (有效期限范围).
type Validity struct {
	Ranges []Range `json:"ranges"` // allowed lengths; none means any
	Field  string  `json:"field"`  // date field or metadata element the end is taken from; empty: ZZYXQJZRQ
	Loose  bool    `json:"loose"`  // the ranges inform only: old licences or single decisions deviate
}

// Range is one allowed length, written 3年, 6月, 90日, ≤5年 or 长期.
type Range struct {
	N    int  // 0 for 长期
	Unit byte // 'Y', 'M', 'D', or 'L' for 长期
	UpTo bool // any shorter length too
}

// Numbering is the rule by which certificate numbers of a type are made (证照编号). The zero value makes none.
type Numbering struct {
	Pattern  string            `json:"pattern"`  // literals and {division} {division:N} {year} {year:2} {category} {seq:N} {check}
	Scope    []string          `json:"scope"`    // tokens within which the sequence is counted: division, year, category
	Category string            `json:"category"` // field that {category} is taken from
	Codes    map[string]string `json:"codes"`    // value of that field -> text in the number
}

// NumberInput is what a number is made from.
type NumberInput struct {
	Division string // 6 digits
	Year     int
	Category string // value of the field Numbering.Category
	Sequence uint64 // from 1
}

// Scope names the sequence a number is taken from.
func (n Numbering) ScopeKey(in NumberInput) (string, error) { return "", ErrNumbering }

// Format makes a number.
func (n Numbering) Format(in NumberInput) (string, error) { return "", ErrNumbering }

// ParseType reads a type definition; the error is a *TypeError with every problem.
func ParseType(yaml []byte) (Type, error) { return Type{}, ErrType }

// CheckType gives every problem of a definition.
func CheckType(t Type) Problems { return nil }

// Encode gives the canonical bytes of a type: they are stored, digested, and read back by ParseType.
func (t Type) Encode() ([]byte, error) { return nil, ErrType }

// Digest is the SM3 digest of the canonical bytes.
func (t Type) Digest() ([32]byte, error) { return [32]byte{}, ErrType }

// Change is one difference between two versions of a type.
type Change struct {
	Path     string // as in Problem
	Old, New string
}

// DiffTypes lists what changed, and what of it a new version may not change.
func DiffTypes(older, newer Type) ([]Change, Problems) { return nil, nil }

// Shipped gives the types that come with the system.
func Shipped() []Type { return nil }

// Metadata gives the metadata elements of GB/T 36903 that a source can bring, with the headings seen for them.
func Metadata() []Meta { return nil }

// NormaliseHeading gives the form in which column headings are matched.
func NormaliseHeading(s string) string { return s }

// Hints are what is known about a raw value beside its text.
type Hints struct {
	normal.Options

	Today code.Date // for rules that need it; zero refuses such values
}

// Compiled is a type made ready for checking values; safe for use by many goroutines at once.
type Compiled struct{}

// Compile checks and compiles a type.
func (t Type) Compile() (*Compiled, error) { return nil, ErrType }

// Type gives the type it was made from.
func (c *Compiled) Type() Type { return Type{} }

// Columns gives everything a record of the type can hold: metadata elements first, then the fields.
func (c *Compiled) Columns() []*Column { return nil }

// Column finds a column by its short name.
func (c *Compiled) Column(name string) (*Column, bool) { return nil, false }

// FindHeading gives the short names that a column heading can mean, the best first.
func (c *Compiled) FindHeading(heading string) []string { return nil }

// CheckRow checks normal values, one for each of Columns ("" is absent), against the rules between them: what is required,
// order of dates, validity. It appends to problems.
func (c *Compiled) CheckRow(row []string, problems []Problem) []Problem { return problems }

// CheckValues checks a whole record of normal values by short name: every problem at once.
func (c *Compiled) CheckValues(values map[string]string, today code.Date) Problems { return nil }

// CheckValues is Compile and Compiled.CheckValues in one.
func (t Type) CheckValues(values map[string]string, today code.Date) Problems { return nil }

// Column is one metadata element or field of a compiled type.
type Column struct {
	Index    int
	Name     string
	Label    string
	Meta     bool
	Required bool
	Personal bool
	Kind     Kind
	Format   ValueFormat
	Normal   normal.Kind // how values are normalised and compared; 0 for images
}

// Normalise gives the normal form of a raw value and every rule it breaks.
func (c *Column) Normalise(raw string, h Hints) (normal.Result, Problems) {
	return normal.Result{}, nil
}

// Normalise compiles the field and normalises one value; use a Column for many.
func (f Field) Normalise(raw string, h Hints) (normal.Result, Problems) {
	return normal.Result{}, nil
}
