package convert

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/elicense/elicense/internal/normal"
	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault/catalogue"
)

// part is one of several columns that a value is put together from, as 证书字 and 号.
type part struct {
	at       int
	optional bool // it may be empty
}

// form is how a derived value is made: from the groups of match, or from several cells.
type form struct {
	match *regexp.Regexp // nil: the cell as it is, or several cells
	to    []piece        // nil: one cell behind the other
}

// piece of a template: a text, or what stands in one of its places.
type piece struct {
	text  string
	place int // of a group or column, $1; -1: a text
}

// compile reads match and to. The problem has a code and what was found.
func (d *Derived) compile() (form, *MappingProblem) {
	if bad := d.checkOptional(); bad != nil {
		return form{}, bad
	}
	if len(d.From) > 1 {
		return d.compileColumns()
	}
	if (d.Match == "") != (d.To == "") {
		return form{}, &MappingProblem{Code: CodeMappingMatch}
	}
	if d.Match == "" {
		return form{}, nil
	}
	re, err := regexp.Compile(d.Match)
	if err != nil {
		return form{}, &MappingProblem{Code: CodeMappingMatch, Found: d.Match}
	}
	to, bad := parseTemplate(d.To, re.SubexpNames())
	if bad != "" {
		return form{}, &MappingProblem{Code: CodeMappingTemplate, Found: bad}
	}
	return form{match: re, to: to}, nil
}

// compileColumns reads the template over several columns. One that leaves a column out is refused: its cells would be
// lost without a word.
func (d *Derived) compileColumns() (form, *MappingProblem) {
	if d.Match != "" {
		return form{}, &MappingProblem{Code: CodeMappingMatch, Found: d.Match}
	}
	if d.To == "" {
		return form{}, nil
	}
	to, bad := parseTemplate(d.To, make([]string, len(d.From)+1))
	for i := range d.From {
		uses := func(p piece) bool { return p.place == i+1 }
		if bad == "" && !slices.ContainsFunc(to, uses) {
			bad = "$" + strconv.Itoa(i+1)
		}
	}
	if bad == "" && slices.ContainsFunc(to, func(p piece) bool { return p.place == 0 }) {
		bad = "$0"
	}
	if bad != "" {
		return form{}, &MappingProblem{Code: CodeMappingTemplate, Found: bad}
	}
	return form{to: to}, nil
}

// checkOptional wants some of several columns.
func (d *Derived) checkOptional() *MappingProblem {
	for _, name := range d.Optional {
		if len(d.From) < 2 || len(d.Optional) >= len(d.From) || !slices.Contains(d.From, name) {
			return &MappingProblem{Code: CodeMappingOptional, Found: name}
		}
	}
	return nil
}

// parseTemplate reads a text with $1, ${1}, ${name} and $$ in it. The digits alone are the name of a place, so that
// $1号 is the first one with 号 behind. A place that is not there is bad: it would be empty in every row.
func parseTemplate(s string, names []string) (out []piece, bad string) {
	for s != "" {
		text, rest, found := strings.Cut(s, "$")
		if text != "" {
			out = append(out, piece{text, -1})
		}
		if !found {
			break
		}
		if after, dollar := strings.CutPrefix(rest, "$"); dollar {
			out, s = append(out, piece{"$", -1}), after
			continue
		}
		var name string
		name, s = cutName(rest)
		at := placeNamed(name, names)
		if at < 0 {
			return nil, "$" + name
		}
		out = append(out, piece{place: at})
	}
	return out, ""
}

// cutName cuts 1, name, {1} or {name} off.
func cutName(s string) (name, rest string) {
	if braced, ok := strings.CutPrefix(s, "{"); ok {
		if name, rest, ok = strings.Cut(braced, "}"); ok {
			return name, rest
		}
		return "", s
	}
	end := strings.IndexFunc(s, func(c rune) bool { return c < '0' || c > '9' })
	if end == 0 {
		end = strings.IndexFunc(s, func(c rune) bool { return c != '_' && !isLetterOrDigit(c) })
	}
	if end < 0 {
		end = len(s)
	}
	return s[:end], s[end:]
}

