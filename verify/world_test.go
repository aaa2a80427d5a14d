package verify_test

import (
	"crypto"
	"crypto/rand"
	"math/big"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/verify"
)

// world is a made-up authority whose keys are at hand, so that it can certify, revoke and lie at any time.
type world struct {
	t       testing.TB
	now     time.Time // of the authority
	root    node
	issuing node
	anchors *pki.Anchors
	serial  int64
}

// node is a key with its certificates.
type node struct {
	key       crypto.Signer
	chain     []*pki.Certificate
	authority *ca.Authority
}

func (n *node) cert() *pki.Certificate { return n.chain[0] }

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, now: now.AddDate(0, -6, 0)}
	config := ca.Config{Rand: rand.Reader, Now: func() time.Time { return w.now }}
	var err error
	w.root.key = w.makeKey()
	w.root.authority, err = ca.NewRootWithKey(config, w.root.key, ca.Name{Organization: "示例认证中心", CommonName: "示例根"})
	require.NoError(t, err)
	w.root.chain = w.root.authority.Chain()
	w.issuing.key = w.makeKey()
	w.issuing.authority, err = w.root.authority.NewIssuingWithKey(w.issuing.key, ca.Name{
		Organization: "示例认证中心", CommonName: "示例签发",
	})
	require.NoError(t, err)
	w.issuing.chain = w.issuing.authority.Chain()
	w.anchors, err = pki.NewAnchors(w.root.cert())
	require.NoError(t, err)
	return w
}

func (w *world) makeKey() crypto.Signer {
	w.t.Helper()
	key, err := pki.GenerateKey(rand.Reader)
	require.NoError(w.t, err)
	return key
}

// enrol certifies a new key for a department of the made-up province.
func (w *world) enrol(profile string, d fixtures.Department) node {
	w.t.Helper()
	n := node{key: w.makeKey()}
	request := ca.Request{
		Profile: profile, USCC: d.Code, PublicKey: n.key.Public(),
		Subject: ca.Name{Province: "示例省", Organization: d.Name, CommonName: d.Name},
	}
	if profile == ca.ProfileTSA { // a service of the authority holds no code
		request.USCC, request.Subject = "", ca.Name{Organization: d.Name, CommonName: "示例时间戳"}
	}
	c, err := w.issuing.authority.Issue(request)
	require.NoError(w.t, err)
	n.chain = append([]*pki.Certificate{c}, w.issuing.chain...)
	return n
}

// revoked is an entry of a made-up CRL.
type revoked struct {
	cert  *pki.Certificate
	at    time.Time
	cause pki.Cause
}

// crl signs a CRL of an authority made at a time.
func (w *world) crl(issuer node, made time.Time, list ...revoked) *pki.CRL {
	w.t.Helper()
	w.serial++
	template := &smx509.RevocationList{
		Number: big.NewInt(w.serial), ThisUpdate: made, NextUpdate: made.AddDate(0, 0, 7),
	}
	for _, r := range list {
		template.RevokedCertificateEntries = append(template.RevokedCertificateEntries, smx509.RevocationListEntry{
			SerialNumber: r.cert.Serial, RevocationTime: r.at, ReasonCode: int(r.cause),
		})
	}
	parent, err := smx509.ParseCertificate(issuer.cert().Raw)
	require.NoError(w.t, err)
	der, err := smx509.CreateRevocationList(rand.Reader, template, parent, issuer.key)
	require.NoError(w.t, err)
	crl, err := pki.ParseCRL(der)
	require.NoError(w.t, err)
	return crl
}

// quiet is evidence of now that nothing is revoked but what is listed.
func (w *world) quiet(list ...revoked) pki.Evidence {
	made := now.Add(-time.Hour)
	return pki.Evidence{CRLs: []*pki.CRL{w.crl(w.issuing, made, list...), w.crl(w.root, made)}}
}

func (w *world) config(list ...revoked) verify.Config {
	return verify.Config{
		Trust: w.anchors, Now: func() time.Time { return now }, Evidence: []pki.Evidence{w.quiet(list...)},
	}
}

func (w *world) verifier(edit func(*verify.Config), list ...revoked) *verify.Verifier {
	w.t.Helper()
	config := w.config(list...)
	if edit != nil {
		edit(&config)
	}
	v, err := verify.New(config)
	require.NoError(w.t, err)
	return v
}

func (w *world) signer(n node, edit func(*signing.Config)) *signing.Signer {
	w.t.Helper()
	config := signing.Config{Key: n.key, Chain: n.chain, Rand: rand.Reader, WithCertificates: true}
	if edit != nil {
		edit(&config)
	}
	s, err := signing.NewSigner(config)
	require.NoError(w.t, err)
	return s
}

func (w *world) judge(v *verify.Verifier, doc []byte) *verify.Report {
	w.t.Helper()
	r, err := v.Verify(w.t.Context(), doc, verify.Expect{})
	require.NoError(w.t, err)
	return r
}

// otherOrigin is the ledger of another vault.
const otherOrigin = "vault.example.org/other"

// otherVault signs as a vault of that name.
func otherVault(t testing.TB, b body) *signing.VaultSigner {
	t.Helper()
	v, err := signing.NewVaultSigner(otherOrigin, signing.Config{Key: b.key, Chain: b.chain, Rand: rand.Reader})
	require.NoError(t, err)
	return v
}
