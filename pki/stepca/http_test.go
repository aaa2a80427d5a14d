package stepca_test

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/pki/stepca"
)

// serve is the authority over TLS that asks clients for certificates and leaves judging them to the handler.
func (w *world) serve(t testing.TB) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/", w.authority.Handler())
	mux.Handle("/sm2/sign", w.authority.SM2Handler())
	server := httptest.NewUnstartedServer(mux)
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// client shows a certificate, if one is given.
func client(t testing.TB, server *httptest.Server, key crypto.Signer, chain ...*x509.Certificate) *http.Client {
	t.Helper()
	c := *server.Client()
	transport, ok := c.Transport.(*http.Transport)
	require.True(t, ok)
	transport = transport.Clone()
	if len(chain) > 0 {
		shown := tls.Certificate{PrivateKey: key}
		for _, cert := range chain {
			shown.Certificate = append(shown.Certificate, cert.Raw)
		}
		transport.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return &shown, nil
		}
	}
	c.Transport = transport
	t.Cleanup(transport.CloseIdleConnections)
	return &c
}

// post sends JSON and reads JSON.
func post(t testing.TB, c *http.Client, url string, body any) (status int, answer map[string]any) {
	t.Helper()
	text, err := json.Marshal(body)
	require.NoError(t, err)
	response, err := c.Post(url, "application/json", bytes.NewReader(text))
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, "nosniff", response.Header.Get("X-Content-Type-Options"))
	require.NoError(t, json.NewDecoder(response.Body).Decode(&answer))
	return response.StatusCode, answer
}

func get(t testing.TB, c *http.Client, url string) (status int, body []byte) {
	t.Helper()
	response, err := c.Get(url)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, body
}

