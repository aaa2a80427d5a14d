package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/internal/problem"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/stepca"
)

const (
	passphrase = "correct horse battery"
	caHost     = "ca.example.gov.cn"
	service    = "hall.example.gov.cn"
)

const caYAML = `format: 1
serve:
  listen: 127.0.0.1:0
  certificate: foreign/server.pem
  key: foreign/server.key
  timeout: 10s
  drain: 0s
foreign:
  names: [ca.example.gov.cn, 127.0.0.1]
  roots: foreign/roots.pem
  chain: foreign/chain.pem
  key: foreign/key.pem
  crl: {url: "http://crl.example.gov.cn/tls.crl", every: 1s}
  provisioners:
    - {kind: jwk, name: desk, key_id: desk-1, key: foreign/desk.pub, services: [tls, sm2]}
    - {kind: x5c, name: windows, roots: foreign/roots.pem, services: [tls], no_renewal: true}
    - {kind: acme, name: web, services: [tls], policy: {allow: {dns: ["*.example.gov.cn"]}}, lifetimes: {default: 1h, max: 2h}}
`

// place is a data directory, as a key ceremony leaves it.
type place struct {
	dir  string
	env  map[string]string
	root *x509.Certificate
	desk *ecdsa.PrivateKey
}

// newPlace makes a data directory whose master key lies in a file elsewhere, or follows from a passphrase, which takes
// its time.
func newPlace(t testing.TB, byPassphrase bool) *place {
	t.Helper()
	p := &place{dir: t.TempDir(), desk: newKey(t), env: map[string]string{"LANG": "en"}}
	master := p.seal(t, byPassphrase)
	rootKey, key := newKey(t), newKey(t)
	now := time.Now()
	template := func(name string, ca bool) *x509.Certificate {
		c := &x509.Certificate{
			SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-time.Hour),
			NotAfter: now.Add(90 * 24 * time.Hour), BasicConstraintsValid: true, IsCA: ca,
			KeyUsage: x509.KeyUsageDigitalSignature,
		}
		if ca {
			c.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
		}
		return c
	}
	p.root = p.issue(t, "foreign/roots.pem", template("root", true), nil, rootKey.Public(), rootKey)
	p.issue(t, "foreign/chain.pem", template("issuing", true), p.root, key.Public(), rootKey)
	server := template("server", false)
	server.DNSNames, server.ExtKeyUsage = []string{caHost}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	serverKey := newKey(t)
	p.issue(t, "foreign/server.pem", server, p.root, serverKey.Public(), rootKey)
	for name, k := range map[string]crypto.Signer{"foreign/key.pem": key, "foreign/server.key": serverKey} {
		text, err := pki.MarshalForeignKey(k, keyPassphrase(master), rand.Reader)
		require.NoError(t, err)
		p.write(t, name, text)
	}
	public, err := x509.MarshalPKIXPublicKey(p.desk.Public())
	require.NoError(t, err)
	p.write(t, "foreign/desk.pub", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))
	p.write(t, settingsFile, []byte(caYAML))
	return p
}

// seal makes the register and its keyring.
func (p *place) seal(t testing.TB, byPassphrase bool) (master sealed.Master) {
	t.Helper()
	e, err := badger.Open(badger.Config{Dir: filepath.Join(p.dir, registerDir)})
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	stretch, err := sealed.NewStretch(rand.Reader)
	require.NoError(t, err)
	require.NoError(t, sealed.SaveStretch(t.Context(), e, stretch))
	if byPassphrase {
		p.env["ELICENSE_CA_PASSPHRASE"] = passphrase
		master, err = sealed.MasterFromPassphrase(passphrase, stretch)
		require.NoError(t, err)
	} else {
		_, err = rand.Read(master[:])
		require.NoError(t, err)
		p.env["ELICENSE_CA_MASTER_FILE"] = filepath.Join(t.TempDir(), "master.key")
		text := []byte(hex.EncodeToString(master[:]))
		require.NoError(t, os.WriteFile(p.env["ELICENSE_CA_MASTER_FILE"], text, 0o600))
	}
	_, err = sealed.CreateKeyring(t.Context(), e, master, rand.Reader)
	require.NoError(t, err)
	return master
}

