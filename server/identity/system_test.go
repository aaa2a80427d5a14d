package identity_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/httpsig"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/server/identity"
)

// TestSignature_A71: a signed request is recognised as its registration says, and its content is what was signed.
func TestSignature_A71(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.signed(`{"a":1}`, nil)
	c, err := w.systems.Recognise(r)
	require.NoError(t, err)
	require.Equal(t, fixtures.Caller(0), c.ID)
	require.Equal(t, identity.RoleDepartmentSystem, c.Role)
	require.Equal(t, identity.MethodSignature, c.Method)
	require.Equal(t, "market", c.Registration)
	require.Equal(t, identity.Quota{PerSecond: 7, Burst: 9}, c.Quota)
	require.True(t, c.Signed)
	require.True(t, c.MustSign)
	require.False(t, c.Repeated)
	require.True(t, c.Covers("11990000MB1E000137001"))
	require.False(t, c.Covers("11990000MB1E000137002"))
	body, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	require.Equal(t, `{"a":1}`, string(body))
	require.NoError(t, c.BodyRefusal())
}

// TestSignatureContent: content that is not what was signed is refused before its end is reached, however it is read.
func TestSignatureContent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, body := range []string{"", `{"a":2}`, `{"a":1} `, `{"a":`} {
		r := w.signed(`{"a":1}`, nil)
		r.Body = io.NopCloser(strings.NewReader(body))
		c, err := w.systems.Recognise(r)
		require.NoError(t, err)
		_, err = io.ReadAll(io.LimitReader(r.Body, 1000))
		require.Equal(t, identity.CodeDigest, identity.CodeOf(err), "%q", body)
		require.Equal(t, identity.CodeDigest, identity.CodeOf(c.BodyRefusal()))
		_, err = r.Body.Read(make([]byte, 1))
		require.Equal(t, identity.CodeDigest, identity.CodeOf(err), "and so it stays")
	}
}

// TestSignatureRefuses: what a signature must be to count.
func TestSignatureRefuses(t *testing.T) {
	t.Parallel()
	drop := func(name string) func(*http.Request, *httpsig.Params) {
		return func(_ *http.Request, p *httpsig.Params) {
			p.Components = slices.DeleteFunc(p.Components, func(c string) bool { return c == name })
		}
	}
	for name, c := range map[string]struct {
		change func(*http.Request, *httpsig.Params)
		want   identity.Code
	}{
		"method open":    {drop("@method"), identity.CodeCoverage},
		"authority open": {drop("@authority"), identity.CodeCoverage},
		"path open":      {drop("@path"), identity.CodeCoverage},
		"query open":     {drop("@query"), identity.CodeCoverage},
		"content open":   {drop("content-digest"), identity.CodeCoverage},
		"type open":      {drop("content-type"), identity.CodeCoverage},
		"key open":       {drop("idempotency-key"), identity.CodeCoverage},
		"clerk open": {func(r *http.Request, _ *httpsig.Params) {
			r.Header.Set("X-Clerk", "staff-0042")
		}, identity.CodeCoverage},
		"version open": {func(r *http.Request, _ *httpsig.Params) {
			r.Header.Set("If-Match", `"1"`)
		}, identity.CodeCoverage},
		"two keys": {func(r *http.Request, _ *httpsig.Params) {
			r.Header.Add("Idempotency-Key", "two")
		}, identity.CodeCoverage},
		"no digest": {func(r *http.Request, p *httpsig.Params) {
			r.Header.Del(httpsig.FieldDigest)
			drop("content-digest")(r, p)
		}, identity.CodeCoverage},
		"digest by another algorithm": {func(r *http.Request, _ *httpsig.Params) {
			r.Header.Set(httpsig.FieldDigest, "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:")
		}, identity.CodeDigest},
		"no time":     {func(_ *http.Request, p *httpsig.Params) { p.Created = time.Time{} }, identity.CodeCoverage},
		"no nonce":    {func(_ *http.Request, p *httpsig.Params) { p.Nonce = "" }, identity.CodeCoverage},
		"short nonce": {func(_ *http.Request, p *httpsig.Params) { p.Nonce = "0123456789abcde" }, identity.CodeCoverage},
		"future": {func(_ *http.Request, p *httpsig.Params) {
			p.Created = p.Created.Add(2 * time.Minute)
		}, identity.CodeOutdated},
		"ended": {func(_ *http.Request, p *httpsig.Params) {
			p.Expires = p.Created.Add(-time.Second)
		}, identity.CodeOutdated},
		"another service": {func(r *http.Request, _ *httpsig.Params) { r.Host = "vault.city.example" }, identity.CodeAuthority},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			got, err := w.systems.Recognise(w.signed(`{}`, c.change))
			refused(t, c.want, got, err)
		})
	}
}

