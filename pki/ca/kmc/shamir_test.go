package kmc_test

import (
	"bytes"
	"crypto/rand"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/elicense/elicense/pki/ca/kmc"
)

// The field is the one of FIPS 197: its worked products, and every inverse.
func TestField(t *testing.T) {
	t.Parallel()
	require.Equal(t, byte(0xc1), kmc.Mul(0x57, 0x83))
	require.Equal(t, byte(0xfe), kmc.Mul(0x57, 0x13))
	require.Equal(t, byte(0x8e), kmc.Mul(0x57, 0x08))
	for a := 1; a < 256; a++ {
		require.Equal(t, byte(1), kmc.Mul(byte(a), kmc.Inverse(byte(a))), a)
	}
}

func TestAnyThresholdOfShares(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, kmc.MaxCustodians).Draw(t, "n")
		k := rapid.IntRange(2, n).Draw(t, "k")
		var secret [kmc.SecretSize]byte
		copy(secret[:], rapid.SliceOfN(rapid.Byte(), len(secret), len(secret)).Draw(t, "secret"))
		points, err := kmc.Split(rand.Reader, secret, k, n)
		require.NoError(t, err)
		order := rapid.Permutation(points).Draw(t, "order")
		got, ok := kmc.Combine(order[:k])
		require.True(t, ok)
		require.Equal(t, secret, got)
		got, ok = kmc.Combine(order)
		require.True(t, ok, "more than enough fit too")
		require.Equal(t, secret, got)
	})
}

// Perfect secrecy, shown by construction: whatever one share of a threshold of two is, every secret has exactly one
// other share at each place that would make the two combine to it.
func TestOneShareFitsEverySecret(t *testing.T) {
	t.Parallel()
	points, err := kmc.Split(rand.Reader, [kmc.SecretSize]byte{7}, 2, 3)
	require.NoError(t, err)
	found := map[byte]int{}
	for y := range 256 {
		other := kmc.NewPoint(2, [kmc.SecretSize]byte{byte(y)})
		secret, ok := kmc.Combine([]kmc.Point{points[0], other})
		require.True(t, ok)
		found[secret[0]]++
	}
	require.Len(t, found, 256)
}

func TestCombineRefuses(t *testing.T) {
	t.Parallel()
	points, err := kmc.Split(rand.Reader, [kmc.SecretSize]byte{1}, 2, 3)
	require.NoError(t, err)
	for name, bad := range map[string][]kmc.Point{
		"none": nil, "twice the same": {points[0], points[0]}, "the secret's own place": {points[0], kmc.NewPoint(0, [16]byte{})},
	} {
		secret, ok := kmc.Combine(bad)
		require.False(t, ok, name)
		require.Zero(t, secret, name)
	}
	one, ok := kmc.Combine(points[:1])
	require.True(t, ok)
	require.NotEqual(t, [kmc.SecretSize]byte{1}, one, "one share says nothing")
	_, err = kmc.Split(bytes.NewReader(make([]byte, 15)), [kmc.SecretSize]byte{}, 2, 3)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}
