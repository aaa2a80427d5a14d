package server_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
)

// house is a house with a root, or one that fails as the test wants.
type house struct {
	err  error
	size int // of the root
	read int // times that the files were
}

func (h *house) Trust(context.Context) (map[string][]byte, error) {
	h.read++
	return map[string][]byte{"keys/anchors.pem": append([]byte("root"), make([]byte, h.size)...), "ca.crl": []byte("list")}, h.err
}

func (h *house) Certificates(context.Context) ([]api.CertificateEnd, error) {
	end := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	return []api.CertificateEnd{{Whose: "vault", NameZh: "证照库的证书", NameEn: "the vault's certificate", NotAfter: end}}, h.err
}

// TestTrust: everybody may fetch what licences are verified with; the operator alone sees when certificates end. A house
// that fails, is not there or has too much to send is an error, never half an answer.
func TestTrust(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := into[api.Trust](t, w.call("", http.MethodGet, "/trust", nil))
	require.Equal(t, api.Trust{Files: []api.TrustFile{
		{Name: "ca.crl", Content: []byte("list")}, {Name: "keys/anchors.pem", Content: []byte("root")},
	}}, got)
	h := &house{}
	w.config.House = h
	w.restart()
	for range 3 {
		require.Equal(t, got, into[api.Trust](t, w.call("", http.MethodGet, "/trust", nil)))
	}
	require.Equal(t, 1, h.read, "not for everybody who asks")
	w.now = w.now.Add(10 * time.Second)
	require.Equal(t, got, into[api.Trust](t, w.call("", http.MethodGet, "/trust", nil)))
	require.Equal(t, 2, h.read, "and anew before long")
	w.now = w.now.Add(-time.Hour)
	require.Equal(t, got, into[api.Trust](t, w.call("", http.MethodGet, "/trust", nil)))
	require.Equal(t, 3, h.read, "or when the clock was put back")
	ends := into[api.CertificateList](t, w.call("operator", http.MethodGet, "/certificates", nil))
	require.Len(t, ends.Certificates, 1)
	require.Equal(t, "vault", ends.Certificates[0].Whose)
	refused(t, w.call(fixtures.Caller(0), http.MethodGet, "/certificates", nil), http.StatusForbidden, "role-forbids")

	w.config.House = &house{size: 17 << 20}
	w.restart()
	refused(t, w.call("", http.MethodGet, "/trust", nil), http.StatusConflict, "trust-too-large")
	w.config.House = &house{err: errors.New("secret path")}
	w.restart()
	for key, path := range map[string]string{"": "/trust", "operator": "/certificates"} {
		r := w.call(key, http.MethodGet, path, nil)
		refused(t, r, http.StatusInternalServerError, "internal")
		require.NotContains(t, string(r.body), "secret")
	}
	w.config.House = nil
	w.restart()
	refused(t, w.call("", http.MethodGet, "/trust", nil), http.StatusNotFound, "not-offered")
	refused(t, w.call("operator", http.MethodGet, "/certificates", nil), http.StatusNotFound, "not-offered")
}