// TestSignatureForged: what was changed after signing.
func TestSignatureForged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, change := range map[string]func(*http.Request){
		"method": func(r *http.Request) { r.Method = http.MethodPut },
		"path":   func(r *http.Request) { r.RequestURI = "/api/v1/reservations?item=1" },
		"query":  func(r *http.Request) { r.RequestURI = "/api/v1/licences?item=2" },
		"key":    func(r *http.Request) { r.Header.Set("Idempotency-Key", "two") },
		"type":   func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") },
		"digest": func(r *http.Request) { r.Header.Set(httpsig.FieldDigest, httpsig.Digest([32]byte{})) },
	} {
		r := w.signed(`{}`, nil)
		change(r)
		c, err := w.systems.Recognise(r)
		refused(t, identity.CodeInvalid, c, err)
		require.Error(t, err, name)
	}
	r := w.signed(`{}`, nil)
	r.Header.Set(httpsig.FieldSignature, "elicense=:AA==:")
	c, err := w.systems.Recognise(r)
	refused(t, identity.CodeInvalid, c, err)

	r = w.signed(`{}`, nil)
	r.Header.Set(httpsig.FieldSignature, "elicense")
	c, err = w.systems.Recognise(r)
	refused(t, identity.CodeMalformed, c, err)

	r = w.signed(`{}`, nil)
	replaceIn(r, httpsig.FieldInput, httpsig.KeyID(w.key.Certificate), strings.ToUpper(httpsig.KeyID(w.key.Certificate)))
	c, err = w.systems.Recognise(r)
	refused(t, identity.CodeMalformed, c, err)

	r = w.signed(`{}`, nil)
	input, value := r.Header.Get(httpsig.FieldInput), r.Header.Get(httpsig.FieldSignature)
	r.Header.Add(httpsig.FieldInput, strings.Replace(input, "elicense=", "two=", 1))
	r.Header.Add(httpsig.FieldSignature, strings.Replace(value, "elicense=", "two=", 1))
	c, err = w.systems.Recognise(r)
	refused(t, identity.CodeMalformed, c, err)
}

func replaceIn(r *http.Request, field, from, to string) {
	r.Header.Set(field, strings.Replace(r.Header.Get(field), from, to, 1))
}

// TestSignatureOfAnother: a key that is registered for another caller, or for none, proves nobody.
func TestSignatureOfAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.key, _ = w.enrol(1)
	c, err := w.systems.Recognise(w.signed(`{}`, nil))
	refused(t, identity.CodeUnknown, c, err)
}

// TestReplay: a signature counts once. Seen again it is marked, so that only an idempotent repetition gets through; with
// a new signature the same idempotency key is an ordinary retry. What is too old to be remembered is too old to pass,
// and a restart forgets nothing that could still pass.
func TestReplay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.signed(`{}`, nil)
	first, err := w.systems.Recognise(again(r))
	require.NoError(t, err)
	require.False(t, first.Repeated)
	second, err := w.systems.Recognise(again(r))
	require.NoError(t, err)
	require.True(t, second.Repeated)
	fresh, err := w.systems.Recognise(w.signed(`{}`, nil))
	require.NoError(t, err)
	require.False(t, fresh.Repeated)

	w.now = w.now.Add(5*time.Minute - time.Second)
	late, err := w.systems.Recognise(again(r))
	require.NoError(t, err)
	require.True(t, late.Repeated, "remembered to the end of the window")
	w.now = w.now.Add(2 * time.Second)
	c, err := w.systems.Recognise(again(r))
	refused(t, identity.CodeOutdated, c, err)

	r = w.signed(`{}`, nil)
	w.now = w.now.Add(time.Second)
	w.open(identity.SystemsConfig{})
	c, err = w.systems.Recognise(again(r))
	refused(t, identity.CodeOutdated, c, err)
}

