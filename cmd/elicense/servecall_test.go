package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
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
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/proctest"
	"github.com/elicense/elicense/vault/catalogue"
)

const systemPassphrase = "made-up passphrase"

// lockedBuffer is written by a service while a test reads it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// runIn runs one command line on a data directory, to its end or to that of the context.
func runIn(ctx context.Context, t *testing.T, out *lockedBuffer, args ...string) int {
	t.Helper()
	environment := map[string]string{"LANG": "C", "ELICENSE_KEY_PASSPHRASE": systemPassphrase}
	w := &cli.World{
		Name: "elicense", Args: args, In: strings.NewReader(""), Out: out, Err: out, Now: time.Now, Rand: rand.Reader,
		Env: func(name string) string { return environment[name] },
	}
	defer proctest.Settle()
	return (&program{World: w, columns: 80, selfTest: selfTested}).run(ctx)
}

// serveSandbox serves a sandbox on a free port until the test ends, and gives its address.
func serveSandbox(t *testing.T, dir string, more ...string) (address string, stop func()) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address = l.Addr().String()
	require.NoError(t, l.Close())
	ctx, cancel := context.WithCancel(t.Context())
	out, ended := &lockedBuffer{}, make(chan int, 1)
	go func() {
		ended <- runIn(ctx, t, out, append([]string{"serve", "--sandbox", "-d", dir, "--listen", address}, more...)...)
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		if code := <-ended; code != cli.ExitDone {
			t.Errorf("serve ended with %d: %s", code, out)
		}
	})
	t.Cleanup(stop)
	require.Eventually(t, func() bool { return strings.Contains(out.String(), "serving at") }, 30*time.Second,
		10*time.Millisecond, "%s", out)
	return address, stop
}

// tlsOf trusts the sandbox's server and nobody else.
func tlsOf(t *testing.T, dir string) *tls.Config {
	t.Helper()
	roots := x509.NewCertPool()
	server, err := os.ReadFile(filepath.Join(dir, sandboxCertificate))
	require.NoError(t, err)
	require.True(t, roots.AppendCertsFromPEM(server))
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}

// systemClient is a department's system with the keys that enrol gave it.
func systemClient(t *testing.T, dir, keys, address string, change func(*client.Config)) *client.Client {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(filepath.Join(keys, connectionFile), filepath.Join(keys, connectionKey))
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(keys, signatureFile))
	require.NoError(t, err)
	key, err := client.ParseKey(text, []byte(systemPassphrase))
	require.NoError(t, err)
	cfg := client.Config{
		URL: "https://" + address, Rand: rand.Reader, Now: time.Now, Attempts: 1, Key: key,
		TLS: tlsOf(t, dir),
	}
	cfg.TLS.Certificates = []tls.Certificate{pair}
	if change != nil {
		change(&cfg)
	}
	c, err := client.New(cfg)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// foodLicence is a licence as the first department writes it.
func foodLicence(t *testing.T, paper string) api.IssueRequest {
	t.Helper()
	data, err := catalogue.ShippedFile("food-business-licence")
	require.NoError(t, err)
	typ, err := catalogue.ParseType(data)
	require.NoError(t, err)
	firm := fixtures.FirmAt(7)
	values := map[string]string{
		"CZZT": firm.Name, "CZZTDM": firm.Code, "ZZBFRQ": "2026-03-01", "ZZYXQQSRQ": "2026-03-01", "ZZYXQJZRQ": "2031-02-28",
	}
	for _, f := range typ.Fields {
		switch {
		case !f.Rules.Required || values[f.Name] != "":
		case len(f.Rules.Enum) > 0:
			values[f.Name] = f.Rules.Enum[0]
		case f.Kind == catalogue.KindDate:
			values[f.Name] = "2020-01-01"
		default:
			values[f.Name] = "示例"
		}
	}
	return api.IssueRequest{Type: typ.Code, Paper: paper, Division: "350102", Values: values}
}

// TestServeSystem_A71: a department's system is enrolled by the command line and then calls the service over real
// connections, by mutual TLS and with signatures; and no longer once it is revoked.
func TestServeSystem_A71(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs the whole program")
	}
	dir, keys, out := filepath.Join(t.TempDir(), "data"), t.TempDir(), &lockedBuffer{}
	copySandbox(t, dir)
	require.Zero(t, runIn(t.Context(), t, out, "caller", "enrol", "market-1", "--caller", fixtures.Caller(0), "--out", keys,
		"-d", dir), "%s", out)
	address, stop := serveSandbox(t, dir)

	c := systemClient(t, dir, keys, address, nil)
	types, err := c.LicenceTypes(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, types.Types)
	written, err := c.Issue(t.Context(), foodLicence(t, "P-1"), client.WithIdempotencyKey("one"))
	require.NoError(t, err)
	again, err := c.Issue(t.Context(), foodLicence(t, "P-1"), client.WithIdempotencyKey("one"))
	require.NoError(t, err)
	require.True(t, again.Replayed)
	require.Equal(t, written.Identifier, again.Identifier)
	found, err := c.LookUp(t.Context(), api.LookupRequest{
		Asked: api.Asked{Purpose: "核对", Ground: "issuer"}, Identifier: written.Identifier,
	})
	require.NoError(t, err)
	require.Len(t, found.Licences, 1)

	ask, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
		"https://"+address+"/oidc/.well-known/openid-configuration", http.NoBody)
	require.NoError(t, err)
	wellKnown, err := (&http.Client{Transport: &http.Transport{TLSClientConfig: tlsOf(t, dir)}}).Do(ask)
	require.NoError(t, err)
	require.NoError(t, wellKnown.Body.Close())
	require.Equal(t, http.StatusOK, wellKnown.StatusCode, "the sandbox is a provider of logins")

	connection := systemClient(t, dir, keys, address, func(cfg *client.Config) { cfg.Key = nil })
	_, err = connection.LicenceTypes(t.Context())
	require.NoError(t, err, "the connection alone is enough to read")
	_, err = connection.Issue(t.Context(), foodLicence(t, "P-2"))
	require.Equal(t, "signature-required", client.CodeOf(err))
	nobody := systemClient(t, dir, keys, address, func(cfg *client.Config) {
		cfg.Key = nil
		cfg.TLS.Certificates = nil
	})
	_, err = nobody.LicenceTypes(t.Context())
	require.Equal(t, "credentials-missing", client.CodeOf(err))
	elsewhere := systemClient(t, dir, keys, strings.Replace(address, "127.0.0.1", "localhost", 1), nil)
	_, err = elsewhere.LicenceTypes(t.Context())
	require.NoError(t, err, "by its other name")

	stop()
	require.Zero(t, runIn(t.Context(), t, out, "caller", "revoke", "market-1", "-d", dir), "%s", out)
	address, _ = serveSandbox(t, dir)
	revoked := systemClient(t, dir, keys, address, nil)
	_, err = revoked.LicenceTypes(t.Context())
	require.Equal(t, "credentials-revoked", client.CodeOf(err))
	var refused *client.ProblemError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, http.StatusUnauthorized, refused.Status)
}
