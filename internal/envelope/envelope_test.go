package envelope_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"encoding/asn1"
	"errors"
	"io"
	"math/big"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/dertest"
	"github.com/elicense/elicense/internal/envelope"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/sm2sig"
)

func newKey(t testing.TB) (*sm2.PrivateKey, *sm2sig.PublicKey) {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	public, err := sm2sig.FromCrypto(key.Public())
	require.NoError(t, err)
	return key, public
}

func private(key *sm2.PrivateKey) (d [envelope.PrivateSize]byte) {
	key.D.FillBytes(d[:])
	return d
}

// sealed is an envelope, the pair in it and the recipient's key.
func sealed(t testing.TB) (der []byte, pair, recipient *sm2.PrivateKey) {
	t.Helper()
	pair, _ = newKey(t)
	recipient, public := newKey(t)
	k, err := envelope.Seal(rand.Reader, public, private(pair))
	require.NoError(t, err)
	der, err = envelope.MarshalKey(k)
	require.NoError(t, err)
	return der, pair, recipient
}

func equal(t *testing.T, a, b any) {
	t.Helper()
	require.Empty(t, cmp.Diff(a, b, cmpopts.EquateEmpty()))
}

func TestSealOpens(t *testing.T) {
	t.Parallel()
	der, pair, recipient := sealed(t)
	k, err := envelope.ParseKey(der)
	require.NoError(t, err)
	again, err := envelope.MarshalKey(k)
	require.NoError(t, err)
	require.Equal(t, der, again)
	d, err := k.Open(recipient)
	require.NoError(t, err)
	require.Equal(t, private(pair), d)
	require.NotContains(t, string(der), string(d[:]))

	other, _ := newKey(t)
	d, err = k.Open(other)
	require.ErrorIs(t, err, envelope.ErrOpen)
	require.Zero(t, d)
	_, err = k.Open(nil)
	require.ErrorIs(t, err, envelope.ErrKey)
}

// The library that the arithmetic comes from has its own codec of the same structure; both read each other.
func TestOtherCodec(t *testing.T) {
	t.Parallel()
	der, pair, recipient := sealed(t)
	read, err := sm2.ParseEnvelopedPrivateKey(recipient, der)
	require.NoError(t, err)
	require.True(t, pair.Equal(read))

	der, err = sm2.MarshalEnvelopedPrivateKey(rand.Reader, &recipient.PublicKey, pair)
	require.NoError(t, err)
	k, err := envelope.ParseKey(der)
	require.NoError(t, err)
	again, err := envelope.MarshalKey(k)
	require.NoError(t, err)
	require.Equal(t, der, again, "one form is written")
	d, err := k.Open(recipient)
	require.NoError(t, err)
	require.Equal(t, private(pair), d)
}

// rewrite gives the envelope another algorithm identifier.
func rewrite(t *testing.T, der, algorithm []byte) []byte {
	t.Helper()
	var v struct{ Algorithm, Wrapped, Public, Encrypted asn1.RawValue }
	rest, err := asn1.Unmarshal(der, &v)
	require.NoError(t, err)
	require.Empty(t, rest)
	v.Algorithm = asn1.RawValue{FullBytes: algorithm}
	out, err := asn1.Marshal(v)
	require.NoError(t, err)
	return out
}

