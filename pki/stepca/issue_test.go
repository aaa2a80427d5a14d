package stepca_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.step.sm/crypto/jose"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/enginetest"
	"github.com/elicense/elicense/pki/stepca"
)

// Row A55: certificates for foreign systems, ECDSA and RSA on both sides, accepted by a verifier that is not ours.
func TestIssue_A55(t *testing.T) {
	t.Parallel()
	rsaSigner, err := rsaKey()
	require.NoError(t, err)
	for name, issuing := range map[string]crypto.Signer{"ECDSA": ecKey(t), "RSA": rsaSigner} {
		for holder, key := range map[string]crypto.Signer{"ECDSA": ecKey(t), "RSA": rsaSigner} {
			if name == holder && name == "RSA" {
				key, err = rsa.GenerateKey(rand.Reader, 2048) // the issuer's own key is refused
				require.NoError(t, err)
			}
			t.Run(name+" for "+holder, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, func(c *stepca.Config) {
					with := newConfig(t, ecKey(t), issuing)
					c.Roots, c.Chain, c.Signer = with.Roots, with.Chain, with.Signer
				})
				chain, err := w.authority.Issue(t.Context(), stepca.Enrolment{
					Token: w.token(t), CSR: csrOf(t, key, service, service),
				})
				require.NoError(t, err)
				require.NoError(t, w.verify(t, chain, service))
				require.Error(t, w.verify(t, chain, "other.example.gov.cn"))
				c := chain[0]
				require.Equal(t, service, c.Subject.CommonName)
				require.Equal(t, []string{crlURL}, c.CRLDistributionPoints)
				require.False(t, c.IsCA)
				require.Empty(t, c.OCSPServer, "there is no OCSP")
				require.Equal(t, 24*time.Hour+time.Minute, c.NotAfter.Sub(c.NotBefore).Round(time.Second))
				require.Greater(t, c.SerialNumber.BitLen(), 64)
				require.Equal(t, 1, w.count(t))
			})
		}
	}
}

