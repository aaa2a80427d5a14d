package convert

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
)

// MappingFormat is the first key of every mapping file.
const MappingFormat = "elicense-mapping/1"

// ParseMapping reads a mapping file. It is strict: unknown and repeated keys, anchors, aliases, tags and several
// documents make it fail. The error is a *MappingError that holds every problem with its line, except that a file that
// is no YAML shows its first flaw only.
func ParseMapping(data []byte) (*Mapping, error) {
	p := &mappingParser{m: &Mapping{}}
	if root := p.tree(data); root != nil {
		p.root(root)
	}
	if len(p.problems) > 0 {
		slices.SortStableFunc(p.problems, func(a, b MappingProblem) int { return a.Line - b.Line })
		return nil, &MappingError{Problems: p.problems}
	}
	return p.m, nil
}

// MappingError is a refused mapping file, or a sheet whose headings a mapping does not fit.
type MappingError struct {
	Problems []MappingProblem
	heading  bool
}

// MappingProblem is one thing wrong with a mapping file or with the headings of a sheet.
type MappingProblem struct {
	Code  vault.Code `json:"code"`
	Line  int        `json:"line,omitempty"` // of the mapping file, from 1; 0 if there is none
	Path  string     `json:"path,omitempty"` // place in the mapping file, or the element or heading concerned
	Found string     `json:"found,omitempty"`
	Want  string     `json:"want,omitempty"` // what would do, or a suggestion
	Zh    string     `json:"zh"`             // what is wrong and how to fix it
	En    string     `json:"en"`
}

// Error lists the places and codes.
func (e *MappingError) Error() string {
	var b strings.Builder
	b.WriteString(e.Unwrap().Error())
	for i := range e.Problems {
		p := &e.Problems[i]
		b.WriteString("; ")
		if p.Line > 0 {
			b.WriteString("line " + strconv.Itoa(p.Line) + ": ")
		}
		b.WriteString(string(p.Code))
		if p.Path != "" {
			b.WriteString(" (" + p.Path + ")")
		}
	}
	return b.String()
}

// Unwrap gives ErrMapping or ErrHeading.
func (e *MappingError) Unwrap() error {
	if e.heading {
		return ErrHeading
	}
	return ErrMapping
}

// mappingParser walks a YAML tree and gathers every problem.
type mappingParser struct {
	m        *Mapping
	problems []MappingProblem
	elements map[string]bool
}

func (p *mappingParser) add(n *yaml.Node, c vault.Code, path, found string) {
	line := 0
	if n != nil {
		line = n.Line
	}
	p.problems = append(p.problems, MappingProblem{Code: c, Line: line, Path: path, Found: found}.said())
}

// tree decodes exactly one document and refuses what no mapping needs.
func (p *mappingParser) tree(data []byte) *yaml.Node {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	switch {
	case len(data) > MaxMappingBytes:
		p.add(nil, CodeMappingSize, "", strconv.Itoa(len(data)))
		return nil
	case !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0:
		p.add(nil, CodeMappingEncoding, "", "")
		return nil
	}
	doc, err := decodeOne(data)
	if err != nil {
		p.add(nil, CodeMappingSyntax, "", strings.TrimPrefix(err.Error(), "yaml: "))
		return nil
	}
	n := doc.Content[0]
	if p.screen(n, 0); len(p.problems) > 0 {
		return nil
	}
	return n
}

var errDocuments = errors.New("not exactly one document")

// decodeOne decodes one document. A panic of the YAML library is an error of the file, not of the process.
func decodeOne(data []byte) (doc yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			doc, err = yaml.Node{}, fmt.Errorf("yaml: %v", r)
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&doc); err != nil {
		return yaml.Node{}, err
	}
	var second yaml.Node
	if err := dec.Decode(&second); !errors.Is(err, io.EOF) {
		return yaml.Node{}, errDocuments
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		return yaml.Node{}, errDocuments
	}
	return doc, nil
}