func TestReadsOtherAlgorithmIdentifiers(t *testing.T) {
	t.Parallel()
	der, _, recipient := sealed(t)
	identifier := func(id oid.ID, parameters ...byte) []byte {
		body := append([]byte{6, byte(len(id))}, id...)
		body = append(body, parameters...)
		return append([]byte{0x30, byte(len(body))}, body...)
	}
	for name, algorithm := range map[string][]byte{
		"SM4-ECB NULL": identifier(oid.SM4ECB, 5, 0), "SM4-ECB": identifier(oid.SM4ECB),
		"SM4 NULL": identifier(oid.SM4, 5, 0), "SM4": identifier(oid.SM4),
	} {
		k, err := envelope.ParseKey(rewrite(t, der, algorithm))
		require.NoError(t, err, name)
		_, err = k.Open(recipient)
		require.NoError(t, err, name)
		again, err := envelope.MarshalKey(k)
		require.NoError(t, err)
		require.Equal(t, der, again, "one form is written")
	}
	for name, algorithm := range map[string][]byte{
		"SM4-CBC": identifier(oid.SM4CBC, 5, 0), "SM2": identifier(oid.SM2), "two NULLs": identifier(oid.SM4, 5, 0, 5, 0),
		"an INTEGER": identifier(oid.SM4, 2, 1, 0), "nothing": {0x30, 0}, "NULL with contents": identifier(oid.SM4, 5, 1, 0),
	} {
		_, err := envelope.ParseKey(rewrite(t, der, algorithm))
		require.ErrorIs(t, err, envelope.ErrFormat, name)
	}
}

// Every field altered in turn: either it does not parse or it does not open.
func TestEveryFieldCounts(t *testing.T) {
	t.Parallel()
	der, _, recipient := sealed(t)
	altered, err := dertest.Primitives(der)
	require.NoError(t, err)
	require.Len(t, altered, 8, "two of the algorithm, four of the SM2Cipher, two bit strings")
	for _, a := range altered {
		k, err := envelope.ParseKey(a.DER)
		if err != nil {
			require.Nil(t, k, a.Path)
			continue
		}
		d, err := k.Open(recipient)
		require.ErrorIs(t, err, envelope.ErrOpen, a.Path)
		require.Zero(t, d, a.Path)
	}
}

func TestParseKeyRefuses(t *testing.T) {
	t.Parallel()
	der, _, _ := sealed(t)
	k, err := envelope.ParseKey(der)
	require.NoError(t, err)
	_, public := newKey(t)
	long, err := envelope.Encrypt(rand.Reader, public, make([]byte, 17))
	require.NoError(t, err)
	var v struct {
		Algorithm, Wrapped asn1.RawValue
		Public, Encrypted  asn1.BitString
	}
	_, err = asn1.Unmarshal(der, &v)
	require.NoError(t, err)
	build := func(change func()) []byte {
		kept := v
		defer func() { v = kept }()
		change()
		out, err := asn1.Marshal(v)
		require.NoError(t, err)
		return out
	}
	bits := func(b []byte) asn1.BitString { return asn1.BitString{Bytes: b, BitLength: 8 * len(b)} }
	for name, bad := range map[string][]byte{
		"empty":           {},
		"trailing byte":   append(bytes.Clone(der), 0),
		"cut":             der[:len(der)-1],
		"long SM4 key":    build(func() { v.Wrapped = asn1.RawValue{FullBytes: long} }),
		"point off curve": build(func() { v.Public = bits(append([]byte{4}, make([]byte, 64)...)) }),
		"short point":     build(func() { v.Public = bits(k.Public.Point()[:64]) }),
		"compressed":      build(func() { v.Public = bits(append([]byte{2}, k.Public.Point()[1:33]...)) }),
		"short key":       build(func() { v.Encrypted = bits(k.Encrypted[:31]) }),
		"long key":        build(func() { v.Encrypted = bits(append(k.Encrypted[:32:32], 0)) }),
		"odd bits":        build(func() { v.Encrypted = asn1.BitString{Bytes: make([]byte, 32), BitLength: 255} }),
		"huge":            build(func() { v.Encrypted = bits(make([]byte, 2000)) }),
	} {
		got, err := envelope.ParseKey(bad)
		require.ErrorIs(t, err, envelope.ErrFormat, name)
		require.Nil(t, got, name)
	}
}