// Row A56: each thing that is wrong with a token is a refusal, and nothing is issued.
func TestTokenRefused_A56(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := time.Now()
	good := w.token(t)
	parts := strings.Split(good, ".")
	stranger := w.desk
	stranger.Key = ecKey(t)
	unknown := w.desk
	unknown.Provisioner = "nobody"
	otherKey := w.desk
	otherKey.KeyID = "desk-2"
	otherHost := w.desk
	otherHost.Host = "ca.example.com"
	flipped := []byte(good)
	if at := len(flipped) - 10; flipped[at] == 'A' {
		flipped[at] = 'B'
	} else {
		flipped[at] = 'A'
	}
	base := func() map[string]any {
		return map[string]any{
			"jti": "a1", "iss": deskName, "sub": service, "aud": "https://" + caHost + "/1.0/sign",
			"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Minute).Unix(),
		}
	}
	with := func(name string, value any) string {
		c := base()
		c[name] = value
		if value == nil {
			delete(c, name)
		}
		return rawToken(t, w.desk.Key, c)
	}
	for name, test := range map[string]struct {
		token string
		want  stepca.Reason
	}{
		"none":            {"", stepca.ReasonToken},
		"text":            {"token", stepca.ReasonToken},
		"cut off":         {good[:len(good)/2], stepca.ReasonToken},
		"blank before":    {" " + good, stepca.ReasonToken},
		"line end":        {good + "\n", stepca.ReasonToken},
		"JSON form":       {jsonForm(parts), stepca.ReasonToken},
		"spare bits":      {respelled(t, good), stepca.ReasonToken},
		"long":            {good + strings.Repeat("A", 17<<10), stepca.ReasonToken},
		"unsigned":        {parts[0] + "." + parts[1] + ".", stepca.ReasonForged},
		"alg none":        {b64(`{"alg":"none","kid":"desk-1"}`) + "." + parts[1] + ".", stepca.ReasonForged},
		"HMAC":            {hmacToken(t, w.desk.Key.Public(), base()), stepca.ReasonForged},
		"other signature": {string(flipped), stepca.ReasonForged},
		"other claims":    {parts[0] + "." + b64(mustJSON(t, base())) + "." + parts[2], stepca.ReasonForged},
		"stranger's key":  {tokenOf(t, stranger), stepca.ReasonForged},
		"unknown issuer":  {tokenOf(t, unknown), stepca.ReasonToken},
		"unknown key":     {tokenOf(t, otherKey), stepca.ReasonToken},

		"expired":       {w.token(t, func(x *stepca.Token) { x.Begin, x.End = now.Add(-9*time.Minute), now.Add(-2*time.Minute) }), stepca.ReasonExpired},
		"not yet valid": {w.token(t, func(x *stepca.Token) { x.Begin, x.End = now.Add(2*time.Minute), now.Add(4*time.Minute) }), stepca.ReasonExpired},
		"too long":      {w.token(t, func(x *stepca.Token) { x.End = now.Add(11 * time.Minute) }), stepca.ReasonExpired},
		"nbf later":     {with("nbf", now.Add(3*time.Minute).Unix()), stepca.ReasonExpired},
		"no jti":        {with("jti", nil), stepca.ReasonToken},
		"long jti":      {with("jti", strings.Repeat("x", 201)), stepca.ReasonToken},
		"jti a number":  {with("jti", 7), stepca.ReasonToken},
		"no sub":        {with("sub", nil), stepca.ReasonToken},
		"no iat":        {with("iat", nil), stepca.ReasonToken},
		"no exp":        {with("exp", nil), stepca.ReasonToken},

		"other host":      {tokenOf(t, otherHost), stepca.ReasonAudience},
		"to revoke":       {w.token(t, func(x *stepca.Token) { x.Revoke = true }), stepca.ReasonAudience},
		"no audience":     {with("aud", nil), stepca.ReasonAudience},
		"two audiences":   {with("aud", []string{"https://" + caHost + "/1.0/sign", "https://" + caHost + "/1.0/revoke"}), stepca.ReasonAudience},
		"name of all CAs": {with("aud", "step-certificate-authority"), stepca.ReasonAudience},
		"http":            {with("aud", "http://"+caHost+"/1.0/sign"), stepca.ReasonAudience},
		"for SSH":         {with("aud", "https://"+caHost+"/1.0/ssh/sign"), stepca.ReasonAudience},
		"with a query":    {with("aud", "https://"+caHost+"/1.0/sign?a=b"), stepca.ReasonAudience},
		"with a user":     {with("aud", "https://a@"+caHost+"/1.0/sign"), stepca.ReasonAudience},
		"of ACME":         {with("aud", "https://"+caHost+"/1.0/sign#acme/web"), stepca.ReasonToken},
	} {
		t.Run(name, func(t *testing.T) {
			csr := csrOf(t, ecKey(t), service, service)
			chain, err := w.authority.Issue(t.Context(), stepca.Enrolment{Token: test.token, CSR: csr})
			requireRefused(t, test.want, err)
			require.Nil(t, chain)
			sm2, _ := sm2CSR(t, service)
			issued, err := w.authority.EnrolSM2(t.Context(), stepca.Enrolment{Token: test.token, CSR: sm2})
			requireRefused(t, test.want, err)
			require.Empty(t, issued)
		})
	}
	require.Zero(t, w.count(t))
	require.Empty(t, w.issuer.requests())
	used, err := stepca.UsedTokens(w.authority)
	require.NoError(t, err)
	require.Zero(t, used, "what is not verified does not get into the database")
	_, err = w.authority.Issue(t.Context(), stepca.Enrolment{Token: good, CSR: csrOf(t, ecKey(t), service, service)})
	require.NoError(t, err, "and nobody can use up a token by showing something like it")
}

// respelled is a token whose last character has other spare bits: most readers take it for the same.
func respelled(t testing.TB, token string) string {
	t.Helper()
	signature := token[strings.LastIndex(token, ".")+1:]
	want, err := base64.RawURLEncoding.DecodeString(signature)
	require.NoError(t, err)
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
		other := signature[:len(signature)-1] + string(c)
		got, err := base64.RawURLEncoding.DecodeString(other)
		if err == nil && other != signature && bytes.Equal(want, got) {
			return token[:len(token)-1] + string(c)
		}
	}
	t.Fatal("the last character has no spare bits")
	return ""
}

