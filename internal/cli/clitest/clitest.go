// Package clitest runs scripts of commands (testscript) against a program of internal/cli inside the test's own
// process. Every script has two commands for it: NAME ARGS…, which must end with exit code 0 (or with ! with any
// other), and exit CODE ARGS…, which must end with exactly that code. Behind the condition [checkers], which holds
// where the independent checkers are at hand, judge TOOL ARGS… runs one of them: it must accept, or with ! refuse.
package clitest

import (
	"bytes"
	"crypto/rand"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/elicense/elicense/internal/cli"
)

// Command is a command of scripts; neg tells that it was written with !.
type Command = func(ts *testscript.TestScript, neg bool, args []string)

// Program is a program under test.
type Program struct {
	Name string
	// Run carries out one command line and gives its exit code. The world has everything but a clock.
	Run      func(*testscript.TestScript, *cli.World) int
	Commands map[string]Command // more of them
	Checkers string             // the folder of the independent checkers; empty: they are not at hand
}

// onlyVariable names the one script that a process is for.
const onlyVariable = "ELICENSE_CLITEST_SCRIPT"

// TestScripts runs every .txtar file of a directory. A command's relative paths are those of its process, so each
// script has a process of its own, this test binary once more, and as many run side by side as the test may.
func (p Program) TestScripts(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts in %s: %v", dir, err)
	}
	if only := os.Getenv(onlyVariable); only != "" {
		p.runHere(t, only)
		return
	}
	if testing.CoverMode() != "" { // only this process counts what it covers
		p.runHere(t, files...)
		return
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			runApart(t, file)
		})
	}
}

// runApart runs a script in a process of its own: this very test, of which the process does nothing else.
func runApart(t *testing.T, file string) {
	t.Helper()
	if _, err := os.ReadFile(file); err != nil { // so that go test knows that the result depends on it
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	test, name, _ := strings.Cut(t.Name(), "/")
	c := exec.CommandContext(t.Context(), exe, "-test.run", "^"+test+"$/^"+name+"$", "-test.v")
	c.Env = append(os.Environ(), onlyVariable+"="+file)
	out, err := c.CombinedOutput()
	ended := func(how string) bool { return bytes.Contains(out, []byte("--- "+how+": "+t.Name()+" ")) }
	switch {
	case err == nil && ended("SKIP"):
		t.Skip(told(out))
	case err != nil || !ended("PASS"):
		t.Fatalf("%v\n%s", err, told(out))
	case testing.Verbose():
		t.Log(told(out))
	}
}

// told is what a test wrote, without the lines by which go test would take it for tests of the process that reads it.
func told(out []byte) string {
	var b strings.Builder
	for line := range strings.Lines(string(out)) {
		if text := strings.TrimSpace(line); !strings.HasPrefix(text, "--- ") && !strings.HasPrefix(text, "=== ") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// runHere runs scripts in this process, one after the other.
func (p Program) runHere(t *testing.T, files ...string) {
	t.Helper()
	home, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.Chdir(home); err != nil { //nolint:usetesting // scripts change it many times
			t.Error(err)
		}
	})
	commands := map[string]Command{p.Name: p.command, "exit": p.exits, "judge": p.judge}
	for name, c := range p.Commands {
		commands[name] = c
	}
	testscript.RunT(serial{t}, testscript.Params{
		Files: files, Cmds: commands,
		Condition: func(name string) (bool, error) { return name == "checkers" && p.Checkers != "", nil },
		Setup: func(env *testscript.Env) error {
			env.Values[session{}] = &bytes.Buffer{}
			env.Setenv("LANG", "zh_CN.UTF-8")
			return nil
		},
	})
}

// judge runs an independent program, which finds what was set up for it in the user's home directory.
func (p Program) judge(ts *testscript.TestScript, neg bool, args []string) {
	home, err := os.UserHomeDir()
	ts.Check(err)
	none := ts.Getenv("HOME")
	ts.Setenv("HOME", home)
	defer ts.Setenv("HOME", none)
	if err := ts.Exec(filepath.Join(p.Checkers, args[0]), args[1:]...); (err != nil) != neg {
		ts.Fatalf("%s: %v", strings.Join(args, " "), err)
	}
}

// serial runs scripts one after the other.
type serial struct{ *testing.T }

// Parallel does nothing.
func (serial) Parallel() {}

// Verbose is that of the test.
func (serial) Verbose() bool { return testing.Verbose() }

// Run runs one script to its end.
func (s serial) Run(name string, f func(testscript.T)) {
	s.T.Run(name, func(t *testing.T) { f(serial{t}) })
}

// session is the key of everything that a script's commands have written.
type session struct{}

// Written is everything that the script's commands have written so far, to either stream.
func Written(ts *testscript.TestScript) string { return all(ts).String() }

func all(ts *testscript.TestScript) *bytes.Buffer {
	b, ok := ts.Value(session{}).(*bytes.Buffer)
	if !ok {
		ts.Fatalf("no session")
	}
	return b
}

func (p Program) execute(ts *testscript.TestScript, args []string) int {
	ts.Check(os.Chdir(ts.MkAbs(".")))
	return p.Run(ts, &cli.World{
		Name: p.Name, Args: args, In: strings.NewReader(""), Out: io.MultiWriter(ts.Stdout(), all(ts)),
		Err: io.MultiWriter(ts.Stderr(), all(ts)), Env: ts.Getenv, Rand: rand.Reader,
	})
}

func (p Program) command(ts *testscript.TestScript, neg bool, args []string) {
	if got := p.execute(ts, args); (got != cli.ExitDone) != neg {
		ts.Fatalf("%s %s: exit code %d", p.Name, strings.Join(args, " "), got)
	}
}

func (p Program) exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := p.execute(ts, args[1:]); got != want {
		ts.Fatalf("%s %s: exit code %d, want %d", p.Name, strings.Join(args[1:], " "), got, want)
	}
}
