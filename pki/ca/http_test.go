package ca_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/internal/oid"
	"github.com/elicense/elicense/internal/problem"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

// site is a press on the network.
type site struct {
	*press
	handler http.Handler
	log     *bytes.Buffer
}

func newSite(t *testing.T, p *press, responders ...*ca.Responder) *site {
	t.Helper()
	log := &bytes.Buffer{}
	h, err := ca.NewHandler(ca.HandlerConfig{
		Publisher: p.publisher, Responders: responders, Logger: slog.New(slog.NewTextHandler(log, nil)),
	})
	require.NoError(t, err)
	return &site{p, h, log}
}

// reply is what came back.
type reply struct {
	StatusCode int
	Header     http.Header
	body       []byte
}

// do sends a request; header is a list of names and values.
func (s *site) do(method, target string, body []byte, header ...string) reply {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), method, target, bytes.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return reply{w.Code, w.Header(), w.Body.Bytes()}
}

// Row A55: what a certificate points to is there, under the very addresses in it.
func TestAddresses_A55(t *testing.T) {
	t.Parallel()
	p := newPress(t)
	issued := p.server()
	s := newSite(t, p, p.responder(nil))
	p.due()
	c, err := issued.Certificate()
	require.NoError(t, err)
	where := ca.Addresses{Base: base, Issuer: p.issuing.KeyID()}
	for _, address := range []string{where.Shard(issued.Shard()), where.OCSP(), where.Certificate()} {
		require.Contains(t, string(c.Raw), address)
	}

	r := s.do(http.MethodGet, where.Shard(issued.Shard()), nil)
	require.Equal(t, http.StatusOK, r.StatusCode)
	require.Equal(t, "application/pkix-crl", r.Header.Get("Content-Type"))
	crl, err := pki.ParseCRL(r.body)
	require.NoError(t, err)
	require.Equal(t, p.shard(issued.Shard()).Raw, crl.Raw)

	for _, address := range []string{where.Full(), where.Delta()} {
		r := s.do(http.MethodGet, address, nil)
		require.Equal(t, http.StatusOK, r.StatusCode, address)
		_, err := pki.ParseCRL(r.body)
		require.NoError(t, err)
	}
	r = s.do(http.MethodGet, where.Certificate(), nil)
	require.Equal(t, "application/pkix-cert", r.Header.Get("Content-Type"))
	require.Equal(t, p.issuing.Certificate().Raw, r.body)

	request := p.ask(oid.SHA1, nonce, issued)
	r = s.do(http.MethodPost, where.OCSP(), request, "Content-Type", "application/ocsp-request")
	require.Equal(t, http.StatusOK, r.StatusCode)
	require.Equal(t, "application/ocsp-response", r.Header.Get("Content-Type"))
	require.Equal(t, "no-store", r.Header.Get("Cache-Control"), "an answer with a nonce is for one")
	answer, err := pki.ParseOCSPResponse(r.body)
	require.NoError(t, err)
	require.Equal(t, pki.AnswerGood, answer.Answers[0].Status)
	require.Equal(t, nonce, answer.Nonce)
}

func TestCRLCaching(t *testing.T) {
	t.Parallel()
	p := newPress(t)
	c := p.server()
	p.due()
	s := newSite(t, p)
	where := ca.Addresses{Base: base, Issuer: p.issuing.KeyID()}.Shard(0)
	r := s.do(http.MethodGet, where, nil)
	tag := r.Header.Get("ETag")
	require.NotEmpty(t, tag)
	require.Equal(t, "public, no-transform, must-revalidate, max-age=300", r.Header.Get("Cache-Control"))
	require.Equal(t, p.clock.now().Add(5*time.Minute).Format(http.TimeFormat), r.Header.Get("Expires"))
	require.Equal(t, p.clock.now().Format(http.TimeFormat), r.Header.Get("Last-Modified"))
	require.Equal(t, http.StatusNotModified, s.do(http.MethodGet, where, nil, "If-None-Match", tag).StatusCode)
	head := s.do(http.MethodHead, where, nil)
	require.Equal(t, r.Header.Get("Content-Length"), head.Header.Get("Content-Length"))
	require.Empty(t, head.body)

	_, err := p.publisher.Revoke(t.Context(), revoker, c.ID, pki.CauseSuperseded, "换证")
	require.NoError(t, err)
	r = s.do(http.MethodGet, where, nil, "If-None-Match", tag)
	require.Equal(t, http.StatusOK, r.StatusCode, "a new number is a new tag")

	full := ca.Addresses{Base: base, Issuer: p.issuing.KeyID()}.Full()
	whole := s.do(http.MethodGet, full, nil).body
	part := s.do(http.MethodGet, full, nil, "Range", "bytes=10-19")
	require.Equal(t, http.StatusPartialContent, part.StatusCode)
	require.Equal(t, whole[10:20], part.body, "a transfer that broke off can be continued")
	p.clock.add(72*time.Hour - time.Minute)
	require.Contains(t, s.do(http.MethodGet, full, nil).Header.Get("Cache-Control"), "max-age=60", "never beyond nextUpdate")
	p.clock.add(time.Minute)
	require.Equal(t, "no-store", s.do(http.MethodGet, full, nil).Header.Get("Cache-Control"))
}

