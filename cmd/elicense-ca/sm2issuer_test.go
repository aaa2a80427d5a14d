package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509/pkix"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/pki/stepca"
)

// tokenKey is HMAC under a key of the test.
type tokenKey [32]byte

func (k tokenKey) Token(domain string, parts ...[]byte) [32]byte {
	h := hmac.New(sha256.New, k[:])
	for _, p := range append([][]byte{[]byte(domain)}, parts...) {
		h.Write([]byte{byte(len(p))})
		h.Write(p)
	}
	return [32]byte(h.Sum(nil))
}

var (
	window   = ca.Actor{Name: "window-1", Roles: ca.RoleEnrol}
	reviewer = ca.Actor{Name: "reviewer-1", Roles: ca.RoleApprove}
)

// bureau is both authorities: tokens in front, the register behind.
type bureau struct {
	register *ca.Register
	tokens   *stepca.Authority
	desk     stepca.TokenSigner
	roots    *pki.Anchors
}

func newBureau(t testing.TB) *bureau {
	t.Helper()
	p := newPlace(t, false)
	config := ca.Config{Rand: rand.Reader, Now: time.Now}
	root, err := ca.NewRoot(config, ca.Name{Organization: "示例省数字认证中心", CommonName: "示例省根证书"})
	require.NoError(t, err)
	issuing, err := root.NewIssuing(ca.Name{Organization: "示例省数字认证中心", CommonName: "示例省签发证书"})
	require.NoError(t, err)
	u := new(bureau)
	u.roots, err = pki.NewAnchors(root.Certificate())
	require.NoError(t, err)
	e := memory.New()
	u.register, err = ca.OpenRegister(t.Context(), ca.RegisterConfig{
		Engine: e, Issuers: []*ca.Authority{issuing, root}, Tokens: tokenKey{1}, Now: time.Now, Rand: rand.Reader,
		Base: "http://pki.example.gov.cn",
	})
	require.NoError(t, err)
	p.edit(t, "services: [tls, sm2]}", "services: [tls, sm2], lifetimes: {default: 9000h, max: 9000h}}")
	settings, err := readSettings(p.dir)
	require.NoError(t, err)
	c := &program{World: p.world(nil, nil, p.env), dir: p.dir}
	master, err := masterFromFile(p.env["ELICENSE_CA_MASTER_FILE"])
	require.NoError(t, err)
	s := &station{dir: p.dir, settings: settings, engine: e, master: master}
	u.tokens, err = c.openForeign(s, sm2Issuer{u.register})
	require.NoError(t, err)
	u.desk = stepca.TokenSigner{Provisioner: "desk", KeyID: "desk-1", Key: p.desk, Host: caHost, Rand: rand.Reader}
	return u
}

// approved is an application that two officers let pass.
func (u *bureau) approved(t testing.TB, change func(*ca.Enrolment)) *ca.Application {
	t.Helper()
	e := ca.Enrolment{
		Profile: ca.ProfileServer, Subject: ca.Name{Organization: "示例省农业厅", CommonName: service},
		DNSNames: []string{service, "www." + service},
	}
	if change != nil {
		change(&e)
	}
	a, err := u.register.Apply(t.Context(), window, ca.ApplicationID{}, e)
	require.NoError(t, err)
	a, err = u.register.Approve(t.Context(), reviewer, a.ID, "")
	require.NoError(t, err)
	require.Equal(t, ca.StageApproved, a.Stage)
	return a
}

func (u *bureau) token(t testing.TB, a *ca.Application, change func(*stepca.Token)) string {
	t.Helper()
	now := time.Now()
	x := stepca.Token{
		Subject: service, SANs: []string{"www." + service, service}, Begin: now, End: now.Add(time.Minute),
		Profile: ca.ProfileServer, Application: a.ID.String(),
	}
	if change != nil {
		change(&x)
	}
	token, err := u.desk.Sign(x)
	require.NoError(t, err)
	return token
}

func sm2CSR(t testing.TB) ([]byte, *pki.PublicKey) {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	der, err := smx509.CreateCertificateRequest(rand.Reader, &smx509.CertificateRequest{
		Subject: pkix.Name{CommonName: service}, SignatureAlgorithm: smx509.SM2WithSM3,
	}, key)
	require.NoError(t, err)
	public, err := pki.PublicKeyOf(key.Public())
	require.NoError(t, err)
	return der, public
}

