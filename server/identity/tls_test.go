package identity_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/pki"
)

// tlsAuthority certifies keys of connections, as an authority of another house does.
type tlsAuthority struct {
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
	crl         *pki.CRL
	issued      int64
}

func newTLSAuthority(t *testing.T, now time.Time) *tlsAuthority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "callers.example"}, NotBefore: now.Add(-time.Hour),
		NotAfter: now.Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	a := &tlsAuthority{key: key, issued: 1}
	a.certificate, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	a.publish(t, now.Add(-time.Minute))
	return a
}

// beside trusts the authority for connections beside a root that is trusted for everything with SM2.
func (a *tlsAuthority) beside(root *pki.Certificate) (*pki.Anchors, error) {
	c, err := pki.ParseTolerant(a.certificate.Raw)
	if err != nil {
		return nil, err
	}
	return pki.NewScopedAnchors(
		pki.Anchor{Certificate: root, Scope: pki.Scope{
			Purposes: []pki.Purpose{pki.PurposeAny}, Algorithms: []pki.KeyAlgorithm{pki.KeySM2},
		}},
		pki.Anchor{Certificate: c, Scope: pki.Scope{
			Purposes:   []pki.Purpose{pki.PurposeTLSClient, pki.PurposeCRL},
			Algorithms: []pki.KeyAlgorithm{pki.KeyECDSA, pki.KeyRSA},
		}})
}

func (a *tlsAuthority) issue(t *testing.T, from, to time.Time) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	a.issued++
	template := &x509.Certificate{
		SerialNumber: big.NewInt(a.issued), NotBefore: from, NotAfter: to, KeyUsage: x509.KeyUsageDigitalSignature,
		Subject: pkix.Name{CommonName: "system.market.example"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		AuthorityKeyId: a.certificate.SubjectKeyId,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	require.NoError(t, err)
	return der
}

func (a *tlsAuthority) publish(t *testing.T, at time.Time, revoked ...x509.RevocationListEntry) {
	t.Helper()
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(at.Unix()), ThisUpdate: at, NextUpdate: at.Add(time.Hour), RevokedCertificateEntries: revoked,
	}, a.certificate, a.key)
	require.NoError(t, err)
	a.crl, err = pki.ParseCRL(der)
	require.NoError(t, err)
}

func (a *tlsAuthority) revoke(t *testing.T, der []byte, at time.Time) {
	t.Helper()
	c, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	a.publish(t, at, x509.RevocationListEntry{SerialNumber: c.SerialNumber, RevocationTime: at.Add(-time.Second)})
}
