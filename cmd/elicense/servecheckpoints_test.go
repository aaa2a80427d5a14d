package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cli"
)

// TestCheckpointsWhileServing: what was issued is under a signed checkpoint soon though nobody asks for a proof; everybody
// may fetch it, and it lies where a restore looks for what was published.
func TestCheckpointsWhileServing(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	s := serve(t, dir)
	s.kill()
	require.NoError(t, os.WriteFile(filepath.Join(dir, serviceFile), []byte("checkpoint_every: 1s\n"), 0o600))
	s = serve(t, dir)
	latest := func() (int, []byte) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.base+"/checkpoints/latest", nil)
		require.NoError(t, err)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		return res.StatusCode, b
	}
	status, _ := latest()
	require.Equal(t, http.StatusNotFound, status, "nothing has happened yet")
	body, err := json.Marshal(foodLicence(t, "P-1"))
	require.NoError(t, err)
	var w api.Written
	s.call(http.MethodPost, "/licences", bytes.NewReader(body), &w,
		"Content-Type", "application/json", api.HeaderIdempotencyKey, "one")
	require.Eventually(t, func() bool { status, _ := latest(); return status == http.StatusOK }, 20*time.Second,
		50*time.Millisecond)
	_, signed := latest()
	require.Eventually(t, func() bool {
		kept, err := os.ReadFile(filepath.Join(dir, publishFile))
		return err == nil && bytes.Equal(signed, kept)
	}, 20*time.Second, 50*time.Millisecond)
	require.Contains(t, string(signed), fixtures.Origin)
}

// TestUnknownSettings: a typing error in service.yaml is told by name, all at once, with the names that there are.
func TestUnknownSettings(t *testing.T) {
	t.Parallel()
	c := (&keyed{t: t, dir: t.TempDir()}).program("")
	require.NoError(t, os.WriteFile(filepath.Join(c.dir, serviceFile), []byte("lissten: x\nbackup_evry: 1h\n"), 0o600))
	_, err := c.serveSettings(nil, false)
	var told *cli.UsageError
	require.ErrorAs(t, err, &told)
	require.Contains(t, told.Zh, "没有这些设置：backup_evry，是不是 backup_every；lissten，是不是 listen；可用的设置：backup_every、")
	require.Contains(t, told.En, "no such settings: backup_evry, did you mean backup_every; lissten, did you mean listen; there are backup_every, ")
}

// TestGrantDeclared: only a sandbox lets who declares a licence type issue it; elsewhere an operator registers who may.
func TestGrantDeclared(t *testing.T) {
	t.Parallel()
	require.Nil(t, (&house{}).grantDeclared())
	require.NotNil(t, (&house{settings: settings{Sandbox: true}}).grantDeclared())
}
