package envelope_test

import (
	"encoding/hex"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/envelope"
)

// Row A55: OpenSSL, which knows no SM2EnvelopedKey, opens its two parts with its SM2 and its SM4-ECB.
func TestStockToolsOpenEnvelope_A55(t *testing.T) {
	t.Parallel()
	tools := os.Getenv("ELICENSE_CHECKERS_DIR")
	if tools == "" {
		t.Skip("ELICENSE_CHECKERS_DIR is not set: no independent programs to check against")
	}
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, content, 0o600))
		return path
	}
	openssl := func(args ...string) []byte {
		out, err := exec.CommandContext(t.Context(), filepath.Join(tools, "gmopenssl"), args...).Output()
		require.NoError(t, err, args[0])
		return out
	}
	der, pair, recipient := sealed(t)
	k, err := envelope.ParseKey(der)
	require.NoError(t, err)
	plain, err := smx509.MarshalPKCS8PrivateKey(recipient)
	require.NoError(t, err)
	key := file("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: plain}))

	secret := openssl("pkeyutl", "-decrypt", "-inkey", key, "-in", file("wrapped", k.Wrapped))
	require.Len(t, secret, 16)
	d := openssl("enc", "-d", "-sm4-ecb", "-nopad", "-K", hex.EncodeToString(secret), "-in", file("d", k.Encrypted[:]))
	want := private(pair)
	require.Equal(t, want[:], d)

	// And the other way round: what OpenSSL encrypts is read here.
	public, err := smx509.MarshalPKIXPublicKey(recipient.Public())
	require.NoError(t, err)
	to := file("public.pem", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))
	foreign := openssl("pkeyutl", "-encrypt", "-pubin", "-inkey", to, "-in", file("plain", secret))
	got, err := envelope.Decrypt(recipient, foreign)
	require.NoError(t, err)
	require.Equal(t, secret, got)
}
