package pki_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/pki"
)

func foreignKeys(t testing.TB) map[string]crypto.Signer {
	t.Helper()
	keys := map[string]crypto.Signer{}
	for name, curve := range map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		require.NoError(t, err)
		keys[name] = key
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	keys["RSA"] = key
	return keys
}

func TestForeignKey(t *testing.T) {
	passphrase := []byte("correct horse")
	for name, key := range foreignKeys(t) {
		t.Run(name, func(t *testing.T) {
			text, err := pki.MarshalForeignKey(key, passphrase, rand.Reader)
			require.NoError(t, err)
			got, err := pki.ParseForeignKey(text, passphrase)
			require.NoError(t, err)
			same, ok := got.Public().(interface{ Equal(crypto.PublicKey) bool })
			require.True(t, ok)
			require.True(t, same.Equal(key.Public()))
			digest := make([]byte, 32)
			_, err = got.Sign(rand.Reader, digest, crypto.SHA256)
			require.NoError(t, err)

			for name, bad := range map[string]struct {
				text, passphrase []byte
				want             error
			}{
				"wrong passphrase": {text, []byte("wrong"), pki.ErrPassphrase},
				"no passphrase":    {text, nil, pki.ErrPassphrase},
				"no file":          {nil, passphrase, pki.ErrKeyFile},
				"two keys":         {append(bytes.Clone(text), text...), passphrase, pki.ErrKeyFile},
				"plain key":        {bytes.ReplaceAll(text, []byte("ENCRYPTED "), nil), passphrase, pki.ErrKeyFile},
				"long":             {append(bytes.Repeat([]byte("\n"), 9<<10), text...), passphrase, pki.ErrKeyFile},
			} {
				key, err := pki.ParseForeignKey(bad.text, bad.passphrase)
				require.ErrorIs(t, err, bad.want, name)
				require.Nil(t, key, name)
			}
			_, err = pki.ParseKey(text, passphrase)
			require.Error(t, err, "it is no SM2 key")
		})
	}
}

func TestForeignKeyRefuses(t *testing.T) {
	passphrase := []byte("correct horse")
	sm2Key, err := pki.GenerateKey(rand.Reader)
	require.NoError(t, err)
	weak, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	require.NoError(t, err)
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	good := foreignKeys(t)["P-256"]
	pair, ok := good.(*ecdsa.PrivateKey)
	require.True(t, ok)
	mixed := *pair
	mixed.PublicKey = foreignKeys(t)["P-256"].(*ecdsa.PrivateKey).PublicKey
	for name, key := range map[string]crypto.Signer{
		"none": nil, "SM2": sm2Key, "P-224": weak, "Ed25519": edwards, "other public key": &mixed,
	} {
		text, err := pki.MarshalForeignKey(key, passphrase, rand.Reader)
		require.ErrorIs(t, err, pki.ErrKey, name)
		require.Nil(t, text)
	}
	_, err = pki.MarshalForeignKey(good, passphrase, nil)
	require.ErrorIs(t, err, pki.ErrKey)
	_, err = pki.MarshalForeignKey(good, nil, rand.Reader)
	require.ErrorIs(t, err, pki.ErrPassphrase)
	text, err := pki.MarshalKey(sm2Key, passphrase, rand.Reader)
	require.NoError(t, err)
	key, err := pki.ParseForeignKey(text, passphrase)
	require.ErrorIs(t, err, pki.ErrKey)
	require.Nil(t, key)
}
