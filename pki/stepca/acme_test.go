package stepca_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/acme"

	"github.com/elicense/elicense/pki/stepca"
)

const webHost = "www.example.gov.cn"

// site is a web server on this machine that stands for every name.
type site struct {
	*httptest.Server

	handler atomic.Pointer[http.Handler]
	asked   atomic.Int32
}

func newSite(t testing.TB) *site {
	t.Helper()
	s := new(site)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		if h := s.handler.Load(); h != nil {
			(*h).ServeHTTP(w, r)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// answer has the site answer a path.
func (s *site) answer(path, text string) {
	var h http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path || r.Host != webHost {
			http.NotFound(w, r)
			return
		}
		w.Write([]byte(text))
	})
	s.handler.Store(&h)
}

// ways lead to the site, whatever the name.
func (s *site) ways(t testing.TB) stepca.Challenges {
	t.Helper()
	transport := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, s.Listener.Addr().String())
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return stepca.Challenges{HTTP: &http.Client{Transport: transport, Timeout: 5 * time.Second}}
}

func newACMEWorld(t testing.TB, s *site, changes ...func(*stepca.Config)) (*world, *acme.Client) {
	t.Helper()
	w := newWorld(t, func(c *stepca.Config) {
		c.Challenges = s.ways(t)
		c.Provisioners = append(c.Provisioners, stepca.Provisioner{
			Kind: stepca.KindACME, Name: "web", Services: stepca.ServesTLS,
			Policy: stepca.Policy{Allow: stepca.Names{DNS: []string{"*.example.gov.cn"}}},
		})
		for _, change := range changes {
			change(c)
		}
	})
	server := w.serve(t)
	c := &acme.Client{Key: ecKey(t), HTTPClient: client(t, server, nil), DirectoryURL: server.URL + "/acme/web/directory"}
	_, err := c.Register(t.Context(), &acme.Account{Contact: []string{"mailto:a@example.gov.cn"}}, acme.AcceptTOS)
	require.NoError(t, err)
	return w, c
}

// order asks for names and gives the order with its one http-01 challenge.
func order(t testing.TB, c *acme.Client, names ...string) (*acme.Order, *acme.Challenge) {
	t.Helper()
	o, err := c.AuthorizeOrder(t.Context(), acme.DomainIDs(names...))
	require.NoError(t, err)
	require.Len(t, o.AuthzURLs, 1)
	a, err := c.GetAuthorization(t.Context(), o.AuthzURLs[0])
	require.NoError(t, err)
	require.Len(t, a.Challenges, 1, "what has no way is not offered")
	require.Equal(t, "http-01", a.Challenges[0].Type)
	return o, a.Challenges[0]
}

// Row A55: a certificate by ACME from order to revocation.
func TestACME_A55(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w, c := newACMEWorld(t, s)
	o, challenge := order(t, c, webHost)
	text, err := c.HTTP01ChallengeResponse(challenge.Token)
	require.NoError(t, err)
	s.answer(c.HTTP01ChallengePath(challenge.Token), text)
	_, err = c.Accept(t.Context(), challenge)
	require.NoError(t, err)
	o, err = c.WaitOrder(t.Context(), o.URI)
	require.NoError(t, err)
	require.Equal(t, acme.StatusReady, o.Status)

	key := ecKey(t)
	_, _, err = c.CreateOrderCert(t.Context(), o.FinalizeURL, csrOf(t, key, webHost, webHost, "other.example.gov.cn"), true)
	require.Error(t, err, "another name than that of the order")
	require.Zero(t, w.count(t))
	ders, _, err := c.CreateOrderCert(t.Context(), o.FinalizeURL, csrOf(t, key, webHost, webHost), true)
	require.NoError(t, err)
	var chain []*x509.Certificate
	for _, der := range ders {
		parsed, err := x509.ParseCertificate(der)
		require.NoError(t, err)
		chain = append(chain, parsed)
	}
	require.NoError(t, w.verify(t, chain, webHost))
	require.Equal(t, 1, w.count(t))

	_, err = w.authority.Renew(t.Context(), chain[0])
	require.NoError(t, err)
	require.NoError(t, c.RevokeCert(t.Context(), key, chain[0].Raw, acme.CRLReasonKeyCompromise))
	_, err = w.authority.Renew(t.Context(), chain[0])
	requireRefused(t, stepca.ReasonRevoked, err)
	list, _ := w.revoked(t)
	require.Equal(t, []string{chain[0].SerialNumber.String()}, list)
}

