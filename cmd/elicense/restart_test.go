package main

import (
	"bytes"
	"crypto/rand"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
	"github.com/elicense/elicense/fixtures"
)

// eavesdropper is somebody between a system and the service who sees and keeps everything.
type eavesdropper struct {
	*httptest.Server

	mu    sync.Mutex
	to    *url.URL // guarded by mu; where the service is
	taken []*http.Request
}

func newEavesdropper(t *testing.T) *eavesdropper {
	t.Helper()
	e := &eavesdropper{}
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		e.mu.Lock()
		defer e.mu.Unlock()
		r.SetURL(e.to)
		r.Out.Host = r.In.Host
	}}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		kept := r.Clone(r.Context())
		kept.Body = io.NopCloser(bytes.NewReader(body))
		kept.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		e.mu.Lock()
		e.taken = append(e.taken, kept)
		e.mu.Unlock()
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(e.Close)
	return e
}

// follow has it stand before a service.
func (e *eavesdropper) follow(t *testing.T, s *serving) {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	var err error
	e.to, err = url.Parse(strings.TrimSuffix(s.base, api.Version))
	require.NoError(t, err)
}

// replay sends what was taken once more, and gives the answer.
func (e *eavesdropper) replay(t *testing.T, r *http.Request) (int, string) {
	t.Helper()
	again := r.Clone(t.Context())
	again.RequestURI, again.URL.Scheme, again.URL.Host = "", "http", e.to.Host
	var err error
	again.Body, err = r.GetBody()
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(again)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(text)
}

// TestRestartForgetsNoSignature: what somebody took down of signed requests is worth nothing after the service was killed
// and started again, not even if the system's clock is ahead; and the system itself goes on at once, its writes with the
// answers that they had.
func TestRestartForgetsNoSignature(t *testing.T) {
	for name, ahead := range map[string]time.Duration{"same clock": 0, "clock ahead": 30 * time.Second} {
		t.Run(name, func(t *testing.T) { restartForgetsNoSignature(t, ahead) })
	}
}

func restartForgetsNoSignature(t *testing.T, ahead time.Duration) {
	t.Helper()
	dir, keys, out := filepath.Join(t.TempDir(), "data"), t.TempDir(), &lockedBuffer{}
	(&runner{t, dir}).ok("init", "--sandbox")
	require.Zero(t, runIn(t.Context(), t, out, "caller", "enrol", "market-1", "--caller", fixtures.Caller(0), "--out", keys,
		"-d", dir), "%s", out)
	e := newEavesdropper(t)
	name := strings.TrimPrefix(e.URL, "http://")
	require.NoError(t, os.WriteFile(filepath.Join(dir, serviceFile), []byte("names: ["+name+"]\n"), 0o600))
	sealed, err := os.ReadFile(filepath.Join(keys, signatureFile))
	require.NoError(t, err)
	key, err := client.ParseKey(sealed, []byte(systemPassphrase))
	require.NoError(t, err)
	system, err := client.New(client.Config{
		URL: e.URL, Rand: rand.Reader, Attempts: 1, Key: key, Now: func() time.Time { return time.Now().Add(ahead) },
	})
	require.NoError(t, err)
	t.Cleanup(system.Close)
	s := serve(t, dir)
	e.follow(t, s)
	_, err = system.LicenceTypes(t.Context())
	require.NoError(t, err)
	first, err := system.Issue(t.Context(), foodLicence(t, "P-1"), client.WithIdempotencyKey("one"))
	require.NoError(t, err)
	taken := e.taken
	require.Len(t, taken, 2)
	status, text := e.replay(t, taken[0])
	require.Equal(t, http.StatusUnauthorized, status)
	require.Contains(t, text, "signature-replayed")
	status, text = e.replay(t, taken[1])
	require.Equal(t, http.StatusOK, status, text)
	require.Contains(t, text, `"replayed":true`)

	s.kill()
	e.follow(t, serve(t, dir))
	for _, r := range taken {
		status, text := e.replay(t, r)
		require.Equal(t, http.StatusUnauthorized, status)
		require.Contains(t, text, "signature-outdated")
	}
	_, err = system.LicenceTypes(t.Context())
	require.NoError(t, err)
	again, err := system.Issue(t.Context(), foodLicence(t, "P-1"), client.WithIdempotencyKey("one"))
	require.NoError(t, err)
	require.True(t, again.Replayed)
	require.Equal(t, first.Identifier, again.Identifier)
}
