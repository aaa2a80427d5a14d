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
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // the legal time zone is known on machines without a zone database too

	"golang.org/x/term"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/pki"
)

func main() {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // libraries would write what callers submit
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := process().run(ctx)
	stop()
	os.Exit(code)
}

// process is the world outside as a command sees it.
func process() *program {
	return &program{
		World: &cli.World{
			Name: cli.CalledAs(os.Args[0], "./cmd/elicense"), Args: os.Args[1:], In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Env: os.Getenv,
			Environ: os.Environ, Now: time.Now, Rand: rand.Reader,
		},
		selfTest: pki.SelfTestResults, terminal: term.IsTerminal(int(os.Stderr.Fd())), columns: width(os.Stderr),
		hangup: hangups,
	}
}

// hangups are the signals by which an operator asks a service to read its files anew, until the context ends.
func hangups(ctx context.Context) <-chan os.Signal {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	context.AfterFunc(ctx, func() { signal.Stop(signals) })
	return signals
}

// width is that of a terminal in columns; 80 if it cannot be told.
func width(f *os.File) int {
	if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
		return w
	}
	return 80
}