func (p *place) issue(
	t testing.TB, name string, template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer,
) *x509.Certificate {
	t.Helper()
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	require.NoError(t, err)
	p.write(t, name, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	c, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return c
}

func (p *place) write(t testing.TB, name string, text []byte) {
	t.Helper()
	path := filepath.Join(p.dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, text, 0o600))
}

// edit changes ca.yaml.
func (p *place) edit(t testing.TB, old, changed string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.dir, settingsFile))
	require.NoError(t, err)
	require.Contains(t, string(text), old)
	p.write(t, settingsFile, []byte(strings.ReplaceAll(string(text), old, changed)))
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

// world runs a command on the place.
func (p *place) world(out, err io.Writer, env map[string]string, args ...string) *cli.World {
	return &cli.World{
		Name: "elicense-ca", Args: append([]string{"-d", p.dir}, args...), In: strings.NewReader(""), Out: out, Err: err,
		Env: func(name string) string { return env[name] }, Now: time.Now, Rand: rand.Reader,
	}
}

// serve starts the service and gives its address; the returned function stops it and gives the exit code.
func (p *place) serve(t testing.TB) (address string, stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	read, write := io.Pipe()
	var stderr bytes.Buffer
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, p.world(write, &stderr, p.env, "--json", "serve"))
		write.Close()
	}()
	lines := bufio.NewScanner(read)
	require.True(t, lines.Scan(), "it says where it serves; %s", &stderr)
	var said struct {
		Serving string
		Error   any
	}
	require.NoError(t, json.Unmarshal(lines.Bytes(), &said))
	require.NotEmpty(t, said.Serving, said.Error)
	stop = sync.OnceValue(func() int {
		cancel()
		for lines.Scan() {
			t.Log(lines.Text())
		}
		return <-code
	})
	t.Cleanup(func() { stop() })
	return said.Serving, stop
}

func (p *place) client(t testing.TB) *http.Client {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(p.root)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: caHost, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}
}

func (p *place) token(t testing.TB) string {
	t.Helper()
	now := time.Now()
	signer := stepca.TokenSigner{Provisioner: "desk", KeyID: "desk-1", Key: p.desk, Host: caHost, Rand: rand.Reader}
	token, err := signer.Sign(stepca.Token{Subject: service, Begin: now, End: now.Add(time.Minute)})
	require.NoError(t, err)
	return token
}

// Row A55: the service from start to stop: a certificate by token over TLS, everything else as the library's tests have
// it; and the register is there after a restart.
func TestServe_A55(t *testing.T) {
	p := newPlace(t, true)
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{service}}, newKey(t))
	require.NoError(t, err)
	address, stop := p.serve(t)
	require.True(t, strings.HasPrefix(address, "https://127.0.0.1:"), address)
	body := mustJSON(t, map[string]string{
		"ott": p.token(t), "csr": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr})),
	})
	status, answer := post(t, p.client(t), address+"/1.0/sign", body)
	require.Equal(t, http.StatusCreated, status, answer)
	for path, want := range map[string]int{
		"/health": 200, "/roots.pem": 200, "/crl": 200, "/acme/web/directory": 200, "/provisioners": 200, "/": 404, "/ssh/roots": 404,
	} {
		response, err := p.client(t).Get(address + path)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, want, response.StatusCode, path)
	}
	status, answer = post(t, p.client(t), address+"/sm2/sign", body)
	require.Equal(t, http.StatusNotFound, status, answer)
	status, _ = post(t, p.client(t), address+"/1.0/sign", strings.Repeat(" ", 2<<20))
	require.GreaterOrEqual(t, status, 400)
	require.Equal(t, cli.ExitDone, stop())

	address, stop = p.serve(t)
	status, answer = post(t, p.client(t), address+"/1.0/sign", body)
	require.Equal(t, http.StatusUnauthorized, status, answer)
	require.Equal(t, cli.ExitDone, stop())
}

