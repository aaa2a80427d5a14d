// Command elicense-ca is the province's certificate authority: a process of its own, with keys and data of its own. It
// wires and words what pki/ca, pki/tsa and pki/stepca do; rules live there.
//
//	0 done   1 failed   2 usage   3 verified and not passed   4 indeterminate
//
// Nothing is signed before the self-test of the cryptography has passed. No secret is ever printed.
package main

import (
	"context"
	"crypto/rand"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/elicense/elicense/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, process())
	stop()
	os.Exit(code)
}

// process is the world outside as a command sees it.
func process() *cli.World {
	return &cli.World{
		Name: cli.CalledAs(os.Args[0], "./cmd/elicense-ca"), Args: os.Args[1:], In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		Env: os.Getenv, Now: time.Now, Rand: rand.Reader,
	}
}
