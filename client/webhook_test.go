package client_test

import (
	"crypto/rand"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/client"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/httpsig"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

// sender signs as the service does.
type sender struct {
	key  httpsig.Key
	cert *pki.Certificate
}

func newSender(t *testing.T) *sender {
	t.Helper()
	province, err := fixtures.NewProvince(rand.Reader, clock)
	require.NoError(t, err)
	key, chain, err := province.Enrol(ca.ProfileVault, fixtures.Authority())
	require.NoError(t, err)
	return &sender{httpsig.Key{Certificate: chain[0].Raw, Signer: key, Rand: rand.Reader}, chain[0]}
}

func (s *sender) send(t *testing.T, body string, change func(*httpsig.Params)) *http.Request {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "https://receiver.example/hooks?x=1", strings.NewReader(body))
	r.RequestURI = "/hooks?x=1"
	r.Header.Set(httpsig.FieldDigest, httpsig.Digest(sm3.Sum([]byte(body))))
	p := httpsig.Params{
		Components: []string{"@method", "@authority", "@path", "@query", "content-digest"}, Created: clock(), Nonce: "n",
	}
	if change != nil {
		change(&p)
	}
	input, value, err := httpsig.Sign(&httpsig.Message{
		Method: r.Method, Scheme: "https", Authority: r.Host, Path: "/hooks", Query: "x=1", HasQuery: true, Field: r.Header.Values,
	}, "sig", p, s.key)
	require.NoError(t, err)
	r.Header.Set(httpsig.FieldInput, input)
	r.Header.Set(httpsig.FieldSignature, value)
	return r
}

// TestWebhook: a message counts if the service signed it, for this receiver, now, and as it stands.
func TestWebhook(t *testing.T) {
	t.Parallel()
	s := newSender(t)
	w := &client.Webhooks{Certificates: []*pki.Certificate{s.cert}, Now: clock}
	body, err := w.Verify(s.send(t, `{"sequence":1}`, nil))
	require.NoError(t, err)
	require.JSONEq(t, `{"sequence":1}`, string(body))

	behindProxy := s.send(t, "{}", nil)
	behindProxy.Host = "10.0.0.7:8080"
	w.Authority = "receiver.example"
	_, err = w.Verify(behindProxy)
	require.NoError(t, err)
	w.Authority = ""

	renewed := &sender{httpsig.Key{Certificate: []byte("renewed"), Signer: s.key.Signer, Rand: rand.Reader}, s.cert}
	_, err = w.Verify(renewed.send(t, "{}", nil))
	require.NoError(t, err, "another certificate for the key that is pinned")

	drop := func(name string) func(*httpsig.Params) {
		return func(p *httpsig.Params) {
			p.Components = slices.DeleteFunc(p.Components, func(c string) bool { return c == name })
		}
	}
	for name, r := range map[string]*http.Request{
		"unsigned":       httptest.NewRequest(http.MethodPost, "https://receiver.example/hooks", strings.NewReader("{}")),
		"another sender": newSender(t).send(t, "{}", nil),
		"content":        with(s.send(t, "{}", nil), func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("[]")) }),
		"path":           with(s.send(t, "{}", nil), func(r *http.Request) { r.RequestURI = "/other?x=1" }),
		"receiver":       with(s.send(t, "{}", nil), func(r *http.Request) { r.Host = "other.example" }),
		"malformed":      with(s.send(t, "{}", nil), func(r *http.Request) { r.Header.Set(httpsig.FieldSignature, "x") }),
		"old":            s.send(t, "{}", func(p *httpsig.Params) { p.Created = clock().Add(-6 * time.Minute) }),
		"future":         s.send(t, "{}", func(p *httpsig.Params) { p.Created = clock().Add(2 * time.Minute) }),
		"no time":        s.send(t, "{}", func(p *httpsig.Params) { p.Created = time.Time{} }),
		"method open":    s.send(t, "{}", drop("@method")),
		"authority open": s.send(t, "{}", drop("@authority")),
		"path open":      s.send(t, "{}", drop("@path")),
		"query open":     s.send(t, "{}", drop("@query")),
		"content open":   s.send(t, "{}", drop("content-digest")),
		"large":          s.send(t, strings.Repeat("x", 1<<20+1), nil),
	} {
		body, err := w.Verify(r)
		require.ErrorIs(t, err, client.ErrWebhook, name)
		require.Nil(t, body, name)
	}
	_, err = (&client.Webhooks{}).Verify(s.send(t, "{}", nil))
	require.ErrorIs(t, err, client.ErrConfig)
}

func with(r *http.Request, change func(*http.Request)) *http.Request {
	change(r)
	return r
}
