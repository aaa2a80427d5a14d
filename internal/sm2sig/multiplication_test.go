package sm2sig_test

import (
	"crypto/ecdsa"
	"encoding/hex"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"github.com/stretchr/testify/require"
	tjfoc "github.com/tjfoc/gmsm/sm2"

	"github.com/elicense/elicense/internal/sm2sig"
)

// Optimised multiplication on the curve has gone wrong before, in one of some hundred thousand cases, and then refuses
// signatures that are valid. These tests hold the library against affine arithmetic in math/big that shares nothing
// with it, where it is most likely to fail: at the ends of the range of scalars, at sparse and dense ones, and at points
// whose coordinates have extreme words in the form the library computes with. No upgrade of the library without them.

func number(text string) *big.Int {
	n, ok := new(big.Int).SetString(text, 16)
	if !ok {
		panic("not a number: " + text)
	}
	return n
}

// The curve of GB/T 32918.5-2017.
var (
	fieldP = number("fffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffff")
	curveA = new(big.Int).Sub(fieldP, big.NewInt(3))
	curveB = number("28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93")
	orderN = number(order)
	base   = &affine{
		number("32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7"),
		number("bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0"),
	}
)

// affine is a point of the curve, nil at infinity.
type affine struct{ x, y *big.Int }

func mod(v *big.Int) *big.Int { return v.Mod(v, fieldP) }

// slope is (dy / dx) mod p.
func slope(dy, dx *big.Int) *big.Int {
	return mod(new(big.Int).Mul(dy, new(big.Int).ModInverse(mod(dx), fieldP)))
}

func (p *affine) add(q *affine) *affine {
	if p == nil {
		return q
	}
	if q == nil {
		return p
	}
	var m *big.Int
	switch {
	case p.x.Cmp(q.x) != 0:
		m = slope(new(big.Int).Sub(q.y, p.y), new(big.Int).Sub(q.x, p.x))
	case p.y.Cmp(q.y) != 0 || p.y.Sign() == 0:
		return nil
	default:
		dy := new(big.Int).Mul(p.x, p.x)
		dy.Mul(dy, big.NewInt(3)).Add(dy, curveA)
		m = slope(dy, new(big.Int).Lsh(p.y, 1))
	}
	x := new(big.Int).Mul(m, m)
	mod(x.Sub(x, p.x).Sub(x, q.x))
	y := new(big.Int).Sub(p.x, x)
	return &affine{x, mod(y.Mul(y, m).Sub(y, p.y))}
}

func (p *affine) times(k *big.Int) *affine {
	var sum *affine
	for i := k.BitLen() - 1; i >= 0; i-- {
		sum = sum.add(sum)
		if k.Bit(i) == 1 {
			sum = sum.add(p)
		}
	}
	return sum
}

// pointAt is a point with this x, nil if there is none.
func pointAt(x *big.Int) *affine {
	y := new(big.Int).Exp(x, big.NewInt(3), fieldP)
	y.Add(y, new(big.Int).Mul(curveA, x)).Add(y, curveB)
	if y.ModSqrt(mod(y), fieldP) == nil {
		return nil
	}
	return &affine{x, y}
}

func (p *affine) public() *ecdsa.PublicKey {
	return &ecdsa.PublicKey{Curve: sm2.P256(), X: p.x, Y: p.y}
}

// TestReference holds the reference itself against the standard: its key pair, and n times the base point.
func TestReference(t *testing.T) {
	d := number("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8")
	p := base.times(d)
	require.Equal(t, point, "04"+hex.EncodeToString(p.x.FillBytes(make([]byte, 32)))+
		hex.EncodeToString(p.y.FillBytes(make([]byte, 32))))
	require.Nil(t, base.times(orderN))
	require.Equal(t, pointAt(base.x).x, base.x)
}

