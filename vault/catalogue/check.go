package catalogue

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/normal"
)

const (
	maxLevels     = 10
	maxValueRunes = normal.DefaultMaxRunes
)

// holderKinds are the categories of holders with what they are to the code table.
var holderKinds = map[HolderKind]code.Holder{
	HolderNatural: code.HolderPerson, HolderLegal: code.HolderFirm, HolderOther: code.HolderFirm,
}

var (
	fieldName    = regexp.MustCompile(`^KZ_[A-Z0-9]+(_[A-Z0-9]+)*$`)
	templateName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
)

const fieldNameRule = "KZ_[A-Z0-9_]"

// checker gathers the problems of a definition.
type checker struct {
	t        Type
	problems Problems
}

func (c *checker) add(p Problem) { c.problems = append(c.problems, p) }

// count adds a problem of a number that is too large.
func (c *checker) count(as Code, path string, found, most int) {
	c.add(Problem{Code: as, Path: path, Found: strconv.Itoa(found), Want: strconv.Itoa(most)})
}

// CheckType gives every problem of a definition, in the order of the file format. Lines are zero.
func CheckType(t Type) Problems {
	c := &checker{t: t}
	c.identity()
	c.holder()
	c.items()
	c.metadata()
	c.fields()
	c.validity()
	c.basis()
	if t.Template != "" && (len(t.Template) > MaxNameBytes || !templateName.MatchString(t.Template)) {
		c.add(Problem{Code: CodeName, Path: "template", Found: t.Template, Want: "[a-z0-9-]"})
	}
	if p := checkPage(t.Page); p.Code != "" {
		c.add(p)
	}
	c.classification()
	c.numbering()
	return c.problems
}

// text checks a mandatory text and reports whether it is there.
func (c *checker) text(path, s string) bool {
	if strings.TrimSpace(s) == "" {
		c.add(Problem{Code: CodeMissing, Path: path})
		return false
	}
	return c.visible(path, s)
}

func (c *checker) visible(path, s string) bool {
	if p := checkText(s); p.Code != "" {
		p.Path = path
		c.add(p)
		return false
	}
	return true
}

func (c *checker) texts(path string, list []string, most int) {
	if len(list) > most {
		c.count(CodeTooMany, path, len(list), most)
		return
	}
	for i, s := range list {
		at := path + "[" + strconv.Itoa(i) + "]"
		if c.text(at, s) && slices.Contains(list[:i], s) {
			c.add(Problem{Code: CodeDuplicate, Path: at, Found: s})
		}
	}
}

func (c *checker) identity() {
	if c.text("code", c.t.Code) {
		c.check("code", CodeTypeCode, c.t.Code, code.CheckLicenceType(c.t.Code))
	}
	c.text("name", c.t.Name)
	if c.t.Version < 1 || c.t.Version > MaxVersion {
		c.count(CodeVersion, "version", c.t.Version, MaxVersion)
	}
	a := c.t.Authority
	if c.text("authority.code", a.Code) {
		c.check("authority.code", CodeAuthorityCode, a.Code, code.CheckUSCC(a.Code))
		if c.t.Code != "" && !strings.HasPrefix(c.t.Code, a.Code) {
			c.add(Problem{Code: CodeOtherAuthority, Path: "code", Found: c.t.Code, Want: a.Code})
		}
	}
	c.text("authority.name", a.Name)
	c.level("authority.level", a.Level)
	if len(c.t.Issuers) == 0 {
		c.add(Problem{Code: CodeMissing, Path: "issuers"})
	}
	c.texts("issuers", c.t.Issuers, maxLevels)
	for i, level := range c.t.Issuers {
		if level != "" {
			c.level("issuers["+strconv.Itoa(i)+"]", level)
		}
	}
}

// check turns a refusal of package code into a problem.
func (c *checker) check(path string, as Code, found string, err error) {
	if err == nil {
		return
	}
	p := Problem{Code: as, Path: path, Found: found}
	var refused *code.CheckError
	if errors.As(err, &refused) && refused.Want != "" {
		p.Want = " (" + string(refused.Reason) + ": " + refused.Want + ")"
	}
	c.add(p)
}

