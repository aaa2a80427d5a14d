package pki_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/pkcs"
	"github.com/emmansun/gmsm/pkcs8"
	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/pki"
)

func TestSelfTest(t *testing.T) {
	require.NoError(t, pki.SelfTest())
}

func TestVerifySM2AndCrossCheck(t *testing.T) {
	key, err := pki.GenerateKey(rand.Reader)
	require.NoError(t, err)
	public, err := pki.PublicKeyOf(key.Public())
	require.NoError(t, err)
	message := []byte("message")
	value, err := public.Sign(rand.Reader, key, message)
	require.NoError(t, err)
	for name, check := range map[string]func(*pki.PublicKey, []byte, []byte) error{
		"one": pki.VerifySM2, "two": pki.CrossCheck,
	} {
		require.NoError(t, check(public, message, value), name)
		require.ErrorIs(t, check(public, []byte("messagE"), value), pki.ErrSignature, name)
		require.ErrorIs(t, check(public, message, append(bytes.Clone(value), 0)), pki.ErrSignatureEncoding, name)
		require.ErrorIs(t, check(public, message, []byte{0x30, 6, 2, 1, 0, 2, 1, 1}), pki.ErrSignatureEncoding, name)
		require.ErrorIs(t, check(nil, message, value), pki.ErrKey, name)
	}
	_, err = pki.PublicKeyOf("key")
	require.ErrorIs(t, err, pki.ErrKey)
}

// The verdict counts only if both agree.
func TestDisagreement(t *testing.T) {
	require.NoError(t, pki.Agree(nil, true))
	require.ErrorIs(t, pki.Agree(nil, false), pki.ErrDisagree)
	require.ErrorIs(t, pki.Agree(pki.ErrSignature, true), pki.ErrDisagree)
	require.ErrorIs(t, pki.Agree(pki.ErrSignature, false), pki.ErrSignature)
}

func TestKeyRoundTrip(t *testing.T) {
	key, err := pki.GenerateKey(rand.Reader)
	require.NoError(t, err)
	text, err := pki.MarshalKey(key, []byte("口令 pass"), rand.Reader)
	require.NoError(t, err)
	again, err := pki.ParseKey(text, []byte("口令 pass"))
	require.NoError(t, err)
	require.True(t, key.(*sm2.PrivateKey).Equal(again))
	for _, wrong := range []string{"", "口令 pasS"} {
		k, err := pki.ParseKey(text, []byte(wrong))
		require.ErrorIs(t, err, pki.ErrPassphrase)
		require.Nil(t, k)
	}
	second, err := pki.MarshalKey(key, []byte("口令 pass"), rand.Reader)
	require.NoError(t, err)
	require.NotEqual(t, text, second, "salt and IV are fresh")
}

// foreignKey is a crypto.Signer that is no SM2 key of ours.
type foreignKey struct{ crypto.Signer }

func TestKeyRefusals(t *testing.T) {
	key, err := pki.GenerateKey(rand.Reader)
	require.NoError(t, err)
	_, err = pki.MarshalKey(key, nil, rand.Reader)
	require.ErrorIs(t, err, pki.ErrPassphrase)
	_, err = pki.MarshalKey(foreignKey{}, []byte("p"), rand.Reader)
	require.ErrorIs(t, err, pki.ErrKey)
	_, err = pki.MarshalKey(key, []byte("p"), nil)
	require.ErrorIs(t, err, pki.ErrKey)
	_, err = pki.MarshalKey(key, []byte("p"), strings.NewReader("short"))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	_, err = pki.GenerateKey(nil)
	require.ErrorIs(t, err, pki.ErrKey)

	kdf := func(hash pkcs.Hash, rounds int) pkcs.KDFOpts { return pkcs.NewPBKDF2Opts(hash, 16, rounds) }
	for name, scheme := range map[string]pkcs.PBESEncrypter{
		"AES":         pkcs.NewPBESEncrypter(pkcs.AES256CBC, kdf(pkcs.SHA256, 10)),
		"SM4-GCM":     pkcs.NewPBESEncrypter(pkcs.SM4GCM, kdf(pkcs.SHA256, 10)),
		"SHA-1":       pkcs.NewPBESEncrypter(pkcs.SM4CBC, kdf(pkcs.SHA1, 10)),
		"scrypt":      pkcs.NewPBESEncrypter(pkcs.SM4CBC, pkcs.NewScryptOpts(16, 16, 8, 1)),
		"GM arc":      pkcs.NewSMPBESEncrypter(16, 10),
		"long salt":   pkcs.NewPBESEncrypter(pkcs.SM4CBC, pkcs.NewPBKDF2Opts(pkcs.SHA256, 65, 10)),
		"zero rounds": pkcs.NewPBESEncrypter(pkcs.SM4CBC, kdf(pkcs.SHA256, 0)),
	} {
		der, err := pkcs8.MarshalPrivateKey(key, []byte("p"), scheme)
		require.NoError(t, err)
		_, err = pki.ParseKey(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: der}), []byte("p"))
		require.ErrorIs(t, err, pki.ErrKeyFile, name)
	}
	good := cheapKey(t, key)
	_, err = pki.ParseKey(good, []byte("p"))
	require.NoError(t, err)
	block, _ := pem.Decode(good)
	rounds := bytes.Replace(block.Bytes, []byte{2, 1, 10}, []byte{2, 1, 0x80}, 1)
	after := append(bytes.Clone(block.Bytes), 0)
	for name, text := range map[string][]byte{
		"nothing": nil, "text": []byte("key"), "two blocks": append(bytes.Clone(good), good...),
		"other block":     pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: block.Bytes}),
		"bytes after":     pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: after}),
		"negative rounds": pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: rounds}),
		"too long":        make([]byte, 9000),
	} {
		k, err := pki.ParseKey(text, []byte("p"))
		require.ErrorIs(t, err, pki.ErrKeyFile, name)
		require.Nil(t, k, name)
	}
}