// A token with any character changed is refused, and leaves the true one usable.
func TestTokenAltered_A56(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := w.token(t, func(x *stepca.Token) { x.SANs, x.Application = []string{service}, "a-1" })
	csr := csrOf(t, ecKey(t), service, service)
	for i := 0; i < len(good); i += 3 {
		changed := []byte(good)
		for _, c := range []byte("A1.=") {
			if changed[i] = c; c == good[i] {
				continue
			}
			chain, err := w.authority.Issue(t.Context(), stepca.Enrolment{Token: string(changed), CSR: csr})
			require.NotEmpty(t, stepca.ReasonOf(err), "character %d: %v", i, err)
			require.Nil(t, chain)
		}
	}
	require.Zero(t, w.count(t))
	_, err := w.authority.Issue(t.Context(), stepca.Enrolment{Token: good, CSR: csr})
	require.NoError(t, err)
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func mustJSON(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}

func jsonForm(parts []string) string {
	return `{"protected":"` + parts[0] + `","payload":"` + parts[1] + `","signature":"` + parts[2] + `"}`
}

// rawToken signs any claims with the desk's key.
func rawToken(t testing.TB, key any, claims map[string]any) string {
	t.Helper()
	options := new(jose.SignerOptions).WithHeader("kid", deskKey)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, options)
	require.NoError(t, err)
	token, err := jose.Signed(signer).Claims(claims).CompactSerialize()
	require.NoError(t, err)
	return token
}

// hmacToken takes the public key for the secret of an HMAC.
func hmacToken(t testing.TB, public crypto.PublicKey, claims map[string]any) string {
	t.Helper()
	secret, err := x509.MarshalPKIXPublicKey(public)
	require.NoError(t, err)
	options := new(jose.SignerOptions).WithHeader("kid", deskKey)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: secret}, options)
	require.NoError(t, err)
	token, err := jose.Signed(signer).Claims(claims).CompactSerialize()
	require.NoError(t, err)
	return token
}

// Row A56: a token works once, also beside itself, on both authorities together, and after a restart.
func TestTokenWorksOnce_A56(t *testing.T) {
	t.Parallel()
	for name, open := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(c *stepca.Config) { c.Engine = open(t) })
			token := w.token(t)
			csr := csrOf(t, ecKey(t), service, service)
			sm2, _ := sm2CSR(t, service)
			var issued, replayed atomic.Int32
			var wg sync.WaitGroup
			for i := range 32 {
				wg.Go(func() {
					var err error
					if i%2 == 0 {
						_, err = w.authority.Issue(t.Context(), stepca.Enrolment{Token: token, CSR: csr})
					} else {
						_, err = w.authority.EnrolSM2(t.Context(), stepca.Enrolment{Token: token, CSR: sm2})
					}
					switch {
					case err == nil:
						issued.Add(1)
					case stepca.ReasonOf(err) == stepca.ReasonReplayed:
						replayed.Add(1)
					default:
						t.Error(err)
					}
				})
			}
			wg.Wait()
			require.EqualValues(t, 1, issued.Load())
			require.EqualValues(t, 31, replayed.Load())
			require.Equal(t, 1, w.count(t)+len(w.issuer.requests()))

			w.reopen(t)
			_, err := w.authority.Issue(t.Context(), stepca.Enrolment{Token: token, CSR: csr})
			require.Error(t, err)
			require.Equal(t, 1, w.count(t)+len(w.issuer.requests()))
		})
	}
}

// A restored backup does not know which tokens were used since; those from before the start are refused.
func TestTokenOlderThanProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.token(t, func(x *stepca.Token) { x.Begin = x.Begin.Add(-5 * time.Second) })
	_, err := w.authority.Issue(t.Context(), stepca.Enrolment{Token: token, CSR: csrOf(t, ecKey(t), service, service)})
	requireRefused(t, stepca.ReasonToken, err)
	require.Zero(t, w.count(t))
}

// If it is unknown whether a token was marked as used, nobody gets anything for it.
func TestTokenOutcomeUnknown(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]enginetest.Fault{"written": enginetest.After, "lost": enginetest.Lost, "not written": enginetest.Before} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var faulty *enginetest.Faulty
			w := newWorld(t, func(c *stepca.Config) {
				faulty = enginetest.NewFaulty(c.Engine, func(int) enginetest.Fault { return enginetest.None })
				c.Engine = faulty
			})
			token := w.token(t)
			csr := csrOf(t, ecKey(t), service, service)
			faulty.SetPlan(enginetest.At(0, fault))
			_, err := w.authority.Issue(t.Context(), stepca.Enrolment{Token: token, CSR: csr})
			require.Error(t, err)
			if fault != enginetest.Before {
				require.ErrorIs(t, err, engine.ErrAmbiguous)
			}
			require.Zero(t, w.count(t))
		})
	}
}

