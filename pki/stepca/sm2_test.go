package stepca_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/stepca"
)

const department = "示例省农业厅"

// Rows A55 and A56: the same tokens stand in front of the SM2 authority, which gets what was approved.
func TestEnrolSM2_A56(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	csr, key := sm2CSR(t, department)
	begin := time.Now()
	issued, err := w.authority.EnrolSM2(t.Context(), stepca.Enrolment{CSR: csr, Token: w.token(t, func(x *stepca.Token) {
		x.Subject, x.Profile, x.Application, x.CSR = department, "department", "a-17", csr
	})})
	require.NoError(t, err)
	require.Equal(t, [][]byte{[]byte("certificate for " + department), []byte("issuer")}, issued.Chain)
	require.Equal(t, "twin", string(issued.Twin))
	require.Equal(t, "enveloped", string(issued.Enveloped))

	asked := w.issuer.requests()
	require.Len(t, asked, 1)
	got := asked[0]
	require.True(t, publicOf(t, key).Equal(got.PublicKey))
	require.NotEmpty(t, got.TokenID)
	require.WithinDuration(t, begin.Add(-time.Minute), got.NotBefore, time.Minute)
	require.Equal(t, 24*time.Hour+time.Minute, got.NotAfter.Sub(got.NotBefore).Round(time.Second))
	want := stepca.SM2Request{CSR: csr, CommonName: department, Provisioner: deskName, Profile: "department", Application: "a-17"}
	require.Empty(t, cmp.Diff(want, got, cmpopts.EquateEmpty(),
		cmpopts.IgnoreFields(stepca.SM2Request{}, "PublicKey", "TokenID", "NotBefore", "NotAfter")))
	require.Zero(t, w.count(t), "smallstep registers nothing")
}

// Alternative names are those of the token, whether or not the request has them; the subject becomes none by itself.
func TestSM2Names(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	csr, _ := sm2CSR(t, service)
	sans := []string{service, "10.1.2.3", "webmaster@example.gov.cn", "https://example.gov.cn/a"}
	end := time.Now().Add(2 * time.Hour).UTC().Truncate(time.Second)
	_, err := w.authority.EnrolSM2(t.Context(), stepca.Enrolment{
		CSR: csr, NotAfter: end, Token: w.token(t, func(x *stepca.Token) { x.SANs = sans }),
	})
	require.NoError(t, err)
	got := w.issuer.requests()[0]
	require.Equal(t, []string{service}, got.DNSNames)
	require.Equal(t, []string{"webmaster@example.gov.cn"}, got.EmailAddresses)
	require.Equal(t, []string{"10.1.2.3"}, got.IPAddresses)
	require.Len(t, got.URIs, 1)
	require.Equal(t, "https://example.gov.cn/a", got.URIs[0].String())
	require.True(t, end.Equal(got.NotAfter))
}

// A request that violates what its token allows is refused, nothing is issued, and the token is used up.
func TestSM2Constraints_A56(t *testing.T) {
	t.Parallel()
	other, _ := sm2CSR(t, "其他单位")
	for name, test := range map[string]struct {
		csr    []byte // a good one if nil
		token  func(*stepca.Token)
		config func(*stepca.Config)
		end    time.Duration
	}{
		"another name": {csr: other},
		"another SAN":  {csr: first(sm2CSR(t, service, "other.example.gov.cn"))},
		"one more SAN": {
			csr:   first(sm2CSR(t, service, service, "other.example.gov.cn")),
			token: func(x *stepca.Token) { x.SANs = []string{service} },
		},
		"SAN beside none":    {csr: first(sm2CSR(t, department, "x.example.gov.cn")), token: func(x *stepca.Token) { x.Subject = department }},
		"too long":           {end: 25 * time.Hour},
		"too short":          {end: time.Minute},
		"over":               {end: -time.Hour},
		"bound to another":   {token: func(x *stepca.Token) { x.CSR = other }},
		"denied":             {config: func(c *stepca.Config) { c.Policy.Deny.DNS = []string{service} }, token: func(x *stepca.Token) { x.SANs = []string{service} }},
		"not allowed":        {config: func(c *stepca.Config) { c.Policy.Allow.CommonNames = []string{department} }},
		"provisioner's rule": {config: func(c *stepca.Config) { c.Provisioners[0].Policy.Allow.CommonNames = []string{department} }},
		"provisioner's times": {config: func(c *stepca.Config) {
			c.Provisioners[0].Lifetimes = stepca.Lifetimes{Default: time.Hour, Max: time.Hour}
		}, end: 2 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(c *stepca.Config) {
				if test.config != nil {
					test.config(c)
				}
			})
			csr := test.csr
			if csr == nil {
				csr, _ = sm2CSR(t, service)
			}
			e := stepca.Enrolment{CSR: csr, Token: w.token(t, func(x *stepca.Token) {
				if test.token != nil {
					test.token(x)
				}
			})}
			if test.end != 0 {
				e.NotAfter = time.Now().Add(test.end)
			}
			issued, err := w.authority.EnrolSM2(t.Context(), e)
			requireRefused(t, stepca.ReasonConstraint, err)
			require.Empty(t, issued)
			require.Empty(t, w.issuer.requests())
			require.Zero(t, w.count(t))
			_, err = w.authority.EnrolSM2(t.Context(), e)
			requireRefused(t, stepca.ReasonReplayed, err)
		})
	}
}

