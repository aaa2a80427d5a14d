package main

import (
	"os"
	"path/filepath"
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
}

// TestDemoFails shows that a step that is not what it should be ends the demo.
func TestDemoFails(t *testing.T) {
	d := &demo{program: &program{World: &cli.World{Lang: "en"}}, steps: []demoStep{{}}}
	require.ErrorIs(t, d.check(false, "", "nothing"), errDemo)
	require.Empty(t, d.steps[0].Passed)
}
