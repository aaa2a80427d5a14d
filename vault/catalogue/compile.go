package catalogue

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/normal"
)

// Hints are what is known about a raw value beside its text. The Options are those of package normal.
type Hints struct {
	normal.Options

	Today code.Date // for rules that need it; while it is zero such values are refused
}

// Compiled is a type made ready for checking values; safe for use by many goroutines at once.
type Compiled struct {
	typ      Type
	columns  []*Column
	names    map[string]*Column
	headings map[string][]string
	holders  map[string]bool // allowed holder code types
	until    *Column
}

// Column is one metadata element or field of a compiled type. It must not be changed.
type Column struct {
	Index    int // in Columns and in rows
	Name     string
	Label    string
	Meta     bool // a metadata element, not a field
	Required bool
	Personal bool
	Kind     Kind
	Format   ValueFormat
	Normal   normal.Kind // how values are normalised for storing; 0 for images
	Compare  normal.Kind // how values are compared; 0 for images
	Rules    Rules

	pattern  *regexp.Regexp
	enum     map[string]struct{}
	min, max bound
	holder   *holderCheck // for the holder's code and name
}

// Compile checks and compiles a type. The error is a *TypeError.
func (t Type) Compile() (*Compiled, error) {
	if err := refuse(CheckType(t)); err != nil {
		return nil, err
	}
	c := &Compiled{typ: t.clone(), names: make(map[string]*Column), headings: make(map[string][]string)}
	c.holders = make(map[string]bool)
	for _, s := range t.Holder.CodeTypes {
		c.holders[s] = true
	}
	for i := range metadata {
		c.add(c.metaColumn(&metadata[i]))
	}
	for i := range c.typ.Fields {
		c.add(fieldColumn(&c.typ.Fields[i]))
	}
	c.until = c.names[MetaUntil]
	if t.Validity.Field != "" {
		c.until = c.names[t.Validity.Field]
	}
	c.indexHeadings()
	return c, nil
}

func (c *Compiled) add(col *Column) {
	col.Index = len(c.columns)
	c.columns = append(c.columns, col)
	c.names[col.Name] = col
}

func (c *Compiled) metaColumn(m *Meta) *Column {
	col := newColumn(Field{Name: m.Name, Label: m.Label, Kind: m.Kind, Format: m.Format,
		Rules: Rules{Required: m.Required, NotAfterToday: m.Name == MetaIssued}})
	col.Meta = true
	col.Personal = m.Personal && slices.Contains(c.typ.Holder.Kinds, HolderNatural)
	if label := c.typ.Metadata[m.Name].Label; label != "" {
		col.Label = label
	}
	switch m.Name {
	case MetaHolderCode:
		col.Required = !c.typ.Holder.CodeOptional
		col.holder = newHolderCheck(c.typ.Holder)
		col.Compare = col.holder.compare()
	case MetaHolder:
		if !slices.Contains(c.typ.Holder.Kinds, HolderLegal) && !slices.Contains(c.typ.Holder.Kinds, HolderOther) {
			col.Format, col.Compare = "", normal.KindText
		}
	}
	return col
}

func fieldColumn(f *Field) *Column {
	col := newColumn(*f)
	col.Personal = f.Personal
	return col
}

// newColumn prepares the rules of a checked field.
func newColumn(f Field) *Column {
	col := &Column{Name: f.Name, Label: f.Label, Kind: f.Kind, Format: f.Format, Rules: f.Rules}
	col.Required = f.Rules.Required
	col.Normal, col.Compare = normalKinds(f.Kind, f.Format)
	if f.Rules.Pattern != "" {
		col.pattern, _ = compilePattern(f.Rules.Pattern) // CheckType has compiled it before
	}
	if len(f.Rules.Enum) > 0 {
		col.enum = make(map[string]struct{}, len(f.Rules.Enum))
		for _, s := range f.Rules.Enum {
			col.enum[s] = struct{}{}
		}
	}
	col.min, _ = parseBound(f.Kind, f.Rules.Min)
	col.max, _ = parseBound(f.Kind, f.Rules.Max)
	return col
}

