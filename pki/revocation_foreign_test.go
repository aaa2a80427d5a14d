package pki_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/pki"
)

// rsaAuthority makes a self-signed authority and a certificate of it, with the standard library.
func rsaAuthority(t *testing.T, bits int) (authority, leaf *pki.Certificate, key *rsa.PrivateKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "rsa"}, NotBefore: past, NotAfter: future, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	authority, err = pki.ParseCertificate(raw)
	require.NoError(t, err)
	child := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "leaf"}, NotBefore: past, NotAfter: future,
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
	raw, err = x509.CreateCertificate(rand.Reader, child, template, key.Public(), key)
	require.NoError(t, err)
	leaf, err = pki.ParseCertificate(raw)
	require.NoError(t, err)
	return authority, leaf, key
}

// rsaCRL is an empty list signed with RSA and a hash; last is the last octet of the algorithm's identifier.
func rsaCRL(t *testing.T, issuer *pki.Certificate, key *rsa.PrivateKey, hash crypto.Hash, last byte) *pki.CRL {
	t.Helper()
	algorithm := []byte{0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, last, 5, 0}
	spec := crlSpec{
		version: integer(1), algorithm: algorithm, issuer: issuer.RawSubject, this: now.Add(-hour), next: future,
	}
	tbs := der(spec.addTBS)
	h := hash.New()
	h.Write(tbs)
	value, err := rsa.SignPKCS1v15(rand.Reader, key, hash, h.Sum(nil))
	require.NoError(t, err)
	c, err := pki.ParseCRL(der(func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(tbs)
			b.AddBytes(algorithm)
			b.AddASN1BitString(value)
		})
	}))
	require.NoError(t, err)
	return c
}

// Weak hashes and short keys count only where the scope of the anchor names the exception; MD5 never.
func TestWeakEvidence_A55(t *testing.T) {
	judge := func(authority, leaf *pki.Certificate, list *pki.CRL, exceptions ...pki.Exception) pki.Reason {
		search := generous(pki.ExceptionSHA1, pki.ExceptionShortRSA)
		chain, err := pki.VerifyChain(leaf, pki.ChainOptions{
			Anchors: scoped(t, search, authority), At: now, Usage: pki.UsageDigitalSignature,
		})
		require.NoError(t, err)
		chain.Anchor.Scope = generous(exceptions...)
		report := pki.VerifyRevocation(chain, pki.RevocationOptions{At: now}, pki.Evidence{CRLs: []*pki.CRL{list}})
		require.Equal(t, report.Status == pki.StatusGood, report.Err() == nil)
		return pki.ReasonOf(report.Err())
	}
	authority, leaf, key := rsaAuthority(t, 2048)
	strong := rsaCRL(t, authority, key, crypto.SHA256, 11)
	require.Empty(t, judge(authority, leaf, strong))
	require.NoError(t, strong.CheckSignature(authority))
	require.Equal(t, pki.ReasonAlgorithm, judge(authority, leaf, rsaCRL(t, authority, key, crypto.SHA256, 99)))
	sha1 := rsaCRL(t, authority, key, crypto.SHA1, 5)
	require.Equal(t, pki.ReasonWeak, judge(authority, leaf, sha1))
	require.Equal(t, pki.ReasonWeak, judge(authority, leaf, sha1, pki.ExceptionShortRSA))
	require.Empty(t, judge(authority, leaf, sha1, pki.ExceptionSHA1))
	require.Equal(t, pki.ReasonWeak, judge(authority, leaf, sha1), "having verified it does not make it strong")
	require.Equal(t, pki.ReasonWeak, pki.ReasonOf(sha1.CheckSignature(authority)))
	md5 := rsaCRL(t, authority, key, crypto.SHA256, 4)
	require.Equal(t, pki.ReasonWeak, judge(authority, leaf, md5, pki.ExceptionSHA1))

	authority, leaf, key = rsaAuthority(t, 1024)
	short := rsaCRL(t, authority, key, crypto.SHA256, 11)
	require.Equal(t, pki.ReasonWeak, judge(authority, leaf, short))
	require.Empty(t, judge(authority, leaf, short, pki.ExceptionShortRSA))
}
