package signing_test

import (
	"bytes"
	"crypto/rand"
	"encoding/asn1"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/signing"
)

// stock is SignedData under a root, as the programs want it in files.
type stock struct {
	checkers

	root, bundle string
}

func newStock(t *testing.T, w world) stock {
	t.Helper()
	c := newCheckers(t)
	return stock{
		checkers: c, root: c.file("root.pem", pki.AppendPEM(nil, w.root.Certificate())),
		bundle: c.file("bundle.pem", pki.AppendPEM(nil, w.issuing.Chain()...)),
	}
}

// openssl is what OpenSSL says of SignedData; content is nil if it is inside.
func (s stock) openssl(der []byte, content []byte) error {
	s.t.Helper()
	if err := s.run("gm2cms", s.file("in.p7s", der), s.path("cms.p7s")); err != nil {
		return err
	}
	args := []string{
		"cms", "-verify", "-inform", "DER", "-in", s.path("cms.p7s"), "-CAfile", s.bundle, "-binary", "-purpose", "any",
		"-out", s.path("out"),
	}
	if content != nil {
		args = append(args, "-content", s.file("content", content))
	}
	return s.run("gmopenssl", args...)
}

func (s stock) bouncyCastle(der []byte, content []byte) error {
	s.t.Helper()
	args := []string{"cms", "--ca", s.root}
	if content != nil {
		args = append(args, "--content", s.file("content", content))
	}
	return s.run("bccheck", append(args, s.file("bc.p7s", der))...)
}

// Everything that is made of many signatures passes both programs, in both arcs, inside and outside, and the same with
// one octet of the content changed passes neither.
func TestStockToolsAcceptManySignatures(t *testing.T) {
	w := newWorld(t, time.Now())
	s := newStock(t, w)
	a := newTSA(t, w)
	for _, arc := range []signing.Arc{signing.ArcGM, signing.ArcRFC5652} {
		for _, inside := range []bool{false, true} {
			change := func(c *signing.Config) {
				c.Arc, c.WithAttributes, c.WithBinding, c.Now = arc, true, true, time.Now
				c.Commitment, c.Timestamper = oid.ProofOfApproval, a
			}
			der, err := signing.SignTogether(t.Context(), record, inside, w.signer(t, change), w.signer(t, change))
			require.NoError(t, err)
			der, err = w.signer(t, change).Countersign(t.Context(), der, 0)
			require.NoError(t, err)
			content, changed := record, append([]byte("x"), record...)
			broken := der
			if inside {
				content, changed = nil, nil
				broken = bytes.Replace(der, record[:9], record[1:10], 1)
				require.NotEqual(t, der, broken)
			}
			require.NoError(t, s.openssl(der, content))
			require.NoError(t, s.bouncyCastle(der, content))
			require.Error(t, s.openssl(broken, changed))
			require.Error(t, s.bouncyCastle(broken, changed))
		}
	}
}

// leaf is a primitive element within DER.
type leaf struct {
	path  string
	start int // of its contents
	end   int
}

// leaves lists the primitive elements, but not those below skip.
func leaves(t *testing.T, der []byte, at int, path string, skip func(path string) bool) []leaf {
	t.Helper()
	var list []leaf
	for i, rest := 0, der; len(rest) > 0; i++ {
		var v asn1.RawValue
		after, err := asn1.Unmarshal(rest, &v)
		require.NoError(t, err)
		start := at + len(der) - len(after) - len(v.Bytes)
		here := path + "/" + string(rune('0'+i))
		switch {
		case skip(here):
		case v.IsCompound:
			list = append(list, leaves(t, v.Bytes, start, here, skip)...)
		case len(v.Bytes) > 0:
			list = append(list, leaf{here, start, start + len(v.Bytes)})
		}
		rest = after
	}
	return list
}

