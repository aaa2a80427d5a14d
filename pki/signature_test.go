package pki_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"testing"

	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// selfSigned makes a certificate with any key and algorithm by another encoder than ours.
func selfSigned(t testing.TB, key crypto.Signer, algorithm smx509.SignatureAlgorithm) *pki.Certificate {
	t.Helper()
	template := forge(t, nil, "self", isCA).template
	template.SignatureAlgorithm = algorithm
	der, err := smx509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	c, err := pki.ParseCertificate(der)
	require.NoError(t, err)
	return c
}

// TestSignatureAlgorithms: each is read, named, and verified with the key that fits, and with that alone.
func TestSignatureAlgorithms(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	curve := func(c elliptic.Curve) *ecdsa.PrivateKey {
		key, err := ecdsa.GenerateKey(c, rand.Reader)
		require.NoError(t, err)
		return key
	}
	all := map[string]*pki.Certificate{
		"SM2 with SM3":         forge(t, nil, "self", isCA).Certificate,
		"ECDSA with SHA-256":   selfSigned(t, curve(elliptic.P256()), smx509.ECDSAWithSHA256),
		"ECDSA with SHA-384":   selfSigned(t, curve(elliptic.P384()), smx509.ECDSAWithSHA384),
		"ECDSA with SHA-512":   selfSigned(t, curve(elliptic.P521()), smx509.ECDSAWithSHA512),
		"RSA with SHA-256":     selfSigned(t, rsaKey, smx509.SHA256WithRSA),
		"RSA with SHA-384":     selfSigned(t, rsaKey, smx509.SHA384WithRSA),
		"RSA with SHA-512":     selfSigned(t, rsaKey, smx509.SHA512WithRSA),
		"RSA-PSS with SHA-256": selfSigned(t, rsaKey, smx509.SHA256WithRSAPSS),
		"RSA-PSS with SHA-384": selfSigned(t, rsaKey, smx509.SHA384WithRSAPSS),
		"RSA-PSS with SHA-512": selfSigned(t, rsaKey, smx509.SHA512WithRSAPSS),
	}
	for name, c := range all {
		require.Equal(t, name, c.SignatureAlgorithm.String())
		require.NoError(t, c.Key.VerifySignature(c.SignatureAlgorithm, c.RawTBS, c.Signature), name)
		require.NoError(t, c.CheckIssuedBy(c), name)
		require.NotNil(t, c.Key.Crypto(), name)
		require.Equal(t, c.Key.Algorithm == pki.KeySM2, c.PublicKey != nil, name)
		changed := append([]byte(nil), c.RawTBS...)
		changed[len(changed)-1] ^= 1
		require.ErrorIs(t, c.Key.VerifySignature(c.SignatureAlgorithm, changed, c.Signature), pki.ErrSignature, name)
		require.Error(t, c.Key.VerifySignature(c.SignatureAlgorithm, c.RawTBS, append([]byte{0}, c.Signature...)), name)
		require.Error(t, c.Key.VerifySignature(c.SignatureAlgorithm, c.RawTBS, nil), name)
		require.ErrorIs(t, c.Key.VerifySignature(pki.SignatureAlgorithm{}, c.RawTBS, c.Signature), pki.ErrAlgorithm, name)
		for other, o := range all {
			if o.Key.Algorithm != c.Key.Algorithm {
				require.ErrorIs(t, c.Key.VerifySignature(o.SignatureAlgorithm, c.RawTBS, c.Signature), pki.ErrAlgorithm, name+other)
			} else if other != name {
				require.Error(t, c.Key.VerifySignature(o.SignatureAlgorithm, c.RawTBS, c.Signature), name+other)
			}
		}
	}
	require.Nil(t, (*pki.Key)(nil).Crypto())
}

// TestWeakSignatures: refused whatever the signature.
func TestWeakSignatures(t *testing.T) {
	c := forge(t, nil, "self", isCA).Certificate
	for _, hash := range []pki.Hash{pki.HashMD5, pki.HashSHA1} {
		err := c.Key.VerifySignature(pki.SignatureAlgorithm{Key: pki.KeyRSA, Hash: hash}, nil, nil)
		require.ErrorIs(t, err, pki.ErrWeakAlgorithm)
	}
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	short := selfSigned(t, key, smx509.SHA256WithRSA)
	require.ErrorIs(t, short.Key.VerifySignature(short.SignatureAlgorithm, short.RawTBS, short.Signature), pki.ErrWeakKey)
	require.Equal(t, pki.ReasonWeak, pki.ReasonOf(short.CheckIssuedBy(short)))
}

// pssKey writes an RSA key for RSASSA-PSS only, limited by params.
func pssKey(key *rsa.PrivateKey, params ...[]byte) []byte {
	algorithm := append([][]byte{oidDER(oid.RSAPSS)}, params...)
	return seq(seq(algorithm...), tlv(3, []byte{0}, x509.MarshalPKCS1PublicKey(&key.PublicKey)))
}

// pssParams writes parameters with one hash for message and mask.
func pssParams(hash oid.ID, salt byte) []byte {
	h := seq(oidDER(hash))
	return seq(tlv(0xa0, h), tlv(0xa1, seq(oidDER(oid.MGF1), h)), tlv(0xa2, []byte{2, 1, salt}))
}

