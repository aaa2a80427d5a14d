package server_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/server"
)

// TestBases: every basis belongs to a code that there is, and to each code only one.
func TestBases(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, c := range server.Codes() {
		known[c.Code] = true
	}
	seen := map[string]bool{}
	for basis, codes := range server.BasisCodes() {
		require.NotEmpty(t, basis)
		for _, code := range codes {
			require.True(t, known[code], "%s: there is no code %s", basis, code)
			require.False(t, seen[code], "%s has two bases", code)
			seen[code] = true
		}
	}
	require.NotEmpty(t, seen)
}
