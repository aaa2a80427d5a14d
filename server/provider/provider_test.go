package provider_test

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/memory"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/server/provider"
	"github.com/elicense/elicense/vault"
)

const (
	audience = "elicense"
	callback = "https://department.example/callback"
	secret   = "made-up secret"
	password = "made-up password"
)

// accounts are made up: each has the same password.
type accounts map[string]provider.Account

// Authenticate implements provider.Accounts.
func (a accounts) Authenticate(_ context.Context, name, word string) (*provider.Account, error) {
	one, ok := a[name]
	if !ok || word != password {
		return nil, provider.ErrNoAccount
	}
	return &one, nil
}

// Account implements provider.Accounts.
func (a accounts) Account(_ context.Context, id string) (*provider.Account, error) {
	for _, one := range a {
		if one.ID == id {
			return &one, nil
		}
	}
	return nil, provider.ErrNoAccount
}

// world is a provider on a real address, with a clock that goes on from that of the machine: the library has it too.
type world struct {
	t        *testing.T
	later    time.Duration
	http     *httptest.Server
	issuer   string
	engine   engine.Engine
	keys     *provider.Keys
	provider *oidc.Provider // as a relying party has found it
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, engine: memory.New()}
	var handler http.Handler
	w.http = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { handler.ServeHTTP(rw, r) }))
	t.Cleanup(w.http.Close)
	w.issuer = w.http.URL + "/oidc"
	var err error
	w.keys, err = provider.OpenKeys(t.Context(), provider.KeysConfig{Engine: w.engine, Now: w.clock, Rand: rand.Reader})
	require.NoError(t, err)
	digest := sm3.Sum([]byte(secret))
	handler, err = provider.New(provider.Config{
		Issuer: w.issuer, Audience: audience, Keys: w.keys, Now: w.clock, Rand: rand.Reader, Plain: true,
		Accounts: accounts{
			"person-1": {ID: "u-1", Name: "示例人", Level: vault.LevelRealName, Kind: "111", Code: "made-up code"},
			"weak":     {ID: "u-2", Name: "示例账户", Level: vault.LevelRegistered},
		},
		Clients: []provider.Client{
			{ID: "department", Secret: digest[:], Redirects: []string{callback}, MayAsk: true},
			{ID: "other", Secret: digest[:], Redirects: []string{callback}},
			{ID: "native", Redirects: []string{"http://127.0.0.1/callback"}},
		},
	})
	require.NoError(t, err)
	w.provider, err = oidc.NewProvider(t.Context(), w.issuer)
	require.NoError(t, err)
	return w
}

func (w *world) clock() time.Time { return time.Now().Add(w.later) }

func (w *world) config(client string, scopes ...string) *oauth2.Config {
	endpoint := w.provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	return &oauth2.Config{
		ClientID: client, ClientSecret: secret, Endpoint: endpoint, RedirectURL: callback,
		Scopes: append([]string{oidc.ScopeOpenID, "profile"}, scopes...),
	}
}

// browser follows redirects within the provider and stops where it leaves it.
func (w *world) browser() *http.Client {
	jar, err := cookiejar.New(nil)
	require.NoError(w.t, err)
	return &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if !strings.HasPrefix(r.URL.String(), w.http.URL) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
}

var field = regexp.MustCompile(`name="(id|form)" value="([0-9a-f]+)"`)

// open opens the login page and gives the form as it stands.
func (w *world) open(b *http.Client, address string) (url.Values, int) {
	w.t.Helper()
	shown := w.get(b, address)
	form := url.Values{}
	for _, m := range field.FindAllStringSubmatch(shown.body, -1) {
		form.Set(m[1], m[2])
	}
	return form, shown.status
}

// answer is what a browser was shown.
type answer struct {
	status   int
	location string
	body     string
}

func (w *world) get(b *http.Client, address string) answer {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, address, http.NoBody)
	require.NoError(w.t, err)
	return w.do(b, req)
}

func (w *world) post(b *http.Client, form url.Values) answer {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.issuer+"/login", strings.NewReader(form.Encode()))
	require.NoError(w.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.do(b, req)
}

