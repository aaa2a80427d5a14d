package identity_test

import (
	"crypto"
	"crypto/rand"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/sm2sig"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

// holderKey is a holder with a key and a certificate.
type holderKey struct {
	key  crypto.Signer
	cert *pki.Certificate
}

// certify gives the holder that a request names a certificate.
func (w *world) certify(r ca.Request) holderKey {
	w.t.Helper()
	key, err := pki.GenerateKey(rand.Reader)
	require.NoError(w.t, err)
	r.PublicKey = key.Public()
	cert, err := w.province.Issuing.Issue(r)
	require.NoError(w.t, err)
	return holderKey{key, cert}
}

func firm() ca.Request {
	f := fixtures.FirmAt(7)
	return ca.Request{
		Profile: ca.ProfileEnterprise, USCC: f.Code, Subject: ca.Name{Organization: f.Name, CommonName: f.Name},
	}
}

func person() ca.Request {
	p := fixtures.PersonAt(7)
	return ca.Request{
		Profile: ca.ProfilePerson, Holder: ca.Identity{CitizenNumber: p.Number}, Subject: ca.Name{
			CommonName: p.Name, SerialNumber: "0011223344556677", // which the register makes otherwise
		},
	}
}

func (w *world) login(change func(*identity.LoginConfig)) *identity.Login {
	w.t.Helper()
	cfg := identity.LoginConfig{
		Certificates: w.trust, Caller: fixtures.Hall, Origin: hostname, Now: w.clock, Rand: rand.Reader,
	}
	if change != nil {
		change(&cfg)
	}
	l, err := identity.NewLogin(cfg)
	require.NoError(w.t, err)
	return l
}

// answer signs a challenge.
func (h holderKey) answer(t *testing.T, text string) identity.Answer {
	t.Helper()
	public, err := sm2sig.FromCrypto(h.key.Public())
	require.NoError(t, err)
	signature, err := public.Sign(rand.Reader, h.key, []byte(text))
	require.NoError(t, err)
	return identity.Answer{Challenge: text, Certificate: h.cert.Raw, Signature: signature}
}

func challenge(t *testing.T, l *identity.Login) string {
	t.Helper()
	c, err := l.Challenge()
	require.NoError(t, err)
	return c.Text
}

// TestLogin_A77: a firm and a person log in by their certificates and are known by their numbers, at the strongest
// level, until the session ends.
func TestLogin_A77(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		request ca.Request
		want    identity.Subject
	}{
		"firm":   {firm(), identity.Subject{Kind: code.HolderCodeUSCC, Code: fixtures.FirmAt(7).Code, Name: fixtures.FirmAt(7).Name}},
		"person": {person(), identity.Subject{Kind: code.HolderCodeCitizen, Code: fixtures.PersonAt(7).Number, Name: fixtures.PersonAt(7).Name}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			l, h := w.login(nil), w.certify(c.request)
			s, err := l.Answer(h.answer(t, challenge(t, l)))
			require.NoError(t, err)
			got, err := l.Recognise(bearer(s.Token))
			require.NoError(t, err)
			require.Equal(t, c.want, *got.Holder)
			require.Equal(t, identity.RoleHolder, got.Role)
			require.Equal(t, vault.LevelCertificate, got.Level)
			require.Equal(t, fixtures.Hall, got.ID)
			require.Equal(t, s.Expires, got.Expires)

			l.End(bearer(s.Token))
			got, err = l.Recognise(bearer(s.Token))
			refused(t, identity.CodeLoggedOut, got, err)
		})
	}
}

// TestLoginEnds: a session ends by time, and with its certificate.
func TestLoginEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l, h := w.login(func(c *identity.LoginConfig) { c.Lifetime = time.Hour }), w.certify(firm())
	w.now = w.now.Add(time.Second)
	s, err := l.Answer(h.answer(t, challenge(t, l)))
	require.NoError(t, err)
	other, err := l.Answer(h.answer(t, challenge(t, l)))
	require.NoError(t, err)

	serial, ok := ca.SerialOf(h.cert.Serial)
	require.True(t, ok)
	w.now = w.now.Add(2 * time.Minute)
	w.publish(ca.Revocation{Serial: serial, Status: ca.Status{
		State: ca.StateRevoked, At: w.now, Cause: pki.CauseKeyCompromise,
	}})
	w.now = w.now.Add(time.Second)
	got, err := l.Recognise(bearer(s.Token))
	refused(t, identity.CodeRevoked, got, err)
	w.now = w.now.Add(time.Hour)
	got, err = l.Recognise(bearer(other.Token))
	refused(t, identity.CodeExpired, got, err)
}

func TestLoginRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l, h := w.login(nil), w.certify(firm())
	w.now = w.now.Add(time.Second)
	other := w.login(nil)
	elsewhere := w.login(func(c *identity.LoginConfig) { c.Origin = "vault.city.example" })
	foreign := newWorld(t).certify(firm())
	used := h.answer(t, challenge(t, l))
	_, err := l.Answer(used)
	require.NoError(t, err)
	with := func(change func(*identity.Answer)) identity.Answer {
		a := h.answer(t, challenge(t, l))
		change(&a)
		return a
	}
	for name, c := range map[string]struct {
		answer identity.Answer
		want   identity.Code
	}{
		"used":              {used, identity.CodeChallenge},
		"nothing":           {identity.Answer{}, identity.CodeChallenge},
		"of another":        {h.answer(t, challenge(t, other)), identity.CodeChallenge},
		"of another origin": {h.answer(t, challenge(t, elsewhere)), identity.CodeChallenge},
		"forged":            {h.answer(t, forge(t, challenge(t, l))), identity.CodeChallenge},
		"spelled anew":      {h.answer(t, challenge(t, l)+"\n"), identity.CodeChallenge},
		"not signed":        {with(func(a *identity.Answer) { a.Signature = nil }), identity.CodeInvalid},
		"another's":         {with(func(a *identity.Answer) { a.Signature = used.Signature }), identity.CodeInvalid},
		"long signature":    {with(func(a *identity.Answer) { a.Signature = make([]byte, 300) }), identity.CodeInvalid},
		"no certificate":    {with(func(a *identity.Answer) { a.Certificate = nil }), identity.CodeInvalid},
		"large certificate": {with(func(a *identity.Answer) { a.Certificate = make([]byte, 17<<10) }), identity.CodeInvalid},
		"another's certificate": {with(func(a *identity.Answer) {
			a.Certificate = w.cert.Raw
		}), identity.CodeInvalid},
		"untrusted": {foreign.answer(t, challenge(t, l)), identity.CodeInvalid},
	} {
		s, err := l.Answer(c.answer)
		require.Equal(t, c.want, identity.CodeOf(err), name)
		require.Nil(t, s, name)
	}
	w.now = w.now.Add(time.Minute) // the challenge has not ended
	s, err := l.Answer(used)
	require.Equal(t, identity.CodeChallenge, identity.CodeOf(err), "used in another minute")
	require.Nil(t, s)
	late := h.answer(t, challenge(t, l))
	w.now = w.now.Add(3 * time.Minute)
	_, err = l.Answer(late)
	require.Equal(t, identity.CodeChallenge, identity.CodeOf(err))

	got, err := l.Recognise(bearer("login-guessed"))
	refused(t, identity.CodeLoggedOut, got, err)
	got, err = l.Recognise(bearer("a-sandbox-key"))
	refused(t, identity.CodeNobody, got, err)
}

// forge changes the end of a challenge to a later one.
func forge(t *testing.T, text string) string {
	t.Helper()
	at := strings.LastIndexByte(text, '\n') + 1
	b, err := base64.RawURLEncoding.DecodeString(text[at:])
	require.NoError(t, err)
	b[23]++
	return text[:at] + base64.RawURLEncoding.EncodeToString(b)
}

// TestLoginNobody: a certificate that names no holder by a number logs nobody in.
func TestLoginNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l := w.login(nil)
	passport := person()
	passport.Holder = ca.Identity{PassportNumber: "E00000000"}
	h := w.certify(passport)
	w.now = w.now.Add(time.Second)
	_, err := l.Answer(h.answer(t, challenge(t, l)))
	require.Equal(t, identity.CodeNoHolder, identity.CodeOf(err))
}

// TestLoginFull: beyond the bound nobody logs in until a session has ended.
func TestLoginFull(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l, h := w.login(func(c *identity.LoginConfig) { c.MaxSessions = 1 }), w.certify(firm())
	w.now = w.now.Add(time.Second)
	_, err := l.Answer(h.answer(t, challenge(t, l)))
	require.NoError(t, err)
	_, err = l.Answer(h.answer(t, challenge(t, l)))
	require.Equal(t, identity.CodeBusy, identity.CodeOf(err))
	w.now = w.now.Add(time.Hour)
	_, err = l.Answer(h.answer(t, challenge(t, l)))
	require.NoError(t, err)
}

func TestNewLoginRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := identity.LoginConfig{
		Certificates: w.trust, Caller: fixtures.Hall, Origin: hostname, Now: w.clock, Rand: rand.Reader,
	}
	for name, change := range map[string]func(*identity.LoginConfig){
		"no checker": func(c *identity.LoginConfig) { c.Certificates = nil },
		"no caller":  func(c *identity.LoginConfig) { c.Caller = "" },
		"no origin":  func(c *identity.LoginConfig) { c.Origin = "" },
		"two lines":  func(c *identity.LoginConfig) { c.Origin = "a\nb" },
		"no clock":   func(c *identity.LoginConfig) { c.Now = nil },
		"no random":  func(c *identity.LoginConfig) { c.Rand = nil },
	} {
		cfg := good
		change(&cfg)
		_, err := identity.NewLogin(cfg)
		require.ErrorIs(t, err, identity.ErrConfig, name)
	}
}
