package sm2note_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/elicense/elicense/internal/sm2note"
	"github.com/elicense/elicense/internal/sm2sig"
)

const origin = "vault.example.gov.cn/ledger"

func newSigner(t testing.TB) *sm2note.Signer {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	s, err := sm2note.NewSigner(origin, key, rand.Reader)
	require.NoError(t, err)
	return s
}

func TestSignAndOpen(t *testing.T) {
	s, other := newSigner(t), newSigner(t)
	signed, err := note.Sign(&note.Note{Text: origin + "\n42\nroot\n"}, s, other)
	require.NoError(t, err)
	v, err := sm2note.ParseVerifier(s.Verifier().String())
	require.NoError(t, err)
	require.Equal(t, s.KeyHash(), v.KeyHash())
	require.Equal(t, s.Name(), v.Name())
	n, err := note.Open(signed, note.VerifierList(v))
	require.NoError(t, err)
	require.Len(t, n.Sigs, 1)
	require.Len(t, n.UnverifiedSigs, 1)

	changed := strings.Replace(string(signed), "42", "43", 1)
	_, err = note.Open([]byte(changed), note.VerifierList(v))
	var wrong *note.InvalidSignatureError
	require.ErrorAs(t, err, &wrong)
}

// The key hash and the key text are what the package comment says.
func TestKeyText(t *testing.T) {
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	public, err := sm2sig.FromCrypto(key.Public())
	require.NoError(t, err)
	material := append([]byte("\xffelicense.sm2"), public.Point()...)
	sum := sha256.Sum256(append([]byte(origin+"\n"), material...))
	v, err := sm2note.NewVerifier(origin, public.Point())
	require.NoError(t, err)
	require.Equal(t, binary.BigEndian.Uint32(sum[:]), v.KeyHash())
	parts := strings.Split(v.String(), "+")
	require.Equal(t, origin, parts[0])
	require.Equal(t, base64.StdEncoding.EncodeToString(material), strings.Join(parts[2:], "+"))
}

func TestRefusals(t *testing.T) {
	good := newSigner(t).Verifier().String()
	for name, text := range map[string]string{
		"empty": "", "name only": origin, "no key": origin + "+00000000", "too long": strings.Repeat("x", 2000),
		"other hash": origin + "+00000000" + good[strings.Index(good, "+")+9:], "other name": "x" + good,
		"cut": good[:len(good)-4], "other algorithm": origin + "+00000000+AQ==", "line break": good + "\n",
	} {
		v, err := sm2note.ParseVerifier(text)
		require.ErrorIs(t, err, sm2note.ErrKey, name)
		require.Nil(t, v, name)
	}
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	for _, name := range []string{"", "a b", "a+b", "a\nb", "\xff", "a\u3000b", "\x07", strings.Repeat("x", 256)} {
		_, err := sm2note.NewSigner(name, key, rand.Reader)
		require.ErrorIs(t, err, sm2note.ErrKey, "%q", name)
	}
	_, err = sm2note.NewSigner(origin, key, nil)
	require.ErrorIs(t, err, sm2note.ErrKey)
	_, err = sm2note.NewSigner(origin, nil, rand.Reader)
	require.ErrorIs(t, err, sm2note.ErrKey)
	_, err = sm2note.NewVerifier(origin, make([]byte, 65))
	require.ErrorIs(t, err, sm2note.ErrKey)
}

func FuzzParseVerifier(f *testing.F) {
	f.Add(newSigner(f).Verifier().String())
	f.Fuzz(func(t *testing.T, text string) {
		v, err := sm2note.ParseVerifier(text)
		if err != nil {
			require.Nil(t, v)
			return
		}
		require.Equal(t, text, v.String())
	})
}
