package signing

import (
	"bytes"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"

	"github.com/emmansun/gmsm/sm4"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/envelope"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
)

var (
	// ErrRecipient is returned for a certificate that nothing may be encrypted to, or for an envelope that is not
	// to it.
	ErrRecipient = errors.New("signing: not a recipient")
	// ErrEnvelope is returned for bytes that are no envelope, or one with algorithms that are not opened here.
	ErrEnvelope = errors.New("signing: not an envelope that can be opened")
	// ErrOpen is returned for an envelope that does not open with the key, because it is another's or was changed.
	ErrOpen = errors.New("signing: envelope does not open")
)

// encryptionUsage is what an encryption certificate allows at least one of (GB/T 20518-2018).
const encryptionUsage = pki.UsageKeyEncipherment | pki.UsageDataEncipherment

// EnvelopeConfig says to whom an envelope goes and what it is written in.
type EnvelopeConfig struct {
	// Recipients are the encryption certificates, SM2, each once. Whether they are valid is for the caller to know.
	// Required.
	Recipients []*pki.Certificate
	// Rand is the source of keys and nonces, unpredictable. Required.
	Rand io.Reader
	// Arc is the family of identifiers. ArcGM: EnvelopedData with SM4-CBC, which hides the content but does not
	// protect it from changes: sign first and put the SignedData inside. ArcRFC5652: AuthEnvelopedData with
	// SM4-GCM, which shows changes, though not who made the envelope.
	Arc Arc
	// CBC writes EnvelopedData with SM4-CBC under ArcRFC5652 too, for readers that know nothing else.
	CBC bool
	// ContentType says what is inside. Empty: data; oid.SignedData and oid.GMSignedData for signed content.
	ContentType oid.ID
}

// Envelop returns an envelope (数字信封) with content that each recipient can open.
func Envelop(content []byte, config EnvelopeConfig) ([]byte, error) {
	if config.Rand == nil {
		return nil, fmt.Errorf("%w: source of randomness is required", ErrConfig)
	}
	if len(content) == 0 {
		return nil, fmt.Errorf("%w: the envelope would be empty", ErrContent)
	}
	if err := checkRecipients(config.Recipients); err != nil {
		return nil, err
	}
	key := make([]byte, sm4.BlockSize)
	defer clear(key)
	if _, err := io.ReadFull(config.Rand, key); err != nil {
		return nil, fmt.Errorf("drawing a key: %w", err)
	}
	seal := sealGCM
	if config.CBC || config.Arc == ArcGM {
		seal = sealCBC
	}
	sealed, err := seal(key, content, config.Rand)
	if err != nil {
		return nil, err
	}
	for _, c := range config.Recipients {
		wrapped, err := envelope.Encrypt(config.Rand, c.PublicKey, key)
		if err != nil {
			return nil, fmt.Errorf("encrypting to %q: %w", c.Subject, err)
		}
		r := cms.RecipientKey{Issuer: c.RawIssuer, Serial: c.Serial, Cipher: wrapped}
		sealed.Recipients = append(sealed.Recipients, r)
	}
	der, err := cms.Form{Arc: config.Arc, Content: config.ContentType}.MarshalEnveloped(sealed)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrConfig, err)
	}
	return der, nil
}

// checkRecipients wants encryption certificates: content under a signing key could be lost with the key, which nobody
// but its holder has.
func checkRecipients(list []*pki.Certificate) error {
	if len(list) == 0 {
		return fmt.Errorf("%w: a recipient is required", ErrConfig)
	}
	for i, c := range list {
		switch {
		case c == nil || c.PublicKey == nil:
			return fmt.Errorf("%w: certificate %d has no SM2 key", ErrRecipient, i+1)
		case c.KeyUsage&encryptionUsage == 0:
			return fmt.Errorf("%w: the certificate of %q is not for encryption", ErrRecipient, c.Subject)
		}
		for _, before := range list[:i] {
			if before.Equal(c) {
				return fmt.Errorf("%w: %q is there twice", ErrRecipient, c.Subject)
			}
		}
	}
	return nil
}

func sealCBC(key, content []byte, random io.Reader) (cms.Sealed, error) {
	block, err := sm4.NewCipher(key)
	if err != nil {
		return cms.Sealed{}, fmt.Errorf("starting SM4: %v", err)
	}
	iv := make([]byte, sm4.BlockSize)
	if _, err := io.ReadFull(random, iv); err != nil {
		return cms.Sealed{}, fmt.Errorf("drawing an IV: %w", err)
	}
	pad := sm4.BlockSize - len(content)%sm4.BlockSize
	padded := append(bytes.Clone(content), bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(padded, padded)
	return cms.Sealed{Nonce: iv, Ciphertext: padded}, nil
}

func sealGCM(key, content []byte, random io.Reader) (cms.Sealed, error) {
	aead, err := newGCM(key, gcmNonceBytes, gcmTagBytes)
	if err != nil {
		return cms.Sealed{}, err
	}
	nonce := make([]byte, gcmNonceBytes)
	if _, err := io.ReadFull(random, nonce); err != nil {
		return cms.Sealed{}, fmt.Errorf("drawing a nonce: %w", err)
	}
	out := aead.Seal(make([]byte, 0, len(content)+gcmTagBytes), nonce, content, nil)
	return cms.Sealed{Nonce: nonce, Ciphertext: out[:len(content)], Tag: out[len(content):]}, nil
}

const (
	gcmNonceBytes = 12
	gcmTagBytes   = 16
)

// newGCM allows another nonce or another tag than usual, not both; nobody writes both.
func newGCM(key []byte, nonceBytes, tagBytes int) (cipher.AEAD, error) {
	block, err := sm4.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("starting SM4: %v", err)
	}
	var aead cipher.AEAD
	switch {
	case tagBytes == gcmTagBytes:
		aead, err = cipher.NewGCMWithNonceSize(block, nonceBytes)
	case nonceBytes == gcmNonceBytes:
		aead, err = cipher.NewGCMWithTagSize(block, tagBytes)
	default:
		return nil, fmt.Errorf("%w: nonce of %d octets with tag of %d", ErrEnvelope, nonceBytes, tagBytes)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrEnvelope, err)
	}
	return aead, nil
}
