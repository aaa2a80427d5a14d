package sm2sig

import (
	"crypto"
	"crypto/hmac"
	"errors"
	"hash"
	"io"
	"sync"

	"filippo.io/bigmod"
	"github.com/emmansun/gmsm/ecdh"
	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
)

// Whatever depends on key or nonce below takes the same time for each: the multiple of the base point is gmsm's, from
// its table, and the arithmetic modulo n is bigmod's. Only the nonce is drawn in another way than gmsm draws it, which
// sets up an HMAC_DRBG for each signature: some thirty blocks of SM3 where three do.

// errNonce stands for what cannot happen: one nonce after the other was none.
var errNonce = errors.New("sm2sig: no nonce")

// Quick gives a signer that makes the same signatures as a key in memory in little more than half of the time. Any
// other key is given back as it is.
func Quick(key crypto.Signer) crypto.Signer {
	private, ok := key.(*sm2.PrivateKey)
	if !ok {
		return key
	}
	s, err := newQuick(private)
	if err != nil {
		return key // which refuses to sign
	}
	return s
}

// quick signs digests e with a key in memory. It is safe for concurrent use.
type quick struct {
	*sm2.PrivateKey // its Sign makes what else a crypto.Signer may be asked for

	n       *bigmod.Modulus
	inverse *bigmod.Nat // of 1 + d
	macs    sync.Pool   // of hash.Hash: HMAC-SM3 under a key that follows from d
}

func newQuick(key *sm2.PrivateKey) (*quick, error) {
	if key.D == nil || key.D.Sign() <= 0 || key.D.BitLen() > 8*DigestSize {
		return nil, ErrKey
	}
	n, err := bigmod.NewModulus([]byte(order))
	if err != nil {
		return nil, ErrKey
	}
	var d, one [32]byte
	key.D.FillBytes(d[:])
	one[31] = 1
	sum, err := bigmod.NewNat().SetBytes(d[:], n)
	if err != nil {
		return nil, ErrKey
	}
	unit, err := bigmod.NewNat().SetBytes(one[:], n)
	if err != nil || sum.Add(unit, n).IsZero() == 1 {
		return nil, ErrKey
	}
	// n is a prime: a power of n - 2 is the inverse.
	exponent := n.Nat().SubOne(n).SubOne(n).Bytes(n)
	q := &quick{PrivateKey: key, n: n, inverse: bigmod.NewNat().Exp(sum, exponent, n)}
	mac := hmac.New(sm3.New, d[:])
	mac.Write([]byte("elicense SM2 nonce v1"))
	own := mac.Sum(nil)
	q.macs.New = func() any { return hmac.New(sm3.New, own) }
	return q, nil
}

// Sign implements crypto.Signer.
func (q *quick) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if random == nil || len(digest) != DigestSize || opts != crypto.Hash(0) {
		return q.PrivateKey.Sign(random, digest, opts)
	}
	// What is drawn makes each nonce a new one. That it follows from key and digest too keeps the key where what is
	// drawn is no secret, or the same as before: other digests have other nonces all the same.
	var drawn [32]byte
	if _, err := io.ReadFull(random, drawn[:]); err != nil {
		return nil, err
	}
	e := [DigestSize]byte(digest)
	for try := range byte(255) {
		k := q.nonce(drawn, e, try)
		if r, s, ok := q.signWith(k, e); ok {
			return AppendSignature(make([]byte, 0, maxSignature), r, s)
		}
	}
	return nil, errNonce
}

// maxSignature is the size of the longest signature value.
const maxSignature = 2 + 2*(2+33)

// nonce is HMAC-SM3(own key, drawn || e || try), evenly spread over the numbers of 32 bytes: all but one in 2^32 are in
// range, and those that are not are passed over.
func (q *quick) nonce(drawn, e [32]byte, try byte) (k [32]byte) {
	mac, _ := q.macs.Get().(hash.Hash)
	defer q.macs.Put(mac)
	mac.Reset()
	mac.Write(drawn[:])
	mac.Write(e[:])
	mac.Write([]byte{try})
	mac.Sum(k[:0])
	return k
}

// signWith signs with a nonce (GB/T 32918.2-2016, 6.1, A4 to A6): r = e + x of [k]G, s = (1 + d)⁻¹ · (k - r · d), which
// is (1 + d)⁻¹ · (k + r) - r. Not ok is a nonce for which the standard wants another.
func (q *quick) signWith(k, e [32]byte) (r, s [32]byte, ok bool) {
	scalar, err := ecdh.P256().NewPrivateKey(k[:]) // refuses 0, and what is not below n - 1
	if err != nil {
		return r, s, false
	}
	x := scalar.PublicKey().Bytes()[1 : 1+DigestSize]
	rn, err1 := bigmod.NewNat().SetOverflowingBytes(x, q.n)
	en, err2 := bigmod.NewNat().SetOverflowingBytes(e[:], q.n)
	sn, err3 := bigmod.NewNat().SetBytes(k[:], q.n)
	if err1 != nil || err2 != nil || err3 != nil {
		return r, s, false
	}
	rn.Add(en, q.n)
	sn.Add(rn, q.n)
	if rn.IsZero() == 1 || sn.IsZero() == 1 {
		return r, s, false
	}
	sn.Mul(q.inverse, q.n).Sub(rn, q.n)
	copy(r[:], rn.Bytes(q.n))
	copy(s[:], sn.Bytes(q.n))
	return r, s, sn.IsZero() == 0
}
