package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crypto/rand"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/verify"
)

// clerk runs commands in a folder of his own, with a seal of the made-up province.
type clerk struct {
	*testing.T

	dir string
	at  time.Time
}

func newClerk(t *testing.T) *clerk {
	t.Helper()
	c := &clerk{t, t.TempDir(), time.Now()}
	p, err := fixtures.NewProvince(rand.Reader, func() time.Time { return c.at })
	require.NoError(t, err)
	seals, err := p.Seals(t.Context(), nil)
	require.NoError(t, err)
	key, err := pki.MarshalKey(seals[0].Key, []byte("pass"), rand.Reader)
	require.NoError(t, err)
	c.write("seal.key", key)
	c.write("seal.pem", pki.AppendPEM(nil, seals[0].Chain...))
	c.write("seal.esl", seals[0].DER)
	c.write("ca.pem", pki.AppendPEM(nil, seals[0].Chain[1:]...))
	c.write("trust/root.pem", pki.AppendPEM(nil, p.Anchors.Certificates()...))
	c.write("trust/issuing.pem", pki.AppendPEM(nil, seals[0].Chain[1]))
	return c
}

func (c *clerk) path(name string) string { return filepath.Join(c.dir, name) }

func (c *clerk) write(name string, b []byte) {
	c.Helper()
	require.NoError(c, os.MkdirAll(filepath.Dir(c.path(name)), 0o700))
	require.NoError(c, os.WriteFile(c.path(name), b, 0o600))
}

// run runs a command and gives what it said and its exit code.
func (c *clerk) run(args ...string) (string, int) {
	c.Helper()
	var out bytes.Buffer
	p := &program{selfTest: pki.SelfTestResults, World: &cli.World{
		Name: "elicense", In: strings.NewReader(""), Out: &out, Err: &out, Args: args, Lang: "zh",
		Env: func(name string) string { return map[string]string{"ELICENSE_PASSPHRASE": "pass"}[name] },
		Now: func() time.Time { return c.at }, Rand: rand.Reader,
	}}
	code := p.run(context.Background())
	return out.String(), code
}

// TestSealedReport_D28: a report that a department seals is accepted by the independent reader and by the judge, and
// not once a byte of it was changed.
func TestSealedReport_D28(t *testing.T) {
	t.Parallel()
	c := newClerk(t)
	out, code := c.run("verify", c.path("trust/root.pem"), "--trust", c.path("trust"), "--report", "ofd", "-o", c.path("r.ofd"),
		"--report-key", c.path("seal.key"), "--report-cert", c.path("seal.pem"), "--report-seal", c.path("seal.esl"))
	require.Equal(t, cli.ExitDone, code, out)
	raw, err := os.ReadFile(c.path("r.ofd"))
	require.NoError(t, err)
	r := c.judge(raw)
	require.True(t, r.Authentic || r.SubIndication == verify.TryLater, "%s %s", r.Headline, r.SubIndication)
	for _, id := range []string{"seal.signer", "signature.signature", "description.files", "description.shown", "package.extra"} {
		check, ok := r.Check(id)
		require.True(t, ok, id)
		require.Equal(t, verify.CheckPassed, check.Status, id)
	}
	for _, at := range []int{len(raw) / 3, len(raw) / 2, len(raw) * 2 / 3} {
		bent := bytes.Clone(raw)
		bent[at] ^= 1
		require.Equal(t, verify.TotalFailed, c.judge(bent).Indication)
	}
	c.ofdcheck(c.path("r.ofd"))
}

func (c *clerk) judge(b []byte) *verify.Report {
	c.Helper()
	trust, err := readTrust(c.path("trust"))
	require.NoError(c, err)
	v, err := verify.New(verify.Config{Trust: trust.Anchors, Intermediates: trust.Intermediates, Now: func() time.Time { return c.at }})
	require.NoError(c, err)
	r, err := v.Verify(c.Context(), b, verify.Expect{})
	require.NoError(c, err)
	return r
}

// ofdcheck has the independent reader judge a file, where it is at hand.
func (c *clerk) ofdcheck(file string) {
	c.Helper()
	dir := os.Getenv("ELICENSE_CHECKERS_DIR")
	check := filepath.Join(dir, "ofdcheck")
	if _, err := os.Stat(check); dir == "" || errors.Is(err, os.ErrNotExist) {
		c.Skip("ELICENSE_CHECKERS_DIR does not name the independent checkers")
	}
	out, err := exec.CommandContext(c.Context(), check, "--strict", "--ca", c.path("ca.pem"), file).CombinedOutput()
	require.NoError(c, err, string(out))
}