func csrPEM(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

// chainIn reads the chain of an answer.
func chainIn(t testing.TB, answer map[string]any) (chain []*x509.Certificate) {
	t.Helper()
	list, ok := answer["certChain"].([]any)
	require.True(t, ok, answer)
	for _, text := range list {
		s, ok := text.(string)
		require.True(t, ok)
		block, rest := pem.Decode([]byte(s))
		require.NotNil(t, block)
		require.Empty(t, rest)
		c, err := x509.ParseCertificate(block.Bytes)
		require.NoError(t, err)
		chain = append(chain, c)
	}
	return chain
}

// Rows A55 and A56: the life of a certificate over HTTP: token, request, renewal with the certificate, revocation with a
// token, no renewal any more, the list.
func TestHTTP_A55(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.serve(t)
	anonymous := client(t, server, nil)
	for _, prefix := range []string{"", "/1.0"} {
		key := ecKey(t)
		request := map[string]any{"csr": csrPEM(csrOf(t, key, service, service)), "ott": w.token(t)}
		status, answer := post(t, anonymous, server.URL+prefix+"/sign", request)
		require.Equal(t, http.StatusCreated, status, answer)
		chain := chainIn(t, answer)
		require.NoError(t, w.verify(t, chain, service))
		status, answer = post(t, anonymous, server.URL+prefix+"/sign", request)
		require.Equal(t, http.StatusUnauthorized, status, answer)

		holder := client(t, server, key, chain...)
		status, answer = post(t, holder, server.URL+prefix+"/renew", nil)
		require.Equal(t, http.StatusCreated, status, answer)
		renewed := chainIn(t, answer)
		require.NoError(t, w.verify(t, renewed, service))

		serial := chain[0].SerialNumber.String()
		revocation := map[string]any{"serial": serial, "reasonCode": 1, "passive": true}
		revocation["ott"] = w.token(t, func(x *stepca.Token) { x.Subject, x.Revoke = serial, true })
		status, answer = post(t, anonymous, server.URL+prefix+"/revoke", revocation)
		require.Equal(t, http.StatusOK, status, answer)
		status, answer = post(t, holder, server.URL+prefix+"/renew", nil)
		require.Equal(t, http.StatusUnauthorized, status, answer)
		require.EqualValues(t, stepca.ReasonRevoked, answer["reason"])

		// The renewed one revokes itself.
		holder = client(t, server, key, renewed...)
		status, answer = post(t, holder, server.URL+prefix+"/revoke", map[string]any{
			"serial": renewed[0].SerialNumber.String(), "passive": true,
		})
		require.Equal(t, http.StatusOK, status, answer)
		status, _ = post(t, holder, server.URL+prefix+"/renew", nil)
		require.Equal(t, http.StatusUnauthorized, status)
	}
	status, der := get(t, anonymous, server.URL+"/crl")
	require.Equal(t, http.StatusOK, status)
	crl, err := x509.ParseRevocationList(der)
	require.NoError(t, err)
	require.NoError(t, crl.CheckSignatureFrom(w.config.Chain[0]))
	require.Len(t, crl.RevokedCertificateEntries, 4)
}

func TestHTTPSM2_A56(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.serve(t)
	c := client(t, server, nil)
	csr, _ := sm2CSR(t, service)
	good := map[string]any{"csr": csrPEM(csr), "ott": w.token(t), "notAfter": time.Now().Add(time.Hour)}
	status, answer := post(t, c, server.URL+"/sm2/sign", good)
	require.Equal(t, http.StatusCreated, status, answer)
	block, _ := pem.Decode([]byte(fmt.Sprint(answer["crt"])))
	require.Equal(t, "certificate for "+service, string(block.Bytes))
	require.Len(t, answer["certChain"], 2)
	require.NotEmpty(t, answer["ca"])
	block, _ = pem.Decode([]byte(fmt.Sprint(answer["twin"])))
	require.Equal(t, "twin", string(block.Bytes))
	require.Equal(t, "ZW52ZWxvcGVk", answer["envelopedKey"])

	w.issuer.err = errIssuer
	for name, test := range map[string]struct {
		body   any
		status int
		reason stepca.Reason
	}{
		"replayed":     {good, http.StatusUnauthorized, stepca.ReasonReplayed},
		"no body":      {nil, http.StatusBadRequest, stepca.ReasonRequest},
		"no JSON":      {"text", http.StatusBadRequest, stepca.ReasonRequest},
		"no request":   {map[string]any{"ott": w.token(t)}, http.StatusBadRequest, stepca.ReasonRequest},
		"certificate":  {map[string]any{"csr": strings.ReplaceAll(csrPEM(csr), " REQUEST", ""), "ott": w.token(t)}, http.StatusBadRequest, stepca.ReasonRequest},
		"two requests": {map[string]any{"csr": csrPEM(csr) + csrPEM(csr), "ott": w.token(t)}, http.StatusBadRequest, stepca.ReasonRequest},
		"no token":     {map[string]any{"csr": csrPEM(csr)}, http.StatusUnauthorized, stepca.ReasonToken},
		"long":         {map[string]any{"csr": csrPEM(csr), "ott": strings.Repeat("a", 64<<10)}, http.StatusBadRequest, stepca.ReasonRequest},
		"possession":   {map[string]any{"csr": csrPEM(flipEnd(csr)), "ott": w.token(t)}, http.StatusBadRequest, stepca.ReasonPossession},
		"forbidden":    {map[string]any{"csr": csrPEM(csr), "ott": w.token(t), "notAfter": time.Now().Add(48 * time.Hour)}, http.StatusForbidden, stepca.ReasonConstraint},
		"fails":        {map[string]any{"csr": csrPEM(csr), "ott": w.token(t)}, http.StatusInternalServerError, ""},
	} {
		status, answer := post(t, c, server.URL+"/sm2/sign", test.body)
		require.Equal(t, test.status, status, name)
		require.Equal(t, string(test.reason), fmt.Sprint(orEmpty(answer["reason"])), name)
		require.NotContains(t, fmt.Sprint(answer), errIssuer.Error(), name)
	}
	status, _ = get(t, c, server.URL+"/sm2/sign")
	require.Equal(t, http.StatusMethodNotAllowed, status)
	require.Len(t, w.issuer.requests(), 2)
}

func orEmpty(v any) any {
	if v == nil {
		return ""
	}
	return v
}

// Only a certificate of ours, good now, renews or revokes itself, whatever the server in front lets pass.
func TestHTTPClientCertificate_A55(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.serve(t)
	leaf, key := w.leaf(t)
	other := newWorld(t)
	foreign, foreignKey := other.leaf(t)
	made := func(usage x509.ExtKeyUsage, serial *big.Int, end time.Duration) *x509.Certificate {
		return sign(t, &x509.Certificate{
			SerialNumber: serial, Subject: pkix.Name{CommonName: service}, NotBefore: time.Now().Add(-time.Hour),
			NotAfter: time.Now().Add(end), ExtKeyUsage: []x509.ExtKeyUsage{usage},
		}, w.config.Chain[0], key.Public(), w.config.Signer)
	}
	for name, test := range map[string]struct {
		key    crypto.Signer
		shown  *x509.Certificate
		reason stepca.Reason
	}{
		"of another authority": {foreignKey, foreign, stepca.ReasonUnverified},
		"for servers alone":    {key, made(x509.ExtKeyUsageServerAuth, big.NewInt(9), time.Hour), stepca.ReasonUnverified},
		"expired":              {key, made(x509.ExtKeyUsageClientAuth, big.NewInt(9), -time.Minute), stepca.ReasonUnverified},
		"in no register":       {key, made(x509.ExtKeyUsageClientAuth, big.NewInt(9), time.Hour), stepca.ReasonNotIssued},
		"another's number":     {key, made(x509.ExtKeyUsageClientAuth, leaf.SerialNumber, time.Hour), stepca.ReasonNotIssued},
	} {
		for _, path := range []string{"/renew", "/1.0/renew", "/revoke", "/1.0/revoke"} {
			c := client(t, server, test.key, test.shown)
			_, answer := post(t, c, server.URL+path, map[string]any{"serial": test.shown.SerialNumber.String(), "passive": true})
			require.EqualValues(t, test.reason, answer["reason"], "%s at %s: %v", name, path, answer)
		}
	}
	status, answer := post(t, client(t, server, nil), server.URL+"/renew", nil)
	require.Equal(t, http.StatusBadRequest, status, answer)
	status, answer = post(t, client(t, server, key, leaf), server.URL+"/revoke", map[string]any{
		"serial": foreign.SerialNumber.String(), "passive": true,
	})
	require.Equal(t, http.StatusForbidden, status, answer)
	list, _ := w.revoked(t)
	require.Empty(t, list)
	require.Equal(t, 1, w.count(t))
}

// A renewal by a token in a header is not offered: the certificate itself has to be shown.
func TestHTTPNoRenewalByToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.serve(t)
	leaf, key := w.leaf(t)
	token := renewToken(t, key, leaf, w.config.Chain[0])
	request, err := http.NewRequest(http.MethodPost, server.URL+"/1.0/renew", http.NoBody)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := client(t, server, nil).Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusBadRequest, response.StatusCode)
	require.Equal(t, 1, w.count(t))
}