// Row A56: the request is held against the token; what does not fit is refused, nothing is issued, and the token is used
// up.
func TestRequestRefused_A56(t *testing.T) {
	t.Parallel()
	weak, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	require.NoError(t, err)
	sm2, _ := sm2CSR(t, service)
	for name, test := range map[string]struct {
		csr    []byte // a good one if nil
		change func(*stepca.Enrolment)
		want   stepca.Reason
	}{
		"empty":     {[]byte{}, nil, stepca.ReasonRequest},
		"text":      {[]byte("csr"), nil, stepca.ReasonRequest},
		"long":      {make([]byte, 17<<10), nil, stepca.ReasonRequest},
		"trailing":  {append(csrOf(t, ecKey(t), service), 0), nil, stepca.ReasonRequest},
		"signature": {flipEnd(csrOf(t, ecKey(t), service)), nil, stepca.ReasonPossession},
		"P-224":     {csrOf(t, weak, service), nil, stepca.ReasonRequest},
		"SM2":       {sm2, nil, stepca.ReasonRequest},

		"other name":   {csrOf(t, ecKey(t), "other.example.gov.cn"), nil, stepca.ReasonConstraint},
		"other SAN":    {csrOf(t, ecKey(t), service, "other.example.gov.cn"), nil, stepca.ReasonConstraint},
		"one more SAN": {csrOf(t, ecKey(t), service, service, "other.example.gov.cn"), nil, stepca.ReasonConstraint},
		"issuer's key": {nil, nil, stepca.ReasonConstraint},
		"longer":       {nil, func(e *stepca.Enrolment) { e.NotAfter = time.Now().Add(25 * time.Hour) }, stepca.ReasonConstraint},
		"shorter":      {nil, func(e *stepca.Enrolment) { e.NotAfter = time.Now().Add(time.Minute) }, stepca.ReasonConstraint},
		"over":         {nil, func(e *stepca.Enrolment) { e.NotAfter = time.Now().Add(-time.Minute) }, stepca.ReasonConstraint},
		"end, beginning": {nil, func(e *stepca.Enrolment) {
			e.NotBefore = time.Now().Add(time.Hour)
			e.NotAfter = time.Now().Add(time.Minute)
		}, stepca.ReasonConstraint},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			e := stepca.Enrolment{Token: w.token(t), CSR: test.csr}
			switch {
			case name == "issuer's key":
				e.CSR = csrOf(t, w.config.Signer, service)
			case test.csr == nil:
				e.CSR = csrOf(t, ecKey(t), service, service)
			}
			if test.change != nil {
				test.change(&e)
			}
			chain, err := w.authority.Issue(t.Context(), e)
			requireRefused(t, test.want, err)
			require.Nil(t, chain)
			require.Zero(t, w.count(t))

			_, err = w.authority.Issue(t.Context(), stepca.Enrolment{Token: e.Token, CSR: csrOf(t, ecKey(t), service, service)})
			if test.want == stepca.ReasonConstraint {
				requireRefused(t, stepca.ReasonReplayed, err)
			} else {
				require.NoError(t, err, "a request that cannot be read leaves the token alone")
			}
		})
	}
}

func flipEnd(der []byte) []byte {
	out := bytes.Clone(der)
	out[len(out)-1] ^= 1
	return out
}

// A token can be bound to one request.
func TestTokenForOneRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	csr := csrOf(t, ecKey(t), service, service)
	bound := func(x *stepca.Token) { x.CSR = csr }
	_, err := w.authority.Issue(t.Context(), stepca.Enrolment{Token: w.token(t, bound), CSR: csrOf(t, ecKey(t), service, service)})
	requireRefused(t, stepca.ReasonConstraint, err)
	_, err = w.authority.Issue(t.Context(), stepca.Enrolment{Token: w.token(t, bound), CSR: csr})
	require.NoError(t, err)
}

