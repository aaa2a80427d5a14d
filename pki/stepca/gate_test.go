package stepca_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/pki/stepca"
)

// The last check before the key, whatever smallstep's rules let through.
func TestGate_A55(t *testing.T) {
	t.Parallel()
	c := newConfig(t, ecKey(t), ecKey(t))
	weak, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	require.NoError(t, err)
	_, sm2Key := sm2CSR(t, service)
	good := func() *x509.Certificate {
		now := time.Now()
		return &x509.Certificate{
			DNSNames: []string{service}, NotBefore: now, NotAfter: now.Add(time.Hour), PublicKey: ecKey(t).Public(),
			KeyUsage: x509.KeyUsageDigitalSignature,
		}
	}
	for name, test := range map[string]struct {
		change func(*x509.Certificate)
		want   stepca.Reason
	}{
		"good":           {func(*x509.Certificate) {}, ""},
		"an authority":   {func(x *x509.Certificate) { x.IsCA = true }, stepca.ReasonConstraint},
		"signs others":   {func(x *x509.Certificate) { x.KeyUsage |= x509.KeyUsageCertSign }, stepca.ReasonConstraint},
		"signs CRLs":     {func(x *x509.Certificate) { x.KeyUsage |= x509.KeyUsageCRLSign }, stepca.ReasonConstraint},
		"no end":         {func(x *x509.Certificate) { x.NotAfter = time.Time{} }, stepca.ReasonConstraint},
		"outlives":       {func(x *x509.Certificate) { x.NotAfter = c.Chain[0].NotAfter.Add(time.Second) }, stepca.ReasonConstraint},
		"P-224":          {func(x *x509.Certificate) { x.PublicKey = weak.Public() }, stepca.ReasonConstraint},
		"SM2":            {func(x *x509.Certificate) { x.PublicKey = sm2Key.Public() }, stepca.ReasonConstraint},
		"no key":         {func(x *x509.Certificate) { x.PublicKey = nil }, stepca.ReasonConstraint},
		"issuer's key":   {func(x *x509.Certificate) { x.PublicKey = c.Signer.Public() }, stepca.ReasonConstraint},
		"wildcard":       {func(x *x509.Certificate) { x.DNSNames = []string{"*.example.gov.cn"} }, stepca.ReasonConstraint},
		"inner wildcard": {func(x *x509.Certificate) { x.DNSNames = []string{"a.*.cn"} }, stepca.ReasonConstraint},
	} {
		t.Run(name, func(t *testing.T) {
			template := good()
			test.change(template)
			signed, err := stepca.Sign(c, template, deskName)
			if test.want == "" {
				require.NoError(t, err)
				require.NoError(t, signed.CheckSignatureFrom(c.Chain[0]))
				require.Equal(t, []string{crlURL}, signed.CRLDistributionPoints)
				return
			}
			requireRefused(t, test.want, err)
			require.Nil(t, signed)
		})
	}
	_, err = stepca.Sign(c, good(), "")
	requireRefused(t, stepca.ReasonConstraint, err, "nobody asked for it")
}
