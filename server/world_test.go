package server_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/server"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
)

var zone = time.FixedZone("CST", 8*3600)

// world is a service of the made-up province with a clock that tests move.
type world struct {
	t      testing.TB
	now    time.Time
	vault  *vault.Vault
	server *server.Server
	http   *httptest.Server
	log    *bytes.Buffer
	config server.Config
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldOn(t, memory.New(), nil)
}

// newWorldWith has more callers.
func newWorldWith(t testing.TB, more func(*identity.Keys)) *world {
	t.Helper()
	return newWorldOn(t, memory.New(), more)
}

// newWorldOn is a world whose vault is in an engine.
func newWorldOn(t testing.TB, store engine.Engine, more func(*identity.Keys)) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 3, 2, 9, 30, 0, 0, zone), log: &bytes.Buffer{}}
	clock := func() time.Time { return w.now }
	keys, err := sealed.CreateKeyring(t.Context(), memory.New(), sealed.Master{1}, rand.Reader)
	require.NoError(t, err)
	blobs, err := blob.Open(blob.Config{Engine: memory.New(), Now: clock, Hash: keys.AddressHash})
	require.NoError(t, err)
	province, err := fixtures.NewProvince(rand.Reader, clock)
	require.NoError(t, err)
	w.vault, err = vault.Open(t.Context(), vault.Config{
		Engine: store, Blobs: blobs, Tokens: keys, Records: province.Custody, Signer: province.Vault,
		Now: clock, Rand: rand.Reader, Zone: zone, UnsealedUnsafe: true,
	})
	require.NoError(t, err)
	require.NoError(t, fixtures.Settle(t.Context(), w.vault))
	w.config = server.Config{
		Vault: w.vault, Callers: w.callers(more), Engine: memory.New(), Now: clock, Rand: rand.Reader, Sandbox: true,
		Log: slog.New(slog.NewJSONHandler(w.log, nil)),
	}
	w.restart()
	return w
}

// restart puts another service over the same vault, by what config says now.
func (w *world) restart() {
	w.t.Helper()
	var err error
	w.server, err = server.New(w.config)
	require.NoError(w.t, err)
	w.http = httptest.NewServer(w.server.Handler())
	w.t.Cleanup(w.http.Close)
}

// callers are one of every role; the key of each is its name.
func (w *world) callers(more func(*identity.Keys)) identity.Recogniser {
	var keys identity.Keys
	departments := fixtures.Departments()
	for i := range departments {
		keys.Add(fixtures.Caller(i), identity.Caller{
			ID: fixtures.Caller(i), Role: identity.RoleDepartmentSystem, Department: departments[i].Code,
		})
	}
	keys.Add("reviewer", identity.Caller{ID: fixtures.Hall, Role: identity.RoleReviewer})
	keys.Add("operator", identity.Caller{ID: fixtures.Operator, Role: identity.RoleOperator})
	if more != nil {
		more(&keys)
	}
	return &keys
}

// reply is what came back.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// call sends a request as the caller with a key; headers come in pairs.
func (w *world) call(key, method, path string, body any, headers ...string) reply {
	w.t.Helper()
	var content io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		require.NoError(w.t, err)
		content = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.http.URL+api.Version+path, content)
	require.NoError(w.t, err)
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := w.http.Client().Do(req)
	require.NoError(w.t, err)
	defer func() { require.NoError(w.t, res.Body.Close()) }()
	out, err := io.ReadAll(res.Body)
	require.NoError(w.t, err)
	return reply{res.StatusCode, res.Header, out}
}

// into decodes a reply, every member known.
func into[T any](t testing.TB, r reply) T {
	t.Helper()
	var v T
	dec := json.NewDecoder(bytes.NewReader(r.body))
	dec.DisallowUnknownFields()
	require.NoError(t, dec.Decode(&v), "%s", r.body)
	return v
}

// refused is a reply that must be a problem with this code.
func refused(t testing.TB, r reply, status int, code string) {
	t.Helper()
	require.Equal(t, status, r.status, "%s", r.body)
	require.Equal(t, "application/problem+json", r.header.Get("Content-Type"))
	p := into[api.Problem](t, r)
	require.Equal(t, code, p.Code)
	require.Equal(t, r.header.Get(api.HeaderTrace), p.Trace)
	require.NotEmpty(t, p.Trace)
	for _, d := range p.Errors {
		require.NotEmpty(t, d.Zh, d.Code)
		require.NotEmpty(t, d.En, d.Code)
	}
}

// foodType is the code of the type 食品经营许可证.
func foodType(t testing.TB) string {
	t.Helper()
	return food(t).Code
}

func food(t testing.TB) *catalogue.Type {
	t.Helper()
	data, err := catalogue.ShippedFile("food-business-licence")
	require.NoError(t, err)
	typ, err := catalogue.ParseType(data)
	require.NoError(t, err)
	return &typ
}

// foodRequest is a licence as the first department writes it.
func foodRequest(t testing.TB) api.IssueRequest {
	t.Helper()
	typ := food(t)
	firm := fixtures.FirmAt(7)
	values := map[string]string{
		"CZZT": firm.Name, "CZZTDM": firm.Code, "ZZBFRQ": "2026-03-01", "ZZYXQQSRQ": "2026-03-01", "ZZYXQJZRQ": "2031-02-28",
	}
	for _, f := range typ.Fields {
		switch {
		case !f.Rules.Required || values[f.Name] != "":
		case len(f.Rules.Enum) > 0:
			values[f.Name] = f.Rules.Enum[0]
		case f.Kind == catalogue.KindDate:
			values[f.Name] = "2020-01-01"
		default:
			values[f.Name] = "示例"
		}
	}
	return api.IssueRequest{Type: typ.Code, Paper: "P-0001", Division: "350102", Values: values}
}
