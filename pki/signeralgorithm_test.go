package pki_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

func TestSignerAlgorithm(t *testing.T) {
	pss := []byte{0x30, 0} // SHA-1 all over
	for name, test := range map[string]struct {
		digest, signature oid.ID
		parameters        []byte
		want              string
	}{
		"SM2":                   {oid.SM3, oid.SM2Sign, nil, "SM2 with SM3"},
		"SM2 of the old arc":    {oid.SM3Old, oid.SM2WithSM3Old, nil, "SM2 with SM3"},
		"RSA by itself":         {oid.SHA256, oid.RSA, nil, "RSA with SHA-256"},
		"RSA with MD5":          {oid.MD5, oid.RSA, nil, "RSA with MD5"},
		"RSA with its hash":     {oid.SHA384, oid.RSAWithSHA384, nil, "RSA with SHA-384"},
		"RSA with SHA-1":        {oid.SHA1, oid.RSAWithSHA1Old, nil, "RSA with SHA-1"},
		"ECDSA":                 {oid.SHA512, oid.ECDSAWithSHA512, nil, "ECDSA with SHA-512"},
		"RSA-PSS":               {oid.SHA1, oid.RSAPSS, pss, "RSA-PSS with SHA-1"},
		"two hashes":            {oid.SHA256, oid.RSAWithSHA384, nil, ""},
		"PSS with another hash": {oid.SHA256, oid.RSAPSS, pss, ""},
		"PSS without":           {oid.SHA256, oid.RSAPSS, nil, ""},
		"parameters":            {oid.SHA256, oid.RSAWithSHA256, pss, ""},
		"parameters of RSA":     {oid.SHA256, oid.RSA, pss, ""},
		"SM2 with SHA-256":      {oid.SHA256, oid.SM2Sign, nil, ""},
		"RSA with SM3":          {oid.SM3, oid.RSA, nil, ""},
		"ECDSA with SM3":        {oid.SM3, oid.ECDSAWithSHA256, nil, ""},
		"unknown":               {oid.SHA256, oid.Data, nil, ""},
		"unknown digest":        {oid.Data, oid.RSA, nil, ""},
		"nothing":               {"", "", nil, ""},
	} {
		a, err := pki.SignerAlgorithm(test.digest, test.signature, test.parameters)
		if test.want == "" {
			require.ErrorIs(t, err, pki.ErrAlgorithm, name)
			require.Zero(t, a, name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, test.want, a.String(), name)
	}
}

func TestHash(t *testing.T) {
	for id, want := range map[oid.ID]pki.Hash{
		oid.SM3: pki.HashSM3, oid.SM3Keyed: pki.HashSM3, oid.SHA1: pki.HashSHA1, oid.SHA512: pki.HashSHA512,
	} {
		h, ok := pki.HashByID(id)
		require.True(t, ok)
		require.Equal(t, want, h)
		sum, err := h.Sum([]byte("abc"))
		require.NoError(t, err)
		require.Len(t, sum, cms.DigestSize(id)+map[bool]int{true: 32}[id == oid.SM3Keyed])
	}
	h, ok := pki.HashByID(oid.MD5)
	require.True(t, ok)
	_, err := h.Sum(nil)
	require.ErrorIs(t, err, pki.ErrAlgorithm, "nothing computes MD5")
	_, ok = pki.HashByID(oid.Data)
	require.False(t, ok)
	_, err = pki.Hash("").New()
	require.ErrorIs(t, err, pki.ErrAlgorithm)
}

// A weak signature is refused by name; whoever judges by time can ask for the mathematics alone, but not for MD5.
func TestMathematicsApart(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	message := []byte("message")
	sum := sha1.Sum(message)
	value, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA1, sum[:])
	require.NoError(t, err)
	public := pki.KeyOfRSA(&key.PublicKey)
	weak, err := pki.SignerAlgorithm(oid.SHA1, oid.RSA, nil)
	require.NoError(t, err)
	require.ErrorIs(t, public.CheckStrength(weak), pki.ErrWeakAlgorithm)
	require.ErrorIs(t, public.VerifySignature(weak, message, value), pki.ErrWeakAlgorithm)
	require.NoError(t, public.VerifyMathematicsUnsafe(weak, message, value))
	require.ErrorIs(t, public.VerifyMathematicsUnsafe(weak, message[1:], value), pki.ErrSignature)
	broken, err := pki.SignerAlgorithm(oid.MD5, oid.RSA, nil)
	require.NoError(t, err)
	require.ErrorIs(t, public.VerifyMathematicsUnsafe(broken, message, value), pki.ErrWeakAlgorithm)
}

