package envelope

import (
	"crypto"
	"crypto/cipher"
	"crypto/subtle"
	"fmt"
	"io"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm4"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/sm2sig"
)

// PrivateSize is the length of an SM2 private key d.
const PrivateSize = 32

const maxKeyBytes = 1 << 10

// Key is a protected key pair (GB/T 35276-2017, 7.4):
//
//	SM2EnvelopedKey ::= SEQUENCE {
//	  symAlgID               AlgorithmIdentifier, -- SM4-ECB, NULL
//	  symEncryptedKey        SM2Cipher,           -- a fresh SM4 key under the recipient's public key
//	  sm2PublicKey           BIT STRING,          -- 04‖X‖Y of the pair
//	  sm2EncryptedPrivateKey BIT STRING }         -- SM4-ECB of the 32 bytes of d, no padding
//
// The recipient's key is his signing key, so the pair reaches nobody else. ECB hides two blocks here that never occur
// twice under one key.
type Key struct {
	Wrapped   []byte            // SM2Cipher in DER
	Public    *sm2sig.PublicKey // of the pair
	Encrypted [PrivateSize]byte
}

// ParseKey reads one SM2EnvelopedKey and nothing after it.
func ParseKey(der []byte) (*Key, error) {
	if len(der) > maxKeyBytes {
		return nil, malformed("SM2EnvelopedKey too long")
	}
	input := cryptobyte.String(der)
	var body, algorithm, wrapped cryptobyte.String
	var point, encrypted []byte
	if !input.ReadASN1(&body, casn1.SEQUENCE) || !input.Empty() ||
		!body.ReadASN1(&algorithm, casn1.SEQUENCE) || !body.ReadASN1Element(&wrapped, casn1.SEQUENCE) ||
		!body.ReadASN1BitStringAsBytes(&point) || !body.ReadASN1BitStringAsBytes(&encrypted) || !body.Empty() {
		return nil, malformed("SM2EnvelopedKey")
	}
	if !isSM4(algorithm) {
		return nil, malformed("symAlgID is not SM4-ECB")
	}
	c, err := ParseCipher(wrapped)
	if err != nil {
		return nil, err
	}
	if len(c.Text) != sm4.BlockSize {
		return nil, malformed("symEncryptedKey holds no SM4 key")
	}
	public, err := sm2sig.ParsePublicKey(point)
	if err != nil {
		return nil, malformed("sm2PublicKey")
	}
	if len(encrypted) != PrivateSize {
		return nil, malformed("sm2EncryptedPrivateKey")
	}
	k := &Key{Wrapped: append([]byte(nil), wrapped...), Public: public}
	copy(k.Encrypted[:], encrypted)
	return k, nil
}

// isSM4 accepts SM4-ECB and the bare SM4 that some products write for it, with NULL parameters or none.
func isSM4(algorithm cryptobyte.String) bool {
	var id oid.ID
	if !oid.Read(&algorithm, &id) || id != oid.SM4ECB && id != oid.SM4 {
		return false
	}
	var null cryptobyte.String
	return algorithm.Empty() || algorithm.ReadASN1(&null, casn1.NULL) && null.Empty() && algorithm.Empty()
}

// MarshalKey writes the SM2EnvelopedKey in DER.
func MarshalKey(k *Key) ([]byte, error) {
	if k == nil || k.Public == nil {
		return nil, ErrKey
	}
	if c, err := ParseCipher(k.Wrapped); err != nil || len(c.Text) != sm4.BlockSize {
		return nil, malformed("symEncryptedKey")
	}
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			oid.Add(b, oid.SM4ECB)
			b.AddASN1NULL()
		})
		b.AddBytes(k.Wrapped)
		b.AddASN1BitString(k.Public.Point())
		b.AddASN1BitString(k.Encrypted[:])
	})
	return b.Bytes()
}

// Seal puts the private key d into an envelope for the holder of a key.
func Seal(random io.Reader, to *sm2sig.PublicKey, d [PrivateSize]byte) (*Key, error) {
	pair, err := sm2.NewPrivateKey(d[:])
	if err != nil || random == nil || to == nil {
		return nil, ErrKey
	}
	public, err := sm2sig.FromCrypto(pair.Public())
	if err != nil {
		return nil, ErrKey
	}
	var secret [sm4.BlockSize]byte
	defer clear(secret[:])
	if _, err := io.ReadFull(random, secret[:]); err != nil {
		return nil, fmt.Errorf("reading random key: %w", err)
	}
	k := &Key{Public: public}
	if k.Wrapped, err = Encrypt(random, to, secret[:]); err != nil {
		return nil, err
	}
	block, err := sm4.NewCipher(secret[:])
	if err != nil {
		return nil, ErrKey
	}
	eachBlock(block, cipher.Block.Encrypt, k.Encrypted[:], d[:])
	return k, nil
}

// Open takes the private key out with the recipient's key and checks that it is the one of the public key beside it.
func (k *Key) Open(recipient crypto.Decrypter) (d [PrivateSize]byte, err error) {
	secret, err := Decrypt(recipient, k.Wrapped)
	if err != nil {
		return d, err
	}
	defer clear(secret)
	block, err := sm4.NewCipher(secret)
	if err != nil {
		return d, ErrOpen
	}
	var plain [PrivateSize]byte
	defer clear(plain[:])
	eachBlock(block, cipher.Block.Decrypt, plain[:], k.Encrypted[:])
	pair, err := sm2.NewPrivateKey(plain[:])
	if err != nil {
		return d, ErrOpen
	}
	own, err := sm2sig.FromCrypto(pair.Public())
	if err != nil || subtle.ConstantTimeCompare(own.Point(), k.Public.Point()) != 1 {
		return d, ErrOpen
	}
	return plain, nil
}

// eachBlock is ECB: no chaining, no padding.
func eachBlock(block cipher.Block, crypt func(b cipher.Block, dst, src []byte), dst, src []byte) {
	for i := 0; i < len(src); i += block.BlockSize() {
		crypt(block, dst[i:i+block.BlockSize()], src[i:i+block.BlockSize()])
	}
}
