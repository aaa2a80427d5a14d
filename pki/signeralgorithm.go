package pki

import (
	"fmt"
	"hash"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/oid"
)

// HashByID names a hash algorithm. SM3 has several identifiers; MD5 is known by name only.
func HashByID(id oid.ID) (Hash, bool) {
	switch id {
	case oid.SM3, oid.SM3NoKey, oid.SM3Keyed, oid.SM3Old:
		return HashSM3, true
	case oid.MD5:
		return HashMD5, true
	default:
		h, ok := hashIDs[id]
		return h, ok
	}
}

// New starts a digest. The error is ErrAlgorithm for an algorithm that nothing here computes, MD5 among them. That
// SHA-1 is computed does not mean that it is to be relied on: see Key.CheckStrength.
func (h Hash) New() (hash.Hash, error) {
	if h == HashSM3 {
		return sm3.New(), nil
	}
	known, ok := hashes[h]
	if !ok || !known.Available() {
		return nil, fmt.Errorf("%w: %s", ErrAlgorithm, h)
	}
	return known.New(), nil
}

// Sum is the digest of a message.
func (h Hash) Sum(message []byte) ([]byte, error) {
	w, err := h.New()
	if err != nil {
		return nil, err
	}
	w.Write(message)
	return w.Sum(nil), nil
}

// SignerAlgorithm is the algorithm of a signature in SignedData, which names its digest, its signature algorithm
// and the parameters of that, nil for absent or NULL. The hash of the signature algorithm and the digest algorithm
// must be the same (RFC 5754, 3); RSA can be named without a hash (RFC 3370, 3.2). The error is ErrAlgorithm for a
// pair that is not known. A weak algorithm is no error here.
func SignerAlgorithm(digest, signature oid.ID, parameters []byte) (SignatureAlgorithm, error) {
	pair := cms.SignerInfo{DigestAlgorithm: digest, SignatureAlgorithm: signature}
	unknown := fmt.Errorf("%w: %s with %s", ErrAlgorithm, signature, digest)
	h, ok := HashByID(digest)
	switch {
	case pair.IsSM2():
		return SignatureAlgorithm{ID: signature, Key: KeySM2, Hash: HashSM3}, nil
	case !ok || h == HashSM3:
		return SignatureAlgorithm{}, unknown
	case signature == oid.RSA && parameters == nil:
		return SignatureAlgorithm{ID: oid.RSA, Key: KeyRSA, Hash: h}, nil
	}
	a := signatureAlgorithms[signature]
	a.ID = signature
	if signature == oid.RSAPSS {
		pss, err := new(reader).pss(parameters, "signatureAlgorithm")
		if err != nil {
			return SignatureAlgorithm{}, unknown
		}
		a = pss
	} else if parameters != nil {
		return SignatureAlgorithm{}, unknown
	}
	if a.Key == "" || a.Key == KeySM2 || a.Hash != h {
		return SignatureAlgorithm{}, unknown
	}
	return a, nil
}