// edges are scalars at which windows, tables and reductions have their ends.
func edges() []*big.Int {
	var out []*big.Int
	for i := range int64(20) {
		out = append(out, big.NewInt(i+1), new(big.Int).Sub(orderN, big.NewInt(i+1)))
	}
	half := new(big.Int).Rsh(orderN, 1)
	out = append(out, half, new(big.Int).Add(half, big.NewInt(1)))
	for _, bit := range []uint{5, 6, 7, 31, 32, 63, 64, 65, 127, 128, 191, 192, 252, 253, 254, 255} {
		power := new(big.Int).Lsh(big.NewInt(1), bit)
		out = append(out, power, new(big.Int).Sub(power, big.NewInt(1)), new(big.Int).Sub(orderN, power))
	}
	for _, text := range []string{ // runs of ones and zeros, words at their ends
		"00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff",
		"ffffffff00000000ffffffff00000000ffffffff00000000ffffffff00000000",
		"0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff",
		"7fffffffffffffff8000000000000000ffffffffffffffff0000000000000001",
		"5555555555555555555555555555555555555555555555555555555555555555",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	} {
		out = append(out, new(big.Int).Mod(number(text), orderN))
	}
	return out
}

// source is deterministic, so that a failure can be seen again.
func source(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 560)) }

func below(r *rand.Rand, n *big.Int) *big.Int {
	var b [40]byte
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	v := new(big.Int).SetBytes(b[:])
	return v.Mod(v, n)
}

// scalars are the edges, sparse ones and random ones.
func scalars(r *rand.Rand, n int) []*big.Int {
	out := edges()
	for range n {
		sparse := new(big.Int)
		for range 1 + r.IntN(4) {
			sparse.SetBit(sparse, r.IntN(255), 1)
		}
		out = append(out, sparse, below(r, orderN))
	}
	return slices.DeleteFunc(out, func(k *big.Int) bool { return k.Sign() == 0 })
}

// words are what makes carries in 64-bit arithmetic.
var words = []uint64{0, 1, 1<<32 - 1, 1 << 32, 1<<63 - 1, 1 << 63, 1<<64 - 1, 1<<64 - 1<<32, 1<<64 - 2}

// extremePoints have an x or y whose Montgomery form (times 2^256 mod p) is made of such words.
func extremePoints(r *rand.Rand, n int) []*affine {
	inverse := new(big.Int).ModInverse(mod(new(big.Int).Lsh(big.NewInt(1), 256)), fieldP)
	var out []*affine
	for len(out) < n {
		v := new(big.Int)
		for range 4 {
			v.Lsh(v, 64).Or(v, new(big.Int).SetUint64(words[r.IntN(len(words))]))
		}
		if p := pointAt(mod(v.Mul(v, inverse))); p != nil && p.y.Sign() != 0 {
			out = append(out, p)
		}
	}
	return out
}

// verifies makes a valid signature for the scalars s and t of s·G + t·P, whoever knows the private key of P, and has it
// verified: r = t - s and e = r - x, all modulo n (GB/T 32918.2-2016, 7.1).
func verifies(t *testing.T, p *affine, s, k *big.Int) {
	t.Helper()
	sum := base.times(s).add(p.times(k))
	r := new(big.Int).Sub(k, s)
	if r.Mod(r, orderN).Sign() == 0 || sum == nil {
		return // no signature has these scalars
	}
	e := new(big.Int).Sub(r, sum.x)
	e.Mod(e, orderN)
	der, err := sm2sig.AppendSignature(nil, fixed(r), fixed(s))
	require.NoError(t, err)
	digest := fixed(e)
	where := fmt.Sprintf("P = (%x, %x), s = %x, t = %x", p.x, p.y, s, k)
	require.True(t, sm2.VerifyASN1(p.public(), digest[:], der), where)
	digest[31] ^= 1
	require.False(t, sm2.VerifyASN1(p.public(), digest[:], der), where)
}

func fixed(v *big.Int) (out [32]byte) {
	v.FillBytes(out[:])
	return out
}

func amount(short, long int) int {
	if testing.Short() {
		return short
	}
	return long
}

