package httpsig

import (
	"crypto"
	"encoding/hex"
	"io"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/sm2sig"
)

// KeyID is the parameter keyid of a certificate.
func KeyID(certificate []byte) string {
	sum := sm3.Sum(certificate)
	return hex.EncodeToString(sum[:])
}

// Key is a key that signs messages.
type Key struct {
	Certificate []byte        // DER
	Signer      crypto.Signer // SM2, in a device or not
	Rand        io.Reader
}

// Sign covers p.Components of a message and gives the values of Signature-Input and Signature. Alg and KeyID of p are
// set by it.
func Sign(m *Message, label string, p Params, key Key) (input, value string, err error) {
	p.Alg, p.KeyID = Algorithm, KeyID(key.Certificate)
	s := Signature{Params: p, Label: label}
	if s.Input, err = p.Input(); err != nil {
		return "", "", err
	}
	if (&scanner{rest: label}).take(isKey) != label || label == "" || !isLower(label[0]) {
		return "", "", ErrSyntax
	}
	base, err := s.Base(m)
	if err != nil {
		return "", "", err
	}
	public, err := sm2sig.FromCrypto(key.Signer.Public())
	if err != nil {
		return "", "", err
	}
	der, err := public.Sign(key.Rand, key.Signer, base)
	if err != nil {
		return "", "", err
	}
	return label + "=" + s.Input, string(appendBytes([]byte(label+"="), der)), nil
}

// Verify checks the signature over a message with the key whose certificate it names. It checks the parameter alg and
// the signature, nothing else: what must be covered and when is for the caller to say.
func (s *Signature) Verify(m *Message, public *sm2sig.PublicKey) error {
	if s.Alg != Algorithm {
		return ErrUnsupported
	}
	base, err := s.Base(m)
	if err != nil {
		return err
	}
	if public.Verify(base, s.Value) != nil {
		return ErrSignature
	}
	return nil
}
