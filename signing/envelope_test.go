package signing_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"encoding/hex"
	"encoding/pem"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"github.com/emmansun/gmsm/pkcs"
	"github.com/emmansun/gmsm/pkcs7"
	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
)

const sm4Block = 16

// recipient has an encryption certificate.
type recipient struct {
	key         crypto.Decrypter
	certificate *pki.Certificate
}

func (w world) recipient(t testing.TB) recipient {
	t.Helper()
	key, chain := w.department(t, ca.ProfileDepartmentEncryption, farmUSCC)
	return recipient{key.(*sm2.PrivateKey), chain[0]}
}

var forms = map[string]signing.EnvelopeConfig{
	"GM":      {},
	"RFC":     {Arc: signing.ArcRFC5652},
	"RFC CBC": {Arc: signing.ArcRFC5652, CBC: true},
}

func TestEnvelope(t *testing.T) {
	w := newWorld(t, now)
	list := []recipient{w.recipient(t), w.recipient(t), w.recipient(t)}
	stranger := w.recipient(t)
	for name, config := range forms {
		config.Rand, config.ContentType = rand.Reader, oid.GMSignedData
		for _, r := range list {
			config.Recipients = append(config.Recipients, r.certificate)
		}
		for _, size := range []int{1, 15, 16, 17, 4096} {
			content := bytes.Repeat([]byte{'x'}, size)
			der, err := signing.Envelop(content, config)
			require.NoError(t, err)
			for _, r := range list {
				opened, err := signing.OpenEnvelope(der, r.certificate, r.key)
				require.NoError(t, err, name)
				require.Equal(t, content, opened.Content)
				require.Equal(t, oid.GMSignedData, opened.ContentType)
				require.Equal(t, name == "RFC", opened.Authenticated)
			}
			_, err = signing.OpenEnvelope(der, stranger.certificate, stranger.key)
			require.ErrorIs(t, err, signing.ErrRecipient)
			_, err = signing.OpenEnvelope(der, list[0].certificate, stranger.key)
			require.ErrorIs(t, err, signing.ErrOpen)
		}
	}
}

func TestEnvelopRefuses(t *testing.T) {
	w := newWorld(t, now)
	r := w.recipient(t)
	good := signing.EnvelopeConfig{Rand: rand.Reader, Recipients: []*pki.Certificate{r.certificate}}
	for name, test := range map[string]struct {
		change func(*signing.EnvelopeConfig)
		want   error
	}{
		"no randomness":       {func(c *signing.EnvelopeConfig) { c.Rand = nil }, signing.ErrConfig},
		"short randomness":    {func(c *signing.EnvelopeConfig) { c.Rand = bytes.NewReader(make([]byte, 20)) }, io.ErrUnexpectedEOF},
		"nobody":              {func(c *signing.EnvelopeConfig) { c.Recipients = nil }, signing.ErrConfig},
		"nil":                 {func(c *signing.EnvelopeConfig) { c.Recipients = []*pki.Certificate{nil} }, signing.ErrRecipient},
		"signing certificate": {func(c *signing.EnvelopeConfig) { c.Recipients = w.chain[:1] }, signing.ErrRecipient},
		"authority":           {func(c *signing.EnvelopeConfig) { c.Recipients = w.chain[1:2] }, signing.ErrRecipient},
		"twice": {func(c *signing.EnvelopeConfig) {
			c.Recipients = []*pki.Certificate{r.certificate, r.certificate}
		}, signing.ErrRecipient},
		"arc": {func(c *signing.EnvelopeConfig) { c.Arc = 2 }, signing.ErrConfig},
	} {
		config := good
		test.change(&config)
		der, err := signing.Envelop(record, config)
		require.ErrorIs(t, err, test.want, name)
		require.Nil(t, der, name)
	}
	_, err := signing.Envelop(nil, good)
	require.ErrorIs(t, err, signing.ErrContent)
}

func TestOpenEnvelopeRefuses(t *testing.T) {
	w := newWorld(t, now)
	r := w.recipient(t)
	der, err := signing.Envelop(record, signing.EnvelopeConfig{Rand: rand.Reader, Recipients: []*pki.Certificate{r.certificate}})
	require.NoError(t, err)
	_, err = signing.OpenEnvelope(der, nil, r.key)
	require.ErrorIs(t, err, signing.ErrConfig)
	_, err = signing.OpenEnvelope(der, r.certificate, nil)
	require.ErrorIs(t, err, signing.ErrConfig)
	_, err = signing.OpenEnvelope(der[:len(der)-1], r.certificate, r.key)
	require.ErrorIs(t, err, signing.ErrEnvelope)
	padded := bytes.Clone(der)
	padded[len(padded)-sm4Block-1] ^= 0x20 // the number of padding octets
	_, err = signing.OpenEnvelope(padded, r.certificate, r.key)
	require.ErrorIs(t, err, signing.ErrOpen)
	for _, other := range []oid.ID{oid.SM4ECB, oid.SM4GCM} { // another mode in place of CBC
		changed := bytes.Replace(der, []byte(oid.SM4CBC), []byte(other), 1)
		_, err = signing.OpenEnvelope(changed, r.certificate, r.key)
		require.ErrorIs(t, err, signing.ErrEnvelope)
	}
}

