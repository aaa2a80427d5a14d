package sealed_test

import (
	"crypto/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine/sealed"
)

// TestMessage: a message opens for who has the same master key and speaks of the same thing, and for nobody else.
func TestMessage(t *testing.T) {
	t.Parallel()
	master, other := sealed.Master{1}, sealed.Master{2}
	for _, message := range [][]byte{nil, []byte("new key")} {
		text, err := master.SealMessage(message, []byte("about"), rand.Reader)
		require.NoError(t, err)
		got, err := master.OpenMessage(text, []byte("about"))
		require.NoError(t, err)
		require.Equal(t, string(message), string(got))
		_, err = other.OpenMessage(text, []byte("about"))
		require.ErrorIs(t, err, sealed.ErrWrongMaster)
		_, err = master.OpenMessage(text, []byte("something else"))
		require.ErrorIs(t, err, sealed.ErrWrongMaster)
		for i := range text {
			changed := append([]byte(nil), text...)
			changed[i] ^= 1
			got, err = master.OpenMessage(changed, []byte("about"))
			require.ErrorIs(t, err, sealed.ErrWrongMaster)
			require.Nil(t, got)
		}
		for n := range text {
			_, err = master.OpenMessage(text[:n], []byte("about"))
			require.ErrorIs(t, err, sealed.ErrWrongMaster)
		}
	}
}