// Nothing outlives its issuer, whatever the lifetimes say; and policy counts for every provisioner.
func TestLimits(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*stepca.Config)
		names  []string
		want   stepca.Reason
	}{
		"lifetime of the authority": {func(c *stepca.Config) {
			c.Lifetimes = stepca.Lifetimes{Min: time.Minute, Default: time.Hour, Max: 2 * time.Hour}
		}, nil, ""},
		"outlives its issuer": {func(c *stepca.Config) {
			c.Lifetimes = stepca.Lifetimes{Default: 101 * 24 * time.Hour, Max: 102 * 24 * time.Hour}
		}, nil, stepca.ReasonConstraint},
		"allowed": {func(c *stepca.Config) {
			c.Policy.Allow.DNS = []string{"*.example.gov.cn"}
		}, nil, ""},
		"not allowed by the authority": {func(c *stepca.Config) {
			c.Policy.Allow.DNS = []string{"*.example.com"}
		}, nil, stepca.ReasonConstraint},
		"denied by the authority": {func(c *stepca.Config) {
			c.Policy.Deny.DNS = []string{service}
		}, nil, stepca.ReasonConstraint},
		"not allowed to the provisioner": {func(c *stepca.Config) {
			c.Provisioners[0].Policy.Allow.DNS = []string{"*.example.com"}
		}, nil, stepca.ReasonConstraint},
		"wildcard": {func(*stepca.Config) {}, []string{"*.example.gov.cn"}, stepca.ReasonConstraint},
		"wildcard for the authority alone": {func(c *stepca.Config) {
			c.Policy.Wildcards = true
		}, []string{"*.example.gov.cn"}, stepca.ReasonConstraint},
		"wildcard for the provisioner alone": {func(c *stepca.Config) {
			c.Provisioners[0].Policy.Wildcards = true
		}, []string{"*.example.gov.cn"}, stepca.ReasonConstraint},
		"wildcard for both": {func(c *stepca.Config) {
			c.Policy.Wildcards, c.Provisioners[0].Policy.Wildcards = true, true
		}, []string{"*.example.gov.cn"}, ""},
		"a name constraint of the issuer": {func(c *stepca.Config) {
			root, issuing := ecKey(t), ecKey(t)
			made := newConfig(t, root, issuing)
			narrow := *made.Chain[0]
			narrow.PermittedDNSDomains, narrow.PermittedDNSDomainsCritical = []string{"example.com"}, true
			c.Roots, c.Signer = made.Roots, issuing
			c.Chain = []*x509.Certificate{sign(t, &narrow, made.Roots[0], issuing.Public(), root)}
		}, nil, stepca.ReasonConstraint},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, test.change)
			names := test.names
			if names == nil {
				names = []string{service}
			}
			chain, err := w.authority.Issue(t.Context(), stepca.Enrolment{
				Token: w.token(t, func(x *stepca.Token) { x.SANs = names }), CSR: csrOf(t, ecKey(t), service, names...),
			})
			if test.want != "" {
				requireRefused(t, test.want, err)
				require.Zero(t, w.count(t))
				return
			}
			require.NoError(t, err)
			if d := w.config.Lifetimes.Default; d != 0 {
				require.Equal(t, d+time.Minute, chain[0].NotAfter.Sub(chain[0].NotBefore).Round(time.Second))
			}
		})
	}
}

// Tokens of an X5C provisioner are signed with a certificate's key, and bound by its times.
func TestX5C_A56(t *testing.T) {
	t.Parallel()
	rootKey, deskKeys := ecKey(t), ecKey(t)
	now := time.Now()
	root := sign(t, &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "窗口证书根"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil, rootKey.Public(), rootKey)
	leaf := func(end time.Duration, usage x509.ExtKeyUsage) *x509.Certificate {
		return sign(t, &x509.Certificate{
			SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "一号窗口"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(end),
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{usage},
		}, root, deskKeys.Public(), rootKey)
	}
	w := newWorld(t, func(c *stepca.Config) {
		c.Lifetimes = stepca.Lifetimes{Min: time.Minute, Default: 30 * time.Minute, Max: 10 * time.Hour}
		c.Provisioners = []stepca.Provisioner{{
			Kind: stepca.KindX5C, Name: "windows", Services: stepca.ServesTLS | stepca.ServesSM2, Roots: []*x509.Certificate{root},
		}}
	})
	signer := func(key crypto.Signer, chain ...*x509.Certificate) stepca.TokenSigner {
		return stepca.TokenSigner{Provisioner: "windows", Chain: chain, Key: key, Host: caHost, Rand: rand.Reader}
	}
	good := leaf(time.Hour, x509.ExtKeyUsageClientAuth)
	stranger := newConfig(t, ecKey(t), ecKey(t))
	for name, test := range map[string]struct {
		signer   stepca.TokenSigner
		notAfter time.Duration
		want     stepca.Reason
	}{
		"good":             {signer(deskKeys, good), 0, ""},
		"another's key":    {signer(ecKey(t), good), 0, stepca.ReasonForged},
		"another's root":   {signer(ecKey(t), stranger.Chain[0]), 0, stepca.ReasonForged},
		"server's":         {signer(deskKeys, leaf(time.Hour, x509.ExtKeyUsageServerAuth)), 0, stepca.ReasonForged},
		"expired":          {signer(deskKeys, leaf(-time.Minute, x509.ExtKeyUsageClientAuth)), 0, stepca.ReasonForged},
		"outlives the one": {signer(deskKeys, good), 2 * time.Hour, stepca.ReasonConstraint},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := stepca.Enrolment{Token: tokenOf(t, test.signer), CSR: csrOf(t, ecKey(t), service, service)}
			sm2, _ := sm2CSR(t, service)
			s := stepca.Enrolment{Token: tokenOf(t, test.signer), CSR: sm2}
			if test.notAfter != 0 {
				e.NotAfter = now.Add(test.notAfter)
				s.NotAfter = e.NotAfter
			}
			chain, err := w.authority.Issue(t.Context(), e)
			issued, errSM2 := w.authority.EnrolSM2(t.Context(), s)
			if test.want != "" {
				requireRefused(t, test.want, err)
				requireRefused(t, test.want, errSM2)
				return
			}
			require.NoError(t, err)
			require.NoError(t, w.verify(t, chain, service))
			require.NoError(t, errSM2)
			require.Len(t, issued.Chain, 2)
			_, err = w.authority.Issue(t.Context(), e)
			requireRefused(t, stepca.ReasonReplayed, err)
		})
	}
}

