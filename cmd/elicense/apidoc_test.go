package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
)

var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// TestAPIDocument_A71: every command of docs/api.md does what the text says, in the order of the text: a developer who has
// the documents and nothing else issues, changes, compares and ends a licence.
func TestAPIDocument_A71(t *testing.T) {
	for _, tool := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("the commands of the document need " + tool)
		}
	}
	t.Parallel()
	text, err := os.ReadFile("../../docs/api.md")
	require.NoError(t, err)
	script := []string{"set -e"}
	for _, block := range shellBlock.FindAllStringSubmatch(string(text), -1) {
		script = append(script, block[1])
	}
	require.Greater(t, len(script), 10)
	dir := t.TempDir()
	s := serve(t, filepath.Join(dir, "elicense-data"))
	const documented = "http://127.0.0.1:8080" + api.Version
	commands := strings.Join(script, "\n")
	require.Contains(t, commands, documented)
	cmd := exec.CommandContext(t.Context(), "sh", "-x")
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(strings.ReplaceAll(commands, documented, s.base))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}
