package verify

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/elicense/elicense/internal/sm2note"
	"github.com/elicense/elicense/internal/sm2sig"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/vault/ledger"
)

// ParseAnchors reads trust anchors from PEM: CERTIFICATE blocks only, each a CA with an SM2 key.
func ParseAnchors(pem []byte) (*pki.Anchors, error) {
	certificates, err := pki.ParseCertificatesPEM(pem)
	if err != nil {
		return nil, err
	}
	return pki.NewAnchors(certificates...)
}

// ParseLedgerKeys reads key texts name+hash+key, one a line; empty lines and lines that begin with # are passed
// over. No key is an error.
func ParseLedgerKeys(text string) ([]ledger.Verifier, error) {
	var keys []ledger.Verifier
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		k, err := sm2note.ParseVerifier(line)
		if err != nil {
			return nil, fmt.Errorf("%w: ledger key %d: %w", ErrConfig, len(keys)+1, err)
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%w: no ledger key", ErrConfig)
	}
	return keys, nil
}

// notePoint is the point 04‖X‖Y at the end of a note key's text name+hash+base64.
func notePoint(v *sm2note.Verifier) ([]byte, error) {
	if parts := strings.SplitN(v.String(), "+", 3); len(parts) == 3 {
		material, err := base64.StdEncoding.DecodeString(parts[2])
		if err == nil && len(material) >= sm2sig.PointSize {
			return material[len(material)-sm2sig.PointSize:], nil
		}
	}
	return nil, fmt.Errorf("%w: ledger key %q", ErrConfig, v.Name())
}

// crossVerifier is a note verifier that asks a second implementation too if it is told to.
type crossVerifier struct {
	*sm2note.Verifier

	key   *pki.PublicKey
	cross bool
}

var _ ledger.Verifier = crossVerifier{}

// Verify reports whether sig is this key's over msg.
func (c crossVerifier) Verify(msg, sig []byte) bool {
	return c.Verifier.Verify(msg, sig) && (!c.cross || pki.CrossCheck(c.key, msg, sig) == nil)
}

// pinned tells whether a key belongs to the vault of that name; with "" of any vault.
func (v *Verifier) pinned(name string, key *pki.PublicKey) bool {
	for i := range v.pins {
		if (name == "" || v.pins[i].name == name) && v.pins[i].key.Equal(key) {
			return true
		}
	}
	return false
}

// oneVault tells whether all ledger keys are of vaults of one name.
func (v *Verifier) oneVault() bool {
	keys := v.config.LedgerKeys
	another := func(k ledger.Verifier) bool { return k.Name() != keys[0].Name() }
	return len(keys) > 0 && !slices.ContainsFunc(keys, another)
}

// hasAnchorFor tells whether an anchor has a key of the same kind as a certificate. If so and the chain is refused for
// its algorithm all the same, that is one which nobody here can check.
func (v *Verifier) hasAnchorFor(c *pki.Certificate) bool {
	return slices.ContainsFunc(v.config.Trust.Certificates(), func(a *pki.Certificate) bool {
		return a.Key.Algorithm == c.Key.Algorithm
	})
}
