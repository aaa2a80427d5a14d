package client_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/server"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
)

var zone = time.FixedZone("CST", 8*3600)

// world is a service of the made-up province behind TLS, with registered systems: the first department's
// and the hall's.
type world struct {
	http     *httptest.Server
	handler  http.Handler
	province *fixtures.Province
	key      *client.Key
	hall     *client.Key // of a system that only asks
	roots    *x509.CertPool
}

func clock() time.Time { return time.Date(2026, 3, 2, 9, 30, 0, 0, zone) }

// newWorld opens a service; wrap may stand between it and its callers.
func newWorld(wrap func(http.Handler) http.Handler) (*world, error) {
	ctx := context.Background()
	w := &world{}
	var err error
	if w.province, err = fixtures.NewProvince(rand.Reader, clock); err != nil {
		return nil, err
	}
	v, err := openVault(ctx, w.province)
	if err != nil {
		return nil, err
	}
	w.http = httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.handler.ServeHTTP(rw, r)
	}))
	w.http.TLS = &tls.Config{ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12}
	w.http.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	w.http.StartTLS()
	w.roots = x509.NewCertPool()
	w.roots.AddCert(w.http.Certificate())
	callers, err := w.register(ctx)
	if err != nil {
		return nil, err
	}
	files, err := blob.Open(blob.Config{Engine: memory.New(), Now: clock, Hash: sm3.New})
	if err != nil {
		return nil, err
	}
	s, err := server.New(server.Config{
		Vault: v, Callers: callers, Engine: memory.New(), Now: clock, Rand: rand.Reader, Log: slog.New(slog.DiscardHandler),
		Files: files,
	})
	if err != nil {
		return nil, err
	}
	w.handler = wrap(s.Handler())
	return w, nil
}

func openVault(ctx context.Context, province *fixtures.Province) (*vault.Vault, error) {
	keys, err := sealed.CreateKeyring(ctx, memory.New(), sealed.Master{1}, rand.Reader)
	if err != nil {
		return nil, err
	}
	blobs, err := blob.Open(blob.Config{Engine: memory.New(), Now: clock, Hash: keys.AddressHash})
	if err != nil {
		return nil, err
	}
	v, err := vault.Open(ctx, vault.Config{
		Engine: memory.New(), Blobs: blobs, Tokens: keys, Records: province.Custody, Signer: province.Vault,
		Now: clock, Rand: rand.Reader, Zone: zone, UnsealedUnsafe: true,
	})
	if err != nil {
		return nil, err
	}
	return v, fixtures.Settle(ctx, v)
}

// register enrols the systems and gives who recognises them.
func (w *world) register(ctx context.Context) (identity.Recogniser, error) {
	registry, err := identity.OpenRegistry(ctx, identity.RegistryConfig{Engine: memory.New(), Now: clock})
	if err != nil {
		return nil, err
	}
	department := fixtures.Departments()[0]
	w.key, err = w.enrol(ctx, registry, identity.Registration{
		ID: "market-1", Caller: fixtures.Caller(0), Role: identity.RoleDepartmentSystem, Department: department.Code,
	})
	if err != nil {
		return nil, err
	}
	w.hall, err = w.enrol(ctx, registry, identity.Registration{ID: "hall-1", Caller: fixtures.Hall, Role: identity.RoleReviewer})
	if err != nil {
		return nil, err
	}
	trust, err := identity.NewTrust(identity.TrustConfig{Load: func() (identity.TrustSource, error) {
		return identity.TrustSource{Anchors: w.province.Anchors, Intermediates: pki.NewPool(w.province.Issuing.Certificate())}, nil
	}})
	if err != nil {
		return nil, err
	}
	return identity.NewSystems(identity.SystemsConfig{
		Registry: registry, Certificates: trust, Now: clock,
		Authorities: []string{strings.TrimPrefix(w.http.URL, "https://")},
	})
}

// enrol gives a system a key for signatures.
func (w *world) enrol(ctx context.Context, g *identity.Registry, r identity.Registration) (*client.Key, error) {
	signer, chain, err := w.province.Enrol(ca.ProfileDepartment, fixtures.Departments()[0])
	if err != nil {
		return nil, err
	}
	r.Credentials = []identity.Credential{{
		Kind: identity.CredentialSignature, Certificate: chain[0].Raw, UncheckedUnsafe: true,
	}}
	unseen := func(context.Context, vault.Witnessed) error { return nil }
	return &client.Key{Certificate: chain[0].Raw, Signer: signer}, g.Put(ctx, fixtures.Operator, r, unseen)
}

func (w *world) config() client.Config {
	return client.Config{
		URL: w.http.URL, Rand: rand.Reader, Now: clock, Key: w.key,
		TLS:  &tls.Config{RootCAs: w.roots, MinVersion: tls.VersionTLS12},
		Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
}

// open is newWorld for a test, with a client of the registered system.
func open(t *testing.T, wrap func(http.Handler) http.Handler, change func(*client.Config)) (*world, *client.Client) {
	t.Helper()
	w, err := newWorld(wrap)
	require.NoError(t, err)
	t.Cleanup(w.http.Close)
	cfg := w.config()
	if change != nil {
		change(&cfg)
	}
	c, err := client.New(cfg)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return w, c
}

func plain(h http.Handler) http.Handler { return h }

// foodLicence is a licence as the department writes it.
func foodLicence(paper string) (api.IssueRequest, error) {
	data, err := catalogue.ShippedFile("food-business-licence")
	if err != nil {
		return api.IssueRequest{}, err
	}
	typ, err := catalogue.ParseType(data)
	if err != nil {
		return api.IssueRequest{}, err
	}
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
	return api.IssueRequest{Type: typ.Code, Paper: paper, Division: "350102", Values: values}, nil
}
