package server_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/internal/httpsig"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

// signedWorld is a service that a department's system calls with signatures.
type signedWorld struct {
	*world

	key   httpsig.Key
	nonce int
}

func newSignedWorld(t *testing.T) *signedWorld {
	t.Helper()
	w := &signedWorld{world: newWorld(t)}
	clock := func() time.Time { return w.now }
	province, err := fixtures.NewProvince(rand.Reader, clock)
	require.NoError(t, err)
	key, chain, err := province.Enrol(ca.ProfileDepartment, fixtures.Departments()[0])
	require.NoError(t, err)
	w.key = httpsig.Key{Certificate: chain[0].Raw, Signer: key, Rand: rand.Reader}
	registry, err := identity.OpenRegistry(t.Context(), identity.RegistryConfig{Engine: memory.New(), Now: clock})
	require.NoError(t, err)
	require.NoError(t, registry.Put(t.Context(), fixtures.Operator, identity.Registration{
		ID: "market-1", Caller: fixtures.Caller(0), Role: identity.RoleDepartmentSystem,
		Credentials: []identity.Credential{{Kind: identity.CredentialSignature, Certificate: chain[0].Raw}},
	}, func(context.Context, vault.Witnessed) error { return nil }))
	systems, err := identity.NewSystems(identity.SystemsConfig{
		Registry: registry, Certificates: trusting{}, Now: clock, Authorities: []string{"vault.province.example"},
	})
	require.NoError(t, err)
	w.config.Callers = systems
	w.restart()
	return w
}

// sign makes a signed POST; the body is sent as it is given here each time send is called.
func (w *signedWorld) sign(path, key string, body any) *http.Request {
	w.t.Helper()
	content, err := json.Marshal(body)
	require.NoError(w.t, err)
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.http.URL+api.Version+path, bytes.NewReader(content))
	require.NoError(w.t, err)
	r.Host = "vault.province.example"
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(httpsig.FieldDigest, httpsig.Digest(sm3.Sum(content)))
	components := []string{"@method", "@authority", "@path", "@query", "content-type", "content-digest"}
	if key != "" {
		r.Header.Set(api.HeaderIdempotencyKey, key)
		components = append(components, "idempotency-key")
	}
	w.nonce++
	input, value, err := httpsig.Sign(&httpsig.Message{
		Method: http.MethodPost, Scheme: "http", Authority: r.Host, Path: r.URL.EscapedPath(), Field: r.Header.Values,
	}, "elicense", httpsig.Params{
		Components: components, Created: w.now, Nonce: strings.Repeat("n", 16) + string(rune('a'+w.nonce)),
	}, w.key)
	require.NoError(w.t, err)
	r.Header.Set(httpsig.FieldInput, input)
	r.Header.Set(httpsig.FieldSignature, value)
	return r
}

// send sends a request as it stands, as often as it is called.
func (w *signedWorld) send(r *http.Request) reply {
	w.t.Helper()
	again := r.Clone(w.t.Context())
	var err error
	again.Body, err = r.GetBody()
	require.NoError(w.t, err)
	res, err := w.http.Client().Do(again)
	require.NoError(w.t, err)
	defer func() { require.NoError(w.t, res.Body.Close()) }()
	body, err := io.ReadAll(res.Body)
	require.NoError(w.t, err)
	return reply{res.StatusCode, res.Header, body}
}

// TestSignedReplay_D1_1: the very bytes of a signed write, sent again, give the first answer and do nothing; those of a
// read are refused, and so is a recorded signature under which something else is done.
func TestSignedReplay_D1_1(t *testing.T) {
	t.Parallel()
	w := newSignedWorld(t)
	write := w.sign("/licences", "one", foodRequest(t))
	first := w.send(write)
	require.Equal(t, http.StatusCreated, first.status, "%s", first.body)
	second := w.send(write)
	require.Equal(t, http.StatusOK, second.status, "%s", second.body)
	require.Equal(t, "true", second.header.Get(api.HeaderReplayed))
	require.Equal(t, into[api.Written](t, first).Identifier, into[api.Written](t, second).Identifier)

	read := w.sign("/lookups", "", api.LookupRequest{
		Asked: api.Asked{Purpose: "核对", Ground: string(vault.GroundIssuer)}, Identifier: into[api.Written](t, first).Identifier,
	})
	require.Equal(t, http.StatusOK, w.send(read).status)
	refused(t, w.send(read), http.StatusUnauthorized, "signature-replayed")

	fresh := w.sign("/licences", "one", foodRequest(t))
	require.Equal(t, "true", w.send(fresh).header.Get(api.HeaderReplayed), "signed anew, the same key")

	failed := w.sign("/licences", "two", api.IssueRequest{
		Type: foodRequest(t).Type, Paper: "P-2", Values: map[string]string{},
	})
	require.Equal(t, http.StatusUnprocessableEntity, w.send(failed).status)
	refused(t, w.send(failed), http.StatusForbidden, "repetition-unknown")
}

// TestSignedContent: content that is not what was signed does nothing, and is refused as such.
func TestSignedContent(t *testing.T) {
	t.Parallel()
	w := newSignedWorld(t)
	request := foodRequest(t)
	write := w.sign("/licences", "one", request)
	request.Paper = "P-9999"
	other, err := json.Marshal(request)
	require.NoError(t, err)
	write.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(other)), nil }
	before := w.audited()
	refused(t, w.send(write), http.StatusBadRequest, "content-digest")
	require.Equal(t, before+1, w.audited(), "one entry: that the audit was read before")
}

// TestSignedWrites: a write that is not signed is refused, however well the caller is known otherwise.
func TestSignedWrites(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, func(keys *identity.Keys) {
		keys.Add("must", identity.Caller{ID: fixtures.Caller(0), Role: identity.RoleDepartmentSystem, MustSign: true})
	})
	refused(t, w.call("must", http.MethodPost, "/licences", foodRequest(t), api.HeaderIdempotencyKey, "one"),
		http.StatusUnauthorized, "signature-required")
	require.Equal(t, http.StatusOK, w.call("must", http.MethodGet, "/licence-types", nil).status)
}
