// Command elicense is the electronic licence vault on the command line: it sets a vault up, issues, converts, looks up,
// compares and proves licences, and looks after the data. Rules live in the library; this is wiring, words and exit
// codes.
//
//	0 done   1 failed   2 usage   3 verified and not passed   4 indeterminate
//
// # What a person sees
//
// The first line is the outcome. Then come the facts, then what to do next, as a command that can be pasted. Words are
// Chinese or English by the locale. The answer goes to standard output, progress and errors to standard error; progress
// is drawn on a terminal only. With --json the answer is one JSON value, and nothing else is written to standard
// output.
// An error says what was being done, what is wrong, and how to put it right. No secret is ever printed.
package main

import (
	"context"
	"crypto/rand"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // the legal time zone is known on machines without a zone database too

	"github.com/elicense/elicense/pki"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, process())
	stop()
	os.Exit(code)
}

// process is the world outside as a command sees it.
func process() *world {
	return &world{
		name: calledAs(os.Args[0]), args: os.Args[1:], in: os.Stdin, out: os.Stdout, err: os.Stderr,
		env: os.Getenv, now: time.Now, rand: rand.Reader, selfTest: pki.SelfTestResults,
		terminal: isTerminal(os.Stderr), columns: width(os.Stderr),
	}
}

// calledAs is what a person types to call this program again: the command of go run, or the binary as it was called.
func calledAs(arg0 string) string {
	if strings.Contains(filepath.ToSlash(arg0), "/go-build") {
		return "go run ./cmd/elicense"
	}
	return arg0
}