// RFC 5019: GET with the request in the address, whatever characters its base64 has.
func TestOCSPByGET(t *testing.T) {
	t.Parallel()
	p := newPress(t)
	o := p.responder(nil)
	c := p.server()
	_, err := o.Presign(t.Context())
	require.NoError(t, err)
	s := newSite(t, p, o)
	where := ca.Addresses{Base: base, Issuer: p.issuing.KeyID()}.OCSP()
	get := func(encoded string, header ...string) reply {
		r := s.do(http.MethodGet, where+"/"+encoded, nil, header...)
		require.Equal(t, http.StatusOK, r.StatusCode)
		return r
	}
	request := p.ask(oid.SHA1, nil, c)
	encoded := base64.StdEncoding.EncodeToString(request)
	p.clock.add(time.Hour)
	r := get(url.QueryEscape(encoded))
	require.Equal(t, "public, no-transform, must-revalidate, max-age=300", r.Header.Get("Cache-Control"))
	require.Equal(t, p.clock.now().Add(-time.Hour).Format(http.TimeFormat), r.Header.Get("Last-Modified"))
	answer, err := pki.ParseOCSPResponse(r.body)
	require.NoError(t, err)
	require.Equal(t, pki.AnswerGood, answer.Answers[0].Status)
	tag := r.Header.Get("ETag")
	require.Equal(t, http.StatusNotModified, s.do(http.MethodGet, where+"/"+url.QueryEscape(encoded), nil, "If-None-Match", tag).StatusCode)

	slashes := 0
	for n := int64(1); n < 4000 && slashes < 3; n++ {
		text := base64.StdEncoding.EncodeToString(p.askSerials(oid.SM3, nil, p.issuing.Certificate(), big.NewInt(n*n*n*n)))
		if !strings.Contains(text, "//") && !strings.Contains(text, "+") {
			continue
		}
		slashes++
		answer, err := pki.ParseOCSPResponse(get(text).body)
		require.NoError(t, err)
		require.Equal(t, pki.OCSPSuccessful, answer.Status, text)
	}
	require.Positive(t, slashes)
	for _, bad := range []string{"", "%%%", "AAAA", strings.Repeat("A", 40_000)} {
		r := s.do(http.MethodGet, where+"/"+url.PathEscape(bad), nil)
		answer, err := pki.ParseOCSPResponse(r.body)
		require.NoError(t, err)
		require.Equal(t, pki.OCSPMalformedRequest, answer.Status)
		require.Equal(t, "no-store", r.Header.Get("Cache-Control"))
	}
}