// normalKinds says how values of a kind are normalised for storing and for comparing. Names of firms are stored as
// they are written and compared without their bracket forms.
func normalKinds(k Kind, f ValueFormat) (store, compare normal.Kind) {
	switch k {
	case KindText:
		if f == FormatOrgName {
			return normal.KindText, normal.KindOrgName
		}
		return normal.KindText, normal.KindText
	case KindDate:
		return normal.KindDate, normal.KindDate
	case KindNumber:
		return normal.KindNumber, normal.KindNumber
	case KindMoney:
		return normal.KindMoney, normal.KindMoney
	case KindDivision:
		return normal.KindDivision, normal.KindDivision
	case KindCode:
		kind := codeKinds[f]
		return kind, kind
	case KindImage:
		return 0, 0
	}
	return 0, 0
}

var codeKinds = map[ValueFormat]normal.Kind{
	FormatUSCC: normal.KindUSCC, FormatCitizen: normal.KindCitizen, FormatIdentifier: normal.KindIdentifier,
	FormatDivision: normal.KindDivision, FormatPlain: normal.KindPlainCode,
}

// indexHeadings gathers for each heading what it can mean: the type's own words go before the shared ones.
func (c *Compiled) indexHeadings() {
	put := func(heading, name string) {
		h := NormaliseHeading(heading)
		if h != "" && !slices.Contains(c.headings[h], name) {
			c.headings[h] = append(c.headings[h], name)
		}
	}
	for i := range c.typ.Fields {
		f := &c.typ.Fields[i]
		for _, s := range append([]string{f.Name, f.Label}, f.Synonyms...) {
			put(s, f.Name)
		}
	}
	for i := range metadata {
		o := c.typ.Metadata[metadata[i].Name]
		for _, s := range append([]string{o.Label}, o.Synonyms...) {
			put(s, metadata[i].Name)
		}
	}
	for i := range metadata {
		m := &metadata[i]
		for _, s := range append([]string{m.Name, m.Label}, m.Synonyms...) {
			put(s, m.Name)
		}
	}
}

// Type gives a copy of the type it was made from.
func (c *Compiled) Type() Type { return c.typ.clone() }

// Columns gives everything a record of the type can hold: metadata elements first, then the fields.
func (c *Compiled) Columns() []*Column { return slices.Clone(c.columns) }

// Column finds a column by its short name.
func (c *Compiled) Column(name string) (*Column, bool) {
	col, ok := c.names[name]
	return col, ok
}

// FindHeading gives the short names that a column heading can mean, the best first: the type's own fields, its own
// words for metadata, then the shared ones. What stands in brackets counts only if it helps.
func (c *Compiled) FindHeading(heading string) []string {
	h := NormaliseHeading(heading)
	if names := c.headings[h]; len(names) > 0 {
		return slices.Clone(names)
	}
	return slices.Clone(c.headings[bareHeading(h)])
}

// clone copies a type deeply, so that what was compiled cannot be changed from outside.
func (t Type) clone() Type {
	t.Issuers = slices.Clone(t.Issuers)
	t.Holder.Kinds = slices.Clone(t.Holder.Kinds)
	t.Holder.CodeTypes = slices.Clone(t.Holder.CodeTypes)
	t.Items = slices.Clone(t.Items)
	t.Metadata = maps.Clone(t.Metadata)
	for name, o := range t.Metadata {
		o.Synonyms = slices.Clone(o.Synonyms)
		t.Metadata[name] = o
	}
	t.Fields = slices.Clone(t.Fields)
	for i := range t.Fields {
		t.Fields[i].Synonyms = slices.Clone(t.Fields[i].Synonyms)
		t.Fields[i].Rules.Enum = slices.Clone(t.Fields[i].Rules.Enum)
	}
	t.Validity.Ranges = slices.Clone(t.Validity.Ranges)
	t.Basis = slices.Clone(t.Basis)
	t.Numbering.Scope = slices.Clone(t.Numbering.Scope)
	t.Numbering.Codes = maps.Clone(t.Numbering.Codes)
	return t
}

// ShortName gives the short name of an element by one of its exact names: the short name itself in any case, its name
// in GB/T 36903 (certificateHolderName), or its label where only one element has it.
func (c *Compiled) ShortName(name string) (string, bool) {
	if _, ok := c.Column(name); ok {
		return name, true
	}
	if upper := strings.ToUpper(name); upper != name {
		if _, ok := c.Column(upper); ok {
			return upper, true
		}
	}
	for i := range metadata {
		if metadata[i].English == name {
			return metadata[i].Name, true
		}
	}
	found := ""
	for _, col := range c.Columns() {
		if col.Label != name {
			continue
		}
		if found != "" {
			return "", false
		}
		found = col.Name
	}
	return found, found != ""
}
