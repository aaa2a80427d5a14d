package catalogue

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// ParseType reads a type definition, written by a person or by Encode. It is strict: unknown and repeated keys,
// anchors, aliases, tags, several documents and whatever CheckType refuses make it fail. The error is a *TypeError
// that holds every problem with its line, except that a file that is no YAML shows its first flaw only.
func ParseType(data []byte) (Type, error) {
	r := &reader{
		places: make(map[string]*yaml.Node), bad: make(map[string]bool), refused: make(map[*yaml.Node]bool),
	}
	root := r.parseTree(data)
	if root == nil {
		return Type{}, refuse(r.problems)
	}
	t := r.readType(root)
	for _, p := range CheckType(t) {
		if !r.known(p.Path) {
			r.place(&p)
			r.problems = append(r.problems, p)
		}
	}
	if err := refuse(r.problems); err != nil {
		return Type{}, err
	}
	return t, nil
}

// known reports whether the reader already refused this place or one around it.
func (r *reader) known(path string) bool {
	for path != "" {
		if r.bad[path] {
			return true
		}
		path = parent(path)
	}
	return r.bad[""]
}

// place gives a problem the line of the nearest place in the file.
func (r *reader) place(p *Problem) {
	for path := p.Path; ; path = parent(path) {
		if n := r.places[path]; n != nil {
			p.Line, p.Column = n.Line, n.Column
			return
		}
		if path == "" {
			return
		}
	}
}

func parent(path string) string {
	return path[:max(0, strings.LastIndexAny(path, ".["))]
}

func (r *reader) readType(root *yaml.Node) Type {
	var t Type
	var format string
	r.mapping(root, "", []key{
		{"format", r.text(&format)},
		{"code", r.text(&t.Code)},
		{"name", r.text(&t.Name)},
		{"version", r.count(MaxVersion, &t.Version)},
		{"authority", r.group([]key{
			{"code", r.text(&t.Authority.Code)},
			{"name", r.text(&t.Authority.Name)},
			{"level", r.text(&t.Authority.Level)},
		})},
		{"issuers", r.texts(maxLevels, &t.Issuers)},
		{"holder", r.holder(&t.Holder)},
		{"items", r.list(MaxFields, r.item(&t.Items))},
		{"metadata", r.metadata(&t.Metadata)},
		{"fields", r.list(MaxFields, r.field(&t.Fields))},
		{"validity", r.validity(&t.Validity)},
		{"basis", r.list(MaxBasis, r.basis(&t.Basis))},
		{"template", r.text(&t.Template)},
		{"page", r.page(&t.Page)},
		{"classification", r.group([]key{
			{"level", r.word(&t.Classification.Level, levelWords)},
			{"reason", r.text(&t.Classification.Reason)},
			{"decided", r.text(&t.Classification.Decided)},
		})},
		{"numbering", r.group([]key{
			{"pattern", r.text(&t.Numbering.Pattern)},
			{"scope", r.texts(len(scopeNames), &t.Numbering.Scope)},
			{"category", r.text(&t.Numbering.Category)},
			{"codes", r.table(&t.Numbering.Codes)},
		})},
	})
	if format != Format && !r.known("format") {
		n := root
		if at := r.places["format"]; at != nil {
			n = at
		}
		r.add(n, Problem{Code: CodeFormat, Path: "format", Found: format, Want: Format})
	}
	return t
}

// word reads a text that may be given in Chinese as well.
func (r *reader) word(dst *Level, words map[string]Level) read {
	return func(n *yaml.Node, path string) {
		var s string
		r.text(&s)(n, path)
		if word, ok := words[s]; ok {
			*dst = word
			return
		}
		*dst = Level(s)
	}
}

// levelWords are the Chinese words for classifications.
var levelWords = map[string]Level{
	"公开": LevelPublic, "内部": LevelInternal, "敏感": LevelSensitive, "涉密": LevelSecret,
}

func (r *reader) holder(dst *Holder) read {
	return r.group([]key{
		{"kinds", r.list(len(holderKinds), func(n *yaml.Node, path string) {
			var s string
			r.text(&s)(n, path)
			dst.Kinds = append(dst.Kinds, HolderKind(s))
		})},
		{"codeTypes", r.texts(MaxSynonyms, &dst.CodeTypes)},
		{"codeOptional", r.flag(&dst.CodeOptional)},
		{"multiple", r.flag(&dst.Multiple)},
	})
}

