// Package proctest is for tests that need a process of their own: one that can be killed at any instruction, or one
// whose memory is its alone. The process is always the test binary itself, so nothing is built for it.
package proctest

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// AsProgram is the variable of the environment that makes a test binary be the program that it tests.
const AsProgram = "ELICENSE_TEST_PROGRAM"

// Main is for the TestMain of a program: it runs the tests, or, in a process that Command started, the program itself.
// What program returns from is a success; it ends itself with any other exit code.
func Main(m *testing.M, program func()) int {
	if os.Getenv(AsProgram) != "" {
		program()
		return 0
	}
	return m.Run()
}

// Command is the program under test as a process of its own, which ends with the test. It has the environment of the
// test without what speaks to the program or sets its language (ELICENSE_…, LC_…, LANG), and what is given as
// NAME=value.
func Command(tb testing.TB, env []string, args ...string) *exec.Cmd {
	tb.Helper()
	c := exec.CommandContext(tb.Context(), executable(tb), args...)
	inherited := slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "ELICENSE_") || strings.HasPrefix(v, "LC_") || strings.HasPrefix(v, "LANG")
	})
	c.Env = slices.Concat(inherited, []string{AsProgram + "=1"}, env)
	return c
}

func executable(tb testing.TB) string {
	tb.Helper()
	path, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	return path
}

// Settle returns when no process that was being started at the time of the call can still hold a file of this one.
// Until a new process has become its program it has every file open that its parent has, and with it every lock on a
// file: a test that closes a locked directory and opens it again calls this in between if other tests may start
// processes.
func Settle() {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
}
