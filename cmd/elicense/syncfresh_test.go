package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/engine"
)

// TestSyncIntoFreshVault: what is done when the token key of a vault is known to others (docs/operations.md): a new data
// directory, the former certificates of the departments and the former root beside its own, and a sync of each
// department. Licences and documents are there with the same bytes, and none of what names persons and documents in the
// keys of the former vault is in the new one.
func TestSyncIntoFreshVault(t *testing.T) {
	former, fresh := &runner{t, filepath.Join(t.TempDir(), "former")}, &runner{t, filepath.Join(t.TempDir(), "fresh")}
	former.ok("init", "--sandbox")
	fresh.ok("init", "--sandbox")
	files, err := filepath.Glob(filepath.Join(former.dir, staffDir, "*.pem"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, name := range files { // sed -n '/BEGIN CERTIFICATE/,$p' USCC.pem > fresh/USCC.1.pem
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		to := filepath.Join(fresh.dir, staffDir, strings.TrimSuffix(filepath.Base(name), ".pem")+".1.pem")
		require.NoError(t, os.WriteFile(to, text[bytes.Index(text, []byte(certificateHead)):], 0o600))
	}
	anchors, err := os.ReadFile(filepath.Join(fresh.dir, anchorsFile))
	require.NoError(t, err)
	more, err := os.ReadFile(filepath.Join(former.dir, anchorsFile))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(fresh.dir, anchorsFile), append(anchors, more...), 0o600))

	from, to := serve(t, former.dir), serve(t, fresh.dir)
	body, err := json.Marshal(firmRequest(t, 7))
	require.NoError(t, err)
	var written api.Written
	from.call(http.MethodPost, "/licences", bytes.NewReader(body), &written,
		"Content-Type", "application/json", api.HeaderIdempotencyKey, "1")
	bearer := func(r *runner) string { return filepath.Join(r.dir, sandboxKeys, fixtures.Caller(0)) }
	require.Contains(t, former.ok(
		"sync", "--from", strings.TrimSuffix(from.base, api.Version), "--to", strings.TrimSuffix(to.base, api.Version),
		"--state", filepath.Join(t.TempDir(), "state.json"), "--from-bearer", bearer(former), "--to-bearer", bearer(fresh),
		"--json"), `"licences":1`)
	look, err := json.Marshal(api.LookupRequest{
		Asked: api.Asked{Purpose: "核对", Ground: "issuer"}, Holder: &api.Holder{Kind: "001", Code: fixtures.FirmAt(7).Code},
	})
	require.NoError(t, err)
	var answer api.LookupAnswer
	to.call(http.MethodPost, "/lookups", bytes.NewReader(look), &answer, "Content-Type", "application/json")
	require.Len(t, answer.Licences, 1)
	require.Equal(t, written.Identifier, answer.Licences[0].Identifier)
	require.Equal(t, written.Record, answer.Licences[0].Record)
	from.kill()
	to.kill()
	fresh.ok("doctor")
	before, after := namesIn(t, former.dir), namesIn(t, fresh.dir)
	require.NotEmpty(t, before)
	require.NotEmpty(t, after)
	for name := range before {
		require.NotContains(t, after, name)
	}
}

// namesIn are the keys of a data directory that hold a token of a person, a number, a serial of paper, or the address of
// a document.
func namesIn(t *testing.T, dir string) map[string]bool {
	t.Helper()
	h := &house{dir: dir}
	require.NoError(t, h.openEngines())
	defer func() { require.NoError(t, h.close()) }()
	names := map[string]bool{}
	for space, e := range map[string]engine.Engine{
		"n": h.main, "h": h.main, "p": h.main, "B": h.main, "H": h.main, "c": h.blobs,
	} {
		found := 0
		require.NoError(t, e.View(t.Context(), func(r engine.Reader) error {
			return r.Scan(engine.Range{Prefix: []byte(space), KeysOnly: true}, func(key, _ []byte) (bool, error) {
				names[space+string(key)] = true
				found++
				return true, nil
			})
		}))
		t.Logf("%s: %d in space %s", filepath.Base(dir), found, space)
	}
	return names
}
