package dertest_test

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/dertest"
)

func TestPrimitives(t *testing.T) {
	t.Parallel()
	// SEQUENCE { INTEGER 5, OCTET STRING { SEQUENCE { NULL } }, [1] "ab", BIT STRING { BOOLEAN }, UTCTime "9Z" }
	der, err := hex.DecodeString("3017020105040430020500810261620304000101ff1702395a")
	require.NoError(t, err)
	altered, err := dertest.Primitives(der)
	require.NoError(t, err)
	want := map[string]string{
		"0.0 INTEGER":    "3017020104040430020500810261620304000101ff1702395a",
		"0.1.0.0 NULL":   "3017020105040430021500810261620304000101ff1702395a",
		"0.2 tag 0x81":   "3017020105040430020500810261630304000101ff1702395a",
		"0.3 BIT STRING": "3017020105040430020500810261620304000101fe1702395a",
		"0.4 UTCTime":    "3017020105040430020500810261620304000101ff1702385a",
	}
	require.Len(t, altered, len(want))
	for _, a := range altered {
		require.Equal(t, want[a.Path], hex.EncodeToString(a.DER), a.Path)
	}
	_, err = dertest.Primitives(der[:len(der)-1])
	require.Error(t, err)
}