func (r *reader) item(dst *[]Item) read {
	return func(n *yaml.Node, path string) {
		var item Item
		r.mapping(n, path, []key{{"code", r.text(&item.Code)}, {"name", r.text(&item.Name)}})
		*dst = append(*dst, item)
	}
}

func (r *reader) basis(dst *[]Basis) read {
	return func(n *yaml.Node, path string) {
		var b Basis
		r.mapping(n, path, []key{{"document", r.text(&b.Document)}, {"article", r.text(&b.Article)}})
		*dst = append(*dst, b)
	}
}

func (r *reader) metadata(dst *map[string]MetaOverride) read {
	return func(n *yaml.Node, path string) {
		out := make(map[string]MetaOverride)
		r.entries(n, path, func(name string, v *yaml.Node, at string) {
			var o MetaOverride
			r.mapping(v, at, []key{{"label", r.text(&o.Label)}, {"synonyms", r.texts(MaxSynonyms, &o.Synonyms)}})
			out[name] = o
		})
		if len(out) > 0 {
			*dst = out
		}
	}
}

// table reads a mapping from text to text.
func (r *reader) table(dst *map[string]string) read {
	return func(n *yaml.Node, path string) {
		out := make(map[string]string)
		r.entries(n, path, func(name string, v *yaml.Node, at string) {
			var s string
			r.text(&s)(v, at)
			out[name] = s
		})
		if len(out) > 0 {
			*dst = out
		}
	}
}

// entries visits a mapping with keys of the writer's choice.
func (r *reader) entries(n *yaml.Node, path string, visit func(name string, v *yaml.Node, at string)) {
	if !r.plain(n, path) {
		return
	}
	if n.Kind != yaml.MappingNode {
		r.add(n, Problem{Code: CodeNotMapping, Path: path})
		return
	}
	r.eachKey(n, path, func(name string, _, v *yaml.Node) {
		visit(name, v, join(path, strings.Map(pathRune, name)))
	})
}

// pathRune keeps marks of a path out of a key of the writer's choice.
func pathRune(c rune) rune {
	if c == '.' || c == '[' {
		return '_'
	}
	return c
}

func (r *reader) validity(dst *Validity) read {
	return r.group([]key{
		{"ranges", func(n *yaml.Node, path string) {
			var s string
			r.text(&s)(n, path)
			ranges, ok := ParseRanges(s)
			if !ok && !r.bad[path] {
				r.add(n, Problem{Code: CodeValidity, Path: path, Found: s})
				return
			}
			dst.Ranges = ranges
		}},
		{"loose", r.flag(&dst.Loose)},
		{"field", r.text(&dst.Field)},
	})
}

func (r *reader) field(dst *[]Field) read {
	return func(n *yaml.Node, path string) {
		var f Field
		var kind, format string
		r.mapping(n, path, []key{
			{"name", r.text(&f.Name)},
			{"label", r.text(&f.Label)},
			{"synonyms", r.texts(MaxSynonyms, &f.Synonyms)},
			{"kind", r.text(&kind)},
			{"format", r.text(&format)},
			{"personal", r.flag(&f.Personal)},
			{"rules", r.group([]key{
				{"required", r.flag(&f.Rules.Required)},
				{"minLength", r.count(maxValueRunes, &f.Rules.MinLength)},
				{"maxLength", r.count(maxValueRunes, &f.Rules.MaxLength)},
				{"pattern", r.text(&f.Rules.Pattern)},
				{"enum", r.texts(MaxEnumValues, &f.Rules.Enum)},
				{"min", r.text(&f.Rules.Min)},
				{"max", r.text(&f.Rules.Max)},
				{"notAfterToday", r.flag(&f.Rules.NotAfterToday)},
				{"maxBytes", r.count(MaxImageBytes, &f.Rules.MaxBytes)},
			})},
		})
		f.Kind, f.Format = Kind(kind), ValueFormat(format)
		*dst = append(*dst, f)
	}
}