// screen refuses aliases, anchors, tags, depth and texts that nobody can read.
func (p *mappingParser) screen(n *yaml.Node, depth int) {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		p.add(n, CodeMappingAlias, "", "")
		return
	case n.Style&yaml.TaggedStyle != 0:
		p.add(n, CodeMappingAlias, "", n.Tag)
	case depth > 8:
		p.add(n, CodeMappingSyntax, "", "")
		return
	case n.Kind == yaml.ScalarNode && !readable(n.Value):
		p.add(n, CodeMappingText, "", "")
	case len(n.Content) > 2*maxMapped:
		p.add(n, CodeMappingSize, "", strconv.Itoa(len(n.Content)))
		return
	}
	for _, c := range n.Content {
		p.screen(c, depth+1)
	}
}

func readable(s string) bool {
	return utf8.RuneCountInString(s) <= maxMappingText && strings.IndexFunc(s, func(c rune) bool {
		return !unicode.IsPrint(c) && c != '\n' && c != '\t' && c != '\u3000' && c != '\u00a0' || c == utf8.RuneError
	}) < 0
}

// pairs visits the entries of a mapping once each.
func (p *mappingParser) pairs(n *yaml.Node, path string, visit func(key string, k, v *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		p.add(n, CodeMappingShape, path, "")
		return
	}
	seen := make(map[string]bool, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		switch {
		case k.Kind != yaml.ScalarNode || k.Value == "":
			p.add(k, CodeMappingShape, path, "")
		case seen[k.Value]:
			p.add(k, CodeMappingTwice, path, k.Value)
		default:
			seen[k.Value] = true
			visit(k.Value, k, v)
		}
	}
}

func (p *mappingParser) text(n *yaml.Node, path string) string {
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
		p.add(n, CodeMappingShape, path, "")
		return ""
	}
	return n.Value
}

func (p *mappingParser) texts(n *yaml.Node, path string) []string {
	if n.Kind == yaml.ScalarNode {
		return []string{p.text(n, path)}
	}
	if n.Kind != yaml.SequenceNode {
		p.add(n, CodeMappingShape, path, "")
		return nil
	}
	var out []string
	for _, c := range n.Content {
		s := p.text(c, path)
		if slices.Contains(out, s) {
			p.add(c, CodeMappingTwice, path, s)
		}
		out = append(out, s)
	}
	return out
}

func (p *mappingParser) flag(n *yaml.Node, path string) bool {
	if n.Kind != yaml.ScalarNode || n.Value != "true" && n.Value != "false" {
		p.add(n, CodeMappingShape, path, n.Value)
	}
	return n.Value == "true"
}

func (p *mappingParser) number(n *yaml.Node, path string) int {
	v, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || v < 1 || v > sheet.MaxColumns {
		p.add(n, CodeMappingShape, path, n.Value)
		return 0
	}
	return v
}

// root reads the keys of a mapping file.
func (p *mappingParser) root(n *yaml.Node) {
	p.elements = make(map[string]bool)
	m := p.m
	format := false
	texts := map[string]*string{"name": &m.Name, "sheet": &m.Sheet}
	lists := map[string]*[]string{"ignore": &m.Ignore, "absent": &m.Absent, "present": &m.Present}
	flags := map[string]*bool{"serials": &m.Serials, "strict": &m.Strict}
	p.pairs(n, "", func(key string, k, v *yaml.Node) {
		if to := texts[key]; to != nil {
			*to = p.text(v, key)
			return
		}
		if to := lists[key]; to != nil {
			*to = p.texts(v, key)
			return
		}
		if to := flags[key]; to != nil {
			*to = p.flag(v, key)
			return
		}
		switch key {
		case "format":
			format = true
			if v.Value != MappingFormat {
				p.add(v, CodeMappingFormat, key, v.Value)
			}
		case "columns":
			p.pairs(v, key, p.column)
		case "constant":
			p.pairs(v, key, p.constant)
		case "derived":
			p.pairs(v, key, p.derive)
		default:
			p.option(key, k, v)
		}
	})
	if !format && n.Kind == yaml.MappingNode {
		p.add(n, CodeMappingFormat, "format", "")
	}
}

