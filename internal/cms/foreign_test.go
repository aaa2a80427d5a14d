package cms_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/emmansun/gmsm/pkcs7"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/sm2sig"
)

// Bank receipts in production: detached, with attributes, over the bytes of Signature.xml.
func TestRealReceiptsVerify(t *testing.T) {
	folders, err := filepath.Glob(testdata(t, "ofd-seal-kits", "ccb-receipt-*"))
	require.NoError(t, err)
	verified := 0
	for _, folder := range folders {
		der, err := os.ReadFile(filepath.Join(folder, "Doc_0__Signs__Sign_0__SignedValue.dat"))
		if os.IsNotExist(err) {
			continue
		}
		require.NoError(t, err)
		content, err := os.ReadFile(filepath.Join(folder, "Doc_0__Signs__Sign_0__Signature.xml"))
		require.NoError(t, err)
		d, err := cms.Parse(der)
		require.NoError(t, err)
		require.Empty(t, d.Tolerances.Names())
		require.Len(t, d.Certificates, 1)
		certificate, err := smx509.ParseCertificate(d.Certificates[0])
		require.NoError(t, err)
		require.True(t, d.Signers[0].NamedBy(certificate.RawIssuer, certificate.SerialNumber))
		public, err := sm2sig.FromCrypto(certificate.PublicKey)
		require.NoError(t, err)
		require.NoError(t, verify(public, d, content))
		require.ErrorIs(t, verify(public, d, content[1:]), cms.ErrDigest)
		verified++
	}
	require.Positive(t, verified)
}

// What another library writes in GB/T 35275 verifies.
func TestForeignWriterVerifies(t *testing.T) {
	f := newForge(t)
	template := &smx509.Certificate{SerialNumber: testSerial, SignatureAlgorithm: smx509.SM2WithSM3}
	der, err := smx509.CreateCertificate(bytes.NewReader(bytes.Repeat([]byte{9}, 1000)), template, template,
		f.key.Public(), f.key)
	require.NoError(t, err)
	certificate, err := smx509.ParseCertificate(der)
	require.NoError(t, err)
	for _, detached := range []bool{false, true} {
		for _, attributes := range []bool{false, true} {
			w, err := pkcs7.NewSMSignedData(f.content)
			require.NoError(t, err)
			if attributes {
				require.NoError(t, w.AddSignerChain(certificate, f.key, nil, pkcs7.SignerInfoConfig{}))
			} else {
				require.NoError(t, w.SignWithoutAttr(certificate, f.key, pkcs7.SignerInfoConfig{}))
			}
			if detached {
				w.Detach()
			}
			der, err := w.Finish()
			require.NoError(t, err)
			d, err := cms.Parse(der)
			require.NoError(t, err)
			require.Empty(t, d.Tolerances.Names())
			require.Equal(t, attributes, d.Signers[0].HasSignedAttributes())
			given := f.content
			if !detached {
				given = nil
			}
			require.NoError(t, verify(f.public, d, given))
		}
	}
}
