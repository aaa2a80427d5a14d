package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"io"
	"log"
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
	require.Zero(t, runIn(t.Context(), t, out, "certificate", "renew", "vault", "-d", dir), "%s", out) // it signs at once
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

// TestConformanceOfOthers_A71: the other departments go through the day too, and with types that are given no numbers by
// the vault, are held by persons, or are valid for ever, without anybody having to say what a licence looks like.
func TestConformanceOfOthers_A71(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs the whole program")
	}
	dir := filepath.Join(t.TempDir(), "data")
	address, _ := serveSandbox(t, dir)
	for _, more := range [][]string{
		{"--caller", "department-2"},
		{"--caller", "department-3"},
		{"--caller", "department-3", "--type", "不动产权证书"},
		{"--caller", "department-2", "--type", "结婚证"},
		{"--bearer", filepath.Join(dir, sandboxKeys, "department-2")},
	} {
		out := &lockedBuffer{}
		args := []string{"conformance", "--server", "https://" + address, "-d", dir, "-o", filepath.Join(t.TempDir(), "pass.json")}
		require.Zero(t, runIn(t.Context(), t, out, append(args, more...)...), "%v: %s", more, out)
		require.NotContains(t, out.String(), "✗")
	}
	out := &lockedBuffer{}
	require.Equal(t, cli.ExitFailed, runIn(t.Context(), t, out, "conformance", "--server", "https://"+address, "-d", dir,
		"--type", "公共场所卫生许可证"), "%s", out)
	require.Contains(t, out.String(), "the department may not issue it")
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

// lie is a service that does one thing wrong: old stands in its answers in place of new, or the proxy connects to it as
// it should not.
type lie struct {
	step     string // that notices
	path     string // answers of which are changed
	old, new string
	as       connecting
}

// connecting is with which certificate the proxy connects for whoever has one.
type connecting int

const (
	asHimself connecting = iota
	asNobody             // the service does not look at certificates
	asSystem             // it takes everybody with a certificate for the department's system
)

// TestConformanceNotices_A71: one answer that is not true fails the run at the step that is about it, nothing is
// certified, and the next step goes on.
func TestConformanceNotices_A71(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs the whole program")
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	dir, out := filepath.Join(t.TempDir(), "data"), &lockedBuffer{}
	address, _ := serveSandbox(t, dir, "--names", l.Addr().String())
	proxy := newProxy(t, l, dir, address)
	for _, x := range []lie{
		{"", "", "", "", asHimself}, // the proxy itself does no harm
		{"tls", "", "", "", asNobody},
		{"tls", "", "", "", asSystem},
		{"retry", "/licences", `"replayed":true`, `"replayed":false`, asHimself},
		{"superseded", "/comparisons", `"result":"different"`, `"result":"matched"`, asHimself},
		{"suspend", "/suspensions", `"state":"suspended"`, `"state":"valid"`, asHimself},
		{"document", "/documents/", "PK", "pk", asHimself},
		{"one-verdict", "/comparisons/bulk", `"verdict":"different"`, `"verdict":"equal"`, asHimself},
		{"receipt", "/comparisons", `"raw":"ZW`, `"raw":"Zw`, asHimself},
		{"feed", "/events", `"kind":"issued"`, `"kind":"changed"`, asHimself},
		{"feed", "/events", `"kind":"dispute-settled"`, `"kind":"dispute-raised"`, asHimself},
		{"front", "/elssp/v1/VerifyCertificateData", `"result":"6"`, `"result":"0"`, asHimself},
		{"dispute", "/disputes", `"state":"rejected"`, `"state":"corrected"`, asHimself},
		{"dispute", "/disputes", `"because"`, `"notes"`, asHimself},
		{"quality", "/quality", `"late":`, `"later":`, asHimself},
		{"quality", "/quality", `"settled":`, `"ended":`, asHimself},
		{"quality", "/quality", `"version-changed"`, `"no-licence"`, asHimself},
		{"public", "/public/licences/", `"state":"cancelled"`, `"state":"valid"`, asHimself},
		{"public", "/public/licences/", `"version":`, `"number":"x","version":`, asHimself},
		{"public", "/v/", "<b>有效</b>", "<b>注销</b>", asHimself},
		{"public", "/v/", "</main>", "示例食品有限公司</main>", asHimself},
	} {
		proxy.lie = x
		pass, told := filepath.Join(t.TempDir(), "pass.json"), &lockedBuffer{}
		code := runIn(t.Context(), t, told, "conformance", "--server", "https://"+l.Addr().String(), "-d", dir, "-o", pass)
		if x.step == "" {
			require.Zero(t, code, "%s", told)
			continue
		}
		require.Equal(t, cli.ExitFailed, code, "%s: %s", x.step, told)
		require.Contains(t, told.String(), "✗ "+x.step+" ", "%s %s", x.step, told)
		require.NoFileExists(t, pass)
	}
	require.NotContains(t, out.String(), "panic")
}

// proxy stands between a caller and the service, and has the keys of both.
type proxy struct {
	lie    lie
	direct http.RoundTripper // without a certificate
	system http.RoundTripper // as the department's system
	nobody http.RoundTripper // with a certificate that is registered for nobody
	known  []byte            // the system's
}

func newProxy(t *testing.T, l net.Listener, dir, to string) *proxy {
	t.Helper()
	load := func(certificate, key string) tls.Certificate {
		pair, err := tls.LoadX509KeyPair(filepath.Join(dir, certificate), filepath.Join(dir, key))
		require.NoError(t, err)
		return pair
	}
	keys := filepath.Join(sandboxSystems, fixtures.Caller(0))
	server, system := load(sandboxCertificate, sandboxServerKey), load(filepath.Join(keys, connectionFile), filepath.Join(keys, connectionKey))
	through := func(by ...tls.Certificate) http.RoundTripper {
		return &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, Certificates: by}}
	}
	p := &proxy{direct: through(), system: through(system), nobody: through(server), known: system.Certificate[0]}
	handler := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "https", Host: to})
			r.Out.Host = r.In.Host // signatures are made for it
			r.Out.TLS = r.In.TLS
			r.Out.Header.Set("Accept-Encoding", "identity")
		},
		ModifyResponse: p.modify, Transport: p,
	}
	s := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	secured := tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{server}, ClientAuth: tls.RequestClientCert})
	go func() { _ = s.Serve(secured) }()
	t.Cleanup(func() { require.NoError(t, s.Shutdown(context.WithoutCancel(t.Context()))) })
	return p
}

// RoundTrip goes on as the caller came, or as the lie wants.
func (p *proxy) RoundTrip(r *http.Request) (*http.Response, error) {
	by := r.TLS.PeerCertificates
	switch {
	case len(by) == 0 || p.lie.as == asNobody:
		return p.direct.RoundTrip(r)
	case p.lie.as == asSystem || bytes.Equal(by[0].Raw, p.known):
		return p.system.RoundTrip(r)
	}
	return p.nobody.RoundTrip(r)
}

func (p *proxy) modify(r *http.Response) error {
	if p.lie.old == "" || !strings.Contains(r.Request.URL.Path, p.lie.path) {
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
