package server_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/server"
)

// TestEveryRule: behind every code stands a rule, in both languages, with what it rests on; where that is a page of ours,
// the page has the place.
func TestEveryRule(t *testing.T) {
	t.Parallel()
	pages := map[string]map[string]bool{}
	for _, c := range server.Codes() {
		require.Regexp(t, `\p{Han}`, c.RuleZh, c.Code)
		require.NotRegexp(t, `\p{Han}`, c.RuleEn, c.Code)
		require.NotEmpty(t, c.RuleEn, c.Code)
		require.NotEmpty(t, c.Basis, c.Code)
		for _, place := range ourPlace.FindAllStringSubmatch(c.Basis, -1) {
			page, anchor := place[1], place[2]
			if pages[page] == nil {
				pages[page] = anchorsOf(t, page)
			}
			require.True(t, pages[page][anchor], "%s: %s has no place %q", c.Code, page, anchor)
		}
	}
	require.NotEmpty(t, pages)
}

var (
	ourPlace   = regexp.MustCompile(`(docs/[a-z-]+\.md)(?:#([^\s,]+))?`)
	ownAnchor  = regexp.MustCompile(`<a id="([a-z-]+)"></a>`)
	notInNames = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

// anchorsOf are the places of a page that a link can name; "" is the page itself.
func anchorsOf(t *testing.T, page string) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(page)))
	require.NoError(t, err)
	out := map[string]bool{"": true}
	for _, m := range ownAnchor.FindAllStringSubmatch(string(text), -1) {
		out[m[1]] = true
	}
	for line := range strings.Lines(string(text)) {
		marks, heading, ok := strings.Cut(strings.TrimSpace(line), " ")
		if ok && strings.Trim(marks, "#") == "" {
			name := notInNames.ReplaceAllString(strings.ToLower(heading), "")
			out[strings.ReplaceAll(name, " ", "-")] = true
		}
	}
	return out
}
