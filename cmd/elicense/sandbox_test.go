package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/proctest"
	"github.com/elicense/elicense/pki"
)

// readyMade names the directory of the sandboxes that were made once, for the processes of the scripts too.
const readyMade = "ELICENSE_TEST_SANDBOXES"

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	if os.Getenv(readyMade) == "" {
		dir, err := os.MkdirTemp("", "elicense-test-sandboxes")
		if err == nil {
			err = os.Setenv(readyMade, dir)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		if err != nil {
			panic(err)
		}
	}
	return proctest.Main(m, asProgram)
}

// selfTested runs the self-test once in this process, as every process of the program does.
var selfTested = sync.OnceValue(pki.SelfTestResults)

// Making a sandbox takes half a second: seven keys and their certificates, seals, twelve types. So one is made and the tests
// have copies, which no test can tell from one of its own; those that are about the making make theirs. One was made by
// the clock of the machine, the other a minute before that of the scripts begins, in whatever process and however late.
var (
	sandboxOfToday   = sync.OnceValues(func() (string, error) { return makeSandbox("today", time.Now) })
	sandboxOfScripts = sync.OnceValues(func() (string, error) { return makeSandbox("scripts", beforeScripts()) })
)

// beforeScripts is a clock that begins a minute before every script: each command of one is a process, whose clock begins
// anew, while the process that makes the sandbox may be old.
func beforeScripts() func() time.Time {
	begun := time.Now()
	return func() time.Time { return scriptStart.Add(time.Since(begun) - time.Minute) }
}

// makeSandbox makes a sandbox that is to be copied, unless the process that started this one did.
func makeSandbox(name string, clock func() time.Time) (string, error) {
	dir := filepath.Join(os.Getenv(readyMade), name)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	c := &program{selfTest: selfTested, World: &cli.World{
		Name: "elicense", In: strings.NewReader(""), Out: io.Discard, Err: io.Discard,
		Env: func(string) string { return "" }, Now: clock, Rand: rand.Reader,
	}}
	h, err := c.createHouse(context.Background(), dir, plan{
		origin: fixtures.Origin, zone: "Asia/Shanghai", sandbox: true,
		operator: body{fixtures.Authority().Name, fixtures.Authority().Code},
	})
	if err != nil {
		return "", fmt.Errorf("making a sandbox for the tests: %w", err)
	}
	defer proctest.Settle()
	return dir, h.close()
}

// copyDirectory copies a data directory with the permissions of its files, which doctor looks at.
func copyDirectory(to, from string) error {
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		return err
	}
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return os.Chmod(filepath.Join(to, strings.TrimPrefix(path, from)), info.Mode())
	})
}

// copySandbox puts a sandbox of the machine's clock where there is nothing yet.
func copySandbox(tb testing.TB, dir string) {
	tb.Helper()
	made, err := sandboxOfToday()
	require.NoError(tb, err)
	require.NoError(tb, copyDirectory(dir, made))
}

// closeHouse closes a data directory that a test has opened, so that it can be opened again.
func closeHouse(tb testing.TB, h *house) {
	tb.Helper()
	require.NoError(tb, h.close())
	proctest.Settle()
}

// newSandbox gives commands a sandbox.
func newSandbox(t *testing.T) *runner {
	t.Helper()
	r := newRunner(t)
	copySandbox(t, r.dir)
	return r
}

// scriptSandbox is sandbox [DIR]: puts a sandbox where init --sandbox would have made one.
func scriptSandbox(ts *testscript.TestScript, _ bool, args []string) {
	made, err := sandboxOfScripts()
	ts.Check(err)
	dir := "elicense-data"
	if len(args) > 0 {
		dir = args[0]
	}
	ts.Check(copyDirectory(ts.MkAbs(dir), made))
}
