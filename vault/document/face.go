package document

import (
	"fmt"
	"slices"
	"strings"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/page"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// openEnd stands for the end of what has none.
const openEnd = "长期"

// face is what a licence says, element by element.
type face struct {
	record *record.Record
	digest record.Digest
	number int // of the version
	values map[string]string
	labels map[string]string
	kinds  map[string]catalogue.Kind
	order  []string // the type's elements as its face has them
	basis  string
}

// newFace reads a licence and holds its values against its record.
func newFace(l *Licence) (*face, error) {
	r, err := record.Parse(l.Record)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLicence, err)
	}
	id, err := code.ParseIdentifier(r.Identifier)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: identifier", ErrLicence)
	case r.TypeCode != l.Type.Code || r.TypeVersion != l.Type.Version:
		return nil, fmt.Errorf("%w: record names another type", ErrLicence)
	case len(l.Signature) == 0:
		return nil, fmt.Errorf("%w: no signature", ErrLicence)
	case len(l.Scans) > MaxScans || len(l.Token) > maxTokenBytes:
		return nil, fmt.Errorf("%w: too many scans, or token too long", ErrLicence)
	}
	if err := r.CheckDisclosures(l.Values); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLicence, err)
	}
	f := &face{
		record: r, digest: record.Sum(l.Record), number: id.Version, values: inClear(r),
		labels: make(map[string]string), kinds: make(map[string]catalogue.Kind),
	}
	for i := range l.Values {
		f.values[l.Values[i].Name] = l.Values[i].Value
	}
	f.learn(l.Type)
	return f, nil
}

// inClear gives the elements that a record states openly.
func inClear(r *record.Record) map[string]string {
	m := map[string]string{
		catalogue.MetaTypeName: r.TypeName, catalogue.MetaTypeCode: r.TypeCode,
		catalogue.MetaIdentifier: r.Identifier, catalogue.MetaIssuer: r.IssuerName,
		catalogue.MetaIssuerCode: r.IssuerCode, catalogue.MetaIssued: r.IssuedOn.String(),
		catalogue.MetaHolderCodeType: r.HolderKind, catalogue.MetaUntil: openEnd,
	}
	if !r.ValidFrom.IsZero() {
		m[catalogue.MetaFrom] = r.ValidFrom.String()
	}
	if !r.ValidUntil.IsZero() {
		m[catalogue.MetaUntil] = r.ValidUntil.String()
	}
	return m
}

// learn takes over what the type says about its elements.
func (f *face) learn(t catalogue.Type) {
	for _, m := range catalogue.Metadata() {
		f.labels[m.Name], f.kinds[m.Name] = m.Label, m.Kind
		if own := t.Metadata[m.Name].Label; own != "" {
			f.labels[m.Name] = own
		}
	}
	f.labels[catalogue.MetaTypeName] = "证照类型名称"
	f.labels[catalogue.MetaTypeCode] = "证照类型代码"
	f.order = []string{catalogue.MetaNumber, catalogue.MetaHolder, catalogue.MetaHolderCode}
	for i := range t.Fields {
		field := &t.Fields[i]
		f.labels[field.Name], f.kinds[field.Name] = field.Label, field.Kind
		f.order = append(f.order, field.Name)
	}
	laws := make([]string, 0, len(t.Basis))
	for _, b := range t.Basis {
		if b.Document != "" {
			laws = append(laws, "《"+strings.Trim(b.Document, "《》")+"》"+b.Article)
		}
	}
	f.basis = strings.Join(laws, "、")
}

// label is what the face of the licence calls an element.
func (f *face) label(name string) string {
	if l := f.labels[name]; l != "" {
		return page.Visible(l)
	}
	return name
}

// show gives an element as a reader wants it; empty if the licence has none.
func (f *face) show(name string) string {
	if name == elementBasis {
		return page.Visible(f.basis)
	}
	v := f.values[name]
	switch {
	case v == "":
		return ""
	case name == catalogue.MetaHolderCodeType:
		if row, ok := code.LookupHolderCode(v); ok {
			return row.Name
		}
	case f.kinds[name] == catalogue.KindDate:
		return dayInWords(v)
	case f.kinds[name] == catalogue.KindMoney:
		return moneyInWords(v)
	case f.kinds[name] == catalogue.KindDivision:
		if row, ok := code.LookupDivision(v); ok {
			return row.Name
		}
	case f.kinds[name] == catalogue.KindImage:
		return ""
	case name == catalogue.MetaHolder || name == catalogue.MetaHolderCode:
		v = strings.ReplaceAll(v, "^", "、") // several holders
	}
	return page.Visible(v)
}

// expand fills a text's elements in; empty tells that it has elements and none of them has a value. used are those
// that have one.
func (f *face) expand(text string) (words string, used []string, empty bool) {
	pieces, _ := split(text)
	var b strings.Builder
	elements := 0
	for _, p := range pieces {
		if p.element == "" {
			b.WriteString(p.words)
			continue
		}
		elements++
		if v := f.show(p.element); v != "" {
			used = append(used, p.element)
			b.WriteString(v)
		}
	}
	return b.String(), used, elements > 0 && len(used) == 0
}

// dayInWords makes 2009年3月1日 of 2009-03-01.
func dayInWords(s string) string {
	var d record.Date
	if d.UnmarshalText([]byte(s)) != nil || d.IsZero() {
		return page.Visible(s)
	}
	y, m, day := strings.Split(s, "-")[0], strings.Split(s, "-")[1], strings.Split(s, "-")[2]
	return y + "年" + strings.TrimPrefix(m, "0") + "月" + strings.TrimPrefix(day, "0") + "日"
}

// currencies are the names of currencies; others are shown by their code.
var currencies = map[string]string{"CNY": "人民币", "USD": "美元", "HKD": "港元", "EUR": "欧元", "JPY": "日元"}

// moneyInWords makes 53万元人民币 of "530000 CNY": exactly, by moving the point.
func moneyInWords(s string) string {
	amount, currency, ok := strings.Cut(s, " ")
	whole, fraction, _ := strings.Cut(amount, ".")
	if !ok || whole == "" || strings.Trim(whole+fraction, "0123456789") != "" {
		return page.Visible(s)
	}
	unit := ""
	if len(whole) > 4 {
		unit = "万"
		whole, fraction = whole[:len(whole)-4], strings.TrimRight(whole[len(whole)-4:]+fraction, "0")
	}
	if fraction != "" {
		whole += "." + fraction
	}
	name := currencies[currency]
	switch {
	case currency == "CNY":
		return whole + unit + "元" + name
	case name != "":
		return whole + unit + name
	}
	return whole + unit + " " + page.Visible(currency)
}

// unused gives the elements that no text of a template shows, in the order of the type.
func (f *face) unused(t *Template) []string {
	var out []string
	for _, name := range f.order {
		if f.kinds[name] != catalogue.KindImage && !t.shows(name) {
			out = append(out, name)
		}
	}
	return out
}

// shows reports whether an element stands on the template.
func (t *Template) shows(name string) bool {
	mark := "{" + name + "}"
	on := func(p *Page) bool {
		return slices.ContainsFunc(p.Texts, func(x Text) bool { return strings.Contains(x.Text, mark) }) ||
			slices.ContainsFunc(p.Tables, func(x Table) bool {
				return slices.ContainsFunc(x.Rows, func(row []Cell) bool {
					return slices.ContainsFunc(row, func(c Cell) bool { return strings.Contains(c.Text, mark) })
				})
			})
	}
	return on(&t.Front) || t.Back != nil && on(t.Back)
}
