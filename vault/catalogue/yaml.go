package catalogue

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// reader walks a YAML tree and gathers every problem with its place.
type reader struct {
	problems Problems
	places   map[string]*yaml.Node // path -> where it stands
	bad      map[string]bool       // paths that already have a problem
	refused  map[*yaml.Node]bool   // nodes that screen refused
}

// read is what to do with one node.
type read func(n *yaml.Node, path string)

// key is one key a mapping may have.
type key struct {
	name string
	read read
}

// parseTree reads the one document of a file. Aliases are never followed.
func (r *reader) parseTree(data []byte) *yaml.Node {
	if len(data) > MaxTypeBytes {
		r.problems = append(r.problems, Problem{
			Code: CodeTooBig, Found: strconv.Itoa(len(data)), Want: strconv.Itoa(MaxTypeBytes),
		})
		return nil
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0 {
		r.problems = append(r.problems, Problem{Code: CodeEncoding})
		return nil
	}
	doc, err := decodeOne(data)
	switch {
	case errors.Is(err, errDocuments):
		r.problems = append(r.problems, Problem{Code: CodeDocuments})
		return nil
	case err != nil:
		r.problems = append(r.problems, syntaxProblem(err))
		return nil
	}
	r.screen(doc.Content[0], 0)
	return doc.Content[0]
}

// screen refuses aliases, anchors, tags and depth anywhere in the file. Aliases are reported and never followed.
func (r *reader) screen(n *yaml.Node, depth int) {
	p := Problem{Line: n.Line, Column: n.Column}
	switch {
	case n.Kind == yaml.AliasNode:
		p.Code, p.Found = CodeAlias, "*"+n.Value
	case n.Anchor != "":
		p.Code, p.Found = CodeAlias, "&"+n.Anchor
	case n.Style&yaml.TaggedStyle != 0:
		p.Code, p.Found = CodeTag, n.Tag
	case depth > maxDepth:
		p.Code = CodeDepth
	}
	if p.Code != "" {
		r.problems = append(r.problems, p)
		r.refused[n] = true
	}
	if depth > maxDepth {
		return
	}
	for _, c := range n.Content {
		r.screen(c, depth+1)
	}
}

var errDocuments = errors.New("catalogue: not exactly one document")

// decodeOne decodes exactly one document. A panic of the YAML library is an error of the file, not of the process.
func decodeOne(data []byte) (doc yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			doc, err = yaml.Node{}, fmt.Errorf("yaml: %v", r)
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return yaml.Node{}, errDocuments
		}
		return yaml.Node{}, err
	}
	var second yaml.Node
	if err := dec.Decode(&second); !errors.Is(err, io.EOF) {
		if err != nil {
			return yaml.Node{}, err
		}
		return yaml.Node{}, errDocuments
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		return yaml.Node{}, errDocuments
	}
	return doc, nil
}

var yamlLine = regexp.MustCompile(`^yaml: line ([0-9]{1,7}): `)

func syntaxProblem(err error) Problem {
	text := err.Error()
	p := Problem{Code: CodeSyntax, Found: strings.TrimPrefix(text, "yaml: ")}
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		p.Line, _ = strconv.Atoi(m[1])
		p.Found = text[len(m[0]):]
	}
	return p
}

func (r *reader) add(n *yaml.Node, p Problem) {
	p.Line, p.Column = n.Line, n.Column
	r.problems = append(r.problems, p)
	r.bad[p.Path] = true
}

// plain passes over nodes that screen refused, and remembers where the others stand.
func (r *reader) plain(n *yaml.Node, path string) bool {
	r.places[path] = n
	if r.refused[n] {
		r.bad[path] = true
		return false
	}
	return true
}

// mapping reads the known keys of a mapping and refuses all others.
func (r *reader) mapping(n *yaml.Node, path string, keys []key) {
	if !r.plain(n, path) {
		return
	}
	if n.Kind != yaml.MappingNode {
		r.add(n, Problem{Code: CodeNotMapping, Path: path})
		return
	}
	r.eachKey(n, path, func(name string, k, v *yaml.Node) {
		for i := range keys {
			if keys[i].name == name {
				keys[i].read(v, join(path, name))
				return
			}
		}
		var known []string
		for i := range keys {
			known = append(known, keys[i].name)
		}
		r.add(k, Problem{Code: CodeUnknownKey, Path: join(path, "?"), Found: name, Want: strings.Join(known, ", ")})
	})
}

