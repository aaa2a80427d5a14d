package pki_test

import (
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/pki"
)

var (
	now      = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	past     = now.AddDate(-1, 0, 0)
	future   = now.AddDate(1, 0, 0)
	signOnly = smx509.KeyUsageDigitalSignature
	forCA    = smx509.KeyUsageCertSign | smx509.KeyUsageCRLSign
)

// node is a certificate with its key, made by another encoder than ours and under no rules, so that wrong ones can be
// made.
type node struct {
	*pki.Certificate
	template *smx509.Certificate
	key      *sm2.PrivateKey
}

type change func(*smx509.Certificate)

// forge makes a certificate named name. Without an issuer it is self-signed.
func forge(t testing.TB, issuer *node, name string, changes ...change) *node {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return forgeKey(t, issuer, name, key, changes...)
}

func forgeKey(t testing.TB, issuer *node, name string, key *sm2.PrivateKey, changes ...change) *node {
	t.Helper()
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	require.NoError(t, err)
	named := func(c *smx509.Certificate) {
		c.SerialNumber, c.Subject.CommonName, c.SubjectKeyId = serial, name, []byte(name)
	}
	template := forgedTemplate(append([]change{named}, changes...)...)
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

// forgedTemplate is a certificate of someone who may sign, valid now, with some changes.
func forgedTemplate(changes ...change) *smx509.Certificate {
	template := &smx509.Certificate{
		Subject: pkix.Name{Country: []string{"CN"}}, NotBefore: past, NotAfter: future, BasicConstraintsValid: true,
		KeyUsage: signOnly, SignatureAlgorithm: smx509.SM2WithSM3,
	}
	for _, f := range changes {
		f(template)
	}
	return template
}

func isCA(c *smx509.Certificate) { c.IsCA, c.KeyUsage, c.MaxPathLen = true, forCA, -1 }

func pathLength(n int) change {
	return func(c *smx509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = n, n == 0 }
}

func extension(id asn1.ObjectIdentifier, critical bool, value []byte) change {
	return func(c *smx509.Certificate) {
		c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: id, Critical: critical, Value: value})
	}
}
