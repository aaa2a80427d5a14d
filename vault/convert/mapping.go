package convert

import (
	"slices"
	"strconv"
	"strings"

	"github.com/elicense/elicense/internal/normal"
	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// Mapping says how the columns of a sheet become the elements of a licence type (列映射). It is data, saved per department
// and type; docs/convert.md describes its file. The zero value maps nothing.
type Mapping struct {
	Name       string // for people
	Type       string // 证照类型代码 it was made for; empty: any
	Department string // USCC of the department it was saved for; empty: any

	Sheet   string // name of the sheet; empty: SheetAt
	SheetAt int    // place of the sheet from 1; 0: the first visible one with rows
	Heading HeadingRows

	// Encoding of a text file, as sheet.ParseEncoding reads it; empty: found. A file with a byte order mark is what its
	// mark says.
	Encoding string

	// RowColumns is how many columns every row has, so that ragged and shifted rows are refused; 0: as many as the
	// heading, in a text file. AnyColumns turns that off.
	RowColumns int

	Columns   []MappedColumn
	Constants []Constant
	Derived   []Derived
	Ignore    []string // headings or @letters that belong to no element

	Absent  []string // words that mean "no value", beside the usual ones
	Present []string // usual words that are values here

	Dates   DateOrder
	Serials bool   // a text of five digits may be a date serial
	Decimal string // "," where numbers are written 13,5; empty: "."

	// HolderKind is the 持证主体代码类型代码 of rows that do not bear one. Empty: the only one that the type allows, or what the
	// code shows to be.
	HolderKind string

	Strict bool // a column that is neither mapped nor ignored is an error
}

// AnyColumns as RowColumns lets rows have any number of columns.
const AnyColumns = -1

// HeadingRows says where the heading is.
type HeadingRows struct {
	First, Last int  // rows from 1; 0: found among the first rows
	None        bool // there is no heading: columns are named by letter
}

// DateOrder is how dates like 11/12/2004 are meant.
type DateOrder string

// The orders of dates. Without one, dates that can be read in two ways are refused.
const (
	DatesPlain DateOrder = ""
	DatesMDY   DateOrder = "mdy"
	DatesDMY   DateOrder = "dmy"
)

// MappedColumn is one column of the sheet.
type MappedColumn struct {
	Heading  string   // text of the heading, or @C for column C
	Elements []string // short names of the elements it holds
	Values   []Replacement
	Unit     string // put behind a bare number: 万元
}

// Replacement is a value that this column writes in its own way. An empty To means "no value".
type Replacement struct{ From, To string }

// Constant is an element that is the same in every row and stands in no column.
type Constant struct{ Element, Value string }

// Derived is an element that is computed from another column, or put together from several, with the reason why that is
// right. Only a derived element may take a registration date as a date of issue.
type Derived struct {
	Element  string
	From     []string // headings or @letters
	Optional []string // those of several From that may be empty; a row in which another one is empty is refused
	Match    string   // RE2 that the cell of one column must match; empty: the cell is taken as it is
	To       string   // template over Match's groups, or over several cells: $1-$2-$3; empty: one cell behind the other
	Reason   string
}

// Limits of a mapping.
const (
	MaxMappingBytes = 256 << 10
	maxMapped       = 500 // entries of any list in a mapping
	maxMappingText  = 512 // characters of any text in a mapping
	maxHeadingRows  = 20  // the heading is looked for in so many rows
	maxHeadingDepth = 4   // rows of a heading
)

// Digest names a mapping: the SM3 of its canonical file.
func (m *Mapping) Digest() record.Digest { return record.Sum(m.Encode()) }

// Encode gives the canonical file of a mapping, which ParseMapping reads back to an equal mapping.
func (m *Mapping) Encode() []byte {
	e := &encoder{}
	e.line("format", MappingFormat)
	e.optional("name", m.Name)
	e.optional("type", m.Type)
	e.optional("department", m.Department)
	e.optional("sheet", m.Sheet)
	if m.SheetAt > 0 {
		e.raw("sheetAt: " + strconv.Itoa(m.SheetAt))
	}
	e.optional("encoding", m.Encoding)
	e.raw("heading: " + m.Heading.String())
	switch {
	case m.RowColumns == AnyColumns:
		e.raw("rowColumns: any")
	case m.RowColumns > 0:
		e.raw("rowColumns: " + strconv.Itoa(m.RowColumns))
	}
	e.columns(m.Columns)
	e.constants(m.Constants)
	e.derived(m.Derived)
	e.list("ignore", m.Ignore)
	e.list("absent", m.Absent)
	e.list("present", m.Present)
	e.optional("dates", string(m.Dates))
	e.flag("serials", m.Serials)
	e.optional("decimal", m.Decimal)
	e.optional("holderKind", m.HolderKind)
	e.flag("strict", m.Strict)
	return e.b
}

// String is auto, none, 3 or 2-3.
func (h HeadingRows) String() string {
	switch {
	case h.None:
		return "none"
	case h.First == 0:
		return "auto"
	case h.Last == h.First:
		return strconv.Itoa(h.First)
	}
	return strconv.Itoa(h.First) + "-" + strconv.Itoa(h.Last)
}

func parseHeadingRows(s string) (HeadingRows, bool) {
	switch s {
	case "none":
		return HeadingRows{None: true}, true
	case "auto", "":
		return HeadingRows{}, true
	}
	first, last, ok := strings.Cut(s, "-")
	if !ok {
		last = first
	}
	a, err := strconv.Atoi(first)
	b, err2 := strconv.Atoi(last)
	h := HeadingRows{First: a, Last: b}
	ok = err == nil && err2 == nil && a > 0 && b >= a && b-a < maxHeadingDepth && b <= 1000 && h.String() == s
	if !ok {
		return HeadingRows{}, false
	}
	return h, true
}

// encoder writes YAML with every text in double quotes.
type encoder struct{ b []byte }

func (e *encoder) raw(s string) { e.b = append(append(e.b, s...), '\n') }

func (e *encoder) line(key, value string) { e.raw(key + ": " + quote(value)) }

func (e *encoder) optional(key, value string) {
	if value != "" {
		e.line(key, value)
	}
}

func (e *encoder) flag(key string, on bool) {
	if on {
		e.raw(key + ": true")
	}
}

func (e *encoder) list(key string, list []string) {
	if len(list) == 0 {
		return
	}
	e.raw(key + ": [" + quoteAll(list) + "]")
}

func quoteAll(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = quote(s)
	}
	return strings.Join(out, ", ")
}

