package main

import (
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cli/clitest"
)

// startService gives serve DIR: serves a sandbox as a process of its own until the script ends, and says where in SERVER
// and with which keys in MARKET (a department's system) and HALL. Scripts then go by the clock of the machine.
func startService(t *testing.T) clitest.Command {
	return func(ts *testscript.TestScript, _ bool, args []string) {
		s := serve(t, ts.MkAbs(args[0]))
		ts.Defer(s.kill)
		ts.Setenv("SERVER", s.base[:len(s.base)-len(api.Version)])
		ts.Setenv("MARKET", s.keys[fixtures.Caller(0)])
		ts.Setenv("HALL", s.keys[fixtures.Hall])
		ts.Setenv("NOW", time.Now().Format(time.RFC3339))
	}
}
