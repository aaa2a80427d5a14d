package ca_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

func department(w world) ca.Request {
	return ca.Request{
		Profile: ca.ProfileDepartment, Subject: ca.Name{CommonName: "示例省农业厅"}, USCC: farmUSCC,
		PublicKey: w.key.Public(),
	}
}

func verify(t testing.TB, w world, c *pki.Certificate) (*pki.Chain, error) {
	t.Helper()
	anchors, err := pki.NewAnchors(w.root.Certificate())
	require.NoError(t, err)
	return pki.VerifyChain(c, pki.ChainOptions{
		Anchors: anchors, Intermediates: []*pki.Certificate{w.issuing.Certificate()}, At: time.Now(),
		Usage: pki.UsageDigitalSignature | pki.UsageNonRepudiation, CrossCheck: true,
	})
}

// Row A55: root, issuing authority and leaf, all SM2 with SM3.
func TestIssue_A55(t *testing.T) {
	w := newWorld(t)
	chain, err := verify(t, w, w.leaf)
	require.NoError(t, err)
	require.Len(t, chain.Certificates, 3)
	require.Equal(t, farmUSCC, w.leaf.Holder.USCC)
	require.Equal(t, "示例省农业厅", w.leaf.Holder.Organization)
	require.False(t, w.leaf.IsCA)
	require.Contains(t, string(w.leaf.Raw), "\x03\x02\x06\xc0", "key usage as in GB/T 20518")
	require.Len(t, w.leaf.Serial.Bytes(), 20)

	root, sub := w.root.Certificate(), w.issuing.Certificate()
	require.NoError(t, root.CheckIssuedBy(root))
	require.Equal(t, 1, root.MaxPathLen)
	require.Equal(t, 0, sub.MaxPathLen)
	require.Equal(t, pki.UsageCertSign|pki.UsageCRLSign, sub.KeyUsage)
	require.Len(t, w.issuing.Chain(), 2)
}

func TestIssueFromCSR(t *testing.T) {
	w := newWorld(t)
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	csr, err := smx509.CreateCertificateRequest(rand.Reader, &smx509.CertificateRequest{
		Subject:            pkix.Name{CommonName: "a name the authority does not take over"},
		SignatureAlgorithm: smx509.SM2WithSM3,
	}, key)
	require.NoError(t, err)
	request := ca.Request{Profile: ca.ProfileVault, Subject: ca.Name{CommonName: "示例省电子证照库"}, CSR: csr}
	c, err := w.issuing.Issue(request)
	require.NoError(t, err)
	_, err = verify(t, w, c)
	require.NoError(t, err)
	require.Equal(t, "示例省电子证照库", c.Holder.CommonName)

	request.CSR = bytes.Clone(csr)
	request.CSR[len(csr)-1] ^= 1
	_, err = w.issuing.Issue(request)
	require.ErrorIs(t, err, ca.ErrRequest)
	for name, csr := range map[string][]byte{"empty": {}, "text": []byte("csr"), "long": make([]byte, 70000)} {
		request.CSR = csr
		_, err = w.issuing.Issue(request)
		require.ErrorIs(t, err, ca.ErrRequest, name)
	}
}

func TestIssueRefuses(t *testing.T) {
	w := newWorld(t)
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	for name, test := range map[string]struct {
		change func(*ca.Request)
		want   error
	}{
		"unknown profile": {func(r *ca.Request) { r.Profile = "x" }, ca.ErrProfile},
		"root":            {func(r *ca.Request) { r.Profile = ca.ProfileRoot }, ca.ErrProfile},
		"authority":       {func(r *ca.Request) { r.Profile = ca.ProfileIssuing }, ca.ErrProfile},
		"no key":          {func(r *ca.Request) { r.PublicKey = nil }, ca.ErrRequest},
		"key and request": {func(r *ca.Request) { r.CSR = []byte{} }, ca.ErrRequest},
		"P-256":           {func(r *ca.Request) { r.PublicKey = p256.Public() }, ca.ErrRequest},
		"issuer's key":    {func(r *ca.Request) { r.PublicKey = w.issuing.Certificate().PublicKey }, ca.ErrLint},
		"no USCC":         {func(r *ca.Request) { r.USCC = "" }, ca.ErrLint},
		"wrong USCC":      {func(r *ca.Request) { r.USCC = "113500000000100A8G" }, ca.ErrLint},
		"no name":         {func(r *ca.Request) { r.Subject = ca.Name{Organization: "x"} }, ca.ErrLint},
		"long name":       {func(r *ca.Request) { r.Subject.CommonName = strings.Repeat("省", 65) }, ca.ErrLint},
		"control in name": {func(r *ca.Request) { r.Subject.Locality = "a\x00b" }, ca.ErrLint},
		"blank at end":    {func(r *ca.Request) { r.Subject.Province = "a " }, ca.ErrLint},
		"no UTF-8":        {func(r *ca.Request) { r.Subject.OrganizationalUnit = "\xff" }, ca.ErrLint},
		"issuer's name": {func(r *ca.Request) {
			r.Subject = ca.Name{Organization: "示例省数字认证中心", CommonName: "示例省签发证书"}
		}, ca.ErrLint},
		"wrong USCC for the vault": {func(r *ca.Request) { r.Profile, r.USCC = ca.ProfileVault, "x" }, ca.ErrLint},
	} {
		t.Run(name, func(t *testing.T) {
			r := department(w)
			test.change(&r)
			c, err := w.issuing.Issue(r)
			require.ErrorIs(t, err, test.want)
			require.Nil(t, c)
		})
	}
	_, err = w.issuing.NewIssuing(ca.Name{CommonName: "third level"})
	require.ErrorIs(t, err, ca.ErrLint)
	_, err = ca.NewRoot(config(), ca.Name{})
	require.ErrorIs(t, err, ca.ErrLint)
	_, err = ca.NewRoot(ca.Config{Now: time.Now}, ca.Name{CommonName: "root"})
	require.ErrorIs(t, err, ca.ErrConfig)
	_, err = ca.NewRoot(ca.Config{Rand: rand.Reader}, ca.Name{CommonName: "root"})
	require.ErrorIs(t, err, ca.ErrConfig)
	_, err = ca.NewRoot(ca.Config{Rand: strings.NewReader(""), Now: time.Now}, ca.Name{CommonName: "root"})
	require.ErrorIs(t, err, io.EOF)
}

