package stepca_test

import (
	"crypto/rand"
	"crypto/x509/pkix"
	"math/big"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/pki/stepca"
)

// Many ask at once, in turns of so many calls.
const (
	callers = 64
	turn    = 512
)

// crowd makes n calls by 64 callers and says how long they took.
func crowd(b *testing.B, n int, call func(i int) error) time.Duration {
	b.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for range callers {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := call(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}

// openSealed is the default engine, every value sealed, with its keyring.
func openSealed(b *testing.B) (engine.Engine, *sealed.Keyring) {
	b.Helper()
	bare, err := badger.Open(badger.Config{Dir: b.TempDir()})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, bare.Close()) })
	keys, err := sealed.CreateKeyring(b.Context(), bare, sealed.Master{1}, rand.Reader)
	require.NoError(b, err)
	e, err := sealed.Open(sealed.Config{Inner: bare, Keys: keys, Rand: rand.Reader})
	require.NoError(b, err)
	return e, keys
}

// BenchmarkIssue compares the authorities at 64 callers on one engine, the default one, sealed:
//
//	sm2/s        our register: request checked, certificate linted, signed, verified, durable with rows and audit
//	smallstep/s  smallstep without anything of ours: token verified and used up, request checked, certificate signed
//	             and durable
//	signing/s    the same without a token, as when an ACME order is ready
//	tls/s        this package's Issue: smallstep with the checks that it lacks
//
// They take turns, so that whatever else the machine does falls on all. The goal is sm2/smallstep of at least 3.
func BenchmarkIssue(b *testing.B) {
	e, keys := openSealed(b)
	w := newWorld(b, func(c *stepca.Config) { c.Engine, c.TokenLifetime = e, 24*time.Hour })
	bare, err := stepca.NewBare(w.config)
	require.NoError(b, err)
	register := openRegister(b, e, keys)
	csr := csrOf(b, ecKey(b), service, service)
	ctx := b.Context()
	var spent struct{ sm2, smallstep, signing, tls time.Duration }
	rounds := max(1, b.N/turn)
	for range rounds {
		enrolments, first, second := make([]ca.Enrolment, turn), make([]string, turn), make([]string, turn)
		for i := range turn {
			enrolments[i] = serverEnrolment(b)
			first[i], second[i] = w.token(b), w.token(b)
		}
		spent.sm2 += crowd(b, turn, func(i int) error {
			_, err := register.Enrol(ctx, window, ca.ApplicationID{}, enrolments[i])
			return err
		})
		spent.smallstep += crowd(b, turn, func(i int) error { return bare.Enrol(ctx, first[i], csr) })
		spent.signing += crowd(b, turn, func(int) error { return bare.Sign(ctx, csr, service) })
		spent.tls += crowd(b, turn, func(i int) error {
			_, err := w.authority.Issue(ctx, stepca.Enrolment{Token: second[i], CSR: csr})
			return err
		})
	}
	total := float64(rounds * turn)
	b.ReportMetric(total/spent.sm2.Seconds(), "sm2/s")
	b.ReportMetric(total/spent.smallstep.Seconds(), "smallstep/s")
	b.ReportMetric(total/spent.signing.Seconds(), "signing/s")
	b.ReportMetric(total/spent.tls.Seconds(), "tls/s")
	b.ReportMetric(spent.smallstep.Seconds()/spent.sm2.Seconds(), "sm2/smallstep")
	b.ReportMetric(spent.signing.Seconds()/spent.sm2.Seconds(), "sm2/signing")
	b.ReportMetric(0, "ns/op")
}

var window = ca.Actor{Name: "window-1", Roles: ca.RoleEnrol}

// openRegister is the SM2 authority's register, which lets servers have certificates without approval.
func openRegister(b *testing.B, e engine.Engine, keys *sealed.Keyring) *ca.Register {
	b.Helper()
	config := ca.Config{Rand: rand.Reader, Now: time.Now}
	root, err := ca.NewRoot(config, ca.Name{Organization: "示例省数字认证中心", CommonName: "示例省根证书"})
	require.NoError(b, err)
	issuing, err := root.NewIssuing(ca.Name{Organization: "示例省数字认证中心", CommonName: "示例省签发证书"})
	require.NoError(b, err)
	register, err := ca.OpenRegister(b.Context(), ca.RegisterConfig{
		Engine: e, Issuers: []*ca.Authority{issuing, root}, Tokens: keys, Now: time.Now, Rand: rand.Reader,
		Base: "http://pki.example.gov.cn", Policy: ca.Policy{Approvals: map[string]int{ca.ProfileServer: 0}},
	})
	require.NoError(b, err)
	return register
}

func serverEnrolment(b *testing.B) ca.Enrolment {
	b.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(b, err)
	csr, err := smx509.CreateCertificateRequest(rand.Reader, &smx509.CertificateRequest{
		Subject: pkix.Name{CommonName: service}, SignatureAlgorithm: smx509.SM2WithSM3,
	}, key)
	require.NoError(b, err)
	return ca.Enrolment{
		Profile: ca.ProfileServer, Subject: ca.Name{Organization: department, CommonName: service},
		DNSNames: []string{service}, CSR: csr,
	}
}

// BenchmarkRevoke revokes for 64 callers, with more and more certificates revoked already: no list is made for it.
func BenchmarkRevoke(b *testing.B) {
	e, _ := openSealed(b)
	w := newWorld(b, func(c *stepca.Config) { c.Engine = e })
	leaf, _ := w.leaf(b)
	serials := forgeRegister(b, w, leaf, b.N)
	b.ResetTimer()
	crowd(b, b.N, func(i int) error {
		return w.authority.Revoke(b.Context(), stepca.Revocation{Serial: serials[i]})
	})
}

// BenchmarkCRL makes the list of a thousand revoked certificates, as smallstep does: as a whole.
func BenchmarkCRL(b *testing.B) {
	now := time.Now()
	w := newWorld(b, func(c *stepca.Config) { c.Now = func() time.Time { return now } })
	leaf, _ := w.leaf(b)
	for _, serial := range append(forgeRegister(b, w, leaf, 999), new(big.Int).Set(leaf.SerialNumber)) {
		require.NoError(b, w.authority.Revoke(b.Context(), stepca.Revocation{Serial: serial}))
	}
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(-time.Second) // a clock set back makes a new list each time
		_, err := w.authority.CRL(b.Context())
		require.NoError(b, err)
	}
}
