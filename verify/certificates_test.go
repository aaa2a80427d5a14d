package verify_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/verify"
)

// TestCertificateCache: a certificate is read once, by all of its bytes; what is refused is refused again, and whoever
// sends many certificates fills no memory.
func TestCertificateCache(t *testing.T) {
	w := newWorld(t)
	der := w.enrol(ca.ProfileDepartment, fixtures.Departments()[0]).chain[0].Raw
	parse, kept := verify.NewCertificateCache()
	first, err := parse(der)
	require.NoError(t, err)
	again, err := parse(bytes.Clone(der))
	require.NoError(t, err)
	require.Same(t, first, again)
	require.Equal(t, 1, kept())

	changed := bytes.Clone(der)
	changed[len(changed)-1] ^= 1
	other, err := parse(changed)
	require.NoError(t, err)
	require.Equal(t, changed, other.Raw)
	require.Equal(t, 2, kept())

	for range 2 {
		c, err := parse(der[:len(der)-1])
		require.Error(t, err)
		require.Nil(t, c)
	}
	require.Equal(t, 2, kept())
	for i := range 3 * verify.MaxKeptCertificates {
		changed[len(changed)-1], changed[len(changed)-2] = byte(i), byte(i>>8)
		_, err := parse(changed)
		require.NoError(t, err)
	}
	require.LessOrEqual(t, kept(), verify.MaxKeptCertificates)
}