func TestSealRefuses(t *testing.T) {
	t.Parallel()
	pair, public := newKey(t)
	d := private(pair)
	var order [32]byte
	sm2.P256().Params().N.FillBytes(order[:])
	for name, seal := range map[string]func() (*envelope.Key, error){
		"no recipient":  func() (*envelope.Key, error) { return envelope.Seal(rand.Reader, nil, d) },
		"no randomness": func() (*envelope.Key, error) { return envelope.Seal(nil, public, d) },
		"zero key":      func() (*envelope.Key, error) { return envelope.Seal(rand.Reader, public, [32]byte{}) },
		"order":         func() (*envelope.Key, error) { return envelope.Seal(rand.Reader, public, order) },
	} {
		k, err := seal()
		require.ErrorIs(t, err, envelope.ErrKey, name)
		require.Nil(t, k, name)
	}
	_, err := envelope.Seal(bytes.NewReader(make([]byte, 7)), public, d)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	_, err = envelope.Seal(bytes.NewReader(make([]byte, 20)), public, d)
	require.Error(t, err)
	_, err = envelope.MarshalKey(nil)
	require.ErrorIs(t, err, envelope.ErrKey)
	_, err = envelope.MarshalKey(&envelope.Key{Public: public, Wrapped: []byte{0x30, 0}})
	require.ErrorIs(t, err, envelope.ErrFormat)
}

func TestCipher(t *testing.T) {
	t.Parallel()
	key, public := newKey(t)
	plain := []byte("sixteen bytes…!")
	der, err := envelope.Encrypt(rand.Reader, public, plain)
	require.NoError(t, err)
	got, err := envelope.Decrypt(key, der)
	require.NoError(t, err)
	require.Equal(t, plain, got)
	c, err := envelope.ParseCipher(der)
	require.NoError(t, err)
	again, err := envelope.MarshalCipher(c)
	require.NoError(t, err)
	require.Equal(t, der, again)

	// Numbers with leading zeros and a top bit, as an encoder finds them one time in 256.
	c.X, c.Y = [32]byte{31: 1}, [32]byte{0, 0x80}
	der, err = envelope.MarshalCipher(c)
	require.NoError(t, err)
	back, err := envelope.ParseCipher(der)
	require.NoError(t, err)
	equal(t, c, back)
	var v struct {
		X, Y       *big.Int
		Hash, Text []byte
	}
	_, err = asn1.Unmarshal(der, &v)
	require.NoError(t, err)
	require.Equal(t, big.NewInt(1), v.X)
	_, err = envelope.Decrypt(key, der)
	require.ErrorIs(t, err, envelope.ErrOpen, "no point of the curve")

	for _, plain := range [][]byte{nil, make([]byte, 4097)} {
		_, err = envelope.Encrypt(rand.Reader, public, plain)
		require.ErrorIs(t, err, envelope.ErrKey)
	}
	_, err = envelope.Decrypt(shortKey{key}, again)
	require.ErrorIs(t, err, envelope.ErrOpen, "a device that answers with something else")
	for name, bad := range map[string]any{
		"negative": struct {
			X, Y *big.Int
			H, T []byte
		}{big.NewInt(-1), v.Y, v.Hash, v.Text},
		"too wide": struct {
			X, Y *big.Int
			H, T []byte
		}{new(big.Int).Lsh(big.NewInt(1), 256), v.Y, v.Hash, v.Text},
		"short C3": struct {
			X, Y *big.Int
			H, T []byte
		}{v.X, v.Y, v.Hash[:31], v.Text},
		"no C2": struct {
			X, Y *big.Int
			H, T []byte
		}{v.X, v.Y, v.Hash, nil},
		"more": struct {
			X, Y       *big.Int
			H, T, More []byte
		}{v.X, v.Y, v.Hash, v.Text, nil},
		"huge": struct {
			X, Y *big.Int
			H, T []byte
		}{v.X, v.Y, v.Hash, make([]byte, 5000)},
	} {
		der, err := asn1.Marshal(bad)
		require.NoError(t, err)
		_, err = envelope.ParseCipher(der)
		require.ErrorIs(t, err, envelope.ErrFormat, name)
	}
	_, err = envelope.MarshalCipher(&envelope.Cipher{})
	require.ErrorIs(t, err, envelope.ErrFormat)
}

// shortKey is a device that loses a byte.
type shortKey struct{ key *sm2.PrivateKey }

func (k shortKey) Public() crypto.PublicKey { return k.key.Public() }