// Verification, s·G + t·P, agrees with the reference (A55, self-test).
func TestMultiplicationWhenVerifying(t *testing.T) {
	t.Parallel()
	r := source(1)
	list := scalars(r, amount(5, 200))
	random := base.times(below(r, orderN))
	for i, s := range list {
		verifies(t, random, s, list[len(list)-1-i])
		verifies(t, base, s, new(big.Int).Mod(new(big.Int).Lsh(s, 1), orderN))
	}
	small := []*big.Int{big.NewInt(1), big.NewInt(2), big.NewInt(3), new(big.Int).Sub(orderN, big.NewInt(1))}
	for i, p := range extremePoints(r, amount(20, 400)) {
		verifies(t, p, list[i%len(list)], small[i%len(small)])
		verifies(t, p, below(r, orderN), below(r, orderN))
	}
}

// Multiplication of the base point, as when keys are made and signatures, agrees with the reference.
func TestMultiplicationOfBase(t *testing.T) {
	t.Parallel()
	for _, k := range scalars(source(2), amount(10, 300)) {
		if k.Cmp(new(big.Int).Sub(orderN, big.NewInt(1))) >= 0 {
			continue // no private key
		}
		key, err := sm2.NewPrivateKeyFromInt(k)
		require.NoError(t, err, "%x", k)
		want := base.times(k)
		require.Equal(t, want.x, key.X, "%x", k)
		require.Equal(t, want.y, key.Y, "%x", k)
	}
}

// Multiplication of any point, as when decrypting, agrees with the reference.
func TestMultiplicationOfPoint(t *testing.T) {
	t.Parallel()
	r := source(3)
	list := scalars(r, amount(5, 200))
	for i, p := range extremePoints(r, amount(10, 200)) {
		k := list[i%len(list)]
		x, y := sm2.P256().ScalarMult(p.x, p.y, k.Bytes()) //nolint:staticcheck // the subject of the test
		want := p.times(k)
		require.Equal(t, want.x, x, "x = %x, k = %x", p.x, k)
		require.Equal(t, want.y, y, "x = %x, k = %x", p.x, k)
	}
}

// TestSignatureThatFailed is a valid signature that several versions of the library refused: a carry of the flag
// register ran into a multiplication of field elements. The digest e is zero.
func TestSignatureThatFailed(t *testing.T) {
	p := &affine{
		number("ef4de57af00ae424c00c4caadff7193f804a19dd73a7e2954db9d0d15ab4cbba"),
		number("67728c3f4572878b7a674735da9fde1682fe2d9e0799c4a5cde57e3d473039a2"),
	}
	rValue := number("be0ea64e1ec06f0d247093f3ccbbadcfb6260224272f86ddb78326e7cd6c7560")
	sValue := number("e9f6ab2fcc48a2cef94838e66b5c7e21fd8e4de25990dd98ca5243f4966f2853")
	sum := base.times(sValue).add(p.times(new(big.Int).Mod(new(big.Int).Add(rValue, sValue), orderN)))
	require.Equal(t, rValue, new(big.Int).Mod(sum.x, orderN), "the reference says valid")
	der, err := sm2sig.AppendSignature(nil, fixed(rValue), fixed(sValue))
	require.NoError(t, err)
	require.True(t, sm2.VerifyASN1(p.public(), make([]byte, 32), der))
}

// The second implementation agrees with the reference too, but for one scalar: at n-6 its addition of equal or opposite
// points goes wrong. It is asked for a second opinion alone, where a valid signature with that scalar, which only its
// signer could make, is then told as a disagreement and never as valid.
func TestMultiplicationOfTheSecond(t *testing.T) {
	t.Parallel()
	r := source(4)
	wrong := new(big.Int).Sub(orderN, big.NewInt(6))
	points := append(extremePoints(r, amount(1, 4)), base.times(below(r, orderN)))
	for _, k := range scalars(r, 5) {
		for _, p := range points {
			x, y := tjfoc.P256Sm2().ScalarMult(p.x, p.y, k.Bytes()) //nolint:staticcheck // the subject of the test
			want := p.times(k)
			if k.Cmp(wrong) == 0 {
				require.NotEqual(t, want.x, x, "the exception is no longer needed")
				continue
			}
			require.Equal(t, want.x, x, "x = %x, k = %x", p.x, k)
			require.Equal(t, want.y, y, "x = %x, k = %x", p.x, k)
		}
	}
}
