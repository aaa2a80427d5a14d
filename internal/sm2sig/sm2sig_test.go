package sm2sig_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"math/big"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/sm2sig"
)

// The example of GB/T 32918.5-2017, annex A, with the default signer identifier.
const (
	point = "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020" +
		"ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
	digest = "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640"
	r      = "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
	s      = "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
	order  = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123"
)

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	require.NoError(t, err)
	return b
}

func known(t testing.TB) (*sm2sig.PublicKey, []byte) {
	t.Helper()
	key, err := sm2sig.ParsePublicKey(unhex(t, point))
	require.NoError(t, err)
	value, err := sm2sig.AppendSignature(nil, [32]byte(unhex(t, r)), [32]byte(unhex(t, s)))
	require.NoError(t, err)
	return key, value
}

func TestStandardExample(t *testing.T) {
	key, value := known(t)
	e := key.Digest([]byte("message digest"))
	require.Equal(t, digest, hex.EncodeToString(e[:]))
	require.NoError(t, key.Verify([]byte("message digest"), value))
	require.ErrorIs(t, key.Verify([]byte("message digesT"), value), sm2sig.ErrSignature)
	require.Equal(t, unhex(t, point), key.Point())
}

func TestPublicKeyRefuses(t *testing.T) {
	good := unhex(t, point)
	offCurve := bytes.Clone(good)
	offCurve[64] ^= 1
	for name, b := range map[string][]byte{
		"nothing": nil, "infinity": {0}, "compressed": append([]byte{2}, good[1:33]...), "off the curve": offCurve,
		"too long":       append(bytes.Clone(good), 0),
		"field overflow": append([]byte{4}, bytes.Repeat([]byte{0xff}, 64)...),
	} {
		key, err := sm2sig.ParsePublicKey(b)
		require.ErrorIs(t, err, sm2sig.ErrKey, name)
		require.Nil(t, key, name)
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	for name, k := range map[string]crypto.PublicKey{
		"nil": nil, "P-256": &p256.PublicKey, "string": "key", "nil key": (*sm2sig.PublicKey)(nil),
		"nil ECDSA": (*ecdsa.PublicKey)(nil), "no coordinates": &ecdsa.PublicKey{Curve: sm2.P256()},
		"negative": &ecdsa.PublicKey{Curve: sm2.P256(), X: big.NewInt(-1), Y: big.NewInt(1)},
		"too big":  &ecdsa.PublicKey{Curve: sm2.P256(), X: new(big.Int).Lsh(big.NewInt(1), 256), Y: big.NewInt(1)},
	} {
		key, err := sm2sig.FromCrypto(k)
		require.ErrorIs(t, err, sm2sig.ErrKey, name)
		require.Nil(t, key, name)
	}
	key, _ := known(t)
	same, err := sm2sig.FromCrypto(key)
	require.NoError(t, err)
	require.True(t, key.Equal(same))
	require.False(t, key.Equal(nil))
}

func TestSignatureRefuses(t *testing.T) {
	key, value := known(t)
	n := unhex(t, order)
	long := func(b []byte) []byte { return append([]byte{2, 33, 0}, b...) }
	sequence := func(parts ...[]byte) []byte {
		body := bytes.Join(parts, nil)
		return append([]byte{0x30, byte(len(body))}, body...)
	}
	one := []byte{2, 1, 1}
	for name, b := range map[string][]byte{
		"nothing": nil, "r = 0": sequence([]byte{2, 1, 0}, one), "s = 0": sequence(one, []byte{2, 1, 0}),
		"r = n": sequence(long(n), one), "s = n": sequence(one, long(n)),
		"negative": sequence([]byte{2, 1, 0xff}, one), "padded": sequence([]byte{2, 2, 0, 1}, one),
		"padded high":   sequence(append([]byte{2, 34, 0}, append([]byte{0}, unhex(t, r)...)...), one),
		"empty integer": sequence([]byte{2, 0}, one), "one integer": sequence(one), "three": sequence(one, one, one),
		"bytes after": append(bytes.Clone(value), 0), "cut": value[:len(value)-1],
		"long length": append([]byte{0x30, 0x81, byte(len(value) - 2)}, value[2:]...),
		"indefinite":  append(append([]byte{0x30, 0x80}, value[2:]...), 0, 0),
		"33 octets":   sequence(append([]byte{2, 33, 1}, n...), one),
	} {
		require.ErrorIs(t, sm2sig.CheckSignature(b), sm2sig.ErrEncoding, name)
		require.ErrorIs(t, key.Verify([]byte("message digest"), b), sm2sig.ErrEncoding, name)
	}
	_, err := sm2sig.AppendSignature(nil, [32]byte{}, [32]byte{1})
	require.ErrorIs(t, err, sm2sig.ErrEncoding)
	_, err = sm2sig.AppendSignature(nil, [32]byte{1}, [32]byte(n))
	require.ErrorIs(t, err, sm2sig.ErrEncoding)
}

// brokenKey answers with what it was told.
type brokenKey struct {
	crypto.Signer
	value []byte
	err   error
}

func (b brokenKey) Sign(_ io.Reader, e []byte, o crypto.SignerOpts) ([]byte, error) {
	if len(e) != sm2sig.DigestSize || o.HashFunc() != 0 {
		return nil, errors.New("not the digest that was promised")
	}
	return b.value, b.err
}

func TestSign(t *testing.T) {
	private, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	key, err := sm2sig.FromCrypto(private.Public())
	require.NoError(t, err)
	value, err := key.Sign(rand.Reader, private, []byte("m"))
	require.NoError(t, err)
	require.NoError(t, key.Verify([]byte("m"), value))
	_, err = key.Sign(rand.Reader, brokenKey{value: []byte{1}}, []byte("m"))
	require.ErrorIs(t, err, sm2sig.ErrEncoding)
	_, err = key.Sign(rand.Reader, brokenKey{err: io.ErrUnexpectedEOF}, []byte("m"))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

func FuzzParseSignature(f *testing.F) {
	_, value := known(f)
	f.Add(value)
	f.Add([]byte{0x30, 6, 2, 1, 1, 2, 1, 1})
	f.Fuzz(func(t *testing.T, der []byte) {
		r, s, err := sm2sig.ParseSignature(der)
		if err != nil {
			require.Zero(t, r)
			require.Zero(t, s)
			return
		}
		again, err := sm2sig.AppendSignature(nil, r, s)
		require.NoError(t, err)
		require.Equal(t, der, again)
	})
}

func BenchmarkVerify(b *testing.B) {
	key, value := known(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := key.Verify([]byte("message digest"), value); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	private, err := sm2.GenerateKey(rand.Reader)
	require.NoError(b, err)
	key, err := sm2sig.FromCrypto(private.Public())
	require.NoError(b, err)
	message := bytes.Repeat([]byte("x"), 1000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := key.Sign(rand.Reader, private, message); err != nil {
			b.Fatal(err)
		}
	}
}

// DigestAs computes Z by itself; with the default identifier it must be what the library says.
func TestDigestAs(t *testing.T) {
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	public, err := sm2sig.FromCrypto(key.Public())
	require.NoError(t, err)
	message := []byte("example")
	require.Equal(t, public.Digest(message), public.DigestAs([]byte("1234567812345678"), message))
	require.NotEqual(t, public.Digest(message), public.DigestAs(nil, message))
}
