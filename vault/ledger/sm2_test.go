package ledger_test

import (
	"crypto/rand"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/sm2note"
	"github.com/elicense/elicense/vault/ledger"
)

// TestSM2Checkpoint signs and verifies with SM2 note keys, and flips every bit.
func TestSM2Checkpoint(t *testing.T) {
	private, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	signer, err := sm2note.NewSigner(origin, private, rand.Reader)
	require.NoError(t, err)
	verifier, err := sm2note.ParseVerifier(signer.Verifier().String())
	require.NoError(t, err)
	msg, err := ledger.SignCheckpoint(sample(), signer)
	require.NoError(t, err)
	got, err := ledger.ParseCheckpoint(msg, verifier)
	require.NoError(t, err)
	require.Equal(t, sample(), got.Checkpoint)
	for i := range msg {
		for bit := range 8 {
			bad := append([]byte(nil), msg...)
			bad[i] ^= 1 << bit
			_, err := ledger.ParseCheckpoint(bad, verifier)
			require.Error(t, err, "byte %d bit %d", i, bit)
		}
	}
}