// What foreign signers signed verifies with the certificates inside, but for the files that are made not to. openssl cms
// -verify -noverify says the same of each.
func TestForeignSigners(t *testing.T) {
	got := make(map[string]string)
	verified := 0
	for _, folder := range []string{"openhitls", "dss-cades", "bc-test-data", "tongsuo"} {
		eachSignedData(t, folder, func(name string, d *cms.SignedData, content []byte) {
			for i := range d.Signers {
				if err := verifyForeign(d, &d.Signers[i], content); err != nil {
					got[name] = err.Error()
				} else {
					verified++
				}
			}
		})
	}
	const dsa = "pki: unsupported signature algorithm: 1.2.840.10040.4.3 with 1.3.14.3.2.26"
	const absent = "cms: message digest does not match the content" // the content is not in the collection
	require.Empty(t, cmp.Diff(map[string]string{
		"4.1.bin": dsa, "4.3.bin": dsa, "4.4.bin": dsa, "4.6.bin": dsa, "4.7.bin": dsa, "4.10.bin": dsa,
		"cades-ats-v3-rev-val-crl.p7s": absent, "cades-ats-v3-wrong-crl.p7s": absent,
		"cades-bes-signeddata-detached.p7s":    absent,
		"cades-broken-sig-tst.p7m":             "pki: signature does not verify",
		"cades-broken-sig-tst-and-ats-v3.cms":  "pki: signature does not verify",
		"p256_signedattrs_dup_contenttype.cms": "cms: signed attributes are not acceptable: content type must be there once",
	}, got))
	require.Equal(t, 50, verified)
}

var errNoCertificate = errors.New("no certificate of the signer")

func verifyForeign(d *cms.SignedData, s *cms.SignerInfo, content []byte) error {
	a, err := pki.SignerAlgorithm(s.DigestAlgorithm, s.SignatureAlgorithm, s.Parameters)
	if err != nil {
		return err
	}
	var wrong error
	message, err := d.ForeignSignedBytes(s, content, func(b []byte) []byte {
		var sum []byte
		sum, wrong = a.Hash.Sum(b)
		return sum
	})
	if err != nil || wrong != nil {
		return errors.Join(wrong, err)
	}
	for _, der := range d.Certificates {
		c, err := pki.ParseTolerant(der)
		if err == nil && (s.NamedBy(c.RawIssuer, c.Serial) || s.SubjectKeyID != nil && bytes.Equal(s.SubjectKeyID, c.SubjectKeyID)) {
			return c.Key.VerifyMathematicsUnsafe(a, message, s.Signature)
		}
	}
	return errNoCertificate
}

// eachSignedData visits the SignedData below a folder, with the content of a detached one if it lies beside it.
func eachSignedData(t *testing.T, folder string, visit func(name string, d *cms.SignedData, content []byte)) {
	t.Helper()
	root := testdata(t, folder)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		der, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		d, err := cms.Parse(der)
		if err != nil {
			return nil //nolint:nilerr // no SignedData
		}
		var content []byte
		if d.Detached {
			if content, err = os.ReadFile(filepath.Join(root, "testdata/cert/asn1/cms/signeddata/msg.txt")); err != nil {
				content = []byte("not here")
			}
		}
		visit(filepath.Base(path), d, content)
		return nil
	})
	require.NoError(t, err)
}