// TestReplayMemory: beyond the bound nothing passes, and when the window has gone there is room again.
func TestReplayMemory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.open(identity.SystemsConfig{Remember: 2})
	for range 2 {
		_, err := w.systems.Recognise(w.signed(`{}`, nil))
		require.NoError(t, err)
	}
	c, err := w.systems.Recognise(w.signed(`{}`, nil))
	refused(t, identity.CodeBusy, c, err)
	w.now = w.now.Add(7 * time.Minute)
	_, err = w.systems.Recognise(w.signed(`{}`, nil))
	require.NoError(t, err)
}

// TestCertificateStatus: the certificate must hold now: not ended, not revoked by its authority, its status known, and
// neither credential nor registration revoked here.
func TestCertificateStatus(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*world)
		want   identity.Code
	}{
		"ended":        {func(w *world) { w.now = w.cert.NotAfter.Add(time.Second) }, identity.CodeExpired},
		"stale status": {func(w *world) { w.now = w.now.Add(40 * 24 * time.Hour) }, identity.CodeUnchecked},
		"revoked": {func(w *world) {
			serial, ok := ca.SerialOf(w.cert.Serial)
			require.True(w.t, ok)
			w.now = w.now.Add(2 * time.Minute)
			w.publish(ca.Revocation{Serial: serial, Status: ca.Status{
				State: ca.StateRevoked, At: w.now, Cause: pki.CauseKeyCompromise,
			}})
			w.now = w.now.Add(time.Second)
		}, identity.CodeRevoked},
		"credential revoked": {func(w *world) {
			digest := w.cert.Digest
			require.NoError(w.t, w.registry.Revoke(w.t.Context(), "operator", "market", &digest, seen))
		}, identity.CodeRevoked},
		"registration revoked": {func(w *world) {
			require.NoError(w.t, w.registry.Revoke(w.t.Context(), "operator", "market", nil, seen))
		}, identity.CodeRevoked},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			_, err := w.systems.Recognise(w.signed(`{}`, nil))
			require.NoError(t, err)
			c.change(w)
			got, err := w.systems.Recognise(w.signed(`{}`, nil))
			refused(t, c.want, got, err)
		})
	}
}

// TestMutualTLS: the certificate of the connection proves its registration, alone or with a signature of the same one.
func TestMutualTLS(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der := tlsCertificate(t, key, w.now.Add(-time.Hour), w.now.Add(time.Hour))
	reg := w.registration()
	reg.Credentials = append(reg.Credentials, identity.Credential{
		Kind: identity.CredentialTLS, Certificate: der, UncheckedUnsafe: true,
	})
	w.put(reg)
	plain := func() *http.Request { return httptest.NewRequest(http.MethodGet, "https://"+hostname+"/", http.NoBody) }

	c, err := w.systems.Recognise(plain())
	refused(t, identity.CodeNobody, c, err)
	require.ErrorIs(t, err, identity.ErrNobody)
	require.Empty(t, w.registry.Connected(plain()))
	require.Equal(t, reg.ID, w.registry.Connected(withCertificate(plain(), der)))
	require.Empty(t, w.registry.Connected(withCertificate(plain(), w.key.Certificate)), "of signatures")

	c, err = w.systems.Recognise(withCertificate(plain(), der))
	require.NoError(t, err)
	require.Equal(t, identity.MethodTLS, c.Method)
	require.False(t, c.Signed)

	c, err = w.systems.Recognise(withCertificate(w.signed(`{}`, nil), der))
	require.NoError(t, err)
	require.True(t, c.Signed)

	c, err = w.systems.Recognise(withCertificate(plain(), w.key.Certificate))
	refused(t, identity.CodeUnknown, c, err)

	other := tlsCertificate(t, key, w.now.Add(-2*time.Hour), w.now.Add(time.Hour))
	w.put(identity.Registration{
		ID: "other", Caller: fixtures.Caller(1), Role: identity.RoleDepartmentSystem,
		Credentials: []identity.Credential{{Kind: identity.CredentialTLS, Certificate: other}},
	})
	c, err = w.systems.Recognise(withCertificate(plain(), other))
	refused(t, identity.CodeInvalid, c, err)

	foreign := reg
	foreign.ID, foreign.Credentials = "third", []identity.Credential{{
		Kind: identity.CredentialTLS, UncheckedUnsafe: true,
		Certificate: tlsCertificate(t, key, w.now.Add(-3*time.Hour), w.now.Add(time.Hour)),
	}}
	w.put(foreign)
	c, err = w.systems.Recognise(withCertificate(w.signed(`{}`, nil), foreign.Credentials[0].Certificate))
	refused(t, identity.CodeDiffer, c, err)

	w.now = w.now.Add(2 * time.Hour)
	c, err = w.systems.Recognise(withCertificate(plain(), der))
	refused(t, identity.CodeExpired, c, err)
}

