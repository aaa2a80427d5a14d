package stepca_test

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/pki/stepca"
)

// callers is how many ask at once.
const callers = 64

// BenchmarkIssue issues ECDSA certificates on the durable engine for 64 callers. Each has its token and its request at
// hand, as a client would send them; keys and tokens are made beforehand.
func BenchmarkIssue(b *testing.B) {
	w := newWorld(b, func(c *stepca.Config) {
		c.Engine = openBadger(b)
		c.TokenLifetime = 24 * time.Hour
	})
	key := ecKey(b)
	csr := csrOf(b, key, service, service)
	tokens := make([]string, b.N)
	for i := range tokens {
		tokens[i] = w.token(b, func(x *stepca.Token) { x.End = x.Begin.Add(23 * time.Hour) })
	}
	var next atomic.Int64
	b.ReportAllocs()
	b.ResetTimer()
	parallel(b, func() error {
		_, err := w.authority.Issue(b.Context(), stepca.Enrolment{Token: tokens[next.Add(1)-1], CSR: csr})
		return err
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "certs/s")
}

// parallel runs b.N calls by 64 callers.
func parallel(b *testing.B, call func() error) {
	b.Helper()
	b.SetParallelism(callers)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := call(); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// BenchmarkBare is the mathematics that an ECDSA certificate cannot do without: the request's signature, the token's, the
// one of the certificate.
func BenchmarkBare(b *testing.B) {
	key := ecKey(b)
	csr, err := x509.ParseCertificateRequest(csrOf(b, key, service, service))
	require.NoError(b, err)
	digest := make([]byte, 32)
	parallel(b, func() error {
		for range 2 {
			if err := csr.CheckSignature(); err != nil {
				return err
			}
		}
		_, err := key.Sign(rand.Reader, digest, crypto.SHA256)
		return err
	})
}

// BenchmarkRevoke revokes with many certificates revoked already: the list is not made anew for it.
func BenchmarkRevoke(b *testing.B) {
	w := newWorld(b, func(c *stepca.Config) { c.Engine = openBadger(b) })
	leaf, _ := w.leaf(b)
	serials := forgeRegister(b, w, leaf, b.N)
	var next atomic.Int64
	b.ResetTimer()
	parallel(b, func() error {
		serial := serials[next.Add(1)-1]
		return w.authority.Revoke(b.Context(), stepca.Revocation{Serial: serial})
	})
}

// BenchmarkCRL makes the list of many revoked certificates, as smallstep does: as a whole.
func BenchmarkCRL(b *testing.B) {
	now := time.Now()
	w := newWorld(b, func(c *stepca.Config) { c.Now = func() time.Time { return now } })
	leaf, _ := w.leaf(b)
	for _, serial := range append(forgeRegister(b, w, leaf, 1000), new(big.Int).Set(leaf.SerialNumber)) {
		require.NoError(b, w.authority.Revoke(b.Context(), stepca.Revocation{Serial: serial}))
	}
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(-time.Second) // a clock set back makes a new list each time
		_, err := w.authority.CRL(b.Context())
		require.NoError(b, err)
	}
}
