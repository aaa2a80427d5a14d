package main

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/cli"
)

// fresh asks over a connection of its own, as the next caller does.
func (s *serving) fresh(path string) int {
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, strings.TrimSuffix(s.base, api.Version)+path, nil)
	require.NoError(s.t, err)
	one := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := one.Do(r)
	if err != nil {
		return 0
	}
	require.NoError(s.t, res.Body.Close())
	return res.StatusCode
}

// TestServeDrains_A71: a service that is told to stop says first that it is not ready, and goes on answering whoever has
// not noticed yet, on connections of before and on new ones; then it ends as it should and nobody is let in any more.
func TestServeDrains_A71(t *testing.T) {
	t.Parallel()
	dir := newSandbox(t).dir
	for drain := time.Second; ; drain *= 4 { // until this machine is fast enough to look while it lasts
		s := serve(t, dir, "--drain", drain.String())
		require.Equal(t, http.StatusOK, s.fresh("/readyz"))
		require.NoError(t, s.process.Process.Signal(syscall.SIGTERM))
		ready := http.StatusOK
		for ready == http.StatusOK {
			ready = s.fresh("/readyz")
		}
		answer := s.fresh("/healthz")
		status, _, err := s.get(t.Context(), api.Version+"/licence-types")
		<-s.ended
		require.NoError(t, s.process.Wait(), s.errs.String())
		require.Zero(t, s.fresh("/healthz"), "nobody listens")
		if ready == 0 || answer == 0 || err != nil {
			require.Less(t, drain, 5*time.Minute)
			continue
		}
		require.Equal(t, http.StatusServiceUnavailable, ready)
		require.Equal(t, http.StatusOK, answer)
		require.Equal(t, http.StatusOK, status)
		return
	}
}

// TestServiceSettings: the file's quotas by caller, the environment's and the command line's settings are read; the time
// that a sandbox drains is none unless it is given; senseless ones are refused.
func TestServiceSettings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	with := func(text string, flags given, sandbox bool, env ...string) (serveSettings, error) {
		c := (&keyed{t: t, dir: dir}).program("")
		c.Env = func(name string) string {
			if len(env) == 2 && env[0] == name {
				return env[1]
			}
			return ""
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, serviceFile), []byte(text), 0o600))
		return c.serveSettings(flags, sandbox)
	}
	s, err := with("", nil, false)
	require.NoError(t, err)
	require.Equal(t, 5*time.Second, s.Drain)
	require.EqualValues(t, 50<<30, s.storage().PerCaller)
	require.EqualValues(t, 512, s.Memory)
	s, err = with("", nil, true)
	require.NoError(t, err)
	require.Zero(t, s.Drain)
	s, err = with("drain: 7s\nstored_mib: 10\nstored_of:\n  city.a-1: 20\n", given{"stored_mib": "30"}, true,
		"ELICENSE_SERVE_STORED_HOLDER_MIB", "3")
	require.NoError(t, err)
	require.Equal(t, 7*time.Second, s.Drain)
	require.EqualValues(t, 30<<20, s.storage().PerCaller)
	require.EqualValues(t, 3<<20, s.storage().PerHolder)
	require.Equal(t, map[string]int64{"city.a-1": 20 << 20}, s.storage().Of)
	s, err = with("memory_mib: 0", nil, false)
	require.NoError(t, err)
	require.Zero(t, s.Memory)
	for _, bad := range []string{
		"memory_mib: -1", "memory_mib: 1", "memory_mib: 9000000000000", "drain: -1s", "drain: 5", "lisetn: a", "stored_mib: 0", "stored_holder_mib: -1", "stored_of: {a: 0}", "stored_mib: 9000000000000",
	} {
		_, err := with(bad, nil, false)
		require.Error(t, err, bad)
	}
}

// TestMisspeltSettings: a name that nothing reads is refused wherever it stands, with what may have been meant.
func TestMisspeltSettings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := (&keyed{t: t, dir: dir}).program("")
	require.NoError(t, os.WriteFile(filepath.Join(dir, serviceFile), []byte("lisetn: a\n"), 0o600))
	_, err := c.serveSettings(nil, false)
	require.ErrorContains(t, err, "did you mean listen")
	require.NoError(t, os.WriteFile(filepath.Join(dir, serviceFile), nil, 0o600))
	c.Environ = func() []string { return []string{"HOME=/", "ELICENSE_SERVE_LISTEN=a:1", "ELICENSE_SERVE_LISTN=b:1"} }
	_, err = c.serveSettings(nil, false)
	require.ErrorContains(t, err, "ELICENSE_SERVE_LISTN, did you mean ELICENSE_SERVE_LISTEN")
	c.Environ = func() []string { return []string{"ELICENSE_SERVE_LISTEN=a:1"} }
	_, err = c.serveSettings(nil, false)
	require.NoError(t, err)

	house := filepath.Join(dir, houseFile)
	for text, of := range map[string]bool{"format: 1\npublik_url: a\n": false, "format: 2\nnew_name: a\n": true} {
		require.NoError(t, os.WriteFile(house, []byte(text), 0o600))
		_, err := readSettings(dir)
		var bad *settingsError
		require.ErrorAs(t, err, &bad)
		require.Equal(t, of, bad.format, "another format may have other names")
	}
}

// TestOpenSecrets: a key file that others can read is called out; one that a group reads, as systemd's credentials are, is
// not.
func TestOpenSecrets(t *testing.T) {
	t.Parallel()
	c := (&keyed{t: t, dir: t.TempDir()}).program("")
	path := filepath.Join(t.TempDir(), "master")
	c.Env = func(name string) string { return map[string]string{"ELICENSE_MASTER_FILE": path}[name] }
	require.Empty(t, c.openSecrets())
	require.NoError(t, os.WriteFile(path, []byte("x"), 0o600))
	for mode, open := range map[os.FileMode]bool{0o600: false, 0o440: false, 0o644: true, 0o620: true} {
		require.NoError(t, os.Chmod(path, mode))
		require.Equal(t, open, len(c.openSecrets()) == 1, "%o", mode)
	}
}

// TestPortTaken: a service that finds its address taken says so.
func TestPortTaken(t *testing.T) {
	t.Parallel()
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, taken.Close()) })
	c := (&keyed{t: t, dir: t.TempDir()}).program("")
	s, err := c.serveSettings(nil, true)
	require.NoError(t, err)
	_, err = c.listen(t.Context(), taken.Addr().String(), &s, facing{})
	told := cli.Describe(err, nil)
	require.Equal(t, "address-in-use", told.Code)
	require.Contains(t, told.En, taken.Addr().String())
}

// TestUnitLeavesTime: the unit waits longer for a stop than the service may take that has the default settings.
func TestUnitLeavesTime(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../deploy/elicense.service")
	require.NoError(t, err)
	found := regexp.MustCompile(`(?m)^TimeoutStopSec=(\d+)$`).FindSubmatch(text)
	require.NotNil(t, found)
	wait, err := time.ParseDuration(string(found[1]) + "s")
	require.NoError(t, err)
	took := time.Duration(0)
	for _, name := range []string{"drain", "grace"} {
		d, err := time.ParseDuration(serveDefaults(false)[name].(string))
		require.NoError(t, err)
		require.Positive(t, d)
		took += d
	}
	const closing = 30 * time.Second // a checkpoint, and the stores
	require.GreaterOrEqual(t, wait, took+closing)
}