// TestOtherSignatures: signatures by other algorithms, as proxies add them, prove nobody and disturb nobody.
func TestOtherSignatures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.signed(`{}`, nil)
	r.Header.Add(httpsig.FieldInput, `proxy=("@path");created=1;alg="ed25519"`)
	r.Header.Add(httpsig.FieldSignature, "proxy=:AA==:")
	_, err := w.systems.Recognise(r)
	require.NoError(t, err)

	r = httptest.NewRequest(http.MethodGet, "https://"+hostname+"/", http.NoBody)
	r.Header.Add(httpsig.FieldInput, `proxy=("@path");created=1;alg="ed25519"`)
	r.Header.Add(httpsig.FieldSignature, "proxy=:AA==:")
	c, err := w.systems.Recognise(r)
	refused(t, identity.CodeNobody, c, err)
}

func TestNewSystemsRefuses(t *testing.T) {
	t.Parallel()
	_, err := identity.NewSystems(identity.SystemsConfig{})
	require.ErrorIs(t, err, identity.ErrConfig)
	_, err = identity.NewTrust(identity.TrustConfig{})
	require.ErrorIs(t, err, identity.ErrConfig)
	_, err = identity.OpenRegistry(t.Context(), identity.RegistryConfig{})
	require.ErrorIs(t, err, identity.ErrConfig)
}

// TestTLSChain: a certificate of the connection that is not taken on the registration's word alone must lead to an
// authority that is trusted for connections; one that is trusted for signatures is not.
func TestTLSChain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	authority := newTLSAuthority(t, w.now)
	der := authority.issue(t, w.now.Add(-time.Minute), w.now.Add(time.Hour))
	reg := w.registration()
	reg.Credentials = append(reg.Credentials, identity.Credential{Kind: identity.CredentialTLS, Certificate: der})
	w.put(reg)
	request := func() *http.Request {
		return withCertificate(httptest.NewRequest(http.MethodGet, "https://"+hostname+"/", http.NoBody), der)
	}
	c, err := w.systems.Recognise(request())
	refused(t, identity.CodeInvalid, c, err)

	w.tls = authority
	w.now = w.now.Add(2 * time.Minute)
	c, err = w.systems.Recognise(request())
	require.NoError(t, err)
	require.Equal(t, "market", c.Registration)

	authority.revoke(t, der, w.now)
	w.now = w.now.Add(2 * time.Minute)
	c, err = w.systems.Recognise(request())
	refused(t, identity.CodeRevoked, c, err)

	authority.crl = nil
	w.now = w.now.Add(2 * time.Minute)
	c, err = w.systems.Recognise(request())
	refused(t, identity.CodeUnchecked, c, err)
}

// TestTrustFails: while what certificates are judged by cannot be read nobody passes, and it is not read anew for every
// request.
func TestTrustFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	loads, broken := 0, true
	trust, err := identity.NewTrust(identity.TrustConfig{Load: func() (identity.TrustSource, error) {
		loads++
		if broken {
			return identity.TrustSource{}, io.ErrUnexpectedEOF
		}
		return w.load()
	}})
	require.NoError(t, err)
	for range 3 {
		err := trust.CheckCertificate(w.cert, w.now)
		require.Equal(t, identity.CodeUnchecked, identity.CodeOf(err))
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	}
	require.Equal(t, 1, loads)
	broken = false
	require.NoError(t, trust.CheckCertificate(w.cert, w.now.Add(6*time.Second)))
	require.NoError(t, trust.CheckCertificate(w.cert, w.now.Add(7*time.Second)))
	require.Equal(t, 2, loads)
}
