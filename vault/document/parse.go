package document

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/elicense/elicense/internal/page"
	"github.com/elicense/elicense/vault/catalogue"
)

// ParseTemplate reads a template. It is strict: unknown and repeated keys, anchors, aliases, tags and whatever the
// rules of a page forbid make it fail. The error is a *TemplateError that holds every problem with its line, except
// that a file that is no YAML shows its first flaw only.
func ParseTemplate(data []byte) (*Template, error) {
	return (&reader{}).parse(data)
}

// ParseTemplateFor is ParseTemplate for the licences of one type: the elements that the template shows must be the
// type's.
func ParseTemplateFor(t catalogue.Type, data []byte) (*Template, error) {
	return (&reader{typ: &t}).parse(data)
}

func (r *reader) parse(data []byte) (*Template, error) {
	r.places = make(map[string]*yaml.Node)
	t := &Template{Title: "楷体", Body: "宋体"}
	if root := r.parseTree(data); root != nil {
		r.template(root, t)
	}
	if len(r.problems) == 0 {
		r.check(t)
	}
	if len(r.problems) > 0 {
		return nil, &TemplateError{r.problems}
	}
	return t, nil
}

// reader walks a YAML tree and gathers every problem with its place.
type reader struct {
	problems []Problem
	places   map[string]*yaml.Node
	typ      *catalogue.Type // whose elements are known; nil: any
}

type read func(n *yaml.Node, path string)

type keys map[string]read

func (r *reader) add(n *yaml.Node, p Problem) {
	p.Line, p.Column = n.Line, n.Column
	r.problems = append(r.problems, p)
}

func (r *reader) parseTree(data []byte) *yaml.Node {
	if len(data) > MaxTemplateBytes {
		r.problems = append(r.problems, Problem{Code: CodeTooBig})
		return nil
	}
	if !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0 {
		r.problems = append(r.problems, Problem{Code: CodeEncoding})
		return nil
	}
	doc, err := decodeOne(data)
	if err != nil {
		r.problems = append(r.problems, Problem{Code: CodeSyntax, Found: err.Error()})
		return nil
	}
	r.screen(doc.Content[0], 0)
	if len(r.problems) > 0 {
		return nil
	}
	return doc.Content[0]
}

// decodeOne decodes exactly one document. A panic of the YAML library is an error of the file, not of the process.
func decodeOne(data []byte) (doc yaml.Node, err error) {
	defer func() {
		if p := recover(); p != nil {
			doc, err = yaml.Node{}, fmt.Errorf("%w: %v", ErrTemplate, p)
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&doc); err != nil {
		return yaml.Node{}, err
	}
	var second yaml.Node
	if err := dec.Decode(&second); !errors.Is(err, io.EOF) || doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		return yaml.Node{}, fmt.Errorf("%w: not exactly one document", ErrTemplate)
	}
	return doc, nil
}

// screen refuses aliases, anchors, tags and depth anywhere in the file.
func (r *reader) screen(n *yaml.Node, depth int) {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0:
		r.add(n, Problem{Code: CodeAlias})
	case depth > maxDepth:
		r.add(n, Problem{Code: CodeDepth})
		return
	}
	for _, c := range n.Content {
		r.screen(c, depth+1)
	}
}