func (w *world) do(b *http.Client, req *http.Request) answer {
	w.t.Helper()
	res, err := b.Do(req)
	require.NoError(w.t, err)
	defer func() { require.NoError(w.t, res.Body.Close()) }()
	body, err := io.ReadAll(res.Body)
	require.NoError(w.t, err)
	return answer{res.StatusCode, res.Header.Get("Location"), string(body)}
}

// code logs a user in and gives the code with which he goes back.
func (w *world) code(c *oauth2.Config, name, verifier string) string {
	w.t.Helper()
	b := w.browser()
	address := c.AuthCodeURL("state-1", oauth2.S256ChallengeOption(verifier), oidc.Nonce("nonce-1"))
	form, status := w.open(b, address)
	require.Equal(w.t, http.StatusOK, status)
	form.Set("name", name)
	form.Set("password", password)
	sent := w.post(b, form)
	require.Equal(w.t, http.StatusFound, sent.status, sent.body)
	back, err := url.Parse(sent.location)
	require.NoError(w.t, err)
	require.Equal(w.t, "state-1", back.Query().Get("state"))
	require.Equal(w.t, callback, strings.Split(back.String(), "?")[0])
	return back.Query().Get("code")
}

// TestLogin_A59: a department's system sends its user to the hall, and learns who he is and how well he is known; with the
// access token the user is served here, and sees his own.
func TestLogin_A59(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, verifier := w.config("department", provider.ScopeLicences), oauth2.GenerateVerifier()
	token, err := c.Exchange(t.Context(), w.code(c, "person-1", verifier), oauth2.VerifierOption(verifier))
	require.NoError(t, err)
	require.Empty(t, token.RefreshToken)
	raw, _ := token.Extra("id_token").(string)
	id, err := w.provider.Verifier(&oidc.Config{ClientID: "department", SupportedSigningAlgs: []string{oidc.ES256}}).
		Verify(t.Context(), raw)
	require.NoError(t, err)
	require.Equal(t, "u-1", id.Subject)
	require.Equal(t, "nonce-1", id.Nonce)
	require.NoError(t, id.VerifyAccessToken(token.AccessToken))
	var claims map[string]any
	require.NoError(t, id.Claims(&claims))
	require.Equal(t, "real-name", claims["acr"])
	require.NotContains(t, claims, "holder_code", "no number in what systems keep")
	info, err := w.provider.UserInfo(t.Context(), oauth2.StaticTokenSource(token))
	require.NoError(t, err)
	require.Equal(t, "u-1", info.Subject)
	claims = nil
	require.NoError(t, info.Claims(&claims))
	require.NotContains(t, claims, "holder_code")
	require.Equal(t, "示例人", claims["name"])

	got, err := w.tokens().Recognise(bearer(token.AccessToken))
	require.NoError(t, err)
	require.Equal(t, identity.RoleHolder, got.Role)
	require.Equal(t, vault.LevelRealName, got.Level)
	require.Equal(t, &identity.Subject{Kind: "111", Code: "made-up code", Name: "示例人"}, got.Holder)
}

// tokens takes the provider's access tokens, as the service does.
func (w *world) tokens() *identity.Tokens {
	w.t.Helper()
	tokens, err := identity.NewTokens(identity.TokensConfig{Now: w.clock, Issuers: []identity.Issuer{{
		URL: w.issuer, Audience: audience, Keys: identity.RemoteKeys(w.http.Client(), w.issuer+"/keys", w.clock), Caller: "hall",
		MaxLevel: vault.LevelCertificate,
	}}})
	require.NoError(w.t, err)
	return tokens
}

func bearer(token string) *http.Request {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/", http.NoBody)
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

// TestLoginOfAnother: who begins a login and talks somebody else into finishing it is not given that person's code.
func TestLoginOfAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.config("department", provider.ScopeLicences)
	thief, user := w.browser(), w.browser()
	form, status := w.open(thief, c.AuthCodeURL("state-1", oauth2.S256ChallengeOption(oauth2.GenerateVerifier())))
	require.Equal(t, http.StatusOK, status)
	id := form.Get("id")
	form, status = w.open(user, w.issuer+"/login?id="+id)
	require.Equal(t, http.StatusOK, status)
	form.Set("name", "person-1")
	form.Set("password", password)
	user.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	sent := w.post(user, form)
	require.Equal(t, http.StatusFound, sent.status)
	next := w.http.URL + sent.location

	require.Equal(t, http.StatusBadRequest, w.get(thief, next).status)
	other, _ := w.open(thief, c.AuthCodeURL("state-2", oauth2.S256ChallengeOption(oauth2.GenerateVerifier())))
	other.Set("name", "weak")
	other.Set("password", password)
	require.Equal(t, http.StatusFound, w.post(thief, other).status, "who has logged in himself")
	require.Equal(t, http.StatusBadRequest, w.get(thief, next).status)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, next, strings.NewReader("id="+id))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	require.Equal(t, http.StatusBadRequest, w.do(user, req).status)
	require.Contains(t, w.get(user, next).location, "code=")
}