// Authenticated content shows every change. CBC does not, and says so; what it must not do is open to something that
// counts as whole.
func TestEveryBitOfAnEnvelopeCounts(t *testing.T) {
	w := newWorld(t, now)
	r := w.recipient(t)
	content := []byte("some content of an envelope")
	config := signing.EnvelopeConfig{
		Rand: rand.Reader, Recipients: []*pki.Certificate{r.certificate}, Arc: signing.ArcRFC5652,
	}
	der, err := signing.Envelop(content, config)
	require.NoError(t, err)
	for i := range len(der) * 8 {
		changed := bytes.Clone(der)
		changed[i/8] ^= 1 << (i % 8)
		opened, err := signing.OpenEnvelope(changed, r.certificate, r.key)
		if err != nil {
			require.Nil(t, opened)
			continue
		}
		require.Equal(t, content, opened.Content, "bit %d", i)
	}
}

// What another library writes opens, in the forms of GB/T 35275, of RFC 5652 and of one authority's kit, and it opens
// what is written here.
func TestForeignEnvelopes(t *testing.T) {
	w := newWorld(t, now)
	r := w.recipient(t)
	foreign, err := smx509.ParseCertificate(r.certificate.Raw)
	require.NoError(t, err)
	for name, test := range map[string]struct {
		seal func(pkcs.Cipher, []byte, []*smx509.Certificate) ([]byte, error)
		want []string
	}{
		"GB/T 35275":     {pkcs7.EncryptSM, nil},
		"RFC 5652":       {pkcs7.Encrypt, []string{"outer-type", "inner-type", "version"}},
		"C1C2C3":         {pkcs7.EncryptCFCA, []string{"raw-key"}},
		"key identifier": {pkcs7.EnvelopeMessageCFCA, []string{"version", "subject-key-id"}},
	} {
		for _, mode := range []pkcs.Cipher{pkcs.SM4CBC, pkcs.SM4GCM} {
			der, err := test.seal(mode, record, []*smx509.Certificate{foreign})
			require.NoError(t, err, name)
			opened, err := signing.OpenEnvelope(der, r.certificate, r.key)
			require.NoError(t, err, name)
			require.Equal(t, record, opened.Content, name)
			require.Equal(t, test.want, opened.Tolerances, name)
		}
	}
	for name, config := range forms {
		if name == "RFC" {
			continue // it knows no AuthEnvelopedData
		}
		config.Rand, config.Recipients = rand.Reader, []*pki.Certificate{r.certificate}
		der, err := signing.Envelop(record, config)
		require.NoError(t, err)
		p, err := pkcs7.Parse(der)
		require.NoError(t, err, name)
		content, err := p.Decrypt(foreign, r.key)
		require.NoError(t, err, name)
		require.Equal(t, record, content, name)
	}
}

// Envelopes that the kit of an authority in use wrote: recipients by key identifier, from the extension or from the
// key, and SM4 without a mode.
func TestKitEnvelopesOpen(t *testing.T) {
	root := os.Getenv("ELICENSE_TESTDATA")
	if root == "" {
		t.Skip("ELICENSE_TESTDATA is not set: no foreign envelopes to open")
	}
	read := func(name string) []byte {
		text, err := os.ReadFile(filepath.Join(root, "gmsm-literals", "pkcs7__envelope_test.go-"+name+".pem"))
		require.NoError(t, err)
		block, _ := pem.Decode(text)
		require.NotNil(t, block)
		return block.Bytes
	}
	for _, test := range []struct{ certificate, envelope, key string }{
		{"L189-certificate", "L204-pkcs7", "f043481ce3ba1332cc266ae795f2a41f100e52e47ee560de15d9e014acab35c9"},
		{"L216-certificate", "L230-pkcs7", "8f3d7f612401b9fa80ababb603e8e2ae977cc171c75e97b0b103b9db1d7d190e"},
	} {
		number, err := hex.DecodeString(test.key)
		require.NoError(t, err)
		key, err := sm2.NewPrivateKeyFromInt(new(big.Int).SetBytes(number))
		require.NoError(t, err)
		c, err := pki.ParseTolerant(read(test.certificate))
		require.NoError(t, err)
		opened, err := signing.OpenEnvelope(read(test.envelope), c, key)
		require.NoError(t, err)
		require.Equal(t, "Hello World!", string(opened.Content))
		require.Equal(t, []string{"version", "subject-key-id", "bare-cipher"}, opened.Tolerances)
	}
}

func FuzzOpenEnvelope(f *testing.F) {
	w := newWorld(f, now)
	r := w.recipient(f)
	for _, config := range forms {
		config.Rand, config.Recipients = rand.Reader, []*pki.Certificate{r.certificate}
		der, err := signing.Envelop([]byte("content"), config)
		require.NoError(f, err)
		f.Add(der)
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		opened, err := signing.OpenEnvelope(der, r.certificate, r.key)
		if err != nil {
			require.Nil(t, opened)
			return
		}
		e, err := cms.ParseEnveloped(der)
		require.NoError(t, err)
		require.NotEmpty(t, e.Recipients)
	})
}
