// Command elicense is the electronic licence vault on the command line: it sets a vault up, issues, converts, looks up,
// compares and proves licences, and looks after the data. Rules live in the library; this is wiring, words and exit
// codes.
//
//	0 done   1 failed   2 usage   3 verified and not passed   4 indeterminate
package main

import (
	"context"
	"crypto/rand"
	"os"
	"os/signal"
	"syscall"
	"time"
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
		args: os.Args[1:], in: os.Stdin, out: os.Stdout, err: os.Stderr,
		env: os.Getenv, now: time.Now, rand: rand.Reader, terminal: isTerminal(os.Stderr),
	}
}
