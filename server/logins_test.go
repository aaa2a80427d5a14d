package server_test

import (
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/sm2sig"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/server/identity"
)

// trusting relies on every certificate: who trusts which is tested in server/identity.
type trusting struct{}

// CheckCertificate implements identity.CertificateChecker.
func (trusting) CheckCertificate(*pki.Certificate, time.Time) error { return nil }

// TestLogin_A77: a firm logs in by its certificate, sees its own licences and nobody else's, and logs out.
func TestLogin_A77(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	clock := func() time.Time { return w.now }
	w.config.Callers = identity.Chain{w.config.Login, w.config.Callers}
	w.restart()
	province, err := fixtures.NewProvince(rand.Reader, clock)
	require.NoError(t, err)
	firm := fixtures.FirmAt(7)
	key, chain, err := province.Enrol(ca.ProfileDepartment, fixtures.Department{Name: firm.Name, Code: firm.Code})
	require.NoError(t, err)
	issued := into[api.Written](t, w.call(fixtures.Caller(0), http.MethodPost, "/licences", foodRequest(t),
		api.HeaderIdempotencyKey, "one"))

	challenge := into[api.LoginChallenge](t, w.call("", http.MethodPost, "/login-challenges", nil))
	public, err := sm2sig.FromCrypto(key.Public())
	require.NoError(t, err)
	signature, err := public.Sign(rand.Reader, key, []byte(challenge.Challenge))
	require.NoError(t, err)
	answer := api.LoginRequest{Challenge: challenge.Challenge, Certificate: chain[0].Raw, Signature: signature}
	r := w.call("", http.MethodPost, "/logins", answer)
	require.Equal(t, http.StatusCreated, r.status, "%s", r.body)
	session := into[api.LoginSession](t, r)
	require.Equal(t, "certificate", session.Level)
	refused(t, w.call("", http.MethodPost, "/logins", answer), http.StatusUnauthorized, "login-challenge")

	own := api.LookupRequest{
		Asked:  api.Asked{Purpose: "本人办理", Ground: "holder", Case: "2026-000187"},
		Holder: &api.Holder{Kind: "001", Code: firm.Code},
	}
	found := into[api.LookupAnswer](t, w.call(session.Token, http.MethodPost, "/lookups", own))
	require.Len(t, found.Licences, 1)
	require.Equal(t, issued.Identifier, found.Licences[0].Identifier)
	others := own
	others.Holder = &api.Holder{Kind: "001", Code: fixtures.FirmAt(8).Code}
	refused(t, w.call(session.Token, http.MethodPost, "/lookups", others), http.StatusForbidden, "assertion-other-holder")
	require.NotContains(t, w.log.String(), session.Token)
	require.NotContains(t, w.log.String(), firm.Code)

	require.Equal(t, http.StatusNoContent, w.call(session.Token, http.MethodDelete, "/logins/current", nil).status)
	refused(t, w.call(session.Token, http.MethodPost, "/lookups", own), http.StatusUnauthorized, "login-ended")
	require.Equal(t, http.StatusNoContent, w.call("", http.MethodDelete, "/logins/current", nil).status)
}

// TestRegistrations: the operator registers a system, sees how it stands, and revokes it; what is wrong is told.
func TestRegistrations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	province, err := fixtures.NewProvince(rand.Reader, func() time.Time { return w.now })
	require.NoError(t, err)
	_, chain, err := province.Enrol(ca.ProfileDepartment, fixtures.Departments()[0])
	require.NoError(t, err)
	reg := api.Registration{
		Caller: fixtures.Caller(0), Role: "department-system", Quota: &api.Quota{PerSecond: 5, Burst: 9},
		Credentials: []api.Credential{{Kind: "signature", Certificate: chain[0].Raw}},
	}
	for range 2 { // a repetition changes nothing
		r := w.call("operator", http.MethodPut, "/registrations/market-1", reg)
		require.Equal(t, http.StatusOK, r.status, "%s", r.body)
		got := into[api.RegistrationStanding](t, r)
		require.Equal(t, reg, got.Registration)
		require.Equal(t, fixtures.Operator, got.By)
		require.Nil(t, got.Revoked)
	}
	list := into[api.RegistrationList](t, w.call("operator", http.MethodGet, "/registrations", nil))
	require.Len(t, list.Registrations, 1)
	require.Empty(t, list.Next)

	for name, c := range map[string]struct {
		r    reply
		code string
	}{
		"no such":      {w.call("operator", http.MethodGet, "/registrations/nobody", nil), "registration-unknown"},
		"another's":    {w.call("operator", http.MethodPut, "/registrations/other", reg), "credential-taken"},
		"holder":       {w.call("operator", http.MethodPut, "/registrations/x", withRole(reg, "holder")), "registration-invalid"},
		"no such cred": {w.call("operator", http.MethodPost, "/registrations/market-1/revocation", api.RegistrationRevocation{Credential: strings.Repeat("0", 64)}), "registration-unknown"},
		"no digest":    {w.call("operator", http.MethodPost, "/registrations/market-1/revocation", api.RegistrationRevocation{Credential: "x"}), "registration-unknown"},
	} {
		require.Equal(t, c.code, codeIn(c.r), "%s: %s", name, c.r.body)
	}
	revoked := into[api.RegistrationStanding](t, w.call("operator", http.MethodPost, "/registrations/market-1/revocation",
		api.RegistrationRevocation{Credential: list.Registrations[0].Certificates[0].Digest}))
	require.NotNil(t, revoked.Certificates[0].Revoked)
	require.Nil(t, revoked.Revoked)
	revoked = into[api.RegistrationStanding](t, w.call("operator", http.MethodPost, "/registrations/market-1/revocation",
		api.RegistrationRevocation{}))
	require.NotNil(t, revoked.Revoked)
}

func withRole(r api.Registration, role string) api.Registration {
	r.Role = role
	return r
}