// Each authority knows the tokens of its own provisioners alone.
func TestServices(t *testing.T) {
	t.Parallel()
	for name, services := range map[string]stepca.Services{"TLS": stepca.ServesTLS, "SM2": stepca.ServesSM2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(c *stepca.Config) { c.Provisioners[0].Services = services })
			sm2, _ := sm2CSR(t, service)
			_, errTLS := w.authority.Issue(t.Context(), stepca.Enrolment{Token: w.token(t), CSR: csrOf(t, ecKey(t), service, service)})
			_, errSM2 := w.authority.EnrolSM2(t.Context(), stepca.Enrolment{Token: w.token(t), CSR: sm2})
			if services == stepca.ServesTLS {
				require.NoError(t, errTLS)
				requireRefused(t, stepca.ReasonToken, errSM2)
				require.Empty(t, w.issuer.requests())
			} else {
				require.NoError(t, errSM2)
				requireRefused(t, stepca.ReasonToken, errTLS)
				require.Zero(t, w.count(t))
			}
		})
	}
}

// renewToken is what smallstep's client sends to renew without TLS to the authority.
func renewToken(t testing.TB, key any, chain ...*x509.Certificate) string {
	t.Helper()
	var list []string
	for _, c := range chain {
		list = append(list, base64.StdEncoding.EncodeToString(c.Raw))
	}
	options := new(jose.SignerOptions).WithHeader("x5cInsecure", list)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, options)
	require.NoError(t, err)
	now := time.Now()
	token, err := jose.Signed(signer).Claims(map[string]any{
		"jti": "r1", "iss": "step-ca-client/1.0", "sub": chain[0].Subject.CommonName, "aud": "https://" + caHost + "/1.0/renew",
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Minute).Unix(),
	}).CompactSerialize()
	require.NoError(t, err)
	return token
}

// FuzzReadToken: whatever comes in, it is refused, or it is a compact JWS in the one spelling it has.
func FuzzReadToken(f *testing.F) {
	w := newWorld(f)
	good := w.token(f)
	f.Add(good)
	f.Add(jsonForm(strings.Split(good, ".")))
	f.Add(w.token(f, func(x *stepca.Token) { x.SANs, x.CSR, x.Revoke = []string{service}, []byte("csr"), true }))
	f.Add(b64(`{"alg":"none"}`) + "." + b64(`{"jti":"1"}`) + ".")
	csr := csrOf(f, ecKey(f), service)
	f.Fuzz(func(t *testing.T, token string) {
		id, err := stepca.ReadToken(token)
		if err != nil {
			requireRefused(t, stepca.ReasonToken, err)
			require.Empty(t, id)
			return
		}
		require.Equal(t, 2, strings.Count(token, "."))
		require.Equal(t, token, strings.Join(strings.Fields(token), ""))
		require.LessOrEqual(t, len(token), 16<<10)
		if _, err := w.authority.Issue(t.Context(), stepca.Enrolment{Token: token, CSR: csr}); err == nil {
			require.Equal(t, id, tokenIDOf(t, good), "only the good token opens anything")
		}
	})
}

func tokenIDOf(t testing.TB, token string) string {
	t.Helper()
	id, err := stepca.ReadToken(token)
	require.NoError(t, err)
	return id
}