// A hostile file cannot ask for endless work: the rounds are looked at before any is done.
func TestKeyRoundsAreLimited(t *testing.T) {
	key, err := pki.GenerateKey(rand.Reader)
	require.NoError(t, err)
	block, _ := pem.Decode(cheapKey(t, key))
	var file struct {
		Algorithm struct {
			ID     asn1.ObjectIdentifier
			Params struct {
				KDF struct {
					ID     asn1.ObjectIdentifier
					Params struct {
						Salt           []byte
						Rounds, Length int
						PRF            asn1.RawValue
					}
				}
				Cipher asn1.RawValue
			}
		}
		Data []byte
	}
	_, err = asn1.Unmarshal(block.Bytes, &file)
	require.NoError(t, err)
	for rounds, want := range map[int]error{10: nil, 0: pki.ErrKeyFile, 10_000_001: pki.ErrKeyFile} {
		file.Algorithm.Params.KDF.Params.Rounds = rounds
		der, err := asn1.Marshal(file)
		require.NoError(t, err)
		_, err = pki.ParseKey(pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: der}), []byte("p"))
		require.ErrorIs(t, err, want)
	}
}

// cheapKey is a key file with ten rounds, so that tests that read it often stay short.
func cheapKey(t testing.TB, key crypto.Signer) []byte {
	t.Helper()
	der, err := pkcs8.MarshalPrivateKey(key, []byte("p"),
		pkcs.NewPBESEncrypter(pkcs.SM4CBC, pkcs.NewPBKDF2Opts(pkcs.SM3, 16, 10)))
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: der})
}

func FuzzParseKey(f *testing.F) {
	key, err := pki.GenerateKey(rand.Reader)
	require.NoError(f, err)
	block, _ := pem.Decode(cheapKey(f, key))
	f.Add(block.Bytes)
	f.Fuzz(func(t *testing.T, der []byte) {
		if bytes.Contains(der, []byte{2, 3}) || bytes.Contains(der, []byte{2, 4}) {
			t.Skip("many rounds only cost time")
		}
		text := pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: der})
		k, err := pki.ParseKey(text, []byte("p"))
		if err != nil {
			require.Nil(t, k)
			return
		}
		public, err := pki.PublicKeyOf(k.Public())
		require.NoError(t, err)
		value, err := public.Sign(rand.Reader, k, []byte("m"))
		require.NoError(t, err)
		require.NoError(t, pki.VerifySM2(public, []byte("m"), value))
	})
}