func (k shortKey) Decrypt(r io.Reader, msg []byte, opts crypto.DecrypterOpts) ([]byte, error) {
	plain, err := k.key.Decrypt(r, msg, opts)
	return plain[1:], err
}

func certificate(t testing.TB, key *sm2.PrivateKey) *smx509.Certificate {
	t.Helper()
	template := &smx509.Certificate{
		SerialNumber: big.NewInt(7), NotBefore: time.Unix(1e9, 0), NotAfter: time.Unix(2e9, 0),
		SignatureAlgorithm: smx509.SM2WithSM3,
	}
	der, err := smx509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	c, err := smx509.ParseCertificate(der)
	require.NoError(t, err)
	return c
}

func TestResponse(t *testing.T) {
	t.Parallel()
	der, pair, recipient := sealed(t)
	key, err := envelope.ParseKey(der)
	require.NoError(t, err)
	signing, encryption := certificate(t, recipient), certificate(t, pair)
	r := &envelope.Response{Signing: [][]byte{signing.Raw}, Key: key, Encryption: [][]byte{encryption.Raw}}
	out, err := envelope.MarshalResponse(r)
	require.NoError(t, err)
	back, err := envelope.ParseResponse(out)
	require.NoError(t, err)
	equal(t, r.Signing, back.Signing)
	equal(t, r.Encryption, back.Encryption)
	require.Equal(t, key.Wrapped, back.Key.Wrapped)

	read, err := smx509.ParseCSRResponse(recipient, out)
	require.NoError(t, err)
	require.True(t, pair.Equal(read.EncryptPrivateKey))
	require.True(t, encryption.Equal(read.EncryptCerts[0]))

	foreign, err := smx509.MarshalCSRResponse([]*smx509.Certificate{signing}, pair, []*smx509.Certificate{encryption})
	require.NoError(t, err)
	back, err = envelope.ParseResponse(foreign)
	require.NoError(t, err)
	d, err := back.Key.Open(recipient)
	require.NoError(t, err)
	require.Equal(t, private(pair), d)

	alone, err := envelope.MarshalResponse(&envelope.Response{Signing: r.Signing})
	require.NoError(t, err)
	back, err = envelope.ParseResponse(alone)
	require.NoError(t, err)
	require.Nil(t, back.Key)

	for name, bad := range map[string]*envelope.Response{
		"nothing":           nil,
		"no certificate":    {},
		"two certificates":  {Signing: [][]byte{signing.Raw, signing.Raw}},
		"no encryption":     {Signing: r.Signing, Key: key},
		"no key":            {Signing: r.Signing, Encryption: r.Encryption},
		"two of encryption": {Signing: r.Signing, Key: key, Encryption: [][]byte{encryption.Raw, encryption.Raw}},
		"no DER":            {Signing: [][]byte{{1}}},
	} {
		_, err := envelope.MarshalResponse(bad)
		require.ErrorIs(t, err, envelope.ErrFormat, name)
	}
}

