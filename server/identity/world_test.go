package identity_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/internal/httpsig"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

const hostname = "vault.province.example"

// world is a registry with one department, whose system signs messages, and a clock that tests move.
type world struct {
	t        *testing.T
	now      time.Time
	engine   engine.Engine
	province *fixtures.Province
	crls     [][]byte      // of the root and the issuing CA
	tls      *tlsAuthority // that is trusted for connections; nil: none
	registry *identity.Registry
	trust    *identity.Trust
	systems  *identity.Systems
	key      httpsig.Key // of the department's system
	cert     *pki.Certificate
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 3, 2, 1, 30, 0, 0, time.UTC), engine: memory.New()}
	var err error
	w.province, err = fixtures.NewProvince(rand.Reader, w.clock)
	require.NoError(t, err)
	w.publish()
	w.registry, err = identity.OpenRegistry(t.Context(), identity.RegistryConfig{Engine: w.engine, Now: w.clock})
	require.NoError(t, err)
	w.trust, err = identity.NewTrust(identity.TrustConfig{Load: w.load})
	require.NoError(t, err)
	w.key, w.cert = w.enrol(0)
	w.put(w.registration())
	w.open(identity.SystemsConfig{})
	w.now = w.now.Add(time.Second)
	return w
}

func (w *world) clock() time.Time { return w.now }

// open makes the recogniser anew, as after a restart.
func (w *world) open(cfg identity.SystemsConfig) {
	w.t.Helper()
	cfg.Registry, cfg.Certificates, cfg.Now, cfg.Authorities = w.registry, w.trust, w.clock, []string{hostname}
	var err error
	w.systems, err = identity.NewSystems(cfg)
	require.NoError(w.t, err)
}

// publish makes the next CRLs, with what is revoked now.
func (w *world) publish(revoked ...ca.Revocation) {
	w.t.Helper()
	next := make([][]byte, 2)
	for i, a := range []*ca.Authority{w.province.Root, w.province.Issuing} {
		var previous []byte
		if w.crls != nil {
			previous = w.crls[i]
		}
		list := revoked
		if i == 0 {
			list = nil
		}
		var err error
		next[i], err = a.NextCRL(previous, list, 31*24*time.Hour)
		require.NoError(w.t, err)
	}
	w.crls = next
}

func (w *world) load() (identity.TrustSource, error) {
	var evidence pki.Evidence
	for _, der := range w.crls {
		crl, err := pki.ParseCRL(der)
		if err != nil {
			return identity.TrustSource{}, err
		}
		evidence.CRLs = append(evidence.CRLs, crl)
	}
	anchors := w.province.Anchors
	if w.tls != nil {
		var err error
		if anchors, err = w.tls.beside(w.province.Root.Certificate()); err != nil {
			return identity.TrustSource{}, err
		}
		if w.tls.crl != nil {
			evidence.CRLs = append(evidence.CRLs, w.tls.crl)
		}
	}
	return identity.TrustSource{
		Anchors: anchors, Intermediates: pki.NewPool(w.province.Issuing.Certificate()),
		Evidence: []pki.Evidence{evidence},
	}, nil
}

// enrol gives the i-th department a key for its system.
func (w *world) enrol(i int) (httpsig.Key, *pki.Certificate) {
	w.t.Helper()
	key, chain, err := w.province.Enrol(ca.ProfileDepartment, fixtures.Departments()[i])
	require.NoError(w.t, err)
	return httpsig.Key{Certificate: chain[0].Raw, Signer: key, Rand: rand.Reader}, chain[0]
}

func (w *world) registration() identity.Registration {
	return identity.Registration{
		ID: "market", Caller: fixtures.Caller(0), Role: identity.RoleDepartmentSystem,
		Department: fixtures.Departments()[0].Code, Types: []string{"11990000MB1E000137001"},
		Credentials: []identity.Credential{{Kind: identity.CredentialSignature, Certificate: w.key.Certificate}},
		Quota:       identity.Quota{PerSecond: 7, Burst: 9},
	}
}

// seen is an audit that takes every change.
func seen(context.Context, vault.Witnessed) error { return nil }

func (w *world) put(r identity.Registration) {
	w.t.Helper()
	require.NoError(w.t, w.registry.Put(w.t.Context(), "operator", r, seen))
}

// signed is a request as a client signs it; change may alter it and its parameters before it is signed.
func (w *world) signed(body string, change func(*http.Request, *httpsig.Params)) *http.Request {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "https://"+hostname+"/api/v1/licences?item=1", strings.NewReader(body))
	r.RequestURI = "/api/v1/licences?item=1" // as a client sends it
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", "one")
	r.Header.Set(httpsig.FieldDigest, httpsig.Digest(sm3.Sum([]byte(body))))
	p := httpsig.Params{
		Components: []string{
			"@method", "@authority", "@path", "@query", "content-type", "content-digest", "idempotency-key",
		},
		Created: w.now, Nonce: nonce(w.t),
	}
	if change != nil {
		change(r, &p)
	}
	m := &httpsig.Message{
		Method: r.Method, Scheme: "https", Authority: r.Host, Path: "/api/v1/licences", Query: "item=1", HasQuery: true,
		Field: r.Header.Values,
	}
	input, value, err := httpsig.Sign(m, "elicense", p, w.key)
	require.NoError(w.t, err)
	r.Header.Set(httpsig.FieldInput, input)
	r.Header.Set(httpsig.FieldSignature, value)
	return r
}

func nonce(t *testing.T) string {
	t.Helper()
	var b [12]byte
	_, err := rand.Read(b[:])
	require.NoError(t, err)
	return hex.EncodeToString(b[:])
}

// again is the same request once more, byte by byte.
func again(r *http.Request) *http.Request {
	out := r.Clone(r.Context())
	out.Body = io.NopCloser(strings.NewReader(`{}`))
	return out
}

// refused wants a code.
func refused(t *testing.T, want identity.Code, c *identity.Caller, err error) {
	t.Helper()
	require.Equal(t, want, identity.CodeOf(err), "%v", err)
	require.Nil(t, c)
}

// withCertificate is a connection whose client has shown a certificate.
func withCertificate(r *http.Request, der []byte) *http.Request {
	r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{Raw: der}}}
	return r
}

// tlsCertificate is one of the kind that Go's TLS can use, as another authority issues it.
func tlsCertificate(t *testing.T, key crypto.Signer, from, to time.Time) []byte {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), NotBefore: from, NotAfter: to, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	template.Subject.CommonName = "system.market.example"
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return der
}
