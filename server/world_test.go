package server_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/internal/engine/sealed"
	"github.com/elicense/elicense/server"
	"github.com/elicense/elicense/server/alarm"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/convert"
	"github.com/elicense/elicense/verify"
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
	pages  drawing

	province *fixtures.Province
	hook     *receiver
	engines  map[string]engine.Engine // everything that is kept, by what keeps it

	conversions int  // how many were asked for
	drawn       bool // requests are drawn by lot: what they happen to meet is not noted
}

// keeps is an engine whose content everything shows.
func (w *world) keeps(name string, e engine.Engine) engine.Engine {
	w.engines[name] = e
	return e
}

// drawing is a drawer of pages that says what it was asked, or fails as the test wants.
type drawing struct{ err error }

func (d *drawing) Picture(_ context.Context, v *vault.Drawable, p server.Picture) ([]byte, error) {
	return fmt.Appendf(nil, "page %d %v %d %s", p.Page, p.PNG, p.DPI, v.Type.Code), d.err
}

func (d *drawing) Copy(_ context.Context, v *vault.Drawable, n server.CopyNote) ([]byte, error) {
	return fmt.Appendf(nil, "copy %s %s %s %s", n.For, n.Because, n.Until.Format(time.DateOnly), v.Type.Code), d.err
}

// verifier trusts the province and asks the vault for the state of licences.
func (w *world) verifier(p *fixtures.Province, now func() time.Time) *verify.Verifier {
	w.t.Helper()
	keys, err := verify.ParseLedgerKeys(p.Vault.NoteKey())
	require.NoError(w.t, err)
	v, err := verify.New(verify.Config{
		Trust: p.Anchors, LedgerKeys: keys, Now: now, Status: server.CurrentStatus{Vault: w.vault},
	})
	require.NoError(w.t, err)
	return v
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
	w.engines = map[string]engine.Engine{}
	clock := func() time.Time { return w.now }
	keys, err := sealed.CreateKeyring(t.Context(), memory.New(), sealed.Master{1}, rand.Reader)
	require.NoError(t, err)
	blobs, err := blob.Open(blob.Config{Engine: w.keeps("blobs", memory.New()), Now: clock, Hash: keys.AddressHash})
	require.NoError(t, err)
	province, err := fixtures.NewProvince(rand.Reader, clock)
	require.NoError(t, err)
	w.province = province
	w.vault, err = vault.Open(t.Context(), vault.Config{
		Engine: w.keeps("vault", store), Blobs: blobs, Tokens: keys, Records: province.Custody, Signer: province.Vault,
		Now: clock, Rand: rand.Reader, Zone: zone, UnsealedUnsafe: true,
	})
	require.NoError(t, err)
	require.NoError(t, fixtures.Settle(t.Context(), w.vault))
	w.config = server.Config{
		Vault: w.vault, Callers: w.callers(more), Engine: w.keeps("service", memory.New()), Now: clock,
		Rand: rand.Reader, Sandbox: true, Log: slog.New(slog.NewJSONHandler(w.log, nil)), Version: "1", Pages: &w.pages,
		Verifier: w.verifier(province, clock), House: &house{},
	}
	uploads, err := blob.Open(blob.Config{Engine: w.keeps("files", memory.New()), Now: clock, Hash: keys.AddressHash})
	require.NoError(t, err)
	w.config.Files, w.config.MaxUpload = uploads, 8<<20
	w.config.Converting = &server.Converting{
		Temp: func() (convert.TempFile, error) { return os.CreateTemp(t.TempDir(), "") },
		Scratch: func(context.Context) (engine.Engine, func() error, error) {
			return memory.New(), func() error { return nil }, nil
		},
	}
	w.recognising(clock)
	w.restart()
	return w
}

// recognising lets callers be registered and log in, and raises alarms.
func (w *world) recognising(clock func() time.Time) {
	w.t.Helper()
	var err error
	w.config.Registry, err = identity.OpenRegistry(w.t.Context(), identity.RegistryConfig{
		Engine: w.keeps("registry", memory.New()), Now: clock,
	})
	require.NoError(w.t, err)
	w.config.Login, err = identity.NewLogin(identity.LoginConfig{
		Certificates: trusting{}, Caller: fixtures.Hall, Origin: "vault.province.example", Now: clock, Rand: rand.Reader,
	})
	require.NoError(w.t, err)
	w.config.Alarms, err = alarm.Open(w.t.Context(), alarm.Config{
		Engine: w.keeps("alarms", memory.New()), Now: clock, Rand: rand.Reader,
	})
	require.NoError(w.t, err)
}

// restart begins the service, or begins it anew after changes to config.
func (w *world) restart() {
	w.t.Helper()
	var err error
	w.server, err = server.New(w.config)
	require.NoError(w.t, err)
	w.http = httptest.NewServer(w.meets(w.server.Handler()))
	w.t.Cleanup(w.http.Close)
}

// work does the long work that waits, until nothing does.
func (w *world) work() {
	w.t.Helper()
	for {
		did, err := w.server.Step(w.t.Context())
		require.NoError(w.t, err)
		if !did {
			return
		}
	}
}