func (e *encoder) columns(list []MappedColumn) {
	if len(list) > 0 {
		e.raw("columns:")
	}
	for i := range list {
		c := &list[i]
		s := "  " + quote(c.Heading) + ": {to: [" + quoteAll(c.Elements) + "]"
		if c.Unit != "" {
			s += ", unit: " + quote(c.Unit)
		}
		if len(c.Values) > 0 {
			var pairs []string
			for _, r := range c.Values {
				pairs = append(pairs, quote(r.From)+": "+quote(r.To))
			}
			s += ", values: {" + strings.Join(pairs, ", ") + "}"
		}
		e.raw(s + "}")
	}
}

func (e *encoder) constants(list []Constant) {
	if len(list) > 0 {
		e.raw("constant:")
	}
	for _, c := range list {
		e.raw("  " + quote(c.Element) + ": " + quote(c.Value))
	}
}

func (e *encoder) derived(list []Derived) {
	if len(list) > 0 {
		e.raw("derived:")
	}
	for i := range list {
		d := &list[i]
		s := "  " + quote(d.Element) + ": {from: " + quoteAll(d.From)
		if len(d.From) > 1 {
			s = "  " + quote(d.Element) + ": {from: [" + quoteAll(d.From) + "]"
		}
		if len(d.Optional) > 0 {
			s += ", optional: [" + quoteAll(d.Optional) + "]"
		}
		if d.Match != "" {
			s += ", match: " + quote(d.Match)
		}
		if d.To != "" {
			s += ", to: " + quote(d.To)
		}
		e.raw(s + ", reason: " + quote(d.Reason) + "}")
	}
}

// quote writes a text for YAML. Texts of a mapping are printable, but headings may hold line breaks.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`).Replace(s) + `"`
}

// absent is the list of words that mean "no value".
func (m *Mapping) absent() normal.AbsentList {
	words := append(normal.DefaultAbsentWords(), m.Absent...)
	keep := normal.NewAbsentList(m.Present...)
	if len(m.Present) > 0 {
		words = slices.DeleteFunc(words, func(w string) bool { return w != "" && keep.Absent(w) })
	}
	return normal.NewAbsentList(words...)
}

// columnOf reads @C.
func columnOf(heading string) (column int, ok bool) {
	if letters, found := strings.CutPrefix(heading, "@"); found {
		return sheet.ParseColumnName(letters)
	}
	return 0, false
}

// registrationDate reports a heading that names the day a body was registered or founded, which is not the day a
// licence was issued.
func registrationDate(heading string) bool {
	switch catalogue.NormaliseHeading(heading) {
	case "注册日期", "注册时间", "登记日期", "登记时间", "成立日期", "成立时间", "设立日期", "设立时间", "开业日期", "开业时间",
		"注册登记日期", "核准日期":
		return true
	}
	return false
}
