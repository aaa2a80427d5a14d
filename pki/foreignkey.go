package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"io"

	"github.com/emmansun/gmsm/pkcs8"
)

const (
	minForeignRSABits = 2048
	maxForeignRSABits = 4096 // what fits into a key file
)

// MarshalForeignKey writes an ECDSA key on P-256, P-384 or P-521, or an RSA key of 2048 to 4096 bits, as MarshalKey
// writes SM2 keys: such keys are for foreign systems, their protection is ours.
func MarshalForeignKey(key crypto.Signer, passphrase []byte, random io.Reader) ([]byte, error) {
	if !isForeign(key) || random == nil {
		return nil, ErrKey
	}
	if len(passphrase) == 0 {
		return nil, ErrPassphrase
	}
	plain, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, ErrKey
	}
	defer clear(plain)
	return sealKey(plain, passphrase, random)
}

// ParseForeignKey reads what MarshalForeignKey wrote, with the limits of ParseKey.
func ParseForeignKey(text, passphrase []byte) (crypto.Signer, error) {
	if len(passphrase) == 0 {
		return nil, ErrPassphrase
	}
	der, err := keyInfo(text)
	if err != nil {
		return nil, err
	}
	opened, _, err := pkcs8.ParsePrivateKey(der, passphrase)
	if err != nil {
		return nil, ErrPassphrase
	}
	key, ok := opened.(crypto.Signer)
	if !ok || !isForeign(key) {
		return nil, ErrKey
	}
	return key, nil
}

// isForeign tells whether a key is one of those that MarshalForeignKey takes, and sound.
func isForeign(key crypto.Signer) bool {
	switch k := key.(type) {
	case *ecdsa.PrivateKey:
		if k.Curve != elliptic.P256() && k.Curve != elliptic.P384() && k.Curve != elliptic.P521() {
			return false
		}
		raw, err := k.Bytes()
		if err != nil {
			return false
		}
		own, err := ecdsa.ParseRawPrivateKey(k.Curve, raw)
		return err == nil && own.PublicKey.Equal(&k.PublicKey)
	case *rsa.PrivateKey:
		bits := k.N.BitLen()
		return bits >= minForeignRSABits && bits <= maxForeignRSABits && k.Validate() == nil
	default:
		return false
	}
}
