package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/cli"
)

// TestDemoNext pastes every command that the demo says to type next.
func TestDemoNext(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	keep := filepath.Join(t.TempDir(), "demo")
	out := r.ok("demo", "--rows", "200", "--keep", keep)
	tried := 0
	for line := range strings.Lines(out) {
		call, ok := strings.CutPrefix(strings.TrimSpace(line), "elicense -d "+keep+" ")
		if !ok {
			continue
		}
		at := &runner{t, keep}
		require.NotEmpty(t, at.ok(strings.Fields(call)...), call)
		tried++
	}
	require.Equal(t, 8, tried)
	require.NotContains(t, out, "✗")
	sealed, err := os.Stat(filepath.Join(keep, licenceFile))
	require.NoError(t, err)
	require.LessOrEqual(t, sealed.Size(), int64(40<<10), "a sealed licence of one page")
	readmeShows(t, out)
	require.Equal(t, 5, quotedJudgements(t, keep))
}

// readmeShows: what the README quotes of a run is what a run prints, but for numbers and what it leaves out.
func readmeShows(t *testing.T, out string) {
	t.Helper()
	readme, err := os.ReadFile("../../README.zh-CN.md")
	require.NoError(t, err)
	block := regexp.MustCompile("(?s)```text\n(elicense 演示.*?)```").FindSubmatch(readme)
	require.NotNil(t, block)
	form := func(s string) string {
		s = regexp.MustCompile(`\[.*?\]`).ReplaceAllString(strings.ReplaceAll(s, keepOf(out), "elicense-demo"), "")
		return regexp.MustCompile(`[0-9.]+(ms|s)?`).ReplaceAllString(strings.Join(strings.Fields(s), " "), "N")
	}
	whole := form(out)
	for line := range strings.Lines(string(block[1])) {
		if regexp.MustCompile(`^ +\d+  `).MatchString(line) { // the most frequent faults of more rows
			continue
		}
		for part := range strings.SplitSeq(line, "……") {
			require.Contains(t, whole, form(strings.TrimSpace(part)), line)
		}
	}
	counts := regexp.MustCompile(`证照 (\d+)，版本.*文件和扫描件 (\d+) 个`)
	for _, text := range []string{out, string(block[1])} {
		n := counts.FindStringSubmatch(text)
		require.Len(t, n, 3)
		require.Equal(t, n[1], n[2], "each licence has its document")
	}
}

// keepOf is where a demo left its data.
func keepOf(out string) string {
	return regexp.MustCompile(`elicense -d (\S+) lookup`).FindStringSubmatch(out)[1]
}

// quotedJudgements types the verifications that docs/cli.md quotes on the demo's files, and says how many there were:
// each has the lines that stand there, and ends with the code.
func quotedJudgements(t *testing.T, keep string) (tried int) {
	t.Helper()
	text, err := os.ReadFile("../../docs/cli.md")
	require.NoError(t, err)
	quoted := regexp.MustCompile("(?m)^\\$ (?:cd elicense-demo; )?elicense -d (\\.|elicense-demo) (verify .*?) +# (\\d)\n" +
		"((?:[^$`\n].*\n|\n)*)")
	for _, q := range quoted.FindAllStringSubmatch(string(text), -1) {
		if strings.Contains(q[2], "--at") { // its answer depends on the day
			continue
		}
		args := strings.Fields(strings.ReplaceAll(q[2], "elicense-demo/", ""))
		for i, arg := range args {
			if strings.HasSuffix(arg, ".ofd") || strings.HasSuffix(arg, ".json") || arg == "报告" {
				args[i] = filepath.Join(keep, arg)
			}
		}
		got := (&runner{t, keep}).run(args...)
		require.Equal(t, q[3], strconv.Itoa(got.code), q[2])
		if q[3] == "4" {
			require.Contains(t, got.err, "--with", "what to do next")
		}
		shown := strings.ReplaceAll(got.out+got.err, keep+"/", "")
		for line := range strings.Lines(q[4]) {
			require.Contains(t, shown, strings.TrimSpace(line), q[2]+": "+line)
		}
		tried++
	}
	return tried
}

// TestDemoFails shows that a step that is not what it should be ends the demo.
func TestDemoFails(t *testing.T) {
	d := &demo{program: &program{World: &cli.World{Lang: "en"}}, steps: []demoStep{{}}}
	require.ErrorIs(t, d.check(false, "", "nothing"), errDemo)
	require.Empty(t, d.steps[0].Passed)
}