func (c *checker) level(path, level string) {
	if level == "" {
		c.add(Problem{Code: CodeMissing, Path: path})
		return
	}
	if row, ok := code.LookupIssuerLevel(level); ok && row.Name == level {
		return
	}
	var names []string
	for _, l := range code.IssuerLevels() {
		names = append(names, l.Name)
	}
	c.unknown(path, level, names)
}

func (c *checker) unknown(path, found string, known []string) {
	c.add(Problem{Code: CodeUnknownValue, Path: path, Found: found, Want: strings.Join(known, ", ")})
}

func (c *checker) holder() {
	h := c.t.Holder
	if len(h.Kinds) == 0 {
		c.add(Problem{Code: CodeMissing, Path: "holder.kinds"})
	}
	allowed := make(map[code.Holder]bool)
	for i, kind := range h.Kinds {
		path := "holder.kinds[" + strconv.Itoa(i) + "]"
		category, ok := holderKinds[kind]
		switch {
		case !ok:
			c.unknown(path, string(kind), []string{"natural", "legal", "other"})
		case slices.Contains(h.Kinds[:i], kind):
			c.add(Problem{Code: CodeDuplicate, Path: path, Found: string(kind)})
		}
		allowed[category] = true
	}
	if len(h.CodeTypes) == 0 {
		c.add(Problem{Code: CodeMissing, Path: "holder.codeTypes"})
	}
	c.texts("holder.codeTypes", h.CodeTypes, MaxSynonyms)
	for i, s := range h.CodeTypes {
		path := "holder.codeTypes[" + strconv.Itoa(i) + "]"
		row, ok := code.LookupHolderCode(s)
		switch {
		case s == "":
		case !ok:
			c.unknown(path, s, holderCodes())
		case !allowed[row.Holder]:
			c.add(Problem{Code: CodeHolderCodes, Path: path, Found: s})
		}
	}
}

func holderCodes() []string {
	var out []string
	for _, row := range code.HolderCodes() {
		out = append(out, row.Code)
	}
	return out
}

func (c *checker) items() {
	if len(c.t.Items) > MaxFields {
		c.count(CodeTooMany, "items", len(c.t.Items), MaxFields)
		return
	}
	for i, item := range c.t.Items {
		path := "items[" + strconv.Itoa(i) + "]"
		c.text(path+".code", item.Code)
		c.text(path+".name", item.Name)
	}
}

func (c *checker) metadata() {
	for _, name := range sortedKeys(c.t.Metadata) {
		path := "metadata." + strings.Map(pathRune, name)
		if !slices.ContainsFunc(Metadata(), func(m Meta) bool { return m.Name == name }) {
			c.unknown(path, name, metaNames())
			continue
		}
		o := c.t.Metadata[name]
		c.visible(path+".label", o.Label)
		c.texts(path+".synonyms", o.Synonyms, MaxSynonyms)
	}
}

func (c *checker) fields() {
	if len(c.t.Fields) > MaxFields {
		c.count(CodeTooMany, "fields", len(c.t.Fields), MaxFields)
		return
	}
	names := make(map[string]bool)
	headings := make(map[string]string)
	for i := range c.t.Fields {
		f := &c.t.Fields[i]
		path := "fields[" + strconv.Itoa(i) + "]"
		c.field(path, f)
		if f.Name != "" && names[f.Name] {
			c.add(Problem{Code: CodeDuplicate, Path: path + ".name", Found: f.Name})
		}
		names[f.Name] = true
		c.headings(path, f, headings)
	}
}

// headings refuses a heading that two fields claim.
func (c *checker) headings(path string, f *Field, seen map[string]string) {
	for i, s := range append([]string{f.Label}, f.Synonyms...) {
		at := path + ".label"
		if i > 0 {
			at = path + ".synonyms[" + strconv.Itoa(i-1) + "]"
		}
		h := NormaliseHeading(s)
		if other, ok := seen[h]; ok && h != "" {
			c.add(Problem{Code: CodeHeadingTwice, Path: at, Found: s, Want: other})
			continue
		}
		seen[h] = f.Name
	}
}

