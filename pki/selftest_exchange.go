package pki

import (
	"encoding/hex"
	"math/big"

	"github.com/emmansun/gmsm/ecdh"
	tjfoc "github.com/tjfoc/gmsm/sm2"
)

// Known answers of GB/T 32918.5-2017, annex B: the key exchange (密钥交换) of GB/T 32918.3 between two people with the
// default identifier.
const (
	exchangeA      = "81eb26e941bb5af16df116495f90695272ae2cd63d6c4ae1678418be48230029"
	exchangeB      = "785129917d45a9ea5437a59356b82338eaadda6ceb199088f14ae10defa229b5"
	exchangeOnceA  = "d4de15474db74d06491c440d305e012400990f3e390c7e87153c12db2ea60bb3"
	exchangeOnceB  = "7e07124814b309489125eaed101113164ebf0f3458c5bd88335c1f9d596243d6"
	exchangeShared = "6c89347354de2484c60b4ab1fde4c6e5"
	exchangeID     = "1234567812345678"
)

// testExchange wants the shared key of the standard from both sides of both implementations, and another one from a
// key that is not the other side's.
func testExchange() bool {
	return firstExchange(exchangeA, exchangeOnceA, exchangeB, exchangeOnceB, false) == exchangeShared &&
		firstExchange(exchangeB, exchangeOnceB, exchangeA, exchangeOnceA, true) == exchangeShared &&
		secondExchange(tjfoc.KeyExchangeA, exchangeA, exchangeOnceA, exchangeB, exchangeOnceB) == exchangeShared &&
		secondExchange(tjfoc.KeyExchangeB, exchangeB, exchangeOnceB, exchangeA, exchangeOnceA) == exchangeShared &&
		firstExchange(exchangeA, exchangeOnceA, knownD, exchangeOnceB, false) != exchangeShared
}

// firstExchange is one side's shared key by the first implementation, from the secrets of both; empty if there is none.
func firstExchange(own, ownOnce, other, otherOnce string, responder bool) string {
	var keys [4]*ecdh.PrivateKey
	for i, d := range []string{own, ownOnce, other, otherOnce} {
		var err error
		if keys[i], err = ecdh.P256().NewPrivateKey(fromHex(d)); err != nil {
			return ""
		}
	}
	point, err := keys[0].SM2MQV(keys[1], keys[2].PublicKey(), keys[3].PublicKey())
	if err != nil {
		return ""
	}
	id, size := []byte(exchangeID), len(exchangeShared)/2
	shared, err := point.SM2SharedKey(responder, size, keys[0].PublicKey(), keys[2].PublicKey(), id, id)
	if err != nil {
		return ""
	}
	return hex.EncodeToString(shared)
}

type exchange func(size int, a, b []byte, own *tjfoc.PrivateKey, other *tjfoc.PublicKey, ownOnce *tjfoc.PrivateKey,
	otherOnce *tjfoc.PublicKey) (shared, s1, s2 []byte, err error)

// secondExchange is likewise by the second implementation.
func secondExchange(side exchange, own, ownOnce, other, otherOnce string) string {
	id := []byte(exchangeID)
	shared, _, _, err := side(len(exchangeShared)/2, id, id, secondKeyOf(own), &secondKeyOf(other).PublicKey,
		secondKeyOf(ownOnce), &secondKeyOf(otherOnce).PublicKey)
	if err != nil {
		return ""
	}
	return hex.EncodeToString(shared)
}

func secondKeyOf(d string) *tjfoc.PrivateKey {
	private := new(tjfoc.PrivateKey)
	private.Curve = tjfoc.P256Sm2()
	private.D = new(big.Int).SetBytes(fromHex(d))
	private.X, private.Y = private.ScalarBaseMult(private.D.Bytes())
	return private
}