func TestParseCertificate(t *testing.T) {
	code := asn1.ObjectIdentifier{1, 2, 156, 10260, 4, 1, 4}
	const uscc = "113500000000100A8F"
	for name, value := range map[string][]byte{
		"PrintableString":      append([]byte{0x13, 18}, uscc...),
		"UTF8String":           append([]byte{0x0c, 18}, uscc...),
		"raw":                  []byte(uscc),
		"blanks and zeros":     []byte(" " + uscc + "\x00"),
		"lower case":           []byte(strings.ToLower(uscc)),
		"explicit tag":         append([]byte{0xa3, 20, 0x13, 18}, uscc...),
		"implicit tag":         append([]byte{0x83, 18}, uscc...),
		"octets in a tag":      append([]byte{0xa0, 22, 4, 20, 0x0c, 18}, uscc...),
		"context, IA5, blanks": append([]byte{0xa0, 22, 0x16, 20, ' '}, uscc+" "...),
	} {
		n := forge(t, nil, "部门", extension(code, false, value))
		require.Equal(t, uscc, n.Holder.USCC, name)
		require.Equal(t, "部门", n.Holder.CommonName)
		require.Equal(t, sm3.Sum(n.Raw), n.Digest)
		require.Equal(t, past, n.NotBefore)
		require.Equal(t, future, n.NotAfter)
		require.Equal(t, -1, n.MaxPathLen)
		require.Equal(t, pki.UsageDigitalSignature, n.KeyUsage)
		require.Contains(t, n.Subject, "C=CN")
	}
	n := forge(t, nil, "leaf")
	require.Empty(t, n.Holder.USCC)
	given := bytes.Clone(n.Raw)
	c, err := pki.ParseCertificate(given)
	require.NoError(t, err)
	clear(given)
	require.True(t, c.Equal(n.Certificate), "the input is copied")
	require.False(t, c.Equal(nil))
}

func TestParseCertificateRefuses(t *testing.T) {
	raw := forge(t, nil, "leaf").Raw
	// A member after the signature, inside the outer SEQUENCE.
	inside := append(append([]byte{0x30, 0x82, 0, 0}, raw[4:]...), 5, 0)
	inside[2], inside[3] = byte((len(inside)-4)>>8), byte(len(inside)-4)
	for name, der := range map[string][]byte{
		"nothing": nil, "cut": raw[:len(raw)-1], "bytes after": append(bytes.Clone(raw), 0), "bytes inside": inside,
		"too long": make([]byte, 70000), "empty": {0x30, 0},
	} {
		c, err := pki.ParseCertificate(der)
		require.ErrorIs(t, err, pki.ErrCertificate, name)
		require.Nil(t, c, name)
	}
}

func TestPEM(t *testing.T) {
	a, b := forge(t, nil, "a").Certificate, forge(t, nil, "b").Certificate
	text := pki.AppendPEM(nil, a, b)
	got, err := pki.ParseCertificatesPEM(append(text, "\n \n"...))
	require.NoError(t, err)
	require.Len(t, got, 2)
	require.True(t, got[0].Equal(a) && got[1].Equal(b))
	for name, bad := range map[string][]byte{
		"empty": nil, "blank": []byte(" \n"), "text after": append(bytes.Clone(text), "x"...),
		"too long":       make([]byte, 2<<20),
		"other block":    pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: a.Raw}),
		"no certificate": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte{5, 0}}),
	} {
		got, err := pki.ParseCertificatesPEM(bad)
		require.ErrorIs(t, err, pki.ErrCertificate, name)
		require.Nil(t, got, name)
	}
}

// Every SM2 certificate of the foreign collections reads, and those whose issuer is there verify.
func TestForeignCertificates(t *testing.T) {
	data := os.Getenv("ELICENSE_TESTDATA")
	if data == "" {
		t.Skip("ELICENSE_TESTDATA is not set: no foreign certificates to read")
	}
	var all []*pki.Certificate
	for _, folder := range []string{"gmssl-literals", "tongsuo/test/certs/sm2", "tongsuo/test/certs", "gmsm-literals"} {
		entries, err := os.ReadDir(filepath.Join(data, folder))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		require.NoError(t, err)
		for _, e := range entries {
			text, err := os.ReadFile(filepath.Join(data, folder, e.Name()))
			if err != nil || !strings.HasPrefix(string(text), "-----BEGIN CERTIFICATE") {
				continue
			}
			if certificates, err := pki.ParseCertificatesPEM(text); err == nil {
				all = append(all, certificates...)
			}
		}
	}
	sm2Keys, linked := 0, 0
	for _, c := range all {
		if c.PublicKey == nil {
			continue
		}
		sm2Keys++
		for _, issuer := range all {
			if issuer.PublicKey != nil && c.CheckIssuedBy(issuer) == nil {
				linked++
				break
			}
		}
	}
	t.Logf("%d certificates, %d with SM2 keys, %d of these with their issuer", len(all), sm2Keys, linked)
	require.Positive(t, linked)
}
