package stepca_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/stepca"
)

// Made-up names.
const (
	caHost   = "ca.example.gov.cn"
	service  = "hall.example.gov.cn"
	deskName = "desk"
	deskKey  = "desk-1"
	crlURL   = "http://crl.example.gov.cn/tls.crl"
)

// world is an authority with a desk that makes tokens.
type world struct {
	config    stepca.Config
	authority *stepca.Authority
	desk      stepca.TokenSigner
	issuer    *sm2Issuer
}

// newWorld opens an authority whose configuration a test may change.
func newWorld(t testing.TB, changes ...func(*stepca.Config)) *world {
	t.Helper()
	w := &world{issuer: new(sm2Issuer)}
	key := ecKey(t)
	w.config = newConfig(t, ecKey(t), ecKey(t))
	w.config.SM2 = w.issuer
	w.config.Provisioners = []stepca.Provisioner{{
		Kind: stepca.KindJWK, Name: deskName, Services: stepca.ServesTLS | stepca.ServesSM2, Key: key.Public(), KeyID: deskKey,
	}}
	for _, change := range changes {
		change(&w.config)
	}
	w.desk = stepca.TokenSigner{Provisioner: deskName, KeyID: deskKey, Key: key, Host: caHost, Rand: rand.Reader}
	w.reopen(t)
	return w
}

// reopen is the authority started again on the same engine.
func (w *world) reopen(t testing.TB) {
	t.Helper()
	var err error
	w.authority, err = stepca.New(w.config)
	require.NoError(t, err)
}

// newConfig is root and issuing certificate for the given keys, on an engine in memory.
func newConfig(t testing.TB, root, issuing crypto.Signer) stepca.Config {
	t.Helper()
	now := time.Now()
	authority := func(serial int64, name string, pathLen int) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-time.Hour),
			NotAfter: now.Add(100 * 24 * time.Hour), IsCA: true, BasicConstraintsValid: true, MaxPathLen: pathLen,
			MaxPathLenZero: pathLen == 0, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		}
	}
	top := sign(t, authority(1, "示例省外部信任根", 1), nil, root.Public(), root)
	below := sign(t, authority(2, "示例省外部签发机构", 0), top, issuing.Public(), root)
	return stepca.Config{
		Engine: memory.New(), Roots: []*x509.Certificate{top}, Chain: []*x509.Certificate{below}, Signer: issuing,
		Names: []string{caHost, "127.0.0.1"}, CRL: stepca.CRLConfig{URL: crlURL}, Rand: rand.Reader, Now: time.Now,
	}
}

func sign(t testing.TB, template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) *x509.Certificate {
	t.Helper()
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	require.NoError(t, err)
	c, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return c
}

func ecKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// csrOf is a request for a key, with DNS names and perhaps a common name first.
func csrOf(t testing.TB, key crypto.Signer, name string, dns ...string) []byte {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: name}, DNSNames: dns,
	}, key)
	require.NoError(t, err)
	return der
}

func sm2CSR(t testing.TB, name string, dns ...string) ([]byte, *sm2.PrivateKey) {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	der, err := smx509.CreateCertificateRequest(rand.Reader, &smx509.CertificateRequest{
		Subject: pkix.Name{CommonName: name}, DNSNames: dns, SignatureAlgorithm: smx509.SM2WithSM3,
	}, key)
	require.NoError(t, err)
	return der, key
}

// token is a good token of the desk, changed by a test.
func (w *world) token(t testing.TB, changes ...func(*stepca.Token)) string {
	t.Helper()
	return tokenOf(t, w.desk, changes...)
}

func tokenOf(t testing.TB, signer stepca.TokenSigner, changes ...func(*stepca.Token)) string {
	t.Helper()
	now := time.Now()
	x := stepca.Token{Subject: service, Begin: now, End: now.Add(5 * time.Minute)}
	for _, change := range changes {
		change(&x)
	}
	token, err := signer.Sign(x)
	require.NoError(t, err)
	return token
}

// leaf issues a certificate for the service.
func (w *world) leaf(t testing.TB) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key := ecKey(t)
	chain, err := w.authority.Issue(t.Context(), stepca.Enrolment{
		Token: w.token(t), CSR: csrOf(t, key, service, service),
	})
	require.NoError(t, err)
	return chain[0], key
}

// verify is how a foreign system looks at a certificate of ours.
func (w *world) verify(t testing.TB, chain []*x509.Certificate, host string) error {
	t.Helper()
	require.Len(t, chain, 2)
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(w.config.Roots[0])
	intermediates.AddCert(chain[1])
	_, err := chain[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates, DNSName: host})
	return err
}

// revoked lists the serial numbers in the CRL.
func (w *world) revoked(t testing.TB) (list []string, number *big.Int) {
	t.Helper()
	der, err := w.authority.CRL(t.Context())
	require.NoError(t, err)
	crl, err := x509.ParseRevocationList(der)
	require.NoError(t, err)
	require.NoError(t, crl.CheckSignatureFrom(w.config.Chain[0]))
	for _, e := range crl.RevokedCertificateEntries {
		list = append(list, e.SerialNumber.String())
	}
	return list, crl.Number
}

// count is how many certificates the register has.
func (w *world) count(t testing.TB) int {
	t.Helper()
	n := 0
	require.NoError(t, w.config.Engine.View(t.Context(), func(r engine.Reader) error {
		prefix := []byte("stepca/d10:x509_certs")
		return r.Scan(engine.Range{Prefix: prefix, KeysOnly: true}, func(_, _ []byte) (bool, error) { n++; return true, nil })
	}))
	return n
}

var errIssuer = errors.New("the SM2 authority is down")

// sm2Issuer is an SM2 authority that keeps what it is asked for and signs with a key of its own.
type sm2Issuer struct {
	mu    sync.Mutex
	asked []stepca.SM2Request
	err   error // what Issue answers, if set
}

func (i *sm2Issuer) Issue(_ context.Context, r stepca.SM2Request) (stepca.SM2Issued, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asked = append(i.asked, r)
	if i.err != nil {
		return stepca.SM2Issued{}, i.err
	}
	if r.Profile == "nothing" {
		return stepca.SM2Issued{}, nil
	}
	return stepca.SM2Issued{
		Chain: [][]byte{append([]byte("certificate for "), r.CommonName...), []byte("issuer")},
		Twin:  []byte("twin"), Enveloped: []byte("enveloped"),
	}, nil
}

func (i *sm2Issuer) requests() []stepca.SM2Request {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.asked)
}

// requireRefused wants a refusal for a reason.
func requireRefused(t testing.TB, want stepca.Reason, err error, what ...any) {
	t.Helper()
	var refusal *stepca.RefusalError
	require.ErrorAs(t, err, &refusal, what...)
	require.Equal(t, want, refusal.Reason, what...)
}

func publicOf(t testing.TB, key crypto.Signer) *pki.PublicKey {
	t.Helper()
	public, err := pki.PublicKeyOf(key.Public())
	require.NoError(t, err)
	return public
}

// forgeRegister enters one certificate under many serial numbers, which is faster than issuing as many.
func forgeRegister(t testing.TB, w *world, c *x509.Certificate, n int) []*big.Int {
	t.Helper()
	db := stepca.NewDatabase(w.config.Engine, "stepca/")
	serials := make([]*big.Int, n)
	for i := range serials {
		serials[i] = new(big.Int).Add(c.SerialNumber, big.NewInt(int64(i)+1))
		require.NoError(t, db.Set([]byte("x509_certs"), []byte(serials[i].String()), c.Raw))
	}
	return serials
}
