package server_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

// update writes the documents that are made from the program: go test ./server -update.
var update = flag.Bool("update", false, "write docs/openapi.json and docs/errors.md")

// golden holds what the program says of itself against a document of the repository.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Fatalf("%s is not what the program says; go test ./server -update writes it anew\n%.2000s", path, diff)
	}
}
