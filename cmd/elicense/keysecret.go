package main

import (
	"bytes"
	"crypto"
	"fmt"
	"os"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/pki"
)

// keyPair is a key at hand: it signs and opens.
type keyPair interface {
	crypto.Signer
	crypto.Decrypter
}

// keySecret is the passphrase of a key file, from the file that ELICENSE_KEY_PASSPHRASE_FILE names or from
// ELICENSE_KEY_PASSPHRASE: what stands on a command line is seen by everybody on the machine.
func (c *program) keySecret() ([]byte, error) {
	if path := c.Env("ELICENSE_KEY_PASSPHRASE_FILE"); path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("reading the passphrase: %w", err)
		}
		return bytes.TrimRight(text, "\r\n"), nil
	}
	if p := c.Env("ELICENSE_KEY_PASSPHRASE"); p != "" {
		return []byte(p), nil
	}
	return nil, cli.Usage("需要私钥口令：请设置 ELICENSE_KEY_PASSPHRASE_FILE 或 ELICENSE_KEY_PASSPHRASE",
		"the passphrase of the key is needed: set ELICENSE_KEY_PASSPHRASE_FILE or ELICENSE_KEY_PASSPHRASE")
}

// fits tells whether a key is that of a certificate.
func fits(key crypto.Signer, c *pki.Certificate) bool {
	public, err := pki.PublicKeyOf(key.Public())
	return err == nil && public.Equal(c.PublicKey)
}