func mustJSON(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}

func post(t testing.TB, c *http.Client, url, body string) (int, string) {
	t.Helper()
	response, err := c.Post(url, "application/json", strings.NewReader(body))
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(text)
}

// What must not be served is not.
func TestServeRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*testing.T, *place)
		env    map[string]string
		code   int
		say    string
	}{
		"plain HTTP for everybody": {func(t *testing.T, p *place) {
			t.Helper()
			p.edit(t, "  certificate: foreign/server.pem\n", "")
			p.edit(t, "127.0.0.1:0", "0.0.0.0:0")
		}, nil, 1, "plain HTTP"},
		"plain HTTP by name": {func(t *testing.T, p *place) {
			t.Helper()
			p.edit(t, "  certificate: foreign/server.pem\n", "")
			p.edit(t, "127.0.0.1:0", "localhost:0")
		}, nil, 1, "plain HTTP"},
		"no address": {func(t *testing.T, p *place) {
			t.Helper()
			p.edit(t, "  certificate: foreign/server.pem\n", "")
			p.edit(t, "127.0.0.1:0", "nowhere")
		}, nil, 1, "plain HTTP"},
		"other server key": {func(t *testing.T, p *place) {
			t.Helper()
			p.edit(t, "foreign/server.key", "foreign/key.pem")
		}, nil, 2, "do not belong together"},
		"other issuing key": {func(t *testing.T, p *place) {
			t.Helper()
			p.edit(t, "key: foreign/key.pem", "key: foreign/server.key")
		}, nil, 1, "settings of the authority for foreign systems are wrong"},
		"no key": {func(t *testing.T, p *place) {
			t.Helper()
			p.edit(t, "key: foreign/key.pem", "key: foreign/none.pem")
		}, nil, 1, "no such file"},
		"damaged key": {func(t *testing.T, p *place) {
			t.Helper()
			p.write(t, "foreign/key.pem", []byte("key"))
		}, nil, 1, "a key file is damaged"},
		"no certificate in the file": {func(t *testing.T, p *place) {
			t.Helper()
			p.write(t, "foreign/roots.pem", []byte("root"))
		}, nil, 2, "holds no certificate"},
		"not a certificate": {func(t *testing.T, p *place) {
			t.Helper()
			p.edit(t, "chain: foreign/chain.pem", "chain: foreign/desk.pub")
		}, nil, 2, "no file of certificates"},
		"not a public key": {func(t *testing.T, p *place) {
			t.Helper()
			p.edit(t, "key: foreign/desk.pub", "key: foreign/roots.pem")
		}, nil, 2, "no file with a public key"},
		"unknown service": {func(t *testing.T, p *place) {
			t.Helper()
			p.edit(t, "[tls, sm2]", "[tls, ssh]")
		}, nil, 2, "services of provisioners"},
		"nothing to serve": {func(t *testing.T, p *place) {
			t.Helper()
			p.write(t, settingsFile, []byte("format: 1\n"))
		}, nil, 1, "nothing to serve"},
		"other format": {func(t *testing.T, p *place) {
			t.Helper()
			p.edit(t, "format: 1", "format: 2")
		}, nil, 2, "format is 2"},
		"no limit": {func(t *testing.T, p *place) {
			t.Helper()
			p.edit(t, "timeout: 10s", "max_requests: 0")
		}, nil, 2, "greater than zero"},
		"no share": {func(t *testing.T, p *place) {
			t.Helper()
			p.edit(t, "timeout: 10s", "per_address: 0")
		}, nil, 2, "greater than zero"},
		"drained before it stops": {func(t *testing.T, p *place) {
			t.Helper()
			p.edit(t, "drain: 0s", "drain: -1s")
		}, nil, 2, "drain not less than zero"},
		"not YAML": {func(t *testing.T, p *place) {
			t.Helper()
			p.write(t, settingsFile, []byte("\t"))
		}, nil, 2, "ca.yaml"},
		"no passphrase":    {nil, map[string]string{"LANG": "en"}, 2, "the master key is needed"},
		"wrong passphrase": {nil, map[string]string{"LANG": "en", "ELICENSE_CA_PASSPHRASE": "wrong"}, 1, "the master key is wrong"},
		"no master file":   {nil, map[string]string{"LANG": "en", "ELICENSE_CA_MASTER_FILE": "none"}, 1, "no such file"},
		"passphrase file":  {nil, map[string]string{"LANG": "en", "ELICENSE_CA_PASSPHRASE_FILE": "none"}, 1, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t, false)
			if test.env == nil {
				test.env = p.env
			}
			if test.change != nil {
				test.change(t, p)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			var out, said bytes.Buffer
			require.Equal(t, test.code, run(ctx, p.world(&out, &said, test.env, "serve")), "%s%s", &out, &said)
			require.Contains(t, said.String(), test.say)
			require.NotContains(t, said.String(), passphrase)
		})
	}
}

