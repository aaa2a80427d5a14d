package client

import (
	"bytes"
	"crypto"
	"fmt"

	"github.com/elicense/elicense/pki"
)

// Key is the SM2 key of a system with the certificate that is registered for it.
type Key struct {
	Certificate []byte        // DER
	Signer      crypto.Signer // SM2, in a device or not
}

const certificateHead = "-----BEGIN CERTIFICATE-----"

// ParseKey reads an encrypted SM2 key and the certificates behind it from PEM, as elicense caller enrol writes them.
func ParseKey(text, passphrase []byte) (*Key, error) {
	at := bytes.Index(text, []byte(certificateHead))
	if at < 0 {
		return nil, fmt.Errorf("reading a key: %w", pki.ErrCertificate)
	}
	signer, err := pki.ParseKey(text[:at], passphrase)
	if err != nil {
		return nil, fmt.Errorf("reading a key: %w", err)
	}
	chain, err := pki.ParseCertificatesPEM(text[at:])
	if err != nil {
		return nil, fmt.Errorf("reading a key: %w", err)
	}
	k := &Key{Certificate: chain[0].Raw, Signer: signer}
	if !k.usable() {
		return nil, fmt.Errorf("reading a key: %w", pki.ErrKey)
	}
	return k, nil
}

// usable reports whether key and certificate belong together.
func (k *Key) usable() bool {
	if k.Signer == nil {
		return false
	}
	c, err := pki.ParseTolerant(k.Certificate)
	if err != nil || c.PublicKey == nil {
		return false
	}
	public, err := pki.PublicKeyOf(k.Signer.Public())
	return err == nil && public.Equal(c.PublicKey)
}