// Revocation over HTTP takes a token that is for it, for this certificate, of the provisioner that had it issued.
func TestHTTPRevokeRefused_A56(t *testing.T) {
	t.Parallel()
	second := ecKey(t)
	w := newWorld(t, func(c *stepca.Config) {
		c.Provisioners = append(c.Provisioners, stepca.Provisioner{
			Kind: stepca.KindJWK, Name: "second", Services: stepca.ServesTLS, Key: second.Public(), KeyID: "second-1",
		})
	})
	server := w.serve(t)
	c := client(t, server, nil)
	leaf, _ := w.leaf(t)
	serial := leaf.SerialNumber.String()
	revoking := func(x *stepca.Token) { x.Subject, x.Revoke = serial, true }
	other := w.desk
	other.Provisioner, other.KeyID, other.Key = "second", "second-1", second
	for name, test := range map[string]struct {
		serial, token string
		status        int
	}{
		"to enrol":              {serial, w.token(t, func(x *stepca.Token) { x.Subject = serial }), http.StatusUnauthorized},
		"for another":           {serial, w.token(t, func(x *stepca.Token) { x.Subject, x.Revoke = "17", true }), http.StatusForbidden},
		"not issued here":       {"17", w.token(t, func(x *stepca.Token) { x.Subject, x.Revoke = "17", true }), http.StatusForbidden},
		"another's certificate": {serial, tokenOf(t, other, revoking), http.StatusForbidden},
	} {
		status, answer := post(t, c, server.URL+"/revoke", map[string]any{"serial": test.serial, "ott": test.token, "passive": true})
		require.Equal(t, test.status, status, "%s: %v", name, answer)
	}
	list, _ := w.revoked(t)
	require.Empty(t, list)
	token := w.token(t, revoking)
	for _, want := range []int{http.StatusOK, http.StatusUnauthorized} {
		status, answer := post(t, c, server.URL+"/revoke", map[string]any{"serial": serial, "ott": token, "passive": true})
		require.Equal(t, want, status, answer)
	}
}

// What is not offered is not there.
func TestHTTPOffers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.serve(t)
	c := client(t, server, nil)
	for path, want := range map[string]int{
		"/health": http.StatusOK, "/roots.pem": http.StatusOK, "/roots": http.StatusCreated, "/intermediates.pem": http.StatusOK,
		"/provisioners": http.StatusOK, "/1.0/crl": http.StatusOK, "/root/00": http.StatusNotFound,
		"/version": http.StatusNotFound, "/ssh/roots": http.StatusNotFound, "/ssh/hosts": http.StatusNotFound,
		"/admin/admins": http.StatusNotFound, "/federation": http.StatusNotFound, "/scep/x": http.StatusNotFound,
		"/provisioners/desk-1/encrypted-key": http.StatusNotFound, "/sign": http.StatusMethodNotAllowed,
		"/acme/desk/directory": http.StatusUnauthorized, "/acme/none/directory": http.StatusNotFound,
	} {
		status, body := get(t, c, server.URL+path)
		require.Equal(t, want, status, "%s: %s", path, body)
		require.NotContains(t, string(body), "PRIVATE")
	}
	for _, path := range []string{"/rekey", "/ssh/sign", "/sign-ssh"} {
		response, err := c.Post(server.URL+path, "application/json", strings.NewReader("{}"))
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusNotFound, response.StatusCode, path)
	}
	status, answer := post(t, c, server.URL+"/sign", map[string]any{
		"csr": csrPEM(csrOf(t, ecKey(t), service)), "ott": w.token(t), "templateData": strings.Repeat("x", 64<<10),
	})
	require.Equal(t, http.StatusBadRequest, status, answer)
	require.Zero(t, w.count(t))
}
