package sm2sig_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"math/big"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/emmansun/gmsm/sm2"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/sm2sig"
)

// The key and nonce of the example of GB/T 32918.5-2017, annex A.
const (
	private = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8"
	nonce   = "59276e27d506861a16680f3ad9c02dccef3cc1fa3cdbe4ce6d54b80deac1bc21"
)

func privateKey(t testing.TB, d *big.Int) *sm2.PrivateKey {
	t.Helper()
	key, err := sm2.NewPrivateKeyFromInt(d)
	require.NoError(t, err)
	return key
}

func TestQuickStandardExample(t *testing.T) {
	e := [32]byte(unhex(t, digest))
	gotR, gotS, ok := sm2sig.SignWith(privateKey(t, number(private)), [32]byte(unhex(t, nonce)), e)
	require.True(t, ok)
	require.Equal(t, unhex(t, r), gotR[:])
	require.Equal(t, unhex(t, s), gotS[:])
}

// TestQuickRefusesNonces: no signature comes of a nonce with which it would be none, or would show the key.
func TestQuickRefusesNonces(t *testing.T) {
	key := privateKey(t, number(private))
	good := number(nonce)
	x := base.times(good).x
	zeroR := new(big.Int).Sub(orderN, new(big.Int).Mod(x, orderN))    // e + x = 0
	zeroRK := new(big.Int).Mod(new(big.Int).Sub(zeroR, good), orderN) // e + x + k = 0
	rd := new(big.Int).ModInverse(number(private), orderN)            // s = 0 where k = r * d
	zeroS := new(big.Int).Sub(new(big.Int).Mul(good, rd), x)          // r = k / d = e + x
	for name, c := range map[string]struct{ k, e *big.Int }{
		"zero":       {new(big.Int), number(digest)},
		"n":          {orderN, number(digest)},
		"above n":    {new(big.Int).Add(orderN, big.NewInt(7)), number(digest)},
		"r is 0":     {good, zeroR},
		"r + k is n": {good, zeroRK},
		"s is 0":     {good, zeroS.Mod(zeroS, orderN)},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, ok := sm2sig.SignWith(key, [32]byte(c.k.FillBytes(make([]byte, 32))), [32]byte(c.e.FillBytes(make([]byte, 32))))
			require.False(t, ok)
		})
	}
}

// TestQuickExtremeNonces: nonces at the ends of the range, sparse and dense ones give the values that the formulas of the
// standard give in math/big, with a point that shares nothing with the library's.
func TestQuickExtremeNonces(t *testing.T) {
	d, e := number(private), number(digest)
	nonces := []*big.Int{big.NewInt(1), big.NewInt(2), new(big.Int).Sub(orderN, big.NewInt(2)), number(nonce)}
	for bit := uint(31); bit < 256; bit += 32 {
		one := new(big.Int).Lsh(big.NewInt(1), bit)
		nonces = append(nonces, one, new(big.Int).Sub(one, big.NewInt(1)))
	}
	for _, k := range nonces {
		r := new(big.Int).Add(e, base.times(k).x)
		s := new(big.Int).Sub(k, new(big.Int).Mul(r.Mod(r, orderN), d))
		s.Mul(s, new(big.Int).ModInverse(new(big.Int).Add(d, big.NewInt(1)), orderN)).Mod(s, orderN)
		gotR, gotS, ok := sm2sig.SignWith(privateKey(t, d), [32]byte(k.FillBytes(make([]byte, 32))), [32]byte(unhex(t, digest)))
		require.True(t, ok)
		require.Zero(t, r.Cmp(new(big.Int).SetBytes(gotR[:])))
		require.Zero(t, s.Cmp(new(big.Int).SetBytes(gotS[:])))
	}
}

// TestQuickVerifies: the keys at the ends of the range and digests of every size sign what the library verifies.
func TestQuickVerifies(t *testing.T) {
	keys := []*big.Int{big.NewInt(1), big.NewInt(2), new(big.Int).Sub(orderN, big.NewInt(2)), number(private)}
	for range 4 {
		key, err := sm2.GenerateKey(rand.Reader)
		require.NoError(t, err)
		keys = append(keys, key.D)
	}
	digests := [][32]byte{{}, {31: 1}, [32]byte(bytes.Repeat([]byte{0xff}, 32)), [32]byte(orderN.Bytes())}
	for i := range byte(8) {
		digests = append(digests, sha256.Sum256([]byte{i}))
	}
	for _, d := range keys {
		key := privateKey(t, d)
		public, err := sm2sig.FromCrypto(key.Public())
		require.NoError(t, err)
		signer := sm2sig.Quick(key)
		require.NotEqual(t, crypto.Signer(key), signer)
		require.Equal(t, key.Public(), signer.Public())
		for _, e := range digests {
			value, err := public.SignDigest(rand.Reader, signer, e)
			require.NoError(t, err)
			require.NoError(t, public.VerifyDigest(e, value))
			e[0] ^= 1
			require.ErrorIs(t, public.VerifyDigest(e, value), sm2sig.ErrSignature)
		}
	}
}

