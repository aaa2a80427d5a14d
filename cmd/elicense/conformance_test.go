package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/proctest"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

// TestConformance_A71_A90: against a sandbox that was just made a department's whole day passes; the certificate is
// verified by anybody, and lets the department into production. One that was changed lets nobody in.
func TestConformance_A71_A90(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs the whole program")
	}
	at := t.TempDir()
	dir, pass, out := filepath.Join(at, "data"), filepath.Join(at, "conformance.json"), &lockedBuffer{}
	address, stop := serveSandbox(t, dir)
	require.Zero(t, runIn(t.Context(), t, out, "conformance", "--server", "https://"+address, "-d", dir, "-o", pass), "%s", out)
	require.NotContains(t, out.String(), "✗")
	require.Contains(t, out.String(), "✓ webhook")
	stop()
	require.Zero(t, runIn(t.Context(), t, out, "verify", pass+".p7s", "-d", dir), "%s", out)

	p := newProduction(t, at)
	promote := []string{
		"caller", "promote", "market-1", "--caller", "department-1", "--conformance", pass, "--service-certificate",
		filepath.Join(dir, vaultFile), "--certificate", p.certificate,
	}
	content, err := os.ReadFile(pass)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(pass, bytes.Replace(content, []byte(`"passed":true`), []byte(`"passed":TRUE`), 1), 0o600))
	refused := &lockedBuffer{}
	require.Equal(t, cli.ExitFailed, p.run(refused, promote...), "%s", refused)
	require.Contains(t, refused.String(), "has not signed it")
	require.NoError(t, os.WriteFile(pass, content, 0o600))
	require.Equal(t, cli.ExitFailed, p.run(refused, append(promote, "--sandbox-caller", "department-2")...), "%s", refused)
	require.Contains(t, refused.String(), "of another caller")
	require.Zero(t, p.run(out, "caller", "systems"))
	require.NotContains(t, out.String(), "market-1", "nothing was registered")

	require.Zero(t, p.run(out, promote...), "%s", out)
	require.Zero(t, p.run(out, "caller", "systems"))
	require.Contains(t, out.String(), "market-1")
}

// production is a data directory that is no sandbox, with the first department and a certificate of its system.
type production struct {
	t                        *testing.T
	dir, secret, certificate string
}

func newProduction(t *testing.T, at string) *production {
	t.Helper()
	p := &production{t, filepath.Join(at, "real"), filepath.Join(at, "secret"), filepath.Join(at, "system.pem")}
	require.NoError(t, os.WriteFile(p.secret, []byte("a made-up passphrase, long enough"), 0o600))
	out, department := &lockedBuffer{}, fixtures.Departments()[0]
	require.Zero(t, p.run(out, "init", "--origin", "vault.example", "--name", fixtures.Authority().Name, "--code",
		fixtures.Authority().Code), "%s", out)
	require.Zero(t, p.run(out, "department", "add", "--name", department.Name, "--code", department.Code, "--id", "department-1",
		"--issues", "食品经营许可证"), "%s", out)
	province, err := fixtures.NewProvince(rand.Reader, time.Now)
	require.NoError(t, err)
	_, chain, err := province.Enrol(ca.ProfileDepartment, department)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(p.certificate, pki.AppendPEM(nil, chain...), 0o600))
	return p
}

func (p *production) run(out *lockedBuffer, args ...string) int {
	p.t.Helper()
	environment := map[string]string{"LANG": "C", "ELICENSE_PASSPHRASE_FILE": p.secret}
	w := &cli.World{
		Name: "elicense", Args: append([]string{"-d", p.dir}, args...), In: strings.NewReader(""), Out: out, Err: out,
		Now: time.Now, Rand: rand.Reader, Env: func(name string) string { return environment[name] },
	}
	defer proctest.Settle()
	return (&program{World: w, columns: 80, selfTest: selfTested}).run(p.t.Context())
}

// lie is a service that does one thing wrong: old stands in its answers in place of new.
type lie struct {
	step     string // that notices
	path     string // answers of which are changed
	old, new string
}

// TestConformanceNotices_A71: one answer that is not true fails the run at the step that is about it, nothing is
// certified, and the next step goes on.
func TestConformanceNotices_A71(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs the whole program")
	}
	proxy, l := newProxy(t)
	dir, out := filepath.Join(t.TempDir(), "data"), &lockedBuffer{}
	address, _ := serveSandbox(t, dir, "--names", l.Addr().String())
	proxy.to = address
	for _, x := range []lie{
		{"", "", "", ""}, // the proxy itself does no harm
		{"retry", "/licences", `"replayed":true`, `"replayed":false`},
		{"superseded", "/comparisons", `"result":"different"`, `"result":"matched"`},
		{"suspend", "/suspensions", `"state":"suspended"`, `"state":"valid"`},
		{"document", "/documents/", "PK", "pk"},
		{"one-verdict", "/comparisons/bulk", `"verdict":"different"`, `"verdict":"equal"`},
		{"receipt", "/comparisons", `"raw":"ZW`, `"raw":"Zw`},
		{"feed", "/events", `"kind":"issued"`, `"kind":"changed"`},
		{"front", "/elssp/v1/VerifyCertificateData", `"result":"6"`, `"result":"0"`},
	} {
		proxy.lie = x
		pass, told := filepath.Join(t.TempDir(), "pass.json"), &lockedBuffer{}
		code := runIn(t.Context(), t, told, "conformance", "--server", "http://"+l.Addr().String(), "-d", dir, "-o", pass)
		if x.step == "" {
			require.Zero(t, code, "%s", told)
			continue
		}
		require.Equal(t, cli.ExitFailed, code, "%s: %s", x.step, told)
		require.Contains(t, told.String(), "✗ "+x.step+" ", x.step)
		require.NoFileExists(t, pass)
	}
	require.NotContains(t, out.String(), "panic")
}

// proxy stands between a caller and the service.
type proxy struct {
	to  string
	lie lie
}

func newProxy(t *testing.T) (*proxy, net.Listener) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{}
	handler := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "https", Host: p.to})
			r.Out.Host = r.In.Host // signatures are made for it
			r.Out.Header.Set("Accept-Encoding", "identity")
		},
		ModifyResponse: p.modify,
		Transport:      &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}},
	}
	s := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { require.NoError(t, s.Shutdown(context.WithoutCancel(t.Context()))) })
	return p, l
}

func (p *proxy) modify(r *http.Response) error {
	if p.lie.step == "" || !strings.Contains(r.Request.URL.Path, p.lie.path) {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	body = bytes.ReplaceAll(body, []byte(p.lie.old), []byte(p.lie.new))
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return nil
}