// TestPSSKeys: a key that is for RSASSA-PSS verifies nothing else, and only within its parameters (RFC 4055, 3.3).
func TestPSSKeys(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	root := forge(t, nil, "root", isCA)
	read := func(params ...[]byte) *pki.Key {
		pieces := craft(t, root)
		pieces.key = pssKey(key, params...)
		c, err := pki.ParseCertificate(pieces.der())
		require.NoError(t, err)
		return c.Key
	}
	message := []byte("message")
	digest := sha256.Sum256(message)
	signed, err := rsa.SignPSS(rand.Reader, key, crypto.SHA256, digest[:], &rsa.PSSOptions{SaltLength: 32})
	require.NoError(t, err)
	plain, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	require.NoError(t, err)
	pss := pki.SignatureAlgorithm{Key: pki.KeyRSA, Hash: pki.HashSHA256, PSS: true, Salt: 32}
	for name, test := range map[string]struct {
		key *pki.Key
		err error
	}{
		"no limit":          {read(), nil},
		"the same":          {read(pssParams(oid.SHA256, 32)), nil},
		"shorter salt":      {read(pssParams(oid.SHA256, 21)), nil},
		"longer salt":       {read(pssParams(oid.SHA256, 33)), pki.ErrAlgorithm},
		"another hash":      {read(pssParams(oid.SHA384, 32)), pki.ErrAlgorithm},
		"hash of its own":   {read(pssParams("\x2a\x03", 32)), pki.ErrAlgorithm},
		"all by their rule": {read(seq()), pki.ErrAlgorithm}, // SHA-1
	} {
		require.Equal(t, pki.KeyRSAPSS, test.key.Algorithm)
		require.Equal(t, test.err, test.key.VerifySignature(pss, message, signed), name)
		require.ErrorIs(t, test.key.VerifySignature(pki.SignatureAlgorithm{Key: pki.KeyRSA, Hash: pki.HashSHA256}, message, plain),
			pki.ErrAlgorithm, name)
	}
	short := pss
	short.Salt = 31
	require.ErrorIs(t, read().VerifySignature(short, message, signed), pki.ErrSignature, "another salt than it says")
}

// TestUnsupportedKeys: read, named, and good for nothing.
func TestUnsupportedKeys(t *testing.T) {
	root := forge(t, nil, "root", isCA)
	point := root.RawKey[len(root.RawKey)-pointBytes:]
	compressed := append([]byte{2}, point[1:33]...)
	wrongBase := explicitKey(root.RawKey)
	wrongBase[len(wrongBase)-len(point)-60] ^= 1
	for name, key := range map[string][]byte{
		"Ed25519":                    seq(seq(oidDER("\x2b\x65\x70")), tlv(3, []byte{0}, point[:32])),
		"unknown curve":              seq(seq(oidDER(oid.ECPublicKey), oidDER("\x2a\x03")), tlv(3, []byte{0}, point)),
		"compressed point":           seq(seq(oidDER(oid.ECPublicKey), oidDER(oid.SM2)), tlv(3, []byte{0}, compressed)),
		"compressed point of P-256":  seq(seq(oidDER(oid.ECPublicKey), oidDER(oid.CurveP256)), tlv(3, []byte{0}, compressed)),
		"curve with another base":    wrongBase,
		"RSA with a huge modulus":    rsaKeyDER(make([]byte, 1025), []byte{1, 0, 1}),
		"RSA with an even exponent":  rsaKeyDER(rsaModulus, []byte{4}),
		"RSA with exponent one":      rsaKeyDER(rsaModulus, []byte{1}),
		"RSA with a huge exponent":   rsaKeyDER(rsaModulus, []byte{1, 0, 0, 0, 1}),
		"RSA with an even modulus":   rsaKeyDER(append(rsaModulus[:255:255], 2), []byte{3}),
		"curve written out, unknown": seq(seq(oidDER(oid.ECPublicKey), seq()), tlv(3, []byte{0}, point)),
	} {
		pieces := craft(t, root)
		pieces.key = key
		c, err := pki.ParseCertificate(pieces.der())
		require.NoError(t, err, name)
		require.Empty(t, c.Key.Algorithm, name)
		require.Nil(t, c.Key.Crypto(), name)
		require.Nil(t, c.PublicKey, name)
		require.ErrorIs(t, c.Key.VerifySignature(c.SignatureAlgorithm, c.RawTBS, c.Signature), pki.ErrAlgorithm, name)
		_, err = pki.VerifyChain(c, pki.ChainOptions{
			Anchors: scoped(t, generous(), root.Certificate), At: now, Usage: pki.UsageDigitalSignature,
		})
		require.Equal(t, pki.ReasonAlgorithm, pki.ReasonOf(err), name)
	}
	pieces := craft(t, root)
	pieces.algorithm = seq(oidDER("\x2b\x65\x70"))
	pieces.outer = pieces.algorithm
	c, err := pki.ParseCertificate(pieces.der())
	require.NoError(t, err)
	require.Equal(t, "1.3.101.112", c.SignatureAlgorithm.String())
	_, err = pki.VerifyChain(c, pki.ChainOptions{
		Anchors: scoped(t, generous(), root.Certificate), At: now, Usage: pki.UsageDigitalSignature,
	})
	require.Equal(t, pki.ReasonAlgorithm, pki.ReasonOf(err))
}

func rsaKeyDER(n, e []byte) []byte {
	if n[0] == 0 {
		n[0], n[len(n)-1] = 0x55, 1
	}
	return seq(seq(oidDER(oid.RSA), []byte{5, 0}), tlv(3, []byte{0}, seq(positive(n), positive(e))))
}

// positive writes a positive INTEGER in its shortest form.
func positive(b []byte) []byte {
	if b[0]&0x80 != 0 {
		return tlv(2, []byte{0}, b)
	}
	return tlv(2, b)
}