func (c *checker) field(path string, f *Field) {
	switch {
	case !c.text(path+".name", f.Name):
	case slices.Contains(reservedNames, f.Name):
		c.add(Problem{Code: CodeReserved, Path: path + ".name", Found: f.Name})
	case len(f.Name) > MaxNameBytes || !fieldName.MatchString(f.Name):
		c.add(Problem{Code: CodeName, Path: path + ".name", Found: f.Name, Want: fieldNameRule})
	}
	c.text(path+".label", f.Label)
	c.texts(path+".synonyms", f.Synonyms, MaxSynonyms)
	formats, ok := kindFormats[f.Kind]
	switch {
	case f.Kind == "":
		c.add(Problem{Code: CodeMissing, Path: path + ".kind"})
		return
	case !ok:
		c.unknown(path+".kind", string(f.Kind), kindNames())
		return
	case f.Format == "" && f.Kind == KindCode:
		c.add(Problem{Code: CodeMissing, Path: path + ".format"})
	case f.Format != "" && !slices.Contains(formats, f.Format):
		c.unknown(path+".format", string(f.Format), formatNames(formats))
	}
	c.rules(path+".rules", f)
}

// kindFormats are the formats each kind may have.
var kindFormats = map[Kind][]ValueFormat{
	KindText: {FormatOrgName}, KindDate: nil, KindNumber: nil, KindMoney: nil, KindDivision: nil, KindImage: nil,
	KindCode: {FormatUSCC, FormatCitizen, FormatIdentifier, FormatDivision, FormatPlain},
}

func kindNames() []string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(kindFormats)) {
		out = append(out, string(k))
	}
	return out
}

func formatNames(formats []ValueFormat) []string {
	out := make([]string, len(formats))
	for i := range formats {
		out[i] = string(formats[i])
	}
	return out
}

func (c *checker) validity() {
	v := c.t.Validity
	if len(v.Ranges) > 0 {
		if again, ok := ParseRanges(v.Ranges.String()); !ok || !slices.Equal(again, v.Ranges) {
			c.add(Problem{Code: CodeValidity, Path: "validity.ranges", Found: v.Ranges.String()})
		}
	}
	if v.Field == "" {
		return
	}
	if f, ok := c.t.Field(v.Field); !ok || f.Kind != KindDate {
		c.add(Problem{Code: CodeName, Path: "validity.field", Found: v.Field, Want: "kind: date"})
	}
}

// basis refuses a type that rests on no law.
func (c *checker) basis() {
	if len(c.t.Basis) == 0 {
		c.add(Problem{Code: CodeNoBasis, Path: "basis"})
	}
	if len(c.t.Basis) > MaxBasis {
		c.count(CodeTooMany, "basis", len(c.t.Basis), MaxBasis)
		return
	}
	for i, b := range c.t.Basis {
		path := "basis[" + strconv.Itoa(i) + "]"
		c.text(path+".document", b.Document)
		c.text(path+".article", b.Article)
	}
}

func (c *checker) classification() {
	k := c.t.Classification
	switch k.Level {
	case LevelPublic, LevelInternal:
	case LevelSensitive, LevelSecret:
		if strings.TrimSpace(k.Reason) == "" || k.Decided == "" {
			c.add(Problem{Code: CodeReason, Path: "classification"})
		}
	case "":
		c.add(Problem{Code: CodeMissing, Path: "classification.level"})
	default:
		c.unknown("classification.level", string(k.Level), []string{"public", "internal", "sensitive", "secret"})
	}
	c.visible("classification.reason", k.Reason)
	if k.Decided != "" {
		if _, ok := parseDay(k.Decided); !ok {
			c.add(Problem{Code: CodeDate, Path: "classification.decided", Found: k.Decided})
		}
	}
}

func (c *checker) numbering() {
	n := c.t.Numbering
	const most = 64
	if len(n.Pattern) > MaxNumberBytes || !utf8.ValidString(n.Pattern) || !c.visible("numbering.pattern", n.Pattern) {
		c.count(CodeTooLong, "numbering.pattern", len(n.Pattern), MaxNumberBytes)
		return
	}
	if len(n.Codes) > most {
		c.count(CodeTooMany, "numbering.codes", len(n.Codes), most)
		return
	}
	for _, value := range sortedKeys(n.Codes) {
		path := "numbering.codes." + strings.Map(pathRune, value)
		if c.text(path, value) && utf8.RuneCountInString(value) > most {
			c.add(Problem{Code: CodeTooLong, Path: path, Found: value, Want: strconv.Itoa(most)})
		}
	}
	c.problems = append(c.problems, n.check("numbering", c.t)...)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