// eachKey visits the pairs of a mapping whose keys are plain text and stand there once.
func (r *reader) eachKey(n *yaml.Node, path string, visit func(name string, k, v *yaml.Node)) {
	seen := make(map[string]bool, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		place := join(path, "?")
		if !r.plain(k, place) {
			continue
		}
		var name string
		r.text(&name)(k, place)
		switch {
		case name == "":
			continue
		case seen[name]:
			r.add(k, Problem{Code: CodeDuplicate, Path: join(path, name), Found: name})
			continue
		}
		seen[name] = true
		visit(name, k, v)
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// group reads a nested mapping.
func (r *reader) group(keys []key) read {
	return func(n *yaml.Node, path string) { r.mapping(n, path, keys) }
}

// list reads the entries of a list.
func (r *reader) list(most int, each read) read {
	return func(n *yaml.Node, path string) {
		if !r.plain(n, path) {
			return
		}
		if n.Kind != yaml.SequenceNode {
			r.add(n, Problem{Code: CodeNotList, Path: path})
			return
		}
		if len(n.Content) > most {
			r.add(n, Problem{Code: CodeTooMany, Path: path,
				Found: strconv.Itoa(len(n.Content)), Want: strconv.Itoa(most)})
			return
		}
		for i, c := range n.Content {
			each(c, path+"["+strconv.Itoa(i)+"]")
		}
	}
}

// text reads a scalar as the text that stands there: 001 stays 001.
func (r *reader) text(dst *string) read {
	return func(n *yaml.Node, path string) {
		if !r.plain(n, path) {
			return
		}
		if n.Kind != yaml.ScalarNode {
			r.add(n, Problem{Code: CodeNotText, Path: path})
			return
		}
		switch n.ShortTag() {
		case "!!str", "!!int", "!!float", "!!timestamp":
		default:
			r.add(n, Problem{Code: CodeNotText, Path: path})
			return
		}
		if p := checkText(n.Value); p.Code != "" {
			p.Path = path
			r.add(n, p)
			return
		}
		*dst = n.Value
	}
}

// checkText refuses text that is too long or not visible.
func checkText(s string) Problem {
	if n := utf8.RuneCountInString(s); n > MaxTextRunes {
		return Problem{Code: CodeTooLong, Found: strconv.Itoa(n), Want: strconv.Itoa(MaxTextRunes)}
	}
	for _, c := range s {
		if !unicode.IsPrint(c) && c != '\u3000' || c == utf8.RuneError {
			return Problem{Code: CodeCharacters}
		}
	}
	return Problem{}
}

// texts reads a list of texts.
func (r *reader) texts(most int, dst *[]string) read {
	return r.list(most, func(n *yaml.Node, path string) {
		var s string
		r.text(&s)(n, path)
		*dst = append(*dst, s)
	})
}

// count reads a whole number from 0 to most.
func (r *reader) count(most int, dst *int) read {
	return func(n *yaml.Node, path string) {
		if !r.plain(n, path) {
			return
		}
		v, err := strconv.Atoi(n.Value)
		if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" || err != nil || v < 0 || v > most ||
			strconv.Itoa(v) != n.Value {
			r.add(n, Problem{Code: CodeNotNumber, Path: path, Found: n.Value, Want: strconv.Itoa(most)})
			return
		}
		*dst = v
	}
}

// flag reads true or false.
func (r *reader) flag(dst *bool) read {
	return func(n *yaml.Node, path string) {
		if !r.plain(n, path) {
			return
		}
		if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" || n.Value != "true" && n.Value != "false" {
			r.add(n, Problem{Code: CodeNotBool, Path: path, Found: n.Value})
			return
		}
		*dst = n.Value == "true"
	}
}
