package pki_test

import (
	"encoding/hex"
	"testing"

	"github.com/emmansun/gmsm/sm4"
	"github.com/stretchr/testify/require"
	tjfocsm4 "github.com/tjfoc/gmsm/sm4"

	"github.com/elicense/elicense/pki"
)

func TestSelfTest(t *testing.T) {
	require.NoError(t, pki.SelfTest())
	results := pki.SelfTestResults()
	names := map[string]bool{}
	for _, r := range results {
		require.True(t, r.OK, r.Test)
		names[r.Test] = true
	}
	require.Len(t, names, 13)
}

func TestSelfTestFails(t *testing.T) {
	require.NoError(t, pki.CheckSelfTest([]pki.SelfTestResult{{Test: "a", OK: true}}))
	err := pki.CheckSelfTest([]pki.SelfTestResult{{Test: "a", OK: true}, {Test: "b"}})
	require.ErrorIs(t, err, pki.ErrSelfTest)
	require.ErrorContains(t, err, "b")
	require.ErrorIs(t, pki.CheckSelfTest(nil), pki.ErrSelfTest, "nothing tested is nothing passed")
	require.True(t, pki.Succeeds(func() bool { return true }))
	require.False(t, pki.Succeeds(func() bool { return false }))
	require.False(t, pki.Succeeds(func() bool { panic("broken") }))
}

// The second known answer of GB/T 32907-2016, annex A.2: a million encryptions.
func TestSM4MillionRounds(t *testing.T) {
	key, err := hex.DecodeString("0123456789abcdeffedcba9876543210")
	require.NoError(t, err)
	first, err := sm4.NewCipher(key)
	require.NoError(t, err)
	second, err := tjfocsm4.NewCipher(key)
	require.NoError(t, err)
	a, b := append([]byte(nil), key...), append([]byte(nil), key...)
	for range 1_000_000 {
		first.Encrypt(a, a)
		second.Encrypt(b, b)
	}
	require.Equal(t, "595298c7c6fd271f0402f804c33d3f66", hex.EncodeToString(a))
	require.Equal(t, a, b)
}
