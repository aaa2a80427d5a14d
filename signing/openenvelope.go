package signing

import (
	"bytes"
	"crypto"
	"crypto/cipher"
	"crypto/sha1" //nolint:gosec // as a name of a key (RFC 5280, 4.2.1.2), not for its strength
	"crypto/subtle"
	"fmt"

	"github.com/emmansun/gmsm/sm4"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/envelope"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

// Opened is what was in an envelope. Nobody has vouched for it: see EnvelopeConfig.Arc.
type Opened struct {
	Content       []byte
	ContentType   oid.ID // what the envelope says that it is
	Authenticated bool   // no octet was changed since it was made, by whomever
	Tolerances    []string
}

// OpenEnvelope opens an envelope to a certificate with its key, which gets an SM2Cipher in DER.
func OpenEnvelope(der []byte, certificate *pki.Certificate, key crypto.Decrypter) (*Opened, error) {
	if certificate == nil || certificate.PublicKey == nil || key == nil {
		return nil, fmt.Errorf("%w: certificate and key are required", ErrConfig)
	}
	e, err := cms.ParseEnveloped(der)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEnvelope, err)
	}
	if e.Detached || e.Nonce == nil || e.Tag != nil && e.Algorithm != oid.SM4GCM {
		return nil, fmt.Errorf("%w: content encrypted with %s", ErrEnvelope, e.Algorithm)
	}
	sealedKey, err := openKey(e, certificate, key)
	if err != nil {
		return nil, err
	}
	defer clear(sealedKey)
	open := openCBC
	if e.Algorithm == oid.SM4GCM {
		open = openGCM
	}
	content, err := open(e, sealedKey)
	if err != nil {
		return nil, err
	}
	return &Opened{content, e.ContentType, e.Algorithm == oid.SM4GCM, e.Tolerances.Names()}, nil
}

// openKey tries the recipients that the certificate is named by, of which there is one in good order.
func openKey(e *cms.Enveloped, certificate *pki.Certificate, key crypto.Decrypter) ([]byte, error) {
	tried := 0
	for i := range e.Recipients {
		r := &e.Recipients[i]
		if !r.IsSM2() || !isRecipient(r, certificate) {
			continue
		}
		if tried++; tried > maxTries {
			break
		}
		plain, err := openWrapped(key, r.EncryptedKey)
		if err == nil && len(plain) == sm4.BlockSize {
			return plain, nil
		}
	}
	if tried == 0 {
		return nil, fmt.Errorf("%w: the envelope is to others", ErrRecipient)
	}
	return nil, ErrOpen
}

const maxTries = 4

// isRecipient holds the certificate against issuer and serial number or against the key identifier, that of its
// extension or, in a certificate without one, SHA-1 of the key (RFC 5280, 4.2.1.2).
func isRecipient(r *cms.Recipient, c *pki.Certificate) bool {
	if r.SubjectKeyID == nil {
		return r.NamedBy(c.RawIssuer, c.Serial)
	}
	if c.SubjectKeyID != nil {
		return bytes.Equal(r.SubjectKeyID, c.SubjectKeyID)
	}
	id := sha1.Sum(c.PublicKey.Point()) //nolint:gosec // see above
	return bytes.Equal(r.SubjectKeyID, id[:])
}

// openWrapped decrypts a key, also in the forms without ASN.1 that older products write: 04‖X‖Y or X‖Y, then C3‖C2 or
// C2‖C3. The digest C3 tells which it is.
func openWrapped(key crypto.Decrypter, wrapped []byte) ([]byte, error) {
	if _, err := envelope.ParseCipher(wrapped); err == nil {
		return envelope.Decrypt(key, wrapped)
	}
	const point, digest = 64, 32
	if len(wrapped) == 1+point+digest+sm4.BlockSize && wrapped[0] == 4 {
		wrapped = wrapped[1:]
	}
	if len(wrapped) != point+digest+sm4.BlockSize {
		return nil, ErrOpen
	}
	c := envelope.Cipher{X: [32]byte(wrapped[:32]), Y: [32]byte(wrapped[32:64])}
	rest := wrapped[point:]
	for _, split := range []struct{ hash, text []byte }{
		{rest[:digest], rest[digest:]}, {rest[sm4.BlockSize:], rest[:sm4.BlockSize]},
	} {
		c.Hash, c.Text = [32]byte(split.hash), split.text
		der, err := envelope.MarshalCipher(&c)
		if err != nil {
			return nil, ErrOpen
		}
		if plain, err := envelope.Decrypt(key, der); err == nil {
			return plain, nil
		}
	}
	return nil, ErrOpen
}

// openCBC says the same of every padding that is wrong, and looks at all of it.
func openCBC(e *cms.Enveloped, key []byte) ([]byte, error) {
	block, err := sm4.NewCipher(key)
	if err != nil || len(e.Ciphertext) == 0 || len(e.Ciphertext)%sm4.BlockSize != 0 {
		return nil, ErrOpen
	}
	plain := make([]byte, len(e.Ciphertext))
	cipher.NewCBCDecrypter(block, e.Nonce).CryptBlocks(plain, e.Ciphertext)
	pad := int(plain[len(plain)-1])
	good := subtle.ConstantTimeLessOrEq(1, pad) & subtle.ConstantTimeLessOrEq(pad, sm4.BlockSize)
	for i, b := range plain[len(plain)-sm4.BlockSize:] {
		inside := subtle.ConstantTimeLessOrEq(sm4.BlockSize-i, pad)
		equal := subtle.ConstantTimeByteEq(b, byte(pad)) //nolint:gosec // one octet
		good &= subtle.ConstantTimeSelect(inside, equal, 1)
	}
	if good != 1 {
		return nil, ErrOpen
	}
	return plain[:len(plain)-pad], nil
}

// openGCM opens AuthEnvelopedData, or EnvelopedData with the tag at the end of the ciphertext, which one library
// writes.
func openGCM(e *cms.Enveloped, key []byte) ([]byte, error) {
	ciphertext, tag := e.Ciphertext, e.Tag
	if tag == nil {
		if len(ciphertext) < gcmTagBytes {
			return nil, ErrOpen
		}
		tag = ciphertext[len(ciphertext)-gcmTagBytes:]
		ciphertext = ciphertext[:len(ciphertext)-gcmTagBytes]
	}
	aead, err := newGCM(key, len(e.Nonce), len(tag))
	if err != nil {
		return nil, err
	}
	sealed := append(bytes.Clone(ciphertext), tag...)
	plain, err := aead.Open(sealed[:0], e.Nonce, sealed, e.Authenticated)
	if err != nil {
		return nil, ErrOpen
	}
	return plain, nil
}
