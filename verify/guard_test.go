package verify_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509/pkix"
	"math/big"
	"testing"

	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/oid"
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

// TestEmployeeSigns: a certificate of somebody who works at the department, with its code, signs no licence.
func TestEmployeeSigns(t *testing.T) {
	f := newForge(t)
	rootKey, err := pki.GenerateKey(rand.Reader)
	require.NoError(t, err)
	template := func(serial int64, name string, usage smx509.KeyUsage, extensions ...pkix.Extension) *smx509.Certificate {
		return &smx509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, NotBefore: now.AddDate(-1, 0, 0),
			NotAfter: now.AddDate(1, 0, 0), BasicConstraintsValid: true, IsCA: serial == 1, KeyUsage: usage,
			ExtraExtensions: extensions,
		}
	}
	issue := func(c, parent *smx509.Certificate, key crypto.PublicKey) *pki.Certificate {
		der, err := smx509.CreateCertificate(rand.Reader, c, parent, key, rootKey)
		require.NoError(t, err)
		read, err := pki.ParseCertificate(der)
		require.NoError(t, err)
		return read
	}
	rootTemplate := template(1, "root", smx509.KeyUsageCertSign)
	root := issue(rootTemplate, rootTemplate, rootKey.Public())
	key, err := pki.GenerateKey(rand.Reader)
	require.NoError(t, err)
	anchors, err := pki.NewAnchors(root, f.province.Root.Certificate())
	require.NoError(t, err)
	for name, personal := range map[string]bool{"the department": false, "somebody there": true} {
		doc := encode(t, f.bundle(func(p *parts) {
			extensions := []pkix.Extension{{Id: oid.OrganizationCode.ASN1(), Value: append([]byte{0x13, 18}, p.record.IssuerCode...)}}
			if personal {
				extensions = append(extensions, pkix.Extension{Id: oid.IdentifyCode.ASN1(), Value: []byte("\x82\x02E1")})
			}
			usage := smx509.KeyUsageDigitalSignature | smx509.KeyUsageContentCommitment
			leaf := issue(template(2, name, usage, extensions...), rootTemplate, key.Public())
			signer, err := signing.NewSigner(signing.Config{Key: key, Chain: []*pki.Certificate{leaf, root}, Rand: rand.Reader})
			require.NoError(t, err)
			p.recordBy = body{key: key, chain: []*pki.Certificate{leaf, root}, signer: signer}
			p.record.Signer = record.Digest(leaf.Digest)
		}))
		r := f.judge(doc, verify.Expect{}, func(c *verify.Config) { c.Trust = anchors })
		if !personal {
			require.Equal(t, verify.TotalPassed, r.Indication, r.Headline)
			continue
		}
		require.Equal(t, "record.issuer", r.Headline)
		require.Equal(t, verify.TotalFailed, r.Indication)
	}
}
