package cms

import (
	"fmt"
	"math/big"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
)

// RecipientKey is the key of an envelope encrypted to the certificate that Issuer and Serial name.
type RecipientKey struct {
	Issuer []byte // DER Name
	Serial *big.Int
	Cipher []byte // DER SM2Cipher
}

// Sealed is content encrypted with SM4, to be written as an envelope.
type Sealed struct {
	Recipients []RecipientKey
	Nonce      []byte // IV of 16 octets for CBC, nonce of 12 for GCM
	Ciphertext []byte
	Tag        []byte // of GCM, 16 octets; nil: the content is encrypted with CBC
}

// gcmNonceBytes and gcmTagBytes are the one form that is written.
const (
	gcmNonceBytes = 12
	gcmTagBytes   = 16
	cbcNonceBytes = 16
)

// MarshalEnveloped writes EnvelopedData with SM4-CBC, or under RFC 5652 AuthEnvelopedData with SM4-GCM (RFC 5083, RFC
// 5084), which GB/T 35275 does not know.
func (f Form) MarshalEnveloped(s Sealed) ([]byte, error) {
	if err := f.checkSealed(s); err != nil {
		return nil, err
	}
	recipients := make([][]byte, len(s.Recipients))
	for i, r := range s.Recipients {
		recipients[i] = encode(func(b *cryptobyte.Builder) { f.addRecipient(b, r) })
	}
	slices.SortFunc(recipients, slices.Compare)
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		oid.Add(b, f.envelope(s))
		b.AddASN1(context0, func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1Int64(f.keyVersion())
				b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) { addAll(b, recipients) })
				b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
					oid.Add(b, f.content())
					addCipher(b, s)
					b.AddASN1(keyIDTag, func(b *cryptobyte.Builder) { b.AddBytes(s.Ciphertext) })
				})
				if s.Tag != nil {
					b.AddASN1OctetString(s.Tag)
				}
			})
		})
	})
	der, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrInput, err)
	}
	return der, nil
}

func (f Form) checkSealed(s Sealed) error {
	switch {
	case f.Arc > ArcRFC5652, s.Tag != nil && f.Arc != ArcRFC5652:
		return fmt.Errorf("%w: arc", ErrInput)
	case len(s.Recipients) == 0:
		return fmt.Errorf("%w: recipients", ErrInput)
	case len(s.Recipients) > maxRecipients, len(s.Ciphertext) > MaxBytes/2:
		return fmt.Errorf("%w: envelope", ErrLimit)
	case len(s.Ciphertext) == 0 && s.Tag == nil,
		s.Tag == nil && (len(s.Nonce) != cbcNonceBytes || len(s.Ciphertext)%16 != 0),
		s.Tag != nil && (len(s.Nonce) != gcmNonceBytes || len(s.Tag) != gcmTagBytes):
		return fmt.Errorf("%w: ciphertext", ErrInput)
	}
	for _, r := range s.Recipients {
		if err := checkName(r.Issuer, r.Serial); err != nil {
			return err
		}
		element := cryptobyte.String(r.Cipher)
		if !element.SkipASN1(casn1.SEQUENCE) || !element.Empty() {
			return fmt.Errorf("%w: encrypted key", ErrInput)
		}
	}
	return nil
}

func (f Form) envelope(s Sealed) oid.ID {
	switch {
	case f.Arc == ArcGM:
		return oid.GMEnvelopedData
	case s.Tag != nil:
		return oid.AuthEnvelopedData
	default:
		return oid.EnvelopedData
	}
}

// keyVersion is that of the envelope and of its recipients: 1 in GB/T 35275, 0 in RFC 5652, 6.1 and RFC 5083, 2.1, for
// recipients named by issuer and serial number.
func (f Form) keyVersion() int64 {
	if f.Arc == ArcRFC5652 {
		return 0
	}
	return 1
}

func (f Form) addRecipient(b *cryptobyte.Builder, r RecipientKey) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(f.keyVersion())
		addName(b, r.Issuer, r.Serial)
		addAlgorithm(b, oid.SM2Encrypt)
		b.AddASN1OctetString(r.Cipher)
	})
}

func addCipher(b *cryptobyte.Builder, s Sealed) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		if s.Tag == nil {
			oid.Add(b, oid.SM4CBC)
			b.AddASN1OctetString(s.Nonce)
			return
		}
		oid.Add(b, oid.SM4GCM)
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1OctetString(s.Nonce)
			b.AddASN1Int64(gcmTagBytes)
		})
	})
}