// The module's text leaves open whether its tags are explicit; all four readings are read.
func TestResponseTagging(t *testing.T) {
	t.Parallel()
	der, pair, recipient := sealed(t)
	signing, encryption := certificate(t, recipient), certificate(t, pair)
	var body asn1.RawValue
	_, err := asn1.Unmarshal(der, &body)
	require.NoError(t, err)
	element := func(tag byte, content []byte) []byte {
		out, err := asn1.Marshal(asn1.RawValue{
			Class: int(tag >> 6), IsCompound: tag&0x20 != 0, Tag: int(tag & 0x1f), Bytes: content,
		})
		require.NoError(t, err)
		return out
	}
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	set := element(0x31, signing.Raw)
	for name, response := range map[string][]byte{
		"explicit, implicit": join(set, element(0xa0, der), element(0xa1, encryption.Raw)),
		"explicit, explicit": join(set, element(0xa0, der), element(0xa1, element(0x31, encryption.Raw))),
		"implicit, implicit": join(set, element(0xa0, body.Bytes), element(0xa1, encryption.Raw)),
		"implicit, explicit": join(set, element(0xa0, body.Bytes), element(0xa1, element(0x31, encryption.Raw))),
	} {
		r, err := envelope.ParseResponse(element(0x30, response))
		require.NoError(t, err, name)
		require.Equal(t, [][]byte{encryption.Raw}, r.Encryption, name)
		_, err = r.Key.Open(recipient)
		require.NoError(t, err, name)
	}
	many := bytes.Repeat(signing.Raw, 17)
	for name, response := range map[string][]byte{
		"key without certificate": join(set, element(0xa0, der)),
		"certificate without key": join(set, element(0xa1, encryption.Raw)),
		"other order":             join(set, element(0xa1, encryption.Raw), element(0xa0, der)),
		"empty set":               element(0x31, nil),
		"too many":                element(0x31, many),
		"no key in the tag":       join(set, element(0xa0, set), element(0xa1, encryption.Raw)),
		"two sets":                join(set, element(0xa0, der), element(0xa1, join(element(0x31, encryption.Raw), set))),
		"no set":                  signing.Raw,
		"trailing element":        join(set, set),
		"too long":                element(0x31, make([]byte, 1<<20)),
	} {
		r, err := envelope.ParseResponse(element(0x30, response))
		require.ErrorIs(t, err, envelope.ErrFormat, name)
		require.Nil(t, r, name)
	}
}

var _ crypto.Decrypter = (*sm2.PrivateKey)(nil)

func FuzzParseKey(f *testing.F) {
	der, _, recipient := sealed(f)
	f.Add(der)
	other, err := sm2.MarshalEnvelopedPrivateKey(rand.Reader, &recipient.PublicKey, recipient)
	require.NoError(f, err)
	f.Add(other)
	f.Fuzz(func(t *testing.T, der []byte) {
		k, err := envelope.ParseKey(der)
		if err != nil {
			require.Nil(t, k)
			require.ErrorIs(t, err, envelope.ErrFormat)
			return
		}
		out, err := envelope.MarshalKey(k)
		require.NoError(t, err)
		again, err := envelope.ParseKey(out)
		require.NoError(t, err)
		require.Equal(t, k.Wrapped, again.Wrapped)
		require.Equal(t, k.Encrypted, again.Encrypted)
		require.True(t, k.Public.Equal(again.Public))
		if _, err := k.Open(recipient); err != nil {
			require.True(t, errors.Is(err, envelope.ErrOpen))
		}
	})
}

func FuzzParseCipher(f *testing.F) {
	key, public := newKey(f)
	der, err := envelope.Encrypt(rand.Reader, public, []byte("plain"))
	require.NoError(f, err)
	f.Add(der)
	f.Fuzz(func(t *testing.T, der []byte) {
		c, err := envelope.ParseCipher(der)
		if err != nil {
			require.Nil(t, c)
			return
		}
		out, err := envelope.MarshalCipher(c)
		require.NoError(t, err)
		require.Equal(t, der, out)
		if _, err := envelope.Decrypt(key, der); err != nil {
			require.ErrorIs(t, err, envelope.ErrOpen)
		}
	})
}

func FuzzParseResponse(f *testing.F) {
	der, pair, recipient := sealed(f)
	key, err := envelope.ParseKey(der)
	require.NoError(f, err)
	out, err := envelope.MarshalResponse(&envelope.Response{
		Signing: [][]byte{certificate(f, recipient).Raw}, Key: key, Encryption: [][]byte{certificate(f, pair).Raw},
	})
	require.NoError(f, err)
	f.Add(out)
	f.Fuzz(func(t *testing.T, der []byte) {
		r, err := envelope.ParseResponse(der)
		if err != nil {
			require.Nil(t, r)
			return
		}
		require.NotEmpty(t, r.Signing)
		require.Equal(t, r.Key == nil, len(r.Encryption) == 0)
		if len(r.Signing) == 1 && len(r.Encryption) <= 1 {
			out, err := envelope.MarshalResponse(r)
			require.NoError(t, err)
			again, err := envelope.ParseResponse(out)
			require.NoError(t, err)
			require.Equal(t, r.Signing, again.Signing)
		}
	})
}
