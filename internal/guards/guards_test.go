package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

const root = "../.."

// TestListsAreFresh: each guard's lines are in its file, once, and its tests' packages exist.
func TestListsAreFresh(t *testing.T) {
	t.Parallel()
	guards, err := readLists(os.DirFS(root), "internal/guards/list")
	require.NoError(t, err)
	for _, g := range guards {
		text, err := os.ReadFile(filepath.Join(root, g.file))
		require.NoError(t, err, g.id)
		changed, err := g.without(string(text))
		require.NoError(t, err)
		require.NotEqual(t, string(text), changed, g.id)
		for _, test := range g.tests {
			require.DirExists(t, filepath.Join(root, test.pkg), g.id)
		}
	}
}

func TestParseListRefuses(t *testing.T) {
	t.Parallel()
	const whole = "guard a\nwhy b\nfile c\ntest ./d E\n-f\n+g\n"
	guards, err := parseList("x", "# comment\n\n"+whole+"\n"+whole)
	require.NoError(t, err)
	require.Len(t, guards, 2)
	require.Equal(t, guard{id: "a", why: "b", file: "c", old: "f\n", new: "g\n", tests: []test{{"./d", "E"}}}, guards[0])
	for _, text := range []string{
		"guard a\n", "why b\nfile c\ntest ./d E\n-f\n", "guard a\nfile c\ntest ./d E\n-f\n", "guard a\nwhy b\ntest ./d E\n-f\n",
		"guard a\nwhy b\nfile c\n-f\n", "guard a\nwhy b\nfile c\ntest ./d E\n", "test d E\n", "test ./d\n", "what\n",
	} {
		_, err := parseList("x", text)
		require.Error(t, err, text)
	}
	_, err = readLists(fstest.MapFS{"l/a.txt": {Data: []byte(whole)}, "l/b.txt": {Data: []byte(whole)}}, "l")
	require.ErrorContains(t, err, "twice")
	_, err = readLists(fstest.MapFS{}, "l")
	require.Error(t, err)
}

func TestWithout(t *testing.T) {
	t.Parallel()
	g := guard{id: "a", file: "f", old: "\tb\n", new: "\tx\n"}
	changed, err := g.without("a\n\tb\nc\n")
	require.NoError(t, err)
	require.Equal(t, "a\n\tx\nc\n", changed)
	_, err = g.without("a\nc\n")
	require.ErrorContains(t, err, "no longer")
	_, err = g.without("\tb\n\tb\n")
	require.ErrorContains(t, err, "more than once")
}

func TestChoose(t *testing.T) {
	t.Parallel()
	guards := []guard{{id: "a"}, {id: "b"}, {id: "c"}}
	seen := map[string]int{}
	for _, part := range []string{"0/2", "1/2"} {
		some, err := choose(guards, part, nil)
		require.NoError(t, err)
		for _, g := range some {
			seen[g.id]++
		}
	}
	require.Equal(t, map[string]int{"a": 1, "b": 1, "c": 1}, seen)
	all, err := choose(guards, "", nil)
	require.NoError(t, err)
	require.Len(t, all, 3)
	one, err := choose(guards, "", []string{"b"})
	require.NoError(t, err)
	require.Equal(t, []guard{{id: "b"}}, one)
	for _, part := range []string{"x", "1", "1/0", "-1/2", "1/y"} {
		_, err := choose(guards, part, nil)
		require.Error(t, err, part)
	}
	_, err = choose(guards, "", []string{"z"})
	require.Error(t, err)
}

// TestRun runs guards of a small module: one that its test holds, and four that are not held, each in its own way.
func TestRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":    "module example\n\ngo 1.26\n",
		"a.go":      "package example\n\nfunc Even(n int) bool {\n\tif n%2 == 1 {\n\t\treturn false\n\t}\n\treturn true\n}\n",
		"a_test.go": "package example\n\nimport \"testing\"\n\nfunc TestEven(t *testing.T) {\n\tif Even(3) {\n\t\tt.Fail()\n\t}\n}\n\nfunc TestBlind(t *testing.T) {}\n\nfunc TestRed(t *testing.T) { t.Fail() }\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	const old = "\tif n%2 == 1 {\n"
	held := guard{id: "held", file: "a.go", old: old, new: "\tif n < 0 {\n", tests: []test{{".", "TestEven"}}}
	blind, red, none, broken := held, held, held, held
	blind.id, blind.tests = "blind", []test{{".", "TestBlind"}}
	red.id, red.tests = "red", []test{{".", "TestRed"}}
	none.id, none.tests = "none", []test{{".", "TestNobody"}}
	broken.id, broken.new = "broken", "\tif what {\n"
	gone := held
	gone.id, gone.old = "gone", "nothing of the kind\n"
	var out bytes.Buffer
	r := runner{root: dir, goCommand: "go", out: &out}
	require.NoError(t, r.run(t.Context(), []guard{held}), out.String())
	for _, c := range []struct {
		g    guard
		want string
	}{
		{blind, "stays green"}, {red, "not green"}, {none, "not green"}, {broken, "does not compile"}, {gone, "no longer"},
	} {
		out.Reset()
		require.ErrorIs(t, r.run(t.Context(), []guard{c.g}), errSurvived)
		require.Contains(t, out.String(), c.want)
	}
	text, err := os.ReadFile(filepath.Join(dir, "a.go"))
	require.NoError(t, err)
	require.Contains(t, string(text), old, "the files stay as they are")
}