func TestHandlerRefuses(t *testing.T) {
	t.Parallel()
	p := newPress(t)
	o := p.responder(nil)
	p.due()
	s := newSite(t, p, o)
	id := p.issuing.KeyID().String()
	const ocsp = "application/ocsp-request"
	for name, c := range map[string]struct {
		method, target, kind string
		body                 []byte
		want                 int
	}{
		"elsewhere":          {http.MethodGet, "/", "", nil, http.StatusNotFound},
		"room without more":  {http.MethodGet, "/crl/", "", nil, http.StatusNotFound},
		"upper case":         {http.MethodGet, "/crl/" + strings.ToUpper(id) + "/0.crl", "", nil, http.StatusNotFound},
		"another issuer":     {http.MethodGet, "/crl/" + strings.Repeat("0", 40) + "/0.crl", "", nil, http.StatusNotFound},
		"no such shard":      {http.MethodGet, "/crl/" + id + "/9.crl", "", nil, http.StatusNotFound},
		"shard with a zero":  {http.MethodGet, "/crl/" + id + "/00.crl", "", nil, http.StatusNotFound},
		"no shard":           {http.MethodGet, "/crl/" + id + "/-1.crl", "", nil, http.StatusNotFound},
		"huge shard":         {http.MethodGet, "/crl/" + id + "/99999999999999999999.crl", "", nil, http.StatusNotFound},
		"not a CRL":          {http.MethodGet, "/crl/" + id + "/0.txt", "", nil, http.StatusNotFound},
		"no full one":        {http.MethodGet, "/crl/" + strings.Repeat("0", 40) + "/full.crl", "", nil, http.StatusNotFound},
		"deeper":             {http.MethodGet, "/crl/" + id + "/0.crl/x", "", nil, http.StatusNotFound},
		"POST of a CRL":      {http.MethodPost, "/crl/" + id + "/0.crl", "", nil, http.StatusMethodNotAllowed},
		"DELETE":             {http.MethodDelete, "/ca/" + id + ".cer", "", nil, http.StatusMethodNotAllowed},
		"no certificate":     {http.MethodGet, "/ca/" + strings.Repeat("0", 40) + ".cer", "", nil, http.StatusNotFound},
		"not .cer":           {http.MethodGet, "/ca/" + id, "", nil, http.StatusNotFound},
		"OCSP of another":    {http.MethodPost, "/ocsp/" + p.root.KeyID().String(), ocsp, nil, http.StatusNotFound},
		"OCSP of nobody":     {http.MethodPost, "/ocsp/", ocsp, nil, http.StatusNotFound},
		"OCSP by PUT":        {http.MethodPut, "/ocsp/" + id, ocsp, nil, http.StatusMethodNotAllowed},
		"OCSP of other kind": {http.MethodPost, "/ocsp/" + id, "text/plain", nil, http.StatusUnsupportedMediaType},
		"OCSP and more":      {http.MethodPost, "/ocsp/" + id + "/x", ocsp, nil, http.StatusNotFound},
		"OCSP too large":     {http.MethodPost, "/ocsp/" + id, ocsp, make([]byte, ca.MaxOCSPRequestBytes+1), http.StatusRequestEntityTooLarge},
		"OCSP malformed":     {http.MethodPost, "/ocsp/" + id, ocsp, []byte("x"), http.StatusOK},
	} {
		r := s.do(c.method, c.target, c.body, "Content-Type", c.kind)
		require.Equal(t, c.want, r.StatusCode, name)
		require.Equal(t, "nosniff", r.Header.Get("X-Content-Type-Options"), name)
		if c.want != http.StatusOK {
			require.Equal(t, problem.Type, r.Header.Get("Content-Type"), name)
			require.Contains(t, string(r.body), fmt.Sprintf(`"status":%d`, c.want), name)
		}
	}
	require.Empty(t, s.log.String(), "nothing of this is our fault")
	alone := newSite(t, p)
	require.Equal(t, http.StatusNotFound, alone.do(http.MethodPost, "/ocsp/"+id, nil, "Content-Type", ocsp).StatusCode)
	for name, config := range map[string]ca.HandlerConfig{
		"no publisher":  {},
		"two for one":   {Publisher: p.publisher, Responders: []*ca.Responder{o, o}},
		"no responder":  {Publisher: p.publisher, Responders: []*ca.Responder{nil}},
		"negative time": {Publisher: p.publisher, MaxAge: -1},
	} {
		h, err := ca.NewHandler(config)
		require.ErrorIs(t, err, ca.ErrConfig, name)
		require.Nil(t, h, name)
	}
}

// What the server cannot read is its own fault: it says so to its log, and to nobody that a certificate is good.
func TestHandlerWithoutEngine(t *testing.T) {
	t.Parallel()
	e := &brittle{Engine: memory.New()}
	p := newPressOn(t, e)
	o := p.responder(nil)
	c := p.server()
	p.due()
	s := newSite(t, p, o)
	e.broken = true
	where := ca.Addresses{Base: base, Issuer: p.issuing.KeyID()}
	for _, address := range []string{where.Shard(0), where.Full(), where.Delta()} {
		r := s.do(http.MethodGet, address, nil)
		require.Equal(t, http.StatusServiceUnavailable, r.StatusCode)
		require.NotEmpty(t, r.Header.Get("Retry-After"))
		require.NotContains(t, string(r.body), "broken")
		require.Contains(t, string(r.body), `"code":"unavailable"`)
	}
	r := s.do(http.MethodPost, where.OCSP(), p.ask(oid.SM3, nil, c), "Content-Type", "application/ocsp-request")
	answer, err := pki.ParseOCSPResponse(r.body)
	require.NoError(t, err)
	require.Equal(t, pki.OCSPTryLater, answer.Status)
	require.Equal(t, 4, strings.Count(s.log.String(), "broken"))
}