// A chore is done at once and again, also after a failure, and ends with the service.
func TestChores(t *testing.T) {
	var said bytes.Buffer
	c := &program{World: newPlace(t, false).world(io.Discard, &said, map[string]string{"LANG": "en"})}
	c.PickLang()
	ctx, cancel := context.WithCancel(t.Context())
	turns := 0
	c.keep(ctx, chore{"chore", time.Millisecond, func(context.Context) error {
		if turns++; turns == 3 {
			cancel()
		}
		return errNothing
	}})
	require.Equal(t, 3, turns)
	require.Equal(t, strings.Repeat("error: chore: nothing to serve\n", 2), said.String())
}

// What the program itself refuses is a problem in the shape of every other: for what is not there, for requests beyond the
// limit of all or of one address, and for what takes too long. What the authorities answer is left as it is.
func TestRefusesByProblems(t *testing.T) {
	t.Parallel()
	enter, leave := make(chan struct{}), make(chan struct{})
	slow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/tsa/busy" {
			w.Header().Set("Content-Type", "application/own")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		enter <- struct{}{}
		<-leave
	})
	const each = 2
	c := &program{World: newPlace(t, false).world(io.Discard, io.Discard, map[string]string{"LANG": "en"})}
	settings := &serveSettings{MaxRequests: 3, RequestsEach: each, MaxBody: 10, Timeout: time.Hour}
	mounted := routed([]mount{{"/tsa/", slow, false}})
	handler := c.server(mounted, problem.Busy, settings).Handler
	ask := func(h http.Handler, path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		return w
	}
	refused := func(w *httptest.ResponseRecorder, status int, code, retry string) {
		t.Helper()
		require.Equal(t, status, w.Code, "%s", w.Body)
		require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
		require.Equal(t, retry, w.Header().Get("Retry-After"))
		var p api.Problem
		strict := json.NewDecoder(w.Body)
		strict.DisallowUnknownFields()
		require.NoError(t, strict.Decode(&p))
		require.Equal(t, code, p.Code)
		require.Equal(t, retry != "", p.Retryable)
		require.Equal(t, status, p.Status)
		require.Len(t, p.Errors, 1)
		for _, text := range []string{p.Title, p.Detail, p.Errors[0].FixZh, p.Errors[0].FixEn, p.Errors[0].RuleZh, p.Errors[0].Basis} {
			require.NotEmpty(t, text)
		}
	}
	refused(ask(handler, "/elsewhere"), http.StatusNotFound, "no-such-resource", "")
	served := ask(handler, "/tsa/busy")
	require.Equal(t, "application/own", served.Header().Get("Content-Type"))
	var all sync.WaitGroup
	for range each {
		all.Go(func() { ask(handler, "/tsa/slow") })
		<-enter
	}
	refused(ask(handler, "/tsa/slow"), http.StatusServiceUnavailable, "too-many-at-once", "1")
	close(leave)
	all.Wait()
	forever := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	refused(ask(timed(forever, time.Nanosecond), "/"), http.StatusServiceUnavailable, "timeout", "5")
}