// same gives the same bytes again and again, as a source of randomness that is broken does.
type same struct{}

func (same) Read(p []byte) (int, error) { return copy(p, bytes.Repeat([]byte{7}, len(p))), nil }

// TestQuickNonces: with randomness each signature has a nonce of its own, for one digest too; without it nonces still
// differ by digest and by key, since two signatures with one nonce give the key away.
func TestQuickNonces(t *testing.T) {
	first, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	second, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	seen := map[string]bool{}
	point := func(key *sm2.PrivateKey, e [32]byte, random bool) {
		value, err := sm2sig.Quick(key).Sign(same{}, e[:], crypto.Hash(0))
		if random {
			value, err = sm2sig.Quick(key).Sign(rand.Reader, e[:], crypto.Hash(0))
		}
		require.NoError(t, err)
		r, _, err := sm2sig.ParseSignature(value)
		require.NoError(t, err)
		x := new(big.Int).Sub(new(big.Int).SetBytes(r[:]), new(big.Int).SetBytes(e[:])) // x of [k]G
		at := x.Mod(x, orderN).Text(16)
		require.False(t, seen[at], "a nonce stands twice")
		seen[at] = true
	}
	for i := range byte(20) {
		e := sha256.Sum256([]byte{i})
		point(first, e, false)
		point(second, e, false)
		point(first, sha256.Sum256(nil), true)
	}
	e := sha256.Sum256(nil)
	one, err := sm2sig.Quick(first).Sign(same{}, e[:], crypto.Hash(0))
	require.NoError(t, err)
	two, err := sm2sig.Quick(first).Sign(same{}, e[:], crypto.Hash(0))
	require.NoError(t, err)
	require.Equal(t, one, two, "one digest and the same randomness: one signature, not two with one nonce")
}

func TestQuickRefuses(t *testing.T) {
	key := privateKey(t, number(private))
	e := unhex(t, digest)
	failing := errors.New("no randomness")
	_, err := sm2sig.Quick(key).Sign(iotest.ErrReader(failing), e, crypto.Hash(0))
	require.ErrorIs(t, err, failing)
	_, err = sm2sig.Quick(key).Sign(bytes.NewReader(make([]byte, 31)), e, crypto.Hash(0))
	require.Error(t, err)
	_, err = sm2sig.Quick(key).Sign(rand.Reader, nil, crypto.Hash(0))
	require.Error(t, err)

	for name, d := range map[string]*big.Int{
		"none": nil, "zero": new(big.Int), "negative": big.NewInt(-5), "n - 1": new(big.Int).Sub(orderN, big.NewInt(1)),
		"n": orderN, "long": new(big.Int).Lsh(orderN, 8),
	} {
		t.Run(name, func(t *testing.T) {
			bad := privateKey(t, number(private))
			bad.D = d
			require.Equal(t, crypto.Signer(bad), sm2sig.Quick(bad))
		})
	}
	device := struct{ crypto.Signer }{key}
	require.Equal(t, crypto.Signer(device), sm2sig.Quick(device), "a key that is elsewhere signs there")
}

// TestQuickLeavesTheRest: what is no digest e is the library's to sign.
func TestQuickLeavesTheRest(t *testing.T) {
	key := privateKey(t, number(private))
	public, value := known(t)
	require.NoError(t, public.Verify([]byte("message digest"), value))
	value, err := sm2sig.Quick(key).Sign(rand.Reader, []byte("message digest"), sm2.DefaultSM2SignerOpts)
	require.NoError(t, err)
	require.NoError(t, public.Verify([]byte("message digest"), value))
	value, err = sm2sig.Quick(key).Sign(nil, unhex(t, digest), crypto.Hash(0))
	require.NoError(t, err)
	again, err := sm2sig.Quick(key).Sign(nil, unhex(t, digest), crypto.Hash(0))
	require.NoError(t, err)
	require.Equal(t, value, again)
}

func TestQuickTogether(t *testing.T) {
	key := privateKey(t, number(private))
	public, _ := known(t)
	signer := sm2sig.Quick(key)
	var all sync.WaitGroup
	for i := range byte(8) {
		all.Go(func() {
			for j := range byte(20) {
				value, err := public.Sign(rand.Reader, signer, []byte{i, j})
				if err != nil || public.Verify([]byte{i, j}, value) != nil {
					t.Errorf("signature %d of %d: %v", j, i, err)
				}
			}
		})
	}
	all.Wait()
}

func BenchmarkQuick(b *testing.B) {
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(b, err)
	for name, signer := range map[string]crypto.Signer{"library": key, "quick": sm2sig.Quick(key)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			e := sha256.Sum256(nil)
			for b.Loop() {
				if _, err := signer.Sign(rand.Reader, e[:], crypto.Hash(0)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
