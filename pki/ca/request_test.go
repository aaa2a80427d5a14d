package ca_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

// csrParts are the parts of a request that tests bend.
type csrParts struct {
	version    int64
	name       []byte
	key        func(b *cryptobyte.Builder) // AlgorithmIdentifier of the key
	point      []byte
	attributes []byte // with header; nil: none
	algorithm  func(b *cryptobyte.Builder)
	after      []byte // in the outer SEQUENCE
}

func (p *csrParts) info(t testing.TB) []byte {
	t.Helper()
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(p.version)
		b.AddBytes(p.name)
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, p.key)
			b.AddASN1BitString(p.point)
		})
		b.AddBytes(p.attributes)
	})
	info, err := b.Bytes()
	require.NoError(t, err)
	return info
}

// sign makes a request whose signature is over e, the digest of the info.
func (p *csrParts) sign(t testing.TB, key crypto.Signer, digest func(info []byte) []byte) []byte {
	t.Helper()
	info := p.info(t)
	signature, err := key.Sign(rand.Reader, digest(info), crypto.Hash(0))
	require.NoError(t, err)
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(info)
		b.AddASN1(casn1.SEQUENCE, p.algorithm)
		b.AddASN1BitString(signature)
		b.AddBytes(p.after)
	})
	der, err := b.Bytes()
	require.NoError(t, err)
	return der
}

func newParts(t testing.TB, key crypto.Signer) *csrParts {
	t.Helper()
	public, err := pki.PublicKeyOf(key.Public())
	require.NoError(t, err)
	return &csrParts{
		name: []byte{0x30, 0}, point: public.Point(), attributes: []byte{0xa0, 0},
		key:       func(b *cryptobyte.Builder) { oid.Add(b, oid.ECPublicKey); oid.Add(b, oid.SM2) },
		algorithm: func(b *cryptobyte.Builder) { oid.Add(b, oid.SM2WithSM3) },
	}
}

// withID is SM3(Z ‖ info) for a signer identifier, worked out from the parameters of the curve.
func withID(key crypto.Signer, id string) func([]byte) []byte {
	return func(info []byte) []byte {
		public, _ := key.Public().(*ecdsa.PublicKey)
		p := sm2.P256().Params()
		a := p.P.Bytes()
		a[len(a)-1] -= 3
		z := []byte{byte(len(id) * 8 >> 8), byte(len(id) * 8)}
		z = append(append(z, id...), a...)
		for _, n := range [][]byte{
			p.B.FillBytes(make([]byte, 32)), p.Gx.FillBytes(make([]byte, 32)), p.Gy.FillBytes(make([]byte, 32)),
			public.X.FillBytes(make([]byte, 32)), public.Y.FillBytes(make([]byte, 32)),
		} {
			z = append(z, n...)
		}
		digest := sm3.Sum(z)
		e := sm3.Sum(append(digest[:], info...))
		return e[:]
	}
}

func withoutZ(info []byte) []byte {
	e := sm3.Sum(info)
	return e[:]
}

