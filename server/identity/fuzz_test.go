package identity_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

// trusting relies on every certificate.
type trusting struct{}

// CheckCertificate implements identity.CertificateChecker.
func (trusting) CheckCertificate(*pki.Certificate, time.Time) error { return nil }

// FuzzToken: nothing that was not signed by the issuer is anybody, however it is spelled.
func FuzzToken(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(f, err)
	tokens, err := identity.NewTokens(identity.TokensConfig{Now: tokenTime, Issuers: []identity.Issuer{{
		URL: hallURL, Audience: "elicense", Keys: &oidc.StaticKeySet{PublicKeys: []crypto.PublicKey{key.Public()}},
		Caller: "hall", MaxLevel: vault.LevelCertificate,
	}}})
	require.NoError(f, err)
	f.Add("eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2hhbGwucHJvdmluY2UuZXhhbXBsZSJ9.AAAA")
	f.Add("eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2hhbGwucHJvdmluY2UuZXhhbXBsZSJ9.")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := tokens.Recognise(bearer(text))
		require.Error(t, err)
		require.Nil(t, c)
		require.NotEmpty(t, identity.CodeOf(err))
	})
}

// FuzzChallenge: nothing that was not made here is taken for a challenge, and no answer without a signature opens one.
func FuzzChallenge(f *testing.F) {
	login, err := identity.NewLogin(identity.LoginConfig{
		Certificates: trusting{}, Caller: "hall", Origin: hostname, Now: tokenTime, Rand: rand.Reader,
	})
	require.NoError(f, err)
	c, err := login.Challenge()
	require.NoError(f, err)
	f.Add(c.Text, []byte{0x30, 0}, []byte{0x30, 0})
	f.Add("elicense login\n"+hostname+"\nAAAA", []byte(nil), []byte(nil))
	f.Fuzz(func(t *testing.T, text string, certificate, signature []byte) {
		s, err := login.Answer(identity.Answer{Challenge: text, Certificate: certificate, Signature: signature})
		require.Error(t, err)
		require.Nil(t, s)
		if text != c.Text {
			require.Equal(t, identity.CodeChallenge, identity.CodeOf(err))
		}
	})
}
