package pki

import (
	"crypto"
	"errors"
	"math/big"

	tjfoc "github.com/tjfoc/gmsm/sm2"

	"github.com/elicense/elicense/internal/sm2sig"
)

// PublicKey is an SM2 public key. It is immutable and safe for concurrent use.
type PublicKey = sm2sig.PublicKey

var (
	// ErrKey is returned for a key that is not an SM2 key.
	ErrKey = errors.New("pki: not an SM2 key")
	// ErrSignature is returned for a signature that does not verify.
	ErrSignature = errors.New("pki: signature does not verify")
	// ErrSignatureEncoding is returned for a signature value that is not strict DER with r and s in range.
	ErrSignatureEncoding = errors.New("pki: malformed signature value")
	// ErrDisagree is returned if two implementations of SM2 come to different verdicts.
	ErrDisagree = errors.New("pki: implementations of SM2 disagree")
)

// PublicKeyOf converts what crypto.Signer.Public returns.
func PublicKeyOf(public crypto.PublicKey) (*PublicKey, error) {
	key, err := sm2sig.FromCrypto(public)
	if err != nil {
		return nil, ErrKey
	}
	return key, nil
}

// VerifySM2 checks an SM2 signature with SM3 over message. The signature value must be strict DER.
func VerifySM2(public *PublicKey, message, signature []byte) error {
	if public == nil {
		return ErrKey
	}
	err := public.Verify(message, signature)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sm2sig.ErrEncoding):
		return ErrSignatureEncoding
	default:
		return ErrSignature
	}
}

// CrossCheck is VerifySM2 with the second opinion of an implementation that shares no code with the first: the
// signature counts as valid only if both say so. A malformed value is refused before the second is asked. It takes
// about twenty times as long as VerifySM2.
func CrossCheck(public *PublicKey, message, signature []byte) error {
	first := VerifySM2(public, message, signature)
	if first != nil && !errors.Is(first, ErrSignature) {
		return first
	}
	r, s, err := sm2sig.ParseSignature(signature)
	if err != nil {
		return ErrSignatureEncoding
	}
	return agree(first, secondOpinion(public.Point(), message, r, s))
}

func agree(first error, second bool) error {
	if (first == nil) != second {
		return ErrDisagree
	}
	return first
}

// secondOpinion asks the other implementation. It is given numbers only, never an encoding to parse.
func secondOpinion(point, message []byte, r, s [32]byte) bool {
	public := &tjfoc.PublicKey{
		Curve: tjfoc.P256Sm2(),
		X:     new(big.Int).SetBytes(point[1:33]),
		Y:     new(big.Int).SetBytes(point[33:65]),
	}
	return tjfoc.Sm2Verify(public, message, nil, new(big.Int).SetBytes(r[:]), new(big.Int).SetBytes(s[:]))
}