// Row A55: a key is certified only for whoever proves that he has it, in the one way of the standard.
func TestParseRequest_A55(t *testing.T) {
	key, other := newKey(t), newKey(t)
	proper := withID(key, "1234567812345678")
	der := newParts(t, key).sign(t, key, proper)
	public, err := ca.ParseRequest(der)
	require.NoError(t, err)
	want, err := pki.PublicKeyOf(key.Public())
	require.NoError(t, err)
	require.True(t, want.Equal(public))

	withNull := newParts(t, key)
	withNull.algorithm = func(b *cryptobyte.Builder) { oid.Add(b, oid.SM2WithSM3); b.AddASN1NULL() }
	_, err = ca.ParseRequest(withNull.sign(t, key, proper))
	require.NoError(t, err)
	bare := newParts(t, key)
	bare.attributes = nil
	_, err = ca.ParseRequest(bare.sign(t, key, proper))
	require.NoError(t, err)

	for name, test := range map[string]struct {
		der  []byte
		want ca.Reason
	}{
		"without Z":      {newParts(t, key).sign(t, key, withoutZ), ca.ReasonWithoutZ},
		"empty id":       {newParts(t, key).sign(t, key, withID(key, "")), ca.ReasonEmptyID},
		"other id":       {newParts(t, key).sign(t, key, withID(key, "ALICE123@YAHOO.COM")), ca.ReasonBadProof},
		"other key":      {newParts(t, key).sign(t, other, proper), ca.ReasonBadProof},
		"no signature":   {append(der[:len(der)-1:len(der)-1], der[len(der)-1]^1), ca.ReasonBadProof},
		"byte after":     {append(der[:len(der):len(der)], 0), ca.ReasonMalformed},
		"nothing":        {nil, ca.ReasonMalformed},
		"cut":            {der[:len(der)-1], ca.ReasonMalformed},
		"too long":       {make([]byte, 17<<10), ca.ReasonTooLarge},
		"version 1":      {bend(t, key, func(p *csrParts) { p.version = 1 }), ca.ReasonMalformed},
		"P-256 curve":    {bend(t, key, func(p *csrParts) { p.key = p256Algorithm }), ca.ReasonAlgorithm},
		"explicit curve": {bend(t, key, func(p *csrParts) { p.key = explicitAlgorithm }), ca.ReasonAlgorithm},
		"off the curve":  {bend(t, key, func(p *csrParts) { p.point[64] ^= 1 }), ca.ReasonAlgorithm},
		"compressed":     {bend(t, key, func(p *csrParts) { p.point = append([]byte{2}, p.point[1:33]...) }), ca.ReasonAlgorithm},
		"infinity":       {bend(t, key, func(p *csrParts) { p.point = []byte{0} }), ca.ReasonAlgorithm},
		"signed as SHA-256": {bend(t, key, func(p *csrParts) {
			p.algorithm = func(b *cryptobyte.Builder) { oid.Add(b, oid.ECDSAWithSHA256) }
		}), ca.ReasonAlgorithm},
		"parameters of the algorithm": {bend(t, key, func(p *csrParts) {
			p.algorithm = func(b *cryptobyte.Builder) { oid.Add(b, oid.SM2WithSM3); b.AddASN1OctetString(nil) }
		}), ca.ReasonAlgorithm},
		"element after":        {bend(t, key, func(p *csrParts) { p.after = []byte{5, 0} }), ca.ReasonMalformed},
		"name is no name":      {bend(t, key, func(p *csrParts) { p.name = []byte{0x30, 2, 5, 0} }), ca.ReasonMalformed},
		"empty part of a name": {bend(t, key, func(p *csrParts) { p.name = []byte{0x30, 2, 0x31, 0} }), ca.ReasonMalformed},
		"attributes are none":  {bend(t, key, func(p *csrParts) { p.attributes = []byte{0xa0, 2, 5, 0} }), ca.ReasonMalformed},
		"attributes twice":     {bend(t, key, func(p *csrParts) { p.attributes = []byte{0xa0, 0, 0xa0, 0} }), ca.ReasonMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			public, err := ca.ParseRequest(test.der)
			require.ErrorIs(t, err, ca.ErrRequest)
			require.Equal(t, test.want, ca.ReasonOf(err))
			require.Nil(t, public)
		})
	}
}

func bend(t *testing.T, key crypto.Signer, change func(*csrParts)) []byte {
	t.Helper()
	p := newParts(t, key)
	change(p)
	return p.sign(t, key, withID(key, "1234567812345678"))
}

func p256Algorithm(b *cryptobyte.Builder) { oid.Add(b, oid.ECPublicKey); oid.Add(b, oid.CurveP256) }

func explicitAlgorithm(b *cryptobyte.Builder) {
	oid.Add(b, oid.ECPublicKey)
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1Int64(1) })
}

