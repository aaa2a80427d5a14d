package tsa_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/tsp"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/tsa"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const policy = "1.2.3.4.1"

// clocks are a wall clock and one that nobody can set, both moved by the test alone.
type clocks struct {
	mu      sync.Mutex
	wall    time.Time
	elapsed time.Duration
}

func newClocks() *clocks { return &clocks{wall: noon, elapsed: time.Hour} }

func (c *clocks) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wall
}

func (c *clocks) monotonic() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.elapsed
}

// pass lets time go by.
func (c *clocks) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wall, c.elapsed = c.wall.Add(d), c.elapsed+d
}

// set makes the wall clock jump.
func (c *clocks) set(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wall = c.wall.Add(by)
}

// node is a certificate with its key, made by another encoder than ours.
type node struct {
	*pki.Certificate
	template *smx509.Certificate
	key      *sm2.PrivateKey
}

func forge(t testing.TB, issuer *node, name string, changes ...func(*smx509.Certificate)) *node {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	require.NoError(t, err)
	template := &smx509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{Country: []string{"CN"}, Organization: []string{"示例省"}, CommonName: name},
		NotBefore: noon.AddDate(-1, 0, 0), NotAfter: noon.AddDate(100, 0, 0), BasicConstraintsValid: true,
		KeyUsage: smx509.KeyUsageDigitalSignature, SignatureAlgorithm: smx509.SM2WithSM3, SubjectKeyId: []byte(name),
	}
	for _, change := range changes {
		change(template)
	}
	n := &node{template: template, key: key}
	parent, parentKey := template, key
	if issuer != nil {
		parent, parentKey = issuer.template, issuer.key
	}
	der, err := smx509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
	require.NoError(t, err)
	n.Certificate, err = pki.ParseCertificate(der)
	require.NoError(t, err)
	return n
}

func isCA(c *smx509.Certificate) {
	c.IsCA, c.MaxPathLen, c.KeyUsage = true, -1, smx509.KeyUsageCertSign|smx509.KeyUsageCRLSign
}

func forStamps(c *smx509.Certificate) { withPurposes(true, oid.PurposeTimestamp)(c) }

func withPurposes(critical bool, ids ...oid.ID) func(*smx509.Certificate) {
	list := make([]asn1.ObjectIdentifier, len(ids))
	for i, id := range ids {
		list[i] = id.ASN1()
	}
	der, err := asn1.Marshal(list)
	if err != nil {
		panic(err)
	}
	return func(c *smx509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{{Id: oid.ExtKeyUsage.ASN1(), Critical: critical, Value: der}}
	}
}

// world is an authority with everything around it.
type world struct {
	clocks       *clocks
	engine       engine.Engine
	clock        *tsa.Clock
	root, signer *node
	config       tsa.Config
}

func newWorld(t testing.TB, changes ...func(*smx509.Certificate)) *world {
	t.Helper()
	w := &world{clocks: newClocks(), engine: memory.New()}
	w.root = forge(t, nil, "示例省根证书", isCA)
	w.signer = forge(t, w.root, "示例省时间戳服务", append([]func(*smx509.Certificate){forStamps}, changes...)...)
	w.clock = w.openClock(t)
	w.config = tsa.Config{
		Engine: w.engine, Clock: w.clock, Rand: rand.Reader, Log: slog.New(slog.DiscardHandler),
		Key: w.signer.key, Chain: []*pki.Certificate{w.signer.Certificate, w.root.Certificate}, Policy: policy,
		Accuracy: time.Second,
	}
	return w
}

func (w *world) clockConfig() tsa.ClockConfig {
	return tsa.ClockConfig{
		Engine: w.engine, Now: w.clocks.now, Elapsed: w.clocks.monotonic, MaxStep: 100 * time.Millisecond,
	}
}

func (w *world) openClock(t testing.TB) *tsa.Clock {
	t.Helper()
	clock, err := tsa.OpenClock(context.Background(), w.clockConfig())
	require.NoError(t, err)
	return clock
}

func (w *world) open(t testing.TB) *tsa.Authority {
	t.Helper()
	a, err := tsa.Open(w.config)
	require.NoError(t, err)
	return a
}

// query is a usual request for a document.
func query(t testing.TB, document []byte, changes ...func(*tsp.Request)) []byte {
	t.Helper()
	digest := sm3.Sum(document)
	r := &tsp.Request{Imprint: tsp.Imprint{Algorithm: oid.SM3, Digest: digest[:]}, Nonce: []byte{0x11, 0x22}, CertReq: true}
	for _, change := range changes {
		change(r)
	}
	der, err := tsp.MarshalRequest(r)
	require.NoError(t, err)
	return der
}

// judge wants a response to bring a token that everybody who trusts the root accepts.
func (w *world) judge(t testing.TB, response, document []byte) *pki.VerifiedTimestamp {
	t.Helper()
	token, err := pki.ParseTimestampResponse(response)
	require.NoError(t, err)
	anchors, err := pki.NewAnchors(w.root.Certificate)
	require.NoError(t, err)
	digest, err := token.DigestOf(document)
	require.NoError(t, err)
	v, err := token.Verify(pki.TimestampOptions{
		Digest: digest, At: w.clocks.now().Add(time.Second), Nonce: []byte{0x11, 0x22},
		Chain: pki.ChainOptions{Anchors: anchors, Intermediates: w.config.Chain},
	})
	require.NoError(t, err)
	return v
}

// failure wants a refusal and gives its reason.
func failure(t testing.TB, response []byte) tsp.Failure {
	t.Helper()
	r, err := tsp.ParseResponse(response)
	require.NoError(t, err)
	require.Equal(t, tsp.Rejection, r.Status)
	require.Len(t, r.Failures, 1)
	require.Len(t, r.Texts, 2)
	return r.Failures[0]
}

// oddKey signs as it is told.
type oddKey struct {
	crypto.Signer

	sign func([]byte) ([]byte, error)
}

func (k oddKey) Sign(_ io.Reader, e []byte, _ crypto.SignerOpts) ([]byte, error) { return k.sign(e) }

func (w *world) put(t *testing.T, key string, value []byte) {
	t.Helper()
	require.NoError(t, w.engine.Update(t.Context(), func(x engine.Writer) error { return x.Put([]byte(key), value) }))
}

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
