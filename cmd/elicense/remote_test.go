package main

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cli/clitest"
)

// startService gives serve DIR: serves a sandbox as a process of its own until the script ends, and says where in SERVER
// and with which keys in MARKET and HEALTH (systems of departments), HALL, HOLDER, OPERATOR and AUDITOR. Scripts then go by the clock of the machine.
func startService(t *testing.T) clitest.Command {
	t.Helper()
	return func(ts *testscript.TestScript, _ bool, args []string) {
		s := serve(t, ts.MkAbs(args[0]))
		ts.Defer(s.kill)
		ts.Setenv("SERVER", s.base[:len(s.base)-len(api.Version)])
		ts.Setenv("MARKET", s.keys[fixtures.Caller(0)])
		ts.Setenv("OPERATOR", s.keys[fixtures.Operator])
		ts.Setenv("HEALTH", s.keys[healthCaller])
		ts.Setenv("HOLDER", s.keys[sandboxHolder])
		ts.Setenv("HALL", s.keys[fixtures.Hall])
		ts.Setenv("OPERATOR", s.keys[fixtures.Operator])
		ts.Setenv("AUDITOR", s.keys[fixtures.Auditor])
		ts.Setenv("NOW", time.Now().Format(time.RFC3339))
	}
}

// TestRemoteSystem_A71: a department's system works at a service by its enrolled keys, over TLS and signed; without them
// or without trust in the service it does not.
func TestRemoteSystem_A71(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs the whole program")
	}
	dir, keys, out := filepath.Join(t.TempDir(), "data"), t.TempDir(), &lockedBuffer{}
	copySandbox(t, dir)
	require.Zero(t, runIn(t.Context(), t, out, "caller", "enrol", "market-1", "--caller", fixtures.Caller(0), "--out", keys,
		"-d", dir), "%s", out)
	address, _ := serveSandbox(t, dir)
	at := func(args ...string) (int, string) {
		out := &lockedBuffer{}
		code := runIn(t.Context(), t, out, append(args, "--server", "https://"+address)...)
		return code, out.String()
	}
	trust := []string{"--cacert", filepath.Join(dir, sandboxCertificate)}
	issue := []string{
		"issue", "--type", fixtures.FoodLicence, "--key", "one", "--paper", "P-1", "--division", "350102",
	}
	for name, value := range foodLicence(t, "P-1").Values {
		issue = append(issue, name+"="+value)
	}
	code, said := at(append(issue, append(trust, "--credentials", keys)...)...)
	require.Zero(t, code, said)
	require.Contains(t, said, "identifier 1.2.156.3005.2.")
	code, said = at(append(issue, "--credentials", keys)...)
	require.Equal(t, 1, code)
	require.Contains(t, said, "service-untrusted")
	code, said = at(append(issue, trust...)...)
	require.Equal(t, 1, code)
	require.Contains(t, said, "credentials-missing")
	code, said = at(append(issue, append(trust, "--credentials", t.TempDir())...)...)
	require.Equal(t, 2, code)
	require.Contains(t, said, "caller enrol")
}