// Who does not show control over the name gets nothing.
func TestACMERefused_A55(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(*site, *acme.Client, *acme.Challenge){
		"nothing there": func(*site, *acme.Client, *acme.Challenge) {},
		"another text":  func(s *site, c *acme.Client, ch *acme.Challenge) { s.answer(c.HTTP01ChallengePath(ch.Token), "text") },
		"endless": func(s *site, c *acme.Client, ch *acme.Challenge) {
			text, err := c.HTTP01ChallengeResponse(ch.Token)
			if err == nil {
				s.answer(c.HTTP01ChallengePath(ch.Token), strings.Repeat(" ", 65<<10)+text)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			w, c := newACMEWorld(t, s)
			o, challenge := order(t, c, webHost)
			answer(s, c, challenge)
			_, err := c.Accept(t.Context(), challenge)
			require.NoError(t, err)
			require.NotZero(t, s.asked.Load())
			_, _, err = c.CreateOrderCert(t.Context(), o.FinalizeURL, csrOf(t, ecKey(t), webHost, webHost), true)
			require.Error(t, err)
			require.Zero(t, w.count(t))
		})
	}
}

// Policy is asked before a challenge is even given out.
func TestACMEPolicy_A55(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w, c := newACMEWorld(t, s, func(c *stepca.Config) { c.Policy.Deny.DNS = []string{"denied.example.gov.cn"} })
	for _, name := range []string{"www.example.com", "example.gov.cn.example.com", "*.example.gov.cn", "denied.example.gov.cn"} {
		_, err := c.AuthorizeOrder(t.Context(), acme.DomainIDs(name))
		require.Error(t, err, name)
	}
	require.Zero(t, s.asked.Load())
	require.Zero(t, w.count(t))
}

// A token never opens an ACME provisioner: smallstep's checks nothing by itself, because ACME has checked before.
func TestACMENotByToken_A56(t *testing.T) {
	t.Parallel()
	w, _ := newACMEWorld(t, newSite(t))
	now := time.Now()
	for _, key := range []any{w.desk.Key, ecKey(t)} {
		token := rawToken(t, key, map[string]any{
			"jti": "a1", "iss": "web", "sub": webHost, "aud": "https://" + caHost + "/1.0/sign#acme/web",
			"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Minute).Unix(),
		})
		_, err := w.authority.Issue(t.Context(), stepca.Enrolment{Token: token, CSR: csrOf(t, ecKey(t), webHost, webHost)})
		requireRefused(t, stepca.ReasonToken, err)
	}
	require.Zero(t, w.count(t))
}

// recorder keeps the last POST that went through it.
type recorder struct {
	http.RoundTripper

	url  string
	body []byte
}

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Method == http.MethodPost {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, err
		}
		r.url, r.body = request.URL.String(), body
		request.Body = io.NopCloser(bytes.NewReader(body))
	}
	return r.RoundTripper.RoundTrip(request)
}

// Each nonce is good once: a request that comes again is refused.
func TestACMENonces_A55(t *testing.T) {
	t.Parallel()
	_, c := newACMEWorld(t, newSite(t))
	record := &recorder{RoundTripper: c.HTTPClient.Transport}
	c.HTTPClient.Transport = record
	_, err := c.AuthorizeOrder(t.Context(), acme.DomainIDs(webHost))
	require.NoError(t, err)
	require.Contains(t, record.url, "new-order")
	response, err := c.HTTPClient.Post(record.url, "application/jose+json", bytes.NewReader(record.body))
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusBadRequest, response.StatusCode)
	require.Contains(t, string(body), "badNonce")
}

// dns-01 is offered if there is a way to look names up, and http-01 then is not by itself.
func TestACMEByDNS(t *testing.T) {
	t.Parallel()
	var want atomic.Value
	want.Store("")
	s := newSite(t)
	w, c := newACMEWorld(t, s, func(c *stepca.Config) {
		c.Challenges = stepca.Challenges{LookupTXT: func(name string) ([]string, error) {
			if strings.TrimSuffix(name, ".") != "_acme-challenge."+webHost {
				return nil, nil
			}
			text, _ := want.Load().(string)
			return []string{text}, nil
		}}
	})
	o, err := c.AuthorizeOrder(t.Context(), acme.DomainIDs(webHost))
	require.NoError(t, err)
	a, err := c.GetAuthorization(t.Context(), o.AuthzURLs[0])
	require.NoError(t, err)
	require.Len(t, a.Challenges, 1)
	require.Equal(t, "dns-01", a.Challenges[0].Type)
	text, err := c.DNS01ChallengeRecord(a.Challenges[0].Token)
	require.NoError(t, err)
	want.Store(text)
	_, err = c.Accept(t.Context(), a.Challenges[0])
	require.NoError(t, err)
	o, err = c.WaitOrder(t.Context(), o.URI)
	require.NoError(t, err)
	_, _, err = c.CreateOrderCert(t.Context(), o.FinalizeURL, csrOf(t, ecKey(t), webHost, webHost), true)
	require.NoError(t, err)
	require.Equal(t, 1, w.count(t))
	require.Zero(t, s.asked.Load())
}
