package verify_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509/pkix"
	"math/big"
	"testing"

	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/vault/record"
	"github.com/elicense/elicense/verify"
)

// TestNothingChecked: no check is no pass, whatever the kind.
func TestNothingChecked(t *testing.T) {
	for _, kind := range []verify.Kind{
		verify.KindUnknown, verify.KindBundle, verify.KindRecord, verify.KindReceipt, verify.KindStatus,
		verify.KindBatch,
		verify.KindProof, verify.KindCheckpoint, verify.KindCertificate, "another", "",
	} {
		r := verify.Unchecked(kind)
		require.Equal(t, verify.Indeterminate, r.Indication, kind)
		require.Equal(t, "document.complete", r.Headline, kind)
		require.False(t, r.Authentic, kind)
	}
}

// TestRootAboveAnchor: what stands above a trusted issuing CA in a bundle is held too.
func TestRootAboveAnchor(t *testing.T) {
	f := newForge(t)
	anchors, err := verify.ParseAnchors(pemOf(f.province.Issuing.Certificate()))
	require.NoError(t, err)
	trust := func(c *verify.Config) { c.Trust = anchors }
	b := f.bundle(nil)
	require.Equal(t, verify.TotalPassed, f.judge(encode(t, b), verify.Expect{}, trust).Indication)
	root := b.Certificates[2]
	for i := 0; i < len(root); i += 5 {
		b.Certificates[2] = bytes.Clone(root)
		b.Certificates[2][i] ^= 1
		require.NotEqual(t, verify.TotalPassed, f.judge(encode(t, b), verify.Expect{}, trust).Indication, "byte %d", i)
	}
}

// TestAuthoritySigns: an authority's certificate signs no licence, though its key usage would allow it.
func TestAuthoritySigns(t *testing.T) {
	f := newForge(t)
	template := func(serial int64, name string) *smx509.Certificate {
		return &smx509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, NotBefore: now.AddDate(-1, 0, 0),
			NotAfter: now.AddDate(1, 0, 0), BasicConstraintsValid: true, IsCA: true,
			KeyUsage: smx509.KeyUsageCertSign | smx509.KeyUsageDigitalSignature | smx509.KeyUsageContentCommitment,
		}
	}
	rootKey, err := pki.GenerateKey(rand.Reader)
	require.NoError(t, err)
	rootTemplate := template(1, "root")
	der, err := smx509.CreateCertificate(rand.Reader, rootTemplate, rootTemplate, rootKey.Public(), rootKey)
	require.NoError(t, err)
	root, err := pki.ParseCertificate(der)
	require.NoError(t, err)
	key, err := pki.GenerateKey(rand.Reader)
	require.NoError(t, err)
	parent, err := smx509.ParseCertificate(der)
	require.NoError(t, err)
	der, err = smx509.CreateCertificate(rand.Reader, template(2, "below"), parent, key.Public(), rootKey)
	require.NoError(t, err)
	leaf, err := pki.ParseCertificate(der)
	require.NoError(t, err)
	signer, err := signing.NewSigner(signing.Config{Key: key, Chain: []*pki.Certificate{leaf, root}, Rand: rand.Reader})
	require.NoError(t, err)
	anchors, err := pki.NewAnchors(root, f.province.Root.Certificate())
	require.NoError(t, err)
	doc := encode(t, f.bundle(func(p *parts) {
		p.recordBy = body{key: key, chain: []*pki.Certificate{leaf, root}, signer: signer}
		p.record.Signer = record.Digest(leaf.Digest)
	}))
	r := f.judge(doc, verify.Expect{}, func(c *verify.Config) { c.Trust = anchors })
	require.Equal(t, "record.chain", r.Headline)
	require.Equal(t, verify.ChainConstraintsFailure, r.SubIndication)
	require.Equal(t, verify.TotalFailed, r.Indication)
}