// Each field of a signature, changed: neither the programs nor this one accept it, and where a program does not look at
// a field, what is read here names the deviation.
func TestEveryFieldCounts(t *testing.T) {
	w := newWorld(t, time.Now())
	s := newStock(t, w)
	// OpenSSL looks neither at the two versions nor at the type of the content nor at the name of the signature
	// algorithm.
	unseen := []string{"/0/1/0/0", "/0/1/0/4/0/0", "/0/1/0/2/0", "/0/1/0/4/0/4/0"}
	for _, arc := range []signing.Arc{signing.ArcGM, signing.ArcRFC5652} {
		signer := w.signer(t, func(c *signing.Config) {
			c.Arc, c.WithAttributes, c.WithBinding, c.Now = arc, true, true, time.Now
		})
		der, err := signer.Attached(t.Context(), record)
		require.NoError(t, err)
		usual, err := cms.Parse(der)
		require.NoError(t, err)
		require.NoError(t, s.openssl(der, nil))
		fields := leaves(t, der, 0, "", func(path string) bool { return path == "/0/1/0/3" }) // certificates
		require.Greater(t, len(fields), 15)
		for _, field := range fields {
			changed := bytes.Clone(der)
			changed[field.end-1] ^= 2
			own := ownVerdict(changed, signer.Certificate(), usual.Tolerances)
			require.Error(t, own, field.path)
			if arc == signing.ArcRFC5652 && !slices.Contains(unseen, field.path) {
				require.Error(t, s.openssl(changed, nil), field.path)
			}
		}
	}
}

// ownVerdict reads and checks as a careful caller does: no deviation but the usual ones, the signer, his signature.
func ownVerdict(der []byte, c *pki.Certificate, usual cms.Tolerances) error {
	d, err := cms.Parse(der)
	if err != nil {
		return err
	}
	if d.Tolerances&^usual != 0 || len(d.Signers) != 1 || !d.Signers[0].NamedBy(c.RawIssuer, c.Serial) {
		return signing.ErrSigned
	}
	message, err := d.SignedBytes(&d.Signers[0], nil)
	if err != nil {
		return err
	}
	return pki.VerifySM2(c.PublicKey, message, d.Signers[0].Signature)
}

// OpenSSL decrypts what is enveloped here, after the type at the front is the one that it knows.
func TestOpenSSLOpensEnvelopes(t *testing.T) {
	w := newWorld(t, time.Now())
	c := newCheckers(t)
	key, chain := w.department(t, ca.ProfileDepartmentEncryption, farmUSCC)
	other := w.recipient(t)
	text, err := pki.MarshalKey(key, []byte("pass"), rand.Reader)
	require.NoError(t, err)
	c.accepts("gmopenssl", "pkcs8", "-in", c.file("key.pem", text), "-passin", "pass:pass", "-out", c.path("plain.pem"))
	recipient := c.file("recipient.pem", pki.AppendPEM(nil, chain[0]))
	for _, config := range []signing.EnvelopeConfig{{}, {Arc: signing.ArcRFC5652, CBC: true}} {
		config.Rand, config.Recipients = rand.Reader, []*pki.Certificate{other.certificate, chain[0]}
		der, err := signing.Envelop(record, config)
		require.NoError(t, err)
		decrypt := []string{
			"cms", "-decrypt", "-binary", "-inform", "DER", "-in", c.file("envelope.der", asEnvelopedData(t, der)),
			"-recip", recipient, "-inkey", c.path("plain.pem"), "-out", c.path("out"),
		}
		c.accepts("gmopenssl", decrypt...)
		out, err := os.ReadFile(c.path("out"))
		require.NoError(t, err)
		require.Equal(t, record, out)

		der[len(der)-1] ^= 1
		c.file("envelope.der", asEnvelopedData(t, der))
		_ = c.run("gmopenssl", decrypt...) // one time in 256 the padding is right by chance
		out, err = os.ReadFile(c.path("out"))
		require.True(t, err != nil || !bytes.Equal(record, out))
	}
}

// asEnvelopedData puts the type of RFC 5652 in front.
func asEnvelopedData(t *testing.T, der []byte) []byte {
	t.Helper()
	var info struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue
	}
	rest, err := asn1.Unmarshal(der, &info)
	require.NoError(t, err)
	require.Empty(t, rest)
	info.Type = oid.EnvelopedData.ASN1()
	out, err := asn1.Marshal(info)
	require.NoError(t, err)
	return out
}
