package tsa_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/tsp"
	"github.com/elicense/elicense/pki/tsa"
)

func TestHandler(t *testing.T) {
	w := newWorld(t)
	server := httptest.NewServer(w.open(t))
	t.Cleanup(server.Close)
	post := func(method, kind string, body io.Reader) (status int, allow string, der []byte) {
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL, body)
		require.NoError(t, err)
		r.Header.Set("Content-Type", kind)
		response, err := server.Client().Do(r)
		require.NoError(t, err)
		der, err = io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, tsa.ReplyType, response.Header.Get("Content-Type"))
		require.Equal(t, "no-store", response.Header.Get("Cache-Control"))
		return response.StatusCode, response.Header.Get("Allow"), der
	}
	for _, kind := range []string{tsa.QueryType, "Application/Timestamp-Query; charset=binary"} {
		status, _, der := post(http.MethodPost, kind, bytes.NewReader(query(t, document)))
		require.Equal(t, http.StatusOK, status)
		w.judge(t, der, document)
	}
	for name, test := range map[string]struct {
		method, kind string
		body         []byte
		status       int
		want         tsp.Failure
	}{
		"GET":         {http.MethodGet, tsa.QueryType, nil, http.StatusMethodNotAllowed, tsp.BadRequest},
		"PUT":         {http.MethodPut, tsa.QueryType, query(t, document), http.StatusMethodNotAllowed, tsp.BadRequest},
		"no type":     {http.MethodPost, "", query(t, document), http.StatusUnsupportedMediaType, tsp.BadDataFormat},
		"other type":  {http.MethodPost, "application/ocsp-request", query(t, document), http.StatusUnsupportedMediaType, tsp.BadDataFormat},
		"too large":   {http.MethodPost, tsa.QueryType, make([]byte, tsp.MaxRequestBytes+1), http.StatusRequestEntityTooLarge, tsp.BadRequest},
		"as large":    {http.MethodPost, tsa.QueryType, make([]byte, tsp.MaxRequestBytes), http.StatusOK, tsp.BadDataFormat},
		"no body":     {http.MethodPost, tsa.QueryType, nil, http.StatusOK, tsp.BadDataFormat},
		"not offered": {http.MethodPost, tsa.QueryType, query(t, document, func(r *tsp.Request) { r.Policy = "\x2a\x03" }), http.StatusOK, tsp.UnacceptedPolicy},
	} {
		status, allow, der := post(test.method, test.kind, bytes.NewReader(test.body))
		require.Equal(t, test.status, status, name)
		require.Equal(t, test.want, failure(t, der), name)
		if test.status == http.StatusMethodNotAllowed {
			require.Equal(t, http.MethodPost, allow)
		}
	}
}

type brokenBody struct{}

func (brokenBody) Read([]byte) (int, error) { return 0, errors.New("connection lost") }

func TestHandlerWhoseClientGoesAway(t *testing.T) {
	w := newWorld(t)
	r := httptest.NewRequest(http.MethodPost, "/", brokenBody{})
	r.Header.Set("Content-Type", tsa.QueryType)
	recorder := httptest.NewRecorder()
	w.open(t).ServeHTTP(recorder, r)
	require.Equal(t, http.StatusBadRequest, recorder.Code)
	require.Equal(t, tsp.BadDataFormat, failure(t, recorder.Body.Bytes()))
}
