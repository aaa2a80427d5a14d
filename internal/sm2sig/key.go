// Package sm2sig checks and makes SM2 signature values (GB/T 32918.2-2016) over SM3 (GB/T 32905-2016).
//
// It is the one place where a message becomes the digest e = SM3(Z ‖ M) and where a signature value is read. The
// signer's identifier is always the default 1234567812345678 of GB/T 35276, as in certificates, CMS, seals and CRLs.
// A signature value is accepted in exactly one encoding: DER SEQUENCE of two INTEGERs in shortest form, both in [1,
// n-1], nothing after it. No key is generated and no clock, file or network is used here.
package sm2sig

import (
	"crypto"
	"crypto/ecdsa"
	"encoding/binary"
	"errors"
	"io"
	"math/big"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
)

// Sizes of an SM2 point 04‖X‖Y and of the digest e.
const (
	PointSize  = 65
	DigestSize = 32
)

var (
	// ErrKey is returned for a public key that is no point of the SM2 curve.
	ErrKey = errors.New("sm2sig: not an SM2 public key")
	// ErrEncoding is returned for a signature value that is not strict DER or out of range.
	ErrEncoding = errors.New("sm2sig: malformed signature value")
	// ErrSignature is returned for a well-formed signature value that does not verify.
	ErrSignature = errors.New("sm2sig: signature does not verify")
)

// PublicKey is an SM2 public key with its Z value (GB/T 32918.2-2016, 5.5) computed once. It is immutable and safe for
// concurrent use.
type PublicKey struct {
	point [PointSize]byte
	z     [sm3.Size]byte
	key   *ecdsa.PublicKey
}

// ParsePublicKey reads the uncompressed point 04‖X‖Y and checks that it lies on the curve.
func ParsePublicKey(point []byte) (*PublicKey, error) {
	if len(point) != PointSize || point[0] != 4 {
		return nil, ErrKey
	}
	key, err := sm2.ParseUncompressedPublicKey(point)
	if err != nil {
		return nil, ErrKey
	}
	z, err := sm2.CalculateZA(key, nil)
	if err != nil || len(z) != sm3.Size {
		return nil, ErrKey
	}
	p := &PublicKey{key: key}
	copy(p.point[:], point)
	copy(p.z[:], z)
	return p, nil
}

// FromCrypto converts what crypto.Signer.Public and certificate parsers return.
func FromCrypto(public crypto.PublicKey) (*PublicKey, error) {
	switch key := public.(type) {
	case *PublicKey:
		if key == nil {
			return nil, ErrKey
		}
		return key, nil
	case *ecdsa.PublicKey:
		return fromECDSA(key)
	default:
		return nil, ErrKey
	}
}

func fromECDSA(key *ecdsa.PublicKey) (*PublicKey, error) {
	if key == nil || !sm2.IsSM2PublicKey(key) || key.X == nil || key.Y == nil {
		return nil, ErrKey
	}
	if key.X.Sign() < 0 || key.Y.Sign() < 0 || key.X.BitLen() > 256 || key.Y.BitLen() > 256 {
		return nil, ErrKey
	}
	var point [PointSize]byte
	point[0] = 4
	key.X.FillBytes(point[1:33])
	key.Y.FillBytes(point[33:])
	return ParsePublicKey(point[:])
}

// Point is a copy of the uncompressed point 04‖X‖Y.
func (p *PublicKey) Point() []byte { return append([]byte(nil), p.point[:]...) }

// Z is a copy of the value that stands before each message, for the default identifier.
func (p *PublicKey) Z() []byte { return append([]byte(nil), p.z[:]...) }

// Equal tells whether both are the same point.
func (p *PublicKey) Equal(other *PublicKey) bool { return other != nil && p.point == other.point }

// Digest is e = SM3(Z ‖ message), the value that is signed.
func (p *PublicKey) Digest(message []byte) [DigestSize]byte {
	var e [DigestSize]byte
	h := sm3.New()
	h.Write(p.z[:])
	h.Write(message)
	h.Sum(e[:0])
	return e
}

// DigestAs is Digest for a signer identifier other than the default, the empty one included. It is for finding out
// what a signer's software did wrong: no signature counts under another identifier.
func (p *PublicKey) DigestAs(id, message []byte) [DigestSize]byte {
	var e [DigestSize]byte
	z := p.zOf(id)
	h := sm3.New()
	h.Write(z[:])
	h.Write(message)
	h.Sum(e[:0])
	return e
}

// zOf is Z = SM3(ENTL ‖ ID ‖ a ‖ b ‖ xG ‖ yG ‖ xA ‖ yA) for any identifier (GB/T 32918.2-2016, 5.5). The library
// takes an empty one for the default.
func (p *PublicKey) zOf(id []byte) [sm3.Size]byte {
	var z [sm3.Size]byte
	curve := p.key.Curve.Params()
	h := sm3.New()
	h.Write(binary.BigEndian.AppendUint16(nil, uint16(len(id)*8))) //nolint:gosec // identifiers are short
	h.Write(id)
	var field [32]byte
	a := new(big.Int).Sub(curve.P, big.NewInt(3))
	for _, v := range []*big.Int{a, curve.B, curve.Gx, curve.Gy} {
		h.Write(v.FillBytes(field[:]))
	}
	h.Write(p.point[1:])
	h.Sum(z[:0])
	return z
}

// Verify checks a strict DER signature value over message.
func (p *PublicKey) Verify(message, signature []byte) error {
	return p.VerifyDigest(p.Digest(message), signature)
}

// VerifyDigest is Verify for a message of which Digest is known.
func (p *PublicKey) VerifyDigest(e [DigestSize]byte, signature []byte) error {
	if err := CheckSignature(signature); err != nil {
		return err
	}
	if !sm2.VerifyASN1(p.key, e[:], signature) {
		return ErrSignature
	}
	return nil
}

// Sign asks key for a signature over message. The key receives e (32 bytes) and crypto.Hash(0), which is what a
// device behind crypto.Signer has to sign without any further hashing. The answer is checked for strict encoding, not
// verified.
func (p *PublicKey) Sign(random io.Reader, key crypto.Signer, message []byte) ([]byte, error) {
	return p.SignDigest(random, key, p.Digest(message))
}

// SignDigest is Sign for a message of which Digest is known.
func (p *PublicKey) SignDigest(random io.Reader, key crypto.Signer, e [DigestSize]byte) ([]byte, error) {
	signature, err := key.Sign(random, e[:], crypto.Hash(0))
	if err != nil {
		return nil, err
	}
	if err := CheckSignature(signature); err != nil {
		return nil, err
	}
	return signature, nil
}