func first[T, U any](x T, _ U) T { return x }

// Bad requests are refused before the token is touched.
func TestSM2RequestRefused_A56(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good, key := sm2CSR(t, service)
	parsed, err := smx509.ParseCertificateRequest(good)
	require.NoError(t, err)
	resign := func(e []byte) []byte {
		signature, err := key.Sign(rand.Reader, e, nil)
		require.NoError(t, err)
		return rewrap(t, parsed.RawTBSCertificateRequest, signature)
	}
	withID := func(id string) []byte {
		signature, err := key.Sign(rand.Reader, parsed.RawTBSCertificateRequest, sm2.NewSM2SignerOption(true, []byte(id)))
		require.NoError(t, err)
		return rewrap(t, parsed.RawTBSCertificateRequest, signature)
	}
	plain := sm3.Sum(parsed.RawTBSCertificateRequest)
	emptyID := sm3.Sum(append(zOfNobody(&key.PublicKey), parsed.RawTBSCertificateRequest...))
	_, other := sm2CSR(t, service)
	stranger, err := other.Sign(rand.Reader, parsed.RawTBSCertificateRequest, sm2.DefaultSM2SignerOpts)
	require.NoError(t, err)
	for name, test := range map[string]struct {
		csr  []byte
		want stepca.Reason
	}{
		"empty":             {nil, stepca.ReasonRequest},
		"text":              {[]byte("csr"), stepca.ReasonRequest},
		"long":              {make([]byte, 17<<10), stepca.ReasonRequest},
		"trailing":          {append(bytes.Clone(good), 0), stepca.ReasonRequest},
		"P-256":             {csrOf(t, ecKey(t), service), stepca.ReasonRequest},
		"flipped":           {flipEnd(good), stepca.ReasonPossession},
		"another's":         {rewrap(t, parsed.RawTBSCertificateRequest, stranger), stepca.ReasonPossession},
		"without Z":         {resign(plain[:]), stepca.ReasonPossession},
		"empty identifier":  {resign(emptyID[:]), stepca.ReasonPossession},
		"other identifier":  {withID("ALICE123@YAHOO.COM"), stepca.ReasonPossession},
		"trailing in value": {rewrap(t, parsed.RawTBSCertificateRequest, append(bytes.Clone(parsed.Signature), 0)), stepca.ReasonPossession},
		"long form length":  {rewrap(t, parsed.RawTBSCertificateRequest, longForm(parsed.Signature)), stepca.ReasonPossession},
	} {
		t.Run(name, func(t *testing.T) {
			token := w.token(t)
			issued, err := w.authority.EnrolSM2(t.Context(), stepca.Enrolment{Token: token, CSR: test.csr})
			requireRefused(t, test.want, err)
			require.Empty(t, issued)
			require.Empty(t, w.issuer.requests())
			used, err := stepca.UsedTokens(w.authority)
			require.NoError(t, err)
			require.Zero(t, used)
		})
	}
	_, err = w.authority.EnrolSM2(t.Context(), stepca.Enrolment{Token: w.token(t), CSR: withID("1234567812345678")})
	require.NoError(t, err, "the helper makes good requests too")
}

// zOfNobody is Z of GB/T 32918.2, 5.5 for the empty identifier, which the libraries replace by the default one.
func zOfNobody(key *ecdsa.PublicKey) []byte {
	curve := key.Params()
	a := new(big.Int).Sub(curve.P, big.NewInt(3))
	text := []byte{0, 0}
	for _, n := range []*big.Int{a, curve.B, curve.Gx, curve.Gy, key.X, key.Y} {
		text = append(text, n.FillBytes(make([]byte, 32))...)
	}
	z := sm3.Sum(text)
	return z[:]
}

// rewrap makes a request of its signed part and a signature value.
func rewrap(t testing.TB, tbs, signature []byte) []byte {
	t.Helper()
	der, err := asn1.Marshal(struct {
		Info      asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Value     asn1.BitString
	}{
		asn1.RawValue{FullBytes: tbs},
		pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 501}},
		asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)},
	})
	require.NoError(t, err)
	return der
}

