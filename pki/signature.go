package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	_ "crypto/sha1" //nolint:gosec // for anchors whose scope names the exception; refused everywhere else
	_ "crypto/sha256"
	_ "crypto/sha512"
	"errors"
)

var (
	// ErrAlgorithm is returned for a signature algorithm that is not supported or that the key does not fit.
	ErrAlgorithm = errors.New("pki: unsupported signature algorithm")
	// ErrWeakAlgorithm is returned for a signature with a hash that no longer resists forgery.
	ErrWeakAlgorithm = errors.New("pki: weak signature algorithm")
	// ErrWeakKey is returned for a signature by a key that is too short.
	ErrWeakKey = errors.New("pki: weak key")
)

// minRSABits is the shortest RSA key that is accepted without an exception.
const minRSABits = 2048

// VerifySignature checks a signature over message by the key of a certificate. MD5, SHA-1 and RSA keys below 2048 bits
// are refused whatever the signature.
func (k *Key) VerifySignature(a SignatureAlgorithm, message, signature []byte) error {
	if err := k.CheckStrength(a); err != nil {
		return err
	}
	return k.verify(a, message, signature)
}

// CheckStrength says whether a signature with this algorithm by this key resists forgery today: ErrWeakAlgorithm
// for MD5 and SHA-1, ErrWeakKey for RSA below 2048 bits.
func (k *Key) CheckStrength(a SignatureAlgorithm) error {
	switch {
	case a.Hash == HashMD5, a.Hash == HashSHA1:
		return ErrWeakAlgorithm
	case k.rsa != nil && k.Bits < minRSABits:
		return ErrWeakKey
	default:
		return nil
	}
}

// VerifyMathematicsUnsafe is VerifySignature without CheckStrength, for a judge who holds the algorithm against the
// time at which the signature is proven to have existed. Even so nothing verifies with MD5.
func (k *Key) VerifyMathematicsUnsafe(a SignatureAlgorithm, message, signature []byte) error {
	if a.Hash == HashMD5 {
		return ErrWeakAlgorithm
	}
	return k.verify(a, message, signature)
}

// verify checks the mathematics alone.
func (k *Key) verify(a SignatureAlgorithm, message, signature []byte) error {
	switch {
	case k.sm2 != nil && a.Key == KeySM2:
		return VerifySM2(k.sm2, message, signature)
	case k.ecdsa != nil && a.Key == KeyECDSA:
		digest, err := digestOf(a, message)
		if err != nil {
			return err
		}
		if !ecdsa.VerifyASN1(k.ecdsa, digest, signature) {
			return ErrSignature
		}
		return nil
	case k.rsa != nil && a.Key == KeyRSA && k.allows(a):
		return k.verifyRSA(a, message, signature)
	default:
		return ErrAlgorithm
	}
}

// allows holds the algorithm against the limits of an RSASSA-PSS key: hash and mask as its parameters name them, and a
// salt that is no shorter (RFC 4055, 3.3).
func (k *Key) allows(a SignatureAlgorithm) bool {
	if k.Algorithm != KeyRSAPSS {
		return true
	}
	return a.PSS && (k.pss == nil || k.pss.Key != "" && k.pss.Hash == a.Hash && a.Salt >= k.pss.Salt)
}

func (k *Key) verifyRSA(a SignatureAlgorithm, message, signature []byte) error {
	digest, err := digestOf(a, message)
	if err != nil {
		return err
	}
	if a.PSS {
		// A salt length of zero means "any" to the library. It is still the holder's signature over this message.
		err = rsa.VerifyPSS(k.rsa, hashes[a.Hash], digest, signature, &rsa.PSSOptions{SaltLength: a.Salt})
	} else {
		err = rsa.VerifyPKCS1v15(k.rsa, hashes[a.Hash], digest, signature)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, rsa.ErrVerification):
		return ErrSignature
	default:
		return ErrAlgorithm // the library refuses the key
	}
}

func digestOf(a SignatureAlgorithm, message []byte) ([]byte, error) {
	h, ok := hashes[a.Hash]
	if !ok || !h.Available() || h == crypto.Hash(0) {
		return nil, ErrAlgorithm
	}
	w := h.New()
	w.Write(message)
	return w.Sum(nil), nil
}
