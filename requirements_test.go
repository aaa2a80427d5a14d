package elicense_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// libraryRows are the rows that docs/requirements.md must have: those that the licence library and its service answer to.
var libraryRows = strings.Fields(`A35 A57 A59 A67 A68 A69 A70 A71 A72 A73 A74 A75 A77 A78 A79 A89 A90 A91
	D1.1 D1.2 D1.3 D1.4 D1.5 D1.6 D1.7 D1.8 D1.9 D1.10
	D3.1 D3.2 D3.3 D3.4 D3.5 D3.6 D3.7 D3.8 D3.9 D3.10`)

// TestRequirementsAreProven: every row of the library is in the table, and every test that the table names exists.
func TestRequirementsAreProven(t *testing.T) {
	text, err := os.ReadFile("docs/requirements.md")
	require.NoError(t, err)
	named := regexp.MustCompile("`([^`]+)`")
	rows := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || strings.HasPrefix(line, "|--") || strings.TrimSpace(cells[1]) == "row" {
			continue
		}
		row := strings.TrimSpace(cells[1])
		rows[row] = true
		tests := named.FindAllStringSubmatch(cells[3], -1)
		require.NotEmpty(t, tests, "row %s names no test", row)
		for _, m := range tests {
			require.True(t, exists(t, m[1]), "row %s names %s, which does not exist", row, m[1])
		}
	}
	for _, row := range libraryRows {
		require.True(t, rows[row], "row %s is missing", row)
	}
}

// TestFaultsAreProven: every test that the table of faults names exists.
func TestFaultsAreProven(t *testing.T) {
	text, err := os.ReadFile("docs/operations.md")
	require.NoError(t, err)
	named := regexp.MustCompile("`([a-z/]+\\.Test[A-Za-z0-9_]+)`").FindAllStringSubmatch(string(text), -1)
	require.Greater(t, len(named), 30)
	for _, m := range named {
		require.True(t, exists(t, m[1]), "%s does not exist", m[1])
	}
}

// exists reports whether package.Test or a script is in the module.
func exists(t *testing.T, name string) bool {
	t.Helper()
	if strings.HasSuffix(name, ".txtar") {
		_, err := os.Stat(name)
		return err == nil
	}
	folder, test, ok := strings.Cut(name, ".")
	if !ok || !strings.HasPrefix(test, "Test") {
		return false
	}
	files, err := filepath.Glob(filepath.Join(filepath.FromSlash(folder), "*_test.go"))
	require.NoError(t, err)
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == test {
				return true
			}
		}
	}
	return false
}
