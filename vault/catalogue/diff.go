package catalogue

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// Change is one difference between two versions of a type.
type Change struct {
	Path string // fields by their short names: fields.KZ_FDDBR.label
	Old  string // empty if added
	New  string // empty if removed
}

// DiffTypes lists what a newer version changes, in order of path, and what of it a new version may not change: the
// type code and the authority, the kind and format of a field, and whether a field is there at all. Licences of older
// versions stay as they are.
func DiffTypes(older, newer Type) ([]Change, Problems) {
	var problems Problems
	if older.Code != newer.Code || older.Authority.Code != newer.Authority.Code {
		problems = append(problems, Problem{Code: CodeDiffType, Path: "code", Found: newer.Code, Want: older.Code})
	}
	if newer.Version != older.Version+1 {
		problems = append(problems, Problem{Code: CodeDiffVersion, Path: "version",
			Found: strconv.Itoa(newer.Version), Want: strconv.Itoa(older.Version + 1)})
	}
	for i := range older.Fields {
		problems = append(problems, diffField(&older.Fields[i], newer)...)
	}
	return diffLeaves(leaves(older), leaves(newer)), problems
}

func diffField(was *Field, newer Type) Problems {
	i := slices.IndexFunc(newer.Fields, func(f Field) bool { return f.Name == was.Name })
	if i < 0 {
		return Problems{{Code: CodeDiffRemoved, Path: "fields", Found: was.Name}}
	}
	is := &newer.Fields[i]
	if is.Kind == was.Kind && is.Format == was.Format {
		return nil
	}
	return Problems{{Code: CodeDiffKind, Path: "fields[" + strconv.Itoa(i) + "].kind",
		Found: strings.TrimSuffix(string(is.Kind)+"/"+string(is.Format), "/"),
		Want:  strings.TrimSuffix(string(was.Kind)+"/"+string(was.Format), "/")}}
}

func diffLeaves(older, newer map[string]string) []Change {
	var out []Change
	for path, text := range older {
		if newer[path] != text {
			out = append(out, Change{Path: path, Old: text, New: newer[path]})
		}
	}
	for path, text := range newer {
		if _, ok := older[path]; !ok {
			out = append(out, Change{Path: path, New: text})
		}
	}
	slices.SortFunc(out, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	return out
}

// leaves flattens a type to text by path. Fields go by name, so that moving one is not a change of all after it; lists
// of text are one leaf.
func leaves(t Type) map[string]string {
	out := make(map[string]string)
	for i := range t.Fields {
		flatten(out, "fields."+t.Fields[i].Name, t.Fields[i])
	}
	t.Fields = nil
	flatten(out, "", t)
	return out
}

func flatten(out map[string]string, path string, value any) {
	data, err := json.Marshal(value)
	if err != nil {
		return
	}
	var tree any
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if dec.Decode(&tree) == nil {
		flattenTree(out, path, tree)
	}
}

func flattenTree(out map[string]string, path string, tree any) {
	switch v := tree.(type) {
	case map[string]any:
		for name, child := range v {
			flattenTree(out, join(path, name), child)
		}
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			if s, ok := v[i].(string); ok {
				parts[i] = s
				continue
			}
			data, _ := json.Marshal(v[i]) // what was decoded from JSON encodes
			parts[i] = string(data)
		}
		out[path] = strings.Join(parts, "; ")
	case string:
		out[path] = v
	case json.Number:
		out[path] = v.String()
	case bool:
		out[path] = strconv.FormatBool(v)
	}
}