// TestScope: a client that may not ask for access here gets a token that is good for nothing here, whatever it asks.
func TestScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, c := range map[string]*oauth2.Config{
		"may not": w.config("other", provider.ScopeLicences), "did not ask": w.config("department"),
	} {
		verifier := oauth2.GenerateVerifier()
		token, err := c.Exchange(t.Context(), w.code(c, "weak", verifier), oauth2.VerifierOption(verifier))
		require.NoError(t, err, name)
		_, err = w.tokens().Recognise(bearer(token.AccessToken))
		require.Equal(t, identity.CodeInvalid, identity.CodeOf(err), name)
	}
}

// TestCode: a code is good once, for a minute, for the client that asked, with its secret and its verifier.
func TestCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, verifier := w.config("department"), oauth2.GenerateVerifier()
	used := w.code(c, "weak", verifier)
	_, err := c.Exchange(t.Context(), used, oauth2.VerifierOption(verifier))
	require.NoError(t, err)
	wrong := w.config("department")
	wrong.ClientSecret = "guessed"
	for name, x := range map[string]struct {
		config   *oauth2.Config
		code     string
		verifier string
	}{
		"used":             {c, used, verifier},
		"guessed":          {c, "guessed", verifier},
		"another verifier": {c, w.code(c, "weak", verifier), oauth2.GenerateVerifier()},
		"another client":   {w.config("other"), w.code(c, "weak", verifier), verifier},
		"another secret":   {wrong, w.code(c, "weak", verifier), verifier},
	} {
		_, err := x.config.Exchange(t.Context(), x.code, oauth2.VerifierOption(x.verifier))
		require.ErrorAs(t, err, new(*oauth2.RetrieveError), name)
	}
	late := w.code(c, "weak", verifier)
	w.later = 2 * time.Minute
	_, err = c.Exchange(t.Context(), late, oauth2.VerifierOption(verifier))
	require.ErrorAs(t, err, new(*oauth2.RetrieveError))
}

// TestAuthorizeRefuses: who may not ask, or asks otherwise than by code and PKCE, gets no login page; nobody is sent to an
// address that is not the client's.
func TestAuthorizeRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := w.config("department")
	elsewhere := w.config("department")
	elsewhere.RedirectURL = "https://thief.example/callback"
	nobody := w.config("nobody")
	challenge := oauth2.S256ChallengeOption(oauth2.GenerateVerifier())
	for name, address := range map[string]string{
		"no PKCE":         good.AuthCodeURL("s"),
		"plain PKCE":      good.AuthCodeURL("s", oauth2.SetAuthURLParam("code_challenge", "x"), oauth2.SetAuthURLParam("code_challenge_method", "plain")),
		"implicit":        good.AuthCodeURL("s", challenge, oauth2.SetAuthURLParam("response_type", "id_token token")),
		"silent":          good.AuthCodeURL("s", challenge, oauth2.SetAuthURLParam("prompt", "none")),
		"another address": elsewhere.AuthCodeURL("s", challenge),
		"another client":  nobody.AuthCodeURL("s", challenge),
	} {
		shown := w.get(w.browser(), address)
		require.NotContains(t, shown.body, "password", name)
		if shown.location != "" {
			back, err := url.Parse(shown.location)
			require.NoError(t, err)
			require.True(t, strings.HasPrefix(back.String(), callback), "%s: %s", name, back)
			require.Contains(t, back.RawQuery+back.Fragment, "error=", name)
			require.NotContains(t, back.RawQuery+back.Fragment, "code=", name)
		}
	}
	for _, path := range []string{"/oauth/introspect", "/revoke", "/end_session", "/device_authorization", "/healthz", "/ready"} {
		require.Equal(t, http.StatusNotFound, w.get(w.browser(), w.issuer+path).status, path)
	}
}

