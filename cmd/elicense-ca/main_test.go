package main

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/cli"
)

// TestScripts runs testdata/*.txtar. The commands run in this process, one script after the other, because a command's
// relative paths are those of the process.
func TestScripts(t *testing.T) {
	home, err := os.Getwd()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.Chdir(home)) }) //nolint:usetesting // scripts change it many times
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	testscript.RunT(serial{t}, testscript.Params{
		Dir: filepath.Join(home, "testdata"),
		Setup: func(env *testscript.Env) error {
			env.Setenv("LANG", "zh_CN.UTF-8")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"elicense-ca": command, "exit": exits},
	})
}

// serial runs scripts one after the other.
type serial struct{ *testing.T }

func (serial) Parallel()     {}
func (serial) Verbose() bool { return testing.Verbose() }
func (s serial) Run(name string, f func(testscript.T)) {
	s.T.Run(name, func(t *testing.T) { f(serial{t}) })
}

func execute(ts *testscript.TestScript, args []string) int {
	ts.Check(os.Chdir(ts.MkAbs(".")))
	return run(context.Background(), &cli.World{
		Name: "elicense-ca", Args: args, In: strings.NewReader(""), Out: ts.Stdout(), Err: ts.Stderr(), Env: ts.Getenv,
		Now: time.Now, Rand: rand.Reader,
	})
}

// command is elicense-ca ARGS: exit code 0, or with ! any other.
func command(ts *testscript.TestScript, neg bool, args []string) {
	if got := execute(ts, args); (got != cli.ExitDone) != neg {
		ts.Fatalf("elicense-ca %s: exit code %d", strings.Join(args, " "), got)
	}
}

// exits is exit CODE ARGS: elicense-ca with exactly this exit code.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := execute(ts, args[1:]); got != want {
		ts.Fatalf("elicense-ca %s: exit code %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}