// mapping reads the known keys of a mapping, refuses all others, and misses those that must be there.
func (r *reader) mapping(n *yaml.Node, path string, known keys, must ...string) {
	r.places[path] = n
	if n.Kind != yaml.MappingNode {
		r.add(n, Problem{Code: CodeNotMapping, Path: path})
		return
	}
	seen := make(map[string]bool)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		fn, ok := known[k.Value]
		switch {
		case k.Kind != yaml.ScalarNode || !ok:
			r.add(k, Problem{Code: CodeUnknownKey, Path: path, Found: k.Value, Want: sortedNames(known)})
		case seen[k.Value]:
			r.add(k, Problem{Code: CodeDuplicate, Path: join(path, k.Value), Found: k.Value})
		default:
			r.places[join(path, k.Value)] = v
			fn(v, join(path, k.Value))
		}
		seen[k.Value] = true
	}
	for _, name := range must {
		if !seen[name] {
			r.add(n, Problem{Code: CodeMissing, Path: join(path, name)})
		}
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// list reads the entries of a list.
func (r *reader) list(most int, each read) read {
	return func(n *yaml.Node, path string) {
		switch {
		case n.Kind != yaml.SequenceNode:
			r.add(n, Problem{Code: CodeNotList, Path: path})
		case len(n.Content) > most:
			r.add(n, Problem{
				Code: CodeTooMany, Path: path, Found: strconv.Itoa(len(n.Content)), Want: strconv.Itoa(most),
			})
		default:
			for i, c := range n.Content {
				at := path + "[" + strconv.Itoa(i) + "]"
				r.places[at] = c
				each(c, at)
			}
		}
	}
}

// text reads a scalar as the text that stands there.
func (r *reader) text(dst *string) read {
	return func(n *yaml.Node, path string) {
		runes := utf8.RuneCountInString(n.Value)
		switch {
		case n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" || n.ShortTag() == "!!bool":
			r.add(n, Problem{Code: CodeNotText, Path: path})
		case runes > maxTextRunes:
			r.add(n, Problem{
				Code: CodeTooLong, Path: path, Found: strconv.Itoa(runes), Want: strconv.Itoa(maxTextRunes),
			})
		case strings.ContainsFunc(n.Value, invisible):
			r.add(n, Problem{Code: CodeCharacters, Path: path})
		default:
			*dst = n.Value
		}
	}
}

func invisible(c rune) bool { return !unicode.IsPrint(c) && c != '\u3000' || c == utf8.RuneError }

// choice reads one of several words.
func choice[T ~string](r *reader, dst *T, words ...T) read {
	return func(n *yaml.Node, path string) {
		var s string
		r.text(&s)(n, path)
		for _, w := range words {
			if s == string(w) {
				*dst = w
				return
			}
		}
		names := make([]string, len(words))
		for i, w := range words {
			names[i] = string(w)
		}
		r.add(n, Problem{Code: CodeChoice, Path: path, Found: s, Want: strings.Join(names, ", ")})
	}
}

// flag reads true or false.
func (r *reader) flag(dst *bool) read {
	return func(n *yaml.Node, path string) {
		if n.Kind != yaml.ScalarNode || n.Value != "true" && n.Value != "false" {
			r.add(n, Problem{Code: CodeNotBool, Path: path})
			return
		}
		*dst = n.Value == "true"
	}
}

// length reads millimetres with at most three decimals, exactly.
func (r *reader) length(least, most int, dst *int) read {
	return func(n *yaml.Node, path string) {
		v, ok := parseLength(n.Value)
		if n.Kind != yaml.ScalarNode || !ok || v < least || v > most {
			r.add(n, Problem{
				Code: CodeNotLength, Path: path, Found: n.Value, Want: page.FormatMM(least) + "–" + page.FormatMM(most),
			})
			return
		}
		*dst = v
	}
}

// parseLength reads 12, 12.5 or 12.345.
func parseLength(s string) (int, bool) {
	whole, fraction, _ := strings.Cut(s, ".")
	if len(whole) == 0 || len(whole) > 4 || len(fraction) > 3 || strings.HasSuffix(s, ".") {
		return 0, false
	}
	digits := whole + fraction + "000"[len(fraction):]
	v, err := strconv.ParseUint(digits, 10, 32)
	return int(v), err == nil
}

// color reads #RRGGBB.
func (r *reader) color(dst *Color) read {
	return func(n *yaml.Node, path string) {
		v, err := strconv.ParseUint(strings.TrimPrefix(n.Value, "#"), 16, 24)
		if n.Kind != yaml.ScalarNode || len(n.Value) != 7 || n.Value[0] != '#' || err != nil {
			r.add(n, Problem{Code: CodeColor, Path: path, Found: n.Value})
			return
		}
		*dst = Color{uint8(v >> 16), uint8(v >> 8), uint8(v)} //nolint:gosec // 24 bits
	}
}

// box reads [left, top, width, height].
func (r *reader) box(dst *Box) read {
	return func(n *yaml.Node, path string) {
		if n.Kind != yaml.SequenceNode || len(n.Content) != 4 {
			r.add(n, Problem{Code: CodeBox, Path: path})
			return
		}
		for i, v := range []*int{&dst.X, &dst.Y, &dst.W, &dst.H} {
			least := 0
			if i >= 2 {
				least = mm / 10
			}
			r.length(least, maxPage, v)(n.Content[i], path+"["+strconv.Itoa(i)+"]")
		}
	}
}