// TestLoginPage: a wrong password and an unknown account look the same; who guesses waits; a form from elsewhere, an old
// one, and one for a login that has a user already count for nothing.
func TestLoginPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	address := func() string {
		return w.config("department").AuthCodeURL("s", oauth2.S256ChallengeOption(oauth2.GenerateVerifier()))
	}
	try := func(b *http.Client, form url.Values, name, word string) (int, string) {
		form.Set("name", name)
		form.Set("password", word)
		shown := w.post(b, form)
		return shown.status, field.ReplaceAllString(shown.body, "")
	}
	fresh := func() (*http.Client, url.Values) {
		b := w.browser()
		form, status := w.open(b, address())
		require.Equal(t, http.StatusOK, status)
		return b, form
	}
	b, form := fresh()
	unknown, unknownBody := try(b, form, "nobody", password)
	b, form = fresh()
	wrong, wrongBody := try(b, form, "weak", "guessed")
	require.Equal(t, http.StatusUnauthorized, wrong)
	require.Equal(t, unknown, wrong)
	require.Equal(t, unknownBody, wrongBody)
	for range 4 {
		b, form = fresh()
		_, _ = try(b, form, "weak", "guessed")
	}
	b, form = fresh()
	status, body := try(b, form, "weak", password)
	require.Equal(t, http.StatusUnauthorized, status, "even the right one waits")
	require.Equal(t, wrongBody, body)

	_, form = fresh()
	status, _ = try(w.browser(), form, "person-1", password)
	require.Equal(t, http.StatusBadRequest, status, "a browser that was not shown the form")
	b, form = fresh()
	form.Set("form", "guessed")
	status, _ = try(b, form, "person-1", password)
	require.Equal(t, http.StatusBadRequest, status)

	b, form = fresh()
	status, _ = try(b, form, "person-1", password)
	require.Equal(t, http.StatusFound, status)
	status, _ = try(b, form, "person-1", password)
	require.Equal(t, http.StatusBadRequest, status, "one login has one user")

	b, form = fresh()
	w.later = 11 * time.Minute
	status, _ = try(b, form, "person-1", password)
	require.Equal(t, http.StatusBadRequest, status)
	require.Equal(t, http.StatusBadRequest, w.get(b, w.issuer+"/login?id="+form.Get("id")).status)
	require.NotEqual(t, http.StatusFound, w.get(b, w.issuer+"/authorize/callback?id="+form.Get("id")).status)
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	keys, err := provider.OpenKeys(t.Context(), provider.KeysConfig{Engine: memory.New(), Now: time.Now, Rand: rand.Reader})
	require.NoError(t, err)
	good := provider.Config{
		Issuer: "https://vault.province.example/oidc", Audience: audience, Accounts: accounts{}, Keys: keys, Now: time.Now,
		Rand: rand.Reader, Clients: []provider.Client{{ID: "a", Redirects: []string{callback}}},
	}
	_, err = provider.New(good)
	require.NoError(t, err)
	for name, change := range map[string]func(*provider.Config){
		"no issuer":   func(c *provider.Config) { c.Issuer = "" },
		"in clear":    func(c *provider.Config) { c.Issuer = "http://vault.province.example/oidc" },
		"no audience": func(c *provider.Config) { c.Audience = "" },
		"no accounts": func(c *provider.Config) { c.Accounts = nil },
		"no key":      func(c *provider.Config) { c.Keys = nil },
		"no clock":    func(c *provider.Config) { c.Now = nil },
		"no random":   func(c *provider.Config) { c.Rand = nil },
		"no name":     func(c *provider.Config) { c.Clients = []provider.Client{{Redirects: []string{callback}}} },
		"no redirect": func(c *provider.Config) { c.Clients = []provider.Client{{ID: "a"}} },
		"twice":       func(c *provider.Config) { c.Clients = append(c.Clients, c.Clients[0]) },
		"a bare secret": func(c *provider.Config) {
			c.Clients = []provider.Client{{ID: "a", Secret: []byte("x"), Redirects: []string{callback}}}
		},
	} {
		cfg := good
		change(&cfg)
		_, err := provider.New(cfg)
		require.ErrorIs(t, err, provider.ErrConfig, name)
	}
}