// option reads the keys with a form of their own.
func (p *mappingParser) option(key string, k, v *yaml.Node) {
	m := p.m
	refuse := func(ok bool) {
		if !ok {
			p.add(v, CodeMappingValue, key, v.Value)
		}
	}
	switch key {
	case "type":
		m.Type = p.text(v, key)
		refuse(len(m.Type) == 21)
	case "department":
		m.Department = p.text(v, key)
		refuse(code.CheckUSCC(m.Department) == nil)
	case "sheetAt":
		m.SheetAt = p.number(v, key)
	case "heading":
		var ok bool
		m.Heading, ok = parseHeadingRows(p.text(v, key))
		refuse(ok)
	case "rowColumns":
		if m.RowColumns = AnyColumns; v.Value != "any" {
			m.RowColumns = p.number(v, key)
		}
	case "encoding":
		e, ok := sheet.ParseEncoding(p.text(v, key))
		refuse(ok)
		m.Encoding = e.String()
	case "dates":
		m.Dates = DateOrder(p.text(v, key))
		refuse(m.Dates == DatesMDY || m.Dates == DatesDMY)
	case "decimal":
		m.Decimal = p.text(v, key)
		refuse(m.Decimal == "," || m.Decimal == ".")
	case "holderKind":
		m.HolderKind = p.text(v, key)
		_, ok := code.LookupHolderCode(m.HolderKind)
		refuse(ok)
	default:
		p.add(k, CodeMappingKey, key, key)
	}
}

// element notes that an element gets its value; each may do so once.
func (p *mappingParser) element(n *yaml.Node, name string) {
	switch {
	case !elementName.MatchString(name):
		p.add(n, CodeMappingElement, name, name)
	case p.elements[name]:
		p.add(n, CodeMappingElementTwice, name, name)
	}
	p.elements[name] = true
}

var elementName = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,31}$`)

func (p *mappingParser) column(heading string, k, v *yaml.Node) {
	c := MappedColumn{Heading: heading}
	p.checkRef(k, heading)
	path := "columns." + heading
	if v.Kind != yaml.MappingNode {
		c.Elements = p.texts(v, path)
	} else {
		p.pairs(v, path, func(key string, k, v *yaml.Node) {
			switch key {
			case "to":
				c.Elements = p.texts(v, path)
			case "unit":
				c.Unit = p.text(v, path)
			case "values":
				p.pairs(v, path, func(from string, _, to *yaml.Node) {
					c.Values = append(c.Values, Replacement{from, p.text(to, path)})
				})
			default:
				p.add(k, CodeMappingKey, path, key)
			}
		})
	}
	if len(c.Elements) == 0 {
		p.add(k, CodeMappingShape, path, "")
	}
	for _, name := range c.Elements {
		p.element(k, name)
		if name == catalogue.MetaIssued && registrationDate(heading) {
			p.add(k, CodeMappingIssued, path, heading)
		}
	}
	p.m.Columns = append(p.m.Columns, c)
}

// checkRef refuses an @ that no column letter follows.
func (p *mappingParser) checkRef(n *yaml.Node, heading string) {
	if _, ok := columnOf(heading); !ok && strings.HasPrefix(heading, "@") {
		p.add(n, CodeMappingValue, heading, heading)
	}
}

func (p *mappingParser) constant(name string, k, v *yaml.Node) {
	p.element(k, name)
	value := p.text(v, "constant."+name)
	switch {
	case strings.TrimSpace(value) == "":
		p.add(v, CodeMappingValue, "constant."+name, value)
	case name == catalogue.MetaNumber:
		p.add(k, CodeMappingElement, "constant."+name, name)
	}
	p.m.Constants = append(p.m.Constants, Constant{name, value})
}

func (p *mappingParser) derive(name string, k, v *yaml.Node) {
	p.element(k, name)
	d := Derived{Element: name}
	path := "derived." + name
	fields := map[string]*string{"match": &d.Match, "to": &d.To, "reason": &d.Reason}
	lists := map[string]*[]string{"from": &d.From, "optional": &d.Optional}
	p.pairs(v, path, func(key string, k, v *yaml.Node) {
		switch {
		case fields[key] != nil:
			*fields[key] = p.text(v, path)
		case lists[key] != nil:
			*lists[key] = p.texts(v, path)
		default:
			p.add(k, CodeMappingKey, path, key)
		}
	})
	for _, name := range d.From {
		p.checkRef(k, name)
	}
	if len(d.From) == 0 || slices.Contains(d.From, "") || strings.TrimSpace(d.Reason) == "" {
		p.add(k, CodeMappingReason, path, "")
	}
	if _, bad := d.compile(); bad != nil {
		p.add(k, bad.Code, path, bad.Found)
	}
	p.m.Derived = append(p.m.Derived, d)
}