// upload sends a file and gives its id.
func (w *world) upload(key string, content []byte) string {
	w.t.Helper()
	digest := sm3.Sum(content)
	r := w.send(key, http.MethodPost, "/files", bytes.NewReader(content),
		"Content-Type", "application/octet-stream", api.HeaderIdempotencyKey, hex.EncodeToString(digest[:]))
	require.Equal(w.t, http.StatusCreated, r.status, "%s", r.body)
	return into[api.File](w.t, r).ID
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
	keys.Add("auditor", identity.Caller{ID: fixtures.Auditor, Role: identity.RoleAuditor})
	keys.Add("operator", identity.Caller{ID: fixtures.Operator, Role: identity.RoleOperator})
	for _, role := range everyRole {
		c := identity.Caller{ID: fixtures.Hall, Role: role}
		switch role {
		case identity.RoleDepartmentSystem, identity.RoleDepartmentClerk, identity.RoleBatchOperator:
			c.ID, c.Department = fixtures.Caller(0), departments[0].Code
		case identity.RoleOperator:
			c.ID = fixtures.Operator
		case identity.RoleHolder, identity.RoleAgent:
			c = w.holder(7, vault.LevelRealName)
			c.Role = role
		}
		keys.Add(string(role)+"-of-all", c)
	}
	keys.Add("firm-7", w.holder(7, vault.LevelCertificate))
	keys.Add("firm-8", w.holder(8, vault.LevelCertificate))
	keys.Add("firm-7-weak", w.holder(7, vault.LevelRegistered))
	narrow := identity.Caller{
		ID: fixtures.Caller(0), Role: identity.RoleDepartmentSystem, Department: departments[0].Code,
		Types: []string{businessType},
	}
	keys.Add("narrow", narrow)
	if more != nil {
		more(&keys)
	}
	return &keys
}

// businessType is a shipped type that the narrow system alone is for.
var businessType = func() string {
	data, err := catalogue.ShippedFile("business-licence")
	if err != nil {
		panic(err)
	}
	typ, err := catalogue.ParseType(data)
	if err != nil {
		panic(err)
	}
	return typ.Code
}()

// holder is the firm of that number, logged in at the hall.
func (w *world) holder(firm uint64, level vault.Level) identity.Caller {
	f := fixtures.FirmAt(firm)
	return identity.Caller{
		ID: fixtures.Hall, Role: identity.RoleHolder, Level: level,
		Holder: &identity.Subject{Kind: "001", Code: f.Code, Name: f.Name},
	}
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
	if body == nil {
		return w.send(key, method, path, nil, headers...)
	}
	b, err := json.Marshal(body)
	require.NoError(w.t, err)
	return w.send(key, method, path, bytes.NewReader(b), append([]string{"Content-Type", "application/json"}, headers...)...)
}

// send is call for any content.
func (w *world) send(key, method, path string, content io.Reader, headers ...string) reply {
	w.t.Helper()
	r := w.sendTo(key, method, api.Version+path, content, headers...)
	walk(w.t, r)
	return r
}

// sendTo is send for a path beside the interface.
func (w *world) sendTo(key, method, path string, content io.Reader, headers ...string) reply {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.http.URL+path, content)
	require.NoError(w.t, err)
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
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
	return shipped(t, "food-business-licence").Code
}

// shipped is a licence type that comes with the program.
func shipped(t testing.TB, name string) catalogue.Type {
	t.Helper()
	data, err := catalogue.ShippedFile(name)
	require.NoError(t, err)
	typ, err := catalogue.ParseType(data)
	require.NoError(t, err)
	return typ
}

// issue issues the licence of foodRequest under a key and a paper of that name.
func (w *world) issue(key string) api.Written {
	w.t.Helper()
	req := foodRequest(w.t)
	req.Paper = "P-" + key
	r := w.call(fixtures.Caller(0), http.MethodPost, "/licences", req, api.HeaderIdempotencyKey, key)
	require.Equal(w.t, http.StatusCreated, r.status, "%s", r.body)
	return into[api.Written](w.t, r)
}

// byLaw is what the hall asks by.
func byLaw() api.Asked {
	return api.Asked{
		Purpose: "办理设立登记", Case: "2026-0001", Item: "350000-0102", Ground: "law", Basis: fixtures.HallBasis,
	}
}

// foodRequest is a licence as the first department writes it.
func foodRequest(t testing.TB) api.IssueRequest {
	t.Helper()
	typ := shipped(t, "food-business-licence")
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

// definition is that of the food licence as it is declared.
func definition(t testing.TB) []byte {
	t.Helper()
	data, err := catalogue.ShippedFile("food-business-licence")
	require.NoError(t, err)
	return data
}

// idPattern finds what looks like an identity number or a code of a firm.
var idPattern = regexp.MustCompile(`\b(?:[0-9]{17}[0-9X]|9[0-9A-Z]{17})\b`)

// serve answers one request without a connection.
func serve(h http.Handler, body io.Reader, length int64, headers []string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, api.Version+"/files", body)
	r.ContentLength = length
	r.Header.Set("Authorization", "Bearer "+fixtures.Caller(0))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	out := httptest.NewRecorder()
	h.ServeHTTP(out, r)
	return out
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
