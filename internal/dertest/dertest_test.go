package dertest_test

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/dertest"
)

func TestPrimitives(t *testing.T) {
	t.Parallel()
	// SEQUENCE { INTEGER 5, OCTET STRING { SEQUENCE { NULL } }, [1] "ab", BIT STRING { BOOLEAN }, UTCTime "9Z", BOOLEAN TRUE }
	der, err := hex.DecodeString("301a020105040430020500810261620304000101ff1702395a0101ff")
	require.NoError(t, err)
	altered, err := dertest.Primitives(der)
	require.NoError(t, err)
	want := map[string]string{
		"0.0 INTEGER":    "301a020104040430020500810261620304000101ff1702395a0101ff",
		"0.1.0.0 NULL":   "301a020105040430021500810261620304000101ff1702395a0101ff",
		"0.2 tag 0x81":   "301a020105040430020500810261630304000101ff1702395a0101ff",
		"0.3 BIT STRING": "301a020105040430020500810261620304000101fe1702395a0101ff",
		"0.5 BOOLEAN":    "301a020105040430020500810261620304000101ff1702395a010100",
		"0.4 UTCTime":    "301a020105040430020500810261620304000101ff1702385a0101ff",
	}
	require.Len(t, altered, len(want))
	for _, a := range altered {
		require.Equal(t, want[a.Path], hex.EncodeToString(a.DER), a.Path)
	}
	_, err = dertest.Primitives(der[:len(der)-1])
	require.Error(t, err)
}
