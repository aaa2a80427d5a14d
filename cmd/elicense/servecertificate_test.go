package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/pki"
)

// connections is an authority that certifies keys of connections, as another house has it.
type connections struct {
	t           *testing.T
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
}

func newConnections(t *testing.T) *connections {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "callers.example"}, IsCA: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return &connections{t, key, certificate}
}

// certify gives a system a key that is certified for a time.
func (a *connections) certify(serial int64, lasts time.Duration) tls.Certificate {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "system.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(lasts),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	require.NoError(a.t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// publish writes the CRL, with serial numbers that are revoked.
func (a *connections) publish(path string, revoked ...int64) {
	a.t.Helper()
	list := &x509.RevocationList{
		Number: big.NewInt(time.Now().UnixNano()), ThisUpdate: time.Now().Add(-time.Minute), NextUpdate: time.Now().Add(24 * time.Hour),
	}
	for _, n := range revoked {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{
			SerialNumber: big.NewInt(n), RevocationTime: time.Now().Add(-2 * time.Minute),
		})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, a.certificate, a.key)
	require.NoError(a.t, err)
	require.NoError(a.t, writeFile(path, der))
}

// open is a connection that stays open.
type open struct {
	t       *testing.T
	client  *http.Client
	address string
}

func opened(t *testing.T, dir, address string, certificate tls.Certificate) open {
	t.Helper()
	config := tlsOf(t, dir)
	config.Certificates = []tls.Certificate{certificate}
	transport := &http.Transport{TLSClientConfig: config, MaxConnsPerHost: 1}
	t.Cleanup(transport.CloseIdleConnections)
	return open{t, &http.Client{Transport: transport}, address}
}

// ask gives the status and the answer of a read, and whether the connection was open before.
func (o open) ask() (status int, text string, reused bool) {
	o.t.Helper()
	ctx := httptrace.WithClientTrace(o.t.Context(), &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) { reused = info.Reused },
	})
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+o.address+api.Version+"/licence-types", http.NoBody)
	require.NoError(o.t, err)
	res, err := o.client.Do(r)
	require.NoError(o.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(o.t, err)
	return res.StatusCode, string(body), reused
}

// refused wants the next request of a connection that is open to be refused, and one of a new connection too.
func (o open) refused(dir string, certificate tls.Certificate, code string) {
	o.t.Helper()
	status, text, reused := o.ask()
	require.True(o.t, reused, "another connection")
	require.Equal(o.t, http.StatusUnauthorized, status, text)
	require.Contains(o.t, text, code)
	status, text, reused = opened(o.t, dir, o.address, certificate).ask()
	require.False(o.t, reused)
	require.Equal(o.t, http.StatusUnauthorized, status, text)
	require.Contains(o.t, text, code)
}

// TestCertificateEndsUnderOpenConnection_A71: a certificate that is revoked by its authority, or by the operator, or that
// ends, is refused with the next request of a connection that is open, not only with the next handshake.
func TestCertificateEndsUnderOpenConnection_A71(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the whole program")
	}
	dir, authority, out := filepath.Join(t.TempDir(), "data"), newConnections(t), &lockedBuffer{}
	(&runner{t, dir}).ok("init", "--sandbox")
	pemOf := func(name string, der []byte) string {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
		return path
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, serviceFile),
		[]byte("client_ca: "+pemOf("ca.pem", authority.certificate.Raw)+"\n"), 0o600))
	crl := filepath.Join(dir, trustFolder, "connections.crl")
	authority.publish(crl)
	certificates := map[string]tls.Certificate{
		"listed": authority.certify(2, 12*time.Hour), "ended": authority.certify(3, 10*time.Minute),
		"operator": authority.certify(4, 12*time.Hour), "good": authority.certify(5, 12*time.Hour),
	}
	for name, c := range certificates {
		require.Zero(t, runIn(t.Context(), t, out, "caller", "register", name, "--caller", fixtures.Caller(0),
			"--certificate", pemOf(name+".pem", c.Certificate[0]), "-d", dir), "%s", out)
	}

	address, ahead := freeAddress(t), &atomic.Int64{}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() {
		ended <- (&program{
			World: &cli.World{
				Name: "elicense", Args: []string{"--lang", "en", "serve", "--sandbox", "-d", dir, "--listen", address},
				In: strings.NewReader(""), Out: out, Err: out, Rand: rand.Reader, Env: func(string) string { return "" },
				Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) },
			}, columns: 80, selfTest: pki.SelfTestResults,
		}).run(ctx)
	}()
	defer func() { cancel(); require.Zero(t, <-ended, "%s", out) }()
	require.Eventually(t, func() bool { return strings.Contains(out.String(), "serving at") }, 30*time.Second,
		10*time.Millisecond, "%s", out)
	by := map[string]open{}
	for name, c := range certificates {
		by[name] = opened(t, dir, address, c)
		status, text, _ := by[name].ask()
		require.Equal(t, http.StatusOK, status, text)
	}

	key, err := os.ReadFile(filepath.Join(dir, sandboxKeys, fixtures.Operator))
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
		"https://"+address+api.Version+"/registrations/operator/revocation", strings.NewReader("{}"))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+string(key))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(api.HeaderIdempotencyKey, "revoke")
	res, err := (&http.Client{Transport: &http.Transport{TLSClientConfig: tlsOf(t, dir)}}).Do(r)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Less(t, res.StatusCode, 300)
	by["operator"].refused(dir, certificates["operator"], "credentials-revoked")

	authority.publish(crl, 2)
	ahead.Store(int64(61 * time.Second)) // a new CRL counts within a minute
	by["listed"].refused(dir, certificates["listed"], "credentials-revoked")
	ahead.Store(int64(10*time.Minute + time.Second))
	by["ended"].refused(dir, certificates["ended"], "credentials-expired")
	status, text, reused := by["good"].ask()
	require.Equal(t, http.StatusOK, status, text)
	require.True(t, reused)
}
