package sealed_test

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/sm4"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine/enginetest"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/internal/engine/sealed"
)

// gcm is SM4-GCM under the first 16 bytes of HMAC-SM3(secret, message).
func gcm(t *testing.T, secret, message string) cipher.AEAD {
	t.Helper()
	key := reference(secret, []byte(message))
	block, err := sm4.NewCipher(key[:16])
	require.NoError(t, err)
	aead, err := cipher.NewGCM(block)
	require.NoError(t, err)
	return aead
}

// keyring writes a keyring as docs/formats.md section 7 says.
func keyring(t *testing.T, version byte, keys string) string {
	t.Helper()
	salt, nonce := strings.Repeat("s", 16), strings.Repeat("n", 12)
	sealedKeys := gcm(t, string(master[:]), "elicense keyring v1"+salt).Seal(nil, []byte(nonce), []byte(keys),
		append([]byte(keyringKey), version))
	return string([]byte{version}) + salt + nonce + string(sealedKeys)
}

// sealedValue writes a value as docs/formats.md section 7 says.
func sealedValue(t *testing.T, number byte, dataKey, key, value string) string {
	t.Helper()
	head := "sessions" + string(binary.BigEndian.AppendUint64(nil, 5))
	nonce := make([]byte, 4, 12)
	nonce = append(nonce, head[8:]...)
	body := gcm(t, dataKey, "elicense sealed value v1sessions").Seal(nil, nonce, []byte(value), []byte(key))
	return string([]byte{number}) + head + string(body)
}

// TestDocumentedFormat: what is written by hand as the page of formats says is read, in both versions of the keyring;
// version 1 is that of directories whose data key was never renewed.
func TestDocumentedFormat(t *testing.T) {
	first, second := strings.Repeat("d", 32), strings.Repeat("e", 32)
	token, blobs := strings.Repeat("t", 32), strings.Repeat("b", 32)
	inner := memory.New()
	enginetest.Set(t, inner, keyringKey, keyring(t, 1, first+token+blobs))
	enginetest.Set(t, inner, "k", sealedValue(t, 1, first, "k", "value"))
	v, ok := enginetest.Value(t, lay(t, inner), "k")
	require.True(t, ok)
	require.Equal(t, "value", v)

	inner = memory.New()
	enginetest.Set(t, inner, keyringKey, keyring(t, 2, token+blobs+"\x01"+first+"\x07"+second))
	enginetest.Set(t, inner, "k", sealedValue(t, 1, first, "k", "value"))
	enginetest.Set(t, inner, "l", sealedValue(t, 7, second, "l", "later"))
	e := lay(t, inner)
	for key, want := range map[string]string{"k": "value", "l": "later"} {
		v, _ := enginetest.Value(t, e, key)
		require.Equal(t, want, v)
	}
	require.Equal(t, fixed(t).Token("d", []byte("x")), e.Keys().Token("d", []byte("x")))
	require.NoError(t, e.NewDataKey(t.Context(), master))
	enginetest.Set(t, e, "m", "newest")
	stored, _ := enginetest.Value(t, inner, "m")
	require.Equal(t, byte(8), stored[0])
	keys, err := sealed.OpenKeyring(t.Context(), inner, master)
	require.NoError(t, err)
	require.Equal(t, 3, keys.DataKeys())
	_, err = sealed.CreateKeyring(t.Context(), inner, master, rand.Reader)
	require.ErrorIs(t, err, sealed.ErrKeyring)
}