// Row A56: applied for, approved by another, fetched with a token; the certificate verifies up to the root.
func TestEnrolWithToken_A56(t *testing.T) {
	u := newBureau(t)
	a := u.approved(t, nil)
	csr, public := sm2CSR(t)
	issued, err := u.tokens.EnrolSM2(t.Context(), stepca.Enrolment{Token: u.token(t, a, nil), CSR: csr})
	require.NoError(t, err)
	require.Len(t, issued.Chain, 2)
	leaf, err := pki.ParseCertificate(issued.Chain[0])
	require.NoError(t, err)
	require.True(t, public.Equal(leaf.PublicKey))
	above, err := pki.ParseCertificate(issued.Chain[1])
	require.NoError(t, err)
	require.NoError(t, leaf.CheckIssuedBy(above))
	require.NoError(t, above.CheckIssuedBy(u.roots.Certificates()[0]))

	again, err := u.tokens.EnrolSM2(t.Context(), stepca.Enrolment{Token: u.token(t, a, nil), CSR: csr})
	require.NoError(t, err)
	require.Equal(t, issued, again, "an application is issued once")
	other, _ := sm2CSR(t)
	_, err = u.tokens.EnrolSM2(t.Context(), stepca.Enrolment{Token: u.token(t, a, nil), CSR: other})
	require.Equal(t, stepca.ReasonConstraint, stepca.ReasonOf(err), "and for one key")
}

// Of many who come with one token one gets the certificate.
func TestEnrolOnce_A56(t *testing.T) {
	u := newBureau(t)
	a := u.approved(t, nil)
	token := u.token(t, a, nil)
	csr, _ := sm2CSR(t)
	var done atomic.Int32
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			switch _, err := u.tokens.EnrolSM2(t.Context(), stepca.Enrolment{Token: token, CSR: csr}); {
			case err == nil:
				done.Add(1)
			case stepca.ReasonOf(err) != stepca.ReasonReplayed:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, done.Load())
}

// A token opens what was approved and nothing else.
func TestEnrolRefused_A56(t *testing.T) {
	u := newBureau(t)
	csr, public := sm2CSR(t)
	other, _ := sm2CSR(t)
	good := u.approved(t, nil)
	withCSR := u.approved(t, func(e *ca.Enrolment) { e.CSR = other })
	waiting, err := u.register.Apply(t.Context(), window, ca.ApplicationID{}, ca.Enrolment{
		Profile: ca.ProfileServer, Subject: ca.Name{Organization: "示例省农业厅", CommonName: service},
		DNSNames: []string{service, "www." + service},
	})
	require.NoError(t, err)
	for name, test := range map[string]struct {
		application *ca.Application
		token       func(*stepca.Token)
	}{
		"no application":      {good, func(x *stepca.Token) { x.Application = "" }},
		"unknown application": {good, func(x *stepca.Token) { x.Application = ca.ApplicationID{9}.String() }},
		"not approved":        {waiting, nil},
		"another profile":     {good, func(x *stepca.Token) { x.Profile = ca.ProfileDepartment }},
		"fewer names":         {good, func(x *stepca.Token) { x.SANs = []string{service} }},
		"more names":          {good, func(x *stepca.Token) { x.SANs = append(x.SANs, "x."+service) }},
		"an address":          {good, func(x *stepca.Token) { x.SANs = append(x.SANs, "10.0.0.1") }},
		"another request":     {withCSR, nil},
	} {
		t.Run(name, func(t *testing.T) {
			issued, err := u.tokens.EnrolSM2(t.Context(), stepca.Enrolment{
				Token: u.token(t, test.application, test.token), CSR: csr,
			})
			require.Equal(t, stepca.ReasonConstraint, stepca.ReasonOf(err), "%v", err)
			require.Empty(t, issued)
		})
	}
	now := time.Now()
	request := stepca.SM2Request{
		CSR: csr, PublicKey: public, CommonName: service, DNSNames: good.Enrolment.DNSNames, NotBefore: now,
		NotAfter: now.Add(366 * 24 * time.Hour), Application: good.ID.String(), Provisioner: "desk",
	}
	for name, change := range map[string]func(*stepca.SM2Request){
		"another name":   func(r *stepca.SM2Request) { r.CommonName = "another" },
		"shorter":        func(r *stepca.SM2Request) { r.NotAfter = now.Add(300 * 24 * time.Hour) },
		"addresses":      func(r *stepca.SM2Request) { r.IPAddresses = []string{"::1"} },
		"mail addresses": func(r *stepca.SM2Request) { r.EmailAddresses = []string{"a@example.gov.cn"} },
	} {
		r := request
		change(&r)
		_, err := sm2Issuer{u.register}.Issue(t.Context(), r)
		require.Equal(t, stepca.ReasonConstraint, stepca.ReasonOf(err), name)
	}
	for _, a := range []*ca.Application{good, withCSR} {
		now, err := u.register.Application(t.Context(), a.ID)
		require.NoError(t, err)
		require.Equal(t, ca.StageApproved, now.Stage, "nothing was issued")
	}
	_, err = sm2Issuer{u.register}.Issue(t.Context(), request)
	require.NoError(t, err)
}