func isLetterOrDigit(c rune) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// placeNamed is the number of a place, or -1.
func placeNamed(name string, names []string) int {
	if n, err := strconv.Atoi(name); err == nil && n >= 0 && n < len(names) && strconv.Itoa(n) == name {
		return n
	}
	if name == "" {
		return -1
	}
	return slices.Index(names, name)
}

// fill writes a template with what stands in its places.
func (f *form) fill(at func(place int) string) string {
	var b strings.Builder
	for _, p := range f.to {
		if p.place < 0 {
			b.WriteString(p.text)
		} else {
			b.WriteString(at(p.place))
		}
	}
	return b.String()
}

// columns are all that a source is read from.
func (s *source) columns() []int {
	if s.parts == nil {
		return []int{s.at}
	}
	out := make([]int, len(s.parts))
	for i, p := range s.parts {
		out[i] = p.at
	}
	return out
}

// parts finds the columns of a derived element.
func (b *binder) parts(d *Derived) []part {
	var out []part
	for _, name := range d.From {
		if at, ok := b.place(name); ok {
			out = append(out, part{at: at, optional: slices.Contains(d.Optional, name)})
		}
	}
	return out
}

// derive makes a value from a cell that has the form the mapping asks for.
func (w *worker) derive(s *source, text string) (string, bool) {
	text = strings.TrimSpace(text)
	groups := s.form.match.FindStringSubmatch(text)
	if groups == nil {
		w.findings = append(w.findings, finding{code: CodeNoMatch, at: s.at, element: s.column.Name, found: text})
		return "", false
	}
	return s.form.fill(func(place int) string { return groups[place] }), true
}

// join puts a value together from several cells. All of them empty say nothing, like one empty cell; some of them empty
// would make a value that looks whole and is not.
func (w *worker) join(s *source, cells []sheet.Cell) (string, bool) {
	texts := make([]string, len(s.parts))
	before, filled := len(w.findings), false
	for i, p := range s.parts {
		c := cellAt(cells, p.at)
		text, _ := w.said(s, p.at, &c)
		texts[i] = strings.TrimSpace(text)
		filled = filled || texts[i] != ""
		w.damage(s, p.at, texts[i], c.Kind == sheet.KindNumber)
	}
	if len(w.findings) > before || !filled {
		return "", false
	}
	for i, p := range s.parts {
		if texts[i] == "" && !p.optional {
			f := finding{code: CodePartMissing, at: p.at, element: s.column.Name}
			f.found, f.want = w.l.columnName(p.at), w.l.partNames(s)
			w.findings = append(w.findings, f)
		}
	}
	if len(w.findings) > before {
		return "", false
	}
	if s.form.to == nil {
		return strings.Join(texts, ""), true
	}
	return s.form.fill(func(place int) string { return texts[place-1] }), true
}

// damage refuses a part whose digits a spreadsheet has lost: within a longer text nobody would see it.
func (w *worker) damage(s *source, at int, text string, numeric bool) {
	if err := normal.DamagedNumber(text, numeric); err != nil {
		for _, p := range s.column.Refused(err) {
			w.value(at, &p)
		}
	}
}

// columnName is how people call a column: its heading, or its letter.
func (l *layout) columnName(at int) string {
	if h := l.headingAt(at); h != "" {
		return h
	}
	return "@" + sheet.ColumnName(at)
}

func (l *layout) partNames(s *source) string {
	list := make([]string, len(s.parts))
	for i, p := range s.parts {
		list[i] = l.columnName(p.at)
	}
	return strings.Join(list, "、")
}

// ditto are ways to write "as above" into a cell.
var ditto = map[string]bool{
	"同上": true, "同上行": true, "同上一行": true, "同上格": true, "同上栏": true, "同前": true, "同前行": true,
	"同左": true, "同右": true, "ditto": true,
}

// isDitto reports a cell that stands for another one (同上, 〃). What it means depends on the order of rows, which people
// sort; it is never taken for a value, nor is the other cell guessed.
func isDitto(text string) bool {
	if len(text) > 32 {
		return false
	}
	text = strings.TrimSpace(text)
	if strings.Trim(text, "〃″\"“”〞〝") == "" {
		return text != ""
	}
	return (strings.HasPrefix(text, "同") || len(text) <= 8 || strings.ContainsAny(text, "(（")) &&
		ditto[strings.ToLower(catalogue.NormaliseHeading(strings.Trim(text, "()（）")))]
}