// Requests of other makers: what smx509 takes is taken, whatever is not SM2 is refused by name.
func TestParseRequestOfOthers(t *testing.T) {
	root := os.Getenv("ELICENSE_TESTDATA")
	if root == "" {
		t.Skip("ELICENSE_TESTDATA is not set: no requests of other makers")
	}
	taken, refused := 0, make(map[ca.Reason]int)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if info, err := d.Info(); err != nil || info.Size() > 64<<10 {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), "CERTIFICATE REQUEST") {
			return err
		}
		block, _ := pem.Decode(text)
		if block == nil || !strings.HasSuffix(block.Type, "CERTIFICATE REQUEST") {
			return nil
		}
		public, err := ca.ParseRequest(block.Bytes)
		if err == nil {
			taken++
			csr, err := smx509.ParseCertificateRequest(block.Bytes)
			require.NoError(t, err, path)
			require.NoError(t, csr.CheckSignature(), path)
			require.NotNil(t, public)
			return nil
		}
		refused[ca.ReasonOf(err)]++
		if csr, err := smx509.ParseCertificateRequest(block.Bytes); err == nil && csr.SignatureAlgorithm == smx509.SM2WithSM3 {
			// A key named by the OID of the curve alone, as one maker does it, is refused although it is sound.
			sound := csr.CheckSignature() == nil
			require.Equal(t, sound, ca.ReasonOf(err) == ca.ReasonAlgorithm, "%s: %v", path, err)
		}
		return nil
	})
	require.NoError(t, err)
	t.Logf("%d taken, refused %v", taken, refused)
	require.Positive(t, taken)
	require.Positive(t, refused[ca.ReasonBadProof])
}

// Keys that everybody knows are refused, whoever proves that he has one.
func TestWeakKeys(t *testing.T) {
	o := newOffice(t)
	order := sm2.P256().Params().N
	for name, d := range ca.WeakScalars(order) {
		t.Run(name, func(t *testing.T) {
			key, err := sm2.NewPrivateKeyFromInt(d)
			require.NoError(t, err)
			e := o.enrolment(ca.ProfileServer)
			e.CSR = newCSR(t, key)
			_, err = o.register.Apply(t.Context(), window, ca.ApplicationID{}, e)
			require.ErrorIs(t, err, ca.ErrKey)
			require.Equal(t, ca.ReasonWeakKey, ca.ReasonOf(err))
		})
	}
	// The list holds what it says: a party of the key exchange of GB/T 32918.5-2017.
	key, err := sm2.NewPrivateKeyFromInt(ca.WeakScalars(order)["published 1"])
	require.NoError(t, err)
	require.Equal(t, "160e12897df4edb61dd812feb96748fbd3ccf4ffe26aa6f6db9540af49c94232", key.X.Text(16))
}

func FuzzParseRequest(f *testing.F) {
	key := newKey(f)
	p := newParts(f, key)
	f.Add(p.sign(f, key, withID(key, "1234567812345678")))
	f.Add(p.sign(f, key, withoutZ))
	f.Add(p.sign(f, key, withID(key, "")))
	f.Add(newCSR(f, key))
	f.Fuzz(func(t *testing.T, der []byte) {
		public, err := ca.ParseRequest(der)
		if err != nil {
			require.ErrorIs(t, err, ca.ErrRequest)
			require.NotEmpty(t, ca.ReasonOf(err))
			require.Nil(t, public)
			return
		}
		// What is taken is a DER sequence of three and signed by the key in it, as another implementation sees it too.
		var outer struct {
			Info      asn1.RawValue
			Algorithm asn1.RawValue
			Signature asn1.BitString
		}
		rest, err := asn1.Unmarshal(der, &outer)
		require.NoError(t, err)
		require.Empty(t, rest)
		require.NoError(t, pki.CrossCheck(public, outer.Info.FullBytes, outer.Signature.Bytes))
	})
}

// An RSA or ECDSA request is not read as something else.
func TestForeignRequests(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	require.NoError(t, err)
	_, err = ca.ParseRequest(der)
	require.Equal(t, ca.ReasonAlgorithm, ca.ReasonOf(err))
}