// Each rule of the lint, broken alone.
func TestLint(t *testing.T) {
	w := newWorld(t)
	issuer := w.issuing.Certificate()
	good, err := w.issuing.Draft(department(w))
	require.NoError(t, err)
	require.NoError(t, ca.Lint(good, issuer))
	root, err := w.root.Draft(ca.Request{
		Profile: ca.ProfileRoot, Subject: ca.Name{CommonName: "r"}, PublicKey: w.root.Certificate().PublicKey,
	})
	require.NoError(t, err)
	require.NoError(t, ca.Lint(root, nil))
	for name, change := range map[string]func(*ca.Draft){
		"short serial":      func(d *ca.Draft) { d.Serial = new(big.Int).Rsh(d.Serial, 40) },
		"long serial":       func(d *ca.Draft) { d.Serial = new(big.Int).Lsh(d.Serial, 8) },
		"negative serial":   func(d *ca.Draft) { d.Serial = new(big.Int).Neg(d.Serial) },
		"empty validity":    func(d *ca.Draft) { d.NotAfter = d.NotBefore },
		"longer than rule":  func(d *ca.Draft) { d.NotAfter = d.NotAfter.Add(time.Second) },
		"longer than CA":    func(d *ca.Draft) { d.NotBefore, d.NotAfter = issuer.NotAfter, issuer.NotAfter.Add(1e9) },
		"before CA":         func(d *ca.Draft) { d.NotBefore, d.NotAfter = issuer.NotBefore.Add(-1e9), now(d) },
		"other issuer name": func(d *ca.Draft) { d.Issuer = d.Subject },
		"other issuer key":  func(d *ca.Draft) { d.IssuerKey = d.Public },
		"no usage":          func(d *ca.Draft) { d.Profile.KeyUsage = 0 },
		"no subject":        func(d *ca.Draft) { d.Subject = []byte{0x30, 0} },
		"CA below leaf CA":  func(d *ca.Draft) { d.Profile, _ = ca.ProfileNamed(ca.ProfileIssuing) },
		"year 10000":        func(d *ca.Draft) { d.NotAfter = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
	} {
		d := good
		change(&d)
		require.ErrorIs(t, ca.Lint(d, issuer), ca.ErrLint, name)
	}
	issuing, _ := ca.ProfileNamed(ca.ProfileIssuing)
	other := good.Profile
	other.KeyUsage = pki.UsageKeyEncipherment
	deep := issuing
	deep.MaxPathLen = 3
	for name, d := range map[string]ca.Draft{
		"CA flag":     {Profile: good.Profile, EncodedAsProfile: &issuing},
		"key usage":   {Profile: good.Profile, EncodedAsProfile: &other},
		"path length": {Profile: issuing, EncodedAsProfile: &deep},
	} {
		broken := good
		broken.Profile, broken.EncodedAsProfile = d.Profile, d.EncodedAsProfile
		require.ErrorIs(t, ca.Lint(broken, issuer), ca.ErrLint, name)
	}
	for name, change := range map[string]func(*ca.Draft){
		"not self-issued": func(d *ca.Draft) { d.Issuer = issuer.RawSubject },
		"not self-signed": func(d *ca.Draft) { d.IssuerKey = good.Public },
	} {
		d := root
		change(&d)
		require.ErrorIs(t, ca.Lint(d, nil), ca.ErrLint, name)
	}
	require.ErrorIs(t, ca.Lint(good, w.leaf), ca.ErrLint, "issuer is no authority")
}

// now is a time at which the draft is valid.
func now(d *ca.Draft) time.Time { return d.NotBefore.Add(time.Hour) }

func TestSerialNumbersDiffer(t *testing.T) {
	w := newWorld(t)
	seen := map[string]bool{}
	for range 50 {
		c, err := w.issuing.Issue(department(w))
		require.NoError(t, err)
		require.False(t, seen[c.Serial.String()])
		seen[c.Serial.String()] = true
	}
}

// A leaf never outlives its authority.
func TestValidityIsClamped(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	c := ca.Config{Rand: rand.Reader, Now: func() time.Time { return at }}
	root, err := ca.NewRoot(c, ca.Name{CommonName: "root"})
	require.NoError(t, err)
	require.Equal(t, at.Add(-time.Hour), root.Certificate().NotBefore)
	sub, err := root.NewIssuing(ca.Name{CommonName: "sub"})
	require.NoError(t, err)
	at = at.AddDate(14, 0, 0)
	key, err := pki.GenerateKey(rand.Reader)
	require.NoError(t, err)
	request := ca.Request{Profile: ca.ProfileVault, Subject: ca.Name{CommonName: "vault"}, PublicKey: key.Public()}
	leaf, err := sub.Issue(request)
	require.NoError(t, err)
	require.Equal(t, sub.Certificate().NotAfter, leaf.NotAfter)
	at = at.AddDate(2, 0, 0)
	_, err = sub.Issue(request)
	require.ErrorIs(t, err, ca.ErrLint, "the authority itself has expired")
	at = at.AddDate(-30, 0, 0)
	_, err = sub.Issue(request)
	require.ErrorIs(t, err, ca.ErrLint, "the clock is before the authority's time")
}

func TestSaveAndLoad(t *testing.T) {
	w := newWorld(t)
	text, err := w.issuing.Save([]byte("pass"))
	require.NoError(t, err)
	again, err := ca.Load(config(), text, []byte("pass"))
	require.NoError(t, err)
	require.True(t, again.Certificate().Equal(w.issuing.Certificate()))
	c, err := again.Issue(department(w))
	require.NoError(t, err)
	_, err = verify(t, w, c)
	require.NoError(t, err)

	_, err = w.issuing.Save(nil)
	require.ErrorIs(t, err, pki.ErrPassphrase)
	_, err = ca.Load(config(), text, []byte("wrong"))
	require.ErrorIs(t, err, pki.ErrPassphrase)
	_, err = ca.Load(ca.Config{}, text, []byte("pass"))
	require.ErrorIs(t, err, ca.ErrConfig)
	at := bytes.Index(text, []byte("-----BEGIN CERTIFICATE"))
	other := newWorld(t)
	for name, bad := range map[string][]byte{
		"no certificate":   text[:at],
		"other key":        pki.AppendPEM(bytes.Clone(text[:at]), other.issuing.Chain()...),
		"other root":       pki.AppendPEM(bytes.Clone(text[:at]), w.issuing.Certificate(), other.root.Certificate()),
		"root missing":     pki.AppendPEM(bytes.Clone(text[:at]), w.issuing.Certificate()),
		"no authority":     leafKey(t, w),
		"nothing":          nil,
		"certificate only": text[at:],
	} {
		a, err := ca.Load(config(), bad, []byte("pass"))
		require.Error(t, err, name)
		require.Nil(t, a, name)
	}
}

func leafKey(t *testing.T, w world) []byte {
	t.Helper()
	text, err := pki.MarshalKey(w.key, []byte("pass"), rand.Reader)
	require.NoError(t, err)
	return pki.AppendPEM(text, append([]*pki.Certificate{w.leaf}, w.issuing.Chain()...)...)
}

func FuzzIssueCSR(f *testing.F) {
	w := newWorld(f)
	csr, err := smx509.CreateCertificateRequest(rand.Reader,
		&smx509.CertificateRequest{SignatureAlgorithm: smx509.SM2WithSM3}, w.key)
	require.NoError(f, err)
	f.Add(csr)
	f.Fuzz(func(t *testing.T, csr []byte) {
		c, err := w.issuing.Issue(ca.Request{Profile: ca.ProfileVault, Subject: ca.Name{CommonName: "v"}, CSR: csr})
		if err != nil {
			require.Nil(t, c)
			return
		}
		require.NoError(t, c.CheckIssuedBy(w.issuing.Certificate()))
	})
}

func BenchmarkAuthority(b *testing.B) {
	w := newWorld(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.issuing.Issue(department(w)); err != nil {
			b.Fatal(err)
		}
	}
}
