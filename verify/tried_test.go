package verify_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTried: each attack that the page lists has its test.
func TestTried(t *testing.T) {
	page, err := os.ReadFile("../docs/verify.md")
	require.NoError(t, err)
	_, tried, ok := strings.Cut(string(page), "\n## 14. What was tried\n")
	require.True(t, ok)
	have := map[string]bool{}
	written := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	for _, dir := range []string{".", "../internal", "../server", "../signing"} {
		require.NoError(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			b, err := os.ReadFile(path)
			for _, m := range written.FindAllSubmatch(b, -1) {
				have[string(m[1])] = true
			}
			return err
		}))
	}
	for line := range strings.Lines(tried) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| attack") {
			continue
		}
		names := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(line, -1)
		require.NotEmpty(t, names, line)
		for _, name := range names {
			require.True(t, have[name[1]], "%s", name[1])
		}
	}
}
