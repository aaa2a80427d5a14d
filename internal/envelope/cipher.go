package envelope

import (
	"crypto"
	"fmt"
	"io"

	"github.com/emmansun/gmsm/sm2"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/sm2sig"
)

const (
	fieldBytes     = 32
	maxPlainBytes  = 4 << 10
	maxCipherBytes = maxPlainBytes + 256
)

// Cipher is an SM2 ciphertext (GB/T 32918.4-2016) in the form of GB/T 35276-2017, 7.2:
//
//	SM2Cipher ::= SEQUENCE {
//	  XCoordinate INTEGER, YCoordinate INTEGER, HASH OCTET STRING (SIZE (32)), CipherText OCTET STRING }
type Cipher struct {
	X, Y [fieldBytes]byte // the point C1
	Hash [fieldBytes]byte // C3
	Text []byte           // C2, as long as what was encrypted
}

// ParseCipher reads one SM2Cipher and nothing after it. Whether the point lies on the curve shows when it is decrypted.
func ParseCipher(der []byte) (*Cipher, error) {
	if len(der) > maxCipherBytes {
		return nil, malformed("SM2Cipher too long")
	}
	input := cryptobyte.String(der)
	var body, hash, text cryptobyte.String
	var c Cipher
	if !input.ReadASN1(&body, casn1.SEQUENCE) || !input.Empty() ||
		!readCoordinate(&body, &c.X) || !readCoordinate(&body, &c.Y) ||
		!body.ReadASN1(&hash, casn1.OCTET_STRING) || len(hash) != fieldBytes ||
		!body.ReadASN1(&text, casn1.OCTET_STRING) || len(text) == 0 || len(text) > maxPlainBytes || !body.Empty() {
		return nil, malformed("SM2Cipher")
	}
	copy(c.Hash[:], hash)
	c.Text = append([]byte(nil), text...)
	return &c, nil
}

// MarshalCipher writes the SM2Cipher in DER.
func MarshalCipher(c *Cipher) ([]byte, error) {
	if c == nil || len(c.Text) == 0 || len(c.Text) > maxPlainBytes {
		return nil, malformed("SM2Cipher")
	}
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		addCoordinate(b, c.X)
		addCoordinate(b, c.Y)
		b.AddASN1OctetString(c.Hash[:])
		b.AddASN1OctetString(c.Text)
	})
	return b.Bytes()
}

func readCoordinate(s *cryptobyte.String, out *[fieldBytes]byte) bool {
	var v []byte
	if !s.ReadASN1Integer(&v) || len(v) > fieldBytes {
		return false
	}
	copy(out[fieldBytes-len(v):], v)
	return true
}

// addCoordinate writes an unsigned number as an INTEGER in its shortest form.
func addCoordinate(b *cryptobyte.Builder, v [fieldBytes]byte) {
	b.AddASN1(casn1.INTEGER, func(b *cryptobyte.Builder) {
		rest := v[:]
		for len(rest) > 1 && rest[0] == 0 {
			rest = rest[1:]
		}
		if rest[0]&0x80 != 0 {
			b.AddUint8(0)
		}
		b.AddBytes(rest)
	})
}

// Encrypt encrypts for the holder of a key and returns an SM2Cipher in DER.
func Encrypt(random io.Reader, to *sm2sig.PublicKey, plain []byte) ([]byte, error) {
	if random == nil || to == nil || len(plain) == 0 || len(plain) > maxPlainBytes {
		return nil, ErrKey
	}
	key, err := sm2.NewPublicKey(to.Point())
	if err != nil {
		return nil, ErrKey
	}
	der, err := sm2.EncryptASN1(fullReader{random}, key, plain)
	if err != nil {
		return nil, fmt.Errorf("encrypting to SM2 key: %v", err)
	}
	return der, nil
}

// Decrypt opens an SM2Cipher. The key gets the DER that was checked here.
func Decrypt(key crypto.Decrypter, der []byte) ([]byte, error) {
	if key == nil {
		return nil, ErrKey
	}
	c, err := ParseCipher(der)
	if err != nil {
		return nil, err
	}
	plain, err := key.Decrypt(nil, der, nil)
	if err != nil || len(plain) != len(c.Text) {
		return nil, ErrOpen
	}
	return plain, nil
}