// longForm writes the outer length of a signature value in the long form, which DER forbids.
func longForm(signature []byte) []byte {
	return append([]byte{signature[0], 0x81, signature[1]}, signature[2:]...)
}

// Names that Go's parser refuses in a certificate request are refused in its shadow.
func TestSM2Shadow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	request := func(san []byte) []byte {
		der, err := smx509.CreateCertificateRequest(rand.Reader, &smx509.CertificateRequest{
			Subject: pkix.Name{CommonName: service}, SignatureAlgorithm: smx509.SM2WithSM3,
			ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: san}},
		}, key)
		require.NoError(t, err)
		return der
	}
	names, err := stepca.Shadow(w.authority, request([]byte("\x30\x0f\x82\x0da.example.org")))
	require.NoError(t, err)
	require.Equal(t, []string{"a.example.org"}, names)
	for name, san := range map[string]string{
		"no sequence": "\x04\x00", "cut off": "\x30\x0f\x82\x0da.exam", "not IA5": "\x30\x05\x82\x03\xe7\x9c\x81",
		"address of 3 octets": "\x30\x05\x87\x03\x01\x02\x03",
	} {
		_, err := w.authority.EnrolSM2(t.Context(), stepca.Enrolment{Token: w.token(t), CSR: request([]byte(san))})
		requireRefused(t, stepca.ReasonRequest, err, name)
	}
	require.Empty(t, w.issuer.requests())
}

// What the SM2 authority refuses is refused, in its words; the token is used up.
func TestSM2IssuerRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	csr, _ := sm2CSR(t, service)
	w.issuer.err = &stepca.RefusalError{Reason: stepca.ReasonConstraint, Detail: "weak key"}
	e := stepca.Enrolment{Token: w.token(t), CSR: csr}
	issued, err := w.authority.EnrolSM2(t.Context(), e)
	requireRefused(t, stepca.ReasonConstraint, err)
	require.Empty(t, issued)
	w.issuer.err = errIssuer
	_, err = w.authority.EnrolSM2(t.Context(), stepca.Enrolment{Token: w.token(t), CSR: csr})
	require.ErrorIs(t, err, errIssuer)
	require.Len(t, w.issuer.requests(), 2)
	_, err = w.authority.EnrolSM2(t.Context(), e)
	requireRefused(t, stepca.ReasonReplayed, err)
	require.Len(t, w.issuer.requests(), 2)

	w.issuer.err = nil
	nothing := w.token(t, func(x *stepca.Token) { x.Profile = "nothing" })
	_, err = w.authority.EnrolSM2(t.Context(), stepca.Enrolment{Token: nothing, CSR: csr})
	require.ErrorIs(t, err, stepca.ErrSM2Issuer)
}

func TestSM2NotServed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *stepca.Config) { c.SM2 = nil })
	csr, _ := sm2CSR(t, service)
	token := w.token(t)
	_, err := w.authority.EnrolSM2(t.Context(), stepca.Enrolment{Token: token, CSR: csr})
	requireRefused(t, stepca.ReasonNotServed, err)
	_, err = w.authority.Issue(t.Context(), stepca.Enrolment{Token: token, CSR: csrOf(t, ecKey(t), service, service)})
	require.NoError(t, err, "the token is still good")
}

// FuzzSM2Request: whatever comes in, it is refused, or it is a request whose key has signed it, as it is.
func FuzzSM2Request(f *testing.F) {
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(f, err)
	for _, template := range []*smx509.CertificateRequest{
		{Subject: pkix.Name{CommonName: service}},
		{Subject: pkix.Name{CommonName: department, Organization: []string{department}}, DNSNames: []string{service}},
		{
			DNSNames: []string{service}, EmailAddresses: []string{"a@example.gov.cn"}, IPAddresses: []net.IP{net.IPv6loopback},
			ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 15}, Critical: true, Value: []byte{3, 2, 6, 0xc0}}},
		},
	} {
		template.SignatureAlgorithm = smx509.SM2WithSM3
		der, err := smx509.CreateCertificateRequest(rand.Reader, template, key)
		require.NoError(f, err)
		f.Add(der)
	}
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, der []byte) {
		raw, err := stepca.ParseSM2Request(der)
		if err != nil {
			require.Nil(t, raw)
			require.Contains(t, []stepca.Reason{stepca.ReasonRequest, stepca.ReasonPossession}, stepca.ReasonOf(err))
			return
		}
		require.Equal(t, der, raw)
		again, err := smx509.ParseCertificateRequest(raw)
		require.NoError(t, err)
		public, err := pki.PublicKeyOf(again.PublicKey)
		require.NoError(t, err)
		require.NoError(t, pki.CrossCheck(public, again.RawTBSCertificateRequest, again.Signature))
		if _, err := stepca.Shadow(w.authority, der); err != nil {
			requireRefused(t, stepca.ReasonRequest, err)
		}
	})
}
